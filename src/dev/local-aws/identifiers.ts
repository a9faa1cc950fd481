/** Names and keys in the shapes that AWS gives them. */
import { createHash, randomBytes } from 'node:crypto';
import type { PartitionName } from './partitions.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function letters(bytes: Uint8Array, count: number): string {
  return Array.from(bytes.subarray(0, count), byte => ALPHABET[byte & 31]).join('');
}

/**
 * `AROA...`, `AIDA...`, `ANPA...`: 21 characters, the same for the same ARN each time, so that
 * tests can rely on them.
 */
export function uniqueId(prefix: 'AROA' | 'AIDA' | 'ANPA', arn: string): string {
  return prefix + letters(createHash('sha256').update(arn).digest(), 17);
}

export interface CredentialTriple {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export function newCredentials(): CredentialTriple {
  return {
    accessKeyId: `ASIA${letters(randomBytes(16), 16)}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(288).toString('base64'),
  };
}

export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly account: string;
  /** `role/team/Admin` */
  readonly resource: string;
}

/** Undefined when the text is no ARN. */
export function parseArn(text: string): Arn | undefined {
  const match =
    /^arn:(aws[a-z-]{0,16}):([a-z0-9-]{1,32}):[a-z0-9-]{0,32}:(\d{12}|aws|):([^\s:][^\s]*)$/.exec(
      text,
    );
  if (match === null) return undefined;
  return { partition: match[1]!, service: match[2]!, account: match[3]!, resource: match[4]! };
}

interface Place {
  readonly partition: PartitionName;
  readonly account: string;
}

export const arns = {
  /** `path` starts and ends with a slash. */
  role: ({ partition, account }: Place, path: string, name: string) =>
    `arn:${partition}:iam::${account}:role${path}${name}`,
  user: ({ partition, account }: Place, path: string, name: string) =>
    `arn:${partition}:iam::${account}:user${path}${name}`,
  policy: ({ partition, account }: Place, path: string, name: string) =>
    `arn:${partition}:iam::${account}:policy${path}${name}`,
  mfaDevice: ({ partition, account }: Place, name: string) =>
    `arn:${partition}:iam::${account}:mfa/${name}`,
  samlProvider: ({ partition, account }: Place, name: string) =>
    `arn:${partition}:iam::${account}:saml-provider/${name}`,
  oidcProvider: ({ partition, account }: Place, issuer: string) =>
    `arn:${partition}:iam::${account}:oidc-provider/${withoutScheme(issuer)}`,
  assumedRole: ({ partition, account }: Place, roleName: string, session: string) =>
    `arn:${partition}:sts::${account}:assumed-role/${roleName}/${session}`,
} as const;

/** An issuer as IAM names it: the URL without `https://`. */
export function withoutScheme(issuer: string): string {
  return issuer.replace(/^https?:\/\//, '');
}

/**
 * The SAML NameQualifier that AWS makes of issuer and provider (STS API reference,
 * AssumeRoleWithSAML).
 */
export function nameQualifier(issuer: string, account: string, providerName: string): string {
  return createHash('sha1').update(`${issuer}${account}/${providerName}`).digest('base64');
}
