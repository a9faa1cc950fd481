import { test } from 'node:test';
import type { ErrorCode } from '../../src/core/errors.ts';
import {
  at,
  attributes,
  audience,
  authnStatement,
  conditions,
  confirmation,
  issuer,
  nameId,
  PERSISTENT,
  status,
} from '../support/saml-forge.ts';
import {
  ACS_URL,
  assertRefused,
  clock,
  ENTITY_ID,
  forge,
  IDP,
  openConnector,
  type Parts,
} from './saml-fixture.ts';

const acme = await openConnector();

const OTHER = 'https://other.example.test';
const minutes = (count: number) => at(clock.now() + count * 60_000);
const confirmed = (id: string, changes: Record<string, string | undefined>) => ({
  confirmation: confirmation({
    Recipient: ACS_URL,
    InResponseTo: id,
    NotOnOrAfter: minutes(5),
    ...changes,
  }),
});
const REFUSED: readonly (readonly [string, (requestId: string) => Parts, RegExp])[] = [
  [
    'another Issuer of the Response',
    () => ({ responseIssuer: issuer(OTHER) }),
    /Issuer of the Response is not the IdP/,
  ],
  [
    'another Issuer of the Assertion',
    () => ({ assertionIssuer: issuer(OTHER) }),
    /Issuer of the Assertion is not the IdP/,
  ],
  [
    'an Issuer with a space behind it',
    () => ({ assertionIssuer: issuer(`${IDP} `) }),
    /Issuer of the Assertion is not the IdP/,
  ],
  [
    'an Issuer of another format',
    () => ({ responseIssuer: `<saml:Issuer Format="${PERSISTENT}">${IDP}</saml:Issuer>` }),
    /Issuer of the Response/,
  ],
  [
    'two Issuers',
    () => ({ responseIssuer: issuer(IDP) + issuer(OTHER) }),
    /Response has more than one Issuer/,
  ],
  [
    'version 1.1 of the Response',
    () => ({ version: '1.1' }),
    /the Response is not of SAML version 2\.0/,
  ],
  [
    'version 1.1 of the Assertion',
    () => ({ assertionVersion: '1.1' }),
    /the Assertion is not of SAML version 2\.0/,
  ],
  ['no Destination', () => ({ destination: undefined }), /has no Destination/],
  [
    'another Destination',
    () => ({ destination: `${ACS_URL}/` }),
    /Destination of the Response is not our/,
  ],
  [
    'another InResponseTo',
    () => ({ inResponseTo: '_other' }),
    /the Response answers another request/,
  ],
  [
    'no InResponseTo in the Response',
    () => ({ inResponseTo: undefined }),
    /the Response does not say which request/,
  ],
  [
    'another InResponseTo in the confirmation',
    id => confirmed(id, { InResponseTo: '_other' }),
    /SubjectConfirmationData answers another request/,
  ],
  [
    'no InResponseTo in the confirmation',
    id => confirmed(id, { InResponseTo: undefined }),
    /SubjectConfirmationData does not say which request/,
  ],
  [
    'another Recipient',
    id => confirmed(id, { Recipient: OTHER }),
    /Recipient of the SubjectConfirmationData is not our/,
  ],
  [
    'no Recipient',
    id => confirmed(id, { Recipient: undefined }),
    /Recipient of the SubjectConfirmationData is not our/,
  ],
  [
    'no NotOnOrAfter in the confirmation',
    id => confirmed(id, { NotOnOrAfter: undefined }),
    /a time of the Assertion is missing or cannot be read/,
  ],
  [
    'a confirmation that is over',
    id => confirmed(id, { NotOnOrAfter: minutes(-2) }),
    /SubjectConfirmationData has expired/,
  ],
  [
    'a NotBefore in the confirmation',
    id => confirmed(id, { NotBefore: minutes(-2) }),
    /has a NotBefore, which the profile forbids/,
  ],
  [
    'a confirmation whose time is no time',
    id => confirmed(id, { NotOnOrAfter: 'tomorrow' }),
    /a time of the Assertion is missing or cannot be read/,
  ],
  [
    'a confirmation in local time',
    id => confirmed(id, { NotOnOrAfter: '2999-01-01T00:00:00+02:00' }),
    /is not a time in UTC/,
  ],
  ['no confirmation', () => ({ confirmation: '' }), /Subject has no bearer confirmation/],
  [
    'holder-of-key instead of bearer',
    id => ({
      confirmation: confirmation(
        { Recipient: ACS_URL, InResponseTo: id, NotOnOrAfter: minutes(5) },
        'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key',
      ),
    }),
    /Subject has no bearer confirmation/,
  ],
  [
    'the right parts spread over two confirmations',
    id => ({
      confirmation:
        confirmation({ Recipient: ACS_URL, NotOnOrAfter: minutes(5) }) +
        confirmation({ Recipient: OTHER, InResponseTo: id, NotOnOrAfter: minutes(5) }),
    }),
    /SubjectConfirmationData does not say which request/,
  ],
  ['no Conditions', () => ({ conditions: '' }), /the Assertion has no Conditions/],
  ['no audience', () => ({ conditions: conditions({}, '') }), /Conditions restrict no audience/],
  [
    'another audience',
    () => ({ conditions: conditions({}, audience(OTHER)) }),
    /AudienceRestriction does not name this bridge/,
  ],
  [
    'an audience that begins like us',
    () => ({ conditions: conditions({}, audience(`${ENTITY_ID}/more`)) }),
    /does not name this bridge/,
  ],
  [
    'an empty AudienceRestriction',
    () => ({ conditions: conditions({}, audience()) }),
    /AudienceRestriction does not name this bridge/,
  ],
  [
    'a second AudienceRestriction without us',
    () => ({ conditions: conditions({}, audience(ENTITY_ID) + audience(OTHER)) }),
    /does not name this bridge/,
  ],
  [
    'Conditions that are over',
    () => ({ conditions: conditions({ NotOnOrAfter: minutes(-2) }, audience(ENTITY_ID)) }),
    /the Conditions has expired/,
  ],
  [
    'Conditions that begin later',
    () => ({
      conditions: conditions(
        { NotBefore: minutes(2), NotOnOrAfter: minutes(5) },
        audience(ENTITY_ID),
      ),
    }),
    /Conditions are not yet valid/,
  ],
  [
    'two Conditions',
    () => ({ conditions: conditions({}, audience(ENTITY_ID)).repeat(2) }),
    /more than one Conditions/,
  ],
  [
    'an unknown condition',
    () => ({ conditions: conditions({}, `${audience(ENTITY_ID)}<saml:Condition/>`) }),
    /condition that this bridge does not know/,
  ],
  [
    'a condition of a foreign namespace',
    () => ({ conditions: conditions({}, `${audience(ENTITY_ID)}<x:OneTimeUse xmlns:x="urn:x"/>`) }),
    /does not know/,
  ],
  [
    'OneTimeUse twice',
    () => ({
      conditions: conditions({}, `${audience(ENTITY_ID)}${'<saml:OneTimeUse/>'.repeat(2)}`),
    }),
    /too many of OneTimeUse/,
  ],
  ['no AuthnStatement', () => ({ authnStatement: '' }), /Assertion has no AuthnStatement/],
  [
    'two AuthnStatements',
    () => ({ authnStatement: authnStatement({ AuthnInstant: minutes(0) }).repeat(2) }),
    /more than one AuthnStatement/,
  ],
  [
    'no AuthnInstant',
    () => ({ authnStatement: authnStatement({}) }),
    /AuthnStatement has no AuthnInstant/,
  ],
  [
    'an AuthnInstant to come',
    () => ({ authnStatement: authnStatement({ AuthnInstant: minutes(2) }) }),
    /AuthnInstant is in the future/,
  ],
  [
    'a session that is over at the IdP',
    () => ({
      authnStatement: authnStatement({
        AuthnInstant: minutes(-60),
        SessionNotOnOrAfter: minutes(0),
      }),
    }),
    /session at the IdP has expired/,
  ],
  [
    'a Response of tomorrow',
    () => ({ issuedAt: clock.now() + 61_000 }),
    /Response was issued in the future/,
  ],
  [
    'an Assertion of tomorrow',
    () => ({ assertionIssuedAt: clock.now() + 61_000 }),
    /Assertion was issued in the future/,
  ],
  [
    'an old Response',
    () => ({ issuedAt: clock.now() - 360_000 }),
    /Response was issued more than 5 minutes ago/,
  ],
  [
    'an old Assertion',
    () => ({ assertionIssuedAt: clock.now() - 360_000 }),
    /Assertion was issued more than 5 minutes ago/,
  ],
  ['no NameID', () => ({ nameId: '' }), /Subject has no NameID/],
  [
    'two NameIDs',
    () => ({ nameId: nameId('p-0001', PERSISTENT) + nameId('p-0002', PERSISTENT) }),
    /more than one NameID/,
  ],
  ['an empty NameID', () => ({ nameId: nameId('', PERSISTENT) }), /NameID is empty/],
  [
    'a NameID of 257 characters',
    () => ({ nameId: nameId('x'.repeat(257), PERSISTENT) }),
    /longer than 256/,
  ],
  [
    'elements in the NameID',
    () => ({ nameId: nameId('p-0001<x xmlns="urn:x"/>', PERSISTENT) }),
    /NameID contains elements/,
  ],
  [
    'a BaseID',
    () => ({ nameId: `<saml:BaseID/>${nameId('p-0001', PERSISTENT)}` }),
    /Subject has a child element other than/,
  ],
  [
    'a NameID of another IdP',
    () => ({ nameId: nameId('p-0001', PERSISTENT, { NameQualifier: OTHER }) }),
    /qualified by another IdP/,
  ],
  [
    'a NameID for another SP',
    () => ({ nameId: nameId('p-0001', PERSISTENT, { SPNameQualifier: OTHER }) }),
    /made for another service provider/,
  ],
  [
    'an Attribute without Name',
    () => ({ attributes: attributes({ '': 'x' }) }),
    /an Attribute has no Name/,
  ],
  [
    'an unknown element in the Assertion',
    () => ({ assertionTail: '<x xmlns="urn:x"/>' }),
    /the Assertion has a child element that SAML/,
  ],
  [
    'an unknown element in the Response',
    () => ({ responseTail: '<x xmlns="urn:x"/>' }),
    /the Response has a child element that SAML/,
  ],
  [
    'an encrypted ID',
    () => ({ nameId: '<saml:EncryptedID/>' }),
    /encrypted part other than .*; switch encryption of NameIDs and attributes off/,
  ],
  ['no Status', () => ({ status: '' }), /exactly one Status/],
  ['two Status elements', () => ({ status: status('Success').repeat(2) }), /exactly one Status/],
];

