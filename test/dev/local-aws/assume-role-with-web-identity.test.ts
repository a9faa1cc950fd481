import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandInput,
  GetCallerIdentityCommand,
  STSServiceException,
} from '@aws-sdk/client-sts';
import type { JWTPayload } from 'jose';
import type { WorldInput } from '../../../src/dev/local-aws/world.ts';
import {
  ADMIN,
  type OidcIssuer,
  PARTNER,
  PROD,
  samlWorld,
  type TokenOptions,
  type TrustPolicy,
  useLocalAws,
  useOidcIssuer,
} from './support.ts';

const DEPLOY = `arn:aws:iam::${PROD}:role/Deploy`;
const TAGS = 'https://aws.amazon.com/tags';
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity';

function worldOf(issuer: OidcIssuer): WorldInput {
  const trust = (condition: object, actions: string[]): TrustPolicy =>
    ({
      Statement: {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${PROD}:oidc-provider/${issuer.host}` },
        Action: actions,
        Condition: condition,
      },
    }) as TrustPolicy;
  const all = ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity'];
  const aud = { StringEquals: { [`${issuer.host}:aud`]: 'sts.amazonaws.com' } };
  return samlWorld({
    oidcProviders: [
      { account: PROD, url: issuer.url, clientIds: ['sts.amazonaws.com', 'cli'] },
      { account: PARTNER, url: `${issuer.url}/`, clientIds: ['sts.amazonaws.com'] },
    ],
    roles: [
      { account: PROD, name: 'Deploy', maxSessionDuration: 7200, trustPolicy: trust(aud, all) },
      {
        account: PROD,
        name: 'Plain',
        trustPolicy: trust({}, ['sts:AssumeRoleWithWebIdentity']),
      },
      {
        account: PROD,
        name: 'Subject',
        trustPolicy: trust(
          {
            StringLike: { [`${issuer.host}:sub`]: 'team-*' },
            'ForAnyValue:StringEquals': { [`${issuer.host}:amr`]: 'mfa' },
          },
          all,
        ),
      },
      { account: PARTNER, name: 'Deploy', trustPolicy: trust({}, all) },
    ],
  });
}

describe('AssumeRoleWithWebIdentity', () => {
  const issuer = useOidcIssuer();
  const running = useLocalAws(() => worldOf(issuer));

  async function assume(
    claims: JWTPayload = {},
    options: TokenOptions = {},
    input: Partial<AssumeRoleWithWebIdentityCommandInput> = {},
  ) {
    const WebIdentityToken =
      input.WebIdentityToken ??
      (await issuer.token(claims, { now: running.clock.now(), ...options }));
    return running.sts().send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: DEPLOY,
        RoleSessionName: 'alice',
        ...input,
        WebIdentityToken,
      }),
    );
  }

  async function refused(...args: Parameters<typeof assume>) {
    const error = await assume(...args).then(
      () => assert.fail('it was accepted'),
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof STSServiceException, String(error));
    return {
      name: error.name,
      status: error.$metadata.httpStatusCode,
      message: error.message,
      reason: running.reason() ?? '',
    };
  }

  const seconds = (): number => Math.floor(running.clock.now() / 1000);

  test('exchanges a valid token for working credentials', async () => {
    const claims = {
      [TAGS]: {
        principal_tags: { Project: ['Automation'], Cost: ['7'] },
        transitive_tag_keys: ['Project'],
      },
      [SOURCE_IDENTITY]: 'alice',
    };
    const answer = await assume(claims);
    assert.equal(answer.SubjectFromWebIdentityToken, 'person-k3jx2q7d');
    assert.equal(answer.Audience, 'sts.amazonaws.com');
    assert.equal(answer.Provider, `arn:aws:iam::${PROD}:oidc-provider/${issuer.host}`);
    assert.equal(answer.SourceIdentity, 'alice');
    assert.ok(answer.PackedPolicySize! > 0);

    const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials!;
    const who = await running
      .sts({
        accessKeyId: AccessKeyId!,
        secretAccessKey: SecretAccessKey!,
        sessionToken: SessionToken!,
      })
      .send(new GetCallerIdentityCommand({}));
    assert.equal(who.Arn, `arn:aws:sts::${PROD}:assumed-role/Deploy/alice`);
  });

  describe('accepts', () => {
    const cases: readonly [
      string,
      () => JWTPayload,
      Partial<AssumeRoleWithWebIdentityCommandInput>?,
    ][] = [
      ['a token within five minutes of its end', () => ({ exp: seconds() - 299 })],
      ['azp in place of aud', () => ({ aud: 'another-client', azp: 'sts.amazonaws.com' })],
      ['an audience in a list of one', () => ({ aud: ['sts.amazonaws.com'] })],
      [
        'conditions on subject and authentication method',
        () => ({ sub: 'team-red', amr: ['pwd', 'mfa'] }),
        { RoleArn: `arn:aws:iam::${PROD}:role/Subject` },
      ],
      ['the maximum of the role', () => ({}), { DurationSeconds: 7200 }],
    ];
    for (const [name, claims, input] of cases) {
      test(name, async () => {
        await assume(claims(), {}, input);
      });
    }
  });

  describe('rejects', () => {
    const NOT_A_JWT = /^The ID Token provided is not a valid JWT\./;
    const DENIED = 'Not authorized to perform sts:AssumeRoleWithWebIdentity';
    const AUDIENCE = 'Incorrect token audience';
    type Case = readonly [
      name: string,
      claims: () => JWTPayload,
      options: TokenOptions,
      code: string,
      message: string | RegExp,
      reason?: RegExp,
      input?: Partial<AssumeRoleWithWebIdentityCommandInput>,
    ];
    const none = (): JWTPayload => ({});
    const ID = 'InvalidIdentityTokenException';
    const cases: readonly Case[] = [
      [
        'a token that ended five minutes ago',
        () => ({ exp: seconds() - 300 }),
        {},
        'ExpiredTokenException',
        /^Token expired: current date\/time \d+ must be before the expiration date\/time \d+$/,
      ],
      [
        'a token issued long ago',
        () => ({ iat: seconds() - 86_401, exp: seconds() + 60 }),
        {},
        'ExpiredTokenException',
        /^Token too old: 86401$/,
      ],
      ['a token from the future', () => ({ iat: seconds() + 301 }), {}, ID, NOT_A_JWT, /iat/],
      ['a token that is not valid yet', () => ({ nbf: seconds() + 301 }), {}, ID, NOT_A_JWT, /nbf/],
      ['a fractional time', () => ({ exp: seconds() + 60.5 }), {}, ID, NOT_A_JWT, /exp/],
      ['another audience', () => ({ aud: 'other' }), {}, ID, AUDIENCE, /no client id/],
      ['another azp, although aud is right', () => ({ azp: 'other' }), {}, ID, AUDIENCE, /azp/],
      [
        'several audiences without azp',
        () => ({ aud: ['sts.amazonaws.com', 'cli'] }),
        {},
        ID,
        AUDIENCE,
        /several/,
      ],
      [
        'another issuer',
        () => ({ iss: 'https://other.example.com' }),
        {},
        ID,
        'No OpenIDConnect provider found in your account for https://other.example.com',
      ],
      [
        'an issuer that differs by a slash',
        () => ({ iss: `${issuer.url}/` }),
        {},
        ID,
        /^No OpenIDConnect provider found/,
      ],
      ['a subject of five characters', () => ({ sub: 'alice' }), {}, ID, NOT_A_JWT, /sub/],
      [
        'a subject that is no text',
        () => ({ sub: 1234567 as unknown as string }),
        {},
        ID,
        NOT_A_JWT,
        /sub/,
      ],
      ...['sub', 'aud', 'iat', 'exp', 'iss'].map(
        (name): Case => [
          `a token without ${name}`,
          none,
          { without: [name] },
          ID,
          `Missing a required claim: ${name}`,
        ],
      ),
      ['a critical header', none, { header: { crit: ['b64'], b64: true } }, ID, NOT_A_JWT, /crit/],
      [
        'a tag with two values',
        () => ({ [TAGS]: { principal_tags: { Team: ['a', 'b'] } } }),
        {},
        ID,
        NOT_A_JWT,
      ],
      [
        'a tag claim with unknown members',
        () => ({ [TAGS]: { principalTags: {} } }),
        {},
        ID,
        NOT_A_JWT,
      ],
      [
        'a transitive key without tag',
        () => ({ [TAGS]: { principal_tags: {}, transitive_tag_keys: ['Team'] } }),
        {},
        ID,
        NOT_A_JWT,
        /no session tag/,
      ],
      [
        'a source identity with a blank',
        () => ({ [SOURCE_IDENTITY]: 'alice b' }),
        {},
        ID,
        NOT_A_JWT,
      ],
      [
        'another subject than the trust policy wants',
        () => ({ amr: ['mfa'] }),
        {},
        'AccessDenied',
        DENIED,
        /:sub is not met/,
        { RoleArn: `arn:aws:iam::${PROD}:role/Subject` },
      ],
      [
        'a client id that the trust policy does not name',
        () => ({ aud: 'cli' }),
        {},
        'AccessDenied',
        DENIED,
        /:aud is not met/,
      ],
      [
        'tags without sts:TagSession',
        () => ({ [TAGS]: { principal_tags: { Team: ['a'] } } }),
        {},
        'AccessDenied',
        DENIED,
        /sts:TagSession/,
        { RoleArn: `arn:aws:iam::${PROD}:role/Plain` },
      ],
      [
        'a role that does not exist',
        none,
        {},
        'AccessDenied',
        DENIED,
        /unknown role/,
        { RoleArn: `arn:aws:iam::${PROD}:role/Missing` },
      ],
      [
        'an account that does not exist',
        none,
        {},
        'AccessDenied',
        DENIED,
        /unknown account/,
        { RoleArn: 'arn:aws:iam::999999999999:role/Deploy' },
      ],
      [
        'a role for SAML',
        none,
        {},
        'AccessDenied',
        DENIED,
        /no statement names this action/,
        { RoleArn: ADMIN },
      ],
      [
        'a provider of another account',
        none,
        {},
        ID,
        /^No OpenIDConnect provider found/,
        undefined,
        { RoleArn: `arn:aws:iam::${PARTNER}:role/Deploy` },
      ],
      [
        'a duration over the maximum, before the token is looked at',
        () => ({ exp: 1 }),
        {},
        'ValidationError',
        /MaxSessionDuration/,
        undefined,
        { DurationSeconds: 7201 },
      ],
      [
        'a provider id',
        none,
        {},
        'ValidationError',
        /ProviderId/,
        undefined,
        { ProviderId: 'www.amazon.com' },
      ],
      [
        'an opaque access token',
        none,
        {},
        ID,
        NOT_A_JWT,
        /three parts/,
        { WebIdentityToken: 'ya29.opaque' },
      ],
      [
        'an unsigned token',
        none,
        {},
        ID,
        NOT_A_JWT,
        undefined,
        {
          WebIdentityToken: `${Buffer.from('{"alg":"none","kid":"key-1"}').toString('base64url')}.e30.`,
        },
      ],
    ];
    for (const [name, claims, options, code, message, reason, input] of cases) {
      test(name, async () => {
        const error = await refused(claims(), options, input);
        assert.equal(error.name, code, `${error.message} (${error.reason})`);
        if (typeof message === 'string') assert.equal(error.message, message);
        else assert.match(error.message, message);
        if (reason !== undefined) assert.match(error.reason, reason);
      });
    }

    test('a changed token', async () => {
      const [header, payload, signature] = (
        await issuer.token({}, { now: running.clock.now() })
      ).split('.');
      const changed = Buffer.from(payload!, 'base64url').toString().replace('person', 'victim');

      const error = await refused(
        {},
        {},
        {
          WebIdentityToken: `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`,
        },
      );

      assert.match(error.reason, /signature does not fit/);
    });

    test('a token signed with the public key as an HMAC secret', async () => {
      const [header, payload] = (await issuer.token({}, { now: running.clock.now() })).split('.');
      const forged = Buffer.from(
        JSON.stringify({
          ...JSON.parse(Buffer.from(header!, 'base64url').toString()),
          alg: 'HS256',
        }),
      ).toString('base64url');
      const mac = createHmac('sha256', 'public key')
        .update(`${forged}.${payload}`)
        .digest('base64url');

      const error = await refused({}, {}, { WebIdentityToken: `${forged}.${payload}.${mac}` });

      assert.match(error.reason, /algorithm is not one of/);
    });
  });
});
