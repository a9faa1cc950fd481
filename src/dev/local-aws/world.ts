/**
 * The world file: which accounts, providers, roles, users and buckets the local AWS knows.
 * Everything is checked, unknown keys are refused, and all mistakes are reported together with
 * their path.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { type Account, placeOf } from './accounts.ts';
import type { faultPlan } from './faults.ts';
import { belongings, type IamUser, userOf } from './iam-users.ts';
import { arns, uniqueId } from './identifiers.ts';
import { partitionNamed } from './partitions.ts';
import {
  inlinePolicies,
  isOfAws,
  type ManagedPolicy,
  managedPolicyOf,
  type Permissions,
} from './permissions.ts';
import type { TrustPolicy } from './policy-document.ts';
import { type Bucket, bucketOf, objectKeys } from './s3/buckets.ts';
import { worldSchema } from './world-schema.ts';

export type WorldInput = z.input<typeof worldSchema>;
type Checked = z.output<typeof worldSchema>;

export type MetadataSource =
  | { readonly file: string }
  | { readonly url: string }
  | { readonly xml: string };

export interface SamlProvider {
  readonly account: Account;
  readonly name: string;
  readonly arn: string;
  readonly metadata: MetadataSource;
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

export interface OidcProvider {
  readonly account: Account;
  readonly issuer: string;
  readonly arn: string;
  readonly clientIds: readonly string[];
  /** SHA-1 of certificates, in hexadecimal. */
  readonly thumbprints: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

export interface Role extends Permissions {
  readonly account: Account;
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** `AROA...` */
  readonly uniqueId: string;
  readonly maxSessionDuration: number;
  readonly description: string | undefined;
  readonly trustPolicy: TrustPolicy;
  /** ARN of a managed policy that limits the others. */
  readonly permissionsBoundary: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/**
 * The maps that change while it runs are changed by the IAM API (iam/), by templates, which use the
 * same operations, and by LocalAws.roles, which tests use.
 */
export interface World {
  readonly accounts: Account[];
  /** By ARN, as the next four. */
  readonly samlProviders: Map<string, SamlProvider>;
  readonly oidcProviders: Map<string, OidcProvider>;
  readonly roles: Map<string, Role>;
  readonly managedPolicies: Map<string, ManagedPolicy>;
  readonly users: ReadonlyMap<string, IamUser>;
  /** By name. */
  readonly buckets: ReadonlyMap<string, Bucket>;
  /** Undefined: every Region of the partitions in use. */
  readonly regions: readonly string[] | undefined;
  readonly samlSignature: 'assertion' | 'either';
  readonly webIdentityMaxAgeSeconds: number;
  readonly trustPolicyCharacters: number;
  readonly clockOffsetSeconds: number;
  readonly faults: z.output<typeof faultPlan> | undefined;
}

/** All that is wrong with a world file, one line each, with the path in front. */
export class WorldError extends Error {
  override readonly name = 'WorldError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(`the world is not usable:\n${mistakes.map(line => `  ${line}`).join('\n')}`);
    this.mistakes = mistakes;
  }
}

/**
 * Throws `WorldError`, also when the file cannot be read. Relative metadata files are found beside
 * the world file.
 */
export async function readWorldFile(path: string): Promise<World> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new WorldError([
      `${path}: ${cause instanceof SyntaxError ? `not JSON: ${cause.message}` : (cause as Error).message}`,
    ]);
  }
  return parseWorld(value, dirname(resolve(path)));
}

/** Throws `WorldError`. `directory` is where relative metadata files are. */
export function parseWorld(value: unknown, directory: string = process.cwd()): World {
  const checked = worldSchema.safeParse(value);
  if (!checked.success)
    throw new WorldError(checked.error.issues.flatMap(issue => issueLines(issue)));
  const reading: Reading = { accounts: accountsOf(checked.data), mistakes: [] };
  const world = worldOf(checked.data, reading, directory);
  if (reading.mistakes.length > 0) throw new WorldError(reading.mistakes);
  return world;
}

interface Reading {
  readonly accounts: Account[];
  readonly mistakes: string[];
}

function accountsOf({ accounts, partitions }: Checked): Account[] {
  return accounts.map(account => ({
    ...account,
    partition: partitionNamed(account.partition, partitions[account.partition]),
  }));
}

function worldOf(input: Checked, reading: Reading, directory: string): World {
  const arnOf = ({ arn }: { readonly arn: string }): string => arn;
  const samlProvider = (provider: Checked['samlProviders'][number], account: Account) =>
    samlProviderOf(provider, account, directory);
  const managedPolicies = ownedByKey(reading, input, 'managedPolicies', {
    make: managedPolicyOf,
    keyOf: arnOf,
  });
  refuseUnknownPolicies(reading, input, managedPolicies);
  const { accounts } = reading;
  keyed(reading, 'accounts', accounts, ({ id }) => id);
  const users = ownedByKey(reading, input, 'iamUsers', { make: userOf, keyOf: arnOf });
  refuseTwice(reading, belongings([...users.values()]));
  refuseTwice(reading, objectKeys(input.buckets));
  return {
    accounts,
    samlProviders: ownedByKey(reading, input, 'samlProviders', {
      make: samlProvider,
      keyOf: arnOf,
    }),
    oidcProviders: ownedByKey(reading, input, 'oidcProviders', {
      make: oidcProviderOf,
      keyOf: arnOf,
    }),
    roles: ownedByKey(reading, input, 'roles', { make: roleOf, keyOf: arnOf }),
    users,
    managedPolicies,
    buckets: ownedByKey(reading, input, 'buckets', { make: bucketOf, keyOf: ({ name }) => name }),
    regions: input.regions,
    samlSignature: input.saml.signature,
    trustPolicyCharacters: input.iam.trustPolicyCharacters,
    webIdentityMaxAgeSeconds: input.webIdentity.maxAgeSeconds,
    clockOffsetSeconds: input.clockOffsetSeconds,
    faults: input.faults,
  };
}