for (const [what, parts, message] of REFUSED) {
  test(`rejects whatever is signed: ${what}`, async () => {
    await assertRefused(acme.signIn(parts), message);
    await assertRefused(acme.signIn(parts, { response: true }), message);
  });
}

test('refused: no Issuer in the Response', async () => {
  await assertRefused(acme.signIn({ responseIssuer: '' }), /Response has no Issuer/);
});

const STATUS: readonly (readonly [string, string, RegExp, ErrorCode])[] = [
  [
    'Responder',
    status('Responder', 'AuthnFailed', 'alice is locked'),
    /^the IdP answered with status Responder, AuthnFailed$/,
    'sign_in_cancelled',
  ],
  [
    'Responder with RequestDenied',
    status('Responder', 'RequestDenied'),
    /status Responder, RequestDenied$/,
    'sign_in_cancelled',
  ],
  ['Requester', status('Requester', 'NoPassive'), /status Requester, NoPassive$/, 'idp_refused'],
  [
    'an unknown code',
    '<samlp:Status><samlp:StatusCode Value="urn:x:alice"/></samlp:Status>',
    /status unknown$/,
    'idp_refused',
  ],
];
for (const [what, xml, message, code] of STATUS) {
  test(`a Status that is not Success is the IdP's own refusal, with or without an Assertion: ${what}`, async () => {
    await assertRefused(acme.signIn({ status: xml }), message, code);

    const requestId = await acme.begin();
    const bare = forge
      .xml(requestId, { status: xml }, { assertion: false })
      .replace(/<saml:Assertion.*<\/saml:Assertion>/s, '');
    await assertRefused(
      acme.complete(Buffer.from(bare).toString('base64'), { protocol: 'saml', requestId }),
      message,
      code,
    );
  });
}
