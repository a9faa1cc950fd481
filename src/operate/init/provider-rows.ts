/** Rows of the providers that docs/identity-providers.md describes at length. */
import type { ProviderRow } from './provider-row.ts';

const MICROSOFT_MFA = ['http://schemas.microsoft.com/claims/multipleauthn'];
const MICROSOFT_METHODS = 'http://schemas.microsoft.com/claims/authnmethodsreferences';
const LDAP_NAMES = { username: 'uid', email: 'mail', groups: 'memberOf' };
const OIDC_NAMES = { username: 'preferred_username', email: 'email', groups: 'groups' };

export const OKTA: ProviderRow = {
  label: 'Okta',
  heading: 'Okta',
  prefers: 'oidc',
  oidc: {
    issuer: 'https://acme.okta.com',
    claims: OIDC_NAMES,
    moreScopes: ['groups'],
    steps: [
      'Open Applications, Create App Integration, OIDC, Web Application.',
      'Grant type: Authorization Code.',
      'Sign-in redirect URI: {redirect}',
      'Sign-out redirect URI: {postLogout}',
      'Assign the groups that may sign in.',
      'Sign On, Groups claim filter: {groups}, Matches regex, such as aws-.*',
    ],
    remarks: ['Okta limits a token to 100 groups; let the filter match fewer.'],
  },
  saml: {
    metadata: 'https://acme.okta.com/app/exk1/sso/saml/metadata',
    claims: LDAP_NAMES,
    steps: [
      'Open Applications, Create App Integration, SAML 2.0.',
      'Single sign-on URL, also for recipient and destination: {acs}',
      'Audience URI (SP Entity ID): {entityId}',
      'Name ID format: Persistent or EmailAddress. Response and assertion signed, SHA-256.',
      'Attribute statements: {username} = user.login, {email} = user.email',
      'Group attribute statement: {groups}, Matches regex, such as aws-.*',
      `For rules with mfa, attribute statement: ${MICROSOFT_METHODS} = session.amr`,
      'Copy the metadata URL from the Sign On tab.',
    ],
  },
};

export const ENTRA: ProviderRow = {
  label: 'Microsoft Entra ID',
  heading: 'Microsoft Entra ID',
  prefers: 'saml',
  saml: {
    metadata:
      'https://login.microsoftonline.com/TENANT/federationmetadata/2007-06/federationmetadata.xml?appid=APP',
    claims: {
      username: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
      email: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
      groups: 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups',
    },
    subject: 'http://schemas.microsoft.com/identity/claims/objectidentifier',
    mfa: MICROSOFT_MFA,
    steps: [
      'Open Enterprise applications, New application, Create your own (non-gallery), Single sign-on, SAML.',
      'Identifier (Entity ID): {entityId}',
      'Reply URL (Assertion Consumer Service URL): {acs}',
      'Signing option: Sign SAML assertion, SHA-256.',
      'Attributes & Claims, Add a group claim: Groups assigned to the application.',
      'Copy the App Federation Metadata Url; it ends with appid=.',
    ],
    remarks: [
      'Groups are object ids unless you choose another source attribute.',
      'Beyond 150 groups Entra sends none, and the bridge rejects the sign-in.',
    ],
  },
  oidc: {
    issuer: 'https://login.microsoftonline.com/TENANT/v2.0',
    claims: OIDC_NAMES,
    reauthenticate: 'prompt',
    steps: [
      'Open App registrations, New registration.',
      'Redirect URI, type Web: {redirect} and {postLogout}',
      'Certificates & secrets: create a client secret.',
      'Token configuration, Add groups claim: Groups assigned to the application, in the ID token.',
      'Token configuration, Add optional claim, ID: email and auth_time.',
    ],
    remarks: [
      'Groups are object ids unless you choose another source attribute.',
      'Rules with mfa require SAML, or an authentication context of Conditional Access.',
    ],
  },
};

