import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Run } from '../../../src/cli/command-line/command.ts';
import { helpFor } from '../../../src/cli/command-line/help.ts';
import { COMMANDS } from '../../../src/cli/commands.ts';

const DIRECTORY = new URL('../../../src/cli/commands/', import.meta.url);
const FILES = readdirSync(DIRECTORY);

interface Row {
  readonly name: string;
  readonly load: () => Promise<{ readonly run: Run }>;
}

/** What keeps rows and files from being one for one, a sentence each. */
async function mismatches(rows: readonly Row[], files: readonly string[]): Promise<string[]> {
  const withoutRow = files.filter(file => !rows.some(({ name }) => file === `${name}.ts`));
  const withoutFile = rows.filter(({ name }) => !files.includes(`${name}.ts`));
  const withFile = rows.filter(row => !withoutFile.includes(row));
  const loadsItsFile = await Promise.all(
    withFile.map(async ({ name, load }) => {
      const file = (await import(new URL(`${name}.ts`, DIRECTORY).href)) as { readonly run: Run };
      return (await load()).run === file.run;
    }),
  );
  return [
    ...withoutRow.map(file => `commands/${file} has no row in commands.ts`),
    ...withoutFile.map(({ name }) => `the row ${name} has no file commands/${name}.ts`),
    ...withFile
      .filter((_, index) => !loadsItsFile[index])
      .map(({ name }) => `the row ${name} does not load commands/${name}.ts`),
  ];
}

describe('the table of commands', () => {
  it('has one row for each file in commands/, and the row loads that file', async () => {
    assert.deepEqual(await mismatches(COMMANDS, FILES), []);
  });

  it('is checked: finds a file without a row', async () => {
    assert.deepEqual(await mismatches(COMMANDS, [...FILES, 'stray.ts']), [
      'commands/stray.ts has no row in commands.ts',
    ]);
  });

  it('is checked: finds a row without a file', async () => {
    const row: Row = { name: 'stray', load: COMMANDS[0]!.load };
    assert.deepEqual(await mismatches([...COMMANDS, row], FILES), [
      'the row stray has no file commands/stray.ts',
    ]);
  });

  it('is checked: finds a row that loads the file of another command', async () => {
    const rows = COMMANDS.map(row => ({ ...row, load: COMMANDS[0]!.load }));
    assert.ok(
      (await mismatches(rows, FILES)).includes('the row exec does not load commands/exec.ts'),
    );
  });

  for (const command of COMMANDS)
    it(`gives ${command.name} a help with the same parts as every other command`, () => {
      const [usage, , what] = helpFor(command).split('\n');
      assert.ok(usage!.startsWith(`Usage: rolebridge ${command.name}`), usage);
      assert.match(what!, /^[A-Z].*\.$/);
      assert.doesNotMatch(what!, /\. /, 'one sentence');
      for (const part of ['\nOptions\n', '\nExamples\n', '\nExit codes: '])
        assert.ok(helpFor(command).includes(part), part);
      assert.ok(command.examples.length > 0, 'an example');
    });
});
