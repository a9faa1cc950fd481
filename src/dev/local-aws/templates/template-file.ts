/** Templates and parameters as the command line names them. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { isObject } from './json.ts';
import { mistake } from './template-error.ts';
import type { TemplateInput } from './templates.ts';

/**
 * `FILE` or `ACCOUNT=FILE`. A template gets the parameters that it declares. Throws `TemplateError`
 * for a file that cannot be read, is no JSON, or for a parameter that no template declares.
 */
export async function readTemplates(
  files: readonly string[],
  parameters: readonly string[],
): Promise<readonly TemplateInput[]> {
  const given = new Map(parameters.map(nameAndValue));
  const read = await Promise.all(files.map(readTemplate));
  const declared = read.map(({ template }) => declaredBy(template));
  for (const name of given.keys())
    if (!declared.some(names => names.has(name)))
      throw mistake(`--parameter ${name}: no template has a parameter of this name`);
  return read.map((input, index) => ({
    ...input,
    parameters: Object.fromEntries([...given].filter(([name]) => declared[index]!.has(name))),
  }));
}

async function readTemplate(spec: string): Promise<TemplateInput> {
  const [, account, file = spec] = /^(\d{12})=(.*)$/.exec(spec) ?? [];
  const name = basename(file);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw mistake(`${file}: ${(cause as Error).message}`);
  }
  try {
    return { template: JSON.parse(text), account, name };
  } catch {
    throw mistake(`${file}: not JSON; CloudFormation is read in JSON, Terraform as .tf.json`);
  }
}

function nameAndValue(text: string): readonly [string, string] {
  const [, name, value] = /^([A-Za-z][\w-]*)=([\s\S]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    // The text is not repeated: it can be a secret.
    throw mistake('--parameter has another form than NAME=VALUE');
  return [name, value];
}

function declaredBy(template: unknown): ReadonlySet<string> {
  if (!isObject(template)) return new Set();
  const declared = template.Parameters ?? template.variable;
  return new Set(isObject(declared) ? Object.keys(declared) : []);
}
