import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Page } from 'playwright-core';
import { violationsOn } from '../support/axe.ts';
import { chromiumMissing, newTab, signIn, useBrowser } from '../support/browser.ts';
import { type Protocol, useWorld, type World } from '../support/world.ts';

/**
 * Every way to a role: SAML trust, web identity, another partition, a hub role with an external id.
 */
const ROLES = [
  { account: 'prod', id: '111122223333', role: 'Admin', partition: 'aws', region: 'eu-west-1' },
  { account: 'staging', id: '222233334444', role: 'Admin', partition: 'aws', region: 'eu-west-1' },
  {
    account: 'gov',
    id: '333344445555',
    role: 'Admin',
    partition: 'aws-us-gov',
    region: 'us-gov-west-1',
  },
  {
    account: 'partner',
    id: '444455556666',
    role: 'Auditor',
    partition: 'aws',
    region: 'eu-west-1',
  },
] as const;

describe('the portal in Chromium', { skip: chromiumMissing() }, () => {
  const world = useWorld();
  const browser = useBrowser();
  // The OpenID provider goes by the machine's own clock, and a browser takes its time.
  beforeEach(() => world.clock.turn((Date.now() - world.clock.now()) / 1000));

  const comeIn = async (
    page: Page,
    username: string,
    protocol: Protocol = 'saml',
  ): Promise<void> => {
    await page.goto(world.urls.bridge);
    await signIn(page, username, protocol);
    await page.getByText(/^via Acme/).waitFor();
    // The page's script has run then.
    await page.waitForLoadState();
  };

  it('a page that breaks its own policy fails the visit', async () => {
    const visit = browser.visit(async page => {
      await page.goto(world.urls.bridge);
      await page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { textContent: '0' }))",
      );
    });
    await assert.rejects(visit, /Content Security Policy directive[\s\S]*script-src/);
  });

  for (const protocol of ['saml', 'oidc'] as const) {
    it(`alice signs in by ${protocol} and opens the console of every account in a tab of its own`, () =>
      browser.visit(async page => {
        await comeIn(page, 'alice', protocol);
        for (const { account, id, role, partition } of ROLES) {
          const tab = await newTab(page, () => button(page, 'Console', account, role).click());
          await tab.getByRole('heading', { name: `${role} in ${account}` }).waitFor();
          assert.equal(tab.url(), `${world.urls.aws}/console`);
          const fact = (term: string) => tab.locator(`dt:text-is("${term}") + dd`).textContent();
          const roleSession = (await fact('Role session'))!;
          assert.match(
            roleSession,
            new RegExp(`^arn:${partition}:sts::${id}:assumed-role/${role}/alice-[a-z2-7]{16}$`),
          );
          assert.equal(
            await fact('Source identity'),
            roleSession.split('/').at(-1),
            'the unique session name',
          );
          const tag = (key: string) => tab.locator(`td:has-text("${key}") + td`).textContent();
          assert.equal(await tag('Department'), 'Platform');
          assert.equal(await tag('Email'), 'alice@acme.example');
          assert.equal(
            await tab.evaluate('window.opener'),
            null,
            'the console cannot reach the portal',
          );
          await tab.close();
        }
        assert.equal(page.url(), `${world.urls.bridge}/`, 'the portal stays where it was');
      }));
  }

  it('what the copy button copies are the credentials of the chosen account and role', () =>
    browser.visit(
      async page => {
        await comeIn(page, 'alice');
        for (const { account, id, role, region } of ROLES) {
          await button(page, 'Credentials', account, role).click();
          await page.getByText('JSON', { exact: true }).click();
          await page.getByRole('button', { name: 'Copy' }).click();
          await page.getByRole('button', { name: 'Copied' }).waitFor();
          const { Account, Arn } = await callerOf(
            world,
            region,
            await page.evaluate('navigator.clipboard.readText()'),
          );
          assert.equal(Account, id);
          assert.match(Arn!, new RegExp(`:assumed-role/${role}/alice-`));
          await page.getByRole('link', { name: 'Back to your roles' }).click();
        }
      },
      { permissions: ['clipboard-read', 'clipboard-write'] },
    ));

  it('a link to a role is copied, and leads to the console', () =>
    browser.visit(
      async page => {
        await comeIn(page, 'bob');
        await button(page, 'Console', 'staging', 'Developer').hover();
        await page.getByRole('button', { name: 'Copy the link of staging as Developer' }).click();
        await page.getByText('Link copied').waitFor();
        await page.goto(await page.evaluate<string>('navigator.clipboard.readText()'));
        await page.getByRole('heading', { name: 'Developer in staging' }).waitFor();
      },
      { permissions: ['clipboard-read', 'clipboard-write'] },
    ));

  it('bob is refused prod/Admin and reads why', () =>
    browser.visit(async page => {
      await comeIn(page, 'bob');
      assert.equal(await button(page, 'Console', 'prod', 'Admin').count(), 0);
      const answer = await page.goto(`${world.urls.bridge}/console?account=prod&role=Admin`);
      assert.equal(answer?.status(), 403);
      await page
        .getByText('Gives the role to the group aws-admins, and you are not in it.')
        .waitFor();
      await page.getByText('Ask for membership of the group aws-admins').waitFor();
      assert.equal(
        await page.locator('#reference').textContent(),
        await answer!.headerValue('x-correlation-id'),
      );
    }));

  it('carol, who has no group, reads how to ask, and copies the request', () =>
    browser.visit(
      async page => {
        await comeIn(page, 'carol', 'oidc');
        await page.getByRole('heading', { name: 'You have no roles yet' }).waitFor();
        await page.getByText('Ask the platform team in #aws-access.').waitFor();
        await page.getByRole('button', { name: 'Copy the request' }).click();
        await page.getByRole('button', { name: 'Copied' }).waitFor();
        assert.match(await page.evaluate('navigator.clipboard.readText()'), /I am carol/);
      },
      { permissions: ['clipboard-read', 'clipboard-write'] },
    ));

  for (const protocol of ['saml', 'oidc'] as const) {
    it(`dave's 240 groups come through by ${protocol}, and the name of one opens its role`, () =>
      browser.visit(async page => {
        await comeIn(page, 'dave', protocol);
        const tab = await newTab(page, () =>
          button(page, 'Console', 'staging', 'ReadOnly').click(),
        );
        await tab.getByRole('heading', { name: 'ReadOnly in staging' }).waitFor();
      }));
  }

  it('after signing out, nothing opens without a new sign-in', () =>
    browser.visit(async page => {
      await comeIn(page, 'bob');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      await page.goto(`${world.urls.bridge}/console?account=staging&role=Developer`);
      assert.equal(new URL(page.url()).pathname, '/sign-in');
      // Two steps back are the roles, which no cache may have kept.
      await page.evaluate('void setTimeout(() => history.go(-2))');
      await page.waitForURL(`${world.urls.bridge}/`);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    }));

  for (const protocol of ['saml', 'oidc'] as const) {
    it(`a link from a wiki page survives the sign-in by ${protocol}`, () =>
      browser.visit(async page => {
        const destination = `${world.urls.aws}/console/s3/buckets/logs`;
        await page.goto(
          `${world.urls.bridge}/console?${new URLSearchParams({ account: 'prod', role: 'Admin', destination })}`,
        );
        await page.getByText('the AWS console of prod as Admin').waitFor();
        await signIn(page, 'alice', protocol);
        await page.getByRole('heading', { name: 'Admin in prod' }).waitFor();
        await page.getByText(destination).waitFor();
      }));
  }

  it('the search filters while the user types, by every word, and Escape brings all back', () =>
    browser.visit(async page => {
      await comeIn(page, 'alice');
      const rows = page.locator('.roles > li:visible');
      const all = await rows.count();
      const search = page.getByRole('searchbox');
      await search.pressSequentially('ADM 11112');
      await page.getByText(`1 role of ${all} in 1 account`).waitFor();
      assert.equal(await rows.count(), 1);
      assert.ok(await button(page, 'Console', 'prod', 'Admin').isVisible());
      await search.pressSequentially('x');
      await page.getByText('Nothing here matches.').waitFor();
      assert.equal(
        await page.getByRole('link', { name: 'Why can’t I see it?' }).getAttribute('href'),
        '/?q=ADM%2011112x',
      );
      await search.press('Escape');
      assert.equal(await rows.count(), all);
      assert.equal(page.url(), `${world.urls.bridge}/`);
    }));

  it('the search puts first what the user uses, and Escape puts it back', () =>
    browser.visit(async page => {
      await comeIn(page, 'dave');
      await button(page, 'Credentials', 'staging', 'ReadOnly').click();
      await page.getByRole('link', { name: 'Back to your roles' }).click();
      await page.waitForLoadState();
      const order = () => page.locator('.account:visible h3').allTextContents();
      assert.deepEqual(await order(), ['prod', 'staging']);
      const search = page.getByRole('searchbox');
      await search.pressSequentially('readonly');
      await page.getByRole('heading', { name: 'Used by you' }).waitFor();
      assert.deepEqual(await order(), ['staging', 'prod']);
      assert.equal(await page.locator('.yours').isVisible(), false);
      // The server says the same.
      const scripted = await page.locator('.accounts').innerText();
      await search.press('Enter');
      await page.getByRole('link', { name: 'Show all' }).waitFor();
      assert.equal(await page.locator('.accounts').innerText(), scripted);
      await page.getByRole('searchbox').press('Escape');
      await page.waitForURL(`${world.urls.bridge}/`);
      await page.waitForLoadState();
      await page.getByRole('searchbox').pressSequentially('prod');
      await page.getByRole('searchbox').press('Escape');
      assert.deepEqual(await order(), ['prod', 'staging']);
      assert.ok(await page.locator('.yours').isVisible());
    }));

  it('a star keeps the place on the page, what was typed, and the focus', () =>
    browser.visit(
      async page => {
        await comeIn(page, 'dave');
        const add = page.getByRole('button', { name: 'Add favourite: staging as Developer' });
        await add.scrollIntoViewIfNeeded();
        const top = await page.evaluate<number>('scrollY');
        assert.ok(top > 0, 'the page is longer than its window');
        await add.click();
        const remove = page.getByRole('button', { name: 'Remove favourite: staging as Developer' });
        await remove.waitFor();
        await page.waitForLoadState();
        assert.equal(page.url(), `${world.urls.bridge}/`);
        assert.equal(await focused(page), 'Remove favourite: staging as Developer');
        assert.equal(await page.evaluate('scrollY'), top);

        await page.getByRole('searchbox').fill('stag');
        await page.getByRole('status').filter({ hasText: 'in 1 account' }).waitFor();
        await remove.press('Enter');
        await add.waitFor();
        await page.waitForLoadState();
        assert.equal(await page.getByRole('searchbox').inputValue(), 'stag');
        assert.deepEqual(await page.locator('.account:visible h3').allTextContents(), ['staging']);
        assert.equal(await focused(page), 'Add favourite: staging as Developer');
      },
      { viewport: { width: 1000, height: 420 } },
    ));

  it('a favourite opens its console and its credentials from above the accounts', () =>
    browser.visit(async page => {
      await comeIn(page, 'bob');
      await page.getByRole('button', { name: 'Add favourite: prod as ReadOnly' }).click();
      const favourites = page.getByRole('region', { name: /^Favourites/ });
      const tab = await newTab(page, () =>
        favourites.getByRole('button', { name: 'Console of prod as ReadOnly' }).click(),
      );
      await tab.getByRole('heading', { name: 'ReadOnly in prod' }).waitFor();
      assert.equal(await tab.evaluate('window.opener'), null);
      await tab.close();
      await favourites.getByRole('button', { name: 'Credentials of prod as ReadOnly' }).click();
      await page.getByRole('heading', { name: 'Credentials for prod as ReadOnly' }).waitFor();
      await page.getByRole('link', { name: 'Back to your roles' }).click();
      assert.deepEqual(await violationsOn(page), []);
      await favourites.getByRole('button', { name: 'Remove favourite prod as ReadOnly' }).click();
      await page.getByRole('region', { name: 'Recent' }).waitFor();
    }));

  for (const { what, options } of [
    { what: 'by day', options: { colorScheme: 'light' } },
    { what: 'in the dark', options: { colorScheme: 'dark' } },
    { what: 'in forced colours', options: { forcedColors: 'active' } },
  ] as const)
    it(`production is marked by a word and an edge ${what}`, () =>
      browser.visit(async page => {
        await comeIn(page, 'bob');
        const marks = await page.evaluate<readonly Mark[]>(MARKS);
        const [prod, staging] = ['prod', 'staging'].map(name =>
          marks.find(mark => mark.account === name),
        );
        assert.deepEqual([prod!.word, staging!.word], ['Production', 'Staging']);
        assert.deepEqual([prod!.edge, staging!.edge], ['8px', '4px']);
        assert.ok(Math.abs(brightness(prod!.text) - brightness(prod!.behind)) > 0.4, what);
        assert.deepEqual(await violationsOn(page), []);
      }, options));

  it('a person signs in and opens a console by the keyboard alone', () =>
    browser.visit(async page => {
      await page.goto(world.urls.bridge);
      await tabUntil(page, /Acme AD FS/);
      await page.keyboard.press('Enter');
      await page.locator('input[name=username]:focus').waitFor();
      await page.keyboard.type('alice');
      await page.keyboard.press('Tab');
      await page.keyboard.type('alice');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Your roles' }).waitFor();
      await page.waitForLoadState();

      const passed = await tabUntil(page, /^Console: /);
      // Roles that alice used in other tests are above the accounts.
      assert.deepEqual(passed.slice(0, 10), [
        'Skip to the content',
        'rolebridge',
        'Requests',
        'Sessions',
        'Sign out',
        'go-to',
        'Go',
        'Services and links',
        'q',
        'Search',
      ]);
      assert.equal(passed.at(-1), 'Console: gov as Admin');
      assert.notEqual(
        await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'),
        'none',
        'the focus is seen',
      );
      const tab = await newTab(page, () => page.keyboard.press('Enter'));
      await tab.getByRole('heading', { name: 'Admin in gov' }).waitFor();
      await tab.close();

      await page.keyboard.press('/');
      assert.equal(await focused(page), 'q');
      assert.equal(await page.getByRole('searchbox').inputValue(), '');
      await page.keyboard.type('staging');
      await page.keyboard.press('ArrowDown');
      assert.equal(await focused(page), 'Console: staging as Admin');
    }));

  it('without JavaScript, a person signs in by SAML, searches, opens a console and reads credentials', () =>
    browser.visit(
      async page => {
        await page.goto(world.urls.bridge);
        await signIn(page, 'alice', 'saml');
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('searchbox').fill('prod admin');
        await page.getByRole('button', { name: 'Search' }).click();
        await page.getByText(/^\s*1 role of \d+ in 1 account/).waitFor();

        const tab = await newTab(page, () => button(page, 'Console', 'prod', 'Admin').click());
        await tab.getByRole('heading', { name: 'Admin in prod' }).waitFor();
        await page.getByRole('button', { name: 'Add favourite: prod as Admin' }).click();
        assert.equal(page.url(), `${world.urls.bridge}/?q=prod%20admin#a111122223333`);
        await page.getByRole('link', { name: 'Show all' }).click();
        await page.getByRole('button', { name: 'Credentials of prod as Admin' }).click();
        const secrets = page.locator('pre:visible');
        assert.match((await secrets.textContent())!, /^export AWS_ACCESS_KEY_ID=/);
        await page.getByText('PowerShell', { exact: true }).click();
        assert.match((await secrets.textContent())!, /^\$Env:AWS_ACCESS_KEY_ID/);
        await page.getByText('JSON', { exact: true }).click();
        const { Account } = await callerOf(world, 'eu-west-1', (await secrets.textContent())!);
        assert.equal(Account, '111122223333');
        assert.equal(
          await page.getByRole('button', { name: 'Copy' }).count(),
          0,
          'no button that could not work',
        );
      },
      { javaScriptEnabled: false },
    ));

  it('on a phone, in the dark, every page fits and is dark', () =>
    browser.visit(
      async page => {
        const { bridge } = world.urls;
        const look = async (heading: string | RegExp): Promise<void> => {
          await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
          await page.waitForLoadState();
          assert.deepEqual(
            await page.evaluate(BEYOND_THE_EDGE),
            [],
            `wider than the screen: ${page.url()}`,
          );
          const [ground, ink] = (await page.evaluate<[string, string]>(COLOURS)).map(
            brightness,
          ) as [number, number];
          assert.ok(ground < 0.2 && ink > 0.6, `ground ${ground}, ink ${ink}: ${page.url()}`);
        };
        await page.goto(bridge);
        await look('Sign in');
        await signIn(page, 'alice', 'saml');
        await look('Your roles');
        await page.goto(`${bridge}/credentials?account=prod&role=Admin`);
        await look('Get credentials?');
        await page.getByRole('button', { name: 'Get credentials' }).click();
        await look('Credentials for prod as Admin');
        await page.goto(
          `${bridge}/console?account=prod&role=ReadOnly%2FWithAVeryLongPathAndAVeryLongNameThatNoUserHas`,
        );
        await look(/./);
        await page.goto(bridge);
        await page.getByRole('button', { name: 'Sign out' }).click();
        await look('You are signed out');
      },
      {
        viewport: { width: 360, height: 740 },
        colorScheme: 'dark',
        hasTouch: true,
        isMobile: true,
      },
    ));
});