/** The list by key; a key that appears twice is a mistake. */
function keyed<T>(
  reading: Reading,
  at: string,
  list: readonly T[],
  keyOf: (item: T) => string,
): Map<string, T> {
  const entries = list.map((item, index) => ({ at: `${at}[${index}]`, key: keyOf(item) }));
  refuseTwice(reading, entries);
  return new Map(list.map(item => [keyOf(item), item]));
}

function refuseTwice(
  { mistakes }: Reading,
  entries: readonly { readonly at: string; readonly key: string }[],
): void {
  const seen = new Set<string>();
  for (const { at, key } of entries) {
    if (seen.has(key)) mistakes.push(`${at}: ${key} appears twice`);
    seen.add(key);
  }
}

type OwnedList =
  | 'samlProviders'
  | 'oidcProviders'
  | 'roles'
  | 'iamUsers'
  | 'managedPolicies'
  | 'buckets';

/** When the entities of a world file were made, as IAM tells it. */
const FOUNDED = Date.parse('2024-01-01T00:00:00Z');

interface Making<I, T> {
  readonly make: (item: I, account: Account, createdAt: number) => T;
  readonly keyOf: (made: T) => string;
}

/** Items with their accounts, by key; an unknown account is a mistake. */
function ownedByKey<L extends OwnedList, T>(
  reading: Reading,
  input: Checked,
  at: L,
  { make, keyOf }: Making<Checked[L][number], T>,
): Map<string, T> {
  const { accounts, mistakes } = reading;
  const made = input[at].map((item: Checked[L][number], index) => {
    const account = accounts.find(({ id }) => id === item.account);
    if (account === undefined)
      mistakes.push(`${at}[${index}].account: no account ${item.account} in accounts`);
    return make(item, account ?? accounts[0]!, FOUNDED);
  });
  return keyed(reading, at, made, keyOf);
}

function samlProviderOf(
  provider: Checked['samlProviders'][number],
  account: Account,
  directory: string,
): SamlProvider {
  const { metadata } = provider;
  return {
    account,
    name: provider.name,
    arn: arns.samlProvider(placeOf(account), provider.name),
    tags: provider.tags,
    createdAt: FOUNDED,
    metadata: 'file' in metadata ? { file: resolve(directory, metadata.file) } : metadata,
  };
}

function oidcProviderOf(
  { url, clientIds, thumbprints, tags }: Checked['oidcProviders'][number],
  account: Account,
  createdAt: number,
): OidcProvider {
  const arn = arns.oidcProvider(placeOf(account), url);
  return { account, issuer: url, clientIds, thumbprints, tags, createdAt, arn };
}

/** A checked role of the file, as part of the world. */
export function roleOf(
  { permissions, ...role }: Checked['roles'][number],
  account: Account,
  createdAt: number = FOUNDED,
): Role {
  const arn = arns.role(placeOf(account), role.path, role.name);
  return {
    ...role,
    description: role.description,
    permissionsBoundary: role.permissionsBoundary,
    account,
    arn,
    uniqueId: uniqueId('AROA', arn),
    inlinePolicies: inlinePolicies(permissions),
    createdAt,
  };
}

/** Attached policies and boundaries must be of AWS or of the file. */
function refuseUnknownPolicies(
  { mistakes }: Reading,
  { roles, iamUsers }: Checked,
  known: ReadonlyMap<string, ManagedPolicy>,
): void {
  const named = [
    ...roles.flatMap(({ attachedPolicies, permissionsBoundary }, at) =>
      [
        ...attachedPolicies,
        ...(permissionsBoundary === undefined ? [] : [permissionsBoundary]),
      ].map(arn => ({ at: `roles[${at}]`, arn })),
    ),
    ...iamUsers.flatMap(({ attachedPolicies }, at) =>
      attachedPolicies.map(arn => ({ at: `iamUsers[${at}]`, arn })),
    ),
  ];
  for (const { at, arn } of named)
    if (!known.has(arn) && !isOfAws(arn))
      mistakes.push(`${at}: no policy ${arn} in managedPolicies`);
}

/**
 * A union reports what each of its forms missed; only the form that fitted best is worth reading.
 */
function issueLines(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[] = []): string[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'invalid_union') {
    const closest = issue.errors.toSorted(
      (a, b) => depthOf(b) - depthOf(a) || a.length - b.length,
    )[0];
    if (closest !== undefined && closest.length > 0)
      return closest.flatMap(inner => issueLines(inner, path));
  }
  return [`${pathText(path)}: ${issue.message}`];
}

function depthOf(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(issue => issue.path.length));
}

function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '(the whole file)';
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`,
    )
    .join('');
}
