/**
 * Gives the loader of Jazzer.js JavaScript: it instruments modules, and to Node.js a TypeScript
 * file is none before its types are stripped. Lines and columns stay.
 */
import { appendFileSync } from 'node:fs';
import { type LoadHookContext, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

interface Loaded {
  readonly format?: string | null | undefined;
  readonly source?: string | ArrayBuffer | Uint8Array | undefined;
}

let record: string | undefined;

/** `record` is a file for the paths of the TypeScript modules that are loaded, one a line. */
export function initialize(data: { readonly record: string | undefined }): void {
  record = data.record;
}

export async function load(
  url: string,
  context: LoadHookContext,
  next: (url: string, context: LoadHookContext) => Promise<Loaded>,
): Promise<Loaded> {
  const loaded = await next(url, context);
  if (loaded.format !== 'module-typescript') return loaded;
  if (record !== undefined) appendFileSync(record, `${fileURLToPath(url)}\n`);
  const code = new TextDecoder().decode(loaded.source as Uint8Array);
  return { ...loaded, format: 'module', source: stripTypeScriptTypes(code) };
}
