/** What every store keeps to, whatever database it uses. The sentences are those of the ports. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { Session } from '../../src/core/browser-session.ts';
import {
  ATTEMPT_MEMORY_SECONDS,
  type SignInAttempt,
  type StepUpPurpose,
} from '../../src/core/sign-in.ts';
import { ANY_SIGN_IN } from '../../src/core/step-up.ts';
import {
  ALICE,
  attemptOf,
  BOB,
  EVENTS,
  HOUR,
  IDENTITY,
  NOW,
  type OpenStore,
  ORIGIN,
  openWithPeople,
  race,
  sessionOf,
  type TestDatabase,
  token,
} from './store-samples.ts';

const STRANGER_AT_THE_DOOR = {
  type: 'request.refused',
  at: NOW,
  origin: ORIGIN,
  method: 'POST',
  path: '/console',
  code: 'cross_site_request',
  why: 'Origin',
} as const satisfies AuditEvent;

/** Runs in every database, also in one that lives in memory. */
export function storeContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  const opened = async (t: TestContext): Promise<OpenStore> => openWithPeople(t, await create(t));

  describe(`${name}: sign-in attempts`, () => {
    test('an attempt comes back as it was, and only once', async t => {
      const { attempts } = await opened(t);
      for (const attempt of [
        attemptOf(),
        attemptOf({ expectation: { protocol: 'saml', requestId: '_request' }, returnTo: '/ü' }),
      ]) {
        await attempts.create(attempt);
        assert.deepEqual(await attempts.find(attempt.id, NOW), attempt);
        assert.deepEqual(await attempts.consume(attempt.id, NOW), attempt);
        assert.equal(await attempts.find(attempt.id, NOW), undefined);
        assert.equal(await attempts.consume(attempt.id, NOW), undefined);
      }
    });

    test('of many callers who race for an attempt exactly one receives it', async t => {
      const store = await opened(t);
      const attempt = attemptOf();
      await store.attempts.create(attempt);
      const received = await race([store], ({ attempts }) => attempts.consume(attempt.id, NOW));
      assert.deepEqual(
        received.filter(one => one !== undefined),
        [attempt],
      );
    });

    test('an attempt ends at its limit, to the millisecond, and does not come back for a clock that is behind', async t => {
      const { attempts } = await opened(t);
      const [inTime, late] = [attemptOf(), attemptOf()];
      await attempts.create(inTime);
      await attempts.create(late);

      assert.deepEqual(await attempts.find(inTime.id, inTime.expiresAt - 1), inTime);
      assert.equal(await attempts.find(late.id, late.expiresAt), undefined);
      assert.deepEqual(await attempts.consume(inTime.id, inTime.expiresAt - 1), inTime);
      assert.equal(await attempts.consume(late.id, late.expiresAt), undefined);
      assert.equal(await attempts.consume(late.id, NOW), undefined);
    });

    test('of an attempt that was consumed stays where it led, and nothing that verifies an answer', async t => {
      const { attempts } = await opened(t);
      const purpose = {
        ...{ kind: 'step-up', person: 'p', connector: 'c', username: 'alice' },
        ...{ wish: ANY_SIGN_IN, page: '/step-up?account=prod' },
      } as unknown as StepUpPurpose;
      const [plain, stepUp] = [attemptOf(), attemptOf({ purpose })];
      for (const attempt of [plain, stepUp]) {
        await attempts.create(attempt);
        assert.equal(await attempts.past(attempt.id, NOW), undefined);
        await attempts.consume(attempt.id, NOW);
        const past = await attempts.past(attempt.id, NOW);
        const { connector, browser, returnTo } = attempt;
        assert.partialDeepStrictEqual(past, { connector, browser, returnTo, ended: 'answered' });
        assert.ok(!/nonce|verifier|requestId|alice/i.test(JSON.stringify(past)));
      }
      assert.equal((await attempts.past(stepUp.id, NOW))?.page, '/step-up?account=prod');
    });

    test('of an attempt that has expired stays where it led, also when it is consumed then', async t => {
      const { attempts } = await opened(t);
      const attempt = attemptOf();
      const { expiresAt, createdAt, returnTo } = attempt;
      const until = createdAt + ATTEMPT_MEMORY_SECONDS * 1000;
      await attempts.create(attempt);
      assert.equal(await attempts.past(attempt.id, expiresAt - 1), undefined);
      for (const at of [expiresAt, until - 1]) {
        const past = await attempts.past(attempt.id, at);
        assert.deepEqual([past?.ended, past?.returnTo], ['expired', returnTo]);
        assert.equal(await attempts.consume(attempt.id, at), undefined);
      }
      assert.equal(await attempts.past(attempt.id, until), undefined);
    });

    test('an id that was never given is no attempt', async t => {
      const { attempts } = await opened(t);
      for (const id of ['', '\0', "' OR 1=1 --", 'x'.repeat(100_000), token()])
        for (const found of [await attempts.consume(id, NOW), await attempts.past(id, NOW)])
          assert.equal(found, undefined);
    });

    test('an attempt is not replaced by another with the same id', async t => {
      const { attempts } = await opened(t);
      const attempt = attemptOf();
      await attempts.create(attempt);
      await assert.rejects(attempts.create({ ...attemptOf(), id: attempt.id }), {
        name: 'BridgeError',
        code: 'internal',
      });
      assert.deepEqual(await attempts.consume(attempt.id, NOW), attempt);
    });
  });

  describe(`${name}: sessions`, () => {
    test('a session comes back as it was, as often as it is asked for', async t => {
      const { sessions, people } = await opened(t);
      const { corporateProof: _, ...withoutProof } = sessionOf();
      const wide = sessionOf({
        identity: {
          ...IDENTITY,
          groups: Array.from(
            { length: 2000 },
            (_, index) => `CN=group-${index},OU=Grüße,DC=example`,
          ),
        },
        corporateProof: {
          kind: 'saml-response',
          samlResponse: 'PHNhbWxwOlJlc3BvbnNl'.repeat(4000),
          expiresAt: NOW,
        },
      });

      for (const session of [sessionOf(), withoutProof, wide]) {
        await people.know(session.identity, NOW);
        await sessions.create(session);
        assert.deepEqual(await sessions.find(session.id), session);
        assert.deepEqual(await sessions.find(session.id), session);
      }
    });

    test('an id that was never given is no session', async t => {
      const { sessions } = await opened(t);
      for (const id of ['', '\0', "' OR 1=1 --", 'x'.repeat(100_000), token()])
        assert.equal(await sessions.find(id), undefined);
    });

    test('a session is not replaced by another with the same id', async t => {
      const { sessions } = await opened(t);
      const session = sessionOf();
      await sessions.create(session);
      await assert.rejects(sessions.create({ ...sessionOf(), id: session.id }), {
        name: 'BridgeError',
        code: 'internal',
      });
      assert.deepEqual(await sessions.find(session.id), session);
    });

    test('the time of last use moves forward only, also when requests overtake each other', async t => {
      const { sessions } = await opened(t);
      const session = sessionOf();
      await sessions.create(session);
      await Promise.all(
        [5, 3, 9, 1, 9, 2].map(minutes => sessions.touch(session.id, NOW + minutes * 60_000)),
      );

      await sessions.touch(session.id, NOW);

      assert.deepEqual(await sessions.find(session.id), {
        ...session,
        lastUsedAt: NOW + 9 * 60_000,
      });
    });

    test('a session that was ended stays ended when it is touched', async t => {
      const { sessions } = await opened(t);
      const [ended, other] = [sessionOf(), sessionOf()];
      await sessions.create(ended);
      await sessions.create(other);
      assert.deepEqual(await sessions.end(ended.id), { providerSession: undefined });

      await sessions.touch(ended.id, NOW + 1000);
      assert.equal(await sessions.find(ended.id), undefined);
      assert.equal(await sessions.end(ended.id), undefined);
      assert.deepEqual(await sessions.find(other.id), other);
    });

    test('a session that ends gives the session at the provider that it shared', async t => {
      const { sessions } = await opened(t);
      const session = sessionOf({ providerSession: token() });
      await sessions.create(session);
      const { providerSession } = session;
      assert.deepEqual(await sessions.end(session.id), { providerSession });
    });

    test('of many callers who end a session exactly one did', async t => {
      const store = await opened(t);
      const session = sessionOf();
      await store.sessions.create(session);
      const answers = await race([store], ({ sessions }) => sessions.end(session.id));
      assert.equal(answers.filter(Boolean).length, 1);
    });
  });

  describe(`${name}: one-time keys`, () => {
    test('a key is given to the first caller, and refused to everyone after until it is pruned', async t => {
      const { oneTimeKeys, prune } = await opened(t);
      const longest = '_'.repeat(100_000);
      for (const key of ['_assertion', '_Assertion', '', 'key\0', 'key', longest]) {
        assert.equal(
          await oneTimeKeys.claim(key, NOW),
          true,
          `first claim of ${JSON.stringify(key.slice(0, 20))}`,
        );
        assert.equal(await oneTimeKeys.claim(key, NOW), false);
      }
      assert.equal(await oneTimeKeys.claim('_assertion', NOW + HOUR), false);

      await prune(NOW + 1);
      assert.equal(await oneTimeKeys.claim('_assertion', NOW), true);
    });

    test('of many callers who race for a key exactly one gets it', async t => {
      const store = await opened(t);
      const answers = await race([store], ({ oneTimeKeys }) => oneTimeKeys.claim('_raced', NOW));
      assert.equal(answers.filter(Boolean).length, 1);
    });
  });

  test(`${name}: pruning removes what ended before now, keeps what ends now or later, and keeps every audit event`, async t => {
    const { attempts, sessions, oneTimeKeys, audit, prune, readAudit } = await opened(t);
    const [over, now, later] = [NOW - 1, NOW, NOW + 1].map(expiresAt => ({
      attempt: attemptOf({ createdAt: expiresAt - ATTEMPT_MEMORY_SECONDS * 1000, expiresAt }),
      session: sessionOf({ expiresAt }),
    }));
    for (const { attempt, session } of [over!, now!, later!]) {
      await attempts.create(attempt);
      await sessions.create(session);
      await oneTimeKeys.claim(attempt.id, attempt.expiresAt);
    }
    const events = [EVENTS[1]!, EVENTS[4]!].map(event => ({
      ...event,
      at: NOW - 1000 * 24 * HOUR,
    }));
    for (const event of events) await audit.record(event);
    await prune(NOW);

    const kept = async ({ attempt, session }: { attempt: SignInAttempt; session: Session }) => [
      (await attempts.consume(attempt.id, attempt.createdAt - HOUR)) !== undefined,
      (await sessions.find(session.id)) !== undefined,
      !(await oneTimeKeys.claim(attempt.id, attempt.expiresAt)),
    ];

    assert.deepEqual(await kept(over!), [false, false, false]);
    assert.deepEqual(await kept(now!), [true, true, true]);
    assert.deepEqual(await kept(later!), [true, true, true]);
    assert.deepEqual(await readAudit({ limit: 10 }), events.toReversed());
  });

  test(`${name}: pruning removes events of callers who are not signed in after thirty days, however many there are`, async t => {
    const { audit, prune, readAudit } = await opened(t);
    const [refused] = EVENTS as [AuditEvent, ...AuditEvent[]];
    const month = 30 * 24 * HOUR;
    await Promise.all(
      Array.from({ length: 2_500 }, () => audit.record({ ...refused, at: NOW - month - 1 })),
    );
    const kept = [NOW - month, NOW].map(at => ({ ...refused, at }));
    for (const event of kept) await audit.record(event);

    await prune(NOW);

    assert.deepEqual(await readAudit({ limit: 10_000 }), kept.toReversed());
  });

  describe(`${name}: audit trail`, () => {
    test('every kind of event comes back as it was, newest first, whatever its strings hold', async t => {
      const { audit, readAudit } = await opened(t);
      for (const event of EVENTS) await audit.record(event);
      assert.deepEqual(await readAudit({ limit: 100 }), EVENTS.toReversed());
    });

    test('a reader chooses by time, person and type, and never gets more than the limit', async t => {
      const { audit, readAudit } = await opened(t);
      for (const event of EVENTS) await audit.record(event);
      const [refusedSignIn, signIn, credentials, link, refusal, signOut] = EVENTS as [
        AuditEvent,
        ...AuditEvent[],
      ];
      const cases: [Parameters<typeof readAudit>[0], unknown[]][] = [
        [{ limit: 2 }, [signOut, refusal]],
        [{ limit: 0 }, [signOut]],
        [{ limit: 1.9 }, [signOut]],
        [{ limit: 10, from: refusal!.at }, [signOut, refusal]],
        [{ limit: 10, to: signIn!.at }, [refusedSignIn]],
        [{ limit: 10, from: signIn!.at, to: link!.at }, [credentials, signIn]],
        [{ limit: 10, principal: BOB.person }, [refusal]],
        [{ limit: 10, type: 'console-link.issued' }, [link]],
        [
          { limit: 10, principal: ALICE.person, type: 'sign-out', from: NOW, to: NOW + HOUR },
          [signOut],
        ],
        [{ limit: 10, principal: BOB.person, type: 'sign-out' }, []],
      ];

      for (const [query, expected] of cases)
        assert.deepEqual(await readAudit(query), expected, JSON.stringify(query));
    });

    test('events of one instant come back in the order in which they were recorded', async t => {
      const { audit, readAudit } = await opened(t);
      const events = ['first', 'second', 'third'].map(correlationId => ({
        ...EVENTS[0]!,
        origin: { ...ORIGIN, correlationId },
      }));
      for (const event of events) await audit.record(event);
      assert.deepEqual(await readAudit({ limit: 10 }), events.toReversed());
    });

    test('events of users and of callers who are not signed in are read together, in the order of their time and then of their recording', async t => {
      const { audit, readAudit } = await opened(t);
      const [stranger, alice] = [STRANGER_AT_THE_DOOR, { ...STRANGER_AT_THE_DOOR, actor: ALICE }];
      const events = [
        EVENTS[0]!,
        EVENTS[5]!,
        stranger,
        alice,
        EVENTS[1]!,
        EVENTS[0]!,
        stranger,
      ].map((event, index) => ({
        ...event,
        at: NOW,
        origin: { ...ORIGIN, correlationId: `c-${index}` },
      }));
      for (const event of events) await audit.record(event);
      const earlier = { ...stranger, at: NOW - 1 };

      await audit.record(earlier);

      assert.deepEqual(await readAudit({ limit: 10 }), [...events.toReversed(), earlier]);
      assert.deepEqual(await readAudit({ limit: 3 }), events.toReversed().slice(0, 3));
      assert.deepEqual(await readAudit({ limit: 10, to: NOW }), [earlier]);
      assert.deepEqual(
        await readAudit({ limit: 10, type: 'request.refused' }),
        [...events.toReversed(), earlier].filter(({ type }) => type === 'request.refused'),
      );
      assert.deepEqual(
        await readAudit({ limit: 10, principal: ALICE.person }),
        events.toReversed().filter(event => 'actor' in event),
      );
    });
  });

  test(`${name}: a store answers until it is closed, and refuses everything after; it may be closed twice`, async t => {
    const store = await opened(t);
    await store.ping();
    await Promise.all([store.close(), store.close()]);
    await store.close();
    const closed = { name: 'BridgeError', code: 'unavailable', message: /is closed$/ };

    await assert.rejects(store.ping(), closed);
    await assert.rejects(store.audit.record(EVENTS[0]!), closed);
    await assert.rejects(store.sessions.find(token()), closed);
    await assert.rejects(store.oneTimeKeys.claim('_key', NOW), closed);
  });
}
