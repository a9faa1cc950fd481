import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import {
  createSharedCredentials,
  type SharedCredentials,
} from '../../src/bridge/shared-credentials.ts';
import type { AssumedRole, AssumeRequest } from '../../src/core/assumed-role.ts';
import { systemSecrets } from '../../src/secrets.ts';
import { anAssertionSubject, aRoleSession } from '../support/assertion-subject.ts';
import { handTurnedClock } from '../support/clock.ts';

const HOUR = 3600;
const clock = handTurnedClock();
let shared: SharedCredentials;
let calls: number;
/** What AWS does with the next call. */
let answer: () => Promise<number>;

/** A CredentialBroker that numbers what it hands out; `answer` gives the length of the session. */
const broker = {
  assume: async (): Promise<AssumedRole> => {
    calls += 1;
    const number = calls;
    const seconds = await answer();
    return {
      credentials: {
        accessKeyId: `ASIA${number}`,
        secretAccessKey: 's',
        sessionToken: 't',
        expiresAt: clock.now() + seconds * 1000,
      },
      assumedRoleArn: 'arn:aws:sts::111122223333:assumed-role/Admin/alice',
      durationSeconds: seconds,
      stsRequestId: 'r',
    } as AssumedRole;
  },
};
const REQUEST: AssumeRequest = anAssertionSubject();
const keyIdOf = async (over: Partial<AssumeRequest> = {}): Promise<string> =>
  (await shared.assume({ ...REQUEST, ...over })).credentials.accessKeyId;

describe('shared credentials', () => {
  beforeEach(() => {
    calls = 0;
    answer = async () => HOUR;
    shared = createSharedCredentials({ broker, clock, secrets: systemSecrets });
  });

  it('are requested once for equal requests and shared for five minutes', async () => {
    assert.deepEqual(
      new Set(await Promise.all(Array.from({ length: 50 }, () => keyIdOf()))),
      new Set(['ASIA1']),
    );
    clock.turn(299);
    assert.equal(await keyIdOf(), 'ASIA1');
    clock.turn(1);
    assert.equal(await keyIdOf(), 'ASIA2');
  });

  it('are shared for half of the lifetime of a very short session', async () => {
    answer = async () => 300;
    await keyIdOf();
    clock.turn(149);
    assert.equal(await keyIdOf(), 'ASIA1');
    clock.turn(1);
    assert.equal(await keyIdOf(), 'ASIA2');
  });

  const OTHERS: readonly (readonly [string, Partial<AssumeRequest>])[] = [
    ['another user', { principal: 'another-user' as AssumeRequest['principal'] }],
    ['another role', { role: 'arn:aws:iam::111122223333:role/Other' as AssumeRequest['role'] }],
    ['another session name', { sessionName: 'alice-2' as AssumeRequest['sessionName'] }],
    [
      'another session tag',
      { session: aRoleSession({ tags: [{ key: 'Department', value: 'else' }] }) },
    ],
    [
      'another optional session tag that is left out',
      { session: aRoleSession({ tagsLeftOut: ['Department'] }) },
    ],
    ['another length', { session: aRoleSession({ durationSeconds: 1800 }) }],
    ['another sign-in', { authenticatedAt: 1 }],
    ['another proof of a workload', { proofId: 'another' }],
    ['another statement of the same sign-in', { assertedAt: 1 }],
    ['a sign-in without a time', { authenticatedAt: undefined }],
    [
      'another corporate proof',
      {
        corporateProof: {
          kind: 'id_token',
          value: 'x',
        } as unknown as AssumeRequest['corporateProof'],
      },
    ],
  ];
  for (const [what, over] of OTHERS) {
    it(`are not shared with a request of ${what}`, async () => {
      await keyIdOf();
      assert.equal(await keyIdOf(over), 'ASIA2');
      assert.equal(await keyIdOf(over), 'ASIA2', 'which are shared, too');
      assert.equal(await keyIdOf(), 'ASIA1');
    });
  }

  it('reject every waiting request when AWS refuses, and are requested again by the next one', async () => {
    answer = async () => {
      throw new Error('no');
    };
    const outcomes = await Promise.allSettled([keyIdOf(), keyIdOf()]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(calls, 1);

    answer = async () => HOUR;
    assert.equal(await keyIdOf(), 'ASIA2');
  });
});
