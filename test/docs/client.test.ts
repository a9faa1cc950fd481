import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ROUTES } from '../../src/app.ts';
import { COMMON_OPTIONS } from '../../src/cli/command-line/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { EXIT, EXIT_MEANINGS } from '../../src/cli/terminal/exit.ts';
import { ERRORS, type ErrorCode } from '../../src/core/errors.ts';
import { readPage } from './pages.ts';

const cli = readPage('cli.md');
const commandNames = COMMANDS.map(({ name }) => name);

it('docs/cli.md lists exactly the commands of the client, in its order', () => {
  const [section] = cli.split('\n## Commands\n')[1]!.split('\n## ');
  const listed = [...section!.matchAll(/^\| `([a-z-]+)` \| /gm)].map(([, name]) => name);
  assert.deepEqual(listed, commandNames);
});

it('docs/cli.md lists exactly the exit codes, with their meanings', () => {
  const listed = [...cli.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, code, meaning]) => [
    Number(code),
    meaning,
  ]);
  const expected = Object.entries(EXIT).map(([name, code]) => [
    code,
    EXIT_MEANINGS[name as keyof typeof EXIT],
  ]);

  assert.deepEqual(listed, expected);
});

it('docs/cli.md names no option that no command has', () => {
  const own = new Set([
    '--profile',
    '--endpoint-url',
    ...COMMANDS.flatMap(({ options }) => Object.keys(options).map(name => `--${name}`)),
    ...Object.keys(COMMON_OPTIONS).map(name => `--${name}`),
  ]);
  const named = [...cli.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option);

  assert.deepEqual(
    named.filter(option => !own.has(option)),
    [],
  );
});

it('docs/api.md lists exactly the operations of the API', () => {
  const listed = [...readPage('api.md').matchAll(/^\| `([A-Z]+) (\/api\/v1\S+)` \|/gm)].map(
    ([, method, path]) => `${method} ${path}`,
  );
  assert.deepEqual(
    listed,
    ROUTES.filter(({ operation }) => operation !== undefined).map(
      ({ method, path }) => `${method.toUpperCase()} ${path}`,
    ),
  );
});

it('docs/api.md quotes errors as the API sends them', () => {
  const quoted = [...readPage('api.md').matchAll(/^\{.*"(?:error|type)":.*\}$/gm)].map(
    ([json]) => JSON.parse(json) as Record<string, string>,
  );
  const [pending, denied] = quoted;
  const { title, hint, oauth } = ERRORS.authorization_pending;

  assert.equal(pending!.error, oauth);
  assert.equal(pending!.error_description, `${title}. ${hint}`);
  assert.equal(denied!.title, ERRORS[denied!.code as ErrorCode].title);
  assert.equal(quoted.length, 2);
});
