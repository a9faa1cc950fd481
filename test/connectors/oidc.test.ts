import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConnectorId } from '../../src/core/identity.ts';
import type { Availability } from '../../src/core/sign-in.ts';
import { HOUR } from '../../src/core/time.ts';
import { addressIn } from '../support/authentication-request.ts';
import { handTurnedClock } from '../support/clock.ts';
import { freePort } from '../support/free-port.ts';
import { forgeFor, openConnector, signIn } from '../support/oidc-sign-in.ts';
import { ALICE, type OpenIdProviderForge } from '../support/openid-provider-forge.ts';

describe('a sign-in begins', () => {
  test('at the authorization endpoint, with state, nonce and a PKCE challenge that fit the expectation', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge, { scopes: ['profile', 'groups'] });
    const { request, expectation } = await connector.begin({
      attemptId: 'attempt-1',
      reauthenticate: false,
    });

    const url = new URL(addressIn(request));
    assert.equal(url.origin + url.pathname, `${forge.issuer}/authorize`);
    assert.ok(expectation.protocol === 'oidc');
    assert.match(expectation.codeVerifier, /^[\w-]{43,128}$/);

    const { code_challenge: challenge, ...parameters } = Object.fromEntries(url.searchParams);
    assert.match(challenge ?? '', /^[\w-]{43}$/);
    assert.notEqual(challenge, expectation.codeVerifier);
    assert.deepEqual(parameters, {
      response_type: 'code',
      client_id: 'bridge',
      redirect_uri: 'https://aws.example.com/oidc/acme/callback',
      scope: 'openid profile groups',
      state: 'attempt-1',
      nonce: expectation.nonce,
      code_challenge_method: 'S256',
    });
  });

  test('with prompt=login and max_age=0 when the user must authenticate again', async t => {
    const connector = await openConnector(t, await forgeFor(t));
    const { request } = await connector.begin({ attemptId: 'attempt-1', reauthenticate: true });
    const { prompt, max_age: maxAge } = Object.fromEntries(
      new URL(addressIn(request)).searchParams,
    );
    assert.deepEqual([prompt, maxAge], ['login', '0']);
  });

  test('with another nonce and verifier each time', async t => {
    const connector = await openConnector(t, await forgeFor(t));
    const attempts = await Promise.all(
      [1, 2].map(() => connector.begin({ attemptId: 'a', reauthenticate: false })),
    );
    const secrets = attempts.flatMap(({ expectation }) =>
      expectation.protocol === 'oidc' ? [expectation.nonce, expectation.codeVerifier] : [],
    );
    assert.equal(new Set(secrets).size, 4);
  });

  test('with a redirect URI without the default port, and the exchange repeats it', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge, { baseUrl: 'https://aws.example.com:443' });
    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
  });
});

