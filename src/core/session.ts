/**
 * The settings of a role session: templates in a rule, and their values for one caller.
 *
 * Limits are those of the STS API reference: tags 50, key 1..128, value 0..256, SourceIdentity
 * 2..64.
 */
import { BridgeError } from './errors.ts';
import type { Identity } from './identity.ts';
import { userValues, workloadValues } from './placeholders.ts';
import type { Account } from './role.ts';
import { type FieldRule, fillTemplate, type Template, type Values } from './template.ts';
import { HOUR, MINUTE, type Seconds } from './time.ts';
import { isWorkloadId, WORKLOAD_SUFFIX, type Workload } from './workload.ts';

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
  /** Keys of `tags` that a session can lack; undefined for none. */
  readonly optionalTags?: readonly string[] | undefined;
  readonly transitiveTags: readonly string[];
  readonly policyArns: readonly string[];
  /** An inline session policy as JSON text. */
  readonly policy?: string | undefined;
}

/** A session tag with its value for one caller. */
export interface SessionTag {
  readonly key: string;
  readonly value: string;
  /** Set if the session is requested again without it when AWS finds the session too large. */
  readonly optional?: true | undefined;
}

/** The settings for one caller: every template filled in and every value within AWS's limits. */
export interface RoleSession {
  readonly durationSeconds: Seconds;
  readonly consoleSeconds?: Seconds | undefined;
  readonly sourceIdentity?: string | undefined;
  readonly tags: readonly SessionTag[];
  readonly transitiveTags: readonly string[];
  /** Keys of optional tags that the session lacks; undefined if it has all of them. */
  readonly tagsLeftOut?: readonly string[] | undefined;
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

/** Of workloads. Every one of these placeholders fits both fields. */
const OF_EVERY_WORKLOAD = { workload: [1, 32], sessionName: [27, 58] } as const;
export const WORKLOAD_TAG_VALUE: FieldRule = { ...TAG_VALUE, always: OF_EVERY_WORKLOAD };
/** It ends with `@workload`, so that it is never that of a user. */
export const WORKLOAD_SOURCE_IDENTITY: FieldRule = {
  ...SOURCE_IDENTITY,
  always: OF_EVERY_WORKLOAD,
};

export function isTagKey(text: string): boolean {
  return TAG_KEY.test(text) && !/^aws:/i.test(text);
}

/**
 * The session without these tags, which are not transitive then either, and are named as left out.
 */
export function leavingOut(session: RoleSession, keys: readonly string[]): RoleSession {
  if (keys.length === 0) return session;
  const isKept = (key: string): boolean => !keys.includes(key);
  return {
    ...session,
    tags: session.tags.filter(({ key }) => isKept(key)),
    transitiveTags: session.transitiveTags.filter(isKept),
    tagsLeftOut: [...(session.tagsLeftOut ?? []), ...keys],
  };
}

/** The session without its optional tags; undefined if it has none. */
export function withoutOptionalTags(session: RoleSession): RoleSession | undefined {
  const optional = session.tags.filter(tag => tag.optional).map(({ key }) => key);
  return optional.length === 0 ? undefined : leavingOut(session, optional);
}

/**
 * The session for one user. Throws `session_settings_invalid` when a template has no text for this
 * user that fits AWS: nothing is cut or replaced, because policies in AWS decide by these values.
 * An optional tag is left out instead: by that word, the operator says that no access depends on
 * it.
 */
export function roleSessionFor(
  settings: SessionSettings,
  identity: Identity,
  rule: string,
): RoleSession {
  return filledIn(settings, { rule, values: userValues(identity), words: USER_WORDS });
}

/** The session for one workload. Throws as `roleSessionFor`. */
export function workloadSessionFor(
  settings: SessionSettings,
  workload: Workload,
  rule: string,
): RoleSession {
  return filledIn(settings, { rule, values: workloadValues(workload), words: WORKLOAD_WORDS });
}

/** Whose values templates are filled with, and for which rule. */
interface Filling {
  readonly values: Values;
  readonly rule: string;
  readonly words: Words;
}

/** What differs between kinds of callers. */
interface Words {
  readonly caller: string;
  readonly provider: string;
  /** Why a source identity is not one of such a caller; undefined if it is. */
  readonly sourceIdentityProblem: (text: string, values: Values) => string | undefined;
}

const USER_WORDS: Words = {
  caller: 'the user',
  provider: 'Your identity provider',
  sourceIdentityProblem: text =>
    // A policy can compare without case.
    text.toLowerCase().endsWith(WORKLOAD_SUFFIX)
      ? `it ends with ${WORKLOAD_SUFFIX}, as a workload's`
      : undefined,
};
const WORKLOAD_WORDS: Words = {
  caller: 'the workload',
  provider: 'The platform of the workload',
  sourceIdentityProblem: (text, values) => {
    if (!text.endsWith(WORKLOAD_SUFFIX)) return `it does not end with ${WORKLOAD_SUFFIX}`;
    // A claim can contain any name. Its own cannot be made of one, because an id is a digest.
    const own = values('sessionName') ?? '';
    if (!isWorkloadId(text.toLowerCase()) || text.endsWith(own)) return undefined;
    return 'it is the name of another workload';
  },
};

function filledIn(settings: SessionSettings, filling: Filling): RoleSession {
  const { durationSeconds, consoleSeconds, transitiveTags, policyArns, policy } = settings;
  const { tags, unfilled } = fillTags(settings, filling);
  const session = {
    durationSeconds,
    consoleSeconds,
    sourceIdentity: settings.sourceIdentity && sourceIdentity(filling, settings.sourceIdentity),
    tags,
    transitiveTags,
    policyArns,
    policy,
  };
  return leavingOut(session, unfilled);
}

/** Throws `session_settings_invalid`. */
function fillTags({ tags: templates, optionalTags }: SessionSettings, filling: Filling) {
  const tags: SessionTag[] = [];
  const unfilled: string[] = [];
  for (const [key, template] of Object.entries(templates)) {
    if (optionalTags?.includes(key) !== true) {
      tags.push({ key, value: fill(filling, { ...TAG, name: `session tag ${key}` }, template) });
      continue;
    }
    const filled = fillTemplate(template, filling.values, TAG.rule);
    if ('text' in filled) tags.push({ key, value: filled.text, optional: true });
    else unfilled.push(key);
  }
  return { tags, unfilled };
}

function sourceIdentity(filling: Filling, template: Template): string {
  const text = fill(filling, SOURCE, template);
  const why = filling.words.sourceIdentityProblem(text, filling.values);
  if (why === undefined) return text;
  throw invalid(filling, SOURCE, { why, hint: 'Its source identity is not of the right form.' });
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
  const { words } = filling;
  const filled = fillTemplate(template, filling.values, field.rule);
  if ('text' in filled) return filled.text;
  if ('missing' in filled)
    throw invalid(filling, field, {
      why: `${words.caller} has no ${filled.missing}`,
      hint: `${words.provider} sent no "${filled.missing}", which this role needs for its ${name}.`,
    });
  throw invalid(filling, field, {
    why: `the value does not fit ${limits}`,
    hint: `What ${lowerFirst(words.provider)} sent does not fit AWS's limits for the ${name} of this role (${limits}).`,
  });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
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
