import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  AssumeRoleWithSAMLCommand,
  type Credentials,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  type GetSessionTokenCommandInput,
  STSServiceException,
} from '@aws-sdk/client-sts';
import { totpCode } from '../../../src/dev/local-aws/totp.ts';
import { samlResponse } from './saml.ts';
import {
  ADMIN,
  GOV,
  PARTNER,
  PROD,
  ROLE_PAIR,
  SAML_PROVIDER,
  samlWorld,
  type TrustPolicy,
  useLocalAws,
} from './support.ts';

const KEY = { accessKeyId: 'AKIALOCALBREAKGLASS1', secretAccessKey: 'local-user-secret-key-0001' };
const RETIRED = {
  accessKeyId: 'AKIALOCALBREAKGLASS2',
  secretAccessKey: 'local-user-secret-key-0002',
  status: 'Inactive',
} as const;
const BOB_KEY = { accessKeyId: 'AKIALOCALLOCALLOCAL3', secretAccessKey: 'local-user-secret-3333' };
const GOV_KEY = { accessKeyId: 'AKIALOCALLOCALLOCAL4', secretAccessKey: 'local-user-secret-4444' };
const SEED = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const BOB_SEED = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const USER_ARN = `arn:aws:iam::${PROD}:user/ops/breakglass`;
const SERIAL = `arn:aws:iam::${PROD}:mfa/breakglass`;
const BOB_SERIAL = `arn:aws:iam::${PROD}:mfa/bob`;
const WRONG_CODE = 'MultiFactorAuthentication failed with invalid MFA one time pass code. ';
const WRONG_DEVICE =
  'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.';

const roleArn = (name: string, account = PROD): string => `arn:aws:iam::${account}:role/${name}`;

function trust(principal: string, condition?: object): TrustPolicy {
  return {
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: principal },
      Action: 'sts:AssumeRole',
      ...(condition && { Condition: condition }),
    },
  } as TrustPolicy;
}

const role = (name: string, trustPolicy: TrustPolicy, more: object = {}) => ({
  account: PROD,
  name,
  trustPolicy,
  ...more,
});
const WITH_MFA = { Bool: { 'aws:MultiFactorAuthPresent': 'true' } };

const WORLD = samlWorld({
  roles: [
    role('Open', trust(USER_ARN), { maxSessionDuration: 43_200 }),
    role('ByRoot', trust(`arn:aws:iam::${PROD}:root`)),
    role('Mfa', trust(USER_ARN, WITH_MFA), { maxSessionDuration: 43_200 }),
    role('FreshMfa', trust(USER_ARN, { NumericLessThan: { 'aws:MultiFactorAuthAge': '900' } })),
    role('NotWithout', {
      Statement: [
        { Effect: 'Allow', Principal: { AWS: USER_ARN }, Action: 'sts:AssumeRole' },
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 'sts:AssumeRole',
          Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } },
        },
      ],
    }),
    role('AfterMfa', trust(roleArn('Mfa'), WITH_MFA)),
    role('Team', trust(USER_ARN, { StringEquals: { 'aws:PrincipalTag/team': 'ops' } })),
    { account: PARTNER, name: 'Vault', trustPolicy: trust(USER_ARN, WITH_MFA) },
    { account: PARTNER, name: 'Other', trustPolicy: trust(USER_ARN) },
    { account: GOV, name: 'Gov', trustPolicy: trust('*') },
  ],
  iamUsers: [
    {
      account: PROD,
      name: 'breakglass',
      path: '/ops/',
      accessKeys: [KEY, RETIRED],
      mfaDevices: [{ name: 'breakglass', seed: SEED }],
      permissions: [
        { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roleArn('Vault', PARTNER) },
        // No policy stops GetSessionToken and GetCallerIdentity.
        {
          Effect: 'Deny',
          Action: ['sts:GetSessionToken', 'sts:GetCallerIdentity'],
          Resource: '*',
        },
      ],
      tags: { team: 'ops' },
    },
    {
      account: PROD,
      name: 'bob',
      accessKeys: [BOB_KEY],
      mfaDevices: [{ name: 'bob', seed: BOB_SEED }],
      permissions: [{ Effect: 'Allow', Action: 'sts:*', Resource: '*' }],
    },
    { account: GOV, name: 'gov', accessKeys: [GOV_KEY] },
  ],
});

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const keysOf = (credentials: Credentials | undefined): Keys => ({
  accessKeyId: credentials!.AccessKeyId!,
  secretAccessKey: credentials!.SecretAccessKey!,
  sessionToken: credentials!.SessionToken!,
});

