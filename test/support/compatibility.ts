/**
 * What `docs/interoperability.md` shows: identity providers and clients that are not ours, and what
 * was seen with them. Suites report their row, and `npm run docs:compatibility` writes the page.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Where rows wait for the page; `COMPATIBILITY_ROWS` names another directory. */
export const REPORTED =
  process.env.COMPATIBILITY_ROWS ??
  fileURLToPath(new URL('../../dist/compatibility', import.meta.url));

export interface Compatible {
  readonly table: 'Providers' | 'Clients';
  readonly name: string;
  /** The protocol of a provider, the dialect of a client. */
  readonly by: string;
}

/** Names of clients by the first part of the ids of their rows, in the order of the page. */
export const CLIENTS = {
  'aws-cli-bookworm': 'AWS CLI of bookworm',
  'aws-cli-trixie': 'AWS CLI of trixie',
  'aws-cli-sid': 'AWS CLI of sid',
  'boto3-trixie': 'boto3 of trixie',
  'boto3-sid': 'boto3 of sid',
  'boto3-pypi': 'boto3 of PyPI',
  'sdk-js': 'SDK for JavaScript',
  'sdk-go': 'SDK for Go',
  'sdk-java': 'SDK for Java',
  'sdk-go-base': 'Terraform library',
  opentofu: 'OpenTofu',
  rclone: 'rclone',
} as const;

export type ClientId = keyof typeof CLIENTS;

/** How clients get credentials: every client has a row for each. */
export const DIALECTS = ['sso-session', 'credential_process', 'container'] as const;

export type Dialect = (typeof DIALECTS)[number];

const PROVIDER_ROWS = {
  'simplesamlphp-saml': { table: 'Providers', name: 'SimpleSAMLphp', by: 'SAML 2.0' },
  'keycloak-oidc': { table: 'Providers', name: 'Keycloak', by: 'OpenID Connect' },
  'keycloak-saml': { table: 'Providers', name: 'Keycloak', by: 'SAML 2.0' },
  'lemonldap-saml': { table: 'Providers', name: 'LemonLDAP::NG', by: 'SAML 2.0' },
  'lemonldap-oidc': { table: 'Providers', name: 'LemonLDAP::NG', by: 'OpenID Connect' },
  'glewlwyd-oidc': { table: 'Providers', name: 'Glewlwyd', by: 'OpenID Connect' },
} as const satisfies Readonly<Record<string, Compatible>>;

export type RowId = keyof typeof PROVIDER_ROWS | `${ClientId}-${Dialect}`;

/** Every row of the page, in its order. Exactly one suite reports each. */
export const COMPATIBLE = {
  ...PROVIDER_ROWS,
  ...Object.fromEntries(
    Object.entries(CLIENTS).flatMap(([id, name]) =>
      DIALECTS.map(by => [`${id}-${by}`, { table: 'Clients', name, by }]),
    ),
  ),
} as Readonly<Record<RowId, Compatible>>;

/** What is shown of a client that cannot do something: no pass, and no failure of the bridge. */
export const LIMITS: readonly string[] = ['no reason', 'rejects the profile', 'asks AWS'];

/** What a run saw. */
export interface ReportedRow {
  readonly id: string;
  readonly version: string;
  /** By what was shown, in order. */
  readonly shown: Readonly<Record<string, 'passed' | 'failed'>>;
  /** Such as `2026-12-01`. */
  readonly day: string;
}

export interface RowOfSuite {
  /** A test whose result is a part of the row. `shown` is a few words, as the page has them. */
  it(shown: string, title: string, test: () => unknown): void;
}

/**
 * A row that the tests of the surrounding suite fill. A run that leaves one of these tests out,
 * because it is skipped or filtered, reports nothing.
 */
export function useRow(id: RowId, version: () => string | Promise<string>): RowOfSuite {
  const results: Record<string, 'passed' | 'failed'> = {};
  let [declared, ended] = [0, 0];
  after(async () => {
    if (declared === 0 || ended < declared) return;
    const day = new Date().toISOString().slice(0, 10);
    report({ id, version: await version(), shown: results, day });
  });
  return {
    it: (shown, title, test) => {
      declared += 1;
      it(title, async () => {
        let result: 'passed' | 'failed' = 'failed';
        try {
          await test();
          result = results[shown] ?? 'passed';
        } finally {
          results[shown] = result;
          ended += 1;
        }
      });
    },
  };
}

/** The version of an installed Debian package, such as `2.7.5-3`. */
export function packageVersion(debianPackage: string): string {
  const known = spawnSync('dpkg-query', ['-W', debianPackage], { encoding: 'utf8' });
  return known.stdout.trim().split('\t')[1] ?? '';
}

/** A row that no suite of tests fills: for programs that try a client themselves. */
export function report(row: ReportedRow): void {
  mkdirSync(REPORTED, { recursive: true });
  writeFileSync(`${REPORTED}/${row.id}.json`, JSON.stringify(row));
  console.log(`docs/interoperability.md: ${JSON.stringify(row)}`);
}
