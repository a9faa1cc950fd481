/**
 * The page that shows temporary credentials in every format. A GET asks, a POST fetches: nothing is
 * handed out by following a link.
 */
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import { entitledSeconds } from '../core/access-rule.ts';
import type { AssumedRole } from '../core/assumed-role.ts';
import { formatCredentials } from '../core/credential-formats.ts';
import { CREDENTIAL_FORMATS, type CredentialFormat } from '../core/credentials.ts';
import { listed } from '../core/listed.ts';
import type { Clock } from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import type { SessionSettings } from '../core/session.ts';
import { credentialsLasting } from '../core/session-length.ts';
import { formatDuration, type Seconds } from '../core/time.ts';
import { accountMark } from '../http/account-mark.ts';
import { type Answer, view } from '../http/answer.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { text } from '../http/read.ts';
import { form, page } from '../http/route.ts';
import { Duration, secondsOf, sessionLengths } from '../http/session-length.ts';
import { byPage, byRedirect, orStepUp } from '../http/step-up.ts';

export interface CredentialsPageParts {
  readonly access: Access;
  readonly clock: Clock;
}

const PATH = '/credentials';
const CredentialsRequest = z.object({
  account: text(128).min(1),
  role: text(512).min(1),
  duration: Duration,
});
type CredentialsRequest = z.output<typeof CredentialsRequest>;

const FORMATS: {
  readonly [F in CredentialFormat]: { readonly label: string; readonly how: string };
} = {
  env: { label: 'bash, zsh', how: 'Paste it into the shell.' },
  fish: { label: 'fish', how: 'Paste it into the shell.' },
  powershell: { label: 'PowerShell', how: 'Paste it into the shell.' },
  'windows-cmd': { label: 'cmd', how: 'Paste it into the command prompt.' },
  'credentials-file': {
    label: 'Credentials file',
    how: 'Add it to ~/.aws/credentials, then name the profile: aws --profile NAME … Remove it when it has expired.',
  },
  process: {
    label: 'JSON',
    how: 'For programs: what credential_process of the AWS CLI and SDKs prints.',
  },
};

export const credentialsPage = page({
  path: PATH,
  who: 'signed-in user',
  reads: { query: CredentialsRequest },
  returnTo: pathFor,
  handle: orStepUp((asked, user, parts: CredentialsPageParts) => ask({ asked, user }, parts), {
    returnTo: pathFor,
    leading: byRedirect,
  }),
});

export const credentialsForm = form({
  path: PATH,
  reads: { form: CredentialsRequest },
  returnTo: pathFor,
  outdated: (asked, user, parts: CredentialsPageParts) =>
    ask({ asked, user, notice: outdatedNotice(user) }, parts),
  handle: orStepUp(showCredentials, { returnTo: pathFor, leading: byPage }),
});

interface Question {
  readonly asked: CredentialsRequest;
  readonly user: Viewer;
  readonly notice?: string;
}

/** Asks before credentials are fetched. */
async function ask(
  { asked, user, notice }: Question,
  { access, clock }: CredentialsPageParts,
): Promise<Answer> {
  const seconds = secondsOf(asked.duration);
  const entitlement = await access.check(user, asked);
  const { account, role } = entitlement;
  const now = clock.now();
  const longest = entitledSeconds(entitlement, now);
  credentialsLasting(entitlement, { seconds, now });
  const lengths = sessionLengths(longest, seconds);
  return view('credentials-request', {
    account: account.name,
    accountId: account.id,
    mark: accountMark(account),
    role,
    duration: `${lengths.length > 0 ? 'up to ' : ''}${formatDuration(longest)}`,
    lengths,
    notice,
  });
}

async function showCredentials(
  asked: CredentialsRequest,
  user: Viewer,
  { access, clock }: CredentialsPageParts,
): Promise<Answer> {
  const seconds = secondsOf(asked.duration);
  const { entitlement, assumed } = await access.credentialsFor(user, { ...asked, seconds });
  const { account, role } = entitlement;
  const { credentials } = assumed;
  const secondsLeft = Math.max(0, Math.floor((credentials.expiresAt - clock.now()) / 1000));
  const profile = {
    accountId: account.id,
    region: account.region,
    profile: `${account.name}-${role.replaceAll('/', '-')}`,
  };
  return view('credentials', {
    account: account.name,
    accountId: account.id,
    mark: accountMark(account),
    role,
    assumedRoleArn: assumed.assumedRoleArn,
    stsEndpoint: account.stsEndpoint,
    formats: CREDENTIAL_FORMATS.map(id => ({
      id,
      ...FORMATS[id],
      text: formatCredentials(id, credentials, profile),
    })),
    expiresAt: new Date(credentials.expiresAt).toISOString(),
    timeLeft: formatDuration(secondsLeft),
    secondsLeft,
    reduced: reduced(assumed, seconds),
    nearlyFull: nearlyFull(assumed, entitlement.rule.session),
    lacking: lacking(assumed),
  });
}

function reduced(
  { reducedFrom, durationSeconds }: AssumedRole,
  chosen: Seconds | undefined,
): string | undefined {
  if (reducedFrom === undefined) return undefined;
  const wanted = chosen === undefined ? 'The rule grants' : 'You chose';
  const allowed = `AWS allows ${formatDuration(durationSeconds)} for this role.`;
  return `${wanted} ${formatDuration(reducedFrom)}, but ${allowed}`;
}

/** From then on, in percent, users are told before AWS rejects their session. */
const NEARLY_FULL = 75;

function nearlyFull(
  { packedPolicyPercent: percent, tagsLeftOut }: AssumedRole,
  { optionalTags = [] }: SessionSettings,
): string | undefined {
  if (percent === undefined || percent <= NEARLY_FULL) return undefined;
  const beyond =
    optionalTags.length > tagsLeftOut.length
      ? 'the session gets no optional tags'
      : 'AWS rejects the session';
  return `Session policies and tags use ${percent}% of the space that AWS allows. Above 100%, ${beyond}. Ask your administrator for fewer or shorter tags.`;
}

function lacking({ tagsLeftOut }: AssumedRole): string | undefined {
  if (tagsLeftOut.length === 0) return undefined;
  return `This session lacks optional tags: ${listed(tagsLeftOut)}. You have no value for them that AWS accepts, or the session was too large with them. If policies in AWS use these tags, you may have less access.`;
}

function pathFor({ account, role, duration }: CredentialsRequest): string {
  return `${PATH}?${new URLSearchParams({ account, role, ...(duration && { duration }) })}`;
}
