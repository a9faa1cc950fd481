/** What `rolebridge mfa` says when AWS refuses, is not there, or is not asked at all. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { freePort } from '../../support/free-port.ts';
import {
  BREAK_GLASS,
  CREDENTIALS,
  type IamUser,
  type IamUserOptions,
  iamUserFor,
  KEYS,
  SERIAL,
} from '../../support/iam-user.ts';

const OPS = ['--profile', 'ops'];

/** Runs `rolebridge mfa` with the right code. */
async function refused(
  t: TestContext,
  options: IamUserOptions,
  change: (user: IamUser) => readonly string[] | undefined = () => undefined,
): Promise<{ readonly code: number | null; readonly stderr: string; readonly user: IamUser }> {
  const user = await iamUserFor(t, options);
  const program = user.script('code', `echo ${user.code()}`);
  const args = change(user) ?? [];
  const { code, stdout, stderr } = await user.mfa([...OPS, '--mfa-process', program, ...args]);
  assert.equal(stdout, '');
  assert.doesNotMatch(stderr, /\b\d{6}\b/, 'no code');
  assert.ok(!stderr.includes(KEYS.id), 'no key');
  return { code, stderr, user };
}

describe('a refusal of AWS', () => {
  const MINUTE = 60_000;
  for (const [ahead, says] of [
    [20 * MINUTE, '20 minutes behind'],
    [-20 * MINUTE, '20 minutes ahead of'],
    [3 * 60 * MINUTE, '3 hours behind'],
  ] as const) {
    it(`names the clock, ${says} that of AWS`, async t => {
      const { code, stderr } = await refused(t, { awsAheadMilliseconds: ahead });
      assert.equal(code, 6);
      assert.equal(
        stderr,
        `rolebridge: AWS rejected the time of the request: the clock of this computer is ${says} that of AWS.\nSet the clock (in WSL after a sleep: sudo hwclock -s), then try again.\n`,
      );
    });
  }

  it('is absent for a clock skew of three minutes, which a warning names', async t => {
    const user = await iamUserFor(t, { awsAheadMilliseconds: 3 * MINUTE });
    const program = user.script('code', `echo ${user.code()}`);
    const { code, stderr } = await user.mfa([...OPS, '--mfa-process', program]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /clock skew: the clock of this computer is 3 minutes behind that of AWS/);
    // Twelve hours by this clock, too.
    assert.match(stderr, /has credentials of an MFA session for (?:12 h|11 h 59 min)\./);
  });

  it('of a code names a clock skew, with which a program on this computer makes wrong codes', async t => {
    const user = await iamUserFor(t, { awsAheadMilliseconds: 3 * MINUTE });
    const wrong = user.code() === '000000' ? '000001' : '000000';
    const program = user.script('code', `echo ${wrong}`);
    const { code, stderr } = await user.mfa([...OPS, '--mfa-process', program]);
    assert.equal(code, 7);
    assert.match(
      stderr,
      /then try again\.\nThe clock of this computer is 3 minutes behind that of AWS, so codes that it generates are wrong\.\n$/,
    );
  });

  it('says that the access key was deleted or deactivated', async t => {
    const { code, stderr } = await refused(t, { status: 'Inactive' });
    assert.equal(code, 4);
    assert.match(
      stderr,
      /AWS does not know the access key of the profile ops\.\nIt was deleted or/,
    );
  });

  it('says that the secret key is wrong', async t => {
    const { code, stderr } = await refused(t, {}, ({ computer }) => {
      const wrong = CREDENTIALS.replace(KEYS.secret, KEYS.secret.toLowerCase());
      writeFileSync(computer.file('.aws/credentials'), wrong);
      return undefined;
    });
    assert.equal(code, 4);
    assert.match(stderr, /AWS rejected the secret key of the profile ops\.\nCheck that/);
  });

  it('says that the device is not one of this user', async t => {
    const { code, stderr } = await refused(t, {}, () => ['--serial', `${SERIAL}-other`]);
    assert.equal(code, 7);
    assert.match(stderr, /the MFA device \S+-other does not belong to the user of the profile ops/);
  });

  it('says what a role may require, which AWS does not tell', async t => {
    const { code, stderr } = await refused(t, {}, () => ['--role', BREAK_GLASS]);
    assert.equal(code, 4);
    assert.match(stderr, /AWS denied arn:aws:iam::111122223333:role\/BreakGlass to the user/);
    assert.match(stderr, /or requires an external_id, a role_session_name or an MFA device\./);
  });

  it('says that the role does not allow sessions of this length', async t => {
    const { code, stderr } = await refused(t, {}, user => {
      user.configure(`mfa_serial = ${SERIAL}\nexternal_id = break-glass-7f3c\n`);
      return ['--role', BREAK_GLASS, '--duration', '3h'];
    });
    assert.equal(code, 4);
    assert.match(stderr, /BreakGlass does not allow sessions of this length/);
  });
});

