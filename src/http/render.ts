/**
 * Pages from models, and the static files that the pages need.
 *
 * Owns: compiling `views/` once at start (what is missing or broken stops the start, not a user's
 * request), escaping, and which addresses may stand in a link. Does not own: what a page says (its
 * model does), the files of `views/assets/` (static-files), security headers, caching of pages.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Eta } from 'eta/core';
import { type Brand, PRODUCT_NAME } from '../core/brand.ts';
import { BridgeError } from '../core/errors.ts';
import { type BrandFrame, brandFrame } from './brand.ts';
import { type Asset, readStaticFiles } from './static-files.ts';
import type { Views } from './views.ts';

export interface RendererOptions {
  /** The absolute path of `views/`. */
  readonly directory: string;
  /** https, http or mailto: linked from every page as the way to the administrators. */
  readonly helpUrl?: string | undefined;
  readonly brand?: Brand | undefined;
}

export interface Renderer {
  /** The whole page. Throws `internal` when the model lacks something that the view prints. */
  render<K extends keyof Views>(view: K, model: Views[K]): string;
  /** The static file at `/assets/<name>.<hash>.<type>`; undefined for any other path. */
  asset(path: string): Asset | undefined;
}

/** What every view can use in addition to its model. */
interface Site {
  readonly helpUrl: string | undefined;
  readonly brand: BrandFrame;
  asset(name: string): string;
  link(address: string): string;
  ownPath(address: string): string;
  instant(text: string): Instant | undefined;
}

interface Instant {
  readonly datetime: string;
  /** `2026-11-20 18:12 UTC` */
  readonly words: string;
  /** `18:12`, in UTC. */
  readonly clock: string;
}

const TEMPLATES = {
  'sign-in': '@sign-in',
  'sign-in-test': '@sign-in-test',
  'sign-in-tested': '@sign-in-tested',
  roles: '@roles',
  'no-roles': '@no-roles',
  'console-request': '@console-request',
  go: '@go',
  'go-choice': '@go-choice',
  'go-none': '@go-none',
  'credentials-request': '@credentials-request',
  credentials: '@credentials',
  refusal: '@refusal',
  leaving: '@leaving',
  'provider-form': '@provider-form',
  'step-up': '@step-up',
  'stepped-up': '@stepped-up',
  repost: '@repost',
  'signed-out': '@signed-out',
  'device-code': '@device-code',
  'cli-confirm': '@cli-confirm',
  'cli-decided': '@cli-decided',
  'application-consent': '@application-consent',
  sessions: '@sessions',
  'aws-config': '@aws-config',
  elevations: '@elevations',
  'elevation-choice': '@elevation-choice',
  'elevation-request': '@elevation-request',
  elevation: '@elevation',
} as const satisfies Record<keyof Views, string>;

/**
 * Reads and compiles everything under `directory`. Throws an Error that names the file at fault.
 */
export function createRenderer({
  directory,
  helpUrl,
  brand = { name: PRODUCT_NAME },
}: RendererOptions): Renderer {
  if (helpUrl !== undefined && safeLink(helpUrl) !== helpUrl)
    throw new Error('helpUrl is not an https, http or mailto address');
  const { asset, at } = readStaticFiles(join(directory, 'assets'), brand);
  const eta = compileTemplates(directory, asset);
  const frame = brandFrame(brand, asset);
  const site: Site = { helpUrl, brand: frame, asset, link: safeLink, ownPath, instant };
  return {
    render: (view, model) => {
      try {
        return eta.render(TEMPLATES[view], { model, site });
      } catch (cause) {
        throw cause instanceof BridgeError
          ? cause
          : new BridgeError('internal', `the view ${view} cannot be rendered`, { cause });
      }
    },
    asset: at,
  };
}

// ---------------------------------------------------------------- templates

/**
 * The references of one template to another, and to an asset; both must exist before anybody asks
 * for the page.
 */
const TEMPLATE_REFERENCE = /\b(?:include|layout)\(\s*'([^']*)'/g;
const ASSET_REFERENCE = /\bsite\.asset\(\s*'([^']*)'/g;

function compileTemplates(directory: string, asset: (name: string) => string): Eta {
  const { escapeFunction } = new Eta().config;
  const eta = new Eta({
    functionHeader: 'const { model, site } = it;',
    escapeFunction: value => {
      // A view that would print "undefined" has a hole in its model.
      if (typeof value !== 'string' && typeof value !== 'number')
        throw new TypeError(`a view printed ${typeof value}`);
      return escapeFunction(value);
    },
  });
  const sources = new Map(
    templateFiles(directory).map(path => [
      `@${basename(path, '.eta')}`,
      { path, text: readFileSync(path, 'utf8').trimEnd() },
    ]),
  );
  for (const name of Object.values(TEMPLATES)) {
    if (!sources.has(name))
      throw new Error(`the view ${join(directory, `${name.slice(1)}.eta`)} is missing`);
  }
  for (const [name, { path, text }] of sources) {
    try {
      for (const [, reference] of text.matchAll(TEMPLATE_REFERENCE)) {
        if (!sources.has(reference!))
          throw new Error(`it refers to the missing template ${reference}`);
      }
      for (const [, reference] of text.matchAll(ASSET_REFERENCE)) asset(reference!);
      eta.loadTemplate(name, text);
    } catch (cause) {
      throw new Error(
        `the template ${path} is broken: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  }
  return eta;
}

function templateFiles(directory: string): string[] {
  return [directory, join(directory, 'partials')].flatMap(folder =>
    readdirSync(folder)
      .filter(name => name.endsWith('.eta'))
      .map(name => join(folder, name)),
  );
}

// ---------------------------------------------------------------- what a view may print into an
// attribute

const OWN_ORIGIN = 'https://own.invalid';

/**
 * A path of this site, or an https, http or mailto address; anything else (`javascript:`) becomes
 * the start page.
 */
function safeLink(address: string): string {
  if (isOwnPath(address)) return address;
  const protocol = URL.parse(address)?.protocol;
  return protocol === 'https:' || protocol === 'http:' || protocol === 'mailto:' ? address : '/';
}

/** Where a form may post to. Throws `internal` for another site: a form carries secrets. */
function ownPath(address: string): string {
  if (!isOwnPath(address))
    throw new BridgeError('internal', 'a form of the portal would leave the site');
  return address;
}

/**
 * `//host` and `/\host` start like a path and name another site; the URL parser knows all such
 * spellings.
 */
function isOwnPath(address: string): boolean {
  return address.startsWith('/') && URL.parse(address, OWN_ORIGIN)?.origin === OWN_ORIGIN;
}

/**
 * An ISO 8601 instant for a `time` element; the words are UTC, a script turns them into the
 * reader's own time.
 */
function instant(text: string): Instant | undefined {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d{1,9})?)?Z$/.exec(text);
  if (match === null) return undefined;
  const [, date, time] = match;
  return { datetime: text, words: `${date} ${time} UTC`, clock: time! };
}
