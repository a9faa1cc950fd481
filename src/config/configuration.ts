/**
 * The configuration as checked values.
 *
 * Owns: the way from the operator's file to this shape: reading, checking with line numbers,
 * secrets, the reference page. Does not own: opening what the configuration names (stores, keys,
 * identity providers).
 */

import type { AccessRule } from '../core/access-rule.ts';
import type { Brand } from '../core/brand.ts';
import type { GroupSelector } from '../core/group-selector.ts';
import type { ConnectorId, IdentityMapping } from '../core/identity.ts';
import type { Application, OAuthClient } from '../core/oauth-client.ts';
import type { PartitionOverrides } from '../core/partitions.ts';
import type { Account, Partition } from '../core/role.ts';
import type { RolePattern } from '../core/role-scope.ts';
import type { Seconds } from '../core/time.ts';
import type { WorkloadEntryId } from '../core/workload.ts';
import type { WorkloadRule } from '../core/workload-rule.ts';

/** Which secrets a command reads: all, the one that opens the store, or none. */
export type SecretsRead = keyof ConfigurationBySecrets;

/** What reading gives. A command without a secret has a type that no adapter accepts. */
export interface ConfigurationBySecrets {
  readonly all: Configuration;
  readonly store: ConfigurationWithStore;
  readonly none: ConfigurationWithoutSecrets;
}

/** What the server has. */
export interface Configuration extends ConfigurationWithStore {
  /** At least one; ids are unique. */
  readonly connectors: readonly ConnectorConfiguration[];
  /** Who is told of elevations; ids are unique. */
  readonly notifications: readonly NotificationConfiguration[];
}

/** What opens the store, and no other secret. */
export interface ConfigurationWithStore extends ConfigurationWithoutSecrets {
  readonly store: StoreConfiguration;
}

/** What the file says. External ids that it refers to are not in its accounts. */
export interface ConfigurationWithoutSecrets {
  /** The origin under which browsers and clients reach the bridge, without a trailing slash. */
  readonly baseUrl: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** CIDR blocks of the proxies whose X-Forwarded-* headers are trusted. */
  readonly proxy: { readonly trusted: readonly string[] };
  readonly store: StoreLocation;
  readonly sessions: { readonly idleSeconds: Seconds; readonly maxSeconds: Seconds };
  readonly cli: {
    readonly maxSeconds: Seconds;
    readonly accessTokenSeconds: Seconds;
    /** `roles` is undefined when every role is allowed. */
    readonly deviceGrant: {
      readonly enabled: boolean;
      readonly intervalSeconds: Seconds;
      /** Whether such a login can be stepped up. */
      readonly mayStepUp: boolean;
      readonly roles?: readonly RolePattern[] | undefined;
    };
    readonly identityCenter: { readonly region: string };
    /** Includes the rolebridge client. */
    readonly clients: readonly OAuthClient[];
  };
  /** Web and mobile applications; their ids are unique among all clients. */
  readonly applications: readonly Application[];
  /** Shown to users who lack a role. */
  readonly help?: { readonly text: string; readonly url?: string | undefined } | undefined;
  readonly brand: Brand;
  readonly log: { readonly level: LogLevel };
  /** How long requests are still taken after the process was asked to stop. */
  readonly shutdown: { readonly delaySeconds: Seconds };
  /** At least one; ids are unique. */
  readonly connectors: readonly ConnectorDescription[];
  readonly issuer: {
    readonly saml: { readonly entityId: string };
    readonly webIdentity: { readonly audience: string; readonly issuer: string };
    /** An absolute path. */
    readonly keys: { readonly directory: string; readonly create: boolean };
  };
  readonly accounts: readonly Account[];
  /** In the order of the file: the first rule that grants a role gives its settings. */
  readonly access: readonly AccessRule[];
  /** The entries of `workloads`; ids are unique. */
  readonly workloads: readonly WorkloadEntryConfiguration[];
  /** Of all entries, in the order of the file. */
  readonly workloadRules: readonly WorkloadRule[];
  readonly administration: {
    /** Undefined: no user. */
    readonly administrators?: GroupSelector | undefined;
    readonly auditors?: GroupSelector | undefined;
  };
  readonly audit: AuditConfiguration;
  /** Who is told of elevations; ids are unique. */
  readonly notifications: readonly NotificationDescription[];
  readonly aws: {
    readonly endpoints: {
      readonly sts?: string | undefined;
      readonly signin?: string | undefined;
      readonly console?: string | undefined;
    };
    readonly partitions: Readonly<Partial<Record<Partition, PartitionOverrides>>>;
    /** Further consoles; `*.` before a domain means all hosts below it. */
    readonly consoleHosts: readonly string[];
    readonly timeoutSeconds: Seconds;
  };
}

// pino's levels, without `silent`: the audit trail is part of the log.
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface AuditConfiguration {
  /** Undefined: the database keeps all events. `directory` is an absolute path. */
  readonly retention?:
    | { readonly retentionSeconds: Seconds; readonly directory: string }
    | undefined;
}

