import assert from 'node:assert/strict';
import { createVerify } from 'node:crypto';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { createSamlConnector } from '../../src/connectors/saml.ts';
import { addressIn } from '../support/authentication-request.ts';
import {
  at,
  attributes,
  audience,
  authnStatement,
  conditions,
  confirmation,
  EMAIL,
  issuer,
  nameId,
  PASSWORD_CONTEXT,
  PERSISTENT,
  signingKey,
  status,
  TRANSIENT,
} from '../support/saml-forge.ts';
import {
  ACS_URL,
  assertRefused,
  clock,
  ENTITY_ID,
  forge,
  IDP,
  MAPPING,
  openConnector,
  optionsWith,
  outboundOf,
  type Parts,
  stranger,
} from './saml-fixture.ts';

const acme = await openConnector();

// ---------------------------------------------------------------- begin

test('a sign-in begins with a signed AuthnRequest that asks for an answer at our own address', async () => {
  const { request, expectation } = await acme.connector.begin({
    attemptId: 'attempt-1',
    reauthenticate: false,
  });
  const url = new URL(addressIn(request));
  assert.equal(url.origin + url.pathname, 'https://idp.example.test/sso');
  assert.equal(url.searchParams.get('RelayState'), 'attempt-1');
  assert.equal(url.searchParams.get('SigAlg'), 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256');
  const signed = url.search.slice(1).split('&Signature=')[0]!;
  const signature = url.searchParams.get('Signature')!;
  assert.ok(
    createVerify('sha256')
      .update(signed)
      .verify(optionsWith().signingKey.certificatesPem[0]!, signature, 'base64'),
  );

  const xml = inflateRawSync(
    Buffer.from(url.searchParams.get('SAMLRequest')!, 'base64'),
  ).toString();
  assert.equal(
    expectation.protocol === 'saml' && expectation.requestId,
    /ID="([^"]+)"/.exec(xml)?.[1],
  );
  assert.match(xml, new RegExp(`AssertionConsumerServiceURL="${ACS_URL}"`));
  assert.match(xml, new RegExp(`>${ENTITY_ID}</saml:Issuer>`));
  assert.match(xml, /Destination="https:\/\/idp\.example\.test\/sso"/);
  assert.doesNotMatch(xml, /ForceAuthn|RequestedAuthnContext/);
});

test('requests ForceAuthn when the user must sign in again', async () => {
  const { request } = await acme.connector.begin({
    attemptId: 'attempt-1',
    reauthenticate: true,
  });
  const xml = inflateRawSync(
    Buffer.from(new URL(addressIn(request)).searchParams.get('SAMLRequest')!, 'base64'),
  ).toString();
  assert.match(xml, /ForceAuthn="true"/);
});

test('every request has its own ID', async () => {
  assert.notEqual(await acme.begin(), await acme.begin());
});

const UNSIGNED_REQUESTS = [
  ['is not signed when neither side requires it', '', false],
  ['is signed when the metadata of the IdP wants that', ' WantAuthnRequestsSigned="true"', true],
] as const;
for (const [what, role, signed] of UNSIGNED_REQUESTS) {
  test(`with signRequests off a request ${what}`, async () => {
    const { connector } = await openConnector({
      signRequests: false,
      outbound: outboundOf(() => forge.metadata({ role })),
    });
    const { request } = await connector.begin({ attemptId: 'attempt-1', reauthenticate: false });
    assert.equal(new URL(addressIn(request)).searchParams.has('Signature'), signed);
    await connector.close();
  });
}

// ---------------------------------------------------------------- what is accepted

test('a signed answer to our own request signs the person in', async () => {
  const { identity, assertion, sessionNotAfter, corporateProof } = await acme.signIn({
    assertionId: '_assertion-1',
  });

  assert.equal(identity.subject, 'p-0001');
  assert.equal(identity.username, 'alice');
  assert.equal(identity.email, 'alice@example.test');
  assert.deepEqual(identity.groups, ['aws-admins', 'developers']);
  assert.deepEqual(identity.authentication, {
    at: clock.now(),
    methods: ['urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'],
    multiFactor: false,
  });
  assert.deepEqual(assertion, { id: '_assertion-1', expiresAt: clock.now() + 360_000 });
  assert.equal(sessionNotAfter, undefined);
  assert.equal(corporateProof, undefined);
});

