/** Accounts and roles of AWS. Branded types: only checked strings have them. */
import type { AccountDetails } from './account-details.ts';
import type { PersonId } from './identity.ts';

/** Twelve digits. */
export type AccountId = string & { readonly __brand: 'AccountId' };
/** A role's name, with its path in front where it has one: `Admin`, `team/Admin`. */
export type RoleName = string & { readonly __brand: 'RoleName' };
export type RoleArn = string & { readonly __brand: 'RoleArn' };
/** 2 to 64 characters of `[\w+=,.@-]` (STS API reference). */
export type RoleSessionName = string & { readonly __brand: 'RoleSessionName' };

/** The AWS partitions that the bridge can reach, console included. */
export const PARTITIONS = ['aws', 'aws-cn', 'aws-us-gov', 'aws-eusc'] as const;
export type Partition = (typeof PARTITIONS)[number];

/**
 * AssumeRoleWithSAML with our assertion, through the IAM SAML provider of that name in the account.
 */
export interface SamlTrust {
  readonly by: 'saml';
  readonly provider: string;
  /** What of our response is signed. Undefined: the assertion, and the response around it. */
  readonly signatures?: 'assertion' | undefined;
}

/** How the roles of an account are assumed. */
export type Trust =
  | SamlTrust
  /** AssumeRoleWithWebIdentity with our token. */
  | { readonly by: 'web-identity' }
  /**
   * AssumeRoleWithSAML with the user's own SAML response, through the IdP's provider in the
   * account.
   */
  | { readonly by: 'corporate-saml'; readonly provider: string }
  /** AssumeRoleWithWebIdentity with the user's own id_token. */
  | { readonly by: 'corporate-web-identity' }
  /** AssumeRole from a hub role that is assumed first (role chaining: one hour at most). */
  | {
      readonly by: 'hub';
      readonly hub: Account;
      readonly role: RoleName;
      /** Undefined also if it is a reference and the secrets were not read. */
      readonly externalId?: string | undefined;
      /** The file refers to the external id; it is neither printed nor written anywhere. */
      readonly externalIdByReference?: true | undefined;
    };

export interface Account {
  readonly id: AccountId;
  /** The name in rules and pages; unique in the configuration. */
  readonly name: string;
  readonly partition: Partition;
  /** Region of the STS endpoint and of the console. */
  readonly region: string;
  readonly trust: Trust;
  /**
   * The URL of the account's own STS, which is not AWS's: such an account has no AWS console and no
   * IAM of AWS. Undefined: the STS of its partition.
   */
  readonly stsEndpoint?: string | undefined;
  /**
   * The audience of the bridge's tokens for that STS, which is none that AWS takes: a token names
   * no role and no account. Undefined: that of all tokens for AWS.
   */
  readonly stsAudience?: string | undefined;
  /** What users are shown of it. Undefined if nothing is configured. */
  readonly details?: AccountDetails | undefined;
}

/** Whether the account is one of AWS, with a console and with IAM. */
export function isOfAws({ stsEndpoint }: Pick<Account, 'stsEndpoint'>): boolean {
  return stsEndpoint === undefined;
}

/** Whether AWS itself reads the keys of the bridge for the account. */
export function readsKeysForAws(account: Pick<Account, 'stsEndpoint' | 'trust'>): boolean {
  return account.trust.by === 'web-identity' && isOfAws(account);
}

const ACCOUNT_ID = /^\d{12}$/;
// IAM CreateRole: RoleName 1..64 [\w+=,.@-]+, Path (/[!-~]+/)*. Of a path, only characters that
// need no escaping, and no dot segments.
const ROLE_NAME = /^(?:(?!\.{1,2}\/)[\w+=,.@-]{1,128}\/){0,8}(?!\.{1,2}$)[\w+=,.@-]{1,64}$/;
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;

export function isAccountId(text: string): text is AccountId {
  return ACCOUNT_ID.test(text);
}

export function isRoleName(text: string): text is RoleName {
  return ROLE_NAME.test(text) && text.length <= 512;
}

/**
 * A role of IAM Identity Center, which owns its trust policy. Cannot be used with
 * AssumeRoleWithSAML (STS API reference).
 */
export function isReservedRole(role: string): boolean {
  return role.split('/').at(-1)!.startsWith('AWSReservedSSO_');
}

export function isRoleSessionName(text: string): text is RoleSessionName {
  return SESSION_NAME.test(text);
}

export function roleArn(account: Account, role: RoleName): RoleArn {
  return `arn:${account.partition}:iam::${account.id}:role/${role}` as RoleArn;
}

/** The ARN of an IAM SAML provider in the account. */
export function samlProviderArn(account: Account, provider: string): string {
  return `arn:${account.partition}:iam::${account.id}:saml-provider/${provider}`;
}

/**
 * The ARN of an IAM OpenID provider in the account. `issuer` is kept character by character, also a
 * slash at its end.
 */
export function oidcProviderArn(account: Account, issuer: string): string {
  return `arn:${account.partition}:iam::${account.id}:oidc-provider/${withoutScheme(issuer)}`;
}

/** An issuer as IAM names it in ARNs and condition keys. */
export function withoutScheme(issuer: string): string {
  return issuer.replace(/^https?:\/\//, '');
}

/**
 * The user's RoleSessionName: the user name, a dash and the person id (`alice-k3jx2q7d5vbn4mza`).
 *
 * The id keeps it injective (threats R33). A user name that does not fit is omitted, not shortened:
 * a shortened name could read as another user's.
 */
export function roleSessionName(person: {
  readonly person: PersonId;
  readonly username: string;
}): RoleSessionName {
  const full = `${person.username}-${person.person}`;
  return (isRoleSessionName(full) ? full : person.person) as RoleSessionName;
}

/** Finds an account by its name, or by its id. */
export function accountFinder(accounts: readonly Account[]): (text: string) => Account | undefined {
  const byId = new Map<string, Account>(accounts.map(account => [account.id, account]));
  const byName = new Map<string, Account>(accounts.map(account => [account.name, account]));
  // A long text need not be hashed to be unknown.
  const longest = Math.max(0, ...[...byName.keys(), ...byId.keys()].map(({ length }) => length));
  return text => (text.length > longest ? undefined : (byName.get(text) ?? byId.get(text)));
}
