import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { JWK } from 'jose';
import type { WorkloadProofs } from '../../../src/core/ports.ts';
import type { Availability } from '../../../src/core/sign-in.ts';
import type { WorkloadEntryId } from '../../../src/core/workload.ts';
import { eventually } from '../../support/eventually.ts';
import type { Mischief } from '../../support/mischief.ts';
import { type PlatformForge, startPlatform } from '../../support/platform-forge.ts';
import { clock, entryFor, openProofs, refusal, tokenOf } from './fixture.ts';

const KUBERNETES = 'https://kubernetes.default.svc.cluster.local';
const named = (id: string) => ({ id: id as WorkloadEntryId });

/** An entry whose keys are at an address that the token does not know. */
function byUrl(platform: PlatformForge) {
  return entryFor({ issuer: KUBERNETES }, { keys: { kind: 'url', url: platform.keySetUrl } });
}

function keyFile(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-keys-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, 'jwks.json');
}

/** As an operator of a cluster replaces it. */
function place(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, typeof content === 'string' ? content : JSON.stringify(content));
  renameSync(`${file}.new`, file);
}

/** Whether proofs accept a new token of the platform. */
async function accepts(proofs: WorkloadProofs, platform: PlatformForge, iss = platform.issuer) {
  const verified = await proofs
    .verify(await tokenOf(platform, { iss }))
    .catch((error: { code: string }) => error.code);
  return typeof verified === 'string' ? verified : true;
}

