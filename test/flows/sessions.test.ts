import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEvent, AuditEventType } from '../../src/core/audit-event.ts';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { callApi, loginByDevice } from '../support/cli-login.ts';
import { button, credentialsOn } from '../support/handout.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { useWorld, type World } from '../support/world.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';
const BROWSERS = '[aria-labelledby=browsers-title]';
const TERMINALS = '[aria-labelledby=terminals-title]';
const AWS = '[aria-labelledby=aws-title]';
const END = 'button[value=end-browser]';
const DISOWN = 'button[value=disown-browser]';

type Of<T extends AuditEventType> = Extract<AuditEvent, { readonly type: T }>;

const sessionsOf = (world: World, visitor: Visitor): Promise<Page> =>
  visitor.get(`${world.urls.bridge}/sessions`);
const signedIn = async (world: World, username: string, userAgent?: string): Promise<Visitor> =>
  (await world.signIn(username, 'oidc', { visitor: new Visitor(userAgent) })).visitor;
const isSignedIn = async (world: World, visitor: Visitor): Promise<boolean> =>
  (await visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length > 0;
/** The titles of the rows of a section. */
const rowsIn = (page: Page, section: string): readonly string[] =>
  page
    .$(`${section} h3`)
    .toArray()
    .map(row => page.$(row).text().replaceAll(/\s+/g, ' ').trim());
const textOf = (page: Page, selector: string): string =>
  page.$(selector).first().text().replaceAll(/\s+/g, ' ').trim();
const timesIn = (page: Page, selector: string): readonly string[] =>
  page
    .$(`${selector} .session-times time`)
    .toArray()
    .map(time => page.$(time).attr('datetime')!);
/** The time as a page has it: to the minute or finer. */
const isAbout = (shown: string | undefined, at: number): void =>
  assert.ok(
    Math.abs(Date.parse(shown!) - at) < 60_000,
    `${shown} is ${new Date(at).toISOString()}`,
  );
/** The trail is newest first. */
const last = async <T extends AuditEventType>(world: World, type: T): Promise<Of<T>> =>
  (await world.audit()).find((event): event is Of<T> => event.type === type)!;

describe('browsers on the page of sessions', () => {
  const world = useWorld();

  it('are this one first, then the others, newest first, in words', async () => {
    const here = await signedIn(world, 'alice', FIREFOX);
    world.clock.turn(1);
    await signedIn(world, 'alice', 'curl/8.1 <b>');
    world.clock.turn(1);
    await signedIn(world, 'alice', SAFARI);
    await signedIn(world, 'bob', SAFARI);
    const page = await sessionsOf(world, here);
    assert.deepEqual(rowsIn(page, BROWSERS), [
      'Firefox on Linux This browser',
      'Safari on iOS',
      'An unknown browser',
    ]);
    assert.match(textOf(page, `${BROWSERS} li:nth-child(2)`), /from 127\.0\.0\.1/);
    await here.submit(page, 'button[value=everywhere]');
  });

  it('show when they end, by the idle limit and by the absolute one', async () => {
    const other = await signedIn(world, 'alice', SAFARI);
    const start = world.clock.now();
    world.clock.turn(10 * MINUTE);
    await isSignedIn(world, other);
    world.clock.turn(20 * MINUTE);
    const here = await signedIn(world, 'alice', FIREFOX);
    const page = await sessionsOf(world, here);
    const minutes = (count: number) => start + count * MINUTE * 1000;
    const [hereIdle, hereEnd] = timesIn(page, `${BROWSERS} li:nth-child(1)`);
    isAbout(hereIdle, minutes(30 + 60));
    isAbout(hereEnd, minutes(30 + 12 * 60));
    const [used, idle, end] = timesIn(page, `${BROWSERS} li:nth-child(2)`);
    isAbout(used, minutes(10));
    isAbout(idle, minutes(10 + 60));
    isAbout(end, minutes(12 * 60));

    world.clock.turn(40 * MINUTE);
    const later = await sessionsOf(world, here);
    assert.deepEqual(rowsIn(later, BROWSERS), ['Firefox on Linux This browser'], 'idle');
    await here.submit(later, 'button[value=everywhere]');
  });

  it('end one by one, which the audit trail records', async () => {
    const here = await signedIn(world, 'alice', FIREFOX);
    const other = await signedIn(world, 'alice', SAFARI);
    const opened = await last(world, 'sign-in.succeeded');
    const page = await here.submit(await sessionsOf(world, here), END);
    assert.match(page.text, /That browser was signed out here/);
    assert.deepEqual(rowsIn(page, BROWSERS).length, 1);
    assert.deepEqual(
      [await isSignedIn(world, here), await isSignedIn(world, other)],
      [true, false],
    );
    const event = await last(world, 'browser-session.ended');
    assert.deepEqual(
      [event.browserSession, event.by, event.why, event.actor.username, event.origin.userAgent],
      [opened.browserSession, 'person', 'ended by the person', 'alice', FIREFOX],
    );
    await here.submit(page, 'button[value=everywhere]');
  });

  it('end once when two requests race, and the later one is told', async () => {
    const here = await signedIn(world, 'alice', FIREFOX);
    await signedIn(world, 'alice', SAFARI);
    const { browserSession } = await last(world, 'sign-in.succeeded');
    const page = await sessionsOf(world, here);
    const answers = await Promise.all([1, 2, 3].map(() => here.submit(page, END)));
    const said = answers.map(({ text }) => /was signed out here|already ended/.exec(text)?.[0]);
    assert.deepEqual(said.sort(), ['already ended', 'already ended', 'was signed out here']);
    const events = (await world.audit()).filter(
      event => event.type === 'browser-session.ended' && event.browserSession === browserSession,
    );
    assert.equal(events.length, 1);
    await here.submit(answers[0]!, 'button[value=everywhere]');
  });

  it('of another user are neither shown nor ended, whatever a form names', async () => {
    const here = await signedIn(world, 'alice', FIREFOX);
    await signedIn(world, 'alice', SAFARI);
    const bob = await signedIn(world, 'bob', SAFARI);
    const theirs = (await last(world, 'sign-in.succeeded')).browserSession!;
    const page = await sessionsOf(world, here);
    assert.ok(!page.html.includes(theirs));
    for (const selector of [END, DISOWN])
      for (const browser of [theirs, '0'.repeat(20), "' OR 1=1 --", '%', 'x'.repeat(64)]) {
        const answer = await here.submit(page, selector, { browser });
        assert.match(answer.text, /has already ended/);
      }
    assert.ok(await isSignedIn(world, bob));
    const ended = (await world.audit()).filter(
      event => 'browserSession' in event && event.browserSession === theirs,
    );
    assert.deepEqual(
      ended.map(({ type }) => type),
      ['sign-in.succeeded'],
    );
    await here.submit(page, 'button[value=everywhere]');
  });

  it('end for another browser of the same user with a form of that browser alone', async () => {
    const here = await signedIn(world, 'alice', FIREFOX);
    const other = await signedIn(world, 'alice', SAFARI);
    const page = await sessionsOf(world, here);
    const answer = await other.submit(page, END, { browser: '0'.repeat(20) });
    assert.match(answer.text, /Nothing was done|form/i);
    assert.deepEqual([await isSignedIn(world, here), await isSignedIn(world, other)], [true, true]);
    await here.submit(page, 'button[value=everywhere]');
  });

  it('are signed out by the row of this browser, and by its id in a form', async () => {
    for (const decision of ['row', 'end-browser', 'disown-browser']) {
      const here = await signedIn(world, 'alice', FIREFOX);
      const browser = (await last(world, 'sign-in.succeeded')).browserSession!;
      await signedIn(world, 'alice', SAFARI);
      const page = await sessionsOf(world, here);
      const selector =
        decision === 'row' ? `${BROWSERS} form[action="/sign-out"]` : `button[value=${decision}]`;
      const answer = await here.submit(page, selector, decision === 'row' ? {} : { browser });
      assert.match(answer.text, /You are signed out here/);
      assert.ok(!(await isSignedIn(world, here)));
      assert.equal((await last(world, 'sign-out')).browserSession, browser);
    }
  });

  it('of an earlier version are a number, and this one is known by its request', async () => {
    const here = await signedIn(world, 'alice', FIREFOX);
    const { sessions } = world.bridge.storage.store;
    const current = (await sessions.find(here.cookie(world.urls.bridge, 'rolebridge')!))!;
    const { publicId: _, openedFrom: __, ...earlier } = current;
    const ids = ['a', 'b'].map(letter => letter.repeat(43));
    for (const id of ids) await sessions.create({ ...earlier, id });
    const page = await sessionsOf(world, here);
    assert.match(page.text, /Not listed: 2 earlier sign-ins without details\./);

    const old = new Visitor(SAFARI);
    old.setCookie(world.urls.bridge, 'rolebridge', ids[0]!);
    const seen = await sessionsOf(world, old);
    const [first, ...others] = rowsIn(seen, BROWSERS);
    assert.equal(first, 'Safari on iOS This browser');
    assert.ok(others.includes('Firefox on Linux'));
    assert.match(seen.text, /Not listed: 1 earlier sign-in without details\./);
    await old.submit(seen, 'button[value=everywhere]');
    assert.ok(!(await isSignedIn(world, here)));
  });

  it('that the user did not start end with the terminals that they confirmed', async () => {
    const thief = await loginByDevice(world, 'carol', 'oidc');
    const stolen = (await last(world, 'cli-login.approved')).browserSession!;
    const own = await loginByDevice(world, 'carol', 'oidc');
    const page = await sessionsOf(world, own.visitor);
    const answer = await own.visitor.submit(page, DISOWN);

    assert.match(answer.text, /recorded that you did not start it. Contact your security team/);
    assert.equal(rowsIn(answer, TERMINALS).length, 1);
    const isLive = async (token: string) =>
      (await callApi(world, token, { path: '/whoami' })).status === 200;
    assert.deepEqual(
      [await isLive(thief.accessToken), await isLive(own.accessToken)],
      [false, true],
    );
    assert.ok(!(await isSignedIn(world, thief.visitor)));
    const event = await last(world, 'browser-session.disowned');
    assert.deepEqual([event.browserSession, event.signedInFrom], [stolen, '127.0.0.1']);
    assert.equal((await last(world, 'browser-session.ended')).why, 'the person did not start it');
    const terminal = await last(world, 'cli-session.ended');
    assert.deepEqual(
      [terminal.origin.correlationId, terminal.by, terminal.why],
      [
        event.origin.correlationId,
        'person',
        'confirmed in a browser session that the person did not start',
      ],
    );
  });
});

describe('AWS sessions on the page of sessions', () => {
  const world = useWorld();

  it('are what the user was given and can be alive, by role and kind, with their ends', async () => {
    const here = await signedIn(world, 'alice', FIREFOX);
    const none = await sessionsOf(world, here);
    assert.match(textOf(none, AWS), /no console session and no cred/);

    const portal = await here.get(world.urls.bridge);
    const given = world.clock.now();
    credentialsOn(await here.submit(portal, button('Credentials', 'prod', 'Admin')));
    const stopAt = (url: string) => !url.startsWith(world.urls.bridge);
    await here.submit(portal, button('Console', 'prod', 'Admin'), {}, { stopAt });
    await here.submit(portal, button('Console', 'prod', 'Admin'), {}, { stopAt });
    const page = await sessionsOf(world, here);
    assert.deepEqual(rowsIn(page, AWS), ['Admin in prod Production', 'Admin in prod Production']);
    const [consoles, credentials] = [1, 2].map(row => `${AWS} li:nth-child(${row})`);
    assert.match(textOf(page, consoles!), /2 consoles, given to this browser \(127\.0\.0\.1\)/);
    assert.match(textOf(page, consoles!), /all end at the latest/);
    assert.match(textOf(page, credentials!), /Credentials, given to this browser/);
    const link = await last(world, 'console-link.issued');
    const seconds = link.consoleSeconds;
    isAbout(
      timesIn(page, consoles!)[1],
      seconds === undefined ? link.expiresAt : given + (15 * MINUTE + seconds) * 1000,
    );
    isAbout(timesIn(page, credentials!)[1], (await last(world, 'credentials.issued')).expiresAt);
    assert.ok(!page.html.includes(link.accessKeyId));
    assert.equal((await last(world, 'credentials.issued')).browserSession, link.browserSession);

    const bob = await signedIn(world, 'bob', SAFARI);
    assert.match(textOf(await sessionsOf(world, bob), AWS), /no console session and no cred/);
    world.clock.turn(13 * HOUR);
    const later = await signedIn(world, 'alice', FIREFOX);
    assert.match(textOf(await sessionsOf(world, later), AWS), /no console session and no cred/);
  });

  it('name the terminal that was given them, also after it has ended', async () => {
    const terminal = await loginByDevice(world, 'alice', 'oidc');
    const body = { account: 'prod', role: 'Admin' };
    const answer = await callApi(world, terminal.accessToken, {
      ...{ method: 'POST', path: '/credentials', body },
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    const page = await sessionsOf(world, terminal.visitor);
    const name = rowsIn(page, TERMINALS)[0]!;
    assert.match(textOf(page, `${AWS} li`), new RegExp(`given to ${name} \\(127`));
    await terminal.visitor.submit(page, 'button[value=end]');
    const after = await sessionsOf(world, terminal.visitor);
    assert.match(textOf(after, `${AWS} li`), /given to a terminal that has ended/);
  });
});
