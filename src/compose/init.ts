/** What `init` needs: a look at the provider, and signing keys. */
import type { Clock } from '../core/ports.ts';
import { openSealingSecret } from '../issuer/sealing-secret.ts';
import { openSigningKeys } from '../issuer/signing-keys.ts';
import type { Ports } from '../operate/init/ports.ts';
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
    },
    close,
  };
}
