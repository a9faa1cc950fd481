import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumMissing, signIn, useBrowser } from '../support/browser.ts';
import { Computer, QUICK_POLLS } from '../support/cli.ts';
import { useWorld } from '../support/world.ts';

describe('a terminal and a real browser', { skip: chromiumMissing() }, () => {
  const world = useWorld(QUICK_POLLS);
  const browser = useBrowser();

  const withComputer = async (journey: (computer: Computer) => Promise<void>): Promise<void> => {
    const computer = new Computer();
    try {
      await journey(computer);
    } finally {
      computer.close();
    }
  };
  const beginDevice = async (computer: Computer) => {
    const login = computer.start(['login', '--device', '--server', world.urls.bridge]);
    const [code] = await login.says(/\b[A-Z]{4}-[A-Z]{4}\b/);
    return { login, code };
  };
  /** From the address in the terminal to the page that asks for the code. */
  const signedInAt = async (page: Page, address: string): Promise<void> => {
    await page.goto(address);
    await signIn(page, 'alice', 'saml');
  };
  /** Nothing to scroll sideways for. */
  const fits = (page: Page): Promise<boolean> =>
    page.evaluate(
      'document.documentElement.scrollWidth <= document.documentElement.clientWidth',
    ) as Promise<boolean>;

  it('device login: sign in, type the code, see what asks, confirm', () =>
    withComputer(computer =>
      browser.visit(async page => {
        const { login, code } = await beginDevice(computer);
        await signedInAt(page, `${world.urls.bridge}/device`);
        await page.getByLabel('Code').fill(code.toLowerCase());
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('heading', { name: 'Is this your terminal?' }).waitFor();
        assert.equal(await page.locator('.shown-code').textContent(), code);
        await page.getByRole('button', { name: 'Yes, sign this terminal in' }).click();
        await page.getByRole('heading', { name: 'Your terminal is signed in' }).waitFor();
        const { code: exit, stderr } = await login.ended;
        assert.equal(exit, 0, stderr);
        assert.match(stderr, /Signed in as alice/);
      }),
    ));

  it('the same by keyboard, without JavaScript, on a phone in the dark', () =>
    withComputer(computer =>
      browser.visit(
        async page => {
          const { login, code } = await beginDevice(computer);
          await page.goto(`${world.urls.bridge}/device?user_code=${code}`);
          await page.locator('a[href^="/sign-in/corp-oidc"]').click();
          await page.getByLabel('User name').fill('bob');
          await page.getByLabel('Password').fill('bob');
          await page.keyboard.press('Enter');
          await page.getByRole('heading', { name: 'Sign a terminal in' }).waitFor();
          assert.equal(
            await page.getByLabel('Code').inputValue(),
            '',
            'the link does not fill it in',
          );
          assert.ok(await fits(page));
          // The field has the focus already.
          await page.keyboard.type(code);
          await page.keyboard.press('Enter');
          await page.getByRole('heading', { name: 'Is this your terminal?' }).waitFor();
          assert.ok(await fits(page));
          await page.getByRole('button', { name: 'Yes, sign this terminal in' }).focus();
          await page.keyboard.press('Enter');
          await page.getByRole('heading', { name: 'Your terminal is signed in' }).waitFor();
          assert.equal((await login.ended).code, 0);
        },
        { javaScriptEnabled: false, viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
      ),
    ));

  it('PKCE: the address of the terminal, a press of a button, and back to the terminal’s own page', () =>
    withComputer(computer =>
      browser.visit(async page => {
        const login = computer.start(['login', '--no-browser', '--server', world.urls.bridge]);
        const [, address] = await login.says(/^ {2}(http:\S+\/oauth\/authorize\?\S+)$/m);
        await signedInAt(page, address!);
        await page.getByRole('button', { name: 'Yes, sign this terminal in' }).click();
        await page.getByRole('heading', { name: 'Go back to your terminal' }).waitFor();
        assert.match(page.url(), /^http:\/\/127\.0\.0\.1:\d+\/callback\?code=/);
        assert.equal((await login.ended).code, 0);
      }),
    ));

  it('PKCE, refused: the terminal is told', () =>
    withComputer(computer =>
      browser.visit(async page => {
        const login = computer.start(['login', '--no-browser', '--server', world.urls.bridge]);
        const [, address] = await login.says(/^ {2}(http:\S+\/oauth\/authorize\?\S+)$/m);
        await signedInAt(page, address!);
        await page.getByRole('button', { name: 'I did not start this' }).click();
        await page.getByRole('heading', { name: 'The login was stopped' }).waitFor();
        assert.equal((await login.ended).code, 7);
      }),
    ));

  it('my sessions: the terminal is there, ends by a press of a button, and everything ends by another', () =>
    withComputer(computer =>
      browser.visit(async page => {
        await computer.logIn(world, 'alice');
        await signedInAt(page, world.urls.bridge);
        await page.getByRole('link', { name: 'Sessions' }).click();
        await page.getByRole('heading', { name: 'Your sessions' }).waitFor();
        const rows = page.locator('[aria-labelledby=terminals-title] ul.sessions > li');
        const before = await rows.count();
        assert.ok(before >= 1 && (await fits(page)));
        await rows.first().getByRole('button', { name: 'End' }).click();
        await page.getByText('The session was ended.').waitFor();
        assert.equal(await rows.count(), before - 1);
        assert.equal((await computer.run(['whoami'])).code, 3);
        await page.getByRole('button', { name: 'Sign out everywhere' }).click();
        await page.getByRole('heading', { name: 'You are signed out everywhere' }).waitFor();
        await page.goto(`${world.urls.bridge}/sessions`);
        assert.match(page.url(), /\/sign-in/);
      }),
    ));
});
