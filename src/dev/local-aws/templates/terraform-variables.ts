/** Variables of Terraform: their values by type, and their validations. */
import { z } from 'zod';
import type { Parameters } from './cloud-formation.ts';
import { checked, type Json, type JsonObject } from './json.ts';
import { at, forEachPlace, mistake } from './template-error.ts';
import { evaluateJson } from './terraform-values.ts';

const validation = z.strictObject({ condition: z.string(), error_message: z.string() });

const variable = z.strictObject({
  type: z.string().default('any'),
  default: z.unknown().optional(),
  description: z.string().optional(),
  sensitive: z.boolean().optional(),
  nullable: z.boolean().optional(),
  validation: z.union([validation.transform(only => [only]), z.array(validation)]).default([]),
});

/** Throws `TemplateError`. */
export function readVariables(declared: JsonObject, given: Parameters): ReadonlyMap<string, Json> {
  const values = new Map<string, Json>();
  forEachPlace(
    Object.keys(given).filter(name => !Object.hasOwn(declared, name)),
    name => {
      throw mistake(`there is no variable ${name}`);
    },
  );
  forEachPlace(Object.keys(declared), name =>
    at(`variable.${name}`, () => {
      const rules = checked(variable, [declared[name]!].flat()[0]);
      const text = given[name];
      if (text === undefined && rules.default === undefined)
        throw mistake(`needs a value: --parameter ${name}=...`);
      const value = text === undefined ? (rules.default as Json) : readValue(text, rules.type);
      const scope = new Map([['var', { [name]: value }]]);
      for (const { condition, error_message } of rules.validation)
        if (evaluateJson(condition, scope) !== true) throw mistake(error_message);
      values.set(name, value);
    }),
  );
  return values;
}

/** Text as it is for `string`, JSON for the others. The value is not repeated in an error. */
function readValue(text: string, type: string): Json {
  if (type === 'string' || type === 'any') return text;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw mistake(`the value is no JSON of type ${type}`);
  }
  const wanted = FORMS.find(([form]) => form.test(type))?.[1];
  if (wanted === undefined) throw mistake(`the type ${type} is not simulated here`);
  if (!wanted(value)) throw mistake(`the value is no ${type}`);
  return value;
}

const FORMS: readonly (readonly [RegExp, (value: Json) => boolean])[] = [
  [/^number$/, value => typeof value === 'number'],
  [/^bool$/, value => typeof value === 'boolean'],
  [/^(?:list|set)\(/, value => Array.isArray(value)],
  [/^(?:map|object)\(/, value => typeof value === 'object' && !Array.isArray(value)],
];
