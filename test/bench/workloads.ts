/** What it costs a machine to get credentials in one step, and to exchange its token. */

import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { CLUSTER_CLAIMS, createPlatform, type Platform } from '../support/workload-platform.ts';
import { startWorld } from '../support/world.ts';
import { listenOnLoopback } from './loopback.ts';
import { type Comparison, compare } from './stopwatch.ts';
import { answeringAssumeRole } from './sts-answers.ts';

const ISSUERS = 50;
const CALLS = 100;
const AUDIENCE = 'https://aws.example.com';
/** Eleven rounds of each measurement, and the first calls. */
const TOKENS = 2 * 14 * CALLS;

export async function measureWorkloads(): Promise<readonly Comparison[]> {
  const platforms = await Promise.all(
    Array.from({ length: ISSUERS }, (_, number) =>
      createPlatform({ issuer: issuerOf(number), audience: AUDIENCE, usual: CLUSTER_CLAIMS }),
    ),
  );
  const files = platforms.map((at, number) => [`jwks-${number}.json`, at(() => 0).jwks] as const);
  const world = await startWorld({
    configure: yaml =>
      `${yaml}\nworkloads:\n${files.map(([file], number) => entry(number, file)).join('')}`,
    files: Object.fromEntries(files),
    through: { aws: answeringAssumeRole },
  });
  const bare = await listenOnLoopback(answeringAssumeRole((_request, response) => response.end()));
  try {
    const made = platforms.map(at => at(() => world.clock.now()));
    const tokens = await tokensOf(made);
    let next = 0;
    const post = async (url: string, body: string, headers: Record<string, string>) => {
      const response = await fetch(url, { method: 'POST', body, headers });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${response.status} ${text}`);
    };
    const keys = createLocalJWKSet(JSON.parse(made[0]!.jwks) as JSONWebKeySet);
    const checked = await made[0]!.token();
    const currentDate = new Date(world.clock.now());
    const floor = async (): Promise<void> => {
      await jwtVerify(checked, keys, { issuer: issuerOf(0), audience: AUDIENCE, currentDate });
      await post(bare.url, 'Action=AssumeRoleWithWebIdentity', {
        'content-type': 'application/x-www-form-urlencoded',
      });
    };
    const oneStep = (token: string): Promise<void> =>
      post(
        `${world.urls.bridge}/api/v1/workload/credentials`,
        '{"account":"staging","role":"Developer"}',
        { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      );
    const of = { floorName: 'one JWT verification and one loopback POST', floor, calls: CALLS };
    return [
      await compare({
        ...of,
        name: `workload: credentials in one step, a new token each time, ${ISSUERS} issuers`,
        run: () => oneStep(tokens[next++ % tokens.length]!),
      }),
      await compare({
        ...of,
        name: 'workload: credentials in one step, the same token within five minutes',
        run: () => oneStep(tokens[0]!),
      }),
      await compare({
        ...of,
        name: 'workload: the exchange alone',
        run: () =>
          post(
            `${world.urls.bridge}/oauth/token`,
            new URLSearchParams({
              grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
              subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
              subject_token: tokens[next++ % tokens.length]!,
            }).toString(),
            { 'content-type': 'application/x-www-form-urlencoded' },
          ),
      }),
    ];
  } finally {
    await Promise.all([bare.close(), world.close()]);
  }
}

function issuerOf(number: number): string {
  return `https://cluster-${number}.example.com`;
}

function entry(number: number, file: string): string {
  return `  - id: cluster-${number}
    issuer: ${issuerOf(number)}
    jwks: { file: ${file} }
    audience: ${AUDIENCE}
    access:
      - { claims: { sub: { pattern: "system:serviceaccount:demo:uploader-*" } }, accounts: [staging], roles: [Developer] }
`;
}

/** Of many subjects, so that no workload reaches its limit. */
function tokensOf(platforms: readonly Platform[]): Promise<readonly string[]> {
  return Promise.all(
    Array.from({ length: TOKENS }, (_, number) =>
      platforms[number % ISSUERS]!.token({
        sub: `system:serviceaccount:demo:uploader-${number % 200}`,
      }),
    ),
  );
}
