/**
 * The provider's sessions of a person, and the relying parties that hear of their end (OpenID
 * Connect Back-Channel Logout 1.0).
 */
import type { AdapterPayload, Client, Provider } from 'oidc-provider';
import type { MemoryAdapter } from './memory-adapter.ts';

export interface LogoutCall {
  readonly url: string;
  readonly logoutToken: string;
  /** Of the answer; undefined if there was none. */
  readonly status: number | undefined;
}

/** The types do not have the library's own call. */
type InformedClient = Client & { backchannelLogout(sub: string, sid?: string): Promise<void> };

/**
 * Ends all sessions of this subject with their grants, and tells the clients, as an administrator
 * of the provider does. A client that does not answer changes nothing.
 */
export async function endSessionsOf(
  provider: Provider,
  memory: MemoryAdapter,
  subject: string,
): Promise<void> {
  const isTheirs = ({ accountId }: AdapterPayload): boolean => accountId === subject;
  for (const { jti } of memory.all('Session').filter(isTheirs)) {
    const session = await provider.Session.find(jti!);
    for (const [clientId, { sid, grantId }] of Object.entries(session?.authorizations ?? {})) {
      if (grantId !== undefined) memory.revoke(grantId);
      const client = (await provider.Client.find(clientId)) as InformedClient | undefined;
      if (client?.backchannelLogoutUri)
        await client.backchannelLogout(subject, sid).catch(() => {});
    }
    await session?.destroy();
  }
}

/** The library's `fetch`, which posts logout tokens and nothing else here. Keeps what was sent. */
export function recordedFetch(calls: LogoutCall[]): typeof fetch {
  return async (input, init) => {
    // The library's own dispatcher refuses loopback, where all of this runs.
    const { dispatcher: _, ...options } = (init ?? {}) as RequestInit & { dispatcher?: unknown };
    const logoutToken = new URLSearchParams(String(options.body)).get('logout_token') ?? '';
    const call = { url: String(input), logoutToken };
    try {
      const response = await fetch(input, options);
      calls.push({ ...call, status: response.status });
      return response;
    } catch (fault) {
      calls.push({ ...call, status: undefined });
      throw fault;
    }
  };
}
