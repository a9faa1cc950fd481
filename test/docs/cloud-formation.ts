/**
 * CloudFormation templates as far as ours go: parameters, mappings, conditions and the functions
 * that they use.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml';

export interface StackOptions {
  readonly account: string;
  readonly partition: string;
  /** A list is written with commas, as on the command line. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Resource {
  readonly type: string;
  /** A property without a value is absent. */
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Stack {
  readonly names: Readonly<Record<string, unknown>>;
  readonly mappings: Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>
  >;
}

type Input = Readonly<{
  Type: string;
  Default?: string | number;
  AllowedPattern?: string;
  MinLength?: number;
  MinValue?: number;
  MaxValue?: number;
}>;

/** CloudFormation takes 4,096 bytes of a parameter (AWS CloudFormation quotas). */
const MAX_PARAMETER_BYTES = 4096;

/**
 * The resources that a stack makes, by their logical names. Throws when a parameter or the template
 * would be refused.
 */
export function resourcesOf(
  template: string,
  { account, partition, parameters }: StackOptions,
): Readonly<Record<string, Resource>> {
  const document = parseDocument(template);
  const [fault] = document.errors;
  if (fault !== undefined) throw fault;
  // CloudFormation does not resolve them.
  visit(document, node => {
    if (isAlias(node)) throw new Error('the template has a YAML alias');
  });
  const section = (name: string): Node | null => document.get(name, true) as Node | null;
  const bare = { names: {}, mappings: {} };
  const inputs = evaluate(section('Parameters'), bare) as Record<string, Input>;
  const stray = Object.keys(parameters).find(name => !Object.hasOwn(inputs, name));
  if (stray !== undefined) throw new Error(`the template has no parameter ${stray}`);
  const mappings = (evaluate(section('Mappings'), bare) ?? {}) as Stack['mappings'];
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [
      name,
      parameterValue(name, input, parameters[name]),
    ]),
  );
  const pseudo = { 'AWS::Partition': partition, 'AWS::AccountId': account };
  const before: Stack = { mappings, names: { ...values, ...pseudo } };
  const conditions = (evaluate(section('Conditions'), before) ?? {}) as Record<string, boolean>;

  const written = section('Resources');
  if (!isMap(written)) throw new Error('the template has no resources');
  const arns = Object.fromEntries(
    written.items.map(({ key, value }) => [
      String(key),
      arnOf(evaluate(value as Node, before) as Written, account, partition),
    ]),
  );
  const resources = evaluate(written, { mappings, names: { ...before.names, ...arns } }) as Record<
    string,
    Written
  >;
  return Object.fromEntries(
    Object.entries(resources)
      .filter(([, { Condition }]) => Condition === undefined || conditions[Condition] === true)
      .map(([name, { Type, Properties }]) => [name, { type: Type, properties: Properties }]),
  );
}

interface Written {
  readonly Type: string;
  readonly Condition?: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

function parameterValue(
  name: string,
  input: Input,
  given: string | undefined,
): string | number | readonly string[] {
  const text = given ?? (input.Default === undefined ? undefined : String(input.Default));
  if (text === undefined) throw new Error(`the parameter ${name} has no value`);
  const fits =
    Buffer.byteLength(text) <= MAX_PARAMETER_BYTES &&
    (input.AllowedPattern === undefined || new RegExp(input.AllowedPattern).test(text)) &&
    text.length >= (input.MinLength ?? 0) &&
    (input.Type !== 'Number' ||
      (Number(text) >= input.MinValue! && Number(text) <= input.MaxValue!));
  if (!fits) throw new Error(`the parameter ${name} does not take this value`);
  if (input.Type === 'Number') return Number(text);
  return input.Type === 'CommaDelimitedList' ? text.split(',') : text;
}

/** What Ref gives of our kinds of resource (IAM providers: the ARN). */
function arnOf({ Type, Properties }: Written, account: string, partition: string): string {
  const arn = (resource: string): string => `arn:${partition}:iam::${account}:${resource}`;
  if (Type === 'AWS::IAM::SAMLProvider') return arn(`saml-provider/${String(Properties.Name)}`);
  if (Type === 'AWS::IAM::OIDCProvider')
    return arn(`oidc-provider/${String(Properties.Url).replace(/^https?:\/\//, '')}`);
  return String(Properties.RoleName);
}

function evaluate(node: Node | null | undefined, stack: Stack): unknown {
  if (node === null || node === undefined) return undefined;
  const plain = plainValue(node, stack);
  if (node.tag === undefined || !node.tag.startsWith('!')) return plain;
  const apply = FUNCTIONS[node.tag.slice(1)];
  if (apply === undefined) throw new Error(`the function ${node.tag} is not known here`);
  return apply(Array.isArray(plain) ? plain : [plain], stack);
}

function plainValue(node: Node, stack: Stack): unknown {
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map(item => evaluate(item as Node, stack));
  if (!isMap(node))
    throw new Error('the template holds something that is neither text, list nor map');
  return Object.fromEntries(
    node.items.map(({ key, value }) => [String(key), evaluate(value as Node, stack)]),
  );
}

/**
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
 */
const FUNCTIONS: Readonly<Record<string, (values: readonly unknown[], stack: Stack) => unknown>> = {
  Ref: ([name], stack) => named(String(name), stack),
  Sub: ([text, local], stack) =>
    String(text).replaceAll(/\$\{([\w:]+)\}/g, (_, name: string) => {
      const own = local as Readonly<Record<string, unknown>> | undefined;
      return String(own !== undefined && Object.hasOwn(own, name) ? own[name] : named(name, stack));
    }),
  Join: ([separator, parts]) => (parts as readonly string[]).join(String(separator)),
  Select: ([index, list]) => (list as readonly unknown[])[Number(index)],
  Split: ([separator, text]) => String(text).split(String(separator)),
  FindInMap: ([map, first, second], { mappings }) =>
    mappings[String(map)]![String(first)]![String(second)],
  Equals: ([one, other]) => one === other,
  Not: ([condition]) => condition !== true,
};

/** Before the resources are known, a Ref to one of them is looked up in vain. */
function named(name: string, { names }: Stack): unknown {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}
