/**
 * A corporate SAML identity provider that is also set up for AWS: its Responses contain what the
 * bridge requires and what AWS requires, so the bridge can pass them on.
 */
import { KeyObject } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { inflateRawSync } from 'node:zlib';
import express from 'express';
import { createSigningKey } from '../../src/dev/saml-idp/signing-key.ts';
import * as forge from './saml-forge.ts';

export interface CorporateSamlIdpOptions {
  /** The role and the IAM SAML provider that the Role attribute names, as `roleArn,providerArn`. */
  readonly role: string;
  /** A second bearer confirmation whose Recipient this is. */
  readonly secondRecipient?: string | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const AWS_ATTRIBUTES = 'https://aws.amazon.com/SAML/Attributes/';
const AWS_AUDIENCE = 'urn:amazon:webservices';
const VALID_MILLISECONDS = 300_000;
const LOGIN_FIELDS = '<input name="username"><input type="password" name="password">';

/**
 * Every user can sign in, is a developer, and has the NameID `id-of-{username}`. The listener must
 * be reached under its own host.
 */
export async function corporateSamlIdp({
  role,
  secondRecipient,
  now,
}: CorporateSamlIdpOptions): Promise<RequestListener> {
  // `now` is not callable yet: the world around this is still being opened.
  const signing = await createSigningKey('corporate', { now: Date.now() });
  const key: forge.ForgeKey = {
    privateKey: KeyObject.from(signing.key),
    certificate: signing.certificate,
    certificatePem: '',
  };
  let known: forge.Forge | undefined;
  // Its address is known with the first request, and each request says which service provider asks.
  const forgeAt = (host = ''): forge.Forge => {
    known ??= forge.createForge({
      idpEntityId: `http://${host}/metadata`,
      signOnUrl: `http://${host}/sso`,
      acsUrl: '',
      entityId: '',
      now,
    });
    return known;
  };

  const app = express();
  app.get('/metadata', (request, response) => {
    response
      .type('application/samlmetadata+xml')
      .send(forgeAt(request.get('host')).metadata({ keys: [forge.signingKey(key)] }));
  });
  app.get('/sso', (request, response) => {
    const { SAMLRequest = '', RelayState = '' } = request.query as Record<string, string>;
    response.send(formTo('/sso', { SAMLRequest, RelayState }, LOGIN_FIELDS));
  });
  app.post('/sso', express.urlencoded({ extended: false }), (request, response) => {
    const {
      SAMLRequest = '',
      RelayState = '',
      username = '',
    } = request.body as Record<string, string>;
    const { requestId, acsUrl, entityId } = read(SAMLRequest);
    const end = forge.at(now() + VALID_MILLISECONDS);
    const recipients = [acsUrl, ...(secondRecipient === undefined ? [] : [secondRecipient])];
    const changes: Partial<forge.ResponseParts> = {
      destination: acsUrl,
      nameId: forge.nameId(`id-of-${username}`, forge.PERSISTENT),
      confirmation: recipients
        .map(Recipient =>
          forge.confirmation({ Recipient, InResponseTo: requestId, NotOnOrAfter: end }),
        )
        .join(''),
      conditions: forge.conditions(
        { NotBefore: forge.at(now() - 5000), NotOnOrAfter: end },
        forge.audience(entityId, AWS_AUDIENCE),
      ),
      attributes: forge.attributes({
        uid: username,
        mail: `${username}@acme.example`,
        memberOf: ['developers'],
        [`${AWS_ATTRIBUTES}Role`]: role,
        [`${AWS_ATTRIBUTES}RoleSessionName`]: `${username}@acme.example`,
      }),
    };
    const SAMLResponse = forgeAt(request.get('host')).respond(requestId, changes, { key });
    response.send(formTo(acsUrl, { SAMLResponse, RelayState }));
  });
  return app;
}

/** The content of an AuthnRequest of the redirect binding. Other doubles check its signature. */
function read(samlRequest: string): {
  readonly requestId: string;
  readonly acsUrl: string;
  readonly entityId: string;
} {
  const xml = inflateRawSync(Buffer.from(samlRequest, 'base64')).toString();
  const said = (pattern: RegExp): string => pattern.exec(xml)![1]!;
  return {
    requestId: said(/ ID="([^"]+)"/),
    acsUrl: said(/AssertionConsumerServiceURL="([^"]+)"/),
    entityId: said(/Issuer[^>]*>([^<]+)</),
  };
}

function formTo(action: string, hidden: Readonly<Record<string, string>>, more = ''): string {
  const fields = Object.entries(hidden).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
  );
  return `<!doctype html><form method="post" action="${action}">${fields.join('')}${more}<button>Continue</button></form>`;
}
