/**
 * The answers of the identity provider: a signed Response with a signed Assertion, or a signed
 * Response with a fault.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Person } from '../people.ts';
import type { AuthnRequest } from './authn-request.ts';
import { encryptedAssertion } from './encryption.ts';
import type { Fault, SamlProtection } from './manners.ts';
import { Markup, NAMESPACES, xml } from './xml.ts';
import { signElement } from './xml-signature.ts';

export interface Issuer {
  readonly entityId: string;
  readonly key: CryptoKey;
  /** Base64 of the DER. */
  readonly certificate: string;
  readonly now: () => number;
}

/** What happened between the person and us. Times are epoch milliseconds. */
export interface IdpSession {
  readonly index: string;
  readonly person: Person;
  readonly authenticatedAt: number;
  readonly secondFactor: boolean;
  readonly expiresAt: number;
}

const MULTI_FACTOR_CONTEXT = 'https://refeds.org/profile/mfa';
const PASSWORD_CONTEXT = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';

const STATUS = 'urn:oasis:names:tc:SAML:2.0:status:';
const ASSERTION_LIFETIME_MILLISECONDS = 5 * 60_000;
/** Conditions begin a little earlier than now, for service providers whose clock is behind ours. */
const BACKDATE_MILLISECONDS = 30_000;

/** The first-level status of each fault (core 3.2.2.2): whose doing it is. */
const BLAME: Readonly<Record<Fault, 'Requester' | 'Responder'>> = {
  AuthnFailed: 'Responder',
  InvalidNameIDPolicy: 'Requester',
  NoAuthnContext: 'Responder',
  NoPassive: 'Responder',
  RequestDenied: 'Responder',
};

const FORMAT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:';
const FORMAT_11 = 'urn:oasis:names:tc:SAML:1.1:nameid-format:';

/**
 * How a person is named in each format that we know; persistent names are pairwise, transient ones
 * last one answer.
 */
const NAME_IDS: Readonly<Record<string, (person: Person, pair: string) => string>> = {
  [`${FORMAT}persistent`]: (_person, pair) => createHash('sha256').update(pair).digest('base64url'),
  [`${FORMAT}transient`]: () => newId(),
  [`${FORMAT_11}emailAddress`]: person => person.email,
};
export const NAME_ID_FORMATS = Object.keys(NAME_IDS);
const DEFAULT_NAME_ID_FORMAT = `${FORMAT}persistent`;
/** core 8.3.1: the choice is ours. */
const UNSPECIFIED = `${FORMAT_11}unspecified`;

/** The format to use for what was asked; undefined when it is one that we do not have. */
export function nameIdFormatFor(asked: string | undefined): string | undefined {
  if (asked === undefined || asked === UNSPECIFIED) return DEFAULT_NAME_ID_FORMAT;
  return Object.hasOwn(NAME_IDS, asked) ? asked : undefined;
}

/**
 * The context to state for a session, given what was asked; undefined when nothing that is asked
 * can be stated. Contexts are ordered by strength; who proved two factors has proved a password too
 * (core 3.3.2.2.1).
 */
export function contextFor(
  session: Pick<IdpSession, 'secondFactor'>,
  { contexts, comparison }: AuthnRequest,
): string | undefined {
  const strength = [PASSWORD_CONTEXT, MULTI_FACTOR_CONTEXT];
  const proved = session.secondFactor ? strength : strength.slice(0, 1);
  const best = proved.at(-1)!;
  const asked = contexts.map(context => strength.indexOf(context)).filter(rank => rank >= 0);
  if (contexts.length === 0) return best;
  const matches: Readonly<Record<string, (rank: number) => boolean>> = {
    exact: rank => asked.includes(rank),
    minimum: rank => asked.some(wanted => rank >= wanted),
    maximum: rank => asked.some(wanted => rank <= wanted),
    better: rank => asked.length > 0 && asked.every(wanted => rank > wanted),
  };
  const match = Object.hasOwn(matches, comparison) ? matches[comparison]! : () => false;
  return proved.findLast((_context, rank) => match(rank));
}

/** Who is signed in, and how that is said. */
export interface Statement {
  readonly session: IdpSession;
  readonly context: string;
  readonly protection: SamlProtection;
}

/** The base64 of a Response that signs the person in. */
export async function signedIn(
  issuer: Issuer,
  request: AuthnRequest,
  { session, context, protection: { encrypts, signsResponse } }: Statement,
): Promise<string> {
  const assertionId = newId();
  const format = nameIdFormatFor(request.nameIdFormat) ?? DEFAULT_NAME_ID_FORMAT;
  const assertion = assertionOf({ issuer, request, session, context, format, id: assertionId });
  const { key, certificate } = issuer;
  const signed = await signElement(assertion.text, { key, certificate, id: assertionId });
  const { id, markup } = response(
    issuer,
    request,
    xml`<samlp:StatusCode Value="${STATUS}Success"/>`,
    encrypts === undefined
      ? new Markup(signed)
      : await encryptedAssertion(signed, request.recipient, encrypts),
  );
  if (!signsResponse) return encode(markup.text);
  return encode(await signElement(markup.text, { key, certificate, id }));
}

