import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { DEMO_EXTERNAL_ID } from '../../../src/dev/demo-world.ts';
import type { TrustFormat } from '../../../src/operate/trust/trust.ts';
import { useWorld, type World, type WorldOptions } from '../../support/world.ts';
import { printedOf } from './trust-scene.ts';

type Json = ReturnType<typeof JSON.parse>;

const SANDBOX = '555566667777';

/** Every kind of trust, and a role and a hub with a path. */
const OPTIONS: WorldOptions = {
  configure: yaml =>
    yaml
      .replace('role: BridgeHub', 'role: team/BridgeHub')
      .replace(
        '\naccounts:\n',
        `$&  - { id: "${SANDBOX}", name: sandbox, trust: corporate-web-identity }\n`,
      )
      .replace(
        '\naccess:\n',
        `$&  - { name: sandbox, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [sandbox], roles: [ReadOnly] }
  - { name: operations, groups: [aws-admins], connectors: [corp-oidc, corp-saml], accounts: [prod, staging], roles: [team/Ops.Eu] }\n`,
      ),
  aws: world => ({
    ...world,
    accounts: [...world.accounts, { id: SANDBOX, name: 'sandbox' }],
    samlProviders: [],
    oidcProviders: [],
    roles: [],
  }),
};

const REACHED = [
  'prod/Admin', // SAML, with tags, transitive ones, and a source identity
  'prod/Developer', // tags and a source identity
  'prod/ReadOnly', // a source identity alone
  'prod/team/Ops.Eu', // a path, and neither
  'staging/Admin', // web identity
  'staging/team/Ops.Eu',
  'gov/Admin', // another partition
  'sandbox/ReadOnly', // the id_token of the user
  'partner/Auditor', // a hub, and an external id
];

const GIVEN: Readonly<Record<string, string>> = {
  ExternalId: DEMO_EXTERNAL_ID,
  external_id: DEMO_EXTERNAL_ID,
};

/** Loads what is printed into the local AWS, account by account. */
async function load(world: World, format: TrustFormat): Promise<void> {
  const config = join(world.directory, 'rolebridge.yaml');
  const { files, steps } = (await printedOf(format, config, { json: true })).printed;
  for (const { path, text } of files) {
    const template = JSON.parse(text) as Json;
    const declared = Object.keys(template.Parameters ?? template.variable);
    const parameters = Object.fromEntries(
      Object.entries(GIVEN).filter(([name]) => declared.includes(name)),
    );
    for (const account of accountsOf(path, steps))
      world.aws.apply({ template, account, parameters });
  }
}

const IDS: Readonly<Record<string, string>> = {
  prod: '111122223333',
  staging: '222233334444',
  gov: '333344445555',
  partner: '444455556666',
  sandbox: SANDBOX,
};

/** A template for StackSets is for the accounts that its comment lists. */
function accountsOf(path: string, steps: readonly string[]): readonly string[] {
  const name = path.split(/[/.]/)[0]!;
  if (IDS[name] !== undefined) return [IDS[name]!];
  const line = steps.find(step => step.startsWith(`# ${name}: `))!;
  return [...line.matchAll(/\((\d{12})\)/g)].map(([, id]) => id!);
}

async function askFor(world: World, name: string): Promise<{ status: number; text: string }> {
  const { visitor, page } = await world.signIn('alice', 'oidc');
  const label = `Credentials: ${name.replace('/', ' as ')}`;
  return visitor.submit(page, `button[aria-label="${label}"]`);
}

for (const format of ['cloudformation', 'stackset', 'terraform'] as const) {
  describe(`the local AWS with what trust ${format} prints`, () => {
    const world = useWorld(OPTIONS);
    before(() => load(world, format));

    for (const name of REACHED)
      it(`gives ${name} to the bridge`, async () => {
        const { status, text } = await askFor(world, name);
        assert.equal(status, 200, text);
      });
  });
}

// ---------------------------------------------------------------- nothing can be left out

interface Part {
  readonly name: string;
  /** Changes a policy where the part is. */
  readonly change: (policy: Json) => void;
}

