/**
 * The configuration of a large company: 5,000 accounts in the file of its organization, and 10,000
 * rules that select them by name, pattern, label and path.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ACCOUNTS = 5_000;
const RULES = 10_000;
const TEAMS = 250;
const STAGES = ['dev', 'test', 'staging', 'prod'] as const;

export interface LargeConfiguration extends Disposable {
  readonly accounts: number;
  readonly rules: number;
  /** The configuration file. */
  readonly file: string;
  /** What both files contain. */
  readonly yaml: string;
  readonly json: string;
}

export function largeConfiguration(): LargeConfiguration {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-bench-'));
  const file = join(directory, 'rolebridge.yaml');
  const [yaml, json] = [configuration(), organization()];
  writeFileSync(join(directory, 'accounts.json'), json, { mode: 0o600 });
  writeFileSync(file, yaml, { mode: 0o600 });
  return {
    ...{ accounts: ACCOUNTS, rules: RULES, file, yaml, json },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

function nameOf(index: number): string {
  return `${STAGES[index % 4]}-team-${index % TEAMS}-${index}`;
}

function organization(): string {
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => {
    const id = String(100_000_000_000 + index);
    return {
      Id: id,
      Arn: `arn:aws:organizations::100000000000:account/o-example1234/${id}`,
      Email: `aws+${index}@example.com`,
      Name: nameOf(index),
      Status: 'ACTIVE',
      State: 'ACTIVE',
      Paths: [`o-example1234/r-exam/ou-exam-${index % 20}abcdefg/${id}/`],
      JoinedMethod: 'CREATED',
      JoinedTimestamp: '2024-05-06T07:08:09.000000+00:00',
      Path: `Workloads/${STAGES[index % 4]}/Unit ${index % 20}`,
      Tags: [
        { Key: 'stage', Value: STAGES[index % 4] },
        { Key: 'team', Value: `team-${index % TEAMS}` },
        { Key: 'cost-centre', Value: `${index % 40}` },
      ],
    };
  });
  return JSON.stringify({ Accounts: accounts }, null, 4);
}

/** One of a few hundred selectors, of which some match a quarter of all accounts. */
function selectorsOf(index: number): string {
  const [stage, team] = [STAGES[index % 4], index % TEAMS];
  switch (index % 5) {
    case 0:
      return `["${stage}-team-${team}-*"]`;
    case 1:
      return `[{ label: { team: team-${team} } }]`;
    case 2:
      return `[{ path: Workloads/${stage}/Unit ${index % 20} }]`;
    case 3:
      return `[{ label: { stage: ${stage} } }]`;
    default:
      return `[${nameOf(index % ACCOUNTS)}, ${nameOf((index * 7) % ACCOUNTS)}]`;
  }
}

function configuration(): string {
  const rules = Array.from(
    { length: RULES },
    (_, index) =>
      `  - { name: rule-${index}, groups: [group-${index % 2000}], accounts: ${selectorsOf(index)}, roles: [Role-${index % 30}, ReadOnly], require: { mfa: ${index % 100 > 0} }, session: { tags: { team: "{username|none}" } } }\n`,
  );
  return `baseUrl: https://aws.example.com
store: { sqlite: ":memory:" }
connectors:
  - id: corp
    label: Corporate
    saml:
      metadata: { url: https://idp.example.com/metadata }
      attributes: { username: uid, email: mail, groups: memberOf }
accounts: { file: accounts.json, defaults: { region: eu-west-1 } }
access:
${rules.join('')}`;
}
