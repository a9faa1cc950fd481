/**
 * What a hand-out costs the bridge, which runs as a process of its own: a program requests
 * credentials, and the bridge gets a new session from STS for each answer.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loginByDevice } from '../support/cli-login.ts';
import { startWorld } from '../support/world.ts';
import { moveOut, type ServerProcess, sendMany, startServer } from './load.ts';
import { measured } from './profile.ts';
import { type Comparison, median } from './stopwatch.ts';
import { answeringAssumeRole } from './sts-answers.ts';

const LOAD = { connections: 8, requests: 400 } as const;
const ROUNDS = 5;
const WARM_UPS = 3;

/** `key` signs the proof that the account trusts. */
const TRUSTS = {
  saml: { name: 'SAML', account: 'prod', key: 'saml.pem', settings: '' },
  'saml-assertion': {
    name: 'SAML (samlSignatures: assertion)',
    account: 'prod',
    key: 'saml.pem',
    settings: 'samlSignatures: assertion,',
  },
  'web-identity': {
    name: 'web identity',
    account: 'staging',
    key: 'web-identity.pem',
    settings: '',
  },
} as const;

export async function measureHandOut(trust: keyof typeof TRUSTS): Promise<Comparison> {
  const { name, account, key, settings } = TRUSTS[trust];
  const world = await startWorld({
    clock: 'running',
    through: { aws: answeringAssumeRole },
    configure: yaml => yaml.replace(`name: ${account},`, `name: ${account}, ${settings}`),
  });
  const servers: ServerProcess[] = [];
  try {
    const { accessToken } = await loginByDevice(world, 'bob', 'oidc');
    const bridge = await moveOut(world);
    servers.push(bridge);
    const keyFile = join(world.directory, 'keys', key);
    const script = fileURLToPath(new URL('bare-hand-out.ts', import.meta.url));
    const bare = await startServer([script, keyFile, world.urls.aws], /ready/);
    servers.push(bare);
    const load = {
      ...LOAD,
      url: `${world.urls.bridge}/api/v1/credentials`,
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ account, role: 'Developer' }),
    };
    return await compareCosts(`hand-out by ${name} trust`, {
      bridge: () => cost(bridge, () => sendMany(load)),
      floor: () => cost(bare, () => bare.told(LOAD)),
    });
  } finally {
    for (const server of servers) await server.end();
    await world.close();
  }
}

/** Milliseconds of CPU for each of the requests. */
async function cost(server: ServerProcess, work: () => Promise<void>): Promise<number> {
  const before = server.cpuSeconds();
  await work();
  return ((server.cpuSeconds() - before) * 1000) / LOAD.requests;
}

async function compareCosts(
  name: string,
  { bridge, floor }: Readonly<Record<'bridge' | 'floor', () => Promise<number>>>,
): Promise<Comparison> {
  // For the compilers.
  for (let round = 0; round < WARM_UPS; round++) await bridge();
  await floor();
  const rounds: { ours: number; least: number }[] = [];
  for (let round = 0; round < ROUNDS; round++)
    rounds.push({ ours: await measured(bridge), least: await floor() });
  const ratio = median(rounds.map(({ ours, least }) => ours / least));
  return {
    name: `${name}: credentials for a program, CPU of the server`,
    milliseconds: median(rounds.map(({ ours }) => ours)),
    floorName: 'one RSA signature with a key of the bridge and one loopback POST',
    floorMilliseconds: median(rounds.map(({ least }) => least)),
    ratio,
    note: `${(1 / ratio).toFixed(2)} of its throughput per CPU second`,
  };
}
