import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Page, Visitor } from '../support/visitor.ts';
import { enterPassword, type Protocol, useWorld, type World, worldFor } from '../support/world.ts';

/** Every way to a role, and what AWS must know of alice there. */
const ROLES = [
  { account: 'prod', id: '111122223333', role: 'Admin', partition: 'aws', how: 'SAML trust' },
  { account: 'staging', id: '222233334444', role: 'Admin', partition: 'aws', how: 'web identity' },
  {
    account: 'gov',
    id: '333344445555',
    role: 'Admin',
    partition: 'aws-us-gov',
    how: 'another partition',
  },
  {
    account: 'partner',
    id: '444455556666',
    role: 'Auditor',
    partition: 'aws',
    how: 'a hub role with an external id',
  },
] as const;

describe('reaching AWS', () => {
  const world = useWorld();

  const button = (what: 'Console' | 'Credentials', account: string, role: string): string =>
    `button[aria-label="${what}: ${account} as ${role}"]`;

  for (const protocol of ['oidc', 'saml'] as const satisfies Protocol[]) {
    describe(`for alice, who signed in by ${protocol}`, () => {
      for (const { account, id, role, partition, how } of ROLES) {
        it(`the console opens as ${account}/${role} (${how})`, async () => {
          const { visitor, page } = await world.signIn('alice', protocol);
          const console = await visitor.submit(page, button('Console', account, role));
          assert.equal(console.status, 200);
          assert.ok(console.url.startsWith(`${world.urls.aws}/console`), console.url);

          for (const text of [
            id,
            account,
            `arn:${partition}:sts::${id}:assumed-role/${role}/alice-`,
            'Department',
            'Platform',
            'Email',
            'alice@acme.example',
          ]) {
            assert.ok(console.text.includes(text), `${text} in: ${console.text}`);
          }
          assert.match(console.text, /Source identity\s*alice/i);
        });

        it(`the credentials for ${account}/${role} are hers`, async () => {
          const { visitor, page } = await world.signIn('alice', protocol);
          const shown = await visitor.submit(page, button('Credentials', account, role));
          assert.equal(shown.status, 200);
          assert.equal(shown.headers.get('cache-control'), 'no-store, no-transform');

          const identity = await callerOf(
            world,
            partition === 'aws' ? 'eu-west-1' : 'us-gov-west-1',
            credentialsOn(shown),
          );
          assert.equal(identity.Account, id);
          assert.match(
            identity.Arn!,
            new RegExp(`^arn:${partition}:sts::${id}:assumed-role/${role}/alice-[a-z2-7]{16}$`),
          );
        });
      }
    });
  }

  it('a link from a wiki page survives the sign-in on the way and leads to the asked page of the console', async () => {
    const visitor = new Visitor();
    const destination = `${world.urls.aws}/console/s3/buckets/logs`;

    const chooser = await visitor.get(
      `${world.urls.bridge}/console?${new URLSearchParams({ account: 'prod', role: 'Admin', destination })}`,
    );
    assert.match(chooser.text, /the AWS console of prod as Admin/);

    const login = await visitor.get(
      new URL(chooser.$('a[href^="/sign-in/corp-saml"]').attr('href')!, world.urls.bridge).href,
    );
    const console = await enterPassword(visitor, login, { username: 'alice' });
    assert.ok(console.url.startsWith(`${world.urls.aws}/console`), console.url);
    assert.match(console.text, /s3\/buckets\/logs/);
  });

  it('a link names the account by its id as well', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const console = await visitor.get(
      `${world.urls.bridge}/console?account=111122223333&role=Admin`,
    );
    assert.ok(console.url.startsWith(`${world.urls.aws}/console`));
  });

  it('bob is refused prod/Admin with the reason, the way out and a reference', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    for (const path of [
      '/console?account=prod&role=Admin',
      '/credentials?account=prod&role=Admin',
    ]) {
      const page = await visitor.get(`${world.urls.bridge}${path}`);
      assert.equal(page.status, 403);
      assert.match(page.text, /Gives the role to the group aws-admins, and you are not in it\./);
      assert.match(page.text, /Ask for membership of the group aws-admins, then sign in again\./);
      assert.ok(page.text.includes(page.headers.get('x-correlation-id')!));
      assert.match(page.text, /#aws-access/);
    }

    const [refusal] = (await world.audit()).filter(
      event => event.type === 'access.refused' && event.actor.username === 'bob',
    );
    assert.ok(refusal?.type === 'access.refused');
    assert.equal(refusal.code, 'access_denied');
    assert.equal(refusal.account, 'prod');
  });

  it('denies an unknown role and a role of others with the same status and code', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    for (const query of [
      'account=prod&role=Admin',
      'account=prod&role=Nothing',
      'account=nowhere&role=Admin',
    ]) {
      const page = await visitor.get(`${world.urls.bridge}/console?${query}`);
      assert.equal(page.status, 403);
      assert.match(page.$('body').text(), /access_denied/);
    }
  });

  it('carol, who has no group, sees how to ask', async () => {
    const { page } = await world.signIn('carol', 'oidc');
    assert.equal(page.status, 200);
    assert.match(page.text, /Ask the platform team in #aws-access\./);
    assert.match(page.text, /carol/);
    assert.equal(page.$('form[action="/console"]').length, 0);
  });

  it('without a second factor alice sees that the role needs one, and gives it on the way', async () => {
    const { visitor, page } = await world.signIn('alice', 'oidc', { secondFactor: false });
    assert.match(page.text, /requires a sign-in with a second factor/);
    const login = await visitor.get(`${world.urls.bridge}/console?account=prod&role=Admin`);
    const console = await enterPassword(visitor, login, { username: 'alice' });
    assert.ok(
      console.url.startsWith(`${world.urls.aws}/console`),
      `${console.url}: ${console.text}`,
    );
  });

  it('a sign-in that is too long ago leads to a new one, and on to the console', async t => {
    const own = await worldFor(t, {
      configure: yaml => yaml.replaceAll('authenticatedWithin: 8h', 'authenticatedWithin: 2m'),
    });
    const { visitor } = await own.signIn('alice', 'saml');
    own.clock.turn(130);

    const portal = await visitor.get(`${own.urls.bridge}/`);
    assert.match(portal.text, /It requires a sign-in of the last 2 min, and yours was 2 min ago\./);
    const again = await visitor.get(`${own.urls.bridge}/console?account=prod&role=Admin`);
    assert.equal(again.$('input[type=password]').length, 1);
    const console = await enterPassword(visitor, again, { username: 'alice' });
    assert.ok(console.url.startsWith(`${own.urls.aws}/console`), console.text);
  });

  it('a rule that gives more than the role allows gives what the role allows, and says so', async () => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    const shown = await visitor.submit(page, button('Credentials', 'prod', 'ReadOnly'));
    assert.equal(shown.status, 200);
    assert.match(shown.text, /The rule grants 4 h, but AWS allows 1 h for this role\./);
  });

  it('credentials are shown in every format', async () => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    const shown = await visitor.submit(page, button('Credentials', 'staging', 'Developer'));

    for (const text of [
      'export AWS_ACCESS_KEY_ID=',
      'set -gx AWS_ACCESS_KEY_ID',
      '$Env:AWS_ACCESS_KEY_ID',
      'set AWS_ACCESS_KEY_ID=',
      'aws_access_key_id',
      '"Version": 1',
    ]) {
      assert.ok(shown.html.replaceAll('&quot;', '"').includes(text), text);
    }
  });

  it('a GET hands out nothing', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    const issued = async () =>
      (await world.audit()).filter(({ type }) => type === 'credentials.issued').length;
    const before = await issued();

    const page = await visitor.get(
      `${world.urls.bridge}/credentials?account=staging&role=Developer`,
    );
    assert.equal(page.status, 200);
    assert.ok(!page.html.includes('ASIA'));
    assert.equal(await issued(), before);

    const shown = await visitor.submit(page, 'form[action="/credentials"]');
    assert.match(shown.html, /ASIA/);
    assert.equal(await issued(), before + 1);
  });

  it('a destination outside the console is refused before anything is fetched', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    for (const destination of [
      'https://evil.example/',
      'https://console.aws.amazon.com.evil.example/',
      'https://console.amazonaws-us-gov.com/',
      'javascript:alert(1)',
      '//evil.example',
      'https://console.aws.amazon.com@evil.example/',
    ]) {
      const page = await visitor.get(
        `${world.urls.bridge}/console?${new URLSearchParams({ account: 'prod', role: 'Admin', destination })}`,
      );
      assert.equal(page.status, 400, destination);
    }
  });

  it('every hand-out is in the audit trail with who, what, why and the ids of AWS, and no secret is anywhere', async () => {
    const { visitor, page } = await world.signIn('alice', 'saml');
    const shown = await visitor.submit(page, button('Credentials', 'prod', 'Admin'));
    const { accessKeyId, secretAccessKey, sessionToken } = credentialsOn(shown);
    const link = await visitor.submit(
      page,
      button('Console', 'prod', 'Admin'),
      {},
      { stopAt: url => url.includes('SigninToken') },
    );
    const signinToken = new URL(link.path.at(-1)!).searchParams.get('SigninToken')!;
    assert.equal(link.headers.get('cache-control'), 'no-store, no-transform');

    const events = await world.audit();
    const issued = events.find(
      event => event.type === 'credentials.issued' && event.accessKeyId === accessKeyId,
    );
    assert.ok(issued?.type === 'credentials.issued');
    assert.equal(issued.actor.username, 'alice');
    assert.equal(issued.account, '111122223333');
    assert.equal(issued.role, 'Admin');
    assert.equal(issued.rule, 'admins');
    assert.equal(issued.group, 'aws-admins');
    assert.match(issued.sessionName, /^alice-[a-z2-7]{16}$/);
    assert.equal(issued.sourceIdentity, issued.sessionName);
    assert.match(issued.stsRequestId, /^[0-9a-f-]{36}$/);
    assert.equal(issued.origin.correlationId, shown.headers.get('x-correlation-id'));
    assert.equal(issued.origin.address, '127.0.0.1');
    assert.ok(
      events.some(
        event => event.type === 'console-link.issued' && event.actor.username === 'alice',
      ),
    );

    const everything = `${world.log.join('')}${JSON.stringify(events)}`;
    assert.ok(everything.includes(accessKeyId), 'the log names the access key id');
    for (const secret of [secretAccessKey, sessionToken, signinToken])
      assert.ok(!everything.includes(secret));
  });
});

interface Shown {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Reads the credentials as a user would who copies the JSON. */
function credentialsOn(page: Page): Shown {
  const json = page
    .$('pre, code, textarea')
    .toArray()
    .map(element => page.$(element).text().trim())
    .find(text => text.startsWith('{'));
  const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(json!) as Record<
    string,
    string
  >;
  return {
    accessKeyId: AccessKeyId!,
    secretAccessKey: SecretAccessKey!,
    sessionToken: SessionToken!,
  };
}

async function callerOf(world: World, region: string, credentials: Shown) {
  const client = new STSClient({ region, endpoint: world.urls.aws, credentials, maxAttempts: 1 });
  try {
    return await client.send(new GetCallerIdentityCommand({}));
  } finally {
    client.destroy();
  }
}
