/**
 * The validation of one Response: a function of what was received and what is expected. It runs in
 * the worker thread, so arguments and results are data that threads can send.
 */
import type { KeyObject } from 'node:crypto';
import { decrypted } from './decryption.ts';
import { type EncryptedContent, readEncryptedAssertion } from './encrypted-assertion.ts';
import { createEngine } from './engine.ts';
import type { ProfileExpectations } from './profile.ts';
import { type AssertedPerson, checkResponse, readAssertion } from './profile.ts';
import { refusal } from './refusal.ts';
import {
  checkDecrypted,
  type DecryptedAssertion,
  encryptedAssertionIn,
  parseResponseXml,
  type ReceivedResponse,
  readDecrypted,
  readResponse,
  SAML_PROTOCOL,
} from './response.ts';
import { signedResponse } from './signed-response.ts';
import { signersOf, UnknownSigner } from './signers.ts';
import type { XmlElement } from './strict-xml.ts';

export interface ValidationRequest {
  /** The form field as received. */
  readonly samlResponse: string;
  readonly expected: ProfileExpectations;
  /** Certificates (PEM) of the signing keys. */
  readonly signingCertificates: readonly string[];
  readonly decryption: Decryption;
}

/** What an encrypted Assertion is opened with, or why it is not. */
export type Decryption =
  | {
      readonly state: 'on';
      /** RSA; all that identity providers may encrypt to. */
      readonly keys: readonly KeyObject[];
      /** Takes AES-CBC, if the Response is signed. */
      readonly allowCbc: boolean;
    }
  | { readonly state: 'off' }
  | { readonly state: 'no-key' };

export interface ValidatedResponse {
  readonly person: AssertedPerson;
  /** The base64 text without line breaks. */
  readonly encoded: string;
  /** Only this bridge can read the Assertion. */
  readonly wasEncrypted: boolean;
}

/**
 * The order matters: tolerant or slow steps get only what the step before has accepted. Throws
 * `saml_response_refused` (an `UnknownSigner` if none of the keys signed) and `idp_refused`.
 */
export async function validateResponse(request: ValidationRequest): Promise<ValidatedResponse> {
  const received = readResponse(request.samlResponse);
  const { content, encoded } = received;
  checkResponse(received.response, request.expected);
  const { signedXml, id } =
    content.kind === 'plain'
      ? await verified(received, content.assertion, request)
      : await opened(received, content.encrypted, request);
  const person = readAssertion(parseResponseXml(signedXml), request.expected);
  if (person.assertionId !== id) throw refusal('the signed Assertion is not the one that was read');
  return { person, encoded, wasEncrypted: content.kind === 'encrypted' };
}

/** An Assertion as the engine returns it, and the ID of the one that was read. */
interface SignedAssertion {
  readonly signedXml: string;
  readonly id: string | undefined;
}

async function verified(
  {
    xml,
    encoded,
    responseIsSigned,
  }: Pick<ReceivedResponse, 'xml' | 'encoded' | 'responseIsSigned'>,
  assertion: XmlElement,
  { expected, signingCertificates }: ValidationRequest,
): Promise<SignedAssertion> {
  const signers = signersOf(xml, signingCertificates);
  const signedXml = await createEngine(expected).signedAssertion(
    { encoded, responseIsSigned },
    signers,
  );
  return { signedXml, id: assertion.attributes.get('ID') };
}

/**
 * The only text for all that can go wrong from the unwrapping of the key to the first verified
 * signature: with several, an attacker could try ciphertexts until the text tells of a plaintext.
 */
const UNREADABLE =
  'the encrypted Assertion cannot be read: it is not encrypted to a key of this bridge, was changed, or is no Assertion that the IdP signed; compare the encryption key at the IdP with the metadata of this connector';

/** Decrypts and verifies. Names faults only where a valid signature of the Response covers them. */
async function opened(
  received: ReceivedResponse,
  encrypted: XmlElement,
  request: ValidationRequest,
): Promise<SignedAssertion> {
  const { responseIsSigned, xml } = received;
  const { keys, allowCbc } = requireDecryption(request.decryption);
  const content = readEncryptedAssertion(encrypted);
  requireAuthenticated(content, { allowCbc, responseIsSigned });
  const authentic = responseIsSigned
    ? readEncryptedAssertion(
        encryptedAssertionIn(parseResponseXml(signedResponse(xml, request.signingCertificates))),
      )
    : content;
  const assertion = read(decrypted(authentic, keys));
  if (assertion === undefined) throw refusal(UNREADABLE);
  try {
    checkDecrypted(assertion, responseIsSigned);
    return await verified(responseAround(assertion), assertion.assertion, request);
  } catch (fault) {
    if (responseIsSigned) throw fault;
    // The IdP may have a new key: that the metadata is read again tells the sender nothing.
    throw fault instanceof UnknownSigner ? new UnknownSigner(UNREADABLE) : refusal(UNREADABLE);
  }
}

function requireDecryption(decryption: Decryption): Extract<Decryption, { state: 'on' }> {
  if (decryption.state === 'on') return decryption;
  throw refusal(
    decryption.state === 'off'
      ? 'the Assertion is encrypted, and this connector takes none (saml.encryption); switch encryption off at the IdP, or set encryption: true'
      : 'the Assertion is encrypted, and this bridge has no key for it (service-provider-encryption.pem); create the key, or switch encryption off at the IdP',
  );
}

/** CBC does not tell a changed ciphertext, so the Response that contains it must be signed. */
function requireAuthenticated(
  { content: { mode } }: EncryptedContent,
  {
    allowCbc,
    responseIsSigned,
  }: { readonly allowCbc: boolean; readonly responseIsSigned: boolean },
): void {
  if (mode === 'gcm') return;
  if (!allowCbc)
    throw refusal(
      'the Assertion is encrypted with AES-CBC, which does not protect the ciphertext; set AES-GCM at the IdP, or sign the Response and set allowCbc: true',
    );
  if (!responseIsSigned)
    throw refusal(
      'the Assertion is encrypted with AES-CBC in a Response that is not signed; sign the Response in addition to the Assertion, or set AES-GCM at the IdP',
    );
}

/** The strict pass over a plaintext; undefined for each fault. */
function read(plaintext: string | undefined): DecryptedAssertion | undefined {
  try {
    return plaintext === undefined ? undefined : readDecrypted(plaintext);
  } catch {
    return undefined;
  }
}

/**
 * The engine takes Responses alone. This one is not signed, and its prefix is none that an
 * Assertion uses, so canonicalization cannot take it into the signature.
 */
function responseAround({ xml: assertion }: DecryptedAssertion) {
  const xml = `<rolebridge:Response xmlns:rolebridge="${SAML_PROTOCOL}">${assertion}</rolebridge:Response>`;
  return { xml, encoded: Buffer.from(xml).toString('base64'), responseIsSigned: false };
}
