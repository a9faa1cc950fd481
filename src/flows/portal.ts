/** The portal: the user's roles by account, or the sign-in page, or how to ask for a role. */
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import type { SignIn } from '../bridge/sign-in.ts';
import type { Entitlement } from '../core/access-rule.ts';
import type { Identity } from '../core/identity.ts';
import type { Evaluation } from '../core/policy.ts';
import { explainRequirement, isProof, type UnmetRequirement } from '../core/requirements.ts';
import { attainableSeconds } from '../core/session.ts';
import { formatDuration } from '../core/time.ts';
import { view } from '../http/answer.ts';
import { logNoRole } from '../http/claims-log.ts';
import { choicesOf } from '../http/connector-choices.ts';
import type { HelpModel } from '../http/page-frame.ts';
import { text } from '../http/read.ts';
import { page } from '../http/route.ts';
import { stepUpPath } from '../http/step-up.ts';
import type { AccountRows, RoleRow } from '../http/views.ts';
import type { Logger } from '../log.ts';

export interface PortalParts {
  readonly access: Access;
  readonly signIn: Pick<SignIn, 'connectors'>;
  readonly help: HelpModel | undefined;
  readonly log: Logger;
}

export const portal = page({
  path: '/',
  who: 'signed-in user',
  reads: { query: z.object({ q: text(200).optional() }) },
  signedOut: (_input, _browser, { signIn }: PortalParts) =>
    view('sign-in', { connectors: choicesOf(signIn.connectors, '/') }),
  handle: ({ q: query = '' }, user, { access, help, log }: PortalParts) => {
    const { identity } = user.session;
    const rows = rowsOf(access.rolesFor(user));
    if (rows.length === 0) {
      logNoRole(log, user);
      return view('no-roles', { groups: identity.groups, help, request: requestFor(identity) });
    }
    const accounts = accountsOf(rows.filter(matches(query)));
    return view('roles', {
      accounts,
      query,
      accountCount: accounts.length,
      roleCount: accounts.reduce((sum, { roles }) => sum + roles.length, 0),
      totalRoleCount: rows.length,
    });
  },
});

interface Row {
  readonly entitlement: Entitlement;
  readonly missing: readonly UnmetRequirement[];
}

function rowsOf({ granted, withheld }: Evaluation): Row[] {
  return [
    ...granted.map(entitlement => ({ entitlement, missing: [] })),
    ...withheld.map(({ entitlement, missing }) => ({ entitlement, missing })),
  ];
}

/** Every word of the query must stand in the account's name or id, or in the role. */
function matches(query: string): (row: Row) => boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return ({ entitlement: { account, role } }) => {
    const haystack = `${account.name} ${account.id} ${role}`.toLowerCase();
    return words.every(word => haystack.includes(word));
  };
}

function accountsOf(rows: readonly Row[]): AccountRows[] {
  const byAccount = Map.groupBy(rows, ({ entitlement }) => entitlement.account);
  return [...byAccount]
    .sort(([a], [b]) => (a.name < b.name ? -1 : 1))
    .map(([account, own]) => ({
      id: account.id,
      name: account.name,
      partition: account.partition,
      region: account.region,
      via:
        account.trust.by === 'hub'
          ? `through ${account.trust.hub.name}/${account.trust.role}`
          : undefined,
      roles: own.map(roleRow).sort((a, b) => (a.role < b.role ? -1 : 1)),
    }));
}

function roleRow({ entitlement: { account, role, rule, group }, missing }: Row): RoleRow {
  const { durationSeconds, consoleSeconds } = rule.session;
  return {
    role,
    account: account.name,
    credentialsDuration: formatDuration(attainableSeconds(account, durationSeconds)),
    // The console takes no length of its own for chained credentials.
    consoleDuration:
      consoleSeconds === undefined || account.trust.by === 'hub'
        ? undefined
        : formatDuration(consoleSeconds),
    rule: rule.name,
    group,
    missing: missing.map(unmet => explainRequirement(unmet)),
    stepUpHref:
      missing.length > 0 && missing.every(isProof)
        ? stepUpPath({ role: { account: account.name, role } }, '/')
        : undefined,
  };
}

function requestFor({ username, connector, person }: Identity): string {
  return `Please grant me a role in AWS. I am ${username} (signed in by ${connector}, person id ${person}). I need the account … and the role …, because …`;
}
