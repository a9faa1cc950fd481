/** Who can get a role, and which roles a user can get: 10,000 rules, 5,000 accounts and users. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRoleQuestions, type RoleQuestions } from '../../src/bridge/role-questions.ts';
import type { PersonId } from '../../src/core/identity.ts';
import type { RoleName } from '../../src/core/role.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { person } from '../support/people.ts';
import { largePolicy } from './large-policy.ts';
import { type Comparison, compare } from './stopwatch.ts';

const USERS = 10_000;
const GROUPS_OF_EACH = 30;

export async function measureRoleQuestions(): Promise<readonly Comparison[]> {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-bench-'));
  const secret = randomBytes(32);
  const file = join(directory, 'rolebridge.db');
  const { rules, accounts } = largePolicy();
  const giving = { accounts, access: rules, workloadRules: [] };
  /** Each command opens the store, so that it has opened no record yet. */
  const asking = async <T>(ask: (questions: RoleQuestions) => Promise<T>): Promise<T> => {
    const store = await openSqliteStore({ file, secret });
    try {
      return await ask(createRoleQuestions({ ...store, clock: { now: Date.now }, giving }));
    } finally {
      await store.close();
    }
  };
  try {
    const users = Array.from({ length: USERS }, (_, number) => userOf(number));
    const store = await openSqliteStore({ file, secret });
    for (const user of users) await store.people.know(user, Date.now());
    await store.close();
    const target = { account: accounts[7]!, role: 'Admin' as RoleName };
    const started = performance.now();
    const { holders } = await asking(questions => questions.whoCan(target));
    const first = performance.now() - started;
    const scale = `${rules.length} rules, ${accounts.length} accounts, ${USERS} users`;
    return [
      {
        ...(await compare({
          name: `who-can: one role (${holders.length} users can get it; ${scale})`,
          run: () => asking(questions => questions.whoCan(target)),
          floorName: 'deriving as many keys, and opening and parsing as many records',
          floor: floorOf(users),
          calls: 1,
        })),
        note: `the first one ${first.toFixed(0)} ms`,
      },
      await compare({
        name: `what-can: every role of a user (${scale})`,
        run: () => asking(questions => questions.whatCan(users[0]!.person)),
        floorName: 'the groups of the rules put into a Map',
        floor: () => new Map(rules.flatMap(rule => rule.groups.map(group => [group, rule]))),
        calls: 3,
      }),
    ];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function userOf(number: number) {
  const letters = [...number.toString(8)].map(digit => 'abcdefgh'[Number(digit)]).join('');
  const groups = Array.from(
    { length: GROUPS_OF_EACH },
    (_, index) => `team-${(number * 31 + index * 7) % 2000}`,
  );
  return person({
    person: letters.padStart(16, 'x') as PersonId,
    username: `user-${number}`,
    groups,
    authenticatedAt: Date.now(),
  });
}

/** The records of the same users, sealed and opened without us. */
function floorOf(users: readonly object[]): () => unknown {
  const secret = randomBytes(32);
  const keyOf = (index: number): Buffer =>
    Buffer.from(hkdfSync('sha256', String(index), secret, 'bench', 32));
  const sealed = users.map((user, index) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', keyOf(index), nonce);
    const text = Buffer.concat([cipher.update(JSON.stringify(user)), cipher.final()]);
    return { nonce, text, tag: cipher.getAuthTag() };
  });
  return () =>
    sealed.map(({ nonce, text, tag }, index) => {
      const decipher = createDecipheriv('aes-256-gcm', keyOf(index), nonce).setAuthTag(tag);
      const opened = Buffer.concat([decipher.update(text), decipher.final()]);
      return JSON.parse(opened.toString()) as object;
    });
}
