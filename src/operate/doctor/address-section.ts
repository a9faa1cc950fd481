/**
 * What answers at the base URL, seen from this host: name, TLS, proxy, whether it is this bridge,
 * and what of a request arrives there.
 *
 * Owns: the order, and where it ends. A fault that explains those behind it ends the section.
 */
import type { Finding } from '../../core/finding.ts';
import { isLoopbackHost } from '../../core/loopback.ts';
import { readsKeysForAws } from '../../core/role.ts';
import { examineCertificate } from './address-certificate.ts';
import { examineDocuments } from './address-documents.ts';
import type { AddressPorts, Findings, Look } from './address-look.ts';
import { examineArrivals } from './address-probes.ts';
import { examineAnswers, examineName, examineReach } from './address-reach.ts';
import type { Examination, Section } from './section.ts';

export type { AddressPorts, OwnDocuments } from './address-look.ts';

export function addressSection(ports: AddressPorts): Section {
  return {
    name: 'address',
    title: 'What answers at the base URL',
    examine: examination => examine(ports, examination),
  };
}

async function* examine(ports: AddressPorts, examination: Examination): Findings {
  const base = new URL(examination.configuration.baseUrl);
  const own = await ports.ownDocuments().catch(() => undefined);
  const look: Look = { ...examination, ...ports, base, own };
  if (!(yield* examineName(look))) return;
  if (!(yield* examineCertificate(look))) return;
  if (!(yield* examineReach(look))) return;
  let isFaultless = true;
  const findings = examineBridge(look);
  for await (const finding of findings) {
    isFaultless = false;
    yield finding;
  }
  if (isFaultless) yield inOrder(look);
  const seenFromOutside = outside(look);
  if (seenFromOutside !== undefined) yield seenFromOutside;
}

async function* examineBridge(look: Look): Findings {
  if (!(yield* examineDocuments(look))) return;
  yield* examineAnswers(look);
  yield* examineArrivals(look, await speaksHttp2(look));
}

async function speaksHttp2({ base, certificateOf }: Look): Promise<boolean> {
  if (base.protocol !== 'https:') return false;
  return certificateOf(base).then(
    certificate => certificate.speaksHttp2,
    () => false,
  );
}

function inOrder({ base }: Look): Finding {
  return {
    ...{ id: 'address.ok', subject: base.origin },
    message: 'This bridge answers, with its keys; tokens, addresses and long redirects arrive.',
  };
}

/** What AWS needs, and what no request of this host can show. */
function outside({ base, configuration }: Look): Finding | undefined {
  const asks = configuration.accounts.filter(readsKeysForAws);
  if (asks.length === 0) return undefined;
  const isLocal = isLoopbackHost(base.hostname);
  return {
    ...{ id: 'address.outside', subject: base.origin },
    message: isLocal
      ? `${asks.length} accounts have trust: web-identity, and AWS cannot reach a loopback address.`
      : `${asks.length} accounts have trust: web-identity. Whether AWS reaches the base URL is not seen from here.`,
    fix: isLocal
      ? 'Use a public https baseUrl, unless this is a test with the local AWS.'
      : 'From another network, open /.well-known/openid-configuration.',
  };
}
