import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JwtEntry, WorkloadEntry } from '../../../src/connectors/workloads/entry.ts';
import type { WorkloadEntryId } from '../../../src/core/workload.ts';
import { PLATFORM_CLAIMS, type PlatformName } from '../../support/platform-claims.ts';
import { type PlatformForge, startPlatform } from '../../support/platform-forge.ts';
import type { Claims } from '../../support/token-forge.ts';
import { AUDIENCE, clock, entryFor, now, openProofs, refusal, tokenOf } from './fixture.ts';

const SPIFFE_DOMAIN = 'prod.acme.example';

function spiffeEntry({ keySetUrl: url }: PlatformForge, trustDomain = SPIFFE_DOMAIN): JwtEntry {
  return {
    ...{ id: 'spire' as WorkloadEntryId, kind: 'spiffe', trustDomain },
    ...{ audiences: [AUDIENCE], keys: { kind: 'url', url } },
  };
}

describe('a token of a platform', () => {
  const entries: Partial<Record<PlatformName, (platform: PlatformForge) => WorkloadEntry>> = {
    spiffe: spiffeEntry,
  };
  for (const [name, claimsOf] of Object.entries(PLATFORM_CLAIMS)) {
    test(`of ${name} names the workload and keeps its claims`, async t => {
      const platform = await startPlatform(t);
      const claims: Claims = claimsOf({ iss: platform.issuer, aud: AUDIENCE, at: now() });
      const entry = entries[name as PlatformName]?.(platform) ?? entryFor(platform);
      const proofs = openProofs(t, [entry]);

      const verified = await proofs.verify(await platform.sign(claims));

      const { workload, tokenId } = verified;
      assert.match(workload.id, new RegExp(`^${entry.id}-[a-z2-7]{16}@workload$`));
      assert.equal(workload.entry, entry.id);
      assert.equal(workload.subject, claims.sub);
      assert.deepEqual(JSON.parse(JSON.stringify(workload.claims)), claims);
      assert.equal(tokenId, claims.jti);
      assert.equal(verified.assertedAt, now() * 1000);
      assert.equal(verified.expiresAt, (Number(claims.exp) + 120) * 1000);
    });
  }

  for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].concat(
    ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
  ))
    test(`signed with ${alg} is accepted`, async t => {
      const platform = await startPlatform(t, [alg]);
      const token = await tokenOf(platform, {}, { alg });
      const { workload } = await openProofs(t, [entryFor(platform)]).verify(token);
      assert.equal(workload.claims.repository, 'acme/api');
    });

  const accepted: Readonly<
    Record<string, Parameters<typeof tokenOf> extends [unknown, ...infer R] ? R : never>
  > = {
    'with a list of one audience': [{ aud: [AUDIENCE] }],
    'without a type': [{}, { header: ({ typ: _, ...header }) => header }],
    'without a key id, of a platform with one key': [{}, { header: ({ kid: _, ...rest }) => rest }],
    'with a certificate thumbprint, as GitHub sends it': [
      {},
      { header: header => ({ ...header, x5t: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA' }) },
    ],
    'that was issued 55 s from now': [{ iat: now() + 55, nbf: now() + 55 }],
    'that expired 55 s ago': [{ exp: now() - 55 }],
    'that says nbf and no iat': [{ iat: undefined }],
    'that was issued a day ago and lives a year': [
      { iat: now() - 24 * 3600, exp: now() + 365 * 24 * 3600 },
    ],
    'whose token id is a number, which is none': [{ jti: 7 }],
  };
  for (const [title, [claims, forged]] of Object.entries(accepted))
    test(`${title} is accepted`, async t => {
      const platform = await startPlatform(t);
      const proofs = openProofs(t, [entryFor(platform)]);
      await proofs.verify(await tokenOf(platform, claims, forged));
    });

  test('expires a day and an hour after it was issued, however long it lives', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [entryFor(platform)]);
    const token = await tokenOf(platform, { exp: now() + 365 * 24 * 3600 });
    const { expiresAt } = await proofs.verify(token);
    assert.equal(expiresAt, (now() + 25 * 3600 + 120) * 1000);
  });

  test('has the same proof id each time, and another token has another', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [entryFor(platform)]);
    const token = await tokenOf(platform);
    const [first, second, other] = await Promise.all(
      [token, token, await tokenOf(platform)].map(each => proofs.verify(each)),
    );
    assert.equal(first!.proofId, second!.proofId);
    assert.notEqual(first!.proofId, other!.proofId);
    assert.equal(first!.workload.id, other!.workload.id);
  });

  test('with a claim called __proto__ changes no object', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [entryFor(platform)]);
    const claims = JSON.parse(
      '{"__proto__": {"repository": "acme/root"}, "nested": {"__proto__": {"a": 1}}}',
    );
    const token = await tokenOf(platform, { ...claims, repository: undefined });
    const { workload } = await proofs.verify(token);
    assert.equal(workload.claims.repository, undefined);
    assert.equal((workload.claims.nested as Claims).a, undefined);
    assert.equal(({} as Claims).repository, undefined);
  });
});

