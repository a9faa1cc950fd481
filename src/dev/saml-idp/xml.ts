/**
 * XML in and out, as strict as a production identity provider should be.
 *
 * Reading: a streaming parser that stops at the first fault and knows no DTD; what is read is a
 * plain tree, so nothing can be looked up by a loose path. Writing: a template tag that escapes
 * every value put into it.
 */
import { SaxesParser } from 'saxes';

export const NAMESPACES = {
  saml: 'urn:oasis:names:tc:SAML:2.0:assertion',
  samlp: 'urn:oasis:names:tc:SAML:2.0:protocol',
  md: 'urn:oasis:names:tc:SAML:2.0:metadata',
  ds: 'http://www.w3.org/2000/09/xmldsig#',
  xenc: 'http://www.w3.org/2001/04/xmlenc#',
  xenc11: 'http://www.w3.org/2009/xmlenc11#',
} as const;

export type Prefix = keyof typeof NAMESPACES;

export interface XmlElement {
  /**
   * `samlp:AuthnRequest` with our own prefix for the namespaces that we know, `{uri}name` for all
   * others.
   */
  readonly name: string;
  /** Attributes without a namespace, by local name. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The element's own text, not that of its children, as it stands. */
  readonly text: string;
}

interface GrowingElement extends XmlElement {
  readonly attributes: Map<string, string>;
  readonly children: GrowingElement[];
  text: string;
}

const MAX_DEPTH = 20;
const MAX_ELEMENTS = 500;
const MAX_CHARACTERS = 200_000;

const PREFIXES = new Map<string, Prefix>(
  Object.entries(NAMESPACES).map(([prefix, uri]) => [uri, prefix as Prefix]),
);

/** Parses a whole document. Throws an Error that says what is wrong with it. */
export function parseXml(text: string): XmlElement {
  if (text.length > MAX_CHARACTERS)
    throw new Error(`the document is longer than ${MAX_CHARACTERS} characters`);
  const parser = new SaxesParser({ xmlns: true });
  const open: GrowingElement[] = [];
  let root: GrowingElement | undefined;
  let count = 0;
  const refuse = (what: string) => (): never => {
    throw new Error(`the document holds ${what}`);
  };
  parser.on('error', error => {
    throw new Error(`the document is not well-formed: ${error.message}`);
  });
  parser.on('doctype', refuse('a document type declaration'));
  parser.on('processinginstruction', refuse('a processing instruction'));
  parser.on('comment', refuse('a comment'));
  parser.on('cdata', refuse('a CDATA section'));
  parser.on('opentag', tag => {
    count += 1;
    if (count > MAX_ELEMENTS || open.length >= MAX_DEPTH)
      throw new Error('the document has too many elements');
    const element: GrowingElement = {
      name: nameOf(tag.uri, tag.local),
      attributes: new Map(
        Object.values(tag.attributes)
          .filter(attribute => attribute.uri === '')
          .map(attribute => [attribute.local, attribute.value]),
      ),
      children: [],
      text: '',
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('text', value => {
    const current = open.at(-1);
    if (current) current.text += value;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(text).close();
  if (root === undefined) throw new Error('the document is empty');
  return root;
}

function nameOf(uri: string, local: string): string {
  const prefix = PREFIXES.get(uri);
  return prefix === undefined ? `{${uri}}${local}` : `${prefix}:${local}`;
}

/** All children of that name. */
export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter(child => child.name === name);
}

/** The only child of that name; undefined when there is none. Throws when there are two. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  const [first, second] = childrenOf(element, name);
  if (second !== undefined) throw new Error(`${element.name} has more than one ${name}`);
  return first;
}

/** Text that is well-formed XML already. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/**
 * ``xml`<a b="${value}">${value}</a>` ``: strings are escaped, markup and lists of markup go in as
 * they are, undefined is nothing.
 */
export function xml(
  strings: TemplateStringsArray,
  ...values: readonly (string | Markup | readonly Markup[] | undefined)[]
): Markup {
  const written = values.map(value => {
    if (value === undefined) return '';
    if (value instanceof Markup) return value.text;
    if (typeof value === 'string')
      return value.replaceAll(/[&<>"'\t\n\r]/g, character => ESCAPES[character]!);
    return value.map(markup => markup.text).join('');
  });
  // Line breaks between elements are for the reader of the source, not part of the document.
  const literals = strings.map(literal =>
    literal.replaceAll(/^\s*\n\s*$|(?<=>)\s*\n\s*|\s*\n\s*(?=<)/g, ''),
  );
  return new Markup(literals.map((literal, index) => literal + (written[index] ?? '')).join(''));
}
