/**
 * Makes an Identity of claims (OIDC) or attributes (SAML).
 *
 * Owns: which claim becomes what, the limits on names and attributes, and the PersonId.
 * Does not own: the verification of claims (connectors pass verified values only), the forms of
 * single values (claim-values) and of groups (group-claim).
 *
 * Subject and user name must be there and be unambiguous. Everything else is optional: what does
 * not fit is left out, and `received` names it. Nothing is trimmed or folded, so two users never
 * become one (threats R11 to R13).
 */
import { createHash } from 'node:crypto';
import { BridgeError } from '../core/errors.ts';
import type {
  ConnectorId,
  Identity,
  IdentityMapping,
  IdentitySource,
  PersonId,
} from '../core/identity.ts';
import { opaqueName } from '../core/opaque-name.ts';
import type { ReceivedClaims } from '../core/sign-in.ts';
import type { Instant } from '../core/time.ts';
import {
  CONTROL,
  checkedText,
  INVISIBLE,
  MAX_NAME_LENGTH,
  type Single,
  saysNo,
  singleOf,
  textOf,
} from './claim-values.ts';
import { readGroups } from './group-claim.ts';

export interface VerifiedValues {
  readonly connector: ConnectorId;
  readonly source: IdentitySource;
  readonly assertedAt: Instant;
  /** The stable id of the user at this connector only. */
  readonly subject: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly mapping: IdentityMapping;
  readonly authenticatedAt: Instant | undefined;
  /** OIDC `amr` and `acr`, SAML `AuthnContextClassRef`. */
  readonly methods: readonly string[];
  /** One of these among the methods makes the sign-in multi-factor. */
  readonly multiFactorMethods: readonly string[];
}

// In UTF-16 code units.
const MAX_ATTRIBUTE_NAME_LENGTH = 128;
const MAX_ATTRIBUTES = 100;
const MAX_METHODS = 32;
/** Names in one line of the log. */
const MAX_LISTED = 60;

/** Claims of the protocol, not of the user (OpenID Connect Core 2, 5.1, 5.6.2; RFC 7519 4.1). */
const PROTOCOL_CLAIMS = new Set([
  ...[
    'iss',
    'sub',
    'aud',
    'azp',
    'exp',
    'nbf',
    'iat',
    'jti',
    'nonce',
    'typ',
    'sid',
    'session_state',
  ],
  ...[
    'at_hash',
    'c_hash',
    's_hash',
    'auth_time',
    'acr',
    'amr',
    'email_verified',
    '_claim_names',
    '_claim_sources',
  ],
  '__proto__',
]);

/** What a sign-in says of its user: what the bridge takes, and what came. */
export interface ReadIdentity {
  readonly identity: Identity;
  readonly received: ReceivedClaims;
}

type Values = Readonly<Record<string, unknown>>;

/** What a user does whose groups are too many for a token or an assertion (groups overage). */
export const TOO_MANY_GROUPS =
  'You are in more groups than your identity provider can send. Ask your administrator to send fewer groups to this bridge, and give them the reference.';

/** Throws `identity_incomplete`, which names the claim and its fault, and never its value. */
export function identityFrom(verified: VerifiedValues): ReadIdentity {
  const { connector, values, mapping } = verified;
  const subject = subjectFrom(verified);
  const username = usernameFrom(values, mapping);
  const groups = groupsFrom(values, mapping);
  const leftOut = groups.leftOut === undefined ? [] : [groups.leftOut];
  const methods = verified.methods.filter(isShortAndClean).slice(0, MAX_METHODS);
  return {
    identity: {
      person: personIdOf(connector, subject),
      connector,
      source: verified.source,
      assertedAt: verified.assertedAt,
      subject,
      username,
      displayName: optional('display name', displayNameFrom(values, mapping), leftOut),
      email: optional(`email "${mapping.email}"`, emailFrom(values, mapping.email), leftOut),
      groups: groups.groups,
      attributes: attributesFrom(values, mapping, leftOut),
      authentication: {
        at: statedInstant(verified.authenticatedAt),
        methods,
        multiFactor: methods.some(method => verified.multiFactorMethods.includes(method)),
      },
    },
    received: {
      names: namesOf(values),
      leftOut: leftOut.slice(0, MAX_LISTED),
      ...(groups.suggestion !== undefined && { suggestion: groups.suggestion }),
    },
  };
}

/** Before any OpenID provider, so it is no time of a sign-in. */
const FIRST_INSTANT: Instant = Date.UTC(2000, 0, 1);

/** Some providers that do not know the time of a sign-in write 0, or another impossible time. */
function statedInstant(authenticatedAt: Instant | undefined): Instant | undefined {
  return authenticatedAt === undefined || authenticatedAt < FIRST_INSTANT
    ? undefined
    : authenticatedAt;
}

/**
 * The value of a claim, or undefined. The whole path as one key wins on every level, so keys that
 * contain dots (`https://acme.example/roles`) need no escape. Own properties only: `constructor`
 * finds nothing.
 */
