/**
 * A PostgreSQL URL with several hosts, as the programs of PostgreSQL read it:
 * `postgresql://user:password@a,b:5433/database?target_session_attrs=read-write`.
 *
 * pg reads one host, and no `target_session_attrs`.
 */

const ATTRIBUTE = 'target_session_attrs';
/** Values that a server meets that takes writes, which the bridge always uses. */
const WRITABLE: ReadonlySet<string> = new Set(['read-write', 'primary', 'any']);

export interface DatabaseHosts {
  /** One URL for each host, in order: the same but for the host. */
  readonly urls: readonly string[];
  /** `target_session_attrs` asks for something else than a server that takes writes. */
  readonly isOther: boolean;
}

/** Undefined for what is not the URL of a PostgreSQL server. */
export function databaseHosts(url: string): DatabaseHosts | undefined {
  const [, scheme, login = '', hosts, rest] =
    /^(postgres(?:ql)?:\/\/)([^@/?#]*@)?([^@/?#]*)(.*)$/s.exec(url) ?? [];
  if (scheme === undefined || hosts === undefined || rest === undefined) return undefined;
  const written = hosts.split(',').map(host => `${scheme}${login}${host}${rest}`);
  if (!written.every(one => URL.canParse(one))) return undefined;
  const [first] = written;
  const { searchParams } = new URL(first!);
  const attribute = searchParams.getAll(ATTRIBUTE).at(-1);
  const isOther = attribute !== undefined && !WRITABLE.has(attribute);
  return { urls: written.map(withoutAttribute), isOther };
}

function withoutAttribute(url: string): string {
  return url.replaceAll(/([?&])target_session_attrs=[^&#]*&?/g, '$1').replace(/[?&](?=#|$)/, '');
}
