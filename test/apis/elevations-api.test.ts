/** Elevations by the bearer API; every answer is held against the document of the bridge. */
import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { type ApiDocument, checkedCaller } from '../support/api-document.ts';
import {
  type Answer,
  loginByCode,
  loginByDevice,
  makeContainerToken,
  type TerminalLogin,
} from '../support/cli-login.ts';
import { RULES, WORKERS, withRules } from '../support/elevations.ts';
import { enterPassword, useWorld } from '../support/world.ts';

const DAY = 24 * HOUR;
const UNKNOWN = '0'.repeat(20);
const ADMIN = { account: 'prod', role: 'Admin' };

describe('elevations by the bearer API', () => {
  const world = useWorld({ configure: withRules(RULES), people: WORKERS });
  let call: ReturnType<typeof checkedCaller>;
  const logins: Record<string, TerminalLogin> = {};
  before(async () => {
    const response = await fetch(`${world.urls.bridge}/api/v1/openapi.json`);
    call = checkedCaller(world, (await response.json()) as ApiDocument);
  });
  /** Everyone signs in again, and nothing of an earlier test is open. */
  beforeEach(async () => {
    world.clock.turn(2 * DAY);
    for (const name of ['bob', 'erin', 'grace', 'henry', 'carol', 'alice'])
      logins[name] = await loginByCode(world, (await world.signIn(name, 'oidc')).visitor);
  });

  const ask = (username: string, path: string, body?: object): Promise<Answer> =>
    call(logins[username]!.accessToken, {
      method: body === undefined && !path.endsWith('/withdraw') ? 'GET' : 'POST',
      path,
      body,
    });
  const request = (username: string, over: object = {}): Promise<Answer> =>
    ask(username, '/elevations', {
      ...{ roles: [ADMIN], duration_seconds: HOUR, reason: 'restore the index' },
      ...over,
    });
  const requestOf = async (username: string, over: object = {}): Promise<Answer['json']> => {
    const { status, json } = await request(username, over);
    assert.equal(status, 200, JSON.stringify(json));
    return json.elevations[0];
  };
  const act = (username: string, id: string, action: string, body: object = {}) =>
    ask(username, `/elevations/${id}/${action}`, body);
  const instant = (seconds: number): string =>
    new Date(world.clock.now() + seconds * 1000).toISOString();
  const roleOf = async (username: string) => {
    const { json } = await ask(username, '/roles');
    return json.roles.find(
      ({ account, role }: Answer['json']) => account.name === 'prod' && role === 'Admin',
    );
  };

  it('a role is listed with its form, requested, approved for less time, used and extended', async () => {
    const form = `${world.urls.bridge}/elevations/new?account=prod&role=Admin`;
    const withheld = await roleOf('bob');
    assert.deepEqual([withheld.usable, withheld.request_url], [false, form]);
    const { json: lists } = await ask('bob', '/elevations');
    const offer = lists.offers.find(({ account }: Answer['json']) => account.name === 'prod');
    assert.deepEqual(
      [offer.longest_seconds, offer.reason, offer.ticket, offer.break_glass, offer.open],
      [2 * HOUR, 'required', null, null, null],
    );

    const made = await requestOf('bob');
    assert.deepEqual(
      [made.status, made.requester.username, made.outstanding, made.rights, made.starts_at],
      ['waiting', 'bob', ['1 more from approvers'], ['withdraw'], null],
    );
    assert.equal(Date.parse(made.decide_by) - Date.parse(made.requested_at), DAY * 1000);
    assert.equal((await roleOf('bob')).request_url, made.url);
    const { json: waiting } = await ask('erin', '/elevations');
    assert.deepEqual(
      waiting.to_decide.map(({ id }: Answer['json']) => id),
      [made.id],
    );
    const { json: seen } = await ask('erin', `/elevations/${made.id}`);
    assert.deepEqual(
      [seen.rights.sort(), seen.requested_from, seen.reason],
      [['approve', 'deny'], '127.0.0.1', 'restore the index'],
    );

    const { json: approved } = await act('erin', made.id, 'approve', {
      ...{ duration_seconds: 45 * MINUTE, note: 'until noon' },
    });
    assert.equal(approved.status, 'active');
    assert.deepEqual(approved.approvals[0].note, 'until noon');
    assert.equal(Date.parse(approved.ends_at) - Date.parse(approved.starts_at), 45 * MINUTE * 1000);
    const held = await roleOf('bob');
    assert.deepEqual(
      [held.usable, held.elevation],
      [true, { id: made.id, ends_at: approved.ends_at }],
    );
    const { json: credentials } = await ask('bob', '/credentials', ADMIN);
    assert.equal(credentials.expires_at, approved.ends_at);
    assert.deepEqual(credentials.elevation, held.elevation);

    const extension = await requestOf('bob', { duration_seconds: 30 * MINUTE });
    assert.equal(extension.extends, made.id);
    const { json: extended } = await act('erin', extension.id, 'approve');
    assert.equal(
      Date.parse(extended.ends_at) - Date.parse(approved.ends_at),
      30 * MINUTE * 1000,
      'it ends that much later',
    );
    const { json: longer } = await ask('bob', '/credentials', ADMIN);
    assert.equal(longer.elevation.id, extension.id);
  });

  it('two programs share credentials until an extension, which its session tag names', async () => {
    const approved = async (over: object): Promise<string> => {
      const { id } = await requestOf('bob', over);
      await act('erin', id, 'approve');
      return id;
    };
    const query = new URLSearchParams({ account_id: '111122223333', role_name: 'Admin' });
    const shared = async (): Promise<{ accessKeyId: string; expiration: number }> => {
      const response = await fetch(`${world.urls.bridge}/federation/credentials?${query}`, {
        headers: { 'x-amz-sso_bearer_token': logins.bob!.accessToken },
      });
      const { roleCredentials } = (await response.json()) as Answer['json'];
      return roleCredentials;
    };
    /** The elevation in the newest assertion that the local AWS was given. */
    const tagged = (): string | undefined => {
      const assertion = world.toAws.at(-1)!.form.get('SAMLAssertion') ?? '';
      const xml = Buffer.from(assertion, 'base64').toString();
      return /PrincipalTag:ElevationId".*?>([0-9a-f]{20})</s.exec(xml)?.[1];
    };

    const first = await approved({ duration_seconds: 30 * MINUTE });
    const [one, other] = [await shared(), await shared()];
    assert.deepEqual([other.accessKeyId, tagged()], [one.accessKeyId, first]);
    const second = await approved({ duration_seconds: 30 * MINUTE });
    const longer = await shared();
    assert.notEqual(longer.accessKeyId, one.accessKeyId);
    assert.equal(longer.expiration - one.expiration, 30 * MINUTE * 1000);
    assert.equal(tagged(), second);
  });

  it('a batch needs each approver, and a later start waits for its time', async () => {
    const none = await request('bob', { roles: [{ account: 'staging', role: 'Admin' }] });
    assert.match(none.json.detail, /Enter a ticket like OPS-123/);
    const made = await requestOf('bob', {
      roles: [
        { account: 'staging', role: 'Admin' },
        { account: 'gov', role: 'Admin' },
      ],
      ...{ ticket: 'OPS-7', starts_at: instant(2 * HOUR) },
    });
    assert.match(made.batch, /^\w+$/);
    const first = (await act('erin', made.id, 'approve')).json;
    assert.deepEqual([first.status, first.outstanding], ['waiting', ['1 more from security']]);
    assert.equal(
      (await act('erin', made.id, 'approve')).json.code,
      'elevation_not_yours_to_decide',
    );
    const second = (await act('grace', made.id, 'approve')).json;
    assert.deepEqual([second.status, second.outstanding], ['scheduled', []]);
    const early = await ask('bob', '/credentials', { account: 'staging', role: 'Admin' });
    assert.deepEqual([early.status, early.json.request_url], [403, made.url]);
  });

  it('denies, withdraws and revokes, with who, why and what stays valid', async () => {
    const denied = (await act('erin', (await requestOf('bob')).id, 'deny', { note: 'no' })).json;
    assert.deepEqual(
      [denied.status, denied.ended.by.username, denied.ended.note],
      ['denied', 'erin', 'no'],
    );
    const withdrawn = await requestOf('bob');
    const own = await ask('bob', `/elevations/${withdrawn.id}/withdraw`);
    assert.equal(own.json.status, 'withdrawn');
    const again = await ask('bob', `/elevations/${withdrawn.id}/withdraw`);
    assert.deepEqual([again.status, again.json.code], [409, 'elevation_closed']);

    const { id } = await requestOf('bob');
    await act('erin', id, 'approve');
    const { json: credentials } = await ask('bob', '/credentials', ADMIN);
    const { json: watched } = await ask('erin', '/elevations');
    assert.deepEqual(
      watched.to_watch.map((of: Answer['json']) => of.id),
      [id],
    );
    const { json: revoked } = await act('erin', id, 'revoke', { note: 'done' });
    assert.deepEqual([revoked.status, revoked.ended.as], ['revoked', 'approver']);
    assert.deepEqual(
      revoked.alive.map((of: Answer['json']) => [of.kind, of.access_key_id, of.expires_at]),
      [['credentials', credentials.access_key_id, credentials.expires_at]],
    );
    assert.equal((await ask('bob', '/credentials', ADMIN)).status, 403);
  });

  it('grants a break-glass at once, and another user reviews it', async () => {
    const short = await request('henry', { break_glass: true, reason: 'down' });
    assert.deepEqual([short.status, short.json.code], [400, 'elevation_invalid']);
    const made = await requestOf('henry', { break_glass: true, reason: 'the site is down' });
    assert.deepEqual([made.status, made.review.done_at], ['active', null]);
    const { json: lists } = await ask('erin', '/elevations');
    assert.deepEqual(
      lists.to_review.map(({ id }: Answer['json']) => id),
      [made.id],
    );
    const own = await act('henry', made.id, 'review', { note: 'it was me, and all is well' });
    assert.equal(own.json.code, 'elevation_not_yours_to_decide');
    const { json } = await act('erin', made.id, 'review', { note: 'the outage of OPS-12' });
    assert.deepEqual([json.review.by.username, json.review.note], ['erin', 'the outage of OPS-12']);
    const twice = await act('erin', made.id, 'review', { note: 'the outage of OPS-12' });
    assert.equal(twice.json.code, 'elevation_closed');
  });

  it('is unknown to other users, and seen by administrators and auditors of its rule alone', async () => {
    const { id } = await requestOf('bob');
    const strip = ({ status, json: { correlation_id: _, ...json } }: Answer) => ({ status, json });
    const hidden = await ask('carol', `/elevations/${id}`);
    const unknown = await ask('carol', `/elevations/${UNKNOWN}`);
    assert.deepEqual(strip(hidden), strip(unknown));
    assert.deepEqual([hidden.status, hidden.json.code], [404, 'elevation_unknown']);
    for (const action of ['approve', 'deny', 'revoke'])
      assert.equal((await act('carol', id, action)).json.code, 'elevation_unknown', action);

    const { json: seen } = await ask('alice', `/elevations/${id}`);
    assert.deepEqual(seen.rights, ['revoke'], 'alice administers');
    assert.equal((await act('alice', id, 'approve')).json.code, 'elevation_not_yours_to_decide');
    const { json: lists } = await ask('carol', '/elevations');
    assert.deepEqual(lists, { mine: [], to_decide: [], to_review: [], to_watch: [], offers: [] });
  });

  it('a decision after 15 minutes gives the address of a step-up, after which it works', async () => {
    const { id } = await requestOf('bob');
    world.clock.turn(16 * MINUTE);
    for (const [action, body] of [
      ['approve', {}],
      ['deny', {}],
    ] as const) {
      const { status, json } = await act('erin', id, action, body);
      assert.deepEqual([status, json.code], [403, 'recent_sign_in_needed'], action);
      assert.match(json.step_up_url, /\/step-up\?session=[0-9a-f]{20}&within=900$/);
    }
    const { json } = await act('erin', id, 'approve');
    const { visitor } = logins.erin!;
    const question = await visitor.get(json.step_up_url);
    assert.match(question.text, /sign-in of the last 15 min/);
    const login = await visitor.submit(question, 'form[action="/step-up"]');
    await enterPassword(visitor, login, { username: 'erin' });
    assert.equal((await act('erin', id, 'approve')).json.status, 'active');
  });

  it('an old sign-in asks, withdraws and ends its own, and breaks no glass', async () => {
    world.clock.turn(16 * MINUTE);
    const { id } = await requestOf('bob');
    assert.equal((await ask('bob', `/elevations/${id}/withdraw`)).status, 200);
    const other = await requestOf('bob');
    logins.erin = await loginByCode(world, (await world.signIn('erin', 'oidc')).visitor);
    await act('erin', other.id, 'approve');
    world.clock.turn(16 * MINUTE);
    assert.equal((await act('bob', other.id, 'revoke')).json.status, 'revoked');
    const glass = await request('henry', { break_glass: true, reason: 'the site is down' });
    assert.equal(glass.json.code, 'recent_sign_in_needed');
  });

  it('a login by a code asks and decides nothing, and a container token reaches none', async () => {
    const { accessToken } = await loginByDevice(world, 'erin', 'oidc');
    const { id } = await requestOf('bob');
    for (const action of ['approve', 'deny', 'revoke']) {
      const { status, json } = await call(accessToken, {
        ...{ method: 'POST', path: `/elevations/${id}/${action}`, body: {} },
      });
      assert.deepEqual([status, json.code], [403, 'decision_not_for_device_login'], action);
      assert.equal(json.step_up_url, undefined, 'no step-up helps');
    }
    const asker = await loginByDevice(world, 'henry', 'oidc');
    const body = { roles: [ADMIN], duration_seconds: HOUR, reason: 'restore the index' };
    const made = await call(asker.accessToken, { method: 'POST', path: '/elevations', body });
    assert.equal(made.status, 200, JSON.stringify(made.json));
    const glass = { ...body, break_glass: true };
    const broken = await call(asker.accessToken, {
      method: 'POST',
      path: '/elevations',
      body: glass,
    });
    assert.equal(broken.json.code, 'decision_not_for_device_login');

    const { token } = await makeContainerToken(world, logins.bob!);
    for (const [method, path] of [
      ['GET', '/elevations'],
      ['GET', `/elevations/${id}`],
      ['POST', `/elevations/${id}/withdraw`],
    ] as const)
      assert.equal((await call(token, { method, path })).status, 401, path);
  });

  it('rejects what is malformed, too long or unknown, and names only the field', async () => {
    const { id } = await requestOf('bob');
    const long = 'x'.repeat(10_000);
    for (const [path, body, says] of [
      ['/elevations', { duration_seconds: HOUR }, /missing.*: roles\./],
      ['/elevations', { roles: [], duration_seconds: HOUR }, /: roles\./],
      ['/elevations', { roles: Array(21).fill(ADMIN), duration_seconds: HOUR }, /: roles\./],
      ['/elevations', { roles: [ADMIN], duration_seconds: '1h' }, /: duration_seconds\./],
      ['/elevations', { roles: [ADMIN], duration_seconds: 1.5 }, /: duration_seconds\./],
      ['/elevations', { roles: [{ ...ADMIN, arn: 1 }], duration_seconds: 1 }, /roles\.0 \(an unk/],
      ['/elevations', { roles: [ADMIN], duration_seconds: HOUR, evil: long }, /\(an unknown field/],
      ['/elevations', { roles: [ADMIN], duration_seconds: HOUR, reason: long }, /: reason\./],
      [
        '/elevations',
        { roles: [ADMIN], duration_seconds: HOUR, starts_at: '2027-01-01T10:00' },
        /: starts_at/,
      ],
      ['/elevations', { roles: [ADMIN], duration_seconds: HOUR, starts_at: 1 }, /: starts_at/],
      [`/elevations/${id}/approve`, { duration_seconds: 0 }, /: duration_seconds\./],
      [`/elevations/${id}/approve`, { seconds: 60 }, /unknown field/],
      [`/elevations/${id}/review`, {}, /: note\./],
      [`/elevations/${'x'.repeat(65)}/deny`, {}, /: id\./],
    ] as const) {
      const { status, json } = await ask('bob', path, body);
      assert.deepEqual([status, json.code], [400, 'bad_request'], JSON.stringify(body));
      assert.match(json.detail, says);
      assert.doesNotMatch(JSON.stringify(json), /evil|xxx/);
    }
    const { json } = await request('henry', { reason: 'x'.repeat(501) });
    assert.deepEqual(
      [json.code, json.detail],
      ['elevation_invalid', 'Use at most 500 characters.'],
    );
    const busy = await request('bob');
    assert.equal(busy.json.code, 'elevation_invalid');
    assert.equal(busy.json.request_url, `${world.urls.bridge}/elevations/${id}`);
  });
});
