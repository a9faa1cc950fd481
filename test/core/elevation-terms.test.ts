import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AskedElevation,
  checkedElevation,
  checkedNote,
  checkSeconds,
  type ElevationTerms,
  offeredLengths,
  offeredSeconds,
} from '../../src/core/elevation-terms.ts';
import type { Account, RoleName } from '../../src/core/role.ts';
import { PROD, STAGING } from './policy-samples.ts';

const NOW = Date.UTC(2026, 10, 30, 12);
const [MINUTE, HOUR, DAY] = [60, 3600, 24 * 3600];

const TERMS: ElevationTerms = {
  digest: 'd',
  approvers: [{ groups: ['aws-approvers'], connectors: [], count: 1 }],
  longestSeconds: 4 * HOUR,
  reason: 'required',
};
const ASKED: AskedElevation = { seconds: HOUR, reason: 'restore a table', breakGlass: false };

const checked = (asked: Partial<AskedElevation>, terms: Partial<ElevationTerms> = {}) =>
  checkedElevation({ ...ASKED, ...asked }, { ...TERMS, ...terms }, { longest: 4 * HOUR, now: NOW });

/** The hint with which a request is rejected; undefined if it is taken. */
function hintOf(
  asked: Partial<AskedElevation>,
  terms: Partial<ElevationTerms> = {},
): string | undefined {
  try {
    checked(asked, terms);
    return undefined;
  } catch (error) {
    assert.equal((error as { code: string }).code, 'elevation_invalid');
    return (error as { hint: string }).hint;
  }
}

describe('the longest elevation that is offered', () => {
  const role = 'Hub' as RoleName;
  const hub: Account = { ...PROD, trust: { by: 'hub', hub: STAGING, role } };
  const cases: readonly [string, longest: number, session: number, Account, offered: number][] = [
    ['is what the rule allows', 2 * HOUR, 4 * HOUR, PROD, 2 * HOUR],
    ['is what a session lasts', 8 * HOUR, 4 * HOUR, PROD, 4 * HOUR],
    ['is an hour behind a hub', 8 * HOUR, 4 * HOUR, hub, HOUR],
    ['is what the rule allows behind a hub, if that is less', HOUR / 2, HOUR, hub, HOUR / 2],
  ];
  for (const [title, longestSeconds, durationSeconds, account, offered] of cases) {
    it(title, () => {
      assert.equal(offeredSeconds({ longestSeconds }, { durationSeconds }, account), offered);
    });
  }
});

describe('the duration of a request', () => {
  const hint = 'Choose 30 min to 4 h.';
  const cases: readonly [seconds: number, hint: string | undefined][] = [
    [30 * MINUTE - 1, hint],
    [30 * MINUTE, undefined],
    [30 * MINUTE + 1, undefined],
    [4 * HOUR, undefined],
    [4 * HOUR + 1, hint],
    [HOUR + 0.5, hint],
    [0, hint],
    [-HOUR, hint],
    [Number.NaN, hint],
    [Number.POSITIVE_INFINITY, hint],
  ];
  for (const [seconds, expected] of cases) {
    it(`of ${seconds} s is ${expected === undefined ? 'taken' : 'rejected with the limits'}`, () => {
      assert.equal(hintOf({ seconds }), expected);
    });
  }

  it('is checked alone for what an approver gives', () => {
    checkSeconds(HOUR, HOUR);
    assert.throws(() => checkSeconds(HOUR + 1, HOUR), { hint: 'Choose 30 min to 1 h.' });
  });

  it('is offered in steps of half an hour, with the longest at the end', () => {
    const minutes = (longest: number) => offeredLengths(longest).map(length => length / MINUTE);
    assert.deepEqual(minutes(2 * HOUR), [30, 60, 90, 120]);
    assert.deepEqual(minutes(100 * MINUTE), [30, 60, 90, 100]);
    assert.deepEqual(minutes(30 * MINUTE), [30]);
    assert.equal(minutes(12 * HOUR).length, 24);
  });
});

