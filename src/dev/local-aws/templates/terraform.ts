/** A file of Terraform in JSON (`.tf.json`), applied to one account of the local AWS. */
import { z } from 'zod';
import type { AccountIam } from '../iam/iam.ts';
import type { Parameters } from './cloud-formation.ts';
import { checked, isObject, type Json, type JsonObject, refuseOthers, sectionOf } from './json.ts';
import { checkedSize, countOf } from './limits.ts';
import { at, forEachPlace, mistake, TemplateError } from './template-error.ts';
import { TERRAFORM_TYPES, type TerraformMade, terraformType } from './terraform-resources.ts';
import { evaluateJson, type Lookup, type Scope, type Value } from './terraform-values.ts';
import { readVariables } from './terraform-variables.ts';

const BLOCKS = [
  ...['//', 'terraform', 'provider', 'variable', 'locals', 'data', 'resource', 'import', 'output'],
];

const lifecycle = z.strictObject({
  ignore_changes: z.union([z.literal('all'), z.array(z.string())]).default([]),
  prevent_destroy: z.boolean().optional(),
  create_before_destroy: z.boolean().optional(),
});

const provider = z.strictObject({
  region: z.string().optional(),
  allowed_account_ids: z.array(z.string().regex(/^\d{12}$/)).optional(),
  profile: z.string().optional(),
});

const importBlock = z.strictObject({ to: z.string(), id: z.string() });

export interface TerraformPlace {
  /** Of the provider block; undefined if it names none, or several. */
  readonly account: string | undefined;
  readonly region: string | undefined;
}

export function isTerraform(template: JsonObject): boolean {
  return 'resource' in template || 'terraform' in template;
}

/** Where the file wants to be applied. Throws `TemplateError`. */
export function placeOfFile(template: JsonObject): TerraformPlace {
  const providers = sectionOf(template, 'provider');
  refuseOthers(providers, ['aws'], 'the provider');
  const [settings, ...others] = [providers.aws ?? []].flat() as readonly Json[];
  if (others.length > 0) throw mistake('several provider blocks are not simulated here');
  const { region, allowed_account_ids: ids = [] } = at('provider.aws', () =>
    checked(provider, settings ?? {}),
  );
  return { account: ids.length === 1 ? ids[0] : undefined, region };
}

/** The ids of what was made or imported. Throws `TemplateError`. */
export function applyTerraform(
  iam: AccountIam,
  template: JsonObject,
  given: Parameters,
): readonly string[] {
  refuseOthers(template, BLOCKS, 'the block');
  const { account } = placeOfFile(template);
  if (account !== undefined && account !== iam.account.id)
    throw mistake(
      `provider.aws: allowed_account_ids is ${account}, and the file is for ${iam.account.id}`,
    );
  return new Plan(iam, template, given).apply();
}

type Instance = TerraformMade | 'in work' | 'failed';

class Plan {
  readonly #iam: AccountIam;
  readonly #resources: JsonObject;
  readonly #imports: ReadonlyMap<string, string>;
  readonly #scope: Scope;
  readonly #locals: JsonObject;
  readonly #outputs: JsonObject;
  /** Local values that were evaluated, each once. */
  readonly #known = new Map<string, { readonly value: Json } | 'in work'>();
  /** By address: `aws_iam_role.Admin`, `aws_iam_role.Admin[0]`. */
  readonly #made = new Map<string, Instance>();

  constructor(iam: AccountIam, template: JsonObject, given: Parameters) {
    this.#iam = iam;
    this.#resources = sectionOf(template, 'resource');
    this.#locals = sectionOf(template, 'locals');
    this.#outputs = sectionOf(template, 'output');
    this.#imports = readImports(template);
    this.#scope = this.#scopeOf(readVariables(sectionOf(template, 'variable'), given), template);
  }

