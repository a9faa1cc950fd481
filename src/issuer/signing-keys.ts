/**
 * The RSA keys of the bridge: one PEM file for each key, in one directory (threats A1, R34).
 *
 * Owns: checking keys, creating them if allowed, their rotation by file name. Does not own: what is
 * signed, the files (key-directory). For each use, `<use>.pem` signs. `<use>.next.pem` and
 * `<use>.previous.pem` are optional: they are published and sign nothing, because AWS must know a
 * key before it signs, and as long as its signatures are in use. Only for encryption is it the
 * other way round: all decrypt, and the active key alone is published (ADR 49).
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';
import { BridgeError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { createKeyAndCertificate } from './certificate.ts';
import { type KeyDirectory, openKeyDirectory } from './key-directory.ts';

export interface SigningKey {
  /** RFC 7638 thumbprint (SHA-256). */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: JWK;
  readonly certificatePem: string;
  /** The DER in base64, as `ds:X509Certificate` and `x5c` have it. */
  readonly certificate: string;
  readonly certificateBeginsAt: Instant;
  readonly certificateEndsAt: Instant;
  /** PKCS #8, for libraries that take text. A function, so that no log prints it accidentally. */
  privateKeyPem(): string;
}

interface KeyRing {
  /** The one that signs. */
  readonly active: SigningKey;
  /** The active key, then the next, then the previous one. */
  readonly published: readonly SigningKey[];
}

/** The keys to which identity providers encrypt assertions. */
interface DecryptionKeys {
  /** The one that is published. */
  readonly active: SigningKey;
  /** The active key, then the next, then the previous one. */
  readonly decrypting: readonly SigningKey[];
}

/** One ring for each use; no key serves two. */
export interface SigningKeys {
  /** Signs SAML assertions for AWS. */
  readonly saml: KeyRing;
  /** Signs web identity tokens for AWS. */
  readonly webIdentity: KeyRing;
  /** Signs AuthnRequests to corporate identity providers. */
  readonly serviceProvider: KeyRing;
  /**
   * Decrypts assertions of corporate identity providers. Undefined if the directory has none and
   * none may be created: installations of earlier versions have no such key.
   */
  readonly serviceProviderEncryption: DecryptionKeys | undefined;
}

export interface SigningKeysOptions {
  readonly directory: string;
  /** Whether a key is created for a use without any key. */
  readonly create: boolean;
  readonly clock: Clock;
}

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 4096;

/**
 * Reads the keys, and creates missing ones if `create` is set. Two processes that start at the same
 * time get the same keys. Throws `unavailable` with the file's name and the fix if a key is
 * missing, readable by others or damaged.
 */
export async function openSigningKeys({
  directory,
  create,
  clock,
}: SigningKeysOptions): Promise<SigningKeys> {
  const files = await openKeyDirectory({
    directory,
    create,
    purpose: 'signing key',
    content: 'private key',
  });
  const [saml, webIdentity, serviceProvider, serviceProviderEncryption] = await Promise.all([
    openRing('saml', files, clock),
    openRing('web-identity', files, clock),
    openRing('service-provider', files, clock),
    openDecryptionKeys({ files, create, clock }),
  ]);
  return { saml, webIdentity, serviceProvider, serviceProviderEncryption };
}

async function openDecryptionKeys({
  files,
  create,
  clock,
}: Omit<SigningKeysOptions, 'directory'> & { readonly files: KeyDirectory }): Promise<
  DecryptionKeys | undefined
> {
  const use = 'service-provider-encryption';
  const names = [`${use}.pem`, `${use}.next.pem`, `${use}.previous.pem`];
  const texts = create ? [] : await Promise.all(names.map(name => files.read(name)));
  if (!create && texts.every(text => text === undefined)) return undefined;
  const { active, published: decrypting } = await openRing(use, files, clock);
  return { active, decrypting };
}

async function openRing(use: string, files: KeyDirectory, clock: Clock): Promise<KeyRing> {
  const name = `${use}.pem`;
  const [next, previous] = await Promise.all(
    [`${use}.next.pem`, `${use}.previous.pem`].map(other => readKey(other, files)),
  );
  // During a manual rotation the active file is missing for a moment. AWS would not know a new key.
  const rotating = next !== undefined || previous !== undefined;
  const text = rotating
    ? await files.read(name)
    : await files.readOrCreate(name, {
        write: () => newKey(clock.now()),
        fix: 'put the key there',
      });
  if (text === undefined)
    throw files.refusal(name, 'is missing, but a next or previous key exists; finish the rotation');
  const active = await parseKey(text, name, files);
  return { active, published: [active, next, previous].filter(key => key !== undefined) };
}

/** The key in the file; undefined if the file is missing. */
async function readKey(name: string, files: KeyDirectory): Promise<SigningKey | undefined> {
  const text = await files.read(name);
  return text === undefined ? undefined : parseKey(text, name, files);
}

async function newKey(now: Instant): Promise<string> {
  const { privateKeyPem, certificatePem } = await createKeyAndCertificate(now);
  return privateKeyPem + certificatePem;
}

/** Throws the refusal of `files` if the text is not one private key with its certificate. */
export async function parseKey(
  text: string,
  name: string,
  files: Pick<KeyDirectory, 'refusal'>,
): Promise<SigningKey> {
  try {
    const privateKey = createPrivateKey(block(text, /PRIVATE KEY/));
    const certificate = new X509Certificate(block(text, /CERTIFICATE/));
    const bits =
      privateKey.asymmetricKeyType === 'rsa'
        ? (privateKey.asymmetricKeyDetails?.modulusLength ?? 0)
        : 0;
    if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
      throw files.refusal(name, `the key must be RSA of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`);
    }
    if (!certificate.checkPrivateKey(privateKey))
      throw files.refusal(name, 'the certificate belongs to another key');
    const publicJwk = await exportJWK(createPublicKey(privateKey));
    return {
      kid: await calculateJwkThumbprint(publicJwk),
      privateKey,
      publicJwk,
      certificatePem: certificate.toString(),
      certificate: certificate.raw.toString('base64'),
      certificateBeginsAt: certificate.validFromDate.getTime(),
      certificateEndsAt: certificate.validToDate.getTime(),
      privateKeyPem: () => privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    };
  } catch (error) {
    // No cause: the parser's message about a damaged key can contain parts of it.
    if (error instanceof BridgeError) throw error;
    throw files.refusal(
      name,
      'must contain one unencrypted private key and one certificate, both as PEM',
    );
  }
}

function block(text: string, label: RegExp): string {
  const blocks =
    text.match(
      new RegExp(
        `-----BEGIN [A-Z ]*${label.source}-----[^-]+-----END [A-Z ]*${label.source}-----`,
        'g',
      ),
    ) ?? [];
  if (blocks.length !== 1) throw new Error('not exactly one such block');
  return blocks[0]!;
}
