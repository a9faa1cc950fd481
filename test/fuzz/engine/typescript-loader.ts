/**
 * Gives the loader of Jazzer.js JavaScript: it instruments modules, and to Node.js a TypeScript
 * file is none before its types are stripped. Lines and columns stay.
 */
import { type LoadHookContext, stripTypeScriptTypes } from 'node:module';

interface Loaded {
  readonly format?: string | null | undefined;
  readonly source?: string | ArrayBuffer | Uint8Array | undefined;
}

export async function load(
  url: string,
  context: LoadHookContext,
  next: (url: string, context: LoadHookContext) => Promise<Loaded>,
): Promise<Loaded> {
  const loaded = await next(url, context);
  if (loaded.format !== 'module-typescript') return loaded;
  const code = new TextDecoder().decode(loaded.source as Uint8Array);
  return { ...loaded, format: 'module', source: stripTypeScriptTypes(code) };
}
