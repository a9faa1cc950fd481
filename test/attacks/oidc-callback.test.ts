/** What a hostile browser can bring to the callback (threats R17, R19). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { Expectation } from '../../src/core/sign-in.ts';
import { addressIn } from '../support/authentication-request.ts';
import { forgeFor, openConnector, refuses, SENSITIVE, signIn } from '../support/oidc-sign-in.ts';

describe('an authorization response', () => {
  const changes: [string, (parameters: URLSearchParams) => void, ErrorCode, RegExp][] = [
    [
      'without state is refused',
      parameters => parameters.delete('state'),
      'oidc_response_refused',
      /state is missing/,
    ],
    [
      'with an empty state is refused',
      parameters => parameters.set('state', ''),
      'oidc_response_refused',
      /state is missing/,
    ],
    [
      'with two codes is refused',
      parameters => parameters.append('code', 'other'),
      'oidc_response_refused',
      /more than once/,
    ],
    [
      'with two states is refused',
      parameters => parameters.append('state', 'other'),
      'oidc_response_refused',
      /more than once/,
    ],
    [
      'with an unknown parameter twice is refused',
      parameters => {
        parameters.append('x', '1');
        parameters.append('x', '1');
      },
      'oidc_response_refused',
      /more than once/,
    ],
    [
      'without a code is refused',
      parameters => parameters.delete('code'),
      'oidc_response_refused',
      /no authorization code/,
    ],
    [
      'with a code that was not given is refused',
      parameters => parameters.set('code', 'guess'),
      'oidc_response_refused',
      /answered invalid_grant/,
    ],
    [
      'without iss is refused when the provider promises it',
      parameters => parameters.delete('iss'),
      'oidc_response_refused',
      /"iss" \(issuer\) missing/,
    ],
    [
      "with another issuer's iss is refused",
      parameters => parameters.set('iss', 'https://evil.example'),
      'oidc_response_refused',
      /unexpected "iss"/,
    ],
    [
      'with an id_token of its own is refused',
      parameters => parameters.set('id_token', SENSITIVE),
      'oidc_response_refused',
      /implicit and hybrid/,
    ],
    [
      'with a JARM response is refused',
      parameters => parameters.set('response', SENSITIVE),
      'oidc_response_refused',
      /JARM/,
    ],
    [
      'that says access_denied is a cancelled sign-in',
      parameters => {
        parameters.delete('code');
        parameters.set('error', 'access_denied');
        parameters.set('error_description', SENSITIVE);
      },
      'sign_in_cancelled',
      /answered the authorization request with access_denied$/,
    ],
    [
      'with an error and a code is an error',
      parameters => parameters.set('error', 'login_required'),
      'idp_refused',
      /with login_required$/,
    ],
    [
      'does not get its error into a message unless it is a plain word',
      parameters => parameters.set('error', `${SENSITIVE}\nforged log line`),
      'idp_refused',
      /with an error code that is not a plain word$/,
    ],
    [
      "with an error and another issuer's iss is refused as such",
      parameters => {
        parameters.set('error', 'access_denied');
        parameters.set('iss', 'https://evil.example');
      },
      'oidc_response_refused',
      /unexpected "iss"/,
    ],
  ];
  for (const [title, callback, code, message] of changes) {
    test(title, async t => {
      const forge = await forgeFor(t);
      const connector = await openConnector(t, forge);
      forge.faults.callback = callback;
      await refuses(signIn(connector, forge), code, message, forge);
    });
  }

  test('with a wrong iss is rejected even if the provider promises none, and without iss is accepted', async t => {
    const forge = await forgeFor(t);
    forge.faults.discovery = document => ({
      ...document,
      authorization_response_iss_parameter_supported: undefined,
    });
    const connector = await openConnector(t, forge);

    forge.faults.callback = parameters => parameters.set('iss', 'https://evil.example');
    await refuses(signIn(connector, forge), 'oidc_response_refused', /unexpected "iss"/, forge);

    forge.faults.callback = parameters => parameters.delete('iss');
    assert.equal((await signIn(connector, forge)).identity.username, 'alice');
  });

  test('completes one sign-in only', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge);
    const { request, expectation } = await connector.begin({
      attemptId: 'a',
      reauthenticate: false,
    });
    const parameters = forge.authorize(addressIn(request));

    await connector.complete({ protocol: 'oidc', parameters }, expectation);

    await refuses(
      connector.complete({ protocol: 'oidc', parameters }, expectation),
      'oidc_response_refused',
      /invalid_grant/,
      forge,
    );
  });

  test('is rejected with the verifier or nonce of another attempt', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge);

    const [mine, theirs] = await Promise.all(
      [1, 2].map(() => connector.begin({ attemptId: 'a', reauthenticate: false })),
    );
    assert.ok(mine?.expectation.protocol === 'oidc' && theirs?.expectation.protocol === 'oidc');

    const mixes: [Expectation, RegExp][] = [
      [theirs.expectation, /invalid_grant/],
      [{ ...mine.expectation, codeVerifier: theirs.expectation.codeVerifier }, /invalid_grant/],
      [{ ...mine.expectation, nonce: theirs.expectation.nonce }, /unexpected ID Token "nonce"/],
    ];
    for (const [expectation, message] of mixes) {
      const parameters = forge.authorize(addressIn(mine.request));
      await refuses(
        connector.complete({ protocol: 'oidc', parameters }, expectation),
        'oidc_response_refused',
        message,
        forge,
      );
    }
  });

  test('without an attempt is rejected before the provider is called', async t => {
    const forge = await forgeFor(t);
    const connector = await openConnector(t, forge);
    const { request } = await connector.begin({ attemptId: 'a', reauthenticate: false });
    const parameters = forge.authorize(addressIn(request));
    await refuses(
      connector.complete({ protocol: 'oidc', parameters }, undefined),
      'oidc_response_refused',
      /no OpenID Connect sign-in was begun/,
    );

    const saml: Expectation = { protocol: 'saml', requestId: '_1' };
    await refuses(
      connector.complete({ protocol: 'oidc', parameters }, saml),
      'oidc_response_refused',
      /no OpenID Connect sign-in was begun/,
    );
    await refuses(
      connector.complete({ protocol: 'saml', samlResponse: 'x' }, saml),
      'oidc_response_refused',
      /not an OpenID Connect response/,
    );
    assert.equal(forge.asked.token, 0);
  });

  test('from another provider is rejected', async t => {
    const [honest, evil] = await Promise.all([forgeFor(t), forgeFor(t)]);
    const { request, expectation } = await (await openConnector(t, honest)).begin({
      attemptId: 'a',
      reauthenticate: false,
    });
    const parameters = honest.authorize(addressIn(request));

    const atEvil = (await openConnector(t, evil)).complete(
      { protocol: 'oidc', parameters },
      expectation,
    );

    await refuses(atEvil, 'oidc_response_refused', /unexpected "iss"/, honest);
    assert.equal(evil.asked.token, 0);
  });
});
