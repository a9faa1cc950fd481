import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createInbox } from '../../src/dev/inbox.ts';
import { callApi, loginByCode } from '../support/cli-login.ts';
import { eventually } from '../support/eventually.ts';
import { useFixture } from '../support/fixture.ts';
import { useWorld } from '../support/world.ts';

const SECRET = `whsec_${Buffer.alloc(32, 'inbox').toString('base64')}`;
const OPERATOR = { account: 'prod', role: 'Operator' };

describe('the role of the demo that bob can request', () => {
  const inbox = useFixture(
    async () => {
      const server = createServer();
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/inbox`;
      return { url, server };
    },
    ({ server }) =>
      new Promise(resolve => {
        server.close(() => resolve(undefined));
        server.closeAllConnections();
      }),
  );
  const world = useWorld(() => ({
    configure: yaml =>
      `${yaml}\nnotifications:\n  - { id: inbox, webhook: { url: "${inbox.url}", secret: { env: INBOX } } }\n`,
    env: { INBOX: SECRET },
  }));

  it('is given after the approval of alice, with a session tag, and the inbox tells of both', async () => {
    const { handler, messages } = createInbox({ secret: SECRET, now: world.clock.now });
    inbox.server.on('request', handler);
    const { visitor: bob } = await world.signIn('bob', 'oidc');
    const { visitor: alice } = await world.signIn('alice', 'oidc');
    const [requester, approver] = [await loginByCode(world, bob), await loginByCode(world, alice)];
    const credentials = () =>
      callApi(world, requester.accessToken, {
        method: 'POST',
        path: '/credentials',
        body: OPERATOR,
      });

    assert.equal((await credentials()).status, 403);
    const asked = await callApi(world, requester.accessToken, {
      method: 'POST',
      path: '/elevations',
      body: { roles: [OPERATOR], duration_seconds: 3600, reason: 'restart the queue' },
    });
    const [{ id }] = asked.json.elevations;
    const approved = await callApi(world, approver.accessToken, {
      method: 'POST',
      path: `/elevations/${id}/approve`,
      body: {},
    });
    assert.deepEqual([approved.status, approved.json.status], [200, 'active']);
    assert.equal((await credentials()).status, 200);

    const [assertion] = world.toAws
      .slice(-1)
      .map(({ form }) => Buffer.from(form.get('SAMLAssertion') ?? '', 'base64').toString());
    assert.match(assertion!, new RegExp(`PrincipalTag:ElevationId".*>${id}<`, 's'));
    await eventually(() => messages().length === 2);
    assert.deepEqual(
      messages().map(({ body }) => (body as { type: string }).type),
      ['elevation.approved', 'elevation.requested'],
    );
  });
});
