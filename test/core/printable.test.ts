import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printableJson, printableLogLine, printableText } from '../../src/core/printable.ts';

/** What a terminal, a pager or a log viewer obeys, by name. */
const OBEYED: Readonly<Record<string, string>> = {
  NUL: '\u0000',
  BEL: '\u0007',
  backspace: '\b',
  tab: '\t',
  'carriage return': '\r',
  ESC: '\u001b',
  DEL: '\u007f',
  'next line (C1)': '\u0085',
  'CSI (C1)': '\u009b',
  'OSC (C1)': '\u009d',
  'arabic letter mark': '\u061c',
  'left-to-right mark': '\u200e',
  'right-to-left mark': '\u200f',
  'line separator': '\u2028',
  'paragraph separator': '\u2029',
  'right-to-left override': '\u202e',
  'first strong isolate': '\u2068',
  'pop directional isolate': '\u2069',
  'inhibit symmetric swapping': '\u206a',
};
const READABLE = 'Zoë Łukasz Αθηνά 東京 مريم 🔑 a\u00a0b "quoted" back\\slash';

for (const [name, character] of Object.entries(OBEYED)) {
  test(`escapes ${name} in text, in JSON and in a log line`, () => {
    const code = `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    assert.equal(printableText(`a${character}b`), `a${code}b`);

    const json = printableJson(JSON.stringify({ [character]: [character] }));
    assert.ok(!json.includes(character));
    assert.deepEqual(JSON.parse(json), { [character]: [character] }, 'the JSON means the same');

    const line = printableLogLine(
      `${JSON.stringify({ nested: { list: [{ [`k${character}`]: `v${character}` }] } })}\n`,
    );
    assert.ok(!line.includes(character));
    assert.equal(line.indexOf('\n'), line.length - 1);

    // What JSON escapes comes back when it is read; the rest does not.
    const read = character < ' ' ? character : code;
    assert.deepEqual(JSON.parse(line), { nested: { list: [{ [`k${read}`]: `v${read}` }] } });
  });
}

test('leaves names and words of every script as they are', () => {
  assert.equal(printableText(`${READABLE}\nsecond line`), `${READABLE}\nsecond line`);
  const line = `${JSON.stringify({ why: READABLE })}\n`;
  assert.equal(printableLogLine(line), line);
  assert.equal(printableJson(line), line);
});
