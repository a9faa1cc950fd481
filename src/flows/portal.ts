/** The portal: the user's roles by account, or the sign-in page, or how to ask for a role. */
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import type { SignIn } from '../bridge/sign-in.ts';
import { type Entitlement, entitledSeconds } from '../core/access-rule.ts';
import type { Identity } from '../core/identity.ts';
import type { Evaluation } from '../core/policy.ts';
import type { Clock } from '../core/ports.ts';
import { explainRequirement, isProof, type UnmetRequirement } from '../core/requirements.ts';
import { formatDuration, type Instant } from '../core/time.ts';
import { neededFor } from '../core/unmet-approval.ts';
import { view } from '../http/answer.ts';
import { logNoRole } from '../http/claims-log.ts';
import { choicesOf } from '../http/connector-choices.ts';
import { elevationPath, neededLink } from '../http/elevation.ts';
import { timeLeft } from '../http/elevation-rows.ts';
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
  readonly clock: Clock;
  readonly log: Logger;
}

export const portal = page({
  path: '/',
  who: 'signed-in user',
  reads: { query: z.object({ q: text(200).optional() }) },
  signedOut: (_input, _browser, { signIn }: PortalParts) =>
    view('sign-in', { connectors: choicesOf(signIn.connectors, '/') }),
  handle: async ({ q: query = '' }, user, { access, help, clock, log }: PortalParts) => {
    const { identity } = user.session;
    const rows = rowsOf(await access.rolesFor(user));
    if (rows.length === 0) {
      logNoRole(log, user);
      return view('no-roles', { groups: identity.groups, help, request: requestFor(identity) });
    }
    const accounts = accountsOf(rows.filter(matches(query)), clock.now());
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

function accountsOf(rows: readonly Row[], now: Instant): AccountRows[] {
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
      roles: own.map(row => roleRow(row, now)).sort((a, b) => (a.role < b.role ? -1 : 1)),
    }));
}

function roleRow({ entitlement, missing }: Row, now: Instant): RoleRow {
  const { account, role, rule, group, elevation } = entitlement;
  const { consoleSeconds } = rule.session;
  const approval = missing.find(unmet => unmet.requirement === 'approval');
  return {
    role,
    account: account.name,
    credentialsDuration: formatDuration(entitledSeconds(entitlement, now)),
    // The console takes no length of its own for chained credentials.
    consoleDuration:
      consoleSeconds === undefined || account.trust.by === 'hub' || elevation !== undefined
        ? undefined
        : formatDuration(consoleSeconds),
    rule: rule.name,
    group,
    missing: missing.map(unmet => explainRequirement(unmet)),
    stepUpHref:
      missing.length > 0 && missing.every(isProof)
        ? stepUpPath({ role: { account: account.name, role } }, '/')
        : undefined,
    request: approval && neededLink(neededFor(approval, { account: account.name, role })),
    elevation: elevation && {
      href: elevationPath(elevation.id),
      ...timeLeft(elevation.endsAt, now),
    },
  };
}

function requestFor({ username, connector, person }: Identity): string {
  return `Please grant me a role in AWS. I am ${username} (signed in by ${connector}, person id ${person}). I need the account … and the role …, because …`;
}
