/**
 * Errors of STS as errors of the bridge: a message for the operator, and a hint for the fix.
 *
 * STS often gives no reason, and can repeat the proof in its texts. So only known texts of STS are
 * used, and a hint names every cause that the code can have for this kind of trust.
 */

import type { AssumeRequest } from '../core/assumed-role.ts';
import { BridgeError } from '../core/errors.ts';
import { listed } from '../core/listed.ts';
import { isOfAws, samlProviderArn, type Trust } from '../core/role.ts';
import { type AwsFaultFacts, awsError } from './aws-faults.ts';
import { faultOf, type StsFailure } from './sts-client.ts';

/** `text` is the text of STS, if it is a known one. */
type Hint = (request: AssumeRequest, text?: string) => string;
type HintByTrust = Readonly<Record<Trust['by'], Hint>>;

const ACTIONS = {
  saml: 'AssumeRoleWithSAML',
  'corporate-saml': 'AssumeRoleWithSAML',
  'web-identity': 'AssumeRoleWithWebIdentity',
  'corporate-web-identity': 'AssumeRoleWithWebIdentity',
  hub: 'AssumeRole',
} as const satisfies Record<Trust['by'], string>;

const UPLOAD_METADATA: Hint = () =>
  'The IAM SAML provider in the account does not know the signing key. Upload the current SAML metadata of the issuer to it; the metadata changes with every key.';
const CHECK_CLOCK: Hint = () =>
  'The clock of the bridge and that of AWS differ. Check the time service on the machine of the bridge.';

/** Texts of STS that contain nothing of the proof, with a hint where the code alone says less. */
const KNOWN_TEXTS: readonly { readonly text: RegExp; readonly hint?: Hint }[] = [
  { text: /Not authorized to perform sts:\w{1,40}/ },
  { text: /is not authorized to perform: sts:\w{1,40}/ },
  { text: /The requested DurationSeconds exceeds the [\w ]{1,80}/ },
  { text: /The source identity is already set for this assume role session/ },
  { text: /Packed policy consumes \d{1,5}% of allotted space/ },
  { text: /Packed size of session tags consumes \d{1,5}% of allotted space/ },
  { text: /Serialized token too large for session/ },
  { text: /Response signature invalid/, hint: UPLOAD_METADATA },
  {
    text: /Issuer not present in specified provider/,
    hint: () =>
      'The IAM SAML provider in the account was made for another issuer. Upload the SAML metadata of this one, and check the entity id.',
  },
  {
    text: /Specified provider doesn't exist/,
    hint: ({ account }) =>
      `Account ${account.name} has no IAM SAML provider of the configured name. Create it, or correct "provider" in the configuration.`,
  },
  {
    text: /Response does not contain the required audience/,
    hint: request =>
      request.account.trust.by === 'corporate-saml'
        ? PROOF_NOT_TAKEN['corporate-saml'](request)
        : `AWS expects another audience in partition ${request.account.partition}. Set samlAudience for this partition in the configuration.`,
  },
  { text: /RoleSessionName (?:is required in AuthnResponse|in AuthnResponse must match)/ },
  { text: /Source Identity must match/ },
  { text: /Token must be redeemed within 5 minutes of issuance/, hint: CHECK_CLOCK },
  { text: /Response has expired/, hint: CHECK_CLOCK },
  {
    text: /Token expired: current date\/time \d{1,12} must be before the expiration date\/time ?\d{1,12}/,
    hint: CHECK_CLOCK,
  },
  { text: /Token too old: \d{1,12}/, hint: CHECK_CLOCK },
  {
    text: /No OpenIDConnect provider found in your account/,
    hint: ({ account }) =>
      `Account ${account.name} has no IAM OpenID Connect provider for the issuer of the token. Create one whose URL is exactly the issuer.`,
  },
  {
    text: /Incorrect token audience/,
    hint: () =>
      "The audience of the token is not among the client ids of the IAM OpenID Connect provider. Add it there, or correct the bridge's audience.",
  },
  {
    text: /Couldn't retrieve verification key from your identity provider/,
    hint: () =>
      'AWS could not read the keys of the token issuer. Its /.well-known/openid-configuration and its key set must answer on public https, and a new key must be published a day before it signs.',
  },
  {
    text: /OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint/,
    hint: () =>
      'The certificate of the token issuer has changed. Correct the thumbprint of the IAM OpenID Connect provider.',
  },
  { text: /The ID Token provided is not a valid JWT/ },
  { text: /Missing a required claim: \w{1,20}/ },
];

const SESSION_TOO_LARGE: Hint = ({ session: { tagsLeftOut = [] } }, text) => {
  const percent = /\d+%/.exec(text ?? '')?.[0];
  const share = percent === undefined ? '' : ` (${percent} of it)`;
  const without =
    tagsLeftOut.length === 0 ? '' : `, even without the optional tags ${listed(tagsLeftOut)}`;
  return `The session policies and tags of this role exceed the limit of AWS${share}${without}. Use fewer or shorter tags, or a managed policy instead of an inline one.`;
};
const RULE_NOT_ACCEPTED: Hint = () =>
  'AWS rejects a value that the rule sets for this role: its session policy, its tags or its duration.';
const REGION_OFF: Hint = ({ account }) =>
  `STS is not active in region ${account.region} for account ${account.name}. Activate it in the account settings of IAM, or give the account another region in the configuration.`;
const HUB_CREDENTIALS: Hint = () =>
  'AWS rejected the credentials of the hub role. Check that the hub role was not just deleted, and the clock of the bridge.';

