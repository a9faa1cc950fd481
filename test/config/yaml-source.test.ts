import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readYaml } from '../../src/config/yaml-source.ts';
import { continued, GOOD, said, spoiled, written } from './written.ts';

const RETURN = 'contains a carriage return without a line feed';
const MAX_BYTES = 8 * 1024 * 1024;

describe('rejects a YAML document that is not accepted, with the position and a fix', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['an open quote', 'a: 1\nb: "x\n', '3:1: lacks a character'],
    ['a tab as indent', 'a:\n\tb: 1\n', '2:1: is indented with a tab'],
    [
      'an alias without anchor',
      'a: *b\n',
      '1:4 a: is an alias (*name) of an anchor that is not there',
    ],
    ['a tag', 'a: !!binary aGk=\n', '1:4: has a YAML tag'],
    ['a tag of its own', 'a: !ruby/object x\n', '1:4: has a YAML tag'],
    ['two documents', 'a: 1\n---\nb: 2\n', '2:1: begins a second document'],
    ['two keys on a line', 'a: b: c\n', '1:4: contains a second colon'],
    ['a list as a key', '? [a]\n: b\n', '1:3: is a key that is not text'],
    [
      'YAML 1.1, where no is false',
      '%YAML 1.1\n---\na: no\n',
      '1:1: requires a version of YAML other than 1.2',
    ],
    [
      'a reserved character',
      'a: @b\n',
      '1:4: begins with a character that has a meaning of its own',
    ],
    [
      'an open bracket',
      'a: [1, 2\n',
      '2:1: is not indented as YAML requires, or a bracket before it is not closed',
    ],
    ['a bracket too many', 'a: [1]]\n', '1:7: does not belong here'],
    ['an unknown escape', 'a: "\\q"\n', '1:5: contains a backslash escape'],
    ['a lone return that hides a key', '# c\rb: 1\n', `1:4: ${RETURN}`],
    ['a lone return between keys', 'a: 1\r\nb: 2\rc: 3\r\n', `2:5: ${RETURN}`],
    ['a lone return in a text', 'a: "b\rc"\n', `1:6: ${RETURN}`],
    ['a lone return at the end', 'a: b\r', `1:5: ${RETURN}`],
    ['a lone return before a line end', 'a: b\r\r\n', `1:5: ${RETURN}`],
    ['brackets in brackets', `a: ${'['.repeat(100_000)}\n`, '1:36: is nested too deeply'],
    ['braces in braces', `a: 1\nb: ${'{'.repeat(500_000)}\n`, '2:36: is nested too deeply'],
    ['lists in lists', `${'- '.repeat(100_000)}\n`, '1:65: is nested too deeply'],
    ['questions in questions', `${'? '.repeat(100_000)}\n`, '1:65: is nested too deeply'],
  ];
  for (const [title, text, says] of cases) {
    it(title, () =>
      written(async ({ check }) => {
        const { problems } = await check(text);
        assert.equal(said(problems)[0]?.slice(0, says.length), says);
      }),
    );
  }

  it('a text that is no YAML, each time in its line', () =>
    written(async ({ check }) => {
      const { problems } = await check('a\n  : |2\n    b\n.a\n  : |2\n    b\n. 1\n');
      assert.deepEqual(
        problems.map(({ line, column }) => `${line}:${column}`),
        ['2:3', '2:5', '3:1', '4:1', '5:3'],
      );
    }));

  it('aliases that expand to millions of values', () =>
    written(async ({ check }) => {
      const levels = Array.from(
        { length: 20 },
        (_, level) => `k${level + 1}: &k${level + 1} [${`*k${level},`.repeat(9)}]`,
      );
      const { problems } = await check(`k0: &k0 [x]\n${levels.join('\n')}\n`);
      assert.deepEqual(said(problems), [
        '1:1: uses aliases (*name) that expand to too many values. Write the values out.',
      ]);
    }));

  it('reports the first syntax errors, not hundreds that follow', () =>
    written(async ({ check }) => {
      assert.equal((await check('a: }\n'.repeat(1000))).problems.length, 5);
    }));
});

