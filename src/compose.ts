/**
 * The only file that knows every adapter: a configuration goes in, a bridge comes out, plugged
 * together and open.
 *
 * Owns: which adapter fills which port, and that everything opened is closed again. Does not own:
 * URLs (app.ts), the process (main.ts).
 */
import { fileURLToPath } from 'node:url';
import { createAuditTrail, logKept } from './audit/audit-trail.ts';
import { createConsoleFederation } from './aws/console.ts';
import { createCredentialBroker } from './aws/sts.ts';
import { type Access, createAccess } from './bridge/access.ts';
import { type Clients, createClients } from './bridge/clients.ts';
import { type CodeAuthorization, createCodeAuthorization } from './bridge/code-authorization.ts';
import { type ContainerAccess, createContainerAccess } from './bridge/container-access.ts';
import { currentIssuers } from './bridge/current-issuers.ts';
import {
  createDeviceAuthorization,
  type DeviceAuthorization,
} from './bridge/device-authorization.ts';
import { createMySessions, type MySessions } from './bridge/my-sessions.ts';
import { createSharedCredentials } from './bridge/shared-credentials.ts';
import { createSignIn, type SignIn } from './bridge/sign-in.ts';
import { createTokenCallers } from './bridge/token-callers.ts';
import { createTokens, type Tokens } from './bridge/tokens.ts';
import { openStore } from './compose-operator.ts';
import type { Configuration, ConnectorConfiguration } from './config/configuration.ts';
import { createOidcConnector } from './connectors/oidc.ts';
import {
  createResponseValidator,
  type ResponseValidator,
} from './connectors/saml/response-validator.ts';
import { createSamlConnector } from './connectors/saml.ts';
import type { BridgeError } from './core/errors.ts';
import { partitionTable } from './core/partitions.ts';
import { compilePolicy } from './core/policy.ts';
import type {
  AuditSink,
  Availability,
  Clock,
  Connector,
  FederationMetadata,
  KnownBrowsers,
  OperatorEvents,
  Secrets,
  ServiceProviderMetadata,
} from './core/ports.ts';
import { MINUTE, type Seconds } from './core/time.ts';
import { createRenderer, type Renderer } from './http/render.ts';
import { createClientRegistrations } from './issuer/client-registrations.ts';
import { createIssuer } from './issuer/issuer.ts';
import { createKnownBrowsers } from './issuer/known-browsers.ts';
import { openSealingSecret } from './issuer/sealing-secret.ts';
import { openSigningKeys, type SigningKeys } from './issuer/signing-keys.ts';
import type { Logger } from './log.ts';
import { createOutbound, type Outbound } from './outbound.ts';
import { systemSecrets as secrets } from './secrets.ts';

/** Everything that the doors need; nothing of it is an adapter's own type. */
export interface Bridge {
  readonly baseUrl: string;
  readonly trustedProxies: readonly string[];
  readonly help: Configuration['help'];
  /** The region that start URLs of AWS tools name. */
  readonly identityCenterRegion: string;
  readonly access: Access;
  readonly signIn: SignIn;
  readonly tokens: Tokens;
  readonly containerAccess: ContainerAccess;
  readonly deviceAuthorization: DeviceAuthorization;
  readonly codeAuthorization: CodeAuthorization;
  readonly mySessions: MySessions;
  readonly knownBrowsers: KnownBrowsers;
  /** The programs that may ask for a login in a terminal. */
  readonly clients: Clients;
  readonly audit: AuditSink;
  readonly metadata: FederationMetadata;
  /** By connector id. */
  readonly serviceProviders: ReadonlyMap<string, ServiceProviderMetadata>;
  /** Hosts that a form of ours may lead to. */
  readonly consoleSources: readonly string[];
  readonly renderer: Renderer;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Logger;
  ping(): Promise<void>;
  /** True once the process was asked to stop. */
  readonly stopping: () => boolean;
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly log: Logger;
  readonly clock?: Clock;
  readonly stopping?: () => boolean;
}

