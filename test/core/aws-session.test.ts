import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { awsSessionsIn, endOfHandOut } from '../../src/core/aws-session.ts';
import type { HandOut } from '../../src/core/elevation-notice.ts';
import { EVENTS, HOUR, NOW } from '../contracts/store-samples.ts';

const MINUTE = 60_000;
const sample = (type: HandOut['type']): HandOut =>
  EVENTS.find((event): event is HandOut => event.type === type)!;
const credentials = (over: Partial<HandOut> = {}): HandOut =>
  ({ ...sample('credentials.issued'), at: NOW, expiresAt: NOW + HOUR, ...over }) as HandOut;
const link = (over: object = {}): HandOut =>
  ({ ...sample('console-link.issued'), at: NOW, expiresAt: NOW + HOUR, ...over }) as HandOut;

describe('the end of what was handed out', () => {
  for (const [name, handOut, end] of [
    ['is that of the credentials', credentials(), NOW + HOUR],
    ['is that of the credentials for a console without a length', link(), NOW + HOUR],
    [
      'is the length of a console, counted from the last moment at which its link opens',
      link({ consoleSeconds: 2 * 3600 }),
      NOW + 15 * MINUTE + 2 * HOUR,
    ],
    [
      'is that of a console which is shorter than its credentials',
      link({ consoleSeconds: 900 }),
      NOW + 30 * MINUTE,
    ],
  ] as const)
    it(name, () => {
      assert.equal(endOfHandOut(handOut), end);
    });
});

describe('AWS sessions that are alive', () => {
  it('are one for each account, role, kind and elevation, the newest hand-out first', () => {
    const handOuts = [
      credentials({ at: NOW, accessKeyId: 'A5', elevation: 'e' }),
      link({ at: NOW - 1, accessKeyId: 'A4' }),
      credentials({ at: NOW - 2, accessKeyId: 'A3', expiresAt: NOW + 1 }),
      credentials({ at: NOW - 3, accessKeyId: 'A2', expiresAt: NOW + 2 * HOUR }),
      credentials({ at: NOW - 4, accessKeyId: 'A1', expiresAt: NOW }),
    ];
    assert.deepEqual(
      awsSessionsIn(handOuts, NOW).map(({ kind, count, newestAt, endsAt, elevation }) => [
        ...[kind, count, newestAt - NOW, endsAt - NOW, elevation],
      ]),
      [
        ['credentials', 1, 0, HOUR, 'e'],
        ['console', 1, -1, HOUR, undefined],
        ['credentials', 2, -2, 2 * HOUR, undefined],
      ],
    );
  });

  it('are told apart by the name of the role, whatever it contains', () => {
    const names = ['a","b', 'a', 'b'].map(role => credentials({ role: role as HandOut['role'] }));
    assert.equal(awsSessionsIn(names, NOW).length, 3);
  });

  it('are one session for programs that share credentials, and name each of them', () => {
    const shared = [
      credentials({ cliSession: 's1' }),
      credentials({ cliSession: 's1', containerToken: 't1' }),
      credentials({ cliSession: 's2' }),
      credentials({ cliSession: 's1' }),
      credentials({ browserSession: 'b1' }),
    ];
    const [only, ...others] = awsSessionsIn(shared, NOW);
    assert.deepEqual([only?.count, others.length], [1, 0]);
    assert.deepEqual(
      only?.holders.map(({ cliSession, containerToken, browserSession }) => [
        ...[cliSession, containerToken, browserSession],
      ]),
      [
        ['s1', undefined, undefined],
        ['s1', 't1', undefined],
        ['s2', undefined, undefined],
        [undefined, undefined, 'b1'],
      ],
    );
  });
});
