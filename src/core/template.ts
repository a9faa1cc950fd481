/**
 * Templates of a rule: text with placeholders that is filled in for one caller.
 *
 *     template    = *( text / "{" NAME [ "|" alternative ] "}" )
 *     alternative = template            ; nested at most three deep
 *
 * An alternative serves where the value in front of it is absent, or does not fit the field that
 * the template is for. Nothing is cut or replaced within a value. There is no escape for `{`, `}`
 * and `|`, because AWS takes none of them in these fields.
 */
/** A template without a problem. */
export type Template = readonly Part[];

type Part = string | { readonly name: string; readonly alternative?: Template | undefined };

/** What a field takes. Lengths count Unicode code points. */
export interface FieldRule {
  readonly characters: RegExp;
  readonly shortest: number;
  readonly longest: number;
  /**
   * Placeholders that every caller has a value for, of these characters only; with the shortest and
   * the longest value.
   */
  readonly always: Readonly<Partial<Record<string, readonly [shortest: number, longest: number]>>>;
}

/** The text for one caller, or why there is none. */
export type Filled =
  | { readonly text: string }
  /** The caller has no value for this placeholder, and for none of its alternatives. */
  | { readonly missing: string }
  | { readonly unfit: true };

/**
 * Why a template is empty for some callers: a placeholder without a value that always fits, or the
 * length of what always fits.
 */
export type Gap = { readonly placeholder: string } | { readonly length: 'too short' | 'too long' };

const MAX_DEPTH = 3;

/** The placeholders that templates of one kind of caller can have. */
export interface Vocabulary {
  readonly names: readonly string[];
  /** Placeholders that begin with it and a dot name a claim or attribute. */
  readonly open: string;
}

/**
 * The value of a placeholder for one caller; undefined, or empty, if there is none. An empty one
 * says nothing: a policy in AWS must not compare it with the empty one of another caller.
 */
export type Values = (name: string) => string | undefined;

/** Why a template cannot be used, or undefined when it can. */
export function templateProblem(text: string, vocabulary: Vocabulary): string | undefined {
  const parsed = parse(text, vocabulary);
  return 'problem' in parsed ? parsed.problem : undefined;
}

/** Throws an Error for a template that has a problem. */
export function parseTemplate(text: string, vocabulary: Vocabulary): Template {
  const parsed = parse(text, vocabulary);
  if ('problem' in parsed) throw new Error(`a template with a problem: ${parsed.problem}`);
  return parsed.template;
}

/** Every text of the template that goes to AWS as it stands, alternatives included. */
export function literalsOf(template: Template): readonly string[] {
  return template.flatMap(part =>
    typeof part === 'string' ? [part] : literalsOf(part.alternative ?? []),
  );
}

/** Every placeholder of the template, alternatives included. */
export function namesIn(template: Template): readonly string[] {
  return template.flatMap(part =>
    typeof part === 'string' ? [] : [part.name, ...namesIn(part.alternative ?? [])],
  );
}

/** The template as it is written in the configuration. */
export function writtenTemplate(template: Template): string {
  return template.map(part => (typeof part === 'string' ? part : writtenPart(part))).join('');
}

function writtenPart({ name, alternative }: Exclude<Part, string>): string {
  return alternative === undefined ? `{${name}}` : `{${name}|${writtenTemplate(alternative)}}`;
}

/**
 * Fills in a template. Of several texts the first that fits is taken: first the values themselves,
 * then one alternative more at a time, from left to right.
 */
export function fillTemplate(template: Template, valueFor: Values, field: FieldRule): Filled {
  // Nearly always the values themselves fit, and this runs for every hand-out.
  const values = valuesIn(template, valueFor);
  if (values !== undefined && fits(values, field)) return { text: values };
  const text = textsOf(template, valueFor, field).find(candidate => fits(candidate, field));
  if (text !== undefined) return { text };
  const [missing] = template.flatMap(part =>
    isPlaceholder(part) && isAbsent(part, valueFor) ? [part.name] : [],
  );
  return missing === undefined ? { unfit: true } : { missing };
}

/** What keeps a template from serving every caller, or undefined when it serves all. */
export function templateGap(template: Template, field: FieldRule): Gap | undefined {
  let [shortest, longest] = [0, 0];
  for (const part of lastResort(template)) {
    const [least, most] =
      typeof part === 'string'
        ? [lengthOf(part), lengthOf(part)]
        : (ofEveryone(part.name, field) ?? []);
    if (least === undefined || most === undefined)
      return { placeholder: (part as { readonly name: string }).name };
    shortest += least;
    longest += most;
  }
  if (longest > field.longest) return { length: 'too long' };
  return shortest < field.shortest ? { length: 'too short' } : undefined;
}