  apply(): readonly string[] {
    const addresses = Object.keys(this.#resources).flatMap(type =>
      Object.keys(sectionOf(this.#resources, type)).map(name => [type, name] as const),
    );
    const unknown = [...this.#imports.keys()].filter(
      to => !addresses.some(([type, name]) => to === `${type}.${name}`),
    );
    forEachPlace(unknown, to => {
      throw mistake(`import: there is no resource ${to}`);
    });
    forEachPlace(addresses, ([type, name]) => this.#all(type, name));
    forEachPlace(Object.entries(this.#outputs), ([name, output]) =>
      at(`output.${name}`, () =>
        evaluateJson((isObject(output) ? output.value : undefined) ?? null, this.#scope),
      ),
    );
    return [...this.#made.values()].flatMap(made => (typeof made === 'object' ? made.id : []));
  }

  #scopeOf(variables: ReadonlyMap<string, Json>, template: JsonObject): Scope {
    const types: [string, Value][] = TERRAFORM_TYPES.map(type => [
      type,
      lookup(name => this.#reference(type, name)),
    ]);
    return new Map<string, Value>([
      ...types,
      [
        'var',
        lookup(name => {
          const value = variables.get(name);
          if (value === undefined) throw mistake(`there is no variable ${name}`);
          return value;
        }),
      ],
      ['local', lookup(name => this.#local(name))],
      ['data', dataSources(this.#iam, sectionOf(template, 'data'))],
    ]);
  }

  #local(name: string): Json {
    const known = this.#known.get(name);
    if (known === 'in work') throw mistake(`the local value ${name} depends on itself`);
    if (known !== undefined) return known.value;
    const stated = Object.hasOwn(this.#locals, name) ? this.#locals[name] : undefined;
    if (stated === undefined) throw mistake(`there is no local value ${name}`);
    this.#known.set(name, 'in work');
    try {
      const value = at(`locals.${name}`, () => checkedSize(evaluateJson(stated, this.#scope)));
      this.#known.set(name, { value });
      return value;
    } catch (cause) {
      this.#known.delete(name);
      throw cause;
    }
  }

  /** What `aws_iam_role.Admin` is in an expression: one resource, or several by key. */
  #reference(type: string, name: string): Value {
    const body = this.#body(type, name);
    const address = `${type}.${name}`;
    if (!('for_each' in body) && !('count' in body)) return attributesOf(this.#one(type, name));
    this.#all(type, name);
    return lookup(key => {
      const made = this.#made.get(`${address}[${key}]`);
      if (typeof made !== 'object') throw mistake(`there is no resource ${address}[${key}]`);
      return attributesOf(made);
    });
  }

  #body(type: string, name: string): JsonObject {
    const bodies = sectionOf(this.#resources, type);
    const body = Object.hasOwn(bodies, name) ? [bodies[name]!].flat() : [];
    const [only] = body as readonly Json[];
    if (!isObject(only) || body.length !== 1) throw mistake(`there is no resource ${type}.${name}`);
    return only;
  }

  #all(type: string, name: string): void {
    const address = `resource.${type}.${name}`;
    const body = at(address, () => this.#body(type, name));
    const { for_each: each, count } = body;
    if (each !== undefined)
      for (const [key, value] of at(address, () => this.#pairs(each)))
        this.#one(type, name, { key, values: new Map([['each', { key, value }]]) });
    else if (count !== undefined) {
      const times = at(address, () => countOf(evaluateJson(count, this.#scope)));
      for (let index = 0; index < times; index += 1)
        this.#one(type, name, { key: String(index), values: new Map([['count', { index }]]) });
    } else this.#one(type, name);
  }

  #pairs(each: Json): readonly (readonly [string, Json])[] {
    const value = evaluateJson(each, this.#scope);
    if (Array.isArray(value))
      return (value as readonly Json[]).map(item => [String(item), item] as const);
    if (isObject(value)) return Object.entries(value);
    throw mistake('for_each needs a set or a map');
  }

  /** Made at its first use: what it refers to comes before it. */
  #one(
    type: string,
    name: string,
    of?: { readonly key: string; readonly values: Scope },
  ): TerraformMade {
    const address = `${type}.${name}${of === undefined ? '' : `[${of.key}]`}`;
    const known = this.#made.get(address);
    if (typeof known === 'object') return known;
    if (known === 'in work') throw mistake(`the resource ${address} depends on itself`);
    // Its mistakes are reported already.
    if (known === 'failed') throw new TemplateError([]);
    this.#made.set(address, 'in work');
    try {
      const scope = new Map([...this.#scope, ...(of?.values ?? [])]);
      const made = at(`resource.${address}`, () =>
        this.#madeOf(type, this.#body(type, name), { address, scope }),
      );
      this.#made.set(address, made);
      return made;
    } catch (cause) {
      this.#made.set(address, 'failed');
      throw cause;
    }
  }

  #madeOf(
    typeName: string,
    body: JsonObject,
    { address, scope }: { readonly address: string; readonly scope: Scope },
  ): TerraformMade {
    const type = terraformType(typeName);
    if (type === undefined)
      throw mistake(`the type is not simulated here; ${TERRAFORM_TYPES.join(', ')} are`);
    const { for_each: _each, count: _count, depends_on: first = [], ...rest } = body;
    for (const other of texts(first)) {
      const [otherType = '', otherName = ''] = other.split('.');
      this.#all(otherType, otherName);
    }
    const { lifecycle: life = {}, ...stated } = rest;
    const { ignore_changes: ignored } = checked(lifecycle, [life].flat()[0]);
    const attributes = withoutNull(evaluateJson(stated, scope));
    const id = this.#imports.get(address);
    if (id === undefined) return type.make(this.#iam, attributes);
    if (type.adopt === undefined) throw mistake('an import of this type is not simulated here');
    return type.adopt(this.#iam, attributes, {
      id,
      ignored: ignored === 'all' ? EVERYTHING : new Set(ignored.flatMap(alsoOf)),
    });
  }
}

/** `ignore_changes = all` */
const EVERYTHING: ReadonlySet<string> = new Set([
  ...['path', 'description', 'max_session_duration', 'permissions_boundary', 'tags'],
  ...['assume_role_policy', 'saml_metadata_document', 'client_id_list', 'thumbprint_list'],
]);

function alsoOf(attribute: string): readonly string[] {
  return attribute === 'tags_all' ? [] : [attribute];
}

function readImports(template: JsonObject): ReadonlyMap<string, string> {
  const blocks = [template.import ?? []].flat() as readonly Json[];
  return new Map(
    blocks.map(block => {
      const { to, id } = at('import', () => checked(importBlock, block));
      return [to.replace(/^\$\{(.*)\}$/, '$1'), id];
    }),
  );
}

function texts(list: Json): readonly string[] {
  return at('depends_on', () => checked(z.array(z.string()), list));
}

function dataSources({ account }: AccountIam, declared: JsonObject): Lookup {
  const sources: Readonly<Record<string, JsonObject>> = {
    aws_caller_identity: { account_id: account.id, id: account.id },
    aws_partition: { partition: account.partition.name },
  };
  refuseOthers(declared, Object.keys(sources), 'the data source');
  return lookup(type =>
    lookup(name => {
      if (!Object.hasOwn(sectionOf(declared, type), name))
        throw mistake(`there is no data source ${type}.${name}`);
      return sources[type]!;
    }),
  );
}

function attributesOf({ attributes }: TerraformMade): Lookup {
  return lookup(name => {
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (value === undefined) throw mistake(`a resource has no attribute ${name} here`);
    return value;
  });
}

/** An attribute that is null is one that is not stated. */
function withoutNull(value: Json): Json {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}

function lookup(get: (key: string) => Value): Lookup {
  return { get };
}
