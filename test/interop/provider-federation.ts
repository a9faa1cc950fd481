/** A bridge in front of an identity provider that is not ours, and how users come through both. */
import assert from 'node:assert/strict';
import { type Going, type Page, Visitor } from '../support/visitor.ts';
import type { World } from '../support/world.ts';

export interface ProviderUser {
  readonly username: string;
  readonly password: string;
}

export interface ProviderFederation {
  readonly world: World;
  /** The id of the connector. */
  readonly connector: string;
  /** The origin of the provider, whose users have their name as password. */
  readonly provider: string;
  /** Whether this page of the provider asks the user for a password. */
  asksPassword(page: Page, visitor: Visitor): boolean | Promise<boolean>;
  /**
   * Fills in what the provider asks for. By SAML it ends at the form with the answer, otherwise
   * where the redirects lead.
   */
  logIn(visitor: Visitor, page: Page, user: ProviderUser, going?: Going): Promise<Page>;
  /** Answers the question whether to sign out, where the provider asks it. */
  confirmSignOut?(visitor: Visitor, page: Page): Promise<Page>;
}

export interface Arrival {
  readonly visitor: Visitor;
  readonly page: Page;
}

/** Where a sign-in begins. */
export function signInUrl({ world, connector }: ProviderFederation, query = ''): string {
  return `${world.urls.bridge}/sign-in/${connector}${query}`;
}

/** From an address of the bridge through the provider to the page on which the user ends. */
export async function arrive(
  at: ProviderFederation,
  username: string,
  { visitor = new Visitor(), start = signInUrl(at), password = username } = {},
): Promise<Arrival> {
  const page = await at.logIn(visitor, await visitor.get(start), { username, password });
  return { visitor, page: await delivered(visitor, page) };
}

/** The page after a form with a SAML response, which the bridge's own page can post once more. */
export async function delivered(visitor: Visitor, page: Page): Promise<Page> {
  const arrived = isAnswer(page) ? await visitor.submit(page, 'form') : page;
  return isRepost(arrived) ? visitor.submit(arrived, 'form') : arrived;
}

/** Whether the page is a form with a SAML response. */
export function isAnswer(page: Page): boolean {
  return page.$('input[name=SAMLResponse]').length > 0 && !isRepost(page);
}

function isRepost(page: Page): boolean {
  return page.$('input[name=reposted]').length > 0;
}

/** Returns how many groups the user has. */
export async function assertSignedIn(
  { world, connector }: ProviderFederation,
  { page }: Arrival,
  username: string,
): Promise<number> {
  assert.equal(page.url, `${world.urls.bridge}/`, page.text);
  const event = (await world.audit()).find(({ type }) => type === 'sign-in.succeeded');
  assert.ok(event?.type === 'sign-in.succeeded', 'no sign-in in the audit trail');
  assert.deepEqual([event.actor.username, event.actor.connector], [username, connector]);
  return event.groupCount;
}