export function fits(text: string, { characters, shortest, longest }: FieldRule): boolean {
  const length = lengthOf(text);
  return characters.test(text) && length >= shortest && length <= longest;
}

/** The text without any alternative; undefined when a value is absent. */
function valuesIn(template: Template, valueFor: Values): string | undefined {
  let text = '';
  for (const part of template) {
    const value = typeof part === 'string' ? part : valueFor(part.name) || undefined;
    if (value === undefined) return undefined;
    text += value;
  }
  return text;
}

function textsOf(template: Template, valueFor: Values, field: FieldRule): readonly string[] {
  const choices = template.map(part => choicesOf(part, valueFor, field));
  if (choices.some(({ length }) => length === 0)) return [];
  const chosen = choices.map(() => 0);
  const texts: string[] = [];
  for (;;) {
    texts.push(choices.map((of, index) => of[chosen[index]!]!).join(''));
    const next = choices.findIndex((of, index) => chosen[index]! + 1 < of.length);
    if (next < 0) return texts;
    chosen[next]! += 1;
  }
}

function choicesOf(part: Part, valueFor: Values, field: FieldRule): readonly string[] {
  if (typeof part === 'string') return [part];
  const value = valueFor(part.name) || undefined;
  const own = value !== undefined && field.characters.test(value) ? [value] : [];
  return part.alternative === undefined
    ? own
    : [...own, ...textsOf(part.alternative, valueFor, field)];
}

function isAbsent(part: Exclude<Part, string>, valueFor: Values): boolean {
  if (valueFor(part.name)) return false;
  return (
    part.alternative === undefined ||
    part.alternative.some(inner => isPlaceholder(inner) && isAbsent(inner, valueFor))
  );
}

/** The template with every alternative taken. */
function lastResort(template: Template): readonly Part[] {
  return template.flatMap(part =>
    isPlaceholder(part) && part.alternative !== undefined ? lastResort(part.alternative) : [part],
  );
}

function ofEveryone(name: string, { always }: FieldRule): readonly [number, number] | undefined {
  return Object.hasOwn(always, name) ? always[name] : undefined;
}

function isPlaceholder(part: Part): part is Exclude<Part, string> {
  return typeof part !== 'string';
}

function lengthOf(text: string): number {
  return [...text].length;
}

// ---------------------------------------------------------------- the grammar

type Parsed = { readonly template: Template } | { readonly problem: string };

const STRAY_BRACE = 'a brace that belongs to no placeholder';

function parse(text: string, vocabulary: Vocabulary): Parsed {
  const tokens = text.match(/[{}|]|[^{}|]+/g) ?? [];
  let at = 0;
  let problem: string | undefined;

  /** Reads up to the brace that closes the alternative, or to the end. */
  const read = (depth: number): Template => {
    const parts: Part[] = [];
    for (; at < tokens.length && problem === undefined; at++) {
      const token = tokens[at]!;
      if (token === '}') {
        if (depth === 0) problem = STRAY_BRACE;
        return parts;
      }
      if (token === '|' && depth > 0)
        problem = 'an alternative contains a second |; nest it: {email|{attributes.mail|none}}';
      else if (token === '{') parts.push(placeholder(depth));
      else parts.push(token);
    }
    return parts;
  };

  const placeholder = (depth: number): Part => {
    const name = tokens[++at] ?? '';
    if (['{', '|', '}', ''].includes(name)) {
      problem = name === '{' || name === '' ? STRAY_BRACE : unknown('', vocabulary);
      return '';
    }
    if (!isKnown(name, vocabulary)) problem ??= unknown(name, vocabulary);
    const end = tokens[++at];
    if (end === '}') return { name };
    if (end !== '|') {
      problem ??= STRAY_BRACE;
      return '';
    }
    if (depth >= MAX_DEPTH) problem ??= `alternatives are nested more than ${MAX_DEPTH} deep`;
    at++;
    const alternative = read(depth + 1);
    if (tokens[at] !== '}') problem ??= STRAY_BRACE;
    return { name, alternative };
  };

  const template = read(0);
  return problem === undefined ? { template } : { problem };
}

function isKnown(name: string, { names, open }: Vocabulary): boolean {
  return names.includes(name) || (name.startsWith(`${open}.`) && name.length > open.length + 1);
}

function unknown(name: string, { names, open }: Vocabulary): string {
  const known = names.map(field => `{${field}}`);
  return `unknown placeholder {${name}}; known are ${known.join(', ')} and {${open}.NAME}`;
}
