import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { PEOPLE } from '../../src/dev/people.ts';
import { createSamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import { type HandTurnedClock, handTurnedClock } from '../support/clock.ts';
import { type RequestParts, SAML, SAMLP, ServiceProvider } from './service-provider.ts';
import { type Listening, listen, newVisitor, type Visitor } from './visitor.ts';

describe('the demo SAML identity provider, before it answers a request', () => {
  let idpServer: Listening;
  let sp: ServiceProvider;
  let clock: HandTurnedClock;
  let visitor: Visitor;

  before(async () => {
    clock = handTurnedClock();
    idpServer = await listen();
    sp = await ServiceProvider.start({ idpUrl: idpServer.url, now: clock.now });
    const serviceProviders = [{ metadataUrl: sp.entityId }];
    const idp = await createSamlIdp({
      baseUrl: idpServer.url,
      people: PEOPLE,
      serviceProviders,
      now: clock.now,
    });
    idpServer.handler = idp.handler;
  });
  after(() => Promise.all([idpServer.close(), sp.close()]));
  beforeEach(() => {
    visitor = newVisitor();
  });

  const deflated = (text: string) => encodeURIComponent(deflateRawSync(text).toString('base64'));
  const refusals: [string, RequestParts | (() => RequestParts), RegExp][] = [
    [
      'an unknown service provider',
      { issuer: 'urn:someone-else' },
      /No service provider of the name/,
    ],
    ['an unsigned request', { key: undefined }, /not signed/],
    [
      'a request signed with another key',
      () => ({ key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey }),
      /does not hold/,
    ],
    ['a SHA-1 signature', { algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }, /algorithm/],
    [
      'a changed RelayState',
      { editQuery: query => query.replace(/RelayState=[^&]*/, 'RelayState=other') },
      /does not hold/,
    ],
    [
      'a changed request',
      {
        editQuery: query =>
          query.replace(/SAMLRequest=[^&]*/, `SAMLRequest=${deflated(plainRequest())}`),
      },
      /does not hold/,
    ],
    [
      'a signature without its algorithm',
      { editQuery: query => query.replace(/&SigAlg=[^&]*/, '') },
      /belong together/,
    ],
    ['a request sent twice', { editQuery: query => `${query}&SAMLRequest=x` }, /sent twice/],
    [
      'an escaped parameter name',
      { editQuery: query => query.replace('SAMLRequest', '%53AMLRequest') },
      /escaped/,
    ],
    ['another encoding', { editQuery: query => `${query}&SAMLEncoding=urn:none` }, /SAMLEncoding/],
    ['something that is not base64', { editQuery: () => 'SAMLRequest=%21' }, /not base64/],
    ['something that is not deflated', { editQuery: () => 'SAMLRequest=AAAA' }, /not a deflated/],
    [
      'a deflate bomb',
      { editQuery: () => `SAMLRequest=${deflated('a'.repeat(1_000_000))}` },
      /not a deflated/,
    ],
    ['broken percent-encoding', { editQuery: () => 'SAMLRequest=%zz' }, /not encoded properly/],
    ['no request', { editQuery: () => '' }, /missing/],
    ['a long RelayState', { relayState: 'x'.repeat(81) }, /RelayState is longer/],
    ['a document type', { before: '<!DOCTYPE x>' }, /document type/],
    ['a comment', { children: '<!-- -->' }, /comment/],
    ['an unclosed element', { children: '<a>' }, /not well-formed/],
    ['an element that it does not know', { children: '<a/>' }, /not supported/],
    [
      'a message of another kind',
      { editQuery: () => `SAMLRequest=${deflated('<a/>')}` },
      /not an AuthnRequest/,
    ],
    ['another version', { attributes: { Version: '1.1' } }, /Version/],
    ['no ID', { attributes: { ID: undefined } }, /ID/],
    ['an ID that is no XML name', { attributes: { ID: '0123456789abcdef0123' } }, /ID/],
    ['no IssueInstant', { attributes: { IssueInstant: undefined } }, /IssueInstant/],
    ['a local time', { attributes: { IssueInstant: '2026-01-01T00:00:00+01:00' } }, /IssueInstant/],
    ['a stale request', () => ({ attributes: { IssueInstant: at(-301) } }), /too old/],
    ['a request from the future', () => ({ attributes: { IssueInstant: at(61) } }), /future/],
    [
      'another destination',
      { attributes: { Destination: 'https://idp.example/sso' } },
      /Destination/,
    ],
    ['no destination', { attributes: { Destination: undefined } }, /Destination/],
    [
      'a foreign ACS',
      { attributes: { AssertionConsumerServiceURL: 'https://evil.example/acs' } },
      /not in the sender's metadata/,
    ],
    [
      'an ACS that begins like the right one',
      () => ({ attributes: { AssertionConsumerServiceURL: `${sp.acs}/x` } }),
      /not in the sender/,
    ],
    [
      'an unknown ACS index',
      {
        attributes: { AssertionConsumerServiceURL: undefined, AssertionConsumerServiceIndex: '7' },
      },
      /not in the sender/,
    ],
    ['an ACS twice', { attributes: { AssertionConsumerServiceIndex: '0' } }, /exclude each other/],
    [
      'another binding',
      { attributes: { ProtocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact' } },
      /ProtocolBinding/,
    ],
    ['a ForceAuthn that is no boolean', { attributes: { ForceAuthn: 'yes' } }, /ForceAuthn/],
    [
      'a foreign SPNameQualifier',
      { children: '<samlp:NameIDPolicy SPNameQualifier="urn:other"/>' },
      /name space/,
    ],
  ];
  for (const [what, parts, reason] of refusals) {
    it(`rejects ${what}`, async () => {
      const answer = await visitor.get(sp.ssoUrl(typeof parts === 'function' ? parts() : parts));
      assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status));
      assert.match(answer.text.replaceAll('&#39;', "'"), reason);
      assert.doesNotMatch(answer.text, /<form/);
    });
  }
  const at = (seconds: number) => new Date(clock.now() + seconds * 1000).toISOString();
  const plainRequest = () =>
    `<samlp:AuthnRequest xmlns:samlp="${SAMLP}"><saml:Issuer xmlns:saml="${SAML}">${sp.entityId}</saml:Issuer></samlp:AuthnRequest>`;

  it('fetches metadata on first use, caches it, and fetches it again after a failure or for a new key', async () => {
    const serviceProviders = [{ metadataUrl: sp.entityId }];
    sp.metadataFetches = 0;
    const fresh = await createSamlIdp({
      baseUrl: idpServer.url,
      people: PEOPLE,
      serviceProviders,
      now: clock.now,
    });

    idpServer.handler = fresh.handler;
    assert.equal(sp.metadataFetches, 0);

    sp.isUp = false;
    assert.match((await visitor.get(sp.ssoUrl())).text, /answers 503/);

    sp.isUp = true;
    assert.equal((await visitor.get(sp.ssoUrl())).status, 200);
    assert.equal((await visitor.get(sp.ssoUrl())).status, 200);
    assert.equal(sp.metadataFetches, 2);

    await sp.changeKey();
    assert.equal((await visitor.get(sp.ssoUrl())).status, 200);
    assert.equal(sp.metadataFetches, 3);
  });

  it('rejects a service provider with invalid metadata, and says what is wrong', async () => {
    const table: [(text: string) => string, RegExp][] = [
      [text => text.replace('entityID', `validUntil="${at(-1)}" entityID`), /validUntil is over/],
      [text => text.replace(/entityID="[^"]*"/, ''), /not an EntityDescriptor/],
      [text => text.replace('HTTP-POST', 'HTTP-Artifact'), /no AssertionConsumerService/],
      [
        text =>
          text.replace(
            'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0',
            'protocolSupportEnumeration="urn:other',
          ),
        /no SAML 2.0 service/,
      ],
      [text => text.replace('use="signing"', 'use="encryption"'), /publishes no key/],
      [text => text.replace(' index="0"', ''), /without Location or index/],
      [text => `<!DOCTYPE x>${text}`, /document type/],
      [text => text.slice(0, -10), /not well-formed/],
      [text => `${text}${' '.repeat(300_000)}`, /larger than/],
      [text => text.replace('<md:KeyDescriptor', `${'<md:x>'.repeat(30)}`), /too many elements/],
    ];
    for (const [edit, reason] of table) {
      sp.editMetadata = edit;
      const serviceProviders = [{ metadataUrl: sp.entityId }];
      const fresh = await createSamlIdp({
        baseUrl: idpServer.url,
        people: PEOPLE,
        serviceProviders,
        now: clock.now,
      });
      idpServer.handler = fresh.handler;
      const answer = await visitor.get(sp.ssoUrl());
      assert.equal(answer.status, 403);
      assert.match(answer.text, reason);
    }
  });
});
