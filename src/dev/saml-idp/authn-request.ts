/**
 * Reads and checks an AuthnRequest of the HTTP-Redirect or the HTTP-POST binding (SAML bindings 3.4
 * and 3.5, core 3.4.1, profiles 4.1.4.1).
 *
 * Nothing of a request is used before its signature was verified: over the query exactly as it came
 * in, or the enveloped one of a posted document.
 */
import { type KeyObject, verify } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import type { Recipient } from './encryption.ts';
import { Refusal } from './refusal.ts';
import { POST_BINDING, type ServiceProvider } from './service-providers.ts';
import { childOf, childrenOf, parseXml, type XmlElement } from './xml.ts';
import { isSignedBy } from './xml-signature.ts';

export interface AuthnRequest {
  readonly serviceProvider: string;
  /** Whom to encrypt the assertion to; undefined if the service provider publishes no key. */
  readonly recipient: Recipient | undefined;
  /** Undefined for an unsolicited sign-in, which began at the identity provider. */
  readonly id: string | undefined;
  readonly acsUrl: string;
  readonly relayState: string | undefined;
  readonly forceAuthn: boolean;
  readonly isPassive: boolean;
  /** Format of the NameID; undefined leaves the choice to us. */
  readonly nameIdFormat: string | undefined;
  /** AuthnContextClassRefs of which one must hold; empty means any. */
  readonly contexts: readonly string[];
  readonly comparison: string;
}

/** A message as its binding carries it. */
export interface Message {
  readonly binding: 'redirect' | 'post';
  readonly xml: string;
  readonly relayState: string | undefined;
  /** Undefined for a message without one. */
  readonly signature: MessageSignature | undefined;
}

interface MessageSignature {
  /** Throws a Refusal for an algorithm that is not accepted. */
  holdsFor(key: KeyObject): boolean | Promise<boolean>;
}

const MAX_QUERY_CHARACTERS = 16_000;
const MAX_XML_BYTES = 32_000;
/** SAML bindings 3.4.3. */
const MAX_RELAY_STATE_BYTES = 80;
const MAX_AGE_MILLISECONDS = 5 * 60_000;
const MAX_SKEW_MILLISECONDS = 60_000;
const PARAMETERS = ['SAMLRequest', 'RelayState', 'SigAlg', 'Signature', 'SAMLEncoding'];
const DEFLATE = 'urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE';

/**
 * Signature algorithms that are accepted, with the key type and the digest of each. SHA-1 is not.
 */
const ALGORITHMS: Readonly<Record<string, { readonly keyType: string; readonly digest: string }>> =
  {
    'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256': { keyType: 'rsa', digest: 'sha256' },
    'http://www.w3.org/2001/04/xmldsig-more#rsa-sha384': { keyType: 'rsa', digest: 'sha384' },
    'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512': { keyType: 'rsa', digest: 'sha512' },
  };

/** Takes a raw query apart. Throws a Refusal. */
export function readRedirect(query: string): Message {
  if (query.length > MAX_QUERY_CHARACTERS) throw new Refusal('The request is too long.', 413);
  const raw = new Map<string, string>();
  for (const part of query.split('&').filter(Boolean)) {
    const [name, ...rest] = part.split('=');
    // Names are compared as they were sent: an escaped name (%53AMLRequest) would dodge the
    // signature.
    const known = PARAMETERS.includes(name!);
    if (!known && PARAMETERS.includes(decode(name!)))
      throw new Refusal('A parameter name is escaped.');
    if (known && raw.has(name!)) throw new Refusal(`${name} was sent twice.`);
    if (known) raw.set(name!, rest.join('='));
  }
  const encoded = raw.get('SAMLRequest');
  if (encoded === undefined) throw new Refusal('SAMLRequest is missing.');
  if (decode(raw.get('SAMLEncoding') ?? DEFLATE) !== DEFLATE)
    throw new Refusal('SAMLEncoding is not DEFLATE.');
  const relayState = raw.has('RelayState') ? decode(raw.get('RelayState')!) : undefined;
  requireShort(relayState);
  const xml = inflate(decode(encoded));
  return { binding: 'redirect', xml, relayState, signature: signatureOf(raw) };
}

