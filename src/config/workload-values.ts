/** Kinds of values in `workloads`: issuers, audiences, conditions on claims, role ARNs. */
import { z } from 'zod';
import { claimPatternProblem } from '../core/claim-pattern.ts';
import { isAccountId, isRoleName, PARTITIONS } from '../core/role.ts';
import { isWorkloadEntryId, type WorkloadEntryId } from '../core/workload.ts';
import type { ClaimCondition } from '../core/workload-rule.ts';
import { urlProblem } from './network-values.ts';
import { type Problem, quoted } from './problems.ts';
import { checked, textProblem, word } from './values.ts';

export const workloadEntryId = () =>
  word('entry id', value =>
    isWorkloadEntryId(value)
      ? undefined
      : {
          message: `${quoted(value)} is not the id of an entry.`,
          fix: 'Write 1 to 32 lowercase letters, digits and dashes, beginning with a letter or a digit.',
        },
  ).transform(value => value as WorkloadEntryId);

/** Kept as written: it is compared with `iss` letter by letter. */
export const issuerUrl = () =>
  word('URL', value => {
    const problem = urlProblem(value);
    if (problem !== undefined || !value.includes('?')) return problem;
    return {
      message: 'contains a query, which no issuer has (OpenID Connect Discovery).',
      fix: 'Remove the ? and what follows.',
    };
  });

/** SPIFFE-ID section 2.1. */
export const trustDomain = () =>
  word('trust domain', value =>
    /^[a-z0-9._-]{1,255}$/.test(value)
      ? undefined
      : {
          message: `${quoted(value)} is not a SPIFFE trust domain.`,
          fix: 'Write lowercase letters, digits, dots, dashes and underscores, without spiffe://: prod.example.com.',
        },
  );

const MAX_AUDIENCE = 255;

function audienceProblem(value: string): Problem | undefined {
  if (/^[!-~]+$/.test(value)) return textProblem(value, MAX_AUDIENCE);
  return (
    textProblem(value, MAX_AUDIENCE) ?? {
      message: `${quoted(value)} contains spaces or characters that are not ASCII.`,
      fix: 'Write the address of the bridge (baseUrl), or another text that only the bridge accepts.',
    }
  );
}

export const tokenAudience = () => word('text', audienceProblem);

const WRITE_AUDIENCE = 'Write the value of baseUrl, or a list of texts.';

/** One audience, or a list. */
export const tokenAudiences = () =>
  checked(z.unknown(), written => {
    if (written === undefined || written === null)
      return { message: 'has no value.', fix: WRITE_AUDIENCE };
    const values: readonly unknown[] = Array.isArray(written) ? written : [written];
    if (values.length === 0) return { message: 'is an empty list.', fix: WRITE_AUDIENCE };
    for (const value of values) {
      if (typeof value !== 'string')
        return { message: 'is neither text nor a list of texts.', fix: WRITE_AUDIENCE };
      const problem = audienceProblem(value);
      if (problem !== undefined) return problem;
    }
    if (new Set(values).size < values.length)
      return { message: 'contains a value twice.', fix: 'Keep one of them.' };
    return undefined;
  })
    .transform(written => (Array.isArray(written) ? written : [written]) as readonly string[])
    .meta({ kind: 'text, or list of texts' });

// ---------------------------------------------------------------- conditions

const MAX_VALUE = 1024;
const WRITE_CONDITION =
  'Write a value, a list of values, or { pattern: "release-*" }; of a list, each is accepted.';

/** A condition on one claim; the claim itself is the key in front of it. */
export const claimCondition = () =>
  checked(z.unknown(), conditionProblem)
    .transform(conditionOf)
    .meta({ kind: 'text, list, or `{ pattern: ... }`' });

