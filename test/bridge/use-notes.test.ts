import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { createUseNotes, type UseNotes } from '../../src/bridge/use-notes.ts';
import type { RoleUses } from '../../src/core/ports.ts';
import type { AuthenticatedRequester } from '../../src/core/requester.ts';
import type { Account, RoleName } from '../../src/core/role.ts';
import { handTurnedClock } from '../support/clock.ts';
import { person } from '../support/people.ts';

const PROD = { id: '111122223333', name: 'prod' } as Account;
const ADMIN = { account: PROD, role: 'Admin' as RoleName };
const READER = { account: PROD, role: 'ReadOnly' as RoleName };
const ALICE: AuthenticatedRequester = {
  subject: { kind: 'user', identity: person() },
  origin: { correlationId: 'c-1', address: '192.0.2.7' },
};

describe('notes of used roles', () => {
  const clock = handTurnedClock();
  let kept: Parameters<RoleUses['note']>[1][];
  let isDown: boolean;
  let notes: UseNotes;
  beforeEach(() => {
    kept = [];
    isDown = false;
    const note: RoleUses['note'] = async (_person, use) => {
      if (isDown) throw new Error('the database is away');
      kept.push(use);
    };
    notes = createUseNotes({ roleUses: { note }, clock });
  });

  it('are written once a minute for each role', async () => {
    for (const role of [ADMIN, ADMIN, READER, ADMIN]) await notes.note(ALICE, role);
    assert.deepEqual(
      kept.map(({ role }) => role),
      ['Admin', 'ReadOnly'],
    );
    clock.turn(59);
    await notes.note(ALICE, ADMIN);
    assert.equal(kept.length, 2);
    clock.turn(1);
    await notes.note(ALICE, ADMIN);
    assert.equal(kept.length, 3);
    assert.equal(kept[2]!.at, clock.now());
  });

  it('are written at once for another region', async () => {
    await notes.note(ALICE, ADMIN, 'eu-west-1');
    await notes.note(ALICE, ADMIN, 'us-east-1');
    await notes.note(ALICE, ADMIN, 'us-east-1');
    assert.deepEqual(
      kept.map(({ region }) => region),
      ['eu-west-1', 'us-east-1'],
    );
  });

  it('fail no hand-out when the store fails, and are written by the next one', async () => {
    isDown = true;
    await notes.note(ALICE, ADMIN);
    isDown = false;
    await notes.note(ALICE, ADMIN);
    assert.equal(kept.length, 1);
  });
});
