/** The key directory: what is lost, open, damaged, expiring, or left of a rotation. */
import type { Finding, FindingId } from '../../core/finding.ts';
import type { KeyDirectoryFacts, KeyFileFacts, StoreFacts } from '../../core/host-facts.ts';
import { replacedKeys } from '../../core/known-keys.ts';
import { daysUntil, formatDay, type Instant } from '../../core/time.ts';
import type { HostLook } from './host-look.ts';

export interface KeyLook extends HostLook {
  readonly keyFacts: KeyDirectoryFacts;
  /** Undefined for a store in memory. */
  readonly storeFacts: StoreFacts | undefined;
}

/** A directory that is lost has one finding: what follows from it is not told. */
export function* examineKeys(look: KeyLook): Generator<Finding> {
  const { keyFacts, user } = look;
  const unusable = directoryFinding(look);
  if (unusable !== undefined) {
    yield unusable;
    return;
  }
  const absent = keyFacts.files.filter(file => isAbsent(file, keyFacts));
  const isLost = absent.length === keyFacts.files.length;
  const optional = isLost ? undefined : absent.find(({ name }) => isOptional(name, look));
  const missing = absent.filter(file => file !== optional);
  if (missing.length > 0 || isLost) yield absenceFinding(isLost ? [] : missing, look);
  if (isLost) return;
  if (optional !== undefined) yield noEncryptionKey(optional, look);
  for (const file of keyFacts.files)
    if (file !== optional && !missing.includes(file)) yield* fileFindings(file, look);
  yield* replacedFindings(look);
  for (const draft of keyFacts.drafts)
    yield {
      ...{ id: 'host.key-draft', subject: pathOf(look, draft) },
      message: 'A process that was killed left a draft of a key.',
      fix: `Delete it: rm ${pathOf(look, draft)}.`,
    };
  if (user !== undefined && keyFacts.owner !== undefined && keyFacts.owner !== user)
    yield {
      ...{ id: 'host.other-user', subject: directoryOf(look) },
      message: `The key directory belongs to user ${keyFacts.owner}, and doctor runs as user ${user}: what the bridge can read and write is not seen.`,
      fix: 'Run doctor as the user that runs the bridge.',
    };
}

// ---------------------------------------------------------------- keys that are not there

/** Of a rotation whose active key is missing, another finding tells. */
function isAbsent({ name, state }: KeyFileFacts, { files }: KeyDirectoryFacts): boolean {
  const use = name.replace('.pem', '');
  return (
    state === 'missing' &&
    !files.some(file => file.name !== name && file.name.startsWith(`${use}.`))
  );
}

const ENCRYPTION = 'service-provider-encryption';

/** Installations of earlier versions have no key for encryption, and start without it. */
function isOptional(name: string, { storeFacts }: KeyLook): boolean {
  return (
    name === `${ENCRYPTION}.pem` &&
    storeFacts?.knownKeys.every(({ use }) => use !== ENCRYPTION) !== false
  );
}

function noEncryptionKey({ name }: KeyFileFacts, look: KeyLook): Finding {
  const { create } = look.configuration.issuer.keys;
  return {
    ...{ id: 'host.no-encryption-key', subject: pathOf(look, name) },
    message: create
      ? 'The bridge has no key to decrypt assertions. The next start creates it.'
      : 'The bridge has no key to decrypt assertions, so it rejects encrypted ones.',
    fix: create ? undefined : 'If an identity provider encrypts, create the key (certs/README.md).',
  };
}

/** `missing` is empty for all. The store remembers them: a volume that is not mounted looks new. */
function absenceFinding(missing: readonly KeyFileFacts[], look: KeyLook): Finding {
  const { storeFacts, configuration } = look;
  const { create } = configuration.issuer.keys;
  const isAll = missing.length === 0;
  const subject = isAll
    ? directoryOf(look)
    : missing.map(({ name }) => pathOf(look, name)).join(', ');
  const what = isAll ? 'The key directory is missing or empty' : 'Keys are missing';
  const usedSince = storeFacts?.usedSince ?? storeFacts?.knownKeys[0]?.since;
  if (usedSince !== undefined) {
    const next = create
      ? 'The next start would make new keys, which no account and no session knows.'
      : 'The bridge does not start without them.';
    return {
      ...{ id: 'host.keys-lost', subject },
      message: `${what}, and the store has been used since ${formatDay(usedSince)}. ${next}`,
      fix: 'Restore the directory from its backup, or mount its volume, before the bridge starts.',
    };
  }
  if (!create)
    return {
      ...{ id: 'host.key-missing', subject },
      message: `${what}, and issuer.keys.create is false: the bridge does not start.`,
      fix: 'Put the keys there, or allow the bridge to create them.',
    };
  return {
    ...{ id: 'host.keys-new', subject },
    message: `${what}: the first start, or init, makes them.`,
  };
}

// ---------------------------------------------------------------- the directory

const DIRECTORY: Readonly<Record<string, { readonly why: string; readonly fix: string }>> = {
  unreadable: {
    why: 'The key directory cannot be read by this user.',
    fix: 'Run doctor as the user that runs the bridge, and give that user the directory.',
  },
  'no-directory': {
    why: 'issuer.keys.directory is not a directory.',
    fix: 'Name the directory of the keys.',
  },
  open: {
    why: 'Other users can write to the key directory, so the bridge rejects it.',
    fix: 'Run chmod 700 on it.',
  },
};

function directoryFinding(look: KeyLook): Finding | undefined {
  const row = DIRECTORY[look.keyFacts.state];
  if (row === undefined) return undefined;
  const subject = directoryOf(look);
  return { id: 'host.key-directory-unusable', subject, message: row.why, fix: row.fix };
}

