/** Looks at identity providers with connections of its own. */
import { createProviderInspector } from '../connectors/provider-facts.ts';
import type { Clock } from '../core/ports.ts';
import type { ProviderInspector } from '../core/provider-facts.ts';
import type { Instant, Seconds } from '../core/time.ts';
import { createOutbound, type ServerCertificate } from '../outbound.ts';
import { FEDERATION_LIMITS, IDP_LIMITS } from './idp-limits.ts';

export interface OpenInspector {
  readonly inspector: ProviderInspector;
  close(): Promise<void>;
}

/** Throws an Error that names the variable when the proxy of the environment cannot be used. */
export function openProviderInspector(
  clock: Clock,
  timeoutSeconds: Seconds = IDP_LIMITS.timeoutSeconds,
): OpenInspector {
  const ends = new Map<string, Instant>();
  const onCertificate = ({ hostname, endsAt }: ServerCertificate): void =>
    void ends.set(hostname, endsAt);
  const outbound = createOutbound({ ...IDP_LIMITS, timeoutSeconds, onCertificate });
  const toFederations = createOutbound({ ...FEDERATION_LIMITS, onCertificate });
  const certificateEnd = (hostname: string): Instant | undefined => ends.get(hostname);
  return {
    inspector: createProviderInspector({ clock, outbound, toFederations, certificateEnd }),
    close: async () => {
      await Promise.all([outbound.close(), toFederations.close()]);
    },
  };
}
