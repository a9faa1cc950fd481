/**
 * Hostile addresses at `/go`: none leads out of the consoles of AWS, none says anything of an
 * account that its user cannot reach, and none becomes markup or a header.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { exchange } from '../support/raw-http.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, useWorld } from '../support/world.ts';

const PROD = '111122223333';
const STAGING = '222233334444';
const CONSOLE = 'https://eu-west-1.console.aws.amazon.com';
/** In the configuration; only users of the other connector can get a role there. */
const OTHERS = '555566667777';
/** Nowhere in the configuration. */
const UNKNOWN = '999988887777';
const MARKUP = '"\'><script>alert(1)</script><img src=x onerror=alert(1)>';

const atSignIn = { stopAt: (url: string): boolean => url.includes('Action=login') };

describe('an address that someone else has written', () => {
  const world = useWorld({
    configure: yaml =>
      yaml
        .replace(
          '\naccess:',
          `
  - { id: "${OTHERS}", name: treasury, trust: web-identity, owner: Finance team, description: "Payments of the whole group", link: "https://wiki.example.com/treasury", environment: production }

access:`,
        )
        // A rule for every account would give a way into each.
        .replace('    roles: [ReadOnly, Developer, Owner]', '    accounts: [staging]\n$&')
        .replace(
          '\nadministration:',
          `
  - name: treasurers
    groups: [treasurers]
    connectors: [${CONNECTOR.saml}]
    accounts: [treasury]
    roles: [Treasurer]

administration:`,
        ),
  });
  let bob: Visitor;
  before(async () => {
    ({ visitor: bob } = await world.signIn('bob', 'oidc'));
  });

  const go = (to: string, more: Readonly<Record<string, string>> = {}): Promise<Page> =>
    bob.get(`${world.urls.bridge}/go?${new URLSearchParams({ to, ...more })}`, atSignIn);
  const inAccount = (account: string): string =>
    `https://${account}-abcd1234.eu-west-1.console.aws.amazon.com/s3/buckets`;

  const REFUSED: readonly (readonly [why: string, to: string])[] = [
    ['another host', 'https://evil.example/'],
    ['another host that names AWS', 'https://evil.example/?x=console.aws.amazon.com'],
    ['a host that continues', 'https://console.aws.amazon.com.evil.example/'],
    [
      'the sign-in of AWS',
      'https://signin.aws.amazon.com/federation?Destination=https://evil.example',
    ],
    ['a path of this site', '/sign-out'],
    ['an address of this site', 'http://127.0.0.1/console?account=prod&role=Admin'],
    ['a script', 'javascript:alert(document.domain)'],
    ['a script behind white space', ' \tjavascript:alert(1)'],
    ['data', 'data:text/html;base64,PHNjcmlwdD4='],
    ['plain http', 'http://console.aws.amazon.com/'],
    ['a user name', 'https://console.aws.amazon.com@evil.example/'],
    ['a user name of AWS', 'https://evil.example:x@console.aws.amazon.com/'],
    ['an encoded user name', 'https://console.aws.amazon.com%40evil.example/'],
    ['an encoded dot', 'https://console%2eaws.amazon.com/'],
    ['a full-width letter', 'https://ｃonsole.aws.amazon.com/'],
    ['a soft hyphen', 'https://con\u00adsole.aws.amazon.com/'],
    ['a port', 'https://console.aws.amazon.com:444/'],
    ['a backslash', 'https://console.aws.amazon.com\\.evil.example/'],
    ['two slashes', 'https://console.aws.amazon.com//evil.example/'],
    ['dots that become two slashes', 'https://console.aws.amazon.com/x/..//evil.example/'],
    ['a line break', 'https://console.aws.amazon.com/\r\nSet-Cookie: a=b'],
    ['a null', 'https://console.aws.amazon.com/\0'],
    ['two sessions', inAccount(PROD).replace('//', `//${STAGING}-abcd1234.`)],
    ['an ARN with a host for a region', `arn:aws:sqs:evil.example/:${PROD}:x`],
    ['an ARN with a path for a partition', `arn:../..:sqs:eu-west-1:${PROD}:x`],
    [
      'an ARN with a line break',
      `arn:aws:sqs:eu-west-1:${PROD}:x\r\nLocation: https://evil.example`,
    ],
  ];
  for (const [why, to] of REFUSED) {
    it(`leads nowhere as ${why}`, async () => {
      const calls = world.toAws.length;
      const page = await go(to);
      assert.equal(page.status, 400);
      assert.equal(page.path.length, 1);
      assert.equal(page.headers.get('location'), null);
      assert.equal(page.headers.get('set-cookie'), null);
      assert.match(page.text, /not an address of the AWS console|This is not an ARN/);
      assert.equal(world.toAws.length, calls);
    });
  }

  it('stays text in every value that a page shows', async () => {
    const { html: plain } = await go('x');
    const scripts = plain.split('<script').length;
    for (const field of ['to', 'account', 'role', 'service', 'region', 'path']) {
      const query = new URLSearchParams({ [field]: MARKUP });
      const page = await bob.get(`${world.urls.bridge}/go?${query}`);
      assert.equal(page.html.split('<script').length, scripts, field);
      assert.equal(page.$('[onerror], main img').length, 0, field);
    }
    const shown = [
      `${CONSOLE}/s3/buckets?x=${MARKUP}#${MARKUP}`.replaceAll(' ', '%20'),
      `arn:aws:s3:::bucket/${MARKUP}`,
      `arn:aws:iam::${UNKNOWN}:role/${MARKUP}`,
    ];
    for (const to of shown) {
      for (const more of [undefined, { account: MARKUP }]) {
        const page = await go(to, more);
        assert.equal(page.status, 200, to);
        assert.equal(page.html.split('<script').length, scripts, to);
        assert.equal(page.$('[onerror], main img').length, 0, to);
      }
    }
  });

  it('becomes no header, whatever its encoding', async () => {
    const cookie = `rolebridge=${bob.cookie(world.urls.bridge, 'rolebridge')}`;
    for (const text of [
      '%0d%0aX-Evil:1',
      '%0aX-Evil:1',
      '%250d%250aX-Evil:1',
      '%E5%98%8A%E5%98%8DX-Evil:1',
    ])
      for (const to of [
        `${inAccount(STAGING)}?x=${text}`,
        `arn:aws:sqs:eu-west-1:${STAGING}:${text}`,
      ]) {
        const { status, headers } = await exchange(world.urls.bridge, {
          target: `/go?to=${to.replaceAll('#', '%23')}`,
          headers: [
            ['Cookie', cookie],
            ['Sec-Fetch-Site', 'none'],
          ],
        });
        assert.ok([200, 303, 400].includes(status), `${status} ${to}`);
        assert.equal(headers.has('x-evil'), false, to);
      }
  });

  for (const [how, named] of [
    ['by a session', (account: string) => go(inAccount(account))],
    ['by an ARN', (account: string) => go(`arn:aws:sqs:eu-west-1:${account}:q`)],
    ['by a parameter', (account: string) => go(`${CONSOLE}/s3/buckets`, { account })],
  ] as const) {
    it(`says nothing of an account that its user cannot reach, named ${how}`, async () => {
      const texts = await Promise.all(
        [OTHERS, UNKNOWN].map(async account => {
          const page = await named(account);
          assert.equal(page.status, 200);
          assert.doesNotMatch(
            page.html,
            /treasury|treasurer|Finance|Payments|wiki\.example|Production/i,
          );
          return page.$('main').html()!.replaceAll(account, 'ACCOUNT');
        }),
      );
      assert.match(texts[0]!, /No rule gives a role there to groups of your identity provider/);
      assert.equal(texts[0], texts[1]);
    });
  }

  it('says the same of the name of such an account as of an invented one', async () => {
    const [real, invented] = await Promise.all(
      ['treasury', 'invented'].map(async account => {
        const page = await go(`${CONSOLE}/s3/buckets`, { account });
        return page.$('main').html()!.replaceAll(account, 'ACCOUNT');
      }),
    );
    assert.equal(real, invented);
  });

  it('tells users of the connector whose groups count which of them has a role', async () => {
    const { visitor } = await world.signIn('bob', 'saml');
    const page = await visitor.get(
      `${world.urls.bridge}/go?${new URLSearchParams({ to: inAccount(OTHERS) })}`,
    );
    assert.match(page.text, /Treasurer rule treasurers Ask for membership of the group treasurers/);
    assert.doesNotMatch(page.html, /treasury|Finance|Payments|wiki\.example/);
  });

  it('leads into no other account than the one that it shows', async () => {
    const choice = await go(inAccount(PROD));
    const answer = await bob.submit(
      choice,
      'button[value=Developer]',
      { account: PROD, destination: inAccount(STAGING) },
      atSignIn,
    );
    assert.equal(answer.status, 400);
    assert.match(answer.text, /belongs to a session in account 222233334444/);
  });

  it('cannot leave the question before production out', async () => {
    for (const more of [
      '&asked=1',
      '&csrf_token=x',
      '&notice=none',
      '&choose=role',
      '&duration=1h',
    ]) {
      const page = await bob.follow(
        `${world.urls.bridge}/console?account=prod&role=Developer${more}`,
        undefined,
        atSignIn,
      );
      assert.match(page.text, /Open the console\?/, more);
    }
  });
});
