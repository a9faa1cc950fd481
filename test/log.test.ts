import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { createLog } from '../src/log.ts';

function logged(write: (log: ReturnType<typeof createLog>) => void, level = 'info'): string {
  let text = '';
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  write(createLog({ level, destination }));
  return text;
}

describe('the log', () => {
  const SECRETS = [
    'authorization',
    'cookie',
    'set-cookie',
    'password',
    'clientSecret',
    'client_secret',
    'secretAccessKey',
    'SecretAccessKey',
    'sessionToken',
    'SessionToken',
    'SAMLResponse',
    'samlResponse',
    'SAMLAssertion',
    'WebIdentityToken',
    'id_token',
    'access_token',
    'refresh_token',
    'codeVerifier',
    'code_verifier',
    'RelayState',
    'nonce',
    'SigninToken',
    'externalId',
    'privateKey',
    'x-amz-security-token',
  ];
  for (const name of SECRETS) {
    it(`hides what is called ${name}, down to the second level`, () => {
      const text = logged(log =>
        log.info({ [name]: 's3cret-1', request: { [name]: 's3cret-2', headers: { [name]: 's3cret-3' } } }, 'something'),
      );
      assert.ok(!text.includes('s3cret'), text);
      assert.equal(text.split('[redacted]').length, 4);
    });
  }

  it('hides it however it is capitalised, in lists, and in what an error carries', () => {
    const fault = Object.assign(new Error('broken'), { response: { headers: { Authorization: 's3cret-1' } } });
    const text = logged(log => log.error({ err: fault, sent: [{ 'Set-Cookie': 's3cret-2' }, 'plain'] }, 'something'));
    assert.ok(!text.includes('s3cret'), text);
    const { err, sent } = JSON.parse(text);
    assert.deepEqual([err.message, sent], ['broken', [{ 'Set-Cookie': '[redacted]' }, 'plain']]);
  });

  it('leaves what it is given as it was', () => {
    const given = { request: { cookie: 'crumbs' } };
    logged(log => log.info(given, 'something'));
    assert.deepEqual(given, { request: { cookie: 'crumbs' } });
  });

  it('writes one JSON object a line, with the level by name and the time in UTC', () => {
    const text = logged(log => log.warn({ why: 'line\nbreak' }, 'something'));
    assert.equal(text.trim().split('\n').length, 1);
    const { level, time, why, msg } = JSON.parse(text);
    assert.deepEqual({ level, why, msg }, { level: 'warn', why: 'line\nbreak', msg: 'something' });
    assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('is silent below its level', () =>
    assert.equal(
      logged(log => log.info('x'), 'warn'),
      '',
    ));
});
