/** Our tokens, checked by another JWT library than the one that signs. */
import assert from 'node:assert/strict';
import { createPublicKey, type JsonWebKey, X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import jsonwebtoken from 'jsonwebtoken';
import { partitionTable } from '../../src/core/partitions.ts';
import { createIssuer } from '../../src/issuer/issuer.ts';
import type { SigningKeys } from '../../src/issuer/signing-keys.ts';
import { anAccount, anAssertionSubject, aRoleSession } from '../support/assertion-subject.ts';
import { handTurnedClock } from '../support/clock.ts';
import { ephemeralKeys } from './ephemeral-keys.ts';

const clock = handTurnedClock();
let keys: SigningKeys;
before(async () => {
  keys = await ephemeralKeys(clock);
});

const issuer = () =>
  createIssuer({
    baseUrl: 'https://aws.example.com',
    samlEntityId: 'x',
    audience: 'sts.amazonaws.com',
    keys,
    partitions: partitionTable(),
    clock,
  });

/**
 * The claims, after what a relying party does: the key by kid from our key set, then signature,
 * issuer, audience and times.
 */
function verified(token: string): Record<string, unknown> {
  const { header } = jsonwebtoken.decode(token, { complete: true })!;
  const jwk = issuer()
    .jwks()
    .keys.find(({ kid }) => kid === header.kid);
  assert.ok(jwk, 'the key is published');
  return jsonwebtoken.verify(token, createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }), {
    algorithms: ['RS256'],
    issuer: 'https://aws.example.com',
    audience: 'sts.amazonaws.com',
    clockTimestamp: Math.floor(clock.now() / 1000),
  }) as Record<string, unknown>;
}

describe('a web identity token for AWS', () => {
  it('holds the claims that STS needs, lives five minutes, and nothing else', async () => {
    const claims = verified(await issuer().webIdentityToken(anAssertionSubject()));
    assert.deepEqual(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sub']);
    assert.equal(claims.sub, 'k3jx2q7d5vbn4mza');
    assert.equal(claims.iat, Math.floor(clock.now() / 1000));
    assert.equal(claims.exp, Number(claims.iat) + 300);
  });

  it('has another audience for an account with an STS of its own, so that AWS rejects it', async () => {
    const account = anAccount({ stsEndpoint: 'https://store.example.com', stsAudience: 'store' });
    const token = await issuer().webIdentityToken(anAssertionSubject({ account }));
    assert.throws(() => verified(token), /jwt audience invalid/);
    assert.equal((jsonwebtoken.decode(token) as { aud?: unknown }).aud, 'store');
  });

  it('is over after five minutes', async () => {
    const token = await issuer().webIdentityToken(anAssertionSubject());
    clock.turn(299);
    verified(token);
    clock.turn(2);
    assert.throws(() => verified(token), /jwt expired/);
  });

  it('carries tags, transitive keys and source identity in the nested form', async () => {
    const session = aRoleSession({
      tags: [
        { key: 'Project', value: 'Automation' },
        { key: 'CostCenter', value: '987654' },
      ],
      transitiveTags: ['Project'],
      sourceIdentity: 'alice',
    });
    const claims = verified(await issuer().webIdentityToken(anAssertionSubject({ session })));

    assert.deepEqual(claims['https://aws.amazon.com/tags'], {
      principal_tags: { Project: ['Automation'], CostCenter: ['987654'] },
      transitive_tag_keys: ['Project'],
    });
    assert.equal(claims['https://aws.amazon.com/source_identity'], 'alice');
  });

  for (const text of ['__proto__', 'constructor', '"}],"sub":"root', '\u2028<script>', '𝔞é']) {
    it(`carries ${JSON.stringify(text)} as a tag's key and value unchanged`, async () => {
      const session = aRoleSession({ tags: [{ key: text, value: text }], transitiveTags: [text] });
      const claims = verified(await issuer().webIdentityToken(anAssertionSubject({ session })));
      assert.equal(claims.sub, 'k3jx2q7d5vbn4mza');
      const { principal_tags, transitive_tag_keys } = claims[
        'https://aws.amazon.com/tags'
      ] as Record<string, Record<string, unknown>>;
      assert.deepEqual(Object.entries(principal_tags!), [[text, [text]]]);
      assert.deepEqual(transitive_tag_keys, [text]);
    });
  }

  it('never repeats its id', async () => {
    const [one, other] = await Promise.all([
      issuer().webIdentityToken(anAssertionSubject()),
      issuer().webIdentityToken(anAssertionSubject()),
    ]);
    assert.notEqual(verified(one).jti, verified(other).jti);
  });

  it('is refused when it is longer than STS takes', async () => {
    const tags = Array.from({ length: 50 }, (_, index) => ({
      key: `${index}${'€'.repeat(120)}`,
      value: '€'.repeat(200),
    }));
    await assert.rejects(
      issuer().webIdentityToken(anAssertionSubject({ session: aRoleSession({ tags }) })),
      {
        code: 'session_settings_invalid',
        message: /more than 20000 characters/,
      },
    );
  });
});

describe('the OpenID Connect documents for AWS', () => {
  it('hold every member that STS wants, and no endpoint that we do not have', () => {
    const configuration = issuer().openIdConfiguration();
    assert.equal(configuration.issuer, 'https://aws.example.com');
    assert.equal(configuration.jwks_uri, 'https://aws.example.com/.well-known/jwks.json');
    assert.deepEqual(configuration.response_types_supported, ['id_token']);
    assert.deepEqual(configuration.subject_types_supported, ['public']);
    assert.deepEqual(configuration.id_token_signing_alg_values_supported, ['RS256']);
    assert.ok(!Object.keys(configuration).some(name => name.endsWith('_endpoint')));
  });

  it('publish every key of the ring by its public half only', () => {
    const { active } = keys.webIdentity;
    const rotating = {
      ...keys,
      webIdentity: { active, published: [active, { ...keys.saml.active }] },
    };

    const { keys: published } = createIssuer({
      baseUrl: 'https://b.example',
      samlEntityId: 'x',
      audience: 'a',
      keys: rotating,
      partitions: partitionTable(),
      clock,
    }).jwks();
    assert.deepEqual(
      published.map(key => key.kid),
      [active.kid, keys.saml.active.kid],
    );

    for (const key of published)
      assert.deepEqual(Object.keys(key).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use', 'x5c']);
  });

  it('are published each with its own certificate alone, as base64 of DER', () => {
    const { active } = keys.webIdentity;
    for (const key of issuer().jwks().keys as readonly (JsonWebKey & { x5c: string[] })[]) {
      assert.equal(key.x5c.length, 1);
      assert.match(key.x5c[0]!, /^[A-Za-z0-9+/]+={0,2}$/);
      const certificate = new X509Certificate(Buffer.from(key.x5c[0]!, 'base64'));
      assert.equal(certificate.toString(), active.certificatePem);
      assert.ok(certificate.publicKey.equals(createPublicKey({ key, format: 'jwk' })));
    }
  });
});
