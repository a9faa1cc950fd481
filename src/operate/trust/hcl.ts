/**
 * Blocks of Terraform, and their two syntaxes: HCL, formatted as `terraform fmt` does, and JSON.
 *
 * Owns: escaping and layout. Does not own: which blocks there are (terraform.ts).
 * Source: HCL native syntax specification; Terraform, "JSON Configuration Syntax".
 */

import { commentText } from './account-trust.ts';

/** Text that both syntaxes have as it is: `var.region` in HCL, `"${var.region}"` in JSON. */
export interface Expression {
  readonly expression: string;
}

/** A name that is no value: `list(string)`, `aws_iam_role.Admin`. */
export interface Bare {
  readonly bare: string;
}

/** A policy document: `jsonencode` in HCL, a JSON text in JSON. */
export interface PolicyText {
  readonly policy: object;
  /** Texts that stand for expressions. */
  readonly expressions: Readonly<Record<string, Expression>>;
}

export type Value =
  | string
  | number
  | boolean
  | null
  | Expression
  | Bare
  | PolicyText
  | readonly Value[]
  | { readonly [key: string]: Value };

export interface Block {
  readonly type: string;
  readonly labels?: readonly string[];
  /** Lines above it. JSON has none. */
  readonly comments?: readonly string[];
  readonly attributes: Readonly<Record<string, Value>>;
  readonly blocks?: readonly Block[];
}

// ---------------------------------------------------------------- HCL

export function hclText(comments: readonly string[], blocks: readonly Block[]): string {
  const parts = [commentLines(comments), ...blocks.map(block => blockLines(block))];
  return `${parts.map(lines => lines.join('\n')).join('\n\n')}\n`;
}

function commentLines(comments: readonly string[]): readonly string[] {
  return comments.map(line => `# ${commentText(line)}`.trimEnd());
}

function blockLines({
  type,
  labels = [],
  comments = [],
  attributes,
  blocks = [],
}: Block): string[] {
  const head = [type, ...labels.map(quotedText)].join(' ');
  const inner = attributeLines(attributes);
  const below = blocks.flatMap((block, index) => [
    ...(index > 0 || inner.length > 0 ? [''] : []),
    ...blockLines(block),
  ]);
  return [...commentLines(comments), `${head} {`, ...indented([...inner, ...below]), '}'];
}

function attributeLines(attributes: Readonly<Record<string, Value>>): string[] {
  const items = Object.entries(attributes).map(([key, value]) => ({
    key: isIdentifier(key) ? key : quotedText(key),
    lines: valueLines(value),
  }));
  const widthAt = alignment(items);
  return items.flatMap(({ key, lines: [first = '', ...rest] }, index) => [
    `${key.padEnd(widthAt(index))} = ${first}`,
    ...rest,
  ]);
}

interface Item {
  readonly key: string;
  readonly lines: readonly string[];
}

/** `=` is aligned in a run of attributes on lines of their own. */
function alignment(items: readonly Item[]): (index: number) => number {
  const joins = ({ lines }: Item): boolean => lines.length === 1;
  return index => {
    const own = items[index]!;
    if (!joins(own)) return own.key.length;
    let [from, to] = [index, index];
    while (from > 0 && joins(items[from - 1]!)) from -= 1;
    while (to + 1 < items.length && joins(items[to + 1]!)) to += 1;
    return Math.max(...items.slice(from, to + 1).map(({ key }) => key.length));
  };
}

function valueLines(value: Value): string[] {
  if (value === null || typeof value === 'number' || typeof value === 'boolean')
    return [String(value)];
  if (typeof value === 'string') return [quotedText(value)];
  if (isList(value)) return listLines(value);
  if (isExpression(value)) return [value.expression];
  if (isBare(value)) return [value.bare];
  if (isPolicy(value)) return wrapped('jsonencode(', valueLines(policyValue(value)), ')');
  return ['{', ...indented(attributeLines(value)), '}'];
}

