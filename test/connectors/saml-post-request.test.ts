/** AuthnRequests by HTTP-POST (saml-bindings 3.5), for an IdP that names no other binding. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import type { AuthenticationRequest } from '../../src/core/sign-in.ts';
import { isSignedBy } from '../support/saml-forge.ts';
import {
  ACS_URL,
  ENTITY_ID,
  forge,
  openConnector,
  optionsWith,
  outboundOf,
} from './saml-fixture.ts';

const OUR_CERTIFICATE = new X509Certificate(optionsWith().signingKey.certificatesPem[0]!);

async function postingConnector(changes: Parameters<typeof openConnector>[0] = {}, role = '') {
  const metadata = forge.metadata({ bindings: ['HTTP-POST'], role });
  const opened = await openConnector({ outbound: outboundOf(() => metadata), ...changes });
  after(() => opened.connector.close());
  return opened;
}

function formIn(request: AuthenticationRequest): {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly xml: string;
} {
  assert.equal(request.binding, 'post');
  const { url, fields } = request as Extract<AuthenticationRequest, { binding: 'post' }>;
  return { url, fields, xml: Buffer.from(fields.SAMLRequest!, 'base64').toString('utf8') };
}

test('an IdP without a redirect address gets a form with an AuthnRequest that is not compressed', async () => {
  const { connector } = await postingConnector({ signRequests: false });
  const { request, expectation } = await connector.begin({
    attemptId: 'attempt-1',
    reauthenticate: false,
  });

  const { url, fields, xml } = formIn(request);
  assert.equal(url, 'https://idp.example.test/sso/post');
  assert.deepEqual(Object.keys(fields).sort(), ['RelayState', 'SAMLRequest']);
  assert.equal(fields.RelayState, 'attempt-1');
  assert.equal(
    expectation.protocol === 'saml' && expectation.requestId,
    / ID="([^"]+)"/.exec(xml)?.[1],
  );
  assert.match(xml, /^<\?xml version="1.0"\?><samlp:AuthnRequest /);
  assert.match(xml, new RegExp(`AssertionConsumerServiceURL="${ACS_URL}"`));
  assert.match(xml, new RegExp(`>${ENTITY_ID}</saml:Issuer>`));
  assert.match(xml, /Destination="https:\/\/idp\.example\.test\/sso\/post"/);
  assert.doesNotMatch(xml, /Signature|ForceAuthn|RequestedAuthnContext/);
});

const SIGNED: readonly (readonly [string, { signRequests: boolean; role: string }, boolean])[] = [
  ['the configuration says so', { signRequests: true, role: '' }, true],
  [
    'the metadata requires it',
    { signRequests: false, role: ' WantAuthnRequestsSigned="true"' },
    true,
  ],
  ['neither does', { signRequests: false, role: ' WantAuthnRequestsSigned="false"' }, false],
];
for (const [when, { signRequests, role }, isSigned] of SIGNED) {
  test(`a posted AuthnRequest is ${isSigned ? 'signed' : 'not signed'} when ${when}`, async () => {
    const { connector } = await postingConnector({ signRequests }, role);
    const { request } = await connector.begin({ attemptId: 'a', reauthenticate: true });
    const { xml } = formIn(request);

    assert.match(xml, /ForceAuthn="true"/);
    assert.equal(/<(?:ds:)?Signature /.test(xml), isSigned);
    if (!isSigned) return;
    // The schema puts the Signature after the Issuer (saml-core 3.2.1).
    assert.match(xml, /<\/saml:Issuer><(?:ds:)?Signature /);
    assert.match(xml, /SignatureMethod Algorithm="[^"]*#rsa-sha256"/);
    assert.match(xml, /DigestMethod Algorithm="[^"]*#sha256"/);
    assert.doesNotMatch(xml, /sha1/);
    assert.equal(await isSignedBy(xml, OUR_CERTIFICATE), true);
    const changed = xml.replace('ForceAuthn="true"', 'ForceAuthn="false"');
    assert.equal(await isSignedBy(changed, OUR_CERTIFICATE), false);
    assert.equal(await isSignedBy(xml, new X509Certificate(forge.key.certificatePem)), false);
  });
}

test('a step-up by POST carries the requested context', async () => {
  const stepUp = { authnContext: ['urn:x:mfa'], comparison: 'exact' } as const;
  const { connector } = await postingConnector({ stepUp });
  const { request } = await connector.begin({
    attemptId: 'a',
    reauthenticate: false,
    wish: { multiFactor: true },
  });
  const { xml } = formIn(request);
  assert.match(xml, /ForceAuthn="true"/);
  assert.match(xml, /Comparison="exact"[^>]*>\s*<saml:AuthnContextClassRef[^>]*>urn:x:mfa</);
});
