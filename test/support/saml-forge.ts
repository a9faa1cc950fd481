/**
 * A forge of SAML Responses: every part can be changed before it is signed and after.
 *
 * It canonicalizes with xmldsigjs and signs with node:crypto, so that signer and checker
 * (xml-crypto) share no code.
 */
import {
  constants,
  createHash,
  createHmac,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  webcrypto,
  type X509Certificate,
} from 'node:crypto';
import { createRequire } from 'node:module';
import type * as XmlDsig from 'xmldsigjs';
import type { Instant } from '../../src/core/time.ts';

// xmldsigjs takes its DOM from a registry inside xml-core, which only xmldsigjs itself can find.
const require = createRequire(import.meta.url);
const requireOfXmlDsig = createRequire(require.resolve('xmldsigjs'));
const xmldsig = require('xmldsigjs') as typeof XmlDsig;
requireOfXmlDsig('xml-core').setNodeDependencies(requireOfXmlDsig('@xmldom/xmldom'));
xmldsig.Application.setEngine('node', webcrypto as Crypto);

export const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
export const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
export const EMAIL = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
export const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
export const PASSWORD_CONTEXT = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';

// ---------------------------------------------------------------- keys

export interface ForgeKey {
  readonly privateKey: KeyObject;
  readonly certificatePem: string;
  /** Base64 of the DER. */
  readonly certificate: string;
}

export function rsaKey(modulusLength = 2048, end = LONG_AGO): ForgeKey {
  return certified(generateKeyPairSync('rsa', { modulusLength }), end);
}

export function ecKey(): ForgeKey {
  return certified(generateKeyPairSync('ec', { namedCurve: 'P-256' }), LONG_AGO);
}

/** Ends of certificates (UTCTime). Of a long expired one only the key counts. */
const LONG_AGO = '160101000000Z';
export const FAR_AHEAD = '490101000000Z';

