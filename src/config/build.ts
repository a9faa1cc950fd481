/** Builds the Configuration from the checked document. Nothing is checked here. */

import type { BrandLogo } from '../core/brand.ts';
import type { GroupsForm } from '../core/identity.ts';
import { type Application, CLI_CLIENT } from '../core/oauth-client.ts';
import { defaultRegion } from '../core/partitions.ts';
import { type Account, accountFinder, type RoleName, type Trust } from '../core/role.ts';
import type { RolePattern } from '../core/role-scope.ts';
import { mergeDetails } from './account-details.ts';
import type { AccountFacts } from './account-facts.ts';
import { administrationOf, required, rulesOf } from './build-access.ts';
import { brandOf } from './build-brand.ts';
import { accountChoice } from './build-selection.ts';
import { workloadEntry, workloadRules } from './build-workloads.ts';
import type {
  AuditConfiguration,
  Configuration,
  ConfigurationBySecrets,
  ConfigurationWithoutSecrets,
  ConfigurationWithStore,
  ConnectorConfiguration,
  ConnectorDescription,
  NotificationConfiguration,
  NotificationDescription,
  SecretsRead,
  StoreConfiguration,
  StoreLocation,
} from './configuration.ts';
import { NOTIFICATION_KINDS } from './notification-schema.ts';
import { absolutePath } from './reference-places.ts';
import type { References } from './references.ts';
import type { Document } from './schema.ts';

type DocumentAccount = Document['accounts'][number];
type DocumentConnector = Document['connectors'][number];
type DocumentNotification = Document['notifications'][number];
type AccountNamed = (nameOrId: string) => Account | undefined;
type TextOf = References['textOf'];

export interface BuildOptions {
  readonly references: References;
  /** Relative paths begin here. */
  readonly directory: string;
  readonly logo: BrandLogo | undefined;
  readonly facts: AccountFacts;
}

/** `document` must have passed every check, and `references` have the secrets. */
export const BUILDERS: {
  readonly [S in SecretsRead]: (
    document: Document,
    options: BuildOptions,
  ) => ConfigurationBySecrets[S];
} = { all: buildWithSecrets, store: buildWithStore, none: buildWithoutSecrets };

function buildWithSecrets(document: Document, options: BuildOptions): Configuration {
  const { textOf } = options.references;
  const configuration = buildWithStore(document, options);
  return {
    ...configuration,
    connectors: configuration.connectors.map((connector, index) =>
      withClientSecret(connector, document.connectors[index], textOf),
    ),
    notifications: document.notifications.map(target => notificationOf(target, textOf)),
  };
}

function buildWithStore(document: Document, options: BuildOptions): ConfigurationWithStore {
  const configuration = buildWithoutSecrets(document, options);
  const store = withUrl(configuration.store, document.store, options.references.textOf);
  return { ...configuration, store };
}

function buildWithoutSecrets(
  document: Document,
  options: BuildOptions,
): ConfigurationWithoutSecrets {
  const { baseUrl } = document;
  const accounts = accountsOf(document, options.references);
  const accountNamed = accountFinder(accounts);
  const choice = accountChoice(document.accounts, options.facts);
  return {
    baseUrl,
    listen: document.listen,
    proxy: document.proxy,
    store: storeOf(document.store, options),
    sessions: { idleSeconds: document.sessions.idle, maxSeconds: document.sessions.max },
    cli: cliOf(document.cli, accountNamed),
    applications: document.applications.map(written => applicationOf(written, accountNamed)),
    help: document.help,
    brand: brandOf(document.brand, options.logo),
    log: document.log,
    shutdown: { delaySeconds: document.shutdown.delay },
    connectors: document.connectors.map(connector =>
      connectorOf(connector, document.accounts, options),
    ),
    issuer: {
      saml: { entityId: document.issuer.saml.entityId ?? `${baseUrl}/saml/idp` },
      webIdentity: { audience: document.issuer.webIdentity.audience, issuer: baseUrl },
      keys: {
        directory: absolutePath(document.issuer.keys.directory, options.directory),
        create: document.issuer.keys.create,
      },
    },
    accounts,
    access: rulesOf(document, choice, options.references),
    workloads: document.workloads.map(entry => workloadEntry(entry, options.directory)),
    workloadRules: workloadRules(document, choice, options.references),
    administration: administrationOf(document),
    audit: auditOf(document.audit, options),
    notifications: document.notifications.map(described),
    aws: {
      endpoints: document.aws.endpoints,
      partitions: document.aws.partitions,
      consoleHosts: document.aws.consoleHosts,
      timeoutSeconds: document.aws.timeout,
    },
  };
}

