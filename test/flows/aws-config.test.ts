import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, useWorld } from '../support/world.ts';

describe('"Use it in your terminal"', () => {
  const world = useWorld();

  it('leads through the sign-in, and shows every role of the user in each of four dialects, with known issues', async () => {
    assert.match(
      (await new Visitor().get(`${world.urls.bridge}/aws-config`)).url,
      /\/sign-in\?return_to=%2Faws-config$/,
    );
    const { visitor, page: roles } = await world.signIn('bob', 'oidc');
    assert.equal(roles.$('a[href="/aws-config"]').text(), 'Use it in your terminal');

    const page = await visitor.get(`${world.urls.bridge}/aws-config`);
    const choices = page
      .$('nav[aria-label=Tools] a')
      .toArray()
      .map(link => page.$(link));
    assert.equal(choices.length, 4);
    const texts: string[] = [];
    for (const [index, choice] of choices.entries()) {
      const chosen = await visitor.get(new URL(choice.attr('href')!, page.url).href);
      assert.equal(chosen.$('pre').length, 1);
      assert.equal(chosen.$('nav [aria-current=page]').text(), choice.text());
      texts.push(chosen.$('#config-text').text());
      if (index === 0) assert.equal(texts[0], page.$('#config-text').text());
    }

    const name = new URL(world.urls.bridge).host.replace(':', '-');
    const [session, legacy, client, container] = texts as [string, string, string, string];
    assert.equal(
      session,
      `[sso-session ${name}]
sso_start_url = https://rolebridge-127-0-0-1-${new URL(world.urls.bridge).port}.portal.us-east-1.app.aws
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[services ${name}]
sso =
  endpoint_url = ${world.urls.bridge}
sso_oidc =
  endpoint_url = ${world.urls.bridge}

[profile prod-Developer]
sso_session = ${name}
sso_account_id = 111122223333
sso_role_name = Developer
services = ${name}
region = eu-west-1

[profile prod-Operator]
sso_session = ${name}
sso_account_id = 111122223333
sso_role_name = Operator
services = ${name}
region = eu-west-1

[profile prod-ReadOnly]
sso_session = ${name}
sso_account_id = 111122223333
sso_role_name = ReadOnly
services = ${name}
region = eu-west-1

[profile staging-Developer]
sso_session = ${name}
sso_account_id = 222233334444
sso_role_name = Developer
services = ${name}
region = eu-west-1
`,
    );
    assert.match(
      legacy,
      /\[profile prod-Developer\]\nsso_start_url = https:\/\/rolebridge-127-0-0-1-\d+\.portal\.us-east-1\.app\.aws\nsso_region = us-east-1\nsso_account_id = 111122223333/,
    );
    assert.match(
      client,
      new RegExp(
        `\\[profile staging-Developer\\]\ncredential_process = rolebridge credential-process staging/Developer --server ${world.urls.bridge}\nregion = eu-west-1`,
      ),
    );
    assert.match(
      container,
      /^#AWS_CONTAINER_CREDENTIALS_FULL_URI=\S+\/api\/v1\/container-credentials\/prod\/Developer$/m,
    );
    assert.match(
      container,
      /^#AWS_REGION=eu-west-1\n#AWS_DEFAULT_REGION=eu-west-1$/m,
      'boto3 reads only the latter',
    );
    assert.match(
      container,
      /^(?:(?:#.*)?\n)+$/,
      'as a whole it sets nothing: its last role would win',
    );
    const steps = page.$('ol').text();
    assert.match(steps, /^\s*Ask your administrators for the package/);
    assert.ok(steps.includes(`rolebridge login --server ${world.urls.bridge}`));
    assert.match(steps, /aws sts get-caller-identity --profile prod-Developer/);
    assert.equal(page.$('details:not([open]) .traps li').length, 7);
    assert.match(page.text, /then sign in with aws sso login --profile prod-Developer\./);
    assert.match(
      page.text,
      /With --sso-session instead of --profile, the AWS CLI ignores the endpoint/,
    );

    const dialects = ['sso-session', 'sso-legacy', 'credential-process', 'container'];
    for (const [index, dialect] of dialects.entries()) {
      const file = await visitor.get(`${world.urls.bridge}/aws-config?dialect=${dialect}`);
      assert.equal(file.headers.get('content-disposition')?.split(';')[0], 'attachment');
      assert.equal(file.headers.get('content-type'), 'text/plain; charset=utf-8');
      assert.equal(file.html, texts[index]);
    }
    for (const wrong of ['dialect=other', 'show=other', 'show=container&show=container'])
      assert.equal((await visitor.get(`${world.urls.bridge}/aws-config?${wrong}`)).status, 400);
  });

  it('survives a sign-in with the chosen dialect', async () => {
    const visitor = new Visitor();
    const asked = await visitor.get(`${world.urls.bridge}/aws-config?show=container`);
    const link = asked.$(`a[href^="/sign-in/${CONNECTOR.oidc}"]`).attr('href')!;
    const login = await visitor.get(new URL(link, asked.url).href);
    const page = await enterPassword(visitor, login, { username: 'bob' });
    assert.equal(page.$('nav [aria-current=page]').text(), 'Containers');
  });

  it('shows no file to a user without roles', async () => {
    const { visitor } = await world.signIn('carol', 'oidc');
    const page = await visitor.get(`${world.urls.bridge}/aws-config`);
    assert.match(page.text, /You have no role.*Ask the platform team in #aws-access/s);
    assert.equal(page.$('pre, a[href*="dialect="]').length, 0);
  });

  it('includes roles with unmet requirements', async () => {
    const { visitor } = await world.signIn('alice', 'saml', { secondFactor: false });
    const page = await visitor.get(`${world.urls.bridge}/aws-config`);
    assert.match(page.$('#config-text').text(), /^\[profile prod-Admin\]$/m);
  });
});
