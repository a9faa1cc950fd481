/** What `check` says of the directory of signing keys: what keeps a bridge from starting. */
import type { Judges } from '../config/judges.ts';
import { inspectKeys } from '../issuer/key-inspection.ts';

const FAULTS: Readonly<Record<string, string>> = {
  open: 'can be read by other users, so the bridge rejects it',
  damaged: 'is damaged',
};

/** Keys that are missing or of another user are those of the server, which `check` cannot see. */
export const judgeKeys: Judges['keys'] = async directory => {
  const { state, files } = await inspectKeys(directory);
  if (state === 'no-directory')
    return [{ message: `${directory} is not a directory.`, fix: 'Write the path of a directory.' }];
  return files.flatMap(({ name, why, ...file }) => {
    const fault = FAULTS[file.state];
    if (fault === undefined) return [];
    const message = `the file ${name} ${fault}${why === undefined ? '' : `: ${why}`}.`;
    return [{ message, fix: 'Correct the file or its mode (0600), or restore it.' }];
  });
};