/** Takes the fields of a form apart. Throws a Refusal. */
export function readPost(fields: URLSearchParams): Message {
  for (const name of ['SAMLRequest', 'RelayState']) {
    if (fields.getAll(name).length > 1) throw new Refusal(`${name} was sent twice.`);
  }
  const encoded = fields.get('SAMLRequest');
  if (encoded === null) throw new Refusal('SAMLRequest is missing.');
  const relayState = fields.get('RelayState') ?? undefined;
  requireShort(relayState);
  const xml = text(base64(encoded, 'SAMLRequest'));
  const isSigned = refusing(() => childOf(parseXml(xml), 'ds:Signature')) !== undefined;
  const signature = { holdsFor: (key: KeyObject) => isSignedBy(xml, key) };
  return { binding: 'post', xml, relayState, signature: isSigned ? signature : undefined };
}

/** SAML bindings 3.4.3 and 3.5.3. */
function requireShort(relayState = ''): void {
  if (Buffer.byteLength(relayState) > MAX_RELAY_STATE_BYTES)
    throw new Refusal(`RelayState is longer than ${MAX_RELAY_STATE_BYTES} bytes.`);
}

function signatureOf(raw: ReadonlyMap<string, string>): MessageSignature | undefined {
  const algorithm = raw.get('SigAlg');
  const value = raw.get('Signature');
  if (algorithm === undefined && value === undefined) return undefined;
  if (algorithm === undefined || value === undefined)
    throw new Refusal('SigAlg and Signature belong together.');
  const signedText = ['SAMLRequest', 'RelayState', 'SigAlg']
    .filter(name => raw.has(name))
    .map(name => `${name}=${raw.get(name)}`)
    .join('&');
  const [name, bytes] = [decode(algorithm), base64(decode(value), 'Signature')];
  return {
    holdsFor: key => {
      const known = ALGORITHMS[name];
      if (known === undefined) throw new Refusal('The signature algorithm is not accepted.', 403);
      return (
        key.asymmetricKeyType === known.keyType &&
        verify(known.digest, Buffer.from(signedText), key, bytes)
      );
    },
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Refusal('The query is not encoded properly.');
  }
}

function base64(text: string, name: string): Buffer {
  if (
    !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) ||
    text === ''
  ) {
    throw new Refusal(`${name} is not base64.`);
  }
  return Buffer.from(text, 'base64');
}

function inflate(text: string): string {
  try {
    const bytes = inflateRawSync(base64(text, 'SAMLRequest'), { maxOutputLength: MAX_XML_BYTES });
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal('SAMLRequest is not a deflated message.');
  }
}

function text(bytes: Buffer): string {
  if (bytes.length > MAX_XML_BYTES) throw new Refusal('The request is too long.', 413);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal('SAMLRequest is not UTF-8.');
  }
}

export interface ReadRequest {
  readonly root: XmlElement;
  /** Who says to be asking; not verified yet. */
  readonly issuer: string;
}

const ELEMENTS = [
  'saml:Issuer',
  'samlp:Extensions',
  'samlp:NameIDPolicy',
  'samlp:RequestedAuthnContext',
  'samlp:Scoping',
];
const ENTITY_FORMAT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:entity';

/** Parses the message as far as it must be known who is asking. Throws a Refusal. */
export function readAuthnRequest(message: Message): ReadRequest {
  return refusing(() => {
    const root = parseXml(message.xml);
    if (root.name !== 'samlp:AuthnRequest')
      throw new Refusal('The message is not an AuthnRequest.');
    // In a query, the signature of the document is removed (SAML bindings 3.4.4.1).
    const known = message.binding === 'post' ? [...ELEMENTS, 'ds:Signature'] : ELEMENTS;
    const unknown = root.children.find(child => !known.includes(child.name));
    if (unknown !== undefined)
      throw new Refusal(`${unknown.name} is not supported in an AuthnRequest here.`);
    const issuer = childOf(root, 'saml:Issuer');
    const format = issuer?.attributes.get('Format') ?? ENTITY_FORMAT;
    if (!issuer?.text || issuer.children.length > 0 || format !== ENTITY_FORMAT)
      throw new Refusal('The request does not say who sends it.');
    return { root, issuer: issuer.text };
  });
}

/** Whom a request must come from, and where it must be sent to. */
interface Place {
  readonly provider: ServiceProvider;
  readonly destination: string;
  readonly now: number;
  /** Also of service providers that do not sign theirs. */
  readonly requiresSignature: boolean;
}