describe('a sign-in gives', () => {
  test('the identity that the id_token names, without asking userinfo', async t => {
    const forge = await forgeFor(t);
    const now = Math.floor(Date.now() / 1000);
    forge.person.idToken = {
      ...ALICE,
      name: 'Alice Ünal',
      department: 'Platform',
      amr: ['pwd', 'mfa'],
      acr: 'urn:acme:gold',
      auth_time: now - 60,
    };

    const verified = await signIn(await openConnector(t, forge), forge);

    assert.deepEqual(Object.keys(verified).sort(), ['identity', 'providerSession', 'received']);
    const { identity, received } = verified;
    assert.ok(received.names.includes('department'));
    assert.deepEqual(received.leftOut, []);
    assert.ok(Math.abs(identity.assertedAt - now * 1000) < 60_000);
    assert.deepEqual(
      { ...identity, person: undefined, assertedAt: undefined },
      {
        person: undefined,
        assertedAt: undefined,
        connector: 'acme',
        source: { issuer: forge.issuer, trustedBy: forge.issuer },
        subject: 'alice-0001',
        username: 'alice',
        displayName: 'Alice Ünal',
        email: 'alice@acme.example',
        groups: ['aws-admins', 'developers'],
        attributes: { name: 'Alice Ünal', department: 'Platform' },
        authentication: {
          at: (now - 60) * 1000,
          methods: ['pwd', 'mfa', 'urn:acme:gold'],
          multiFactor: true,
        },
      },
    );
    assert.equal(forge.asked.userinfo, 0);
  });

  test('no time of authentication when the provider tells none: its session may be of any age', async t => {
    const forge = await forgeFor(t);
    const { identity } = await signIn(await openConnector(t, forge), forge);
    assert.equal(identity.authentication.at, undefined);
    assert.deepEqual(identity.authentication.methods, []);
  });

  test('no time of authentication from a provider that tells none, although a fresh sign-in was asked for', async t => {
    // The request went through the browser, and a program there can cut prompt and max_age out
    // of it.
    const forge = await forgeFor(t);
    const { identity } = await signIn(await openConnector(t, forge), forge, {
      reauthenticate: true,
    });
    assert.equal(identity.authentication.at, undefined);
  });

  test('the id_token as the corporate proof, where that is kept', async t => {
    const forge = await forgeFor(t);
    const { corporateProof } = await signIn(
      await openConnector(t, forge, { keepCorporateProof: true }),
      forge,
    );

    assert.ok(corporateProof?.kind === 'id-token');
    assert.ok(forge.made.includes(corporateProof.token));
    assert.equal(
      corporateProof.expiresAt,
      JSON.parse(Buffer.from(corporateProof.token.split('.')[1]!, 'base64url').toString()).exp *
        1000,
    );
  });

  const shapes: [string, Record<string, unknown>, string, string[]][] = [
    ['one group as a string', { groups: 'aws-admins' }, 'groups', ['aws-admins']],
    ['groups as an array', { groups: ['a', 'b'] }, 'groups', ['a', 'b']],
    ['groups in a nested claim', { realm_access: { roles: ['a'] } }, 'realm_access.roles', ['a']],
    ['no groups as none', {}, 'groups', []],
  ];
  for (const [title, claims, groups, expected] of shapes) {
    test(title, async t => {
      const forge = await forgeFor(t);
      const person = { ...ALICE, groups: undefined, ...claims };
      forge.person = { idToken: person, userinfo: person };
      const connector = await openConnector(t, forge, {
        claims: { username: 'preferred_username', email: 'email', groups },
      });
      assert.deepEqual((await signIn(connector, forge)).identity.groups, expected);
    });
  }

  for (const format of ['json', 'jwt'] as const) {
    test(`what only userinfo says, as ${format}, and the id_token wins where both speak`, async t => {
      const forge = await forgeFor(t);
      forge.faults.userinfoFormat = format;
      forge.person = {
        idToken: { sub: ALICE.sub, preferred_username: 'alice', groups: null },
        userinfo: { ...ALICE, preferred_username: 'mallory' },
      };

      const { identity } = await signIn(await openConnector(t, forge), forge);

      assert.deepEqual(
        [identity.username, identity.email, identity.groups],
        ['alice', ALICE.email, ALICE.groups],
      );
      assert.equal(forge.asked.userinfo, 1);
    });
  }

  test('no address when userinfo calls it unverified, whatever the id_token says', async t => {
    const forge = await forgeFor(t);
    forge.person = {
      idToken: { sub: ALICE.sub, preferred_username: 'alice', email_verified: true },
      userinfo: { ...ALICE, email_verified: false },
    };
    assert.equal((await signIn(await openConnector(t, forge), forge)).identity.email, undefined);
  });

  test('what the id_token says where the provider has no userinfo endpoint', async t => {
    const forge = await forgeFor(t);
    forge.faults.discovery = document => ({ ...document, userinfo_endpoint: undefined });
    forge.person.idToken = { sub: ALICE.sub, preferred_username: 'alice' };
    assert.deepEqual((await signIn(await openConnector(t, forge), forge)).identity.groups, []);
  });

  test('an at_hash that fits the access token its due', async t => {
    const forge = await forgeFor(t);
    forge.faults.atHash = 'right';
    assert.equal((await signIn(await openConnector(t, forge), forge)).identity.username, 'alice');
  });

  for (const clientAuthentication of ['client_secret_basic', 'client_secret_post'] as const) {
    test(`its due to a provider that takes ${clientAuthentication} alone`, async t => {
      const forge = await forgeFor(t);
      forge.clientAuthentication = clientAuthentication;
      assert.equal(
        (await signIn(await openConnector(t, forge, { clientAuthentication }), forge)).identity
          .username,
        'alice',
      );
    });
  }

  test('two people when two providers know the same subject at the same time', async t => {
    const forges = await Promise.all([forgeFor(t), forgeFor(t)]);
    const signIns = forges.map(async (forge, index) => {
      forge.person.idToken = { ...ALICE, preferred_username: `alice-${index}` };
      return (
        await signIn(await openConnector(t, forge, { id: `acme-${index}` as ConnectorId }), forge)
      ).identity;
    });

    const [first, second] = await Promise.all(signIns);

    assert.deepEqual([first?.username, second?.username], ['alice-0', 'alice-1']);
    assert.equal(first?.subject, second?.subject);
    assert.notEqual(first?.person, second?.person);
  });

  test('each of many people at once their own identity', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge);
    let next = 0;
    forge.faults.idToken = claims => ({
      ...claims,
      sub: `person-${next}`,
      preferred_username: `user-${next++}`,
    });
    const signIns = await Promise.all(Array.from({ length: 20 }, () => signIn(connector, forge)));
    const pairs = signIns.map(({ identity }) => [
      identity.subject.replace('person-', ''),
      identity.username.replace('user-', ''),
    ]);

    assert.ok(pairs.every(([subject, username]) => subject === username));
    assert.equal(new Set(signIns.map(({ identity }) => identity.person)).size, 20);
  });
});

