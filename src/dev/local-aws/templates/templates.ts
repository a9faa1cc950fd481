/**
 * Templates loaded into a world: CloudFormation in JSON, and Terraform in JSON (`.tf.json`).
 *
 * A template is applied by the operations of IAM, so that what AWS would reject is rejected; what
 * is not simulated is a mistake, never ignored. In a test:
 *
 *     const templates = [{ template, account: '111122223333' }];
 *     const aws = createLocalAws({ world, baseUrl, templates });
 *     aws.apply({ template: JSON.parse(text), parameters: { ExternalId: 'secret' } });
 *
 * `account` may be left out of Terraform whose provider block has one of `allowed_account_ids`. An
 * account that the world lacks becomes one of it. A template that fails changes nothing.
 */
import type { Account } from '../accounts.ts';
import type { Iam } from '../iam/iam.ts';
import { type PartitionName, partitionNamed, partitionOfRegion } from '../partitions.ts';
import type { World, WorldInput } from '../world.ts';
import { isCloudFormation, makeStack, type Parameters } from './cloud-formation.ts';
import { isObject, type JsonObject } from './json.ts';
import { checkedSize, withinLimits } from './limits.ts';
import { at, mistake } from './template-error.ts';
import { applyTerraform, isTerraform, placeOfFile } from './terraform.ts';

export interface TemplateInput {
  /** Parsed JSON. */
  readonly template: unknown;
  /** Twelve digits. */
  readonly account?: string | undefined;
  /** Values of parameters or variables, as text; JSON for lists and maps of Terraform. */
  readonly parameters?: Parameters | undefined;
  /** In front of each mistake: the name of the file. */
  readonly name?: string | undefined;
}

/** The ARNs (or names) of what was made. Throws `TemplateError` with every mistake. */
export function applyTemplate(iam: Iam, input: TemplateInput): readonly string[] {
  const { template, parameters = {}, name = 'template' } = input;
  return at(name, () => {
    if (!isObject(template)) throw mistake('a template is a JSON object');
    checkedSize(template);
    const apply = isCloudFormation(template) ? makeStack : applyTerraform;
    if (apply === applyTerraform && !isTerraform(template))
      throw mistake('neither CloudFormation (Resources) nor Terraform (resource)');
    return orNothing(iam.world, () =>
      withinLimits(() => {
        const account = accountFor(iam.world, template, input.account);
        return apply({ ...iam, account }, template, parameters);
      }),
    );
  });
}

/** A world that has the accounts of the templates alone. Throws `TemplateError`. */
export function worldOfTemplates(inputs: readonly TemplateInput[]): WorldInput {
  const accounts = inputs.map(({ template, account, name = 'template' }) =>
    at(name, () => placeFor(template, account)),
  );
  return {
    accounts: [...new Map(accounts.map(place => [place.id, place])).values()].map(
      ({ id, partition }) => ({ id, name: id, partition }),
    ),
  };
}

interface Place {
  readonly id: string;
  readonly partition: PartitionName;
}

function accountFor(world: World, template: JsonObject, named: string | undefined): Account {
  const { id, partition } = placeFor(template, named);
  const known = world.accounts.find(account => account.id === id);
  if (known !== undefined) return known;
  const account: Account = { id, name: id, partition: partitionNamed(partition) };
  world.accounts.push(account);
  return account;
}

function placeFor(template: unknown, named: string | undefined): Place {
  if (!isObject(template)) throw mistake('a template is a JSON object');
  const place = isCloudFormation(template) ? undefined : placeOfFile(template);
  const id = named ?? place?.account;
  if (id === undefined) throw mistake('the account is unknown; write --template ACCOUNT=FILE');
  if (!/^\d{12}$/.test(id)) throw mistake(`${id} is no account id of twelve digits`);
  return { id, partition: partitionOfRegion(place?.region ?? 'us-east-1') ?? 'aws' };
}

/** Does the work, or puts the world back as it was. */
function orNothing<T>(world: World, work: () => T): T {
  const { samlProviders, oidcProviders, roles, managedPolicies } = world;
  const maps: readonly Map<string, unknown>[] = [
    samlProviders,
    oidcProviders,
    roles,
    managedPolicies,
  ];
  const before = maps.map(map => [...map]);
  const accounts = world.accounts.length;
  try {
    return work();
  } catch (cause) {
    for (const [index, map] of maps.entries()) {
      map.clear();
      for (const [key, value] of before[index]!) map.set(key, value);
    }
    world.accounts.length = accounts;
    throw cause;
  }
}
