/** A search that finds nothing: what it suggests, and what it says of roles that the user lacks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from '../support/visitor.ts';
import { useWorld } from '../support/world.ts';

/** With its last two letters swapped. */
const mistyped = (word: string): string => word.slice(0, -2) + word.at(-1) + word.at(-2);

describe('a search without a result', () => {
  const world = useWorld();
  const search = (query: string, more: Readonly<Record<string, string>> = {}): string =>
    `${world.urls.bridge}/?${new URLSearchParams({ q: query, ...more })}`;
  const suggested = (page: Page): string | undefined => page.$('.suggestion a').attr('href');

  const near: readonly (readonly [typed: string, meant: string])[] = [
    [`prod/${mistyped('ReadOnly')}`, 'prod/ReadOnly'],
    [`${mistyped('prod')} readonly`, 'prod/ReadOnly'],
    [`${mistyped('prod')} 111122 readonly`, 'prod 111122 readonly'],
    [`${mistyped('staging')}/${mistyped('Developer')}`, 'staging/Developer'],
    [mistyped('developer'), 'Developer'],
    [mistyped('production'), 'Production'],
  ];
  for (const [typed, meant] of near)
    it(`suggests ${meant} for ${typed}`, async () => {
      const { visitor } = await world.signIn('bob', 'saml');
      const page = await visitor.get(search(typed));
      assert.equal(suggested(page), `/?q=${encodeURIComponent(meant)}`);
      const found = await visitor.get(search(meant));
      assert.ok(found.$('.roles > li').length > 0);
      assert.equal(found.$('.unseen').length, 0);
    });

  it('suggests nothing for many words, which would take long among 2,000 roles', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    const words = ['prod', 'production', 'readonly', 'read', 'only', '1111', mistyped('prod')];
    const few = words.slice(1).join(' ');
    assert.notEqual(suggested(await visitor.get(search(few))), undefined);
    assert.equal(suggested(await visitor.get(search(words.join(' ')))), undefined);
  });

  it('suggests nothing of what the user does not have', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    for (const query of [
      mistyped('gov'),
      mistyped('Admin'),
      `gov/${mistyped('Admin')}`,
      'prod/Admin',
      'zebra',
    ])
      assert.equal(suggested(await visitor.get(search(query))), undefined, query);
  });

  it('explains a role that is named as the refusal of the role does', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    for (const query of ['prod/Admin', 'prod Admin', ' 111122223333/Admin ']) {
      const page = await visitor.get(search(query));
      assert.match(page.text, /Gives the role to the group aws-admins, and you are not in it\./);
      assert.match(page.text, /Ask for membership of the group aws-admins/);
    }
    const [account, role] = ['gov', 'Admin'];
    const page = await visitor.get(search('zebra', { account, role }));
    const refused = await visitor.get(
      `${world.urls.bridge}/console?${new URLSearchParams({ account, role })}`,
    );
    assert.equal(page.$('.trace').text(), refused.$('.trace').text());
    assert.match(page.text, /What the rules say about Admin in gov/);
    assert.equal(page.$('#why-account').attr('value'), 'gov');
  });

  it('says the same of an account that exists and of one that was invented', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    const said = async (account: string): Promise<string> => {
      const page = await visitor.get(search(`${account}/NoSuchRole`));
      assert.doesNotMatch(page.text, /membership/);
      return page.$('main').text().replaceAll(account, 'ACCOUNT');
    };
    assert.equal(await said('gov'), await said('cow'));
  });

  it('records nothing', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    const before = (await world.audit()).length;
    await visitor.get(search('gov/Admin'));
    assert.equal((await world.audit()).length, before);
  });
});

describe('the last region of an account', () => {
  const world = useWorld();

  it('is offered above the accounts, and opens there', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const atSignIn = { stopAt: (url: string) => url.startsWith(world.urls.aws) };
    const destination = 'https://eu-central-1.console.aws.amazon.com/ec2/home?region=eu-central-1';
    const query = new URLSearchParams({ account: 'prod', role: 'Admin', destination });
    await visitor.get(`${world.urls.bridge}/console?${query}`, atSignIn);

    const page = await visitor.get(world.urls.bridge);
    const link = page.$('.yours a[aria-label="Console of prod as Admin in eu-central-1"]');
    const opened = await visitor.get(world.urls.bridge + link.attr('href')!, atSignIn);
    assert.equal(
      new URL(opened.path.at(-1)!).searchParams.get('Destination'),
      'https://eu-central-1.console.aws.amazon.com/console/home?region=eu-central-1',
    );
  });
});