describe('the keys of a platform', () => {
  test('are read at the start, without waiting for them, and then kept for ten minutes', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [entryFor(platform)]);
    assert.deepEqual(platform.asked, { discovery: 0, jwks: 0 });
    await eventually(() => platform.asked.jwks === 1);
    for (let token = 0; token < 3; token += 1) assert.equal(await accepts(proofs, platform), true);
    assert.deepEqual(platform.asked, { discovery: 1, jwks: 1 });
    clock.turn(601);
    assert.equal(await accepts(proofs, platform), true);
    assert.deepEqual(platform.asked, { discovery: 2, jwks: 2 });
  });

  test('are renewed in the background before they are old, once for all callers', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [entryFor(platform)]);
    await accepts(proofs, platform);
    clock.turn(301);
    platform.faults.jwks = 'hanging';
    const all = await Promise.all([1, 2, 3].map(() => accepts(proofs, platform)));
    assert.deepEqual(all, [true, true, true]);
    await eventually(() => platform.asked.jwks === 2);
  });

  test('are read once for callers that come at the same time', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [entryFor(platform)]);
    const all = await Promise.all(Array.from({ length: 20 }, () => accepts(proofs, platform)));
    assert.ok(all.every(each => each === true));
    assert.deepEqual(platform.asked, { discovery: 1, jwks: 1 });
  });

  test('are read again for an unknown key id, at most once a minute', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [entryFor(platform)]);
    assert.equal(await accepts(proofs, platform), true);
    await platform.rotate();
    assert.equal(await accepts(proofs, platform), 'workload_refused', 'read just now');
    clock.turn(61);
    assert.equal(await accepts(proofs, platform), true);
    assert.equal(platform.asked.jwks, 2);
    for (let kid = 0; kid < 5; kid += 1)
      await refusal(
        proofs,
        await tokenOf(platform, {}, { header: header => ({ ...header, kid: `${kid}` }) }),
      );
    assert.equal(platform.asked.jwks, 2);
  });

  test('that the platform has withdrawn do not count after ten minutes', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [entryFor(platform)]);
    const old = await tokenOf(platform, { exp: Math.floor(clock.now() / 1000) + 3600 });
    await proofs.verify(old);
    await platform.rotate();
    clock.turn(601);
    await refusal(proofs, old);
  });

  test('serve for twelve hours while the platform is down, and no longer', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [entryFor(platform)]);
    assert.equal(await accepts(proofs, platform), true);
    await platform.stop();
    clock.turn(11 * 3600);
    assert.equal(await accepts(proofs, platform), true);
    clock.turn(3601);
    assert.equal(await accepts(proofs, platform), 'workload_unavailable');
    await platform.start();
    clock.turn(6);
    assert.equal(await accepts(proofs, platform), true);
  });

  test('of a platform that was down at the start are read as soon as it is up', async t => {
    const platform = await startPlatform(t);
    await platform.stop();
    const changes: Availability[] = [];
    const proofs = openProofs(t, [entryFor(platform)], {
      onChange: (_entry, availability) => changes.push(availability),
    });
    const error = await refusal(proofs, await tokenOf(platform), 'workload_unavailable');
    assert.match(error.message, /^the keys of workloads\.ci cannot be read: .+ECONNREFUSED/);
    await platform.start();
    clock.turn(6);
    assert.equal(await accepts(proofs, platform), true);
    assert.deepEqual(
      changes.map(({ state }) => state),
      ['unavailable', 'ready'],
    );
  });

  const broken: readonly Mischief[] = [
    ...(['huge', 'hanging', 'redirecting', 'garbage', 'not-json', 'failing', 'dropping'] as const),
  ];
  for (const document of ['discovery', 'jwks'] as const)
    for (const mischief of broken)
      test(`are unavailable while ${document} is ${mischief}`, async t => {
        const platform = await startPlatform(t);
        platform.faults[document] = mischief;
        const proofs = openProofs(t, [entryFor(platform)]);
        await refusal(proofs, await tokenOf(platform), 'workload_unavailable');
      });

  const documents: Readonly<Record<string, Record<string, unknown>>> = {
    'of another issuer': { issuer: 'https://ci.evil.example' },
    'of the issuer with a slash': { issuer: undefined },
    'without jwks_uri': { jwks_uri: undefined },
    'whose jwks_uri is a file': { jwks_uri: 'file:///etc/passwd' },
    'whose jwks_uri is http elsewhere': { jwks_uri: 'http://ci.evil.example/jwks' },
    'whose jwks_uri has a password': { jwks_uri: 'https://a:b@ci.example/jwks' },
  };
  for (const [title, changes] of Object.entries(documents))
    test(`are not taken from a discovery document ${title}`, async t => {
      const platform = await startPlatform(t);
      platform.faults.document = document => ({
        ...document,
        ...changes,
        ...('issuer' in changes && { issuer: changes.issuer ?? `${platform.issuer}/` }),
      });
      const proofs = openProofs(t, [entryFor(platform)]);
      await refusal(proofs, await tokenOf(platform), 'workload_unavailable');
      assert.equal(platform.asked.jwks, 0);
    });

  test('of an https issuer are not fetched from this machine by http', async t => {
    // The issuer is an honest one whose document was changed: it must not lead to our own services.
    const platform = await startPlatform(t);
    const outbound = {
      fetch: async () => Response.json({ issuer: KUBERNETES, jwks_uri: platform.keySetUrl }),
      close: async () => {},
    };
    const proofs = openProofs(t, [entryFor({ issuer: KUBERNETES })], { outbound });
    const token = await tokenOf(platform, { iss: KUBERNETES });
    await refusal(proofs, token, 'workload_unavailable');
    assert.equal(platform.asked.jwks, 0);
  });

  test('by address need no discovery', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [byUrl(platform)]);
    assert.equal(await accepts(proofs, platform, KUBERNETES), true);
    assert.equal(platform.asked.discovery, 0);
  });

  test('that do not answer delay no request to another platform', async t => {
    const [slow, quick] = [await startPlatform(t), await startPlatform(t)];
    const proofs = openProofs(t, [entryFor(slow, named('slow')), entryFor(quick, named('quick'))]);
    slow.faults.jwks = 'hanging';
    assert.equal(await accepts(proofs, quick), true);
  });
});

