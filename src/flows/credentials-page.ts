/**
 * The page that shows temporary credentials in every format. A GET asks, a POST fetches: nothing is
 * handed out by following a link.
 */
import { type Response, Router } from 'express';
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import { formatCredentials } from '../core/credential-formats.ts';
import { CREDENTIAL_FORMATS, type CredentialFormat } from '../core/credentials.ts';
import type { Clock } from '../core/ports.ts';
import { attainableSeconds } from '../core/session.ts';
import { formatDuration } from '../core/time.ts';
import { requireSession, requireViewer, sessionIn, viewerIn } from '../http/current-session.ts';
import type { OwnFormGuard } from '../http/guards.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { formBody, readForm, readQuery, SMALL_FORM_BYTES, text } from '../http/read.ts';
import type { Renderer } from '../http/render.ts';
import { rememberReturnTo } from '../http/request-context.ts';
import { signInLink } from '../http/sign-in-links.ts';

export interface CredentialsPageParts {
  readonly access: Access;
  readonly renderer: Renderer;
  readonly clock: Clock;
  readonly ownForm: OwnFormGuard;
}

const CredentialsRequest = z.object({ account: text(128).min(1), role: text(512).min(1) });
const CredentialsForm = CredentialsRequest.extend({ csrf_token: text(64).optional() });

const FORMATS: {
  readonly [F in CredentialFormat]: { readonly label: string; readonly how: string };
} = {
  env: { label: 'bash, zsh', how: 'Paste into the shell.' },
  fish: { label: 'fish', how: 'Paste into the shell.' },
  powershell: { label: 'PowerShell', how: 'Paste into the shell.' },
  'windows-cmd': { label: 'cmd', how: 'Paste into the command prompt.' },
  'credentials-file': {
    label: 'Credentials file',
    how: 'Put into ~/.aws/credentials, then name the profile: aws --profile NAME … Remove it when it has expired.',
  },
  process: {
    label: 'JSON',
    how: 'For programs: what credential_process of the AWS CLI and SDKs prints.',
  },
};

export function credentialsPage({
  access,
  renderer,
  clock,
  ownForm,
}: CredentialsPageParts): Router {
  const router = Router();

  const ask = async (
    response: Response,
    asked: z.output<typeof CredentialsRequest>,
    notice?: string,
  ): Promise<void> => {
    const entitlement = await access.check(requireViewer(response), asked);
    const { account, role, rule } = entitlement;
    response.type('html').send(
      renderer.render('credentials-request', {
        viewer: viewerIn(response),
        account: account.name,
        accountId: account.id,
        role,
        duration: formatDuration(attainableSeconds(account, rule.session.durationSeconds)),
        notice,
      }),
    );
  };

  router.get('/credentials', (request, response) => {
    const asked = readQuery(request, CredentialsRequest);
    if (sessionIn(response) === undefined) {
      response.redirect(303, signInLink(pathFor(asked)));
      return;
    }
    return ask(response, asked);
  });

  router.post('/credentials', formBody(SMALL_FORM_BYTES), async (request, response) => {
    const { csrf_token, ...asked } = readForm(request, CredentialsForm);
    rememberReturnTo(response, pathFor(asked));
    const session = requireSession(response);
    if (!ownForm.isCurrent(request, session, csrf_token))
      return ask(response, asked, outdatedNotice(response));
    const { entitlement, assumed } = await access.credentialsFor(requireViewer(response), asked);
    const { account, role } = entitlement;
    const { credentials, reducedFrom } = assumed;
    const secondsLeft = Math.max(0, Math.floor((credentials.expiresAt - clock.now()) / 1000));
    const profile = `${account.name}-${role.replaceAll('/', '-')}`;
    response.type('html').send(
      renderer.render('credentials', {
        viewer: viewerIn(response),
        account: account.name,
        accountId: account.id,
        role,
        assumedRoleArn: assumed.assumedRoleArn,
        formats: CREDENTIAL_FORMATS.map(id => ({
          id,
          ...FORMATS[id],
          text: formatCredentials(id, credentials, {
            accountId: account.id,
            region: account.region,
            profile,
          }),
        })),
        expiresAt: new Date(credentials.expiresAt).toISOString(),
        timeLeft: formatDuration(secondsLeft),
        secondsLeft,
        reduced:
          reducedFrom === undefined
            ? undefined
            : `The rule gives ${formatDuration(reducedFrom)}, but AWS allows ${formatDuration(assumed.durationSeconds)} for this role.`,
      }),
    );
  });

  return router;
}

function pathFor({ account, role }: z.output<typeof CredentialsRequest>): string {
  return `/credentials?${new URLSearchParams({ account, role })}`;
}