describe('the start of a request', () => {
  it('in the past or now means as soon as it is approved', () => {
    for (const startsAt of [undefined, NOW, NOW - 1, 0])
      assert.equal(checked({ startsAt }).startsAt, undefined);
  });

  it('is at most 30 days ahead', () => {
    const latest = NOW + 30 * DAY * 1000;
    for (const startsAt of [NOW + 1, latest])
      assert.equal(checked({ startsAt }).startsAt, startsAt);
    for (const startsAt of [latest + 1, NOW + 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      assert.equal(hintOf({ startsAt }), 'Choose a start within the next 30 days.');
  });

  it('is never later for a break-glass', () => {
    const asked = { breakGlass: true, startsAt: NOW + 1 };
    assert.equal(hintOf(asked), 'Break-glass begins at once. Remove the start.');
    assert.equal(hintOf({ ...asked, startsAt: NOW }), undefined);
  });
});

describe('the reason of a request', () => {
  it('is required or not, as the rule says', () => {
    for (const reason of [undefined, '', ' \n\t ', '\u200b\u202e\u0000', '\u3164\u200d']) {
      assert.equal(hintOf({ reason }), 'Enter what you need the role for.');
      assert.equal(checked({ reason }, { reason: 'optional' }).reason, undefined);
    }
    assert.equal(checked({ reason: 'x' }, { reason: 'optional' }).reason, 'x');
  });

  it('of a break-glass has ten characters or more, whatever the rule says', () => {
    const hint = 'Describe what happened in at least 10 characters.';
    for (const reason of [
      ...[undefined, '123456789', 'a         b', ` ${'\u200b'.repeat(20)} `],
      // Joiners, fillers and variations of nothing.
      ...['\u200d', '\u3164', '\ufe0f', '\u2800', '\u{e0041}'].map(sign => sign.repeat(20)),
    ])
      assert.equal(hintOf({ reason, breakGlass: true }, { reason: 'optional' }), hint);
    assert.equal(hintOf({ reason: '1234567890', breakGlass: true }), undefined);
  });

  it('has at most 500 characters, without spaces around it', () => {
    const reason = 'x'.repeat(500);
    assert.equal(checked({ reason: `  ${reason}\n` }).reason, reason);
    assert.equal(hintOf({ reason: `${reason}x` }), 'Use at most 500 characters.');
  });

  const texts: readonly [what: string, written: string, kept: string][] = [
    ['line breaks', 'one\r\ntwo\u2028three\u2029four', 'one two three four'],
    ['controls of terminals', 'a\u001b[2Jb\u009b2Kc\u007f', 'a [2Jb 2Kc'],
    ['marks that change the direction of text', 'a\u202eb\u2066c\u200fd\u061ce', 'a b c d e'],
    ['characters without width', 'a\u200bb\ufeffc\u2060d', 'a b c d'],
    ['tags that hide a text', 'a\u{e0068}\u{e0069}b', 'a b'],
    ['half of a pair', 'a\ud800b', 'a b'],
  ];
  for (const [what, written, kept] of texts) {
    it(`contains no ${what}`, () => assert.equal(checked({ reason: written }).reason, kept));
  }

  it('keeps every letter and sign of any script', () => {
    for (const text of [
      'Größe <b> & "x" \'y\'',
      'データベースを戻す',
      'بازگرداندن',
      '👩‍💻 fixes it',
    ])
      assert.equal(checked({ reason: text }).reason, text);
  });

  it('is checked in the same way as a note, which names its own field', () => {
    assert.equal(checkedNote(' fine\n', 'note'), 'fine');
    assert.equal(checkedNote(' ', 'note'), undefined);
    const error = { code: 'elevation_invalid', message: 'invalid note' };
    assert.throws(() => checkedNote('x'.repeat(501), 'note'), error);
  });
});

describe('the ticket of a request', () => {
  const projects = { ticket: { kind: 'projects', projects: ['OPS', 'IN_C2'] } } as const;
  const any = { ticket: { kind: 'any' } } as const;

  it('is left out where the rule has none', () => {
    assert.equal(hintOf({ ticket: 'OPS-1' }), 'This role takes no ticket. Remove the ticket.');
    assert.equal(checked({ ticket: '  ' }).ticket, undefined);
  });

  it('of a project has its name and a number', () => {
    for (const ticket of ['OPS-1', 'OPS-1234567890', 'IN_C2-7'])
      assert.equal(checked({ ticket: ` ${ticket} ` }, projects).ticket, ticket);
  });

  const wrong = [
    ...[undefined, '', 'OPS', 'OPS-', 'OPS-0', 'OPS-01', 'OPS-12345678901', 'OPS-1x', 'OPS-1-2'],
    ...[
      'ops-1',
      'DEVOPS-1',
      'OPS2-1',
      'DEV-1',
      'OPS-1\nDEV-2',
      'OPS-１',
      'OPS -1',
      'javascript:OPS-1',
    ],
  ];
  for (const ticket of wrong) {
    it(`of a project is not ${JSON.stringify(ticket)}`, () => {
      const hint = 'Enter a ticket like OPS-123 or IN_C2-123.';
      assert.equal(hintOf({ ticket }, projects), hint);
    });
  }

  it('of any system is up to 64 printable characters', () => {
    for (const ticket of ['#7', 'x'.repeat(64), 'https://jira.example.com/OPS-1'])
      assert.equal(checked({ ticket }, any).ticket, ticket);
    for (const ticket of [undefined, 'a b', 'x'.repeat(65), 'ü', 'a\u0000'])
      assert.match(hintOf({ ticket }, any)!, /^Enter a ticket of at most 64 characters/);
  });
});
