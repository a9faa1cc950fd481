/**
 * A snapshot of the configuration: which adapter fills which port, for everything that a reload
 * replaces (ADR 26).
 *
 * Owns: the order in which the parts of a snapshot are opened, and that they are closed again. Does
 * not own: what outlives a reload (process.ts), URLs (app.ts), arguments and signals
 * (main.ts).
 */
import { fileURLToPath } from 'node:url';
import { createConsoleFederation } from '../aws/console.ts';
import { createCredentialBroker } from '../aws/sts.ts';
import { type Access, createAccess } from '../bridge/access.ts';
import {
  type BackChannelLogouts,
  createBackChannelLogouts,
} from '../bridge/back-channel-logout.ts';
import type { Clients } from '../bridge/clients.ts';
import type { CodeAuthorization } from '../bridge/code-authorization.ts';
import type { ContainerAccess } from '../bridge/container-access.ts';
import { currentIssuers } from '../bridge/current-issuers.ts';
import { createDestinations, type Destinations } from '../bridge/destinations.ts';
import type { DeviceAuthorization } from '../bridge/device-authorization.ts';
import { createElevations, type ElevationUseCases } from '../bridge/elevations.ts';
import type { IdentityRefresh } from '../bridge/identity-refresh.ts';
import { createMyAwsSessions, type MyAwsSessions } from '../bridge/my-aws-sessions.ts';
import { createMyBrowsers, type MyBrowsers } from '../bridge/my-browsers.ts';
import { createMyRoles, type MyRoles } from '../bridge/my-roles.ts';
import { createMySessions, type MySessions } from '../bridge/my-sessions.ts';
import type { Proofs } from '../bridge/proofs.ts';
import { createRecorder, type Recorder } from '../bridge/recorder.ts';
import { createSharedCredentials } from '../bridge/shared-credentials.ts';
import { createSignIn, type SignIn } from '../bridge/sign-in.ts';
import { createSignInTests, type SignInTests } from '../bridge/sign-in-test.ts';
import { createSignOuts, type SignOuts } from '../bridge/sign-outs.ts';
import { createStepUps, type StepUps } from '../bridge/step-up.ts';
import type { Tokens } from '../bridge/tokens.ts';
import { createUseNotes } from '../bridge/use-notes.ts';
import type { Workloads } from '../bridge/workloads.ts';
import type { Configuration } from '../config/configuration.ts';
import { compileSelector } from '../core/group-selector.ts';
import { type Partitions, partitionTable } from '../core/partitions.ts';
import { compilePolicy, type Policy } from '../core/policy.ts';
import type {
  AuditSink,
  Clock,
  DoctorProofs,
  FederationMetadata,
  KnownBrowsers,
  Secrets,
  ServiceProviderMetadata,
  Store,
} from '../core/ports.ts';
import { createHelp, type Help } from '../http/help.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import { createRenderer, type Renderer } from '../http/render.ts';
import { createDoctorProofs } from '../issuer/doctor-proofs.ts';
import { createIssuer } from '../issuer/issuer.ts';
import { createKnownBrowsers } from '../issuer/known-browsers.ts';
import { openSealingSecret } from '../issuer/sealing-secret.ts';
import { openSigningKeys, type SigningKeys } from '../issuer/signing-keys.ts';
import type { Logger } from '../log.ts';
import type { OutboundClient } from '../outbound.ts';
import { type OpenConnector, openConnectors } from './connectors.ts';
import { type ElevationUpkeep, openElevationUpkeep } from './elevation-upkeep.ts';
import { openIdentityRefresh } from './identity-refresh.ts';
import { watchKeys } from './known-keys.ts';
import { createLogins } from './logins.ts';
import { notifiedBy, openNotifications } from './notifications.ts';
import type { Process, Storage } from './process.ts';
import { openTrailUpkeep, type TrailUpkeep } from './trail-upkeep.ts';
import { type OpenWorkloads, openWorkloads } from './workloads.ts';

const VIEWS: string = fileURLToPath(new URL('../../views', import.meta.url));

/** What the routes need; no type in it is an adapter's own. */
export interface Bridge {
  readonly baseUrl: string;
  readonly trustedProxies: readonly string[];
  readonly help: Help | undefined;
  /** The region that start URLs of AWS tools name. */
  readonly identityCenterRegion: string;
  readonly access: Access;
  readonly myRoles: MyRoles;
  readonly destinations: Destinations;
  readonly elevations: ElevationUseCases;
  readonly workloads: Workloads;
  /** Whether the configuration knows workloads. */
  readonly hasWorkloads: boolean;
  /** Where users are told of elevations, in words. */
  readonly notifiedBy: readonly string[];
  readonly signIn: SignIn;
  readonly signOuts: SignOuts;
  readonly tokens: Tokens;
  readonly proofs: Proofs;
  readonly containerAccess: ContainerAccess;
  readonly deviceAuthorization: DeviceAuthorization;
  readonly codeAuthorization: CodeAuthorization;
  readonly mySessions: MySessions;
  readonly myBrowsers: MyBrowsers;
  readonly myAwsSessions: MyAwsSessions;
  readonly backChannelLogouts: BackChannelLogouts;
  readonly stepUps: StepUps;
  readonly signInTests: SignInTests;
  readonly knownBrowsers: KnownBrowsers;
  readonly doctorProofs: DoctorProofs;
  /** The programs that can ask for a login. */
  readonly clients: Clients;
  readonly audit: AuditSink;
  readonly metadata: FederationMetadata;
  /** By connector id. */
  readonly serviceProviders: ReadonlyMap<string, ServiceProviderMetadata>;
  /** Hosts that our forms may lead to. */
  readonly consoleSources: readonly string[];
  readonly rateLimits: RateLimits;
  readonly renderer: Renderer;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Logger;
  ping(): Promise<void>;
  /** True once the process was asked to stop. */
  readonly stopping: () => boolean;
}

