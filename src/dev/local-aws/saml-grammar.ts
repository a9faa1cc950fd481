/**
 * What the elements of a SAML response may contain (SAML core, the schemas of protocol and
 * assertion). What is unknown is refused: a condition always is (section 2.5.1.1), and of the
 * others the schema has no place for it.
 */
import { childElements, isNamespaceDeclaration } from './strict-xml.ts';

const SAML = 'urn:oasis:names:tc:SAML:2.0:assertion';
const SAMLP = 'urn:oasis:names:tc:SAML:2.0:protocol';
const DS = 'http://www.w3.org/2000/09/xmldsig#';

const saml = (...names: readonly string[]): readonly string[] =>
  names.map(name => `${SAML} ${name}`);
const samlp = (...names: readonly string[]): readonly string[] =>
  names.map(name => `${SAMLP} ${name}`);
const SIGNATURE = `${DS} Signature`;

/** By namespace and name. What is not a key (an AttributeValue) may contain anything. */
const CHILDREN: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    [`${SAMLP} Response`]: [
      ...saml('Issuer', 'Assertion'),
      ...samlp('Extensions', 'Status'),
      SIGNATURE,
    ],
    [`${SAMLP} Status`]: samlp('StatusCode', 'StatusMessage', 'StatusDetail'),
    [`${SAMLP} StatusCode`]: samlp('StatusCode'),
    [`${SAML} Assertion`]: [
      ...saml('Issuer', 'Subject', 'Conditions', 'Advice', 'Statement'),
      ...saml('AuthnStatement', 'AuthzDecisionStatement', 'AttributeStatement'),
      SIGNATURE,
    ],
    [`${SAML} Subject`]: saml('NameID', 'SubjectConfirmation'),
    [`${SAML} SubjectConfirmation`]: saml('NameID', 'SubjectConfirmationData'),
    [`${SAML} Conditions`]: saml('AudienceRestriction', 'OneTimeUse', 'ProxyRestriction'),
    [`${SAML} AudienceRestriction`]: saml('Audience'),
    [`${SAML} OneTimeUse`]: [],
    [`${SAML} ProxyRestriction`]: saml('Audience'),
    [`${SAML} AuthnStatement`]: saml('SubjectLocality', 'AuthnContext'),
    [`${SAML} AuthnContext`]: saml(
      ...['AuthnContextClassRef', 'AuthnContextDecl', 'AuthnContextDeclRef'],
      'AuthenticatingAuthority',
    ),
    [`${SAML} AttributeStatement`]: saml('Attribute'),
    [`${SAML} Attribute`]: saml('AttributeValue'),
  }).map(([name, children]) => [name, new Set(children)]),
);

/** Of these an unknown attribute changes the meaning as well. */
const ATTRIBUTES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [`${SAML} Conditions`, new Set(['NotBefore', 'NotOnOrAfter'])],
  [`${SAML} AudienceRestriction`, new Set()],
  [`${SAML} OneTimeUse`, new Set()],
  [`${SAML} ProxyRestriction`, new Set(['Count'])],
]);

/** Names an element or attribute that the grammar does not have; undefined if there is none. */
export function unknownPart(element: Element): string | undefined {
  const known = CHILDREN.get(nameOf(element));
  if (known === undefined) return undefined;
  const attributes = ATTRIBUTES.get(nameOf(element));
  const stray = Array.from(element.attributes).find(
    attribute => !isNamespaceDeclaration(attribute) && attributes?.has(attribute.name) === false,
  );
  if (stray !== undefined) return `${element.localName} has the unknown attribute ${stray.name}`;
  for (const child of childElements(element)) {
    if (!known.has(nameOf(child)))
      return `${element.localName} contains the unknown element ${child.nodeName}`;
    const inside = unknownPart(child);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function nameOf({ namespaceURI, localName }: Element): string {
  return `${namespaceURI ?? ''} ${localName}`;
}