/** Checks the whole request against its sender's metadata. Throws a Refusal. */
export async function checkAuthnRequest(
  { root }: ReadRequest,
  message: Message,
  { provider, destination, now, requiresSignature }: Place,
): Promise<AuthnRequest> {
  await checkSignature(message, provider, requiresSignature);
  return refusing(() => {
    const attribute = (name: string) => root.attributes.get(name);
    if (attribute('Version') !== '2.0') throw new Refusal('Version is not 2.0.');
    const id = attribute('ID');
    if (id === undefined || !/^[A-Za-z_][\w.-]{15,255}$/.test(id))
      throw new Refusal('ID is not a fresh XML ID.');
    checkIssueInstant(attribute('IssueInstant'), now);
    if (attribute('Destination') !== destination)
      throw new Refusal('Destination is not this address.');
    if ((attribute('ProtocolBinding') ?? POST_BINDING) !== POST_BINDING)
      throw new Refusal('ProtocolBinding is not HTTP-POST.', 403);
    const policy = childOf(root, 'samlp:NameIDPolicy');
    if (![undefined, provider.entityId].includes(policy?.attributes.get('SPNameQualifier'))) {
      throw new Refusal('NameIDPolicy asks for the name space of another service provider.', 403);
    }
    const context = childOf(root, 'samlp:RequestedAuthnContext');
    return {
      serviceProvider: provider.entityId,
      recipient: provider.recipient,
      id,
      acsUrl: acsOf(
        provider,
        attribute('AssertionConsumerServiceURL'),
        attribute('AssertionConsumerServiceIndex'),
      ),
      relayState: message.relayState,
      forceAuthn: booleanOf(attribute('ForceAuthn'), 'ForceAuthn'),
      isPassive: booleanOf(attribute('IsPassive'), 'IsPassive'),
      nameIdFormat: policy?.attributes.get('Format'),
      contexts:
        context === undefined
          ? []
          : childrenOf(context, 'saml:AuthnContextClassRef').map(reference => reference.text),
      comparison: context?.attributes.get('Comparison') ?? 'exact',
    };
  });
}

async function checkSignature(
  { signature }: Message,
  { requestsAreSigned, signingKeys }: ServiceProvider,
  requiresSignature: boolean,
): Promise<void> {
  if (signature === undefined) {
    if (requestsAreSigned)
      throw new Refusal('The request is not signed, though its sender signs all requests.', 403);
    if (requiresSignature) throw new Refusal('The request is not signed.', 403);
    return;
  }
  for (const key of signingKeys) if (await signature.holdsFor(key)) return;
  throw new Refusal('The signature of the request does not hold.', 403);
}

function checkIssueInstant(text: string | undefined, now: number): void {
  const issued = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(text ?? '')
    ? Date.parse(text!)
    : Number.NaN;
  if (Number.isNaN(issued)) throw new Refusal('IssueInstant is not a time in UTC.');
  if (issued > now + MAX_SKEW_MILLISECONDS) throw new Refusal('IssueInstant lies in the future.');
  if (issued < now - MAX_AGE_MILLISECONDS) throw new Refusal('The request is too old.');
}

function acsOf(
  provider: ServiceProvider,
  url: string | undefined,
  index: string | undefined,
): string {
  if (url !== undefined && index !== undefined)
    throw new Refusal(
      'AssertionConsumerServiceURL and AssertionConsumerServiceIndex exclude each other.',
    );
  const chosen =
    url === undefined && index === undefined
      ? (provider.consumers.find(consumer => consumer.isDefault) ?? provider.consumers[0])
      : provider.consumers.find(consumer => consumer.location === url || consumer.index === index);
  if (chosen === undefined)
    throw new Refusal("The address for the answer is not in the sender's metadata.", 403);
  return chosen.location;
}

function booleanOf(text: string | undefined, name: string): boolean {
  if (text === undefined || text === 'false' || text === '0') return false;
  if (text === 'true' || text === '1') return true;
  throw new Refusal(`${name} is neither true nor false.`);
}

/** What the XML reader throws is the sender's fault as well. */
function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof Refusal || !(thrown instanceof Error)) throw thrown;
    throw new Refusal(`The request cannot be read: ${thrown.message}.`);
  }
}