/** A bridge for one reading of the configuration. */
export interface Snapshot extends Bridge {
  readonly configuration: Configuration;
  /** The same object in two snapshots where a reload has kept it. */
  readonly storage: Storage;
  readonly elevationUpkeep: Pick<ElevationUpkeep, 'run'>;
  readonly trailUpkeep: Pick<TrailUpkeep, 'run'>;
  /** What vouches for callers: the snapshot after this one begins with what they know. */
  readonly vouching: Pick<Vouching, 'connectors' | 'workloads'>;
  /** Resolves when every identity provider was asked for the first time. */
  readonly asked: Promise<void>;
  /** Ends what another snapshot does instead: notifications. Requests go on. */
  retire(): Promise<void>;
  close(): Promise<void>;
}

/** What the steps of a snapshot are given. */
interface Parts {
  readonly process: Process;
  readonly configuration: Configuration;
  readonly keys: SigningKeys;
  readonly sealingSecret: Uint8Array;
  readonly partitions: Partitions;
  readonly toAws: OutboundClient;
  readonly policy: Policy;
  /** Others are told of a change to an elevation. */
  readonly onElevationChange: () => void;
  /** The ports that use cases share. `audit` is the trail, not the store's own sink. */
  readonly ports: Omit<Store, 'close'> & {
    readonly clock: Clock;
    readonly secrets: Secrets;
    readonly recorder: Recorder;
  };
}

/**
 * Opens a snapshot, which begins with what `before` knows of the same identity providers. It waits
 * for none of them: one that is down leaves its connector unavailable. Throws when a store or a key
 * cannot be opened; everything is as before then.
 */
export async function openSnapshot(
  process: Process,
  configuration: Configuration,
  before?: Pick<Snapshot, 'vouching'>,
): Promise<Snapshot> {
  const { clock, secrets } = process;
  await using opened = new AsyncDisposableStack();

  // Read at every snapshot: keys rotate by files.
  const keys = await openSigningKeys({ ...configuration.issuer.keys, clock });
  const sealingSecret = await openSealingSecret(configuration.issuer.keys);
  const { value: storage } = opened.use(
    await process.storage({ store: configuration.store, secret: sealingSecret }),
  );
  const { directory } = configuration.issuer.keys;
  await watchKeys(
    { directory, keys, sealingSecret },
    { knownKeys: storage.store.knownKeys, clock, log: process.log },
  );
  const { timeoutSeconds } = configuration.aws;
  const { value: toAws } = opened.use(await process.toAws({ timeoutSeconds }));
  const notifications = await openNotifications(
    { ...storage.store, clock, secrets },
    { configuration, views: VIEWS, log: process.log },
  );
  opened.defer(() => notifications.close());
  const parts: Parts = {
    ...{ process, configuration, keys, sealingSecret, toAws },
    policy: compilePolicy(configuration.access, configuration.accounts),
    onElevationChange: notifications.poke,
    partitions: partitionTable(configuration.aws),
    ports: {
      ...storage.store,
      audit: storage.audit,
      clock,
      secrets,
      recorder: createRecorder({ audit: storage.audit, clock }),
    },
  };
  const connectors = openConnectors(parts, opened, before?.vouching.connectors ?? []);
  const identityRefresh = openIdentityRefresh(
    { ...parts.ports, connectors: connectors.map(({ connector }) => connector) },
    configuration,
    process.log,
  );
  opened.defer(() => identityRefresh.close());
  const { policy, onElevationChange: onChange } = parts;
  const elevationUpkeep = openElevationUpkeep({ ...parts.ports, policy, onChange }, process.log);
  opened.defer(() => elevationUpkeep.close());
  const trailUpkeep = openTrailUpkeep(parts.ports, configuration.audit, process.log);
  opened.defer(() => trailUpkeep.close());
  const workloads = openWorkloads({ ...parts, before: before?.vouching.workloads });
  opened.defer(() => workloads.close());
  const bridge = createBridge(parts, { connectors, identityRefresh, workloads });

  const closing = opened.move();
  return {
    ...bridge,
    ...{
      configuration,
      storage,
      elevationUpkeep,
      trailUpkeep,
      vouching: { connectors, workloads },
    },
    asked: Promise.all(connectors.map(({ asked }) => asked)).then(() => {}),
    retire: () => notifications.close(),
    close: () => closing.disposeAsync(),
  };
}

