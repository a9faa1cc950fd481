/** A provider elsewhere cannot make `doctor` call addresses of this host. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { discoveryDocument } from '../../support/openid-endpoints.ts';
import { startTlsProxy, type TlsProxy } from '../../support/tls-proxy.ts';
import { configured, examined, faultsOf } from './examined.ts';

let document: object = {};
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(request.url!);
  response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
});
const trusted = getCACertificates('default');
let proxy: TlsProxy;
let plain: string;
before(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  plain = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  proxy = await startTlsProxy(plain);
  setDefaultCACertificates([...trusted, proxy.certificatePem]);
});
after(async () => {
  setDefaultCACertificates(trusted);
  await proxy.close();
  server.close();
  server.closeAllConnections();
});

it('names endpoints by http on loopback of a provider by https, and does not call them', async () => {
  const local = { token_endpoint: `${plain}/secret`, jwks_uri: `${plain}/secret-keys` };
  document = { ...discoveryDocument(proxy.url), ...local };
  const oidc = { issuer: proxy.url, clientId: 'bridge', clientSecret: { env: 'SECRET' } };
  const found = await examined(await configured({ oidc }));

  // The certificate of the test lasts a day.
  const faults = faultsOf(found).filter(id => !id.startsWith('connectors.tls-ends'));
  const insecure = 'connectors.endpoint-insecure';
  assert.deepEqual(faults, [insecure, insecure]);
  assert.deepEqual(asked, ['/.well-known/openid-configuration']);
});
