/** What the section of probes calls AWS with: the keys, the store and its audit trail. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuditTrail } from '../audit/audit-trail.ts';
import { createCredentialBroker } from '../aws/sts.ts';
import { createProbes, type Probes } from '../bridge/probes.ts';
import { createRecorder } from '../bridge/recorder.ts';
import type { Configuration, StoreConfiguration } from '../config/configuration.ts';
import { partitionTable } from '../core/partitions.ts';
import type { Clock } from '../core/ports.ts';
import { createIssuer } from '../issuer/issuer.ts';
import { openSealingSecret } from '../issuer/sealing-secret.ts';
import { openSigningKeys } from '../issuer/signing-keys.ts';
import { createLog } from '../log.ts';
import type { Options } from '../operate/command.ts';
import { probesSection } from '../operate/doctor/probes-section.ts';
import type { Section } from '../operate/doctor/section.ts';
import { createOutbound } from '../outbound.ts';
import { inspectStore } from './doctor-host.ts';
import { openStore } from './operator.ts';

const MAX_ANSWER_BYTES: number = 256 * 1024;
/** Of the trail: a server that runs writes the events into its log, and findings say faults. */
const UNHEARD = { write: () => {} };

export function openProbesSection(
  configuration: Configuration,
  options: Options,
  clock: Clock,
): Section {
  return probesSection({
    isWanted: options['no-probe'] !== true,
    open: () => openProbes(configuration, clock),
  });
}

/** Creates no key: a probe with a new key would say nothing of the server. */
async function openProbes(
  { issuer, store: location, aws }: Configuration,
  clock: Clock,
): Promise<{ readonly probes: Probes; close(): Promise<void> }> {
  const log = createLog({ level: 'fatal', destination: UNHEARD });
  const keys = await openSigningKeys({ ...issuer.keys, create: false, clock });
  const secret = await openSealingSecret({ ...issuer.keys, create: false });
  await requireStore(location);
  await using opened = new AsyncDisposableStack();
  const store = await openStore(location, { secret, log });
  opened.defer(() => store.close());
  const audit = createAuditTrail({ sinks: [store.audit, store.operatorEvents], log });
  opened.defer(() => audit.close());
  const { timeoutSeconds } = aws;
  const outbound = createOutbound({ timeoutSeconds, maxBytes: MAX_ANSWER_BYTES });
  opened.defer(() => outbound.close());
  const partitions = partitionTable(aws);
  const broker = createCredentialBroker({
    issuer: createIssuer({
      baseUrl: issuer.webIdentity.issuer,
      samlEntityId: issuer.saml.entityId,
      audience: issuer.webIdentity.audience,
      ...{ keys, partitions, clock },
    }),
    ...{ partitions, outbound, timeoutSeconds, clock },
  });
  const recorder = createRecorder({ audit, clock });
  const closing = opened.move();
  return {
    probes: createProbes({ broker, recorder, clock, pause: sleep }),
    close: () => closing.disposeAsync(),
  };
}

/** Opening a store makes it, or changes its tables, which is the work of the server. */
async function requireStore(location: StoreConfiguration): Promise<void> {
  const facts = await inspectStore(location);
  if (facts === undefined) throw new Error('the store is in the memory of the server');
  const { place, exists, pendingSteps, fault } = facts;
  if (!exists)
    throw new Error(`the store ${place} does not exist yet, so that no probe can be recorded`);
  if (fault !== undefined) throw new Error(`the store ${place} cannot be used`);
  if (pendingSteps > 0) throw new Error(`the store ${place} is of an earlier version`);
}