/** A federation's metadata with many keys is the largest thing that an identity provider says. */
const IDP_BYTES = 2 * 1024 * 1024;
const IDP_TIMEOUT: Seconds = 5;
/** STS and the sign-in service answer in a few kilobytes. */
const AWS_BYTES = 256 * 1024;
const PRUNE_EVERY: number = 10 * MINUTE * 1000;
/** Milliseconds between two looks for what operators did; an empty look reads one small table. */
const OPERATORS_EVERY = 2_000;

const systemClock: Clock = { now: () => Date.now() };

/**
 * Opens a bridge. An identity provider that is down leaves its connector unavailable and stops
 * nothing; a store or a key that cannot be opened throws, and what was opened before is closed
 * again.
 */
export async function compose(
  configuration: Configuration,
  options: ComposeOptions,
): Promise<Bridge> {
  const { log, clock = systemClock, stopping = () => false } = options;
  const { baseUrl, aws, issuer } = configuration;
  await using opened = new AsyncDisposableStack();

  const toIdps = createOutbound({ timeoutSeconds: IDP_TIMEOUT, maxBytes: IDP_BYTES });
  opened.defer(() => toIdps.close());
  const toAws = createOutbound({ timeoutSeconds: aws.timeoutSeconds, maxBytes: AWS_BYTES });
  opened.defer(() => toAws.close());
  const partitions = partitionTable(aws);
  const keys = await openSigningKeys({ ...issuer.keys, clock });
  const sealingSecret = await openSealingSecret(issuer.keys);
  const store = await openStore(configuration.store, {
    secret: sealingSecret,
    log,
    onChange: fault => logStore(log, fault),
  });
  opened.defer(() => store.close());
  const audit = createAuditTrail({ sinks: [store.audit], log });
  opened.defer(() => audit.close());

  const ourIssuer = createIssuer({
    baseUrl: issuer.webIdentity.issuer,
    samlEntityId: issuer.saml.entityId,
    audience: issuer.webIdentity.audience,
    keys,
    partitions,
    clock,
  });
  const broker = createCredentialBroker({
    issuer: ourIssuer,
    partitions,
    outbound: toAws,
    timeoutSeconds: aws.timeoutSeconds,
    clock,
  });
  const console = createConsoleFederation({ partitions, outbound: toAws });

  const validator = createResponseValidator();
  opened.defer(() => validator.close());
  const openedConnectors = await Promise.all(
    configuration.connectors.map(connector =>
      openConnector(connector, { baseUrl, keys, outbound: toIdps, validator, clock, log }),
    ),
  );
  const connectors = openedConnectors.map(({ connector }) => connector);
  for (const connector of connectors) opened.defer(() => connector.close());

  const { idleSeconds, maxSeconds } = configuration.sessions;
  const signIn = createSignIn({
    connectors,
    ...store,
    audit,
    clock,
    secrets,
    idleSeconds,
    maxSeconds,
  });
  const isCurrent = currentIssuers(connectors);
  const { cli } = configuration;
  const callers = createTokenCallers({
    ...store,
    isCurrent,
    clock,
    deviceRoles: cli.deviceGrant.roles,
  });
  const containerAccess = createContainerAccess({ ...store, callers, audit, clock, secrets });
  const { maxSeconds: cliMaxSeconds, accessTokenSeconds } = cli;
  const tokens = createTokens({
    ...store,
    ...{ callers, containerAccess, audit, clock, secrets },
    ...{ maxSeconds: cliMaxSeconds, accessTokenSeconds },
  });
  const clients = createClients({
    configured: cli.clients,
    registrations: createClientRegistrations(sealingSecret),
    clock,
    secrets,
  });
  const { enabled, intervalSeconds } = cli.deviceGrant;
  const deviceAuthorization = createDeviceAuthorization({
    ...store,
    tokens,
    audit,
    clock,
    secrets,
    enabled,
    intervalSeconds,
  });
  const codeAuthorization = createCodeAuthorization({
    ...store,
    clients,
    tokens,
    audit,
    clock,
    secrets,
    issuer: baseUrl,
  });
  const mySessions = createMySessions({ ...store, isCurrent, audit, clock });
  const policy = compilePolicy(configuration.access, configuration.accounts);
  const access = createAccess({
    policy,
    broker,
    shared: createSharedCredentials({ broker, clock, secrets }),
    console,
    audit,
    clock,
    issuerUrl: `${baseUrl}/`,
  });
  const renderer = createRenderer({
    directory: fileURLToPath(new URL('../views', import.meta.url)),
    helpUrl: configuration.help?.url,
  });

  const pruning = setInterval(() => {
    store
      .prune(clock.now())
      .catch((cause: unknown) => log.error({ cause: String(cause) }, 'pruning failed'));
  }, PRUNE_EVERY);
  pruning.unref();
  opened.defer(() => clearInterval(pruning));

  const listening = setInterval(operatorsLogger(store.operatorEvents, log), OPERATORS_EVERY);
  listening.unref();
  opened.defer(() => clearInterval(listening));

  const usedPartitions = new Set(configuration.accounts.map(({ partition }) => partition));
  const toClose = opened.move();
  return {
    baseUrl,
    trustedProxies: configuration.proxy.trusted,
    help: configuration.help,
    identityCenterRegion: cli.identityCenter.region,
    access,
    signIn,
    tokens,
    containerAccess,
    deviceAuthorization,
    codeAuthorization,
    mySessions,
    knownBrowsers: createKnownBrowsers(sealingSecret),
    clients,
    audit,
    metadata: ourIssuer,
    serviceProviders: new Map(
      openedConnectors.flatMap(({ connector, metadata }) =>
        metadata === undefined ? [] : [[connector.id, metadata]],
      ),
    ),
    consoleSources: [
      ...new Set([...usedPartitions].flatMap(partition => partitions[partition].consoleSources)),
    ],
    renderer,
    secrets,
    clock,
    log,
    ping: () => store.ping(),
    stopping,
    close: () => toClose.disposeAsync(),
  };
}

