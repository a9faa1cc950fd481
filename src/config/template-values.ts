/** Kinds of values with templates in them: session tags and the source identity. */
import { z } from 'zod';
import { USER_PLACEHOLDERS, WORKLOAD_PLACEHOLDERS } from '../core/placeholders.ts';
import { SOURCE_IDENTITY, TAG_VALUE } from '../core/session.ts';
import {
  type FieldRule,
  fits,
  literalsOf,
  parseTemplate,
  templateProblem,
  type Vocabulary,
} from '../core/template.ts';
import { WORKLOAD_SUFFIX } from '../core/workload.ts';
import { type Problem, quoted } from './problems.ts';
import { checked, word } from './values.ts';

/** Whose values fill a template. */
export interface TemplateOwner {
  readonly caller: 'user' | 'workload';
  readonly placeholders: Vocabulary;
  /** A template of a tag. */
  readonly example: string;
  /** What an alternative does, as a clause. */
  readonly alternative: string;
  /** The meaning of `sourceIdentity`, for the reference page. */
  readonly sourceIdentity: string;
}

const SOURCE_IDENTITY_MEANING =
  'Template of the SourceIdentity, which every following session keeps';
const ALLOWED_BY = 'The role must allow `sts:SetSourceIdentity`.';

export const OF_USERS: TemplateOwner = {
  caller: 'user',
  placeholders: USER_PLACEHOLDERS,
  example: '{email}',
  alternative: '{email|none} gives none to users whose email is missing or not allowed',
  sourceIdentity: `${SOURCE_IDENTITY_MEANING}; \`"{sessionName}"\` is recommended. ${ALLOWED_BY}`,
};
export const OF_WORKLOADS: TemplateOwner = {
  caller: 'workload',
  placeholders: WORKLOAD_PLACEHOLDERS,
  example: '{claims.repository}',
  alternative:
    '{claims.ref|none} gives none to workloads whose claim ref is missing or not allowed',
  sourceIdentity: `${SOURCE_IDENTITY_MEANING}. It ends with \`${WORKLOAD_SUFFIX}\`, as no source identity of a user does; \`"{sessionName}"\` does. ${ALLOWED_BY}`,
};

const MAX_TEMPLATE_CHARACTERS = 1024;

interface Field {
  readonly rule: FieldRule;
  /** What the field takes, in words. */
  readonly limits: string;
}

/** Why a text is not a template of a field. */
function templateCheck({ placeholders, alternative }: TemplateOwner, { rule, limits }: Field) {
  return (value: string): Problem | undefined => {
    if (value.length > MAX_TEMPLATE_CHARACTERS)
      return {
        message: `has more than ${MAX_TEMPLATE_CHARACTERS} characters.`,
        fix: `Use ${limits}.`,
      };
    const problem = templateProblem(value, placeholders);
    if (problem !== undefined)
      return {
        message: `${quoted(value)} cannot be filled in: ${problem}.`,
        fix: `Correct the placeholder; ${alternative}.`,
      };
    const parsed = parseTemplate(value, placeholders);
    // Text around placeholders goes to AWS as it stands; alternatives do too.
    const around = parsed.filter(part => typeof part === 'string');
    const shortest = around.length === parsed.length ? rule.shortest : 0;
    if (
      fits(around.join(''), { ...rule, shortest }) &&
      literalsOf(parsed).every(text => fits(text, { ...rule, shortest: 0 }))
    )
      return undefined;
    return {
      message: `${quoted(value)} contains text that AWS does not accept here.`,
      fix: `Use ${limits}.`,
    };
  };
}

const TAG: Field = {
  rule: TAG_VALUE,
  limits: 'at most 256 letters, digits, spaces and _.:/=+-@',
};
const SOURCE: Field = {
  rule: SOURCE_IDENTITY,
  limits: '2 to 64 letters, digits and _+=,.@-, not beginning with aws:',
};

function tagCheck(owner: TemplateOwner) {
  const templateProblemOf = templateCheck(owner, TAG);
  const { example } = owner;
  const fix = `Write a template such as "${example}", or { value: "${example}", optional: true } for a tag that can be left out.`;
  return (written: unknown): Problem | undefined => {
    if (typeof written === 'string') return templateProblemOf(written);
    if (written === null) return { message: 'has no value.', fix };
    if (typeof written !== 'object')
      return { message: 'must be text.', fix: 'Put the value in quotes.' };
    if (Array.isArray(written)) return { message: 'must not be a list.', fix };
    const { value, optional = false, ...more } = written as Readonly<Record<string, unknown>>;
    const [unknown] = Object.keys(more);
    if (unknown !== undefined)
      return { message: `contains ${quoted(unknown)}, which is not a key here.`, fix };
    if (typeof value !== 'string') return { message: 'has no text as its value.', fix };
    if (typeof optional !== 'boolean')
      return { message: 'has an optional that is neither true nor false.', fix };
    return templateProblemOf(value);
  };
}

/** A session tag: its template, or that with whether the tag is optional. */
export const sessionTag = (owner: TemplateOwner) =>
  checked(z.unknown(), tagCheck(owner)).transform(written => {
    if (typeof written === 'string') return { value: written, optional: false };
    const { value, optional = false } = written as { value: string; optional?: boolean };
    return { value, optional };
  });

export const sourceIdentityTemplate = (owner: TemplateOwner) =>
  word('template', templateCheck(owner, SOURCE));
