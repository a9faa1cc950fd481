/**
 * The validation of one Response: a pure function of what was received and what is expected. It
 * runs in the worker thread, so arguments and results are plain data.
 */

import { createEngine } from './engine.ts';
import type { ProfileExpectations } from './profile.ts';
import { type AssertedPerson, checkResponse, readAssertion } from './profile.ts';
import { refusal } from './refusal.ts';
import { parseResponseXml, readResponse } from './response.ts';
import { signersOf } from './signers.ts';

export interface ValidationRequest {
  /** The form field as received. */
  readonly samlResponse: string;
  readonly expected: ProfileExpectations;
  /** Certificates (PEM) of the signing keys. */
  readonly signingCertificates: readonly string[];
}

export interface ValidatedResponse {
  readonly person: AssertedPerson;
  /** The base64 text without line breaks. */
  readonly encoded: string;
}

/**
 * The order matters: tolerant or slow steps get only what the step before has accepted. Throws
 * `saml_response_refused` (an `UnknownSigner` if none of the keys signed) and `idp_refused`.
 */
export async function validateResponse(request: ValidationRequest): Promise<ValidatedResponse> {
  const { samlResponse, expected, signingCertificates } = request;
  const received = readResponse(samlResponse);
  checkResponse(received.response, expected);
  const engine = createEngine(expected);
  const signedXml = await engine.signedAssertion(
    received,
    signersOf(received.xml, signingCertificates),
  );
  const person = readAssertion(parseResponseXml(signedXml), expected);
  if (person.assertionId !== received.assertion.attributes.get('ID'))
    throw refusal('the signed Assertion is not the one that was read');
  return { person, encoded: received.encoded };
}