function storeOf(store: Document['store'], { directory }: BuildOptions): StoreLocation {
  if (store.postgres !== undefined) return { kind: 'postgres' };
  const file = required(store.sqlite);
  return { kind: 'sqlite', file: file === ':memory:' ? file : absolutePath(file, directory) };
}

/** Without a directory nothing is removed. */
function auditOf(
  { retention, archive }: Document['audit'],
  { directory }: BuildOptions,
): AuditConfiguration {
  if (retention === undefined || archive === undefined) return {};
  return {
    retention: {
      retentionSeconds: retention,
      directory: absolutePath(archive.directory, directory),
    },
  };
}

function withUrl(
  location: StoreLocation,
  { postgres }: Document['store'],
  textOf: TextOf,
): StoreConfiguration {
  if (location.kind === 'sqlite') return location;
  return { ...location, url: textOf(required(postgres).url) };
}

function cliOf(
  { max, accessToken, deviceGrant, identityCenter, clients }: Document['cli'],
  accountNamed: AccountNamed,
): Configuration['cli'] {
  const { enabled, interval, roles, stepUp: mayStepUp } = deviceGrant;
  return {
    maxSeconds: max,
    accessTokenSeconds: accessToken,
    deviceGrant: {
      enabled,
      intervalSeconds: interval,
      mayStepUp,
      roles: roles.includes('*/*')
        ? undefined
        : roles.flatMap(written => rolePatterns(written, accountNamed)),
    },
    identityCenter,
    clients: [CLI_CLIENT, ...clients],
  };
}

function applicationOf(
  { id, name, kind, redirectUris, origins, roles, max }: Document['applications'][number],
  accountNamed: AccountNamed,
): Application {
  // An account that is not active has no roles.
  const listed = roles.flatMap(({ account, role }) => {
    const found = accountNamed(account);
    return found === undefined ? [] : [{ account: found.id, accountName: found.name, role }];
  });
  return { id, name, kind, redirectUris, application: { origins, roles: listed, maxSeconds: max } };
}

/** Nothing for an account that is not active. */
function rolePatterns(written: string, accountNamed: AccountNamed): readonly RolePattern[] {
  const slash = written.indexOf('/');
  const [name, role] = [written.slice(0, slash), written.slice(slash + 1)];
  const account = accountNamed(name)?.id;
  if (name !== '*' && account === undefined) return [];
  return [{ account, role: role === '*' ? undefined : (role as RoleName) }];
}

function connectorOf(
  connector: DocumentConnector,
  accounts: readonly DocumentAccount[],
  options: BuildOptions,
): ConnectorDescription {
  const { id, label, mfa, oidc, logout } = connector;
  const refresh = connector.refresh && {
    everySeconds: connector.refresh.every,
    staleSeconds: connector.refresh.staleFor,
  };
  if (oidc !== undefined) {
    const { issuer, discovery, clientId, clientAuthentication } = oidc;
    const { scopes, claims, stepUp, reauthenticate } = oidc;
    return {
      protocol: 'oidc',
      id,
      label,
      multiFactorMethods: [...mfa, ...(stepUp?.acrValues ?? [])],
      keepCorporateProof: accounts.some(account => account.trust === 'corporate-web-identity'),
      issuer,
      ...(discovery !== undefined && { discovery }),
      clientId,
      clientAuthentication,
      scopes,
      claims: { ...claims, ...groupsFormOf(oidc) },
      stepUp,
      reauthenticate,
      refresh,
      logout,
    };
  }
  const saml = required(connector.saml);
  const {
    metadata,
    attributes,
    subject,
    allowUnsolicited,
    signRequests,
    clockSkew: clockSkewSeconds,
    stepUp,
    allowCbc,
  } = saml;
  const keepCorporateProof = accounts.some(account => account.trust === 'corporate-saml');
  return {
    protocol: 'saml',
    id,
    label,
    multiFactorMethods: [...mfa, ...(stepUp?.authnContext ?? [])],
    keepCorporateProof,
    metadata: {
      ...(metadata.file === undefined
        ? { url: required(metadata.url) }
        : { file: absolutePath(metadata.file, options.directory) }),
      ...(metadata.entityId !== undefined && { entityId: metadata.entityId }),
    },
    attributes: { ...attributes, ...groupsFormOf(saml) },
    subject,
    allowUnsolicited,
    signRequests,
    clockSkewSeconds,
    stepUp,
    // AWS cannot read what is encrypted for the bridge.
    encryption: saml.encryption ?? !keepCorporateProof,
    allowCbc,
  };
}

