/** Says in the log which keys took the place of others, what that means, and what to do. */
import { type NoticedKeys, noteKeys } from '../bridge/known-keys.ts';
import type { KeyUse } from '../core/known-keys.ts';
import type { Clock, KnownKeys } from '../core/ports.ts';
import { presentSealingKey, presentSigningKeys } from '../issuer/present-keys.ts';
import type { SigningKeys } from '../issuer/signing-keys.ts';
import type { Logger } from '../log.ts';

interface Directory {
  readonly directory: string;
  readonly keys: SigningKeys;
  readonly sealingSecret: Uint8Array;
}

interface Watch {
  readonly knownKeys: KnownKeys;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a new key of this use means, and what to do if the others are lost. */
const MEANING: Readonly<Record<KeyUse, { readonly why: string; readonly otherwise: string }>> = {
  saml: {
    why: 'AWS rejects every SAML assertion until the IAM SAML provider of each account has this key.',
    otherwise: 'upload /saml/idp/metadata to the IAM SAML provider of each account again',
  },
  'web-identity': {
    why: 'AWS rejects web identity tokens until it has read the keys of the bridge again.',
    otherwise: 'wait: AWS reads /.well-known/jwks.json within a day',
  },
  'service-provider': {
    why: 'Identity providers that verify SAML sign-in requests reject them until they have this key.',
    otherwise: 'give the metadata of each SAML connector to its identity provider again',
  },
  'service-provider-encryption': {
    why: 'Users whose identity provider encrypts assertions cannot sign in until it has this key.',
    otherwise: 'give the metadata of each SAML connector to its identity provider again',
  },
  sealing: {
    why: 'All sessions, tokens and requests for roles have ended: this key cannot open them.',
    otherwise: 'all users sign in again',
  },
};
/** Ids that a line names. */
const MOST_NAMED = 3;

/** Compares the keys with the database. A database that fails delays no start and no reload. */
export async function watchKeys(
  { directory, keys, sealingSecret }: Directory,
  { log, ...ports }: Watch,
): Promise<void> {
  const present = [...presentSigningKeys(keys), presentSealingKey(sealingSecret)];
  try {
    for (const noticed of await noteKeys(ports, present)) tell(log, directory, noticed);
  } catch (cause) {
    log.error({ cause: String(cause) }, 'the keys cannot be compared with the database');
  }
}

function tell(log: Logger, directory: string, noticed: NoticedKeys): void {
  const { use, active: key, before, isFresh } = noticed;
  const { why, otherwise } = MEANING[use];
  const fix = `Restore ${directory} from its backup and restart the bridge. If the other keys are lost, ${otherwise}.`;
  const named = { use, key, before: before.slice(0, MOST_NAMED) };
  if (isFresh || use === 'sealing')
    log.error({ ...named, why, fix }, 'a new key is in the place of another one');
  else log.warn({ ...named, why, fix }, 'the database does not know this key');
}
