/** States of IAM while they are put together from several answers. */

import type { AccountId } from '../role.ts';
import type {
  IamManagedPolicy,
  IamOidcProvider,
  IamPolicy,
  IamRole,
  IamSamlProvider,
  IamState,
  Listing,
} from './state.ts';
import { type IamArn, iamArn, instantOf, isObject, listOf, policyOf, textOf } from './values.ts';

type Values = Readonly<Record<string, unknown>>;
/** The lists of a state that an answer can have all of. */
export type ListName = 'roles' | 'samlProviders' | 'oidcProviders' | 'managedPolicies';

/** A role of which the documents of attached policies are still to be found. */
type DraftRole = Omit<IamRole, 'policies' | 'boundary'> & {
  readonly inline?: readonly IamPolicy[] | undefined;
  readonly attached?: readonly string[] | undefined;
  readonly boundary?: string | undefined;
};

interface Draft {
  readonly partition: string;
  readonly complete: Set<ListName>;
  readonly roles: Map<string, DraftRole>;
  readonly samlProviders: Map<string, IamSamlProvider>;
  readonly oidcProviders: Map<string, IamOidcProvider>;
  readonly managedPolicies: Map<string, IamManagedPolicy>;
}

export interface Drafts {
  readonly accounts: Map<AccountId, Draft>;
  /** Managed policies of AWS, which belong to no account. */
  readonly ofAws: Map<string, IamManagedPolicy>;
  /** Complete lists that name no account, because they are empty. */
  readonly emptyLists: { readonly list: ListName; readonly account: AccountId | undefined }[];
}

export function createDrafts(): Drafts {
  return { accounts: new Map(), ofAws: new Map(), emptyLists: [] };
}

function draftOf({ accounts }: Drafts, account: string, partition: string): Draft {
  const id = account as AccountId;
  const known = accounts.get(id);
  if (known !== undefined) return known;
  const draft: Draft = {
    partition,
    complete: new Set(),
    roles: new Map(),
    samlProviders: new Map(),
    oidcProviders: new Map(),
    managedPolicies: new Map(),
  };
  accounts.set(id, draft);
  return draft;
}

/** What is defined in `next` replaces what was known. */
function merge<T extends { readonly arn: string }>(into: Map<string, T>, next: T): void {
  const defined = Object.entries(next).filter(([, value]) => value !== undefined);
  into.set(next.arn, { ...into.get(next.arn), ...Object.fromEntries(defined) } as T);
}

export interface AnswerFrom {
  readonly isComplete: boolean;
  /** Whose answer it is, where that is known without it. */
  readonly account: AccountId | undefined;
}

/** Says that the list is all that the accounts of its items have. */
export function markListed(
  drafts: Drafts,
  list: ListName,
  { items, isComplete, account }: AnswerFrom & { readonly items: readonly unknown[] },
): void {
  if (!isComplete) return;
  if (items.length === 0) drafts.emptyLists.push({ list, account });
  for (const item of items) {
    const arn = isObject(item) ? arnOf(item) : undefined;
    if (arn !== undefined && arn.account !== 'aws')
      draftOf(drafts, arn.account, arn.partition).complete.add(list);
  }
}

// ---------------------------------------------------------------- the answers

function arnOf({ Arn }: Values): IamArn | undefined {
  return iamArn(Arn);
}

/** Which of IAM's answers a role is of: each leaves out something else. */
export type RoleSource = 'details' | 'list' | 'single';

export function addRole(drafts: Drafts, value: unknown, source: RoleSource): void {
  if (!isObject(value)) return;
  const { Arn, RoleId, AssumeRolePolicyDocument, MaxSessionDuration } = value;
  const { RolePolicyList, AttachedManagedPolicies, PermissionsBoundary } = value;
  const arn = iamArn(Arn);
  if (arn?.kind !== 'role') return;
  const slash = arn.rest.lastIndexOf('/') + 1;
  const { PermissionsBoundaryArn } = isObject(PermissionsBoundary) ? PermissionsBoundary : {};
  const boundary = textOf(PermissionsBoundaryArn);
  merge(draftOf(drafts, arn.account, arn.partition).roles, {
    arn: Arn as string,
    name: arn.rest.slice(slash),
    path: `/${arn.rest.slice(0, slash)}`,
    uniqueId: textOf(RoleId),
    trustPolicy: policyOf(AssumeRolePolicyDocument),
    maxSessionSeconds: typeof MaxSessionDuration === 'number' ? MaxSessionDuration : undefined,
    inline: listOf(RolePolicyList)?.map(({ PolicyName, PolicyDocument }) => ({
      name: textOf(PolicyName) ?? 'inline',
      document: policyOf(PolicyDocument),
    })),
    attached: listOf(AttachedManagedPolicies)?.flatMap(({ PolicyArn }) => textOf(PolicyArn) ?? []),
    // Lists of roles do not contain it (IAM API reference, ListRoles).
    boundary: boundary ?? (source === 'list' ? undefined : 'none'),
  });
}

/** False if it does not say which provider it is. */
export function addSamlProvider(drafts: Drafts, value: unknown): boolean {
  if (!isObject(value)) return false;
  const { Arn, SAMLMetadataDocument, ValidUntil } = value;
  const arn = iamArn(Arn);
  if (arn?.kind !== 'saml-provider') return false;
  merge(draftOf(drafts, arn.account, arn.partition).samlProviders, {
    arn: Arn as string,
    metadata: textOf(SAMLMetadataDocument),
    validUntil: instantOf(ValidUntil),
  });
  return true;
}

