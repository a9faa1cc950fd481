/**
 * `npm run bench`: what the bridge costs, as ratios against a floor that is timed in the same run.
 *
 * A floor is the least that the task costs by itself (the lookups, the signatures, the bytes).
 * Absolute figures are of this machine only.
 */
import { createHash, createSign, createVerify, generateKeyPairSync } from 'node:crypto';
import express from 'express';
import { compilePolicy } from '../../src/core/policy.ts';
import { person } from '../support/people.ts';
import { startWorld } from '../support/world.ts';
import { measureAwsTools } from './aws-tools.ts';
import { measureClient } from './client.ts';
import { measureElevations } from './elevations.ts';
import { measureRefresh } from './identity-refresh.ts';
import { largePolicy, PEOPLE_GROUPS } from './large-policy.ts';
import { listenOnLoopback } from './loopback.ts';
import { measureOrganization } from './organization.ts';
import { measureRoleQuestions } from './role-questions.ts';
import { measureStalls } from './stalls.ts';
import { type Comparison, compare } from './stopwatch.ts';
import { measureWorkloads } from './workloads.ts';

const results: Comparison[] = [];

// ---------------------------------------------------------------- the policy
{
  const before = process.memoryUsage().heapUsed;
  const { rules, accounts } = largePolicy();
  const started = performance.now();
  const policy = compilePolicy(rules, accounts);
  const built = performance.now() - started;
  const identity = person({ groups: PEOPLE_GROUPS, authenticatedAt: Date.now() });
  const here = { now: Date.now(), address: '10.1.2.3' };
  const groups = new Map(rules.flatMap(rule => rule.groups.map(group => [group, rule] as const)));
  const looked = performance.now();
  const { granted } = policy.evaluate(identity, here);
  const first = performance.now() - looked;
  // Beside the rules of the large policy, 120 rules that give one role in every account to a group
  // that this person is in.
  const everywhere = rules.slice(0, 120).map((rule, index) => ({
    ...rule,
    name: `everywhere-${index}`,
    accounts: undefined,
    groups: [PEOPLE_GROUPS[index]!],
  }));
  const widePolicy = compilePolicy([...rules, ...everywhere], accounts);
  const wide = widePolicy.evaluate(identity, here).granted;
  results.push(
    await compare({
      name: `policy: every role of a person in ${PEOPLE_GROUPS.length} groups (${granted.length} roles; ${rules.length} rules, ${accounts.length} accounts)`,
      run: () => policy.evaluate(identity, here),
      floorName: 'as many objects put into a list',
      floor: () => granted.map(entitlement => ({ ...entitlement })),
      calls: 200,
    }),
    await compare({
      name: `policy: the same with 120 rules for every account (${wide.length} roles)`,
      run: () => widePolicy.evaluate(identity, here),
      floorName: 'as many objects put into a list',
      floor: () => wide.map(entitlement => ({ ...entitlement })),
      calls: 50,
    }),
    await compare({
      name: 'policy: one role, with the reasons',
      run: () => policy.decide(identity, here, { account: 'account-7', role: 'Admin' }),
      floorName: `${PEOPLE_GROUPS.length} lookups in a Map`,
      floor: () => PEOPLE_GROUPS.filter(group => groups.has(group)).length,
      calls: 200,
    }),
  );
  console.log(
    `policy snapshot: built in ${built.toFixed(0)} ms, first look ${first.toFixed(1)} ms, ${((process.memoryUsage().heapUsed - before) / 2 ** 20).toFixed(0)} MiB of heap with its rules`,
  );
}

// ---------------------------------------------------------------- the accounts of an organization
results.push(...(await measureOrganization()));

// ---------------------------------------------------------------- the front door
{
  const world = await startWorld();
  const { visitor } = await world.signIn('dave', 'saml');
  const cookie = `rolebridge=${visitor.cookie(world.urls.bridge, 'rolebridge')}`;
  // Uncompressed, as the floor is: `npm run bench:portal` measures what is sent.
  const headers = { cookie, 'accept-encoding': 'identity' };
  const get = async (url: string): Promise<string> => (await fetch(url, { headers })).text();
  const page = await get(world.urls.bridge);
  const app = express();
  app.get('/', (request, response) => {
    createHash('sha256')
      .update(request.headers.cookie ?? '')
      .digest();
    response.type('html').send(page);
  });
  const bare = await listenOnLoopback(app);
  results.push(
    await compare({
      name: 'portal: my roles, with a session and headers',
      run: () => get(world.urls.bridge),
      floorName: 'an express route that hashes the cookie and sends the same bytes',
      floor: () => get(bare.url),
      calls: 50,
    }),
  );

  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const text = Buffer.alloc(4096, 'a');
  const sign = (): Buffer => createSign('RSA-SHA256').update(text).sign(privateKey);
  const signature = sign();
  const verify = (): boolean =>
    createVerify('RSA-SHA256').update(text).verify(publicKey, signature);
  results.push(
    await compare({
      name: 'sign-in by SAML, identity provider and browser included',
      run: () => world.signIn('bob', 'saml'),
      floorName: 'its five RSA signatures and three checks',
      floor: () => [sign(), sign(), sign(), sign(), sign(), verify(), verify(), verify()],
      calls: 5,
      // Responses are checked in a thread of their own, which compiles its code for itself.
      warmUp: 150,
    }),
    await compare({
      name: 'console link by SAML trust, local AWS included',
      run: () =>
        visitor.get(`${world.urls.bridge}/console?account=prod&role=Developer`, {
          stopAt: url => url.includes('SigninToken'),
        }),
      floorName: 'its two RSA signatures and two checks',
      floor: () => [sign(), sign(), verify(), verify()],
      calls: 5,
    }),
  );
  await bare.close();
  await world.close();
}

// ---------------------------------------------------------------- groups that are read again
results.push(await measureRefresh());

// ---------------------------------------------------------------- roles for a time
results.push(await measureElevations());

// ---------------------------------------------------------------- who can, what can
results.push(...(await measureRoleQuestions()));

// ---------------------------------------------------------------- machines
results.push(...(await measureWorkloads()));

// ---------------------------------------------------------------- what holds everybody up
results.push(...(await measureStalls()));

// ---------------------------------------------------------------- the client, as processes
results.push(...(await measureClient()));

// ---------------------------------------------------------------- AWS tools, with the bridge as a
// process
results.push(...(await measureAwsTools()));

for (const { name, milliseconds, floorName, floorMilliseconds, ratio, note } of results) {
  console.log(
    `\n${name}\n  ${milliseconds.toFixed(3)} ms, ${ratio.toFixed(2)} x the floor${note === undefined ? '' : ` (${note})`}\n  floor: ${floorName}, ${floorMilliseconds.toFixed(3)} ms`,
  );
}
