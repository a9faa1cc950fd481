/**
 * Is the process alive, and should it get requests? Says nothing that a stranger must not know: why
 * the store fails is in the log.
 */
import type { SignIn } from '../bridge/sign-in.ts';
import { json } from '../http/answer.ts';
import type { ForwardedWatch } from '../http/forwarded-watch.ts';
import { document } from '../http/route.ts';

export interface HealthParts {
  /** Rejects when the store does not answer or does not take writes. */
  readonly ping: () => Promise<void>;
  readonly signIn: Pick<SignIn, 'connectors'>;
  /** True from the moment that the process was asked to stop. */
  readonly stopping: () => boolean;
  readonly forwarded: ForwardedWatch;
}

export const liveness = document({ path: '/healthz', handle: () => json({ status: 'ok' }) });

// A connector that is down does not make the bridge unready: its page says so, and the others work.
export const readiness = document({
  path: '/readyz',
  handle: async (_input, _asking, { ping, signIn, stopping, forwarded }: HealthParts) => {
    const store = await ping().then(
      () => 'ok' as const,
      () => 'unavailable' as const,
    );
    // What an operator should fix; the bridge is ready all the same.
    const warnings = forwarded.warnings();
    const isReady = store === 'ok' && !stopping();
    const answer = json({
      status: isReady ? 'ready' : stopping() ? 'stopping' : 'unavailable',
      store,
      connectors: Object.fromEntries(
        signIn.connectors.map(connector => [connector.id, connector.availability().state]),
      ),
      ...(warnings.length > 0 && { warnings }),
    });
    return { ...answer, status: isReady ? 200 : 503 };
  },
});
