/** Finds templates without a fitting value for some callers, who are denied the roles. */
import { SOURCE_IDENTITY, TAG_VALUE } from '../core/session.ts';
import {
  type FieldRule,
  type Gap,
  parseTemplate,
  templateGap,
  templateProblem,
} from '../core/template.ts';
import type { Path, Problem, ProblemAt } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import { OF_USERS, type TemplateOwner } from './template-values.ts';

/** A setting that a template fills. */
export interface TemplateField {
  readonly owner: TemplateOwner;
  readonly rule: FieldRule;
  /** Texts that can follow the placeholder as its alternative, the best one first. */
  readonly alternatives: readonly string[];
  /** What serves every caller, and what the operator should know of the alternatives. */
  readonly fix: (better: string | undefined) => string;
}

const FIELDS = {
  sourceIdentity: {
    owner: OF_USERS,
    rule: SOURCE_IDENTITY,
    alternatives: ['{sessionName}', '{person}'],
    fix: better =>
      better === undefined
        ? 'Write "{sessionName}", which is unique and fits for every user.'
        : `Write "{sessionName}", which is unique and fits for every user, or "${better}".`,
  },
  tag: {
    owner: OF_USERS,
    rule: TAG_VALUE,
    alternatives: ['none'],
    fix: better =>
      better === undefined
        ? 'Write an alternative that always fits, such as {email|none}, and keep the text short.'
        : `Write "${better}", with the text that your policies expect of such users.`,
  },
} as const satisfies Record<string, TemplateField>;

/**
 * A way out for every template of every rule. Many rules have the same templates, so each is
 * checked once. An optional tag without a value denies nothing.
 */
export function templateProblems({ access = [] }: Readable<Document>): ProblemAt[] {
  const [ofIdentity, ofTag] = [checkedOnce(FIELDS.sourceIdentity), checkedOnce(FIELDS.tag)];
  return access.flatMap((rule, index) => {
    const path: Path = ['access', index, 'session'];
    const { sourceIdentity, tags = {} } = rule?.session ?? {};
    return [
      ...at([...path, 'sourceIdentity'], ofIdentity(sourceIdentity)),
      ...Object.entries(tags).flatMap(([key, tag]) =>
        tag?.optional === true ? [] : at([...path, 'tags', key], ofTag(tag?.value)),
      ),
    ];
  });
}

function at(path: Path, problem: Problem | undefined): ProblemAt[] {
  return problem === undefined ? [] : [{ path, ...problem }];
}

function checkedOnce(field: TemplateField): (text: string | undefined) => Problem | undefined {
  const known = new Map<string, Problem | undefined>();
  return text => {
    if (text === undefined) return undefined;
    if (!known.has(text)) known.set(text, templateWarning(text, field));
    return known.get(text);
  };
}

/** A way out for a template that has no text for some callers; undefined if it has one for all. */
export function templateWarning(text: string, field: TemplateField): Problem | undefined {
  const gap = templateGap(parseTemplate(text, field.owner.placeholders), field.rule);
  return gap === undefined ? undefined : { ...problemOf(gap, text, field), warning: true };
}

function problemOf(gap: Gap, text: string, field: TemplateField): Problem {
  const { owner, rule, alternatives, fix } = field;
  const callers = `${owner.caller}s`;
  if ('length' in gap) {
    const limit =
      gap.length === 'too long' ? `longer than ${rule.longest}` : `shorter than ${rule.shortest}`;
    return {
      message: `can become ${limit} characters, and such ${callers} are denied the roles of this rule.`,
      fix: fix(undefined),
    };
  }
  const name = `{${gap.placeholder}}`;
  const candidates = alternatives.map(alternative =>
    text.replaceAll(name, () => `{${gap.placeholder}|${alternative}}`),
  );
  return {
    message: `denies the roles of this rule to ${callers} whose ${name} is missing or not allowed by AWS.`,
    fix: fix(candidates.find(candidate => serves(candidate, gap, field))),
  };
}

/**
 * Whether the text is a template in which this gap is closed; another one may remain, and is
 * reported next.
 */
function serves(
  text: string,
  { placeholder }: { readonly placeholder: string },
  { owner: { placeholders }, rule }: TemplateField,
): boolean {
  if (templateProblem(text, placeholders) !== undefined) return false;
  const left = templateGap(parseTemplate(text, placeholders), rule);
  return left === undefined || ('placeholder' in left && left.placeholder !== placeholder);
}
