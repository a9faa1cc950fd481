/**
 * What a Response and its Assertion must contain for a sign-in (saml-profiles 4.1.4, saml-core 2;
 * threats R5 to R8).
 *
 * The Response is checked as received; the Assertion only as the engine returns it, from the signed
 * bytes.
 */

import type { Instant, Seconds } from '../../core/time.ts';
import { MINUTE } from '../../core/time.ts';
import { difference, shown } from './difference.ts';
import { refusal } from './refusal.ts';
import { SAML_ASSERTION } from './response.ts';
import { childrenNamed, type XmlElement } from './strict-xml.ts';

export interface ProfileExpectations {
  readonly idpEntityId: string;
  /** Our entityID: the audience. */
  readonly entityId: string;
  readonly acsUrl: string;
  /** The ID of our AuthnRequest; undefined for an unsolicited response. */
  readonly requestId: string | undefined;
  readonly now: Instant;
  readonly clockSkewSeconds: Seconds;
}

export interface AssertedPerson {
  readonly assertionId: string;
  /** IssueInstant. */
  readonly issuedAt: Instant;
  /** From this time on the Assertion is rejected for its age; includes the clock skew. */
  readonly acceptedUntil: Instant;
  /** The end of the Assertion as the IdP set it; at most five minutes after its issue. */
  readonly expiresAt: Instant;
  readonly nameId: NameId;
  /** Values by attribute name, without attributes that have no text value. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  readonly authenticatedAt: Instant;
  /** `AuthnContextClassRef`. */
  readonly methods: readonly string[];
  readonly sessionNotAfter: Instant | undefined;
}

export interface NameId {
  readonly text: string;
  readonly format: string;
}

/** The greatest age of a response, whatever its own times allow (threats R8). */
const MAX_AGE: Seconds = 5 * MINUTE;

