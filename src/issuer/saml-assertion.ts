/**
 * The signed `samlp:Response` for AssumeRoleWithSAML.
 *
 * Its content follows the IAM User Guide, "Configure SAML assertions for the authentication
 * response". It answers no request, so it has no InResponseTo (SAML profiles section 4.1.5).
 * Destination is the Recipient, as in every response that is posted (bindings section 3.5.5.2),
 * although ours is sent in an API call. Assertion and response are signed unless the account wants
 * the assertion alone: AWS does not document which one it requires.
 */
import { randomBytes } from 'node:crypto';
import type { AssertionSubject } from '../core/assumed-role.ts';
import { BridgeError } from '../core/errors.ts';
import type { PartitionFacts } from '../core/partitions.ts';
import { type SamlTrust, samlProviderArn } from '../core/role.ts';
import type { Instant, Seconds } from '../core/time.ts';
import { canonicalXml, element, type XmlElement } from './canonical-xml.ts';
import { type Unsigned, withSignature } from './enveloped-signature.ts';
import type { SigningKey } from './signing-keys.ts';

export interface SamlResponseOptions {
  readonly subject: AssertionSubject;
  /** Names the IAM SAML provider in the role's account, and says what is signed. */
  readonly trust: SamlTrust;
  readonly entityId: string;
  readonly partition: PartitionFacts;
  readonly key: SigningKey;
  readonly now: Instant;
}

/** STS accepts a response for five minutes from its IssueInstant. */
const LIFETIME: Seconds = 300;
/** Accepted lead of our clock over that of AWS. */
const CLOCK_SKEW: Seconds = 60;
/** STS quota: length of the SAMLAssertion parameter, which is base64. */
const MAX_CHARACTERS = 100_000;

/**
 * The response in base64. Throws `session_settings_invalid` if the session tags make it longer than
 * STS accepts.
 */
export function issueSamlResponse(options: SamlResponseOptions): string {
  const { subject, trust, entityId, partition, key, now } = options;
  const recipient = partition.samlRecipient(subject.account.region);
  const response: Unsigned = {
    name: 'samlp:Response',
    attributes: { ...identified(now), Destination: recipient },
    children: [
      element('saml:Issuer', {}, entityId),
      element('samlp:Status', {}, [
        element('samlp:StatusCode', { Value: 'urn:oasis:names:tc:SAML:2.0:status:Success' }),
      ]),
      withSignature(assertion(options, recipient), key),
    ],
  };
  const root = trust.signatures === 'assertion' ? response : withSignature(response, key);
  const base64 = Buffer.from(canonicalXml(root)).toString('base64');
  if (base64.length > MAX_CHARACTERS) {
    throw new BridgeError(
      'session_settings_invalid',
      `the SAML response for ${subject.role} has more than ${MAX_CHARACTERS} characters`,
      {
        hint: 'Your session tags for this role exceed the limits of AWS. Contact your administrator and give them the reference.',
      },
    );
  }
  return base64;
}

function assertion(options: SamlResponseOptions, recipient: string): Unsigned {
  const { entityId, now } = options;
  return {
    name: 'saml:Assertion',
    attributes: identified(now),
    children: [
      element('saml:Issuer', {}, entityId),
      subjectElement(options, recipient),
      conditions(options),
      authnStatement(options),
      attributeStatement(options),
    ],
  };
}

/** What assertions and responses have in common (SAML core sections 2.3.3 and 3.2.2). */
function identified(now: Instant): Unsigned['attributes'] {
  return { ID: freshId(), Version: '2.0', IssueInstant: dateTime(now) };
}

function subjectElement({ subject, now }: SamlResponseOptions, recipient: string): XmlElement {
  const format = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
  return element('saml:Subject', {}, [
    element('saml:NameID', { Format: format }, subject.principal),
    element('saml:SubjectConfirmation', { Method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer' }, [
      element('saml:SubjectConfirmationData', { NotOnOrAfter: endOf(now), Recipient: recipient }),
    ]),
  ]);
}

function conditions({ partition, now }: SamlResponseOptions): XmlElement {
  const lifetime = { NotBefore: dateTime(now - CLOCK_SKEW * 1000), NotOnOrAfter: endOf(now) };
  return element('saml:Conditions', lifetime, [
    element('saml:AudienceRestriction', {}, [element('saml:Audience', {}, partition.samlAudience)]),
  ]);
}

function authnStatement({ subject, now }: SamlResponseOptions): XmlElement {
  const { session, authenticatedAt } = subject;
  // STS ends the session at SessionNotOnOrAfter; the requested session must fit even if the
  // assertion is redeemed late.
  const longest = Math.max(session.durationSeconds, session.consoleSeconds ?? 0) + LIFETIME;
  const times = {
    AuthnInstant: dateTime(authenticatedAt ?? now),
    SessionNotOnOrAfter: dateTime(now + longest * 1000),
  };
  // How the user signed in is the corporate identity provider's statement; AWS does not use it.
  const method = 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified';
  return element('saml:AuthnStatement', times, [
    element('saml:AuthnContext', {}, [element('saml:AuthnContextClassRef', {}, method)]),
  ]);
}

function attributeStatement({ subject, trust, partition }: SamlResponseOptions): XmlElement {
  return element(
    'saml:AttributeStatement',
    {},
    awsAttributes(subject, trust.provider).map(({ name, values }) =>
      element(
        'saml:Attribute',
        { Name: partition.samlAttributePrefix + name },
        values.map(value => element('saml:AttributeValue', {}, value)),
      ),
    ),
  );
}

function endOf(now: Instant): string {
  return dateTime(now + LIFETIME * 1000);
}

function awsAttributes(
  { account, role, sessionName, session }: AssertionSubject,
  provider: string,
): { readonly name: string; readonly values: readonly string[] }[] {
  return [
    { name: 'Role', values: [`${role},${samlProviderArn(account, provider)}`] },
    { name: 'RoleSessionName', values: [sessionName] },
    // Limits the console session. On the API it could only shorten the requested duration, so both
    // are the same.
    { name: 'SessionDuration', values: [String(session.durationSeconds)] },
    ...session.tags.map(({ key, value }) => ({ name: `PrincipalTag:${key}`, values: [value] })),
    { name: 'TransitiveTagKeys', values: session.transitiveTags },
    {
      name: 'SourceIdentity',
      values: session.sourceIdentity === undefined ? [] : [session.sourceIdentity],
    },
  ].filter(({ values }) => values.length > 0);
}

/** 160 random bits; the underscore makes it an xs:ID (SAML core section 1.3.4). */
function freshId(): string {
  return `_${randomBytes(20).toString('hex')}`;
}

/** UTC in whole seconds (SAML core section 1.3.3). */
function dateTime(instant: Instant): string {
  return `${new Date(instant).toISOString().slice(0, 19)}Z`;
}
