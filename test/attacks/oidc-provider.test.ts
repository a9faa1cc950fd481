/** A provider that is broken, hostile or set up wrongly (threats R19, R21). */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Outbound } from '../../src/outbound.ts';
import { addressIn } from '../support/authentication-request.ts';
import type { Mischief } from '../support/mischief.ts';
import { forgeFor, openConnector, refuses, SENSITIVE, signIn } from '../support/oidc-sign-in.ts';
import type { Endpoint } from '../support/openid-endpoints.ts';
import { ALICE, type OpenIdProviderForge } from '../support/openid-provider-forge.ts';

describe('a broken provider', () => {
  const SAYS: Record<Mischief, RegExp> = {
    huge: /larger than 100000 bytes/,
    hanging: /no complete answer within 1 s/,
    redirecting: /redirect \(302\), which is not followed/,
    garbage: /failed to parse "response" body as JSON/,
    'not-json': /unexpected response content-type/,
    failing: /unexpected HTTP response status code \(status 503\)/,
    dropping: /cannot be reached/,
  };
  const PATHS = {
    discovery: '/.well-known/openid-configuration',
    token: '/token',
    jwks: '/jwks',
    userinfo: '/userinfo',
  } satisfies { readonly [E in Endpoint]?: string };
  for (const mischief of Object.keys(SAYS) as Mischief[]) {
    const timeoutSeconds = mischief === 'hanging' ? 1 : 5;
    // All endpoints at once, because those that hang take their time.
    test(`that is ${mischief} counts as unreachable, and the message names the address`, t =>
      Promise.all(
        (Object.keys(PATHS) as (keyof typeof PATHS)[]).map(async endpoint => {
          const forge = await forgeFor(t);
          forge.person = { idToken: { sub: ALICE.sub }, userinfo: { ...ALICE } };
          forge.faults.mischief[endpoint] = mischief;
          const connector = await openConnector(
            t,
            forge,
            {},
            { timeoutSeconds, maxBytes: 100_000 },
          );
          const code = endpoint === 'discovery' ? 'connector_unavailable' : 'idp_unreachable';
          const attempt = signIn(connector, forge);
          const address = new RegExp(`^${forge.issuer}${PATHS[endpoint]}: `);
          await Promise.all([
            refuses(attempt, code, SAYS[mischief], forge),
            refuses(attempt, code, address, forge),
          ]);
        }),
      ).then(() => {}));
  }

  test('that rejects the client secret is reported, for both authentication methods', async t => {
    for (const clientAuthentication of ['client_secret_basic', 'client_secret_post'] as const) {
      const forge = await forgeFor(t);
      const connector = await openConnector(t, forge, {
        clientAuthentication,
        clientSecret: SENSITIVE,
      });
      forge.clientAuthentication = clientAuthentication;
      await refuses(
        signIn(connector, forge),
        'idp_refused',
        /\/token answered invalid_client; check clientId/,
        forge,
      );
    }
  });

  test('that requires the other authentication method is reported', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge, {
      clientAuthentication: 'client_secret_basic',
    });
    forge.clientAuthentication = 'client_secret_post';

    await refuses(
      signIn(connector, forge),
      'idp_refused',
      /invalid_client; check .*clientAuthentication/,
      forge,
    );
  });
});

