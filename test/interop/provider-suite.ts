/**
 * What every identity provider shows by each of its protocols, through the front door: alice is let
 * in, bob reads why he is not, and carol reads how to ask.
 */
import assert from 'node:assert/strict';
import type { RowOfSuite } from '../support/compatibility.ts';
import { button, callerOf, credentialsOn } from '../support/handout.ts';
import { type Going, type Page, Visitor } from '../support/visitor.ts';
import type { World } from '../support/world.ts';

export interface ProviderUser {
  readonly username: string;
  readonly password: string;
}

/** A bridge with one identity provider that is not ours. */
export interface ProviderFederation {
  readonly world: World;
  /** The id of the connector. */
  readonly connector: string;
  /** The origin of the provider, whose users have their name as password. */
  readonly provider: string;
  /** Whether this page of the provider asks for a password. */
  asksPassword(page: Page): boolean;
  /**
   * Fills in what the provider asks for. By SAML it ends at the form with the answer, otherwise
   * where the redirects lead.
   */
  logIn(visitor: Visitor, page: Page, user: ProviderUser, going?: Going): Promise<Page>;
}

/** Tests of the surrounding suite, each with its cell in the row. */
export function showsUsers(row: RowOfSuite, at: ProviderFederation): void {
  const url = (path: string): string => `${at.world.urls.bridge}${path}`;
  const signIn = (query = ''): string => url(`/sign-in/${at.connector}${query}`);
  const ADMIN = '/console?account=prod&role=Admin';
  const arrive = async (
    username: string,
    { visitor = new Visitor(), start = signIn(), password = username } = {},
  ): Promise<{ visitor: Visitor; page: Page }> => {
    const page = await at.logIn(visitor, await visitor.get(start), { username, password });
    return { visitor, page: await delivered(visitor, page) };
  };
  const assertSignedIn = async ({ page }: { page: Page }, username: string): Promise<number> => {
    assert.equal(page.url, url('/'), page.text);
    const event = (await at.world.audit()).find(({ type }) => type === 'sign-in.succeeded');
    assert.ok(event?.type === 'sign-in.succeeded', 'no sign-in in the audit trail');
    assert.deepEqual([event.actor.username, event.actor.connector], [username, at.connector]);
    return event.groupCount;
  };

  row.it(
    'alice',
    'alice, in two groups, opens prod/Admin and gets credentials for it',
    async () => {
      const { aws } = at.world.urls;
      const arrival = await arrive('alice');
      assert.equal(await assertSignedIn(arrival, 'alice'), 2);
      const { visitor } = arrival;
      const { page: opened } = await arrive('alice', { visitor, start: url(ADMIN) });
      assert.ok(opened.url.startsWith(`${aws}/console`), `${opened.url}: ${opened.text}`);
      assert.match(opened.text, /arn:aws:sts::111122223333:assumed-role\/Admin\/alice-/);

      const portal = await visitor.get(url('/'));
      const shown = await visitor.submit(portal, button('Credentials', 'prod', 'Admin'));
      assert.match(
        await callerOf(aws, credentialsOn(shown)),
        /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-[a-z2-7]{16}$/,
      );
    },
  );

  row.it(
    'bob',
    'bob, in one group, has its roles and reads which group gives prod/Admin',
    async () => {
      const { visitor, page } = await arrive('bob');
      assert.equal(await assertSignedIn({ page }, 'bob'), 1);
      assert.equal(page.$(button('Console', 'prod', 'Developer')).length, 1);
      assert.equal(page.$(button('Console', 'prod', 'Admin')).length, 0);
      const refused = await visitor.get(url(ADMIN));
      assert.equal(refused.status, 403);
      assert.match(refused.text, /Gives the role to the group aws-admins, and you are not in it\./);
    },
  );

  row.it('carol', 'carol, in no group, reads how to request access', async () => {
    const { page } = await arrive('carol');
    assert.equal(await assertSignedIn({ page }, 'carol'), 0);
    assert.match(page.text, /You have no roles yet/);
    assert.match(page.text, /Ask the platform team in #aws-access\./);
    assert.equal(page.$('form[action="/console"]').length, 0);
  });

  row.it(
    'wrong password',
    'a wrong password stays with the provider, and the right one signs in after it',
    async () => {
      const { visitor, page } = await arrive('alice', { password: 'wrong' });
      assert.ok(page.url.startsWith(at.provider), page.url);
      assert.equal(visitor.cookie(at.world.urls.bridge, 'rolebridge'), undefined);
      await assertSignedIn(await arrive('alice', { visitor }), 'alice');
    },
  );

  row.it(
    'second sign-in',
    'a second sign-in needs no password, and one that must be fresh does',
    async () => {
      const { visitor } = await arrive('alice');
      assert.equal(at.asksPassword(await visitor.get(signIn())), false);
      const start = signIn('?reauthenticate=1');
      assert.equal(at.asksPassword(await visitor.get(start)), true);
      await assertSignedIn(await arrive('alice', { visitor, start }), 'alice');
    },
  );

  row.it(
    'answer of another browser',
    'the answer to the request of another browser opens no session',
    async () => {
      const other = new Visitor();
      const { bridge } = at.world.urls;
      const atBridge = (to: string): boolean => to.startsWith(bridge);
      const user = { username: 'bob', password: 'bob' };
      const answer = await at.logIn(other, await other.get(signIn()), user, { stopAt: atBridge });
      const visitor = new Visitor();
      const page = isAnswer(answer)
        ? await delivered(visitor, answer)
        : await visitor.get(answer.path.at(-1)!);
      assert.match(page.text, /attempt_invalid|cookie_missing/);
      assert.equal(page.status, 400);
      assert.equal(visitor.cookie(bridge, 'rolebridge'), undefined);
    },
  );
}

/** The page after a form with a SAML response, which the bridge's own page can post once more. */
async function delivered(visitor: Visitor, page: Page): Promise<Page> {
  const arrived = isAnswer(page) ? await visitor.submit(page, 'form') : page;
  return arrived.$('input[name=reposted]').length > 0 ? visitor.submit(arrived, 'form') : arrived;
}

function isAnswer(page: Page): boolean {
  return (
    page.$('input[name=SAMLResponse]').length > 0 && page.$('input[name=reposted]').length === 0
  );
}