describe('a key set', () => {
  const useless: Readonly<Record<string, (keys: JWK[]) => JWK[]>> = {
    'without keys': () => [],
    'with private keys': keys => keys.map(key => ({ ...key, d: 'AAAA' })),
    'with symmetric keys': keys => keys.map(({ kid }) => ({ kty: 'oct', k: 'AAAA', kid: kid! })),
    'with keys for encryption': keys => keys.map(key => ({ ...key, use: 'enc' })),
    'with keys for JWT-SVIDs alone': keys => keys.map(key => ({ ...key, use: 'jwt-svid' })),
    'of 201 keys': keys => Array.from({ length: 201 }, (_, at) => ({ ...keys[0]!, kid: `${at}` })),
    'with a member that is not a key': keys => [...keys, 'key' as unknown as JWK],
  };
  for (const [title, published] of Object.entries(useless))
    test(`${title} is unavailable`, async t => {
      const platform = await startPlatform(t);
      platform.faults.published = published;
      const proofs = openProofs(t, [entryFor(platform)]);
      await refusal(proofs, await tokenOf(platform), 'workload_unavailable');
    });

  const unfit: Readonly<Record<string, readonly [(keys: JWK[]) => JWK[], RegExp]>> = {
    'with two keys of one id': [keys => [...keys, ...keys], /^Several keys of its issuer fit/],
    'whose key is not on its curve': [
      keys => keys.map(key => ({ ...key, x: 'A'.repeat(43) })),
      /^The key of its issuer cannot verify the token/,
    ],
    'whose key is of another algorithm': [
      keys => keys.map(key => ({ ...key, alg: 'ES384' })),
      /publishes no key that fits/,
    ],
  };
  for (const [title, [published, hint]] of Object.entries(unfit))
    test(`${title} verifies nothing`, async t => {
      const platform = await startPlatform(t);
      platform.faults.published = published;
      const proofs = openProofs(t, [entryFor(platform)]);
      assert.match((await refusal(proofs, await tokenOf(platform))).hint, hint);
    });

  test('with a short RSA key verifies nothing', async t => {
    const platform = await startPlatform(t, ['RS256']);
    platform.faults.published = keys =>
      keys.map(key => ({ ...key, n: key.n!.slice(0, Math.floor(key.n!.length / 2)) }));
    const proofs = openProofs(t, [entryFor(platform)]);
    await refusal(proofs, await tokenOf(platform, {}, { alg: 'RS256' }));
  });

  test('with a private key and a public one serves the public one', async t => {
    const platform = await startPlatform(t);
    platform.faults.published = keys => [...keys, { ...keys[0]!, kid: 'leaked', d: 'AAAA' }];
    assert.equal(await accepts(openProofs(t, [entryFor(platform)]), platform), true);
  });

  test('of several keys requires that a token names its key', async t => {
    const platform = await startPlatform(t);
    const other = await startPlatform(t);
    platform.faults.published = keys => [...keys, ...other.keySet().keys];
    const proofs = openProofs(t, [entryFor(platform)]);
    const token = await tokenOf(platform, {}, { header: ({ kid: _, ...rest }) => rest });
    assert.match((await refusal(proofs, token)).hint, /^Several keys of its issuer fit/);
  });
});

