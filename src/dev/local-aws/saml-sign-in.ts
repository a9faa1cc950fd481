/**
 * The sign-in page's side of SAML: a browser posts the response (IAM User Guide, "Enable SAML 2.0
 * federated principals to access the AWS console"). One role goes straight to the console, several
 * are offered.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { signInWithSaml } from './assume-role-with-saml.ts';
import type { Console } from './console.ts';
import { refusalPage, rolesPage } from './console-page.ts';
import type { Log } from './events.ts';
import { parseArn } from './identifiers.ts';
import type { Sts } from './role-sessions.ts';
import { parseSamlResponse, type UnverifiedResponse } from './saml-response.ts';
import { type RolePair, readRolePairs } from './saml-statements.ts';
import { XmlRefused } from './strict-xml.ts';
import { StsError } from './sts-error.ts';
import { type Answer, isForm, parseForm, readBody, send } from './web.ts';

const MAX_BODY = 512 * 1024;
/**
 * Longer responses are reported to be refused by the sign-in page, with the text of an invalid
 * assertion.
 */
const MAX_RESPONSE = 128 * 1024;

/** Where the sign-in page has its own words for what STS says. */
const PAGE_TEXTS: ReadonlyMap<string | undefined, string> = new Map([
  [
    'Issuer not present in specified provider',
    'Failed to assume role: Issuer not present in specified provider',
  ],
]);

export interface SamlSignInSurface {
  readonly sts: Sts;
  readonly console: Console;
  /** The console page, for those who asked for nothing else. */
  readonly homeUrl: string;
  readonly log: Log;
}

/** Serves `/saml`. */
export function createSamlSignIn(
  surface: SamlSignInSurface,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const requestId = randomUUID();
    const action = 'sign-in';
    try {
      const { answer, principal } = await signIn(
        surface,
        await readForm(request),
        request.socket.remoteAddress ?? '',
      );
      surface.log({ outcome: 'answered', surface: 'saml', action, requestId, principal });
      send(response, answer);
    } catch (cause) {
      if (!(cause instanceof StsError)) throw cause;
      surface.log({
        outcome: 'refused',
        surface: 'saml',
        action,
        requestId,
        code: cause.code,
        reason: cause.reason,
      });
      const text = PAGE_TEXTS.get(cause.wireMessage) ?? cause.wireMessage ?? cause.code;
      send(response, refusalPage(cause.status, 'Sign-in failed', text));
    }
  };
}

interface Form {
  readonly samlResponse: string;
  readonly relayState: string;
  /** What was chosen on the page that offers several roles. */
  readonly roleArn: string | undefined;
}

async function readForm(request: IncomingMessage): Promise<Form> {
  if (request.method !== 'POST' || !isForm(request)) throw invalid('no form was posted');
  const body = await readBody(request, MAX_BODY).catch(() => {
    throw invalid('the form is too large');
  });
  const form = parseForm(body.toString('utf8'));
  const samlResponse = form?.get('SAMLResponse') ?? '';
  if (samlResponse === '' || samlResponse.length > MAX_RESPONSE)
    throw invalid('SAMLResponse is missing or too long');
  return {
    samlResponse,
    relayState: form?.get('RelayState') ?? '',
    roleArn: form?.get('roleArn') ?? undefined,
  };
}

async function signIn(
  surface: SamlSignInSurface,
  form: Form,
  sourceIp: string,
): Promise<{ answer: Answer; principal?: string }> {
  const { sts, console, homeUrl } = surface;
  const response = parseSamlResponse(form.samlResponse);
  // Which provider to check against, the response says itself; the check then holds for exactly
  // this pair.
  const offered = offeredPairs(sts, response);
  const chosen =
    form.roleArn === undefined && offered.length === 1
      ? offered[0]
      : offered.find(pair => pair.roleArn === form.roleArn);
  if (chosen === undefined) {
    if (form.roleArn !== undefined)
      throw new StsError(
        'AccessDenied',
        'Not authorized to perform sts:AssumeRoleWithSAML',
        'the chosen role is not in the response',
      );
    return { answer: rolesPage({ ...form, roles: offered.map(pair => labelOf(sts, pair)) }) };
  }
  const { identity, session } = await signInWithSaml(sts, response, {
    RoleArn: chosen.roleArn,
    PrincipalArn: chosen.providerArn,
    DurationSeconds: undefined,
    Policy: undefined,
    PolicyArns: [],
    sourceIp,
    surface: 'console',
  });
  const destination = console.isDestination(form.relayState, session.role.account)
    ? form.relayState
    : homeUrl;
  const issuerUrl = /^https?:\/\//.test(identity.issuer) ? identity.issuer : undefined;
  return {
    answer: console.open({ session, endsAt: session.expiresAt, issuerUrl, destination }),
    principal: session.arn,
  };
}

function offeredPairs(sts: Sts, { assertion }: UnverifiedResponse): readonly RolePair[] {
  let reason = 'there is no Role attribute';
  try {
    for (const { partition } of sts.world.accounts) {
      const pairs = readRolePairs(assertion, partition) ?? [];
      if (pairs.length > 0) return pairs;
    }
  } catch (cause) {
    if (!(cause instanceof StsError || cause instanceof XmlRefused)) throw cause;
    reason = cause instanceof StsError ? cause.reason : cause.message;
  }
  throw new StsError(
    'InvalidIdentityToken',
    'Your request included an invalid SAML response. To logout, click here.',
    reason,
  );
}

function labelOf(
  sts: Sts,
  { roleArn }: RolePair,
): { readonly roleArn: string; readonly label: string } {
  const arn = parseArn(roleArn);
  const account = sts.world.accounts.find(({ id }) => id === arn?.account);
  return {
    roleArn,
    label: `${arn?.resource.replace(/^role\//, '') ?? roleArn} in ${account?.name ?? arn?.account ?? 'an unknown account'}`,
  };
}

function invalid(reason: string): StsError {
  return new StsError(
    'InvalidIdentityToken',
    'Response did not contain a valid SAML assertion',
    reason,
  );
}