/** A self-signed certificate. */
function certified(
  { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject },
  end: string,
): ForgeKey {
  const oid =
    privateKey.asymmetricKeyType === 'rsa' ? '06092a864886f70d01010b0500' : '06082a8648ce3d040302';
  const algorithm = der(0x30, Buffer.from(oid, 'hex'));
  const name = der(
    0x30,
    der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('forged idp')))),
  );
  const validity = der(0x30, der(0x17, Buffer.from('150101000000Z')), der(0x17, Buffer.from(end)));
  const serial = der(0x02, Buffer.concat([Buffer.of(0x42), randomBytes(8)]));
  const version = der(0xa0, der(0x02, Buffer.of(2)));
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' });
  const body = der(0x30, version, serial, algorithm, name, validity, name, publicInfo);
  const signature = createSign('sha256').update(body).sign(privateKey);
  const certificate = der(0x30, body, algorithm, der(0x03, Buffer.of(0), signature)).toString(
    'base64',
  );
  return {
    privateKey,
    certificate,
    certificatePem: `-----BEGIN CERTIFICATE-----\n${certificate.match(/.{1,64}/g)!.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 128) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = Buffer.from(content.length.toString(16).padStart(4, '0'), 'hex');
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, content]);
}

// ---------------------------------------------------------------- signatures

export interface SignatureParts {
  readonly key: KeyObject | Buffer;
  readonly method: string;
  readonly digest: string;
  readonly canonicalization: string;
  readonly transforms: readonly string[];
  readonly uri: string;
  /** Changes how the DigestValue is written, before it is signed. */
  readonly digestValue: (base64: string) => string;
  /** XML inside KeyInfo. */
  readonly keyInfo: string;
  /** PrefixList of CanonicalizationMethod, and of the last Transform. '' stands for none. */
  readonly signedInfoPrefixes: string;
  readonly prefixes: string;
  /** XML inside SignatureMethod, DigestMethod, and at the end of the Signature. */
  readonly methodContent: string;
  readonly digestContent: string;
  readonly tail: string;
}

/** What is declared around a signature, and so can be in a PrefixList. */
const DECLARED: Readonly<Record<string, string>> = {
  ds: DSIG,
  saml: 'urn:oasis:names:tc:SAML:2.0:assertion',
  samlp: 'urn:oasis:names:tc:SAML:2.0:protocol',
  xs: 'http://www.w3.org/2001/XMLSchema',
  xsi: 'http://www.w3.org/2001/XMLSchema-instance',
};

const HASHES: Readonly<Record<string, string>> = {
  [`${DSIG}rsa-sha1`]: 'sha1',
  [`${DSIG}hmac-sha1`]: 'sha1',
  [`${DSIG}sha1`]: 'sha1',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256': 'sha256',
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1': 'sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512': 'sha512',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha384': 'sha384',
  'http://www.w3.org/2001/04/xmldsig-more#sha384': 'sha384',
  'http://www.w3.org/2001/04/xmlenc#sha256': 'sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512': 'sha512',
};

/** Signs the element with this ID and puts the Signature after its Issuer. */
export function signElement(
  xml: string,
  id: string,
  key: ForgeKey,
  changes: Partial<SignatureParts> = {},
): string {
  const parts: SignatureParts = {
    key: key.privateKey,
    method: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    digest: 'http://www.w3.org/2001/04/xmlenc#sha256',
    canonicalization: EXCLUSIVE,
    transforms: [`${DSIG}enveloped-signature`, EXCLUSIVE],
    uri: `#${id}`,
    digestValue: base64 => base64,
    keyInfo: `<ds:X509Data><ds:X509Certificate>${key.certificate}</ds:X509Certificate></ds:X509Data>`,
    ...{ signedInfoPrefixes: '', prefixes: '', methodContent: '', digestContent: '', tail: '' },
    ...changes,
  };
  const digest = createHash(HASHES[parts.digest]!)
    .update(canonical(xml, id, parts.prefixes))
    .digest('base64');
  const transforms = parts.transforms
    .map((name, index, { length }) => {
      const list = index === length - 1 ? inclusive(parts.prefixes) : '';
      return `<ds:Transform Algorithm="${name}">${list}</ds:Transform>`;
    })
    .join('');
  // Written in its canonical form, so that it can be signed as it stands.
  const signedInfo =
    `<ds:SignedInfo${declarations(parts.signedInfoPrefixes)}><ds:CanonicalizationMethod Algorithm="${parts.canonicalization}">${inclusive(parts.signedInfoPrefixes)}</ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${parts.method}">${parts.methodContent}</ds:SignatureMethod><ds:Reference URI="${parts.uri}">` +
    `<ds:Transforms>${transforms}</ds:Transforms><ds:DigestMethod Algorithm="${parts.digest}">${parts.digestContent}</ds:DigestMethod>` +
    `<ds:DigestValue>${parts.digestValue(digest)}</ds:DigestValue></ds:Reference></ds:SignedInfo>`;
  const value = signatureValue(signedInfo, parts);
  const keyInfo = parts.keyInfo === '' ? '' : `<ds:KeyInfo>${parts.keyInfo}</ds:KeyInfo>`;
  // Not in canonical form: the namespaces of a PrefixList are those around the Signature.
  const written = signedInfo.replace(/^<ds:SignedInfo[^>]*>/, `<ds:SignedInfo xmlns:ds="${DSIG}">`);
  const signature = `<ds:Signature xmlns:ds="${DSIG}">${written}<ds:SignatureValue>${value}</ds:SignatureValue>${keyInfo}${parts.tail}</ds:Signature>`;
  const issuerEnd =
    xml.indexOf('</saml:Issuer>', xml.indexOf(`ID="${id}"`)) + '</saml:Issuer>'.length;
  return xml.slice(0, issuerEnd) + signature + xml.slice(issuerEnd);
}

function inclusive(prefixes: string): string {
  return prefixes === ''
    ? ''
    : `<ec:InclusiveNamespaces xmlns:ec="${EXCLUSIVE}" PrefixList="${prefixes}"></ec:InclusiveNamespaces>`;
}

/** In canonical order. */
function declarations(prefixes: string): string {
  return [...new Set(['ds', ...prefixes.split(' ')])]
    .filter(prefix => Object.hasOwn(DECLARED, prefix))
    .sort()
    .map(prefix => ` xmlns:${prefix}="${DECLARED[prefix]}"`)
    .join('');
}

function signatureValue(signedInfo: string, { key, method }: SignatureParts): string {
  const hash = HASHES[method]!;
  if (Buffer.isBuffer(key)) return createHmac(hash, key).update(signedInfo).digest('base64');
  const padding = method.endsWith('MGF1')
    ? constants.RSA_PKCS1_PSS_PADDING
    : constants.RSA_PKCS1_PADDING;
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return createSign(hash).update(signedInfo).sign({ key, padding, saltLength }, 'base64');
}

/** Whether the only signature of a document is one of this key (RSA-SHA256), and holds. */
export async function isSignedBy(xml: string, certificate: X509Certificate): Promise<boolean> {
  const document = xmldsig.Parse(xml);
  const signed = new xmldsig.SignedXml(document);
  signed.LoadXml(document.getElementsByTagNameNS(DSIG, 'Signature')[0]!);
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const key = await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']);
  // A wrong digest is thrown, a wrong signature value is answered with false.
  return signed.Verify(key as CryptoKey).catch(() => false);
}

