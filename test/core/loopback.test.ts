import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoopbackAddress, isLoopbackHost } from '../../src/core/loopback.ts';

const ADDRESSES = ['127.0.0.1', '127.255.255.255', '::1', '[::1]', '0:0:0:0:0:0:0:1', '::1%lo'];
const NAMES = ['localhost', 'app.localhost'];
const OTHERS = [
  '',
  '::',
  '::2',
  '::ffff:127.0.0.1',
  '127.1',
  '127.0.0.256',
  '127.00.0.1',
  '128.0.0.1',
  '127.0.0.1\n',
  '\t::1',
  '::1]:80',
  'localhost.example.com',
  'notlocalhost',
];

describe('a loopback host', () => {
  for (const host of ADDRESSES)
    it(`is the address ${host}`, () => {
      assert.ok(isLoopbackAddress(host));
      assert.ok(isLoopbackHost(host));
    });
  for (const host of NAMES)
    it(`is the name ${host}, which is no address`, () => {
      assert.ok(!isLoopbackAddress(host));
      assert.ok(isLoopbackHost(host));
    });
  for (const host of OTHERS)
    it(`is not ${JSON.stringify(host)}`, () => assert.ok(!isLoopbackHost(host)));
});
