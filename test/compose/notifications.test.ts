/** Notifications of a whole bridge, from what users do to what each target receives. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ask, RULES, viewerIn, WORKERS, withRules } from '../support/elevations.ts';
import { eventually } from '../support/eventually.ts';
import { useFixture } from '../support/fixture.ts';
import { startMailServer } from '../support/mail-server.ts';
import { startSlackReceiver, startWebhookReceiver } from '../support/webhook-receivers.ts';
import { useWorld } from '../support/world.ts';

const SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const TARGETS = `
notifications:
  - { id: ops, slack: { webhook: { env: SLACK } } }
  - { id: siem, webhook: { url: HOOK, secret: { env: SECRET } } }
  - { id: mail, email: { smtp: { env: SMTP }, from: aws@example.com, to: [team@example.com] } }
`;

describe('notifications of a bridge', () => {
  let origin = '';
  const siem = useFixture(
    () => startWebhookReceiver([SECRET]),
    one => one.close(),
  );
  const mail = useFixture(
    () => startMailServer({ startTls: 'missing' }),
    one => one.close(),
  );
  const ops = useFixture(
    () => startSlackReceiver(() => origin),
    one => one.close(),
  );
  const world = useWorld(() => ({
    configure: (yaml, urls) => {
      origin = urls.bridge;
      const targets = TARGETS.replace('HOOK', siem.url);
      return `${withRules(RULES)(yaml).replace(/^notifications:\n(?:[ #].*\n)*/m, '')}${targets}`;
    },
    people: WORKERS,
    env: { SLACK: ops.url, SECRET, SMTP: `smtp://127.0.0.1:${mail.port}` },
  }));

  it('reach every target at once, and the requester', async () => {
    const bob = await viewerIn(world, 'bob');
    const erin = await viewerIn(world, 'erin');
    const [asked] = await world.bridge.elevations.request(bob, ask({}));
    await world.bridge.elevations.approve(erin, { id: asked!.id });
    await eventually(
      () => siem.taken.length === 2 && ops.taken.length === 2 && mail.taken.length === 3,
    );

    assert.deepEqual(
      siem.taken.map(({ body: { type, data } }) => [type, data.url]),
      ['requested', 'approved'].map(type => [
        `elevation.${type}`,
        `${origin}/elevations/${asked!.id}`,
      ]),
    );
    assert.deepEqual(mail.taken.map(({ to }) => to.join()).sort(), [
      'bob@acme.example',
      'team@example.com',
      'team@example.com',
    ]);
    assert.deepEqual([siem.faults, ops.faults, mail.faults], [[], [], []]);
  });

  it('end with a snapshot that was retired, and go on with the next one', async () => {
    const before = siem.taken.length;
    await world.bridge.retire();
    const [asked] = await world.bridge.elevations.request(await viewerIn(world, 'bob'), {
      ...ask({ account: 'staging', ticket: 'OPS-1' }),
    });
    assert.equal(siem.taken.length, before);
    await world.compose();
    await eventually(() => siem.taken.length === before + 1);
    assert.equal(siem.taken.at(-1)!.body.data.id, asked!.id);
  });
});
