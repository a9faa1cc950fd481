/**
 * The strict streaming pass: XML text to a small, immutable tree, or an error at the first fault.
 *
 * Runs before any tolerant parser (threats R4). Accepts one well-formed document without DOCTYPE,
 * and so without entities of its own, within limits that keep every later step short.
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';

export interface XmlElement {
  readonly namespace: string;
  /** Local name. */
  readonly name: string;
  /**
   * Attributes without a namespace by name, others as `{namespace}name`; namespace declarations are
   * left out.
   */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The element's own text, joined; text of children is not in it. */
  readonly text: string;
}

export interface XmlLimits {
  readonly maxElements: number;
  readonly maxDepth: number;
  /** Namespace declarations count too. */
  readonly maxAttributes: number;
  /**
   * `plain` is XML 1.0 in UTF-8 without comments, CDATA sections and processing instructions, and
   * with each ID once: on these, parsers disagree (CVE-2018-0489). `any` is for documents that no
   * other parser reads afterwards; their text was decoded before, so any encoding is declared.
   */
  readonly syntax: 'plain' | 'any';
}

/**
 * Why a text was rejected. The message completes a sentence that begins with the document's name,
 * and contains nothing of the document.
 */
export class XmlRefusal extends Error {
  override readonly name = 'XmlRefusal';
}

interface OpenElement extends XmlElement {
  readonly attributes: Map<string, string>;
  readonly children: XmlElement[];
  text: string;
}

const XMLNS = 'http://www.w3.org/2000/xmlns/';

/** What was read so far. */
interface Reading {
  /** From the root to the element being read. */
  readonly open: OpenElement[];
  readonly ids: Set<string>;
  root: XmlElement | undefined;
  elements: number;
  attributes: number;
}

export type XmlParser = SaxesParser<{ readonly xmlns: true }>;

/** Parses or throws `XmlRefusal`. Linear in the length of the text. */
export function parseStrictXml(text: string, limits: XmlLimits): XmlElement {
  const parser: XmlParser = new SaxesParser({ xmlns: true });
  const reading: Reading = {
    ...{ open: [], ids: new Set() },
    ...{ root: undefined, elements: 0, attributes: 0 },
  };
  forbid(parser, limits.syntax);
  count(parser, reading, limits);
  build(parser, reading, limits.syntax);
  try {
    parser.write(text).close();
  } catch (cause) {
    throw xmlRefusal(parser, cause);
  }
  if (reading.root === undefined) throw new XmlRefusal('is empty');
  return reading.root;
}

/** Why the parser stopped, with the place. */
export function xmlRefusal(
  { line, column }: Pick<XmlParser, 'line' | 'column'>,
  cause: unknown,
): XmlRefusal {
  if (cause instanceof XmlRefusal) return cause;
  return new XmlRefusal(`is not well-formed XML (line ${line}, column ${column})`, { cause });
}

/** Makes the parser throw `XmlRefusal` for what `syntax` leaves out. */
export function forbid(parser: XmlParser, syntax: XmlLimits['syntax']): void {
  const forbidden = (what: string) => () => {
    throw new XmlRefusal(`contains ${what}`);
  };
  parser.on('doctype', forbidden('a DOCTYPE'));
  if (syntax === 'plain') {
    parser.on('processinginstruction', forbidden('a processing instruction'));
    parser.on('cdata', forbidden('a CDATA section'));
    parser.on('comment', forbidden('a comment'));
  }
  const versions = syntax === 'plain' ? ['1.0'] : ['1.0', '1.1'];
  parser.on('xmldecl', ({ version, encoding }) => {
    if (!versions.includes(version ?? '')) throw new XmlRefusal(`is not XML ${versions.at(-1)}`);
    if (syntax === 'plain' && encoding !== undefined && !/^utf-8$/i.test(encoding))
      throw new XmlRefusal('is not declared as UTF-8');
  });
}

function count(parser: XmlParser, reading: Reading, limits: XmlLimits): void {
  parser.on('opentagstart', () => {
    if (++reading.elements > limits.maxElements)
      throw new XmlRefusal(`has more than ${limits.maxElements} elements`);
    if (reading.open.length >= limits.maxDepth)
      throw new XmlRefusal(`is nested deeper than ${limits.maxDepth} elements`);
  });
  parser.on('attribute', () => {
    if (++reading.attributes > limits.maxAttributes)
      throw new XmlRefusal(`has more than ${limits.maxAttributes} attributes`);
  });
}

function build(parser: XmlParser, reading: Reading, syntax: XmlLimits['syntax']): void {
  const { open } = reading;
  const ids = syntax === 'plain' ? reading.ids : undefined;
  parser.on('opentag', tag => {
    const element: OpenElement = {
      namespace: tag.uri,
      name: tag.local,
      attributes: attributesOf(tag, ids),
      children: [],
      text: '',
    };
    open.at(-1)?.children.push(element);
    reading.root ??= element;
    open.push(element);
  });
  const append = (part: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += part;
  };
  parser.on('text', append);
  if (syntax === 'any') parser.on('cdata', append);
  parser.on('closetag', () => void open.pop());
}

/**
 * Signature references find their element by any attribute named id, in any case or namespace, so
 * each value must occur only once.
 */
function attributesOf(tag: SaxesTagNS, ids: Set<string> | undefined): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const { prefix, local, uri, value } of Object.values(tag.attributes)) {
    if (uri === XMLNS) continue;
    attributes.set(prefix === '' ? local : `{${uri}}${local}`, value);
    if (ids === undefined || local.toLowerCase() !== 'id') continue;
    if (ids.has(value)) throw new XmlRefusal('uses one ID twice');
    ids.add(value);
  }
  return attributes;
}

export function childrenNamed(element: XmlElement, namespace: string, name: string): XmlElement[] {
  return element.children.filter(child => child.namespace === namespace && child.name === name);
}

/** Every element of the tree, the root first. */
export function* elementsOf(root: XmlElement): Generator<XmlElement> {
  yield root;
  for (const child of root.children) yield* elementsOf(child);
}

/** The bytes of an xs:base64Binary, blanks apart; undefined if the text is none. */
export function base64Binary(text: string): Buffer | undefined {
  const base64 = text.replace(/[ \t\r\n]+/g, '');
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? bytes : undefined;
}
