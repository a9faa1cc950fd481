/**
 * Proxy variables that the server cannot use: `check` and `serve` name them, and never their
 * values.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { useDirectory } from '../support/directory.ts';
import { placeSigningKeys } from '../support/keys.ts';
import { ENVIRONMENT, writeConfiguration } from './server-process.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

describe('the server with a proxy variable', () => {
  const directory = useDirectory();
  let file: string;
  before(async () => {
    file = writeConfiguration({ directory: directory.path, port: 3000 });
    await placeSigningKeys(directory.file('keys'));
    writeFileSync(directory.file('keys/sealing.key'), randomBytes(32).toString('base64url'), {
      mode: 0o600,
    });
  });

  const run = (
    args: readonly string[],
    env: Record<string, string>,
  ): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise(resolve => {
      execFile(
        process.execPath,
        [MAIN, ...args],
        { env: { ...ENVIRONMENT, ...env }, timeout: 20_000 },
        (fault, stdout, stderr) =>
          resolve({ code: fault === null ? 0 : Number(fault.code ?? -1), stdout, stderr }),
      );
    });

  const UNUSABLE: readonly [env: Record<string, string>, says: RegExp][] = [
    [
      { HTTPS_PROXY: 'socks5://alice:s3cret@proxy.corp:1080' },
      /HTTPS_PROXY names a socks5 proxy, which is not supported\. Name an http/,
    ],
    [
      { https_proxy: 'http://alice:s3cret/x@proxy.corp:3128' },
      /https_proxy is not a valid proxy address\. Write it as http:\/\/HOST:PORT/,
    ],
    [{ ALL_PROXY: 'socks5h://alice:s3cret@proxy.corp' }, /ALL_PROXY names a socks5h proxy/],
    [
      { https_proxy: '', HTTPS_PROXY: 's3cret://x' },
      /HTTPS_PROXY names a proxy that is neither http nor https/,
    ],
  ];
  for (const [env, says] of UNUSABLE) {
    it(`${JSON.stringify(env)}: check and serve end with 78 and name the variable, never its value`, async () => {
      const outcomes = await Promise.all([
        run(['check', file], env),
        run(['serve', '--config', file], env),
      ]);
      for (const { code, stdout, stderr } of outcomes) {
        assert.equal(code, 78, stderr);
        assert.equal(stdout, '');
        assert.match(stderr, says);
        assert.doesNotMatch(stderr, /s3cret|alice|\n\s+at /);
      }
    });
  }

  it('check accepts an address without a scheme, and what is not used', async () => {
    const fine: readonly Record<string, string>[] = [
      { HTTPS_PROXY: 'proxy.corp:3128' },
      { https_proxy: '', HTTPS_PROXY: 'http://proxy.corp:3128' },
      { https_proxy: 'http://proxy.corp:3128', ALL_PROXY: 'socks5://proxy.corp' },
      { HTTPS_PROXY: 'socks5://proxy.corp', NO_PROXY: '*' },
    ];
    for (const env of fine) {
      const { code, stderr } = await run(['check', file], env);
      assert.deepEqual([code, stderr], [0, ''], JSON.stringify(env));
    }
  });

  it('an operator lists sessions although the proxy variable of the terminal cannot be used', async () => {
    const { code, stderr } = await run(['sessions', '--config', file], {
      HTTPS_PROXY: 'socks5://proxy.corp',
    });
    assert.equal(code, 0, stderr);
  });
});
