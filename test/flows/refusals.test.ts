/** What a refusal says beside its reasons: a name that was meant, whom to ask, and where. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callApi, loginByCode } from '../support/cli-login.ts';
import { type Protocol, useWorld } from '../support/world.ts';

const HELP =
  'help: { text: "Ask the platform team.", url: "https://help.acme.example/{code}/{account}?role={role}&who={username}&group={group}#{reference}" }';

describe('a refusal', () => {
  const world = useWorld({
    configure: yaml =>
      yaml
        .replace(/^help: .*$/m, HELP)
        .replace(
          /^access:$/m,
          '$&\n  - { name: any-role, groupPattern: "corp-{account}-{role}", connectors: [corp-oidc, corp-saml] }',
        ),
  });
  const visit = async (username: string, path: string, by: Protocol = 'saml') => {
    const { visitor } = await world.signIn(username, by);
    return visitor.get(world.urls.bridge + path);
  };

  for (const [path, right] of [
    ['/credentials?account=prod&role=Admins', '/credentials?account=prod&role=Admin'],
    ['/credentials?account=proud&role=admin', '/credentials?account=prod&role=Admin'],
    [
      '/console?account=prod&role=Admins&destination=https%3A%2F%2Fconsole.aws.amazon.com%2Fs3%2F',
      '/console?account=prod&role=Admin&destination=https://console.aws.amazon.com/s3/',
    ],
  ] as const)
    it(`of ${path} offers the role that was meant, at the same page`, async () => {
      const page = await visit('alice', path);
      assert.equal(page.status, 403);
      assert.match(page.$('.lede').text(), /^Did you mean prod\/Admin\? No rule names this role/);
      const link = page.$('.choices a').first();
      assert.deepEqual([link.text(), link.attr('href')], ['Go to Admin in prod', right]);
    });

  it('does not ask for a group that the role was invented for', async () => {
    const page = await visit('alice', '/credentials?account=prod&role=Nope');
    assert.doesNotMatch(page.text, /prod-Nope/);
    assert.match(page.text, /Other roles come from a group named corp-\{account\}-\{role\}/);
    assert.doesNotMatch(page.text, /Did you mean/);
  });

  it('says the same of an account that does not exist', async () => {
    const texts = await Promise.all(
      ['prod', 'nowhere'].map(async account => {
        const { $ } = await visit('bob', `/credentials?account=${account}&role=Nope`);
        return $('main')
          .text()
          .replaceAll(account, 'ACCOUNT')
          .replaceAll(/[\da-f-]{36}/g, 'ID');
      }),
    );
    assert.equal(texts[0], texts[1]);
  });

  it('does not name a role of other users', async () => {
    const page = await visit('bob', '/credentials?account=prod&role=Admins');
    assert.doesNotMatch(page.text, /Did you mean/);
  });

  it('has a request to copy, with account, role, user and group', async () => {
    const page = await visit('bob', '/credentials?account=prod&role=Admin');
    assert.match(
      page.$('#request-text').text(),
      /^Please grant me a role in AWS\. I am bob \(signed in by corp-saml, person id \w+\)\. I need the account prod and the role Admin, because … Each of these groups gives it: corp-prod-Admin, aws-admins\.$/,
    );
    assert.equal(page.$('button[data-copy="request-text"]').length, 1);
  });

  it('links the help page for this refusal, and for nothing in the footer', async () => {
    const page = await visit('bob', '/credentials?account=prod&role=team%2FA%26B');
    const reference = page.$('#reference').text();
    const help = page.$('.help a').attr('href');
    assert.equal(
      help,
      `https://help.acme.example/access_denied/prod?role=team%2FA%26B&who=bob&group=#${reference}`,
    );
    const footer = page.$('footer a[href^="https://help.acme.example"]').attr('href');
    assert.equal(footer, 'https://help.acme.example//?role=&who=&group=#');
  });

  it('of the API names the role that was meant', async () => {
    const { visitor } = await world.signIn('alice', 'oidc');
    const { accessToken } = await loginByCode(world, visitor);
    const { status, json } = await callApi(world, accessToken, {
      method: 'POST',
      path: '/credentials',
      body: { account: 'staging', role: 'Developers' },
    });
    assert.equal(status, 403);
    assert.deepEqual(json.did_you_mean, { account: 'staging', role: 'Developer' });
    assert.match(String(json.detail), /^Did you mean staging\/Developer\?/);
  });

  it('of a request for a role offers the one that was meant', async () => {
    const page = await visit('bob', '/elevations/new?account=prod&role=operators', 'oidc');
    assert.equal(page.status, 403);
    assert.match(page.$('.lede').text(), /^Did you mean prod\/Operator\?/);
    const link = page.$('.choices a').first();
    assert.equal(link.attr('href'), '/elevations/new?account=prod&role=Operator');
    const form = await visit('bob', link.attr('href')!, 'oidc');
    assert.equal(form.status, 200);
  });
});
