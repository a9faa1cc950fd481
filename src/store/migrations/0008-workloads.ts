import type { Dialect } from './dialect.ts';

/**
 * Tokens of workloads, and what operators did to a workload.
 *
 * A workload has a row of its own only after an operator has blocked it or ended its tokens. A
 * token has a slot of its workload, which another token takes over when it has expired.
 */
export function workloads({ bytes, instant, strict }: Dialect): string {
  return `
CREATE TABLE workloads (
  workload TEXT PRIMARY KEY,
  generation INTEGER NOT NULL,
  blocked_at ${instant},
  sealed_block ${bytes}
)${strict};
CREATE INDEX workloads_blocked_at ON workloads (blocked_at) WHERE blocked_at IS NOT NULL;

CREATE TABLE workload_tokens (
  id_hash ${bytes} PRIMARY KEY,
  workload TEXT NOT NULL,
  slot INTEGER NOT NULL,
  public_id TEXT NOT NULL UNIQUE,
  expires_at ${instant} NOT NULL,
  last_used_at ${instant},
  sealed ${bytes} NOT NULL,
  sealed_summary ${bytes} NOT NULL,
  sealed_last_use ${bytes},
  UNIQUE (workload, slot)
)${strict};
CREATE INDEX workload_tokens_expires_at ON workload_tokens (expires_at);
`;
}
