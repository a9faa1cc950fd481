/** Asking for roles and deciding, on the pages: lists, form, one elevation, portal and refusals. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { callApi, loginByCode } from '../support/cli-login.ts';
import { RULES, WORKERS, withRules } from '../support/elevations.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import { useWorld } from '../support/world.ts';

const NEW = '/elevations/new?account=prod&role=Admin';
const CONSOLE = '/console?account=prod&role=Admin';
const NOTIFIED = `
notifications:
  - { id: mail, email: { smtp: { env: SMTP_URL }, from: aws@acme.example } }
administration:`;
const OPTIONAL = 'tags: { Team: { value: "{username}", optional: true } }';
const codeOf = (page: Page): string => page.$('.status-line code').text();
const FORM = 'form:has(#reason)';

describe('the pages of elevations', () => {
  const world = useWorld({
    configure: yaml =>
      withRules(RULES)(yaml)
        .replace('\nadministration:', NOTIFIED)
        .replace('session: { sourceIdentity: "{sessionName}"', `$&, ${OPTIONAL}`),
    people: WORKERS,
    env: { SMTP_URL: 'smtp://127.0.0.1:9' },
  });
  // Nothing of an earlier test is open, and no sign-in is recent.
  beforeEach(() => world.clock.turn(26 * HOUR));

  const signIn = async (username: string): Promise<Visitor> =>
    (await world.signIn(username, 'oidc')).visitor;
  const open = (visitor: Visitor, path: string): Promise<Page> =>
    visitor.get(world.urls.bridge + path);
  const pathOf = ({ url }: Page): string => new URL(url).pathname;
  /** A request of bob for prod/Admin. */
  const request = async (fields: Readonly<Record<string, string>> = {}) => {
    const bob = await signIn('bob');
    const form = await open(bob, NEW);
    const page = await bob.submit(form, FORM, { reason: 'deploy the fix', ...fields });
    assert.equal(page.status, 200, page.text);
    return { bob, page, path: pathOf(page) };
  };
  const act = async (
    visitor: Visitor,
    path: string,
    action: string,
    fields: Readonly<Record<string, string>> = {},
  ): Promise<Page> => visitor.submit(await open(visitor, path), `button[value=${action}]`, fields);

  it('the tag with the id of the elevation stays when optional tags are left out', async () => {
    const { bob, path } = await request();
    await act(await signIn('erin'), path, 'approve');
    const from = world.toAws.length;
    world.aws.faults.arm({ sts: { packedSize: 1 } });
    const link = await bob.get(`${world.urls.bridge}${CONSOLE}`);
    assert.match(link.text, /ElevationId/);
    assert.ok(!link.text.includes('Team'));
    const calls = world.toAws.slice(from).filter(({ form }) => form.has('SAMLAssertion'));
    assert.equal(calls.length, 2);
  });

  it('a request leads from the portal to an approval, and the role is open', async () => {
    const bob = await signIn('bob');
    const portal = await open(bob, '/');
    assert.match(portal.text, /Admin.*gives the role only for a time, after an approval.*Request/);
    assert.equal(portal.$('a[href="/elevations"]').text(), 'Requests');
    const link = portal.$('a[aria-label="Request this role: prod as Admin"]');
    const form = await open(bob, link.attr('href')!);
    assert.match(form.text, /Request Admin in prod.*Requires 1 approval from approvers/);
    const made = await bob.submit(form, FORM, { reason: 'deploy the fix', duration: '5400s' });
    assert.match(made.text, /You requested the role.*Duration1 h 30 min/);
    assert.match((await open(bob, '/')).text, /waits for approval until .*See the request/);

    const erin = await signIn('erin');
    const list = await open(erin, '/elevations');
    assert.match(list.text, /Waiting for your decision 1.*Admin in prod.*Bob Brandt bob/);
    assert.match(
      list.text,
      /1 h 30 min, waiting for less than a minute.*deploy the fix.*Decide by/,
    );
    const seen = await open(erin, list.$('a:contains("Decide")').attr('href')!);
    assert.match(seen.text, /User name\s*bob.*Email\s*bob@acme.example.*Signed in by\s*corp-oidc/);
    assert.match(seen.text, /Limited by\s*only the policies of the role/);
    assert.match(seen.text, /Session tags\s*Team: \{username\}\s*Optional tags\s*Team/);
    assert.match(
      seen.text,
      /deploy the fix.*Requester.*What the role gives.*Missing.*Your decision/,
    );
    assert.match(seen.text, /Missing: 1 more from approvers/);
    assert.match(seen.text, /Other requests of this user/);
    const approved = await erin.submit(seen, 'button[value=approve]', { note: 'good luck' });
    assert.match(approved.text, /You approved it\. The role is granted from/);
    assert.match(approved.text, /History.*Bob Brandt \(bob\) requested the role.*erin approved it/);
    assert.match(approved.text, /good luck/);

    const after = await open(bob, '/');
    assert.match(after.text, /elevated, 1 h 30 min left/);
    const ask = await open(bob, '/credentials?account=prod&role=Admin');
    assert.match(ask.text, /up to 1 h 30 min/);
    const given = await bob.submit(ask, 'form[action="/credentials"]');
    assert.match(given.text, /AWS_ACCESS_KEY_ID/);
    assert.doesNotMatch(given.text, /but AWS allows/);

    world.clock.turn(40 * MINUTE);
    await open(bob, '/');
    world.clock.turn(40 * MINUTE);
    assert.match((await open(bob, '/')).text, /has 10 min left.*Request an extension/);
  });

  it('a form that is wrong comes back with what was typed, and says what is wrong', async () => {
    const bob = await signIn('bob');
    const form = await open(bob, `${NEW}&duration=90m&reason=from+the+link`);
    assert.equal(form.$('#reason').text().trim(), 'from the link');
    assert.equal(form.$('#duration option[selected]').text(), '1 h 30 min');
    assert.equal(form.$('#reason').attr('required'), 'required');
    const TABLE = [
      [{ reason: ' ' }, 'reason', /Enter what you need the role for/],
      [{ reason: 'x'.repeat(501) }, 'reason', /at most 500 characters/],
      [{ duration: '3h' }, 'duration', /Choose 30 min to 2 h/],
      [{ duration: 'soon' }, 'duration', /Choose a duration/],
      [{ start: 'tomorrow' }, 'start', /Write the start as/],
      [{ start: '2999-01-01T10:00' }, 'start', /within the next 30 days/],
    ] as const;
    for (const [wrong, field, says] of TABLE) {
      const typed = { reason: 'deploy', start: '', ...wrong };
      const back = await bob.submit(form, FORM, typed);
      assert.equal(back.status, 400);
      assert.match(back.$(`#${field}-problem`).text(), says);
      assert.equal(back.$(`#${field}`).attr('aria-invalid'), 'true');
      assert.equal(back.$('#start').attr('value') ?? '', typed.start);
      assert.equal(back.$('#reason').text().trim(), typed.reason.trim());
      assert.equal(back.$('.field-problem').length, 1);
    }
    assert.match((await open(bob, '/elevations')).text, /You have no open request/);
  });

  it('roles are chosen together, and each is decided by its own approvers', async () => {
    const bob = await signIn('bob');
    const choice = await open(bob, '/elevations/new');
    assert.deepEqual(
      choice
        .$('fieldset legend')
        .toArray()
        .map(legend => choice.$(legend).text().split(' ')[0]),
      ['gov', 'prod', 'staging'],
    );
    choice.$('input[type=checkbox][value$="/Admin"]').attr('checked', '');
    const form = await bob.submit(choice, 'form[action="/elevations/new"]');
    assert.match(form.text, /Request 3 roles.*2 h/);
    assert.equal(form.$('#ticket').attr('pattern'), '(?:OPS)-[1-9][0-9]{0,9}');
    const wrong = await bob.submit(form, FORM, { reason: 'a migration', ticket: 'X-1' });
    assert.match(wrong.$('#ticket-problem').text(), /Enter a ticket like OPS-123/);
    const list = await bob.submit(wrong, FORM, { ticket: 'OPS-7' });
    assert.match(list.text, /You requested 3 roles\. Each is decided by its own approvers\./);
    const erin = await open(await signIn('erin'), '/elevations');
    assert.match(erin.text, /Waiting for your decision 3/);
    const grace = await open(await signIn('grace'), '/elevations');
    assert.match(grace.text, /Waiting for your decision 2/);
    assert.doesNotMatch(grace.text, /Admin in prod/);
  });

  it('more roles than a page takes are refused with the choice kept', async () => {
    const bob = await signIn('bob');
    const many = Array.from({ length: 11 }, (_, index) => `role_${index}=111122223333/Admin`);
    const page = await open(bob, `/elevations/new?${many.join('&')}`);
    assert.match(page.text, /Choose at most 10 roles at once/);
    assert.equal(page.$('input[type=checkbox][checked]').length, 1);
    assert.equal((await open(bob, '/elevations/new?role_0=prod')).status, 400);
    assert.equal((await open(bob, '/elevations/new?account=prod&role=Root')).status, 403);
  });

  it('an approver gives less time, after a step-up that keeps what was chosen', async () => {
    const { bob, path } = await request({ duration: '2h' });
    const erin = await signIn('erin');
    world.clock.turn(20 * MINUTE);
    const seen = await open(erin, path);
    assert.match(seen.text, /your identity provider verifies you again/);
    const login = await act(erin, path, 'approve', { duration: '3600s', note: 'one hour' });
    const back = await erin.submit(login, 'form', { username: 'erin', password: 'erin' });
    assert.equal(pathOf(back), path, back.text);
    assert.equal(back.$('#duration option[selected]').text(), '1 h');
    assert.equal(back.$('#note').text().trim(), 'one hour');
    assert.match(back.text, /Waiting for approval/, 'a step-up decides nothing');
    const done = await erin.submit(back, 'button[value=approve]');
    assert.match(done.text, /You approved it/);
    assert.match((await open(bob, path)).text, /Active.*1 h left/);
  });

  it('a request is denied, withdrawn and lapses, with the reason shown', async () => {
    const denied = await request();
    const erin = await signIn('erin');
    const answer = await act(erin, denied.path, 'deny', { note: 'use the pipeline' });
    assert.match(answer.text, /You denied the request/);
    assert.match((await open(denied.bob, denied.path)).text, /Denied.*use the pipeline/);
    assert.match((await open(denied.bob, '/')).text, /last request was denied at/);
    const withdrawn = await request();
    assert.match(
      (await act(withdrawn.bob, withdrawn.path, 'withdraw')).text,
      /You withdrew the request/,
    );
    const stale = await open(erin, withdrawn.path);
    assert.equal(stale.$('button[value=approve]').length, 0);
    const lapsing = await request();
    world.clock.turn(25 * HOUR);
    const bob = await signIn('bob');
    assert.match((await open(bob, lapsing.path)).text, /Not decided in time/);
    const { text } = await open(bob, '/elevations');
    assert.match(text, /Earlier requests \d.*Not decided.*Withdrawn.*Denied.*Request again/);
  });

  it('a form of a request that was decided meanwhile shows what happened', async () => {
    const { path } = await request();
    const [erin, frank] = [await signIn('erin'), await signIn('frank')];
    const early = await open(frank, path);
    await act(erin, path, 'deny');
    const late = await frank.submit(early, 'button[value=approve]');
    assert.equal(late.status, 409);
    assert.match(late.text, /has been decided or has ended.*erin denied it/);
  });

  it('an active elevation is revoked, and the page says what AWS still accepts', async () => {
    const { bob, path } = await request({ duration: '2h' });
    const erin = await signIn('erin');
    await act(erin, path, 'approve');
    const ask = await open(bob, '/credentials?account=prod&role=Admin');
    await bob.submit(ask, 'form[action="/credentials"]');
    const watched = await open(erin, '/elevations');
    assert.match(watched.text, /Active elevations of others 1/);
    const done = await act(erin, path, 'revoke', { note: 'wrong account' });
    assert.match(done.text, /You ended it\. The bridge hands out no more credentials/);
    assert.match(done.text, /What AWS still accepts 1.*Credentials ASIA\w+.*Until .*session bob-/);
    assert.match(done.text, /erin revoked it.*wrong account/);
    const refused = await open(bob, CONSOLE);
    assert.equal(refused.status, 403);
    assert.match(refused.text, /was revoked at/);
    assert.match(refused.text, /Approval missing\s*operate/);
  });

  it('the requester extends and ends their own', async () => {
    const { bob, path } = await request({ duration: '2h' });
    await act(await signIn('erin'), path, 'approve');
    const early = await open(bob, NEW);
    assert.match(early.text, /You can extend prod\/Admin when 1 h 30 min or less of it is left/);
    assert.equal(early.$('#reason').length, 0);
    world.clock.turn(50 * MINUTE);
    const seen = await open(bob, path);
    const form = await open(bob, seen.$('a:contains("Extend")').attr('href')!);
    assert.match(form.text, /Extend Admin in prod.*This extends an elevation that ends at/);
    assert.equal(form.$('#start').length, 0);
    assert.equal(form.$('#duration option').last().text(), '50 min');
    const extension = await bob.submit(form, FORM, { reason: 'still at it', duration: '30m' });
    assert.match(extension.text, /Extension/);
    const ended = await act(bob, path, 'revoke');
    assert.match(ended.text, /You ended it/);
    assert.match((await open(bob, pathOf(extension))).text, /Revoked/);
  });

  it('break-glass needs its own reason, a confirmation and a recent sign-in', async () => {
    const henry = await signIn('henry');
    const form = await open(henry, NEW);
    const glass = form.$('details:has(input[name=break_glass])');
    assert.equal(glass.attr('open'), undefined);
    assert.match(
      form.text,
      /Notifications are sent by e-mail.*Another user of approvers or an admin.* within 4 h/,
    );
    const typed = { reason: 'the database is down' };
    const unsure = await henry.submit(form, 'form:has(#glass-reason)', typed);
    assert.equal(unsure.status, 400);
    assert.match(unsure.$('#understood-problem').text(), /Confirm/);
    assert.equal(unsure.$('#glass-reason').text().trim(), typed.reason);
    assert.equal(unsure.$('#reason').text().trim(), '', 'the other form stays empty');
    assert.notEqual(unsure.$('details[open]').length, 0);
    const sure = { ...typed, understood: 'yes' };
    const short = await henry.submit(form, 'form:has(#glass-reason)', { ...sure, reason: 'now' });
    assert.match(short.$('#glass-reason-problem').text(), /at least 10 characters/);
    world.clock.turn(20 * MINUTE);
    const login = await henry.submit(form, 'form:has(#glass-reason)', sure);
    const back = await henry.submit(login, 'form', { username: 'henry', password: 'henry' });
    assert.equal(back.$('#glass-reason').text().trim(), typed.reason, back.text);
    assert.equal(back.$('#understood').attr('checked'), undefined);
    const taken = await henry.submit(back, 'form:has(#glass-reason)', sure);
    assert.match(taken.text, /You have the role until .*Another user must review/);
    const path = pathOf(taken);
    assert.equal(taken.$('button[value=review]').length, 0);

    world.clock.turn(5 * HOUR);
    const erin = await signIn('erin');
    const list = await open(erin, '/elevations');
    assert.match(list.text, /Break-glass to review 1.*Overdue/);
    const brief = await act(erin, path, 'review', { note: 'ok' });
    assert.equal(brief.status, 400);
    assert.match(brief.$('#review-note-problem').text(), /at least 10 characters/);
    const note = 'the database was down indeed';
    const done = await erin.submit(brief, 'button[value=review]', { note });
    assert.match(done.text, /You reviewed the break-glass.*erin reviewed it/);
  });

  it('users who cannot break the glass are not offered it', async () => {
    const bob = await signIn('bob');
    const form = await open(bob, NEW);
    assert.equal(form.$('input[name=break_glass]').length, 0);
    const forced = { reason: 'the database is down', break_glass: 'yes', understood: 'yes' };
    const refused = await bob.submit(form, FORM, forced);
    assert.equal(refused.status, 403);
    assert.equal(codeOf(refused), 'elevation_not_offered');
  });

  it('a later start is shown in UTC, and the portal says when it begins', async () => {
    const at = new Date(world.clock.now() + 5 * HOUR * 1000).toISOString().slice(0, 16);
    const { bob, path } = await request({ start: at });
    await act(await signIn('erin'), path, 'approve');
    const words = at.replace('T', ' ');
    assert.match((await open(bob, path)).text, new RegExp(`begins at ${words} UTC`));
    assert.match((await open(bob, '/')).text, new RegExp(`begins at ${words} UTC`));
    const again = await open(bob, NEW);
    assert.match(again.text, /You already have a request.*See the request/);
    assert.equal(again.$('#reason').length, 0);
  });

  it('strangers and other users learn nothing of a request', async () => {
    const { path } = await request();
    const carol = await signIn('carol');
    for (const asked of [path, '/elevations/no-such-request']) {
      const page = await open(carol, asked);
      assert.equal(page.status, 404);
      assert.equal(codeOf(page), 'elevation_unknown');
    }
    const list = await open(carol, '/elevations');
    assert.match(list.text, /No requests.*You are not eligible for any role/);
    assert.match((await open(carol, '/elevations/new')).text, /not eligible for any role/);
  });

  it('a link cannot claim what did not happen', async () => {
    const { bob, path } = await request();
    for (const done of ['approve', 'revoke', 'review', 'break-glass'])
      assert.equal((await open(bob, `${path}?done=${done}`)).$('.notice[role=status]').length, 0);
    assert.equal((await open(bob, '/elevations?batch=other')).$('.notice').length, 0);
    assert.equal((await open(bob, `${path}?done=everything`)).status, 400);
  });

  it('a form of an earlier sign-in requests and decides nothing', async () => {
    const { path } = await request();
    const erin = await signIn('erin');
    const [decision, form] = [await open(erin, path), await open(await signIn('dave'), NEW)];
    const fresh = await signIn('frank');
    erin.setCookie(world.urls.bridge, 'rolebridge', fresh.cookie(world.urls.bridge, 'rolebridge')!);
    const shown = await erin.submit(decision, 'button[value=approve]', { note: 'yes' });
    assert.match(shown.text, /Nothing was done.*Waiting for approval|Waiting.*Nothing was done/);
    assert.equal(shown.$('#note').text().trim(), 'yes');
    const henry = await signIn('henry');
    const asked = await henry.submit(form, FORM, { reason: 'a typed reason' });
    assert.match(asked.text, /earlier sign-in.*signed in as henry/);
    assert.equal(asked.$('#reason').text().trim(), 'a typed reason');
    assert.match((await open(henry, '/elevations')).text, /You have no open request/);
  });

  it('a refusal page and the errors of programs lead to the request', async () => {
    const bob = await signIn('bob');
    const page = await open(bob, CONSOLE);
    assert.equal(page.status, 403);
    const action = page.$('.choices a').first();
    assert.equal(action.text(), 'Request this role');
    assert.equal(action.attr('href'), NEW);

    const url = world.urls.bridge + NEW;
    const { accessToken } = await loginByCode(world, bob);
    const api = await callApi(world, accessToken, {
      method: 'POST',
      path: '/credentials',
      body: { account: 'prod', role: 'Admin' },
    });
    assert.equal(api.status, 403);
    assert.equal(api.json.request_url, url);
    assert.equal(api.json.sign_in_again, undefined);
    const query = new URLSearchParams({ account_id: '111122223333', role_name: 'Admin' });
    const sso = await fetch(`${world.urls.bridge}/federation/credentials?${query}`, {
      headers: { 'x-amz-sso_bearer_token': accessToken },
    });
    const { message } = (await sso.json()) as { message: string };
    assert.equal(sso.status, 403);
    const at = `${world.urls.bridge}/elevations/new?account=111122223333&role=Admin`;
    assert.ok(message.includes(`Request it at ${at}, and repeat the command`), message);
    assert.doesNotMatch(message, /sign out at the portal/);
  });
});

const WITHOUT = (yaml: string): string =>
  yaml.replace(/ {2}- name: operate-on-request[\s\S]*?\n(?=\nadministration:)/, '');

describe('a bridge without rules for elevations', () => {
  const world = useWorld({ configure: WITHOUT });
  it('has no link to requests', async () => {
    const { page } = await world.signIn('bob', 'oidc');
    assert.equal(page.$('a[href="/elevations"]').length, 0);
  });
});