describe('a response that would block other requests while it is parsed is rejected unread', () => {
  const MANY = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`k${index}`, {}]));
  const DEEP = Array.from({ length: 3_000 }).reduce<unknown>(inner => [inner], 1);
  const { groups: _, ...WITHOUT_GROUPS } = ALICE;
  const cases: [string, (forge: OpenIdProviderForge) => void, RegExp][] = [
    [
      'userinfo',
      forge => (forge.faults.userinfo = said => ({ ...said, ...MANY })),
      /\/userinfo: .* more than 5000 names/,
    ],
    [
      'nested userinfo',
      forge => (forge.faults.userinfo = said => ({ ...said, DEEP })),
      /\/userinfo: .* more than 100 deep/,
    ],
    [
      'signed userinfo',
      forge => {
        forge.faults.userinfoFormat = 'jwt';
        forge.faults.userinfo = said => ({ ...said, ...MANY });
      },
      /\/userinfo: .* more than 5000 names/,
    ],
    [
      'the id_token',
      forge => (forge.faults.idToken = claims => ({ ...claims, ...MANY })),
      /\/token: .* more than 5000 names/,
    ],
    [
      'groups in the id_token',
      forge =>
        (forge.faults.idToken = claims => ({
          ...claims,
          groups: Array.from({ length: 50_000 }, (_, index) => `g${index}`),
        })),
      /\/token: .* more than 20000 values/,
    ],
    [
      'the header of the id_token',
      forge => (forge.faults.header = header => ({ ...header, jwk: MANY })),
      /\/token: .* more than 5000 names/,
    ],
    [
      'the token answer',
      forge => (forge.faults.token = answer => ({ ...answer, ...MANY })),
      /\/token: .* more than 5000 names/,
    ],
    [
      'a megabyte of groups',
      forge =>
        (forge.faults.userinfo = said => ({
          ...said,
          groups: Array.from({ length: 5_000 }, () => 'g'.repeat(250)),
        })),
      /\/userinfo: .* more than 1048576 bytes/,
    ],
    [
      'keys',
      forge =>
        (forge.faults.jwks = ([key]) =>
          Array.from({ length: 4_000 }, (_, index) => ({ ...key!, kid: `k${index}` }))),
      /\/jwks: .* more than 5000 names/,
    ],
  ];
  for (const [title, breakIt, message] of cases) {
    test(title, async t => {
      const forge = await forgeFor(t);
      forge.person = { idToken: { ...WITHOUT_GROUPS }, userinfo: { ...ALICE } };
      const connector = await openConnector(
        t,
        forge,
        {},
        { timeoutSeconds: 5, maxBytes: 2_000_000 },
      );
      breakIt(forge);

      await refuses(signIn(connector, forge), 'idp_unreachable', message, forge);
    });
  }

  test('but 5,000 groups and text that looks like many parts are read', async t => {
    const forge = await forgeFor(t);
    const groups = Array.from({ length: 5_000 }, (_, index) => `urn:acme:{"${index}":[,],\\"}`);

    for (const person of [
      { idToken: { ...ALICE, groups }, userinfo: {} },
      { idToken: { ...WITHOUT_GROUPS }, userinfo: { ...ALICE, groups } },
    ]) {
      forge.person = person;
      const connector = await openConnector(
        t,
        forge,
        {},
        { timeoutSeconds: 5, maxBytes: 2_000_000 },
      );
      assert.deepEqual((await signIn(connector, forge)).identity.groups, groups);
    }
  });
});

