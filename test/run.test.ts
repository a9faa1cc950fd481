import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const RUN = join(import.meta.dirname, 'run.ts');

const TESTS: Readonly<Record<string, string>> = {
  'test/one.test.ts': "it('first');\nit('second');\n",
  'test/room/two.test.ts': "it('third');\n",
  'test/room/three.test.ts': "it('fourth', () => { throw new Error('fails'); });\n",
  'test/room/other.wire.ts': "it('fifth');\n",
  'test/room/support.ts': 'export {};\n',
  'test/empty/support.ts': 'export {};\n',
};

describe('npm test', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'rolebridge-run-'));
    for (const [name, text] of Object.entries(TESTS)) {
      mkdirSync(join(directory, name, '..'), { recursive: true });
      writeFileSync(join(directory, name), `import { it } from 'node:test';\n${text}`);
    }
  });
  after(() => rmSync(directory, { recursive: true }));

  /** Names of the tests that were run, the exit code, and what was said. */
  function run(...argv: readonly string[]) {
    // A test runner that finds this variable runs nothing: it takes itself for part of this one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const options = { cwd: directory, env, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [RUN, '--test-reporter=tap', ...argv],
      options,
    );
    const names = [...stdout.matchAll(/^ *(?:not )?ok \d+ - (\w+)$/gm)].map(([, name]) => name);
    return { status, names: names.sort(), stderr };
  }

  it('runs every test file without an argument', () => {
    const { status, names } = run();

    assert.deepEqual(names, ['first', 'fourth', 'second', 'third']);
    assert.equal(status, 1, 'one test fails');
  });

  it('runs the named file alone', () => {
    const { status, names } = run('test/one.test.ts');

    assert.deepEqual(names, ['first', 'second']);
    assert.equal(status, 0);
  });

  it('runs several files, a directory and a pattern', () => {
    assert.deepEqual(run('test/one.test.ts', 'test/room/other.wire.ts').names, [
      'fifth',
      'first',
      'second',
    ]);
    assert.deepEqual(run('test/room').names, ['fourth', 'third']);
    assert.deepEqual(run('test/room/t*.ts').names, ['fourth', 'third']);
  });

  it('passes options with their values to the runner', () => {
    assert.deepEqual(run('--test-name-pattern', 'second', 'test/one.test.ts').names, ['second']);
    assert.deepEqual(run('test/one.test.ts', '--test-name-pattern=first').names, ['first']);
    assert.deepEqual(run('--test-only', 'test/one.test.ts').names, []);
  });

  const mistakes: readonly [argv: readonly string[], message: string][] = [
    [['test/room/tow.test.ts'], 'test/room/tow.test.ts does not exist.'],
    [['test/one.test.ts', 'test/nowhere'], 'test/nowhere does not exist.'],
    [['test/room/support.ts'], 'test/room/support.ts is not a test file (*.test.ts).'],
    [['test/empty'], 'test/empty contains no test file.'],
    [['test/one.test.ts', '--test-name-pattern'], '--test-name-pattern requires a value.'],
  ];
  for (const [argv, message] of mistakes) {
    it(`runs nothing with ${argv.join(' ')}`, () => {
      assert.deepEqual(run(...argv), { status: 2, names: [], stderr: `npm test: ${message}\n` });
    });
  }
});

describe('the suites', () => {
  const ROOT = join(import.meta.dirname, '..');
  const ofRoot = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
  const { scripts } = JSON.parse(ofRoot('package.json')) as { scripts: Record<string, string> };
  /** Their scripts, with the pattern of their files. */
  const suites = Object.entries(scripts).flatMap(([name, command]) =>
    name.startsWith('test:') ? [[name, /"(test\/[^"]+)"/.exec(command)![1]!] as const] : [],
  );

  it('contain every test file once', () => {
    // What is fuzzed is replayed by a test of its own.
    const exclude = ['test/fuzz/*.fuzz.ts'];
    const every = globSync('test/**/*.*.ts', { cwd: ROOT, exclude }).sort();
    const listed = ['test/**/*.test.ts', ...suites.map(([, pattern]) => pattern)].flatMap(pattern =>
      globSync(pattern, { cwd: ROOT }),
    );
    assert.ok(suites.length >= 4 && every.length > 200);
    assert.deepEqual(listed.sort(), every);
  });

  it('other than npm test contain what needs a browser or the tools of AWS', () => {
    const misplaced = globSync('test/**/*.test.ts', { cwd: ROOT }).filter(
      name => /^test\/(?:wire|interop)\//.test(name) || /support\/browser\.ts'/.test(ofRoot(name)),
    );
    assert.deepEqual(misplaced, []);
  });

  it('run before a change lands, or every night', () => {
    const commands = ofRoot('.ci/run').split(/\n|&&|\)/);
    const isRun = (name: string): boolean => commands.some(command => command.trim() === name);
    const [nightly, ...others] = [
      ...['npm run test:nightly', 'npm test'],
      ...suites.map(([name]) => `npm run ${name}`).filter(name => name !== 'npm run test:nightly'),
    ];
    for (const name of others) assert.ok(isRun(name), name);
    assert.match(ofRoot('.github/workflows/nightly.yml'), new RegExp(`run: .*\\b${nightly}$`, 'm'));
  });
});