const ADFS_GROUP = 'http://schemas.xmlsoap.org/claims/Group';
const ACCEPTED: readonly (readonly [string, Parts | ((requestId: string) => Parts)])[] = [
  ['a NameID that is an email address', { nameId: nameId('alice@example.test', EMAIL) }],
  ['a NameID without Format', { nameId: '<saml:NameID>alice</saml:NameID>' }],
  [
    'an Issuer with the entity format',
    {
      assertionIssuer: `<saml:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">${IDP}</saml:Issuer>`,
    },
  ],
  [
    'qualifiers of this IdP and of us',
    { nameId: nameId('p-0001', PERSISTENT, { NameQualifier: IDP, SPNameQualifier: ENTITY_ID }) },
  ],
  [
    'a second audience beside us',
    { conditions: conditions({}, audience('https://other.example.test', ENTITY_ID)) },
  ],
  ['OneTimeUse', { conditions: conditions({}, `${audience(ENTITY_ID)}<saml:OneTimeUse/>`) }],
  ['Conditions without times', { conditions: conditions({}, audience(ENTITY_ID)) }],
  [
    'a bearer confirmation beside one that is not for us',
    id => ({
      confirmation:
        confirmation({
          Recipient: 'https://other.example.test',
          InResponseTo: id,
          NotOnOrAfter: at(clock.now() + 60_000),
        }) +
        confirmation({
          Recipient: ACS_URL,
          InResponseTo: id,
          NotOnOrAfter: at(clock.now() + 60_000),
        }),
    }),
  ],
  [
    'Extensions in the Response',
    { status: `<samlp:Extensions><x xmlns="urn:x"/></samlp:Extensions>${status('Success')}` },
  ],
  ['an XML declaration', { prolog: '<?xml version="1.0" encoding="UTF-8"?>\n' }],
  [
    'a clock of the IdP that is 50 seconds ahead',
    { issuedAt: clock.now() + 50_000, assertionIssuedAt: clock.now() + 50_000 },
  ],
  [
    'an answer that is five minutes old',
    { issuedAt: clock.now() - 300_000, assertionIssuedAt: clock.now() - 300_000 },
  ],
];
for (const [what, parts] of ACCEPTED) {
  test(`accepted: ${what}`, async () => {
    assert.equal((await acme.signIn(parts)).identity.username, 'alice');
  });
}

test('accepted: Response and Assertion both signed', async () => {
  assert.equal((await acme.signIn({}, { response: true })).identity.username, 'alice');
});

