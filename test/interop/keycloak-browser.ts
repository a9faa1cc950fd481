/** How a user goes through the pages of Keycloak, and through those of the bridge around them. */
import type { Page } from 'playwright-core';
import type { World } from '../support/world.ts';

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
