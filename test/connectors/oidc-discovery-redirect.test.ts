import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { followingPermanently } from '../../src/connectors/permanent-redirect.ts';
import { createPlatformKeys } from '../../src/connectors/workloads/platform-keys.ts';
import type { WorkloadEntryId } from '../../src/core/workload.ts';
import { createOutbound, type Outbound, OutboundFault } from '../../src/outbound.ts';
import { handTurnedClock } from '../support/clock.ts';
import { forgeFor, openConnector, signIn } from '../support/oidc-sign-in.ts';
import { MOVED_DISCOVERY } from '../support/openid-endpoints.ts';
import type { OpenIdProviderForge } from '../support/openid-provider-forge.ts';

const STANDARD = '/.well-known/openid-configuration';

/** A provider whose discovery document has moved. */
async function movedForge(t: TestContext, status: number, to = MOVED_DISCOVERY) {
  const forge = await forgeFor(t);
  forge.faults.redirects = { [STANDARD]: { status, location: to } };
  return forge;
}

async function reasonOf(t: TestContext, forge: OpenIdProviderForge): Promise<string> {
  const availability = (await openConnector(t, forge)).availability();
  assert.ok(availability.state === 'unavailable');
  return availability.reason;
}

describe('a discovery document that has moved', () => {
  for (const status of [301, 308])
    test(`on the same host is read behind one redirect with status ${status}`, async t => {
      const forge = await movedForge(t, status);
      const connector = await openConnector(t, forge);
      assert.equal((await signIn(connector, forge)).identity.username, 'alice');
      assert.equal(forge.asked.discovery, 1);
    });

  for (const status of [302, 303, 307, 300])
    test(`temporarily (${status}) is not read, and the reason names the setting`, async t => {
      const forge = await movedForge(t, status);
      const reason = await reasonOf(t, forge);
      assert.equal(
        reason,
        `${forge.issuer}${STANDARD}: answered with a redirect (${status}), which is not followed, because it is not a permanent one; set oidc.discovery to the address of the document`,
      );
      assert.equal(forge.asked.discovery, 0);
    });

  test('to another host is not read there', async t => {
    const other = await forgeFor(t);
    const forge = await movedForge(t, 301, `${other.issuer}${STANDARD}?secret=1`);
    const reason = await reasonOf(t, forge);
    assert.match(reason, /another host, http:\/\/127\.0\.0\.1:\d+\/\.well-known\/openid-conf/);
    assert.match(reason, /set oidc\.discovery to the address of the document$/);
    assert.doesNotMatch(reason, /secret/);
    assert.equal(other.asked.discovery, 0);
  });

  for (const [title, second] of [
    ['behind a second redirect', { status: 301, location: STANDARD }],
    ['behind a temporary second redirect', { status: 302, location: '/third' }],
  ] as const)
    test(`${title} is not read`, async t => {
      const forge = await movedForge(t, 301);
      const { redirects } = forge.faults;
      forge.faults.redirects = { ...redirects, [MOVED_DISCOVERY]: second };
      assert.match(
        await reasonOf(t, forge),
        /a redirect to another redirect; one is followed; set/,
      );
    });

  test('must still be of the configured issuer', async t => {
    const forge = await movedForge(t, 301);
    forge.faults.discovery = document => ({ ...document, issuer: `${document.issuer}/` });
    assert.match(await reasonOf(t, forge), /it calls itself .*\/, not /);
  });

  test('is the only thing that is read behind a redirect', async t => {
    const forge = await forgeFor(t);
    forge.faults.redirects = { '/jwks': { status: 301, location: '/keys' } };
    const connector = await openConnector(t, forge);
    await assert.rejects(signIn(connector, forge), /\/jwks: .*\(301\), which is not followed/);
  });
});

