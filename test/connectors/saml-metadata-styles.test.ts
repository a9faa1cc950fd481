/**
 * Metadata as identity providers arrange it: what stands around the parts that count, their order,
 * and where namespaces are declared. None of these documents is from the product that a row names:
 * the row shows what its administrators describe. Names, addresses and keys are of the tests.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIdpMetadata } from '../../src/connectors/saml/idp-metadata.ts';
import { chosenEntity } from '../../src/connectors/saml/metadata-entity.ts';
import { rsaKey } from '../support/saml-forge.ts';

const BINDINGS = 'urn:oasis:names:tc:SAML:2.0:bindings';
const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';
const MD = 'urn:oasis:names:tc:SAML:2.0:metadata';
const DS = 'http://www.w3.org/2000/09/xmldsig#';
const FORMATS = 'urn:oasis:names:tc:SAML';
const [NOW, NEXT] = [rsaKey().certificate, rsaKey().certificate];
/** In lines of 64 characters, as several products write it. */
const lines = (base64: string): string => base64.replace(/(.{64})/g, '$1\n');

const keyInfo = (certificate: string, ds = 'ds:'): string =>
  `<${ds}KeyInfo xmlns${ds === '' ? '' : ':ds'}="${DS}"><${ds}X509Data><${ds}X509Certificate>` +
  `${certificate}</${ds}X509Certificate></${ds}X509Data></${ds}KeyInfo>`;

interface Style {
  readonly product: string;
  readonly xml: string;
  readonly entityId: string;
  readonly signOn: string;
  readonly keys: number;
}

