/** Files in ~/.aws that Python reads in an unusual way; `npm run fuzz -- aws-config` found them. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readAwsIni } from '../../../src/cli/aws/ini.ts';

it('a file with a byte order mark is rejected, whatever else is wrong with its first line', () => {
  const { faults } = readAwsIni('\u00ef\u00bb\u00bf[default]\u0008\nregion = eu-west-1\n');

  assert.deepEqual(
    faults.map(({ line, kind }) => ({ line, kind })),
    [{ line: 1, kind: 'rejected' }],
  );
});

it('a group of settings is rejected if a control character splits it where Python ends a line', () => {
  for (const end of ['\u000b', '\u001c', '\u00c2\u0085', '\u00e2\u0080\u00a8']) {
    const { faults } = readAwsIni(`[default]\nsso =\n  en${end}a = b\n`);
    assert.ok(
      faults.some(({ kind }) => kind === 'rejected'),
      JSON.stringify(end),
    );
  }
  const { faults } = readAwsIni('[default]\nsso =\n  a = b\u00e2\u0080\u00a8c = d\n');
  assert.deepEqual(faults, []);
});

it('a byte order mark is part of the name of a setting', () => {
  const [section] = readAwsIni('[default]\nregion\u00ef\u00bb\u00bf = eu-west-1\n').sections;
  assert.deepEqual([...section!.options.keys()], ['region\ufeff']);
});
