/** A CloudFormation template in JSON, made in one account of the local AWS. */
import { z } from 'zod';
import type { AccountIam } from '../iam/iam.ts';
import { iamRegion } from '../partitions.ts';
import { evaluate, evaluateCondition, type Names } from './cloud-formation-functions.ts';
import { type Made, RESOURCE_TYPES, resourceType } from './cloud-formation-resources.ts';
import { checked, type Json, type JsonObject, refuseOthers, sectionOf } from './json.ts';
import { matchOf } from './limits.ts';
import { at, forEachPlace, mistake, TemplateError } from './template-error.ts';

const SECTIONS = [
  ...['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Parameters', 'Mappings'],
  ...['Conditions', 'Resources', 'Outputs'],
];

const resource = z.strictObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  Condition: z.string().optional(),
  DependsOn: z.union([z.string(), z.array(z.string())]).default([]),
  // What happens when a stack is updated or deleted, which does not happen here.
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
  Metadata: z.unknown().optional(),
});

const output = z.strictObject({
  Value: z.unknown(),
  Description: z.string().optional(),
  Condition: z.string().optional(),
  Export: z.unknown().optional(),
});

/** Values of parameters, as text. */
export type Parameters = Readonly<Record<string, string>>;

export function isCloudFormation(template: JsonObject): boolean {
  return 'Resources' in template;
}

/** The ARNs of what was made. Throws `TemplateError`. */
export function makeStack(
  iam: AccountIam,
  template: JsonObject,
  given: Parameters,
): readonly string[] {
  refuseOthers(template, SECTIONS, 'the section');
  const stack = new Stack(iam, template, readParameters(sectionOf(template, 'Parameters'), given));
  return stack.make();
}

class Stack implements Names {
  readonly mappings: JsonObject;
  readonly #iam: AccountIam;
  readonly #parameters: ReadonlyMap<string, Json>;
  readonly #conditions: JsonObject;
  readonly #resources: JsonObject;
  readonly #outputs: JsonObject;
  /** By logical id. */
  readonly #made = new Map<string, Made | 'in work' | 'failed'>();
  /** Conditions that were evaluated, each once. */
  readonly #met = new Map<string, boolean | 'in work'>();

  constructor(iam: AccountIam, template: JsonObject, parameters: ReadonlyMap<string, Json>) {
    this.#iam = iam;
    this.#parameters = parameters;
    this.mappings = sectionOf(template, 'Mappings');
    this.#conditions = sectionOf(template, 'Conditions');
    this.#resources = sectionOf(template, 'Resources');
    this.#outputs = sectionOf(template, 'Outputs');
  }

