/**
 * What is known of the IAM of one account: from the output of the AWS CLI or from its API.
 *
 * Whatever was not given is unknown, which is not the same as missing: every list says whether it
 * is complete, and every field that a source can lack is undefined then.
 */
import type { AccountId } from '../role.ts';

export interface IamState {
  readonly account: AccountId;
  /** As in its ARNs: `aws`, `aws-us-gov`. */
  readonly partition: string;
  readonly roles: Listing<IamRole>;
  readonly samlProviders: Listing<IamSamlProvider>;
  readonly oidcProviders: Listing<IamOidcProvider>;
  /** Managed policies of the account; those of AWS belong to no account. */
  readonly managedPolicies: Listing<IamManagedPolicy>;
}

export interface Listing<T> {
  readonly items: readonly T[];
  /** Whether what is not among the items does not exist. */
  readonly isComplete: boolean;
}

export interface IamRole {
  readonly arn: string;
  readonly name: string;
  /** Begins and ends with a slash: `/`, `/team/`. */
  readonly path: string;
  /** `AROA...`; a role that is created again gets another one. */
  readonly uniqueId?: string | undefined;
  /** The parsed JSON; a text that is no JSON stays a string. Undefined if unknown. */
  readonly trustPolicy?: unknown;
  /** MaxSessionDuration. Undefined if unknown: not every output of the AWS CLI contains it. */
  readonly maxSessionSeconds?: number | undefined;
  /** Inline and attached policies; undefined if unknown. */
  readonly policies?: Listing<IamPolicy> | undefined;
  /** The permissions boundary; `none` if the role has none, undefined if unknown. */
  readonly boundary?: IamPolicy | 'none' | undefined;
}

export interface IamPolicy {
  /** The name of an inline policy, the ARN of a managed one. */
  readonly name: string;
  /** As `trustPolicy`. */
  readonly document?: unknown;
}

export interface IamManagedPolicy {
  readonly arn: string;
  /** The default version, as `trustPolicy`. */
  readonly document?: unknown;
}

export interface IamSamlProvider {
  readonly arn: string;
  /** The metadata document. Undefined if unknown. */
  readonly metadata?: string | undefined;
  /** When IAM stops trusting the provider, in milliseconds since the epoch. */
  readonly validUntil?: number | undefined;
}

export interface IamOidcProvider {
  readonly arn: string;
  /** As IAM keeps it, without `https://`. */
  readonly url: string;
  /** The audiences that it accepts. Undefined if unknown. */
  readonly clientIds?: readonly string[] | undefined;
  readonly thumbprints?: readonly string[] | undefined;
}

/** An item of a listing, or whether it is `missing` or only `unknown`. */
export function findIn<T>(
  { items, isComplete }: Listing<T>,
  isWanted: (item: T) => boolean,
): T | 'missing' | 'unknown' {
  return items.find(isWanted) ?? (isComplete ? 'missing' : 'unknown');
}
