/**
 * Our SAML responses, read by another XML library and checked by another implementation of XML
 * signatures than the one that signs.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { SaxesParser } from 'saxes';
import { partitionTable } from '../../src/core/partitions.ts';
import type { Partition } from '../../src/core/role.ts';
import { createKeyAndCertificate } from '../../src/issuer/certificate.ts';
import { createIssuer } from '../../src/issuer/issuer.ts';
import type { SigningKeys } from '../../src/issuer/signing-keys.ts';
import { anAccount, anAssertionSubject, aRoleSession } from '../support/assertion-subject.ts';
import { handTurnedClock } from '../support/clock.ts';
import { ephemeralKeys } from './ephemeral-keys.ts';
import { holdsByXmlDsig, xmldsig } from './signature-verifiers.ts';

const SAML = 'urn:oasis:names:tc:SAML:2.0:assertion';
const DS = 'http://www.w3.org/2000/09/xmldsig#';
const PREFIX = 'https://aws.amazon.com/SAML/Attributes/';
const TRUST = { by: 'saml', provider: 'rolebridge' } as const;
const clock = handTurnedClock(Date.UTC(2026, 0, 2, 3, 5, 0, 789));

let keys: SigningKeys;
before(async () => {
  keys = await ephemeralKeys(clock);
});

const issuer = (partitions = partitionTable()) =>
  createIssuer({
    baseUrl: 'https://aws.example.com',
    samlEntityId: 'https://aws.example.com/saml/idp',
    audience: 'sts.amazonaws.com',
    keys,
    partitions,
    clock,
  });

async function responseFor(
  changes: Parameters<typeof anAssertionSubject>[0] = {},
  partitions = partitionTable(),
): Promise<Document> {
  const subject = anAssertionSubject(changes);
  const { trust } = subject.account;
  if (trust.by !== 'saml') assert.fail('the account trusts something else');
  const base64 = await issuer(partitions).samlResponse(subject, trust);
  assert.match(base64, /^[A-Za-z0-9+/]+={0,2}$/);
  const xml = Buffer.from(base64, 'base64').toString('utf8');
  const strict = new SaxesParser({ xmlns: true });
  strict.on('error', error => assert.fail(error));
  strict.write(xml).close();
  return xmldsig.Parse(xml);
}

const all = (document: Document, name: string): Element[] =>
  Array.from(document.getElementsByTagNameNS(SAML, name));
function one(document: Document, name: string): Element {
  const found = all(document, name);
  assert.equal(found.length, 1, `one ${name}`);
  return found[0]!;
}

/** Attribute name to values, without the prefix. */
function attributesOf(document: Document, prefix = PREFIX): Map<string, string[]> {
  return new Map(
    all(document, 'Attribute').map(attribute => {
      const name = attribute.getAttribute('Name')!;
      assert.ok(name.startsWith(prefix), name);
      return [
        name.slice(prefix.length),
        Array.from(attribute.getElementsByTagNameNS(SAML, 'AttributeValue')).map(
          value => value.textContent ?? '',
        ),
      ];
    }),
  );
}

/**
 * Whether the element's own signature, and no other, holds with the key that our metadata names.
 */
