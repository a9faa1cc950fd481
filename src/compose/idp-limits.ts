/** Limits of what identity providers send, to a running bridge and to those who look at one. */
import { MOST_AGGREGATE_BYTES } from '../core/provider-facts.ts';
import type { OutboundLimits } from '../outbound.ts';

/** Two million characters of metadata, in UTF-16, are the most that one of them sends. */
export const IDP_LIMITS: OutboundLimits = { timeoutSeconds: 5, maxBytes: 4 * 1024 * 1024 };

/** For the metadata of a whole federation. */
export const FEDERATION_LIMITS: OutboundLimits = {
  timeoutSeconds: 60,
  maxBytes: MOST_AGGREGATE_BYTES,
};
