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
        log.info(
          { [name]: 's3cret-1', request: { [name]: 's3cret-2', headers: { [name]: 's3cret-3' } } },
          'something',
        ),
      );
      assert.ok(!text.includes('s3cret'), text);
      assert.equal(text.split('[redacted]').length, 4);
    });
  }

  it('hides it however it is capitalised, in lists, and in what an error carries', () => {
    const fault = Object.assign(new Error('broken'), {
      response: { headers: { Authorization: 's3cret-1' } },
    });
    const text = logged(log =>
      log.error({ err: fault, sent: [{ 'Set-Cookie': 's3cret-2' }, 'plain'] }, 'something'),
    );
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

  it('contains no character that a terminal obeys, wherever it stands in a line', () => {
    const hostile = '\u009b2J\u202e\u2028\u007f\u001b[2J';
    const places: Record<string, (log: ReturnType<typeof createLog>) => void> = {
      'a value': log => log.warn({ cause: hostile }, 'm'),
      'a nested value': log =>
        log.warn({ a: { b: { c: { d: { e: { f: { g: hostile } } } } } } }, 'm'),
      'a list': log => log.warn({ a: [[hostile]] }, 'm'),
      'a name': log => log.warn({ a: { [hostile]: 1 } }, 'm'),
      'the message': log => log.warn(hostile),
      'an error': log => log.error({ err: new Error(hostile, { cause: new Error(hostile) }) }, 'm'),
      'an error that is a field': log =>
        log.error({ cause: new Error(hostile), why: { name: hostile } }, 'm'),
      'what a child is bound to': log => log.child({ from: hostile }).info('m'),
      'what is hidden': log => log.info({ password: hostile, a: hostile }, 'm'),
    };

    for (const [place, write] of Object.entries(places)) {
      const text = logged(write);
      assert.doesNotMatch(
        text,
        // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested.
        /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/,
        place,
      );
      assert.equal(text.trim().split('\n').length, 1, place);
      JSON.parse(text);
    }
  });

  it('is silent below its level', () =>
    assert.equal(
      logged(log => log.info('x'), 'warn'),
      '',
    ));
});
