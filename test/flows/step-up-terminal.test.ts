/** Step-up of a terminal in the middle of its work, by the address that its refusal contains. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GetRoleCredentialsCommand } from '@aws-sdk/client-sso';
import { useAwsTools } from '../support/aws-tools.ts';
import {
  type Answer,
  beginDevice,
  callApi,
  confirmDevice,
  loginByCode,
  pollDevice,
  type TerminalLogin,
  viewerOf,
} from '../support/cli-login.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { enterPassword, type Protocol, useWorld, type World } from '../support/world.ts';

/** The rule's limit, in seconds: shorter than the life of an access token. */
const LIMIT = 60;
const ROLE = { account: 'prod', role: 'Admin' };
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/step-up\?session=[0-9a-f]{20}&account=\w+&role=Admin/;

const impatient = (yaml: string): string =>
  yaml.replaceAll('authenticatedWithin: 8h', 'authenticatedWithin: 1m');
const withDevices = (yaml: string): string => `${yaml}\ncli: { deviceGrant: { stepUp: true } }\n`;

const codeOn = (page: Page): string => page.$('.status-line code').text();

/** A terminal whose user signed in without a second factor. */
async function weakTerminal(world: World, protocol: Protocol = 'oidc'): Promise<TerminalLogin> {
  const { visitor } = await world.signIn('alice', protocol, { secondFactor: false });
  return loginByCode(world, visitor);
}

async function weakDevice(world: World): Promise<TerminalLogin> {
  const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
  const begun = await beginDevice(world);
  await confirmDevice(world, visitor, begun.json.user_code);
  const { json } = await pollDevice(world, begun.json.device_code);
  return { accessToken: json.access_token, refreshToken: json.refresh_token, visitor };
}

function credentials(world: World, { accessToken }: TerminalLogin, body = ROLE): Promise<Answer> {
  return callApi(world, accessToken, { method: 'POST', path: '/credentials', body });
}

/** The address that a refusal of the API contains. */
async function addressOf(world: World, login: TerminalLogin): Promise<string> {
  const { status, json } = await credentials(world, login);
  assert.deepEqual([status, json.code], [403, 'proof_missing']);
  assert.match(json.step_up_url, ADDRESS);
  return json.step_up_url;
}

/** From the page of the address through the identity provider. */
async function stepUp(visitor: Visitor, address: string, username = 'alice'): Promise<Page> {
  const question = await visitor.get(address);
  assert.equal(question.status, 200, question.text);
  const login = await visitor.submit(question, 'form[action="/step-up"]');
  return enterPassword(visitor, login, { username });
}

async function refusals(world: World) {
  const events = await world.audit();
  return events.filter(event => event.type === 'sign-in.step-up-refused');
}

for (const protocol of ['oidc', 'saml'] as const satisfies Protocol[])
  describe(`a terminal whose role requires more, with sign-ins by ${protocol}`, () => {
    const world = useWorld({ configure: impatient });
    const tools = useAwsTools(world);

    it('gets an address with the refusal, a page that shows it, and the role by the same token', async () => {
      const login = await weakTerminal(world, protocol);
      const { accessToken, visitor } = login;
      const command = new GetRoleCredentialsCommand({
        accessToken,
        accountId: '111122223333',
        roleName: 'Admin',
      });
      const refusal: Error = await tools.portal.send(command).then(
        () => assert.fail('it was not refused'),
        (thrown: Error) => thrown,
      );
      assert.equal(refusal.name, 'ForbiddenException');
      assert.match(refusal.message, /requires additional verification/);
      const [address] = ADDRESS.exec(refusal.message) ?? [];
      assert.match(
        refusal.message,
        new RegExp(
          `Open ${address?.replaceAll('?', '\\?')} in your browser, then repeat the command\\.`,
        ),
      );
      assert.doesNotMatch(refusal.message, /aws sso login/);

      const question = await visitor.get(address!);
      assert.match(question.text, /Verify for this terminal\?/);
      assert.match(question.text, /terminal-of-a-test/);
      assert.match(question.text, /rolebridge command line, confirmed in its browser/);
      assert.match(question.text, /from 127\.0\.0\.1/);
      assert.match(question.text, /a second factor \(MFA\) and a sign-in of the last 1 min/);
      const done = await stepUp(visitor, address!);
      assert.match(done.text, /Your terminal is verified.*Repeat the command/);

      const { roleCredentials } = await tools.portal.send(command);
      assert.ok(roleCredentials?.accessKeyId);
      const publicId = new URL(address!).searchParams.get('session')!;
      const event = (await world.audit()).find(({ type }) => type === 'sign-in.stepped-up');
      assert.ok(event?.type === 'sign-in.stepped-up');
      assert.equal(event.cliSession, publicId);
      assert.match(
        (await visitor.get(`${world.urls.bridge}/sessions`)).text,
        /Additional verification/,
      );
    });

    it('is stepped up in the middle of work, when its sign-in becomes too old', async () => {
      const { visitor } = await world.signIn('alice', protocol);
      const login = await loginByCode(world, visitor);
      assert.equal((await credentials(world, login)).status, 200);
      world.clock.turn(LIMIT + 1);
      await stepUp(visitor, await addressOf(world, login));
      const { status, json } = await credentials(world, login);
      assert.equal(status, 200, JSON.stringify(json));
      const { json: who } = await callApi(world, login.accessToken, { path: '/whoami' });
      const age = world.clock.now() - Date.parse(who.authentication.at);
      assert.ok(age < 1000, who.authentication.at);
    });
  });

