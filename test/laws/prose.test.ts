import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { checkProse } from './prose.ts';

const CONFIG = join(import.meta.dirname, '../../.cspell.json');

interface SpellingSettings {
  readonly words: readonly string[];
  readonly flagWords: readonly string[];
  readonly overrides: readonly { readonly words?: readonly string[] }[];
}

/** What is found in the files, as `file:line message`. */
async function findingsIn(files: Readonly<Record<string, string>>): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'rolebridge-prose-'));
  try {
    for (const [name, text] of Object.entries({ ...files, '.cspell.json': settings() })) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    const findings = await checkProse({ root, configFile: join(root, '.cspell.json') });
    return findings.map(({ file, line, message }) => `${file}:${line} ${message}`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function settings(): string {
  return readFileSync(CONFIG, 'utf8');
}

describe('the check of the language', () => {
  it('finds an unknown word in a comment, an identifier, a page and a document', async () => {
    assert.deepEqual(
      await findingsIn({
        'src/core/a.ts': '/** A sesion of a role. */\nexport const acount = 1;\n',
        'views/a.eta': '<p>Your sesion has ended.</p>\n',
        'docs/a.md': 'The sesion ends.\n',
      }),
      [
        'docs/a.md:1 unknown word "sesion": write session',
        'src/core/a.ts:1 unknown word "sesion": write session',
        'src/core/a.ts:2 unknown word "acount": write account',
        'views/a.eta:1 unknown word "sesion": write session',
      ],
    );
  });

  it('finds a forbidden word and says what to write', async () => {
    assert.deepEqual(await findingsIn({ 'README.md': 'Sign in\nanew.\n' }), [
      'README.md:2 forbidden word "anew": write again',
    ]);
  });

  it('finds a forbidden phrase, also where a comment breaks it', async () => {
    assert.deepEqual(
      await findingsIn({
        'src/a.ts':
          "/**\n * Undefined when there is\n * no such role.\n */\nf('There is no such page');\n",
      }),
      [2, 5].map(
        line =>
          `src/a.ts:${line} forbidden phrase "there is no such": write unknown ..., ... not found`,
      ),
    );
  });

  it('accepts the words of the house in the picture of the house alone', async () => {
    const text = 'Two wings, one corridor, three doors.\n';

    const findings = await findingsIn({ 'docs/architecture.md': text, 'docs/cli.md': text });

    assert.deepEqual(
      findings.map(finding => finding.split(':')[0]),
      ['docs/cli.md', 'docs/cli.md', 'docs/cli.md'],
    );
  });

  it('fails when it reads no file', async () => {
    await assert.rejects(findingsIn({}), /names no file below/);
  });
});

describe('the word lists', () => {
  const { words, flagWords, overrides } = JSON.parse(settings()) as SpellingSettings;
  const lists = { words, flagWords, 'words of the tests': overrides[0]?.words ?? [] };
  for (const [name, list] of Object.entries(lists)) {
    it(`${name} are sorted and have no word twice`, () => {
      assert.deepEqual(list, [...new Set(list)].sort());
    });
  }
});
