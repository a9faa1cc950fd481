/** A user with 2,000 roles in 300 accounts, as those of a large company. */
import { DEMO_OIDC_CONNECTOR, DEMO_SAML_CONNECTOR } from '../../src/dev/demo-config.ts';
import type { Person } from '../../src/dev/people.ts';
import type { WorldOptions } from './world.ts';

export const ACCOUNTS = 300;
export const ROLES = 2000;

const STAGES = [
  ['prod', 'production'],
  ['staging', 'staging'],
  ['test', 'test'],
  ['dev', 'development'],
  ['sandbox', 'sandbox'],
] as const;
const PARTS = [
  ...['billing', 'catalog', 'checkout', 'content', 'customer', 'delivery', 'fraud', 'identity'],
  ...['insights', 'inventory', 'ledger', 'loyalty', 'media', 'messaging', 'mobile', 'network'],
  ...['orders', 'payments', 'pricing', 'products', 'promotions', 'recommend', 'refunds', 'returns'],
  ...['reviews', 'routing', 'search', 'shipping', 'stock', 'support', 'tax', 'tracking'],
  ...['warehouse', 'web', 'wallet', 'vouchers', 'backup', 'builds', 'archive', 'events'],
  ...['gateway', 'logging', 'metrics', 'partners', 'people', 'reports', 'sales', 'security'],
  ...['signals', 'streams', 'tenants', 'traffic', 'travel', 'treasury', 'uploads', 'vendors'],
  ...['video', 'voice', 'weather', 'workflow'],
];
const OWNERS = ['Payments', 'Platform', 'Data', 'Shop', 'Logistics', 'Growth', 'Security'];

const RULES: readonly {
  readonly name: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly duration: string;
  /** How many accounts, from the first; undefined for all. */
  readonly accounts?: number;
}[] = [
  { name: 'readers', groups: ['aws-readers'], roles: ['ReadOnly', 'BillingView'], duration: '8h' },
  {
    name: 'engineers',
    groups: ['aws-engineers'],
    roles: ['Developer', 'Operator'],
    duration: '4h',
  },
  { name: 'auditors', groups: ['aws-auditors'], roles: ['SecurityAudit'], duration: '2h' },
  { name: 'administrators', groups: ['aws-platform'], roles: ['Admin'], duration: '1h' },
  {
    ...{ name: 'analysts', groups: ['aws-analysts'], roles: ['DataAnalyst'], duration: '4h' },
    accounts: ROLES - 6 * ACCOUNTS,
  },
];

export const MANY_ROLES: Person = {
  username: 'nora',
  password: 'nora',
  displayName: 'Nora Nilsson',
  email: 'nora@acme.example',
  department: 'Platform',
  groups: RULES.flatMap(({ groups }) => groups),
};

/**
 * A world of that user. Without `details`, accounts have only what every version of the
 * configuration has.
 */
export function manyRoles({ details }: { readonly details: boolean }): WorldOptions {
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => accountAt(index));
  const written = accounts.map(({ own, more }) => ({ ...own, ...(details && more) }));
  const rules = RULES.map(({ accounts: some, duration, ...rule }) => ({
    ...rule,
    connectors: [DEMO_OIDC_CONNECTOR, DEMO_SAML_CONNECTOR],
    accounts: written.slice(0, some).map(({ name }) => name),
    session: { duration, console: '8h', sourceIdentity: '{sessionName}' },
  }));
  const list = (values: readonly object[]): string =>
    values.map(value => `  - ${JSON.stringify(value)}\n`).join('');
  return {
    people: [MANY_ROLES],
    configure: yaml =>
      yaml
        .replace(/^accounts:\n(?: .*\n)+/m, () => `accounts:\n${list(written)}`)
        .replace(/^access:\n(?:(?: .*)?\n)+/m, () => `access:\n${list(rules)}`),
  };
}

function accountAt(index: number) {
  const part = PARTS[Math.floor(index / STAGES.length)]!;
  const [suffix, environment] = STAGES[index % STAGES.length]!;
  const owner = OWNERS[index % OWNERS.length]!;
  return {
    own: {
      // Spread, as real ids are.
      id: String(100_000_000_000 + (((index + 1) * 618_033_988_749) % 900_000_000_000)),
      name: `${part}-${suffix}`,
      region: index % 3 === 0 ? 'us-east-1' : 'eu-west-1',
      trust: 'saml',
      provider: 'rolebridge',
    },
    more: {
      environment,
      owner,
      path: `${owner}/${environment === 'production' ? 'Production' : 'Other'}`,
      ...(index % 3 === 0 && { description: `Everything that ${part} needs in ${environment}` }),
    },
  };
}
