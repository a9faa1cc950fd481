/**
 * What is written into ~/.aws, as the AWS CLI's own botocore reads it: success is said when it sees
 * the profile, and not when it does not.
 */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, execFile, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { before, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { parseFault } from '../../../src/cli/aws/file-check.ts';
import { QUICK_POLLS, useComputer } from '../../support/cli.ts';
import { useFixture } from '../../support/fixture.ts';
import { useWorld } from '../../support/world.ts';

/**
 * Python with the botocore of an AWS CLI: Debian's, and a newer one beside it where the machine has
 * it.
 */
const PYTHONS = ['/usr/bin/python3', join(homedir(), '.cache/rolebridge/aws-cli/python')].filter(
  path => existsSync(path),
);
const SKIP = existsSync('/usr/bin/aws') ? false : 'needs the package awscli';

/**
 * Answers questions, a line of JSON each, in one process for all of them: a profile as botocore
 * sees it, with where its credentials come from; the reason where it cannot read the files.
 */
const ANSWER = `
import json, os, sys
import awscli.botocore.session
from awscli.botocore.credentials import create_credential_resolver
def answer(name):
    try:
        session = awscli.botocore.session.Session(profile=name)
        found = session.full_config['profiles'].get(name)
        method = next((p.METHOD for p in create_credential_resolver(session).providers if p.METHOD in ('shared-credentials-file', 'config-file') and p.load()), None)
        return {'profile': found, 'keys': method}
    except Exception as fault:
        return {'fault': str(fault)}
for line in iter(sys.stdin.readline, ''):
    asked = json.loads(line)
    os.environ.clear()
    os.environ.update(asked['env'])
    print(json.dumps(answer(asked['profile'])), flush=True)
`;

class Botocore {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  constructor(python: string) {
    this.#process = spawn(python, ['-c', ANSWER], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async ask(profile: string, env: Readonly<Record<string, string | undefined>>): Promise<Seen> {
    this.#process.stdin.write(`${JSON.stringify({ profile, env })}\n`);
    const { value } = await this.#answers.next();
    return JSON.parse(value) as Seen;
  }

  close(): void {
    this.#process.stdin.end();
  }
}

interface Seen {
  readonly profile?: Readonly<Record<string, string>> | null;
  readonly keys?: string | null;
  readonly fault?: string;
}

interface Told {
  readonly file: string;
  readonly profiles: readonly string[];
  readonly conflicts: readonly string[];
  readonly takenOver: readonly string[];
  readonly warnings: readonly string[];
}

const BOM = '\u00ef\u00bb\u00bf';

describe('what is written into ~/.aws', { skip: SKIP }, () => {
  const botocores = useFixture(
    () => PYTHONS.map(python => new Botocore(python)),
    all => {
      for (const botocore of all) botocore.close();
    },
  );
  const world = useWorld(QUICK_POLLS);
  const computer = useComputer();
  before(async () => {
    await computer.logIn(world, 'bob', { protocol: 'oidc' });
  });
  beforeEach(() => {
    rmSync(computer.file('.aws'), { recursive: true, force: true });
    mkdirSync(computer.file('.aws'));
  });

  type Env = Readonly<Record<string, string>>;
  const config = (): string => computer.file('.aws/config');
  const credentials = (): string => computer.file('.aws/credentials');
  const put = (file: string, text: string): void => writeFileSync(file, text, 'latin1');
  const asked = (profile: string, env: Env = {}): Promise<readonly Seen[]> =>
    Promise.all(botocores.map(botocore => botocore.ask(profile, { ...computer.env, ...env })));
  const configure = async (
    args: readonly string[] = [],
    env: Env = {},
  ): Promise<Told & { stderr: string }> => {
    const { code, stdout, stderr } = await computer.run(['configure', '--yes', '--json', ...args], {
      env,
    });
    assert.equal(code, 0, stderr);
    return { ...(JSON.parse(stdout) as Told), stderr };
  };

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
    it(`configure says success exactly when botocore sees the profile: ${what}`, async () => {
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

  it('the reason is said with its line', () => {
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

  it('a credentials file that the AWS CLI cannot read is said, because it stops every command', async () => {
    put(credentials(), '[a]\n[a]\n');
    const { warnings } = await configure();
    assert.match(
      warnings.join(),
      /cannot read .*\/credentials: line 2: the section \[a\] is there twice/,
    );
    for (const { fault } of await asked('prod-Developer')) assert.ok(fault);
  });

  it('a section of the same name in the credentials file wins, and is named', async () => {
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

  it('[default] in the credentials file, and variables that win over [default], are named', async () => {
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

  it('[DEFAULT] that gives every profile another identity is named, and one that does not is not', async () => {
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

  it('keys go under a name of their own, and never over a profile that renews itself', async () => {
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
      /\.aws\/config has a profile prod-Developer already, and the keys would win over it/,
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

  it('sections that were downloaded from the bridge and pasted are taken over into our part', async () => {
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

  it('a pasted section that says something else stays, and is named', async () => {
    put(
      config(),
      '[profile prod-Developer]\ncredential_process = rolebridge credential-process prod/Admin\nregion = eu-west-1\n',
    );
    const { conflicts, takenOver } = await configure();
    assert.deepEqual([conflicts, takenOver], [['prod-Developer'], []]);
  });

  describe('a path that is no regular file', () => {
    let directory: string;
    before(() => {
      directory = mkdtempSync(join(computer.home, 'paths-'));
    });
    const BOTH = [
      ['AWS_CONFIG_FILE', ['configure', '--yes']],
      ['AWS_SHARED_CREDENTIALS_FILE', ['credentials', 'prod/Developer', '--write']],
    ] as const;
    const refused = async (path: string, says: RegExp): Promise<void> => {
      for (const [variable, args] of BOTH) {
        const { code, stdout, stderr } = await computer.run(args, { env: { [variable]: path } });
        assert.deepEqual([code, stdout], [6, ''], stderr);
        assert.match(stderr, says);
        assert.doesNotMatch(stderr, /mistake in rolebridge|unexpected|Wrote/);
      }
    };

    it('is refused and left as it is: a directory, a pipe, a socket, a device, links that go in circles', async () => {
      const [fifo, socket, loop, one, device] = ['fifo', 'socket', 'loop', 'one', 'device'].map(
        name => join(directory, name),
      ) as [string, string, string, string, string];
      await refused(directory, /is a directory, and not a regular file/);
      execFileSync('mkfifo', [fifo]);
      await refused(fifo, /is a named pipe, and not a regular file/);
      assert.ok(lstatSync(fifo).isFIFO());
      const server = createServer();
      await new Promise<void>(resolve => server.listen(socket, resolve));
      await refused(socket, /is a socket, and not a regular file/);
      server.close();
      symlinkSync(loop, one);
      symlinkSync(one, loop);
      await refused(loop, /is a symbolic link that leads back to itself/);
      assert.ok(lstatSync(loop).isSymbolicLink());
      symlinkSync('/dev/null', device);
      for (const path of ['/dev/null', device, '/dev/zero'])
        await refused(path, /is a device, and not a regular file/);
      assert.ok(statSync('/dev/null').isCharacterDevice() && lstatSync(device).isSymbolicLink());
      if (process.getuid?.() === 0) {
        const node = join(directory, 'node');
        try {
          execFileSync('mknod', [node, 'c', '1', '3'], { stdio: 'pipe' });
        } catch {
          return;
        }
        await refused(node, /is a device, and not a regular file/);
        assert.ok(lstatSync(node).isCharacterDevice());
      }
    });

    it('is written through a link whose target is missing: the link stays, its target is made', async () => {
      for (const [variable, args] of BOTH) {
        const [link, second] = [
          join(directory, `link-${variable}`),
          join(directory, `second-${variable}`),
        ];
        symlinkSync(`dotfiles/${variable}/file`, second);
        symlinkSync(second, link);
        const { code, stderr } = await computer.run(args, { env: { [variable]: link } });
        assert.equal(code, 0, stderr);
        assert.equal(readlinkSync(link), second);
        assert.match(readFileSync(join(directory, 'dotfiles', variable, 'file'), 'utf8'), /^\[/m);
      }
    });

    it('below a file is said as that', async () => {
      put(join(directory, 'plain'), 'x');
      await refused(join(directory, 'plain', 'config'), /a file is where a directory should be/);
    });

    it('of the client itself is refused, too', async () => {
      const own = join(directory, 'own');
      mkdirSync(own);
      const settings = join(own, 'config.json');
      const env = { ROLEBRIDGE_CONFIG_DIR: own };
      execFileSync('mkfifo', [settings]);
      for (const args of [
        ['whoami'],
        ['credential-process', 'prod/Developer'],
        ['login', '--device', '--server', world.urls.bridge],
      ]) {
        const { code, stderr } = await computer.run(args, { env });
        assert.equal(code, 6, stderr);
        assert.match(stderr, /config\.json is a named pipe, and not a regular file/);
      }
      unlinkSync(settings);
      mkdirSync(settings);
      assert.equal((await computer.run(['whoami'], { env })).code, 6);
    });

    it('or that may not be read or written is said with its name', {
      skip: process.getuid?.() === 0 && 'root reads everything',
    }, async () => {
      const locked = join(directory, 'locked');
      put(locked, '');
      chmodSync(locked, 0o200);
      await refused(locked, /may not be read or written by you/);
    });
  });

  it('a file whose mode does not let its owner read it is not called a success', {
    skip: process.getuid?.() !== 0 && 'only root can write it',
  }, async () => {
    put(config(), '');
    chmodSync(config(), 0o200);
    assert.match(
      (await configure()).warnings.join(),
      /cannot read .*: its mode 0200 lets even its owner not read it/,
    );
  });

  it('as root, the file stays its owner’s, and a new one belongs to the owner of the directory', {
    skip: process.getuid?.() !== 0 && 'only root can give files away',
  }, async () => {
    const home = mkdtempSync(join(computer.home, 'owned-'));
    execFileSync('chown', ['65534:65534', home]);
    const file = join(home, '.aws', 'config');
    for (const round of ['new', 'again']) {
      await configure(round === 'new' ? [] : ['--login'], { AWS_CONFIG_FILE: file });
      for (const path of [file, join(home, '.aws')])
        assert.equal(statSync(path).uid, 65534, `${round} ${path}`);
    }
  });

  it('paths are read as the AWS CLI reads them, and where the SDKs differ is said', async () => {
    const { username } = (await import('node:os')).userInfo();
    for (const [path, where, says] of [
      [
        '~/a/config',
        computer.file('a/config'),
        /AWS_CONFIG_FILE is ~\/a\/config: the AWS CLI and boto3 read .*\/a\/config, but the AWS SDK for Go reads the path as it is written/,
      ],
      ['$PLACE/config', computer.file('place/config'), /the AWS SDKs for Go and JavaScript read/],
      [
        `\${PLACE}/b/config`,
        computer.file('place/b/config'),
        /the AWS SDKs for Go and JavaScript read/,
      ],
      [
        `~${username}-nobody/config`,
        computer.file(`~${username}-nobody/config`),
        /names a relative path/,
      ],
    ] as const) {
      const env = { AWS_CONFIG_FILE: path, PLACE: computer.file('place') };
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [computer.entry, 'configure', '--yes', '--json'],
        {
          cwd: computer.home,
          env: { ...computer.env, ...env } as NodeJS.ProcessEnv,
          encoding: 'utf8',
        },
      );
      const { warnings } = JSON.parse(stdout) as Told;
      assert.match(warnings.join(), says);
      assert.match(readFileSync(where, 'utf8'), /\[profile prod-Developer\]/);
      if (path.startsWith(`~${username}`)) continue;
      for (const { profile } of await asked('prod-Developer', env)) assert.ok(profile, path);
    }
  });

  it('~user is the home of that user', async () => {
    const { awsFile } = await import('../../../src/cli/aws/config-file.ts');
    const python = (path: string): string =>
      execFileSync(
        '/usr/bin/python3',
        ['-c', 'import os, sys; print(os.path.expanduser(os.path.expandvars(sys.argv[1])))', path],
        {
          env: { HOME: '/h', A: 'b' },
          encoding: 'utf8',
        },
      ).trimEnd();
    for (const path of [
      '~',
      '~/x',
      '~root/x',
      '~nobody-at-all/x',
      '$A/x',
      `\${A}/x`,
      '$NOTHING/x',
      'a~/x',
      '$$A',
      '~daemon',
      '/x/$A$A',
      `\${A`,
      '~/$A',
    ])
      assert.equal(
        awsFile({ HOME: '/h', A: 'b', AWS_CONFIG_FILE: path }, 'config'),
        python(path),
        path,
      );
  });
});
