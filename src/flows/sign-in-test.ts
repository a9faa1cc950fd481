/**
 * The page on which an administrator begins to try a sign-in at one connector.
 *
 * Owns: the page and the way out. Does not own: who may (bridge/sign-in-test), the way back and
 * what it shows (flows/browser-sso).
 */
import * as z from 'zod';
import type { SignInTests } from '../bridge/sign-in-test.ts';
import type { Secrets } from '../core/ports.ts';
import { type Answer, view } from '../http/answer.ts';
import { askProvider } from '../http/ask-provider.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { form, page, type SignedInUser } from '../http/route.ts';
import { signInTestPath } from '../http/sign-in-test-model.ts';
import { byPage } from '../http/step-up.ts';

export interface SignInTestPageParts {
  readonly signInTests: SignInTests;
  readonly secrets: Secrets;
}

const PATH = '/sign-in/test/{connector}';
const ConnectorPath = z.object({ connector: z.string() });

export const signInTestPage = page({
  path: PATH,
  who: 'signed-in user',
  reads: { path: ConnectorPath },
  handle: ({ connector }, user, parts: SignInTestPageParts) => ask({ connector }, user, parts),
});

export const signInTestForm = form({
  path: PATH,
  limit: 'sign-ins',
  reads: { path: ConnectorPath, form: z.object({}) },
  returnTo: ({ connector }) => signInTestPath(connector),
  outdated: ({ connector }, user, parts: SignInTestPageParts) =>
    ask({ connector, notice: outdatedNotice(user) }, user, parts),
  handle: async ({ connector }, user, { signInTests, secrets }: SignInTestPageParts) => {
    const browser = user.attempt ?? secrets.token();
    const page = signInTestPath(connector);
    const request = await signInTests.begin(user, { connector, browser, page });
    return { ...askProvider(request, byPage), ...(!user.isKnown && { attempt: browser }) };
  },
});

function ask(
  { connector, notice }: { readonly connector: string; readonly notice?: string },
  user: SignedInUser,
  { signInTests }: SignInTestPageParts,
): Answer {
  const { id, label } = signInTests.connectorFor(user, connector);
  return view('sign-in-test', { label, action: signInTestPath(id), notice });
}
