/**
 * IAM policy documents as the local AWS reads them: the grammar of trust, identity and session
 * policies.
 */
import { z } from 'zod';
import { matchesWildcard } from './wildcard.ts';

const oneOrMany = <T extends z.ZodType>(item: T) =>
  z
    .union([item, z.array(item).min(1)])
    .transform(value => (Array.isArray(value) ? value : [value]) as z.output<T>[]);

const action = z
  .string()
  .regex(
    /^(?:\*|[a-zA-Z0-9-]{1,64}:[a-zA-Z0-9*?]{1,128})$/,
    'an action looks like sts:AssumeRole, with * and ? as wildcards',
  );

const conditionValue = z.union([z.string(), z.number(), z.boolean()]).transform(String);

// An operator that the local AWS does not know stays in the document: its statement cannot allow
// anything.
const condition = z.record(z.string(), z.record(z.string(), oneOrMany(conditionValue))).optional();

const version = z.enum(['2012-10-17', '2008-10-17']).optional();
const effect = z.enum(['Allow', 'Deny']);

/** A policy and its JSON as it was written, which IAM gives back. */
export interface Written {
  readonly text: string;
}

/** Checks a document and keeps its text. */
function written<T extends z.ZodType<object>>(
  shape: T,
): z.ZodType<z.output<T> & Written, z.input<T>> {
  return z.unknown().transform((value, context) => {
    const parsed = shape.safeParse(value);
    if (parsed.success) return { ...parsed.data, text: JSON.stringify(value) };
    for (const issue of parsed.error.issues)
      context.issues.push({ ...issue, input: value } as never);
    return z.NEVER;
  }) as unknown as z.ZodType<z.output<T> & Written, z.input<T>>;
}

const trustStatement = z.strictObject({
  Sid: z.string().optional(),
  Effect: effect,
  Principal: z.union([
    z.literal('*').transform(() => ({ AWS: ['*'], Federated: ['*'], Service: undefined })),
    z
      .strictObject({
        AWS: oneOrMany(z.string().min(1)).optional(),
        Federated: oneOrMany(z.string().min(1)).optional(),
        Service: oneOrMany(z.string().min(1)).optional(),
      })
      .refine(principal => Object.keys(principal).length > 0, 'name at least one principal'),
  ]),
  Action: oneOrMany(action),
  Condition: condition,
});

const identityStatement = z.strictObject({
  Sid: z.string().optional(),
  Effect: effect,
  Action: oneOrMany(action),
  Resource: oneOrMany(z.string().min(1)),
  Condition: condition,
});

/**
 * Who may assume a role (IAM User Guide, "Creating a role and attaching policies"; at most 4,096
 * characters).
 */
export const trustPolicy = written(
  z.strictObject({
    Version: version,
    Id: z.string().optional(),
    Statement: oneOrMany(trustStatement),
  }),
);

export const identityPolicy = written(
  z.strictObject({
    Version: version,
    Id: z.string().optional(),
    Statement: oneOrMany(identityStatement),
  }),
);

/** A whole document, or one statement of the current version for short. */
export const permission = z.union([
  identityPolicy,
  written(identityStatement).transform(({ text, ...statement }) => ({
    Version: '2012-10-17' as const,
    Id: undefined,
    Statement: [statement],
    text: `{"Version":"2012-10-17","Statement":[${text}]}`,
  })),
]);

export type TrustPolicy = z.output<typeof trustPolicy>;
export type TrustStatement = TrustPolicy['Statement'][number];
export type IdentityPolicy = z.output<typeof identityPolicy>;
export type IdentityStatement = IdentityPolicy['Statement'][number];

/** Undefined counts as 2008-10-17, which has no variables. */
export type PolicyVersion = IdentityPolicy['Version'];

export type ConditionBlock = NonNullable<z.output<typeof condition>>;

/** Actions are compared without regard to case (IAM User Guide, "Action"). */
export function coversAction(patterns: readonly string[], name: string): boolean {
  return patterns.some(pattern => matchesWildcard(pattern.toLowerCase(), name.toLowerCase()));
}
