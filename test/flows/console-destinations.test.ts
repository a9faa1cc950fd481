import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { callApi, loginByDevice } from '../support/cli-login.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { enterPassword, type Protocol, useWorld } from '../support/world.ts';

const CONSOLE = 'https://eu-west-1.console.aws.amazon.com';

/**
 * A link as CloudWatch Logs Insights makes it: the query is in the fragment, in an encoding of its
 * own.
 */
function logsInsights(length: number): string {
  const start = `${CONSOLE}/cloudwatch/home?region=eu-west-1#logsV2:logs-insights$3FqueryDetail$3D~(end~0~start~-3600~timeType~'RELATIVE~unit~'seconds~editorString~'`;
  const query =
    'fields*20*40timestamp*2c*20*40message*0a*7c*20filter*20*40message*20like*20*2fERROR*2f*20and*20a*20*3d*20*22b*22*0a';
  const end = "~source~(~'*2faws*2flambda*2forders~'*2faws*2flambda*2fpayments))";
  const room = length - start.length - end.length;
  return start + query.repeat(Math.ceil(room / query.length)).slice(0, room) + end;
}

const LONG_LINKS = [2159, 3559, 4096].map(length => ({
  length,
  destination: logsInsights(length),
}));

/** Where AWS is asked to lead; the way ends in front of it. */
const atSignIn = { stopAt: (url: string): boolean => url.includes('Action=login') };
const destinationOf = (page: Page): string | null => {
  const address = [...page.path, page.headers.get('location') ?? ''].find(url =>
    url.includes('Action=login'),
  );
  assert.ok(address, `${page.status} ${page.text.slice(0, 200)}`);
  return new URL(address).searchParams.get('Destination');
};

describe('a console destination', () => {
  const world = useWorld({
    configure: yaml =>
      yaml.replace(/, console: \S+\/console }/, ' }\n  consoleHosts: ["*.consoles.example.com"]'),
  });
  let visitor: Visitor;
  let token: string;
  before(async () => {
    ({ accessToken: token, visitor } = await loginByDevice(world, 'alice'));
  });

  const link = (destination: string): string =>
    `${world.urls.bridge}/console?${new URLSearchParams({ account: 'prod', role: 'Admin', destination })}`;

  for (const { length, destination } of LONG_LINKS) {
    it(`of ${length} characters reaches AWS by GET, by POST and by the API`, async () => {
      assert.equal(destination.length, length);
      assert.equal(destinationOf(await visitor.get(link(destination), atSignIn)), destination);

      const portal = await visitor.get(`${world.urls.bridge}/`);
      const posted = await visitor.submit(
        portal,
        'button[aria-label="Console: prod as Admin"]',
        { destination },
        atSignIn,
      );
      assert.equal(destinationOf(posted), destination);

      const { status, json } = await callApi(world, token, {
        method: 'POST',
        path: '/console-link',
        body: { account: 'prod', role: 'Admin', destination },
      });
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(new URL(json.url).searchParams.get('Destination'), destination);
    });

    for (const protocol of ['saml', 'oidc'] as const satisfies Protocol[]) {
      it(`of ${length} characters survives a sign-in by ${protocol}, in addresses of less than 8 kB`, async () => {
        const browser = new Visitor();
        const chooser = await browser.get(link(destination));
        assert.match(chooser.text, /the AWS console of prod as Admin/);

        const choice = new URL(
          chooser.$(`a[href^="/sign-in/corp-${protocol}"]`).attr('href')!,
          world.urls.bridge,
        ).href;
        for (const address of [...chooser.path, choice].slice(1))
          assert.ok(address.length < 8192 - 200, String(address.length));
        const login = await browser.get(choice);
        assert.equal(
          destinationOf(await enterPassword(browser, login, { username: 'alice' }, atSignIn)),
          destination,
        );
      });
    }
  }

  it('of more than 4,096 characters is refused with its length on every route', async () => {
    for (const length of [4097, 9000]) {
      const destination = logsInsights(length);
      const said = new RegExp(`has ${length.toLocaleString('en')} characters; the limit is 4,096`);
      for (const browser of [visitor, new Visitor()]) {
        const page = await browser.get(link(destination));
        assert.equal(page.status, 400);
        assert.match(page.text, said);
      }
      const portal = await visitor.get(`${world.urls.bridge}/`);
      const posted = await visitor.submit(portal, 'button[aria-label="Console: prod as Admin"]', {
        destination,
      });
      assert.equal(posted.status, 400);
      assert.match(posted.text, said);
      const { status, json } = await callApi(world, token, {
        method: 'POST',
        path: '/console-link',
        body: { account: 'prod', role: 'Admin', destination },
      });
      assert.deepEqual([status, json.code], [400, 'destination_refused']);
      assert.match(json.detail, said);
    }
  });

  it('that grows beyond an address when it is encoded is refused before the sign-in, and taken after it', async () => {
    const destination = `${CONSOLE}/?${'%'.repeat(4000)}`;
    const page = await new Visitor().get(link(destination));
    assert.equal(page.status, 400);
    assert.match(
      page.text,
      /too long to keep during a sign-in\. Sign in first, then open the link again/,
    );
    assert.equal(destinationOf(await visitor.get(link(destination), atSignIn)), destination);
  });

  it('may be another console of the partition, or one that the configuration adds; forms may lead there', async () => {
    for (const destination of [
      'https://health.aws.amazon.com/health/home#/account/dashboard/open-issues',
      'https://eu-west-1.quicksight.aws.amazon.com/sn/start',
      'https://eu.consoles.example.com/a?b=%2525#c',
    ])
      assert.equal(destinationOf(await visitor.get(link(destination), atSignIn)), destination);

    const page = await visitor.get(link('https://consoles.example.com/'));
    assert.equal(page.status, 400);

    const policy =
      (await visitor.get(`${world.urls.bridge}/`)).headers.get('content-security-policy') ?? '';
    for (const source of [
      'https://health.aws.amazon.com',
      'https://*.quicksight.aws.amazon.com',
      'https://*.consoles.example.com',
    ])
      assert.ok(policy.includes(source), source);
  });

  it('of a session in another account is refused with the account that it belongs to', async () => {
    const page = await visitor.get(
      link('https://222233334444-abcd1234.eu-west-1.console.aws.amazon.com/s3'),
    );
    assert.equal(page.status, 400);
    assert.match(
      page.text,
      /belongs to a session in account 222233334444, but the role is in account 111122223333/,
    );

    // A second prefix would be left for AWS, and no account has been compared.
    for (const host of [
      '111122223333-abcd1234.222233334444-abcd1234.eu-west-1.console.aws.amazon.com',
      '111122223333-abcd1234.111122223333-abcd1234.console.aws.amazon.com',
      'eu-west-1.222233334444-abcd1234.console.aws.amazon.com',
    ]) {
      const twice = await visitor.get(link(`https://${host}/s3`), atSignIn);
      assert.equal(twice.status, 400, host);
    }

    const own = await visitor.get(
      link('https://111122223333-abcd1234.eu-west-1.console.aws.amazon.com/s3#x'),
      atSignIn,
    );
    assert.equal(destinationOf(own), `${CONSOLE}/s3#x`);
  });
});
