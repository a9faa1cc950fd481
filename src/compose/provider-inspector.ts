/** Looks at identity providers with connections of its own. */
import { createProviderInspector } from '../connectors/provider-facts.ts';
import type { Clock } from '../core/ports.ts';
import type { ProviderInspector } from '../core/provider-facts.ts';
import type { Instant, Seconds } from '../core/time.ts';
import { createOutbound, type ServerCertificate } from '../outbound.ts';
import { FEDERATION_LIMITS } from './federation-limits.ts';

/** The limits of a running bridge (compose/process). */
const MAX_BYTES = 4 * 1024 * 1024;
const TIMEOUT: Seconds = 5;

export interface OpenInspector {
  readonly inspector: ProviderInspector;
  close(): Promise<void>;
}

/** Throws an Error that names the variable when the proxy of the environment cannot be used. */
export function openProviderInspector(
  clock: Clock,
  timeoutSeconds: Seconds = TIMEOUT,
): OpenInspector {
  const ends = new Map<string, Instant>();
  const onCertificate = ({ hostname, endsAt }: ServerCertificate): void =>
    void ends.set(hostname, endsAt);
  const outbound = createOutbound({ timeoutSeconds, maxBytes: MAX_BYTES, onCertificate });
  const toFederations = createOutbound({ ...FEDERATION_LIMITS, onCertificate });
  const certificateEnd = (hostname: string): Instant | undefined => ends.get(hostname);
  return {
    inspector: createProviderInspector({ clock, outbound, toFederations, certificateEnd }),
    close: async () => {
      await Promise.all([outbound.close(), toFederations.close()]);
    },
  };
}
