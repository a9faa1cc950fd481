import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { type Page, Visitor } from '../support/visitor.ts';
import { enterPassword, type Protocol, useWorld, worldFor } from '../support/world.ts';

const PROD = '111122223333';
const STAGING = '222233334444';
const GOV = '333344445555';
const UNKNOWN = '999988887777';
const CONSOLE = 'https://eu-west-1.console.aws.amazon.com';
const LAMBDA = `${CONSOLE}/lambda/home?region=eu-west-1#/functions`;
const QUICK_CREATE = `${CONSOLE}/cloudformation/home?region=eu-west-1#/stacks/quickcreate?templateURL=https://evil.example/t.yaml`;

const inSession = (account: string, address = LAMBDA): string =>
  address.replace('https://', `https://${account}-abcd1234.`);

const atSignIn = { stopAt: (url: string): boolean => url.includes('Action=login') };
const destinationOf = (page: Page): string | null => {
  const address = page.path.find(url => url.includes('Action=login'));
  assert.ok(address, `${page.status} ${page.text.slice(0, 300)}`);
  return new URL(address).searchParams.get('Destination');
};

describe('an address to go to', () => {
  const world = useWorld();
  let bob: Visitor;
  before(async () => {
    ({ visitor: bob } = await world.signIn('bob', 'oidc'));
  });

  const pathTo = (to: string, more: Readonly<Record<string, string>> = {}): string =>
    `${world.urls.bridge}/go?${new URLSearchParams({ to, ...more })}`;
  const go = (visitor: Visitor, to: string, more?: Readonly<Record<string, string>>) =>
    visitor.get(pathTo(to, more), atSignIn);
  const lastRole = (): string =>
    world.toAws
      .findLast(({ form }) => form.has('RoleArn'))!
      .form.get('RoleArn')!
      .split('/')
      .at(-1)!;

  it('opens with the only role of its account', async () => {
    const page = await go(bob, inSession(STAGING));
    assert.equal(destinationOf(page), LAMBDA);
    assert.equal(page.headers.get('location')?.startsWith(world.urls.aws), true);
    assert.equal(lastRole(), 'Developer');
  });

  it('opens as an ARN, in the region and account of the ARN', async () => {
    const page = await go(bob, `arn:aws:sqs:eu-central-1:${STAGING}:orders`);
    assert.equal(
      destinationOf(page),
      `https://eu-central-1.console.aws.amazon.com/sqs/v3/home?region=eu-central-1#/queues/https%3A%2F%2Fsqs.eu-central-1.amazonaws.com%2F${STAGING}%2Forders`,
    );
  });

  it('asks for the role where several are possible, then opens with the one last used', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    const choice = await go(visitor, inSession(PROD));
    assert.equal(choice.status, 200);
    assert.match(choice.text, /Choose a role.*several roles in this account/);
    assert.match(choice.text, /Lambda.*eu-west-1.*prod 111122223333 Production/);
    const roles = choice
      .$('.go-roles strong')
      .toArray()
      .map(element => choice.$(element).text());
    assert.deepEqual(roles, ['Developer', 'ReadOnly']);

    const button = 'button[aria-label="Console: prod as ReadOnly"]';
    const opened = await visitor.submit(choice, button, {}, atSignIn);
    assert.equal(destinationOf(opened), LAMBDA);
    assert.equal(lastRole(), 'ReadOnly');

    world.clock.turn(120);
    const again = await go(visitor, inSession(PROD, `${CONSOLE}/s3/buckets?region=eu-west-1`));
    assert.equal(destinationOf(again), `${CONSOLE}/s3/buckets?region=eu-west-1`);
    assert.equal(lastRole(), 'ReadOnly');
  });

  it('offers to request a role that requires an approval', async () => {
    const choice = await go(bob, inSession(PROD));
    const link = choice.$('a[aria-label="Request this role: prod as Operator"]');
    assert.equal(link.attr('href'), '/elevations/new?account=prod&role=Operator');
    assert.equal(choice.$('button[value=Operator]').length, 0);
  });

  it('without an account lets users choose among their accounts, the used roles first', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    await visitor.get(`${world.urls.bridge}/console?account=staging&role=Developer`, atSignIn);
    const choice = await go(visitor, LAMBDA);
    assert.match(choice.text, /does not name an account/);
    assert.match(choice.$('.go-roles').first().text(), /Developer rule developers, last used/);
    assert.equal(choice.$('.go-account h2').first().text().trim().split(' ')[0], 'staging');
    assert.equal(choice.text.includes('gov'), false, 'an account of another partition');

    const named = await go(visitor, LAMBDA, { account: 'staging' });
    assert.equal(destinationOf(named), LAMBDA);
    const byId = await go(visitor, LAMBDA, { account: STAGING });
    assert.equal(destinationOf(byId), LAMBDA);
  });

  it('that names several accounts says so, and lets users choose', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const both = `${CONSOLE}/lambda/home#/f?a=arn:aws:iam::${PROD}:role/a&b=arn:aws:iam::${STAGING}:role/b`;
    const choice = await go(visitor, both);
    assert.match(choice.text, /names several accounts: 111122223333, 222233334444/);
    assert.equal(choice.$('.go-account').length, 2);
  });

  it('in an account without a role of the user says which groups have one, and how to get it', async () => {
    const page = await go(bob, `arn:aws-us-gov:lambda:us-gov-west-1:${GOV}:function:f`);
    assert.equal(page.status, 200);
    assert.match(page.text, /None of your roles is in the account 333344445555/);
    assert.match(
      page.text,
      /Admin rule admins Ask for membership of the group aws-admins, then sign in again/,
    );
    assert.match(page.text, /Ask the platform team/);
    assert.equal(page.$('#other-account').length, 0, 'no account of the user is in the partition');

    const two = `${LAMBDA}/f?a=arn:aws:iam::${UNKNOWN}:role/a&b=arn:aws:iam::${GOV}:role/b`;
    assert.match(
      (await go(bob, two)).text,
      /in the accounts 999988887777, 333344445555\. .*Admin rule admins/,
    );

    const other = await go(bob, inSession(UNKNOWN));
    assert.match(other.text, /None of your roles is in the account 999988887777/);
    assert.match(other.text, /No rule gives a role there to groups of your identity provider/);
    const moved = await bob.submit(
      other,
      'form:has(#other-account)',
      { account: STAGING },
      atSignIn,
    );
    assert.equal(destinationOf(moved), LAMBDA);
  });

  it('that is refused is shown with what is accepted', async () => {
    const page = await go(bob, 'https://evil.example/"><script>alert(1)</script>');
    assert.equal(page.status, 400);
    assert.match(page.text, /This is not an address of the AWS console/);
    assert.equal(page.$('#go-to').val(), 'https://evil.example/"><script>alert(1)</script>');
    assert.equal(page.$('main script').length, 0);
  });

  for (const protocol of ['saml', 'oidc'] as const satisfies Protocol[]) {
    it(`of 4,096 characters survives a sign-in by ${protocol}, and an expired session`, async () => {
      const start = `${LAMBDA}/orders?x=`;
      const to = inSession(STAGING, start + 'a*20'.repeat(2000)).slice(0, 4096);
      const browser = new Visitor();
      const chooser = await browser.get(pathTo(to));
      assert.match(chooser.text, /a page of the AWS console/);
      const way = chooser.$(`a[href^="/sign-in/corp-${protocol}"]`).attr('href')!;
      assert.ok(way.length < 8192, String(way.length));
      const login = await browser.get(new URL(way, world.urls.bridge).href);
      const opened = await enterPassword(browser, login, { username: 'bob' }, atSignIn);
      assert.equal(destinationOf(opened), to.replace(/\/\/\d{12}-\w+\./, '//'));

      browser.setCookie(world.urls.bridge, 'rolebridge', 'expired');
      const again = await browser.get(pathTo(to));
      assert.match(again.text, /Sign in/);
      assert.equal(again.$(`a[href="${way}"]`).length, 1);
    });
  }

  it('leads through a step-up that the role requires', async () => {
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    const login = await go(visitor, `arn:aws-us-gov:lambda:us-gov-west-1:${GOV}:function:f`);
    assert.ok(
      login.path.some(url => url.includes('/step-up?')),
      login.text,
    );
    const opened = await enterPassword(visitor, login, { username: 'alice' }, atSignIn);
    assert.equal(
      destinationOf(opened),
      'https://us-gov-west-1.console.amazonaws-us-gov.com/lambda/home?region=us-gov-west-1#/functions/f',
    );
    assert.equal(lastRole(), 'Admin');
  });

  it('without a role anywhere leads to none', async () => {
    const { visitor } = await world.signIn('carol', 'oidc');
    const page = await go(visitor, LAMBDA);
    assert.match(page.text, /None of your roles is in the partition of this address/);
  });
});

