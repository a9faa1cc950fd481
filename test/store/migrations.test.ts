import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POSTGRES, SQLITE } from '../../src/store/migrations/dialect.ts';
import { pendingSteps, stepsFor } from '../../src/store/migrations/migrations.ts';

test('a released step of the schema never changes: databases in use were made with exactly these', () => {
  const released = [SQLITE, POSTGRES].map(dialect =>
    stepsFor(dialect).map(({ number, checksum }) => `${number} ${checksum}`),
  );
  assert.deepEqual(released, [
    [
      '1 7198d53ddd1617a13a000e0c69a09d54001e405d90baf2de8001f267e9dde2a2',
      '2 afcc007ed154ba807aedb6593dbef21fa4b3035c43b33b6fc14f6222e0cd5cc3',
      '3 2f1c159d8454156c975995c775e1a986b7964785209f38f990fee37d8d0bca4e',
      '4 7719a0bc23b4c3fe37214dd4ba38bd764d7033872891e3dc6f4319b325718d00',
      '5 db9755ce1b1aa604344ebae43351b58ebf709a9fdf641e56fb1493f8ff14688e',
      '6 792043f7cf2792c91577c1bdebab4067579cf04f2db91f9a395637d409cafdc1',
      '7 9f000449f68479925d8df29b6b802c3ee6da2d380185af497bede980abbf2887',
      '8 170734a6da5c2e100b1adabbe395b5bd3c3631d27fc797375c2786a009b577d6',
      '9 8a7081df6d1a1bb114db19a9180a49b0dcb6c88cdde9bffd2d3ba9efc554a84a',
      '10 8024347a5f0f8e9ccce42bbf92b432caad969f66719aeee7a32d416c95f7b88b',
      '11 51c319cb5d376acfabc2fd6e36f0c14470d04de51ab10ece27c3cce866a6f1b9',
      '12 4dbb578181b7497c5adf77c116bd113e5c11fbd9fa9cfdf0ee9fffa56d22b50f',
    ],
    [
      '1 d8ecf031740229fae664f3169be08a4805a5bd9f741c203a20f4af5a6d0e5c02',
      '2 46cc3a71c05723276b83b57664bc14fb74c3374f99c9ea48c908dcdb05a50840',
      '3 f75dd7be2d4c1ac1bfba8b7e07890606aac6aea888cafc1358645f766f8746b3',
      '4 36c664a8b668714a9886cdd579494bd4caa587203254a2e72c80a5cafd77d50f',
      '5 fec9e3aa288a9f086311cf04b26953d536277c0cc556803ea1dcc45f77400d1d',
      '6 ff78e40c6fe2ac736f39d365a3bf4b4d9719c15f2d2bd0ed11699cf321e849f7',
      '7 3938a2aefe002653b0ef95351f99d4239b9b5c09dca198b1ddae88b6a2e51ecb',
      '8 1bd005d36f7b45eb7ec3722d830238f96d322078add4a730f57342456db66bdd',
      '9 b2e417aee1bfc34e77efae89d610c2e6ea084314fe2ab497e7219abe6e7c1de9',
      '10 af2d3de5bf37e23d4d741b496ff75cb662dd604f38372772ab743014b72adca5',
      '11 d2408e304622e148d122934f0cb1d6ea618283a2e135a26a87cc055e1e64cb1d',
      '12 ed7f1c7fb89cbaeccbeba35e2905f87e27be77946ce1962b03e07e3f01de0f96',
    ],
  ]);
});

test('an empty database needs every step, one that is up to date needs none', () => {
  for (const dialect of [SQLITE, POSTGRES]) {
    const steps = stepsFor(dialect);
    assert.deepEqual(pendingSteps('store', dialect, []), steps);
    assert.deepEqual(pendingSteps('store', dialect, steps), []);
  }
});

test('the steps of the other database are not taken for its own', () => {
  assert.throws(() => pendingSteps('store x', SQLITE, stepsFor(POSTGRES)), {
    code: 'unavailable',
    message: /^store x has a schema step 1/,
  });
});
