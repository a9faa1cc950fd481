/**
 * What a hand-out costs the bridge, which runs as a process of its own: a program requests
 * credentials, and the bridge gets a new session from STS for each answer.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loginByDevice } from '../support/cli-login.ts';
import { startWorld } from '../support/world.ts';
import { compareCpu } from './cpu-cost.ts';
import { moveOut, type ServerProcess, sendMany, startServer } from './load.ts';
import type { Comparison } from './stopwatch.ts';
import { answeringAssumeRole } from './sts-answers.ts';

const LOAD = { connections: 8, requests: 400 } as const;

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
    return await compareCpu({
      name: `hand-out by ${name} trust: credentials for a program, CPU of the server`,
      floorName: 'one RSA signature with a key of the bridge and one loopback POST',
      requests: LOAD.requests,
      bridge: { server: bridge, work: () => sendMany(load) },
      floor: { server: bare, work: () => bare.told(LOAD) },
    });
  } finally {
    for (const server of servers) await server.end();
    await world.close();
  }
}
