/**
 * Policy documents that a caller sends: read, and refused with the codes and texts of IAM (IAM User
 * Guide, "IAM and AWS STS quotas" and "Grammar of the IAM JSON policy language").
 */
import { parseArn } from '../identifiers.ts';
import {
  type IdentityPolicy,
  identityPolicy,
  type TrustPolicy,
  trustPolicy,
} from '../policy-document.ts';
import { JsonRefused, parseStrictJson } from '../strict-json.ts';
import type { AccountIam } from './iam.ts';
import { IamError } from './iam-error.ts';

/** Throws `IamError` MalformedPolicyDocument. */
export function readIdentityPolicy(text: string): IdentityPolicy {
  const value = readJson(text);
  requireFields(value, 'Resource', 'Principal');
  const parsed = identityPolicy.safeParse(value);
  if (!parsed.success) throw syntaxError(parsed.error.issues);
  return { ...parsed.data, text };
}

/** Throws `IamError` MalformedPolicyDocument, or LimitExceeded for one that is too long. */
export function readTrustPolicy(iam: AccountIam, text: string): TrustPolicy {
  const value = readJson(text);
  requireFields(value, 'Principal', 'Resource');
  const parsed = trustPolicy.safeParse(value);
  if (!parsed.success) throw syntaxError(parsed.error.issues);
  const quota = iam.world.trustPolicyCharacters;
  if (lengthOf(text) > quota)
    throw new IamError('LimitExceeded', `Cannot exceed quota for ACLSizePerRole: ${quota}`);
  for (const { Action, Principal } of parsed.data.Statement) {
    if (!Action.every(action => /^sts:/i.test(action)))
      throw malformed('AssumeRole policy may only specify STS AssumeRole actions.');
    for (const [kind, names] of Object.entries(Principal))
      for (const name of names ?? []) refuseUnknown(iam, kind as Kind, name);
  }
  return { ...parsed.data, text };
}

/** White space does not count. */
export function lengthOf(text: string): number {
  return text.replace(/\s/g, '').length;
}

function readJson(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonRefused)) throw cause;
    throw malformed('This policy contains invalid Json', cause.message);
  }
}

function requireFields(value: unknown, required: string, prohibited: string): void {
  const { Statement } = (value ?? {}) as { readonly Statement?: unknown };
  for (const statement of Array.isArray(Statement) ? Statement : [Statement]) {
    const fields = new Set(Object.keys((statement ?? {}) as object));
    if (fields.has(prohibited)) throw malformed(`Has prohibited field ${prohibited}`);
    if (fields.size > 0 && !fields.has(required) && !fields.has(`Not${required}`))
      throw malformed(`Missing required field ${required}`);
  }
}

function syntaxError(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): IamError {
  const reason = issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  return malformed('Syntax errors in policy.', reason);
}

function malformed(message: string, reason?: string): IamError {
  return new IamError('MalformedPolicyDocument', message, reason);
}

type Kind = 'AWS' | 'Federated' | 'Service';

/** Providers that need no entity in the account. */
const BUILT_IN = new Set([
  'accounts.google.com',
  'cognito-identity.amazonaws.com',
  'graph.facebook.com',
  'www.amazon.com',
]);

const CHECKS: Readonly<Record<Kind, (iam: AccountIam, name: string) => boolean>> = {
  AWS: isKnownCaller,
  Federated: ({ world }, name) =>
    BUILT_IN.has(name) || world.samlProviders.has(name) || world.oidcProviders.has(name),
  Service: (_iam, name) => /^[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?$/.test(name),
};

function refuseUnknown(iam: AccountIam, kind: Kind, name: string): void {
  if (name === '*' || CHECKS[kind](iam, name)) return;
  if (kind === 'Federated' && parseArn(name) === undefined)
    throw malformed('Federated principals must be valid domain names or SAML metadata ARNs');
  throw malformed(`Invalid principal in policy: "${kind.toUpperCase()}":"${name}"`);
}

/** An account, a user, a role or a session of a role; it must exist. */
function isKnownCaller({ world, account }: AccountIam, name: string): boolean {
  const isAccount = (id: string): boolean =>
    world.accounts.some(one => one.id === id && one.partition.name === account.partition.name);
  if (/^\d{12}$/.test(name)) return isAccount(name);
  const arn = parseArn(name);
  if (arn === undefined || arn.partition !== account.partition.name) return false;
  if (arn.service === 'iam' && arn.resource === 'root') return isAccount(arn.account);
  if (arn.service === 'iam') return world.roles.has(name) || world.users.has(name);
  const [kind, roleName] = arn.resource.split('/');
  return (
    arn.service === 'sts' &&
    kind === 'assumed-role' &&
    [...world.roles.values()].some(
      role => role.account.id === arn.account && role.name === roleName,
    )
  );
}