function button(page: Page, what: 'Console' | 'Credentials', account: string, role: string) {
  return page.getByRole('button', { name: `${what}: ${account} as ${role}`, exact: true });
}

/** Asks the local AWS whose credentials these are: JSON as `credential_process` has it. */
async function callerOf(world: World, region: string, json: string) {
  const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(json) as Readonly<
    Record<string, string>
  >;
  const credentials = {
    accessKeyId: AccessKeyId!,
    secretAccessKey: SecretAccessKey!,
    sessionToken: SessionToken!,
  };
  const client = new STSClient({ region, endpoint: world.urls.aws, credentials, maxAttempts: 1 });
  try {
    return await client.send(new GetCallerIdentityCommand({}));
  } finally {
    client.destroy();
  }
}

/** Presses Tab until the name of what has the focus fits; gives the names on the way. */
async function tabUntil(page: Page, name: RegExp): Promise<string[]> {
  const passed: string[] = [];
  while (passed.length < 60) {
    await page.keyboard.press('Tab');
    passed.push(await focused(page));
    if (name.test(passed.at(-1)!)) return passed;
  }
  assert.fail(`the focus never reached ${name}: ${passed.join(', ')}`);
}

function focused(page: Page): Promise<string> {
  return page.evaluate(
    "(e => e.ariaLabel || e.textContent.trim().replace(/\\s+/g, ' ') || e.id)(document.activeElement)",
  );
}

