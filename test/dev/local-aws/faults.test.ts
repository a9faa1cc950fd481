import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { FaultPlan } from '../../../src/dev/local-aws/faults.ts';
import { samlResponse } from './saml.ts';
import {
  ADMIN,
  call,
  errorOf,
  ROLE_PAIR,
  SAML_PROVIDER,
  samlWorld,
  startLocalAws,
  useLocalAws,
} from './support.ts';

const ASK = { Action: 'AssumeRoleWithSAML', RoleArn: ADMIN, PrincipalArn: SAML_PROVIDER };

describe('a fault', () => {
  const running = useLocalAws(samlWorld());
  afterEach(() => running.aws.faults.clear());

  const assume = () =>
    call(running.url, {
      ...ASK,
      SAMLAssertion: samlResponse({ roles: [ROLE_PAIR], now: running.clock.now() }),
    });
  const federate = () =>
    fetch(`${running.url}/federation`, {
      method: 'POST',
      body: new URLSearchParams({ Action: 'getSigninToken', Session: '{}' }),
    });

  const wire: readonly [string, FaultPlan, number, string][] = [
    ['throttling', { sts: { throttling: 1 } }, 400, 'Throttling'],
    ['a server error', { sts: { serverError: 1 } }, 500, 'InternalFailure'],
    [
      'a region that is not activated',
      { sts: { regionDisabled: 1 } },
      403,
      'RegionDisabledException',
    ],
    ['a packed size', { sts: { packedSize: 1 } }, 400, 'PackedPolicyTooLarge'],
  ];
  for (const [name, plan, status, code] of wire) {
    test(`of ${name} happens once`, async () => {
      running.aws.faults.arm(plan);
      const struck = await errorOf(await assume());
      assert.deepEqual([struck.status, struck.code], [status, code]);
      assert.equal((await assume()).status, 200);
    });
  }

  test('can happen until it is cleared', async () => {
    running.aws.faults.arm({ sts: { throttling: 'always' } });
    for (let count = 0; count < 3; count += 1) assert.equal((await assume()).status, 400);
    running.aws.faults.clear();
    assert.equal((await assume()).status, 200);
  });

  test('holds an answer until it is released', async () => {
    running.aws.faults.arm({ sts: { hold: 1 } });
    const answer = assume();
    while (running.aws.faults.held === 0) await new Promise(resolve => setImmediate(resolve));
    assert.equal((await assume()).status, 200);
    running.aws.faults.release();
    assert.equal((await answer).status, 200);
  });

  test('leaves a caller without an answer', async () => {
    running.aws.faults.arm({ sts: { hang: 1 }, federation: { hang: 1 } });
    const abort = new AbortController();
    const hanging = fetch(`${running.url}/?Action=GetCallerIdentity&Version=2011-06-15`, {
      signal: abort.signal,
    });
    while (!running.events.some(event => event.code === 'hang'))
      await new Promise(resolve => setImmediate(resolve));
    abort.abort();

    await assert.rejects(hanging, { name: 'AbortError' });
  });

  test('answers with too much, or with something else', async () => {
    running.aws.faults.arm({
      sts: { oversized: 1, notXml: 1 },
      federation: { oversized: 1, notXml: 1 },
    });
    assert.ok((await (await assume()).text()).length > 8_000_000);

    const page = await assume();
    assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html']);
    assert.ok((await (await federate()).text()).length > 8_000_000);
    assert.match(await (await federate()).text(), /not JSON/);
  });

  test('of the federation endpoint does not affect STS', async () => {
    running.aws.faults.arm({ federation: { throttling: 1, serverError: 1 } });
    assert.equal((await assume()).status, 200);
    assert.deepEqual(
      [(await federate()).status, (await federate()).status, (await federate()).status],
      [429, 500, 400],
    );
  });

  test('rejects a valid console duration', async () => {
    const text = await (await assume()).text();
    const part = (name: string): string => new RegExp(`<${name}>(.*?)</${name}>`).exec(text)![1]!;
    const Session = JSON.stringify({
      sessionId: part('AccessKeyId'),
      sessionKey: part('SecretAccessKey'),
      sessionToken: part('SessionToken'),
    });
    const ask = (more: object) =>
      fetch(`${running.url}/federation`, {
        method: 'POST',
        body: new URLSearchParams({ Action: 'getSigninToken', Session, ...more }),
      });
    running.aws.faults.arm({ federation: { refuseDuration: 1 } });

    assert.equal((await ask({})).status, 200);
    assert.equal((await ask({ SessionDuration: '3600' })).status, 400);
    assert.equal((await ask({ SessionDuration: '3600' })).status, 200);
  });

  test('that does not exist cannot be armed', () => {
    assert.throws(() => running.aws.faults.arm({ sts: { flood: 1 } } as FaultPlan));
    assert.throws(() => running.aws.faults.arm({ sts: { throttling: 0 } }));
  });

  test('can be armed by the world file, as can a wrong clock', async () => {
    const other = await startLocalAws(
      samlWorld({ faults: { sts: { serverError: 1 } }, clockOffsetSeconds: 600 }),
    );
    try {
      const ask = () =>
        call(other.url, {
          ...ASK,
          SAMLAssertion: samlResponse({ roles: [ROLE_PAIR], now: other.clock.now() }),
        });
      assert.equal((await ask()).status, 500);
      assert.equal((await errorOf(await ask())).code, 'ExpiredTokenException');
    } finally {
      await other.close();
    }
  });
});
