import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { formatCredentials } from '../../src/core/credential-formats.ts';
import { type AwsCredentials, CREDENTIAL_FORMATS } from '../../src/core/credentials.ts';
import { BridgeError } from '../../src/core/errors.ts';

const PLAIN: AwsCredentials = {
  accessKeyId: 'ASIAEXAMPLE00000001',
  secretAccessKey: 'abc/DEF+123',
  sessionToken: 'IQoJb3Jp/Z2lu+X2==',
  expiresAt: Date.UTC(2026, 10, 20, 18, 30, 15, 999),
};

const SHAPES: Record<(typeof CREDENTIAL_FORMATS)[number], string> = {
  env: `export AWS_ACCESS_KEY_ID=ASIAEXAMPLE00000001
export AWS_SECRET_ACCESS_KEY=abc/DEF+123
export AWS_SESSION_TOKEN=IQoJb3Jp/Z2lu+X2==
export AWS_CREDENTIAL_EXPIRATION=2026-11-20T18:30:15+00:00
`,
  fish: `set -gx AWS_ACCESS_KEY_ID "ASIAEXAMPLE00000001"
set -gx AWS_SECRET_ACCESS_KEY "abc/DEF+123"
set -gx AWS_SESSION_TOKEN "IQoJb3Jp/Z2lu+X2=="
set -gx AWS_CREDENTIAL_EXPIRATION "2026-11-20T18:30:15+00:00"
`,
  powershell: `$Env:AWS_ACCESS_KEY_ID="ASIAEXAMPLE00000001"
$Env:AWS_SECRET_ACCESS_KEY="abc/DEF+123"
$Env:AWS_SESSION_TOKEN="IQoJb3Jp/Z2lu+X2=="
$Env:AWS_CREDENTIAL_EXPIRATION="2026-11-20T18:30:15+00:00"
`,
  'windows-cmd': `set AWS_ACCESS_KEY_ID=ASIAEXAMPLE00000001
set AWS_SECRET_ACCESS_KEY=abc/DEF+123
set AWS_SESSION_TOKEN=IQoJb3Jp/Z2lu+X2==
set AWS_CREDENTIAL_EXPIRATION=2026-11-20T18:30:15+00:00
`,
  'credentials-file': `[rolebridge]
# expires 2026-11-20T18:30:15+00:00
aws_access_key_id = ASIAEXAMPLE00000001
aws_secret_access_key = abc/DEF+123
aws_session_token = IQoJb3Jp/Z2lu+X2==
`,
  process: `{
  "Version": 1,
  "AccessKeyId": "ASIAEXAMPLE00000001",
  "SecretAccessKey": "abc/DEF+123",
  "SessionToken": "IQoJb3Jp/Z2lu+X2==",
  "Expiration": "2026-11-20T18:30:15+00:00"
}
`,
};

/** Values that a careless quoting would turn into commands, expansions or other values. */
const HOSTILE = [
  "it's",
  'say "hi"',
  `$HOME and \${HOME} and $(id)`,
  '`id`',
  'back\\slash and \\" and \\\\',
  'ends with \\',
  'a; id',
  'a & id | id',
  'a && id || id > /dev/null < /dev/null',
  '~/x:~/y',
  '=ls:=ls',
  '*?[a-z]{1,2}',
  '#no comment',
  ' leading and trailing ',
  '!history',
  '%PATH%',
  '(id)',
  "'; id; '",
  '"; id; "',
  '@(1)',
  '--%',
  ...Array.from(
    { length: 0x7f - 0x20 },
    (_, index) => `x${String.fromCharCode(0x20 + index)}y${String.fromCharCode(0x20 + index)}`,
  ),
];

const withSecret = (secretAccessKey: string): AwsCredentials => ({ ...PLAIN, secretAccessKey });

describe('the text of credentials', () => {
  for (const format of CREDENTIAL_FORMATS) {
    it(`${format} has the shape that its reader expects`, () => {
      assert.equal(formatCredentials(format, PLAIN), SHAPES[format]);
    });
  }

  it('carries the region to every shell and to the credentials file, and the account to process', () => {
    const options = { region: 'eu-west-1', accountId: '111122223333', profile: 'prod/team+Admin' };

    assert.match(
      formatCredentials('env', PLAIN, options),
      /^export AWS_REGION=eu-west-1\nexport AWS_DEFAULT_REGION=eu-west-1\n/m,
    );
    assert.match(formatCredentials('fish', PLAIN, options), /^set -gx AWS_REGION "eu-west-1"$/m);
    assert.match(
      formatCredentials('powershell', PLAIN, options),
      /^\$Env:AWS_DEFAULT_REGION="eu-west-1"$/m,
    );
    assert.match(formatCredentials('windows-cmd', PLAIN, options), /^set AWS_REGION=eu-west-1$/m);
    assert.match(
      formatCredentials('credentials-file', PLAIN, options),
      /^\[prod\/team\+Admin\]\n(?:.*\n)*region = eu-west-1\n$/,
    );
    assert.equal(
      JSON.parse(formatCredentials('process', PLAIN, options)).AccountId,
      '111122223333',
    );
  });

  for (const format of CREDENTIAL_FORMATS) {
    it(`${format} rejects a value that could end its line, and does not repeat it`, () => {
      for (const bad of [
        'a\nid',
        'a\r',
        '\n',
        'a\0b',
        'a\u2028b',
        '\u201cid\u201d',
        'é',
        '\x1b[0m',
        '',
      ]) {
        for (const field of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const) {
          assert.throws(() => formatCredentials(format, { ...PLAIN, [field]: bad }), refusal(bad));
        }
      }
      assert.throws(
        () => formatCredentials(format, { ...PLAIN, expiresAt: Number.NaN }),
        refusal('NaN'),
      );
      assert.throws(
        () => formatCredentials(format, { ...PLAIN, expiresAt: 9e15 }),
        refusal('9e15'),
      );
    });
  }

  it('rejects a region with a newline, and a profile that would open another section', () => {
    assert.throws(() => formatCredentials('env', PLAIN, { region: 'eu\nid' }), refusal('eu\nid'));
    for (const profile of ['', 'a]\n[default', 'a]', '[b', 'a b', 'a#b']) {
      assert.throws(() => formatCredentials('credentials-file', PLAIN, { profile }), BridgeError);
    }
  });
});

