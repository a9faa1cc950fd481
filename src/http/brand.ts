/** The brand as pages need it: files served like the static ones, and what the frame says. */
import type { Brand, BrandLink } from '../core/brand.ts';
import type { AccentPalette } from '../core/brand-palette.ts';
import { mixed, parseColour } from '../core/colour.ts';

/** A file to serve under a content-hashed address. */
export interface BrandFile {
  readonly name: string;
  readonly content: Buffer;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What every page can say of the brand. */
export interface BrandFrame {
  readonly name: string;
  readonly logo: { readonly href: string; readonly width: number; readonly height: number };
  readonly icon: { readonly href: string; readonly type: string };
  readonly banner?: { readonly text: string; readonly link?: BrandLink | undefined } | undefined;
  readonly support?: BrandLink | undefined;
}

/** In CSS pixels, as portal.css has it. */
const LOGO_HEIGHT = 28;
/** Of width by height; a wider one cannot be read at the size of an icon. */
const WIDEST_ICON = 1.5;
/** The mark of the product, and the colours in it that follow the accent. */
export const MARK = 'mark.svg';
const MARK_GROUND = '#0a646c';
const MARK_LINES = '#9be3dd';
const WHITE = parseColour('#ffffff')!;
const LINES_SHARE = 0.4;

/** Whatever an operator's image contains: opened alone, it runs nothing and loads nothing. */
const LOGO_HEADERS = { 'Content-Security-Policy': "default-src 'none'; sandbox" };

/** Rules that follow every other one: the accent in the light and in the dark theme. */
export function brandStyles({ palettes }: Brand): string {
  if (palettes === undefined) return '';
  const { light, dark } = palettes;
  return `:root{${accents(light)}}@media (prefers-color-scheme:dark){:root{${accents(dark)}}}`;
}

function accents({ accent, accentStrong, accentSoft, onAccent }: AccentPalette): string {
  return [
    ...[`--accent:${accent}`, `--accent-strong:${accentStrong}`],
    ...[`--accent-soft:${accentSoft}`, `--on-accent:${onAccent}`],
  ].join(';');
}

/** The files of the brand; each replaces a static file of the same name. */
export function brandFiles(brand: Brand, mark: Buffer): readonly BrandFile[] {
  const { logo, palettes } = brand;
  const files: BrandFile[] = [];
  if (logo !== undefined)
    files.push({ name: logoName(logo), content: Buffer.from(logo.content), headers: LOGO_HEADERS });
  if (palettes !== undefined) {
    const { accent } = palettes.light;
    const drawing = mark
      .toString()
      .replaceAll(MARK_GROUND, accent)
      .replaceAll(MARK_LINES, mixed(accent, WHITE, LINES_SHARE));
    files.push({ name: MARK, content: Buffer.from(drawing) });
  }
  return files;
}

function logoName({ contentType }: NonNullable<Brand['logo']>): string {
  return contentType === 'image/png' ? 'logo.png' : 'logo.svg';
}

/** `addressOf` gives the address of a file by its name. */
export function brandFrame(brand: Brand, addressOf: (name: string) => string): BrandFrame {
  const { name, logo, banner, support } = brand;
  const mark = { href: addressOf(MARK), type: 'image/svg+xml' };
  const own = logo && { href: addressOf(logoName(logo)), type: logo.contentType };
  const isIcon = logo !== undefined && logo.ratio <= WIDEST_ICON && logo.ratio >= 1 / WIDEST_ICON;
  return {
    ...{ name, banner, support },
    logo: {
      href: (own ?? mark).href,
      width: Math.round(LOGO_HEIGHT * (logo?.ratio ?? 1)),
      height: LOGO_HEIGHT,
    },
    icon: isIcon ? own! : mark,
  };
}
