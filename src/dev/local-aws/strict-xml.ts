/**
 * XML, read once and strictly: the document that the signature check sees is built from the events
 * of the same parser that refused everything doubtful, so there is no second parser that could read
 * the bytes differently.
 */
import { DOMImplementation } from '@xmldom/xmldom';
import { type SaxesAttributeNS, SaxesParser } from 'saxes';

const MAX_DEPTH = 40;
const MAX_ELEMENTS = 5000;
const MAX_ATTRIBUTES = 64;
const XMLNS = 'http://www.w3.org/2000/xmlns/';

/** Why the text was not taken; the message names the rule, never the content. */
export class XmlRefused extends Error {
  override readonly name = 'XmlRefused';
}

/**
 * Parses XML 1.0 in UTF-8 without DTD, entities of its own or processing instructions. Comments
 * are dropped, as exclusive canonicalization without comments drops them; CDATA becomes text.
 * Throws `XmlRefused`.
 */
export function parseStrictXml(text: string): Document {
  const document = new DOMImplementation().createDocument(null, '', null);
  const parser = new SaxesParser({ xmlns: true, position: false });
  let parent: Node = document;
  let depth = 0;
  let elements = 0;

  const appendText = (data: string): void => {
    if (parent !== document) parent.appendChild(document.createTextNode(data));
  };
  parser.on('error', () => refuse('not well-formed XML'));
  parser.on('xmldecl', checkDeclaration);
  parser.on('doctype', () => refuse('a DOCTYPE is not allowed'));
  parser.on('processinginstruction', () => refuse('processing instructions are not allowed'));
  parser.on('text', appendText);
  parser.on('cdata', appendText);
  parser.on('opentag', tag => {
    depth += 1;
    elements += 1;
    if (depth > MAX_DEPTH) refuse(`nested deeper than ${MAX_DEPTH}`);
    if (elements > MAX_ELEMENTS) refuse(`more than ${MAX_ELEMENTS} elements`);
    const element = document.createElementNS(tag.uri || null, tag.name);
    setAttributes(element, Object.values(tag.attributes));
    parent = parent.appendChild(element);
  });
  parser.on('closetag', () => {
    depth -= 1;
    parent = parent.parentNode ?? refuse('not well-formed XML');
  });
  parser.write(text).close();
  return document;
}

/**
 * XML 1.1 allows characters, line ends and names that a reader of XML 1.0 takes for something else
 * or not at all. The bytes were read as UTF-8, whatever the document says of them.
 */
function checkDeclaration({
  version,
  encoding = 'UTF-8',
}: {
  readonly version?: string | undefined;
  readonly encoding?: string | undefined;
}): void {
  if (version !== '1.0') refuse('not XML 1.0');
  if (!/^utf-8$/i.test(encoding)) refuse('the XML declaration names an encoding other than UTF-8');
}

function setAttributes(element: Element, attributes: readonly SaxesAttributeNS[]): void {
  if (attributes.length > MAX_ATTRIBUTES)
    refuse(`more than ${MAX_ATTRIBUTES} attributes on one element`);
  for (const { name, uri, value } of attributes) {
    const namespace = name === 'xmlns' || name.startsWith('xmlns:') ? XMLNS : uri || null;
    element.setAttributeNS(namespace, name, value);
  }
}

function refuse(reason: string): never {
  throw new XmlRefused(reason);
}

/** The child elements with this name, in document order. */
export function childrenNamed(parent: Node, namespace: string, localName: string): Element[] {
  return childElements(parent).filter(
    child => child.namespaceURI === namespace && child.localName === localName,
  );
}

/** All child elements, in document order. */
export function childElements(parent: Node): Element[] {
  const found: Element[] = [];
  for (let child = parent.firstChild; child !== null; child = child.nextSibling)
    if (isElement(child)) found.push(child);
  return found;
}

export function isNamespaceDeclaration({ namespaceURI }: Attr): boolean {
  return namespaceURI === XMLNS;
}

/** All elements below and including `root`, in document order. */
export function* elementsOf(root: Element): Generator<Element> {
  yield root;
  for (let child = root.firstChild; child !== null; child = child.nextSibling) {
    if (isElement(child)) yield* elementsOf(child);
  }
}

/** An attribute without namespace; undefined when absent. */
export function attributeOf(element: Element, name: string): string | undefined {
  return element.hasAttribute(name) ? (element.getAttribute(name) ?? undefined) : undefined;
}

/** The text of an element that holds text only. Throws `XmlRefused` when it holds elements. */
export function textOf(element: Element): string {
  for (let child = element.firstChild; child !== null; child = child.nextSibling) {
    if (isElement(child)) refuse(`${element.localName} holds elements where text is expected`);
  }
  return element.textContent ?? '';
}

function isElement(node: Node): node is Element {
  return node.nodeType === 1;
}