/** Each action of a policy, taken out, and each value of a condition, replaced. */
function partsOf(policy: Json): readonly Part[] {
  return (policy.Statement as Json[]).flatMap((statement, at) => {
    // The hub reaches other roles, too.
    if (statement.Resource !== undefined && !`${statement.Resource}`.endsWith('role/Auditor'))
      return [];
    return [
      ...[statement.Action].flat().map((action: string) => ({
        name: action,
        change: (other: Json) => {
          const of = other.Statement[at];
          of.Action = [of.Action].flat().filter((one: string) => one !== action);
          if (of.Action.length === 0) of.Action = ['sts:GetCallerIdentity'];
        },
      })),
      ...Object.entries((statement.Condition ?? {}) as Json).flatMap(([operator, keys]) =>
        Object.keys(keys as Json).map(key => ({
          name: `${operator} ${key}`,
          change: (other: Json) => {
            other.Statement[at].Condition[operator][key] = 'another';
          },
        })),
      ),
    ];
  });
}

describe('a trust policy that is printed', () => {
  const world = useWorld(OPTIONS);
  let templates: ReadonlyMap<string, Json>;
  before(async () => {
    await load(world, 'cloudformation');
    const config = join(world.directory, 'rolebridge.yaml');
    const { files } = (await printedOf('cloudformation', config)).printed;
    templates = new Map(files.map(({ path, text }) => [path.slice(0, -5), JSON.parse(text)]));
  });

  const roleOf = (account: string, name: string): Json => {
    const { Resources } = JSON.parse(
      JSON.stringify(templates.get(account)).replaceAll(
        JSON.stringify({ Ref: 'ExternalId' }),
        JSON.stringify(DEMO_EXTERNAL_ID),
      ),
    );
    return Object.values(Resources as Json)
      .map(resource => (resource as Json).Properties)
      .find(({ RoleName }) => RoleName === name);
  };

  /** Every part of the policy is needed for the role; `kind` says which policy it is. */
  async function requireEachPart(
    reached: string,
    {
      account,
      name,
      path = '',
      kind,
    }: { account: string; name: string; path?: string; kind: 'trustPolicy' | 'permissions' },
  ): Promise<number> {
    const role = roleOf(account, name);
    const policy =
      kind === 'trustPolicy' ? role.AssumeRolePolicyDocument : role.Policies[0].PolicyDocument;
    const arn = `arn:${account === 'gov' ? 'aws-us-gov' : 'aws'}:iam::${IDS[account]}:role/${path}${name}`;
    const put = (document: Json) =>
      world.aws.roles.change(arn, { [kind]: kind === 'trustPolicy' ? document : [document] });
    const parts = partsOf(policy);
    for (const { name: part, change } of parts) {
      const changed = structuredClone(policy);
      change(changed);
      put(changed);
      const { status, text } = await askFor(world, reached);
      assert.equal(status, 502, `${reached} without ${part}: ${text.slice(0, 500)}`);
    }
    put(policy);
    assert.equal((await askFor(world, reached)).status, 200);
    return parts.length;
  }

  for (const [account, name, path, count] of [
    ['prod', 'Admin', '', 7],
    ['prod', 'Developer', '', 7],
    ['prod', 'ReadOnly', '', 6],
    ['prod', 'Ops.Eu', 'team/', 5],
    ['staging', 'Admin', '', 5],
    ['gov', 'Admin', '', 7],
    ['sandbox', 'ReadOnly', '', 2],
    ['partner', 'Auditor', '', 4],
  ] as const)
    it(`has nothing that ${account}/${path}${name} does not need`, async () => {
      const reached = `${account}/${path}${name}`;
      const target = { account, name, path, kind: 'trustPolicy' } as const;
      assert.equal(await requireEachPart(reached, target), count);
    });

  it('has nothing that the hub does not need, and neither have its permissions', async () => {
    const hub = { account: 'prod', name: 'BridgeHub', path: 'team/' } as const;
    assert.equal(await requireEachPart('partner/Auditor', { ...hub, kind: 'trustPolicy' }), 7);
    assert.equal(await requireEachPart('partner/Auditor', { ...hub, kind: 'permissions' }), 3);
  });
});
