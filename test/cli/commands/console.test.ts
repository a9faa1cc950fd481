import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { browserOpener, openBrowser } from '../../../src/cli/terminal/browser.ts';
import { Computer, QUICK_POLLS, useComputer } from '../../support/cli.ts';
import { missingPackage } from '../../support/missing-package.ts';
import { Visitor } from '../../support/visitor.ts';
import { useWorld } from '../../support/world.ts';

/** A program that writes down how it was called; its exit code is in its name. */
function recorder(computer: Computer, ...names: string[]): string {
  const file = computer.file(...names);
  mkdirSync(computer.file(...names.slice(0, -1)), { recursive: true });
  const exit = /fails/.test(file) ? 1 : 0;
  writeFileSync(
    file,
    `#!${process.execPath}\nrequire('node:fs').appendFileSync(${JSON.stringify(computer.file('calls'))}, JSON.stringify(process.argv.slice(1)) + '\\n');\nprocess.exitCode = ${exit};\n`,
  );
  chmodSync(file, 0o755);
  return file;
}

function calls(computer: Computer): string[][] {
  const text = readFileSync(computer.file('calls'), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as string[]);
}

describe('rolebridge console', () => {
  const world = useWorld(QUICK_POLLS);
  const computer = useComputer();
  let browser: string;
  before(async () => {
    await computer.logIn(world, 'alice');
    browser = recorder(computer, 'browser');
  });
  beforeEach(() => writeFileSync(computer.file('calls'), ''));

  it('sends the browser to the console page of the bridge: no link, no secret and no local address in the arguments', async () => {
    const destination = `${world.urls.aws}/console/s3?a=b%20c&d#e/f`;
    const linksBefore = (await world.audit()).filter(
      ({ type }) => type === 'console-link.issued',
    ).length;
    const { code, stdout, stderr } = await computer.run(
      ['console', 'prod/Developer', '--destination', destination],
      {
        env: { BROWSER: browser },
      },
    );
    assert.deepEqual([code, stdout], [0, ''], stderr);
    const [[, address, ...more] = []] = calls(computer);
    assert.deepEqual(more, []);
    const { origin, pathname, searchParams } = new URL(address!);
    assert.deepEqual([origin, pathname], [world.urls.bridge, '/console']);
    assert.deepEqual(Object.fromEntries(searchParams), {
      account: 'prod',
      role: 'Developer',
      destination,
    });
    assert.equal(
      (await world.audit()).filter(({ type }) => type === 'console-link.issued').length,
      linksBefore,
    );
    assert.match(
      stderr,
      /opens for the user who is signed in there; without one, the page asks for a sign-in\. In this terminal you are alice\./,
    );

    const bob = (await world.signIn('bob', 'oidc')).visitor;
    const opened = await bob.get(address!);
    assert.match(opened.text, /assumed-role\/Developer\/bob-/);
    assert.match(opened.text, /console\/s3\?a=b%20c&d/);
    const stranger = await new Visitor().get(address!);
    assert.match(stranger.text, /the AWS console of prod as Developer/);
  });

  it('asks for a session of the chosen length, in the browser and for a link', async () => {
    const { stderr } = await computer.run(['console', 'prod/Developer', '--duration', '45m'], {
      env: { BROWSER: browser },
    });
    const [[, address] = []] = calls(computer);
    assert.equal(new URL(address!).searchParams.get('duration'), '2700s', stderr);
    const bob = (await world.signIn('bob', 'oidc')).visitor;
    const opened = Date.parse((await bob.get(address!)).$('time').attr('datetime')!);
    assert.ok(Math.abs(opened - world.clock.now() - 45 * 60_000) < 60_000);

    const link = await computer.done([
      ...['console', 'prod/Developer', '--duration', '20m', '--print'],
    ]);
    const page = await new Visitor().get(link.trim());
    const until = Date.parse(page.$('time').attr('datetime')!);
    assert.ok(Math.abs(until - world.clock.now() - 20 * 60_000) < 60_000);
  });

  it('is refused a length that the role does not have, with the limits', async () => {
    const { code, stdout, stderr } = await computer.run([
      ...['console', 'prod/Developer', '--duration', '9h', '--print'],
    ]);
    assert.deepEqual([code, stdout], [4, '']);
    assert.match(stderr, /^rolebridge: This session length is not available\.$/m);
    assert.match(stderr, /gives at most 4 h\. Choose a length from 15 min to 4 h\./);
    for (const wrong of ['-1h', '1w', '900', 'x']) {
      const refused = await computer.run(['console', 'prod/Developer', `--duration=${wrong}`]);
      assert.equal(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, /is not a valid duration/);
    }
    assert.deepEqual(calls(computer), []);
  });

  it('prints the address where there is no browser', async () => {
    for (const BROWSER of ['none', recorder(computer, 'fails')]) {
      const { code, stdout, stderr } = await computer.run(['console', 'prod/team/Admin'], {
        env: { BROWSER },
      });
      assert.deepEqual([code, stdout], [1, '']);
      assert.ok(
        stderr.includes(`  ${world.urls.bridge}/console?account=prod&role=team/Admin\n`),
        stderr,
      );
    }
  });

  it('rejects a destination of more than 4,096 characters before it opens anything', async () => {
    for (const more of [[], ['--print']]) {
      const long = `https://console.aws.amazon.com/${'a'.repeat(4096)}`;
      const { code, stderr } = await computer.run(
        ['console', 'prod/Admin', '--destination', long, ...more],
        { env: { BROWSER: browser } },
      );
      assert.equal(code, 4);
      assert.match(stderr, /the console address has 4127 characters; the limit is 4096/);
    }
    assert.deepEqual(calls(computer), []);
  });
});

