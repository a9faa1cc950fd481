/** Values of Terraform expressions. What a file refers to is made when it is first needed. */
import { isObject, type Json } from './json.ts';
import { joined, matchOf } from './limits.ts';
import { mistake, TemplateError } from './template-error.ts';
import { type Expression, parseTemplate } from './terraform-syntax.ts';

/** Something with named parts: `var`, `aws_iam_role`, or a resource that was made. */
export interface Lookup {
  /** Throws `TemplateError` for an unknown key. */
  readonly get: (key: string) => Value;
}

export type Value = Json | Lookup;

/** What names at the start of an expression stand for. */
export type Scope = ReadonlyMap<string, Value>;

/** Every text of a value is a template. Throws `TemplateError`. */
export function evaluateJson(value: Json, scope: Scope): Json {
  if (typeof value === 'string') return jsonOf(evaluate(parseTemplate(value), scope));
  if (Array.isArray(value))
    return (value as readonly Json[]).map(item => evaluateJson(item, scope));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      textOf(evaluateJson(key, scope)),
      evaluateJson(member, scope),
    ]),
  );
}

function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'template':
      return joined(expression.parts.map(part => textOf(evaluate(part, scope))));
    case 'list':
      return expression.items.map(item => jsonOf(evaluate(item, scope)));
    case 'object':
      return Object.fromEntries(
        expression.entries.map(([key, value]) => [
          textOf(evaluate(key, scope)),
          jsonOf(evaluate(value, scope)),
        ]),
      );
    case 'name': {
      const value = scope.get(expression.name);
      if (value === undefined) throw mistake(`the name ${expression.name} is not simulated here`);
      return value;
    }
    case 'attribute':
      return partOf(evaluate(expression.of, scope), textOf(evaluate(expression.key, scope)));
    case 'call':
      return call(expression.name, expression.args, scope);
    case 'not':
      return !truthOf(evaluate(expression.of, scope));
    case 'binary':
      return binary(expression, scope);
    case 'conditional':
      return evaluate(
        truthOf(evaluate(expression.test, scope)) ? expression.yes : expression.no,
        scope,
      );
  }
}

function binary(
  { operator, left, right }: Expression & { readonly kind: 'binary' },
  scope: Scope,
): boolean {
  const first = evaluate(left, scope);
  if (operator === '&&') return truthOf(first) && truthOf(evaluate(right, scope));
  if (operator === '||') return truthOf(first) || truthOf(evaluate(right, scope));
  const second = evaluate(right, scope);
  const isEqual = JSON.stringify(jsonOf(first)) === JSON.stringify(jsonOf(second));
  if (operator === '==') return isEqual;
  if (operator === '!=') return !isEqual;
  const [a, b] = [Number(jsonOf(first)), Number(jsonOf(second))];
  if (Number.isNaN(a) || Number.isNaN(b)) throw mistake(`${operator} needs two numbers`);
  return operator === '<' ? a < b : operator === '>' ? a > b : operator === '<=' ? a <= b : a >= b;
}

type Work = (...args: readonly Json[]) => Json;

const FUNCTIONS: Readonly<Record<string, Work>> = {
  jsonencode: value => JSON.stringify(value),
  toset: value => [...new Set(listOf(value!))].sort(),
  tolist: value => listOf(value!),
  concat: (...lists) => lists.flatMap(listOf),
  distinct: value => [...new Set(listOf(value!))],
  compact: value => listOf(value!).filter(item => item !== null && item !== ''),
  join: (separator, list) => joined(listOf(list!).map(textOf), textOf(separator!)),
  length: value =>
    (isObject(value)
      ? Object.keys(value)
      : typeof value === 'string'
        ? Array.from(value)
        : listOf(value!)
    ).length,
  replace: (text, from, to) => textOf(text!).replaceAll(textOf(from!), textOf(to!)),
  regex: (pattern, text) => {
    const found = matchOf(withKnownClasses(textOf(pattern!)), textOf(text!));
    if (found === undefined) throw mistake('regex: the pattern does not match');
    return found;
  },
};

function call(name: string, args: readonly Expression[], scope: Scope): Value {
  if (name === 'can') return succeeds(() => evaluate(args[0]!, scope));
  const work = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (work === undefined) throw mistake(`the function ${name} is not simulated here`);
  if (args.length < work.length) throw mistake(`${name} needs ${work.length} arguments`);
  return work(...args.map(argument => jsonOf(evaluate(argument, scope))));
}

function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause;
    return false;
  }
}

const CLASSES: Readonly<Record<string, string>> = {
  word: '\\w',
  alpha: 'A-Za-z',
  digit: '0-9',
  space: '\\s',
};

/** RE2 has names for classes of characters: `[[:word:]]`. */
function withKnownClasses(pattern: string): string {
  return pattern.replace(/\[:(\w+):\]/g, (_whole, name: string) => {
    const characters = CLASSES[name];
    if (characters === undefined) throw mistake(`regex: [:${name}:] is not simulated here`);
    return characters;
  });
}

function partOf(value: Value, key: string): Value {
  if (isLookup(value)) return value.get(key);
  const part = Array.isArray(value)
    ? (value as readonly Json[])[Number(key)]
    : isObject(value) && Object.hasOwn(value, key)
      ? value[key]
      : undefined;
  if (part === undefined) throw mistake(`there is no ${key} in a value of an expression`);
  return part;
}

function isLookup(value: Value): value is Lookup {
  return isObject(value) && typeof (value as { readonly get?: unknown }).get === 'function';
}

function jsonOf(value: Value): Json {
  if (isLookup(value)) throw mistake('a whole resource is not simulated as a value');
  return value;
}

function truthOf(value: Value): boolean {
  if (typeof value !== 'boolean') throw mistake('a condition is neither true nor false');
  return value;
}

function textOf(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw mistake('a template needs a text');
}

function listOf(value: Json): readonly Json[] {
  if (!Array.isArray(value)) throw mistake('a function needs a list');
  return value as readonly Json[];
}
