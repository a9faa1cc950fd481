/** What `doctor` says of SAML providers with one fault: its name, and nothing else. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { Finding } from '../../../src/core/finding.ts';
import type { Seconds } from '../../../src/core/time.ts';
import { createSigningKey } from '../../../src/dev/saml-idp/signing-key.ts';
import { createForge, ecKey, rsaKey, signingKey } from '../../support/saml-forge.ts';
import { startTlsProxy } from '../../support/tls-proxy.ts';
import { clock, configured, directory, examined, faultsOf, idsOf } from './examined.ts';

const DAY_MILLISECONDS = 86_400_000;

describe('a SAML provider with one fault', () => {
  let answer: RequestListener;
  const server = createServer((request, response) => answer(request, response));
  let base: string;
  before(async () => {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const forgeWith = () =>
    createForge({
      ...{ idpEntityId: `${base}/entity`, signOnUrl: `${base}/sso` },
      ...{ acsUrl: 'https://aws.example.com/acs', entityId: 'https://aws.example.com' },
      now: clock.now,
    });
  const ATTRIBUTES = { username: 'uid', email: 'mail', groups: 'memberOf' };
  const examine = async (changes: object = {}, patience?: Seconds): Promise<Finding[]> =>
    examined(
      await configured({
        saml: { metadata: { url: `${base}/metadata` }, attributes: ATTRIBUTES, ...changes },
      }),
      { patience },
    );
  /** A key whose certificate ends in so many days. */
  const endingIn = async (days: number): Promise<string> => {
    const now = Date.now() - (365 - days) * DAY_MILLISECONDS - 60_000;
    const { certificate } = await createSigningKey('idp', { now: now + 120_000 });
    return signingKey({ certificate } as Parameters<typeof signingKey>[0]);
  };
  const send = (response: ServerResponse, xml: string): void =>
    void response.writeHead(200, { 'content-type': 'application/samlmetadata+xml' }).end(xml);
  const serve = (xml: string): void => {
    answer = (_request, response) => send(response, xml);
  };

  const LIVES: readonly (readonly [number, string])[] = [
    [200, 'ok'],
    [80, 'certificate-ends-in-90-days'],
    [20, 'certificate-ends-in-30-days'],
    [5, 'certificate-ends-in-7-days'],
    [-3, 'certificate-expired'],
  ];
  for (const [days, id] of LIVES)
    it(`with a certificate that ends in ${days} days has the finding ${id}`, async () => {
      serve(forgeWith().metadata({ keys: [await endingIn(days)] }));
      const found = (await examine()).filter(finding => finding.id !== 'connectors.ok');
      assert.deepEqual(idsOf(found), id === 'ok' ? [] : [`connectors.${id}`]);
    });

  it('is in order while an old certificate stands beside a new one', async () => {
    serve(forgeWith().metadata({ keys: [await endingIn(-3), await endingIn(300)] }));
    assert.deepEqual(idsOf(await examine()), ['connectors.ok']);
  });

  const DOCUMENTS: readonly (readonly [string, () => RequestListener, string])[] = [
    ['a DOCTYPE', () => of('<!DOCTYPE x><x/>'), 'document-invalid'],
    [
      'an entity bomb',
      () => of(`<!DOCTYPE x [<!ENTITY a "${'b'.repeat(1000)}"><!ENTITY c "&a;&a;&a;">]><x>&c;</x>`),
      'document-invalid',
    ],
    ['a page', () => of('<html><p>Sign in</html>'), 'document-invalid'],
    ['nothing', () => of(''), 'document-invalid'],
    [
      '50 MB',
      () => (_request, response) => void response.end(Buffer.alloc(50_000_000, 32)),
      'too-large',
    ],
    [
      '50 MB in a few kilobytes',
      () => (_request, response) =>
        void response
          .setHeader('content-encoding', 'gzip')
          .end(gzipSync(Buffer.alloc(50_000_000, 32))),
      'too-large',
    ],
    [
      'its beginning, and then nothing',
      () => (_request, response) => void response.write('<md:'),
      'no-answer',
    ],
    [
      'a redirect to another host',
      () => (_request, response) =>
        void response.writeHead(302, { location: 'https://evil.example/' }).end(),
      'redirected',
    ],
    ['an error', () => (_request, response) => void response.writeHead(403).end('no'), 'status'],
  ];
  const of =
    (xml: string): RequestListener =>
    (_request, response) =>
      send(response, xml);
  for (const [what, listener, id] of DOCUMENTS)
    it(`that sends ${what} has one finding: ${id}`, async () => {
      answer = listener();
      const found = await examine({}, id === 'no-answer' ? 1 : undefined);
      assert.deepEqual(idsOf(found), [`connectors.${id}`]);
      assert.match(found[0]!.message, /https?:\/\/[^ ]+.*\.$/, 'names the address');
      if (id === 'status') assert.match(found[0]!.message, /answers with HTTP status 403\.$/);
    });

  const FAULTS: readonly (readonly [string, () => Promise<string>, string])[] = [
    [
      'has only an RSA key of 1024 bits',
      async () => forgeWith().metadata({ keys: [signingKey(rsaKey(1024))] }),
      'keys-unusable',
    ],
    [
      'has only an EC key',
      async () => forgeWith().metadata({ keys: [signingKey(ecKey())] }),
      'keys-unusable',
    ],
    [
      'has expired metadata',
      async () => forged({ root: ' validUntil="2020-01-01T00:00:00Z"' }),
      'metadata-expired',
    ],
    [
      'has an address for neither HTTP-Redirect nor HTTP-POST',
      async () => forged({ bindings: ['SOAP'] }),
      'redirect-binding-missing',
    ],
    [
      'has a sign-on address by http',
      async () => (await forged()).replaceAll(`${base}/sso`, 'http://idp.example.com/sso'),
      'endpoint-insecure',
    ],
    [
      'sends transient NameIDs alone',
      async () =>
        (await forged()).replace(
          '<md:SingleSignOnService',
          '<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>$&',
        ),
      'name-id-transient',
    ],
  ];
  const forged = async (
    changes: Parameters<ReturnType<typeof createForge>['metadata']>[0] = {},
  ): Promise<string> => forgeWith().metadata({ keys: [await endingIn(200)], ...changes });
  for (const [what, xml, id] of FAULTS)
    it(`that ${what} has one finding: ${id}`, async () => {
      serve(await xml());
      assert.deepEqual(faultsOf(await examine()), [`connectors.${id}`]);
    });

  const CHOICES: readonly (readonly [string, string, RegExp])[] = [
    ['an entity that it does not describe', 'https://other.example/idp', /it describes "http/],
    ['a misspelt entity', 'entities', /did you mean "http:\/\/127\.0\.0\.1:\d+\/entity"/],
  ];
  for (const [what, wanted, hint] of CHOICES)
    it(`is told if saml.metadata.entityId is ${what}`, async () => {
      serve(await forged());
      const entityId = wanted.includes(':') ? wanted : `${base}/${wanted}`;
      const found = await examine({ metadata: { url: `${base}/metadata`, entityId } });
      assert.equal(faultsOf(found).length, 1);
      const text = JSON.stringify(found).replaceAll('\\', '');
      assert.match(text, /does not describe the entity of saml\.metadata\.entityId/);
      assert.match(text, hint);
    });

  it('is in order with the entity that saml.metadata.entityId names', async () => {
    serve(await forged());
    const metadata = { url: `${base}/metadata`, entityId: `${base}/entity` };
    assert.deepEqual(faultsOf(await examine({ metadata })), []);
  });

  it('is in order with a sign-on address for HTTP-POST alone', async () => {
    serve(await forged({ bindings: ['HTTP-POST'] }));
    assert.deepEqual(faultsOf(await examine()), []);
  });

  it('is looked at where its users go: an unused address by http is no fault', async () => {
    const xml = await forged({ bindings: ['HTTP-POST', 'HTTP-Redirect'] });
    serve(xml.replace(`"${base}/sso/post"`, '"http://idp.example.com/sso"'));
    assert.deepEqual(faultsOf(await examine()), []);
    serve(xml.replace(`"${base}/sso"`, '"http://idp.example.com/sso"'));
    assert.deepEqual(faultsOf(await examine()), []);
  });

  it('has one finding if its only sign-on address, for HTTP-POST, is by http', async () => {
    const xml = await forged({ bindings: ['HTTP-POST'] });
    serve(xml.replace(`"${base}/sso/post"`, '"http://idp.example.com/sso"'));
    assert.deepEqual(faultsOf(await examine()), ['connectors.endpoint-insecure']);
  });

  it('is in order with transient NameIDs if an attribute is the subject', async () => {
    serve(
      (await forged()).replace(
        '<md:SingleSignOnService',
        '<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>$&',
      ),
    );
    assert.deepEqual(faultsOf(await examine({ subject: 'uid' })), []);
  });

  it('has a note if it wants signed requests', async () => {
    serve(await forged({ role: ' WantAuthnRequestsSigned="true"' }));
    assert.deepEqual(idsOf(await examine()), ['connectors.ok', 'connectors.signs-requests']);
  });

  it('whose clock differs has one finding by how much', async () => {
    const xml = await forged();
    for (const [seconds, id] of [
      [45, 'clock-drift'],
      [-45, 'clock-drift'],
      [300, 'clock-skew'],
    ] as const) {
      answer = (_request, response) => {
        response.setHeader('date', new Date(Date.now() + seconds * 1000).toUTCString());
        send(response, xml);
      };
      assert.deepEqual(faultsOf(await examine()), [`connectors.${id}`]);
    }
  });

  it('by a file is read from it, and a file that ends is named', async () => {
    const file = join(directory, 'idp.xml');
    const metadata = { metadata: { file: 'idp.xml' } };
    const soon = new Date(Date.now() + 10 * DAY_MILLISECONDS).toISOString();
    writeFileSync(file, await forged({ root: ` validUntil="${soon}"` }));
    answer = (_request, response) => void response.end();
    assert.deepEqual(faultsOf(await examine(metadata)), ['connectors.metadata-ends-soon']);

    writeFileSync(file, await forged());
    assert.deepEqual(faultsOf(await examine(metadata)), []);
    const configuration = await configured({ saml: { ...metadata, attributes: ATTRIBUTES } });
    rmSync(file);
    assert.deepEqual(idsOf(await examined(configuration)), ['connectors.file-unreadable']);
  });

  it('behind a private CA is named, with what to do, until the CA is trusted', async () => {
    serve(await forged());
    const proxy = await startTlsProxy(base);
    const metadata = { metadata: { url: `${proxy.url}/metadata` } };
    const before = getCACertificates('default');
    try {
      const [finding, ...more] = await examine(metadata);
      assert.deepEqual([finding?.id, more.length], ['connectors.tls-untrusted', 0]);
      assert.match(finding!.fix!, /NODE_EXTRA_CA_CERTS/);

      setDefaultCACertificates([...before, proxy.certificatePem]);
      const trusted = await examine(metadata);
      // The certificate lasts a day, and a provider by https must not lead to plain addresses.
      assert.deepEqual(faultsOf(trusted), [
        'connectors.tls-ends-in-3-days',
        'connectors.endpoint-insecure',
      ]);
    } finally {
      setDefaultCACertificates(before);
      await proxy.close();
    }
  });
});