function withClientSecret(
  connector: ConnectorDescription,
  written: DocumentConnector | undefined,
  textOf: TextOf,
): ConnectorConfiguration {
  if (connector.protocol === 'saml') return connector;
  return { ...connector, clientSecret: textOf(required(written?.oidc).clientSecret) };
}

function groupsFormOf({
  groupSeparator,
  groupsFormat,
}: Pick<NonNullable<DocumentConnector['oidc']>, 'groupSeparator' | 'groupsFormat'>): {
  readonly groupsForm?: GroupsForm;
} {
  if (groupSeparator !== undefined)
    return { groupsForm: { kind: 'separated', separator: groupSeparator } };
  return groupsFormat === undefined ? {} : { groupsForm: { kind: groupsFormat } };
}

/** Builds hubs first, because other accounts refer to them; keeps the order of the file. */
function accountsOf(document: Document, references: References): readonly Account[] {
  const { accounts: written } = document;
  const detailsOf = detailsReader(document);
  const direct = new Map<DocumentAccount, Account>();
  const byNameOrId = new Map<string, Account>();
  const accountWith = (source: DocumentAccount, trust: Trust): Account => ({
    id: source.id,
    name: source.name,
    partition: source.partition,
    region: source.region ?? defaultRegion(source.partition),
    trust,
    ...ownStsOf(source),
    ...detailsOf(source),
  });
  for (const source of written) {
    if (source.via !== undefined) continue;
    const account = accountWith(source, directTrust(source));
    direct.set(source, account);
    byNameOrId.set(account.id, account).set(account.name, account);
  }
  return written.map(source => {
    if (source.via === undefined) return required(direct.get(source));
    const { account, role, externalId } = source.via;
    const hub = required(byNameOrId.get(account));
    return accountWith(source, {
      by: 'hub',
      hub,
      role,
      ...(typeof externalId === 'object'
        ? { externalId: references.find(externalId), externalIdByReference: true }
        : { externalId }),
    });
  });
}

/** With the URL of the STS as audience, no two STS take the same tokens. */
function ownStsOf({ endpoints }: DocumentAccount): Pick<Account, 'stsEndpoint' | 'stsAudience'> {
  const { sts, audience = sts } = endpoints ?? {};
  return sts === undefined ? {} : { stsEndpoint: sts, stsAudience: audience };
}

function detailsReader(document: Document) {
  const { details } = mergeDetails(document);
  const merged = new Map(document.accounts.map((source, index) => [source, details[index]]));
  return (source: DocumentAccount): Pick<Account, 'details'> => {
    const folder = source.path?.split('/');
    const all = { ...merged.get(source), ...(folder && { folder }) };
    return Object.keys(all).length > 0 ? { details: all } : {};
  };
}

function directTrust({ trust, provider, samlSignatures }: DocumentAccount): Trust {
  switch (required(trust)) {
    case 'saml':
      return {
        ...{ by: 'saml', provider: required(provider) },
        ...(samlSignatures === 'assertion' && { signatures: samlSignatures }),
      };
    case 'corporate-saml':
      return { by: 'corporate-saml', provider: required(provider) };
    case 'web-identity':
      return { by: 'web-identity' };
    case 'corporate-web-identity':
      return { by: 'corporate-web-identity' };
  }
}

type Kind = NotificationConfiguration['kind'];
type Settings<K extends Kind> = Omit<
  Extract<NotificationConfiguration, { readonly kind: K }>,
  'id' | 'kind'
>;

const NOTIFICATIONS: {
  readonly [K in Kind]: (
    written: NonNullable<DocumentNotification[K]>,
    textOf: TextOf,
  ) => Settings<K>;
} = {
  slack: ({ webhook }, textOf) => ({ url: textOf(webhook) }),
  webhook: ({ url, secret, previousSecret }, textOf) => {
    const secrets = [secret, ...(previousSecret === undefined ? [] : [previousSecret])];
    return { url, secrets: secrets.map(textOf) };
  },
  email: ({ smtp, from, to = [] }, textOf) => ({ smtpUrl: textOf(smtp), from, to }),
};

function described(target: DocumentNotification): NotificationDescription {
  return {
    id: target.id,
    kind: required(NOTIFICATION_KINDS.find(key => target[key] !== undefined)),
  };
}

function notificationOf(target: DocumentNotification, textOf: TextOf): NotificationConfiguration {
  const { id, kind } = described(target);
  // Each row takes the settings of its own kind.
  const settingsOf = NOTIFICATIONS[kind] as (written: unknown, of: TextOf) => object;
  const settings = settingsOf(target[kind], textOf);
  return { id, kind, ...settings } as NotificationConfiguration;
}
