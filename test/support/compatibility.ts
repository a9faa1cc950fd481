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

/** Every row of the page, in its order. Exactly one suite reports each. */
export const COMPATIBLE = {
  'simplesamlphp-saml': { table: 'Providers', name: 'SimpleSAMLphp', by: 'SAML 2.0' },
  'keycloak-oidc': { table: 'Providers', name: 'Keycloak', by: 'OpenID Connect' },
  'keycloak-saml': { table: 'Providers', name: 'Keycloak', by: 'SAML 2.0' },
  'lemonldap-saml': { table: 'Providers', name: 'LemonLDAP::NG', by: 'SAML 2.0' },
  'lemonldap-oidc': { table: 'Providers', name: 'LemonLDAP::NG', by: 'OpenID Connect' },
  'glewlwyd-oidc': { table: 'Providers', name: 'Glewlwyd', by: 'OpenID Connect' },
  'aws-cli-bookworm-credential_process': {
    table: 'Clients',
    name: 'AWS CLI of bookworm',
    by: 'credential_process',
  },
  'aws-cli-trixie-sso-session': { table: 'Clients', name: 'AWS CLI of trixie', by: 'sso-session' },
  'aws-cli-trixie-credential_process': {
    table: 'Clients',
    name: 'AWS CLI of trixie',
    by: 'credential_process',
  },
  'aws-cli-trixie-container': { table: 'Clients', name: 'AWS CLI of trixie', by: 'container' },
  'aws-cli-sid-sso-session': { table: 'Clients', name: 'AWS CLI of sid', by: 'sso-session' },
  'aws-cli-sid-credential_process': {
    table: 'Clients',
    name: 'AWS CLI of sid',
    by: 'credential_process',
  },
  'aws-cli-sid-container': { table: 'Clients', name: 'AWS CLI of sid', by: 'container' },
  'boto3-trixie-sso-session': { table: 'Clients', name: 'boto3 of trixie', by: 'sso-session' },
  'boto3-trixie-credential_process': {
    table: 'Clients',
    name: 'boto3 of trixie',
    by: 'credential_process',
  },
  'boto3-trixie-container': { table: 'Clients', name: 'boto3 of trixie', by: 'container' },
  'boto3-sid-sso-session': { table: 'Clients', name: 'boto3 of sid', by: 'sso-session' },
  'boto3-sid-credential_process': {
    table: 'Clients',
    name: 'boto3 of sid',
    by: 'credential_process',
  },
  'boto3-sid-container': { table: 'Clients', name: 'boto3 of sid', by: 'container' },
  'boto3-pypi-sso-session': { table: 'Clients', name: 'boto3 of PyPI', by: 'sso-session' },
  'boto3-pypi-credential_process': {
    table: 'Clients',
    name: 'boto3 of PyPI',
    by: 'credential_process',
  },
  'boto3-pypi-container': { table: 'Clients', name: 'boto3 of PyPI', by: 'container' },
  'sdk-js-sso-session': { table: 'Clients', name: 'SDK for JavaScript', by: 'sso-session' },
  'sdk-js-credential_process': {
    table: 'Clients',
    name: 'SDK for JavaScript',
    by: 'credential_process',
  },
  'sdk-js-container': { table: 'Clients', name: 'SDK for JavaScript', by: 'container' },
  'sdk-go-sso-session': { table: 'Clients', name: 'SDK for Go', by: 'sso-session' },
  'sdk-go-credential_process': { table: 'Clients', name: 'SDK for Go', by: 'credential_process' },
  'sdk-go-container': { table: 'Clients', name: 'SDK for Go', by: 'container' },
  'sdk-java-sso-session': { table: 'Clients', name: 'SDK for Java', by: 'sso-session' },
  'sdk-java-credential_process': {
    table: 'Clients',
    name: 'SDK for Java',
    by: 'credential_process',
  },
  'sdk-java-container': { table: 'Clients', name: 'SDK for Java', by: 'container' },
  'sdk-go-base-sso-session': { table: 'Clients', name: 'Terraform library', by: 'sso-session' },
  'sdk-go-base-credential_process': {
    table: 'Clients',
    name: 'Terraform library',
    by: 'credential_process',
  },
  'rclone-sso-session': { table: 'Clients', name: 'rclone', by: 'sso-session' },
  'rclone-container': { table: 'Clients', name: 'rclone', by: 'container' },
} as const satisfies Readonly<Record<string, Compatible>>;

export type RowId = keyof typeof COMPATIBLE;

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
