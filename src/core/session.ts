/**
 * The settings of a role session: what a rule says (templates), and what comes out for one person.
 *
 * Limits are those of the STS API reference: tags 50, key 1..128, value 0..256, SourceIdentity 2..64.
 */
import { BridgeError } from './errors.ts';
import type { Identity } from './identity.ts';
import type { Account } from './role.ts';
import { HOUR, MINUTE, type Seconds } from './time.ts';

export const MIN_DURATION: Seconds = 15 * MINUTE;
export const MAX_DURATION: Seconds = 12 * HOUR;
/** AssumeRole from a role session gives an hour at most, and refuses more (STS: ValidationError, no clamping). */
export const MAX_CHAINED_DURATION: Seconds = HOUR;

/** The longest session that STS can give in this account, of what a rule gives: a chained role ends after an hour. */
export function attainableSeconds({ trust }: Account, durationSeconds: Seconds): Seconds {
  return trust.by === 'hub' ? Math.min(durationSeconds, MAX_CHAINED_DURATION) : durationSeconds;
}

export const DEFAULT_DURATION: Seconds = HOUR;

export const MAX_TAGS = 50;
export const MAX_POLICY_ARNS = 10;
export const MAX_POLICY_CHARACTERS = 2048;

/** What a rule sets for the sessions of its roles; strings may hold templates. */
export interface SessionSettings {
  readonly durationSeconds: Seconds;
  readonly consoleSeconds?: Seconds | undefined;
  readonly sourceIdentity?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTags: readonly string[];
  readonly policyArns: readonly string[];
  /** An inline session policy as JSON text. */
  readonly policy?: string | undefined;
}

/** The settings for one person: every template filled in and every value within AWS's limits. */
export interface RoleSession {
  readonly durationSeconds: Seconds;
  readonly consoleSeconds?: Seconds | undefined;
  readonly sourceIdentity?: string | undefined;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly transitiveTags: readonly string[];
  readonly policyArns: readonly string[];
  readonly policy?: string | undefined;
}

// The classes of the STS model; lengths count Unicode code points.
const TAG_KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
const SOURCE_IDENTITY = /^(?!aws:)[\w+=,.@-]{2,64}$/;

export function isTagKey(text: string): boolean {
  return TAG_KEY.test(text) && !/^aws:/i.test(text);
}

export function isTagValue(text: string): boolean {
  return TAG_VALUE.test(text);
}

export function isSourceIdentity(text: string): boolean {
  return SOURCE_IDENTITY.test(text);
}

const FIELDS = {
  username: identity => identity.username,
  email: identity => identity.email,
  displayName: identity => identity.displayName,
  subject: identity => identity.subject,
  connector: identity => identity.connector,
  person: identity => identity.person,
} as const satisfies Record<string, (identity: Identity) => string | undefined>;

const PLACEHOLDER = /\{([^{}|]*)(?:\|([^{}]*))?\}/g;

/**
 * Why a template cannot be used, or undefined when it can.
 * Placeholders: `{username}`, `{email}`, `{displayName}`, `{subject}`, `{connector}`, `{person}`, `{attributes.NAME}`;
 * `{email|none}` gives `none` to people who have no email.
 */
export function templateProblem(template: string): string | undefined {
  for (const [whole, name] of template.matchAll(PLACEHOLDER)) {
    const known = Object.hasOwn(FIELDS, name!) || /^attributes\..+$/.test(name!);
    if (!known)
      return `unknown placeholder ${whole}; known are ${Object.keys(FIELDS)
        .map(field => `{${field}}`)
        .join(', ')} and {attributes.NAME}`;
  }
  return /[{}]/.test(template.replaceAll(PLACEHOLDER, '')) ? 'a brace that belongs to no placeholder' : undefined;
}

interface RenderedTemplate {
  readonly text: string;
  /** The placeholder that this person has no value for. */
  readonly missing?: string | undefined;
}

function renderTemplate(template: string, identity: Identity): RenderedTemplate {
  let missing: string | undefined;
  const text = template.replaceAll(PLACEHOLDER, (_whole, name: string, fallback: string | undefined) => {
    // An empty attribute says nothing: a policy in AWS must not compare it with another person's empty one.
    const value = fieldOf(identity, name) || fallback;
    if (value === undefined) missing ??= name;
    return value ?? '';
  });
  return { text, missing };
}

function fieldOf(identity: Identity, name: string): string | undefined {
  if (Object.hasOwn(FIELDS, name)) return FIELDS[name as keyof typeof FIELDS](identity);
  const attribute = name.replace(/^attributes\./, '');
  return Object.hasOwn(identity.attributes, attribute) ? identity.attributes[attribute] : undefined;
}

/**
 * The session for one person. Throws `session_settings_invalid` when a value is missing or breaks a limit of AWS:
 * nothing is cut or squashed, because policies in AWS decide by these values.
 */
export function roleSessionFor(settings: SessionSettings, identity: Identity, rule: string): RoleSession {
  const fill = (field: string, template: string, accepts: (text: string) => boolean, limits: string): string => {
    const { text, missing } = renderTemplate(template, identity);
    if (missing !== undefined) {
      throw invalid(
        rule,
        field,
        `the person has no ${missing}`,
        `Your identity provider sent no "${missing}", which this role needs for its ${field}.`,
      );
    }
    if (!accepts(text)) {
      throw invalid(
        rule,
        field,
        `the value does not fit ${limits}`,
        `What your identity provider sent does not fit AWS's limits for the ${field} of this role (${limits}).`,
      );
    }
    return text;
  };
  return {
    durationSeconds: settings.durationSeconds,
    consoleSeconds: settings.consoleSeconds,
    sourceIdentity:
      settings.sourceIdentity === undefined
        ? undefined
        : fill('source identity', settings.sourceIdentity, isSourceIdentity, '2 to 64 characters of letters, digits and _+=,.@-'),
    tags: Object.entries(settings.tags).map(([key, template]) => ({
      key,
      value: fill(`session tag ${key}`, template, isTagValue, 'at most 256 letters, digits, spaces and _.:/=+-@'),
    })),
    transitiveTags: settings.transitiveTags,
    policyArns: settings.policyArns,
    policy: settings.policy,
  };
}

function invalid(rule: string, field: string, why: string, hint: string): BridgeError {
  return new BridgeError('session_settings_invalid', `rule ${rule}: ${field}: ${why}`, {
    hint: `${hint} Give the reference to the people who run this bridge.`,
  });
}
