/**
 * The reference page of the configuration, generated from the schema: `npm run docs:configuration`
 * writes docs/configuration.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { accountFile } from './account-schema.ts';
import { documentSchema } from './schema.ts';
import { factsOf, unwrapped } from './schema-walk.ts';

const PAGE = new URL('../../docs/configuration.md', import.meta.url);
const EXAMPLE = new URL('../../examples/rolebridge.yaml', import.meta.url);

const INTRODUCTION = `# Configuration

<!-- Generated from src/config/schema.ts by \`npm run docs:configuration\`: change it there. -->

The server reads one YAML file: \`rolebridge-server serve --config rolebridge.yaml\`.
[examples/rolebridge.yaml](../examples/rolebridge.yaml) is a complete one; the examples below are part of it.

\`rolebridge-server check rolebridge.yaml\` reads a file and starts nothing.
It needs no secret: it checks those that are there, and warns of others that the server needs.
It reports every problem at once, with line, path and fix:

\`\`\`
rolebridge.yaml:44:7 access[0].session.duration: "14h" is longer than 12 h; STS gives at most 12h. Write 12h or less.
\`\`\`

A running server keeps its configuration if the new file has a problem.

- Invalid YAML syntax is reported first.
- Unknown keys, repeated keys, a second document, tags, and a file of more than 8 MB are rejected.
- Anchors and aliases are allowed.
- Warnings report settings that work, but probably not as intended.

## Values

- **duration**: whole numbers with \`s\`, \`m\`, \`h\` or \`d\`: \`90s\`, \`15m\`, \`1h30m\`.
- **secret**: never written into the file.
  \`{ env: NAME }\` reads an environment variable, \`{ file: PATH }\` a file, and \`{ credential: NAME }\` a file of \`$CREDENTIALS_DIRECTORY\`, where systemd puts what \`LoadCredential\` names ([deploy.md](deploy.md#secrets)).
  The line break at the end of a file does not count.
  An empty secret is rejected.
  A file of the server's own user that everyone on the machine can read is rejected; for a file of another user, such as a mounted secret, \`check\` warns.
- **path**: relative to the directory of the configuration file.
  This file and the files that it names must not be writable by everyone; for files that are writable by a group, \`check\` warns.
- **URL**: https; http on loopback only.
  No user name, password or fragment.
- **CIDR block**: \`10.0.0.0/8\`, \`2001:db8::/32\`, \`192.0.2.7/32\` for one address.
- **template**: text with \`{sessionName}\`, \`{username}\`, \`{email}\`, \`{displayName}\`, \`{subject}\`, \`{connector}\`, \`{person}\` or \`{attributes.NAME}\`.
  \`{sessionName}\` is the RoleSessionName: unique, readable, and a source identity that AWS accepts for every user.
  \`{email|none}\` gives \`none\` to users whose email is missing or not allowed by AWS.
  Without an alternative, these users are denied the role, and \`check\` warns.
  An alternative is a template, nested at most three deep: \`{username|{sessionName}}\`.
  Values are never cut or changed.
  \`{\`, \`}\` and \`|\` have no escape, because AWS allows none of them here.
  The rules of workloads have their own placeholders, which are named there.
`;

/** The whole page. The same schema and example give the same text. */
export function renderReference(): string {
  const example = readFileSync(EXAMPLE, 'utf8');
  const sections = Object.entries(documentSchema.shape).map(([key, schema]) =>
    sectionOf(key, schema as z.ZodType, example),
  );
  return [INTRODUCTION, ...sections].join('\n');
}

function sectionOf(key: string, schema: z.ZodType, example: string): string {
  const yaml = ['```yaml', exampleOf(key, example), '```'].join('\n');
  const rows = [schema, ...(OTHER_FORMS[key] ?? [])].flatMap(form => rowsOf(key, form));
  // The table of a single value contains its description.
  const meaning =
    rows.length === 1 && rows[0]?.key === `\`${key}\``
      ? []
      : [proseOf(factsOf(schema).description)];
  return `${[`## ${key}`, ...meaning, tableOf(rows), yaml].join('\n\n')}\n`;
}

