/**
 * What a request shows that a stranger does not have: a session, a token, a grant. Beyond the limit
 * of its address, a request that shows something live is counted by it (threats R43).
 */
import * as z from 'zod';
import type { CodeAuthorization } from '../bridge/code-authorization.ts';
import type { DeviceAuthorization } from '../bridge/device-authorization.ts';
import type { SignIn } from '../bridge/sign-in.ts';
import type { Tokens } from '../bridge/tokens.ts';
import type { Workloads } from '../bridge/workloads.ts';
import type { Clock, DoctorProofs, Secrets } from '../core/ports.ts';
import { doctorNonceIn } from './arrival.ts';
import { anyTokenIn, awsTokenIn, workloadProofIn } from './bearer.ts';
import type { LiveProofs } from './rate-limits.ts';
import { MAX_PROOF, text } from './read.ts';
import type { BridgeCookies } from './session-cookie.ts';

export interface LiveProofParts {
  readonly signIn: SignIn;
  readonly tokens: Tokens;
  readonly workloads: Pick<Workloads, 'workloadBehind'>;
  readonly deviceAuthorization: DeviceAuthorization;
  readonly codeAuthorization: CodeAuthorization;
  readonly doctorProofs: DoctorProofs;
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

/** A grant in the body of a token request, by its names in OAuth and on the wire of AWS tools. */
const ShownGrant = z
  .object({
    device_code: text(256),
    deviceCode: text(256),
    code: text(256),
    refresh_token: text(256),
    refreshToken: text(256),
    token: text(256),
    subject_token: text(MAX_PROOF),
  })
  .partial();

export function liveProofsOf(parts: LiveProofParts, cookies: BridgeCookies): LiveProofs {
  const { signIn, tokens, workloads } = parts;
  const ofToken = async (token: string | undefined): Promise<string | undefined> =>
    token === undefined ? undefined : tokens.sessionBehind(token);
  return {
    session: request => signIn.personBehind(cookies.readSession(request)),
    'bearer token': async request => {
      const shown = workloadProofIn(request);
      return (
        (await ofToken(anyTokenIn(request))) ??
        (shown === undefined ? undefined : workloads.workloadBehind(shown))
      );
    },
    'AWS tool token': request => ofToken(awsTokenIn(request)),
    'proof of doctor': async request =>
      doctorNonceIn(request, parts) === undefined ? undefined : 'doctor',
    grant: async request => {
      const { data } = ShownGrant.safeParse(request.body ?? {});
      if (data?.subject_token !== undefined) return workloads.workloadBehind(data.subject_token);
      return (
        (await liveCodeIn(data ?? {}, parts)) ??
        ofToken(data?.refresh_token ?? data?.refreshToken ?? data?.token)
      );
    },
  };
}

async function liveCodeIn(
  shown: z.output<typeof ShownGrant>,
  { deviceAuthorization, codeAuthorization, secrets }: LiveProofParts,
): Promise<string | undefined> {
  const deviceCode = shown.device_code ?? shown.deviceCode;
  if (deviceCode !== undefined && (await deviceAuthorization.isLive(deviceCode)))
    return secrets.digest(deviceCode);
  if (shown.code !== undefined && (await codeAuthorization.isLive(shown.code)))
    return secrets.digest(shown.code);
  return undefined;
}
