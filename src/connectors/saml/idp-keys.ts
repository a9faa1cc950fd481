/**
 * The signing keys that metadata names: as certificates, or as key values (XML Signature 1.1
 * section 4.5). A key that cannot be used does not make the others useless.
 */
import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { listed } from '../../core/listed.ts';
import { MIN_RSA_BITS, rsaWeakness } from '../rsa-weakness.ts';
import { SAML_METADATA } from './metadata-entity.ts';
import { metadataFault } from './metadata-fault.ts';
import { XML_SIGNATURE } from './signature-shape.ts';
import { childrenNamed, elementsOf, type XmlElement } from './strict-xml.ts';

/** A key of a KeyDescriptor that is for signing. */
export interface IdpKey {
  /** The number of its KeyDescriptor in the role, from 1. */
  readonly descriptor: number;
  /** Without `use`, a key is for signing too (saml-metadata 2.4.1.1). */
  readonly use: 'signing' | undefined;
  /** Undefined if it cannot be read. */
  readonly publicKey: KeyObject | undefined;
  readonly certificate: X509Certificate | undefined;
  /** SHA-256 in hexadecimal of the certificate, or of the key itself if it has none. */
  readonly fingerprint: string | undefined;
  /** Why signatures of this key are not verified, as the end of a sentence. */
  readonly unused: string | undefined;
}

type KeyMaterial = Pick<IdpKey, 'publicKey' | 'certificate' | 'unused'>;

/** Each key costs one more verification of a hostile response. */
const MAX_SIGNING_KEYS = 10;
/** Every certificate of an X509Data is compared with the others. */
const MAX_NAMED_KEYS = 100;
const NOT_RSA = 'is not an RSA key';
/** Of these, no library that is fit for it verifies XML signatures (docs/adr/0048). */
const SIGN_WITH_RSA = ': let the IdP sign with an RSA key';
const XML_SIGNATURE_11 = 'http://www.w3.org/2009/xmldsig11#';

/** In the order of the document. */
export function keysIn(role: XmlElement): readonly IdpKey[] {
  const descriptors = childrenNamed(role, SAML_METADATA, 'KeyDescriptor');
  if (Math.max(descriptors.length, namedKeys(role)) > MAX_NAMED_KEYS)
    throw metadataFault(`names more than ${MAX_NAMED_KEYS} certificates and keys`);
  return descriptors.flatMap((element, index) => {
    const use = element.attributes.get('use')?.trim();
    if (use !== undefined && use !== 'signing') return [];
    return materialIn(element).map(material => {
      const { certificate, publicKey } = material;
      const der = certificate?.raw ?? publicKey?.export({ type: 'spki', format: 'der' });
      const fingerprint = der && createHash('sha256').update(der).digest('hex');
      return { descriptor: index + 1, use, fingerprint, ...material };
    });
  });
}

/**
 * The keys that verify signatures, as PEM, each once. Only the key of a certificate counts, not its
 * dates or issuer (SAML V2.0 Metadata Interoperability Profile 2.5). Throws `connector_unavailable`
 * if there is none.
 */
export function verifyingKeys(keys: readonly IdpKey[]): readonly string[] {
  if (keys.length === 0) throw metadataFault('names no signing certificate or key');
  const usable = keys.filter(({ unused }) => unused === undefined);
  if (usable.length === 0) {
    const why = listed([...new Set(keys.map(({ unused = '' }) => unused))]);
    const detail = keys.slice(0, MAX_SIGNING_KEYS).map(describedKey).join('; ');
    const wanted = `RSA signing key of ${MIN_RSA_BITS} bits or more`;
    throw metadataFault(`names no ${wanted}: each of its keys ${why}`, { detail });
  }
  const distinct = new Map(usable.map(key => [spkiOf(key.publicKey!), pemOf(key)]));
  if (distinct.size > MAX_SIGNING_KEYS)
    throw metadataFault(`names more than ${MAX_SIGNING_KEYS} signing keys`);
  return [...distinct.values()];
}

