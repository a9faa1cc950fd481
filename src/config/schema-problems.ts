/**
 * What the schema found wrong, in plain words, each with a fix. No value is repeated unless its own
 * problem does it.
 */
import type { z } from 'zod';
import { nearest } from '../core/nearest.ts';
import type { Path, Problem, ProblemAt } from './problems.ts';
import { schemaOf } from './schema.ts';
import { type Facts, factsOf, schemaAt, unwrapped } from './schema-walk.ts';

/** What is wrong, and what to write, by what the schema expects. */
const EXPECTED: Readonly<Record<string, Problem>> = {
  string: { message: 'must be text.', fix: 'Put the value in quotes.' },
  number: { message: 'must be a number.', fix: 'Write a number, without quotes.' },
  boolean: { message: 'must be true or false.', fix: 'Write true or false, without quotes.' },
  array: { message: 'must be a list.', fix: 'Write a list, also for one item: [item].' },
  object: { message: 'must be a map of keys.', fix: 'Write keys and values, indented or in { }.' },
  record: { message: 'must be a map of keys.', fix: 'Write keys and values, indented or in { }.' },
};
const ONE_VALUE: Problem = {
  message: 'must be one value.',
  fix: 'Write one value, neither a list nor keys.',
};
const DURATION: Problem = {
  message: 'must be a duration with a unit.',
  fix: 'Write a number with s, m, h or d: 90s, 15m, 1h30m.',
};

/** Returns every problem that the schema found; `root` is the document as written. */
export function schemaProblems(issues: readonly z.core.$ZodIssue[], root: unknown): ProblemAt[] {
  return issues.flatMap(issue => problemsOf(issue, root));
}

function problemsOf(issue: z.core.$ZodIssue, root: unknown): ProblemAt[] {
  const path = issue.path as Path;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(key => ({ path: [...path, key], ...unknownKey(key, path, root) }));
    case 'invalid_type':
      return [{ path, ...wrongType(issue.expected, path, root) }];
    case 'invalid_value':
      return [{ path, ...wrongChoice(issue.values.map(String), path, root) }];
    case 'custom':
      return [
        { path, message: issue.message, fix: String(issue.params?.fix ?? 'Correct the value.') },
      ];
    default:
      return [
        {
          path,
          message: 'is not valid.',
          fix: 'Compare it with the reference of the configuration.',
        },
      ];
  }
}

function unknownKey(key: string, parent: Path, root: unknown): Problem {
  const schema = schemaAt(schemaOf(root), parent);
  const known = schema === undefined ? [] : Object.keys((unwrapped(schema) as z.ZodObject).shape);
  const guess = nearest(key, known);
  return {
    message: `is not a key of ${parent.length === 0 ? 'this file' : 'this section'}${guess === undefined ? '.' : `; did you mean ${guess}?`}`,
    fix: `Known here: ${known.join(', ')}.`,
  };
}

function wrongType(expected: string, path: Path, root: unknown): Problem {
  const value = valueAt(root, path);
  if (value === undefined)
    return { message: 'is missing.', fix: `Add it${exampleOf(path, root)}.` };
  if (value === null)
    return {
      message: 'has no value.',
      fix: `Write one${exampleOf(path, root)}, or remove the key.`,
    };
  if (expected === 'string' && typeof value === 'object') return ONE_VALUE;
  if (expected === 'string' && factsAt(path, root).kind?.startsWith('duration')) return DURATION;
  return (
    EXPECTED[expected] ?? {
      message: 'has the wrong type.',
      fix: 'Compare it with the reference of the configuration.',
    }
  );
}

function factsAt(path: Path, root: unknown): Facts {
  const schema = schemaAt(schemaOf(root), path);
  return schema === undefined ? {} : factsOf(schema);
}

function exampleOf(path: Path, root: unknown): string {
  const { example } = factsAt(path, root);
  return example === undefined ? '' : `, for example ${String(path.at(-1))}: ${example}`;
}

function wrongChoice(values: readonly string[], path: Path, root: unknown): Problem {
  const value = valueAt(root, path);
  if (value === undefined || value === null) return wrongType('string', path, root);
  const guess = typeof value === 'string' ? nearest(value, values) : undefined;
  return {
    message: `is not one of the allowed values${guess === undefined ? '.' : `; did you mean ${guess}?`}`,
    fix: `Write one of ${values.join(', ')}.`,
  };
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (value as Record<string | number, unknown> | null | undefined)?.[step],
    root,
  );
}
