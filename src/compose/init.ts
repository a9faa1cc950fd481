/** What `init` needs: a look at the provider, signing keys, and a database. */
import type { Clock } from '../core/ports.ts';
import { openSealingSecret } from '../issuer/sealing-secret.ts';
import { openSigningKeys } from '../issuer/signing-keys.ts';
import { createLog } from '../log.ts';
import type { Ports } from '../operate/init/ports.ts';
import { openStore } from './operator.ts';
import { openProviderInspector } from './provider-inspector.ts';

export interface OpenForInit {
  readonly ports: Ports;
  close(): Promise<void>;
}

export function composeForInit(): OpenForInit {
  const clock: Clock = { now: () => Date.now() };
  const { inspector, close } = openProviderInspector(clock);
  const isInteractive = process.stdin.isTTY === true && process.stderr.isTTY === true;
  return {
    ports: {
      ...{ clock, inspector, isInteractive },
      ...{ stdout: process.stdout, stderr: process.stderr },
      createKeys: async directory => {
        await openSigningKeys({ directory, create: true, clock });
        await openSealingSecret({ directory, create: true });
      },
      createDatabase: async (file, keys) => {
        const secret = await openSealingSecret({ directory: keys, create: false });
        const log = createLog({ level: 'error', destination: process.stderr });
        const store = await openStore({ kind: 'sqlite', file }, { secret, log });
        await store.close();
      },
    },
    close,
  };
}
