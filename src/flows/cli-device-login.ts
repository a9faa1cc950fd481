/**
 * The third journey, in the browser: a person types the code of their terminal, sees what asks, and
 * decides.
 *
 * Owns: the page of `/device`. A link never fills the code in, and nothing is decided without a
 * press of a button (RFC 8628 sections 3.3 and 5.4). Does not own: what a code is worth
 * (bridge/device-authorization), the terminal's half (apis/oauth).
 */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import type { DeviceAuthorization } from '../bridge/device-authorization.ts';
import type { DeviceLogin, EnteredCode } from '../bridge/device-confirmation.ts';
import type { MySessions } from '../bridge/my-sessions.ts';
import { formatUserCode, readUserCode } from '../core/device-grant.ts';
import { BridgeError } from '../core/errors.ts';
import type { NetworkDistance } from '../core/network-distance.ts';
import type { Clock } from '../core/ports.ts';
import { onlySignedIn, requireViewer, sessionIn, viewerIn } from '../http/current-session.ts';
import { limitGuesses, type OwnFormGuard } from '../http/guards.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { formBody, readForm, readQuery, SMALL_FORM_BYTES, text } from '../http/read.ts';
import type { Renderer } from '../http/render.ts';
import { rememberReturnTo } from '../http/request-context.ts';
import { summaryOfRoles } from '../http/role-summary.ts';
import { signInLink, stepUpLink } from '../http/sign-in-links.ts';
import { SIGNED_IN_PATH, signedInPath } from '../http/signed-in-path.ts';
import type { HelpModel } from '../http/views.ts';

export interface CliDeviceLoginParts {
  readonly deviceAuthorization: DeviceAuthorization;
  readonly mySessions: MySessions;
  readonly access: Access;
  readonly renderer: Renderer;
  readonly ownForm: OwnFormGuard;
  readonly help: HelpModel | undefined;
  readonly clock: Clock;
}

const DeviceQuery = z.object({ user_code: text(64).optional() });
const DeviceForm = z.object({
  user_code: text(64),
  link_code: text(64).optional(),
  decision: z.enum(['approve', 'disown']).optional(),
  csrf_token: text(64).optional(),
});

const SignedInQuery = z.object({ session: text(64).optional() });

/** What the page says above the field. */
interface Said {
  readonly refusal?: BridgeError;
  readonly notice?: string;
}

const DISTANCE: { readonly [D in NetworkDistance]: string } = {
  'same-address': 'the same address as this browser',
  'same-network': 'the same network as this browser',
  elsewhere: 'another network than this browser',
};
const ELSEWHERE = {
  title: 'The terminal is in another network than you.',
  text: 'That is right for a server that you reach by SSH, and for nothing else.',
};

