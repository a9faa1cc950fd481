/**
 * Texts of Terraform in JSON: templates with `${...}`, and the expressions in them (HCL native
 * syntax specification). Only what generated files use: names, literals, lists, objects, calls,
 * comparisons, `!`, `&&`, `||` and `a ? b : c`. Everything else is refused.
 */
import { mistake } from './template-error.ts';

export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'template'; readonly parts: readonly Expression[] }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly key: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'conditional';
      readonly test: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    };

/** Throws `TemplateError`. */
export function parseTemplate(text: string): Expression {
  const parts: Expression[] = [];
  let literal = '';
  let at = 0;
  const flush = (): void => {
    if (literal !== '') parts.push({ kind: 'literal', value: literal });
    literal = '';
  };
  while (at < text.length) {
    const rest = text.slice(at, at + 3);
    if (rest === '$${' || rest === '%%{') {
      literal += rest.slice(1);
      at += 3;
    } else if (rest.startsWith('%{')) throw mistake('the directive %{ is not simulated here');
    else if (rest.startsWith('${')) {
      flush();
      const end = endOfExpression(text, at + 2);
      parts.push(parseExpression(text.slice(at + 2, end)));
      at = end + 1;
    } else {
      literal += text[at];
      at += 1;
    }
  }
  flush();
  if (parts.length === 0) return { kind: 'literal', value: '' };
  return parts.length === 1 ? parts[0]! : { kind: 'template', parts };
}

/** Where the brace is that closes the expression; braces in texts do not count. */
function endOfExpression(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '"') at = endOfQuote(text, at);
    else if (character === '{') depth += 1;
    else if (character === '}') {
      if (depth === 0) return at;
      depth -= 1;
    }
  }
  throw mistake('an expression has no end');
}

function endOfQuote(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
    else if (text.startsWith('$${', at)) at += 2;
    else if (text.startsWith('${', at)) at = endOfExpression(text, at + 2);
  }
  throw mistake('a text in an expression has no end');
}

function parseExpression(text: string): Expression {
  const parser = new Parser(text);
  const expression = parser.conditional();
  parser.end();
  return expression;
}

const TOKEN = new RegExp(
  String.raw`\s*(?:("(?:[^"\\]|\\.)*")|(\d+(?:\.\d+)?)|([A-Za-z_][\w-]*)|` +
    String.raw`(==|!=|<=|>=|&&|\|\||[[\]{}(),.?:!<>=]))`,
  'y',
);

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const LITERALS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Weakest first. */
const BINARY: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
];

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  end(): void {
    if (this.#peek() !== undefined) throw mistake(`unexpected ${this.#peek()} in an expression`);
  }

  conditional(): Expression {
    const test = this.#binary(0);
    if (!this.#take('?')) return test;
    const yes = this.conditional();
    this.#expect(':');
    return { kind: 'conditional', test, yes, no: this.conditional() };
  }

  #binary(level: number): Expression {
    const operators = BINARY[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = this.#peek();
      if (operator === undefined || !operators.includes(operator)) return left;
      this.#at += 1;
      left = { kind: 'binary', operator, left, right: this.#binary(level + 1) };
    }
  }

  #unary(): Expression {
    return this.#take('!') ? { kind: 'not', of: this.#unary() } : this.#traversal();
  }

  #traversal(): Expression {
    let value = this.#primary();
    for (;;) {
      if (this.#take('.')) {
        const key = this.#next();
        if (!/^[\w-]+$/.test(key)) throw mistake(`unexpected ${key} after a dot`);
        value = { kind: 'attribute', of: value, key: { kind: 'literal', value: key } };
      } else if (this.#take('[')) {
        value = { kind: 'attribute', of: value, key: this.conditional() };
        this.#expect(']');
      } else return value;
    }
  }

  #primary(): Expression {
    const token = this.#next();
    if (token === '(') {
      const inner = this.conditional();
      this.#expect(')');
      return inner;
    }
    if (token === '[') return { kind: 'list', items: this.#list(']') };
    if (token === '{') return { kind: 'object', entries: this.#entries() };
    if (token.startsWith('"')) return parseTemplate(unquoted(token));
    if (/^\d/.test(token)) return { kind: 'literal', value: Number(token) };
    if (!/^[A-Za-z_]/.test(token)) throw mistake(`unexpected ${token} in an expression`);
    const literal = LITERALS.get(token);
    if (literal !== undefined) return { kind: 'literal', value: literal };
    if (this.#take('(')) return { kind: 'call', name: token, args: this.#list(')') };
    return { kind: 'name', name: token };
  }

  #list(end: string): Expression[] {
    const items: Expression[] = [];
    while (!this.#take(end)) {
      items.push(this.conditional());
      if (this.#peek() !== end) this.#expect(',');
    }
    return items;
  }

  #entries(): (readonly [Expression, Expression])[] {
    const entries: (readonly [Expression, Expression])[] = [];
    while (!this.#take('}')) {
      const key = this.#primary();
      if (!this.#take('=')) this.#expect(':');
      const name: Expression = key.kind === 'name' ? { kind: 'literal', value: key.name } : key;
      entries.push([name, this.conditional()]);
      this.#take(',');
    }
    return entries;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #next(): string {
    const token = this.#peek();
    if (token === undefined) throw mistake('an expression ends too early');
    this.#at += 1;
    return token;
  }

  #take(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    const found = this.#next();
    if (found !== token) throw mistake(`unexpected ${found} in an expression, expected ${token}`);
  }
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    tokens.push(match[0].trim());
    end = TOKEN.lastIndex;
  }
  const rest = text.slice(end).trim();
  if (rest !== '') throw mistake(`the expression ${text.trim()} is not simulated here`);
  return tokens;
}

function unquoted(token: string): string {
  return token
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_whole, code?: string, character?: string) =>
      code === undefined
        ? (ESCAPES[character!] ?? character!)
        : String.fromCharCode(Number.parseInt(code, 16)),
    );
}