describe('a rule that is preferred', () => {
  it('decides where the user has used no role', async test => {
    const world = await worldFor(test, {
      configure: yaml =>
        yaml.replace(
          '  - name: developers-look\n',
          '  - name: developers-look\n    preferred: true\n',
        ),
    });
    const { visitor } = await world.signIn('alice', 'oidc');
    const page = await visitor.get(
      `${world.urls.bridge}/go?${new URLSearchParams({ to: inSession(PROD) })}`,
      atSignIn,
    );
    assert.equal(destinationOf(page), LAMBDA);
    const form = world.toAws.findLast(request => request.form.has('RoleArn'))!.form;
    assert.match(form.get('RoleArn')!, /\/ReadOnly$/);
  });
});

describe('a link from another site', () => {
  const world = useWorld();
  let alice: Visitor;
  before(async () => {
    ({ visitor: alice } = await world.signIn('alice', 'oidc'));
  });

  const consoleOf = (account: string, destination?: string): string =>
    `/console?${new URLSearchParams({ account, role: 'Developer', ...(destination && { destination }) })}`;
  const goTo = (to: string): string => `/go?${new URLSearchParams({ to, account: 'prod' })}`;
  const follow = (path: string): Promise<Page> =>
    alice.follow(world.urls.bridge + path, undefined, atSignIn);

  it('asks once before it opens production, with all that it leads to', async () => {
    const calls = world.toAws.length;
    const asked = await follow(consoleOf('prod', LAMBDA));
    assert.equal(asked.status, 200);
    assert.match(asked.text, /from another site led here, and prod is production/);
    assert.match(
      asked.text,
      /prod 111122223333 Production Role ?Developer Service ?Lambda Region ?eu-west-1/,
    );
    assert.ok(asked.text.includes(LAMBDA));
    assert.equal(world.toAws.length, calls, 'nothing is handed out before');
    const opened = await alice.submit(asked, 'form[action="/console"]', {}, atSignIn);
    assert.equal(destinationOf(opened), LAMBDA);
  });

  it('asks before a page that creates something in any account', async () => {
    const asked = await follow(consoleOf('staging', QUICK_CREATE));
    assert.match(asked.text, /its page can create or change something in staging/);
    assert.ok(asked.text.includes('https://evil.example/t.yaml'));
  });

  it('opens every other page at once', async () => {
    assert.equal(destinationOf(await follow(consoleOf('staging', LAMBDA))), LAMBDA);
  });

  it('asks at /go, too, once the role is clear', async () => {
    await alice.get(world.urls.bridge + consoleOf('prod'), atSignIn);
    const asked = await follow(goTo(LAMBDA));
    assert.match(asked.text, /Open the console\?/);
    const opened = await alice.submit(asked, 'form[action="/console"]', {}, atSignIn);
    assert.equal(destinationOf(opened), LAMBDA);
  });

  it('is distinguished from typed addresses and from links of our own pages and domain', async () => {
    const portal = await alice.get(world.urls.bridge);
    for (const path of [consoleOf('prod', LAMBDA), goTo(LAMBDA)]) {
      const url = world.urls.bridge + path;
      assert.equal(destinationOf(await alice.get(url, atSignIn)), LAMBDA);
      assert.equal(destinationOf(await alice.follow(url, portal, atSignIn)), LAMBDA);
      const wiki = { ...portal, url: `${world.urls.oidc}/wiki` };
      assert.equal(destinationOf(await alice.follow(url, wiki, atSignIn)), LAMBDA);
    }
  });

  it('counts as one where the browser does not say', async () => {
    const headers = { cookie: `rolebridge=${alice.cookie(world.urls.bridge, 'rolebridge')}` };
    const answer = await fetch(world.urls.bridge + consoleOf('prod'), {
      headers,
      redirect: 'manual',
    });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /Open the console\?/);
  });

  it('is refused before the question where the role or the address would be', async () => {
    const role = await follow('/console?account=prod&role=Nope');
    assert.equal(role.status, 403);
    const address = await follow(consoleOf('prod', 'https://evil.example/'));
    assert.equal(address.status, 400);
  });
});

