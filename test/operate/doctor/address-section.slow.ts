/** What doctor says of the base URL, of a bridge behind a proxy with one fault each. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openAddressSection } from '../../../src/compose/doctor-address.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { type Finding, levelOf } from '../../../src/core/finding.ts';
import { freePort } from '../../support/free-port.ts';
import {
  type ProxyManners,
  type ReverseProxy,
  startReverseProxy,
} from '../../support/reverse-proxy.ts';
import { certificateForLoopback } from '../../support/tls-proxy.ts';
import { type World, worldFor } from '../../support/world.ts';

interface Behind {
  readonly world: World;
  readonly proxy: ReverseProxy;
}

/** A bridge whose base URL is that of a proxy. */
async function behindProxy(
  t: TestContext,
  manners: ProxyManners = {},
  trusted = '[127.0.0.1/32]',
): Promise<Behind> {
  let proxy!: ReverseProxy;
  const world = await worldFor(t, {
    proxy: async bridgeUrl => {
      proxy = await startReverseProxy(bridgeUrl, manners);
      return proxy;
    },
    configure: yaml =>
      `${yaml.replace(/^listen: .*$/m, `listen: { host: 127.0.0.1, port: ${new URL(proxy.target).port} }`)}\nproxy: { trusted: ${trusted} }\n`,
  });
  return { world, proxy };
}

async function examined(
  { world, proxy }: { readonly world: World; readonly proxy?: ReverseProxy },
  change: (configuration: Configuration) => Configuration = same => same,
  timeoutSeconds?: number,
): Promise<readonly Finding[]> {
  const configuration = change(world.bridge.configuration);
  const ca = proxy?.certificatePem === undefined ? undefined : [proxy.certificatePem];
  const section = openAddressSection(configuration, world.clock, { ca, timeoutSeconds });
  const findings: Finding[] = [];
  const examination = {
    ...{ configuration, configFile: `${world.directory}/rolebridge.yaml`, clock: world.clock },
    scope: { connectors: [], accounts: [], roles: [] },
    progress: () => {},
  };
  for await (const finding of section.examine(examination)) findings.push(finding);
  return findings;
}

/** AWS reads nothing of a bridge without such accounts, so its authority can be a private one. */
function withoutWebIdentity(configuration: Configuration): Configuration {
  const accounts = configuration.accounts.filter(({ trust }) => trust.by !== 'web-identity');
  return { ...configuration, accounts };
}

/** The ids of what is above a note. */
function faults(findings: readonly Finding[]): string[] {
  return findings
    .filter(finding => ['error', 'warning'].includes(levelOf(finding)))
    .map(({ id }) => id);
}

