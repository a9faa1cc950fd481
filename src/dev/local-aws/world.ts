/**
 * The world file: which accounts, providers, roles and users the local AWS knows. Everything is
 * checked, unknown keys are refused, and all mistakes are reported together with their path.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import type { faultPlan } from './faults.ts';
import { arns, uniqueId } from './identifiers.ts';
import { type Partition, type PartitionName, partitionNamed } from './partitions.ts';
import type { IdentityPolicy, TrustPolicy } from './policy-document.ts';
import { worldSchema } from './world-schema.ts';

export type WorldInput = z.input<typeof worldSchema>;
type Checked = z.output<typeof worldSchema>;

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly partition: Partition;
}

export type MetadataSource =
  | { readonly file: string }
  | { readonly url: string }
  | { readonly xml: string };

export interface SamlProvider {
  readonly account: Account;
  readonly name: string;
  readonly arn: string;
  readonly metadata: MetadataSource;
}

export interface OidcProvider {
  readonly account: Account;
  readonly issuer: string;
  readonly arn: string;
  readonly clientIds: readonly string[];
}

export interface Role {
  readonly account: Account;
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** `AROA...` */
  readonly uniqueId: string;
  readonly maxSessionDuration: number;
  readonly trustPolicy: TrustPolicy;
  readonly permissions: readonly IdentityPolicy[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface IamUser {
  readonly account: Account;
  readonly name: string;
  readonly arn: string;
  readonly uniqueId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly permissions: readonly IdentityPolicy[];
}

export interface World {
  readonly accounts: readonly Account[];
  readonly samlProviders: ReadonlyMap<string, SamlProvider>;
  readonly oidcProviders: ReadonlyMap<string, OidcProvider>;
  /** By ARN. Changes of the running world are made here; see LocalAws.roles. */
  readonly roles: Map<string, Role>;
  readonly users: ReadonlyMap<string, IamUser>;
  /** Undefined: every Region of the partitions in use. */
  readonly regions: readonly string[] | undefined;
  readonly samlSignature: 'assertion' | 'either';
  readonly webIdentityMaxAgeSeconds: number;
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
  const input = checked.data;
  const mistakes: string[] = [];
  const accounts = input.accounts.map(account => ({
    ...account,
    partition: partitionNamed(account.partition, input.partitions[account.partition]),
  }));

  const keyed = <T>(list: readonly T[], at: string, keyOf: (item: T) => string): Map<string, T> => {
    const map = new Map<string, T>();
    for (const [index, item] of list.entries()) {
      if (map.has(keyOf(item))) mistakes.push(`${at}[${index}]: ${keyOf(item)} appears twice`);
      map.set(keyOf(item), item);
    }
    return map;
  };
  /** Gives each item its account. */
  const owned = <I extends { readonly account: string }, T>(
    list: readonly I[],
    at: string,
    make: (item: I, account: Account) => T,
  ): T[] =>
    list.map((item, index) => {
      const account = accounts.find(({ id }) => id === item.account);
      if (account === undefined)
        mistakes.push(`${at}[${index}].account: no account ${item.account} in accounts`);
      return make(item, account ?? accounts[0]!);
    });
  const samlProvider = (item: Checked['samlProviders'][number], account: Account): SamlProvider =>
    samlProviderOf(item, account, directory);

  keyed(accounts, 'accounts', ({ id }) => id);
  const world: World = {
    accounts,
    samlProviders: keyed(
      owned(input.samlProviders, 'samlProviders', samlProvider),
      'samlProviders',
      ({ arn }) => arn,
    ),
    oidcProviders: keyed(
      owned(input.oidcProviders, 'oidcProviders', oidcProviderOf),
      'oidcProviders',
      ({ arn }) => arn,
    ),
    roles: keyed(owned(input.roles, 'roles', roleOf), 'roles', ({ arn }) => arn),
    users: keyed(
      owned(input.iamUsers, 'iamUsers', userOf),
      'iamUsers',
      ({ accessKeyId }) => accessKeyId,
    ),
    regions: input.regions,
    samlSignature: input.saml.signature,
    webIdentityMaxAgeSeconds: input.webIdentity.maxAgeSeconds,
    clockOffsetSeconds: input.clockOffsetSeconds,
    faults: input.faults,
  };
  if (mistakes.length > 0) throw new WorldError(mistakes);
  return world;
}

function place(account: Account): { readonly partition: PartitionName; readonly account: string } {
  return { partition: account.partition.name, account: account.id };
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
    arn: arns.samlProvider(place(account), provider.name),
    metadata: 'file' in metadata ? { file: resolve(directory, metadata.file) } : metadata,
  };
}

function oidcProviderOf(
  { url, clientIds }: Checked['oidcProviders'][number],
  account: Account,
): OidcProvider {
  return { account, issuer: url, clientIds, arn: arns.oidcProvider(place(account), url) };
}

/** A checked role of the file, as part of the world. */
export function roleOf(role: Checked['roles'][number], account: Account): Role {
  const arn = arns.role(place(account), role.path, role.name);
  return { ...role, account, arn, uniqueId: uniqueId('AROA', arn) };
}

function userOf(user: Checked['iamUsers'][number], account: Account): IamUser {
  const arn = arns.user(place(account), user.name);
  return { ...user, account, arn, uniqueId: uniqueId('AIDA', arn) };
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
