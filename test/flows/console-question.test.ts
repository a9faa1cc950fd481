/** A link into production, and a sign-in on the way at a provider of another site. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, useWorld } from '../support/world.ts';

const INTO_PRODUCTION = '/console?account=prod&role=Developer';
const LAMBDA = 'https://eu-west-1.console.aws.amazon.com/lambda/home?region=eu-west-1';
const GO = `/go?${new URLSearchParams({ to: LAMBDA, account: 'prod' })}`;

const atSignIn = { stopAt: (url: string): boolean => url.includes('Action=login') };
const isOpened = ({ path }: Page): boolean => path.at(-1)!.includes('Action=login');
const isAsked = ({ text }: Page): boolean => /^Open the console\?/.test(text);

describe('a link into production of a user who is not signed in', () => {
  const world = useWorld({ idpHost: 'localhost' });

  for (const protocol of ['saml', 'oidc'] as const) {
    const signIn = async (visitor: Visitor, chooser: Page): Promise<Page> => {
      const href = chooser.$(`a[href^="/sign-in/${CONNECTOR[protocol]}"]`).attr('href')!;
      const form = await visitor.follow(world.urls.bridge + href, chooser);
      return enterPassword(visitor, form, { username: 'bob' }, atSignIn);
    };

    it(`opens without a question if it was typed (${protocol})`, async () => {
      const visitor = new Visitor();
      const chooser = await visitor.get(world.urls.bridge + INTO_PRODUCTION);
      assert.ok(isOpened(await signIn(visitor, chooser)));
    });

    for (const path of [INTO_PRODUCTION, GO])
      it(`asks after the sign-in if another site had it: ${path.split('?')[0]} (${protocol})`, async () => {
        const visitor = new Visitor();
        const chooser = await visitor.follow(world.urls.bridge + path, undefined);
        const calls = world.toAws.length;
        const arrived = await signIn(visitor, chooser);
        assert.equal(world.toAws.length, calls, 'nothing is handed out before');
        if (path === INTO_PRODUCTION) assert.ok(isAsked(arrived), arrived.text);
        else assert.ok(!isOpened(arrived), arrived.text);
      });

    it(`asks if another site has the sign-in itself (${protocol})`, async () => {
      const visitor = new Visitor();
      const address = `${world.urls.bridge}/sign-in/${CONNECTOR[protocol]}?return_to=${encodeURIComponent(INTO_PRODUCTION)}`;
      const form = await visitor.follow(address, undefined);
      const arrived = await enterPassword(visitor, form, { username: 'bob' }, atSignIn);
      assert.ok(isAsked(arrived), arrived.text);
    });
  }

  it('asks a user who is signed in already, and goes on from the sign-in page', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const address = `${world.urls.bridge}/sign-in?return_to=${encodeURIComponent(INTO_PRODUCTION)}`;
    const page = await visitor.follow(address, undefined);
    const onward = page.$('.choices a').first();
    assert.equal(onward.text(), 'Continue');
    const link = new URL(onward.attr('href')!, page.url).href;
    const asked = await visitor.follow(link, page, atSignIn);
    assert.ok(isAsked(asked), asked.text);
  });
});
