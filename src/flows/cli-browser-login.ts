/**
 * The authorization endpoint (RFC 6749 section 4.1 with PKCE): for a terminal on the machine of the
 * browser (RFC 8252), and for web and mobile applications.
 *
 * Owns: the two pages of `/oauth/authorize`, where a user always presses a button, and the address
 * of AWS tools that leads there. Does not own: which requests are answered
 * (bridge/code-authorization).
 */
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import type { AuthorizationQuery, AuthorizationRequest } from '../bridge/authorization-request.ts';
import type { CodeAuthorization } from '../bridge/code-authorization.ts';
import type { Session } from '../core/browser-session.ts';
import { MAX_CLIENT_ID } from '../core/client-registration.ts';
import { AWS_TOOLS_SCOPE, isApplication } from '../core/oauth-client.ts';
import type { Clock } from '../core/ports.ts';
import { type Viewer, viewerOf } from '../core/requester.ts';
import { scopeOf } from '../core/role-scope.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { type Answer, redirect, view } from '../http/answer.ts';
import { consentTo } from '../http/application-consent.ts';
import { sourceOf } from '../http/guards.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { text } from '../http/read.ts';
import { productionIn, summaryOfRoles } from '../http/role-summary.ts';
import { form, page } from '../http/route.ts';
import { signInLink, stepUpLink } from '../http/sign-in-links.ts';
import { signedInPath } from '../http/signed-in-path.ts';

export interface CliBrowserLoginParts {
  readonly codeAuthorization: CodeAuthorization;
  readonly access: Access;
  readonly clock: Clock;
}

const PATH = '/oauth/authorize';
/** A sign-in of the last minutes is as fresh as a new one, and no user is asked twice in a row. */
const FRESH_SECONDS: Seconds = 5 * MINUTE;

const Query = z.object({
  response_type: text(64).optional(),
  // A client that registered itself has its registration for an id.
  client_id: text(MAX_CLIENT_ID).optional(),
  redirect_uri: text(512).optional(),
  state: text(512).optional(),
  code_challenge: text(256).optional(),
  code_challenge_method: text(16).optional(),
  scope: text(256).optional(),
  prompt: text(64).optional(),
  device_name: text(256).optional(),
  dpop_jkt: text(128).optional(),
});
/**
 * As the AWS CLI asks (IAM Identity Center): `scopes`, and no place to say how the terminal is
 * called.
 */
const AwsToolsQuery = Query.omit({
  scope: true,
  prompt: true,
  device_name: true,
  dpop_jkt: true,
}).extend({
  scopes: text(512).optional(),
});
const Form = Query.extend({
  decision: z.enum(['approve', 'deny', 'disown']),
});

export const authorizationPage = page({
  path: PATH,
  who: 'browser',
  reads: { query: Query },
  handle: async (query, browser, parts: CliBrowserLoginParts) => {
    const session = browser.session();
    const requester = session === undefined ? browser : viewerOf(session, browser.origin);
    const checked = await parts.codeAuthorization.check(requester, query);
    if (checked.kind === 'refused') return redirect(checked.redirectTo);
    if (session === undefined) return redirect(signInLink(pathFor(query)));
    // An identity provider that does not ask again must not be asked for ever: on the way back the
    // wish is gone.
    if (checked.request.reauthenticate && !isFresh(session, parts.clock))
      return redirect(signInAgain(session, { ...query, prompt: undefined }));
    const user = viewerOf(session, browser.origin);
    return ask({ query, request: checked.request }, user, parts);
  },
});

// The AWS CLI keeps of its endpoint only the host, so this lies at the root. From here on the way
// is the same for everybody.
export const awsAuthorizationPage = page({
  path: '/authorize',
  who: 'anyone',
  reads: { query: AwsToolsQuery },
  handle: ({ scopes, ...query }) => {
    const isKnown =
      scopes === undefined || scopes.split(/[ ,]/).every(scope => scope === AWS_TOOLS_SCOPE);
    return redirect(pathFor({ ...query, scope: isKnown ? undefined : scopes }));
  },
});

export const authorizationForm = form({
  path: PATH,
  reads: { form: Form },
  returnTo: ({ decision: _, ...query }) => pathFor(query),
  outdated: async ({ decision: _, ...query }, user, parts: CliBrowserLoginParts) => {
    const checked = await parts.codeAuthorization.check(user, query);
    if (checked.kind === 'refused') return redirect(checked.redirectTo);
    return ask({ query, request: checked.request, notice: outdatedNotice(user) }, user, parts);
  },
  handle: async ({ decision, ...query }, user, parts: CliBrowserLoginParts) => {
    const checked = await parts.codeAuthorization.check(user, query);
    if (checked.kind === 'refused') return redirect(checked.redirectTo);
    return (decision === 'approve' ? approve : refuse)(checked.request, user, parts);
  },
});

interface Question {
  readonly query: AuthorizationQuery;
  readonly request: AuthorizationRequest;
  readonly notice?: string;
}

/** The page with the button: a terminal or an application asks, and the user decides. */
async function ask(
  { query, request, notice }: Question,
  user: Viewer,
  parts: CliBrowserLoginParts,
): Promise<Answer> {
  const { codeAuthorization, clock } = parts;
  const { client } = request;
  const formTarget = new URL(request.redirectUri);
  const { prompt: _, ...fields } = query;
  const notAfter = codeAuthorization.sessionNotAfter(user, client);
  const asked = {
    action: PATH,
    until: new Date(notAfter).toISOString(),
    fields: Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [{ name, value }],
    ),
    freshSignInHref: clock.now() < notAfter ? undefined : signInAgain(user.session, fields),
    notice,
  };
  const scope = isApplication(client) ? scopeOf(client) : user.scope;
  const roles = await parts.access.rolesFor({ ...user, scope });
  const page = isApplication(client)
    ? view('application-consent', {
        ...asked,
        ...consentTo(client, roles),
        returnsTo: formTarget.origin,
      })
    : view('cli-confirm', {
        ...asked,
        client,
        deviceName: request.deviceName,
        where: `this computer, port ${formTarget.port || '80'}`,
        gets: summaryOfRoles(roles),
        production: productionIn(roles),
      });
  return { ...page, formSources: [sourceOf(formTarget)] };
}

async function approve(
  request: AuthorizationRequest,
  user: Viewer,
  { codeAuthorization }: CliBrowserLoginParts,
): Promise<Answer> {
  const approved = await codeAuthorization.approve(user, request);
  return redirect(
    approved.kind === 'redirect' ? approved.redirectTo : signedInPath(approved.cliSession),
  );
}

async function refuse(
  request: AuthorizationRequest,
  user: Viewer,
  { codeAuthorization }: CliBrowserLoginParts,
): Promise<Answer> {
  const { redirectTo } = await codeAuthorization.refuse(user, request);
  return redirect(redirectTo);
}

function isFresh({ identity, createdAt }: Session, clock: Clock): boolean {
  return clock.now() - (identity.authentication.at ?? createdAt) < FRESH_SECONDS * 1000;
}

function pathFor(query: AuthorizationQuery): string {
  const said = Object.entries(query).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return `${PATH}?${new URLSearchParams(said)}`;
}

function signInAgain({ identity }: Session, query: AuthorizationQuery): string {
  return stepUpLink(identity.connector, pathFor(query));
}
