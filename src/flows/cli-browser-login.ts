/**
 * The third journey where terminal and browser are on one machine: the authorization endpoint (RFC
 * 6749 section 4.1 with PKCE, RFC 8252).
 *
 * Owns: the page of `/oauth/authorize`, where a person always presses a button, and the address of
 * AWS tools that leads there. Does not own: which requests are answered
 * (bridge/code-authorization).
 */
import { type Response, Router } from 'express';
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import type { AuthorizationQuery, AuthorizationRequest } from '../bridge/authorization-request.ts';
import type { CodeAuthorization } from '../bridge/code-authorization.ts';
import { MAX_CLIENT_ID } from '../core/client-registration.ts';
import { AWS_TOOLS_SCOPE } from '../core/oauth-client.ts';
import type { Clock, Session } from '../core/ports.ts';
import { anonymousFrom, viewerOf } from '../core/requester.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { requireViewer, sessionIn, viewerIn } from '../http/current-session.ts';
import { allowFormTarget, type OwnFormGuard } from '../http/guards.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { formBody, readForm, readQuery, SMALL_FORM_BYTES, text } from '../http/read.ts';
import type { Renderer } from '../http/render.ts';
import { contextOf, rememberReturnTo } from '../http/request-context.ts';
import { summaryOfRoles } from '../http/role-summary.ts';
import { signInLink, stepUpLink } from '../http/sign-in-links.ts';
import { signedInPath } from '../http/signed-in-path.ts';

export interface CliBrowserLoginParts {
  readonly codeAuthorization: CodeAuthorization;
  readonly access: Access;
  readonly renderer: Renderer;
  readonly ownForm: OwnFormGuard;
  readonly clock: Clock;
}

interface Asked {
  readonly query: AuthorizationQuery;
  readonly request: AuthorizationRequest;
}

const PATH = '/oauth/authorize';
/** A sign-in of the last minutes is as fresh as a new one, and nobody is asked twice in a row. */
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
});
/**
 * As the AWS CLI asks (IAM Identity Center): `scopes`, and no place to say how the terminal is
 * called.
 */
const AwsToolsQuery = Query.omit({ scope: true, prompt: true, device_name: true }).extend({
  scopes: text(512).optional(),
});
const Form = Query.extend({
  decision: z.enum(['approve', 'disown']),
  csrf_token: text(64).optional(),
});

export function cliBrowserLogin({
  codeAuthorization,
  access,
  renderer,
  ownForm,
  clock,
}: CliBrowserLoginParts): Router {
  const router = Router();

  const ask = (response: Response, { query, request }: Asked, notice?: string): void => {
    const viewer = requireViewer(response);
    const { session } = viewer;
    const target = new URL(request.redirectUri);
    allowFormTarget(response, target);
    const { prompt: _, ...fields } = query;
    const notAfter = codeAuthorization.sessionNotAfter(viewer);
    response.type('html').send(
      renderer.render('cli-confirm', {
        viewer: viewerIn(response)!,
        action: PATH,
        client: request.client,
        deviceName: request.deviceName,
        where: `this computer, port ${target.port || '80'}`,
        gets: summaryOfRoles(access.rolesFor(viewer)),
        until: new Date(notAfter).toISOString(),
        fields: Object.entries(fields).flatMap(([name, value]) =>
          value === undefined ? [] : [{ name, value }],
        ),
        freshSignInHref: clock.now() < notAfter ? undefined : signInAgain(session, fields),
        notice,
      }),
    );
  };

  router.get(PATH, async (request, response) => {
    const query = readQuery(request, Query);
    const session = sessionIn(response);
    const { origin } = contextOf(response);
    const requester = session === undefined ? anonymousFrom(origin) : viewerOf(session, origin);
    const checked = await codeAuthorization.check(requester, query);
    if (checked.kind === 'refused') {
      response.redirect(303, checked.redirectTo);
      return;
    }
    if (session === undefined) {
      response.redirect(303, signInLink(pathFor(query)));
      return;
    }
    // An identity provider that does not ask again must not be asked for ever: on the way back the
    // wish is gone.
    if (checked.request.reauthenticate && !isFresh(session, clock)) {
      response.redirect(303, signInAgain(session, { ...query, prompt: undefined }));
      return;
    }
    ask(response, { query, request: checked.request });
  });

  // The AWS CLI keeps of its endpoint only the host, so this lies at the root. From here on the way
  // is the same for everybody.
  router.get('/authorize', (request, response) => {
    const { scopes, ...query } = readQuery(request, AwsToolsQuery);
    const isKnown =
      scopes === undefined || scopes.split(/[ ,]/).every(scope => scope === AWS_TOOLS_SCOPE);
    response.redirect(303, pathFor({ ...query, scope: isKnown ? undefined : scopes }));
  });

  router.post(PATH, formBody(SMALL_FORM_BYTES), async (request, response) => {
    const { decision, csrf_token, ...query } = readForm(request, Form);
    rememberReturnTo(response, pathFor(query));
    const viewer = requireViewer(response);
    const isCurrent = ownForm.isCurrent(request, viewer.session, csrf_token);
    const checked = await codeAuthorization.check(viewer, query);
    if (checked.kind === 'refused') {
      response.redirect(303, checked.redirectTo);
      return;
    }
    if (!isCurrent) {
      ask(response, { query, request: checked.request }, outdatedNotice(response));
      return;
    }
    if (decision === 'disown') {
      response.redirect(303, (await codeAuthorization.refuse(viewer, checked.request)).redirectTo);
      return;
    }
    const approved = await codeAuthorization.approve(viewer, checked.request);
    response.redirect(
      303,
      approved.kind === 'redirect' ? approved.redirectTo : signedInPath(approved.cliSession),
    );
  });

  return router;
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
