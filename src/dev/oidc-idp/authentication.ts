/**
 * What a request wants of the authentication (OpenID Connect Core 3.1.2.1, 5.5.1.1), what a sign-in
 * proves, and when the user must come to the sign-in page.
 */
import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { Refusal, StepUpManners } from './manners.ts';

const MULTI_FACTOR_CONTEXT = 'https://refeds.org/profile/mfa';
const PASSWORD_CONTEXT = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
/** Weakest first. */
export const CONTEXTS = [PASSWORD_CONTEXT, MULTI_FACTOR_CONTEXT];
/** Authentication contexts of the tenant, as Entra ID has them: each requires a second factor. */
const TENANT_CONTEXTS = ['c1', 'c2'];

export interface Wanted {
  /** Values of `acr` of which one is wanted; empty means any. */
  readonly acr: readonly string[];
  /** Whether another `acr` is no answer. */
  readonly acrIsEssential: boolean;
  /** Values of Entra ID's `acrs` of which one is needed; empty means none. */
  readonly acrs: readonly string[];
}

export interface Proof {
  readonly acr: string;
  readonly amr: string[];
}

interface Member {
  readonly essential?: boolean;
  readonly value?: string;
  readonly values?: readonly string[];
}

type Parameters = Readonly<Record<string, unknown>>;

/** Reads the parameters of an authorization request, which the library has checked. */
export function wantedIn({ claims, acr_values: acrValues }: Parameters): Wanted {
  const members: Readonly<Record<string, Member | null>> =
    typeof claims === 'string' ? (JSON.parse(claims).id_token ?? {}) : {};
  const valuesOf = (name: string): readonly string[] => {
    const { value, values = [] } = members[name] ?? {};
    return value === undefined ? values : [value];
  };
  const voluntary = typeof acrValues === 'string' ? acrValues.split(' ') : [];
  return {
    acr: valuesOf('acr').length > 0 ? valuesOf('acr') : voluntary,
    acrIsEssential: valuesOf('acr').length > 0 && members.acr?.essential === true,
    acrs: valuesOf('acrs'),
  };
}

/**
 * What to state for this sign-in: the strongest wanted context that was proved, or else the
 * strongest. Undefined if something essential was not proved.
 */
export function proofFor(wanted: Wanted, secondFactor: boolean): Proof | undefined {
  const proved = CONTEXTS.slice(0, secondFactor ? 2 : 1);
  const answer = proved.findLast(context => wanted.acr.includes(context));
  if (wanted.acrIsEssential && answer === undefined) return undefined;
  if (wanted.acrs.length > 0 && !secondFactor) return undefined;
  return { acr: answer ?? proved.at(-1)!, amr: secondFactor ? ['pwd', 'mfa'] : ['pwd'] };
}

/** What is stated when the provider does not do what it is asked: a password alone. */
export const WEAK_PROOF: Proof = { acr: PASSWORD_CONTEXT, amr: ['pwd'] };

/** The `acrs` claim: the wanted contexts of the tenant, if two factors were proved. */
export function acrsFor(member: Member | null | undefined, amr: readonly string[]): string[] {
  const wanted = [member?.value, ...(member?.values ?? [])];
  return amr.includes('mfa') ? TENANT_CONTEXTS.filter(context => wanted.includes(context)) : [];
}

function isReachable({ acr, acrIsEssential, acrs }: Wanted): boolean {
  if (acrs.length > 0 && !acrs.some(context => TENANT_CONTEXTS.includes(context))) return false;
  return !acrIsEssential || acr.some(context => CONTEXTS.includes(context));
}

/** Whether the session of the provider is an answer already. */
function isMet({ acr, acrIsEssential, acrs }: Wanted, proof: Proof): boolean {
  if (acrs.length > 0 && !proof.amr.includes('mfa')) return false;
  if (acrIsEssential) return acr.includes(proof.acr);
  const ranks = acr.map(context => CONTEXTS.indexOf(context)).filter(rank => rank >= 0);
  return ranks.length === 0 || CONTEXTS.indexOf(proof.acr) >= Math.min(...ranks);
}

