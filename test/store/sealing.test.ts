import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeal, hashOf } from '../../src/store/sealing.ts';

const ID = 'qD1m9Wb1pHk4Zt0eR7yUoXcVnJsLfGaTiEhKxMwQz2o';
const SECRET = Uint8Array.from({ length: 32 }, (_, index) => index);
const { seal, unseal } = createSeal(SECRET);

test('a sealed value opens with its own kind and id, and with no other', () => {
  const value = { text: 'Grüße\0\ud800', list: [1, null], nested: { deep: true } };
  const sealed = seal('session', ID, value);
  assert.deepEqual(unseal('session', ID, sealed), value);
  assert.equal(unseal('sign-in attempt', ID, sealed), undefined);
  assert.equal(unseal('session', `${ID}x`, sealed), undefined);
  assert.equal(unseal('session', '', sealed), undefined);
});

test('a sealed value opens under its own secret, and under none that differs in one bit', () => {
  const sealed = seal('session', ID, { a: 1 });
  assert.deepEqual(createSeal(Uint8Array.from(SECRET)).unseal('session', ID, sealed), { a: 1 });
  for (let bit = 0; bit < 256; bit++) {
    const other = Uint8Array.from(SECRET);
    other[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(createSeal(other).unseal('session', ID, sealed), undefined);
  }
});

test('no secret, and one that is too short or too long, seals nothing', () => {
  for (const length of [0, 16, 31, 33, 64]) {
    assert.throws(() => createSeal(new Uint8Array(length)), {
      name: 'BridgeError',
      code: 'internal',
      message: /must have 32 bytes/,
    });
  }
});

test('opens a changed value again, and keeps an opened value as it was for the next reader', () => {
  const sealed = seal('session', ID, { nested: { list: [1] } });
  const opened = unseal<{ nested: { list: number[] } }>('session', ID, sealed);
  assert.throws(() => opened!.nested.list.push(2), TypeError);

  for (let byte = 0; byte < sealed.length; byte++) {
    const altered = Uint8Array.from(sealed);
    altered[byte]! ^= 1;
    assert.equal(unseal('session', ID, altered), undefined);
  }

  sealed.fill(0);
  assert.equal(unseal('session', ID, sealed), undefined);
});

test('the same value is never sealed to the same bytes twice', () => {
  const sealed = Array.from({ length: 100 }, () =>
    Buffer.from(seal('session', ID, { a: 1 })).toString('hex'),
  );
  assert.equal(new Set(sealed).size, 100);
});

test('no cut of a sealed value opens', () => {
  const sealed = seal('session', ID, { a: 1 });
  for (let length = 0; length < sealed.length; length++)
    assert.equal(unseal('session', ID, sealed.subarray(0, length)), undefined);
});

test('what an earlier build of this version sealed still opens', () => {
  const sealed = Buffer.from(
    'AyUKPnRa7EZbDpKEsP9SinKyqO5lq6pqw6HvmYemYXzwWnbUxZZAz8GszasPLwoVGvunqq2b/T2aepvT',
    'base64',
  );
  assert.deepEqual(unseal('session', ID, sealed), { csrfToken: 'c', createdAt: 1 });
});

test('an id is known by its SHA-256', () => {
  // FIPS 180-4, the example of one block.
  assert.equal(
    Buffer.from(hashOf('abc')).toString('hex'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('what the version before sealed counts as absent', () => {
  const sealed = Buffer.from(
    'AgZUylW59TzIrhVHAz/WHAcyKvr+aR7aYKVtXTU1Z6qaZDmsD3j7utbZWPZ8kM913BTpDhI63rd0lFPn',
    'base64',
  );
  assert.equal(unseal('session', ID, sealed), undefined);
});

test('what was opened is remembered by its size as well: large values push each other out, and small ones stay', () => {
  const opensAgain = (id: string, sealed: Uint8Array): boolean => {
    const before = unseal('person', id, sealed);
    for (let index = 0; index < 40; index++) {
      const other = `${id} ${index}`;
      unseal('session', other, seal('session', other, { text: 'x'.repeat(size) }));
    }
    return unseal('person', id, sealed) !== before;
  };
  let size = 1_000_000;
  assert.ok(opensAgain('large', seal('person', 'large', { a: 1 })), '40 MB are not remembered');

  size = 1_000;
  assert.ok(!opensAgain('small', seal('person', 'small', { a: 1 })));
});
