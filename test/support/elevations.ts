/** Users and rules for elevations: who asks, who approves, and one human with two accounts. */
import type { Snapshot } from '../../src/compose/compose.ts';
import { type AuthenticatedRequester, type Viewer, viewerOf } from '../../src/core/requester.ts';
import type { Instant } from '../../src/core/time.ts';
import { PEOPLE, type Person } from '../../src/dev/people.ts';
import { CONNECTOR, type Protocol, type World } from './world.ts';

export const ORIGIN = { correlationId: 'test', address: '192.0.2.7' };

function worker(username: string, groups: readonly string[], email?: string): Person {
  return {
    ...{ username, password: username, displayName: username, department: 'Test' },
    ...{ email: email ?? `${username}@acme.example`, groups },
  };
}

export const WORKERS: readonly Person[] = [
  ...PEOPLE,
  worker('erin', ['approvers']),
  worker('frank', ['approvers', 'security']),
  worker('grace', ['security']),
  // Another account of bob, by its e-mail.
  worker('bob-admin', ['approvers'], 'Bob@acme.example'),
  worker('henry', ['oncall', 'developers']),
];

export const RULES = `
  - name: operate
    groups: [developers]
    connectors: [${CONNECTOR.oidc}, ${CONNECTOR.saml}]
    accounts: [prod]
    roles: [Admin]
    session: { sourceIdentity: "{sessionName}" }
    elevation:
      approvers: [{ groups: [approvers], connectors: [${CONNECTOR.oidc}, ${CONNECTOR.saml}] }]
      longest: 2h
      breakGlass: { groups: [oncall], connectors: [${CONNECTOR.oidc}], review: 4h }
  - name: two-approve
    groups: [developers]
    connectors: [${CONNECTOR.oidc}]
    accounts: [staging, gov]
    roles: [Admin]
    elevation:
      approvers:
        - { groups: [approvers], connectors: [${CONNECTOR.oidc}] }
        - { groups: [security], connectors: [${CONNECTOR.oidc}] }
      longest: 2h
      reason: optional
      ticket: { projects: [OPS] }
`;

/** The demo's configuration with rules that make developers eligible. */
export const withRules =
  (rules: string) =>
  (yaml: string): string =>
    yaml.replace('\nadministration:', `${rules}\nadministration:`);

/** The user of a new sign-in, as routes see them; `again` reads their elevations again. */
export async function viewerIn(
  world: World,
  username: string,
  protocol: Protocol = 'oidc',
): Promise<Viewer & { again(): Promise<Viewer> }> {
  const { visitor } = await world.signIn(username, protocol);
  const id = visitor.cookie(world.urls.bridge, 'rolebridge');
  const again = async (bridge: Snapshot = world.bridge): Promise<Viewer> => {
    const session = await bridge.signIn.sessionOf(id, ORIGIN);
    const held = bridge.elevations.heldBy(session!.identity.person);
    return viewerOf(session!, ORIGIN, held);
  };
  return { ...(await again()), again };
}

export function ask(over: {
  readonly role?: string;
  readonly account?: string;
  readonly seconds?: number;
  readonly startsAt?: Instant;
  readonly reason?: string | undefined;
  readonly ticket?: string;
  readonly breakGlass?: boolean;
}) {
  const { account = 'prod', role = 'Admin', ...rest } = over;
  return {
    roles: [{ account, role }],
    ...{ seconds: 3600, reason: 'deploy the fix', breakGlass: false },
    ...rest,
  };
}

/** The code of the error that it throws. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return String((error as { code?: string }).code ?? error);
  }
  return 'none';
}

export type Asker = AuthenticatedRequester & { again(): Promise<Viewer> };
