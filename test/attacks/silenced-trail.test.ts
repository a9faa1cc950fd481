/**
 * Whether a stranger who causes many events can hide others in the audit trail, or fill it (threats
 * R48), through the front door.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { CLIENT, loginByDevice } from '../support/cli-login.ts';
import { useWorld } from '../support/world.ts';

const FLOOD = 160;
/** What the trail keeps of one address and type at once (audit/trail-budget). */
const BURST = 100;

describe('a stranger who sends junk from one address', () => {
  const world = useWorld({
    configure: yaml => `${yaml}\nproxy: { trusted: [127.0.0.1/32] }\n`,
  });

  const refused = async (path: string, address: string): Promise<number> => {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: CLIENT,
      refresh_token: 'rbr_junk',
    });
    const response = await fetch(world.urls.bridge + path, {
      method: 'POST',
      body,
      headers: { 'x-forwarded-for': address },
    });
    await response.text();
    return response.status;
  };
  const refusalsFrom = (events: readonly AuditEvent[], address: string): number =>
    events.filter(({ type, origin }) => type === 'cli-login.refused' && origin.address === address)
      .length;

  it('fills its budget only, hides neither other addresses nor users, and gets one summary row', async () => {
    for (let sent = 0; sent < FLOOD; sent += 20) {
      const statuses = await Promise.all(
        Array.from({ length: 20 }, () => refused('/oauth/token', '192.0.2.1')),
      );
      assert.deepEqual(new Set(statuses), new Set([400]));
    }
    assert.equal(await refused('/oauth/token', '198.51.100.1'), 400);
    await loginByDevice(world, 'alice');
    const events = await world.audit();
    assert.equal(refusalsFrom(events, '192.0.2.1'), BURST);
    assert.equal(refusalsFrom(events, '198.51.100.1'), 1);
    for (const type of ['sign-in.succeeded', 'cli-session.opened'] as const)
      assert.ok(events.some(event => event.type === type));
    const inLog = world.log.filter(
      line => line.includes('"cli-login.refused"') && line.includes('192.0.2.1'),
    );
    assert.equal(inLog.length, FLOOD, 'the log has every one');

    world.clock.turn(61);
    await refused('/oauth/token', '198.51.100.1');
    const later = await world.audit();
    const told = later.filter(event => event.type === 'events.left-out');
    assert.deepEqual(
      told.map(({ count, byType, byAddress }) => ({ count, byType, byAddress })),
      [
        {
          count: FLOOD - BURST,
          byType: { 'cli-login.refused': FLOOD - BURST },
          byAddress: [{ address: '192.0.2.1', count: FLOOD - BURST }],
        },
      ],
    );
  });
});
