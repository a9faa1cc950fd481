import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectorId } from '../../src/core/identity.ts';
import {
  type Ending,
  finish,
  isRefreshDue,
  keepTokens,
  LEASE_SECONDS,
  meaningOfDenial,
  RETRY_SECONDS,
  type Turn,
  takeTurn,
  unconfirmedSince,
} from '../../src/core/identity-refresh.ts';
import type { ProviderSession, RefreshState } from '../../src/core/provider-session.ts';
import { person } from '../support/people.ts';

const NOW = 1_000_000_000;
const SETTINGS = { everySeconds: 900, staleSeconds: 7200 };
const EVERY = SETTINGS.everySeconds * 1000;
const LEASE = LEASE_SECONDS * 1000;
const RETRY = RETRY_SECONDS * 1000;

function session(refresh?: RefreshState, over: Partial<ProviderSession> = {}): ProviderSession {
  return {
    id: 'secret',
    person: person().person,
    connector: 'okta' as ConnectorId,
    issuer: 'https://idp.example',
    subject: 'subject-1',
    idToken: 'id-token-1',
    refreshToken: 'refresh-1',
    ...(refresh !== undefined && { refresh }),
    expiresAt: NOW + 1e9,
    ...over,
  };
}

const held = { holder: 'me', until: NOW + LEASE };
const turnAt = (before: ProviderSession, now = NOW) =>
  takeTurn(before, { holder: 'me', settings: SETTINGS, now });

describe('a refresh', () => {
  it('is due from the first millisecond after the time that is set', () => {
    assert.equal(isRefreshDue(NOW, SETTINGS, NOW + EVERY - 1), false);
    assert.equal(isRefreshDue(NOW, SETTINGS, NOW + EVERY), true);
  });

  const turns: readonly (readonly [
    what: string,
    refresh: RefreshState | undefined,
    turn: Turn['kind'],
  ])[] = [
    ['asks at the first time', undefined, 'ask'],
    ['waits while another one has the lease', { lease: { holder: 'b', until: NOW + 1 } }, 'wait'],
    ['asks when the lease has expired', { lease: { holder: 'b', until: NOW } }, 'ask'],
    ['is done when another one has just confirmed', { confirmedAt: NOW - EVERY + 1 }, 'confirmed'],
    ['asks when that was long ago', { confirmedAt: NOW - EVERY }, 'ask'],
    [
      'asks after a lease of another one that was never returned',
      { confirmedAt: NOW - 1, lease: { holder: 'b', until: NOW - 1 } },
      'ask',
    ],
    ['pauses after a failure', { retryAt: NOW + 1 }, 'pause'],
    ['asks again after the pause', { retryAt: NOW }, 'ask'],
    [
      'asks again although a sign-in is needed',
      { signInNeededSince: NOW - 9, retryAt: NOW },
      'ask',
    ],
  ];
  for (const [what, refresh, kind] of turns) {
    it(what, () => {
      const before = session(refresh);
      const { next, value } = turnAt(before);
      assert.equal(value.kind, kind);
      if (kind !== 'ask') assert.equal(next, before);
      else assert.deepEqual(next.refresh?.lease, held);
    });
  }

  it('has nothing to ask with without a refresh token', () => {
    assert.equal(turnAt(session(undefined, { refreshToken: undefined })).value.kind, 'pause');
  });

  it('counts the answer as lost when a holder never returned its lease', () => {
    const fresh = turnAt(session()).next;
    assert.equal(fresh.refresh?.isAnswerLost, undefined);
    const taken = turnAt(session({ lease: { holder: 'dead', until: NOW } })).next;
    assert.equal(taken.refresh?.isAnswerLost, true);
  });

  it('keeps new tokens, and the old ones where there are none', () => {
    const before = session({ lease: held });
    assert.deepEqual(keepTokens(before, { refreshToken: 'r2', idToken: 'i2' }, 'me'), {
      ...before,
      refreshToken: 'r2',
      idToken: 'i2',
    });
    assert.deepEqual(keepTokens(before, {}, 'me'), before);
    assert.equal(keepTokens(before, { refreshToken: 'r2' }, 'someone else'), before);
  });

  const endings: readonly (readonly [
    what: string,
    before: RefreshState,
    ending: Ending,
    after: RefreshState,
  ])[] = [
    [
      'a confirmation forgets all trouble',
      { retryAt: 1, isAnswerLost: true, signInNeededSince: 1 },
      { kind: 'confirmed' },
      { confirmedAt: NOW },
    ],
    [
      'a need of a sign-in counts from the first time',
      { confirmedAt: 5, signInNeededSince: 7 },
      { kind: 'interaction' },
      { confirmedAt: 5, retryAt: NOW + RETRY, signInNeededSince: 7 },
    ],
    [
      'a need of a sign-in starts now',
      {},
      { kind: 'interaction' },
      { retryAt: NOW + RETRY, signInNeededSince: NOW },
    ],
    [
      'a failure pauses, and ends no need of a sign-in',
      { signInNeededSince: 7 },
      { kind: 'failed', isAnswerLost: false },
      { retryAt: NOW + RETRY, signInNeededSince: 7, isAnswerLost: undefined },
    ],
    [
      'a lost answer stays lost',
      { isAnswerLost: true },
      { kind: 'failed', isAnswerLost: false },
      { retryAt: NOW + RETRY, isAnswerLost: true },
    ],
    [
      'an answer is lost',
      {},
      { kind: 'failed', isAnswerLost: true },
      { retryAt: NOW + RETRY, isAnswerLost: true },
    ],
  ];
  for (const [what, before, ending, after] of endings) {
    it(`returns the lease: ${what}`, () => {
      const left = finish(session({ ...before, lease: held }), { holder: 'me', ending, now: NOW });
      assert.deepEqual(left.refresh, after);
    });
  }

  it('does not keep a token that is lost, and keeps every other one', () => {
    const end = (ending: Ending) =>
      finish(session({ lease: held }), { holder: 'me', ending, now: NOW });
    const left = end({ kind: 'token-lost' });
    assert.ok(!('refreshToken' in left));
    assert.deepEqual(left.refresh, { retryAt: NOW + RETRY, signInNeededSince: NOW });
    assert.equal(turnAt(left, NOW + RETRY).value.kind, 'pause');
    assert.equal(end({ kind: 'interaction' }).refreshToken, 'refresh-1');
    assert.equal(end({ kind: 'confirmed' }).refreshToken, 'refresh-1');
  });

  it('changes nothing when another one has the lease', () => {
    const before = session({ lease: { holder: 'b', until: NOW } });
    const ending = { kind: 'confirmed' } as const;
    assert.equal(finish(before, { holder: 'me', ending, now: NOW }), before);
    assert.deepEqual(finish(session(), { holder: 'me', ending, now: NOW }), session());
  });

  it('treats a denial after a lost answer as the rejection of a replaced token', () => {
    assert.equal(meaningOfDenial(session(), false), 'denied');
    assert.equal(meaningOfDenial(session(), true), 'token-lost');
    assert.equal(meaningOfDenial(session({ isAnswerLost: true }), false), 'token-lost');
  });
});

