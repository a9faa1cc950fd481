/**
 * A SAML identity provider for tests. It signs with xml-crypto; the local AWS checks with
 * xmldsigjs.
 */
import { randomUUID } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import { type KeyWithCertificate, makeCertificate } from './certificate.ts';

export const ENTITY_ID = 'https://idp.example.com/saml';
const AWS = 'https://aws.amazon.com/SAML/Attributes/';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';

let shared: KeyWithCertificate | undefined;

/** One key for all tests of a file: making RSA keys is slow. */
export function idpKey(): KeyWithCertificate {
  shared ??= makeCertificate();
  return shared;
}

export function metadataXml(
  certificates: readonly string[],
  { entityId = ENTITY_ID, validUntil = '' } = {},
): string {
  const keys = certificates.map(
    certificate =>
      `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
  );
  return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}"${validUntil && ` validUntil="${validUntil}"`}><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${keys.join('')}<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`;
}

export interface ResponseOptions {
  readonly now?: number;
  /** `Role` values, "roleArn,providerArn". */
  readonly roles: readonly string[];
  readonly sessionName?: readonly string[];
  readonly sessionDuration?: string;
  readonly sourceIdentity?: string;
  readonly tags?: Readonly<Record<string, readonly string[]>>;
  readonly transitiveKeys?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  readonly attributePrefix?: string;
  readonly issuer?: string;
  readonly nameId?: string;
  readonly nameIdFormat?: string;
  readonly recipient?: string;
  readonly audiences?: readonly string[];
  readonly issueInstant?: number;
  readonly notBefore?: number;
  readonly notOnOrAfter?: number;
  readonly confirmationNotOnOrAfter?: number | undefined;
  readonly sessionNotOnOrAfter?: number;
  readonly status?: string;
  /** Changes the XML before it is signed. */
  readonly beforeSigning?: (xml: string) => string;
  /** Changes the XML after it was signed. */
  readonly afterSigning?: (xml: string) => string;
  readonly sign?: readonly ('Assertion' | 'Response')[];
  readonly key?: KeyWithCertificate;
  readonly signatureAlgorithm?: string;
  readonly digestAlgorithm?: string;
  readonly transforms?: readonly string[];
}

/** Base64 of a response that AWS takes, unless an option makes it one that it does not. */
export function samlResponse(options: ResponseOptions): string {
  const xml = (options.beforeSigning ?? same)(unsignedXml(options));
  const signed = (options.sign ?? ['Assertion']).reduce(
    (text, element) => signElement(text, element, options),
    xml,
  );
  return Buffer.from((options.afterSigning ?? same)(signed)).toString('base64');
}

function same(text: string): string {
  return text;
}

function unsignedXml(options: ResponseOptions): string {
  const now = options.now ?? Date.now();
  const iso = (time: number): string => new Date(time).toISOString();
  const {
    issuer = ENTITY_ID,
    nameIdFormat = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    nameId = 'k3jx2q7d5vbn4mza',
  } = options;
  const issueInstant = iso(options.issueInstant ?? now);
  const confirmationEnd =
    'confirmationNotOnOrAfter' in options ? options.confirmationNotOnOrAfter : now + 300_000;
  const sessionEnd =
    options.sessionNotOnOrAfter === undefined
      ? ''
      : ` SessionNotOnOrAfter="${iso(options.sessionNotOnOrAfter)}"`;
  const audiences = (options.audiences ?? ['urn:amazon:webservices'])
    .map(audience => `<saml:Audience>${audience}</saml:Audience>`)
    .join('');
  return (
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_${randomUUID()}" Version="2.0" IssueInstant="${issueInstant}">` +
    `<saml:Issuer>${issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${options.status ?? 'Success'}"/></samlp:Status>` +
    `<saml:Assertion ID="_${randomUUID()}" Version="2.0" IssueInstant="${issueInstant}"><saml:Issuer>${issuer}</saml:Issuer>` +
    `<saml:Subject>${nameId === '' ? '' : `<saml:NameID Format="${nameIdFormat}">${nameId}</saml:NameID>`}` +
    `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData${confirmationEnd === undefined ? '' : ` NotOnOrAfter="${iso(confirmationEnd)}"`} Recipient="${options.recipient ?? 'https://signin.aws.amazon.com/saml'}"/></saml:SubjectConfirmation></saml:Subject>` +
    `<saml:Conditions NotBefore="${iso(options.notBefore ?? now)}" NotOnOrAfter="${iso(options.notOnOrAfter ?? now + 300_000)}"><saml:AudienceRestriction>${audiences}</saml:AudienceRestriction></saml:Conditions>` +
    `<saml:AuthnStatement AuthnInstant="${issueInstant}"${sessionEnd}><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
    `<saml:AttributeStatement>${attributesXml(options)}</saml:AttributeStatement></saml:Assertion></samlp:Response>`
  );
}

function attributesXml(options: ResponseOptions): string {
  const prefix = options.attributePrefix ?? AWS;
  const attributes: Record<string, readonly string[] | undefined> = {
    [`${prefix}Role`]: options.roles,
    [`${prefix}RoleSessionName`]: options.sessionName ?? ['alice@example.com'],
    [`${prefix}SessionDuration`]:
      options.sessionDuration === undefined ? undefined : [options.sessionDuration],
    [`${prefix}SourceIdentity`]:
      options.sourceIdentity === undefined ? undefined : [options.sourceIdentity],
    ...Object.fromEntries(
      Object.entries(options.tags ?? {}).map(([key, values]) => [
        `${prefix}PrincipalTag:${key}`,
        values,
      ]),
    ),
    [`${prefix}TransitiveTagKeys`]: options.transitiveKeys,
    ...options.extra,
  };
  return Object.entries(attributes)
    .filter(([, values]) => values !== undefined)
    .map(
      ([name, values]) =>
        `<saml:Attribute Name="${name}">${values!.map(value => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')}</saml:Attribute>`,
    )
    .join('');
}

function signElement(
  xml: string,
  element: 'Assertion' | 'Response',
  options: ResponseOptions,
): string {
  const signer = new SignedXml({
    privateKey: (options.key ?? idpKey()).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    signatureAlgorithm:
      options.signatureAlgorithm ?? 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: EXCLUSIVE,
  });
  const xpath = `//*[local-name(.)='${element}']`;
  signer.addReference({
    xpath,
    digestAlgorithm: options.digestAlgorithm ?? 'http://www.w3.org/2001/04/xmlenc#sha256',
    transforms: [...(options.transforms ?? [ENVELOPED, EXCLUSIVE])],
  });
  signer.computeSignature(xml, {
    prefix: 'ds',
    location: { reference: `${xpath}/*[local-name(.)='Issuer']`, action: 'after' },
  });
  return signer.getSignedXml();
}