describe('an STS that is not there', () => {
  const answering =
    (status: number, body: string, headers: Record<string, string> = {}) =>
    (): RequestListener =>
    (request, response) => {
      request.resume().on('end', () => response.writeHead(status, headers).end(body));
    };
  const PAGE = '<!doctype html><html><body>Sign in to the network</body></html>';
  const cases: readonly (readonly [string, IamUserOptions['through'], RegExp])[] = [
    [
      'answers with a page',
      answering(200, PAGE),
      /the response is not from AWS STS \(status 200\)/,
    ],
    [
      'answers with a redirect',
      answering(302, '', { location: 'https://portal.example/' }),
      /the response is not from AWS STS \(status 302\)/,
    ],
    [
      'is unavailable',
      answering(503, PAGE),
      /AWS is unavailable or throttles requests \(status 503\)/,
    ],
    [
      'throttles',
      answering(400, errorXml('Throttling', 'Rate exceeded')),
      /AWS is unavailable or throttles requests \(status 400\)/,
    ],
    [
      'answers without an end',
      answering(200, 'x'.repeat(9 * 1024 * 1024)),
      /response of the server is too large/,
    ],
    [
      'answers with unusable credentials',
      answering(200, credentialsXml('two words')),
      /AWS answered with credentials that cannot be used/,
    ],
  ];
  for (const [title, through, says] of cases) {
    it(`is an error that says so: it ${title}`, async t => {
      const { code, stderr } = await refused(t, through === undefined ? {} : { through });
      assert.equal(code, 5, stderr);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /Sign in to the network/);
    });
  }

  it('is an error that names the address: nothing listens there', async t => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const { code, stderr } = await refused(t, { env: { AWS_ENDPOINT_URL_STS: nowhere } });
    assert.equal(code, 5);
    assert.ok(stderr.includes(`nothing answers at ${nowhere}`), stderr);
  });

  it('is an error that names the proxy, which is used for AWS as for a bridge', async t => {
    const { code, stderr } = await refused(t, {
      env: {
        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
        HTTPS_PROXY: `127.0.0.1:${await freePort()}`,
      },
    });
    assert.equal(code, 5);
    assert.match(stderr, /nothing answers at the proxy of HTTPS_PROXY/);
  });
});

function errorXml(code: string, message: string): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
}

function credentialsXml(token: string): string {
  return `<GetSessionTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetSessionTokenResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>${token}</SessionToken><Expiration>2036-01-01T00:00:00Z</Expiration></Credentials></GetSessionTokenResult></GetSessionTokenResponse>`;
}

describe('a profile that cannot be used', () => {
  interface Case {
    readonly title: string;
    readonly config?: string;
    readonly credentials?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly args?: readonly string[];
    readonly code: number;
    readonly says: RegExp;
  }
  const cases: readonly Case[] = [
    {
      title: 'has no MFA device',
      config: '',
      code: 2,
      says: /the profile ops names no MFA device\.\nGive its serial number: --serial arn:[\s\S]*aws iam list-mfa-devices/,
    },
    {
      title: 'has a security key',
      config: `mfa_serial = arn:aws:iam::111122223333:u2f/user/ops/key-ABC\n`,
      code: 6,
      says: /is not a device that shows codes\.\nSTS accepts the codes of virtual and hardware devices/,
    },
    {
      title: 'names the user as the device',
      args: ['--serial', 'arn:aws:iam::111122223333:user/ops'],
      code: 6,
      says: /is not a device that shows codes/,
    },
    {
      title: 'is misspelt',
      args: ['--profile', 'ops1'],
      code: 6,
      says: /unknown profile ops1\.\nDid you mean ops\?/,
    },
    {
      title: 'has no keys',
      credentials: '[other]\n',
      code: 6,
      says: /the profile ops has no long-term keys\.\nThey are expected as aws_access_key_id/,
    },
    {
      title: 'has half of the keys',
      credentials: `[ops]\naws_access_key_id = ${KEYS.id}\n`,
      code: 6,
      says: /the profile ops has a key without aws_secret_access_key/,
    },
    {
      title: 'has temporary keys',
      credentials: `${CREDENTIALS}aws_session_token = t\n`,
      code: 6,
      says: /the keys of the profile ops are temporary\b/,
    },
    {
      title: 'gets its keys from credential_source',
      config: `mfa_serial = ${SERIAL}\nrole_arn = ${BREAK_GLASS}\ncredential_source = Ec2InstanceMetadata\n`,
      code: 6,
      says: /the profile \S+ gets its keys from credential_source/,
    },
    {
      title: 'names no role but a user',
      args: ['--role', 'arn:aws:iam::111122223333:user/ops'],
      code: 6,
      says: /role_arn has a form that AWS does not accept/,
    },
    {
      title: 'sends keys over http',
      env: { AWS_ENDPOINT_URL_STS: 'http://sts.example.com' },
      code: 6,
      says: /the endpoint of STS is not an https address/,
    },
    {
      title: 'names a region that becomes another host',
      env: { AWS_REGION: 'evil.example/x' },
      code: 6,
      says: /"evil\.example\/x" is not an AWS region/,
    },
  ];
  for (const { title, config, credentials, env = {}, args = [], code: exit, says } of cases) {
    it(`is rejected before AWS is asked: it ${title}`, async t => {
      const { code, stderr, user } = await refused(t, { env }, user => {
        if (config !== undefined) user.configure(config);
        if (credentials !== undefined)
          writeFileSync(user.computer.file('.aws/credentials'), credentials);
        return args;
      });
      assert.equal(code, exit, stderr);
      assert.match(stderr, says);
      assert.deepEqual(user.events, []);
    });
  }

  it('is rejected with its path where a file of the AWS tools is a directory', async t => {
    const { code, stderr } = await refused(t, {}, ({ computer }) => {
      rmSync(computer.file('.aws/credentials'));
      mkdirSync(computer.file('.aws/credentials'));
      return undefined;
    });
    assert.equal(code, 6);
    assert.match(stderr, /credentials is a directory, not a regular file/);
  });
});
