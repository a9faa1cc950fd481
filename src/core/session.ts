/**
 * The settings of a role session: templates in a rule, and their values for one user.
 *
 * Limits are those of the STS API reference: tags 50, key 1..128, value 0..256, SourceIdentity
 * 2..64.
 */
import { BridgeError } from './errors.ts';
import type { Identity } from './identity.ts';
import type { Account } from './role.ts';
import { type FieldRule, fillTemplate, type Template } from './template.ts';
import { HOUR, MINUTE, type Seconds } from './time.ts';

export const MIN_DURATION: Seconds = 15 * MINUTE;
export const MAX_DURATION: Seconds = 12 * HOUR;
/**
 * AssumeRole from a role session gives at most an hour, and rejects more (STS: ValidationError, no
 * clamping).
 */
export const MAX_CHAINED_DURATION: Seconds = HOUR;

/**
 * The length of a session in this account, given the length of the rule: a chained role ends after
 * an hour.
 */
export function attainableSeconds({ trust }: Account, durationSeconds: Seconds): Seconds {
  return trust.by === 'hub' ? Math.min(durationSeconds, MAX_CHAINED_DURATION) : durationSeconds;
}

export const DEFAULT_DURATION: Seconds = HOUR;

export const MAX_TAGS = 50;
export const MAX_POLICY_ARNS = 10;
export const MAX_POLICY_CHARACTERS = 2048;

/** What a rule sets for the sessions of its roles. */
export interface SessionSettings {
  readonly durationSeconds: Seconds;
  readonly consoleSeconds?: Seconds | undefined;
  readonly sourceIdentity?: Template | undefined;
  readonly tags: Readonly<Record<string, Template>>;
  readonly transitiveTags: readonly string[];
  readonly policyArns: readonly string[];
  /** An inline session policy as JSON text. */
  readonly policy?: string | undefined;
}

/** The settings for one user: every template filled in and every value within AWS's limits. */
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

/**
 * The value of a session tag. A session name does not always fit: a user name can contain a comma.
 */
export const TAG_VALUE: FieldRule = {
  characters: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u,
  shortest: 0,
  longest: 256,
  always: { person: [16, 16], connector: [1, 32] },
};

/** The SourceIdentity. Its characters exclude the prefix `aws:`, which AWS reserves. */
export const SOURCE_IDENTITY: FieldRule = {
  characters: /^[\w+=,.@-]*$/,
  shortest: 2,
  longest: 64,
  always: { person: [16, 16], connector: [1, 32], sessionName: [16, 64] },
};

export function isTagKey(text: string): boolean {
  return TAG_KEY.test(text) && !/^aws:/i.test(text);
}

/**
 * The session for one user. Throws `session_settings_invalid` when a template has no text for this
 * user that fits AWS: nothing is cut or replaced, because policies in AWS decide by these values.
 */
export function roleSessionFor(
  settings: SessionSettings,
  identity: Identity,
  rule: string,
): RoleSession {
  const { durationSeconds, consoleSeconds, transitiveTags, policyArns, policy } = settings;
  const filling: Filling = { identity, rule };
  return {
    durationSeconds,
    consoleSeconds,
    sourceIdentity: settings.sourceIdentity && fill(filling, SOURCE, settings.sourceIdentity),
    tags: Object.entries(settings.tags).map(([key, template]) => ({
      key,
      value: fill(filling, { ...TAG, name: `session tag ${key}` }, template),
    })),
    transitiveTags,
    policyArns,
    policy,
  };
}

/** Whose values templates are filled with, and for which rule. */
interface Filling {
  readonly identity: Identity;
  readonly rule: string;
}

/** A setting that a template fills. */
interface Field {
  readonly name: string;
  readonly rule: FieldRule;
  /** In words. */
  readonly limits: string;
}

const SOURCE: Field = {
  name: 'source identity',
  rule: SOURCE_IDENTITY,
  limits: '2 to 64 characters of letters, digits and _+=,.@-',
};
const TAG: Omit<Field, 'name'> = {
  rule: TAG_VALUE,
  limits: 'at most 256 letters, digits, spaces and _.:/=+-@',
};

/** Throws `session_settings_invalid`. */
function fill(filling: Filling, field: Field, template: Template): string {
  const { name, limits } = field;
  const filled = fillTemplate(template, filling.identity, field.rule);
  if ('text' in filled) return filled.text;
  if ('missing' in filled)
    throw invalid(filling, field, {
      why: `the user has no ${filled.missing}`,
      hint: `Your identity provider sent no "${filled.missing}", which this role needs for its ${name}.`,
    });
  throw invalid(filling, field, {
    why: `the value does not fit ${limits}`,
    hint: `What your identity provider sent does not fit AWS's limits for the ${name} of this role (${limits}).`,
  });
}

function invalid(
  { rule }: Filling,
  { name }: Field,
  { why, hint }: { readonly why: string; readonly hint: string },
): BridgeError {
  return new BridgeError('session_settings_invalid', `rule ${rule}: ${name}: ${why}`, {
    hint: `${hint} Give the reference to your administrator.`,
  });
}
