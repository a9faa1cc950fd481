/**
 * The YAML text as a plain value, and the position of every key in it.
 *
 * The messages of the library quote the text around a problem, which may be a secret. Ours name the
 * rule only.
 */
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  parseDocument,
} from 'yaml';
import type { Path, ProblemAt } from './problems.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlSource {
  /** Undefined when the text is not an accepted YAML document. */
  readonly value: unknown;
  /** Problems of syntax and structure; with a position, because a broken text has no paths. */
  readonly problems: readonly SyntaxProblem[];
  /** Returns the position of a key, or of the nearest parent that exists. */
  positionOf(path: Path): Position;
  /** A number or text as it is written, without quotes; undefined for anything else. */
  textAt(path: Path): string | undefined;
}

export interface SyntaxProblem extends ProblemAt {
  readonly position: Position;
}

/** Most nested brackets and indicators; beyond it, parsing takes minutes. */
const MAX_DEPTH = 32;
/** Uses of one anchor, multiplied through anchors in anchors. */
const MAX_ALIASES = 10_000;
/** One slip confuses everything after it. */
const MAX_SYNTAX_PROBLEMS = 5;

const QUOTES = 'Put text with special characters in quotes.';
const ANCHORS = {
  message: 'has more anchors or tags than YAML allows for one value.',
  fix: QUOTES,
};

/**
 * To YAML it ends a line (YAML 1.2.2, section 5.4), to the library it does not: what an editor
 * shows below a comment would be a part of it.
 */
const LONE_RETURN = {
  message: 'contains a carriage return without a line feed.',
  fix: 'Save the file with line ends of LF or CRLF.',
};

const SYNTAX: Readonly<Record<ErrorCode, { readonly message: string; readonly fix: string }>> = {
  ALIAS_PROPS: ANCHORS,
  BAD_ALIAS: {
    message: 'is an alias (*name) of an anchor that is not there.',
    fix: `Define the anchor (&name) before it. ${QUOTES}`,
  },
  BAD_COLLECTION_TYPE: {
    message: 'has a tag that does not fit it.',
    fix: 'Remove the tag (!name).',
  },
  BAD_DIRECTIVE: {
    message: 'is a YAML directive that is not understood.',
    fix: 'Remove the line that begins with %.',
  },
  BAD_DQ_ESCAPE: {
    message: 'contains a backslash escape that YAML does not define.',
    fix: 'Write \\\\ for a backslash, or use single quotes.',
  },
  BAD_INDENT: {
    message: 'is not indented as YAML requires, or a bracket before it is not closed.',
    fix: 'Indent with spaces, the keys of one map all alike; close { and [.',
  },
  BAD_PROP_ORDER: ANCHORS,
  BAD_SCALAR_START: {
    message: 'begins with a character that has a meaning of its own in YAML.',
    fix: 'Put the text in quotes.',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'contains a second colon on the line.',
    fix: 'Put text with ": " in quotes, and each key on a line of its own.',
  },
  BLOCK_IN_FLOW: {
    message: 'mixes indented lines with { } or [ ].',
    fix: 'Use one of both for the whole value.',
  },
  DUPLICATE_KEY: { message: 'appears twice in the same map.', fix: 'Keep one of them.' },
  IMPOSSIBLE: { message: 'is not valid YAML.', fix: 'Correct the syntax.' },
  KEY_OVER_1024_CHARS: {
    message: 'is a key of more than 1024 characters.',
    fix: 'Look for a missing colon or quote.',
  },
  MISSING_CHAR: {
    message: 'lacks a character: a quote, a bracket, a comma, a colon or a space.',
    fix: 'Close what was opened, and put a space after each colon.',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'is a line that is neither a key nor a continuation.',
    fix: 'Write key: value, and indent what continues a text.',
  },
  MULTIPLE_ANCHORS: ANCHORS,
  MULTIPLE_DOCS: {
    message: 'begins a second document.',
    fix: 'Remove the ---; the file is one document.',
  },
  MULTIPLE_TAGS: ANCHORS,
  NON_STRING_KEY: { message: 'is a key that is not text.', fix: 'Write a key as plain text.' },
  RESOURCE_EXHAUSTION: {
    message: 'is nested too deeply.',
    fix: `Nest at most ${MAX_DEPTH} levels.`,
  },
  TAB_AS_INDENT: { message: 'is indented with a tab.', fix: 'Indent with spaces.' },
  TAG_RESOLVE_FAILED: {
    message: 'has a YAML tag (!name), which means nothing here.',
    fix: `Remove the tag. ${QUOTES}`,
  },
  UNEXPECTED_TOKEN: {
    message: 'does not belong here.',
    fix: `Look for a bracket, a comma or a quote too many or too few. ${QUOTES}`,
  },
};

