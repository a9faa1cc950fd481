/** JSON documents that identity providers publish: key sets above all. */
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { BridgeError } from '../core/errors.ts';
import type { Outbound } from '../outbound.ts';
import { reaching } from './oidc-discovery.ts';

const KeySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** Throws `idp_unreachable`. */
export async function fetchKeySet(outbound: Outbound, url: string): Promise<JSONWebKeySet> {
  const keys = keySetIn(await fetchJson(outbound, url));
  if (keys === undefined) throw unreachable(url, 'did not answer with a JSON Web Key Set');
  return keys;
}

/** The value of the answer; undefined if it is not JSON. Throws `idp_unreachable`. */
export async function fetchJson(outbound: Outbound, url: string): Promise<unknown> {
  const answer = await reaching(outbound, () => {})(url, {
    ...{ method: 'GET', headers: { accept: 'application/json' }, body: undefined },
    redirect: 'manual',
  });
  if (answer.status !== 200) throw unreachable(url, `answered with status ${answer.status}`);
  return answer.json().catch(() => undefined);
}

export function keySetIn(document: unknown): JSONWebKeySet | undefined {
  return KeySet.safeParse(document).data;
}

export function unreachable(url: string, why: string): BridgeError {
  return new BridgeError('idp_unreachable', `${url}: ${why}`);
}