describe('a JWT-SVID', () => {
  test('need not say when it was issued', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [spiffeEntry(platform)]);
    const { iat: _, ...claims } = PLATFORM_CLAIMS.spiffe({ iss: '', aud: AUDIENCE, at: now() });
    const { assertedAt } = await proofs.verify(await platform.sign(claims));
    assert.equal(assertedAt, clock.now());
  });

  test('of type JOSE, with a key that its bundle marks for JWT-SVIDs, is accepted', async t => {
    const platform = await startPlatform(t);
    platform.faults.published = keys => [
      ...keys.map(key => ({ ...key, use: 'jwt-svid' })),
      { kty: 'EC', use: 'x509-svid', crv: 'P-256', x: 'AA', y: 'AA' },
    ];
    const proofs = openProofs(t, [spiffeEntry(platform)]);
    const claims = PLATFORM_CLAIMS.spiffe({ iss: '', aud: AUDIENCE, at: now() });
    await proofs.verify(
      await platform.sign(claims, { header: header => ({ ...header, typ: 'JOSE' }) }),
    );
  });

  const wrong: Readonly<Record<string, Claims>> = {
    'of another trust domain': { sub: 'spiffe://evil.example/ns/payments/sa/api' },
    'whose trust domain begins alike': { sub: 'spiffe://prod.acme.example.evil.example/sa/api' },
    'whose trust domain ends alike': { sub: 'spiffe://evil-prod.acme.example/sa/api' },
    'whose trust domain has a user': { sub: 'spiffe://prod.acme.example@evil.example/sa/api' },
    'whose trust domain has a port': { sub: 'spiffe://prod.acme.example:8443/sa/api' },
    'whose trust domain has capitals': { sub: 'spiffe://PROD.acme.example/sa/api' },
    'without a path': { sub: 'spiffe://prod.acme.example' },
    'with an empty path': { sub: 'spiffe://prod.acme.example/' },
    'with an empty segment': { sub: 'spiffe://prod.acme.example//api' },
    'with a dot segment': { sub: 'spiffe://prod.acme.example/ns/../sa/api' },
    'with an escape': { sub: 'spiffe://prod.acme.example/ns/%2e%2e/api' },
    'with a query': { sub: 'spiffe://prod.acme.example/sa/api?admin' },
    'of another scheme': { sub: 'https://prod.acme.example/sa/api' },
    'with an issuer': { iss: 'https://spire.acme.example' },
    'with an empty issuer': { iss: '' },
    'whose issuer is null': { iss: null },
  };
  for (const [title, changes] of Object.entries(wrong))
    test(`${title} is refused`, async t => {
      const platform = await startPlatform(t);
      const proofs = openProofs(t, [spiffeEntry(platform)]);
      const claims = PLATFORM_CLAIMS.spiffe({ iss: '', aud: AUDIENCE, at: now() });
      await refusal(proofs, await platform.sign({ ...claims, ...changes }));
    });

  test('signed with EdDSA is refused, which the specification does not allow', async t => {
    const platform = await startPlatform(t, ['EdDSA']);
    const proofs = openProofs(t, [spiffeEntry(platform)]);
    const claims = PLATFORM_CLAIMS.spiffe({ iss: '', aud: AUDIENCE, at: now() });
    await refusal(proofs, await platform.sign(claims, { alg: 'EdDSA' }));
  });

  test('is not accepted for an entry with an issuer', async t => {
    const platform = await startPlatform(t);
    const proofs = openProofs(t, [entryFor(platform)]);
    const claims = PLATFORM_CLAIMS.spiffe({ iss: '', aud: AUDIENCE, at: now() });
    assert.match((await refusal(proofs, await platform.sign(claims))).hint, /has no issuer/);
  });
});
