/** Logins and tokens of terminals, AWS tools, containers and applications, in one snapshot. */
import { createClients } from '../bridge/clients.ts';
import { createCodeAuthorization } from '../bridge/code-authorization.ts';
import { createContainerAccess } from '../bridge/container-access.ts';
import type { IsCurrent } from '../bridge/current-issuers.ts';
import { createDeviceAuthorization } from '../bridge/device-authorization.ts';
import type { ElevationUseCases } from '../bridge/elevations.ts';
import type { IdentityRefresh } from '../bridge/identity-refresh.ts';
import { createProofs } from '../bridge/proofs.ts';
import type { Recorder } from '../bridge/recorder.ts';
import type { SignOuts } from '../bridge/sign-outs.ts';
import { createTokenCallers } from '../bridge/token-callers.ts';
import { createTokens } from '../bridge/tokens.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Clock, Secrets, Store } from '../core/ports.ts';
import { createClientRegistrations } from '../issuer/client-registrations.ts';
import { createProofNonces, proofSignatures } from '../issuer/proofs.ts';

export interface LoginsSetup {
  readonly configuration: Pick<Configuration, 'cli' | 'applications' | 'baseUrl'>;
  readonly sealingSecret: Uint8Array;
  readonly ports: Omit<Store, 'close'> & {
    readonly clock: Clock;
    readonly secrets: Secrets;
    readonly recorder: Recorder;
    readonly signOuts: SignOuts;
  };
}

export function createLogins(
  { configuration, sealingSecret, ports }: LoginsSetup,
  {
    elevations,
    ...checks
  }: {
    readonly isCurrent: IsCurrent;
    readonly identityRefresh: IdentityRefresh;
    readonly elevations: ElevationUseCases;
  },
) {
  const { cli, applications, baseUrl } = configuration;
  const { maxSeconds, accessTokenSeconds } = cli;
  const { clock, secrets } = ports;
  const callers = createTokenCallers({
    ...ports,
    ...checks,
    elevations,
    deviceRoles: cli.deviceGrant.roles,
    mayStepUpDevices: cli.deviceGrant.mayStepUp,
    applications,
  });
  const proofs = createProofs({
    ...ports,
    signatures: proofSignatures,
    nonces: createProofNonces(sealingSecret),
  });
  const containerAccess = createContainerAccess({ ...ports, callers });
  const tokens = createTokens({
    ...ports,
    ...{ callers, proofs, containerAccess, maxSeconds, accessTokenSeconds },
  });
  const registrations = createClientRegistrations(sealingSecret);
  const configured = cli.clients;
  const clients = createClients({ configured, applications, registrations, clock, secrets });
  return {
    ...{ callers, tokens, proofs, containerAccess, clients },
    deviceAuthorization: createDeviceAuthorization({ ...ports, ...cli.deviceGrant, tokens }),
    codeAuthorization: createCodeAuthorization({ ...ports, clients, tokens, issuer: baseUrl }),
  };
}
