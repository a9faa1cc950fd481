/**
 * What is written into ~/.aws, as the AWS CLI's own botocore reads it: success is said when it sees
 * the profile, and not when it does not.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseFault } from '../../../src/cli/aws/file-check.ts';
import { SKIP, type Told, useAwsFiles } from './aws-files.ts';

const BOM = '\u00ef\u00bb\u00bf';

describe('what is written into ~/.aws', { skip: SKIP }, () => {
  const { world, computer, config, credentials, put, asked, configure } = useAwsFiles();

  const FILES: Readonly<Record<string, string>> = {
    nothing: '',
    'a section': '[default]\nregion = eu-west-1\n',
    'lines of Windows': '[default]\r\nregion = eu-west-1\r\n',
    'lone carriage returns': '[default]\rregion = eu-west-1\r',
    'lone carriage returns, and none at the end': '[default]\rregion = eu-west-1',
    tabs: '[default]\n\tregion\t=\teu-west-1\n',
    'a group of settings': '[default]\ns3 =\n  max_concurrent_requests = 20\n\n',
    'a group with a comment in it': '[default]\ns3 =\n  # why\n  max_concurrent_requests = 20\n',
    'a value in several lines': '[default]\nx = a\n  b\n',
    'the same setting in two sections': '[default]\nregion = a\n[profile b]\nregion = b\n',
    'two names for one profile': '[profile b]\nx = 1\n[profile "b"]\ny = 2\n',
    'two sections of defaults': '[DEFAULT]\nx = 1\n[DEFAULT]\ny = 1\n',
    'a colon for the equals sign': '[default]\nregion: eu-west-1\n',
    'text behind a header': '[default] # mine\nregion = eu-west-1\n',
    'a NUL character in a comment': '[default]\n# \u0000\nregion = a\n',
    'letters beyond ASCII': '[default]\n# caf\u00c3\u00a9\n',
    'a byte order mark': `${BOM}[default]\nregion = eu-west-1\n`,
    'a byte order mark before a comment': `${BOM}# mine\n[default]\n`,
    'nothing but a byte order mark': BOM,
    'Latin-1': '[default]\n# caf\u00e9\n',
    'UTF-16': '\u00ff\u00fe[\u0000d\u0000]\u0000\n\u0000',
    'UTF-16 without a mark': '[\u0000d\u0000]\u0000\n\u0000a\u0000=\u0000b\u0000\n\u0000',
    'a section twice': '[default]\nregion = a\n[profile x]\n[default]\noutput = json\n',
    'a setting twice': '[default]\nregion = a\nRegion = b\n',
    'text before the first section': 'region = a\n[default]\n',
    'a line that is no setting': '[default]\nregion\n',
    'a setting without a name': '[default]\n= x\n',
    'an unclosed header': '[default]\nregion = a\n[profile x\n',
    'a broken group': '[default]\ns3 =\n  max_concurrent_requests\n',
    'a broken group behind a blank line': '[default]\ns3 =\n\n  a = b\n  c\n',
    'an indented first line': '  [default]\n  region = a\n',
    'only a colon': '[default]\n:\n',
  };
  for (const [what, text] of Object.entries(FILES)) {
    it(`configure reports success exactly when botocore sees the profile: ${what}`, async () => {
      put(config(), text);
      const { warnings, stderr } = await configure();
      for (const { profile, fault } of await asked('prod-Developer')) {
        const isSeen =
          profile?.credential_process?.includes('credential-process prod/Developer') === true;
        assert.equal(warnings.length === 0, isSeen, JSON.stringify({ warnings, profile, fault }));
      }

      if (warnings.length === 0) assert.match(stderr, /Wrote \d+ profiles/);
      else {
        assert.doesNotMatch(stderr, /Wrote|up to date/);
        assert.match(stderr, /profiles are in .*, but AWS tools do not see them/);
        assert.match(stderr, /the AWS CLI cannot read .*\/\.aws\/config: /);
      }

      const again = await configure();
      assert.deepEqual(again.warnings, warnings, 'a second run says the same');
    });
  }

  it('reports the reason with its line', () => {
    for (const [text, says] of [
      [`${BOM}[a]\n`, /^it begins with a byte order mark/],
      ['[a]\n\u00ff\n', /^it is not UTF-8$/],
      ['[a]\r\n\r\n[a]\r\n', /^line 3: the section \[a\] is there twice$/],
      ['# x\rb\r', /^line 2: text stands before the first section$/],
      ['[a]\nx = 1\nX: 2\n', /^line 3: X is set twice in \[a\]$/],
      ['[a]\n\nfoo\n', /^line 3 is neither a section nor a setting$/],
      ['[a]\ns3 =\n  b\n', /^line 2: what is indented below s3 is not a list of settings$/],
    ] as const)
      assert.match(parseFault(text) ?? '', says);
  });

  it('reports a credentials file that the AWS CLI cannot read, because it stops every command', async () => {
    put(credentials(), '[a]\n[a]\n');
    const { warnings } = await configure();
    assert.match(
      warnings.join(),
      /cannot read .*\/credentials: line 2: the section \[a\] is there twice/,
    );
    for (const { fault } of await asked('prod-Developer')) assert.ok(fault);
  });

  it('warns of a section of the same name in the credentials file, which takes precedence', async () => {
    put(
      credentials(),
      '[prod-Developer]\naws_access_key_id = AKIA\naws_secret_access_key = x\n[staging-Developer]\nregion = eu-west-1\n[profile prod-ReadOnly]\naws_access_key_id = AKIA\n',
    );
    const { warnings } = await configure();
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /\/credentials has sections of the same name, and AWS tools use those: prod-Developer\. Remove them there/,
    );

    for (const { keys } of await asked('prod-Developer'))
      assert.equal(keys, 'shared-credentials-file');
    for (const { keys } of await asked('staging-Developer')) assert.equal(keys, null);
    const dry = JSON.parse(await computer.done(['configure', '--dry-run', '--json'])) as Told;
    assert.deepEqual(dry.warnings, warnings);
    assert.deepEqual((await configure(['--prefix', 'corp-'])).warnings, []);
  });

  it('warns of [default] in the credentials file, and of variables that override [default]', async () => {
    put(credentials(), '[default]\naws_access_key_id = AKIA\naws_secret_access_key = x\n');
    assert.match(
      (await configure(['--default', 'prod/Developer'])).warnings.join(),
      /AWS tools use those: default/,
    );

    rmSync(credentials());
    const env = { AWS_PROFILE: 'other', AWS_ACCESS_KEY_ID: 'AKIA' };
    assert.match(
      (await configure(['--default', 'prod/Developer'], env)).warnings.join(),
      /do not use \[default\] here, because of AWS_PROFILE, AWS_ACCESS_KEY_ID/,
    );
    assert.deepEqual((await configure([], env)).warnings, []);
    assert.deepEqual((await configure(['--default', 'prod/Developer'])).warnings, []);
  });

  it('warns of [DEFAULT] only where it gives every profile another identity', async () => {
    put(
      config(),
      '[DEFAULT]\nrole_arn = arn:aws:iam::222233334444:role/Developer\nsource_profile = x\n[default]\n',
    );
    assert.match(
      (await configure()).warnings.join(),
      /\[DEFAULT\] in .*\/config counts in every profile for the AWS CLI and boto3/,
    );

    for (const { profile } of await asked('prod-Developer')) assert.ok(profile?.role_arn);
    put(config(), '[DEFAULT]\noutput = json\n');
    assert.deepEqual((await configure()).warnings, []);
  });

  it('writes keys under their own name, and never over a profile that renews itself', async () => {
    await configure();
    const write = ['credentials', 'prod/Developer', '--format', 'credentials-file', '--write'];
    assert.equal((await computer.run(write)).code, 0);
    assert.match(readFileSync(credentials(), 'utf8'), /^\[prod-Developer-keys\]$/m);

    for (const { profile, keys } of await asked('prod-Developer')) {
      assert.match(profile?.credential_process ?? '', /credential-process prod\/Developer/);
      assert.equal(keys, null);
    }

    for (const { keys } of await asked('prod-Developer-keys'))
      assert.equal(keys, 'shared-credentials-file');
    const before = readFileSync(credentials(), 'utf8');
    const { code, stderr } = await computer.run([...write, '--profile', 'prod-Developer']);
    assert.equal(code, 6);
    assert.match(
      stderr,
      /\.aws\/config has a profile prod-Developer already, and the keys would override it/,
    );
    assert.match(
      stderr,
      /Choose another name: --profile NAME\. Or use the existing profile: aws --profile prod-Developer/,
    );
    assert.equal(readFileSync(credentials(), 'utf8'), before);

    for (const theirs of [
      '[profile "mine"]\nrole_arn = x\n',
      "[profile 'mine']\nsso_session = x\n",
      '[ profile mine ]\ncredential_process: x\n',
    ]) {
      put(config(), theirs);
      assert.equal((await computer.run([...write, '--profile', 'mine'])).code, 6, theirs);
    }

    put(config(), '[profile mine]\nregion = eu-west-1\n');
    assert.equal((await computer.run([...write, '--profile', 'mine'])).code, 0);
  });

  it('takes pasted sections of the bridge into the managed part', async () => {
    for (const [dialect, args] of [
      ['credential-process', []],
      ['sso-session', ['--sso']],
    ] as const) {
      const { visitor } = await world.signIn('bob', 'oidc');
      const page = await visitor.get(`${world.urls.bridge}/aws-config?dialect=${dialect}`);
      const pasted = page.html;
      assert.match(pasted, /\[profile prod-Developer\]/);
      put(config(), `[default]\nregion = eu-west-1\n\n${pasted}\n[profile mine]\nregion = x\n`);
      const { conflicts, takenOver, profiles } = await configure(args);
      assert.deepEqual(conflicts, []);
      assert.deepEqual(
        takenOver.filter(name => !name.includes(' ')),
        profiles,
        dialect,
      );
      for (const { profile } of await asked('prod-Developer')) assert.ok(profile);
      assert.deepEqual((await configure(args)).takenOver, []);
      assert.equal((await computer.run(['configure', '--yes', '--remove'])).code, 0);
      assert.deepEqual(readFileSync(config(), 'utf8').split('\n').filter(Boolean), [
        '[default]',
        'region = eu-west-1',
        '[profile mine]',
        'region = x',
      ]);
    }
  });

  it('keeps a pasted section with other settings, and names it', async () => {
    put(
      config(),
      '[profile prod-Developer]\ncredential_process = rolebridge credential-process prod/Admin\nregion = eu-west-1\n',
    );
    const { conflicts, takenOver } = await configure();
    assert.deepEqual([conflicts, takenOver], [['prod-Developer'], []]);
  });
});