const PROOF_NOT_TAKEN: HintByTrust = {
  saml: UPLOAD_METADATA,
  'corporate-saml': () =>
    'AWS rejects the SAML response of your identity provider: it must be addressed to AWS (audience and recipient), name this role, and be signed with a key of the IAM SAML provider.',
  'web-identity': () =>
    'AWS rejects the token of the bridge: check the URL and the client ids of the IAM OpenID Connect provider, and that AWS can read the keys of the bridge.',
  'corporate-web-identity': () =>
    'AWS rejects the token of your identity provider: check the URL and the client ids of the IAM OpenID Connect provider; if the token has "azp", it must be one of the client ids.',
  hub: HUB_CREDENTIALS,
};

/**
 * By the code on the wire, without a final `Exception` (STS API reference, "Errors" of the three
 * calls).
 */
const HINTS: Readonly<Record<string, Hint | HintByTrust>> = {
  AccessDenied: {
    saml: request => trustPolicyHint(request, providerOf(request)),
    'corporate-saml': request => trustPolicyHint(request, providerOf(request)),
    'web-identity': request =>
      trustPolicyHint(
        request,
        'the IAM OpenID Connect provider of the bridge, with its audience and the subject',
      ),
    'corporate-web-identity': request =>
      trustPolicyHint(
        request,
        'the IAM OpenID Connect provider of the corporate identity provider, with its audience and the subject',
      ),
    hub: request =>
      `${trustPolicyHint(request, 'the hub role, with the same external id as the configuration')} When the accounts differ, the hub role's own policy must allow the same actions.`,
  },
  InvalidIdentityToken: PROOF_NOT_TAKEN,
  IDPRejectedClaim: PROOF_NOT_TAKEN,
  IDPCommunicationError: () =>
    'AWS cannot reach the issuer of the token. Its /.well-known/openid-configuration and its key set must answer on public https.',
  ExpiredToken: CHECK_CLOCK,
  RegionDisabled: REGION_OFF,
  PackedPolicyTooLarge: SESSION_TOO_LARGE,
  MalformedPolicyDocument: RULE_NOT_ACCEPTED,
  ValidationError: RULE_NOT_ACCEPTED,
  InvalidClientTokenId: HUB_CREDENTIALS,
  SignatureDoesNotMatch: HUB_CREDENTIALS,
};

function providerOf({ account }: AssumeRequest): string {
  const { trust } = account;
  return 'provider' in trust
    ? `${samlProviderArn(account, trust.provider)}, with saml:aud of the right sign-in address`
    : '';
}

function trustPolicyHint({ account, session, roleName }: AssumeRequest, principal: string): string {
  const actions = [
    `sts:${ACTIONS[account.trust.by]}`,
    ...(session.tags.length > 0 ? ['sts:TagSession'] : []),
    ...(session.sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
  return `AWS denies role ${roleName} of account ${account.name} to the bridge. Check that the role exists and that its trust policy allows ${actions.join(', ')} to ${principal}.`;
}

/**
 * The failure as one of our errors: `corporate_proof_missing` if a new sign-in helps, else by what
 * the STS of the account did.
 */
export function explain(failure: StsFailure, request: AssumeRequest, trust: Trust): BridgeError {
  const { code, requestId, status, cause, retryAfterSeconds } = failure;
  const { account } = request;
  const fault = faultOf(failure);
  const call = `STS ${ACTIONS[trust.by]} for ${request.role}`;
  const known = KNOWN_TEXTS.find(({ text }) => text.test(failure.said));
  const text = known?.text.exec(failure.said)?.[0];
  const isAnswered = code !== undefined || status !== undefined;
  const isPassing = fault === 'throttled' || fault === 'failed';
  const aws = { role: request.role, code, text, isAnswered, isPassing };
  const isUnlikeSts = fault === 'response_invalid' || fault === 'refused';
  const hintOfStore =
    isUnlikeSts && !isOfAws(account) ? { hint: hintOfOwnSts(request, failure) } : {};
  const error = (why: string, options: Partial<AwsFaultFacts> = {}): BridgeError =>
    awsError(fault, why, { account, aws, retryAfterSeconds, ...hintOfStore, ...options });
  if (!isAnswered) return error(`${call}: no answer (${reasonIn(cause)})`, { cause });
  const outcome = code ?? `an answer that is not STS's (status ${status})`;
  const message = `${call}: ${outcome}${text === undefined ? '' : `: ${text}`} (request ${requestId})`;
  if (fault !== 'refused') return error(message);
  if (code === 'ExpiredToken' && trust.by.startsWith('corporate-'))
    return new BridgeError('corporate_proof_missing', message, { aws });
  if (!isOfAws(account)) return error(message);
  const row =
    known?.hint ?? (code !== undefined && Object.hasOwn(HINTS, code) ? HINTS[code] : undefined);
  if (row === undefined) return error(message);
  const hint = typeof row === 'function' ? row : row[trust.by];
  return error(message, {
    hint: `${hint(request, text)} Contact your administrator and give them the reference.`,
  });
}

/** The answer gives few reasons: Ceph 16 says AccessDenied without a text for many faults. */
function hintOfOwnSts({ account, roleName }: AssumeRequest, { code }: StsFailure): string {
  const sts = `The STS of account ${account.name} (${new URL(account.stsEndpoint!).origin})`;
  const what =
    code === undefined
      ? `${sts} does not answer as an STS does. Check endpoints.sts of the account.`
      : `${sts} rejects role ${roleName} (${code}). Check that the role exists there, that its trust policy allows sts:${ACTIONS[account.trust.by]} to the OpenID Connect provider of the token's issuer, that this provider has the audience and the thumbprint, and that the STS can read the issuer's keys.`;
  return `${what} Contact your administrator and give them the reference.`;
}

/** The message of `outbound` names the limit or the fault, and nothing of what was sent. */
function reasonIn(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unknown fault';
}
