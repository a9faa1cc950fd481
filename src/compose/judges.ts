/** What `check` asks of the parts of a bridge: how each judges the files that it reads. */
import type { Judges } from '../config/judges.ts';
import type { Clock } from '../core/ports.ts';
import { judgeKeySet } from './key-set-judge.ts';
import { judgeKeys } from './keys-judge.ts';
import { metadataJudge } from './metadata-judge.ts';
import { judgeStore } from './store-judge.ts';

export function openJudges(clock: Clock): Judges {
  return {
    metadata: metadataJudge(clock),
    keys: judgeKeys,
    keySet: judgeKeySet,
    store: judgeStore,
  };
}
