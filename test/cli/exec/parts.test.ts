/**
 * The pure parts of exec: reading AWS files, the profile of a run, the environment of its command,
 * batch files of Windows.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { profileOf, readAwsIni } from '../../../src/cli/aws/ini.ts';
import { childEnvironment, outsideOfExec } from '../../../src/cli/exec/child-environment.ts';
import { isBatchFile, isSafeForBatchFile } from '../../../src/cli/exec/child-process.ts';
import { execProfile, processLine, readUserSettings } from '../../../src/cli/exec/profile.ts';

describe('a file of the AWS tools', () => {
  const FAULTS: readonly [what: string, text: string, faults: readonly number[]][] = [
    [
      'a good file',
      '# x\n[default]\nregion = a\n\n; y\n[profile b]\r\noutput: text\r\ns3 =\r\n  a = b\r\n',
      [],
    ],
    ['a byte order mark', '\u00ef\u00bb\u00bf[default]\n', [1]],
    ['a line before the first section', 'region = a\n[default]\n', [1]],
    ['a line without a value', '[default]\nregion\n', [2]],
    ['a section twice', '[default]\n[default]\n', [2]],
    ['an option twice, whatever its case', '[default]\nregion = a\nRegion = b\n', [3]],
    ['a value that is not UTF-8', '[default]\nregion = \u00e9\n', [2]],
    ['UTF-16', '\u00ff\u00fe[\0d\0]\0\n\0', [1, 2]],
    ['a control character', '[default]\nregion = a\u001b[2J\n', [2]],
    ['a name that is missing', '[default]\n= a\n', [2]],
    ['a group of settings with something else in it', '[default]\nregion = a\ns3 =\n  b\n', [3]],
    ['two sections of defaults', '[DEFAULT]\nregion = a\n[DEFAULT]\noutput = text\n', []],
    ['a control character in a comment', '# a\u0000\n[default]\n', []],
    ['a line separator in a value', '[default]\nx = a\u00e2\u0080\u00a8b\n', []],
  ];
  for (const [what, text, faults] of FAULTS)
    it(`with ${what} has faults in ${faults.length === 0 ? 'no line' : `line ${faults.join(', ')}`}`, () => {
      assert.deepEqual(
        readAwsIni(text).faults.map(({ line }) => line),
        faults,
      );
    });

  it('keeps continued lines, and the last of repeated options', () => {
    const { sections } = readAwsIni(
      '[default]\ns3 =\n  a = b\n  # c\n  d = e\nregion = a\n[profile x]\n[default]\nregion = b\n',
    );
    assert.deepEqual(
      [...sections[0]!.options],
      [
        ['s3', ['', '  a = b', '  d = e']],
        ['region', ['b']],
      ],
    );
  });

  it('is decoded whole: a letter whose last byte is a blank in Latin-1 stays', () => {
    const { sections } = readAwsIni(
      Buffer.from('[profile voil\u00e0]\nx = l\u00e0\ns3 =\n  a = \u00e0\n', 'utf8').toString(
        'latin1',
      ),
    );

    assert.equal(profileOf(sections[0]!), 'voil\u00e0');
    assert.deepEqual(
      [...sections[0]!.options],
      [
        ['x', ['l\u00e0']],
        ['s3', ['', '  a = \u00e0']],
      ],
    );
  });
});

describe('the profile of a run', () => {
  const of = (
    config: string,
    { credentials = '', wanted = undefined as string | undefined, region = 'eu-west-1' } = {},
  ) =>
    execProfile({
      user: readUserSettings({ config, credentials }, wanted),
      role: 'prod/Admin',
      region,
      process: 'p',
    });

  it('leaves out every option that names credentials, also an unknown one', () => {
    const options = [
      ...[
        'aws_access_key_id',
        'aws_secret_access_key',
        'aws_session_token',
        'aws_security_token',
        'aws_account_id',
        'aws_credential_scope',
      ],
      ...[
        'credential_process',
        'credential_source',
        'source_profile',
        'role_arn',
        'role_session_name',
        'external_id',
        'mfa_serial',
      ],
      ...[
        'duration_seconds',
        'web_identity_token_file',
        'sso_session',
        'sso_account_id',
        'sso_role_name',
        'sso_start_url',
        'sso_region',
      ],
      ...[
        'login_session',
        'saml_provider',
        'principal_arn',
        'x_bearer_token',
        'identity_center_application',
        'Credential_Process',
      ],
    ];
    const { text } = of(
      `[default]\n${options.map(option => `${option} = x`).join('\n')}\noutput = text\n`,
    );

    assert.equal(
      text.split('\n\n')[0],
      '[profile rolebridge-exec-prod-Admin]\noutput = text\nregion = eu-west-1\ncredential_process = p',
    );
  });

  it('takes settings from the profile in the environment, or from default where that profile does not exist', () => {
    const config =
      '[default]\noutput = text\n[profile mine]\noutput = yaml\n[profile "two words"]\noutput = table\n';

    for (const [wanted, output] of [
      [undefined, 'text'],
      ['mine', 'yaml'],
      ['two words', 'table'],
      ['gone', 'text'],
    ] as const)
      assert.match(of(config, { wanted }).text, new RegExp(`^\\[.*\\]\\noutput = ${output}\\n`));
    assert.match(
      of('', { credentials: '[default]\nregion = a\noutput = json\n' }).text,
      /^\[.*\]\noutput = json\n/,
    );
  });

  it('leaves out credentials of [DEFAULT], which applies to every profile; the profiles of the user keep them', () => {
    const config =
      '[DEFAULT]\nRole_Arn = r\nsource_profile = s\noutput = text\nregion = sa-east-1\n[default]\nx = y\n[profile b]\nrole_arn = own\n[services z]\ns3 = 1\n';
    const { text } = of(config, {
      region: readUserSettings({ config, credentials: '' }, undefined).region,
    });

    assert.equal(
      text,
      `${[
        '[profile rolebridge-exec-prod-Admin]\noutput = text\nx = y\nregion = sa-east-1\ncredential_process = p\n',
        '[DEFAULT]\noutput = text\nregion = sa-east-1\n',
        '[default]\nRole_Arn = r\nsource_profile = s\nx = y\n',
        '[profile b]\nsource_profile = s\nrole_arn = own\n',
        '[services z]\ns3 = 1\n',
      ].join('\n')}\n`,
    );
  });

  it('has a name that no other profile has', () => {
    const taken = '[profile rolebridge-exec-prod-Admin]\naws_access_key_id = x\n';
    assert.equal(
      of(taken, { credentials: '[rolebridge-exec-prod-Admin-2]\n' }).name,
      'rolebridge-exec-prod-Admin-3',
    );
  });

  it('ignores an invalid region or role from a server', () => {
    const user = readUserSettings({ config: '', credentials: '' }, undefined);
    const { name, text } = execProfile({
      user,
      role: 'a]\n[default/b',
      region: 'x\ncredential_process = evil',
      process: undefined,
    });

    assert.equal(name, 'rolebridge-exec-a-default-b');
    assert.equal(text, '[profile rolebridge-exec-a-default-b]\n\n');
  });

  it('quotes its process so that a POSIX shell, Python and cmd.exe read it alike, or omits it', () => {
    assert.equal(
      processLine(['/usr/bin/node', '/opt/a/x.js'], 'linux'),
      '/usr/bin/node /opt/a/x.js',
    );
    assert.equal(
      processLine(['/usr/bin/node', '/home/J\u00f6 B/x.js'], 'linux'),
      '"/usr/bin/node" "/home/J\u00f6 B/x.js"',
    );

    for (const bad of ['/a"b', '/a$b', '/a`b', '/a\\b', '/a\nb', '/a%b'])
      assert.equal(processLine(['/usr/bin/node', bad], 'linux'), undefined);
    assert.equal(
      processLine(['C:\\node\\node.exe', 'C:\\x.js'], 'win32'),
      'C:\\node\\node.exe C:\\x.js',
    );
    assert.equal(processLine(['C:\\Program Files\\node.exe', 'C:\\x.js'], 'win32'), undefined);
  });
});

describe('the environment of a command', () => {
  const renewing = {
    url: 'http://127.0.0.1:4000/credentials',
    token: 't',
    profile: 'p',
    configFile: 'C:\\x\\config',
  };
  const options = { role: 'prod/Admin', region: 'eu-west-1', platform: 'win32' as const, renewing };

  it('on Windows finds a variable in any spelling, and sets each once', () => {
    const environment = childEnvironment(
      {
        Aws_Profile: 'mine',
        aws_region: 'us-east-1',
        No_Proxy: 'corp',
        Https_Proxy: 'x',
        Path: 'p',
      },
      options,
    );
    const names = Object.keys(environment);

    assert.equal(new Set(names.map(name => name.toUpperCase())).size, names.length);
    assert.deepEqual(
      [environment.AWS_PROFILE, environment.AWS_REGION, environment.NO_PROXY, environment.Path],
      ['p', 'us-east-1', 'corp,127.0.0.1', 'p'],
    );
  });

  it('is undone outside of exec, except for variables that were set inside', () => {
    const user = { AWS_PROFILE: 'mine', NO_PROXY: 'corp', HOME: '/h' };
    const inside = childEnvironment(user, { ...options, platform: 'linux' });
    const {
      AWS_CONTAINER_CREDENTIALS_FULL_URI,
      AWS_CONTAINER_AUTHORIZATION_TOKEN,
      ROLEBRIDGE_ROLE,
      ...rest
    } = outsideOfExec(inside);

    assert.deepEqual(rest, user);
    assert.equal(outsideOfExec({ ...inside, AWS_REGION: 'sa-east-1' }).AWS_REGION, 'sa-east-1');
  });

  it('stays where the record of changes is missing or invalid', () => {
    for (const note of [undefined, '', 'x', '7', '{"AWS_PROFILE":7}', '{"AWS_PROFILE":[1,2]}']) {
      const env = { AWS_PROFILE: 'mine', ROLEBRIDGE_EXEC_CHANGES: note };
      assert.deepEqual(outsideOfExec(env), env);
    }
  });

  it('does not hide one spelling of NO_PROXY behind the other, and reads ports and blanks', () => {
    const of = (env: Record<string, string>): readonly unknown[] => {
      const { NO_PROXY, no_proxy } = childEnvironment(env, { ...options, platform: 'linux' });
      return [NO_PROXY, no_proxy];
    };

    assert.deepEqual(of({ NO_PROXY: 'a,127.0.0.1:4000' }), ['a,127.0.0.1:4000', undefined]);
    assert.deepEqual(of({ NO_PROXY: 'a,127.0.0.1:4001, ' }), [
      'a,127.0.0.1:4001,127.0.0.1',
      undefined,
    ]);
    assert.deepEqual(of({ no_proxy: '127.0.0.1 b' }), [undefined, '127.0.0.1 b']);
  });
});

describe('a command on Windows', () => {
  const files = new Set(
    [
      'C:\\npm\\cdk.cmd',
      'C:\\tf\\terraform.exe',
      'C:\\npm\\both.exe',
      'C:\\npm\\both.cmd',
      '.\\build.bat',
    ].map(name => name.toLowerCase()),
  );
  const search = {
    env: { Path: 'C:\\npm;C:\\tf', PATHEXT: '.COM;.EXE;.BAT;.CMD' },
    isFile: (path: string): boolean =>
      files.has(path.toLowerCase()) || files.has(`.\\${path.toLowerCase()}`),
  };
  for (const [command, isBatch] of [
    ['cdk', true],
    ['CDK.CMD', true],
    ['C:\\npm\\cdk', true],
    ['build', true],
    ['terraform', false],
    ['both', false],
    ['nothing', false],
  ] as const)
    it(`${command} is ${isBatch ? 'a' : 'no'} batch file`, () =>
      assert.equal(isBatchFile(command, search), isBatch));

  it('accepts only arguments that survive a second reading by cmd.exe', () => {
    for (const arg of ['', 'a b', 'a&b', '100%', '{"a":1}', 'C:\\x y\\'])
      assert.ok(isSafeForBatchFile(arg), arg);
    for (const arg of ['a"&calc', '"|x', '{"a":"%PATH%"}', 'a\nb', 'a\rb'])
      assert.ok(!isSafeForBatchFile(arg), arg);
  });
});