describe('a step-up of a terminal', () => {
  const world = useWorld({ configure: impatient });

  it('leaves every other terminal of the user as it was', async () => {
    const one = await weakTerminal(world);
    const other = await loginByCode(world, one.visitor);
    await stepUp(one.visitor, await addressOf(world, one));
    assert.equal((await credentials(world, one)).status, 200);
    assert.equal((await credentials(world, other)).status, 403);
  });

  it('gives the browser of the user a session that proves as much', async () => {
    const login = await weakTerminal(world);
    await stepUp(login.visitor, await addressOf(world, login));
    const page = await login.visitor.get(
      `${world.urls.bridge}/credentials?account=prod&role=Admin`,
    );
    assert.match(page.text, /Get credentials\?/);
  });

  it('lasts: a renewed token of the terminal gets the role', async () => {
    const login = await weakTerminal(world);
    await stepUp(login.visitor, await addressOf(world, login));
    for (let use = 0; use < 3; use++) assert.equal((await credentials(world, login)).status, 200);
  });

  it('is adopted once when many requests of the terminal come at once', async () => {
    const login = await weakTerminal(world);
    await stepUp(login.visitor, await addressOf(world, login));
    const answers = await Promise.all(Array.from({ length: 20 }, () => credentials(world, login)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  });

  it('gives container tokens of the terminal their role', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    const login = await loginByCode(world, visitor);
    const made = await callApi(world, login.accessToken, {
      method: 'POST',
      path: '/container-tokens',
      body: ROLE,
    });
    const path = new URL(made.json.url).pathname.replace('/api/v1', '');
    const container = () =>
      callApi(world, undefined, { path, headers: { authorization: made.json.token } });
    assert.equal((await container()).status, 200);
    world.clock.turn(LIMIT + 1);
    const refused = await container();
    assert.deepEqual([refused.status, refused.json.Code], [403, 'proof_missing']);
    assert.match(refused.json.step_up_url, ADDRESS);
    assert.ok(refused.json.Message.includes(`Open ${refused.json.step_up_url} in your browser`));
    await stepUp(visitor, refused.json.step_up_url);
    assert.equal((await container()).status, 200);
  });

  it('begins by a press of a button alone, on a form of this session', async () => {
    const login = await weakTerminal(world);
    const address = await addressOf(world, login);
    const question = await login.visitor.get(address);
    assert.equal(new URL(question.url).pathname, '/step-up');
    const { search } = new URL(address);
    const foreign = await login.visitor.post(
      `${world.urls.bridge}/step-up`,
      new URLSearchParams(search),
      { 'sec-fetch-site': 'cross-site' },
    );
    assert.deepEqual([foreign.status, codeOn(foreign)], [403, 'cross_site_request']);
    assert.equal((await credentials(world, login)).status, 403);
  });

  it('asks again when the page is from an earlier sign-in', async () => {
    const login = await weakTerminal(world);
    const question = await login.visitor.get(await addressOf(world, login));
    await world.signIn('alice', 'oidc', { visitor: login.visitor });
    const page = await login.visitor.submit(question, 'form[action="/step-up"]');
    assert.match(page.text, /Nothing was done, because that page was from an earlier sign-in/);
    assert.match(page.text, /Verify for this terminal\?/);
  });

  it('leads a user who is not signed in back to the page', async () => {
    const login = await weakTerminal(world);
    const visitor = new Visitor();
    const signIn = await visitor.get(await addressOf(world, login));
    assert.match(signIn.text, /a terminal that requires additional verification/);
    const href = signIn.$('a[href^="/sign-in/corp-oidc"]').attr('href')!;
    const page = await enterPassword(
      visitor,
      await visitor.get(new URL(href, world.urls.bridge).href),
      { username: 'alice' },
    );
    assert.match(page.text, /Verify for this terminal\?/);
  });

  it('says that a terminal whose session has ended must log in again', async () => {
    const login = await weakTerminal(world);
    const address = await addressOf(world, login);
    const question = await login.visitor.get(address);
    const id = new URL(address).searchParams.get('session')!;
    await world.bridge.mySessions.end(await viewerOf(world, login.visitor), id);
    for (const page of [
      await login.visitor.get(address),
      await login.visitor.submit(question, 'form[action="/step-up"]'),
    ])
      assert.deepEqual([page.status, codeOn(page)], [404, 'cli_session_unknown']);
  });

  it('leads to the sessions when the terminal logs out meanwhile', async () => {
    const login = await weakTerminal(world);
    const address = await addressOf(world, login);
    const question = await login.visitor.get(address);
    const atProvider = await login.visitor.submit(question, 'form[action="/step-up"]');
    const id = new URL(address).searchParams.get('session')!;
    await world.bridge.mySessions.end(await viewerOf(world, login.visitor), id);
    const page = await enterPassword(login.visitor, atProvider, { username: 'alice' });
    assert.deepEqual([page.status, new URL(page.url).pathname], [200, '/sessions']);
  });

  it('gives no role that the user has no group for', async () => {
    const { visitor } = await world.signIn('bob', 'oidc', { secondFactor: false });
    const login = await loginByCode(world, visitor);
    const { status, json } = await credentials(world, login);
    assert.deepEqual([status, json.code, json.step_up_url], [403, 'access_denied', undefined]);
    const { json: who } = await callApi(world, login.accessToken, { path: '/whoami' });
    const query = new URLSearchParams({ session: who.session.id, ...ROLE });
    const page = await visitor.get(`${world.urls.bridge}/step-up?${query}`);
    assert.deepEqual([page.status, codeOn(page)], [403, 'access_denied']);
  });

  it('keeps the groups of the terminal within those that the user has now', async () => {
    const login = await weakTerminal(world);
    const address = await addressOf(world, login);
    world.oidcIdp.directory.change('alice', { groups: ['developers'] });
    await stepUp(login.visitor, address);
    const { status, json } = await credentials(world, login);
    assert.deepEqual([status, json.code], [403, 'access_denied']);
    world.oidcIdp.directory.change('alice', { groups: ['aws-admins', 'developers'] });
  });
});

describe('a device-code login whose role requires more', () => {
  describe('by default', () => {
    const world = useWorld({ configure: impatient });
    const tools = useAwsTools(world);

    it('is refused without an address, and told to log in again', async () => {
      const login = await weakDevice(world);
      const { status, json } = await credentials(world, login);
      assert.deepEqual([status, json.code, json.step_up_url], [403, 'proof_missing', undefined]);
      assert.match(json.detail, /Additional verification is not available to device-code logins/);
      assert.equal(json.sign_in_again, true);
      const { accessToken } = login;
      await assert.rejects(
        tools.portal.send(
          new GetRoleCredentialsCommand({
            accessToken,
            accountId: '111122223333',
            roleName: 'Admin',
          }),
        ),
        ({ message }: Error) =>
          /is not available to device-code logins, so log in again/.test(message) &&
          !ADDRESS.test(message),
      );
    });

    it('cannot be stepped up by an address that someone wrote', async () => {
      const login = await weakDevice(world);
      const { json } = await callApi(world, login.accessToken, { path: '/whoami' });
      const query = new URLSearchParams({ session: json.session.id, ...ROLE });
      const page = await login.visitor.get(`${world.urls.bridge}/step-up?${query}`);
      assert.deepEqual([page.status, codeOn(page)], [403, 'step_up_not_for_device_login']);
      const [event] = await refusals(world);
      assert.equal(event?.cliSession, json.session.id);
    });
  });

  describe('with cli.deviceGrant.stepUp', () => {
    const world = useWorld({ configure: withDevices });

    it('is stepped up as any other terminal', async () => {
      const login = await weakDevice(world);
      const address = await addressOf(world, login);
      assert.match((await login.visitor.get(address)).text, /confirmed by a code/);
      await stepUp(login.visitor, address);
      assert.equal((await credentials(world, login)).status, 200);
    });
  });
});
