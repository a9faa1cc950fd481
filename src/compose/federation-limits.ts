/** Limits for the metadata of a whole federation, which is tens of megabytes. */
import type { OutboundLimits } from '../outbound.ts';

export const FEDERATION_LIMITS: OutboundLimits = {
  timeoutSeconds: 60,
  maxBytes: 64 * 1024 * 1024,
};
