/**
 * Is the process alive, and should it get requests? Says nothing that a stranger may not know: why
 * the store fails is in the log.
 */
import { Router } from 'express';
import type { Connector } from '../core/ports.ts';

export interface HealthParts {
  /** Rejects when the store does not answer or does not take writes. */
  readonly ping: () => Promise<void>;
  readonly connectors: readonly Connector[];
  /** True from the moment that the process was asked to stop. */
  readonly stopping: () => boolean;
  /** What an operator should fix; the bridge is ready all the same. */
  readonly warnings: () => readonly string[];
}

export function health({ ping, connectors, stopping, warnings }: HealthParts): Router {
  const router = Router();

  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });

  // A connector that is down does not make the bridge unready: its page says so, and the others
  // work.
  router.get('/readyz', async (_request, response) => {
    const store = await ping().then(
      () => 'ok' as const,
      () => 'unavailable' as const,
    );
    const said = warnings();
    const ready = store === 'ok' && !stopping();
    response.status(ready ? 200 : 503).json({
      status: ready ? 'ready' : stopping() ? 'stopping' : 'unavailable',
      store,
      connectors: Object.fromEntries(
        connectors.map(connector => [connector.id, connector.availability().state]),
      ),
      ...(said.length > 0 && { warnings: said }),
    });
  });

  return router;
}