describe('the page without an address', () => {
  const world = useWorld();
  let alice: Visitor;
  before(async () => {
    ({ visitor: alice } = await world.signIn('alice', 'oidc'));
  });
  const build = async (typed: Readonly<Record<string, string>>): Promise<Page> => {
    const page = await alice.get(`${world.urls.bridge}/go`);
    return alice.submit(page, 'form.go-builder', typed);
  };
  const linkIn = (page: Page): string => page.$('#made-link').text();

  it('has a field, and a menu of services for each partition of the user', async () => {
    const page = await alice.get(`${world.urls.bridge}/go`);
    assert.equal(page.$('#go-to').length, 1);
    const partitions = page
      .$('.go-menu summary')
      .toArray()
      .map(element => page.$(element).text());
    assert.deepEqual(partitions, ['AWS', 'AWS GovCloud (US)']);
    const link = page.$('.go-menu a:contains("Lambda")').attr('href')!;
    assert.equal(link, '/go?to=https://console.aws.amazon.com/lambda/home%23/functions');
    const opened = await alice.follow(new URL(link, world.urls.bridge).href, page);
    assert.match(opened.text, /Choose a role/);
  });

  it('makes a link without a role', async () => {
    const page = await build({ service: 'sqs', region: 'eu-west-1' });
    const link = linkIn(page);
    assert.equal(
      link,
      `${world.urls.bridge}/go?to=${CONSOLE}/sqs/v3/home?region=eu-west-1%23/queues`,
    );
    assert.equal(page.$('#builder-service option[selected]').attr('value'), 'sqs');
    const opened = await new Visitor().get(link);
    assert.match(opened.text, /Sign in/);
  });

  it('makes a link with an account, and with a role', async () => {
    const withAccount = linkIn(await build({ account: STAGING, path: '/ec2/home#Instances:' }));
    assert.match(
      withAccount,
      /\/go\?to=https:\/\/console\.aws.*%23Instances:&account=222233334444$/,
    );
    const withRole = linkIn(await build({ account: STAGING, role: 'Developer', service: 's3' }));
    assert.equal(
      destinationOf(await alice.get(withRole, atSignIn)),
      'https://console.aws.amazon.com/s3/buckets',
    );
  });

  it('offers the region last used in the account first', async () => {
    const destination = 'https://ap-south-1.console.aws.amazon.com/s3/buckets';
    const query = new URLSearchParams({ account: 'staging', role: 'Developer', destination });
    await alice.get(`${world.urls.bridge}/console?${query}`, atSignIn);
    const page = await build({ account: STAGING });
    assert.equal(page.$('#builder-regions option').first().attr('value'), 'ap-south-1');
  });

  const PROBLEMS: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ region: 'evil.example' }, /The region is malformed/],
    [
      { account: STAGING, region: 'cn-north-1' },
      /is in the partition aws-cn, and staging is in aws/,
    ],
    [{ account: UNKNOWN }, /Choose one of your accounts/],
    [{ role: 'Admin' }, /Choose the account of the role/],
    [{ path: 'home' }, /must begin with one slash/],
    [{ path: '//evil.example/' }, /must begin with one slash/],
    [{ path: '/@evil.example\\' }, /contain no backslash/],
    [{ service: 'nonsense' }, /Choose a service from the list/],
    [{ account: GOV, service: 'cloudfront' }, /CloudFront is not in the partition aws-us-gov/],
  ];
  for (const [typed, said] of PROBLEMS) {
    it(`says what is wrong with ${JSON.stringify(typed)}`, async () => {
      const page = await build(typed);
      assert.match(page.$('#builder-problem').text(), said);
      assert.equal(page.$('#made-link').length, 0);
    });
  }
});
