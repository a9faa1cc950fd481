/**
 * Policy variables (IAM User Guide, "Policy variables"): `${aws:PrincipalTag/team}`, with an
 * optional default as in `${aws:PrincipalTag/team, 'none'}`, and `${*}`, `${?}` and `${$}` for the
 * characters themselves. A wildcard in the value of a variable is plain text.
 */
import type { PolicyVersion } from './policy-document.ts';
import type { RequestContext } from './request-context.ts';
import { literal, type Pattern, patternOf } from './wildcard.ts';

export interface Resolved {
  readonly text: string;
  readonly pattern: Pattern;
}

/**
 * Undefined if the request has no single value for a variable. Policies of a version before
 * 2012-10-17, and those that name no version, have no variables.
 */
export function resolveVariables(
  value: string,
  context: RequestContext,
  version: PolicyVersion,
): Resolved | undefined {
  if (version !== '2012-10-17') return { text: value, pattern: patternOf(value) };
  let text = '';
  const pattern: (string | symbol)[] = [];
  // Odd parts are the names of variables.
  for (const [index, part] of value.split(/\$\{([^}]*)\}/).entries()) {
    const found = index % 2 === 0 ? part : requestValue(part, context);
    if (found === undefined) return undefined;
    text += found;
    pattern.push(...(index % 2 === 0 ? patternOf(found) : literal(found)));
  }
  return { text, pattern };
}

function requestValue(variable: string, context: RequestContext): string | undefined {
  if (['*', '?', '$'].includes(variable)) return variable;
  const [, key = variable, fallback] = /^(.*?)\s*,\s*'([^']*)'$/.exec(variable) ?? [];
  const found = context.get(key);
  if (found === undefined) return fallback;
  return found.length === 1 ? found[0] : undefined;
}
