import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { before, describe, test } from 'node:test';
import { eventLine } from '../../../src/dev/local-aws/events.ts';
import { nameQualifier } from '../../../src/dev/local-aws/identifiers.ts';
import { totpCode } from '../../../src/dev/local-aws/totp.ts';
import { parseWorld, readWorldFile, WorldError } from '../../../src/dev/local-aws/world.ts';
import { useDirectory } from '../../support/directory.ts';
import { idpKey, metadataXml } from './saml.ts';

const ACCOUNT = { id: '111122223333', name: 'prod' };
const TRUST = {
  Statement: [{ Effect: 'Allow', Principal: { Federated: 'x' }, Action: 'sts:AssumeRoleWithSAML' }],
};
const role = (more: object = {}): object => ({
  account: ACCOUNT.id,
  name: 'Admin',
  trustPolicy: TRUST,
  ...more,
});

const KEY = { accessKeyId: 'AKIAIOSFODNN7LOCAL00', secretAccessKey: 'local-user-secret-key' };
const DEVICE = { name: 'phone', seed: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' };
const user = (name: string, more: object = {}): object => ({ account: ACCOUNT.id, name, ...more });

const OBJECT = { key: 'a', content: { text: 'x' } };
const bucket = (more: object = {}): object => ({
  account: ACCOUNT.id,
  name: 'photos',
  region: 'eu-west-1',
  ...more,
});

function mistakesOf(world: unknown): readonly string[] {
  try {
    parseWorld(world);
  } catch (cause) {
    assert.ok(cause instanceof WorldError);
    return cause.mistakes;
  }
  return assert.fail('it was accepted');
}

describe('a world file', () => {
  test('with one account is enough', () => {
    assert.equal(parseWorld({ accounts: [ACCOUNT] }).accounts[0]?.partition.name, 'aws');
  });

  test('has all its mistakes reported with their paths', () => {
    const mistakes = mistakesOf({
      accounts: [
        { id: 111122223333, name: 'prod' },
        { ...ACCOUNT, region: 'x' },
      ],
      roles: [
        role({ maxSessionDuration: 60 }),
        role({
          trustPolicy: { Statement: [{ Effect: 'Maybe', Principal: '*', Action: 'AssumeRole' }] },
        }),
      ],
      rolls: [],
    });
    const paths = mistakes.map(line => line.slice(0, line.indexOf(': ')));

    assert.deepEqual(
      paths.sort(),
      [
        '(the whole file)',
        'accounts[0].id',
        'accounts[1]',
        'roles[0].maxSessionDuration',
        'roles[1].trustPolicy.Statement[0].Action',
        'roles[1].trustPolicy.Statement[0].Effect',
      ].sort(),
      mistakes.join('\n'),
    );
  });

  const cases: readonly [string, object, RegExp][] = [
    [
      'an unknown account',
      { roles: [role({ account: '999999999999' })] },
      /^roles\[0\]\.account: no account 999999999999/,
    ],
    [
      'an account twice',
      { accounts: [ACCOUNT, ACCOUNT] },
      /^accounts\[1\]: 111122223333 appears twice/,
    ],
    ['a role twice', { roles: [role(), role()] }, /^roles\[1\]: .*role\/Admin appears twice/],
    ['a path without slashes', { roles: [role({ path: 'team' })] }, /^roles\[0\]\.path/],
    [
      'metadata over plain http',
      {
        samlProviders: [
          {
            account: ACCOUNT.id,
            name: 'idp',
            metadata: { url: 'http://idp.example.com/metadata' },
          },
        ],
      },
      /^samlProviders\[0\]\.metadata\.url: must be https/,
    ],
    [
      'an issuer over plain http',
      { oidcProviders: [{ account: ACCOUNT.id, url: 'http://idp.example.com', clientIds: ['a'] }] },
      /^oidcProviders\[0\]\.url: must be https/,
    ],
    [
      'an issuer with a port',
      {
        oidcProviders: [
          { account: ACCOUNT.id, url: 'https://idp.example.com:8443', clientIds: ['a'] },
        ],
      },
      /^oidcProviders\[0\]\.url: .*no port/,
    ],
    [
      'a trust policy without principal',
      {
        roles: [
          role({
            trustPolicy: { Statement: [{ Effect: 'Allow', Principal: {}, Action: 'sts:*' }] },
          }),
        ],
      },
      /Principal/,
    ],
    [
      'a fault that is not known',
      { faults: { sts: { earthquake: 1 } } },
      /^faults\.sts: .*earthquake/,
    ],
    [
      'a short secret key',
      {
        iamUsers: [
          {
            account: ACCOUNT.id,
            name: 'ci',
            accessKeys: [{ accessKeyId: 'AKIAIOSFODNN7LOCAL00', secretAccessKey: 'short' }],
          },
        ],
      },
      /^iamUsers\[0\]\.accessKeys\[0\]\.secretAccessKey/,
    ],
    [
      'a user twice',
      { iamUsers: [user('ci'), user('ci')] },
      /^iamUsers\[1\]: .*user\/ci appears twice/,
    ],
    [
      'an access key of two users',
      { iamUsers: [user('ci', { accessKeys: [KEY] }), user('cd', { accessKeys: [KEY] })] },
      /^iamUsers\[1\]\.accessKeys\[0\]: AKIA\w+ appears twice/,
    ],
    [
      'an MFA device of two users',
      { iamUsers: [user('ci', { mfaDevices: [DEVICE] }), user('cd', { mfaDevices: [DEVICE] })] },
      /^iamUsers\[1\]\.mfaDevices\[0\]: .*mfa\/phone appears twice/,
    ],
    [
      'a seed that is not base32',
      { iamUsers: [user('ci', { mfaDevices: [{ ...DEVICE, seed: 'x'.repeat(32) }] })] },
      /^iamUsers\[0\]\.mfaDevices\[0\]\.seed: a seed is base32/,
    ],
    [
      'three access keys of one user',
      { iamUsers: [user('ci', { accessKeys: [KEY, KEY, KEY] })] },
      /^iamUsers\[0\]\.accessKeys/,
    ],
    ['a bucket twice', { buckets: [bucket(), bucket()] }, /^buckets\[1\]: photos appears twice/],
    [
      'a key twice in a bucket',
      { buckets: [bucket({ objects: [OBJECT, OBJECT] })] },
      /^buckets\[0\]\.objects\[1\]: photos\/a appears twice/,
    ],
    [
      'content that is not base64',
      { buckets: [bucket({ objects: [{ key: 'a', content: { base64: '*' } }] })] },
      /^buckets\[0\]\.objects\[0\]\.content\.base64/,
    ],
    [
      'a bucket name with capitals',
      { buckets: [bucket({ name: 'Photos' })] },
      /^buckets\[0\]\.name/,
    ],
    ...['*', 'https://*.example.com', 'https://photos.example.com/', 'null'].map(
      (origin): [string, object, RegExp] => [
        `CORS for the origin ${origin}`,
        { buckets: [bucket({ cors: [{ allowedOrigins: [origin], allowedMethods: ['GET'] }] })] },
        /^buckets\[0\]\.cors\[0\]\.allowedOrigins\[0\]: an origin is written like/,
      ],
    ),
  ];
  for (const [name, change, mistake] of cases) {
    test(`with ${name} is rejected`, () => {
      const mistakes = mistakesOf({ accounts: [ACCOUNT], ...change });
      assert.equal(mistakes.length, 1, mistakes.join('\n'));
      assert.match(mistakes[0]!, mistake);
    });
  }

  test('may use a loopback issuer with a port', () => {
    const world = parseWorld({
      accounts: [ACCOUNT],
      oidcProviders: [{ account: ACCOUNT.id, url: 'http://127.0.0.1:3000', clientIds: ['a'] }],
    });
    assert.deepEqual(
      [...world.oidcProviders.keys()],
      ['arn:aws:iam::111122223333:oidc-provider/127.0.0.1:3000'],
    );
  });
});

test('the name qualifier is the hash that AWS makes of issuer, account and provider', () => {
  assert.equal(
    nameQualifier('https://example.com/saml', '123456789012', 'MySAMLIdP'),
    '1uAJanUnBc2XeUkHURMht+xam2c=',
  );
});

test('a line of the log cannot be broken by what it reports', () => {
  const line = eventLine({
    outcome: 'refused',
    surface: 'sts',
    action: 'AssumeRole',
    requestId: '1',
    code: 'AccessDenied',
    reason: 'bad\n\u001b[31mname',
  });
  assert.equal(line, 'sts AssumeRole refused AccessDenied: bad??[31mname (1)');
});

describe('the command', () => {
  const directory = useDirectory();
  before(async () => {
    await writeFile(directory.file('metadata.xml'), metadataXml([idpKey().certificate]));
    await writeFile(
      directory.file('world.json'),
      JSON.stringify({
        accounts: [ACCOUNT],
        roles: [role()],
        iamUsers: [user('ci', { accessKeys: [KEY], mfaDevices: [DEVICE] })],
        buckets: [bucket({ objects: [OBJECT] })],
        samlProviders: [{ account: ACCOUNT.id, name: 'idp', metadata: { file: 'metadata.xml' } }],
      }),
    );
    await writeFile(
      directory.file('wrong.json'),
      JSON.stringify({ accounts: [{ id: '1', name: 'a' }], extra: 1 }),
    );
    await writeFile(directory.file('broken.json'), '{');
  });

  function run(...args: string[]) {
    const child = spawn(process.execPath, ['src/dev/local-aws/main.ts', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { out: '', err: '' };
    child.stdout.on('data', chunk => (output.out += chunk));
    child.stderr.on('data', chunk => (output.err += chunk));
    return {
      child,
      output,
      ended: once(child, 'close').then(([code]) => ({ code: code as number, ...output })),
    };
  }
  const file = (name: string): string => directory.file(name);

  test('finds metadata next to the world file', async () => {
    const world = await readWorldFile(file('world.json'));
    assert.deepEqual([...world.samlProviders.values()][0]?.metadata, {
      file: file('metadata.xml'),
    });
  });

  test('names the file that it cannot read', async () => {
    await assert.rejects(readWorldFile(file('broken.json')), /broken\.json: not JSON/);
    await assert.rejects(readWorldFile(file('missing.json')), /missing\.json: ENOENT/);
  });

  test('listens, lists its world, reports denials and stops on a signal', async () => {
    const { child, output, ended } = run('--file', file('world.json'), '--port', '0');
    while (!output.out.includes('MFA device')) await once(child.stdout, 'data');
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output.out)![0];
    assert.match(output.out, /arn:aws:iam::111122223333:role\/Admin \(up to 1 h\)/);
    assert.match(output.out, /bucket +arn:aws:s3:::photos \(eu-west-1, 1 objects\)/);
    assert.match(output.out, /AKIAIOSFODNN7LOCAL00 \(active\)\n.*mfa\/phone/);
    assert.ok(!output.out.includes(DEVICE.seed));
    const answer = await fetch(`${url}/?Action=GetCallerIdentity&Version=2011-06-15`);
    assert.equal(answer.status, 403);

    child.kill('SIGTERM');
    const { code, err } = await ended;
    assert.equal(code, 0);
    assert.match(err, /sts GetCallerIdentity refused MissingAuthenticationToken/);
  });

  test('prints the current code of a virtual MFA device', async () => {
    const before = Date.now();
    const serial = 'arn:aws:iam::111122223333:mfa/phone';
    const { code, out } = await run('--file', file('world.json'), '--mfa-code', serial).ended;
    assert.equal(code, 0);
    const expected = [before, Date.now()].map(at => `${totpCode(DEVICE.seed, at)}\n`);
    assert.ok(expected.includes(out), out);
  });

  test('exits with a clear error for invalid input', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const cases: readonly [string[], number, RegExp][] = [
      [['--file', file('wrong.json')], 2, /accounts\[0\]\.id: .*\n {2}\(the whole file\): .*extra/],
      [['--file', file('world.json'), '--host', '0.0.0.0'], 2, /not a loopback address/],
      [['--fiel', 'x'], 2, /Unknown option/],
      [['--file', file('world.json'), '--mfa-code', 'x'], 2, /device x; the file has: arn.*phone/],
      [['--file', file('world.json'), '--port', String(port)], 1, /the port is taken/],
    ];

    try {
      const results = await Promise.all(cases.map(([args]) => run(...args).ended));
      for (const [index, [args, code, message]] of cases.entries()) {
        assert.equal(results[index]!.code, code, args.join(' '));
        assert.match(results[index]!.err, message);
      }
    } finally {
      taken.close();
    }
  });
});