/** Exclusive canonicalization without comments of the element with this ID. */
function canonical(xml: string, id: string, prefixes: string): string {
  const document = xmldsig.Parse(xml);
  const element = Array.from(document.getElementsByTagName('*')).find(
    candidate => candidate.getAttribute('ID') === id,
  );
  if (element === undefined) throw new Error(`no element has the ID ${id}`);
  const canonicalizer = new xmldsig.XmlCanonicalizer(false, true);
  if (prefixes !== '') canonicalizer.InclusiveNamespacesPrefixList = prefixes;
  const text: string = canonicalizer.Canonicalize(element);
  // The library does not know of namespaces that an ancestor declares.
  const isInherited = prefixes.split(' ').includes('samlp') && text.startsWith('<saml:Assertion ');
  return isInherited
    ? text.replace(` xmlns:saml="${DECLARED.saml}"`, `$& xmlns:samlp="${DECLARED.samlp}"`)
    : text;
}

// ---------------------------------------------------------------- responses

/** Every part of a Response. Attributes that are undefined and XML that is '' are left out. */
export interface ResponseParts {
  readonly prolog: string;
  readonly version: string;
  readonly responseId: string;
  readonly destination: string | undefined;
  readonly inResponseTo: string | undefined;
  readonly issuedAt: Instant;
  readonly responseIssuer: string;
  readonly status: string;
  readonly assertionId: string;
  readonly assertionVersion: string;
  readonly assertionIssuedAt: Instant;
  readonly assertionIssuer: string;
  readonly nameId: string;
  readonly confirmation: string;
  readonly conditions: string;
  readonly authnStatement: string;
  readonly attributes: string;
  /** XML at the end of the Assertion. */
  readonly assertionTail: string;
  /** XML at the end of the Response. */
  readonly responseTail: string;
}

export interface Signing {
  readonly key?: ForgeKey;
  readonly assertion?: boolean;
  readonly response?: boolean;
  readonly parts?: Partial<SignatureParts>;
}

export interface ForgeOptions {
  readonly idpEntityId: string;
  readonly signOnUrl: string;
  readonly acsUrl: string;
  readonly entityId: string;
  readonly now: () => Instant;
}

export function createForge({ idpEntityId, signOnUrl, acsUrl, entityId, now }: ForgeOptions) {
  const key = rsaKey();
  const defaults = (requestId: string | undefined): ResponseParts => ({
    prolog: '',
    version: '2.0',
    responseId: `_${randomBytes(16).toString('hex')}`,
    destination: acsUrl,
    inResponseTo: requestId,
    issuedAt: now(),
    responseIssuer: issuer(idpEntityId),
    status: status('Success'),
    assertionId: `_${randomBytes(16).toString('hex')}`,
    assertionVersion: '2.0',
    assertionIssuedAt: now(),
    assertionIssuer: issuer(idpEntityId),
    nameId: nameId('p-0001', PERSISTENT),
    confirmation: confirmation({
      Recipient: acsUrl,
      InResponseTo: requestId,
      NotOnOrAfter: at(now() + 300_000),
    }),
    conditions: conditions(
      { NotBefore: at(now() - 5000), NotOnOrAfter: at(now() + 300_000) },
      audience(entityId),
    ),
    authnStatement: authnStatement({ AuthnInstant: at(now()) }),
    attributes: attributes({
      uid: 'alice',
      mail: 'alice@example.test',
      memberOf: ['aws-admins', 'developers'],
    }),
    assertionTail: '',
    responseTail: '',
  });

  /** A signed Response as XML: the Assertion's signature first, as an IdP does it. */
  const xml = (
    requestId: string | undefined,
    changes: Partial<ResponseParts> = {},
    signing: Signing = {},
  ): string => {
    const parts = { ...defaults(requestId), ...changes };
    const signer = signing.key ?? key;
    let text = responseXml(parts);
    if (signing.assertion ?? true)
      text = signElement(text, parts.assertionId, signer, signing.parts);
    if (signing.response ?? false)
      text = signElement(text, parts.responseId, signer, signing.parts);
    return text;
  };

  return {
    key,
    xml,
    respond: (requestId: string | undefined, changes?: Partial<ResponseParts>, signing?: Signing) =>
      encode(xml(requestId, changes, signing)),
    metadata: (changes: Partial<MetadataParts> = {}) =>
      metadataXml({
        entityId: idpEntityId,
        signOnUrl,
        bindings: ['HTTP-POST', 'HTTP-Redirect'],
        keys: [signingKey(key)],
        root: '',
        role: '',
        ...changes,
      }),
  };
}

export type Forge = ReturnType<typeof createForge>;

export function encode(xml: string): string {
  return Buffer.from(xml).toString('base64');
}

export function at(instant: Instant): string {
  return new Date(instant).toISOString();
}