function listLines(list: readonly Value[]): string[] {
  const items = list.map(valueLines);
  if (items.length <= 1 && items.every(({ length }) => length === 1))
    return [`[${items.map(([only]) => only).join(', ')}]`];
  if (items.length === 1) return wrapped('[', items[0]!, ']');
  return ['[', ...indented(items.flatMap(lines => wrapped('', lines, ','))), ']'];
}

function wrapped(before: string, lines: readonly string[], after: string): string[] {
  return lines.map(
    (line, index) =>
      `${index === 0 ? before : ''}${line}${index === lines.length - 1 ? after : ''}`,
  );
}

function indented(lines: readonly string[]): string[] {
  return lines.map(line => (line === '' ? '' : `  ${line}`));
}

function isIdentifier(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(text);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '"': '\\"',
  '\\': '\\\\',
};

/** A quoted template that is only this text. */
export function quotedText(text: string): string {
  const quoted = text.replace(
    /[\p{Cc}"\\\u2028\u2029]/gu,
    character => ESCAPES[character] ?? unicodeEscape(character),
  );
  return `"${withoutTemplates(quoted)}"`;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Text in which `${` and `%{` begin no template. `$${` is the escape, so several dollars in front
 * of a brace are written as a template of their own.
 */
function withoutTemplates(text: string, quote = '"'): string {
  return text.replace(/(\$+|%+)(?=\{)/g, run =>
    run.length === 1 ? run + run : `\${${quote}${run}${quote}}`,
  );
}

// ---------------------------------------------------------------- JSON

/** The comments are one property `//`, which Terraform ignores. */
export function terraformJson(comments: readonly string[], blocks: readonly Block[]): string {
  const root = namesOnly();
  root['//'] = comments;
  for (const block of blocks) place(root, block);
  return `${JSON.stringify(root, null, 2)}\n`;
}

type Names = Record<string, unknown>;

/** A role can be called `__proto__`. */
function namesOnly(): Names {
  return Object.create(null) as Names;
}

/** Blocks of one type without labels become a list where there are several. */
function place(parent: Names, { type, labels = [], ...block }: Block): void {
  const body = bodyOf(block);
  if (labels.length === 0) {
    const before = parent[type];
    const isRepeated = type === 'import';
    if (before === undefined) parent[type] = isRepeated ? [body] : body;
    else parent[type] = [before, body].flat();
    return;
  }
  let at = parent;
  for (const name of [type, ...labels.slice(0, -1)]) {
    at[name] ??= namesOnly();
    at = at[name] as Names;
  }
  at[labels.at(-1)!] = body;
}

function bodyOf({ attributes, blocks = [] }: Omit<Block, 'type'>): Record<string, unknown> {
  const body: Record<string, unknown> = Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, jsonValue(value)]),
  );
  for (const block of blocks) place(body, block);
  return body;
}

function jsonValue(value: Value): unknown {
  if (typeof value === 'string') return withoutTemplates(value);
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map(jsonValue);
  if (isExpression(value)) return `\${${value.expression}}`;
  if (isBare(value)) return value.bare;
  if (isPolicy(value)) return policyJson(value);
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, jsonValue(of)]));
}

/** JSON in a template: its own braces begin none, because no dollar stands in front of them. */
function policyJson({ policy, expressions }: PolicyText): string {
  let text = withoutTemplates(JSON.stringify(policy));
  for (const [placeholder, { expression }] of Object.entries(expressions))
    text = text.replaceAll(JSON.stringify(placeholder), () => `"\${${expression}}"`);
  return text;
}

// ---------------------------------------------------------------- kinds of values

/** The document with expressions in place of the texts that stand for them. */
function policyValue({ policy, expressions }: PolicyText): Value {
  const convert = (value: unknown): Value => {
    if (typeof value === 'string')
      return Object.hasOwn(expressions, value) ? expressions[value]! : value;
    if (Array.isArray(value)) return value.map(convert);
    if (typeof value !== 'object' || value === null) return value as number | boolean | null;
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, convert(of)]));
  };
  return convert(policy);
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isExpression(value: object): value is Expression {
  return 'expression' in value;
}

function isBare(value: object): value is Bare {
  return 'bare' in value;
}

function isPolicy(value: object): value is PolicyText {
  return 'policy' in value && 'expressions' in value;
}
