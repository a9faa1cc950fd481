/** What printers are given of an account, and what they return. */
import { createHash } from 'node:crypto';
import { printableText } from '../../core/printable.ts';
import type { AccountId } from '../../core/role.ts';
import type { AccountPlan, RolePlan } from '../../core/trust/plan.ts';
import { EXTERNAL_ID } from '../../core/trust/policy.ts';

/** What an account has already, as far as it is known. ARNs are exact. */
export interface ExistingIam {
  /** IAM was given, and nothing of this account: its roles then count as new. */
  lacks(account: AccountId): boolean;
  has(arn: string): boolean;
  /** Of an OpenID provider. */
  clientIdsOf(arn: string): readonly string[];
  /** MaxSessionDuration; undefined if unknown. */
  maxSessionSecondsOf(arn: string): number | undefined;
}

export interface AccountTrust {
  readonly plan: AccountPlan;
  /** The document of the SAML provider, if there is one. */
  readonly metadata: string | undefined;
  readonly existing: ExistingIam;
}

export interface PrintedFile {
  /** Relative to the directory of --out, with `/`. */
  readonly path: string;
  readonly text: string;
  /** The file is run. */
  readonly isProgram?: boolean | undefined;
}

export interface Printed {
  readonly files: readonly PrintedFile[];
  /** What to do with the files, line by line. */
  readonly steps: readonly string[];
}

/** Every file begins with a line that contains it: only such files are replaced. */
export const MARK = 'Made by rolebridge-server trust';
/** Of the roles and policies that are created. */
export const DESCRIPTION = 'Assumed through rolebridge';
export const HUB_POLICY = 'rolebridge-hub';

/** The roles that the printed files create, and those of which only the trust policy is changed. */
export function splitRoles({ plan, existing }: AccountTrust): {
  readonly created: readonly RolePlan[];
  readonly existing: readonly RolePlan[];
} {
  return {
    created: plan.roles.filter(({ arn }) => !existing.has(arn)),
    existing: plan.roles.filter(({ arn }) => existing.has(arn)),
  };
}

/** Whether someone must enter the external id, because the configuration refers to it. */
export function needsExternalId(roles: readonly RolePlan[]): boolean {
  return roles.some(({ trustPolicy }) => JSON.stringify(trustPolicy).includes(EXTERNAL_ID));
}

/** Path and name, as IAM has them: `/team/` and `Admin`. */
export function pathAndName(role: string): { readonly path: string; readonly name: string } {
  const slash = role.lastIndexOf('/');
  return { path: `/${role.slice(0, slash + 1)}`, name: role.slice(slash + 1) };
}

/** Text in a comment: on one line. */
export function commentText(text: string): string {
  return printableText(text.replaceAll('\n', ' '));
}

// ---------------------------------------------------------------- names in files

const HASHED = /[0-9a-f]{8}$/;

/**
 * A name of `[A-Za-z0-9_]` and of `also`, the same in each run and different for different texts:
 * one of other characters gets a digest. None begins with a digit.
 */
export function plainName(text: string, also = ''): string {
  const isPlain = new RegExp(`^[A-Za-z_][A-Za-z0-9_${also}]*$`).test(text);
  return isPlain && !HASHED.test(text)
    ? text
    : `${text.replace(/[^A-Za-z0-9]+/g, '_').replace(/^(?=\d)/, '_')}_${digest(text)}`;
}

/** The same of letters and digits alone. */
export function letterName(text: string): string {
  if (/^[A-Za-z][A-Za-z0-9]*$/.test(text) && !HASHED.test(text)) return text;
  return `${text.replace(/[^A-Za-z0-9]+/g, '')}${digest(text)}`;
}

/**
 * A name of a file or directory for the account: no two are the same or differ only by case, also
 * where an account has the name and the id of another one as its name.
 */
export function fileName({ account: { id, name } }: AccountPlan): string {
  return /^[a-z0-9][a-z0-9_-]*$/.test(name) && !/-\d{12}$/.test(name)
    ? name
    : `${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${id}`;
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
