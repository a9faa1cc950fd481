/** What `init` must know to write a configuration. */
import type { ClaimNames } from './provider-row.ts';
import type { Protocol, ProviderId } from './providers.ts';

export interface Answers {
  readonly provider: ProviderId;
  readonly protocol: Protocol;
  /** SAML: an address, or the path of a file as it was given. */
  readonly metadata?: string;
  /** The entityID of the provider, if the metadata describes several entities. */
  readonly entityId?: string;
  readonly issuer?: string;
  /** The address of the discovery document, if it is not below the issuer. */
  readonly discovery?: string;
  readonly clientId?: string;
  readonly clientSecret?: SecretPlace;
  readonly baseUrl: string;
  readonly connector: string;
  /** Names that differ from those of the provider's row. */
  readonly claims: Partial<ClaimNames>;
  /** The path of a file as it was given; without one, `accounts`. */
  readonly accountsFile?: string;
  readonly accounts: readonly GivenAccount[];
  readonly trust: 'saml' | 'web-identity';
  readonly rules: readonly GivenRule[];
  readonly listen: { readonly host: string; readonly port: number };
  /** The file of the SQLite store, relative to the configuration. */
  readonly store: string;
  readonly awsEndpoint?: string;
}

/** Where the client secret is; `file` is a path as it was given. */
export type SecretPlace = { readonly env: string } | { readonly file: string };

export interface GivenAccount {
  readonly id: string;
  readonly name: string;
}

export interface GivenRule {
  readonly group: string;
  /** A name, an id, a pattern, or `*`. */
  readonly account: string;
  readonly role: string;
}