const STYLES: readonly Style[] = [
  {
    product: 'Entra ID: roles of WS-Federation before the one of SAML, everything in one line',
    entityId: 'https://sts.example/00000000-0000-0000-0000-000000000001/',
    signOn: 'https://login.example/00000000-0000-0000-0000-000000000001/saml2',
    keys: 2,
    xml:
      `<?xml version="1.0" encoding="utf-8"?><EntityDescriptor ID="_1" entityID="https://sts.example/00000000-0000-0000-0000-000000000001/" xmlns="${MD}">` +
      `<RoleDescriptor xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706"><KeyDescriptor use="signing">${keyInfo(NOW, '')}</KeyDescriptor>` +
      '<fed:ClaimTypesOffered><auth:ClaimType Uri="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name" xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706"><auth:DisplayName>Name</auth:DisplayName></auth:ClaimType></fed:ClaimTypesOffered></RoleDescriptor>' +
      `<IDPSSODescriptor protocolSupportEnumeration="${PROTOCOL}"><KeyDescriptor use="signing">${keyInfo(NOW, '')}</KeyDescriptor><KeyDescriptor use="signing">${keyInfo(NEXT, '')}</KeyDescriptor>` +
      `<SingleLogoutService Binding="${BINDINGS}:HTTP-Redirect" Location="https://login.example/logout"/><SingleSignOnService Binding="${BINDINGS}:HTTP-Redirect" Location="https://login.example/00000000-0000-0000-0000-000000000001/saml2"/><SingleSignOnService Binding="${BINDINGS}:HTTP-POST" Location="https://login.example/00000000-0000-0000-0000-000000000001/saml2"/></IDPSSODescriptor></EntityDescriptor>`,
  },
  {
    product: 'AD FS: the same key in several roles, an encryption key, attributes of the provider',
    entityId: 'http://fs.example/adfs/services/trust',
    signOn: 'https://fs.example/adfs/ls/',
    keys: 1,
    xml:
      `<EntityDescriptor xmlns="${MD}" ID="_2" entityID="http://fs.example/adfs/services/trust">` +
      `<SPSSODescriptor WantAssertionsSigned="true" protocolSupportEnumeration="${PROTOCOL}"><KeyDescriptor use="signing">${keyInfo(NOW, '')}</KeyDescriptor><AssertionConsumerService Binding="${BINDINGS}:HTTP-POST" Location="https://fs.example/adfs/ls/" index="0" isDefault="true"/></SPSSODescriptor>` +
      `<IDPSSODescriptor protocolSupportEnumeration="${PROTOCOL}"><KeyDescriptor use="encryption">${keyInfo(NEXT, '')}</KeyDescriptor><KeyDescriptor use="signing">${keyInfo(NOW, '')}</KeyDescriptor>` +
      `<SingleLogoutService Binding="${BINDINGS}:HTTP-Redirect" Location="https://fs.example/adfs/ls/"/><NameIDFormat>${FORMATS}:1.1:nameid-format:emailAddress</NameIDFormat><NameIDFormat>${FORMATS}:2.0:nameid-format:persistent</NameIDFormat>` +
      `<SingleSignOnService Binding="${BINDINGS}:HTTP-Redirect" Location="https://fs.example/adfs/ls/"/><SingleSignOnService Binding="${BINDINGS}:HTTP-POST" Location="https://fs.example/adfs/ls/"/>` +
      `<Attribute Name="http://schemas.xmlsoap.org/claims/Group" NameFormat="${FORMATS}:2.0:attrname-format:uri" FriendlyName="Group" xmlns="${FORMATS}:2.0:assertion"/></IDPSSODescriptor>` +
      '<ContactPerson contactType="support"><GivenName/><SurName/></ContactPerson></EntityDescriptor>',
  },
  {
    product: 'Okta: a prefix for metadata and ds declared at the key, signed requests not wanted',
    entityId: 'http://www.okta.example/exk1',
    signOn: 'https://acme.okta.example/app/aws/exk1/sso/saml',
    keys: 1,
    xml:
      `<?xml version="1.0" encoding="UTF-8"?><md:EntityDescriptor entityID="http://www.okta.example/exk1" xmlns:md="${MD}"><md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="${PROTOCOL}"><md:KeyDescriptor use="signing">${keyInfo(lines(NOW))}</md:KeyDescriptor>` +
      `<md:NameIDFormat>${FORMATS}:1.1:nameid-format:unspecified</md:NameIDFormat><md:SingleSignOnService Binding="${BINDINGS}:HTTP-POST" Location="https://acme.okta.example/app/aws/exk1/sso/saml"/><md:SingleSignOnService Binding="${BINDINGS}:HTTP-Redirect" Location="https://acme.okta.example/app/aws/exk1/sso/saml"/></md:IDPSSODescriptor></md:EntityDescriptor>`,
  },
  {
    product: 'Google: a validUntil of years, standalone in the declaration',
    entityId: 'https://accounts.google.example/o/saml2?idpid=C01',
    signOn: 'https://accounts.google.example/o/saml2/idp?idpid=C01',
    keys: 1,
    xml:
      `<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<md:EntityDescriptor xmlns:md="${MD}" entityID="https://accounts.google.example/o/saml2?idpid=C01" validUntil="2049-01-01T00:00:00.000Z">\n` +
      `  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="${PROTOCOL}">\n    <md:KeyDescriptor use="signing">\n      ${keyInfo(`\n${lines(NOW)}\n`)}\n    </md:KeyDescriptor>\n` +
      `    <md:NameIDFormat>${FORMATS}:1.1:nameid-format:emailAddress</md:NameIDFormat>\n    <md:SingleSignOnService Binding="${BINDINGS}:HTTP-Redirect" Location="https://accounts.google.example/o/saml2/idp?idpid=C01"/>\n    <md:SingleSignOnService Binding="${BINDINGS}:HTTP-POST" Location="https://accounts.google.example/o/saml2/idp?idpid=C01"/>\n  </md:IDPSSODescriptor>\n</md:EntityDescriptor>\n`,
  },
  {
    product: 'Shibboleth: scopes, comments, SAML 1.1 beside 2.0, keys without use and with a name',
    entityId: 'https://idp.example.edu/idp/shibboleth',
    signOn: 'https://idp.example.edu/idp/profile/SAML2/Redirect/SSO',
    keys: 2,
    xml:
      `<?xml version="1.0" encoding="UTF-8"?>\n<!-- generated -->\n<EntityDescriptor xmlns="${MD}" xmlns:ds="${DS}" xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" xmlns:xml="http://www.w3.org/XML/1998/namespace" xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" entityID="https://idp.example.edu/idp/shibboleth">\n` +
      `<IDPSSODescriptor protocolSupportEnumeration="${PROTOCOL} urn:oasis:names:tc:SAML:1.1:protocol urn:mace:shibboleth:1.0"><Extensions><shibmd:Scope regexp="false">example.edu</shibmd:Scope><mdui:UIInfo><mdui:DisplayName xml:lang="en">Example &amp; Co</mdui:DisplayName></mdui:UIInfo></Extensions>\n` +
      `<!-- front channel --><KeyDescriptor><ds:KeyInfo><ds:KeyName>idp.example.edu</ds:KeyName><ds:X509Data><ds:X509Certificate>\n${lines(NOW)}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor><KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${NEXT}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>` +
      `<ArtifactResolutionService Binding="${BINDINGS}:SOAP" Location="https://idp.example.edu:8443/idp/profile/SAML2/SOAP/ArtifactResolution" index="2"/><SingleSignOnService Binding="urn:mace:shibboleth:1.0:profiles:AuthnRequest" Location="https://idp.example.edu/idp/profile/Shibboleth/SSO"/><SingleSignOnService Binding="${BINDINGS}:HTTP-POST" Location="https://idp.example.edu/idp/profile/SAML2/POST/SSO"/><SingleSignOnService Binding="${BINDINGS}:HTTP-POST-SimpleSign" Location="https://idp.example.edu/idp/profile/SAML2/POST-SimpleSign/SSO"/><SingleSignOnService Binding="${BINDINGS}:HTTP-Redirect" Location="https://idp.example.edu/idp/profile/SAML2/Redirect/SSO"/></IDPSSODescriptor>` +
      `<AttributeAuthorityDescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol"><KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${NOW}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor><AttributeService Binding="urn:oasis:names:tc:SAML:1.0:bindings:SOAP-binding" Location="https://idp.example.edu:8443/idp/profile/SAML1/SOAP/AttributeQuery"/></AttributeAuthorityDescriptor></EntityDescriptor>`,
  },
  {
    product: 'Keycloak: an EntitiesDescriptor around one provider, requests wanted signed',
    entityId: 'https://keycloak.example/realms/acme',
    signOn: 'https://keycloak.example/realms/acme/protocol/saml',
    keys: 1,
    xml:
      `<md:EntitiesDescriptor xmlns="${MD}" xmlns:md="${MD}" xmlns:saml="${FORMATS}:2.0:assertion" xmlns:ds="${DS}" Name="urn:keycloak"><md:EntityDescriptor entityID="https://keycloak.example/realms/acme"><md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="${PROTOCOL}">` +
      `<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:KeyName>k1</ds:KeyName><ds:X509Data><ds:X509Certificate>${NOW}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding="${BINDINGS}:HTTP-POST" Location="https://keycloak.example/realms/acme/protocol/saml"/><md:SingleSignOnService Binding="${BINDINGS}:HTTP-Redirect" Location="https://keycloak.example/realms/acme/protocol/saml"/><md:SingleSignOnService Binding="${BINDINGS}:SOAP" Location="https://keycloak.example/realms/acme/protocol/saml"/></md:IDPSSODescriptor></md:EntityDescriptor></md:EntitiesDescriptor>`,
  },
  {
    product: 'PingFederate: an entityID that is no address, a cache duration, attributes',
    entityId: 'ping-acme',
    signOn: 'https://ping.example/idp/SSO.saml2',
    keys: 1,
    xml:
      `<md:EntityDescriptor ID="a1" cacheDuration="PT1440M" entityID="ping-acme" xmlns:md="${MD}"><md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="${PROTOCOL}"><md:KeyDescriptor use="signing">${keyInfo(NOW)}</md:KeyDescriptor><md:NameIDFormat>${FORMATS}:1.1:nameid-format:unspecified</md:NameIDFormat>` +
      `<md:SingleSignOnService Binding="${BINDINGS}:HTTP-POST" Location="https://ping.example/idp/SSO.saml2"/><md:SingleSignOnService Binding="${BINDINGS}:HTTP-Redirect" Location="https://ping.example/idp/SSO.saml2"/><saml:Attribute Name="memberOf" NameFormat="${FORMATS}:2.0:attrname-format:basic" xmlns:saml="${FORMATS}:2.0:assertion"/></md:IDPSSODescriptor><md:ContactPerson contactType="administrative"><md:Company>Acme</md:Company></md:ContactPerson></md:EntityDescriptor>`,
  },
];

describe('metadata is read that is arranged as by', () => {
  for (const { product, xml, entityId, signOn, keys } of STYLES)
    it(product, async () => {
      const metadata = parseIdpMetadata(await chosenEntity([xml], undefined));
      assert.equal(metadata.entityId, entityId);
      assert.deepEqual(metadata.signOn, { binding: 'redirect', url: signOn });
      assert.equal(metadata.signingCertificates.length, keys);
      assert.deepEqual(metadata.skippedKeys, []);
    });
});