describe('the section on the base URL', () => {
  it('finds nothing at a bridge without a proxy', async t => {
    const world = await worldFor(t);

    const findings = await examined({ world });

    assert.deepEqual(faults(findings), []);
    assert.deepEqual(
      findings.map(({ id }) => id),
      ['address.ok', 'address.outside'],
    );
  });

  it('finds nothing behind a good proxy, over HTTP/1.1 and HTTP/2', async t => {
    const behind = await behindProxy(t, { remote: '198.51.100.9' });

    const findings = await examined(behind, withoutWebIdentity);

    assert.deepEqual(
      findings.map(({ id }) => id),
      ['address.ok'],
    );
  });

  const cases: readonly {
    readonly title: string;
    readonly manners: ProxyManners;
    readonly trusted?: string;
    readonly found: readonly string[];
  }[] = [
    {
      title: 'drops headers with an underscore',
      manners: { drops: ['x-amz-sso_bearer_token'] },
      found: ['address.token-header-dropped'],
    },
    {
      title: 'drops headers with an underscore over HTTP/2 alone',
      manners: { dropsOverHttp2: ['x-amz-sso_bearer_token'] },
      found: ['address.token-header-dropped'],
    },
    {
      title: 'drops authorization and cookies',
      manners: { drops: ['authorization', 'cookie'] },
      found: ['address.header-dropped', 'address.header-dropped'],
    },
    {
      title: 'drops the proof',
      manners: { drops: ['x-rolebridge-doctor'] },
      found: ['address.proof-refused'],
    },
    {
      title: 'refuses an answer with a header of over 4 kB',
      manners: { mostHeaderBytes: 4000 },
      found: ['address.location-refused'],
    },
    {
      title: 'cuts a Location',
      manners: { mostHeaderBytes: 8000, cutsLocation: true },
      found: ['address.long-location-refused'],
    },
    {
      title: 'refuses long headers of answers over HTTP/2 alone',
      manners: { mostHeaderBytesOverHttp2: 8000 },
      found: ['address.long-location-refused'],
    },
    {
      title: 'refuses long request lines',
      manners: { mostTargetBytes: 8192 },
      found: ['address.long-request-refused'],
    },
    {
      title: 'refuses large bodies',
      manners: { mostBodyBytes: 65_536 },
      found: ['address.body-refused'],
    },
    {
      title: 'is not in proxy.trusted',
      manners: {},
      trusted: '[192.0.2.1/32]',
      found: ['address.proxy-not-trusted'],
    },
    {
      title: 'has another proxy in front that is not in proxy.trusted',
      manners: { forwardedFor: 'append', remote: '198.51.100.9, 192.0.2.77' },
      found: ['address.proxy-not-trusted'],
    },
    {
      title: 'says for no caller that it forwards',
      manners: { forwardedFor: 'none' },
      found: ['address.forwarded-for-missing'],
    },
    {
      title: 'passes on the X-Forwarded-For of callers',
      manners: { forwardedFor: 'pass' },
      found: ['address.forwarded-for-missing', 'address.forged-address'],
    },
    {
      title: 'appends, while proxy.trusted contains the network of callers',
      manners: { forwardedFor: 'append', remote: '192.0.2.9' },
      trusted: '[127.0.0.1/32, 192.0.2.0/24]',
      found: ['address.trusted-too-wide'],
    },
    {
      title: 'removes HSTS',
      manners: { dropsFromAnswers: ['strict-transport-security'] },
      found: ['address.hsts-missing'],
    },
    {
      title: 'stores answers',
      manners: { caches: true },
      found: ['address.cached'],
    },
    {
      title: 'asks for a sign-in of its own',
      manners: {
        answers: () => ({
          status: 302,
          headers: { location: 'https://login.example.com/?code=secret' },
        }),
      },
      found: ['address.redirected'],
    },
    {
      title: 'answers with a page of its own',
      manners: { answers: () => ({ status: 200, body: '<h1>It works!</h1>' }) },
      found: ['address.foreign'],
    },
    {
      title: 'does not forward the metadata',
      manners: {
        answers: path => (path.startsWith('/saml/idp') ? { status: 403 } : undefined),
      },
      found: ['address.document-blocked'],
    },
    {
      title: 'does not reach the bridge',
      manners: { answers: () => ({ status: 502 }) },
      found: ['address.upstream-unreachable'],
    },
    {
      title: 'has an expired certificate',
      manners: { tls: certificateForLoopback({ hours: -0.5 }) },
      found: ['address.certificate-expired'],
    },
    {
      title: 'has a certificate that ends soon',
      manners: { tls: certificateForLoopback({ hours: 100 }) },
      found: ['address.certificate-ending'],
    },
    {
      title: 'has a certificate for another host',
      manners: { tls: certificateForLoopback({ addressOf: [127, 0, 0, 9] }) },
      found: ['address.certificate-name'],
    },
  ];
  for (const { title, manners, trusted, found } of cases) {
    it(`names a proxy that ${title}`, async t => {
      const behind = await behindProxy(t, { remote: '198.51.100.9', ...manners }, trusted);

      const findings = await examined(behind, withoutWebIdentity);

      assert.deepEqual(faults(findings), found);
      assert.ok(!JSON.stringify(findings).includes('secret'), 'no query of a redirect is shown');
    });
  }

  it('does not say of a proxy that appends that others can forge, from a trusted host', async t => {
    const behind = await behindProxy(t, { forwardedFor: 'append' });

    const findings = await examined(behind, withoutWebIdentity);

    assert.deepEqual(faults(findings), []);
    assert.ok(findings.some(({ id }) => id === 'address.forged-from-here'));
  });

  it('makes the bridge log no proxy that is not trusted', async t => {
    const world = await worldFor(t);

    await examined({ world });

    assert.ok(!world.log.join('').includes('forwarded by a peer'));
  });

  it('names a certificate that this host does not trust', async t => {
    const { world } = await behindProxy(t);

    assert.deepEqual(faults(await examined({ world })), ['address.certificate-untrusted']);
  });

  it('names another bridge, and does not go on', async t => {
    const behind = await behindProxy(t);
    const other = await worldFor(t);
    behind.proxy.target = other.urls.bridge;

    assert.deepEqual(faults(await examined(behind, withoutWebIdentity)), ['address.other-bridge']);
  });

  it('names a private authority where AWS must trust the certificate', async t => {
    assert.deepEqual(faults(await examined(await behindProxy(t, { remote: '198.51.100.9' }))), [
      'address.authority-private',
    ]);
  });

  it('names a bridge that publishes other keys than the directory contains', async t => {
    const world = await worldFor(t);
    const keys = join(world.directory, 'keys');
    copyFileSync(join(keys, 'service-provider.pem'), join(keys, 'web-identity.next.pem'));

    const findings = await examined({ world });

    assert.deepEqual(faults(findings), ['address.other-keys']);
    assert.equal(findings[0]?.expected?.split(', ').length, 2);
  });

  it('names a bridge with another sealing secret', async t => {
    const world = await worldFor(t);
    const other = await worldFor(t);
    const secret = join('keys', 'sealing.key');
    copyFileSync(join(other.directory, secret), join(world.directory, secret));

    assert.deepEqual(faults(await examined({ world })), ['address.proof-refused']);
  });

  it('says in one note that nothing runs yet, and ends without an error', async t => {
    const world = await worldFor(t);
    const port = await freePort();

    const findings = await examined({ world }, configuration => ({
      ...configuration,
      baseUrl: `http://127.0.0.1:${port}`,
      listen: { host: '127.0.0.1', port },
    }));

    assert.deepEqual(
      findings.map(({ id }) => id),
      ['address.not-running'],
    );
  });

  it('says that nothing runs yet behind a proxy that is there', async t => {
    const behind = await behindProxy(t, { answers: () => ({ status: 502 }) });
    const port = await freePort();

    const findings = await examined(behind, configuration => ({
      ...withoutWebIdentity(configuration),
      listen: { host: '127.0.0.1', port },
    }));

    assert.deepEqual(faults(findings), []);
    assert.ok(findings.some(({ id }) => id === 'address.not-running'));
  });

  it('names a proxy that never answers, after a limited time', async t => {
    const behind = await behindProxy(t, { answers: () => 'never' });

    assert.deepEqual(faults(await examined(behind, withoutWebIdentity, 0.3)), [
      'address.unreachable',
    ]);
  });

  it('names an answer without end, and reads little of it', async t => {
    const body = 'x'.repeat(5_000_000);
    const behind = await behindProxy(t, { answers: () => ({ status: 200, body }) });

    const findings = await examined(behind, withoutWebIdentity);

    assert.deepEqual(faults(findings), ['address.unreachable']);
    assert.match(findings[0]!.message, /too large/);
  });

  it('shows no control character and no long text of a foreign server as it came', async t => {
    const kid = `\u001b[2J${'k'.repeat(10_000)}`;
    const behind = await behindProxy(t, {
      answers: path =>
        path.endsWith('jwks.json')
          ? { status: 200, body: JSON.stringify({ keys: [{ kid }, null, 7] }) }
          : undefined,
    });

    const [finding] = await examined(behind, withoutWebIdentity);

    assert.equal(finding?.id, 'address.other-keys');
    assert.ok(finding.found!.length < 300);
    assert.ok(!finding.found!.includes('\u001b'));
  });

  it('says that the clocks differ where that makes the proof invalid', async t => {
    const world = await worldFor(t);
    const { configuration } = world.bridge;
    const clock = { now: () => world.clock.now() + 90_000 };
    const findings: Finding[] = [];

    for await (const finding of openAddressSection(configuration, clock).examine({
      ...{ configuration, configFile: 'rolebridge.yaml', clock, progress: () => {} },
      scope: { connectors: [], accounts: [], roles: [] },
    }))
      findings.push(finding);

    assert.deepEqual(faults(findings), ['address.proof-refused']);
    assert.match(findings[0]!.message, /differ by 9\d s|differ by 89 s/);
  });

  it('names a proxy that is down while the bridge runs', async t => {
    const behind = await behindProxy(t);
    await behind.proxy.close();

    assert.deepEqual(faults(await examined(behind)), ['address.unreachable']);
  });

  it('names a host name that cannot be resolved', async t => {
    const world = await worldFor(t);

    const findings = await examined({ world }, configuration => ({
      ...configuration,
      baseUrl: 'https://rolebridge.invalid',
    }));

    assert.deepEqual(faults(findings), ['address.name-unknown']);
  });

  it('says in one note that it cannot compare without keys', async t => {
    const world = await worldFor(t);

    const findings = await examined({ world }, configuration => ({
      ...configuration,
      issuer: { ...configuration.issuer, keys: { directory: '/nowhere', create: true } },
    }));

    assert.deepEqual(faults(findings), []);
    assert.equal(findings[0]?.id, 'address.not-compared');
  });

  it('names a bridge that is not ready', async t => {
    const world = await worldFor(t);
    await world.bridge.storage.store.close();

    assert.deepEqual(faults(await examined({ world })), ['address.not-ready']);
  });
});
