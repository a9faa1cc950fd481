/** The identity provider's metadata (SAML metadata 2.4.3). */
import { NAME_ID_FORMATS } from './response.ts';
import { NAMESPACES, xml } from './xml.ts';

/** How requests for sign-ins come. */
export interface SignOn {
  readonly binding: 'redirect' | 'post';
  /** Requests of every service provider must be signed. */
  readonly requiresSignature: boolean;
}

const BINDINGS = {
  redirect: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
  post: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
} as const satisfies Record<SignOn['binding'], string>;

export interface MetadataParts {
  readonly entityId: string;
  readonly ssoUrl: string;
  readonly signOn: SignOn;
  /** Base64 of the DER. */
  readonly certificate: string;
}

export function metadataOf({ entityId, ssoUrl, signOn, certificate }: MetadataParts): string {
  return xml`
    <md:EntityDescriptor xmlns:md="${NAMESPACES.md}" entityID="${entityId}">
      <md:IDPSSODescriptor protocolSupportEnumeration="${NAMESPACES.samlp}" WantAuthnRequestsSigned="${String(signOn.requiresSignature)}">
        <md:KeyDescriptor use="signing">
          <ds:KeyInfo xmlns:ds="${NAMESPACES.ds}">
            <ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data>
          </ds:KeyInfo>
        </md:KeyDescriptor>
        ${NAME_ID_FORMATS.map(format => xml`<md:NameIDFormat>${format}</md:NameIDFormat>`)}
        <md:SingleSignOnService Binding="${BINDINGS[signOn.binding]}" Location="${ssoUrl}"/>
      </md:IDPSSODescriptor>
    </md:EntityDescriptor>`.text;
}