describe('IAM users', () => {
  const running = useLocalAws(WORLD);

  /** A code that was not used before: the clock moves on by a step. */
  function mfa(seed = SEED): { SerialNumber: string; TokenCode: string } {
    running.clock.turn(30);
    const SerialNumber = seed === SEED ? SERIAL : BOB_SERIAL;
    return { SerialNumber, TokenCode: totpCode(seed, running.clock.now()) };
  }

  const sessionToken = (input: GetSessionTokenCommandInput = {}, keys: Keys = KEY) =>
    running.sts(keys).send(new GetSessionTokenCommand(input));

  const assume = (input: Partial<AssumeRoleCommandInput>, keys: Keys = KEY) =>
    running.sts(keys).send(
      new AssumeRoleCommand({
        RoleArn: roleArn('Open'),
        RoleSessionName: 'breakglass',
        ...input,
      }),
    );

  const identity = (keys: Keys) => running.sts(keys).send(new GetCallerIdentityCommand({}));

  async function rejected(call: Promise<unknown>) {
    const error = await call.then(
      () => assert.fail('it was accepted'),
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof STSServiceException, String(error));
    return { name: error.name, message: error.message, reason: running.reason() ?? '' };
  }

  describe('with long-term keys', () => {
    test('are told who they are, whatever their policies deny', async () => {
      const { Arn, Account, UserId } = await identity(KEY);
      assert.deepEqual([Arn, Account], [USER_ARN, PROD]);
      assert.match(UserId!, /^AIDA[A-Z2-7]{17}$/);
    });

    test('are rejected when the key is inactive', async () => {
      const error = await rejected(identity(RETIRED));
      assert.equal(error.name, 'InvalidClientTokenId');
      assert.match(error.reason, /AKIALOCALBREAKGLASS2 is inactive/);
    });

    test('are rejected with a session token or the secret of another key', async () => {
      const tokens = await rejected(identity({ ...KEY, sessionToken: 'made-up' }));
      assert.equal(tokens.name, 'InvalidClientTokenId');
      const secret = { ...KEY, secretAccessKey: RETIRED.secretAccessKey };
      assert.equal((await rejected(identity(secret))).name, 'SignatureDoesNotMatch');
    });
  });

  describe('GetSessionToken', () => {
    test('gives credentials of the user for twelve hours, or for the requested time', async () => {
      const { Credentials } = await sessionToken();
      const seconds = (Credentials!.Expiration!.getTime() - running.clock.now()) / 1000;
      assert.ok(seconds > 43_195 && seconds <= 43_200, String(seconds));
      assert.match(Credentials!.AccessKeyId!, /^ASIA/);
      assert.equal((await identity(keysOf(Credentials))).Arn, USER_ARN);

      const longest = await sessionToken({ DurationSeconds: 129_600, ...mfa() });
      const most = (longest.Credentials!.Expiration!.getTime() - running.clock.now()) / 1000;
      assert.ok(most > 129_595, String(most));
    });

    for (const DurationSeconds of [899, 129_601])
      test(`rejects ${DurationSeconds} seconds`, async () => {
        assert.equal((await rejected(sessionToken({ DurationSeconds }))).name, 'ValidationError');
      });

    test('rejects credentials of sessions', async () => {
      const user = keysOf((await sessionToken(mfa())).Credentials);
      const assumed = keysOf((await assume({})).Credentials);
      for (const keys of [user, assumed]) {
        const { name, message } = await rejected(sessionToken({}, keys));
        assert.deepEqual(
          [name, message],
          ['AccessDenied', 'Cannot call GetSessionToken with session credentials'],
        );
      }
    });

    test('rejects a wrong code', async () => {
      const { SerialNumber } = mfa();
      const TokenCode = totpCode(SEED, running.clock.now() + 3_600_000);
      const error = await rejected(sessionToken({ SerialNumber, TokenCode }));
      assert.deepEqual([error.name, error.message], ['AccessDenied', WRONG_CODE]);
      assert.match(error.reason, /the code is wrong/);
      assert.ok(!error.reason.includes(TokenCode));
    });

    test('accepts a code once, and no older one after it', async () => {
      running.clock.turn(60);
      const older = {
        SerialNumber: SERIAL,
        TokenCode: totpCode(SEED, running.clock.now() - 30_000),
      };
      const code = { SerialNumber: SERIAL, TokenCode: totpCode(SEED, running.clock.now()) };
      await sessionToken(code);
      for (const again of [code, older]) {
        const error = await rejected(sessionToken(again));
        assert.deepEqual([error.name, error.message], ['AccessDenied', WRONG_CODE]);
        assert.match(error.reason, /used before/);
      }
      await sessionToken(mfa());
    });

    test('accepts one of two callers with the same code', async () => {
      const code = mfa();
      const outcomes = await Promise.allSettled([sessionToken(code), sessionToken(code)]);
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    });

    const devices: readonly [string, string, string][] = [
      ['the device of another user', BOB_SERIAL, BOB_SEED],
      ['an unknown device', `arn:aws:iam::${PROD}:mfa/none`, SEED],
      ['the ARN of the user', USER_ARN, SEED],
    ];
    for (const [name, SerialNumber, seed] of devices)
      test(`rejects ${name}`, async () => {
        mfa();
        const TokenCode = totpCode(seed, running.clock.now());
        const error = await rejected(sessionToken({ SerialNumber, TokenCode }));
        assert.deepEqual([error.name, error.message], ['AccessDenied', WRONG_DEVICE]);
      });

    test('rejects a code without a device, and a device without a code', async () => {
      const { SerialNumber, TokenCode } = mfa();
      for (const half of [{ SerialNumber }, { TokenCode }])
        assert.match((await rejected(sessionToken(half))).message, /must provide both/);
    });

    test('leaves a code usable that came with the device of another user', async () => {
      const { TokenCode } = mfa();
      await rejected(sessionToken({ SerialNumber: BOB_SERIAL, TokenCode }));
      await sessionToken({ SerialNumber: SERIAL, TokenCode });
    });

    test('gives credentials that expire', async () => {
      const keys = keysOf((await sessionToken({ DurationSeconds: 900 })).Credentials);
      await identity(keys);
      running.clock.turn(900);
      assert.equal((await rejected(identity(keys))).name, 'ExpiredToken');
    });
  });

  describe('AssumeRole', () => {
    test('gives up to the maximum of the role, to long-term keys and to a session of the user', async () => {
      const user = keysOf((await sessionToken(mfa())).Credentials);
      for (const keys of [KEY, user]) {
        const { Credentials } = await assume({ DurationSeconds: 43_200 }, keys);
        assert.ok(Credentials!.Expiration!.getTime() - running.clock.now() > 43_190_000);
      }
    });

    const denied: readonly [string, string][] = [
      ['a role that requires MFA (Bool)', 'Mfa'],
      ['a role that requires recent MFA (NumericLessThan)', 'FreshMfa'],
      ['a role that denies callers without MFA (BoolIfExists)', 'NotWithout'],
    ];
    for (const [name, target] of denied)
      test(`denies ${name} without a code, and allows it with one`, async () => {
        const RoleArn = roleArn(target);
        const { name: code, message } = await rejected(assume({ RoleArn }));
        assert.deepEqual(
          [code, message],
          [
            'AccessDenied',
            `User: ${USER_ARN} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
          ],
        );
        const plain = keysOf((await sessionToken()).Credentials);
        assert.equal((await rejected(assume({ RoleArn }, plain))).name, 'AccessDenied');
        await assume({ RoleArn, ...mfa() });
        await assume({ RoleArn }, keysOf((await sessionToken(mfa())).Credentials));
      });

    test('denies a session whose MFA is too old, and allows it with another code', async () => {
      const user = keysOf((await sessionToken(mfa())).Credentials);
      const RoleArn = roleArn('FreshMfa');
      running.clock.turn(899);
      await assume({ RoleArn }, user);
      running.clock.turn(1);
      const error = await rejected(assume({ RoleArn }, user));
      assert.match(error.reason, /NumericLessThan aws:MultiFactorAuthAge.*"900"/);
      await assume({ RoleArn, ...mfa() }, user);
    });

    test('does not carry MFA on into the session of a role', async () => {
      const { Credentials } = await assume({ RoleArn: roleArn('Mfa'), ...mfa() });
      const error = await rejected(assume({ RoleArn: roleArn('AfterMfa') }, keysOf(Credentials)));
      assert.match(error.reason, /aws:MultiFactorAuthPresent.*"false"/);
    });

    test('rejects a wrong or used code, and any code of a role session', async () => {
      const code = mfa();
      const { Credentials } = await assume({ RoleArn: roleArn('Mfa'), ...code });
      const used = await rejected(assume({ RoleArn: roleArn('Mfa'), ...code }));
      assert.deepEqual([used.name, used.message], ['AccessDenied', WRONG_CODE]);
      const other = await rejected(
        assume({ RoleArn: roleArn('Mfa'), ...mfa() }, keysOf(Credentials)),
      );
      assert.deepEqual([other.name, other.message], ['AccessDenied', WRONG_DEVICE]);
      // Also where the role does not require one.
      assert.equal((await rejected(assume(code))).message, WRONG_CODE);
    });

    test('takes the code of the caller, not of another user', async () => {
      const error = await rejected(assume({ RoleArn: roleArn('Mfa'), ...mfa(BOB_SEED) }));
      assert.equal(error.message, WRONG_DEVICE);
    });

    test('requires the permission of the caller where the trust policy names the account', async () => {
      const RoleArn = roleArn('ByRoot');
      assert.match((await rejected(assume({ RoleArn }))).reason, /caller's policies do not allow/);
      await assume({ RoleArn }, BOB_KEY);
      await assume({ RoleArn }, keysOf((await sessionToken({}, BOB_KEY)).Credentials));
    });

    test('requires both policies between accounts', async () => {
      await assume({ RoleArn: roleArn('Vault', PARTNER), ...mfa() });
      const own = await rejected(assume({ RoleArn: roleArn('Other', PARTNER) }));
      assert.match(own.reason, /caller's policies do not allow/);
      const trusted = await rejected(assume({ RoleArn: roleArn('Vault', PARTNER) }, BOB_KEY));
      assert.match(trusted.reason, /another principal/);
    });

    test('knows the tags of the user', async () => {
      await assume({ RoleArn: roleArn('Team') });
      assert.equal(
        (await rejected(assume({ RoleArn: roleArn('Team') }, BOB_KEY))).name,
        'AccessDenied',
      );
    });

    test('denies roles of another partition', async () => {
      const RoleArn = `arn:aws-us-gov:iam::${GOV}:role/Gov`;
      assert.match((await rejected(assume({ RoleArn }, BOB_KEY))).reason, /another partition/);
    });
  });

  describe('the console', () => {
    const federate = (keys: Keys, more: Readonly<Record<string, string>> = {}) =>
      fetch(`${running.url}/federation`, {
        method: 'POST',
        body: new URLSearchParams({
          Action: 'getSigninToken',
          Session: JSON.stringify({
            sessionId: keys.accessKeyId,
            sessionKey: keys.secretAccessKey,
            sessionToken: keys.sessionToken ?? 'none',
          }),
          ...more,
        }),
      });

    test('gives no sign-in token to the user, with or without GetSessionToken', async () => {
      assert.equal((await federate(KEY)).status, 400);
      const user = keysOf((await sessionToken(mfa())).Credentials);
      assert.equal((await federate(user)).status, 400);
      assert.match(running.reason()!, /GetSessionToken get no sign-in token/);
    });

    test('gives one to a role, and a duration only if long-term keys assumed it', async () => {
      const assumed = keysOf((await assume({})).Credentials);
      assert.equal((await federate(assumed, { SessionDuration: '3600' })).status, 200);
      const user = keysOf((await sessionToken(mfa())).Credentials);
      const further = keysOf((await assume({}, user)).Credentials);
      assert.equal((await federate(further)).status, 200);
      assert.equal((await federate(further, { SessionDuration: '3600' })).status, 400);
      assert.match(running.reason()!, /temporary credentials assumed/);
    });
  });

  test('is the ARN of the session for a session of a role, and stays after role chaining', async () => {
    const SAMLAssertion = samlResponse({ roles: [ROLE_PAIR], now: running.clock.now() });
    const saml = await running.sts().send(
      new AssumeRoleWithSAMLCommand({
        RoleArn: ADMIN,
        PrincipalArn: SAML_PROVIDER,
        SAMLAssertion,
      }),
    );
    assert.match((await identity(keysOf(saml.Credentials))).Arn!, /:assumed-role\/Admin\//);
    const assumed = keysOf((await assume({})).Credentials);
    const { Arn, UserId } = await identity(assumed);
    assert.equal(Arn, `arn:aws:sts::${PROD}:assumed-role/Open/breakglass`);
    assert.match(UserId!, /^AROA[A-Z2-7]{17}:breakglass$/);
  });

  test('of GovCloud have devices and keys of their partition', async () => {
    const gov = running.sts(GOV_KEY, 'us-gov-west-1');
    const { Arn } = await gov.send(new GetCallerIdentityCommand({}));
    assert.equal(Arn, `arn:aws-us-gov:iam::${GOV}:user/gov`);
    await assert.rejects(running.sts(GOV_KEY).send(new GetCallerIdentityCommand({})), {
      name: 'InvalidClientTokenId',
    });
  });
});
