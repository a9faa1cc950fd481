/**
 * The portal: my roles by account, or the way to sign in, or how to ask for a role.
 */
import { Router } from 'express';
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import type { Entitlement } from '../core/access-rule.ts';
import { explainMissingProof } from '../core/explanation.ts';
import type { Identity } from '../core/identity.ts';
import type { Evaluation } from '../core/policy.ts';
import type { Connector } from '../core/ports.ts';
import { viewerOf } from '../core/requester.ts';
import { attainableSeconds } from '../core/session.ts';
import { formatDuration } from '../core/time.ts';
import { choicesOf } from '../http/connector-choices.ts';
import { sessionIn, viewerIn } from '../http/current-session.ts';
import { readQuery, text } from '../http/read.ts';
import type { Renderer } from '../http/render.ts';
import { contextOf } from '../http/request-context.ts';
import { stepUpLink } from '../http/sign-in-links.ts';
import type { AccountRows, HelpModel, RoleRow } from '../http/views.ts';

export interface PortalParts {
  readonly access: Access;
  readonly connectors: readonly Connector[];
  readonly renderer: Renderer;
  readonly help: HelpModel | undefined;
}

const PortalQuery = z.object({ q: text(200).optional() });

export function portal(parts: PortalParts): Router {
  const { access, connectors, renderer, help } = parts;
  const router = Router();

  router.get('/', (request, response) => {
    const session = sessionIn(response);
    response.type('html');
    if (session === undefined) {
      response.send(renderer.render('sign-in', { connectors: choicesOf(connectors, '/') }));
      return;
    }
    const viewer = viewerIn(response);
    const { identity } = session;
    const rows = rowsOf(access.rolesFor(viewerOf(session, contextOf(response).origin)));
    if (rows.length === 0) {
      response.send(
        renderer.render('no-roles', {
          viewer,
          groups: identity.groups,
          help,
          request: requestFor(identity),
        }),
      );
      return;
    }
    const query = readQuery(request, PortalQuery).q ?? '';
    const accounts = accountsOf(rows.filter(matches(query)));
    response.send(
      renderer.render('roles', {
        viewer,
        accounts,
        query,
        accountCount: accounts.length,
        roleCount: accounts.reduce((sum, { roles }) => sum + roles.length, 0),
        totalRoleCount: rows.length,
        reauthenticateHref: stepUpLink(identity.connector),
      }),
    );
  });

  return router;
}

interface Row {
  readonly entitlement: Entitlement;
  readonly missing: readonly string[];
}

function rowsOf({ granted, withheld }: Evaluation): Row[] {
  return [
    ...granted.map(entitlement => ({ entitlement, missing: [] })),
    ...withheld.map(({ entitlement, missing }) => ({
      entitlement,
      missing: missing.map(proof => explainMissingProof(proof)),
    })),
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
    missing,
  };
}

function requestFor({ username, connector, person }: Identity): string {
  return `Please give me a role in AWS. I am ${username} (signed in by ${connector}, person id ${person}). I need the account … and the role …, because …`;
}
