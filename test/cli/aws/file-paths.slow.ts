/** Where the client reads and writes the files of AWS tools, and what it refuses to touch. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { SKIP, type Told, useAwsFiles } from './aws-files.ts';

describe('what is written into ~/.aws', { skip: SKIP }, () => {
  const { world, computer, config, put, asked, configure } = useAwsFiles();

  describe('a path that is not a regular file', () => {
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
        assert.doesNotMatch(stderr, /bug in rolebridge|unexpected|Wrote/);
      }
    };

    it('is rejected and unchanged: a directory, a pipe, a socket, a device, a circle of links', async () => {
      const [fifo, socket, loop, one, device] = ['fifo', 'socket', 'loop', 'one', 'device'].map(
        name => join(directory, name),
      ) as [string, string, string, string, string];
      await refused(directory, /is a directory, not a regular file/);
      execFileSync('mkfifo', [fifo]);

      await refused(fifo, /is a named pipe, not a regular file/);
      assert.ok(lstatSync(fifo).isFIFO());

      const server = createServer();
      await new Promise<void>(resolve => server.listen(socket, resolve));
      await refused(socket, /is a socket, not a regular file/);
      server.close();
      symlinkSync(loop, one);
      symlinkSync(one, loop);
      await refused(loop, /is a symbolic link that leads to itself/);
      assert.ok(lstatSync(loop).isSymbolicLink());

      symlinkSync('/dev/null', device);
      for (const path of ['/dev/null', device, '/dev/zero'])
        await refused(path, /is a device, not a regular file/);
      assert.ok(statSync('/dev/null').isCharacterDevice() && lstatSync(device).isSymbolicLink());

      if (process.getuid?.() === 0) {
        const node = join(directory, 'node');
        try {
          execFileSync('mknod', [node, 'c', '1', '3'], { stdio: 'pipe' });
        } catch {
          return;
        }
        await refused(node, /is a device, not a regular file/);
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

    it('below a file is reported as that', async () => {
      put(join(directory, 'plain'), 'x');
      await refused(join(directory, 'plain', 'config'), /a file is where a directory should be/);
    });

    it('of the client itself is rejected, too', async () => {
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
        assert.match(stderr, /config\.json is a named pipe, not a regular file/);
      }

      unlinkSync(settings);
      mkdirSync(settings);
      assert.equal((await computer.run(['whoami'], { env })).code, 6);
    });

    it('is named when it cannot be read or written', {
      skip: process.getuid?.() === 0 && 'root reads everything',
    }, async () => {
      const locked = join(directory, 'locked');
      put(locked, '');
      chmodSync(locked, 0o200);
      await refused(locked, /cannot be read or written: permission denied/);
    });
  });

  it('does not report success for a file that its owner cannot read', {
    skip: process.getuid?.() !== 0 && 'only root can write it',
  }, async () => {
    put(config(), '');
    chmodSync(config(), 0o200);
    assert.match(
      (await configure()).warnings.join(),
      /cannot read .*: its mode 0200 does not allow its owner to read it/,
    );
  });

  it('as root, keeps the owner of a file, and gives a new one to the owner of the directory', {
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

  it('reads paths as the AWS CLI does, and warns where the SDKs differ', async () => {
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
        `~${username}-unknown/config`,
        computer.file(`~${username}-unknown/config`),
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
    const { awsFile } = await import('../../../src/cli/aws/paths.ts');
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
      '~unknown-at-all/x',
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