const ALGORITHMS = [
  [
    'RSA with SHA-512',
    {
      method: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
      digest: 'http://www.w3.org/2001/04/xmlenc#sha512',
    },
  ],
  ['RSA-PSS with SHA-256', { method: 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1' }],
] as const;
for (const [what, parts] of ALGORITHMS) {
  test(`accepted: ${what}`, async () => {
    assert.equal((await acme.signIn({}, { parts, response: true })).identity.username, 'alice');
  });
}

test('accepted: base64 with line breaks', async () => {
  const requestId = await acme.begin();
  const folded = forge.respond(requestId).replace(/.{76}/g, '$&\r\n');
  assert.equal(
    (await acme.complete(folded, { protocol: 'saml', requestId })).identity.username,
    'alice',
  );
});

test('accepted: KeyInfo left out', async () => {
  assert.equal((await acme.signIn({}, { parts: { keyInfo: '' } })).identity.username, 'alice');
});

test('while the IdP changes its key, answers signed with either key are accepted', async () => {
  const keys = [signingKey(stranger), signingKey(forge.key, '')];
  const rotating = await openConnector({ outbound: outboundOf(() => forge.metadata({ keys })) });
  for (const key of [stranger, forge.key])
    assert.equal((await rotating.signIn({}, { key, response: true })).identity.username, 'alice');
  await rotating.connector.close();
});

// ---------------------------------------------------------------- attributes and subject

const GROUPS: readonly (readonly [string, Record<string, string | string[]>, string[]])[] = [
  ['none', {}, []],
  ['one', { memberOf: 'developers' }, ['developers']],
  ['many', { memberOf: ['aws-admins', 'developers'] }, ['aws-admins', 'developers']],
];
for (const [count, groups, expected] of GROUPS) {
  test(`groups: ${count}`, async () => {
    const { identity } = await acme.signIn({ attributes: attributes({ uid: 'alice', ...groups }) });
    assert.deepEqual(identity.groups, expected);
  });
}

const LAYOUT = '\n          ';
const PRETTY: readonly (readonly [string, string, string])[] = [
  ['indented text', `${LAYOUT}developers${LAYOUT}`, 'developers'],
  ['a line break on one side', 'developers\n', 'developers'],
  ['spaces in front of the line break', `  \n developers \r\n\t`, 'developers'],
  ['a space without a line break', 'developers ', 'developers '],
  ['a tab without a line break, which no group has', '\tdevelopers', ''],
  [
    'a no-break space, which is no layout',
    `${LAYOUT}\u00a0developers${LAYOUT}`,
    '\u00a0developers',
  ],
  ['nothing but layout', LAYOUT, ''],
];
for (const [what, text, expected] of PRETTY) {
  test(`pretty-printed XML: ${what}`, async () => {
    const { identity } = await acme.signIn({
      attributes: attributes({ uid: 'alice', memberOf: text }),
    });
    assert.deepEqual(identity.groups, expected === '' ? [] : [expected]);
  });
}

test('pretty-printed XML: every text of the response', async () => {
  const pretty = (text: string): string => `${LAYOUT}${text}${LAYOUT}`;
  const { identity } = await acme.signIn(
    {
      responseIssuer: issuer(pretty(IDP)),
      assertionIssuer: issuer(pretty(IDP)),
      nameId: nameId(pretty('p-0001'), PERSISTENT),
      conditions: conditions(
        { NotOnOrAfter: at(clock.now() + 60_000) },
        `${LAYOUT}${audience(pretty(ENTITY_ID))}${LAYOUT}`,
      ),
      authnStatement: authnStatement({ AuthnInstant: at(clock.now()) }, pretty(PASSWORD_CONTEXT)),
      attributes: attributes({ uid: pretty('alice'), mail: pretty('alice@example.test') }),
    },
    { response: true },
  );
  assert.deepEqual(
    [identity.subject, identity.username, identity.email, identity.authentication.methods],
    ['p-0001', 'alice', 'alice@example.test', [PASSWORD_CONTEXT]],
  );
});

test('subjects that differ in a space are two users, and a line break inside is none', async () => {
  const subjectOf = async (text: string): Promise<string> =>
    (await acme.signIn({ nameId: nameId(text, PERSISTENT) })).identity.person;
  assert.notEqual(await subjectOf('p-1 '), await subjectOf('p-1'));
  await assertRefused(
    acme.signIn({ nameId: nameId('p-1\nadmin', PERSISTENT) }),
    /the subject contains a control/,
    'identity_incomplete',
  );
});

test('a value that comes twice is one value; an optional one with two values is left out', async () => {
  const { identity, received } = await acme.signIn({
    attributes: attributes({
      uid: ['alice', 'alice'],
      mail: ['a@example.test', 'b@example.test'],
      department: ['Platform', 'Platform'],
    }),
  });
  assert.deepEqual([identity.username, identity.email], ['alice', undefined]);
  assert.equal(identity.attributes.department, 'Platform');
  assert.deepEqual(received, {
    names: ['department', 'mail', 'uid'],
    leftOut: ['email "mail" has 2 different values'],
  });
});

test('two user names are refused, with the names of the attributes that came', async () => {
  await assertRefused(
    acme.signIn({ attributes: attributes({ uid: ['alice', 'mallory'], mail: 'alice' }) }),
    /^the username claim "uid" has 2 different values; received claims: mail, uid$/,
    'identity_incomplete',
  );
});

test('groups in one text are read in the form of the connector', async () => {
  const split = await openConnector({
    attributes: { ...MAPPING, groupsForm: { kind: 'separated', separator: ';' } },
  });
  const answer = attributes({ uid: 'alice', memberOf: 'aws-admins;developers' });
  assert.deepEqual((await split.signIn({ attributes: answer })).identity.groups, [
    'aws-admins',
    'developers',
  ]);
  const { identity, received } = await acme.signIn({ attributes: answer });
  assert.deepEqual(identity.groups, ['aws-admins;developers']);
  assert.equal(received.suggestion, 'groupSeparator: ";"');
  await split.connector.close();
});

test('groups that Entra ID keeps elsewhere are refused rather than taken for none', async () => {
  const link = 'http://schemas.microsoft.com/claims/groups.link';
  const answer = attributes({
    uid: 'alice',
    [link]: 'https://graph.example/users/1/getMemberObjects',
  });

  await assert.rejects(acme.signIn({ attributes: answer }), {
    code: 'identity_incomplete',
    message: /groups overage/,
  });
});

test('several Attribute elements of one name are one list of groups', async () => {
  const repeated =
    attributes({ uid: 'alice', memberOf: 'aws-admins' }) + attributes({ memberOf: 'developers' });
  assert.deepEqual((await acme.signIn({ attributes: repeated })).identity.groups, [
    'aws-admins',
    'developers',
  ]);
});

test('attribute names of AD FS, which are URIs with dots, are names like any other', async () => {
  const upn = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn';
  const mail = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress';
  const adfs = await openConnector({
    attributes: { username: upn, email: mail, groups: ADFS_GROUP },
  });

  const { identity } = await adfs.signIn({
    attributes: attributes({
      [upn]: 'alice@corp',
      [mail]: 'alice@example.test',
      [ADFS_GROUP]: 'developers',
    }),
  });
  assert.deepEqual(
    [identity.username, identity.email, identity.groups],
    ['alice@corp', 'alice@example.test', ['developers']],
  );
  await adfs.connector.close();
});

test('a value that holds elements or is nil is no value', async () => {
  const odd =
    '<saml:AttributeStatement><saml:Attribute Name="memberOf"><saml:AttributeValue><x xmlns="urn:x">aws-admins</x></saml:AttributeValue>' +
    '<saml:AttributeValue xsi:nil="true"/><saml:AttributeValue>developers</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>';
  const { identity } = await acme.signIn({ attributes: attributes({ uid: 'alice' }) + odd });
  assert.deepEqual(identity.groups, ['developers']);
});

test('markup in a value stays text', async () => {
  const text = '&lt;/saml:AttributeValue&gt;&lt;!--]]&gt; &amp;amp; &quot;\u00e9\u{1f600}';
  const { identity } = await acme.signIn(
    { attributes: attributes({ uid: 'alice', displayName: text }) },
    { response: true },
  );
  assert.equal(identity.displayName, '</saml:AttributeValue><!--]]> &amp; "\u00e9\u{1f600}');
});

test('an attribute called __proto__ or nameID changes nothing', async () => {
  const { identity } = await acme.signIn({
    attributes: attributes({
      uid: 'alice',
      ['__proto__']: 'mallory',
      nameID: 'mallory',
      constructor: 'x',
    }),
  });

  assert.equal(identity.username, 'alice');
  assert.equal(identity.subject, 'p-0001');
  assert.deepEqual(identity.groups, []);
});

test('a username that is not there is refused as incomplete', async () => {
  await assertRefused(
    acme.signIn({ attributes: '' }),
    /username claim "uid" is missing/,
    'identity_incomplete',
  );
});

test('rejects a transient NameID unless an attribute is the subject', async () => {
  const transient = { nameId: nameId('_t-1', TRANSIENT) };
  await assertRefused(
    acme.signIn(transient),
    /^the NameID has the format urn:oasis:\S+:transient, which is .* name an attribute as the subject.*; received claims: mail, memberOf, uid$/,
    'identity_incomplete',
  );
  await assertRefused(
    acme.signIn({ nameId: nameId('p-1', 'a b') }),
    /^the NameID has the format \(not printable\),/,
    'identity_incomplete',
  );

  const bySubject = await openConnector({ subject: 'employee' });
  const employee = { ...transient, attributes: attributes({ uid: 'alice', employee: '4711' }) };
  assert.equal((await bySubject.signIn(employee)).identity.subject, '4711');
  await assertRefused(
    bySubject.signIn(transient),
    /"employee", which is the subject, is missing or empty; received claims: mail, memberOf, uid$/,
    'identity_incomplete',
  );

  const two = { attributes: attributes({ uid: 'alice', employee: ['1', '2'] }) };
  await assertRefused(
    bySubject.signIn(two),
    /subject, has 2 different values/,
    'identity_incomplete',
  );

  const twice = { attributes: attributes({ uid: 'alice', employee: ['1', '1'] }) };
  assert.equal((await bySubject.signIn(twice)).identity.subject, '1');
  await bySubject.connector.close();
});

test('a method of the IdP counts as multi-factor by configuration, also where Microsoft puts it', async () => {
  const context = 'https://refeds.org/profile/mfa';
  const microsoft = 'http://schemas.microsoft.com/claims/multipleauthn';
  const strict = await openConnector({ multiFactorMethods: [context, microsoft] });

  const methods = attributes({
    uid: 'alice',
    'http://schemas.microsoft.com/claims/authnmethodsreferences': ['x', microsoft],
  });
  assert.equal((await strict.signIn()).identity.authentication.multiFactor, false);

  const byContext = { authnStatement: authnStatement({ AuthnInstant: at(clock.now()) }, context) };
  assert.equal((await strict.signIn(byContext)).identity.authentication.multiFactor, true);
  assert.equal(
    (await strict.signIn({ attributes: methods })).identity.authentication.multiFactor,
    true,
  );
  await strict.connector.close();
});

test('AuthnInstant is the time of the sign-in and SessionNotOnOrAfter its end', async () => {
  const times = {
    AuthnInstant: at(clock.now() - 3_600_000),
    SessionNotOnOrAfter: at(clock.now() + 3_600_000),
  };
  const { identity, sessionNotAfter } = await acme.signIn({
    authnStatement: authnStatement(times),
  });

  assert.equal(identity.authentication.at, clock.now() - 3_600_000);
  assert.equal(sessionNotAfter, clock.now() + 3_600_000);
});

test('the Response is kept for accounts that trust the IdP itself, when the connector keeps it', async () => {
  const keeping = await openConnector({ keepCorporateProof: true });
  const requestId = await keeping.begin();
  const samlResponse = forge.respond(requestId);
  const { corporateProof } = await keeping.complete(samlResponse, { protocol: 'saml', requestId });
  assert.deepEqual(corporateProof, {
    kind: 'saml-response',
    samlResponse,
    expiresAt: clock.now() + 300_000,
  });
  await keeping.connector.close();
});

test('the replay memory lasts as long as the assertion could be accepted, and no longer', async () => {
  const slow = await openConnector({ clockSkewSeconds: 0 });
  const requestId = await slow.begin();
  const end = { NotOnOrAfter: at(clock.now() + 100_000) };
  const parts = { conditions: conditions(end, audience(ENTITY_ID)) };
  const samlResponse = forge.respond(requestId, parts);

  const { assertion } = await slow.complete(samlResponse, { protocol: 'saml', requestId });
  assert.equal(assertion?.expiresAt, clock.now() + 100_000);

  clock.turn(99);
  await slow.complete(samlResponse, { protocol: 'saml', requestId });
  clock.turn(1);
  await assertRefused(
    slow.complete(samlResponse, { protocol: 'saml', requestId }),
    /the Conditions has expired/,
  );
  await slow.connector.close();
});

// ---------------------------------------------------------------- unsolicited answers

test('rejects an unsolicited response unless the connector allows it', async () => {
  await assertRefused(acme.complete(forge.respond(undefined), undefined), /is unsolicited/);

  const open = await openConnector({ allowUnsolicited: true });
  assert.equal(open.connector.acceptsUnsolicited, true);
  assert.equal(
    (await open.complete(forge.respond(undefined), undefined)).identity.username,
    'alice',
  );
  await assertRefused(
    open.complete(forge.respond('_a-request'), undefined),
    /the Response answers a request, but none was made/,
  );

  const confirmed = { inResponseTo: undefined };
  await assertRefused(
    open.complete(forge.respond('_a-request', confirmed), undefined),
    /the SubjectConfirmationData answers a request, but none/,
  );
  await assertRefused(
    open.complete(forge.respond(undefined), { protocol: 'saml', requestId: '_r' }),
    /does not say which request/,
  );
  await open.connector.close();
});

test('an answer of the other protocol is refused', async () => {
  const oidc = { protocol: 'oidc', parameters: new URLSearchParams() } as const;
  await assertRefused(
    acme.connector.complete(oidc, { protocol: 'saml', requestId: '_r' }),
    /not a SAML Response/,
  );
  const begun = { protocol: 'oidc', nonce: 'n', codeVerifier: 'v' } as const;
  await assertRefused(acme.complete(forge.respond('_r'), begun), /was not begun with SAML/);
});

// ---------------------------------------------------------------- options

test('a clock skew beyond two minutes is a mistake of the caller', async () => {
  for (const clockSkewSeconds of [121, -1, Number.NaN])
    assert.throws(() => createSamlConnector(optionsWith({ clockSkewSeconds })), RangeError);
});

test('the mapping decides which attribute is what', async () => {
  const swapped = await openConnector({
    attributes: { ...MAPPING, username: 'mail', displayName: 'uid' },
  });
  const { identity } = await swapped.signIn();
  assert.deepEqual([identity.username, identity.displayName], ['alice@example.test', 'alice']);
  await swapped.connector.close();
});
