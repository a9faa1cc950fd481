import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WorldInput } from '../../src/dev/local-aws/world.ts';
import { button, refusalOn } from '../support/handout.ts';
import { type World, type WorldOptions, worldFor } from '../support/world.ts';

describe('people who must be in a network', () => {
  const PATH = '/credentials?account=prod&role=Inside';
  const rule =
    '  - { name: inside, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [prod], roles: [Inside], require: { networks: [10.0.0.0/8, "2001:db8:1::/48"] } }';
  const trusting = (proxy: string): WorldOptions => ({
    configure: yaml =>
      yaml
        .replace(/^access:$/m, `$&\n${rule}`)
        .replace(/^baseUrl:.*$/m, `$&\nproxy: { trusted: [${proxy}/32] }`),
    aws: withInsideRole,
  });

  for (const { who, proxy, cases } of [
    {
      who: 'behind a proxy that is trusted',
      proxy: '127.0.0.1',
      cases: [
        { said: '10.1.2.3', from: '10.1.2.3', allowed: true },
        { said: '::ffff:10.1.2.3', from: '::ffff:10.1.2.3', allowed: true },
        { said: '2001:db8:1::7', from: '2001:db8:1::7', allowed: true },
        { said: '203.0.113.7', from: '203.0.113.7', allowed: false },
        { said: '2001:db8:2::7', from: '2001:db8:2::7', allowed: false },
        // The proxy adds what it saw at the end; what stands in front is hearsay.
        { said: '10.1.2.3, 203.0.113.7', from: '203.0.113.7', allowed: false },
        { said: '203.0.113.7, 10.1.2.3', from: '10.1.2.3', allowed: true },
        { said: '10.1.2.3, 127.0.0.1', from: '10.1.2.3', allowed: true },
        { said: 'unknown', from: '127.0.0.1', allowed: false },
        { said: undefined, from: '127.0.0.1', allowed: false },
      ],
    },
    {
      who: 'who come straight, or by a proxy that is a stranger',
      proxy: '192.0.2.1',
      cases: [
        { said: '10.1.2.3', from: '127.0.0.1', allowed: false },
        { said: '10.1.2.3, 192.0.2.1', from: '127.0.0.1', allowed: false },
        { said: undefined, from: '127.0.0.1', allowed: false },
      ],
    },
  ]) {
    it(`${who} are taken for where they come from`, async t => {
      const world = await worldFor(t, trusting(proxy));
      const { visitor } = await world.signIn('bob', 'saml');

      for (const { said, from, allowed } of cases) {
        const answer = await visitor.get(`${world.urls.bridge}${PATH}`, {
          headers: said === undefined ? {} : { 'x-forwarded-for': said },
        });
        assert.equal(answer.status, allowed ? 200 : 403, `X-Forwarded-For: ${said}`);
        if (allowed) continue;
        assert.ok(
          answer.text.includes(
            `It can be used only from 10.0.0.0/8, 2001:db8:1::/48, and your address is ${from}.`,
          ),
          answer.text,
        );
        assert.equal((await refusalOn(world, answer)).origin.address, from);
      }
    });
  }

  it('see the role with its reason from outside, and get it from inside', async t => {
    const world = await worldFor(t, trusting('127.0.0.1'));
    const { visitor, page } = await world.signIn('bob', 'saml');
    assert.match(
      page.text,
      /It can be used only from 10\.0\.0\.0\/8, 2001:db8:1::\/48, and your address is 127\.0\.0\.1\./,
    );
    assert.equal(page.$(button('Credentials', 'prod', 'Inside')).length, 0);

    const headers = { 'x-forwarded-for': '10.1.2.3' };
    const inside = await visitor.get(world.urls.bridge, { headers });
    const shown = await visitor.submit(
      inside,
      button('Credentials', 'prod', 'Inside'),
      {},
      { headers },
    );
    assert.match(shown.html, /ASIA/);
    // The page was loaded inside; the button is pressed outside.
    assert.equal(
      (await visitor.submit(inside, button('Credentials', 'prod', 'Inside'))).status,
      403,
    );

    const event = (await world.audit()).find(({ type }) => type === 'credentials.issued');
    assert.equal(event?.origin.address, '10.1.2.3');
  });
});

describe('X-Forwarded-For from a peer that proxy.trusted does not contain', () => {
  const SAID = 'forwarded by a peer that is not trusted';
  const warned = (world: World) =>
    world.log
      .map(line => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === SAID);
  const ready = async (world: World, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`${world.urls.bridge}/readyz`, { headers });
    const { warnings } = (await response.json()) as { readonly warnings?: readonly string[] };
    return { status: response.status, warnings };
  };

  for (const [name, value] of [
    ['x-forwarded-for', '10.1.2.3'],
    ['forwarded', 'for=10.1.2.3'],
  ] as const) {
    it(`is not believed, and the log and /readyz say it once an hour: ${name}`, async t => {
      const world = await worldFor(t);
      assert.equal((await ready(world)).warnings, undefined);

      for (let count = 0; count < 3; count++)
        await fetch(`${world.urls.bridge}/device?x=1`, { headers: { [name]: value } });
      assert.deepEqual(
        warned(world).map(({ level, peer, fix }) => ({ level, peer, fix })),
        [
          {
            level: 'warn',
            peer: '127.0.0.1',
            fix: 'If it is your proxy, add 127.0.0.1/32 to proxy.trusted. Until then the bridge sees its address for all its users.',
          },
        ],
      );
      assert.ok(!world.log.some(line => line.includes('10.1.2.3')));

      const { status, warnings } = await ready(world);
      assert.equal(status, 200);
      assert.match(warnings!.join(), /proxy\.trusted does not contain/);
      assert.ok(!JSON.stringify(warnings).includes('127.0.0.1'), 'no address for strangers');
      world.clock.turn(3600);
      assert.equal((await ready(world)).warnings, undefined);

      await ready(world, { [name]: value });
      assert.equal(warned(world).length, 2);
    });
  }

  it('is nothing to say of a proxy that is trusted', async t => {
    const world = await worldFor(t, {
      configure: yaml => yaml.replace(/^baseUrl:.*$/m, '$&\nproxy: { trusted: [127.0.0.1/32] }'),
    });

    await ready(world, { 'x-forwarded-for': '203.0.113.7' });

    assert.equal((await ready(world)).warnings, undefined);
    assert.equal(warned(world).length, 0);
  });
});

function withInsideRole(aws: WorldInput): WorldInput {
  const developer = aws.roles!.find(
    ({ account, name }) => account === '111122223333' && name === 'Developer',
  )!;
  return { ...aws, roles: [...aws.roles!, { ...developer, name: 'Inside' }] };
}