export function issuer(entityId: string): string {
  return `<saml:Issuer>${entityId}</saml:Issuer>`;
}

export function status(code: string, second = '', message = ''): string {
  const name = (text: string) => `urn:oasis:names:tc:SAML:2.0:status:${text}`;
  const inner = second === '' ? '' : `<samlp:StatusCode Value="${name(second)}"/>`;
  const said = message === '' ? '' : `<samlp:StatusMessage>${message}</samlp:StatusMessage>`;
  return `<samlp:Status><samlp:StatusCode Value="${name(code)}">${inner}</samlp:StatusCode>${said}</samlp:Status>`;
}

export function nameId(text: string, format: string, qualifiers: Attributes = {}): string {
  return `<saml:NameID${attributeText({ Format: format, ...qualifiers })}>${text}</saml:NameID>`;
}

type Attributes = Readonly<Record<string, string | undefined>>;

export function confirmation(data: Attributes, method = BEARER): string {
  return `<saml:SubjectConfirmation Method="${method}"><saml:SubjectConfirmationData${attributeText(data)}/></saml:SubjectConfirmation>`;
}

export function conditions(times: Attributes, inner: string): string {
  return `<saml:Conditions${attributeText(times)}>${inner}</saml:Conditions>`;
}

export function audience(...names: readonly string[]): string {
  return `<saml:AudienceRestriction>${names.map(name => `<saml:Audience>${name}</saml:Audience>`).join('')}</saml:AudienceRestriction>`;
}

export function authnStatement(times: Attributes, context = PASSWORD_CONTEXT): string {
  const classRef = `<saml:AuthnContextClassRef>${context}</saml:AuthnContextClassRef>`;
  return `<saml:AuthnStatement${attributeText(times)}><saml:AuthnContext>${classRef}</saml:AuthnContext></saml:AuthnStatement>`;
}

export function attributes(values: Readonly<Record<string, string | readonly string[]>>): string {
  const valueElement = (text: string) =>
    `<saml:AttributeValue xsi:type="xs:string">${text}</saml:AttributeValue>`;
  const all = Object.entries(values).map(
    ([name, value]) =>
      `<saml:Attribute Name="${name}">${[value].flat().map(valueElement).join('')}</saml:Attribute>`,
  );
  return `<saml:AttributeStatement>${all.join('')}</saml:AttributeStatement>`;
}

function attributeText(values: Attributes): string {
  return Object.entries(values)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}="${value}"`))
    .join('');
}

function responseXml(parts: ResponseParts): string {
  const head = attributeText({
    ID: parts.responseId,
    Version: parts.version,
    IssueInstant: at(parts.issuedAt),
    Destination: parts.destination,
    InResponseTo: parts.inResponseTo,
  });
  const assertionHead = attributeText({
    ID: parts.assertionId,
    Version: parts.assertionVersion,
    IssueInstant: at(parts.assertionIssuedAt),
  });
  return (
    `${parts.prolog}<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"` +
    `${head}>${parts.responseIssuer}${parts.status}` +
    `<saml:Assertion xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"${assertionHead}>` +
    `${parts.assertionIssuer}<saml:Subject>${parts.nameId}${parts.confirmation}</saml:Subject>` +
    `${parts.conditions}${parts.authnStatement}${parts.attributes}${parts.assertionTail}</saml:Assertion>${parts.responseTail}</samlp:Response>`
  );
}

// ---------------------------------------------------------------- metadata

/** Below the address of sign-ins. */
const SERVICE_PATHS = { 'HTTP-POST': '/post', 'HTTP-Redirect': '', SOAP: '/soap' } as const;

export interface MetadataParts {
  readonly entityId: string;
  readonly signOnUrl: string;
  readonly bindings: readonly (keyof typeof SERVICE_PATHS)[];
  /** KeyDescriptor elements. */
  readonly keys: readonly string[];
  /** Attributes of the EntityDescriptor. */
  readonly root: string;
  /** Attributes of the IDPSSODescriptor. */
  readonly role: string;
}

export function signingKey({ certificate }: ForgeKey, use = ' use="signing"'): string {
  return `<md:KeyDescriptor${use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n${certificate}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;
}

function metadataXml(parts: MetadataParts): string {
  const { entityId, signOnUrl, bindings, keys, root, role } = parts;
  const services = bindings.map(
    binding =>
      `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:${binding}" Location="${signOnUrl}${SERVICE_PATHS[binding]}"/>\n`,
  );
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<!-- as an IdP writes it -->\n` +
    `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="${DSIG}" entityID="${entityId}"${root}>\n` +
    `<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"${role}>\n${keys.join('\n')}\n` +
    `${services.join('')}</md:IDPSSODescriptor>\n</md:EntityDescriptor>\n`
  );
}
