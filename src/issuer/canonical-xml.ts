/**
 * XML that the bridge issues, written in the form in which it is signed: Exclusive XML
 * Canonicalization 1.0 without comments (https://www.w3.org/TR/xml-exc-c14n/).
 *
 * Owns: the form, the escaping, and which characters can be written. Does not own: what is in a
 * document, its signatures (enveloped-signature). It has no parser, and its documents have elements
 * with a prefix, attributes without one, and texts: that is why they are canonical (ADR 55).
 */
import { BridgeError } from '../core/errors.ts';

const NAMESPACES = {
  saml: 'urn:oasis:names:tc:SAML:2.0:assertion',
  samlp: 'urn:oasis:names:tc:SAML:2.0:protocol',
  md: 'urn:oasis:names:tc:SAML:2.0:metadata',
  ds: 'http://www.w3.org/2000/09/xmldsig#',
} as const;

type Prefix = keyof typeof NAMESPACES;

/** An element as data; its children are elements, or one text. Attributes have no namespace. */
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

/**
 * The canonical text of the element as the root of a document, which is also its text as a part of
 * one (exc-c14n section 3). Throws `session_settings_invalid` if a value would not survive parsing.
 */
export function canonicalXml(root: XmlElement): string {
  return write(root, []);
}

/**
 * `declared` are the prefixes that an ancestor in the output declares. A prefix is declared where
 * it is used and no ancestor does (exc-c14n section 3); always with its one namespace.
 */
function write({ name, attributes, children }: XmlElement, declared: readonly Prefix[]): string {
  const prefix = name.slice(0, name.indexOf(':')) as Prefix;
  const isDeclared = declared.includes(prefix);
  const inside = isDeclared ? declared : [...declared, prefix];
  const declaration = isDeclared ? '' : ` xmlns:${prefix}="${NAMESPACES[prefix]}"`;
  const content =
    typeof children === 'string'
      ? escaped(children, IN_TEXT)
      : children.map(child => write(child, inside)).join('');
  // An element without content has an end tag too (Canonical XML 1.0 section 1.1).
  return `<${name}${declaration}${attributeList(attributes)}>${content}</${name}>`;
}

/** By name in the order of code points, as those without a namespace are (section 2.2). */
function attributeList(attributes: XmlElement['attributes']): string {
  return Object.keys(attributes)
    .sort()
    .map(name => ` ${name}="${escaped(attributes[name]!, IN_ATTRIBUTE)}"`)
    .join('');
}

// Canonical XML 1.0 section 2.3. It also escapes carriage returns, and in attributes tabs and line
// feeds, which are not writable here.
const IN_TEXT = /[&<>]/g;
const IN_ATTRIBUTE = /[&<"]/g;
const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

// The characters of XML 1.0 section 2.2, without those that a parser turns into blanks or line
// feeds: tab, line feed and carriage return (sections 2.11, 3.3.3), and U+0085, U+2028 and U+2029,
// which XML 1.1 and some parsers of XML 1.0 read as line ends. Nor the other control characters,
// which XML 1.0 discourages and XML 1.1 restricts.
const WRITABLE = /^[\u0020-\u007E\u00A0-\u2027\u202A-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

function escaped(value: string, special: RegExp): string {
  if (WRITABLE.test(value)) return value.replace(special, character => REFERENCES[character]!);
  throw new BridgeError(
    'session_settings_invalid',
    'a value for a SAML document contains a character that XML does not preserve',
    {
      hint: 'Your identity provider sent a line break or a control character, which AWS does not accept. Contact your administrator and give them the reference.',
    },
  );
}
