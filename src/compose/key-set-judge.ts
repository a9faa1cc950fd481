/** What `check` says of a file of public keys: the judgement of the verifier of tokens itself. */
import type { JudgeKeySet } from '../config/judges.ts';
import { judgedKeys, keySetOfFile } from '../connectors/workloads/usable-keys.ts';
import { BridgeError } from '../core/errors.ts';
import { listed } from '../core/listed.ts';
import type { WorkloadEntryId } from '../core/workload.ts';

const FIX = 'Correct the file, or get the public keys of the issuer again.';
/** The check names the entry by its place. */
const ANY = 'of this entry' as WorkloadEntryId;

export const judgeKeySet: JudgeKeySet = (text, { isSpiffe }) => {
  try {
    const entry = { id: ANY, kind: isSpiffe ? 'spiffe' : 'issuer' } as const;
    const { good, bad } = judgedKeys(keySetOfFile(Buffer.from(text), 'the file'), entry);
    if (bad.length === 0) return [];
    const why = `: ${listed(bad)}.`;
    if (good === 0)
      return [{ message: `points at a key set of which no key can be used${why}`, fix: FIX }];
    return [{ message: `points at keys that are not used${why}`, fix: FIX, warning: true }];
  } catch (thrown) {
    if (!(thrown instanceof BridgeError)) throw thrown;
    return [{ message: `points at a file that the bridge rejects: ${thrown.message}.`, fix: FIX }];
  }
};
