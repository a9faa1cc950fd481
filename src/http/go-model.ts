/** Fills the models of the pages that lead to an address of the console. */
import type { Candidate, Found } from '../bridge/destinations.ts';
import type { ReadAddress } from '../core/console-address.ts';
import { listed } from '../core/listed.ts';
import { explainRequirement } from '../core/requirements.ts';
import type { Account } from '../core/role.ts';
import { neededFor } from '../core/unmet-approval.ts';
import type { WayIn } from '../core/ways-in.ts';
import { accountMark } from './account-mark.ts';
import { addressModel } from './console-question.ts';
import { neededLink } from './elevation.ts';
import type {
  AddressModel,
  GoAccount,
  GoChoiceModel,
  GoNoneModel,
  GoRole,
  OptionModel,
  WayModel,
} from './go-views.ts';

/** Roles on a page that asks in which account: the account is quicker to choose from a list. */
const MOST_ROLES = 12;

/** An address, and where else it could open. */
export interface Asked {
  /** As it was asked for. */
  readonly to: string;
  readonly address: ReadAddress;
  /** By name or id, as it was asked for. */
  readonly account?: string | undefined;
  /** The accounts of the user. */
  readonly accounts: readonly Account[];
}

export function goChoice(
  { to, address, account, accounts }: Asked,
  candidates: readonly Candidate[],
): GoChoiceModel {
  const isOneAccount = account !== undefined || address.accounts.length === 1;
  const shown = isOneAccount ? candidates : candidates.slice(0, MOST_ROLES);
  const isUsable = shown.some(candidate => candidate.isUsable);
  return {
    title: isUsable ? 'Choose a role' : 'You cannot open it yet',
    lede: ledeOf(address, { isOneAccount, isUsable }),
    address: modelOf(address),
    to,
    accounts: accountsOf(shown),
    others: shown.length < candidates.length ? optionsOf(accounts, address) : [],
  };
}

function ledeOf(
  { accounts }: ReadAddress,
  { isOneAccount, isUsable }: { readonly isOneAccount: boolean; readonly isUsable: boolean },
): string {
  if (!isUsable) return 'Each of your roles for this address requires something first.';
  if (isOneAccount) return 'You have several roles in this account.';
  if (accounts.length > 1)
    return `The address names several accounts: ${listed(accounts)}. Choose the one that it belongs to.`;
  return 'The address does not name an account. Choose the account and the role.';
}

function accountsOf(candidates: readonly Candidate[]): readonly GoAccount[] {
  const byAccount = Map.groupBy(candidates, ({ entitlement }) => entitlement.account);
  return [...byAccount].map(([account, own]) => ({
    id: account.id,
    name: account.name,
    mark: accountMark(account),
    roles: own.map(roleOf),
  }));
}

function roleOf({ entitlement, missing, usedAt, isUsable }: Candidate): GoRole {
  const { account, role, rule } = entitlement;
  const approval = missing.find(unmet => unmet.requirement === 'approval');
  return {
    ...{ role, rule: rule.name, isUsable },
    usedAt: usedAt === undefined ? undefined : new Date(usedAt).toISOString(),
    missing: missing.map(unmet => explainRequirement(unmet)),
    request: approval && neededLink(neededFor(approval, { account: account.name, role })),
  };
}

/** Of the accounts, nothing is told but what they were named. */
export function goNone(
  { to, address, accounts }: Asked,
  { accounts: named, ways }: Pick<Extract<Found, { kind: 'none' }>, 'accounts' | 'ways'>,
): GoNoneModel {
  const places = ['the partition of this address', `the account ${named[0]}`];
  const place = places[named.length] ?? `the accounts ${listed(named)}`;
  return {
    title: 'You have no role there',
    lede: `None of your roles is in ${place}.`,
    address: modelOf(address),
    to,
    ways: ways.map(wayModel),
    others: optionsOf(accounts, address),
  };
}

function wayModel({ role, rule, groups, needsApproval }: WayIn): WayModel {
  const group =
    groups.length === 1 ? `the group ${groups[0]}` : `one of the groups ${listed(groups)}`;
  const then = needsApproval ? 'sign in again and request the role' : 'sign in again';
  return {
    role: role ?? 'Roles by group name',
    rule,
    how: `Ask for membership of ${group}, then ${then}.`,
  };
}

function optionsOf(
  accounts: readonly Account[],
  { partition }: ReadAddress,
): readonly OptionModel[] {
  return accounts
    .filter(account => partition === undefined || account.partition === partition)
    .map(accountOption);
}

export function accountOption({ id, name }: Account): OptionModel {
  return { value: id, label: `${name} (${id})`, isChosen: false };
}

function modelOf({ destination }: ReadAddress): AddressModel {
  return addressModel(destination);
}
