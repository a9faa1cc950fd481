import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { revoked } from '../../src/core/elevation-changes.ts';
import type { NotificationTarget } from '../../src/core/ports.ts';
import { createMailTargets, type MailParts } from '../../src/notify/email.ts';
import { createMailContent } from '../../src/notify/mail-content.ts';
import { act, grantedOf, waitingOf } from '../contracts/elevation-samples.ts';
import { NOW } from '../contracts/store-samples.ts';
import { freePort } from '../support/free-port.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { eventsOf, hostileEvent, ofEveryType, tellEach, urlOf } from './told-events.ts';

const ALICE_MAIL = 'alice@wonderland.example';
const REJECTED = "Can't send mail - all recipients were rejected";
const TEAM = 'aws-approvers@example.com';
const content = createMailContent(join(import.meta.dirname, '../../views'));

interface Mailboxes {
  readonly requesters: NotificationTarget;
  readonly team: NotificationTarget;
}

function mailboxes(smtpUrl: string, over: Partial<MailParts> = {}): Mailboxes {
  const [requesters, team] = createMailTargets({
    ...{ id: 'mail', smtpUrl, from: 'aws@example.com', to: [TEAM], urlOf, content },
    productName: 'rolebridge',
    ...over,
  });
  return { requesters: requesters!, team: team! };
}

async function mailServer(
  t: TestContext,
  options: Parameters<typeof startMailServer>[0] = { startTls: 'missing' },
): Promise<MailServer> {
  const server = await startMailServer(options);
  t.after(() => server.close());
  return server;
}

