/** What `init` knows of one identity provider. */

/** Names of claims or attributes. */
export interface ClaimNames {
  readonly username: string;
  readonly email: string;
  readonly groups: string;
}

interface ProtocolRow {
  readonly claims: ClaimNames;
  /** What to do at the provider, in its words. Placeholders: `PLACEHOLDERS`. */
  readonly steps: readonly string[];
  /** What is not verified or does not work, as sentences. */
  readonly remarks?: readonly string[];
}

export interface SamlRow extends ProtocolRow {
  /** Where the metadata is found, as an example. */
  readonly metadata: string;
  /** The attribute that is the subject, if the NameID can change. */
  readonly subject?: string;
  readonly mfa?: readonly string[];
  /** Encrypts with AES-CBC as soon as it sees a key, so none is published. */
  readonly encryption?: false;
}

export interface OidcRow extends ProtocolRow {
  /** How issuers look, as an example. */
  readonly issuer: string;
  /** Beyond `openid profile email`; asked for if the provider lists it or lists none. */
  readonly moreScopes?: readonly string[];
  readonly clientAuthentication?: 'client_secret_post';
  readonly reauthenticate?: 'prompt';
  readonly groupSeparator?: string;
}

export interface ProviderRow {
  readonly label: string;
  /** The heading of docs/identity-providers.md. */
  readonly heading: string;
  readonly prefers: 'saml' | 'oidc';
  readonly saml?: SamlRow;
  readonly oidc?: OidcRow;
}

/** What steps can contain, with what each stands for. */
export const PLACEHOLDERS = {
  acs: 'assertion consumer service',
  entityId: 'entity id and audience of the bridge',
  metadata: 'metadata of the bridge',
  redirect: 'redirect URI',
  postLogout: 'post-logout redirect URI',
  backchannel: 'back-channel logout URI',
  username: 'attribute or claim with the user name',
  email: 'attribute or claim with the mail address',
  groups: 'attribute or claim with the groups',
} as const;

export type PlaceholderName = keyof typeof PLACEHOLDERS;