describe('a discovery document is rejected', () => {
  const cases: [string, (document: Record<string, unknown>) => Record<string, unknown>, RegExp][] =
    [
      [
        'of another issuer',
        document => ({ ...document, issuer: 'https://evil.example' }),
        /discovered metadata issuer does not match the expected issuer/,
      ],
      [
        'whose issuer has a slash more',
        document => ({ ...document, issuer: `${document.issuer}/` }),
        /it calls itself http.*\/, not http/,
      ],
      [
        'whose issuer is a number',
        document => ({ ...document, issuer: 7 }),
        /"issuer" property must be a string/,
      ],
      [
        'whose issuer is no URL',
        document => ({ ...document, issuer: 'x y' }),
        /could not be processed/,
      ],
      ['that is an array', () => [] as unknown as Record<string, unknown>, /top level object/],
      ['without keys', document => ({ ...document, jwks_uri: undefined }), /jwks_uri/],
      [
        'without a token endpoint',
        document => ({ ...document, token_endpoint: undefined }),
        /token_endpoint/,
      ],
      [
        'with a token endpoint over http elsewhere',
        document => ({ ...document, token_endpoint: 'http://idp.example/token' }),
        /token_endpoint: is not a plain https URL/,
      ],
      [
        'with keys over http elsewhere',
        document => ({ ...document, jwks_uri: 'http://10.0.0.1/jwks' }),
        /jwks_uri: is not a plain https URL/,
      ],
      [
        'with userinfo over http elsewhere',
        document => ({ ...document, userinfo_endpoint: 'http://169.254.169.254/' }),
        /userinfo_endpoint: is not/,
      ],
      [
        'with an authorization endpoint that is a script',
        document => ({ ...document, authorization_endpoint: 'javascript:alert(1)' }),
        /authorization_endpoint: is not/,
      ],
      [
        'with keys in a file',
        document => ({ ...document, jwks_uri: 'file:///etc/passwd' }),
        /jwks_uri: is not/,
      ],
      [
        'with credentials in an endpoint',
        document => ({ ...document, token_endpoint: 'https://a:b@idp.example/t' }),
        /token_endpoint: is not/,
      ],
      [
        'without the code flow',
        document => ({ ...document, response_types_supported: ['id_token'] }),
        /authorization code flow/,
      ],
      [
        'with PKCE but not S256',
        document => ({ ...document, code_challenge_methods_supported: ['plain'] }),
        /does not offer S256/,
      ],
    ];
  for (const [title, discovery, message] of cases) {
    test(title, async t => {
      const forge = await forgeFor(t);
      forge.faults.discovery = discovery;
      const connector = await openConnector(t, forge);
      const availability = connector.availability();

      assert.ok(availability.state === 'unavailable');
      assert.match(availability.reason, message);
      await refuses(
        connector.begin({ attemptId: 'a', reauthenticate: false }),
        'connector_unavailable',
        message,
      );
    });
  }

  test('from a multi-tenant provider, whose tokens could name any tenant', async t => {
    const issuer = 'https://login.microsoftonline.com/common/v2.0';
    const tenants = {
      ...HTTPS_DOCUMENT,
      issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
    };
    await isUnavailable(
      t,
      issuer,
      tenants,
      /it calls itself https:\/\/login\.microsoftonline\.com\/\{tenantid\}\/v2\.0, not/,
    );
  });

  test('from a remote provider that points at this machine', async t => {
    const local = { ...HTTPS_DOCUMENT, jwks_uri: 'http://127.0.0.1:8080/jwks' };
    await isUnavailable(t, HTTPS_DOCUMENT.issuer, local, /jwks_uri: is not a plain https URL/);
  });

  test('but accepted from a remote provider with endpoints on other https hosts', async t => {
    const outbound: Outbound = {
      fetch: async () => Response.json(HTTPS_DOCUMENT),
      close: async () => {},
    };
    const connector = await openConnector(
      t,
      { issuer: HTTPS_DOCUMENT.issuer, clientId: 'bridge', clientSecret: 's' },
      { outbound },
    );

    const { request } = await connector.begin({ attemptId: 'a', reauthenticate: false });

    assert.equal(new URL(addressIn(request)).host, 'accounts.idp.example');
  });

  test('but accepted without PKCE methods or response types, and S256 is sent', async t => {
    const forge = await forgeFor(t);
    forge.faults.discovery = ({
      code_challenge_methods_supported: _,
      response_types_supported: __,
      ...document
    }) => document;
    assert.equal((await signIn(await openConnector(t, forge), forge)).identity.username, 'alice');
  });

  const issuers: [string, string, RegExp][] = [
    [
      'over http elsewhere than on loopback',
      'http://idp.example.com',
      /only requests to HTTPS are allowed/,
    ],
    ['that is no URL', 'not a url', /not a URL/],
  ];
  for (const [title, issuer, message] of issuers) {
    test(`of an issuer ${title}`, async t => {
      const connector = await openConnector(t, { issuer, clientId: 'bridge', clientSecret: 's' });
      const availability = connector.availability();
      assert.ok(availability.state === 'unavailable');
      assert.match(availability.reason, message);
    });
  }
});

const HTTPS_DOCUMENT = {
  issuer: 'https://idp.example/tenant',
  authorization_endpoint: 'https://accounts.idp.example/authorize',
  token_endpoint: 'https://api.idp.example/token',
  jwks_uri: 'https://keys.idp.example/jwks',
};

async function isUnavailable(
  t: TestContext,
  issuer: string,
  document: object,
  reason: RegExp,
): Promise<void> {
  const outbound: Outbound = { fetch: async () => Response.json(document), close: async () => {} };
  const connector = await openConnector(
    t,
    { issuer, clientId: 'bridge', clientSecret: 's' },
    { outbound },
  );
  const availability = connector.availability();
  assert.ok(availability.state === 'unavailable');
  assert.match(availability.reason, reason);
}