/** What vouches for callers. */
interface Vouching {
  readonly connectors: readonly OpenConnector[];
  readonly identityRefresh: IdentityRefresh;
  readonly workloads: OpenWorkloads;
}

function createBridge(
  parts: Parts,
  { connectors: opened, identityRefresh, workloads }: Vouching,
): Bridge {
  const { process, configuration, policy } = parts;
  const connectors = opened.map(({ connector }) => connector);
  const signOuts = createSignOuts({
    ...parts.ports,
    connectors,
    onNotRevoked: (connector, { code, message: why }) =>
      process.log.warn({ connector, code, why }, 'the refresh token stays valid at the provider'),
  });
  const ports = { ...parts.ports, signOuts };
  const isCurrent = currentIssuers(connectors);
  const elevations = createElevationUseCases(parts);
  const { shared, ...roleAccess } = createRoleAccess(parts);
  const { callers, ...logins } = createLogins(
    { ...parts, ports },
    {
      ...{ isCurrent, identityRefresh, elevations },
    },
  );
  const signIn = createSignIn({
    ...ports,
    ...configuration.sessions,
    longestSeconds: Math.max(configuration.sessions.maxSeconds, configuration.cli.maxSeconds),
    ...{ connectors, identityRefresh },
  });
  const mySessions = createMySessions({ ...ports, isCurrent });
  const myBrowsers = createMyBrowsers({ ...ports, ...configuration.sessions, isCurrent });
  const { accounts } = configuration;
  const { access } = roleAccess;
  const help = configuration.help && createHelp(configuration.help);
  return {
    baseUrl: configuration.baseUrl,
    trustedProxies: configuration.proxy.trusted,
    help,
    identityCenterRegion: configuration.cli.identityCenter.region,
    ...roleAccess,
    ...logins,
    ...{ signIn, signOuts, mySessions, myBrowsers, elevations },
    myAwsSessions: createMyAwsSessions({ ...ports, accounts }),
    workloads: workloads.workloads(shared),
    hasWorkloads: configuration.workloads.length > 0,
    notifiedBy: notifiedBy(configuration.notifications),
    stepUps: createStepUps({ access, signIn, mySessions, callers, recorder: ports.recorder }),
    signInTests: createSignInTests({
      ...ports,
      ...{ signIn, policy, administrators: configuration.administration.administrators },
    }),
    backChannelLogouts: createBackChannelLogouts({ ...ports, connectors }),
    knownBrowsers: createKnownBrowsers(parts.sealingSecret),
    doctorProofs: createDoctorProofs(parts.sealingSecret),
    serviceProviders: new Map(
      opened.flatMap(({ connector, metadata }) =>
        metadata === undefined ? [] : [[connector.id, metadata]],
      ),
    ),
    renderer: createRenderer({
      directory: VIEWS,
      helpUrl: help?.url,
      brand: configuration.brand,
    }),
    audit: ports.audit,
    ping: () => ports.ping(),
    ...{ secrets: process.secrets, clock: process.clock, log: process.log },
    ...{ stopping: process.stopping, rateLimits: process.rateLimits },
  };
}

/** From an entitlement to credentials: the policy, our issuer, STS and the console. */
function createRoleAccess({ configuration, policy, partitions, keys, toAws, ports }: Parts) {
  const { baseUrl, issuer, aws, accounts } = configuration;
  const { clock, secrets, recorder, elevations, roleUses } = ports;
  const ourIssuer = createIssuer({
    baseUrl: issuer.webIdentity.issuer,
    samlEntityId: issuer.saml.entityId,
    audience: issuer.webIdentity.audience,
    ...{ keys, partitions, clock },
  });
  const broker = createCredentialBroker({
    issuer: ourIssuer,
    outbound: toAws,
    timeoutSeconds: aws.timeoutSeconds,
    ...{ partitions, clock },
  });
  const shared = createSharedCredentials({ broker, clock, secrets });
  const access = createAccess({
    ...{ policy, broker, shared },
    console: createConsoleFederation({ partitions, outbound: toAws, clock }),
    issuerUrl: `${baseUrl}/`,
    ...{ recorder, clock, elevations },
    useNotes: createUseNotes({ roleUses, clock }),
  });
  const used = new Set(accounts.map(({ partition }) => partition));
  const consoleSources = [...used].flatMap(partition => partitions[partition].consoleSources);
  const myRoles = createMyRoles({ roleUses, clock, access });
  return {
    access,
    myRoles,
    destinations: createDestinations({ access, myRoles, policy, partitions, clock }),
    shared,
    metadata: ourIssuer,
    consoleSources: [...new Set(consoleSources)],
  };
}

function createElevationUseCases({
  configuration,
  policy,
  ports,
  onElevationChange: onChange,
}: Parts): ElevationUseCases {
  const { administrators, auditors } = configuration.administration;
  return createElevations({
    ...ports,
    ...{ policy, onChange },
    accounts: new Map(configuration.accounts.map(account => [account.id, account])),
    administrators: administrators && compileSelector(administrators),
    auditors: auditors && compileSelector(auditors),
  });
}
