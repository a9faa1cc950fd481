/** Finds optional tags on which the session policy of the same rule depends. */
import type { ProblemAt } from './problems.ts';
import type { References } from './references.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import { sessionsOf } from './sessions-of.ts';

export function* optionalTagProblems(
  document: Readable<Document>,
  references: Pick<References, 'find'>,
): Generator<ProblemAt> {
  for (const { session, path } of sessionsOf(document)) {
    const { tags = {}, policy } = session;
    const optional = Object.keys(tags).filter(key => tags[key]?.optional);
    const text = optional.length > 0 && policy ? references.find(policy) : undefined;
    if (text === undefined) continue;
    const used = principalTagsIn(text);
    for (const key of optional) {
      if (!used.has(key.toLowerCase())) continue;
      yield {
        path: [...path, 'tags', key],
        message: `is optional, but the session policy of the rule uses aws:PrincipalTag/${key}, so sessions without the tag have other permissions.`,
        fix: 'Remove optional, or change the policy so that it does not need the tag.',
        warning: true,
      };
    }
  }
}

const CONDITION_KEY = /^aws:PrincipalTag\/(.+)$/i;
/** A policy variable without a default; `${aws:PrincipalTag/Team, 'none'}` has one. */
const VARIABLE = /\$\{\s*aws:PrincipalTag\/([^{},]+?)\s*\}/gi;

/** Keys of session tags by which the JSON of a policy decides, in lower case: AWS ignores case. */
function principalTagsIn(policy: string): ReadonlySet<string> {
  const used = [...textsIn(JSON.parse(policy))].flatMap(text => {
    const key = CONDITION_KEY.exec(text)?.[1];
    const variables = Array.from(text.matchAll(VARIABLE), ([, name = '']) => name);
    return key === undefined ? variables : [key, ...variables];
  });
  return new Set(used.map(key => key.toLowerCase()));
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield key;
    yield* textsIn(inner);
  }
}
