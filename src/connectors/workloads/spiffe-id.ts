/** SPIFFE IDs (SPIFFE-ID specification, section 2): `spiffe://example.org/ns/prod/sa/api`. */

const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[\w.-]+)+)$/;

/** The trust domain of a workload; undefined if the value is not a SPIFFE ID with a path. */
export function trustDomainOf(sub: unknown): string | undefined {
  if (typeof sub !== 'string' || sub.length > 2048) return undefined;
  const [, trustDomain, path = ''] = SPIFFE_ID.exec(sub) ?? [];
  return path.split('/').some(segment => segment === '.' || segment === '..')
    ? undefined
    : trustDomain;
}
