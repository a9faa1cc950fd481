/**
 * The strict streaming pass: XML text to a small, immutable tree, or an error at the first fault.
 *
 * Runs before any tolerant parser (threats R4). Accepts one well-formed XML 1.0 document without
 * DOCTYPE, processing instructions or CDATA, within limits that keep every later step short.
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
  /** Comments split text, and parsers disagree on what is left (CVE-2018-0489). */
  readonly comments: 'refused' | 'skipped';
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

type Parser = SaxesParser<{ readonly xmlns: true }>;

/** Parses or throws `XmlRefusal`. Linear in the length of the text. */
export function parseStrictXml(text: string, limits: XmlLimits): XmlElement {
  const parser: Parser = new SaxesParser({ xmlns: true });
  const reading: Reading = {
    ...{ open: [], ids: new Set() },
    ...{ root: undefined, elements: 0, attributes: 0 },
  };
  forbid(parser, limits);
  count(parser, reading, limits);
  build(parser, reading);
  try {
    parser.write(text).close();
  } catch (cause) {
    if (cause instanceof XmlRefusal) throw cause;
    throw new XmlRefusal(`is not well-formed XML (line ${parser.line}, column ${parser.column})`, {
      cause,
    });
  }
  if (reading.root === undefined) throw new XmlRefusal('is empty');
  return reading.root;
}

function forbid(parser: Parser, limits: XmlLimits): void {
  const forbidden = (what: string) => () => {
    throw new XmlRefusal(`contains ${what}`);
  };
  parser.on('doctype', forbidden('a DOCTYPE'));
  parser.on('processinginstruction', forbidden('a processing instruction'));
  parser.on('cdata', forbidden('a CDATA section'));
  parser.on('comment', limits.comments === 'refused' ? forbidden('a comment') : () => {});
  parser.on('xmldecl', ({ version, encoding }) => {
    if (version !== '1.0') throw new XmlRefusal('is not XML 1.0');
    if (encoding !== undefined && !/^utf-8$/i.test(encoding))
      throw new XmlRefusal('is not declared as UTF-8');
  });
}

function count(parser: Parser, reading: Reading, limits: XmlLimits): void {
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

function build(parser: Parser, reading: Reading): void {
  const { open, ids } = reading;
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
  parser.on('text', part => {
    const element = open.at(-1);
    if (element !== undefined) element.text += part;
  });
  parser.on('closetag', () => void open.pop());
}

/**
 * Signature references find their element by any attribute named id, in any case or namespace, so
 * each value must occur only once.
 */
function attributesOf(tag: SaxesTagNS, ids: Set<string>): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const { prefix, local, uri, value } of Object.values(tag.attributes)) {
    if (uri === XMLNS) continue;
    attributes.set(prefix === '' ? local : `{${uri}}${local}`, value);
    if (local.toLowerCase() !== 'id') continue;
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
