/**
 * What `configure` writes as credential_process: it runs in programs that have another PATH, and
 * after an update of Node.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { QUICK_POLLS, useComputer } from '../../support/cli.ts';
import { missingPackage } from '../../support/missing-package.ts';
import { useWorld } from '../../support/world.ts';

const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const CALLER_IDENTITY = fileURLToPath(new URL('../../support/caller-identity.ts', import.meta.url));
const run = promisify(execFile);
/** The account of the profile's credentials, as botocore gets them. */
const ASK = `
import sys
import awscli.botocore.session
credentials = awscli.botocore.session.Session(profile='prod-Developer').get_credentials()
print(credentials.method, credentials.access_key[:4])
`;

describe('the command that configure writes', {
  skip: missingPackage('/usr/bin/aws', 'awscli'),
}, () => {
  const world = useWorld(QUICK_POLLS);
  const computer = useComputer();
  before(async () => {
    await computer.logIn(world, 'bob', { protocol: 'oidc' });
  });
  beforeEach(() => rmSync(computer.file('.aws'), { recursive: true, force: true }));

  /** The client below `lib/node_modules` of a place, as npm installs it. */
  const install = (...place: string[]): string => {
    const target = computer.file(...place, 'lib/node_modules/rolebridge');
    cpSync(dirname(dirname(computer.entry)), target, { recursive: true });
    writeFileSync(join(target, 'package.json'), '{"type":"module"}');
    symlinkSync(MODULES, join(target, 'node_modules'));
    const entry = join(target, 'cli/main.js');
    chmodSync(entry, 0o755);
    return entry;
  };
  const nodeAt = (...place: string[]): string => {
    const target = computer.file(...place, 'node');
    mkdirSync(dirname(target), { recursive: true });
    try {
      linkSync(process.execPath, target);
    } catch {
      copyFileSync(process.execPath, target);
    }
    return target;
  };
  const link = (target: string, ...place: string[]): string => {
    const path = computer.file(...place);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
    return path;
  };

  interface Installed {
    readonly node?: string;
    readonly entry: string;
    readonly path?: readonly string[];
    readonly args?: readonly string[];
  }
  const configure = async ({ node = process.execPath, entry, path = [], args = [] }: Installed) => {
    const env = {
      ...computer.env,
      PATH: [...path, '/usr/bin', '/bin'].join(':'),
    } as NodeJS.ProcessEnv;
    const { stdout } = await run(node, [entry, 'configure', '--yes', '--json', ...args], { env });
    const text = readFileSync(computer.file('.aws/config'), 'utf8');
    const line = /\[profile prod-Developer\]\ncredential_process = (.*)\n/.exec(text)![1]!;
    return { line, warnings: (JSON.parse(stdout) as { warnings: readonly string[] }).warnings };
  };
  /** From an editor or a service: nothing of the shell's PATH. */
  const runsElsewhere = async (): Promise<void> => {
    const env = { ...computer.env, PATH: '/nowhere' } as NodeJS.ProcessEnv;
    const { stdout } = await run('/usr/bin/python3', ['-c', ASK], { env });
    assert.match(stdout, /^custom-process ASIA/);
    const js = await run(process.execPath, [CALLER_IDENTITY], {
      env: { ...env, AWS_PROFILE: 'prod-Developer', AWS_ENDPOINT_URL_STS: world.urls.aws },
    });
    assert.match(js.stdout, /assumed-role\/Developer\/bob-/);
  };

  it('has full paths, and runs where the PATH has neither node nor rolebridge', async () => {
    const entry = install('plain');
    const bin = dirname(link(entry, 'plain/bin/rolebridge'));

    const { line, warnings } = await configure({
      entry: link(entry, 'plain/other/rolebridge'),
      path: [bin],
    });
    assert.deepEqual(warnings, []);
    assert.ok(
      line.startsWith(`${process.execPath} ${entry} credential-process prod/Developer`),
      line,
    );
    await runsElsewhere();
  });

  for (const name of ['My Tools', "it's here", 'Zoë (x86) & Söhne', 'a#b;c']) {
    it(`runs from a directory called ${name}`, async () => {
      const { line, warnings } = await configure({ entry: install(name) });
      assert.deepEqual(warnings, []);
      assert.ok(line.includes(name), line);
      await runsElsewhere();
    });
  }

  it('is not written from a directory whose name a shell would interpret', async () => {
    for (const name of ['a"b', 'a$b', 'a`b', 'a #b', 'a%b']) {
      const entry = install(name);
      await assert.rejects(
        configure({ entry }),
        ({ code, stderr }: { code: number; stderr: string }) => {
          assert.equal(code, 6, stderr);
          assert.match(stderr, /cannot be written to ~\/\.aws\/config/);
          return true;
        },
      );
    }
  });

  it('is that of the running installation, not of the first on the PATH', async () => {
    const [ours, other] = [install('first'), install('second')];
    const { line } = await configure({
      entry: ours,
      path: [dirname(link(other, 'second/bin/rolebridge'))],
    });
    assert.ok(line.includes(ours), line);
  });

  it('warns of paths that an update of Node removes, as under nvm', async () => {
    const node = nodeAt('.nvm/versions/node/v24.1.0/bin');
    const entry = install('.nvm/versions/node/v24.1.0');
    link(entry, '.nvm/versions/node/v24.1.0/bin/rolebridge');
    const { warnings } = await configure({ node, entry, path: [dirname(node)] });
    assert.equal(warnings.length, 1);
    assert.ok(warnings[0]!.includes(node) && warnings[0]!.includes(entry), warnings[0]);
    assert.match(warnings[0]!, /an update .* removes paths .*--command PATH/);
    await runsElsewhere();

    link(computer.file('.nvm/versions/node/v24.1.0'), '.nvm/current');
    const lasting = await configure({ node, entry, path: [dirname(node)] });
    assert.deepEqual(lasting.warnings, []);
    assert.ok(
      lasting.line.startsWith(
        `${computer.file('.nvm/current/bin/node')} ${computer.file('.nvm/current/lib/node_modules/rolebridge/cli/main.js')} `,
      ),
    );
    await runsElsewhere();
  });

  it('uses the lasting path of Homebrew, fnm and mise, and links on the PATH outside of shells', async () => {
    const script = install('lasting');
    for (const [place, stays, to] of [
      ['brew/Cellar/node/24.1.0/bin', 'brew/opt/node', 'brew/Cellar/node/24.1.0'],
      [
        'fnm/node-versions/v24.1.0/installation/bin',
        'fnm/aliases/default',
        'fnm/node-versions/v24.1.0/installation',
      ],
      ['mise/installs/node/24.1.0/bin', 'mise/installs/node/lts', 'mise/installs/node/24.1.0'],
    ] as const) {
      const node = nodeAt(place);
      const shell = dirname(link(node, `${place.split('/')[0]}/fnm_multishells/1_2/bin/node`));
      assert.equal(
        (await configure({ node, entry: script, path: [shell] })).warnings.length,
        1,
        place,
      );
      link(computer.file(to), stays);
      const { line, warnings } = await configure({ node, entry: script, path: [shell] });
      assert.deepEqual(warnings, [], place);
      assert.ok(line.startsWith(`${computer.file(stays, 'bin/node')} `), line);
      await runsElsewhere();
    }

    const node = nodeAt('tools/node-v24.1.0-linux-x64/bin');
    const onPath = link(node, 'tools/bin/node');
    assert.ok(
      (await configure({ node, entry: script, path: [dirname(onPath)] })).line.startsWith(
        `${onPath} `,
      ),
    );
  });

  it('--command writes another program, by its full path', async () => {
    const entry = install('commanded');
    const shim = computer.file('my shims', 'rolebridge');
    mkdirSync(dirname(shim));
    writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${entry}' "$@"\n`);

    chmodSync(shim, 0o755);
    for (const written of [shim, '~/my shims/rolebridge']) {
      const { line, warnings } = await configure({ entry, args: ['--command', written] });
      assert.deepEqual(warnings, []);
      assert.ok(line.startsWith(`"${shim}" credential-process prod/Developer`), line);
      await runsElsewhere();
    }

    const text = computer.file('a-text');
    writeFileSync(text, '');
    for (const wrong of [
      'rolebridge',
      './rolebridge',
      '/nowhere/rolebridge',
      computer.home,
      text,
      '',
    ]) {
      const { code, stderr } = await computer.run(['configure', '--yes', '--command', wrong]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /--command .* is not an? (?:full path|executable program)/);
    }
  });
});
