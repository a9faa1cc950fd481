/**
 * Signature wrapping and signature tricks. After each the same connector still signs the right
 * person in.
 */
import { test } from 'node:test';
import { forge, genuineForBob as genuine, openConnector } from '../connectors/saml-fixture.ts';
import { wrappings } from './wrappings.ts';

const acme = await openConnector();

const refuses = (forged: (requestId: string) => string, message: RegExp) =>
  acme.refusesThenSignsIn(forged, message);

for (const [what, forged, message] of wrappings(forge, genuine)) {
  test(`a wrapped Response is rejected: ${what}`, () => refuses(forged, message));
}