/** Which key it is, and why it is not used. */
export function describedKey({ descriptor, use, publicKey, ...key }: IdpKey): string {
  const { modulusLength, namedCurve } = publicKey?.asymmetricKeyDetails ?? {};
  const size = modulusLength === undefined ? '' : ` ${modulusLength}`;
  const kind = publicKey && `${publicKey.asymmetricKeyType?.toUpperCase()}${size}`;
  const facts = [
    use === undefined ? 'without use' : `use ${use}`,
    ...(kind === undefined ? [] : [namedCurve === undefined ? kind : `${kind} ${namedCurve}`]),
    ...(key.fingerprint === undefined ? [] : [`SHA-256 ${key.fingerprint.slice(0, 16)}...`]),
  ];
  const advice = key.unused === NOT_RSA ? SIGN_WITH_RSA : '';
  return `KeyDescriptor ${descriptor} (${facts.join(', ')}) ${key.unused ?? 'is used'}${advice}`;
}

/** Why signatures of a key are not verified; undefined if they are. */
function whyUnused(key: KeyObject): string | undefined {
  return key.asymmetricKeyType === 'rsa' ? rsaWeakness(key) : 'is not an RSA key';
}

function pemOf({ certificate, publicKey }: IdpKey): string {
  return certificate?.toString() ?? (publicKey!.export({ type: 'spki', format: 'pem' }) as string);
}

function spkiOf(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}

// ---------------------------------------------------------------- KeyInfo

function namedKeys(role: XmlElement): number {
  return [...elementsOf(role)].reduce((sum, { name, text }) => {
    if (name === 'X509Certificate') return sum + blocksOf(text).length;
    return sum + (name.endsWith('KeyValue') ? 1 : 0);
  }, 0);
}

/** At least one entry, so that a KeyDescriptor without a key is reported. */
function materialIn(descriptor: XmlElement): readonly KeyMaterial[] {
  const infos = childrenNamed(descriptor, XML_SIGNATURE, 'KeyInfo');
  const found = infos.flatMap(info => {
    const certificates = childrenNamed(info, XML_SIGNATURE, 'X509Data').flatMap(ofX509Data);
    return certificates.length > 0 ? certificates : keyValuesIn(info);
  });
  return found.length > 0 ? found : [unreadable('contains neither a certificate nor a key value')];
}

function unreadable(unused: string): KeyMaterial {
  return { publicKey: undefined, certificate: undefined, unused };
}

function readable(publicKey: KeyObject, certificate?: X509Certificate): KeyMaterial {
  return { publicKey, certificate, unused: whyUnused(publicKey) };
}

/**
 * The certificates of an X509Data are of one key: the others are of its chain (XML Signature 1.1
 * section 4.5.4), and who issued a certificate does not sign assertions.
 */
function ofX509Data(data: XmlElement): readonly KeyMaterial[] {
  const all = childrenNamed(data, XML_SIGNATURE, 'X509Certificate').flatMap(({ text }) =>
    blocksOf(text).map(certificateOf),
  );
  return all.map(material => {
    const isIssuer = all.some(other => hasIssued(material.certificate, other.certificate));
    return isIssuer ? { ...material, unused: 'is the issuer of another one' } : material;
  });
}

function hasIssued(issuer: X509Certificate | undefined, of: X509Certificate | undefined): boolean {
  if (issuer === undefined || of === undefined) return false;
  if (issuer.publicKey.equals(of.publicKey)) return false;
  return of.checkIssued(issuer) && of.verify(issuer.publicKey);
}

const PEM_MARK = /-----(?:BEGIN|END)[A-Z0-9 ]*-----/;

/** The base64 of each certificate in a text: one, or those between the marks of PEM. */
function blocksOf(text: string): readonly string[] {
  const blocks = text.split(PEM_MARK).map(block => block.replaceAll(/\s+/g, ''));
  const filled = blocks.filter(block => block !== '');
  return filled.length > 0 ? filled : [''];
}