describe('a redirect is not followed', () => {
  const FROM = 'https://idp.example/a';
  for (const [title, location, why] of [
    ['from https to http', 'http://idp.example/b', /from https to http:\/\/idp\.example\/b/],
    ['to another host', 'https://evil.example/b', /to another host, https:\/\/evil\.example\/b/],
    ['to a host below', 'https://a.idp.example/b', /to another host/],
    ['to another port', 'https://idp.example:8443/b', /to another host, .*:8443/],
    ['to another host without a scheme', '//evil.example/b', /to another host/],
    ['with a user name', 'https://user@idp.example/b', /with a user name or a password/],
    ['with a password', 'https://:secret@idp.example/b', /with a user name or a password/],
    ['to a file', 'file:///etc/passwd', /from https to file:/],
    ['to a script', 'javascript:alert(1)', /from https to javascript:/],
    ['to no URL', 'https://[', /to no address/],
    ['without an address', '', /to no address/],
    ['without a Location', undefined, /to no address/],
  ] as const)
    test(title, async () => {
      const { outbound, asked } = redirecting({ [FROM]: { status: 301, location } });
      const { fetch } = followingPermanently(outbound, 'SETTING');
      await assert.rejects(fetch(FROM), fault => {
        assert.ok(fault instanceof OutboundFault && fault.kind === 'redirect');
        assert.match(fault.message, why);
        assert.match(fault.message, /^https:\/\/idp\.example\/a: .*; SETTING$/);
        assert.doesNotMatch(fault.message, /secret|user@/);
        return true;
      });
      assert.deepEqual(asked, [FROM]);
    });

  test('but to the same host it is, relative or absolute, with its query', async () => {
    for (const location of ['/b?p=1', 'https://idp.example/b?p=1', '//idp.example:443/b?p=1']) {
      const { outbound, asked } = redirecting({ [FROM]: { status: 308, location } });
      const answer = await followingPermanently(outbound, 'SETTING').fetch(FROM);
      assert.equal(await answer.text(), 'here');
      assert.deepEqual(asked, [FROM, 'https://idp.example/b?p=1']);
    }
  });
});

describe('oidc.discovery', () => {
  test('is the address of the document, whatever the issuer serves', async t => {
    const forge = await forgeFor(t);
    forge.faults.redirects = { [STANDARD]: { status: 404, location: '' } };
    const discovery = `${forge.issuer}${MOVED_DISCOVERY}?appid=1`;
    const connector = await openConnector(t, forge, { discovery });
    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
  });

  test('does not change whose document it must be', async t => {
    const [forge, other] = [await forgeFor(t), await forgeFor(t)];
    const discovery = `${other.issuer}${STANDARD}`;
    const connector = await openConnector(t, forge, { discovery });
    const availability = connector.availability();
    assert.ok(availability.state === 'unavailable');
    assert.match(availability.reason, /issuer does not match the expected issuer/);
  });

  test('is named without its query when it cannot be read', async t => {
    const forge = await forgeFor(t);
    const discovery = `${forge.issuer}/nothing?secret=1`;
    const availability = (await openConnector(t, forge, { discovery })).availability();
    assert.ok(availability.state === 'unavailable');
    assert.match(availability.reason, /\/nothing: .*status 404/);
    assert.doesNotMatch(availability.reason, /secret/);
  });
});

describe('the keys of a platform of workloads', () => {
  const ENTRY = {
    id: 'ci' as WorkloadEntryId,
    kind: 'issuer',
    audiences: ['a'],
    keys: { kind: 'discovery' },
  } as const;

  test('are found behind a permanent redirect of the same host, and no other one', async t => {
    const forge = await movedForge(t, 301);
    const outbound = createOutbound({ timeoutSeconds: 5, maxBytes: 100_000 });
    t.after(() => outbound.close());
    const keysOf = () =>
      createPlatformKeys(
        { ...ENTRY, issuer: forge.issuer },
        { outbound, clock: handTurnedClock() },
      ).current();
    assert.equal((await keysOf()).keys.keys.length, 1);
    forge.faults.redirects = { [STANDARD]: { status: 302, location: MOVED_DISCOVERY } };
    await assert.rejects(
      keysOf(),
      /redirect \(302\).*; set jwks\.url to the address of the key set/,
    );
  });
});

/** An outbound that answers these addresses with a redirect, and every other one with "here". */
function redirecting(
  answers: Readonly<Record<string, { status: number; location: string | undefined }>>,
): { readonly outbound: Outbound; readonly asked: string[] } {
  const asked: string[] = [];
  const fetch = async (input: string | URL | Request): Promise<Response> => {
    const address = String(input);
    asked.push(address);
    const answered = answers[address];
    if (answered === undefined) return new Response('here');
    throw new OutboundFault('redirects', { kind: 'redirect', answered });
  };
  return { outbound: { fetch, close: async () => {} }, asked };
}
