/**
 * The static files of the pages: those of `views/assets/` and of the brand, under addresses that
 * change with the content, so that browsers keep them for good. All style sheets are one file: each
 * further one is a request before the first paint.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { Brand } from '../core/brand.ts';
import { type BrandFile, brandFiles, brandStyles, MARK } from './brand.ts';
import { type Compress, onceEach } from './compression.ts';

export interface Asset {
  readonly contentType: string;
  readonly content: Buffer;
  /** In addition to those of every asset. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Compresses the content, by the first request that accepts an encoding. */
  readonly compress: Compress | undefined;
}

export interface StaticFiles {
  /** The address of a file by its name, `styles.css` for all style sheets. Throws an Error. */
  asset(name: string): string;
  /** The file at this path; undefined if there is none. */
  at(path: string): Asset | undefined;
}

/** In the order of the joined file: later rules win, and those of the brand come last. */
const STYLE_SHEETS = [
  'portal.css',
  'parts.css',
  'roles.css',
  'pages.css',
  'terminals.css',
  'elevations.css',
  'go.css',
] as const;

const TYPES: Readonly<Record<string, { readonly type: string; readonly isText: boolean }>> = {
  '.css': { type: 'text/css; charset=utf-8', isText: true },
  '.js': { type: 'text/javascript; charset=utf-8', isText: true },
  '.svg': { type: 'image/svg+xml', isText: true },
  '.png': { type: 'image/png', isText: false },
};

/** Reads the files of `directory`. Throws an Error that names the file at fault. */
export function readStaticFiles(directory: string, brand: Brand): StaticFiles {
  const files = new Map(
    readdirSync(directory).map(name => [name, readFileSync(join(directory, name))]),
  );
  for (const name of files.keys()) checkName(name, directory);
  const byName = new Map<string, NamedAsset>();
  const asset: StaticFiles['asset'] = name => {
    const found = byName.get(name);
    if (found === undefined) throw new Error(`there is no asset ${name} in ${directory}`);
    return found.url;
  };
  const put = (file: BrandFile): unknown => byName.set(file.name, assetOf(file));
  for (const [name, content] of files) if (!isStyleSheet(name)) put({ name, content });
  for (const file of brandFiles(brand, files.get(MARK) ?? Buffer.alloc(0))) put(file);
  const css = STYLE_SHEETS.map(name => textOf(files.get(name), join(directory, name)));
  const joined = linked([...css, brandStyles(brand)].join(''), asset);
  put({ name: 'styles.css', content: Buffer.from(joined) });
  const byUrl = new Map([...byName.values()].map(found => [found.url, found]));
  return { asset, at: path => byUrl.get(path) };
}

interface NamedAsset extends Asset {
  readonly url: string;
}

function assetOf({ name, content, headers }: BrandFile): NamedAsset {
  const extension = extname(name);
  const { type, isText } = TYPES[extension]!;
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  return {
    url: `/assets/${basename(name, extension)}.${hash}${extension}`,
    contentType: type,
    ...{ content, headers },
    compress: isText ? onceEach() : undefined,
  };
}

/** `url('clock.svg')` in a style sheet is the address of that file. */
function linked(css: string, asset: (name: string) => string): string {
  return css.replaceAll(/\burl\('([^']*)'\)/g, (_match, name: string) => `url('${asset(name)}')`);
}

function textOf(content: Buffer | undefined, path: string): string {
  if (content === undefined) throw new Error(`the style sheet ${path} is missing`);
  return content.toString();
}

function isStyleSheet(name: string): boolean {
  return extname(name) === '.css';
}

function checkName(name: string, directory: string): void {
  if (TYPES[extname(name)] === undefined)
    throw new Error(
      `${join(directory, name)} is no asset: only ${Object.keys(TYPES).join(', ')} are served`,
    );
  if (isStyleSheet(name) && !(STYLE_SHEETS as readonly string[]).includes(name))
    throw new Error(`${join(directory, name)} is not in the list of style sheets`);
}