describe('a key file', () => {
  const entryOf = (file: string) =>
    entryFor({ issuer: KUBERNETES }, { keys: { kind: 'file', file } });

  test('counts, and what replaces it counts a few seconds later', async t => {
    const [before, after] = [await startPlatform(t), await startPlatform(t)];
    const file = keyFile(t);
    place(file, before.keySet());
    const proofs = openProofs(t, [entryOf(file)]);
    assert.equal(await accepts(proofs, before, KUBERNETES), true);
    place(file, after.keySet());
    clock.turn(6);
    assert.equal(await accepts(proofs, after, KUBERNETES), true);
    assert.equal(await accepts(proofs, before, KUBERNETES), 'workload_refused');
  });

  const bad: Readonly<Record<string, unknown>> = {
    'is half written': '{"keys": [{"kty"',
    'is not a key set': { kid: 'x' },
    'is too large': `{"keys": [], "x": "${'x'.repeat(1024 * 1024)}"}`,
  };
  for (const [title, content] of Object.entries(bad))
    test(`that ${title} leaves the last good keys, and then none`, async t => {
      const platform = await startPlatform(t);
      const file = keyFile(t);
      place(file, platform.keySet());
      const proofs = openProofs(t, [entryOf(file)]);
      assert.equal(await accepts(proofs, platform, KUBERNETES), true);
      place(file, content);
      clock.turn(60);
      assert.equal(await accepts(proofs, platform, KUBERNETES), true);
      clock.turn(12 * 3600);
      assert.equal(await accepts(proofs, platform, KUBERNETES), 'workload_unavailable');
    });

  test('that is missing is unavailable, until it is there', async t => {
    const platform = await startPlatform(t);
    const file = keyFile(t);
    const proofs = openProofs(t, [entryOf(file)]);
    assert.equal(await accepts(proofs, platform, KUBERNETES), 'workload_unavailable');
    place(file, platform.keySet());
    clock.turn(2);
    assert.equal(await accepts(proofs, platform, KUBERNETES), true);
  });
});

describe('two clusters with one issuer', () => {
  test('are told apart by their keys', async t => {
    const [first, second] = [await startPlatform(t), await startPlatform(t)];
    const proofs = openProofs(t, [
      { ...byUrl(first), ...named('first') },
      { ...byUrl(second), ...named('second') },
    ]);
    const workloads = await Promise.all(
      [first, second].map(
        async platform =>
          (await proofs.verify(await tokenOf(platform, { iss: KUBERNETES }))).workload,
      ),
    );
    assert.deepEqual(
      workloads.map(({ entry }) => entry),
      ['first', 'second'],
    );
    assert.notEqual(workloads[0]!.id, workloads[1]!.id);
  });

  test('with one audience each: a token for the one is refused by the keys of the other', async t => {
    const [first, second] = [await startPlatform(t), await startPlatform(t)];
    const proofs = openProofs(t, [
      { ...byUrl(first), ...named('first'), audiences: ['urn:first'] },
      { ...byUrl(second), ...named('second'), audiences: ['urn:second'] },
    ]);
    const token = await tokenOf(second, { iss: KUBERNETES, aud: 'urn:first' });
    await refusal(proofs, token);
  });

  test('of which one is down: the tokens of the other are accepted', async t => {
    const [down, up] = [await startPlatform(t), await startPlatform(t)];
    await down.stop();
    const proofs = openProofs(t, [
      { ...byUrl(down), ...named('down') },
      { ...byUrl(up), ...named('up') },
    ]);
    const { workload } = await proofs.verify(await tokenOf(up, { iss: KUBERNETES }));
    assert.equal(workload.entry, 'up');
    const stranger = await startPlatform(t);
    const token = await tokenOf(stranger, { iss: KUBERNETES });
    await refusal(proofs, token, 'workload_unavailable');
  });

  test('of which one is slow: the tokens of the other do not wait', async t => {
    const [slow, quick] = [await startPlatform(t), await startPlatform(t)];
    const hanging = createServer(() => {}).listen(0, '127.0.0.1');
    await once(hanging, 'listening');
    t.after(() => {
      hanging.closeAllConnections();
      hanging.close();
    });
    const { port } = hanging.address() as AddressInfo;
    const proofs = openProofs(t, [
      { ...byUrl({ ...slow, keySetUrl: `http://127.0.0.1:${port}/jwks` }), ...named('slow') },
      { ...byUrl(quick), ...named('quick') },
    ]);
    await eventually(() => quick.asked.jwks === 1);
    const token = await tokenOf(quick, { iss: KUBERNETES });
    // The keys of the quick one arrive; the slow one has its second in any case.
    await proofs.verify(token);
    const started = performance.now();
    await proofs.verify(await tokenOf(quick, { iss: KUBERNETES }));
    assert.ok(performance.now() - started < 500);
  });
});
