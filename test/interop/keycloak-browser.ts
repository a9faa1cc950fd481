/** How a user goes through the pages of Keycloak, and through those of the bridge around them. */
import type { Page } from 'playwright-core';
import { beginDevice, pollDevice } from '../support/cli-login.ts';
import type { World } from '../support/world.ts';
import { totp } from './totp.ts';

/** As `docs/compose.md` has it. */
const KEY_OF_ALICE = 'ROLEBRIDGE DEMO SECRET FOR ALICE ONLY';

/** The password is the name. */
export async function enterPassword(page: Page, username: string): Promise<void> {
  const password = page.getByRole('textbox', { name: 'Password' });
  await password.waitFor();
  // Keycloak does not ask who authenticates again.
  const name = page.getByRole('textbox', { name: 'Username or email' });
  if (await name.isVisible()) await name.fill(username);
  await password.fill(username);
  await page.getByRole('button', { name: 'Sign In' }).click();
}

export function codeOfAlice(): string {
  return totp(KEY_OF_ALICE, Date.now());
}

export async function enterCode(page: Page): Promise<void> {
  await page.getByLabel('One-time code').fill(codeOfAlice());
  await page.getByRole('button', { name: 'Sign In' }).click();
}

/** Ends at the user's roles. */
export async function signIn(
  page: Page,
  world: World,
  { username, connector = 'keycloak-oidc' }: { username: string; connector?: string },
): Promise<void> {
  await page.goto(world.urls.bridge);
  await page.locator(`a[href="/sign-in/${connector}"]`).click();
  await enterPassword(page, username);
  await page.getByRole('heading', { name: /Your roles|You have no roles yet/ }).waitFor();
}

/** Logs a terminal in, which the signed-in user confirms by its code; returns its access token. */
export async function logTerminalIn(page: Page, world: World): Promise<string> {
  const begun = await beginDevice(world);
  await page.goto(`${world.urls.bridge}/device`);
  await page.getByLabel('Code').fill(begun.json.user_code);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Yes, sign this terminal in' }).click();
  await page.getByRole('heading', { name: 'Your terminal is signed in' }).waitFor();
  return (await pollDevice(world, begun.json.device_code)).json.access_token;
}
