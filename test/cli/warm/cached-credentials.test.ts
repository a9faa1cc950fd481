import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CachedCredentials,
  isUsable,
  renewalDue,
} from '../../../src/cli/warm/cached-credentials.ts';

const MINUTE = 60_000;
const FETCHED = 1_700_000_000_000;

/** Credentials of `minutes`, whose renewal was refused `heldAt` minutes after they were fetched. */
function cached(minutes: number, heldAt?: number): CachedCredentials {
  return {
    ...{ accessKeyId: 'ASIA', secretAccessKey: 'secret', sessionToken: 'token' },
    ...{ account: { id: '111122223333', name: 'prod', region: 'eu-west-1' }, role: 'Admin' },
    ...{ assumedRoleArn: 'arn', durationSeconds: minutes * 60, reducedFromSeconds: null },
    expiresAt: FETCHED + minutes * MINUTE,
    fetchedLocally: FETCHED,
    expiresLocally: FETCHED + minutes * MINUTE,
    heldLocally: heldAt === undefined ? undefined : FETCHED + heldAt * MINUTE,
    process: '{}',
  };
}

describe('cached credentials', () => {
  for (const [title, credentials, at, minimumMinutes, isGood] of [
    ['of an hour are used while 20 minutes are left', cached(60), 40, undefined, true],
    ['of an hour are renewed after that', cached(60), 40.1, undefined, false],
    ['of half an hour are used for half of it', cached(30), 15, undefined, true],
    ['of half an hour are renewed after that', cached(30), 15.1, undefined, false],
    ['are used longer by a wish for less', cached(60), 54, 5, true],
    ['are renewed earlier by a wish for more', cached(60), 31, 30, false],
    ['that the bridge just refused to renew are used', cached(30, 16), 16.9, undefined, true],
    ['are asked for again a minute after the refusal', cached(30, 16), 17.1, undefined, false],
    [
      'are not used after their end, however new the refusal',
      cached(30, 29.9),
      30,
      undefined,
      false,
    ],
    ['with a wish for more are asked for in spite of a refusal', cached(30, 16), 16.5, 20, false],
    ['are fetched again after the clock was turned back', cached(60), -2, undefined, false],
  ] as const)
    it(title, () => {
      const minimum = minimumMinutes === undefined ? undefined : minimumMinutes * 60;
      assert.equal(isUsable(credentials, minimum, FETCHED + at * MINUTE), isGood);
    });

  it('are due for renewal a minute after a refusal, and at their end at the latest', () => {
    const due = (credentials: CachedCredentials): number =>
      (renewalDue(credentials, undefined) - FETCHED) / MINUTE;
    assert.deepEqual([cached(30), cached(30, 16), cached(30, 29.5)].map(due), [15, 17, 30]);
  });
});
