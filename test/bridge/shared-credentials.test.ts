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

  it('are asked for once by all who want the same, and handed out for five minutes', async () => {
    assert.deepEqual(
      new Set(await Promise.all(Array.from({ length: 50 }, () => keyIdOf()))),
      new Set(['ASIA1']),
    );
    clock.turn(299);
    assert.equal(await keyIdOf(), 'ASIA1');
    clock.turn(1);
    assert.equal(await keyIdOf(), 'ASIA2');
  });

  it('of a very short session are handed out until half of it is over', async () => {
    answer = async () => 300;
    await keyIdOf();
    clock.turn(149);
    assert.equal(await keyIdOf(), 'ASIA1');
    clock.turn(1);
    assert.equal(await keyIdOf(), 'ASIA2');
  });

  const OTHERS: readonly (readonly [string, Partial<AssumeRequest>])[] = [
    ['another person', { person: 'somebody-else' as AssumeRequest['person'] }],
    ['another role', { role: 'arn:aws:iam::111122223333:role/Other' as AssumeRequest['role'] }],
    ['another session name', { sessionName: 'alice-2' as AssumeRequest['sessionName'] }],
    [
      'another session tag',
      { session: aRoleSession({ tags: [{ key: 'Department', value: 'else' }] }) },
    ],
    ['another length', { session: aRoleSession({ durationSeconds: 1800 }) }],
    ['another sign-in', { authenticatedAt: 1 }],
    ['a sign-in of which the provider said the same time', { assertedAt: 1 }],
    ['a sign-in of which nobody said when it was', { authenticatedAt: undefined }],
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
    it(`are not those of ${what}`, async () => {
      await keyIdOf();
      assert.equal(await keyIdOf(over), 'ASIA2');
      assert.equal(await keyIdOf(over), 'ASIA2', 'which are shared, too');
      assert.equal(await keyIdOf(), 'ASIA1');
    });
  }

  it('that AWS refused are refused to all who waited, and asked for again by the next', async () => {
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
