/** What the routes of one snapshot of the configuration share. */
import type { Clients } from '../bridge/clients.ts';
import type { ContainerAccess } from '../bridge/container-access.ts';
import type { ElevationUseCases } from '../bridge/elevations.ts';
import type { Proofs } from '../bridge/proofs.ts';
import type { Workloads } from '../bridge/workloads.ts';
import type { DoctorProofs, KnownBrowsers } from '../core/ports.ts';
import type { Logger } from '../log.ts';
import { type CsrfGuard, csrfGuard } from './csrf-guard.ts';
import type { ErrorResponseParts } from './error-face.ts';
import type { ForwardedWatch } from './forwarded-watch.ts';
import { type LiveProofParts, liveProofsOf } from './live-proofs.ts';
import { type RateLimits, type RequestLimiters, requestLimiters } from './rate-limits.ts';
import type { Renderer } from './render.ts';
import { type RequesterReaders, requesterReaders } from './requesters.ts';
import { type BridgeCookies, bridgeCookies } from './session-cookie.ts';

/** What a mounted table needs of the bridge, whatever its handlers need. */
export interface MountParts extends LiveProofParts, ErrorResponseParts {
  readonly baseUrl: string;
  readonly trustedProxies: readonly string[];
  /** Hosts that our forms may lead to. */
  readonly consoleSources: readonly string[];
  readonly containerAccess: ContainerAccess;
  readonly proofs: Proofs;
  readonly clients: Pick<Clients, 'origins'>;
  readonly elevations: ElevationUseCases;
  readonly workloads: Workloads;
  readonly knownBrowsers: KnownBrowsers;
  readonly doctorProofs: DoctorProofs;
  readonly forwarded: ForwardedWatch;
  readonly rateLimits: RateLimits;
  readonly log: Logger;
}

export interface Toolkit<Parts> {
  readonly parts: Parts;
  readonly cookies: BridgeCookies;
  readonly limiters: RequestLimiters;
  readonly requesters: RequesterReaders;
  readonly csrf: CsrfGuard;
  readonly renderer: Renderer;
}

export function toolkitOf<Parts extends MountParts>(parts: Parts): Toolkit<Parts> {
  const { baseUrl, rateLimits, renderer } = parts;
  const cookies = bridgeCookies({ ...parts, secure: baseUrl.startsWith('https:') });
  const liveProofs = liveProofsOf(parts, cookies);
  return {
    parts,
    cookies,
    limiters: requestLimiters({ rateLimits, knownBrowser: cookies.readKnown, liveProofs }),
    requesters: requesterReaders({ ...parts, cookies }),
    csrf: csrfGuard(parts),
    renderer,
  };
}
