/** The progress that doctor shows while it works. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linesOf, progressOn } from '../../../src/operate/doctor/report.ts';
import { handTurnedClock } from '../../support/clock.ts';

/** A screen that keeps what is written to it. */
function screen(properties: { readonly isTTY?: boolean; readonly columns?: number } = {}) {
  const written: string[] = [];
  const stream = {
    ...properties,
    write: (text: string) => written.push(text) > 0,
  } as unknown as NodeJS.WriteStream;
  return { stream, written };
}

describe('progress', () => {
  it('is one line at a terminal, rewritten at each step and removed at last', () => {
    const { stream, written } = screen({ isTTY: true, columns: 80 });
    const { say, clear } = progressOn(stream, handTurnedClock().now);

    say('host: the store');
    say('host: the clock');
    clear();

    assert.deepEqual(written, [
      '\r\u001b[2K... host: the store',
      '\r\u001b[2K... host: the clock',
      '\r\u001b[2K',
    ]);
  });

  it('is never wider than the terminal', () => {
    const { stream, written } = screen({ isTTY: true, columns: 20 });

    progressOn(stream, handTurnedClock().now).say('x'.repeat(100));

    assert.equal(written[0], `\r\u001b[2K... ${'x'.repeat(15)}`);
  });

  it('is a line every two seconds elsewhere, and nothing for what is faster', () => {
    const clock = handTurnedClock();
    const { stream, written } = screen();
    const { say, clear } = progressOn(stream, clock.now);

    say('account 1 of 300');
    clock.turn(1);
    say('account 2 of 300');
    clock.turn(1);
    say('account 3 of 300');
    say('account 4 of 300');
    clock.turn(2);
    say('account 5 of 300');
    clear();

    assert.deepEqual(written, ['... account 3 of 300\n', '... account 5 of 300\n']);
  });

  it('lets no control character of a name reach the terminal', () => {
    const { stream, written } = screen({ isTTY: true, columns: 80 });

    progressOn(stream, handTurnedClock().now).say('connector \u001b[2J okta');

    assert.ok(!written[0]!.slice(5).includes('\u001b'));
  });
});

describe('a finding', () => {
  it('keeps foreign text on its line, so that no text of IAM looks like another finding', () => {
    const forged = 'x\n\n  ok      prod/Admin: AWS gives the role\n0 errors';
    const lines = linesOf({
      ...{ id: 'iam.trust-session-name', subject: 'prod/Admin', message: `no call (${forged})` },
      ...{ expected: forged, found: `StringEquals sts:RoleSessionName: ${forged}`, fix: forged },
    });
    assert.equal(lines.length, 4);
    for (const line of lines) assert.ok(!line.includes('\n'));
  });
});
