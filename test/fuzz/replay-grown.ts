/** Replays what runs on this machine have kept for one target; `coverage.ts` measures it. */

import { join } from 'node:path';
import { test } from 'node:test';
import { corpusOf, GROWN, inputsIn } from './places.ts';
import { type FuzzTarget, textOf } from './target.ts';

const name = process.env.ROLEBRIDGE_FUZZ_REPLAY!;
const { target } = (await import(`./${name}.fuzz.ts`)) as { readonly target: FuzzTarget };

test(`the inputs of ${name}`, async () => {
  for (const input of inputsIn(corpusOf(name), join(GROWN, name)).values())
    await Promise.resolve(target.check(textOf(target, input))).catch(() => {});
});