const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const ENTITY_FORMAT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:entity';
export const PERSISTENT_FORMAT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
export const EMAIL_FORMAT = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
export const UNSPECIFIED_FORMAT = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified';
const XML_SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/** The formats of saml-core 8.3 by the last part of their names, as they are spelled. */
const FORMATS: ReadonlyMap<string, string> = new Map(
  [
    ...[PERSISTENT_FORMAT, EMAIL_FORMAT, UNSPECIFIED_FORMAT],
    'urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName',
    'urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName',
    'urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos',
    'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  ].map(format => [format.slice(format.lastIndexOf(':') + 1).toLowerCase(), format]),
);
/** With the version of the other SAML, in another letter case, or with blanks around it. */
const FORMAT = /^urn:oasis:names:tc:saml:(?:1\.1|2\.0):nameid-format:([a-z0-9]+)$/i;

/** The format that a common misspelling means; any other text as it is. */
function canonicalFormat(text: string): string {
  const trimmed = text.trim();
  const name = FORMAT.exec(trimmed)?.[1]?.toLowerCase() ?? '';
  return FORMATS.get(name) ?? trimmed;
}

/**
 * Known conditions and how often each may occur. An unknown condition makes the Assertion unusable
 * (saml-core 2.5.1.1).
 */
const CONDITIONS: Readonly<Record<string, number>> = {
  AudienceRestriction: 10,
  OneTimeUse: 1,
  ProxyRestriction: 1,
};

/** Checks the Response element. Throws `saml_response_refused`. */
export function checkResponse(response: XmlElement, expected: ProfileExpectations): void {
  checkHeader(response, expected);
  const destination = response.attributes.get('Destination');
  if (destination === undefined) throw refusal('the Response has no Destination');
  if (destination !== expected.acsUrl)
    throw refusal(
      `the Destination of the Response is not our assertion consumer service${difference(destination, expected.acsUrl)}`,
    );
  checkInResponseTo(response, expected.requestId);
}

/** Checks the signed Assertion and reads the user from it. Throws `saml_response_refused`. */
export function readAssertion(
  assertion: XmlElement,
  expected: ProfileExpectations,
): AssertedPerson {
  const issuedAt = checkHeader(assertion, expected);
  const subject = only(assertion, 'Subject');
  const nameId = readNameId(subject, expected);
  const confirmedUntil = checkConfirmations(subject, expected);
  const conditionsUntil = checkConditions(only(assertion, 'Conditions'), expected);
  const statement = readAuthnStatement(only(assertion, 'AuthnStatement'), expected);
  const expiresAt = Math.min(confirmedUntil, conditionsUntil, issuedAt + MAX_AGE * 1000);
  return {
    assertionId: assertion.attributes.get('ID')!,
    issuedAt,
    expiresAt,
    acceptedUntil: expiresAt + expected.clockSkewSeconds * 1000,
    nameId,
    attributes: readAttributes(assertion),
    ...statement,
  };
}

/**
 * Checks Version, ID, Issuer and IssueInstant of a Response or Assertion, and returns the latter.
 */
function checkHeader(
  element: XmlElement,
  { idpEntityId, now, clockSkewSeconds }: ProfileExpectations,
): Instant {
  const { name, attributes } = element;
  if (attributes.get('Version') !== '2.0') throw refusal(`the ${name} is not of SAML version 2.0`);
  if (!attributes.get('ID')) throw refusal(`the ${name} has no ID`);
  const issuer = only(element, 'Issuer');
  const format = issuer.attributes.get('Format') ?? ENTITY_FORMAT;
  if (textOf(issuer) !== idpEntityId || format !== ENTITY_FORMAT)
    throw refusal(
      `the Issuer of the ${name} is not the IdP of this connector (it is ${shown(textOf(issuer))}, and the metadata says ${shown(idpEntityId)})`,
    );
  const issuedAt = requiredInstant(element, 'IssueInstant');
  if (issuedAt > now + clockSkewSeconds * 1000)
    throw clockRefusal(`the ${name} was issued in the future`);
  if (now >= issuedAt + (MAX_AGE + clockSkewSeconds) * 1000)
    throw clockRefusal(`the ${name} was issued more than 5 minutes ago`);
  return issuedAt;
}

function checkInResponseTo(element: XmlElement, requestId: string | undefined): void {
  const { name, attributes } = element;
  const inResponseTo = attributes.get('InResponseTo');
  if (inResponseTo === requestId) return;
  if (requestId === undefined)
    throw refusal(`the ${name} answers a request, but none was made in this browser`);
  throw refusal(
    inResponseTo === undefined
      ? `the ${name} does not say which request it answers`
      : `the ${name} answers another request`,
  );
}

/**
 * The Subject contains one NameID, text only. The qualifiers of a persistent NameID must name this
 * IdP and this bridge (saml-core 8.3.7): under another qualifier the same text is another user.
 */
function readNameId(subject: XmlElement, { idpEntityId, entityId }: ProfileExpectations): NameId {
  if (
    subject.children.some(
      child =>
        child.namespace !== SAML_ASSERTION ||
        !['NameID', 'SubjectConfirmation'].includes(child.name),
    )
  ) {
    throw refusal('the Subject has a child element other than NameID and SubjectConfirmation');
  }
  const element = only(subject, 'NameID');
  const text = textOf(element);
  if (text === '' || text.length > 256)
    throw refusal('the NameID is empty or longer than 256 characters');
  const format = canonicalFormat(element.attributes.get('Format') ?? UNSPECIFIED_FORMAT);
  if (format === PERSISTENT_FORMAT) {
    const fits = (qualifier: string, owner: string) =>
      (element.attributes.get(qualifier) ?? owner) === owner;
    if (!fits('NameQualifier', idpEntityId))
      throw refusal('the NameID is qualified by another IdP (NameQualifier)');
    if (!fits('SPNameQualifier', entityId))
      throw refusal('the NameID was made for another service provider (SPNameQualifier)');
  }
  return { text, format };
}

/**
 * The latest end of the valid bearer confirmations; one is required (saml-profiles 4.1.4.3).
 */
function checkConfirmations(subject: XmlElement, expected: ProfileExpectations): Instant {
  const bearers = childrenNamed(subject, SAML_ASSERTION, 'SubjectConfirmation').filter(
    confirmation => confirmation.attributes.get('Method') === BEARER,
  );
  if (bearers.length === 0) throw refusal('the Subject has no bearer confirmation');
  const ends: Instant[] = [];
  let fault: unknown;
  for (const bearer of bearers) {
    try {
      ends.push(checkConfirmation(only(bearer, 'SubjectConfirmationData'), expected));
    } catch (refused) {
      fault ??= refused;
    }
  }
  if (ends.length === 0) throw fault;
  return Math.max(...ends);
}

function checkConfirmation(data: XmlElement, expected: ProfileExpectations): Instant {
  const recipient = data.attributes.get('Recipient');
  if (recipient !== expected.acsUrl)
    throw refusal(
      `the Recipient of the SubjectConfirmationData is not our assertion consumer service${difference(recipient, expected.acsUrl)}`,
    );
  if (data.attributes.has('NotBefore'))
    throw refusal('the SubjectConfirmationData has a NotBefore, which the profile forbids');
  checkInResponseTo(data, expected.requestId);
  return checkEnd(data, requiredInstant(data, 'NotOnOrAfter'), expected);
}

/** The end of the Conditions, or infinity if they have none: the confirmation always has one. */
function checkConditions(conditions: XmlElement, expected: ProfileExpectations): Instant {
  for (const { namespace, name } of conditions.children) {
    const known = namespace === SAML_ASSERTION && Object.hasOwn(CONDITIONS, name);
    if (!known) throw refusal('the Conditions contain a condition that this bridge does not know');
    if (childrenNamed(conditions, namespace, name).length > CONDITIONS[name]!)
      throw refusal(`the Conditions contain too many of ${name}`);
  }
  const restrictions = childrenNamed(conditions, SAML_ASSERTION, 'AudienceRestriction');
  if (restrictions.length === 0) throw refusal('the Conditions restrict no audience');
  for (const restriction of restrictions) {
    const audiences = childrenNamed(restriction, SAML_ASSERTION, 'Audience').map(textOf);
    if (!audiences.includes(expected.entityId))
      throw refusal(
        `an AudienceRestriction does not name this bridge (it names ${audiences.slice(0, 3).map(shown).join(', ') || 'no audience'}, and must name ${shown(expected.entityId)})`,
      );
  }
  const notBefore = optionalInstant(conditions, 'NotBefore');
  if (notBefore !== undefined && notBefore > expected.now + expected.clockSkewSeconds * 1000) {
    throw clockRefusal('the Conditions are not yet valid (NotBefore)');
  }
  const notOnOrAfter = optionalInstant(conditions, 'NotOnOrAfter');
  return notOnOrAfter === undefined
    ? Number.POSITIVE_INFINITY
    : checkEnd(conditions, notOnOrAfter, expected);
}

function readAuthnStatement(
  statement: XmlElement,
  expected: ProfileExpectations,
): Pick<AssertedPerson, 'authenticatedAt' | 'methods' | 'sessionNotAfter'> {
  const authenticatedAt = requiredInstant(statement, 'AuthnInstant');
  if (authenticatedAt > expected.now + expected.clockSkewSeconds * 1000)
    throw clockRefusal('the AuthnInstant is in the future');
  const sessionNotAfter = optionalInstant(statement, 'SessionNotOnOrAfter');
  if (sessionNotAfter !== undefined && expected.now >= sessionNotAfter)
    throw refusal('the session at the IdP has expired (SessionNotOnOrAfter)');
  const context = only(statement, 'AuthnContext');
  return {
    authenticatedAt,
    sessionNotAfter,
    methods: childrenNamed(context, SAML_ASSERTION, 'AuthnContextClassRef').map(textOf),
  };
}

/**
 * Several statements, and several Attributes of one name (Keycloak's role list), are one list of
 * values.
 */
function readAttributes(assertion: XmlElement): Map<string, string[]> {
  const attributes = new Map<string, string[]>();
  for (const attribute of childrenNamed(assertion, SAML_ASSERTION, 'AttributeStatement').flatMap(
    statement => childrenNamed(statement, SAML_ASSERTION, 'Attribute'),
  )) {
    const name = attribute.attributes.get('Name');
    if (!name) throw refusal('an Attribute has no Name');
    const values = childrenNamed(attribute, SAML_ASSERTION, 'AttributeValue')
      .filter(
        value =>
          value.children.length === 0 &&
          value.attributes.get(`{${XML_SCHEMA_INSTANCE}}nil`) === undefined,
      )
      .map(value => withoutLayout(value.text));
    if (values.length > 0) attributes.set(name, [...(attributes.get(name) ?? []), ...values]);
  }
  return attributes;
}

function checkEnd(
  { name }: XmlElement,
  notOnOrAfter: Instant,
  { now, clockSkewSeconds }: ProfileExpectations,
): Instant {
  if (now >= notOnOrAfter + clockSkewSeconds * 1000)
    throw clockRefusal(`the ${name} has expired (NotOnOrAfter)`);
  return notOnOrAfter;
}

function clockRefusal(why: string) {
  return refusal(
    `${why}; if this happens to all users, compare the clocks of the IdP and the bridge`,
    {
      hint: 'Start again at the sign-in page and continue without a pause. If the problem persists, the clocks of the identity provider and this bridge may be out of sync.',
    },
  );
}

function only(parent: XmlElement, name: string): XmlElement {
  const [child, ...more] = childrenNamed(parent, SAML_ASSERTION, name);
  if (child === undefined) throw refusal(`the ${parent.name} has no ${name}`);
  if (more.length > 0) throw refusal(`the ${parent.name} has more than one ${name}`);
  return child;
}

/** Text of an element that must contain nothing else, without the layout around it. */
function textOf(element: XmlElement): string {
  if (element.children.length > 0)
    throw refusal(`the ${element.name} contains elements where only text is allowed`);
  return withoutLayout(element.text);
}

const XML_SPACE = ' \t\r\n';

/**
 * Whitespace with a line break at either end of a text is the layout of pretty-printed XML. Any
 * other whitespace is part of the text: "a " and "a" are two groups (threats R12). Linear.
 */
function withoutLayout(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && XML_SPACE.includes(text[from]!)) from++;
  while (to > from && XML_SPACE.includes(text[to - 1]!)) to--;
  const [before, after] = [text.slice(0, from), text.slice(to)];
  return text.slice(hasLineBreak(before) ? from : 0, hasLineBreak(after) ? to : text.length);
}

function hasLineBreak(space: string): boolean {
  return /[\r\n]/.test(space);
}

function requiredInstant(element: XmlElement, name: string): Instant {
  const instant = optionalInstant(element, name);
  if (instant === undefined) throw refusal(`the ${element.name} has no ${name}`);
  return instant;
}

/** Times are in UTC (saml-core 1.3.3). */
function optionalInstant(element: XmlElement, name: string): Instant | undefined {
  const text = element.attributes.get(name);
  if (text === undefined) return undefined;
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(instant))
    throw refusal(`the ${name} of the ${element.name} is not a time in UTC`);
  return instant;
}