export interface PolicyOptions {
  readonly stepUp: StepUpManners;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The library's policy, with `max_age` by our clock and contexts that can be refused. */
export function authenticationPolicy(options: PolicyOptions): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  const { checks } = policy.get('login')!;
  for (const reason of ['max_age', 'essential_acr', 'essential_acrs']) checks.remove(reason);
  for (const check of checksOf(options)) checks.add(check);
  return policy;
}

function checksOf({ stepUp, now }: PolicyOptions): interactionPolicy.Check[] {
  const { Check } = interactionPolicy;
  return [
    new Check('refusal', 'The provider refuses the request', ({ req }) => {
      refuse(stepUp, new URL(req.url ?? '/', 'http://localhost').searchParams);
      return false;
    }),
    new Check(
      'account',
      'The account of the session cannot sign in',
      ({ oidc }) => oidc.session?.accountId !== undefined && oidc.account === undefined,
    ),
    new Check('max_age', 'The last authentication is too old', ({ oidc }) => {
      const { params = {}, session } = oidc;
      if (params.max_age === undefined || signsInNow(oidc)) return false;
      return Math.floor(now() / 1000) - (session?.authTime() ?? 0) > Number(params.max_age);
    }),
    new Check('context', 'A stronger authentication is required', CONTEXT_ERROR, ({ oidc }) => {
      const wanted = wantedIn(oidc.params ?? {});
      if (!isReachable(wanted)) throw new errors.UnmetAuthenticationRequirements(UNREACHABLE);
      const { acr = PASSWORD_CONTEXT, amr = [] } = oidc.session ?? {};
      return !signsInNow(oidc) && !isMet(wanted, { acr, amr });
    }),
  ];
}

/** The answer to `prompt=none` if the session does not reach a context. */
const CONTEXT_ERROR = 'interaction_required';
export const UNREACHABLE = 'The requested authentication is not available to this user.';

function signsInNow({ result }: KoaContextWithOIDC['oidc']): boolean {
  return result?.login !== undefined;
}

interface RefusalRule extends Refusal {
  readonly holds: (stepUp: StepUpManners, query: URLSearchParams) => boolean;
}

const REFUSALS: readonly RefusalRule[] = [
  {
    holds: ({ acr }, query) =>
      acr === 'refused' && (query.has('acr_values') || query.has('claims')),
    error: 'unmet_authentication_requirements',
    description: UNREACHABLE,
  },
  {
    holds: ({ maxAge }, query) =>
      (maxAge === 'refused' && query.has('max_age')) ||
      (maxAge === 'zero-refused' && query.get('max_age') === '0'),
    error: 'invalid_request',
    description: 'The max_age parameter is not accepted.',
  },
  {
    holds: ({ prompt }, query) => prompt === 'refused' && query.get('prompt') === 'login',
    error: 'login_required',
    description: 'The user cannot be asked to sign in again.',
  },
];

/** Throws the refusal of a request that must not be honoured. */
function refuse(stepUp: StepUpManners, query: URLSearchParams): void {
  const rule = REFUSALS.find(({ holds }) => holds(stepUp, query));
  if (rule === undefined) return;
  const { error, description } = stepUp.refusal ?? rule;
  throw new errors.CustomOIDCProviderError(error, description);
}

/** The parameters of an authorization request that this provider reads. */
export function readParameters(query: URLSearchParams, stepUp: StepUpManners): URLSearchParams {
  const ignored = [
    ...(stepUp.acr === 'ignored' ? ['acr_values', 'claims'] : []),
    ...(stepUp.maxAge === 'ignored' ? ['max_age'] : []),
    ...(stepUp.prompt === 'ignored' ? ['prompt'] : []),
  ];
  return new URLSearchParams([...query].filter(([name]) => !ignored.includes(name)));
}
