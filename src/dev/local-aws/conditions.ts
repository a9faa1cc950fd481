/**
 * Condition blocks of IAM policies (IAM User Guide, "Condition operators" and "Multivalued context
 * keys").
 *
 * What cannot be decided here (an operator or a policy variable that is not known) is reported as
 * such: an Allow must not use it, a Deny must.
 */
import { BlockList, isIP } from 'node:net';
import type { ConditionBlock } from './policy-document.ts';
import { matchesWildcard } from './wildcard.ts';

/** The keys of one request. Names are compared without regard to case. */
export class RequestContext {
  readonly #values = new Map<string, readonly string[]>();

  /** An undefined value leaves the key absent. */
  set(key: string, value: string | readonly string[] | undefined): this {
    if (value !== undefined)
      this.#values.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
    return this;
  }

  get(key: string): readonly string[] | undefined {
    return this.#values.get(key.toLowerCase());
  }
}

interface Operator {
  /** The positive comparison of one request value with one policy value. */
  readonly holds: (request: string, policy: string) => boolean;
  /** `Not...`: true when no policy value holds, and when the key is absent. */
  readonly negated?: true;
}

const equals = (request: string, policy: string): boolean => request === policy;
const equalsIgnoringCase = (request: string, policy: string): boolean =>
  request.toLowerCase() === policy.toLowerCase();
const like = (request: string, policy: string): boolean => matchesWildcard(policy, request);
const numeric = (holds: (a: number, b: number) => boolean): Operator => ({
  holds: (a, b) => holds(number(a), number(b)),
});
const date = (holds: (a: number, b: number) => boolean): Operator => ({
  holds: (a, b) => holds(instant(a), instant(b)),
});

const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['StringEquals', { holds: equals }],
  ['StringNotEquals', { holds: equals, negated: true }],
  ['StringEqualsIgnoreCase', { holds: equalsIgnoringCase }],
  ['StringNotEqualsIgnoreCase', { holds: equalsIgnoringCase, negated: true }],
  ['StringLike', { holds: like }],
  ['StringNotLike', { holds: like, negated: true }],
  ['ArnEquals', { holds: arnLike }],
  ['ArnLike', { holds: arnLike }],
  ['ArnNotEquals', { holds: arnLike, negated: true }],
  ['ArnNotLike', { holds: arnLike, negated: true }],
  ['Bool', { holds: equalsIgnoringCase }],
  ['NumericEquals', numeric((a, b) => a === b)],
  ['NumericNotEquals', { ...numeric((a, b) => a === b), negated: true }],
  ['NumericLessThan', numeric((a, b) => a < b)],
  ['NumericLessThanEquals', numeric((a, b) => a <= b)],
  ['NumericGreaterThan', numeric((a, b) => a > b)],
  ['NumericGreaterThanEquals', numeric((a, b) => a >= b)],
  ['DateEquals', date((a, b) => a === b)],
  ['DateNotEquals', { ...date((a, b) => a === b), negated: true }],
  ['DateLessThan', date((a, b) => a < b)],
  ['DateLessThanEquals', date((a, b) => a <= b)],
  ['DateGreaterThan', date((a, b) => a > b)],
  ['DateGreaterThanEquals', date((a, b) => a >= b)],
  ['IpAddress', { holds: inNetwork }],
  ['NotIpAddress', { holds: inNetwork, negated: true }],
]);

export type Verdict = { readonly met: boolean } | { readonly undecidable: string };

/**
 * All operators and all keys must hold; the `because` of the first that does not is for the log.
 */
export function evaluateConditions(
  block: ConditionBlock | undefined,
  context: RequestContext,
): Verdict & { readonly because?: string } {
  for (const [name, keys] of Object.entries(block ?? {})) {
    for (const [key, policyValues] of Object.entries(keys)) {
      const verdict = evaluateOne(name, context.get(key), policyValues, context);
      if ('undecidable' in verdict) return verdict;
      if (!verdict.met)
        return {
          met: false,
          because: `${name} ${key} is not met (${describe(key, context.get(key))})`,
        };
    }
  }
  return { met: true };
}

function evaluateOne(
  name: string,
  request: readonly string[] | undefined,
  values: readonly string[],
  context: RequestContext,
): Verdict {
  if (name === 'Null')
    return {
      met: values.some(value => (value.toLowerCase() === 'true') === (request === undefined)),
    };
  const parts = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name);
  const operator = OPERATORS.get(parts?.[2] ?? '');
  if (parts === null || operator === undefined)
    return { undecidable: `the condition operator ${name} is not known here` };
  const [, quantifier, , ifExists] = parts;

  if (request === undefined || request.length === 0) {
    return {
      met:
        ifExists !== undefined ||
        quantifier === 'ForAllValues' ||
        (operator.negated === true && quantifier === undefined),
    };
  }
  if (quantifier === undefined && request.length > 1)
    return {
      undecidable: `${name} meets a key with several values; use ForAnyValue or ForAllValues`,
    };
  const resolved: string[] = [];
  for (const value of values) {
    const text = resolveVariables(value, context);
    if (text === undefined)
      return {
        undecidable: `${name} uses a policy variable that this request has no single value for`,
      };
    resolved.push(text);
  }
  const holds = (value: string): boolean =>
    resolved.some(policy => operator.holds(value, policy)) !== (operator.negated === true);
  return { met: quantifier === 'ForAnyValue' ? request.some(holds) : request.every(holds) };
}

/** `${aws:PrincipalTag/team}` and the like; undefined when the request lacks one of them. */
function resolveVariables(value: string, context: RequestContext): string | undefined {
  let complete = true;
  const resolved = value.replace(/\$\{([^}]*)\}/g, (_, key: string) => {
    const found = context.get(key);
    if (found?.length !== 1) complete = false;
    return found?.[0] ?? '';
  });
  return complete ? resolved : undefined;
}

function describe(key: string, request: readonly string[] | undefined): string {
  if (request === undefined) return 'the key is absent';
  // An external id is no secret for AWS, but many people treat it as one.
  if (key.toLowerCase() === 'sts:externalid') return 'the request has another value';
  return `the request has ${request.map(value => JSON.stringify(value)).join(', ')}`;
}

/** NaN compares false with everything. */
function number(text: string): number {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function instant(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

function arnLike(request: string, policy: string): boolean {
  const [requestParts, policyParts] = [request, policy].map(arn => {
    const parts = arn.split(':');
    return [...parts.slice(0, 5), parts.slice(5).join(':')];
  });
  return (
    policyParts!.length === requestParts!.length &&
    policyParts!.every((part, index) => matchesWildcard(part, requestParts![index]!))
  );
}

function inNetwork(request: string, policy: string): boolean {
  const [address = '', bits] = policy.split('/');
  const family = isIP(address);
  if (family === 0 || isIP(request) !== family) return false;
  const length = bits === undefined ? (family === 6 ? 128 : 32) : Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > (family === 6 ? 128 : 32)) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const network = new BlockList();
  network.addSubnet(address, length, type);
  return network.check(request, type);
}
