/**
 * The third journey, in the browser: a person types the code of their terminal, sees what asks, and decides.
 *
 * Owns: the page of `/device`. A link never fills the code in, and nothing is decided without a press of a button (RFC 8628 sections 3.3 and
 * 5.4). Does not own: what a code is worth (bridge/device-authorization), the terminal's half (apis/oauth).
 */
import { type Request, type Response, Router } from 'express';
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import type { Decision, DeviceAuthorization, DeviceLogin } from '../bridge/device-authorization.ts';
import { formatUserCode, readUserCode } from '../core/device-grant.ts';
import { BridgeError } from '../core/errors.ts';
import type { NetworkDistance } from '../core/network-distance.ts';
import { onlySignedIn, requireSession, sessionIn, viewerIn } from '../http/current-session.ts';
import { limitGuesses, type OwnFormGuard } from '../http/guards.ts';
import { formBody, readForm, readQuery, SMALL_FORM_BYTES, text } from '../http/read.ts';
import type { Renderer } from '../http/render.ts';
import { contextOf, rememberReturnTo } from '../http/request-context.ts';
import { summaryOfRoles } from '../http/role-summary.ts';
import type { HelpModel } from '../http/views.ts';

export interface CliDeviceLoginParts {
  readonly deviceAuthorization: DeviceAuthorization;
  readonly access: Access;
  readonly renderer: Renderer;
  readonly ownForm: OwnFormGuard;
  readonly help: HelpModel | undefined;
}

const DeviceQuery = z.object({ user_code: text(64).optional() });
const DeviceForm = z.object({
  user_code: text(64),
  link_code: text(64).optional(),
  decision: z.enum(['approve', 'disown']).optional(),
  csrf_token: text(64).optional(),
});

const DISTANCE: { readonly [D in NetworkDistance]: string } = {
  'same-address': 'the same address as this browser',
  'same-network': 'the same network as this browser',
  elsewhere: 'another network than this browser',
};
const ELSEWHERE = {
  title: 'The terminal is in another network than you.',
  text: 'That is right for a server that you reach by SSH, and for nothing else.',
};

export function cliDeviceLogin({ deviceAuthorization, access, renderer, ownForm, help }: CliDeviceLoginParts): Router {
  const router = Router();

  const askForCode = (response: Response, linkCode: string | undefined, refusal?: BridgeError): void => {
    const problem = refusal && { title: refusal.title, hint: refusal.hint };
    response
      .status(refusal?.status ?? 200)
      .type('html')
      .send(renderer.render('device-code', { viewer: viewerIn(response), enabled: deviceAuthorization.enabled, linkCode, problem }));
  };

  const askForConfirmation = (response: Response, login: DeviceLogin, decision: Decision): void => {
    const { request, distance } = login;
    const { identity } = decision.viewer;
    const code = formatUserCode(readUserCode(decision.userCode)!);
    const isElsewhere = distance === 'elsewhere';
    response.type('html').send(
      renderer.render('cli-confirm', {
        viewer: viewerIn(response)!,
        action: '/device',
        code,
        client: request.client,
        deviceName: request.deviceName,
        where: `${request.address}, ${DISTANCE[distance]}`,
        askedAt: new Date(request.requestedAt).toISOString(),
        gets: summaryOfRoles(access.rolesFor(identity, decision.origin, login.scope)),
        until: new Date(login.sessionNotAfter).toISOString(),
        warning: isElsewhere ? ELSEWHERE : undefined,
        fields: [
          { name: 'user_code', value: code },
          ...(decision.linkCode === undefined ? [] : [{ name: 'link_code', value: decision.linkCode }]),
        ],
        freshSignInHref: login.needsFreshSignIn ? signInAgain(identity.connector, decision.linkCode) : undefined,
      }),
    );
  };

  router.get('/device', (request, response) => {
    const { user_code: linkCode } = readQuery(request, DeviceQuery);
    if (sessionIn(response) === undefined) {
      response.redirect(303, `/sign-in?return_to=${encodeURIComponent(pathFor(linkCode))}`);
      return;
    }
    askForCode(response, linkCode);
  });

  // Only people are counted: strangers could use up what all together may guess wrongly.
  router.post('/device', onlySignedIn, formBody(SMALL_FORM_BYTES), limitGuesses(), async (request: Request, response: Response) => {
    const { user_code: userCode, link_code: linkCode, decision: decided, csrf_token } = readForm(request, DeviceForm);
    rememberReturnTo(response, pathFor(linkCode));
    const viewer = requireSession(response);
    ownForm(request, viewer, csrf_token);
    const decision: Decision = { viewer, origin: contextOf(response).origin, userCode, linkCode };
    try {
      if (decided === undefined) {
        askForConfirmation(response, await deviceAuthorization.inspect(decision), decision);
        return;
      }
      const approved = decided === 'approve' ? await deviceAuthorization.approve(decision) : undefined;
      if (approved === undefined) await deviceAuthorization.disown(decision);
      response.type('html').send(
        renderer.render('cli-decided', {
          viewer: viewerIn(response)!,
          approved: approved && { session: approved.cliSession, until: new Date(approved.sessionNotAfter).toISOString() },
          help,
        }),
      );
    } catch (thrown) {
      const isAboutTheCode = thrown instanceof BridgeError && (thrown.code === 'user_code_unknown' || thrown.code === 'user_code_mismatch');
      if (!isAboutTheCode) throw thrown;
      askForCode(response, linkCode, thrown);
    }
  });

  return router;
}

function pathFor(linkCode: string | undefined): string {
  return linkCode === undefined ? '/device' : `/device?${new URLSearchParams({ user_code: linkCode })}`;
}

function signInAgain(connector: string, linkCode: string | undefined): string {
  return `/sign-in/${connector}?reauthenticate=1&return_to=${encodeURIComponent(pathFor(linkCode))}`;
}