function logStore(log: Logger, fault: BridgeError | undefined): void {
  if (fault === undefined) log.info('store ready');
  else
    log.error(
      { why: fault.message, cause: fault.cause instanceof Error ? fault.cause.message : undefined },
      'store unavailable',
    );
}

/** Writes what operators did into the log; a fault is told once, until a look works again. */
function operatorsLogger(events: OperatorEvents, log: Logger): () => void {
  let isLooking = false;
  let isFailing = false;
  const look = async (): Promise<void> => {
    try {
      for (const event of await events.take()) logKept(log, event);
      isFailing = false;
    } catch (cause) {
      if (!isFailing) log.error({ cause: String(cause) }, 'the events of operators cannot be read');
      isFailing = true;
    }
  };
  return () => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  };
}

interface ConnectorParts {
  readonly baseUrl: string;
  readonly keys: SigningKeys;
  readonly outbound: Outbound;
  readonly validator: ResponseValidator;
  readonly clock: Clock;
  readonly log: Logger;
}

async function openConnector(
  configuration: ConnectorConfiguration,
  { baseUrl, keys, outbound, validator, clock, log }: ConnectorParts,
): Promise<{ readonly connector: Connector; readonly metadata?: ServiceProviderMetadata }> {
  const onChange = (availability: Availability, thrown?: unknown): void => {
    // The reason is fit for a page; what lies beneath it (an address, a file, a fault) is for the
    // operator.
    const cause =
      thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause.message : undefined;
    if (availability.state === 'ready')
      log.info({ connector: configuration.id }, 'connector ready');
    else
      log.warn(
        { connector: configuration.id, why: availability.reason, cause },
        'connector unavailable',
      );
  };
  if (configuration.protocol === 'oidc') {
    return {
      connector: await createOidcConnector({
        ...configuration,
        baseUrl,
        outbound,
        clock,
        secrets,
        onChange,
      }),
    };
  }
  const { active, published } = keys.serviceProvider;
  const signingKey = {
    privateKeyPem: active.privateKeyPem(),
    certificatesPem: published.map(({ certificatePem }) => certificatePem),
  };
  const connector = await createSamlConnector({
    ...configuration,
    baseUrl,
    outbound,
    validator,
    clock,
    signingKey,
    onChange,
  });
  return { connector, metadata: connector };
}
