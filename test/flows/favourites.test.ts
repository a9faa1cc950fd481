/** Favourites and used roles above the accounts, for a browser without scripts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Page, Visitor } from '../support/visitor.ts';
import { useWorld } from '../support/world.ts';

const codeOf = (page: Page): string => page.$('.status-line code').text();
const star = (action: 'Add' | 'Remove', name: string): string =>
  `.account button[aria-label="${action} favourite: ${name}"]`;
/** What stands above the accounts, and whether it is a favourite: `★ prod Admin` */
const quickOn = (page: Page): string[] =>
  page
    .$('.yours li')
    .toArray()
    .map(item => {
      const text = (selector: string) => page.$(item).find(selector).first().text();
      return `${text('.star')} ${text('p a')} ${text('b')}`;
    });

describe('favourites', () => {
  const world = useWorld({
    configure: yaml =>
      yaml.replace(/^( {2}- \{ id: "\d+", name: staging,)/m, '$1 path: Workloads/Staging,'),
  });
  const portal = (path = '/') => `${world.urls.bridge}${path}`;

  it('are added and removed by a star, and shown above the accounts', async () => {
    const { visitor, page } = await world.signIn('alice', 'saml');
    assert.equal(page.$('.yours').length, 0, 'nothing to show yet');

    const added = await visitor.submit(page, star('Add', 'prod as Admin'));
    assert.deepEqual(added.path.slice(-1), [portal('/#a111122223333')]);
    assert.deepEqual(quickOn(added), ['★ prod Admin']);
    assert.equal(added.$('.yours h2').text(), 'Favourites');
    assert.equal(added.$('.yours .production .mark').text(), 'Production');

    const both = await visitor.submit(added, star('Add', 'gov as Admin'));
    assert.deepEqual(quickOn(both), ['★ gov Admin', '★ prod Admin']);

    const removed = await visitor.submit(both, star('Remove', 'prod as Admin'));
    assert.deepEqual(quickOn(removed), ['★ gov Admin']);
    const none = await visitor.submit(
      removed,
      '.yours button[aria-label="Remove favourite gov as Admin"]',
    );
    assert.equal(none.url, portal('/'), 'the star was at the top');
    assert.equal(none.$('.yours').length, 0);
  });

  it('are those of one user', async () => {
    const { visitor, page } = await world.signIn('alice', 'saml');
    const added = await visitor.submit(page, star('Add', 'prod as Admin'));
    assert.equal(quickOn(added).length, 1);
    const { page: other } = await world.signIn('bob', 'saml');
    assert.equal(other.$('.yours').length, 0);
    await visitor.submit(added, star('Remove', 'prod as Admin'));
  });

  it('open the console and show credentials from above the accounts', async () => {
    const { visitor, page } = await world.signIn('alice', 'saml');
    const added = await visitor.submit(page, star('Add', 'prod as Admin'));
    const shown = await visitor.submit(added, 'button[aria-label="Credentials of prod as Admin"]');
    assert.match(shown.text, /Credentials for prod as Admin/);
    const opened = await visitor.submit(
      added,
      'button[aria-label="Console of prod as Admin"]',
      {},
      { stopAt: url => url.startsWith(world.urls.aws) },
    );
    assert.ok(opened.path.at(-1)!.startsWith(world.urls.aws), opened.text);
    await visitor.submit(added, star('Remove', 'prod as Admin'));
  });

  it('stay in the search in which the star was pressed', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const found = await visitor.get(portal('/?q=prod+admin'));
    const added = await visitor.submit(found, star('Add', 'prod as Admin'));
    assert.equal(added.url, portal('/?q=prod%20admin#a111122223333'));
    assert.equal(added.$(star('Remove', 'prod as Admin')).length, 1);
    assert.equal(added.$('.yours').length, 0, 'results come first in a search');
    await visitor.submit(added, star('Remove', 'prod as Admin'));
  });

  it('show what a role lacks that cannot be used yet', async () => {
    const { visitor, page } = await world.signIn('bob', 'oidc');
    const request = page.$('.eligible').first();
    const role = request.find('b').text();
    const added = await visitor.submit(page, star('Add', `prod as ${role}`));
    assert.deepEqual(quickOn(added), [`★ prod ${role}`]);
    assert.equal(added.$('.yours .missing').length, 1);
    assert.match(added.$('.yours a.button').attr('href')!, /^\/elevations\//);
    await visitor.submit(added, star('Remove', `prod as ${role}`));
  });

  it('leave out a role that the user has lost, and have it again with the role', async () => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    await visitor.submit(page, star('Add', 'staging as Developer'));
    const { groups } = world.samlIdp.directory.person('bob')!;
    world.samlIdp.directory.change('bob', { groups: ['aws-prod-ReadOnly'] });
    const { page: less } = await world.signIn('bob', 'saml');
    assert.equal(less.$('.yours').length, 0);
    world.samlIdp.directory.change('bob', { groups });
    const { visitor: again, page: back } = await world.signIn('bob', 'saml');
    assert.deepEqual(quickOn(back), ['★ staging Developer']);
    await again.submit(back, star('Remove', 'staging as Developer'));
  });

  it('are roles of the user alone', async () => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    const button = star('Add', 'staging as Developer');
    for (const [account, role] of [
      ['prod', 'Admin'],
      ['nope', 'Developer'],
      ['staging', 'x'],
    ] as const) {
      const refused = await visitor.submit(page, button, { account, role });
      assert.deepEqual([refused.status, codeOf(refused)], [403, 'access_denied']);
    }
    assert.equal((await visitor.get(portal())).$('.yours').length, 0);
  });

  it('change nothing by a form of an earlier sign-in, which says so', async () => {
    const { visitor, page } = await world.signIn('alice', 'saml');
    const fresh = new Visitor();
    await world.signIn('bob', 'saml', { visitor: fresh });
    const cookie = fresh.cookie(world.urls.bridge, 'rolebridge')!;
    visitor.setCookie(world.urls.bridge, 'rolebridge', cookie);

    const shown = await visitor.submit(page, star('Add', 'prod as Developer'));
    assert.match(shown.text, /earlier sign-in.*signed in as bob/);
    assert.equal(shown.$('.yours').length, 0);
    const added = await visitor.submit(shown, star('Add', 'prod as Developer'));
    assert.deepEqual(quickOn(added), ['★ prod Developer']);
    await visitor.submit(added, star('Remove', 'prod as Developer'));
  });
});

describe('roles that a user uses', () => {
  const world = useWorld();

  it('come after favourites and first in a search, the most used first', async () => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    await visitor.submit(page, star('Add', 'staging as Developer'));
    for (const { role, times } of [
      { role: 'ReadOnly', times: 3 },
      { role: 'Developer', times: 1 },
    ])
      for (let time = 0; time < times; time++) {
        world.clock.turn(61);
        await visitor.submit(page, `button[aria-label="Credentials: prod as ${role}"]`);
      }

    const shown = await visitor.get(world.urls.bridge);
    assert.equal(shown.$('.yours h2').text(), 'Favourites and recent');
    assert.deepEqual(quickOn(shown), [
      '★ staging Developer',
      '☆ prod ReadOnly',
      '☆ prod Developer',
    ]);

    const found = await visitor.get(`${world.urls.bridge}/?q=developer`);
    const headings = found
      .$('.folder > h2, .account h3')
      .toArray()
      .map(heading => found.$(heading).text());
    assert.deepEqual(headings, ['Used by you', 'prod', 'staging']);
  });
});
