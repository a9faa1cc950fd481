/** What `doctor` says of OpenID providers with one fault: its name, and nothing else. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { checkConfiguration } from '../../../src/config/load.ts';
import type { Finding } from '../../../src/core/finding.ts';
import type { Seconds } from '../../../src/core/time.ts';
import { MOVED_DISCOVERY } from '../../support/openid-endpoints.ts';
import {
  type OpenIdProviderForge,
  startOpenIdProviderForge,
} from '../../support/openid-provider-forge.ts';
import { useWorld } from '../../support/world.ts';
import { configured, examined, faultsOf, idsOf } from './examined.ts';

describe('the providers of the demo', () => {
  const world = useWorld();

  it('are in order, with nothing above a note', async () => {
    const { configuration } = await checkConfiguration(join(world.directory, 'rolebridge.yaml'), {
      secrets: 'all',
      env: {},
    });
    const found = await examined(configuration!);
    assert.deepEqual(faultsOf(found), []);
    const healthy = found.filter(({ id }) => id === 'connectors.ok');
    assert.equal(healthy.length, configuration!.connectors.length);
  });

  it('are examined alone if they are named', async () => {
    const { configuration } = await checkConfiguration(join(world.directory, 'rolebridge.yaml'), {
      secrets: 'all',
      env: {},
    });
    const [, second] = configuration!.connectors;
    const found = await examined(configuration!, { connectors: [second!.id] });
    assert.deepEqual(
      new Set(found.map(({ subject }) => subject)),
      new Set([`connector ${second!.id}`]),
    );
  });
});

describe('an OpenID provider with one fault', () => {
  let forge: OpenIdProviderForge;
  before(async () => {
    forge = await startOpenIdProviderForge();
  });
  after(() => forge.close());
  afterEach(() =>
    Object.assign(forge.faults, { mischief: {}, redirects: {}, discovery: same, jwks: same }),
  );
  const same = <T>(value: T): T => value;

  const examine = async (
    changes: object = {},
    more: object = {},
    patience?: Seconds,
  ): Promise<Finding[]> =>
    examined(
      await configured({
        oidc: {
          ...{ issuer: forge.issuer, clientId: 'bridge', clientSecret: { env: 'SECRET' } },
          ...changes,
        },
        ...more,
      }),
      { patience },
    );

  it('is in order without one', async () => {
    assert.deepEqual(idsOf(await examine()), ['connectors.ok']);
  });

  it('is in order whose document has moved for good on its host, or is where the configuration says', async () => {
    const redirected = (status: number) => ({
      '/.well-known/openid-configuration': { status, location: MOVED_DISCOVERY },
    });
    spoil({ redirects: redirected(301) });
    assert.deepEqual(idsOf(await examine()), ['connectors.ok']);
    spoil({ redirects: redirected(302) });
    assert.deepEqual(idsOf(await examine()), ['connectors.redirected']);
    const discovery = `${forge.issuer}${MOVED_DISCOVERY}`;
    assert.deepEqual(idsOf(await examine({ discovery })), ['connectors.ok']);
  });

  const weak = {
    kty: 'RSA',
    kid: 'weak',
    e: 'AQAB',
    n: Buffer.alloc(128, 255).toString('base64url'),
  };
  /** What the provider does, and the finding. */
  const FAULTS: readonly (readonly [string, () => void, string])[] = [
    ['sends a huge document', () => spoil({ mischief: { discovery: 'huge' } }), 'too-large'],
    ['drips its document', () => spoil({ mischief: { discovery: 'hanging' } }), 'no-answer'],
    ['redirects', () => spoil({ mischief: { discovery: 'redirecting' } }), 'redirected'],
    [
      'sends half a document',
      () => spoil({ mischief: { discovery: 'garbage' } }),
      'document-invalid',
    ],
    ['sends a page', () => spoil({ mischief: { discovery: 'not-json' } }), 'document-invalid'],
    ['fails', () => spoil({ mischief: { discovery: 'failing' } }), 'status'],
    ['hangs up', () => spoil({ mischief: { discovery: 'dropping' } }), 'unreachable'],
    ['fails to send its keys', () => spoil({ mischief: { jwks: 'failing' } }), 'keys-unreadable'],
    [
      'sends a page for its keys',
      () => spoil({ mischief: { jwks: 'not-json' } }),
      'keys-unreadable',
    ],
    ['has no keys', () => spoil({ jwks: () => [] }), 'keys-unusable'],
    [
      'has only a key for encryption',
      () => spoil({ jwks: keys => keys.map(key => ({ ...key, use: 'enc' })) }),
      'keys-unusable',
    ],
    ['has only an RSA key of 1024 bits', () => spoil({ jwks: () => [weak] }), 'keys-unusable'],
    ['has another issuer', () => change({ issuer: 'https://other.example.com' }), 'issuer-differs'],
    ['has an issuer with a slash', () => change({ issuer: `${forge.issuer}/` }), 'issuer-differs'],
    [
      'signs by HS256 and none alone',
      () => change({ id_token_signing_alg_values_supported: ['HS256', 'none'] }),
      'algorithms-unsupported',
    ],
    [
      'has PKCE with plain alone',
      () => change({ code_challenge_methods_supported: ['plain'] }),
      'pkce-unsupported',
    ],
    [
      'has the implicit flow alone',
      () => change({ response_types_supported: ['id_token'] }),
      'code-flow-unsupported',
    ],
    [
      'authenticates clients by JWT alone',
      () => change({ token_endpoint_auth_methods_supported: ['private_key_jwt'] }),
      'client-authentication',
    ],
    [
      'has a token endpoint by http',
      () => change({ token_endpoint: 'http://idp.example.com/token' }),
      'endpoint-insecure',
    ],
    [
      'has a token endpoint that is down',
      () => change({ token_endpoint: 'http://127.0.0.1:9/token' }),
      'endpoint-unreachable',
    ],
    [
      'lists no such scope',
      () => change({ scopes_supported: ['openid', 'profile'] }),
      'scope-unsupported',
    ],
    [
      'omits its authorization endpoint',
      () => change({ authorization_endpoint: undefined }),
      'rejected',
    ],
  ];
  const spoil = (faults: Partial<OpenIdProviderForge['faults']>): void => {
    Object.assign(forge.faults, faults);
  };
  const change = (changes: object): void => {
    forge.faults.discovery = document => ({ ...document, ...changes });
  };
  for (const [what, begin, id] of FAULTS)
    it(`that ${what} has one finding: ${id}`, async () => {
      begin();
      const found = await examine({}, {}, id === 'no-answer' ? 1 : undefined);
      assert.deepEqual(faultsOf(found), [`connectors.${id}`]);
      assert.doesNotMatch(JSON.stringify(found), /sensitive-value|maintenance/);
      assert.ok(found.every(({ fix, id }) => fix !== undefined || id === 'connectors.ok'));
    });

  it('is compared with the connector: step-up, refresh, back-channel logout, claims', async () => {
    change({
      acr_values_supported: ['1'],
      grant_types_supported: ['authorization_code'],
      claims_supported: ['sub', 'preferred_username', 'email'],
    });
    const found = await examine(
      { stepUp: { acrValues: ['gold'] } },
      { refresh: {}, logout: { backchannel: true } },
    );
    assert.deepEqual(idsOf(found).sort(), [
      'connectors.acr-unsupported',
      'connectors.backchannel-unsupported',
      'connectors.claim-unlisted',
      'connectors.ok',
      'connectors.refresh-unsupported',
    ]);
  });

  it('names the other client authentication if the provider offers it', async () => {
    change({ token_endpoint_auth_methods_supported: ['client_secret_post'] });
    const [finding] = await examine();
    assert.match(finding!.fix!, /clientAuthentication: client_secret_post/);
    assert.deepEqual(faultsOf(await examine({ clientAuthentication: 'client_secret_post' })), []);
  });

  it('names a port without a listener, and a name that does not exist', async () => {
    const closed = await examine({ issuer: 'http://127.0.0.1:9' });
    assert.deepEqual(idsOf(closed), ['connectors.unreachable']);
    const unknown = await examine({ issuer: 'https://idp.invalid' });
    assert.deepEqual(idsOf(unknown), ['connectors.name-unresolved']);
  });
});