/** False if it does not say which provider it is. */
export function addOidcProvider(drafts: Drafts, value: unknown): boolean {
  if (!isObject(value)) return false;
  const { Arn, ClientIDList, ThumbprintList } = value;
  const arn = iamArn(Arn);
  if (arn?.kind !== 'oidc-provider') return false;
  const texts = (list: unknown): readonly string[] | undefined =>
    Array.isArray(list) ? list.filter(item => typeof item === 'string') : undefined;
  merge(draftOf(drafts, arn.account, arn.partition).oidcProviders, {
    arn: Arn as string,
    url: arn.rest,
    clientIds: texts(ClientIDList),
    thumbprints: texts(ThumbprintList),
  });
  return true;
}

/**
 * Reads get-account-authorization-details. With a filter, it leaves lists empty without saying so:
 * an empty list says nothing.
 */
export function readDetails(
  drafts: Drafts,
  { RoleDetailList, Policies }: Values,
  from: AnswerFrom,
): void {
  const roles = listOf(RoleDetailList) ?? [];
  for (const role of roles) addRole(drafts, role, 'details');
  if (roles.length > 0) markListed(drafts, 'roles', { ...from, items: roles });
  const policies = listOf(Policies) ?? [];
  for (const policy of policies) addManagedPolicy(drafts, policy);
  const own = policies.filter(policy => arnOf(policy)?.account !== 'aws');
  if (own.length > 0) markListed(drafts, 'managedPolicies', { ...from, items: own });
}

function addManagedPolicy(drafts: Drafts, { Arn, PolicyVersionList }: Values): void {
  const arn = iamArn(Arn);
  if (arn?.kind !== 'policy') return;
  const versions = listOf(PolicyVersionList) ?? [];
  const version = versions.find(({ IsDefaultVersion }) => IsDefaultVersion === true);
  const policies =
    arn.account === 'aws'
      ? drafts.ofAws
      : draftOf(drafts, arn.account, arn.partition).managedPolicies;
  merge(policies, { arn: Arn as string, document: policyOf(version && documentOf(version)) });
}

function documentOf({ Document }: Values): unknown {
  return Document;
}

// ---------------------------------------------------------------- providers without a name

export interface NamelessAnswer {
  /** Of its file. */
  readonly name: string;
  readonly answer: Values;
  readonly account: AccountId | undefined;
}

/**
 * Reads get-saml-provider and get-open-id-connect-provider as AWS prints them, without an ARN: by
 * the URL, by the name of the file, or because there is only one. False if it stays unknown.
 */
export function readNameless(drafts: Drafts, { name, answer, account }: NamelessAnswer): boolean {
  const { Url } = answer;
  const url = textOf(Url);
  const accounts = new Map([...drafts.accounts].filter(([id]) => id === (account ?? id)));
  const arn = url === undefined ? samlArnFor(accounts, name) : oidcArnFor(accounts, url);
  if (arn === undefined) return false;
  const named = { ...answer, Arn: arn };
  return url === undefined ? addSamlProvider(drafts, named) : addOidcProvider(drafts, named);
}

function samlArnFor(accounts: Drafts['accounts'], file: string): string | undefined {
  const arns = [...accounts.values()].flatMap(({ samlProviders }) => [...samlProviders.keys()]);
  const stem = file.replace(/\.json$/i, '');
  const byName = arns.filter(arn => stem.endsWith(arn.slice(arn.indexOf('/') + 1)));
  return onlyOne(byName) ?? onlyOne(arns);
}

function oidcArnFor(accounts: Drafts['accounts'], url: string): string | undefined {
  const plain = url.replace(/^https:\/\//, '');
  const arns = [...accounts.values()].flatMap(({ oidcProviders }) =>
    [...oidcProviders.values()].filter(of => of.url === plain).map(of => of.arn),
  );
  const account = onlyOne([...accounts.entries()]);
  if (arns.length > 0 || account === undefined) return onlyOne(arns);
  const [id, { partition }] = account;
  return `arn:${partition}:iam::${id}:oidc-provider/${plain}`;
}

function onlyOne<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

// ---------------------------------------------------------------- the states

export function statesOf(drafts: Drafts): ReadonlyMap<AccountId, IamState> {
  const { accounts } = drafts;
  const only = onlyOne([...accounts.keys()]);
  for (const { list, account = only } of drafts.emptyLists)
    if (account !== undefined) accounts.get(account)?.complete.add(list);
  return new Map([...accounts].map(([id, draft]) => [id, stateOf(id, draft, drafts)]));
}

function stateOf(account: AccountId, draft: Draft, { ofAws }: Drafts): IamState {
  const listing = <T>(name: ListName, items: Iterable<T>): Listing<T> => ({
    items: [...items],
    isComplete: draft.complete.has(name),
  });
  const managed = (arn: string): IamPolicy => ({
    name: arn,
    document: (draft.managedPolicies.get(arn) ?? ofAws.get(arn))?.document,
  });
  const roles = [...draft.roles.values()].map(({ inline, attached, boundary, ...role }) => ({
    ...role,
    policies: {
      items: [...(inline ?? []), ...(attached ?? []).map(managed)],
      isComplete: inline !== undefined && attached !== undefined,
    },
    boundary:
      boundary === undefined || boundary === 'none' ? (boundary as 'none') : managed(boundary),
  }));
  return {
    account,
    partition: draft.partition,
    roles: listing('roles', roles),
    samlProviders: listing('samlProviders', draft.samlProviders.values()),
    oidcProviders: listing('oidcProviders', draft.oidcProviders.values()),
    managedPolicies: listing('managedPolicies', draft.managedPolicies.values()),
  };
}
