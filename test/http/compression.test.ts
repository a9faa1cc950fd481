import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { onceEach } from '../../src/http/compression.ts';

describe('an answer that anyone can request', () => {
  it('is compressed once for each encoding, however often it is sent', async () => {
    const compress = onceEach();
    const text = 'an answer '.repeat(1000);
    const [br, gzip] = [compress(text, 'br'), compress(text, 'gzip')];
    for (let times = 0; times < 3; times++) {
      assert.equal(compress(text, 'br'), br);
      assert.equal(compress(text, 'gzip'), gzip);
    }
    assert.equal(brotliDecompressSync(await br).toString(), text);
    assert.equal(gunzipSync(await gzip).toString(), text);
  });
});
