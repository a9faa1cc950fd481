/**
 * Intrinsic functions of CloudFormation (its template reference): those that templates of IAM use.
 * Every other function is refused.
 */
import { isObject, type Json, type JsonObject } from './json.ts';
import { joined } from './limits.ts';
import { mistake } from './template-error.ts';

/** What names in a template stand for. */
export interface Names {
  /** A parameter, a pseudo parameter or a resource. Throws `TemplateError`. */
  ref(name: string): Json | undefined;
  /** An attribute of a resource. Throws `TemplateError`. */
  attribute(resource: string, attribute: string): Json;
  /** Throws `TemplateError`. */
  condition(name: string): boolean;
  readonly mappings: JsonObject;
}

type Call = (argument: Json, names: Names) => Json | undefined;

/** `undefined` is AWS::NoValue: the property or the list item is left out. */
const FUNCTIONS: Readonly<Record<string, Call>> = {
  Ref: (name, names) => names.ref(text(name, names, 'Ref')),
  'Fn::GetAtt': (argument, names) => {
    const path = typeof argument === 'string' ? argument.split('.') : argument;
    const [resource, ...attribute] = texts(path, names, 'Fn::GetAtt');
    return names.attribute(resource ?? '', attribute.join('.'));
  },
  'Fn::Sub': substitute,
  'Fn::Join': (argument, names) => {
    const [separator, list] = pair(argument, 'Fn::Join');
    return joined(texts(list, names, 'Fn::Join'), text(separator, names, 'Fn::Join'));
  },
  'Fn::Split': (argument, names) => {
    const [separator, whole] = pair(argument, 'Fn::Split');
    return text(whole, names, 'Fn::Split').split(text(separator, names, 'Fn::Split'));
  },
  'Fn::Select': (argument, names) => {
    const [index, list] = pair(argument, 'Fn::Select');
    const item = texts(list, names, 'Fn::Select')[Number(evaluate(index, names))];
    if (item === undefined) throw mistake('Fn::Select: the list has no item of that index');
    return item;
  },
  'Fn::FindInMap': (argument, names) => {
    const [map = '', first = '', second = ''] = texts(argument, names, 'Fn::FindInMap');
    const value = own(own(own(names.mappings, map), first), second);
    if (value === undefined)
      throw mistake(`Fn::FindInMap: Mappings has no ${map}.${first}.${second}`);
    return value;
  },
  'Fn::If': (argument, names) => {
    if (!Array.isArray(argument) || argument.length !== 3)
      throw mistake('Fn::If needs a condition and two values');
    const [condition, yes, no] = argument as readonly Json[];
    return evaluate(names.condition(text(condition!, names, 'Fn::If')) ? yes! : no!, names);
  },
};

/** Undefined for AWS::NoValue. Throws `TemplateError`. */
export function evaluate(value: Json, names: Names): Json | undefined {
  if (Array.isArray(value))
    return (value as readonly Json[])
      .map(item => evaluate(item, names))
      .filter(item => item !== undefined);
  if (!isObject(value)) return value;
  const [name, ...others] = Object.keys(value);
  const isCall = name === 'Ref' || name?.startsWith('Fn::') === true;
  if (isCall && others.length === 0) return callOf(name!)(value[name!]!, names);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => {
      const evaluated = evaluate(member, names);
      return evaluated === undefined ? [] : [[key, evaluated]];
    }),
  );
}

function callOf(name: string): Call {
  const call = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (call === undefined) throw mistake(`the function ${name} is not simulated here`);
  return call;
}

/** A condition function, or the name of a condition. Throws `TemplateError`. */
export function evaluateCondition(value: Json, names: Names): boolean {
  const [name = '', ...others] = isObject(value) ? Object.keys(value) : [];
  const argument = isObject(value) ? value[name]! : null;
  const list = Array.isArray(argument) ? (argument as readonly Json[]) : [];
  const inner = (): readonly boolean[] => list.map(item => evaluateCondition(item, names));
  if (others.length > 0) throw mistake('a condition is one function');
  switch (name) {
    case 'Condition':
      return names.condition(text(argument, names, 'Condition'));
    case 'Fn::Equals': {
      const [left, right] = pair(argument, 'Fn::Equals').map(item => evaluate(item, names));
      return JSON.stringify(plain(left)) === JSON.stringify(plain(right));
    }
    case 'Fn::Not':
      if (list.length !== 1) throw mistake('Fn::Not needs one condition');
      return !inner()[0];
    case 'Fn::And':
      return inner().every(Boolean);
    case 'Fn::Or':
      return inner().some(Boolean);
    default:
      throw mistake(`the condition function ${name || '(none)'} is not simulated here`);
  }
}

/** Parameters are text for CloudFormation, numbers in JSON as well. */
function plain(value: Json | undefined): Json {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : (value ?? null);
}

/** `${Name}`, `${Resource.Attribute}`, and `${!Text}` for a literal `${Text}`. */
function substitute(argument: Json, names: Names): string {
  const [template, variables = {}] = [argument].flat() as readonly Json[];
  if (typeof template !== 'string' || !isObject(variables))
    throw mistake('Fn::Sub needs a text, or a text and an object');
  const textOfName = (name: string): string => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (Object.hasOwn(variables, name)) return text(variables[name]!, names, 'Fn::Sub');
    const [resource = '', ...attribute] = name.split('.');
    const value =
      attribute.length === 0 ? names.ref(name) : names.attribute(resource, attribute.join('.'));
    return text(value ?? null, names, `Fn::Sub \${${name}}`);
  };
  // Odd parts are names.
  const parts = template.split(/\$\{([^}]*)\}/);
  return joined(parts.map((part, index) => (index % 2 === 0 ? part : textOfName(part))));
}

function own(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function pair(value: Json, name: string): readonly [Json, Json] {
  if (!Array.isArray(value) || value.length !== 2) throw mistake(`${name} needs two arguments`);
  return value as unknown as readonly [Json, Json];
}

function text(value: Json | undefined, names: Names, name: string): string {
  const evaluated = plain(value === undefined ? null : evaluate(value, names));
  if (typeof evaluated !== 'string') throw mistake(`${name} needs a text`);
  return evaluated;
}

function texts(value: Json, names: Names, name: string): readonly string[] {
  const list = evaluate(value, names);
  if (!Array.isArray(list)) throw mistake(`${name} needs a list`);
  return (list as readonly Json[]).map(item => text(item, names, name));
}
