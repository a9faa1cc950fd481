import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeCertificate } from './certificate.ts';
import {
  denied,
  INVALID,
  invalid,
  type RefusalCase,
  type Request,
  testRefusals,
  useSamlScene,
} from './saml-scene.ts';
import { ADMIN, call, errorOf, PROD, SAML_PROVIDER } from './support.ts';

const AUDIENCE = 'Response does not contain the required audience';

function signature(name: string, change: RefusalCase['change'], reason: RegExp): RefusalCase {
  return {
    name,
    change: change!,
    code: 'InvalidIdentityTokenException',
    message: 'Response signature invalid',
    reason,
  };
}

function base64(xml: string): Request {
  return { SAMLAssertion: Buffer.from(xml).toString('base64') };
}

function duplicateId(xml: string): string {
  const id = /<saml:Assertion ID="([^"]+)"/.exec(xml)![1]!;
  return xml.replace('<samlp:Status>', `<samlp:Extensions ID="${id}"/><samlp:Status>`);
}

const CASES: readonly RefusalCase[] = [
  // Form
  {
    name: 'something that is not base64',
    request: { SAMLAssertion: '<samlp:Response/>' },
    code: 'InvalidIdentityTokenException',
    message: 'Invalid base64 SAMLResponse',
  },
  {
    name: 'something that is not XML',
    request: base64('hello, this is no XML'),
    code: 'InvalidIdentityTokenException',
    message: INVALID,
    reason: /well-formed/,
  },
  {
    name: 'a document type',
    request: base64('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    code: 'InvalidIdentityTokenException',
    message: INVALID,
    reason: /DOCTYPE/,
  },
  {
    name: 'a bare assertion',
    request: base64('<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>'),
    code: 'InvalidIdentityTokenException',
    message: INVALID,
    reason: /no samlp:Response/,
  },
  invalid(
    'a second assertion',
    {
      afterSigning: xml =>
        xml.replace(
          '</samlp:Response>',
          '<saml:Assertion ID="_x" Version="2.0"/></samlp:Response>',
        ),
    },
    /exactly one Assertion/,
  ),
  invalid('a status other than Success', { status: 'Requester' }, /status is not Success/),
  invalid(
    'an encrypted assertion',
    {
      afterSigning: xml =>
        xml.replace('</samlp:Response>', '<saml:EncryptedAssertion/></samlp:Response>'),
    },
    /encrypted/,
  ),
  invalid(
    'SAML 1.1',
    { beforeSigning: xml => xml.replaceAll('Version="2.0"', 'Version="1.1"') },
    /Version 2\.0/,
  ),
  // Provider and issuer
  {
    name: 'a provider that does not exist',
    request: { PrincipalArn: `arn:aws:iam::${PROD}:saml-provider/other` },
    code: 'InvalidIdentityTokenException',
    message: "Specified provider doesn't exist",
  },
  {
    name: 'another issuer',
    change: { issuer: 'https://other.example.com' },
    code: 'InvalidIdentityTokenException',
    message: 'Issuer not present in specified provider',
  },
  {
    ...signature('metadata past its validUntil', {}, /validUntil/),
    request: { PrincipalArn: `arn:aws:iam::${PROD}:saml-provider/expired` },
  },
  // Signature
  signature('an assertion without signature', { sign: [] }, /not signed/),
  signature('a signature on the response only', { sign: ['Response'] }, /Assertion is not signed/),
  signature(
    'a signature by another key',
    () => ({ key: makeCertificate() }),
    /no key of the metadata/,
  ),
  signature(
    'content that was changed after signing',
    { afterSigning: xml => xml.replace('>alice@example.com<', '>root@example.com<') },
    /changed after it was signed/,
  ),
  signature(
    'RSA with SHA-1',
    { signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' },
    /not RSA with SHA-256/,
  ),
  signature(
    'a SHA-1 digest',
    { digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1' },
    /digest is not SHA-256/,
  ),
  signature(
    'inclusive canonicalization',
    {
      transforms: [
        'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
        'http://www.w3.org/TR/2001/REC-xml-c14n-20010315',
      ],
    },
    /transforms/,
  ),
  signature(
    'an empty reference',
    { afterSigning: xml => xml.replace(/URI="#[^"]*"/, 'URI=""') },
    /another element/,
  ),
  signature('two elements with the signed ID', { afterSigning: duplicateId }, /not unique/),
  signature(
    'a response signature that does not hold',
    {
      sign: ['Assertion', 'Response'],
      afterSigning: xml => xml.replace('Version="2.0" Iss', 'Version="2.0" Consent="x" Iss'),
    },
    /changed after it was signed/,
  ),
  signature(
    'a second signature',
    { afterSigning: xml => xml.replace(/(<ds:Signature .*?<\/ds:Signature>)/, '$1$1') },
    /several signatures/,
  ),
  // Times
  {
    name: 'a response that is five minutes old',
    change: now => ({ issueInstant: now - 300_000 }),
    code: 'ExpiredTokenException',
    message: 'Token must be redeemed within 5 minutes of issuance',
  },
  {
    name: 'Conditions that are over',
    change: now => ({ notOnOrAfter: now }),
    code: 'ExpiredTokenException',
    message: 'Response has expired',
    reason: /Conditions/,
  },
  {
    name: 'a confirmation that is over',
    change: now => ({ confirmationNotOnOrAfter: now - 1 }),
    code: 'ExpiredTokenException',
    message: 'Response has expired',
    reason: /SubjectConfirmationData/,
  },
  {
    name: 'a session that is over',
    change: now => ({ sessionNotOnOrAfter: now - 1 }),
    code: 'ExpiredTokenException',
    message: 'Response has expired',
    reason: /SessionNotOnOrAfter/,
  },
  invalid('a response from the future', now => ({ issueInstant: now + 60_001 }), /IssueInstant/),
  invalid('Conditions that have not begun', now => ({ notBefore: now + 60_000 }), /NotBefore/),
  invalid(
    'a time zone other than UTC',
    { beforeSigning: xml => xml.replace(/(NotBefore="[^"]*)Z"/, '$1+02:00"') },
    /not a time in UTC/,
  ),
  invalid('a confirmation without end', { confirmationNotOnOrAfter: undefined }, /no NotOnOrAfter/),
  // Subject, recipient, audience
  invalid(
    'a confirmation that is not bearer',
    { beforeSigning: xml => xml.replace('cm:bearer', 'cm:sender-vouches') },
    /not bearer/,
  ),
  invalid(
    'two confirmations',
    {
      beforeSigning: xml =>
        xml.replace(/(<saml:SubjectConfirmation .*?<\/saml:SubjectConfirmation>)/, '$1$1'),
    },
    /exactly one SubjectConfirmation/,
  ),
  {
    name: 'a recipient that is not AWS',
    change: { recipient: 'https://signin.aws.example.com/saml' },
    code: 'InvalidIdentityTokenException',
    message: AUDIENCE,
    reason: /Recipient/,
  },
  {
    name: 'the recipient of another partition',
    change: { recipient: 'https://signin.amazonaws-us-gov.com/saml' },
    code: 'InvalidIdentityTokenException',
    message: AUDIENCE,
    reason: /Recipient/,
  },
  {
    name: 'another audience',
    change: { audiences: ['urn:example'] },
    code: 'InvalidIdentityTokenException',
    message: AUDIENCE,
    reason: /Audience/,
  },
  {
    name: 'no audience',
    change: {
      beforeSigning: xml =>
        xml.replace(/<saml:AudienceRestriction>.*<\/saml:AudienceRestriction>/, ''),
    },
    code: 'InvalidIdentityTokenException',
    message: AUDIENCE,
  },
  denied('a subject without NameID', { nameId: '' }, /no NameID/),
  invalid(
    'a NameID format that AWS does not list',
    { nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted' },
    /NameID format/,
  ),
  invalid(
    'elements inside a NameID',
    { beforeSigning: xml => xml.replace('k3jx2q7d5vbn4mza', '<saml:a>k3</saml:a>') },
    /elements where text/,
  ),
];

describe('a SAML response is rejected for', () => {
  const scene = useSamlScene();

  testRefusals(CASES, () => scene);

  test('more than 100,000 characters, without repeating them', async () => {
    const answer = await errorOf(
      await call(scene.running.url, {
        Action: 'AssumeRoleWithSAML',
        RoleArn: ADMIN,
        PrincipalArn: SAML_PROVIDER,
        SAMLAssertion: 'A'.repeat(100_001),
      }),
    );
    assert.deepEqual(answer, {
      status: 400,
      code: 'ValidationError',
      message:
        "1 validation error detected: Value at 'sAMLAssertion' failed to satisfy constraint: Member must have length less than or equal to 100000",
    });
  });

  test('markup that would keep a tolerant parser busy, immediately', async () => {
    const started = performance.now();
    await scene.refused({}, { SAMLAssertion: Buffer.from('<a'.repeat(37_000)).toString('base64') });
    await scene.refused(
      {},
      { SAMLAssertion: Buffer.from(`<r>${'<a/>'.repeat(18_000)}</r>`).toString('base64') },
    );
    assert.ok(performance.now() - started < 2000);
  });
});
