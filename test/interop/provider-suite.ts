/**
 * What identity providers show by each of their protocols, through the front door. Each test of
 * the surrounding suite has its cell in the row of `docs/interoperability.md`.
 */
import assert from 'node:assert/strict';
import { beginDevice, callApi, confirmDevice, pollDevice } from '../support/cli-login.ts';
import type { RowOfSuite } from '../support/compatibility.ts';
import { button, callerOf, credentialsOn } from '../support/handout.ts';
import { Visitor } from '../support/visitor.ts';
import {
  arrive,
  assertSignedIn,
  delivered,
  isAnswer,
  type ProviderFederation,
  signInUrl,
} from './provider-federation.ts';

const ADMIN = '/console?account=prod&role=Admin';

/** Alice is let in, bob reads why he is not, and carol reads how to ask. */
export function showsUsers(row: RowOfSuite, at: ProviderFederation): void {
  const url = (path: string): string => `${at.world.urls.bridge}${path}`;

  row.it('alice', 'alice, in two groups, opens prod/Admin and gets credentials', async () => {
    const { aws } = at.world.urls;
    const arrival = await arrive(at, 'alice');
    assert.equal(await assertSignedIn(at, arrival, 'alice'), 2);
    const { visitor } = arrival;
    const { page: opened } = await arrive(at, 'alice', { visitor, start: url(ADMIN) });
    assert.ok(opened.url.startsWith(`${aws}/console`), `${opened.url}: ${opened.text}`);
    assert.match(opened.text, /arn:aws:sts::111122223333:assumed-role\/Admin\/alice-/);

    const portal = await visitor.get(url('/'));
    const shown = await visitor.submit(portal, button('Credentials', 'prod', 'Admin'));
    assert.match(
      await callerOf(aws, credentialsOn(shown)),
      /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-[a-z2-7]{16}$/,
    );
  });

  row.it('bob', 'bob, in one group, reads which group gives prod/Admin', async () => {
    const { visitor, page } = await arrive(at, 'bob');
    assert.equal(await assertSignedIn(at, { visitor, page }, 'bob'), 1);
    assert.equal(page.$(button('Console', 'prod', 'Developer')).length, 1);
    assert.equal(page.$(button('Console', 'prod', 'Admin')).length, 0);
    const refused = await visitor.get(url(ADMIN));
    assert.equal(refused.status, 403);
    assert.match(refused.text, /Gives the role to the group aws-admins, and you are not in it\./);
  });

  row.it('carol', 'carol, in no group, reads how to request access', async () => {
    const { visitor, page } = await arrive(at, 'carol');
    assert.equal(await assertSignedIn(at, { visitor, page }, 'carol'), 0);
    assert.match(page.text, /You have no roles yet/);
    assert.match(page.text, /Ask the platform team in #aws-access\./);
    assert.equal(page.$('form[action="/console"]').length, 0);
  });

  row.it('wrong password', 'a wrong password stays with the provider', async () => {
    const { visitor, page } = await arrive(at, 'alice', { password: 'wrong' });
    assert.ok(page.url.startsWith(at.provider), page.url);
    assert.equal(visitor.cookie(url('/'), 'rolebridge'), undefined);
    await assertSignedIn(at, await arrive(at, 'alice', { visitor }), 'alice');
  });

  row.it('second sign-in', 'only a sign-in that must be fresh asks again', async () => {
    const { visitor } = await arrive(at, 'alice');
    assert.equal(await at.asksPassword(await visitor.get(signInUrl(at)), visitor), false);
    const start = signInUrl(at, '?reauthenticate=1');
    await untilAsked(at, visitor, start);
    await assertSignedIn(at, await arrive(at, 'alice', { visitor, start }), 'alice');
  });

  row.it('answer of another browser', 'an answer to another browser opens nothing', async () => {
    const other = new Visitor();
    const user = { username: 'bob', password: 'bob' };
    const stopAt = (to: string): boolean => to.startsWith(url('/'));
    const answer = await at.logIn(other, await other.get(signInUrl(at)), user, { stopAt });
    const visitor = new Visitor();
    const page = isAnswer(answer)
      ? await delivered(visitor, answer)
      : await visitor.get(answer.path.at(-1)!);
    assert.match(page.text, /attempt_invalid|cookie_missing/);
    assert.equal(page.status, 400);
    assert.equal(visitor.cookie(url('/'), 'rolebridge'), undefined);
  });
}

/** A user who signs out here can sign out there, and is then asked for the password again. */
export function showsSignOut(row: RowOfSuite, at: ProviderFederation): void {
  row.it(
    'sign-out there',
    'a sign-out at the provider comes back, and ends its session',
    async () => {
      const { visitor, page } = await arrive(at, 'bob');
      const signedOut = await visitor.submit(page, 'form[action="/sign-out"]');
      assert.equal(signedOut.$('a[href="/sign-out/provider"]').length, 1, signedOut.text);
      const { bridge } = at.world.urls;
      const there = await visitor.get(`${bridge}/sign-out/provider`);
      const back = (await at.confirmSignOut?.(visitor, there)) ?? there;
      assert.equal(back.url, `${bridge}/signed-out`, back.text);
      assert.ok(await at.asksPassword(await visitor.get(signInUrl(at)), visitor));
    },
  );
}

export interface GroupChange {
  /** A user with the group `developers`, who belongs to this test. */
  readonly username: string;
  leaveGroup(): Promise<void> | void;
  /** Removes the user. Not given where the provider then denies no refresh. */
  remove?(): Promise<void> | void;
}

/** The connector has `refresh: { every: 1m }`. */
export function showsRefresh(row: RowOfSuite, at: ProviderFederation, change: GroupChange): void {
  const ends = change.remove === undefined ? '' : ', and its session with the user';
  row.it('refresh of groups', `a terminal loses a group${ends}`, async () => {
    const { visitor } = await arrive(at, change.username);
    const begun = await beginDevice(at.world);
    await confirmDevice(at.world, visitor, begun.json.user_code);
    const token = (await pollDevice(at.world, begun.json.device_code)).json.access_token;
    const askAgain = () => {
      at.world.clock.turn(61);
      const body = { account: 'prod', role: 'Developer' };
      return callApi(at.world, token, { method: 'POST', path: '/credentials', body });
    };
    for (const _ of ['first', 'second']) assert.equal((await askAgain()).status, 200);

    await change.leaveGroup();
    const refused = await askAgain();
    assert.deepEqual([refused.status, refused.json.code], [403, 'access_denied']);
    assert.match(refused.json.trace.steps[0].sentence, /has not sent this group since 20/);

    if (change.remove === undefined) return;
    await change.remove();
    assert.equal((await askAgain()).status, 401);
  });
}

/** A provider can let a user pass who signed in a moment ago. */
async function untilAsked(at: ProviderFederation, visitor: Visitor, start: string): Promise<void> {
  const end = performance.now() + 10_000;
  const stopAt = (to: string): boolean => to.startsWith(`${at.world.urls.bridge}/`);
  while (!(await at.asksPassword(await visitor.get(start, { stopAt }), visitor)))
    assert.ok(performance.now() < end, 'the provider asks for no password');
}
