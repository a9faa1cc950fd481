/** What the log says of an answer for another bridge, and which NameID formats are the same. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  audience,
  conditions,
  confirmation,
  EMAIL,
  issuer,
  nameId,
  PERSISTENT,
} from '../support/saml-forge.ts';
import { ACS_URL, assertRefused, openConnector, type Parts } from './saml-fixture.ts';

const acme = await openConnector();
after(() => acme.connector.close());

const DIFFERENCES: readonly (readonly [string, Parts, RegExp])[] = [
  [
    'another host',
    { destination: ACS_URL.replace('bridge.', 'old.') },
    /it is "https:\/\/old\..*the host differs; compare baseUrl/,
  ],
  [
    'another scheme',
    { destination: ACS_URL.replace('https', 'http') },
    /the scheme differs; compare baseUrl/,
  ],
  ['a slash at the end', { destination: `${ACS_URL}/` }, /the path differs; set it at the IdP/],
  [
    'another letter case',
    { destination: ACS_URL.replace('bridge', 'Bridge') },
    /the spelling differs/,
  ],
  ['a secret in a query', { destination: `${ACS_URL}?token=hush` }, /^(?!.*hush)the Destination/],
  [
    'a password in an address',
    { destination: ACS_URL.replace('://', '://a:hush@') },
    /^(?!.*hush)the Destination/,
  ],
  ['no address', { destination: 'x\u202ey' }, /it is "x\\\\u202ey"/],
  ['a long one', { destination: 'x'.repeat(5000) }, /^.{0,700}$/],
  [
    'another Recipient',
    {
      confirmation: confirmation({
        Recipient: 'https://old.example/acs',
        NotOnOrAfter: '2999-01-01T00:00:00Z',
      }),
    },
    /the Recipient .*it is "https:\/\/old\.example\/acs"/,
  ],
  [
    'another Issuer',
    { responseIssuer: issuer('https://other.example') },
    /the Issuer of the Response .*it is "https:\/\/other\.example"/,
  ],
  [
    'another audience',
    { conditions: conditions({}, audience('https://other.example')) },
    /it names "https:\/\/other\.example", and must name/,
  ],
];
for (const [what, parts, message] of DIFFERENCES)
  test(`the log says what came: ${what}`, () => {
    const escaped = (text = '') => text.replace('\u202e', '&#x202e;');
    const { destination } = parts;
    const sent =
      destination === undefined ? parts : { ...parts, destination: escaped(destination) };
    return assertRefused(acme.signIn(sent), message);
  });

const SPELLINGS = [
  PERSISTENT,
  PERSISTENT.replace('2.0', '1.1'),
  PERSISTENT.toUpperCase(),
  ` ${PERSISTENT} `,
  EMAIL,
  EMAIL.replace('1.1', '2.0'),
  EMAIL.toLowerCase(),
  EMAIL.replace('1.1', '2.0').replace('emailAddress', 'unspecified'),
];
for (const format of SPELLINGS)
  test(`reads the same user from a NameID of the format ${format}`, async () => {
    const { identity } = await acme.signIn({ nameId: nameId('p-0001', format) });
    const plain = await acme.signIn({ nameId: nameId('p-0001', EMAIL) });
    assert.equal(identity.person, plain.identity.person);
  });

for (const format of [
  'transient',
  'Transient',
  'transient ',
  'entity',
  'persistent-id',
  'toString',
])
  for (const version of ['1.1', '2.0'])
    test(`takes no NameID of the format ${format} of ${version} as stable`, () =>
      assertRefused(
        acme.signIn({
          nameId: nameId('t-1', `urn:oasis:names:tc:SAML:${version}:nameid-format:${format}`),
        }),
        /^the NameID has the format urn:oasis:/,
        'identity_incomplete',
      ));

test('a misspelt persistent NameID of another IdP is rejected by its qualifier', () =>
  assertRefused(
    acme.signIn({
      nameId: nameId('p-0001', PERSISTENT.replace('2.0', '1.1'), { NameQualifier: 'https://x' }),
    }),
    /qualified by another IdP/,
  ));