export interface Failure {
  readonly fault: Fault;
  /** For people; part of the status if given. */
  readonly message?: string | undefined;
}

/** The base64 of a Response that says why the sign-in failed. */
export async function notSignedIn(
  issuer: Issuer,
  request: AuthnRequest,
  { fault, message }: Failure,
): Promise<string> {
  const status = xml`<samlp:StatusCode Value="${STATUS}${BLAME[fault]}"><samlp:StatusCode Value="${STATUS}${fault}"/></samlp:StatusCode>${message === undefined ? undefined : xml`<samlp:StatusMessage>${message}</samlp:StatusMessage>`}`;
  const { id, markup } = response(issuer, request, status);
  return encode(
    await signElement(markup.text, { key: issuer.key, certificate: issuer.certificate, id }),
  );
}

function response(
  issuer: Issuer,
  request: AuthnRequest,
  status: Markup,
  assertion?: Markup,
): { id: string; markup: Markup } {
  const id = newId();
  const inResponseTo = request.id === undefined ? undefined : xml` InResponseTo="${request.id}"`;
  const markup = xml`
    <samlp:Response xmlns:samlp="${NAMESPACES.samlp}" ID="${id}" Version="2.0" IssueInstant="${instant(issuer.now())}" Destination="${request.acsUrl}"${inResponseTo}>
      <saml:Issuer xmlns:saml="${NAMESPACES.saml}">${issuer.entityId}</saml:Issuer>
      <samlp:Status>${status}</samlp:Status>
      ${assertion}
    </samlp:Response>`;
  return { id, markup };
}

interface AssertionParts {
  readonly issuer: Issuer;
  readonly request: AuthnRequest;
  readonly session: IdpSession;
  readonly context: string;
  readonly format: string;
  readonly id: string;
}

function assertionOf({ issuer, request, session, context, format, id }: AssertionParts): Markup {
  const now = issuer.now();
  const end = instant(now + ASSERTION_LIFETIME_MILLISECONDS);
  const name = NAME_IDS[format]!(
    session.person,
    `${issuer.entityId} ${request.serviceProvider} ${session.person.username}`,
  );
  const inResponseTo = request.id === undefined ? undefined : xml` InResponseTo="${request.id}"`;
  return xml`
    <saml:Assertion xmlns:saml="${NAMESPACES.saml}" ID="${id}" Version="2.0" IssueInstant="${instant(now)}">
      <saml:Issuer>${issuer.entityId}</saml:Issuer>
      <saml:Subject>
        <saml:NameID Format="${format}">${name}</saml:NameID>
        <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
          <saml:SubjectConfirmationData NotOnOrAfter="${end}" Recipient="${request.acsUrl}"${inResponseTo}/>
        </saml:SubjectConfirmation>
      </saml:Subject>
      <saml:Conditions NotBefore="${instant(now - BACKDATE_MILLISECONDS)}" NotOnOrAfter="${end}">
        <saml:AudienceRestriction><saml:Audience>${request.serviceProvider}</saml:Audience></saml:AudienceRestriction>
      </saml:Conditions>
      <saml:AuthnStatement AuthnInstant="${instant(session.authenticatedAt)}" SessionIndex="${session.index}" SessionNotOnOrAfter="${instant(session.expiresAt)}">
        <saml:AuthnContext><saml:AuthnContextClassRef>${context}</saml:AuthnContextClassRef></saml:AuthnContext>
      </saml:AuthnStatement>
      <saml:AttributeStatement>${attributesOf(session.person)}</saml:AttributeStatement>
    </saml:Assertion>`;
}

/**
 * A user without groups has no memberOf at all: in practice, SAML has no attribute without a value.
 */
function attributesOf({ username, email, displayName, department, groups }: Person): Markup[] {
  const values: Readonly<Record<string, readonly string[]>> = {
    uid: [username],
    mail: [email],
    displayName: [displayName],
    department: [department],
    memberOf: groups,
  };
  return Object.entries(values)
    .filter(([, all]) => all.length > 0)
    .map(
      ([name, all]) => xml`
        <saml:Attribute Name="${name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic">
          ${all.map(value => xml`<saml:AttributeValue>${value}</saml:AttributeValue>`)}
        </saml:Attribute>`,
    );
}

function newId(): string {
  return `_${randomBytes(20).toString('hex')}`;
}

function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
