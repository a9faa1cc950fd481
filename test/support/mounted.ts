/** Rows mounted with the least that `mount` needs: no user is signed in, and no token is valid. */
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Express } from 'express';
import { watchForwarded } from '../../src/http/forwarded-watch.ts';
import { mount } from '../../src/http/mount.ts';
import { createRateLimits } from '../../src/http/rate-limits.ts';
import { createRenderer } from '../../src/http/render.ts';
import type { Route } from '../../src/http/route.ts';
import type { MountParts } from '../../src/http/toolkit.ts';
import { createLog } from '../../src/log.ts';
import { systemSecrets as secrets } from '../../src/secrets.ts';
import { handTurnedClock } from './clock.ts';

export function mounted(
  rows: readonly Route<MountParts>[],
  rateLimits = createRateLimits(),
): Express {
  const log = createLog({ level: 'error', destination: new Writable({ write: ignore }) });
  const clock = handTurnedClock();
  const noSession = async (): Promise<undefined> => undefined;
  const signIn = { connectors: [], sessionOf: noSession, knownSessionOf: noSession };
  return mount(rows, {
    ...{ log, clock, secrets, signIn, trustedProxies: [], consoleSources: [], help: undefined },
    baseUrl: 'http://127.0.0.1',
    elevations: { isUsed: false, heldBy: noSession },
    clients: { origins: new Set() },
    audit: { record: async () => {} },
    knownBrowsers: { markOf: (secret: string) => secret },
    forwarded: watchForwarded({ log, clock }),
    rateLimits,
    renderer: createRenderer({ directory: join(import.meta.dirname, '../../views') }),
  } as unknown as MountParts);
}

function ignore(_chunk: unknown, _encoding: unknown, done: () => void): void {
  done();
}