/**
 * Whatever reaches over an edge of the screen and is not inside something that scrolls by itself.
 */
const BEYOND_THE_EDGE = `(width => [...document.querySelectorAll('body *')]
  .filter(element => element.checkVisibility() && !element.closest('pre, svg, .visually-hidden, .skip'))
  .filter(element => { const { left, right } = element.getBoundingClientRect(); return left < -1 || right > width + 1; })
  .map(element => element.outerHTML.slice(0, 120))
  .concat(document.documentElement.scrollWidth > width ? ['the page scrolls sideways'] : [])
)(document.documentElement.clientWidth)`;

interface Mark {
  readonly account: string;
  readonly word: string;
  readonly edge: string;
  readonly text: string;
  readonly behind: string;
}

const MARKS = `[...document.querySelectorAll('.account.marked')].map(account => {
  const mark = account.querySelector('.mark');
  const { color: text, backgroundColor: behind } = getComputedStyle(mark);
  const { borderInlineStartWidth: edge } = getComputedStyle(account);
  return { account: account.querySelector('h3').textContent, word: mark.textContent, edge, text, behind };
})`;

const COLOURS =
  '[getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).color]';

/** 0 is black, 1 is white. */
function brightness(colour: string): number {
  const [red = 0, green = 0, blue = 0] = colour.match(/[\d.]+/g)!.map(Number);
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}
