/** Runs `init` in this process with options, and keeps what it prints. */
import { composeForInit } from '../../../src/compose/init.ts';
import type { Options } from '../../../src/operate/command.ts';
import { init } from '../../../src/operate/init/init.ts';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/** Without a terminal. Throws what `init` throws. */
export async function runInit(options: Options): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const screen = (name: keyof Ran) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const { ports, close } = composeForInit();
  try {
    const own = { isInteractive: false, stdout: screen('stdout'), stderr: screen('stderr') };
    await init(options, { ...ports, ...own });
    return written;
  } finally {
    await close();
  }
}
