/** Attacks on elevations: each is refused, changes nothing, and is in the trail. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { type Elevation, statusOf } from '../../src/core/elevation.ts';
import {
  type Answer,
  callApi,
  loginByCode,
  loginByDevice,
  makeContainerToken,
  type TerminalLogin,
} from '../support/cli-login.ts';
import { RULES, WORKERS, withRules } from '../support/elevations.ts';
import { Visitor } from '../support/visitor.ts';
import { type Protocol, useWorld } from '../support/world.ts';

const HOUR = 3600;
const MINUTE = 60;
const AGENT = 'attack';

/** An approver who is eligible, too, and knows both providers. */
const IVAN = {
  ...{ username: 'ivan', password: 'ivan', displayName: 'Ivan', department: 'Test' },
  ...{ email: 'ivan@acme.example', groups: ['developers', 'approvers'] },
};
/** An approver whose e-mail is going to be that of ivan. */
const JUDY = {
  ...{ username: 'judy', password: 'judy', displayName: 'Judy', department: 'Test' },
  ...{ email: 'second@acme.example', groups: ['approvers'] },
};

describe('attacks on elevations', () => {
  const world = useWorld({ configure: withRules(RULES), people: [...WORKERS, IVAN, JUDY] });
  const logins: Record<string, TerminalLogin> = {};
  const login = async (username: string, protocol: Protocol = 'oidc') => {
    const { visitor } = await world.signIn(username, protocol);
    return loginByCode(world, visitor);
  };
  before(async () => {
    for (const name of ['bob', 'erin', 'ivan', 'dave']) logins[name] = await login(name);
  });

  const call = (
    token: string | undefined,
    path: string,
    body: object | undefined = {},
  ): Promise<Answer> => {
    const headers = { 'user-agent': AGENT };
    return callApi(world, token, { method: 'POST', path: `/elevations${path}`, body, headers });
  };
  const request = async (username: string, over: object = {}): Promise<Answer> =>
    call(logins[username]!.accessToken, '', {
      roles: [{ account: 'prod', role: 'Admin' }],
      ...{ duration_seconds: HOUR, reason: 'an ordinary reason' },
      ...over,
    });
  const requestId = async (username: string): Promise<string> => {
    const { status, json } = await request(username);
    assert.equal(status, 200, JSON.stringify(json));
    return json.elevations[0].id;
  };
  const elevation = async (id: string) =>
    (await world.bridge.storage.store.elevations.find(id)) as Elevation;
  const statusNow = async (id: string) => statusOf(await elevation(id), world.clock.now());
  const refusals = async () =>
    (await world.audit()).filter(
      (event): event is Extract<AuditEvent, { type: 'elevation.refused' }> =>
        event.type === 'elevation.refused' && event.origin.userAgent === AGENT,
    );
  /** The newest refusal is this one, and the request is as it was. */
  const isRefused = async (answer: Answer, expected: { code: string; id: string }) => {
    assert.equal(answer.json.code, expected.code, JSON.stringify(answer.json));
    assert.equal((await refusals())[0]?.code, expected.code);
    assert.equal(await statusNow(expected.id), 'waiting');
    const { votes } = await elevation(expected.id);
    assert.deepEqual(votes, []);
  };
  const withdraw = (username: string, id: string) =>
    call(logins[username]!.accessToken, `/${id}/withdraw`, undefined);

  it('refuses self-approval by the same account, a second connector, and names that changed', async () => {
    const id = await requestId('ivan');
    const refused = { code: 'elevation_not_yours_to_decide', id };
    await isRefused(await call(logins.ivan!.accessToken, `/${id}/approve`), refused);

    const bySaml = await login('ivan', 'saml');
    await isRefused(await call(bySaml.accessToken, `/${id}/approve`), refused);

    // The e-mail of ivan becomes that of judy after the request.
    const judy = await login('judy');
    world.oidcIdp.directory.change('ivan', { email: JUDY.email });
    world.clock.turn(MINUTE);
    await login('ivan');
    await isRefused(await call(judy.accessToken, `/${id}/approve`), refused);
    await withdraw('ivan', id);
  });

  it('refuses decisions of a login that was confirmed by a code, of an old one, and of a container', async () => {
    const id = await requestId('bob');
    for (const action of ['approve', 'deny', 'revoke']) {
      const device = await loginByDevice(world, 'erin', 'oidc');
      await isRefused(await call(device.accessToken, `/${id}/${action}`), {
        ...{ code: 'decision_not_for_device_login', id },
      });
    }
    world.clock.turn(16 * MINUTE);
    for (const action of ['approve', 'deny', 'revoke']) {
      const stale = await call(logins.erin!.accessToken, `/${id}/${action}`);
      await isRefused(stale, { code: 'recent_sign_in_needed', id });
      assert.match(stale.json.step_up_url, /\/step-up\?session=[0-9a-f]{20}&within=900$/);
    }
    const container = await makeContainerToken(world, logins.bob!);
    assert.equal((await call(container.token, `/${id}/withdraw`)).status, 401);
    assert.equal((await call(undefined, `/${id}/approve`)).status, 401);
    assert.equal(await statusNow(id), 'waiting');
    await withdraw('bob', id);
  });

  it('answers alike for unknown requests and for those of others', async () => {
    const id = await requestId('bob');
    const known = await call(logins.dave!.accessToken, `/${id}/withdraw`);
    const unknown = await call(logins.dave!.accessToken, `/${'0'.repeat(20)}/withdraw`);
    const strip = ({ json: { correlation_id: _, ...json } }: Answer) => json;
    assert.deepEqual(strip(known), strip(unknown));
    assert.equal(known.json.code, 'elevation_unknown');
    assert.equal(await statusNow(id), 'waiting');
    await withdraw('bob', id);
  });

  for (const [what, over, code] of [
    [
      'a role without a rule',
      { roles: [{ account: 'gov', role: 'Owner' }] },
      'elevation_not_offered',
    ],
    ['an unknown account', { roles: [{ account: 'x', role: 'Admin' }] }, 'elevation_not_offered'],
    [
      'a role that they have',
      { roles: [{ account: 'prod', role: 'Developer' }] },
      'elevation_not_offered',
    ],
    ['more time than is offered', { duration_seconds: 2 * HOUR + 1 }, 'elevation_invalid'],
    ['less time than 30 minutes', { duration_seconds: 30 * MINUTE - 1 }, 'elevation_invalid'],
    ['a role without the required reason', { reason: ' \u0007 ' }, 'elevation_invalid'],
    [
      'a role without the required ticket',
      { roles: [{ account: 'staging', role: 'Admin' }] },
      'elevation_invalid',
    ],
    [
      'one role twice',
      {
        roles: [
          { account: 'prod', role: 'Admin' },
          { account: '111122223333', role: 'Admin' },
        ],
      },
      'elevation_invalid',
    ],
  ] as const)
    it(`refuses a request for ${what}, and makes none`, async () => {
      const before = (await callApi(world, logins.bob!.accessToken, { path: '/elevations' })).json;
      const { json } = await request('bob', over);
      assert.equal(json.code, code, JSON.stringify(json));
      const after = (await callApi(world, logins.bob!.accessToken, { path: '/elevations' })).json;
      assert.deepEqual(after.mine, before.mine);
    });

  it('breaks no glass for a user whom breakGlass does not select', async () => {
    logins.bob = await login('bob');
    const { json } = await request('bob', { break_glass: true, reason: 'everything is on fire' });
    assert.equal(json.code, 'elevation_not_offered');
    assert.equal((await refusals())[0]?.action, 'break-glass');
  });

  it('makes no batch of which one role is refused', async () => {
    const roles = [
      { account: 'prod', role: 'Admin' },
      { account: 'gov', role: 'Owner' },
    ];
    assert.equal((await request('bob', { roles })).json.code, 'elevation_not_offered');
    const { json } = await callApi(world, logins.bob!.accessToken, { path: '/elevations' });
    assert.deepEqual(
      json.mine.filter(({ status }: { status: string }) => status === 'waiting'),
      [],
    );
  });

  it('lets an approver give no more than was asked for', async () => {
    const id = await requestId('bob');
    const erin = await login('erin');
    for (const seconds of [HOUR + 1, 12 * HOUR, 60])
      assert.equal(
        (await call(erin.accessToken, `/${id}/approve`, { duration_seconds: seconds })).json.code,
        'elevation_invalid',
      );
    await withdraw('bob', id);
  });

  it('gives nothing to another user, for another role or account, or after its end', async () => {
    const id = await requestId('bob');
    const erin = await login('erin');
    const granted = await call(erin.accessToken, `/${id}/approve`);
    assert.equal(granted.json.status, 'active', JSON.stringify(granted.json));
    const credentials = (username: string, account: string, role: string) =>
      callApi(world, logins[username]!.accessToken, {
        ...{ method: 'POST', path: '/credentials', body: { account, role } },
      });
    assert.equal((await credentials('dave', 'prod', 'Admin')).json.code, 'approval_missing');
    assert.equal((await credentials('bob', 'staging', 'Admin')).json.code, 'approval_missing');
    const given = await credentials('bob', 'prod', 'Admin');
    assert.equal(given.status, 200, JSON.stringify(given.json));
    const { granted: times } = await elevation(id);
    assert.ok(Date.parse(given.json.expires_at) <= times!.endsAt);

    const shared = (token: string) =>
      fetch(`${world.urls.bridge}/federation/credentials?account_id=111122223333&role_name=Admin`, {
        headers: { 'x-amz-sso_bearer_token': token },
      });
    // Two programs share credentials of one elevation; the next one gives others.
    const keyOf = async (answer: globalThis.Response) =>
      ((await answer.json()) as { roleCredentials: { accessKeyId: string; expiration: number } })
        .roleCredentials;
    const first = await keyOf(await shared(logins.bob!.accessToken));
    const second = await keyOf(await shared(logins.bob!.accessToken));
    assert.equal(second.accessKeyId, first.accessKeyId);
    await call(logins.bob!.accessToken, `/${id}/revoke`);
    assert.equal((await shared(logins.bob!.accessToken)).status, 403);
    const next = await requestId('bob');
    await call((await login('erin')).accessToken, `/${next}/approve`, {
      duration_seconds: 30 * MINUTE,
    });
    const third = await keyOf(await shared(logins.bob!.accessToken));
    assert.notEqual(third.accessKeyId, first.accessKeyId);
    assert.ok(third.expiration <= (await elevation(next)).granted!.endsAt);
  });

  it('decides nothing by the address that notifications carry', async () => {
    const id = await requestId('dave');
    const page = `${world.urls.bridge}/elevations/${id}`;
    const { visitor } = await world.signIn('erin', 'oidc');
    for (const address of [page, `${page}?action=approve`, `${page}?action=deny&csrf_token=x`])
      await visitor.get(address);
    const stranger = await new Visitor().get(page);
    assert.doesNotMatch(stranger.text, /dave|Admin/);
    const forged = await fetch(page, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        cookie: `rolebridge=${visitor.cookie(world.urls.bridge, 'rolebridge')}`,
        'content-type': 'application/x-www-form-urlencoded',
        origin: 'https://evil.example',
      },
      body: 'action=approve',
    });
    assert.ok(forged.status === 403, String(forged.status));
    assert.equal(await statusNow(id), 'waiting');
  });
});