export function cliDeviceLogin({
  deviceAuthorization,
  mySessions,
  access,
  renderer,
  ownForm,
  help,
  clock,
}: CliDeviceLoginParts): Router {
  const guesses = limitGuesses(clock);
  const router = Router();

  const askForCode = (
    response: Response,
    linkCode: string | undefined,
    { refusal, notice }: Said = {},
  ): void => {
    const problem = refusal && { title: refusal.title, hint: refusal.hint };
    response
      .status(refusal?.status ?? 200)
      .type('html')
      .send(
        renderer.render('device-code', {
          viewer: viewerIn(response),
          enabled: deviceAuthorization.enabled,
          linkCode,
          problem,
          notice,
        }),
      );
  };

  const askForConfirmation = (
    response: Response,
    login: DeviceLogin,
    { userCode, linkCode }: EnteredCode,
  ): void => {
    const { request, distance } = login;
    const viewer = requireViewer(response);
    const { connector } = viewer.subject.identity;
    const code = formatUserCode(readUserCode(userCode)!);
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
        gets: summaryOfRoles(access.rolesFor({ ...viewer, scope: login.scope })),
        until: new Date(login.sessionNotAfter).toISOString(),
        warning: isElsewhere ? ELSEWHERE : undefined,
        fields: [
          { name: 'user_code', value: code },
          ...(linkCode === undefined ? [] : [{ name: 'link_code', value: linkCode }]),
        ],
        freshSignInHref: login.needsFreshSignIn ? signInAgain(connector, linkCode) : undefined,
      }),
    );
  };

  const showStopped = (response: Response): void => {
    response
      .type('html')
      .send(renderer.render('cli-decided', { viewer: viewerIn(response)!, help }));
  };

  router.get(SIGNED_IN_PATH, async (request, response) => {
    const { session: publicId } = readQuery(request, SignedInQuery);
    const viewer = sessionIn(response) && requireViewer(response);
    const sessions = viewer === undefined ? [] : await mySessions.list(viewer);
    const found = sessions.find(summary => summary.publicId === publicId);
    if (viewer === undefined || found === undefined) {
      response.redirect(303, '/sessions');
      return;
    }
    // Before the terminal has come, a session says by when it must.
    const until =
      found.lastUsedAt === undefined
        ? deviceAuthorization.sessionNotAfter(viewer)
        : found.expiresAt;
    const approved = { session: found.publicId, until: new Date(until).toISOString() };
    response
      .type('html')
      .send(renderer.render('cli-decided', { viewer: viewerIn(response)!, approved, help }));
  });

  router.get('/device', (request, response) => {
    const { user_code: linkCode } = readQuery(request, DeviceQuery);
    if (sessionIn(response) === undefined) {
      response.redirect(303, signInLink(pathFor(linkCode)));
      return;
    }
    askForCode(response, linkCode);
  });

  // Only people are counted, and only what they send themselves: strangers could use up what may be
  // guessed wrongly.
  router.post(
    '/device',
    backToDevice,
    onlySignedIn,
    formBody(SMALL_FORM_BYTES),
    async (request: Request, response: Response) => {
      const {
        user_code: userCode,
        link_code: linkCode,
        decision: decided,
        csrf_token,
      } = readForm(request, DeviceForm);
      rememberReturnTo(response, pathFor(linkCode));
      const viewer = requireViewer(response);
      if (!ownForm.isCurrent(request, viewer.session, csrf_token)) {
        askForCode(response, linkCode, { notice: outdatedNotice(response) });
        return;
      }
      const entered: EnteredCode = { userCode, linkCode };
      guesses.begin(response);
      let isWrong = false;
      try {
        // The form came again: by a reload, by Back, or by two clicks. It is answered as before,
        // and it is no wrong code.
        const before = await deviceAuthorization.decidedBefore(viewer, entered);
        if (before !== undefined) {
          if (before.kind === 'approved' && decided !== 'disown') {
            response.redirect(303, signedInPath(before.cliSession));
            return;
          }
          if (before.kind === 'approved') await mySessions.disown(viewer, before.cliSession);
          showStopped(response);
          return;
        }
        if (decided === undefined) {
          askForConfirmation(response, await deviceAuthorization.inspect(viewer, entered), entered);
          return;
        }
        if (decided === 'approve') {
          const { cliSession } = await deviceAuthorization.approve(viewer, entered);
          response.redirect(303, signedInPath(cliSession));
          return;
        }
        await deviceAuthorization.disown(viewer, entered);
        showStopped(response);
      } catch (thrown) {
        const isAboutTheCode =
          thrown instanceof BridgeError &&
          (thrown.code === 'user_code_unknown' || thrown.code === 'user_code_mismatch');
        if (!isAboutTheCode) throw thrown;
        isWrong = true;
        askForCode(response, linkCode, { refusal: thrown });
      } finally {
        guesses[isWrong ? 'wasWrong' : 'takeBack'](response);
      }
    },
  );

  return router;
}

/** Somebody whose session has ended meanwhile is asked for the code again after the sign-in. */
const backToDevice: RequestHandler = (_request, response, next) => {
  rememberReturnTo(response, '/device');
  next();
};

function pathFor(linkCode: string | undefined): string {
  return linkCode === undefined
    ? '/device'
    : `/device?${new URLSearchParams({ user_code: linkCode })}`;
}

function signInAgain(connector: string, linkCode: string | undefined): string {
  return stepUpLink(connector, pathFor(linkCode));
}