/** Never throws for a text, whatever is in it. */
export function readYaml(text: string): YamlSource {
  const positionAt = positionsIn(text);
  const lone = text.search(/\r(?!\n)/);
  if (lone !== -1) return unusable([{ path: [], ...LONE_RETURN, position: positionAt(lone) }]);
  const deep = tooDeepAt(text);
  if (deep !== undefined)
    return unusable([{ path: [], ...SYNTAX.RESOURCE_EXHAUSTION, position: positionAt(deep) }]);

  const document = parseDocument(text, {
    prettyErrors: false,
    // Checked below, in linear time and with the position of the second key.
    uniqueKeys: false,
    stringKeys: true,
    resolveKnownTags: false,
    // Version 1.1 reads `no` as false and 1:30 as 90.
    version: '1.2',
    schema: 'core',
  });
  const syntax = [...document.errors, ...document.warnings];
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    return unusable([
      {
        path: [],
        message: 'requires a version of YAML other than 1.2.',
        fix: 'Remove the %YAML line.',
        position: { line: 1, column: 1 },
      },
    ]);
  }
  if (syntax.length > 0) {
    return unusable(
      syntax
        .slice(0, MAX_SYNTAX_PROBLEMS)
        .map(error => ({ path: [], ...SYNTAX[error.code], position: positionAt(error.pos[0]) })),
    );
  }

  const positionOf = (path: Path): Position => positionAt(offsetOf(document, path));
  const problems = structureProblems(document.contents).map(found => ({
    ...found.problem,
    position: positionAt(found.offset),
  }));
  if (problems.some(({ message }) => message === SYNTAX.BAD_ALIAS.message))
    return unusable(problems);
  try {
    const value = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { value, problems, positionOf, textAt: path => textAt(document, path) };
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause;
    const problem = {
      path: [],
      message: 'uses aliases (*name) that expand to too many values.',
      fix: 'Write the values out.',
      position: { line: 1, column: 1 },
    };
    return unusable([...problems, problem]);
  }
}

function unusable(problems: readonly SyntaxProblem[]): YamlSource {
  return {
    value: undefined,
    problems,
    positionOf: () => ({ line: 1, column: 1 }),
    textAt: () => undefined,
  };
}

/**
 * The offset of the first token that is nested beyond the limit. Tokens are cheap; the parser is
 * not, on such a text.
 */
function tooDeepAt(text: string): number | undefined {
  let [offset, brackets, indicators] = [0, 0, 0];
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') brackets += 1;
    else if (token === ']' || token === '}') brackets = Math.max(0, brackets - 1);
    else if (token === '-' || token === '?' || token === ':') indicators += 1;
    else if (token.trim() !== '' || token.includes('\n')) indicators = 0;
    if (brackets > MAX_DEPTH || indicators > MAX_DEPTH) return offset;
    offset += isMark(token) ? 0 : token.length;
  }
  return undefined;
}

/** The marks of the lexer (document, scalar, flow error) are not part of the text. */
function isMark(token: string): boolean {
  return token === '\u0002' || token === '\u0018' || token === '\u001f';
}

/**
 * The position of an offset. The counter of the library misses lines of a text that is not YAML.
 */
function positionsIn(text: string): (offset: number) => Position {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  return offset => {
    let [line, beyond] = [0, starts.length];
    while (beyond - line > 1) {
      const middle = (line + beyond) >> 1;
      if (starts[middle]! <= offset) line = middle;
      else beyond = middle;
    }
    return { line: line + 1, column: offset - starts[line]! + 1 };
  };
}

interface ProblemAtOffset {
  readonly offset: number;
  readonly problem: ProblemAt;
}

/** Finds duplicate keys, the key `__proto__`, and aliases without an anchor. */
function structureProblems(root: Node | null): ProblemAtOffset[] {
  const problems: ProblemAtOffset[] = [];
  const anchors = new Set<string>();
  const report = (node: unknown, problem: ProblemAt): void => {
    problems.push({ offset: startOf(node) ?? 0, problem });
  };
  const visit = (node: unknown, path: Path): void => {
    if (isAlias(node) && !anchors.has(node.source)) report(node, { path, ...SYNTAX.BAD_ALIAS });
    if (isNode(node) && 'anchor' in node && node.anchor !== undefined) anchors.add(node.anchor);
    if (isSeq(node))
      for (const [index, item] of node.items.entries()) visit(item, [...path, index]);
    if (!isMap(node)) return;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      const name = nameOf(key);
      const at = [...path, name];
      if (seen.has(name)) report(key, { path: at, ...SYNTAX.DUPLICATE_KEY });
      if (name === '__proto__')
        report(key, { path: at, message: 'is not a key of this file.', fix: 'Remove it.' });
      seen.add(name);
      visit(value, at);
    }
  };
  visit(root, []);
  return problems;
}

/**
 * Where a path leads: the key for an entry of a map, the item for a list, the parent for what is
 * missing.
 */
function offsetOf(document: Document.Parsed, path: Path): number {
  let offset = startOf(document.contents) ?? 0;
  let node: unknown = document.contents;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.findLast(({ key }) => nameOf(key) === step);
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
      node = node.items[step];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return offset;
}

function textAt(document: Document.Parsed, path: Path): string | undefined {
  const node = path.reduce<unknown>(
    (holder, step) => inside(isAlias(holder) ? holder.resolve(document) : holder, step),
    document.contents,
  );
  const scalar = isAlias(node) ? node.resolve(document) : node;
  return isScalar(scalar) ? scalar.source : undefined;
}

function inside(node: unknown, step: string | number): unknown {
  if (isMap(node)) return node.items.findLast(({ key }) => nameOf(key) === step)?.value;
  return isSeq(node) && typeof step === 'number' ? node.items[step] : undefined;
}

/** Keys are text: the parser refuses others. */
function nameOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
