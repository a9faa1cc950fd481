/** AWS configuration files as Python reads them, which botocore does: a reader that is not ours. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { missingPackage } from '../support/missing-package.ts';

const PYTHON = '/usr/bin/python3';

/** Why it cannot be asked here; false if it can. */
export const SKIP_PYTHON = missingPackage(PYTHON, 'python3');

export type ReadByPython =
  | { readonly sections: Readonly<Record<string, Readonly<Record<string, string>>>> }
  | { readonly fault: string };

type Ask = (latin1: string) => Promise<ReadByPython>;
let asking: Ask | undefined;

/** Asks one process, which ends with ours. */
export function readByPython(latin1: string): Promise<ReadByPython> {
  asking ??= start();
  return asking(latin1);
}

function start(): Ask {
  const python = spawn(PYTHON, [join(import.meta.dirname, 'python-reader.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const handles = [python, python.stdin, python.stdout] as unknown as readonly NodeJS.Timeout[];
  const hold = (method: 'ref' | 'unref'): void => {
    for (const handle of handles) handle[method]();
  };
  return async latin1 => {
    hold('ref');
    python.stdin.write(`${Buffer.from(latin1, 'latin1').toString('base64')}\n`);
    const { value } = await answers.next();
    hold('unref');
    return JSON.parse(String(value));
  };
}