describe("the provider's keys", () => {
  test('are asked for once in five minutes', async t => {
    const clock = handTurnedClock();
    const forge = await forgeFor(t, { now: clock.now });
    const connector = await openConnector(t, forge, { clock });

    for (const [turn, asked] of [
      [0, 1],
      [299, 1],
      [2, 2],
    ] as const) {
      clock.turn(turn);
      await signIn(connector, forge);
      assert.equal(forge.asked.jwks, asked);
    }
  });

  test('may be changed between two sign-ins without a pause', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge);
    await signIn(connector, forge);
    await forge.rotateKey();
    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
  });

  test('need no id when there is only one, and one refusal is all that its change costs', async t => {
    const forge = await forgeFor(t);
    forge.faults.header = ({ alg }) => ({ alg });
    const connector = await openConnector(t, forge);
    await signIn(connector, forge);
    await forge.rotateKey();
    await assert.rejects(signIn(connector, forge), { code: 'oidc_response_refused' });
    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
  });
});

describe("the provider's clock", () => {
  const cases: [string, number, boolean][] = [
    ['55 s behind is taken', -55, true],
    ['55 s ahead is taken', 55, true],
    ['two minutes ahead is refused', 120, false],
    ['twenty minutes behind is refused', -1200, false],
  ];
  for (const [title, seconds, accepted] of cases) {
    // Long before the machine's own time, so that only the connector's clock can make it right.
    test(title, async t => {
      const clock = handTurnedClock(1_600_000_000_000);
      const forge = await forgeFor(t, { now: () => clock.now() + seconds * 1000 });
      forge.person.idToken = { ...ALICE, auth_time: clock.now() / 1000 + seconds };
      const outcome = signIn(await openConnector(t, forge, { clock }), forge);

      if (accepted)
        assert.equal(
          (await outcome).identity.authentication.at,
          clock.now() + Math.min(seconds, 0) * 1000,
        );
      else await assert.rejects(outcome, { code: 'oidc_response_refused' });
    });
  }
});

