/** Whether it is this bridge that answers: its metadata, its issuer, its keys. */
import { recordable } from '../../core/audit-event.ts';
import type { Finding } from '../../core/finding.ts';
import {
  at,
  attempt,
  type Gate,
  type Look,
  type OwnDocuments,
  reasonOf,
  toldOf,
} from './address-look.ts';

interface PublishedDocument {
  readonly path: string;
  /** Who reads it. */
  readonly reader: string;
  readonly compare: (body: string, own: OwnDocuments) => Difference | undefined;
}

interface Difference {
  readonly what: 'name' | 'keys';
  readonly expected: string;
  readonly found: string;
}

const DOCUMENTS: readonly PublishedDocument[] = [
  {
    path: '/saml/idp/metadata',
    reader: 'administrators of AWS accounts',
    compare: compareMetadata,
  },
  { path: '/.well-known/openid-configuration', reader: 'AWS', compare: compareDiscovery },
  { path: '/.well-known/jwks.json', reader: 'AWS', compare: compareKeys },
];

/** Stops at the first difference: the others follow from it. False if another bridge answers. */
export async function* examineDocuments(look: Look): Gate {
  const { own } = look;
  if (own === undefined) {
    yield {
      ...{ id: 'address.not-compared', subject: look.base.origin },
      message:
        'A bridge answers, but the key directory cannot be read, so it is unknown whether it is this one.',
      fix: 'Fix what the section on this host says about keys.',
    };
    return false;
  }
  for (const document of DOCUMENTS) {
    look.progress(`${look.base.origin}${document.path}`);
    const finding = await examineDocument(document, look, own);
    if (finding === undefined) continue;
    yield finding;
    return finding.id !== 'address.other-bridge';
  }
  return true;
}

async function examineDocument(
  { path, reader, compare }: PublishedDocument,
  look: Look,
  own: OwnDocuments,
): Promise<Finding | undefined> {
  const subject = `${look.base.origin}${path}`;
  const { answer, fault } = await attempt(look, { url: at(look, path) });
  if (answer?.status !== 200)
    return {
      ...{ id: 'address.document-blocked', subject },
      message: `The document does not arrive, which ${reader} must read.`,
      fix: 'Let the proxy forward this path to the bridge without authentication.',
      found: answer === undefined ? reasonOf(fault!) : toldOf(answer),
    };
  const difference = compare(answer.body, own);
  if (difference === undefined) return undefined;
  const { what, ...compared } = difference;
  return what === 'name'
    ? {
        ...{ id: 'address.other-bridge', subject, ...compared },
        message: 'Another bridge answers, or one with another configuration.',
        fix: 'Make the proxy forward to this bridge, or correct baseUrl and issuer in the configuration; reload the bridge after a change.',
      }
    : {
        ...{ id: 'address.other-keys', subject, ...compared },
        message: 'The bridge that answers publishes other keys than the key directory contains.',
        fix: 'Reload the bridge, and give all replicas the same key directory.',
      };
}

function compareMetadata(body: string, { samlMetadata }: OwnDocuments): Difference | undefined {
  return (
    differenceOf('name', entityIdsIn(samlMetadata), entityIdsIn(body)) ??
    differenceOf('keys', certificatesIn(samlMetadata), certificatesIn(body))
  );
}

function compareDiscovery(body: string, { issuer }: OwnDocuments): Difference | undefined {
  return differenceOf('name', [issuer], [textOf(parsed(body).issuer)]);
}

function compareKeys(body: string, { kids }: OwnDocuments): Difference | undefined {
  const { keys } = parsed(body);
  const found = Array.isArray(keys)
    ? keys.map(key => textOf((key as { readonly kid?: unknown } | null)?.kid))
    : [];
  return differenceOf('keys', kids, found);
}

function differenceOf(
  what: Difference['what'],
  expected: readonly string[],
  found: readonly string[],
): Difference | undefined {
  const [wanted, there] = [expected, found].map(values => values.toSorted().join(', '));
  if (wanted === there) return undefined;
  return { what, expected: shortened(wanted!), found: shortened(there === '' ? 'none' : there!) };
}

const LONGEST = 200;

function shortened(text: string): string {
  return `${recordable(text, LONGEST)}${text.length > LONGEST ? '...' : ''}`;
}

function entityIdsIn(xml: string): string[] {
  return [...xml.matchAll(/\sentityID="([^"]{1,1024})"/g)].map(([, id]) => id!);
}

/** The last characters, which tell certificates apart; the first are the same for many. */
function certificatesIn(xml: string): string[] {
  return [...xml.matchAll(/X509Certificate>([\w+/=\s]{1,20000})</g)].map(
    ([, certificate]) => `...${certificate!.replaceAll(/\s/g, '').slice(-24)}`,
  );
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : 'none';
}