function conditionProblem(written: unknown): Problem | undefined {
  const items: readonly unknown[] = Array.isArray(written) ? written : [written];
  if (items.length === 0)
    return { message: 'is an empty list, which no token fits.', fix: WRITE_CONDITION };
  for (const item of items) {
    const problem = isMap(item) ? patternMapProblem(item) : valueProblem(item);
    if (problem !== undefined) return problem;
  }
  const { values, patterns } = conditionOf(written);
  return new Set([...values, ...patterns]).size < values.length + patterns.length
    ? { message: 'contains a value twice.', fix: 'Keep one of them.' }
    : undefined;
}

function valueProblem(value: unknown): Problem | undefined {
  if (value === null || value === undefined)
    return { message: 'has no value.', fix: WRITE_CONDITION };
  if (typeof value === 'string') return textProblem(value, MAX_VALUE);
  if (typeof value === 'boolean' || typeof value === 'number') return undefined;
  return { message: 'contains a list in a list.', fix: WRITE_CONDITION };
}

function patternMapProblem(written: Readonly<Record<string, unknown>>): Problem | undefined {
  const { pattern, ...more } = written;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined)
    return {
      message: `contains ${quoted(unknown)}, which is not a key here.`,
      fix: WRITE_CONDITION,
    };
  const patterns: readonly unknown[] = Array.isArray(pattern) ? pattern : [pattern];
  if (patterns.length === 0) return { message: 'has no pattern.', fix: WRITE_CONDITION };
  for (const text of patterns) {
    if (typeof text !== 'string')
      return { message: 'has no text as its pattern.', fix: WRITE_CONDITION };
    const why = claimPatternProblem(text);
    if (why !== undefined)
      return {
        message: `${quoted(text)} cannot be used as a pattern: ${why}.`,
        fix: 'Write text with * for one or more characters other than / and :, such as acme/*, or a value without pattern.',
      };
    const problem = textProblem(text, MAX_VALUE);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Numbers and booleans count as the text that they are in a token. */
function conditionOf(written: unknown): Pick<ClaimCondition, 'values' | 'patterns'> {
  const items: readonly unknown[] = Array.isArray(written) ? written : [written];
  return {
    values: items.filter(item => !isMap(item)).map(String),
    patterns: items.filter(isMap).flatMap(({ pattern }) => pattern as string | readonly string[]),
  };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// ---------------------------------------------------------------- roles

const IAM_ROLE = new RegExp(`^arn:(${PARTITIONS.join('|')}):iam::([^:]*):role/(.+)$`);
const WRITE_ROLE = 'Write the ARN of an IAM role, such as arn:aws:iam::111122223333:role/builder.';

function roleArnProblem(value: string): Problem | undefined {
  const [, partition, account, session] =
    /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(value) ?? [];
  if (session !== undefined)
    return {
      message: `${quoted(value)} is one session of a role.`,
      fix: `Write the role: arn:${partition}:iam::${account}:role/${session}.`,
    };
  if (value.includes('*'))
    return {
      message: `${quoted(value)} contains a wildcard; a rule names each role.`,
      fix: 'Write the ARN of each role.',
    };
  const [, , id = '', role = ''] = IAM_ROLE.exec(value) ?? [];
  if (isAccountId(id) && isRoleName(role)) return undefined;
  if (/^arn:[^:]+:iam::\d{12}:(user\/|root$)/.test(value))
    return {
      message: `${quoted(value)} is not a role; IAM users are not workloads.`,
      fix: WRITE_ROLE,
    };
  return { message: `${quoted(value)} is not the ARN of an IAM role.`, fix: WRITE_ROLE };
}

/**
 * The ARN of an IAM role; its path is cut, because STS does not name it: role names are unique in
 * an account (IAM).
 */
export const iamRoleArn = () => word('role ARN', roleArnProblem).transform(withoutPath);

function withoutPath(arn: string): string {
  const slash = arn.indexOf('/');
  return `${arn.slice(0, slash)}/${arn.slice(arn.lastIndexOf('/') + 1)}`;
}
