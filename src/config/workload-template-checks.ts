/** Finds templates that have no text for some workloads to which the rule applies. */
import { WORKLOAD_SOURCE_IDENTITY, WORKLOAD_TAG_VALUE } from '../core/session.ts';
import { type FieldRule, fits } from '../core/template.ts';
import { ROLE_ARN_CLAIM } from '../core/workload.ts';
import { platformOfEntry } from './claim-checks.ts';
import type { Path, ProblemAt } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import { type TemplateField, templateWarning } from './template-checks.ts';
import { OF_WORKLOADS } from './template-values.ts';
import { entriesOf, type ReadableWorkloadRule, rulesIn } from './workload-entries.ts';

const FIELDS = {
  sourceIdentity: {
    owner: OF_WORKLOADS,
    rule: WORKLOAD_SOURCE_IDENTITY,
    alternatives: [],
    fix: () => 'Write "{sessionName}", which is unique and fits for every workload.',
  },
  tag: {
    owner: OF_WORKLOADS,
    rule: WORKLOAD_TAG_VALUE,
    alternatives: ['none'],
    fix: better =>
      better === undefined
        ? 'Write an alternative that always fits, such as {claims.ref|none}, and keep the text short.'
        : `Write "${better}", with the text that your policies expect of such workloads.`,
  },
} as const satisfies Record<string, TemplateField>;

/** Lengths of a value of which only the characters are known. */
const ANY_LENGTH = [1, 140] as const;

export function* workloadTemplateProblems(document: Readable<Document>): Generator<ProblemAt> {
  for (const { entry, path } of entriesOf(document)) {
    const everyToken = platformOfEntry(entry, path)?.tags ?? [];
    for (const { rule, path: at } of rulesIn(entry, path)) {
      const always = Object.assign(
        {},
        ...everyToken.map(claim => placeholders(claim, ANY_LENGTH)),
        ...fixedValues(rule),
      ) as FieldRule['always'];
      yield* sessionProblems(rule, [...at, 'session'], always);
    }
  }
}

function* sessionProblems(
  { session }: ReadableWorkloadRule,
  path: Path,
  always: FieldRule['always'],
): Generator<ProblemAt> {
  const { sourceIdentity, tags = {} } = session ?? {};
  if (sourceIdentity !== undefined)
    yield* warning(sourceIdentity, [...path, 'sourceIdentity'], FIELDS.sourceIdentity);
  const tag = { ...FIELDS.tag, rule: withAlways(FIELDS.tag.rule, always) };
  // An optional tag without a value denies nothing.
  for (const [key, written] of Object.entries(tags))
    if (written?.value !== undefined && written.optional !== true)
      yield* warning(written.value, [...path, 'tags', key], tag);
}

function* warning(text: string, path: Path, field: TemplateField): Generator<ProblemAt> {
  const problem = templateWarning(text, field);
  if (problem !== undefined) yield { path, ...problem };
}

function withAlways(rule: FieldRule, always: FieldRule['always']): FieldRule {
  return { ...rule, always: { ...rule.always, ...always } };
}

/** The claims for which the rule accepts only values that fit session tags. */
function fixedValues({ claims = {}, roleArns }: ReadableWorkloadRule): FieldRule['always'][] {
  const conditions = Object.entries(claims).map(
    ([claim, condition]) => [claim, condition?.values, condition?.patterns?.length] as const,
  );
  return [...conditions, [ROLE_ARN_CLAIM, roleArns, 0] as const].flatMap(
    ([claim, values = [], patterns = 0]) => {
      const isFixed =
        patterns === 0 &&
        values.length > 0 &&
        values.every(value => value !== undefined && fits(value, WORKLOAD_TAG_VALUE));
      const lengths = values.map(value => [...(value ?? '')].length);
      return isFixed ? [placeholders(claim, [Math.min(...lengths), Math.max(...lengths)])] : [];
    },
  );
}

function placeholders(claim: string, lengths: readonly [number, number]): FieldRule['always'] {
  const isSubject = claim === 'sub' || claim === ROLE_ARN_CLAIM;
  return { [`claims.${claim}`]: lengths, ...(isSubject && { subject: lengths }) };
}
