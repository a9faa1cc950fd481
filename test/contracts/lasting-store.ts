/**
 * What every store keeps to whose database outlives it: restarts, several stores at once, thieves,
 * forgers and old schemas.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { SQLITE } from '../../src/store/migrations/dialect.ts';
import { NEWEST_STEP, stepsFor } from '../../src/store/migrations/migrations.ts';
import { forgeAttempt, forgeSession } from './forged-rows.ts';
import {
  attemptOf,
  BOBS_IDENTITY,
  cliSessionOf,
  EVENTS,
  HOUR,
  IDENTITY,
  type LastingDatabase,
  NOW,
  type OpenStore,
  openWithPeople,
  race,
  SECRET,
  sessionOf,
  token,
} from './store-samples.ts';

export function lastingStoreContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  const opened = async (t: TestContext) => {
    const database = await create(t);
    const open = (secret?: Uint8Array) => openWithPeople(t, database, secret);
    return { database, open, store: await open() };
  };

  describe(`${name}, lasting`, () => {
    test('a store that is opened again has everything that was kept', async t => {
      const { store, open } = await opened(t);
      const [session, attempt] = [sessionOf(), attemptOf()];
      await store.sessions.create(session);
      await store.sessions.touch(session.id, NOW + 1000);
      await store.attempts.create(attempt);
      await store.oneTimeKeys.claim('_assertion', NOW);
      await store.audit.record(EVENTS[2]!);
      await store.close();

      const again = await open();

      assert.deepEqual(await again.sessions.find(session.id), {
        ...session,
        lastUsedAt: NOW + 1000,
      });
      assert.deepEqual(await again.attempts.consume(attempt.id, NOW), attempt);
      assert.equal(await again.oneTimeKeys.claim('_assertion', NOW), false);
      assert.deepEqual(await again.readAudit({ limit: 10 }), [EVENTS[2]]);
    });

    test('what one store changes of a token or its session, another sees that has just looked at them', async t => {
      const { store: first, open } = await opened(t);
      const second = await open();
      const session = cliSessionOf();
      await first.cliSessions.create(session);
      await first.cliSessions.pickUp(session, NOW, '192.0.2.1');
      const access = { session: session.id, usableUntil: NOW + HOUR, expiresAt: NOW + 2 * HOUR };
      await first.accessTokens.create('t', access);
      const seen = () => second.accessTokens.findWithSession('t', NOW);
      assert.deepEqual((await seen())?.record, access);

      await first.accessTokens.update('t', NOW, record => ({
        next: { ...record, usableUntil: NOW + 1 },
        value: 1,
      }));
      assert.equal((await seen())?.record.usableUntil, NOW + 1);
      await first.cliSessions.touch(session, NOW + 1, '192.0.2.2');
      const { lastUsedAt, lastUsedAddress } = (await seen())!.session.summary;
      assert.deepEqual([lastUsedAt, lastUsedAddress], [NOW + 1, '192.0.2.2']);
      await first.cliSessions.end(session.id);
      assert.equal(await seen(), undefined);
    });

    test('of callers at two stores on one database exactly one consumes an attempt, claims a key, ends a session', async t => {
      const { store, open } = await opened(t);
      const stores = [store, await open()];
      const [session, attempt] = [sessionOf(), attemptOf()];
      await store.sessions.create(session);
      await store.attempts.create(attempt);

      const winners = async (call: (store: OpenStore) => Promise<unknown>) =>
        (await race(stores, call)).filter(Boolean).length;
      assert.equal(await winners(({ attempts }) => attempts.consume(attempt.id, NOW)), 1);
      assert.equal(await winners(({ oneTimeKeys }) => oneTimeKeys.claim('_raced', NOW)), 1);
      assert.equal(await winners(({ sessions }) => sessions.end(session.id)), 1);

      await stores[1]!.sessions.touch(session.id, NOW + 1000);
      assert.equal(await stores[0]!.sessions.find(session.id), undefined);
    });

    test('who steals the database finds no id, no token and nothing about the person but their opaque name', async t => {
      const { store, database } = await opened(t);
      // No other test uses these, and all of a server's databases are searched.
      const about = {
        username: `alice-${token()}`,
        subject: `00u-${token()}`,
        email: `${token()}@example.com`,
      };
      const [group, department, proof, assertion, path] = [
        token(),
        token(),
        token(),
        `_${token()}`,
        `/console?account=${token()}`,
      ];
      const session = sessionOf({
        identity: { ...IDENTITY, ...about, groups: [group], attributes: { department } },
        corporateProof: { kind: 'id-token', token: proof, expiresAt: NOW + HOUR },
      });
      const attempt = attemptOf({ returnTo: path });
      await store.people.know(session.identity, NOW);
      await store.sessions.create(session);
      await store.sessions.touch(session.id, NOW + 1000);
      await store.attempts.create(attempt);
      await store.oneTimeKeys.claim(assertion, NOW + HOUR);
      const { nonce, codeVerifier } = attempt.expectation as {
        nonce: string;
        codeVerifier: string;
      };
      const secrets = {
        session: session.id,
        csrf: session.csrfToken,
        attempt: attempt.id,
        browser: attempt.browser,
        nonce,
        codeVerifier,
      };

      const stolen = await database.bytes();
      assert.ok(stolen.includes(IDENTITY.person), 'the search sees what is stored in the clear');

      for (const [what, text] of Object.entries({
        ...secrets,
        ...about,
        group,
        department,
        proof,
        assertion,
        path,
      })) {
        assert.ok(!stolen.includes(text), `${what} lies open`);
      }

      for (const [what, text] of Object.entries(secrets)) {
        assert.ok(!stolen.includes(Buffer.from(text, 'base64url')), `${what} lies open as bytes`);
      }
    });

    test('a record that was altered, cut, swapped with another or written in another version counts as absent', async t => {
      const { store, database } = await opened(t);
      const [mine, theirs] = [sessionOf(), sessionOf()];
      await store.sessions.create(mine);
      const [row] = await database.rows('SELECT id_hash, sealed FROM sessions');
      const sealed = Buffer.from(row!.sealed as Uint8Array);
      await store.sessions.create(theirs);
      const [other] = await database.rows('SELECT sealed FROM sessions WHERE id_hash <> $1', [
        row!.id_hash!,
      ]);
      const flipped = (at: number) => {
        const copy = Buffer.from(sealed);
        copy[at < 0 ? copy.length + at : at]! ^= 1;
        return copy;
      };
      const write = (bytes: Uint8Array) =>
        database.rows('UPDATE sessions SET sealed = $1 WHERE id_hash = $2', [bytes, row!.id_hash!]);

      const cases = {
        version: flipped(0),
        nonce: flipped(1),
        ciphertext: flipped(20),
        tag: flipped(-1),
        cut: sealed.subarray(0, -1),
        stub: sealed.subarray(0, 20),
        empty: Buffer.alloc(0),
        longer: Buffer.concat([sealed, Buffer.of(0)]),
        swapped: other!.sealed as Uint8Array,
      };
      for (const [what, bytes] of Object.entries(cases)) {
        await write(bytes);
        assert.equal(await store.sessions.find(mine.id), undefined, what);
      }

      await write(sealed);
      assert.deepEqual(await store.sessions.find(mine.id), mine);
    });

    test('who can write the database cannot prolong an attempt or a session, nor give it to another person', async t => {
      const { store, database } = await opened(t);
      const [session, attempt] = [sessionOf(), attemptOf()];
      await store.sessions.create(session);
      await store.attempts.create(attempt);
      await database.rows('UPDATE sign_in_attempts SET expires_at = $1', [NOW + 1000 * HOUR]);

      await database.rows(
        "UPDATE sessions SET expires_at = $1, created_at = $1, connector = 'evil'",
        [NOW + 1000 * HOUR],
      );
      assert.equal(await store.attempts.consume(attempt.id, attempt.expiresAt), undefined);
      assert.deepEqual(await store.sessions.find(session.id), session);

      for (const person of ['mallory', BOBS_IDENTITY.person]) {
        await database.rows('UPDATE sessions SET person = $1', [person]);
        assert.equal(
          await store.sessions.find(session.id),
          undefined,
          'the record of another person bounds it',
        );
      }
    });

    test('who can write the database cannot make a session or an attempt to an id of their own', async t => {
      const { store, database } = await opened(t);
      const keptBy = async (secret: Uint8Array, version: number) => {
        const [session, attempt] = [sessionOf(), attemptOf()];
        await forgeSession(database, session, { secret, version });
        await forgeAttempt(database, attempt, { secret, version });
        assert.equal(
          (await database.rows('SELECT 1 AS one FROM sessions')).length,
          1,
          'the row is there',
        );
        const [found, consumed] = [
          await store.sessions.find(session.id),
          await store.attempts.consume(attempt.id, NOW),
        ];
        await database.rows('DELETE FROM sessions');
        return {
          session: found?.id === session.id && found,
          attempt: consumed?.id === attempt.id && consumed,
          made: { session, attempt },
        };
      };

      const nothing = { session: false, attempt: false };
      for (const version of [1, 2, 3, 4]) {
        for (const [what, secret] of Object.entries({
          'the id alone': Buffer.alloc(0),
          'another secret': randomBytes(32),
        })) {
          const { made: _, ...kept } = await keptBy(secret, version);
          assert.deepEqual(kept, nothing, `version ${version}, sealed by ${what}`);
        }
      }

      // The forger knows the layout: with the secret the rows would be good.
      const { made, ...kept } = await keptBy(SECRET, 3);
      assert.deepEqual(kept, made);
    });

    test('what another bridge sealed is absent for this one, and stays there for the other', async t => {
      const { store, database } = await opened(t);
      const other = await database.open(randomBytes(32));
      t.after(() => other.close());
      const [session, attempt] = [sessionOf(), attemptOf()];
      await store.sessions.create(session);

      await store.attempts.create(attempt);

      assert.equal(await other.sessions.find(session.id), undefined);
      assert.equal(await other.attempts.consume(attempt.id, NOW), undefined);
      assert.deepEqual(await store.sessions.find(session.id), session);
    });

    test('the audit trail takes no change and no removal', async t => {
      const { store, database } = await opened(t);
      await store.audit.record(EVENTS[2]!);
      await assert.rejects(
        database.rows("UPDATE audit_events SET person = 'mallory'"),
        /append-only/,
      );
      await assert.rejects(database.rows('DELETE FROM audit_events'), /append-only/);
      assert.deepEqual(await store.readAudit({ limit: 10 }), [EVENTS[2]]);
    });

    test('what callers who are not signed in have caused is kept apart from the trail, and cannot be changed', async t => {
      const { store, database } = await opened(t);
      for (const event of EVENTS) await store.audit.record(event);
      await store.audit.record({
        ...{
          type: 'events.left-out',
          at: NOW,
          origin: EVENTS[0]!.origin,
          from: NOW,
          to: NOW,
          count: 1,
        },
        ...{ byType: { 'sign-in.refused': 1 }, byAddress: [] },
      });

      const typesIn = async (table: string) =>
        (await database.rows(`SELECT type FROM ${table} ORDER BY id`)).map(({ type }) => type);

      assert.deepEqual(await typesIn('stranger_events'), ['sign-in.refused', 'events.left-out']);
      assert.deepEqual(
        await typesIn('audit_events'),
        EVENTS.slice(1).map(({ type }) => type),
      );
      await assert.rejects(
        database.rows("UPDATE stranger_events SET address = 'elsewhere'"),
        /takes no change/,
      );
      assert.equal((await database.rows('DELETE FROM stranger_events RETURNING id')).length, 2);
    });

    test('refusals that an older version kept in the trail stay there and are read', async t => {
      const { store, database } = await opened(t);
      const event = EVENTS[0]!;
      await database.rows(
        'INSERT INTO audit_events (at, type, correlation_id, event) VALUES ($1, $2, $3, $4)',
        [event.at, event.type, event.origin.correlationId, JSON.stringify(event)],
      );
      await store.prune(NOW + 1000 * 24 * HOUR);
      assert.deepEqual(await store.readAudit({ limit: 10 }), [event]);
    });

    test('the text of an event contains no character that a terminal obeys, and means the same', async t => {
      const { store, database } = await opened(t);
      const hostile = 'a\u009b2J\u202eb\u2028\u007f\u001b[0m';
      const events: readonly object[] = [
        { ...EVENTS[0]!, why: hostile, origin: { ...EVENTS[0]!.origin, userAgent: hostile } },
        { ...EVENTS[4]!, why: hostile },
      ];
      for (const event of events) await store.audit.record(event as AuditEvent);

      const rows = await database.rows(
        'SELECT event FROM audit_events UNION ALL SELECT event FROM stranger_events',
      );

      for (const { event } of rows) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested.
        assert.doesNotMatch(String(event), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
      }
      assert.deepEqual(await store.readAudit({ limit: 10 }), events.toReversed());
    });

    test('several stores that open a new database at the same time agree on one schema', async t => {
      const database = await create(t);
      const stores = await Promise.all(Array.from({ length: 4 }, () => database.open()));
      t.after(() => Promise.all(stores.map(store => store.close())));
      for (const store of stores) await store.ping();

      assert.deepEqual(
        (await database.rows('SELECT number FROM rolebridge_migrations')).map(
          ({ number }) => number,
        ),
        stepsFor(SQLITE).map(({ number }) => number),
      );
    });

    test('a database of a newer version, of an altered schema or of another program is refused with what to do', async t => {
      const { store, database } = await opened(t);
      await store.close();

      const later = NEWEST_STEP + 1;
      await database.rows('INSERT INTO rolebridge_migrations (number, checksum) VALUES ($1, $2)', [
        later,
        'later',
      ]);
      await assert.rejects(database.open(), {
        name: 'BridgeError',
        code: 'unavailable',
        message: new RegExp(
          `^store .* schema ${later} of a newer rolebridge.*run the newer version`,
        ),
      });

      await database.rows('DELETE FROM rolebridge_migrations WHERE number = $1', [later]);
      await database.rows("UPDATE rolebridge_migrations SET checksum = 'other'");
      await assert.rejects(database.open(), {
        code: 'unavailable',
        message: /^store .* schema step 1 .*restore a backup/,
      });

      await database.rows('DROP TABLE rolebridge_migrations');
      await assert.rejects(database.open(), {
        code: 'unavailable',
        message: /^store .* another program; give the bridge a (file|database) of its own/,
      });
    });
  });
}
