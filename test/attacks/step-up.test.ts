/**
 * Attacks on step-ups: answers that are not of this user, this browser or this request, and the
 * address of a terminal in other hands.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run } from '../main/server-process.ts';
import { callApi, loginByCode, type TerminalLogin } from '../support/cli-login.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, leaveOidcIdp, useWorld } from '../support/world.ts';

const CREDENTIALS = '/credentials?account=prod&role=Admin';
const ROLE = { account: 'prod', role: 'Admin' };
const isCallback = (url: string): boolean => /\/oidc\/[\w-]+\/callback\?/.test(url);

const codeOn = (page: Page): string => page.$('.status-line code').text();

describe('a step-up', () => {
  const world = useWorld();

  const credentials = ({ accessToken }: TerminalLogin) =>
    callApi(world, accessToken, { method: 'POST', path: '/credentials', body: ROLE });
  const sessionOf = (visitor: Visitor) => visitor.cookie(world.urls.bridge, 'rolebridge');
  /** A user without a second factor, on the way to the provider, with the sign-in page there. */
  const begun = async () => {
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    return { visitor, login: await visitor.get(world.urls.bridge + CREDENTIALS) };
  };
  /** The callback of a user who has proved everything, before any browser has followed it. */
  const answered = async () => {
    const { visitor, login } = await begun();
    const page = await enterPassword(visitor, login, { username: 'alice' }, { stopAt: isCallback });
    return { visitor, callback: page.path.at(-1)! };
  };
  const terminal = async () => {
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    const login = await loginByCode(world, visitor);
    const { json } = await credentials(login);
    return { visitor, login, address: String(json.step_up_url) };
  };
  const stepUps = async () =>
    (await world.audit()).filter(({ type }) => type === 'sign-in.stepped-up').length;
  const lastRefusal = async () => {
    const event = (await world.audit()).find(({ type }) => type === 'sign-in.step-up-refused');
    assert.ok(event?.type === 'sign-in.step-up-refused');
    return event;
  };

  it('does not take an answer in another browser, and the first browser cannot use it then', async () => {
    const { visitor, callback } = await answered();
    for (const browser of [new Visitor(), (await world.signIn('bob', 'oidc')).visitor]) {
      const before = sessionOf(browser);
      const page = await browser.get(callback);
      assert.ok(['attempt_invalid', 'cookie_missing'].includes(codeOn(page)), page.text);
      assert.equal(sessionOf(browser), before);
    }
    const [before, proved] = [sessionOf(visitor), await stepUps()];
    await visitor.get(callback, { stopAt: url => !url.startsWith(`${world.urls.bridge}/oidc/`) });
    assert.deepEqual([sessionOf(visitor), await stepUps()], [before, proved]);
    assert.equal(
      codeOn(await visitor.get(`${world.urls.bridge}/console?account=prod&role=Admin`)),
      '',
    );
  });

  it('takes an answer once when callers race for it', async () => {
    const { visitor, callback } = await answered();
    const before = await stepUps();
    const racers = Array.from({ length: 8 }, () => visitor.clone());
    const stopAt = (url: string): boolean => !url.startsWith(`${world.urls.bridge}/oidc/`);
    await Promise.all(racers.map(racer => racer.get(callback, { stopAt })));
    assert.equal((await stepUps()) - before, 1);
    assert.equal(racers.filter(racer => sessionOf(racer) !== sessionOf(visitor)).length, 1);
  });

  it('does not believe a request that the user has made weaker', async () => {
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    const { path } = await visitor.get(world.urls.bridge + CREDENTIALS, {
      stopAt: url => url.startsWith(world.urls.oidc),
    });
    const request = new URL(path.at(-1)!);
    for (const name of ['acr_values', 'max_age', 'prompt', 'claims'])
      request.searchParams.delete(name);
    const page = await visitor.get(request.href);
    assert.deepEqual([page.status, codeOn(page)], [403, 'step_up_failed']);
  });

  it('does not take the answer of another user, and records who asked', async () => {
    const { login: command, address } = await terminal();
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    const question = await visitor.get(address);
    leaveOidcIdp(visitor, world);
    const atProvider = await visitor.submit(question, 'form[action="/step-up"]');
    const before = sessionOf(visitor);
    const page = await enterPassword(visitor, atProvider, { username: 'bob' });
    assert.deepEqual([page.status, codeOn(page)], [403, 'step_up_mismatch']);
    assert.equal(sessionOf(visitor), before);
    assert.equal((await credentials(command)).status, 403);
    const { actor, cliSession, code } = await lastRefusal();
    assert.deepEqual([actor.username, code], ['alice', 'step_up_mismatch']);
    assert.equal(cliSession, new URL(address).searchParams.get('session'));
  });

  it('does not take an answer to a plain sign-in for one to a step-up', async () => {
    const { visitor, login } = await begun();
    const plain = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.oidc}`, {
      stopAt: isCallback,
    });
    const code = new URL(plain.path.at(-1)!).searchParams.get('code');
    const answer = await enterPassword(
      visitor,
      login,
      { username: 'alice' },
      { stopAt: isCallback },
    );
    const forged = new URL(answer.path.at(-1)!);
    forged.searchParams.set('code', code ?? 'none');
    const page = await visitor.get(forged.href);
    assert.equal(page.status, 403);
    assert.match(codeOn(page), /^(?:oidc_response_refused|idp_refused)$/);
  });

  it('does not take an answer at another connector', async () => {
    const { visitor, callback } = await answered();
    const elsewhere = callback.replace(`/oidc/${CONNECTOR.oidc}/`, `/oidc/${CONNECTOR.saml}/`);
    assert.equal(codeOn(await visitor.get(elsewhere)), 'attempt_invalid');
  });

  it('shows an error that someone wrote into the answer as text, and only once', async () => {
    const { visitor, callback } = await answered();
    const state = new URL(callback).searchParams.get('state')!;
    const forged = new URL(callback);
    forged.search = String(
      new URLSearchParams({
        ...{ state, iss: world.urls.oidc, error: 'login_required' },
        error_description: `<script>alert(1)</script>\u202e${'y'.repeat(1000)}`,
      }),
    );
    const page = await visitor.get(forged.href);
    assert.deepEqual([page.status, codeOn(page)], [403, 'step_up_failed']);
    assert.equal(page.$('main script').length, 0);
    assert.match(page.text, /error_description<?script/);
    assert.ok(!page.text.includes('\u202e') && !page.text.includes('y'.repeat(300)));
    const again = await visitor.get(forged.href, { stopAt: url => url !== forged.href });
    assert.equal(codeOn(again), '', 'the second time it only leads on');
  });

  it('leaves nothing of the session that it replaces, also in a copy of the cookie', async () => {
    const { visitor, callback } = await answered();
    const copy = visitor.clone();
    await visitor.get(callback);
    assert.notEqual(sessionOf(visitor), sessionOf(copy));
    const page = await copy.get(`${world.urls.bridge}/sessions`);
    assert.match(page.url, /\/sign-in\?/);
  });

  it('gives nothing to a terminal that the user has ended meanwhile', async () => {
    const { visitor, login: command, address } = await terminal();
    leaveOidcIdp(visitor, world);
    const question = await visitor.get(address);
    const atProvider = await visitor.submit(question, 'form[action="/step-up"]');
    const sessions = await visitor.get(`${world.urls.bridge}/sessions`);
    const ended = new URL(address).searchParams.get('session');
    await visitor.submit(sessions, `form:has(input[value="${ended}"]) button[value=end]`);
    const page = await enterPassword(visitor, atProvider, { username: 'alice' });
    assert.match(page.url, /\/sessions$/);
    assert.equal((await credentials(command)).status, 401);
  });

  it('is refused for a user whom an operator has blocked meanwhile', async () => {
    const { visitor, callback } = await answered();
    const config = join(world.directory, 'rolebridge.yaml');
    const args = ['block', '--config', config, '--user', 'alice'];
    assert.equal((await run(...args)).code, 0);
    const page = await visitor.get(callback);
    assert.deepEqual([page.status, codeOn(page)], [403, 'person_blocked']);
    const { actor, code } = await lastRefusal();
    assert.deepEqual([actor.username, code], ['alice', 'person_blocked']);
    assert.match((await visitor.get(`${world.urls.bridge}/sessions`)).url, /\/sign-in\?/);
    assert.equal((await run('unblock', ...args.slice(1))).code, 0);
  });

  describe('of a terminal, whose address is in other hands,', () => {
    it('is refused in the browser of another user, and recorded', async () => {
      const { login, address } = await terminal();
      const { visitor: bob } = await world.signIn('bob', 'oidc');
      const page = await bob.get(address);
      assert.deepEqual([page.status, codeOn(page)], [404, 'cli_session_unknown']);
      assert.ok(!page.text.includes('terminal-of-a-test'), 'the terminal is not shown');
      const { actor, cliSession } = await lastRefusal();
      assert.equal(actor.username, 'bob');
      assert.equal(cliSession, new URL(address).searchParams.get('session'));

      const portal = await bob.get(`${world.urls.bridge}/sessions`);
      const csrf_token = portal.$('input[name=csrf_token]').attr('value')!;
      const posted = await bob.post(
        `${world.urls.bridge}/step-up`,
        new URLSearchParams({ ...Object.fromEntries(new URL(address).searchParams), csrf_token }),
        { 'sec-fetch-site': 'same-origin' },
      );
      assert.deepEqual([posted.status, codeOn(posted)], [404, 'cli_session_unknown']);
      assert.equal((await credentials(login)).status, 403);
    });

    it('begins nothing when the user only opens it', async () => {
      const { visitor, login, address } = await terminal();
      const page = await visitor.get(address);
      assert.equal(page.path.length, 1, 'no redirect');
      assert.match(page.text, /If someone sent you this link/);
      assert.equal((await credentials(login)).status, 403);
    });

    it('gives the terminal nothing by a step-up of the browser alone', async () => {
      const { visitor, login } = await terminal();
      const atProvider = await visitor.get(world.urls.bridge + CREDENTIALS);
      await enterPassword(visitor, atProvider, { username: 'alice' });
      assert.equal((await credentials(login)).status, 403);
    });

    it('is recorded without control characters, whatever it names', async () => {
      const { visitor } = await world.signIn('alice', 'oidc');
      const session = 'a\r\nb\u001b[31m\u202e';
      const page = await visitor.get(
        `${world.urls.bridge}/step-up?${new URLSearchParams({ session, ...ROLE })}`,
      );
      assert.equal(codeOn(page), 'cli_session_unknown');
      assert.match((await lastRefusal()).cliSession!, /^[\x20-\x7e]+$/);
    });

    for (const query of ['session=', 'session=a&session=b', `session=${'a'.repeat(65)}`])
      it(`is rejected if it is malformed (${query.slice(0, 24)})`, async () => {
        const { visitor } = await world.signIn('alice', 'oidc');
        const page = await visitor.get(`${world.urls.bridge}/step-up?${query}`);
        assert.deepEqual([page.status, codeOn(page)], [400, 'bad_request']);
      });
  });
});
