/**
 * Makes an Identity of claims (OIDC) or attributes (SAML).
 *
 * Owns: reading mapped claims, the limits on names, groups and attributes, and the PersonId.
 * Does not own: the verification of claims; connectors pass verified values only.
 *
 * Nothing is trimmed, split or folded, so two users never become one (threats R11 to R13).
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
import type { Instant } from '../core/time.ts';

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
const MAX_NAME_LENGTH = 256;
const MAX_ATTRIBUTE_LENGTH = 256;
const MAX_ATTRIBUTE_NAME_LENGTH = 128;
const MAX_GROUPS = 5000;
const MAX_ATTRIBUTES = 100;
const MAX_METHODS = 32;

/** Control characters, line ends and lone surrogates: they break log lines, XML and headers. */
const CONTROL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;
/** In addition, characters that are invisible or change the text direction: they disguise names. */
const INVISIBLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

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

/** Throws `identity_incomplete`, which names the claim and its fault, and never its value. */
export function identityFrom(verified: VerifiedValues): Identity {
  const { connector, values, mapping } = verified;
  const subject = checkedText('the subject', verified.subject, CONTROL);
  if (subject === undefined) throw new BridgeError('identity_incomplete', 'the subject is empty');
  const methods = verified.methods.filter(isShortAndClean).slice(0, MAX_METHODS);
  return {
    person: personIdOf(connector, subject),
    connector,
    source: verified.source,
    assertedAt: verified.assertedAt,
    subject,
    username: usernameFrom(values, mapping),
    displayName: displayNameFrom(values, mapping.displayName),
    email: emailFrom(values, mapping.email),
    groups: groupsFrom(values, mapping.groups),
    attributes: attributesFrom(values, mapping),
    authentication: {
      at: verified.authenticatedAt,
      methods,
      multiFactor: methods.some(method => verified.multiFactorMethods.includes(method)),
    },
  };
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

/**
 * 80 bits of SHA-256 over the pair; JSON keeps the two parts apart. RFC 4648 base32 is radix 32
 * with other digits.
 */
export function personIdOf(connector: ConnectorId, subject: string): PersonId {
  const digest = createHash('sha256')
    .update(JSON.stringify([connector, subject]))
    .digest('hex');
  const digits = BigInt(`0x${digest.slice(0, 20)}`)
    .toString(32)
    .padStart(16, '0');
  return digits.replace(
    /./g,
    digit => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(digit, 32)]!,
  ) as PersonId;
}

function usernameFrom(
  values: Readonly<Record<string, unknown>>,
  { username: path, email }: IdentityMapping,
): string {
  if ((path === email || path === 'email') && isUnverifiedEmail(values)) {
    throw new BridgeError(
      'identity_incomplete',
      `the username claim "${path}" is an address that the provider has not verified`,
      {
        hint: 'Confirm your address at your identity provider, then sign in again.',
      },
    );
  }
  const username = checkedText(`the username claim "${path}"`, claimAt(values, path), INVISIBLE);
  if (username !== undefined && /\S/.test(username)) return username;
  const problem = username === undefined ? 'is missing or empty' : 'is blank';
  throw new BridgeError(
    'identity_incomplete',
    `the username claim "${path}" ${problem}; received claims: ${namesOf(values)}`,
  );
}

/** Undefined for an address that the provider has not verified (threats R20). */
function emailFrom(values: Readonly<Record<string, unknown>>, path: string): string | undefined {
  if (isUnverifiedEmail(values)) return undefined;
  return checkedText(`the email claim "${path}"`, claimAt(values, path), INVISIBLE);
}

function isUnverifiedEmail(values: Readonly<Record<string, unknown>>): boolean {
  return isFalse(claimAt(values, 'email_verified'));
}

/** Some providers (Amazon Cognito) write booleans as strings. */
export function isFalse(value: unknown): boolean {
  return value === false || value === 'false';
}

/** The name in a greeting; undefined, not an error, if it cannot be shown. */
function displayNameFrom(
  values: Readonly<Record<string, unknown>>,
  path: string | undefined,
): string | undefined {
  const value =
    path === undefined
      ? (claimAt(values, 'name') ?? claimAt(values, 'displayName'))
      : claimAt(values, path);
  const fit =
    typeof value === 'string' &&
    value.length <= MAX_NAME_LENGTH &&
    /\S/.test(value) &&
    !INVISIBLE.test(value);
  return fit ? value : undefined;
}

/** One group can be a string, several are an array, and none can be a missing claim. */
function groupsFrom(values: Readonly<Record<string, unknown>>, path: string): string[] {
  const value = claimAt(values, path);
  if (value === undefined) return [];
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (entries.length > MAX_GROUPS) {
    throw new BridgeError(
      'identity_incomplete',
      `the groups claim "${path}" has ${entries.length} entries; at most ${MAX_GROUPS} are accepted`,
    );
  }
  const where = Array.isArray(value)
    ? `an entry of the groups claim "${path}"`
    : `the groups claim "${path}"`;
  // An empty entry names no group.
  return [
    ...new Set(
      entries.map(entry => checkedText(where, entry, CONTROL)).filter(group => group !== undefined),
    ),
  ];
}

function attributesFrom(
  values: Readonly<Record<string, unknown>>,
  mapping: IdentityMapping,
): Record<string, string> {
  const taken = new Set([
    mapping.username,
    mapping.email,
    mapping.groups,
    ...(isUnverifiedEmail(values) ? ['email'] : []),
  ]);
  const attributes: [string, string][] = [];
  for (const [name, value] of Object.entries(values)) {
    if (PROTOCOL_CLAIMS.has(name) || taken.has(name)) continue;
    if (name.length > MAX_ATTRIBUTE_NAME_LENGTH || INVISIBLE.test(name)) continue;
    const text = singleValue(value);
    if (text !== undefined && attributes.push([name, text]) === MAX_ATTRIBUTES) break;
  }
  return Object.fromEntries(attributes);
}

function singleValue(value: unknown): string | undefined {
  if (typeof value === 'string')
    return value.length <= MAX_ATTRIBUTE_LENGTH && !CONTROL.test(value) ? value : undefined;
  if (typeof value === 'boolean') return String(value);
  // Beyond 2^53 two different numbers on the wire become one.
  if (typeof value === 'number')
    return Number.isSafeInteger(value) || !Number.isInteger(value) ? String(value) : undefined;
  return undefined;
}

/** Undefined if missing or empty. Throws for another type, too many or forbidden characters. */
function checkedText(where: string, value: unknown, forbidden: RegExp): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string')
    throw new BridgeError('identity_incomplete', `${where} is ${kindOf(value)}, not a string`);
  if (value.length > MAX_NAME_LENGTH) {
    throw new BridgeError(
      'identity_incomplete',
      `${where} has ${value.length} characters; at most ${MAX_NAME_LENGTH} are accepted`,
    );
  }
  if (forbidden.test(value))
    throw new BridgeError(
      'identity_incomplete',
      `${where} contains a control or invisible character`,
    );
  return value;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function isShortAndClean(text: string): boolean {
  return text.length > 0 && text.length <= MAX_NAME_LENGTH && !CONTROL.test(text);
}

/** The names of the received claims, for the operator who fixes a mapping; no values. */
function namesOf(values: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(values).filter(name => /^[\w:./-]{1,128}$/.test(name));
  return names.length === 0 ? 'none' : names.slice(0, 40).sort().join(', ');
}