describe('availability', () => {
  test('is ready after discovery', async t => {
    const connector = await openConnector(t, await forgeFor(t));
    assert.deepEqual(connector.availability(), { state: 'ready' });
  });

  test('comes back by itself when a provider that was down comes up', async t => {
    const port = await freePort();
    let tell: (availability: Availability) => void = () => {};
    const changed = new Promise<Availability>(resolve => {
      tell = resolve;
    });
    const changes: Availability[] = [];
    const onChange = (availability: Availability) => {
      changes.push(availability);
      if (availability.state === 'ready') tell(availability);
    };
    const registration = {
      issuer: `http://127.0.0.1:${port}`,
      clientId: 'bridge',
      clientSecret: 'p@ss:w/o%rd+&=',
    };
    const connector = await openConnector(t, registration, { retrySeconds: 0.02, onChange });

    const down = connector.availability();
    assert.ok(down.state === 'unavailable');
    assert.match(
      down.reason,
      /^http:\/\/127\.0\.0\.1:\d+\/\.well-known\/openid-configuration: cannot be reached \(ECONNREFUSED\)$/,
    );

    const forge = await forgeFor(t, { port });
    assert.deepEqual(await changed, { state: 'ready' });
    assert.deepEqual(
      changes.map(({ state }) => state),
      ['unavailable', 'ready'],
    );
    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
  });

  test('becomes available when a user begins a sign-in', async t => {
    const port = await freePort();
    const registration = {
      issuer: `http://127.0.0.1:${port}`,
      clientId: 'bridge',
      clientSecret: 'p@ss:w/o%rd+&=',
    };
    const clock = handTurnedClock();

    const connector = await openConnector(t, registration, { clock });
    await assert.rejects(connector.begin({ attemptId: 'a', reauthenticate: false }), {
      code: 'connector_unavailable',
    });

    const forge = await forgeFor(t, { port, now: clock.now });
    clock.turn(2);
    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
    assert.deepEqual(connector.availability(), { state: 'ready' });
  });

  test('holds the time since when it is down, and tells a new reason once', async t => {
    const clock = handTurnedClock(1_800_000_000_000);
    const forge = await forgeFor(t);
    forge.faults.mischief.discovery = 'failing';
    const reasons: string[] = [];
    const onChange = (availability: Availability) => {
      assert.ok(availability.state === 'unavailable');
      assert.equal(availability.since, 1_800_000_000_000);
      reasons.push(availability.reason.replace(/^.*: /, ''));
    };

    const connector = await openConnector(t, forge, { clock, onChange });
    for (const mischief of ['failing', 'not-json', 'not-json'] as const) {
      clock.turn(600);
      forge.faults.mischief.discovery = mischief;
      await assert.rejects(connector.begin({ attemptId: 'a', reauthenticate: false }), {
        code: 'connector_unavailable',
      });
    }
    assert.deepEqual(reasons, [
      'unexpected HTTP response status code (status 503)',
      'unexpected response content-type (status 200)',
    ]);

    const down = connector.availability();
    assert.equal(down.state === 'unavailable' && down.since, 1_800_000_000_000);
  });

  test('asks for the document again after an hour, and keeps the old one when there is no new one', async t => {
    const clock = handTurnedClock();
    const forge = await forgeFor(t, { now: clock.now });
    const connector = await openConnector(t, forge, { clock });
    clock.turn(HOUR + 1);
    forge.faults.mischief.discovery = 'failing';
    const again = askedTwice(forge);
    await connector.begin({ attemptId: 'a', reauthenticate: false });

    await again;

    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
    assert.deepEqual(connector.availability(), { state: 'ready' });
  });

  test('asks a provider that is down once, however many people wait for it', async t => {
    const forge = await forgeFor(t);
    forge.faults.mischief.discovery = 'failing';
    const clock = handTurnedClock();
    const connector = await openConnector(t, forge, { clock });
    const tenPeople = () =>
      Promise.allSettled(
        Array.from({ length: 10 }, () =>
          connector.begin({ attemptId: 'a', reauthenticate: false }),
        ),
      );

    await tenPeople();
    assert.equal(forge.asked.discovery, 1, 'it was asked a moment ago');

    clock.turn(2);
    await tenPeople();
    assert.equal(forge.asked.discovery, 2);
  });
});

/** Resolves when the discovery document has been asked for a second time. */
function askedTwice(forge: OpenIdProviderForge): Promise<void> {
  return new Promise(resolve => {
    let count = forge.asked.discovery;
    Object.defineProperty(forge.asked, 'discovery', {
      get: () => count,
      set: (value: number) => {
        count = value;
        if (count === 2) resolve();
      },
    });
  });
}
