/**
 * A service provider of the tests: makes AuthnRequests in which every part can be changed, and
 * reads answers by another XML library.
 */
import assert from 'node:assert/strict';
import { createSign, KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { DOMParser } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { createSigningKey } from '../../src/dev/saml-idp/signing-key.ts';
import { type Answer, formOf, type Listening, listen } from './visitor.ts';

export const SAML = 'urn:oasis:names:tc:SAML:2.0:assertion';
export const SAMLP = 'urn:oasis:names:tc:SAML:2.0:protocol';

export interface RequestParts {
  readonly attributes?: Readonly<Record<string, string | undefined>>;
  readonly issuer?: string;
  readonly children?: string;
  /** In front of the root element. */
  readonly before?: string;
  readonly relayState?: string;
  /** The key to sign with; undefined signs nothing; the provider's own when absent. */
  readonly key?: KeyObject | undefined;
  readonly algorithm?: string;
  readonly editQuery?: (query: string) => string;
}

/** What the requests are addressed to. */
export interface Target {
  readonly idpUrl: string;
  readonly now: () => number;
}

export class ServiceProvider {
  readonly #server: Listening;
  readonly #target: Target;
  #key!: KeyObject;
  #certificate!: string;
  metadataFetches = 0;
  isUp = true;
  editMetadata = (text: string): string => text;

  private constructor(server: Listening, target: Target) {
    this.#server = server;
    this.#target = target;
    server.handler = (_req, res) => {
      this.metadataFetches += 1;
      res
        .writeHead(this.isUp ? 200 : 503)
        .end(this.isUp ? this.editMetadata(this.#metadata()) : '');
    };
  }

  static async start(target: Target): Promise<ServiceProvider> {
    const provider = new ServiceProvider(await listen(), target);
    await provider.changeKey();
    return provider;
  }

  async changeKey(): Promise<void> {
    const { key, certificate } = await createSigningKey('sp', { now: Date.now() });
    this.#key = KeyObject.from(key);
    this.#certificate = certificate;
  }

  get entityId(): string {
    return `${this.#server.url}/metadata`;
  }

  get acs(): string {
    return `${this.#server.url}/acs`;
  }

  /**
   * The address of the identity provider with a request in it, as a browser would be sent there.
   */
  ssoUrl(parts: RequestParts = {}): string {
    const request = `${parts.before ?? ''}<samlp:AuthnRequest xmlns:samlp="${SAMLP}"${this.#attributes(parts)}><saml:Issuer xmlns:saml="${SAML}">${
      parts.issuer ?? this.entityId
    }</saml:Issuer>${parts.children ?? ''}</samlp:AuthnRequest>`;
    const algorithm = parts.algorithm ?? 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
    const encode = encodeURIComponent;
    let query = `SAMLRequest=${encode(deflateRawSync(request).toString('base64'))}&RelayState=${encode(parts.relayState ?? 'relay & <state>')}`;
    if (!('key' in parts) || parts.key) {
      query += `&SigAlg=${encode(algorithm)}`;
      query += `&Signature=${encode(
        createSign('sha256')
          .update(query)
          .sign(parts.key ?? this.#key, 'base64'),
      )}`;
    }
    return `${this.#target.idpUrl}/sso?${parts.editQuery?.(query) ?? query}`;
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  #attributes(parts: RequestParts): string {
    const attributes = {
      ID: `_${randomBytes(16).toString('hex')}`,
      Version: '2.0',
      IssueInstant: new Date(this.#target.now()).toISOString(),
      Destination: `${this.#target.idpUrl}/sso`,
      AssertionConsumerServiceURL: this.acs,
      ProtocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
      ...parts.attributes,
    };
    return Object.entries(attributes)
      .flatMap(([name, value]) => (value === undefined ? [] : [` ${name}="${value}"`]))
      .join('');
  }

  #metadata(): string {
    return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${this.entityId}">
      <md:SPSSODescriptor AuthnRequestsSigned="true" protocolSupportEnumeration="${SAMLP}">
      <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
      <ds:X509Certificate>${this.#certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
      <md:AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${this.acs}"/>
      </md:SPSSODescriptor></md:EntityDescriptor>`;
  }
}

/**
 * Reads an answer page; every signature in it must hold with the key that the metadata publishes.
 */
export function readAnswer(answer: Answer, idpMetadata: string) {
  const { action, fields } = formOf(answer);
  const text = Buffer.from(fields.SAMLResponse!, 'base64').toString();
  const document = new DOMParser().parseFromString(text, 'text/xml');
  const first = (name: string) => document.getElementsByTagNameNS(SAML, name)[0];
  return {
    action,
    relayState: fields.RelayState,
    text,
    signedIds: signedIdsOf(document, text, idpMetadata),
    responseId: document.documentElement.getAttribute('ID'),
    assertionId: first('Assertion')?.getAttribute('ID'),
    inResponseTo: document.documentElement.getAttribute('InResponseTo'),
    codes: Array.from(document.getElementsByTagNameNS(SAMLP, 'StatusCode')).map(code =>
      code.getAttribute('Value')!.split(':').at(-1),
    ),
    nameId: first('NameID')?.textContent,
    nameIdFormat: first('NameID')?.getAttribute('Format'),
    confirmation: first('SubjectConfirmationData'),
    audience: first('Audience')?.textContent,
    context: first('AuthnContextClassRef')?.textContent,
    authnInstant: Date.parse(first('AuthnStatement')?.getAttribute('AuthnInstant') ?? ''),
    attributes: Object.fromEntries(
      Array.from(document.getElementsByTagNameNS(SAML, 'Attribute')).map(attribute => [
        attribute.getAttribute('Name'),
        Array.from(attribute.childNodes).map(value => value.textContent),
      ]),
    ) as Record<string, string[]>,
  };
}

function signedIdsOf(document: Document, text: string, idpMetadata: string): string[] {
  const certificate = /X509Certificate>([^<]+)</.exec(idpMetadata)![1]!;
  const publicCert = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey
    .export({ type: 'spki', format: 'pem' })
    .toString();
  return Array.from(
    document.getElementsByTagNameNS('http://www.w3.org/2000/09/xmldsig#', 'Signature'),
  ).flatMap(signature => {
    const checker = new SignedXml({ publicCert, getCertFromKeyInfo: () => null });
    checker.loadSignature(signature as unknown as Node);
    assert.ok(checker.checkSignature(text));
    return checker.getSignedReferences().map(signed => /^<[^>]* ID="([^"]+)"/.exec(signed)![1]!);
  });
}
