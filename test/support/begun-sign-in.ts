/** A sign-in that a browser has begun, and the answers that can come of it. */

import type { Page, Visitor } from './visitor.ts';
import { CONNECTOR, type Protocol, type World } from './world.ts';

export interface BegunSignIn {
  /** `state`, or `RelayState`. */
  readonly attempt: string;
  /** The user signs in; the answer is held back. */
  answer(username: string): Promise<Deliver>;
  /** The answer of a provider at which the user cancelled. */
  readonly cancelled: Deliver;
}

/** Brings an answer to the bridge in a browser, with the post of the bridge's own page. */
export type Deliver = (visitor: Visitor) => Promise<Page>;

/** Begins at the address of the bridge that leads to the provider at once. */
export async function beginAt(
  world: World,
  visitor: Visitor,
  { protocol, path }: { readonly protocol: Protocol; readonly path: string },
): Promise<BegunSignIn> {
  const { bridge, [protocol]: provider } = world.urls;
  const { path: way } = await visitor.get(bridge + path, {
    stopAt: url => url.startsWith(provider),
  });
  const request = new URL(way.at(-1)!);
  const name = protocol === 'oidc' ? 'state' : 'RelayState';
  const attempt = request.searchParams.get(name)!;
  return {
    attempt,
    answer: username => answerAs(world, visitor, { protocol, request: request.href, username }),
    cancelled: browser => cancel(world, browser, { protocol, attempt }),
  };
}

/** The address that begins a sign-in, and leads back. */
export function beginPath(protocol: Protocol, returnTo: string): string {
  return `/sign-in/${CONNECTOR[protocol]}?return_to=${encodeURIComponent(returnTo)}`;
}

async function answerAs(
  { urls }: World,
  visitor: Visitor,
  asked: { readonly protocol: Protocol; readonly request: string; readonly username: string },
): Promise<Deliver> {
  const { username } = asked;
  const stopAt = (url: string): boolean => url.startsWith(`${urls.bridge}/`);
  const login = await visitor.get(asked.request, { stopAt });
  const isAsked = login.$('input[type=password]').length > 0;
  const page = isAsked
    ? await visitor.submit(login, 'form', { username, password: username }, { stopAt })
    : login;
  if (asked.protocol === 'oidc') return browser => browser.get(page.path.at(-1)!);
  return async browser => ownPost(browser, await browser.submit(page, 'form'));
}

async function cancel(
  { urls }: World,
  visitor: Visitor,
  { protocol, attempt }: { readonly protocol: Protocol; readonly attempt: string },
): Promise<Page> {
  if (protocol === 'oidc') {
    const said = new URLSearchParams({ error: 'access_denied', state: attempt, iss: urls.oidc });
    return visitor.get(`${urls.bridge}/oidc/${CONNECTOR.oidc}/callback?${said}`);
  }
  const status = 'urn:oasis:names:tc:SAML:2.0:status';
  const response = `<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r" Version="2.0" IssueInstant="2026-11-30T12:00:00Z"><p:Status><p:StatusCode Value="${status}:Responder"><p:StatusCode Value="${status}:RequestDenied"/></p:StatusCode></p:Status></p:Response>`;
  const form = new URLSearchParams({
    SAMLResponse: Buffer.from(response).toString('base64'),
    RelayState: attempt,
  });
  const page = await visitor.post(`${urls.bridge}/saml/${CONNECTOR.saml}/acs`, form);
  return ownPost(visitor, page);
}

/** A browser posts the page by itself. */
async function ownPost(visitor: Visitor, page: Page): Promise<Page> {
  return page.$('input[name=reposted]').length > 0 ? visitor.submit(page, 'form') : page;
}
