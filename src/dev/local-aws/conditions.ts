/**
 * Condition blocks of IAM policies (IAM User Guide, "Condition operators" and "Multivalued context
 * keys").
 *
 * What cannot be decided here (an operator or a policy variable that is not known) is reported as
 * such: an Allow must not use it, a Deny must.
 */
import { BlockList, isIP } from 'node:net';
import type { ConditionBlock, PolicyVersion } from './policy-document.ts';
import { type Resolved, resolveVariables } from './policy-variables.ts';
import type { RequestContext } from './request-context.ts';
import { matchesWildcard } from './wildcard.ts';

interface Operator {
  /** The positive comparison of one request value with one policy value. */
  readonly holds: (request: string, policy: Resolved) => boolean;
  /** `Not...`: true when no policy value holds, and when the key is absent. */
  readonly negated?: true;
}

type Holds = Operator['holds'];

const equals: Holds = (request, { text }) => request === text;
const equalsIgnoringCase: Holds = (request, { text }) =>
  request.toLowerCase() === text.toLowerCase();
const like: Holds = (request, { pattern }) => matchesWildcard(pattern, request);
const arn: Holds = (request, { text }) => arnLike(request, text);
const network: Holds = (request, { text }) => inNetwork(request, text);
const numeric = (holds: (a: number, b: number) => boolean): Operator => ({
  holds: (a, { text }) => holds(number(a), number(text)),
});
const date = (holds: (a: number, b: number) => boolean): Operator => ({
  holds: (a, { text }) => holds(instant(a), instant(text)),
});

const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['StringEquals', { holds: equals }],
  ['StringNotEquals', { holds: equals, negated: true }],
  ['StringEqualsIgnoreCase', { holds: equalsIgnoringCase }],
  ['StringNotEqualsIgnoreCase', { holds: equalsIgnoringCase, negated: true }],
  ['StringLike', { holds: like }],
  ['StringNotLike', { holds: like, negated: true }],
  ['ArnEquals', { holds: arn }],
  ['ArnLike', { holds: arn }],
  ['ArnNotEquals', { holds: arn, negated: true }],
  ['ArnNotLike', { holds: arn, negated: true }],
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
  ['IpAddress', { holds: network }],
  ['NotIpAddress', { holds: network, negated: true }],
]);

export type Verdict = { readonly met: boolean } | { readonly undecidable: string };

/**
 * All operators and all keys must hold; the `because` of the first that does not is for the log.
 */
export function evaluateConditions(
  block: ConditionBlock | undefined,
  context: RequestContext,
  version: PolicyVersion,
): Verdict & { readonly because?: string } {
  for (const [name, keys] of Object.entries(block ?? {})) {
    for (const [key, policyValues] of Object.entries(keys)) {
      const verdict = evaluateOne(name, key, { values: policyValues, context, version });
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

interface Given {
  /** Of the policy. */
  readonly values: readonly string[];
  readonly context: RequestContext;
  readonly version: PolicyVersion;
}

function evaluateOne(name: string, key: string, { values, context, version }: Given): Verdict {
  const request = context.get(key);
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
  const resolved: Resolved[] = [];
  for (const value of values) {
    const policy = resolveVariables(value, context, version);
    if (policy === undefined)
      return {
        undecidable: `${name} uses a policy variable that this request has no single value for`,
      };
    resolved.push(policy);
  }
  const holds = (value: string): boolean =>
    resolved.some(policy => operator.holds(value, policy)) !== (operator.negated === true);
  return { met: quantifier === 'ForAnyValue' ? request.some(holds) : request.every(holds) };
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
  const longest = family === 6 ? 128 : 32;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return false;
  const length = bits === undefined ? longest : Number(bits);
  if (length > longest) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const network = new BlockList();
  network.addSubnet(address, length, type);
  return network.check(request, type);
}
