import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTrailBudget, type TrailBudget } from '../../src/audit/trail-budget.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { ConnectorId, PersonId } from '../../src/core/identity.ts';

const AT = Date.UTC(2026, 10, 20, 9);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MONTH = 30 * DAY;

type Kind = 'sign-in.refused' | 'request.refused' | 'cli-login.refused';
const refused = (type: Kind, address: string, at = AT): AuditEvent =>
  ({
    ...{ type, at, origin: { correlationId: 'c', address }, code: 'bad_request', why: 'w' },
    ...(type === 'sign-in.refused' ? { connector: 'okta' } : { method: 'GET', path: '/' }),
  }) as AuditEvent;

/** How many of so many events are kept. */
function kept(budget: TrailBudget, times: number, event: (index: number) => AuditEvent): number {
  let count = 0;
  for (let index = 0; index < times; index++) if (budget.admits(event(index))) count += 1;
  return count;
}

const ipv4 = (index: number): string =>
  `${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.7`;
const site = (index: number): string =>
  `2001:db8:${(index >> 8).toString(16)}:${(index & 255).toString(16)}00::1`;

describe('the budgets of the trail', () => {
  it('keep sign-in refusals of other addresses while one address floods', () => {
    const budget = createTrailBudget();

    assert.equal(
      kept(budget, 10_000, () => refused('sign-in.refused', '203.0.113.66')),
      100,
    );
    assert.equal(
      kept(budget, 200, index => refused('sign-in.refused', ipv4(index))),
      200,
    );
  });

  it('keep sign-in refusals while all addresses flood with everything else', () => {
    const budget = createTrailBudget();
    for (const type of ['request.refused', 'cli-login.refused'] as const)
      assert.ok(kept(budget, 100_000, index => refused(type, ipv4(index))) <= 600);
    assert.equal(
      kept(budget, 800, index => refused('sign-in.refused', ipv4(index))),
      800,
    );
  });

  it('keep one type while another floods', () => {
    const budget = createTrailBudget();
    assert.equal(
      kept(budget, 10_000, index => refused('request.refused', ipv4(index))),
      400,
    );
    assert.ok(budget.admits(refused('cli-login.refused', '198.51.100.7')));
  });

  it('count the addresses of an IPv6 network of one site together, and the sites of one owner', () => {
    const budget = createTrailBudget();

    assert.equal(
      kept(budget, 10_000, index =>
        refused(
          'sign-in.refused',
          `2001:db8:1:2${(index % 256).toString(16).padStart(2, '0')}::${(index % 9999) + 1}`,
        ),
      ),
      100,
    );
    assert.equal(
      kept(budget, 100_000, index => refused('sign-in.refused', site(index))),
      200,
    );
    assert.equal(
      kept(budget, 300, index => refused('sign-in.refused', ipv4(index))),
      300,
    );
  });

  it('know an IPv4 address in IPv6 notation', () => {
    const budget = createTrailBudget();
    assert.equal(
      kept(budget, 150, () => refused('sign-in.refused', '203.0.113.66')),
      100,
    );
    assert.ok(!budget.admits(refused('sign-in.refused', '::ffff:203.0.113.66')));
  });

  it('remember a bounded number of addresses, however many there are', () => {
    const budget = createTrailBudget();
    let most = 0;
    for (let minute = 0; minute < 60; minute++) {
      kept(budget, 2_000, index =>
        refused('sign-in.refused', site(minute * 2_000 + index), AT + minute * MINUTE),
      );
      kept(budget, 2_000, index =>
        refused('sign-in.refused', ipv4(minute * 2_000 + index), AT + minute * MINUTE),
      );
      most = Math.max(most, budget.size());
    }

    assert.ok(most < 5_000, `${most} buckets`);
  });

  it('fill again with time, and not by a clock that is turned back', () => {
    const budget = createTrailBudget();
    kept(budget, 200, () => refused('sign-in.refused', '203.0.113.66'));

    assert.equal(
      kept(budget, 200, () => refused('sign-in.refused', '203.0.113.66', AT + MINUTE)),
      30,
    );
    assert.equal(
      kept(budget, 200, () => refused('sign-in.refused', '203.0.113.66', AT + MINUTE - 50)),
      0,
    );
    assert.equal(
      kept(budget, 200, () => refused('sign-in.refused', '203.0.113.66', AT - DAY)),
      0,
    );
    // From there it goes on: no caller is silent until the old time comes again.
    assert.equal(
      kept(budget, 200, () => refused('sign-in.refused', '203.0.113.66', AT - DAY + MINUTE)),
      30,
    );
  });

  it('let one address, or all types but sign-in refusals, cause fewer rows in thirty days than are kept', () => {
    const [one, others] = [createTrailBudget(), createTrailBudget()];
    let [ofOne, ofOthers] = [0, 0];
    const hours = MONTH / (60 * MINUTE);
    // An hour of it, which the other hours are like.
    for (let second = 0; second < 3_600; second++) {
      const at = AT + second * 1000;
      for (const type of ['sign-in.refused', 'request.refused', 'cli-login.refused'] as const) {
        ofOne += kept(one, 20, () => refused(type, '203.0.113.66', at));
        if (type !== 'sign-in.refused')
          ofOthers += kept(others, 20, index => refused(type, ipv4(second * 20 + index), at));
      }
    }

    assert.ok(ofOne * hours < 6_000_000, `${ofOne} an hour`);
    assert.ok(ofOthers * hours < 6_000_000, `${ofOthers} an hour`);
  });

  it('count users apart from each other, and their types', () => {
    const budget = createTrailBudget();
    const actor = (person: string) => ({
      person: person as PersonId,
      connector: 'okta' as ConnectorId,
      username: person,
    });
    const by = (person: string, type: Kind): AuditEvent =>
      ({ ...refused(type, '203.0.113.66'), actor: actor(person) }) as AuditEvent;

    assert.equal(
      kept(budget, 1_000, () => by('alice', 'request.refused')),
      100,
    );
    assert.ok(budget.admits(by('bob', 'request.refused')));
    assert.ok(budget.admits(by('alice', 'cli-login.refused')));
    assert.ok(budget.admits(refused('request.refused', '203.0.113.66')));
  });

  it('count workloads apart from each other, from users and from strangers at one address', () => {
    const budget = createTrailBudget();
    const by = (workload: object): AuditEvent =>
      ({
        ...refused('request.refused', '203.0.113.66'),
        type: 'workload.refused',
        ...workload,
      }) as AuditEvent;
    const of = (id: string) => ({ workload: id, entry: 'github', subject: `repo:acme/${id}` });

    assert.equal(
      kept(budget, 1_000, () => by({ workload: of('api') })),
      100,
    );
    assert.ok(budget.admits(by({ workload: of('web') })));
    // Anyone can have a token of a public issuer, under as many subjects as they like.
    assert.equal(
      kept(budget, 1_000, index => by({ stranger: of(`repo-${index}`) })),
      100,
    );
    assert.ok(!budget.admits(by({})));
    assert.ok(budget.admits(by({ workload: of('other') })));
    assert.ok(!budget.admits(by({ workload: of('api') })));
    assert.equal(
      kept(budget, 1_000, () => ({ ...by({ workload: of('api') }), at: AT + MINUTE })),
      10,
    );
  });
});