async function isSigned(document: Document, target: Element): Promise<boolean> {
  const signature = Array.from(target.childNodes).find(
    node => (node as Element).localName === 'Signature',
  ) as Element;
  assert.equal(
    (signature.previousSibling as Element).localName,
    'Issuer',
    'the schema wants the signature behind the Issuer',
  );
  const reference = signature.getElementsByTagNameNS(DS, 'Reference');
  assert.equal(reference.length, 1);
  assert.equal(reference[0]!.getAttribute('URI'), `#${target.getAttribute('ID')}`);
  assert.equal(
    signature.getElementsByTagNameNS(DS, 'SignatureMethod')[0]!.getAttribute('Algorithm'),
    'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  );
  assert.equal(
    signature.getElementsByTagNameNS(DS, 'DigestMethod')[0]!.getAttribute('Algorithm'),
    'http://www.w3.org/2001/04/xmlenc#sha256',
  );
  return holdsByXmlDsig(document, signature, keys.saml.active.certificatePem);
}

describe('a SAML response for AWS', () => {
  it('is signed twice, and the assertion stands alone', async () => {
    const document = await responseFor();
    assert.ok(await isSigned(document, document.documentElement));
    assert.ok(await isSigned(document, one(document, 'Assertion')));
  });

  it('has one signature, that of the assertion, where the account wants no more', async () => {
    const account = anAccount({ trust: { ...TRUST, signatures: 'assertion' } });
    const document = await responseFor({ account });
    assert.ok(await isSigned(document, one(document, 'Assertion')));
    assert.equal(document.getElementsByTagNameNS(DS, 'Signature').length, 1);
  });

  it('no longer verifies when one value is changed', async () => {
    const document = await responseFor();
    one(document, 'NameID').textContent = 'aaaaaaaaaaaaaaaa';
    const changed = xmldsig.Parse(xmldsig.Stringify(document));
    assert.equal(await isSigned(changed, one(changed, 'Assertion')), false);
    assert.equal(await isSigned(changed, changed.documentElement), false);
  });

  it('says exactly what the IAM User Guide asks for', async () => {
    const document = await responseFor({
      session: aRoleSession({
        sourceIdentity: 'alice',
        tags: [
          { key: 'Department', value: 'R & D' },
          { key: 'Email', value: 'alice@example.com' },
        ],
        transitiveTags: ['Department', 'Email'],
        consoleSeconds: 8 * 3600,
      }),
    });
    const response = document.documentElement;
    const recipient = 'https://signin.aws.amazon.com/saml';
    assert.equal(response.getAttribute('Destination'), recipient);
    assert.equal(response.hasAttribute('InResponseTo'), false);
    assert.equal(response.getAttribute('IssueInstant'), '2026-01-02T03:05:00Z');
    assert.deepEqual(
      all(document, 'Issuer').map(node => node.textContent),
      ['https://aws.example.com/saml/idp', 'https://aws.example.com/saml/idp'],
    );

    const nameId = one(document, 'NameID');
    assert.equal(nameId.textContent, 'k3jx2q7d5vbn4mza');
    assert.equal(
      nameId.getAttribute('Format'),
      'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    );
    assert.equal(
      one(document, 'SubjectConfirmation').getAttribute('Method'),
      'urn:oasis:names:tc:SAML:2.0:cm:bearer',
    );
    const data = one(document, 'SubjectConfirmationData');
    assert.equal(data.getAttribute('Recipient'), recipient);
    assert.equal(data.getAttribute('NotOnOrAfter'), '2026-01-02T03:10:00Z');
    assert.equal(data.hasAttribute('InResponseTo'), false);
    const conditions = one(document, 'Conditions');
    assert.equal(conditions.getAttribute('NotBefore'), '2026-01-02T03:04:00Z');
    assert.equal(conditions.getAttribute('NotOnOrAfter'), '2026-01-02T03:10:00Z');
    assert.equal(one(document, 'Audience').textContent, 'urn:amazon:webservices');
    const statement = one(document, 'AuthnStatement');
    assert.equal(statement.getAttribute('AuthnInstant'), '2026-01-02T03:04:05Z');
    assert.equal(
      statement.getAttribute('SessionNotOnOrAfter'),
      '2026-01-02T11:10:00Z',
      'the console session fits, redeemed at the last moment',
    );
    assert.deepEqual(
      [...attributesOf(document)],
      [
        [
          'Role',
          [
            'arn:aws:iam::111122223333:role/Admin,arn:aws:iam::111122223333:saml-provider/rolebridge',
          ],
        ],
        ['RoleSessionName', ['alice-k3jx2q7d5vbn4mza']],
        ['SessionDuration', ['14400']],
        ['PrincipalTag:Department', ['R & D']],
        ['PrincipalTag:Email', ['alice@example.com']],
        ['TransitiveTagKeys', ['Department', 'Email']],
        ['SourceIdentity', ['alice']],
      ],
    );
  });

  it('leaves out what the rule does not set', async () => {
    assert.deepEqual(
      [...attributesOf(await responseFor()).keys()],
      ['Role', 'RoleSessionName', 'SessionDuration'],
    );
  });

  it('never repeats an id', async () => {
    const ids = (await Promise.all([responseFor(), responseFor()])).flatMap(document => [
      document.documentElement.getAttribute('ID')!,
      one(document, 'Assertion').getAttribute('ID')!,
    ]);
    assert.equal(new Set(ids).size, 4);
    for (const id of ids) assert.match(id, /^_[0-9a-f]{40}$/);
  });

  const hostile = [
    '</saml:AttributeValue><saml:AttributeValue>x',
    '<!--x-->',
    ']]>',
    '&amp;&lt;&#13;&#x0;',
    '"\'><!DOCTYPE x [<!ENTITY y "z">]>&y;',
    '<?php ?>',
    '\u3000\u00a0 blank ',
    '𝔞🜁é',
  ];
  for (const value of hostile) {
    it(`carries ${JSON.stringify(value)} as a tag's key and value unchanged`, async () => {
      const document = await responseFor({
        session: aRoleSession({
          tags: [{ key: value, value }],
          transitiveTags: [value],
          sourceIdentity: value,
        }),
      });
      const attributes = attributesOf(document);

      assert.deepEqual(attributes.get(`PrincipalTag:${value}`), [value]);
      assert.deepEqual(attributes.get('TransitiveTagKeys'), [value]);
      assert.deepEqual(attributes.get('SourceIdentity'), [value]);
      assert.equal(attributes.size, 6);
      assert.ok(await isSigned(document, one(document, 'Assertion')));
      assert.ok(await isSigned(document, document.documentElement));
    });
  }

  it('is refused when it is longer than STS takes', async () => {
    const tags = Array.from({ length: 50 }, (_, index) => ({
      key: `${index}${'€'.repeat(120)}`,
      value: '€'.repeat(256),
    }));
    const subject = anAssertionSubject({
      session: aRoleSession({ tags, transitiveTags: tags.map(tag => tag.key) }),
    });

    await assert.rejects(issuer().samlResponse(subject, TRUST), {
      code: 'session_settings_invalid',
      message: /more than 100000 characters/,
    });
  });

  const partitions: readonly [Partition, string, string, string][] = [
    ['aws', 'eu-west-1', 'urn:amazon:webservices', 'https://signin.aws.amazon.com/saml'],
    [
      'aws-us-gov',
      'us-gov-west-1',
      'urn:amazon:webservices:govcloud',
      'https://signin.amazonaws-us-gov.com/saml',
    ],
    [
      'aws-cn',
      'cn-north-1',
      'urn:amazon:webservices:cn-north-1',
      'https://signin.amazonaws.cn/saml',
    ],
    [
      'aws-eusc',
      'eusc-de-east-1',
      'urn:amazon:webservices',
      'https://eusc-de-east-1.signin.amazonaws-eusc.eu/saml',
    ],
  ];
  for (const [partition, region, audience, recipient] of partitions) {
    it(`is addressed to partition ${partition}`, async () => {
      const document = await responseFor({ account: anAccount({ partition, region }) });
      assert.equal(one(document, 'Audience').textContent, audience);
      assert.equal(one(document, 'SubjectConfirmationData').getAttribute('Recipient'), recipient);
      assert.equal(document.documentElement.getAttribute('Destination'), recipient);
      assert.match(
        attributesOf(document).get('Role')![0]!,
        new RegExp(`^arn:${partition}:iam::.*,arn:${partition}:iam::`),
      );
    });
  }

  it('follows what the operator sets for a partition', async () => {
    const set = partitionTable({
      partitions: {
        'aws-cn': {
          samlAudience: 'urn:x',
          samlRecipient: 'https://acs.example/saml',
          samlAttributePrefix: 'http://www.amazonaws.cn/SAML/Attributes/',
        },
      },
    });
    const document = await responseFor(
      { account: anAccount({ partition: 'aws-cn', region: 'cn-north-1' }) },
      set,
    );

    assert.equal(one(document, 'Audience').textContent, 'urn:x');
    assert.equal(
      one(document, 'SubjectConfirmationData').getAttribute('Recipient'),
      'https://acs.example/saml',
    );
    assert.ok(attributesOf(document, 'http://www.amazonaws.cn/SAML/Attributes/').has('Role'));
  });
});

describe('the SAML metadata for IAM', () => {
  it('names us, until when, and every published key, and is long enough for IAM', async () => {
    const other = await createKeyAndCertificate(clock.now());
    const certificate = new X509Certificate(other.certificatePem).raw.toString('base64');
    const next = { ...keys.saml.active, certificate };
    const rotating = {
      ...keys,
      saml: { active: keys.saml.active, published: [keys.saml.active, next] },
    };

    const xml = createIssuer({
      baseUrl: 'https://aws.example.com',
      samlEntityId: 'https://aws.example.com/saml/idp?a=1&b="2"',
      audience: 'a',
      keys: rotating,
      partitions: partitionTable(),
      clock,
    }).samlMetadata();
    assert.ok(xml.length >= 1000);

    const document = xmldsig.Parse(xml);
    assert.equal(
      document.documentElement.getAttribute('entityID'),
      'https://aws.example.com/saml/idp?a=1&b="2"',
    );
    assert.equal(
      Date.parse(document.documentElement.getAttribute('validUntil')!),
      keys.saml.active.certificateEndsAt,
    );

    const certificates = Array.from(document.getElementsByTagNameNS(DS, 'X509Certificate')).map(
      node => new X509Certificate(Buffer.from(node.textContent!, 'base64')).fingerprint256,
    );
    assert.deepEqual(
      certificates,
      [keys.saml.active.certificatePem, other.certificatePem].map(
        pem => new X509Certificate(pem).fingerprint256,
      ),
    );

    const services = Array.from(
      document.getElementsByTagNameNS(
        'urn:oasis:names:tc:SAML:2.0:metadata',
        'SingleSignOnService',
      ),
    );
    assert.deepEqual(
      services.map(service => service.getAttribute('Location')),
      ['https://aws.example.com/', 'https://aws.example.com/'],
    );
    assert.ok(!xml.includes('PRIVATE'));
  });

  it('is built once', () => {
    const one = issuer();
    assert.equal(one.samlMetadata(), one.samlMetadata());
    assert.equal(one.jwks(), one.jwks());
    assert.equal(one.openIdConfiguration(), one.openIdConfiguration());
  });
});
