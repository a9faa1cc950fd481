/** Words that a stranger has a browser post to the bridge, in an answer to no request. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '../support/saml-forge.ts';
import { Visitor } from '../support/visitor.ts';
import { CONNECTOR, useWorld } from '../support/world.ts';

const LURE = 'Your account is locked. Call 555 0100.';

describe('a Response without a request, unsigned and with an error', () => {
  const world = useWorld({
    configure: yaml => yaml.replace(/^ {4}saml:$/m, '$&\n      allowUnsolicited: true'),
  });

  for (const code of ['Responder', 'RequestDenied'])
    it(`shows no text of its sender on a page (${code})`, async () => {
      const xml = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_a" Version="2.0">${status(code, 'AuthnFailed', LURE)}</samlp:Response>`;
      const SAMLResponse = Buffer.from(xml).toString('base64');
      const acs = `${world.urls.bridge}/saml/${CONNECTOR.saml}/acs`;
      const page = await new Visitor().post(
        acs,
        new URLSearchParams({ SAMLResponse, reposted: '1' }),
        { 'sec-fetch-site': 'cross-site' },
      );
      assert.ok(page.status >= 400, page.text);
      assert.ok(!page.text.includes('555 0100'), page.text);
    });
});