describe('a user whom no refresh confirms', () => {
  const STALE = SETTINGS.staleSeconds * 1000;
  const at = (now: number) => ({ settings: SETTINGS, now });

  it('counts as confirmed while the provider fails, for as long as is set', () => {
    assert.equal(unconfirmedSince(NOW, session(), at(NOW + STALE - 1)), undefined);
    const since = { since: NOW };
    assert.deepEqual(unconfirmedSince(NOW, session(), at(NOW + STALE)), {
      why: 'provider-failed',
      ...since,
    });
  });

  it('counts from the last confirmation by this session, too', () => {
    const confirmed = session({ confirmedAt: NOW + 5 });
    assert.equal(unconfirmedSince(NOW, confirmed, at(NOW + STALE + 4)), undefined);
    assert.equal(unconfirmedSince(NOW, confirmed, at(NOW + STALE + 5))?.since, NOW + 5);
    const older = session({ confirmedAt: NOW - 5 });
    assert.equal(unconfirmedSince(NOW, older, at(NOW + STALE - 1)), undefined);
  });

  it('must sign in at once when the provider says so', () => {
    const asked = session({ signInNeededSince: NOW + 1 });
    const needed = { why: 'sign-in-needed', since: NOW + 1 };
    assert.deepEqual(unconfirmedSince(NOW, asked, at(NOW + 2)), needed);
  });

  it('must sign in at last when there is nothing to ask with', () => {
    for (const left of [undefined, session(undefined, { refreshToken: undefined })]) {
      assert.equal(unconfirmedSince(NOW, left, at(NOW + STALE - 1)), undefined);
      const needed = { why: 'sign-in-needed', since: NOW };
      assert.deepEqual(unconfirmedSince(NOW, left, at(NOW + STALE)), needed);
    }
  });
});
