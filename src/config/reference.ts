/**
 * The reference page of the configuration, made from the schema: `npm run docs:configuration`
 * writes docs/configuration.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { documentSchema } from './schema.ts';
import { factsOf, unwrapped } from './schema-walk.ts';

const PAGE = new URL('../../docs/configuration.md', import.meta.url);
const EXAMPLE = new URL('../../examples/rolebridge.yaml', import.meta.url);

const INTRODUCTION = `# Configuration

<!-- Made from src/config/schema.ts by \`npm run docs:configuration\`: change it there. -->

The server reads one YAML file: \`rolebridge-server serve --config rolebridge.yaml\`. A complete one is
[examples/rolebridge.yaml](../examples/rolebridge.yaml); the examples below are taken from it.

\`rolebridge-server check rolebridge.yaml\` reads a file and starts nothing. Every problem is reported at once, with its place, its
path and a fix, and a server that runs keeps its configuration:

\`\`\`
rolebridge.yaml:44:7 access[0].session.duration: "14h" is longer than 12 h; STS gives at most 12h. Write 12h or less.
\`\`\`

A file with broken YAML syntax is reported for its syntax first. Unknown keys, keys that stand twice, a second document, tags
and a file of more than 8 MB are refused; anchors and aliases may be used. Warnings tell what works, though hardly as meant.

## Values

- **duration**: whole numbers with \`s\`, \`m\`, \`h\` or \`d\`: \`90s\`, \`15m\`, \`1h30m\`.
- **secret**: never written into the file. \`{ env: NAME }\` takes an environment variable, \`{ file: PATH }\` the content of a file
  without the line break at its end. An empty secret is refused, and so is a file of the bridge's own user that everyone on the
  machine can read; if the file is another user's, as mounted secrets are, it is warned of.
- **path**: relative paths begin at the directory of the configuration file. This file and whatever it points at must not be
  writable by everyone; writable by a group is warned of.
- **URL**: https; http on loopback only. No user name, password or fragment.
- **CIDR block**: \`10.0.0.0/8\`, \`2001:db8::/32\`, \`192.0.2.7/32\` for one address.
- **template**: text with \`{sessionName}\`, \`{username}\`, \`{email}\`, \`{displayName}\`, \`{subject}\`, \`{connector}\`, \`{person}\` or \`{attributes.NAME}\`.
  \`{sessionName}\` is the RoleSessionName: unique, readable, and a source identity that AWS takes for every user.
  \`{email|none}\` gives \`none\` to users whose email is missing or not allowed by AWS. Without an alternative the role is denied to them, and \`check\` warns.
  An alternative is a template, nested at most three deep: \`{username|{sessionName}}\`. Nothing is cut or replaced within a value.
  \`{\`, \`}\` and \`|\` have no escape, because AWS takes none of them here.
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
  const rows = rowsOf(key, schema);
  // The table of a single value says it all.
  const meaning =
    rows.length === 1 && rows[0]?.key === `\`${key}\`` ? [] : [factsOf(schema).description];
  return `${[`## ${key}`, ...meaning, tableOf(rows), yaml].join('\n\n')}\n`;
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
    if (!(holder instanceof z.ZodObject)) return rowsOf(path, child);
    const row = rowOf(path, child);
    const twin = shown.get(holder);
    if (twin !== undefined)
      return [{ ...row, meaning: `${row.meaning} The keys are those of \`${twin}\`.` }];
    shown.set(holder, name);
    return [row, ...rowsOf(path, child)];
  });
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
  // A key that hardly anybody should write stands there as a comment.
  const first = lines.findIndex(line => line.startsWith(`${key}:`) || line.startsWith(`# ${key}:`));
  if (first < 0) throw new Error(`examples/rolebridge.yaml has no ${key}`);
  const length = lines.slice(first + 1).findIndex(line => /^\S/.test(line));
  return lines
    .slice(first, length < 0 ? undefined : first + 1 + length)
    .join('\n')
    .trimEnd();
}

if (import.meta.main) writeFileSync(PAGE, renderReference());