/** Other values that a key can have. */
const OTHER_FORMS: Readonly<Record<string, readonly z.ZodType[]>> = { accounts: [accountFile] };

/** The text with one sentence a line. */
function proseOf(text = ''): string {
  return text.replaceAll(/(?<=[.!?]) +(?=[A-Z`])/g, '\n');
}

interface Row {
  readonly key: string;
  readonly kind: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** The key itself where it is one value; else the keys below it, as deep as they go. */
function rowsOf(key: string, schema: z.ZodType): Row[] {
  const inner = unwrapped(schema);
  const object = inner instanceof z.ZodArray ? unwrapped(inner.element as z.ZodType) : inner;
  if (!(object instanceof z.ZodObject)) return [rowOf(key, schema)];
  const prefix = inner instanceof z.ZodArray ? `${key}[].` : `${key}.`;
  const shown = new Map<z.ZodType, string>();
  return Object.entries(object.shape as Record<string, z.ZodType>).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    const holder = unwrapped(child);
    const row = rowOf(path, child);
    const { keysOf } = factsOf(child);
    if (keysOf !== undefined)
      return [{ ...row, meaning: `${row.meaning} The keys are those of \`${keysOf}\`.` }];
    if (isListOfMaps(holder)) return [row, ...rowsOf(path, child)];
    if (!(holder instanceof z.ZodObject)) return [row];
    const twin = shown.get(holder);
    if (twin !== undefined)
      return [{ ...row, meaning: `${row.meaning} The keys are those of \`${twin}\`.` }];
    shown.set(holder, name);
    return [row, ...rowsOf(path, child)];
  });
}

function isListOfMaps(schema: z.ZodType): boolean {
  return (
    schema instanceof z.ZodArray && unwrapped(schema.element as z.ZodType) instanceof z.ZodObject
  );
}

function rowOf(key: string, schema: z.ZodType): Row {
  return {
    key: `\`${key}\``,
    kind: kindOf(schema),
    fallback: defaultOf(schema),
    meaning: factsOf(schema).description ?? '',
  };
}

function kindOf(schema: z.ZodType): string {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray) return `list: ${kindOf(inner.element as z.ZodType)}`;
  if (inner instanceof z.ZodObject) return 'map';
  return factsOf(schema).kind ?? 'text';
}

function defaultOf(schema: z.ZodType): string {
  const { default: inWords } = factsOf(schema);
  if (inWords !== undefined) return inWords;
  if (schema instanceof z.ZodOptional) return 'none';
  if (!(schema instanceof z.ZodPrefault)) return '**required**';
  const value: unknown = schema.def.defaultValue;
  if (Array.isArray(value))
    return value.length === 0 ? '`[]`' : value.map(item => `\`${String(item)}\``).join('<br>');
  if (unwrapped(schema) instanceof z.ZodRecord) return '`{}`';
  return typeof value === 'object' ? 'as below' : `\`${String(value)}\``;
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ key, kind, fallback, meaning }) =>
    [key, kind, fallback, meaning].map(cell => cell.replaceAll('|', '\\|')).join(' | '),
  );
  return [
    '| key | value | default | meaning |',
    '|---|---|---|---|',
    ...lines.map(line => `| ${line} |`),
  ].join('\n');
}

/** The lines of one top-level key in the example file, with the comments inside. */
function exampleOf(key: string, example: string): string {
  const lines = example.split('\n');
  // Keys that few configurations need are comments there.
  const first = lines.findIndex(line => line.startsWith(`${key}:`) || line.startsWith(`# ${key}:`));
  if (first < 0) throw new Error(`examples/rolebridge.yaml has no ${key}`);
  const length = lines.slice(first + 1).findIndex(line => /^\S/.test(line));
  return lines
    .slice(first, length < 0 ? undefined : first + 1 + length)
    .join('\n')
    .trimEnd();
}

if (import.meta.main) writeFileSync(PAGE, renderReference());