export function claimAt(values: unknown, path: string): unknown {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return undefined;
  if (Object.hasOwn(values, path)) return (values as Record<string, unknown>)[path] ?? undefined;
  for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) {
    const key = path.slice(0, dot);
    if (!Object.hasOwn(values, key)) continue;
    const found = claimAt((values as Record<string, unknown>)[key], path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** JSON keeps the two parts apart. */
export function personIdOf(connector: ConnectorId, subject: string): PersonId {
  const digest = createHash('sha256')
    .update(JSON.stringify([connector, subject]))
    .digest('base64url');
  return opaqueName(digest) as PersonId;
}

/**
 * The error of a sign-in whose user cannot be told: what is wrong, and the names of the claims that
 * came, for the operator who fixes the mapping. `why` contains no value.
 */
export function incomplete(why: string, values: Values, hint?: string): BridgeError {
  const names = namesOf(values);
  const received = names.length === 0 ? 'none' : names.join(', ');
  const message = `${why}; received claims: ${received}`;
  return new BridgeError('identity_incomplete', message, hint === undefined ? {} : { hint });
}

function subjectFrom({ subject: claimed, values }: VerifiedValues): string {
  const { value, fault } = checkedText(claimed, CONTROL);
  if (fault !== undefined) throw incomplete(`the subject ${fault}`, values);
  if (value === '') throw incomplete('the subject is empty', values);
  return value!;
}

function usernameFrom(values: Values, { username: path, email }: IdentityMapping): string {
  if ((path === email || path === 'email') && isUnverifiedEmail(values))
    throw incomplete(
      `the username claim "${path}" is an address that the provider has not verified`,
      values,
      'Confirm your address at your identity provider, then sign in again.',
    );
  const { value: username, fault } = textOf(claimAt(values, path), INVISIBLE);
  if (username !== undefined && /\S/.test(username)) return username;
  const problem = fault ?? (username === undefined ? 'is missing or empty' : 'is blank');
  throw incomplete(`the username claim "${path}" ${problem}`, values);
}

function groupsFrom(values: Values, { groups: path, groupsForm: form }: IdentityMapping) {
  const groups = readGroups({ value: claimAt(values, path), path, form });
  if ('tooMany' in groups) throw incomplete(`the groups claim "${path}" ${groups.tooMany}`, values);
  return groups;
}

/** The value if it fits; else it is left out by its name, with the reason. */
function optional<T>(name: string, { value, fault }: Single<T>, leftOut: string[]): T | undefined {
  if (fault !== undefined) leftOut.push(`${name} ${fault}`);
  return value;
}

/** Nothing for an address that the provider has not verified (threats R20). */
function emailFrom(values: Values, path: string): Single<string> {
  return isUnverifiedEmail(values)
    ? { value: undefined }
    : textOf(claimAt(values, path), INVISIBLE);
}

function isUnverifiedEmail(values: Values): boolean {
  return saysNo(claimAt(values, 'email_verified'));
}

/** The name in a greeting. */
function displayNameFrom(values: Values, { displayName: path }: IdentityMapping): Single<string> {
  const claim =
    path === undefined
      ? (claimAt(values, 'name') ?? claimAt(values, 'displayName'))
      : claimAt(values, path);
  const said = textOf(claim, INVISIBLE);
  return said.value !== undefined && !/\S/.test(said.value) ? { value: undefined } : said;
}

function attributesFrom(
  values: Values,
  mapping: IdentityMapping,
  leftOut: string[],
): Record<string, string> {
  const taken = new Set([
    mapping.username,
    mapping.email,
    mapping.groups,
    ...(isUnverifiedEmail(values) ? ['email'] : []),
  ]);
  const attributes: [string, string][] = [];
  for (const [name, claim] of Object.entries(values)) {
    if (PROTOCOL_CLAIMS.has(name) || taken.has(name) || !isAttributeName(name)) continue;
    const text = optional(`attribute "${name}"`, attributeFrom(claim), leftOut);
    if (text !== undefined && attributes.push([name, text]) === MAX_ATTRIBUTES) break;
  }
  return Object.fromEntries(attributes);
}

function isAttributeName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_ATTRIBUTE_NAME_LENGTH && !INVISIBLE.test(name);
}

function attributeFrom(claim: unknown): Single<string> {
  const { value, fault } = singleOf(claim);
  if (fault !== undefined) return { fault };
  // An empty attribute is not an absent one.
  if (value === undefined) return { value: [claim].flat().includes('') ? '' : undefined };
  if (typeof value === 'boolean') return { value: String(value) };
  if (typeof value !== 'number') return checkedText(value, CONTROL);
  // Beyond 2^53 two different numbers on the wire become one.
  return Number.isSafeInteger(value) || !Number.isInteger(value)
    ? { value: String(value) }
    : { fault: 'is a number beyond 2^53, which is not exact' };
}

function isShortAndClean(text: string): boolean {
  return text.length > 0 && text.length <= MAX_NAME_LENGTH && !CONTROL.test(text);
}

/** The names of the claims that came, for the operator who fixes a mapping; no values. */
function namesOf(values: Values): readonly string[] {
  const names = Object.keys(values).filter(isAttributeName).sort();
  const more = names.length - MAX_LISTED;
  return more > 0 ? [...names.slice(0, MAX_LISTED), `and ${more} more`] : names;
}
