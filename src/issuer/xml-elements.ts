/**
 * Elements of SAML documents, made by the DOM, so that text of users or identity providers cannot
 * become markup.
 */
import { DOMImplementation, XMLSerializer } from '@xmldom/xmldom';
import { BridgeError } from '../core/errors.ts';

const NAMESPACES = {
  saml: 'urn:oasis:names:tc:SAML:2.0:assertion',
  samlp: 'urn:oasis:names:tc:SAML:2.0:protocol',
  md: 'urn:oasis:names:tc:SAML:2.0:metadata',
  ds: 'http://www.w3.org/2000/09/xmldsig#',
} as const;

type Prefix = keyof typeof NAMESPACES;

/** An element as data; its children are elements, or one text. */
export interface XmlElement {
  readonly name: `${Prefix}:${string}`;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[] | string;
}

export function element(
  name: XmlElement['name'],
  attributes: XmlElement['attributes'] = {},
  children: XmlElement['children'] = [],
): XmlElement {
  return { name, attributes, children };
}

/** The document as text. Throws `session_settings_invalid` if a value would not survive parsing. */
export function serializeXml(root: XmlElement): string {
  const document = new DOMImplementation().createDocument(null, '', null);
  document.appendChild(build(document, root));
  return new XMLSerializer().serializeToString(document);
}

function build(document: Document, { name, attributes, children }: XmlElement): Element {
  const node = document.createElementNS(
    NAMESPACES[name.slice(0, name.indexOf(':')) as Prefix],
    name,
  );
  for (const [attribute, value] of Object.entries(attributes))
    node.setAttribute(attribute, checked(value));
  if (typeof children === 'string') node.appendChild(document.createTextNode(checked(children)));
  else for (const child of children) node.appendChild(build(document, child));
  return node;
}

// The characters of XML 1.0 section 2.2, without those that a parser turns into blanks or line
// feeds: tab, line feed and carriage return (sections 2.11, 3.3.3), and U+0085, U+2028 and U+2029,
// which XML 1.1 and some parsers of XML 1.0 read as line ends.
const SAYABLE = /^[\u0020-\u0084\u0086-\u2027\u202A-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

function checked(text: string): string {
  if (SAYABLE.test(text)) return text;
  throw new BridgeError(
    'session_settings_invalid',
    'a value for a SAML document contains a character that XML does not preserve',
    {
      hint: 'Your identity provider sent a line break or a control character, which AWS does not accept. Contact your administrator and give them the reference.',
    },
  );
}
