/**
 * What answers cost that need no other server: role credentials from a warm cache, and the portal.
 * The bridge is a process of its own, and so is the Express route that is its floor.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { loginByDevice } from '../support/cli-login.ts';
import { startWorld, type World } from '../support/world.ts';
import type { BareRoute } from './bare-express.ts';
import { compareCpu } from './cpu-cost.ts';
import { moveOut, type ServerProcess, sendMany, startServer } from './load.ts';
import type { Comparison } from './stopwatch.ts';

const SCRIPT = fileURLToPath(new URL('bare-express.ts', import.meta.url));
const LOAD = { connections: 100, requests: 4000 } as const;

/** What is requested, and its floor. */
interface Subject {
  readonly name: string;
  readonly floorName: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly floor: (answer: string) => Omit<BareRoute, 'path'>;
}

export async function measureRoleCredentials(): Promise<Comparison> {
  return measure(async world => {
    const { accessToken } = await loginByDevice(world, 'alice', 'saml');
    const header = 'x-amz-sso_bearer_token';
    return {
      name: 'AWS tools: GetRoleCredentials from a warm cache, recorded, CPU of the server',
      floorName:
        'an express route that hashes the bearer, inserts a row of the same size, and answers the same JSON',
      path: '/federation/credentials?account_id=111122223333&role_name=Developer',
      headers: { [header]: accessToken },
      floor: answer => ({ header, answer: JSON.parse(answer), recorded: newestEvent(world) }),
    };
  });
}

export async function measurePortal(): Promise<Comparison> {
  return measure(async world => {
    const { visitor } = await world.signIn('dave', 'saml');
    return {
      name: 'portal: my roles, CPU of the server',
      floorName: 'an express route that hashes the cookie and sends the same bytes',
      path: '/',
      headers: {
        cookie: `rolebridge=${visitor.cookie(world.urls.bridge, 'rolebridge')}`,
        // As the floor is: `npm run bench:portal` measures what is sent.
        'accept-encoding': 'identity',
      },
      floor: answer => ({ header: 'cookie', answer }),
    };
  });
}

async function measure(subjectOf: (world: World) => Promise<Subject>): Promise<Comparison> {
  const world = await startWorld({ clock: 'running' });
  const servers: ServerProcess[] = [];
  try {
    const { name, floorName, path, headers, floor } = await subjectOf(world);
    const bridge = await moveOut(world);
    servers.push(bridge);
    const url = world.urls.bridge + path;
    const response = await fetch(url, { headers });
    const answer = await response.text();
    const route: BareRoute = { path: new URL(url).pathname, ...floor(answer) };
    const bare = await startServer([SCRIPT, JSON.stringify(route), world.directory], /\n/);
    servers.push(bare);
    const bareUrl = new URL(path, bare.said.trim()).href;
    return await compareCpu({
      ...{ name, floorName, requests: LOAD.requests },
      bridge: { server: bridge, work: () => sendMany({ ...LOAD, url, headers }) },
      floor: { server: bare, work: () => sendMany({ ...LOAD, url: bareUrl, headers }) },
    });
  } finally {
    for (const server of servers) await server.end();
    await world.close();
  }
}

/** As the store keeps it. */
function newestEvent(world: World): string {
  const database = new DatabaseSync(join(world.directory, 'rolebridge.db'), { readOnly: true });
  try {
    const row = database.prepare('SELECT event FROM audit_events ORDER BY id DESC LIMIT 1').get();
    return String(row!.event);
  } finally {
    database.close();
  }
}