function certificateOf(base64: string): KeyMaterial {
  try {
    const der = bytesOf(base64);
    const certificate = new X509Certificate(der);
    if (der.length > lengthOf(der))
      return unreadable('contains a certificate with something behind it');
    return readable(certificate.publicKey, certificate);
  } catch {
    return unreadable('contains a certificate that cannot be read');
  }
}

/**
 * The length that the first element of the bytes says (X.690 section 8.1.3). The library re-encodes
 * what is not DER, so the length of its own form does not count.
 */
function lengthOf(der: Buffer): number {
  const [, first = 0] = der;
  if (first < 0x80) return 2 + first;
  const octets = first - 0x80;
  return octets === 0 || octets > 4 ? der.length : 2 + octets + der.readUIntBE(2, octets);
}

/** Throws an Error if the text is not base64. */
function bytesOf(base64: string): Buffer {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new Error('not base64');
  return Buffer.from(base64, 'base64');
}

// ---------------------------------------------------------------- key values

const CURVES: Readonly<Record<string, string>> = {
  'urn:oid:1.2.840.10045.3.1.7': 'P-256',
  'urn:oid:1.3.132.0.34': 'P-384',
  'urn:oid:1.3.132.0.35': 'P-521',
};

/** Elements with a key, by namespace and name. */
const KEY_VALUES: readonly (readonly [string, string, (value: XmlElement) => KeyObject])[] = [
  [XML_SIGNATURE, 'RSAKeyValue', rsaKey],
  [XML_SIGNATURE_11, 'ECKeyValue', ecKey],
];

function keyValuesIn(info: XmlElement): readonly KeyMaterial[] {
  const values = childrenNamed(info, XML_SIGNATURE, 'KeyValue').flatMap(({ children }) => children);
  const encoded = childrenNamed(info, XML_SIGNATURE_11, 'DEREncodedKeyValue');
  return [
    ...values.map(value => {
      const row = KEY_VALUES.find(
        ([namespace, name]) => namespace === value.namespace && name === value.name,
      );
      return row === undefined
        ? unreadable('contains a key value of a kind that is not supported')
        : keyOf(() => row[2](value));
    }),
    ...encoded.map(({ text }) =>
      keyOf(() => {
        const der = bytesOf(text.replaceAll(/\s+/g, ''));
        return createPublicKey({ key: der, type: 'spki', format: 'der' });
      }),
    ),
  ];
}

function keyOf(read: () => KeyObject): KeyMaterial {
  try {
    return readable(read());
  } catch {
    return unreadable('contains a key value that cannot be read');
  }
}

function rsaKey(value: XmlElement): KeyObject {
  const [n, e] = ['Modulus', 'Exponent'].map(name => base64UrlIn(value, XML_SIGNATURE, name));
  return createPublicKey({ key: { kty: 'RSA', n: n!, e: e! }, format: 'jwk' });
}

/** An uncompressed point: 4, then both coordinates (XML Signature 1.1 section 4.5.2.3.1). */
function ecKey(value: XmlElement): KeyObject {
  const [curve] = childrenNamed(value, XML_SIGNATURE_11, 'NamedCurve');
  const crv = CURVES[curve?.attributes.get('URI')?.trim() ?? ''];
  const point = Buffer.from(base64UrlIn(value, XML_SIGNATURE_11, 'PublicKey'), 'base64url');
  if (crv === undefined || point[0] !== 4) throw new Error('no point of a known curve');
  const half = (point.length - 1) / 2;
  const [x, y] = [point.subarray(1, 1 + half), point.subarray(1 + half)].map(part =>
    part.toString('base64url'),
  );
  return createPublicKey({ key: { kty: 'EC', crv, x: x!, y: y! }, format: 'jwk' });
}

function base64UrlIn(value: XmlElement, namespace: string, name: string): string {
  const [element] = childrenNamed(value, namespace, name);
  const text = element?.text.replaceAll(/\s+/g, '') ?? '';
  return bytesOf(text).toString('base64url');
}