export type StoreConfiguration =
  /** An absolute path, or `:memory:`. */
  | { readonly kind: 'sqlite'; readonly file: string }
  /** A connection URL that may contain a password: a secret. */
  | { readonly kind: 'postgres'; readonly url: string };

/** A store without what opens it. */
export type StoreLocation =
  | Extract<StoreConfiguration, { readonly kind: 'sqlite' }>
  | { readonly kind: 'postgres' };

/** A target without its addresses and secrets. */
export type NotificationDescription = Pick<NotificationConfiguration, 'id' | 'kind'>;

/** Where others are told of elevations. */
export type NotificationConfiguration = { readonly id: string } /** `url` is a secret. */ & (
  | { readonly kind: 'slack'; readonly url: string }
  /** The secrets (`whsec_...`) of Standard Webhooks; each signs, the current one first. */
  | { readonly kind: 'webhook'; readonly url: string; readonly secrets: readonly string[] }
  /** `smtpUrl` may contain a password: a secret. Every event goes to `to`. */
  | {
      readonly kind: 'email';
      readonly smtpUrl: string;
      readonly from: string;
      readonly to: readonly string[];
    }
);

/** An entry of `workloads`: a platform that vouches for workloads. */
export type WorkloadEntryConfiguration = { readonly id: WorkloadEntryId } & (
  | {
      readonly kind: 'issuer';
      /** Compared with `iss` byte by byte. Several entries can have the same. */
      readonly issuer: string;
      /** A token must have one of them. */
      readonly audiences: readonly string[];
      readonly keys: { readonly kind: 'discovery' } | WorkloadKeySet;
    }
  /** JWT-SVIDs of one trust domain. They have no `iss`. */
  | {
      readonly kind: 'spiffe';
      readonly trustDomain: string;
      readonly audiences: readonly string[];
      readonly keys: WorkloadKeySet;
    }
  /** A signed GetCallerIdentity. */
  | { readonly kind: 'aws-iam'; readonly audience: string }
);

/** Where a JSON Web Key Set is read. `file` is an absolute path. */
export type WorkloadKeySet =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly file: string };

interface AnyConnector {
  readonly id: ConnectorId;
  readonly label: string;
  /** Values of `acr`, `amr` or AuthnContextClassRef that count as multi-factor. */
  readonly multiFactorMethods: readonly string[];
  /**
   * An account trusts this kind of identity provider directly, so the user's own proof is kept for
   * it.
   */
  readonly keepCorporateProof: boolean;
}

export interface OidcConnectorConfiguration extends OidcConnectorDescription {
  /** A secret. */
  readonly clientSecret: string;
}

/** An OpenID provider without the client's secret. */
export interface OidcConnectorDescription extends AnyConnector {
  readonly protocol: 'oidc';
  readonly issuer: string;
  /** Where the discovery document is, if it is not below the issuer. */
  readonly discovery?: string | undefined;
  readonly clientId: string;
  readonly clientAuthentication: 'client_secret_basic' | 'client_secret_post';
  readonly scopes: readonly string[];
  readonly claims: IdentityMapping;
  readonly stepUp?: OidcStepUp | undefined;
  /** How the provider is asked for a newer sign-in. */
  readonly reauthenticate: 'max_age' | 'prompt';
  readonly refresh?: RefreshConfiguration | undefined;
  readonly logout: {
    readonly backchannel: boolean;
    readonly endsTerminals: boolean;
  };
}

/** How an OpenID provider is asked for a second factor. */
export interface OidcStepUp {
  readonly acrValues: readonly string[];
  readonly parameter: 'acr_values' | 'claims';
  readonly claim: 'acr' | 'acrs';
}

/** How a SAML identity provider is asked for a second factor. */
export interface SamlStepUp {
  readonly authnContext: readonly string[];
  readonly comparison: 'exact' | 'minimum' | 'better' | 'maximum';
}

/** When groups and attributes of a user are read again. */
export interface RefreshConfiguration {
  readonly everySeconds: Seconds;
  /** How long the last statement is good while the provider fails. */
  readonly staleSeconds: Seconds;
}

export interface SamlConnectorConfiguration extends AnyConnector {
  readonly protocol: 'saml';
  /** `file` is an absolute path. */
  readonly metadata: ({ readonly file: string } | { readonly url: string }) & {
    /** Chooses an entity of a document with several. */
    readonly entityId?: string | undefined;
  };
  readonly attributes: IdentityMapping;
  /** The attribute with the user's stable id, instead of the NameID. */
  readonly subject?: string | undefined;
  readonly allowUnsolicited: boolean;
  readonly signRequests: boolean;
  readonly clockSkewSeconds: Seconds;
  readonly stepUp?: SamlStepUp | undefined;
  /** Publishes a key for encryption, and takes encrypted assertions. */
  readonly encryption: boolean;
  /** Takes AES-CBC in a signed response. */
  readonly allowCbc: boolean;
}

export type ConnectorConfiguration = OidcConnectorConfiguration | SamlConnectorConfiguration;

/** A connector without its secrets. */
export type ConnectorDescription = OidcConnectorDescription | SamlConnectorConfiguration;