function refusal(value: string): (error: unknown) => boolean {
  return error =>
    error instanceof BridgeError &&
    error.code === 'internal' &&
    (value === '' || value === '\n' || !error.message.includes(value));
}

describe('the quoting of credentials', () => {
  /** Asks the child for the variable, so that what is compared is what a program would see. */
  const printer = `"${process.execPath}" -p "process.env.AWS_SECRET_ACCESS_KEY"`;

  for (const shell of ['bash', 'sh', 'zsh']) {
    it(`${shell} sets exactly the value, whatever it contains`, { skip: missing(shell) }, () => {
      const script = HOSTILE.map(
        value =>
          `${formatCredentials('env', withSecret(value))}printf '%s\\n' "$AWS_SECRET_ACCESS_KEY"\n`,
      ).join('');
      assert.deepEqual(run(shell, script), HOSTILE);
    });
  }

  it('quotes a value that zsh would expand, at every position', () => {
    for (const value of ['=ls', 'a:=ls', '~', 'a:~']) {
      assert.match(
        formatCredentials('env', withSecret(value)),
        new RegExp(`^export AWS_SECRET_ACCESS_KEY='${value}'$`, 'm'),
      );
    }
  });

  it('bash hands the variables on to the programs that it starts', {
    skip: missing('bash'),
  }, () => {
    const value = HOSTILE.join('');
    assert.deepEqual(run('bash', `${formatCredentials('env', withSecret(value))}${printer}\n`), [
      value,
    ]);
  });

  it('fish sets exactly the value, whatever it contains', { skip: missing('fish') }, () => {
    const script = HOSTILE.map(
      value =>
        `${formatCredentials('fish', withSecret(value))}printf '%s\\n' "$AWS_SECRET_ACCESS_KEY"\n`,
    ).join('');
    assert.deepEqual(run('fish', script), HOSTILE);
  });

  it('fish, PowerShell and cmd read back exactly the value by their own rules', () => {
    for (const value of HOSTILE) {
      assert.equal(readFish(secretLine('fish', value)), value);
      assert.equal(readPowerShell(secretLine('powershell', value)), value);
      if (!/[%!]/.test(value)) assert.equal(readCmd(secretLine('windows-cmd', value)), value);
    }
  });

  it('cmd is never given a percent sign or an exclamation mark', () => {
    for (const value of ['%PATH%', '50%', '!PATH!', 'a!']) {
      assert.throws(() => formatCredentials('windows-cmd', withSecret(value)), refusal(value));
    }
  });

  it('the credentials file is never given a space', () => {
    for (const value of ['zz yy', ' zz', 'zz ', 'zz #y'])
      assert.throws(() => formatCredentials('credentials-file', withSecret(value)), refusal(value));
  });

  it('process is JSON, whatever the value contains', () => {
    for (const value of HOSTILE)
      assert.equal(
        JSON.parse(formatCredentials('process', withSecret(value))).SecretAccessKey,
        value,
      );
  });
});

/** Throws under `CI=true`, where nothing is skipped for a missing package. */
function missing(shell: string): string | false {
  if (spawnSync(shell, ['-c', 'exit 0']).status === 0) return false;
  const why = `${shell} is not installed`;
  if (process.env.CI === 'true') throw new Error(why);
  return why;
}

function run(shell: string, script: string): string[] {
  return execFileSync(shell, ['-c', script], {
    encoding: 'utf8',
    env: { HOME: '/nonexistent', PATH: process.env.PATH },
  })
    .replace(/\n$/, '')
    .split('\n');
}

function secretLine(format: 'fish' | 'powershell' | 'windows-cmd', value: string): string {
  return formatCredentials(format, withSecret(value)).split('\n')[1]!;
}

/**
 * fish, "Quotes": in double quotes the backslash escapes `\`, `"` and `$`, and stands for itself
 * before all else.
 */
function readFish(line: string): string {
  const inside = /^set -gx AWS_SECRET_ACCESS_KEY "((?:\\[\s\S]|[^"$\\])*)"$/.exec(line)?.[1];
  assert.notEqual(inside, undefined, line);
  return inside!.replace(/\\([\\"$])/g, '$1');
}

/**
 * PowerShell, about_Quoting_Rules and about_Special_Characters: the backtick makes the next
 * character literal.
 */
function readPowerShell(line: string): string {
  const inside = /^\$Env:AWS_SECRET_ACCESS_KEY="((?:`[`"$]|[^"`$])*)"$/.exec(line)?.[1];
  assert.notEqual(inside, undefined, line);
  return inside!.replace(/`(.)/g, '$1');
}

/**
 * cmd: a caret makes the next character literal; a bare operator or quote would end or change the
 * statement.
 */
function readCmd(line: string): string {
  const value = /^set AWS_SECRET_ACCESS_KEY=(.*)$/.exec(line)?.[1];
  assert.notEqual(value, undefined, line);
  assert.doesNotMatch(value!.replace(/\^./g, ''), /[&|<>"^()%!]/);
  return value!.replace(/\^(.)/g, '$1');
}
