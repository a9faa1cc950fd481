/**
 * Rows of Ping, OneLogin and JumpCloud. They follow the documentation of these providers; no
 * sign-in was tried with them.
 */
import type { ProviderRow } from './provider-row.ts';

const NAMES = { username: 'uid', email: 'mail', groups: 'memberOf' };
const NOT_TRIED = 'This follows the documentation of the provider and was not tried with it.';

export const PING: ProviderRow = {
  label: 'PingOne',
  heading: 'PingOne',
  prefers: 'oidc',
  oidc: {
    issuer: 'https://auth.pingone.eu/ENVIRONMENT/as',
    claims: { username: 'preferred_username', email: 'email', groups: 'groups' },
    steps: [
      'Open Applications, add an application of the type OIDC Web App.',
      'Configuration, Redirect URIs: {redirect}',
      'Configuration, Signoff URLs: {postLogout}',
      'Configuration: response type Code, grant type Authorization Code, PKCE enforcement S256_REQUIRED.',
      'Resources: allow the scopes profile and email.',
      'Attribute Mappings: {username} = Username, {email} = Email Address, {groups} = Group Names.',
      'Enable the application. The issuer is the OIDC Discovery Endpoint without /.well-known/openid-configuration.',
    ],
    remarks: [NOT_TRIED],
  },
  saml: {
    metadata: 'https://auth.pingone.eu/ENVIRONMENT/saml20/metadata/APPLICATION',
    claims: NAMES,
    steps: [
      'Open Applications, add an application of the type SAML Application, Manually Enter.',
      'ACS URLs: {acs}',
      'Entity ID: {entityId}',
      'Configuration: Sign Assertion, RSA_SHA256. Subject NameID format: persistent.',
      'Attribute Mappings: {username} = Username, {email} = Email Address, {groups} = Group Names.',
      'Enable the application, and copy its IDP Metadata URL.',
    ],
    remarks: [NOT_TRIED],
  },
};

export const ONELOGIN: ProviderRow = {
  label: 'OneLogin',
  heading: 'OneLogin',
  prefers: 'oidc',
  oidc: {
    issuer: 'https://acme.onelogin.com/oidc/2',
    claims: { username: 'preferred_username', email: 'email', groups: 'groups' },
    moreScopes: ['groups'],
    steps: [
      'Open Applications, Add App, OpenId Connect (OIDC).',
      'Configuration, Redirect URIs: {redirect}',
      'Configuration, Post Logout Redirect URIs: {postLogout}',
      'SSO: Application Type Web, Token Endpoint Authentication Method Basic.',
      'Parameters, {groups}: User Roles or MemberOf, and a default that lists several values.',
    ],
    remarks: [
      NOT_TRIED,
      'If the groups arrive in one text, set groupSeparator: ";" in the connector.',
    ],
  },
  saml: {
    metadata: 'https://app.onelogin.com/saml/metadata/APPLICATION',
    claims: NAMES,
    steps: [
      'Open Applications, Add App, SAML Custom Connector (Advanced).',
      'Audience (EntityID): {entityId}',
      'Recipient, and ACS (Consumer) URL: {acs}',
      'ACS (Consumer) URL Validator: {acs} as a regular expression, with a backslash before each dot.',
      'SAML signature element: Assertion or Both; SAML nameID format: Persistent or Email. SSO, SAML Signature Algorithm: SHA-256.',
      'Parameters, included in the assertion: {username} = Username, {email} = Email, {groups} = MemberOf (multi-value).',
      'Copy the Issuer URL of the SSO tab: it serves the metadata.',
    ],
    remarks: [NOT_TRIED],
  },
};

export const JUMPCLOUD: ProviderRow = {
  label: 'JumpCloud',
  heading: 'JumpCloud',
  prefers: 'saml',
  saml: {
    metadata: 'JumpCloud-saml-metadata.xml',
    claims: NAMES,
    steps: [
      'Open SSO Applications, Add New Application, Custom Application, Configure SSO with SAML.',
      'SP Entity ID: {entityId}',
      'ACS URL: {acs}',
      'SAMLSubject NameID: email or username; Sign Assertion; Signature Algorithm RSA-SHA256.',
      'Attributes: {username} = username, {email} = email. Include group attribute: {groups}.',
      'User Groups: the groups that may sign in; JumpCloud sends those alone.',
      'Export the metadata of the application.',
    ],
    remarks: [
      NOT_TRIED,
      'The metadata is a file: replace it before its certificate changes, and reload.',
    ],
  },
  oidc: {
    issuer: 'https://oauth.id.jumpcloud.com/',
    claims: { username: 'preferred_username', email: 'email', groups: 'groups' },
    steps: [
      'Open SSO Applications, Add New Application, Custom Application, Configure SSO with OIDC.',
      'Redirect URIs: {redirect}',
      'Client Authentication Type: Client Secret Basic.',
      'Attribute Mapping: Standard Scopes Email and Profile; Include group attribute: {groups}.',
      'User Groups: the groups that may sign in.',
    ],
    remarks: [
      NOT_TRIED,
      'The issuer ends with a slash.',
      'Whether preferred_username is sent is not verified; if not, use --claim username=email.',
    ],
  },
};
