/**
 * What AWS tools cost the bridge, which runs as a process of its own: role credentials from a warm
 * cache, and terminals that poll during a sign-in.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { anonymousFrom } from '../../src/core/requester.ts';
import { type AwsTools, awsTools } from '../support/aws-tools.ts';
import { DEVICE_CODE } from '../support/cli-login.ts';
import { startWorld, type World } from '../support/world.ts';
import { moveOut, type ServerProcess, sendMany, startServer } from './load.ts';
import { type Comparison, median } from './stopwatch.ts';

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const CONNECTIONS = 100;
const REQUESTS = 2000;
const ROUNDS = 7;
const TERMINALS = 1000;
const EVERY_MILLISECONDS = 100;
const SIGN_INS = 20;

export async function measureAwsTools(): Promise<Comparison[]> {
  const world = await startWorld({ clock: 'running' });
  const servers: ServerProcess[] = [];
  try {
    const bridge = await moveOut(world);
    servers.push(bridge);
    return [await warmCredentials(world, bridge, servers), await signInDuringPolls(world, bridge)];
  } finally {
    for (const server of servers) await server.end();
    await world.close();
  }
}

/** A device login that waits: what its terminal asks with. */
async function beginLogin(
  world: World,
  client: Awaited<ReturnType<AwsTools['register']>>,
): Promise<object> {
  // Not by the endpoint, which limits device logins from one address.
  const { deviceCode } = await world.bridge.deviceAuthorization.begin(
    anonymousFrom({ correlationId: 'bench', address: '127.0.0.1' }),
    { client: await world.bridge.clients.clientOf(client.clientId!), reauthenticate: false },
  );
  return {
    clientId: client.clientId,
    clientSecret: client.clientSecret,
    grantType: DEVICE_CODE,
    deviceCode,
  };
}

async function warmCredentials(
  world: World,
  bridge: ServerProcess,
  servers: ServerProcess[],
): Promise<Comparison> {
  const { visitor } = await world.signIn('alice', 'saml');
  const tools = awsTools(world);
  const accessToken = (await tools.logIn(visitor)).tokens.accessToken!;
  tools.close();
  const path = '/federation/credentials?account_id=111122223333&role_name=Admin';
  const headers = { 'x-amz-sso_bearer_token': accessToken };
  const answer = await (await fetch(world.urls.bridge + path, { headers })).text();
  const bare = await startServer([script('bare-express.ts'), answer], /\n/);
  servers.push(bare);
  const load = { headers, connections: CONNECTIONS, requests: REQUESTS };
  const cost = async (server: ServerProcess, origin: string): Promise<number> => {
    const before = server.cpuSeconds();
    await sendMany({ ...load, url: new URL(path, origin).href });
    return ((server.cpuSeconds() - before) * 1000) / REQUESTS;
  };
  const rounds: { ours: number; floor: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const ours = await cost(bridge, world.urls.bridge);
    const floor = await cost(bare, bare.said.trim());
    // The first one is for the compilers.
    if (round > 0) rounds.push({ ours, floor });
  }
  const ratio = median(rounds.map(({ ours, floor }) => ours / floor));
  return {
    name: 'AWS tools: GetRoleCredentials from a warm cache, recorded, CPU of the server',
    milliseconds: median(rounds.map(({ ours }) => ours)),
    floorName: 'an express route that hashes the bearer and answers the same JSON',
    floorMilliseconds: median(rounds.map(({ floor }) => floor)),
    ratio,
    note: `${(1 / ratio).toFixed(2)} of its throughput per CPU second`,
  };
}

async function signInDuringPolls(world: World, bridge: ServerProcess): Promise<Comparison> {
  const bodies: string[] = [];
  const tools = awsTools(world);
  const client = await tools.register();
  tools.close();
  for (let terminal = 0; terminal < TERMINALS; terminal++)
    bodies.push(JSON.stringify(await beginLogin(world, client)));
  const signIn = async (): Promise<number> => {
    const started = performance.now();
    await world.signIn('bob', 'saml');
    return performance.now() - started;
  };
  const signIns = async (): Promise<number[]> => {
    const times: number[] = [];
    for (let count = 0; count < SIGN_INS; count++) times.push(await signIn());
    return times;
  };
  await signIns();
  const quiet = await signIns();

  const { hostname, port } = new URL(world.urls.bridge);
  const pollers = spawn(process.execPath, [script('pollers.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  pollers.stdin.end(
    JSON.stringify({
      host: hostname,
      port: Number(port),
      path: '/token',
      bodies,
      everyMilliseconds: EVERY_MILLISECONDS,
      seconds: 12,
    }),
  );
  const { first, counts } = countsOf(pollers);
  await first;
  const before = { cpu: bridge.cpuSeconds(), at: performance.now() };
  const busy = await signIns();
  const used = (bridge.cpuSeconds() - before.cpu) / ((performance.now() - before.at) / 1000);
  if (pollers.exitCode !== null) throw new Error('the polls were over before the sign-ins');
  await once(pollers, 'exit');
  const answered = median(counts.map(count => count.answered));
  const unexpected = counts.reduce((sum, count) => sum + count.unexpected, 0);
  if (unexpected > 0) throw new Error(`${unexpected} polls were not answered as they should be`);
  const worst = Math.max(...busy) - median(quiet);
  return {
    name: `AWS tools: a sign-in while ${TERMINALS} terminals ask ${1000 / EVERY_MILLISECONDS} times a second each`,
    milliseconds: median(busy),
    floorName: 'the same sign-in without them',
    floorMilliseconds: median(quiet),
    ratio: median(busy) / median(quiet),
    note: `${(median(busy) - median(quiet)).toFixed(0)} ms later, ${worst.toFixed(0)} ms at worst of ${SIGN_INS}; ${answered} polls answered a second, the bridge on ${used.toFixed(1)} cores`,
  };
}

interface Count {
  readonly answered: number;
  readonly unexpected: number;
}

/** What the pollers count each second; `first` when they have begun. */
function countsOf(pollers: ChildProcess): {
  readonly first: Promise<unknown>;
  readonly counts: readonly Count[];
} {
  const counts: Count[] = [];
  let rest = '';
  pollers.stdout!.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop()!;
    counts.push(...lines.map(line => JSON.parse(line) as Count));
  });
  return { first: once(pollers.stdout!, 'data'), counts };
}
