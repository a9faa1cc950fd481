/** Looks at identity providers with connections of its own. */
import { createProviderInspector } from '../connectors/provider-facts.ts';
import type { Clock } from '../core/ports.ts';
import type { ProviderInspector } from '../core/provider-facts.ts';
import type { Instant, Seconds } from '../core/time.ts';
import { createOutbound } from '../outbound.ts';

/** The limits of a running bridge (compose/process). */
const MAX_BYTES = 2 * 1024 * 1024;
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
  const outbound = createOutbound({
    ...{ timeoutSeconds, maxBytes: MAX_BYTES },
    onCertificate: ({ hostname, endsAt }) => void ends.set(hostname, endsAt),
  });
  const certificateEnd = (hostname: string): Instant | undefined => ends.get(hostname);
  return {
    inspector: createProviderInspector({ clock, outbound, certificateEnd }),
    close: () => outbound.close(),
  };
}
