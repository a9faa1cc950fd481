import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { durationOf, startOf } from '../../../src/cli/command-line/times.ts';
import { CliError } from '../../../src/cli/terminal/exit.ts';

/** Noon by the zone of this computer. */
const NOON = new Date(2026, 10, 30, 12, 0, 0).getTime();
const HOUR = 3_600_000;

describe('--start', () => {
  for (const [written, expected] of [
    ['14:30', NOON + 2.5 * HOUR],
    ['9:05', new Date(2026, 11, 1, 9, 5).getTime()],
    ['12:00', new Date(2026, 11, 1, 12, 0).getTime()],
    ['2h', NOON + 2 * HOUR],
    ['1h30m', NOON + 1.5 * HOUR],
    ['2026-12-01T14:30', new Date(2026, 11, 1, 14, 30).getTime()],
    ['2026-12-01 14:30', new Date(2026, 11, 1, 14, 30).getTime()],
    ['2026-12-01T14:30Z', Date.UTC(2026, 11, 1, 14, 30)],
    ['2026-12-01T14:30:10+02:00', Date.UTC(2026, 11, 1, 12, 30, 10)],
  ] as const)
    it(`reads ${written}`, () => assert.equal(startOf({ start: written }, NOON), expected));

  for (const written of ['25:00', '12:60', 'tomorrow', '2026-13-01T10:00', '2026-12-01', '', '-1h'])
    it(`rejects "${written}"`, () => {
      assert.throws(
        () => startOf({ start: written }, NOON),
        (thrown: CliError) => thrown instanceof CliError && thrown.exit === 'usage',
      );
    });

  it('is absent unless it is written', () => assert.equal(startOf({}, NOON), undefined));
});

describe('a duration', () => {
  it('is read by the name of its option', () => {
    assert.equal(durationOf({ for: '90m' }, 'for'), 5400);
    assert.equal(durationOf({ for: '90m' }, 'minimum'), undefined);
    assert.throws(() => durationOf({ for: 'long' }, 'for'), /--for "long" is not a valid duration/);
  });
});
