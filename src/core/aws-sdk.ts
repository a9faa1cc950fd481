/**
 * How the AWS SDK is used, by the bridge and by its client: nothing is read from the environment,
 * `~/.aws` or an instance, and requests go over a transport of our own.
 */

/** Settings that the SDK would otherwise look for by itself. */
export function fixedSdkSettings(region: string) {
  return {
    region,
    maxAttempts: 1,
    retryMode: 'standard' as const,
    defaultsMode: 'standard' as const,
    authSchemePreference: [],
    sigv4aSigningRegionSet: [region],
    userAgentAppId: 'rolebridge',
  };
}

/** A request as the SDK gives it to a transport. */
export interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Scheme, host and port. */
export function serverOf({ protocol, hostname, port }: SdkRequest): string {
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
}

// A transport sets these two itself, from the address and the body.
const WRITTEN_BY_TRANSPORT = new Set(['host', 'content-length']);

export function headersToSend({ headers }: SdkRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !WRITTEN_BY_TRANSPORT.has(name.toLowerCase())),
  );
}
