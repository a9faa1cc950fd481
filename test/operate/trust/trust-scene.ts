/** Configurations as `trust` reads them, and what it prints of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeForTrust } from '../../../src/compose/trust.ts';
import { checkConfiguration } from '../../../src/config/load.ts';
import type { IamState } from '../../../src/core/iam/state.ts';
import { existingIam } from '../../../src/operate/trust/existing.ts';
import { type TrustFiles, type TrustFormat, trustFiles } from '../../../src/operate/trust/trust.ts';
import { placeSigningKeys } from '../../support/keys.ts';

export const HEAD = `
baseUrl: https://aws.example.com
proxy: { trusted: ["192.0.2.1/32"] }
store: { sqlite: ":memory:" }
issuer: { keys: { directory: certs } }
connectors:
  - id: okta
    label: Okta
    oidc: { issuer: "https://acme.okta.com", clientId: 0oa1, clientSecret: { env: NOT_SET } }
`;

export const ACCOUNTS = `
accounts:
  - { id: "111122223333", name: prod, trust: saml, provider: rolebridge, region: eu-west-1 }
  - { id: "222233334444", name: staging, trust: web-identity }
  - { id: "333344445555", name: gov, trust: saml, provider: rolebridge, partition: aws-us-gov }
  - { id: "555566667777", name: sandbox, trust: corporate-web-identity }
  - { id: "666677778888", name: prod-eu, trust: saml, provider: rolebridge, region: eu-west-1 }
  - { id: "777788889999", name: prod-us, trust: saml, provider: rolebridge, region: us-east-1 }
  - { id: "444455556666", name: partner, via: { account: prod, role: team/BridgeHub, externalId: { env: NOT_SET } } }
  - { id: "888899990000", name: idle, trust: web-identity }
`;

export const RULES = `
access:
  - name: admins
    groups: [admins]
    accounts: [prod, prod-eu, prod-us, staging, gov]
    roles: [Admin, team/Ops.Eu]
    session: { duration: 4h, tags: { Team: "{attributes.team|none}" }, sourceIdentity: "{sessionName}" }
  - { name: devs, groups: [devs], accounts: [sandbox], roles: [ReadOnly] }
  - { name: audit, groups: [auditors], accounts: [partner], roles: [Auditor], session: { sourceIdentity: "{sessionName}" } }
`;

export interface SceneOptions {
  readonly files?: Readonly<Record<string, string>>;
  readonly account?: readonly string[];
  readonly role?: readonly string[];
  readonly json?: boolean;
  readonly existing?: boolean;
  readonly iam?: readonly IamState[];
  readonly hasKeys?: boolean;
}

const directory = mkdtempSync(join(tmpdir(), 'rolebridge-trust-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
let count = 0;

/** What `trust` prints of a configuration. */
export async function printed(
  format: TrustFormat,
  yaml: string,
  { files = {}, hasKeys = true, ...options }: SceneOptions = {},
): Promise<TrustFiles> {
  const here = join(directory, String(count++));
  mkdirSync(here);
  if (hasKeys) await placeSigningKeys(join(here, 'certs'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(here, name), text);
  const config = join(here, 'rolebridge.yaml');
  writeFileSync(config, yaml);
  return printedOf(format, config, options);
}

/** What `trust` prints of a configuration file. */
export async function printedOf(
  format: TrustFormat,
  config: string,
  { iam = [], ...options }: Omit<SceneOptions, 'files' | 'hasKeys'> = {},
): Promise<TrustFiles> {
  const { configuration, problems } = await checkConfiguration(config, { secrets: 'none' });
  if (configuration === undefined) throw new Error(JSON.stringify(problems));
  const existing = existingIam(options, iam);
  return trustFiles(
    { format, configuration, sources: composeForTrust(configuration), existing },
    options,
  );
}

/** The text of each file by its path. */
export async function filesOf(
  ...args: Parameters<typeof printed>
): Promise<Readonly<Record<string, string>>> {
  const { files } = (await printed(...args)).printed;
  return Object.fromEntries(files.map(({ path, text }) => [path, text]));
}
