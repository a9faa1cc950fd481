/** Whether the base URL leads to a bridge at all: name, connection, proxy, and what answers. */
import type { DirectAnswer } from '../../core/direct-request.ts';
import type { Finding } from '../../core/finding.ts';
import { isLoopbackHost } from '../../core/loopback.ts';
import { isPublicAddress } from '../../core/network-distance.ts';
import { readsKeysForAws } from '../../core/role.ts';
import {
  at,
  attempt,
  codeOf,
  type Findings,
  type Gate,
  type Look,
  reasonOf,
  type Sent,
  toldOf,
} from './address-look.ts';

/** Statuses of a proxy that does not reach what is behind it. */
const GATEWAY: ReadonlySet<number> = new Set([502, 503, 504]);

/** Resolves the host name; false if it has no address. */
export async function* examineName(look: Look): Gate {
  const { base, progress, configuration } = look;
  if (isLoopbackHost(base.hostname)) return true;
  progress(`the name ${base.hostname}`);
  const host = base.hostname.replace(/^\[|\]$/g, '');
  try {
    const addresses = await look.resolve(host);
    const asks = configuration.accounts.filter(readsKeysForAws);
    if (asks.length > 0 && !addresses.some(isPublicAddress))
      yield {
        ...{ id: 'address.not-public', subject: host, found: addresses.slice(0, 4).join(', ') },
        message: `The name has no public address as seen from here, and ${asks.length} accounts have trust: web-identity: AWS must read the keys of the bridge.`,
        fix: 'Publish the two documents that AWS reads, or use trust: saml.',
      };
    return true;
  } catch (thrown) {
    yield {
      ...{ id: 'address.name-unknown', subject: host, found: codeOf(thrown) },
      message: 'The host name of baseUrl cannot be resolved on this host.',
      fix: 'Create its DNS record, or correct baseUrl.',
    };
    return false;
  }
}

/** Asks for `/healthz`; false unless a bridge answers. */
export async function* examineReach(look: Look): Gate {
  look.progress(`what answers at ${look.base.host}`);
  const sent = await attempt(look, { url: at(look, '/healthz') });
  const finding = await judge(sent, look);
  if (finding === undefined) return true;
  yield finding;
  return false;
}

async function judge(sent: Sent, look: Look): Promise<Finding | undefined> {
  const { answer, fault } = sent;
  const subject = look.base.origin;
  if (answer !== undefined && isHealth(answer)) return undefined;
  const isAbsent = answer === undefined || GATEWAY.has(answer.status);
  if (isAbsent && !(await isListening(look)))
    return {
      ...{ id: 'address.not-running', subject },
      message: `Nothing listens at ${listenAddress(look).host} on this host, so nothing at the base URL could be looked at.`,
      fix: 'Run doctor again when the bridge runs, on the same host.',
      found: answer === undefined ? reasonOf(fault) : toldOf(answer),
    };
  if (answer === undefined)
    return {
      ...{ id: 'address.unreachable', subject, found: fault },
      message: `A bridge listens at ${listenAddress(look).host}, but the base URL cannot be reached: ${reasonOf(fault)}.`,
      fix: 'Check that the proxy runs, and that a firewall lets this host through. Doctor uses no outgoing proxy here.',
    };
  if (isAbsent)
    return {
      ...{ id: 'address.upstream-unreachable', subject, found: toldOf(answer) },
      message: `The proxy answers, but does not reach the bridge, which listens at ${listenAddress(look).host}.`,
      fix: 'Make the proxy forward to the address of listen in the configuration.',
    };
  if (answer.status >= 300 && answer.status < 400)
    return {
      ...{ id: 'address.redirected', subject, found: toldOf(answer) },
      message:
        'A request for /healthz is redirected. AWS and AWS tools follow no redirect or sign-in page.',
      fix: 'Let the proxy forward all paths without redirect or authentication, or correct baseUrl.',
    };
  return {
    ...{ id: 'address.foreign', subject, found: toldOf(answer) },
    message: 'Something other than a bridge answers /healthz.',
    fix: 'Make the proxy forward all paths of this host to the bridge, unchanged.',
  };
}

function isHealth({ status, body }: DirectAnswer): boolean {
  return status === 200 && body === '{"status":"ok"}';
}

function listenAddress({ configuration: { listen } }: Pick<Look, 'configuration'>): URL {
  const anywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const host = anywhere[listen.host] ?? listen.host;
  return new URL(`http://${host.includes(':') ? `[${host}]` : host}:${listen.port}/healthz`);
}

async function isListening(look: Look): Promise<boolean> {
  const { answer } = await attempt(look, { url: listenAddress(look) });
  return answer !== undefined;
}

/** What is wrong with how the bridge answers there. */
export async function* examineAnswers(look: Look): Findings {
  const { base } = look;
  const ready = await attempt(look, { url: at(look, '/readyz') });
  if (ready.answer?.status === 503)
    yield {
      ...{ id: 'address.not-ready', subject: base.origin, found: 'status 503 of /readyz' },
      message: 'The bridge that answers is not ready: its store does not take writes, or it stops.',
      fix: 'Read the log of the bridge; the section on this host says what is wrong with the store.',
    };
  if (base.protocol !== 'https:') return;
  if (ready.answer !== undefined && ready.answer.headers['strict-transport-security'] === undefined)
    yield {
      ...{ id: 'address.hsts-missing', subject: base.origin },
      message: 'The header Strict-Transport-Security of the bridge does not arrive.',
      fix: 'Let the proxy pass the headers of answers on unchanged.',
    };
  if (base.port !== '') return;
  const plain = await attempt(look, { url: new URL(`http://${base.host}/healthz`) });
  if (plain.answer !== undefined && isHealth(plain.answer))
    yield {
      ...{ id: 'address.plain-http', subject: `http://${base.host}` },
      message: 'The bridge answers over http, too, where everyone on the way can read along.',
      fix: 'Make the proxy redirect http to https, or close port 80.',
    };
}