// ---------------------------------------------------------------- single files

function* fileFindings(file: KeyFileFacts, look: KeyLook): Generator<Finding> {
  const { name, state, why = 'is not readable', certificateEndsAt, changedAt } = file;
  const subject = pathOf(look, name);
  if (state === 'open')
    yield {
      ...{ id: 'host.key-open', subject },
      message: 'Other users can read this key, so the bridge rejects it.',
      fix: `Run chmod 600 ${subject}. If other users could log in to this host, rotate the key.`,
    };
  else if (state === 'unreadable')
    yield {
      ...{ id: 'host.key-unreadable', subject, found: why },
      message: 'The key cannot be read by this user.',
      fix: 'Run doctor as the user that runs the bridge, and give that user the file.',
    };
  else if (state === 'damaged')
    yield {
      ...{ id: 'host.key-damaged', subject },
      message: `The file ${why}.`,
      fix: 'Restore it from its backup.',
    };
  else if (state === 'missing')
    yield {
      ...{ id: 'host.key-missing', subject },
      message: 'The active key is missing, but a next or previous key exists.',
      fix: 'Finish the rotation: rename the key that signs to this name.',
    };
  if (state !== 'good') return;
  yield* rotationFinding({ name, subject, changedAt }, look);
  if (certificateEndsAt !== undefined && isPublished(name))
    yield* certificateFinding({ name, subject, endsAt: certificateEndsAt }, look);
}

/** AWS and identity providers look at these; the certificate of a JWKS key is shown to no one. */
function isPublished(name: string): boolean {
  return /^(?:saml|service-provider)(?:\.next)?\.pem$|^service-provider-encryption\.pem$/.test(
    name,
  );
}

const ENDS: readonly (readonly [days: number, id: FindingId])[] = [
  [0, 'host.certificate-expired'],
  [7, 'host.certificate-ends-in-7-days'],
  [30, 'host.certificate-ends-in-30-days'],
  [90, 'host.certificate-ends-in-90-days'],
];

function* certificateFinding(
  {
    name,
    subject,
    endsAt,
  }: { readonly name: string; readonly subject: string; readonly endsAt: Instant },
  { clock }: KeyLook,
): Generator<Finding> {
  const days = daysUntil(endsAt, clock.now());
  const [, id] = ENDS.find(([limit]) => days < limit) ?? [];
  if (id === undefined) return;
  yield {
    ...{ id, subject },
    message: `The certificate ${days < 0 ? 'has expired' : 'ends'} on ${formatDay(endsAt)}. ${
      name.startsWith('saml')
        ? 'From then on, IAM does not trust the SAML provider.'
        : 'From then on, identity providers can reject it.'
    }`,
    fix: 'Rotate the key (docs/runbook.md, "Rotate the keys of the bridge").',
  };
}

/** Much longer than AWS and identity providers need to learn a key. */
const ROTATION_DAYS = 30;

/** What the companions of an active key do, and when each of them has done its part. */
const SIGNING = {
  does: 'It is published and signs nothing.',
  next: 'When all accounts and identity providers have its certificate, make it the active key.',
  previous: 'When no account uses it any longer, delete it.',
} as const;
const DECRYPTING = {
  does: 'It decrypts and is not published.',
  next: 'When all replicas have it, make it the active key.',
  previous: 'When no identity provider encrypts to it any longer, delete it.',
} as const;

function* rotationFinding(
  {
    name,
    subject,
    changedAt,
  }: Pick<KeyFileFacts, 'name' | 'changedAt'> & { readonly subject: string },
  { clock }: KeyLook,
): Generator<Finding> {
  const part = /\.(next|previous)\.pem$/.exec(name)?.[1];
  if (part === undefined || changedAt === undefined) return;
  const days = Math.max(0, daysUntil(clock.now(), changedAt));
  const { does, next, previous } = name.startsWith(ENCRYPTION) ? DECRYPTING : SIGNING;
  yield {
    ...{ id: days > ROTATION_DAYS ? 'host.rotation-left' : 'host.rotation-open', subject },
    message: `The ${part} key of a rotation has been there for ${days} days. ${does}`,
    fix: part === 'next' ? next : previous,
  };
}

// ---------------------------------------------------------------- other keys than before

const MEANING: Readonly<Record<string, string>> = {
  saml: 'AWS rejects the assertions until each IAM SAML provider has this key.',
  'web-identity': 'AWS rejects the tokens until it has read the keys of the bridge again.',
  'service-provider': 'Identity providers that verify requests reject them.',
  'service-provider-encryption':
    'Users whose identity provider encrypts assertions cannot sign in until it has this key.',
  sealing: 'All sessions, tokens and requests for roles have ended.',
};

function* replacedFindings(look: KeyLook): Generator<Finding> {
  const { keyFacts, storeFacts } = look;
  for (const { use, active, before } of replacedKeys(keyFacts.present, storeFacts?.knownKeys ?? []))
    yield {
      ...{ id: 'host.keys-replaced', subject: `${directoryOf(look)}: ${use}` },
      message: `The store knows another key than the one in the directory. ${MEANING[use]}`,
      fix: 'Restore the directory from its backup. If the other keys are lost, give the new ones to AWS and the identity providers.',
      expected: before.slice(0, 3).join(', '),
      found: active,
    };
}

function directoryOf({ configuration }: KeyLook): string {
  return configuration.issuer.keys.directory;
}

function pathOf(look: KeyLook, name: string): string {
  return `${directoryOf(look)}/${name}`;
}
