import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  approve,
  asRecorded,
  countPoll,
  type DeviceGrant,
  deny,
  formatUserCode,
  isRecordMissing,
  type Pace,
  type Redemption,
  readUserCode,
  redeem,
  USER_CODE_ALPHABET,
  type UserCode,
} from '../../src/core/device-grant.ts';
import { systemSecrets } from '../../src/secrets.ts';

const NOW = Date.UTC(2026, 10, 20, 9);
const grant = (over: Partial<DeviceGrant> = {}): DeviceGrant => ({
  request: {
    client: { id: 'c', name: 'C' },
    address: '192.0.2.1',
    requestedAt: NOW,
    reauthenticate: false,
  },
  deviceCodeDigest: 'd',
  decideBy: NOW + 600_000,
  expiresAt: NOW + 1_200_000,
  state: 'pending',
  ...over,
});

describe('user codes', () => {
  it('have the alphabet of RFC 8628: no vowels, no letters that look like others, 34 bits', () => {
    assert.equal(USER_CODE_ALPHABET, 'BCDFGHJKLMNPQRSTVWXZ');
    assert.ok(Math.log2(USER_CODE_ALPHABET.length ** 8) > 34);
  });

  it('are read in every form in which users type them', () => {
    for (const typed of [
      'WDJB-MJHT',
      'wdjbmjht',
      ' wdjb mjht ',
      'w-d-j-b-m-j-h-t',
      'WDJB\u2013MJHT',
      'Wdjb_Mjht',
      'WDJB.MJHT',
      'WDJB\tMJHT',
    ])
      assert.equal(readUserCode(typed), 'WDJBMJHT', typed);
  });

  it('are not read from any other text', () => {
    for (const typed of [
      '',
      'WDJB',
      'WDJBMJHTX',
      'WDJBMJHA',
      'WDJBMJH0',
      'WDJB/MJHT',
      'ＷDJBMJHT',
      'WDJBMJH\u0130',
      '\0WDJBMJHT',
      'ſDJBMJHT',
      '-'.repeat(64),
    ])
      assert.equal(readUserCode(typed), undefined, JSON.stringify(typed));
  });

  it('are read back from the form in which they are shown', () => {
    for (let count = 0; count < 200; count++) {
      const code = systemSecrets.code(USER_CODE_ALPHABET, 8) as UserCode;
      assert.match(formatUserCode(code), /^[B-Z]{4}-[B-Z]{4}$/);
      assert.equal(readUserCode(formatUserCode(code)), code);
    }
  });
});

describe('a grant', () => {
  const refusal = (code: string) => ({ name: 'BridgeError', code });
  const approved = grant({ state: 'approved', session: 's' });

  it('goes from pending over approved to redeemed, once', () => {
    const next = approve(grant(), { session: 's', decidedIn: 'b' }, NOW);
    assert.deepEqual([next.state, next.session], ['approved', 's']);
    const redeemed = redeem(next, NOW);
    assert.deepEqual([redeemed.next.state, redeemed.session], ['redeemed', 's']);
    assert.throws(() => redeem(redeemed.next, NOW), refusal('grant_invalid'));
  });

  describe('that was redeemed', () => {
    const first: Redemption = { at: NOW, address: '192.0.2.1', userAgent: 'cli', answer: 'a' };
    const { next: redeemed } = redeem(approved, NOW, first);
    const again = (over: Partial<Redemption>, seconds: number) =>
      redeem(redeemed, NOW + seconds * 1000, { ...first, answer: 'b', ...over });

    it('gives the first answer to the same caller for a minute, and stays as it is', () => {
      const repeated = again({}, 59.999);
      assert.equal(repeated.next, redeemed);
      assert.equal(repeated.redemption?.answer, 'a');
      assert.equal(again({ address: '::ffff:192.0.2.1' }, 1).redemption?.answer, 'a');
    });

    for (const [what, over, seconds] of [
      ['later', {}, 60],
      ['to another address', { address: '192.0.2.2' }, 1],
      ['to another user agent', { userAgent: 'other' }, 1],
      ['to a caller without a user agent', { userAgent: undefined }, 1],
    ] as const)
      it(`gives nothing ${what}`, () => {
        assert.throws(() => again(over, seconds), refusal('grant_invalid'));
      });

    it('is recorded by another caller only if the first one is gone', () => {
      assert.equal(isRecordMissing(first, NOW + 1_999), false);
      assert.equal(isRecordMissing(first, NOW + 2_000), true);
      assert.equal(isRecordMissing(asRecorded(redeemed).redemption!, NOW + 2_000), false);
      assert.equal(asRecorded(approved), approved);
    });
  });

  for (const state of ['approved', 'denied', 'redeemed'] as const) {
    it(`that was ${state} can be neither approved nor denied`, () => {
      assert.throws(
        () => approve(grant({ state }), { session: 's', decidedIn: 'b' }, NOW),
        refusal('user_code_expired'),
      );
      assert.throws(
        () => deny(grant({ state }), { decidedIn: 'b' }, NOW),
        refusal('user_code_expired'),
      );
    });
  }

  it('expires to the millisecond, for the user and for the terminal', () => {
    const end = grant().decideBy;

    assert.equal(approve(grant(), { session: 's', decidedIn: 'b' }, end - 1).state, 'approved');
    assert.throws(
      () => approve(grant(), { session: 's', decidedIn: 'b' }, end),
      refusal('user_code_expired'),
    );
    assert.throws(() => redeem(grant(), end - 1), refusal('authorization_pending'));
    assert.throws(() => redeem(grant(), end), refusal('device_code_expired'));
    assert.equal(redeem(approved, end - 1).session, 's');
    assert.throws(() => redeem(approved, end), refusal('device_code_expired'));
  });

  it('that was denied stays denied after it has expired', () => {
    const denied = deny(grant(), { decidedIn: 'b' }, NOW);
    for (const now of [NOW, denied.decideBy + 1])
      assert.throws(() => redeem(denied, now), refusal('device_denied'));
  });
});

describe('the pace of polling', () => {
  const poll = (pace: Pace | undefined, seconds: number) =>
    countPoll(pace, NOW + seconds * 1000, 5);

  it('accepts the first two polls at once, and the next ones at the interval', () => {
    const first = poll(undefined, 0);
    const second = poll(first.pace, 0.1);
    assert.deepEqual([first.tooSoon, second.tooSoon], [false, false]);
    const third = poll(second.pace, 5);
    assert.equal(third.tooSoon, false);
    assert.equal(poll(third.pace, 9.6).tooSoon, false, 'clocks are not exact');
  });

  it('lengthens the interval by five seconds permanently for each poll that comes too soon', () => {
    const started = poll(poll(undefined, 0).pace, 0);
    const hasty = poll(started.pace, 1);
    assert.deepEqual([hasty.tooSoon, hasty.pace.intervalSeconds], [true, 10]);
    assert.equal(poll(hasty.pace, 7).tooSoon, true);
    const patient = poll(hasty.pace, 11);
    assert.deepEqual([patient.tooSoon, patient.pace.intervalSeconds], [false, 10]);
  });
});
