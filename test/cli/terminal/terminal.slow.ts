/**
 * What only happens at a terminal: a part of a name, a list to search, a question. The terminal is
 * a real one, by util-linux's script.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { QUICK_POLLS, useComputer } from '../../support/cli.ts';
import { confirmDevice, viewerOf } from '../../support/cli-login.ts';
import { missingPackage } from '../../support/missing-package.ts';
import type { Visitor } from '../../support/visitor.ts';
import { useWorld } from '../../support/world.ts';

const SCRIPT = '/usr/bin/script';

interface Typed {
  readonly code: number | null;
  readonly screen: string;
  /** With its control characters. */
  readonly raw: string;
}

describe('at a terminal', { skip: missingPackage(SCRIPT, 'bsdutils') }, () => {
  const world = useWorld(QUICK_POLLS);
  const computer = useComputer({ TERM: 'xterm', SHELL: '/bin/sh', SSH_TTY: '/dev/pts/0' });
  let visitor: Visitor;
  before(async () => {
    visitor = await computer.logIn(world, 'alice');
  });

  /**
   * Runs the client at a terminal; `turns` are what is waited for on the screen, and what is typed
   * then.
   */
  const at = (
    args: string,
    turns: readonly (readonly [RegExp, string | ((screen: string) => Promise<void>)])[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Typed> => {
    // A terminal without a size has no room for a list.
    const command = `stty cols 100 rows 30 && exec ${process.execPath} ${computer.entry} ${args}`;
    const child = spawn(SCRIPT, ['-qfec', command, '/dev/null'], {
      env: { ...computer.env, ...env } as NodeJS.ProcessEnv,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const waiting = [...turns];
    let [raw, screen] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      // Whole: a terminal gets its control characters in pieces.
      raw += chunk;
      screen = stripVTControlCharacters(raw);
      const [next] = waiting;
      if (next === undefined || !next[0].test(screen)) return;
      waiting.shift();
      if (typeof next[1] === 'string') child.stdin.write(next[1]);
      else void next[1](screen);
    });
    return new Promise(resolve => child.once('close', code => resolve({ code, screen, raw })));
  };

  it('accepts a part of a name that matches one role', async () => {
    const { code, screen } = await at('exec gov -- printenv ROLEBRIDGE_ROLE');
    assert.equal(code, 0, screen);
    assert.match(screen, /gov\/Admin/);
  });

  it('offers a list to search without a name, and puts the last choice first', async () => {
    const out = computer.file('out');
    const { code, screen } = await at(`exec -- sh -c 'printenv ROLEBRIDGE_ROLE > ${out}'`, [
      [/Which role\?[\s\S]*Type: to search/, 'stagdev'],
      [/Search: stagdev/, '\r'],
    ]);
    assert.equal(code, 0, screen);
    assert.equal(readFileSync(out, 'utf8'), 'staging/Developer\n');

    const again = await at('credentials', [[/Which role\?[\s\S]*Type: to search/, '\u001b']]);
    assert.match(again.screen, /● staging\/Developer/);
  });

  const WORD = 'production';
  const RED = `\u001b[31m${WORD}\u001b[39m`;

  it('marks production by word and colour, in the list and after a part of a name', async () => {
    const list = await at('credentials', [
      [/Which role\?[\s\S]*Type: to search/, 'prod/read'],
      [/Search: prod\/read/, '\r'],
    ]);
    assert.match(list.screen, /prod\/ReadOnly production/);
    assert.match(list.screen, /production, valid for 59 min|production, valid for 1 h/);
    assert.doesNotMatch(list.screen, /staging\/Developer production/);
    assert.ok(list.raw.includes(RED), list.raw);

    const part = await at('exec prod/read -- true');
    assert.match(part.screen, /prod\/ReadOnly production/);
    assert.ok(part.raw.includes(RED));
    const table = await at('roles prod read');
    assert.match(table.screen, /prod +111122223333 +ReadOnly +production +4 h/);
    assert.ok(table.raw.includes(RED));
  });

  it('marks production by the word alone with NO_COLOR', async () => {
    for (const command of ['exec prod/read -- true', 'roles prod read']) {
      const { screen, raw } = await at(command, [], { NO_COLOR: '1' });
      assert.match(screen, /production/);
      assert.ok(!raw.includes('\u001b[31m'), raw);
    }
  });

  it('finds roles by the owner of their account', async () => {
    const { screen } = await at('credentials', [
      [/Which role\?[\s\S]*Type: to search/, 'platform'],
      [/Search: platform/, '\u001b'],
    ]);
    // The screen is drawn again only where it changes.
    assert.match(screen, /Search: pla█[\s\S]*staging\/Developer/);
  });

  it('Escape chooses nothing and exits with 130', async () => {
    const { code, screen } = await at('credentials', [
      [/Which role\?[\s\S]*Type: to search/, '\u001b'],
    ]);
    assert.equal(code, 130, screen);
    assert.match(screen, /nothing was chosen/);
  });

  it('configure asks before it writes, and writes nothing after no', async () => {
    const { screen } = await at('configure', [[/Write this\?/, 'n']]);
    assert.match(screen, /nothing was changed/);
    assert.ok(!existsSync(computer.file('.aws/config')));
    const yes = await at('configure', [[/Write this\?/, '\r']]);
    assert.equal(yes.code, 0, yes.screen);
    assert.match(readFileSync(computer.file('.aws/config'), 'utf8'), /\[profile prod-Admin\]/);
  });

  it('asks to sign in again when the login has ended, and continues the command', async () => {
    await world.bridge.mySessions.endAll(await viewerOf(world, visitor));
    ({ visitor } = await world.signIn('alice', 'saml'));

    const { code, screen } = await at('whoami', [
      [
        /Waiting for you to confirm/,
        async shown => confirmDevice(world, visitor, /\b[A-Z]{4}-[A-Z]{4}\b/.exec(shown)![0]),
      ],
    ]);

    assert.equal(code, 0, screen);
    assert.match(screen, /your login has ended/);
    assert.match(screen, /[▀▄█]{10}/, 'a QR code');
    assert.match(screen, /^Person {8}alice/m);
  });
});