/** A server that answers a login with what `answer` makes of its line. Its port. */
async function answerToLogins(t: TestContext, answer: (line: string) => string): Promise<number> {
  const server = createServer(socket => {
    socket.on('error', () => {});
    socket.write('220 mail.example\r\n');
    socket.on('data', data => {
      const line = data.toString().trim();
      if (line.startsWith('EH')) socket.write('250-mail.example\r\n250 AUTH PLAIN\r\n');
      else if (line.startsWith('AUTH')) socket.write(`${answer(line)}\r\n`);
      else socket.end('221 bye\r\n');
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

describe('mail', () => {
  it('of every type of event keeps to the rules of headers, in plain text and HTML', async t => {
    const server = await mailServer(t);
    const { team } = mailboxes(`smtp://127.0.0.1:${server.port}`);
    const events = ofEveryType();
    const outcomes = await tellEach(team, events);
    assert.deepEqual(server.faults, []);
    assert.ok(outcomes.every(({ kind }) => kind === 'told'));
    for (const [index, { request }] of events.entries()) {
      const { headers, from, to, text, html } = server.taken[index]!;
      const address = urlOf(request.id);
      assert.deepEqual([from, to], ['aws@example.com', [TEAM]]);
      assert.equal(headers.get('auto-submitted'), 'auto-generated');
      assert.ok(text.includes(address) && html.includes(`<a href="${address}">`));
      assert.ok(text.startsWith(headers.get('subject')!));
    }
  });

  it('is from the name of the product as users know it, whatever is in it', async t => {
    const server = await mailServer(t);
    const productName = 'Acme "AWS" <evil@evil.example>, <b>';
    const { team } = mailboxes(`smtp://127.0.0.1:${server.port}`, { productName });
    await tellEach(team, eventsOf(waitingOf()));
    assert.deepEqual(server.faults, []);
    const { headers, from, to, text, html } = server.taken[0]!;
    assert.deepEqual([from, to], ['aws@example.com', [TEAM]]);
    assert.equal(
      headers.get('from'),
      '"Acme \\"AWS\\" <evil@evil.example>, <b>" <aws@example.com>',
    );
    assert.ok(text.includes(`\n${productName} sent this message.`));
    assert.ok(html.includes('&lt;evil@evil.example&gt;, &lt;b&gt; sent this message.'));
  });

  it('of a server that repeats the login in its answer leaves no password in the log', async t => {
    const [user, password] = ['mailer', 'a-password-of-mail'];
    const answered = await answerToLogins(t, line => `535 rejected: ${line} for ${password}`);
    const { team } = mailboxes(`smtp://${user}:${password}@127.0.0.1:${answered}`);
    const [telling] = await tellEach(team, eventsOf(waitingOf()));
    assert.ok(telling?.kind === 'failed');
    assert.match(telling.why, /535 rejected: AUTH PLAIN …/);
    assert.doesNotMatch(telling.why, /a-password|AUTH PLAIN [A-Za-z]/);
  });

  it('of one event has the same Message-ID for a recipient each time, and another for others', async t => {
    const server = await mailServer(t);
    const { requesters, team } = mailboxes(`smtp://127.0.0.1:${server.port}`);
    const [, approval] = eventsOf(grantedOf());
    await tellEach(team, [approval!, approval!]);
    await tellEach(requesters, [approval!]);
    const ids = server.taken.map(({ headers }) => headers.get('message-id'));
    assert.equal(ids[0], ids[1]);
    assert.notEqual(ids[0], ids[2]);
    assert.match(ids[0]!, /^<[0-9a-f.]+@example\.com>$/);
  });

  it('goes to requesters for what others decide about their own requests', async t => {
    const server = await mailServer(t);
    const { requesters } = mailboxes(`smtp://127.0.0.1:${server.port}`);
    const events = ofEveryType();
    await tellEach(requesters, events);
    assert.ok(server.taken.every(({ to }) => to.join() === ALICE_MAIL));
    const silent = ['requested', 'withdrawn', 'review-overdue'];
    assert.equal(
      server.taken.length,
      events.filter(({ event }) => !silent.includes(event.type)).length,
    );
    const own = revoked(grantedOf(), { ...act(grantedOf().requester, NOW + 1), as: 'requester' });
    const before = server.taken.length;
    await tellEach(requesters, eventsOf(own).slice(-1));
    assert.equal(server.taken.length, before, 'nothing of what they did themselves');
  });

  it('comes once to a requester who gets every event', async t => {
    const server = await mailServer(t);
    const to = ['Alice@Wonderland.example'];
    const { requesters } = mailboxes(`smtp://127.0.0.1:${server.port}`, { to });
    assert.deepEqual(await tellEach(requesters, eventsOf(grantedOf())), [
      { kind: 'told' },
      { kind: 'told' },
    ]);
    assert.equal(server.taken.length, 0);
  });

  it('adds no header, recipient or markup, whatever users write', async t => {
    const server = await mailServer(t);
    const { team } = mailboxes(`smtp://127.0.0.1:${server.port}`);
    const [telling] = await tellEach(team, [hostileEvent()]);
    assert.deepEqual(telling, { kind: 'told' }, server.faults.join());
    const { to, headers, html } = server.taken[0]!;
    assert.deepEqual(to, [TEAM]);
    assert.ok(headers.get('subject')!.length <= 200);
    assert.doesNotMatch(html, /<img|<!channel/);
    assert.match(html, /&lt;img src=x onerror=alert\(1\)&gt;/);
  });

  for (const email of ['a@b.example, c@d.example', 'a@b.example>\r\nDATA', '<a@b.example>', 'a'])
    it(`is refused to a requester whose e-mail is ${JSON.stringify(email)}`, async t => {
      const server = await mailServer(t);
      const { requesters } = mailboxes(`smtp://127.0.0.1:${server.port}`);
      const granted = grantedOf({ requester: { ...waitingOf().requester, email } });
      const [telling] = await tellEach(requesters, eventsOf(granted).slice(1));
      assert.equal(telling!.kind, 'refused');
      assert.equal(server.taken.length, 0);
    });

  it('is tried again after 4xx, and given up for that recipient after 5xx', async t => {
    const server = await mailServer(t);
    const { requesters, team } = mailboxes(`smtp://127.0.0.1:${server.port}`);
    server.answerTo = recipient =>
      recipient === TEAM ? [452, 'mailbox full'] : [550, 'no such user'];
    const [, approval] = eventsOf(grantedOf());
    const outcomes = [
      ...(await tellEach(team, [approval!])),
      ...(await tellEach(requesters, [approval!])),
    ];
    assert.deepEqual(outcomes, [
      { kind: 'failed', why: `${REJECTED}: 452 mailbox full` },
      { kind: 'refused', why: `${REJECTED}: 550 no such user` },
    ]);
  });

  it('to a server that is down, or that rejects the password, is tried again', async t => {
    const closed = mailboxes(`smtp://127.0.0.1:${await freePort()}`);
    const server = await mailServer(t, { startTls: 'missing', password: 'right' });
    const wrong = mailboxes(`smtp://bridge:wr%C3%B6ng@127.0.0.1:${server.port}`);
    for (const { team } of [closed, wrong]) {
      const [telling] = await tellEach(team, eventsOf(waitingOf()));
      assert.equal(telling!.kind, 'failed');
      assert.doesNotMatch(JSON.stringify(telling), /wröng|wr%C3/);
    }
  });

  it('to a server that hangs ends when it is aborted', async () => {
    const { createServer } = await import('node:net');
    const silent = createServer(socket => socket.on('error', () => {}));
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const limit = new AbortController();
    const telling = mailboxes(`smtp://127.0.0.1:${port}`).team.tell(
      eventsOf(waitingOf())[0]!,
      limit.signal,
    );
    await new Promise<void>(resolve => silent.once('connection', () => resolve()));
    limit.abort();
    assert.equal((await telling).kind, 'failed');
    await new Promise<void>(resolve => silent.close(() => resolve()));
  });
});

/** 127.1 is 127.0.0.1, and no code takes it for loopback. */
describe('mail to a server that is not on loopback', () => {
  it('is not sent without STARTTLS, and no password either', async t => {
    const server = await mailServer(t, { startTls: 'missing', password: 'right' });
    const { team } = mailboxes(`smtp://bridge:right@127.1:${server.port}`);
    const [telling] = await tellEach(team, eventsOf(waitingOf()));
    assert.equal(telling!.kind, 'failed');
    assert.equal(server.taken.length, 0);
  });

  it('is sent over TLS alone, to a server whose certificate is trusted', async t => {
    const server = await mailServer(t, { startTls: 'offered', password: 'right' });
    const { team } = mailboxes(`smtp://bridge:right@127.1:${server.port}`);
    const [untrusted] = await tellEach(team, eventsOf(waitingOf()));
    assert.equal(untrusted!.kind, 'failed');
    assert.equal(server.taken.length, 0);

    const trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, server.certificatePem]);
    t.after(() => setDefaultCACertificates(trusted));
    const [telling] = await tellEach(team, eventsOf(waitingOf()));
    assert.deepEqual(telling, { kind: 'told' });
    const { isEncrypted, user } = server.taken[0]!;
    assert.deepEqual({ isEncrypted, user }, { isEncrypted: true, user: 'bridge' });
  });
});