describe('BROWSER', () => {
  const computer = new Computer();
  const URL_ =
    'https://aws.example.com/console?account=a&role=b%20c&destination=https://x/?a=b#$(touch%20x)';
  const [plain, blank] = [recorder(computer, 'ff'), recorder(computer, 'My Browser', 'ff')];
  const other = recorder(computer, 'other');
  const fails = recorder(computer, 'fails');
  const env = { PATH: process.env.PATH, HOME: computer.home };
  beforeEach(() => writeFileSync(computer.file('calls'), ''));
  after(() => computer.close());

  const open = async (BROWSER: string): Promise<boolean> => {
    const opener = browserOpener({ ...env, BROWSER });
    return opener !== undefined && (await openBrowser(opener, URL_, { ...env, BROWSER }));
  };

  const ROWS: readonly (readonly [value: string, ...calls: string[][]])[] = [
    [`${plain} %s`, [plain, URL_]],
    [plain, [plain, URL_]],
    [`${plain} --new-window`, [plain, '--new-window', URL_]],
    [`${plain} --url=%s --last`, [plain, `--url=${URL_}`, '--last']],
    [`"${blank}" %s`, [blank, URL_]],
    [`'${blank}' --a "b c" %s`, [blank, '--a', 'b c', URL_]],
    [blank, [blank, URL_]],
    [blank.replace(' ', '\\ '), [blank, URL_]],
    [`${plain} 100%% %s`, [plain, '100%', URL_]],
    [`${plain} %%s`, [plain, '%s', URL_]],
    [`${plain} %s &`, [plain, URL_]],
    [`${plain} %s&`, [plain, URL_]],
    [`${fails} %s:${plain} %s:${other} %s`, [fails, URL_], [plain, URL_]],
    [`/nowhere/at-all::${other}`, [other, URL_]],
    [`"${plain} %s:${other}`],
    [
      `${plain} %s "$(touch ${computer.file('hacked')})" ; id`,
      [plain, URL_, `$(touch ${computer.file('hacked')})`, ';', 'id'],
    ],
    [`"${plain}" "a:b" %s`, [plain, 'a:b', URL_]],
    [`${plain} ""`, [plain, '', URL_]],
    [' : : '],
  ];
  for (const [value, ...expected] of ROWS) {
    it(`${value.replaceAll(computer.home, '')} is read without a shell`, async () => {
      assert.equal(await open(value), expected.length > 0);
      assert.deepEqual(calls(computer), expected);
      assert.throws(() => readFileSync(computer.file('hacked')));
    });
  }

  const PYTHON = '/usr/bin/python3';
  it('is read as Python’s webbrowser reads it', {
    skip: missingPackage(PYTHON, 'python3'),
  }, async () => {
    for (const value of [
      `${plain} %s`,
      `"${blank}" %s`,
      `${plain} --url=%s --last`,
      `${fails} %s:${plain} %s`,
      `${plain} %s &`,
    ]) {
      writeFileSync(computer.file('calls'), '');
      await open(value);
      const ours = calls(computer);
      writeFileSync(computer.file('calls'), '');
      const program = 'import sys, webbrowser; webbrowser.open(sys.argv[1])';
      execFileSync(PYTHON, ['-c', program, URL_], { env: { ...env, BROWSER: value } });
      // In the background there, so its call may come a moment later.
      for (
        const until = Date.now() + 5000;
        calls(computer).length < ours.length && Date.now() < until;
      )
        await new Promise(setImmediate);
      assert.deepEqual(calls(computer), ours, value);
    }
  });

  it('“none” opens nothing', () => assert.equal(browserOpener({ BROWSER: 'none' }), undefined));
});