describe('rejects as a whole a file that cannot be a configuration', () => {
  const cases: readonly (readonly [string, string | Uint8Array, string])[] = [
    ['an empty file', '', 'the file is empty.'],
    ['a file of comments', '# nothing\n', 'the file is empty.'],
    ['more than 8 MB', `# ${'x'.repeat(MAX_BYTES)}`, 'the file is larger than 8388608 bytes.'],
    ['Latin-1', Uint8Array.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]), 'the file is not UTF-8 text.'],
    ['UTF-16', Buffer.from('\ufeffa: 1\n', 'utf16le'), 'the file is not UTF-8 text.'],
    ['NUL bytes', 'a: \0\n', 'the file contains control characters.'],
  ];
  for (const [title, content, message] of cases) {
    it(title, () =>
      written(async ({ check, file }) => {
        const { problems } = await check(content);
        assert.deepEqual(
          problems.map(problem => ({ ...problem, fix: '' })),
          [{ file, line: 1, column: 1, path: '', message, fix: '' }],
        );
      }),
    );
  }
});

describe('positions in the file', () => {
  const source = readYaml(`# comment
a:
  b: &anchor
    c: 1
  d: [x, { e: 2 }]
f: *anchor
`);
  const cases: readonly (readonly [string, readonly (string | number)[], number, number])[] = [
    ['a key', ['a', 'b'], 3, 3],
    ['a key below', ['a', 'b', 'c'], 4, 5],
    ['an item of a list', ['a', 'd', 0], 5, 7],
    ['a key in an item', ['a', 'd', 1, 'e'], 5, 12],
    ['a missing key has the place of its parent', ['a', 'b', 'missing'], 3, 3],
    ['a missing item has the place of its list', ['a', 'd', 7], 5, 3],
    ['a missing key at the top has the place of the first key', ['missing'], 2, 1],
    ['a key behind an alias has the place where it is written', ['f', 'c'], 4, 5],
  ];
  for (const [title, path, line, column] of cases)
    it(title, () => assert.deepEqual(source.positionOf(path), { line, column }));
});

it('ignores a byte order mark and Windows line ends', () =>
  written(async ({ check }) => {
    const { problems } = await check(`\ufeff${GOOD.replaceAll('\n', '\r\n')}`);
    assert.deepEqual(said(problems), []);
    const spoilt = await check(`\ufeff${spoiled('id: adfs', 'id: ADFS').replaceAll('\n', '\r\n')}`);
    assert.equal(said(spoilt.problems)[0]?.slice(0, 22), '13:5 connectors[1].id:');
  }));

it('accepts anchors and aliases', () =>
  written(async ({ check }) => {
    const yaml = continued(
      spoiled('{ mfa: true }', '&strong { mfa: true, networks: [10.0.0.0/8] }'),
      '    require: *strong\n',
    );
    const { configuration, problems } = await check(yaml);
    assert.deepEqual(said(problems), []);
    assert.deepEqual(configuration?.access[1]?.require, configuration?.access[0]?.require);
  }));

it('accepts an anchor that many rules use', () =>
  written(async ({ check }) => {
    const rules = Array.from(
      { length: 500 },
      (_, index) => `  - { groups: [g${index}], accounts: [prod], roles: [R], session: *usual }\n`,
    );
    const { configuration, problems } = await check(
      continued(spoiled('{ duration: 4h }', '&usual { duration: 4h }'), ...rules),
    );
    assert.deepEqual(said(problems), []);
    assert.equal(configuration?.access.at(-1)?.session.durationSeconds, 4 * 3600);
  }));

it('reports a value behind an alias at its own position', () =>
  written(async ({ check }) => {
    const { problems } = await check(
      continued(spoiled('{ mfa: true }', '&strong { mfa: 1 }'), '    require: *strong\n'),
    );
    assert.deepEqual(
      problems.map(({ line, path }) => `${line} ${path}`),
      ['28 access[0].require.mfa', '28 access[1].require.mfa'],
    );
  }));