export const ADFS: ProviderRow = {
  label: 'AD FS',
  heading: 'AD FS',
  prefers: 'saml',
  saml: {
    metadata: 'https://adfs.example.com/FederationMetadata/2007-06/FederationMetadata.xml',
    claims: LDAP_NAMES,
    subject: 'http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid',
    mfa: MICROSOFT_MFA,
    encryption: false,
    steps: [
      'Start the bridge, then open Relying Party Trusts, Add, Claims aware, Import data published online: {metadata}',
      'SamlResponseSignature: AssertionOnly or MessageAndAssertion (to encrypt, the latter).',
      'Add the four issuance rules of docs/identity-providers.md: {username}, {email}, {groups}, a NameID and primarysid.',
    ],
  },
};

export const GOOGLE: ProviderRow = {
  label: 'Google Workspace',
  heading: 'Google Workspace',
  prefers: 'saml',
  saml: {
    metadata: 'GoogleIDPMetadata.xml',
    claims: LDAP_NAMES,
    steps: [
      'Open Apps, Web and mobile apps, Add custom SAML app.',
      'Download the metadata; Google publishes it at no URL.',
      'ACS URL: {acs}',
      'Entity ID: {entityId}',
      'Signed response: leave it unchecked, or the bridge rejects the response.',
      'Name ID format: PERSISTENT or EMAIL; Name ID: Basic Information, Primary email.',
      'Attributes: Primary email to {username} and to {email}.',
      'Group membership: the groups (at most 75) to {groups}.',
    ],
    remarks: [
      'No sign of a second factor in its assertions is known: rules with mfa deny every user.',
    ],
  },
};

export const KEYCLOAK: ProviderRow = {
  label: 'Keycloak',
  heading: 'Keycloak',
  prefers: 'oidc',
  oidc: {
    issuer: 'https://keycloak.example.com/realms/acme',
    claims: OIDC_NAMES,
    steps: [
      'Open Clients, Create client, OpenID Connect. Client authentication on, Standard flow alone.',
      'Valid redirect URIs: {redirect}',
      'Valid post logout redirect URIs: {postLogout}',
      'Advanced, Proof Key for Code Exchange: S256.',
      'Logout settings: Front channel logout off, Backchannel logout URL: {backchannel}, session required.',
      'Mapper Group Membership: claim {groups}, Full group path off, in the ID token and in userinfo.',
    ],
  },
  saml: {
    metadata: 'https://keycloak.example.com/realms/acme/protocol/saml/descriptor',
    claims: LDAP_NAMES,
    steps: [
      'Start the bridge, then open Clients, Import client, with the file at {metadata}',
      'Without an import: Client ID {entityId}, ACS POST binding URL {acs}',
      'Sign assertions on, Name ID format persistent, Force name ID format on.',
      'Mappers: username to {username}, email to {email}, Group list to {groups} with Full group path off.',
    ],
    remarks: ['The AuthnInstant of Keycloak proves nothing for rules with authenticatedWithin.'],
  },
};

export const OTHER: ProviderRow = {
  label: 'another provider',
  heading: 'Settings of every provider',
  prefers: 'oidc',
  oidc: {
    issuer: 'https://idp.example.com',
    claims: OIDC_NAMES,
    moreScopes: ['groups'],
    steps: [
      'Create a confidential web client: authorization code with PKCE (S256), with a client secret.',
      'Redirect URI: {redirect}',
      'Post-logout redirect URI: {postLogout}',
      'Back-channel logout URI, if the provider has it: {backchannel}',
      'Claims in the ID token or userinfo: {username}, {email} and {groups} (a list).',
    ],
  },
  saml: {
    metadata: 'https://idp.example.com/metadata',
    claims: LDAP_NAMES,
    steps: [
      'Register the bridge as a service provider, with its metadata at {metadata}',
      'Without the metadata: entity id and audience {entityId}',
      'Assertion consumer service, HTTP-POST: {acs}',
      'Sign the assertion itself, RSA with SHA-256. NameID: persistent.',
      'Attributes: {username}, {email} and {groups} (one value for each group).',
    ],
  },
};
