import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { AssumeRoleWithWebIdentityCommand, STSServiceException } from '@aws-sdk/client-sts';
import type { WorldInput } from '../../../src/dev/local-aws/world.ts';
import {
  closed,
  listen,
  type OidcIssuer,
  PROD,
  startLocalAws,
  startOidcIssuer,
  useLocalAws,
  useOidcIssuer,
} from './support.ts';

const DEPLOY = `arn:aws:iam::${PROD}:role/Deploy`;
const RETRIEVE =
  "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";

function worldOf(issuer: { readonly url: string; readonly host: string }): WorldInput {
  const Principal = { Federated: `arn:aws:iam::${PROD}:oidc-provider/${issuer.host}` };
  return {
    accounts: [{ id: PROD, name: 'prod' }],
    oidcProviders: [{ account: PROD, url: issuer.url, clientIds: ['sts.amazonaws.com'] }],
    roles: [
      {
        account: PROD,
        name: 'Deploy',
        trustPolicy: { Statement: { Effect: 'Allow', Principal, Action: 'sts:AssumeRoleWith*' } },
      },
    ],
  };
}

describe('the keys of an OIDC issuer', () => {
  const issuer = useOidcIssuer();
  const running = useLocalAws(() => worldOf(issuer));

  beforeEach(() => {
    issuer.serve.discovery = undefined;
    issuer.serve.jwks = undefined;
    delete issuer.serve.status;
  });

  async function assume(kid?: string) {
    const WebIdentityToken = await issuer.token(
      {},
      { now: running.clock.now(), header: kid === undefined ? {} : { kid } },
    );
    return running.sts().send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: DEPLOY,
        RoleSessionName: 'alice',
        WebIdentityToken,
      }),
    );
  }

  /** With a key id that was not seen before, so that the documents are fetched. */
  async function refused(kid: string) {
    const error = await assume(kid).then(
      () => assert.fail('it was accepted'),
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof STSServiceException, String(error));
    return { name: error.name, message: error.message, reason: running.reason() ?? '' };
  }

  test('are fetched once, and once more for an unknown key id', async () => {
    await assume();
    const before = issuer.fetches.length;
    await assume();
    assert.equal(issuer.fetches.length, before);

    await issuer.rotate();
    await assume();
    assert.deepEqual(issuer.fetches.slice(before), ['/.well-known/openid-configuration', '/jwks']);
    await refused('unknown-key');
    assert.equal(issuer.fetches.length, before + 4);
  });

  test('are fetched again after an hour', async () => {
    await assume();
    const before = issuer.fetches.length;
    running.clock.turn(3600);
    await assume();
    assert.equal(issuer.fetches.length, before + 2);
  });

  describe('are rejected for', () => {
    const documents: readonly [
      string,
      (serve: OidcIssuer['serve']) => void,
      string,
      string | RegExp,
      RegExp,
    ][] = [
      [
        'discovery that answers 500',
        serve => (serve.status = 500),
        'IDPCommunicationErrorException',
        /communicate/,
        /answered 500/,
      ],
      [
        'discovery that redirects',
        serve => (serve.status = 302),
        'IDPCommunicationErrorException',
        /communicate/,
        /answered 302/,
      ],
      [
        'discovery of a megabyte and more',
        serve => (serve.discovery = 'x'.repeat(1_100_000)),
        'IDPCommunicationErrorException',
        /communicate/,
        /larger than/,
      ],
      [
        'discovery that is not JSON',
        serve => (serve.discovery = '<html>'),
        'InvalidIdentityTokenException',
        RETRIEVE,
        /not JSON/,
      ],
      [
        'discovery of another issuer',
        serve =>
          (serve.discovery = {
            issuer: 'https://other',
            jwks_uri: `${issuer.url}/jwks`,
            response_types_supported: ['x'],
            subject_types_supported: ['x'],
            id_token_signing_alg_values_supported: ['x'],
          }),
        'InvalidIdentityTokenException',
        RETRIEVE,
        /another one/,
      ],
      [
        'discovery without the subject types',
        serve =>
          (serve.discovery = {
            issuer: issuer.url,
            jwks_uri: `${issuer.url}/jwks`,
            response_types_supported: ['x'],
            id_token_signing_alg_values_supported: ['x'],
          }),
        'InvalidIdentityTokenException',
        RETRIEVE,
        /subject_types_supported/,
      ],
      [
        'keys on plain http elsewhere',
        serve =>
          (serve.discovery = {
            issuer: issuer.url,
            jwks_uri: 'http://10.0.0.1/jwks',
            response_types_supported: ['x'],
            subject_types_supported: ['x'],
            id_token_signing_alg_values_supported: ['x'],
          }),
        'InvalidIdentityTokenException',
        RETRIEVE,
        /not https/,
      ],
      [
        'a key set without keys',
        serve => (serve.jwks = { keys: [] }),
        'InvalidIdentityTokenException',
        RETRIEVE,
        /keys/,
      ],
      [
        'a key for encryption',
        serve =>
          (serve.jwks = {
            keys: [{ kty: 'RSA', kid: 'a key for encryption', use: 'enc', n: 'AQAB', e: 'AQAB' }],
          }),
        'InvalidIdentityTokenException',
        RETRIEVE,
        /not for signatures/,
      ],
      [
        'a key of another type',
        serve =>
          (serve.jwks = {
            keys: [{ kty: 'EC', kid: 'a key of another type', crv: 'P-256', x: 'AA', y: 'AA' }],
          }),
        'InvalidIdentityTokenException',
        RETRIEVE,
        /does not fit/,
      ],
    ];
    for (const [name, change, code, message, reason] of documents) {
      test(name, async () => {
        change(issuer.serve);
        const error = await refused(name);
        assert.equal(error.name, code, `${error.message} (${error.reason})`);
        if (typeof message === 'string') assert.equal(error.message, message);
        else assert.match(error.message, message);
        assert.match(error.reason, reason);
      });
    }
  });
});

test('an issuer that signs with ES256 is accepted', async () => {
  const elliptic = await startOidcIssuer('ES256');
  const other = await startLocalAws(worldOf(elliptic));
  try {
    const WebIdentityToken = await elliptic.token({}, { now: other.clock.now() });
    await other.sts().send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: DEPLOY,
        RoleSessionName: 'alice',
        WebIdentityToken,
      }),
    );
  } finally {
    await other.close();
    await elliptic.close();
  }
});

test('an issuer that cannot be reached is a communication error', async () => {
  const issuer = await startOidcIssuer();
  const { server, url } = await listen(() => undefined);
  await closed(server);
  const other = await startLocalAws(worldOf({ url, host: url.replace('http://', '') }));

  try {
    const WebIdentityToken = await issuer.token({ iss: url }, { now: other.clock.now() });
    const command = new AssumeRoleWithWebIdentityCommand({
      RoleArn: DEPLOY,
      RoleSessionName: 'alice',
      WebIdentityToken,
    });
    await assert.rejects(other.sts().send(command), { name: 'IDPCommunicationErrorException' });
    assert.match(other.reason() ?? '', /cannot be reached \(ECONNREFUSED\)/);
  } finally {
    await issuer.close();
    await other.close();
  }
});