  make(): readonly string[] {
    const ids = Object.keys(this.#resources);
    if (ids.length === 0) throw mistake('Resources is empty');
    forEachPlace(Object.keys(this.#conditions), name => this.condition(name));
    forEachPlace(
      ids.filter(id => this.#isWanted(id)),
      id => this.#resource(id),
    );
    forEachPlace(Object.keys(this.#outputs), name => this.#output(name));
    return [...this.#made.values()].flatMap(made => (typeof made === 'object' ? made.id : []));
  }

  ref(name: string): Json | undefined {
    const { account } = this.#iam;
    const pseudo: Readonly<Record<string, string | undefined>> = {
      'AWS::AccountId': account.id,
      'AWS::Partition': account.partition.name,
      'AWS::Region': iamRegion(account.partition.name),
      'AWS::URLSuffix': account.partition.name === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com',
      'AWS::StackName': 'stack',
      'AWS::NoValue': undefined,
    };
    if (Object.hasOwn(pseudo, name)) return pseudo[name];
    const parameter = this.#parameters.get(name);
    if (parameter !== undefined) return parameter;
    return this.#resource(name).ref;
  }

  attribute(id: string, name: string): Json {
    const { attributes } = this.#resource(id);
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (value === undefined) throw mistake(`the resource ${id} has no attribute ${name}`);
    return value;
  }

  condition(name: string): boolean {
    const condition = Object.hasOwn(this.#conditions, name) ? this.#conditions[name] : undefined;
    if (condition === undefined) throw mistake(`Conditions has no ${name}`);
    const known = this.#met.get(name);
    if (known === 'in work') throw mistake(`the condition ${name} depends on itself`);
    if (known !== undefined) return known;
    this.#met.set(name, 'in work');
    const met = at(`Conditions.${name}`, () => evaluateCondition(condition, this));
    this.#met.set(name, met);
    return met;
  }

  #isWanted(id: string): boolean {
    const { Condition } = this.#declared(id);
    return Condition === undefined || this.condition(Condition);
  }

  #declared(id: string): z.output<typeof resource> {
    const declared = Object.hasOwn(this.#resources, id) ? this.#resources[id] : undefined;
    if (declared === undefined) throw mistake(`there is no parameter and no resource ${id}`);
    return at(`Resources.${id}`, () => checked(resource, declared));
  }

  /** Made at its first use: what it refers to comes before it. */
  #resource(id: string): Made {
    const known = this.#made.get(id);
    if (typeof known === 'object') return known;
    if (known === 'in work') throw mistake(`the resource ${id} depends on itself`);
    // Its mistakes are reported already.
    if (known === 'failed') throw new TemplateError([]);
    if (!this.#isWanted(id)) throw mistake(`the condition of the resource ${id} is not met`);
    this.#made.set(id, 'in work');
    try {
      const made = at(`Resources.${id}`, () => this.#madeOf(id));
      this.#made.set(id, made);
      return made;
    } catch (cause) {
      this.#made.set(id, 'failed');
      throw cause;
    }
  }

  #madeOf(id: string): Made {
    const { Type, Properties, DependsOn } = this.#declared(id);
    const type = resourceType(Type);
    if (type === undefined)
      throw mistake(`the type ${Type} is not simulated here; ${RESOURCE_TYPES.join(', ')} are`);
    for (const other of [DependsOn].flat()) if (this.#isWanted(other)) this.#resource(other);
    const properties = evaluate(Properties as JsonObject, this) ?? {};
    return type.make(this.#iam, properties, `stack-${id}`);
  }

  #output(name: string): void {
    at(`Outputs.${name}`, () => {
      const { Value, Condition } = checked(output, this.#outputs[name]);
      if (Condition === undefined || this.condition(Condition)) evaluate(Value as Json, this);
    });
  }
}

const parameter = z.strictObject({
  Type: z.enum(['String', 'Number', 'CommaDelimitedList']),
  Default: z.union([z.string(), z.number()]).transform(String).optional(),
  Description: z.string().optional(),
  NoEcho: z.union([z.boolean(), z.string()]).optional(),
  ConstraintDescription: z.string().optional(),
  AllowedPattern: z.string().optional(),
  AllowedValues: z.array(z.union([z.string(), z.number()]).transform(String)).optional(),
  MinLength: z.coerce.number().optional(),
  MaxLength: z.coerce.number().optional(),
  MinValue: z.coerce.number().optional(),
  MaxValue: z.coerce.number().optional(),
});

function readParameters(declared: JsonObject, given: Parameters): ReadonlyMap<string, Json> {
  const values = new Map<string, Json>();
  const unknown = Object.keys(given).filter(name => !Object.hasOwn(declared, name));
  forEachPlace(unknown, name => {
    throw mistake(`Parameters has no ${name}`);
  });
  forEachPlace(Object.keys(declared), name =>
    at(`Parameters.${name}`, () => {
      const rules = checked(parameter, declared[name]);
      const value = given[name] ?? rules.Default;
      if (value === undefined) throw mistake(`needs a value: --parameter ${name}=...`);
      const items = rules.Type === 'CommaDelimitedList' ? value.split(',') : [value];
      for (const item of items) checkParameter(item.trim(), rules);
      values.set(
        name,
        rules.Type === 'CommaDelimitedList' ? items.map(item => item.trim()) : value,
      );
    }),
  );
  return values;
}

/** The value is not repeated: it can be a secret. */
function checkParameter(value: string, rules: z.output<typeof parameter>): void {
  const { AllowedPattern: pattern, AllowedValues: allowed } = rules;
  const number = Number(value);
  const isNumber = rules.Type === 'Number';
  const faults: readonly [boolean, string][] = [
    [isNumber && (value === '' || Number.isNaN(number)), 'is not a number'],
    [isNumber && number < (rules.MinValue ?? number), `is less than ${rules.MinValue}`],
    [isNumber && number > (rules.MaxValue ?? number), `is more than ${rules.MaxValue}`],
    [value.length < (rules.MinLength ?? 0), `is shorter than ${rules.MinLength}`],
    [value.length > (rules.MaxLength ?? value.length), `is longer than ${rules.MaxLength}`],
    [
      pattern !== undefined && matchOf(`^(?:${pattern})$`, value) === undefined,
      `does not match ${pattern}`,
    ],
    [allowed !== undefined && !allowed.includes(value), `is none of ${allowed?.join(', ')}`],
  ];
  const fault = faults.find(([isWrong]) => isWrong);
  if (fault !== undefined) throw mistake(`the value ${fault[1]}`);
}
