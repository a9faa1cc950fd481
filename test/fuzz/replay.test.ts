/** Every input of the corpora, and every one that a run has found, keeps the promises. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { corpusOf, findingsOf, inputsIn } from './places.ts';
import { SKIP_PYTHON } from './python-reader.ts';
import { type FuzzTarget, textOf } from './target.ts';

for (const file of globSync('*.fuzz.ts', { cwd: import.meta.dirname }).sort()) {
  const { target } = (await import(`./${file}`)) as { readonly target: FuzzTarget };
  describe(`fuzz target ${target.name}`, { skip: target.needsPython && SKIP_PYTHON }, () => {
    const inputs = inputsIn(corpusOf(target.name), findingsOf(target.name));
    it('has the name of its file, and a corpus', () => {
      assert.equal(`${target.name}.fuzz.ts`, file);
      assert.ok(inputs.size > 0);
    });

    for (const [path, bytes] of inputs)
      it(`keeps its promises for ${basename(path)}`, () => target.check(textOf(target, bytes)));
  });
}
