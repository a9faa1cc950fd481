/** Terminals that poll the bridge, a process of its own, during a sign-in. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { anonymousFrom } from '../../src/core/requester.ts';
import { type AwsTools, awsTools } from '../support/aws-tools.ts';
import { DEVICE_CODE } from '../support/cli-login.ts';
import { startWorld, type World } from '../support/world.ts';
import { moveOut, type ServerProcess } from './load.ts';
import { type Comparison, median } from './stopwatch.ts';

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const TERMINALS = 1000;
const EVERY_MILLISECONDS = 100;
const SIGN_INS = 20;

export async function measureAwsTools(): Promise<Comparison> {
  const world = await startWorld({ clock: 'running' });
  const servers: ServerProcess[] = [];
  try {
    const bridge = await moveOut(world);
    servers.push(bridge);
    return await signInDuringPolls(world, bridge);
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
