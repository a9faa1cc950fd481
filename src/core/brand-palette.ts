/**
 * The colours that follow from an accent, in the light and in the dark theme, so that text stays
 * readable on every ground that has it (WCAG 2.2, 1.4.3).
 */
import {
  type Colour,
  contrastOf,
  lightnessOf,
  mixed,
  parseColour,
  withLightness,
} from './colour.ts';

export type Theme = 'light' | 'dark';

/** The names of the style sheet. */
export interface AccentPalette {
  /** Links, icons, edges, and the ground of the main button. */
  readonly accent: Colour;
  /** The same under the pointer. */
  readonly accentStrong: Colour;
  /** A ground behind accent, ink and notes. */
  readonly accentSoft: Colour;
  /** Text on `accent` and `accentStrong`. */
  readonly onAccent: Colour;
}

export type BrandPalettes = { readonly [T in Theme]: AccentPalette };

/** Of text (WCAG 2.2, 1.4.3); what marks a control needs 3 (1.4.11), so it has enough. */
export const LEAST_CONTRAST = 4.5;

interface ThemeColours {
  /** What has accent-coloured text and edges on it: ground, surface and sunken of portal.css. */
  readonly grounds: readonly Colour[];
  /** What is written on the soft accent besides the accent: ink, muted and warn of portal.css. */
  readonly inks: readonly Colour[];
  /** Of the soft accent, which is a tint of it. */
  readonly surface: Colour;
  readonly softShare: number;
  /** Where the lightness of a readable accent lies, seen from the grounds. */
  readonly away: 'darker' | 'lighter';
  /** Of an accent that is derived from that of the other theme. */
  readonly comfortable: number;
}

const colours = (...texts: readonly string[]): Colour[] => texts.map(text => parseColour(text)!);

export const THEME_COLOURS: { readonly [T in Theme]: ThemeColours } = {
  light: {
    grounds: colours('#f3f6f7', '#ffffff', '#eef2f4'),
    inks: colours('#13232b', '#4c5f68', '#754700'),
    surface: parseColour('#ffffff')!,
    softShare: 0.12,
    away: 'darker',
    comfortable: 6,
  },
  dark: {
    grounds: colours('#0d1518', '#141f23', '#1a272c'),
    inks: colours('#e7eef0', '#a1b3ba', '#f2c878'),
    surface: parseColour('#141f23')!,
    softShare: 0.18,
    away: 'lighter',
    comfortable: 7.5,
  },
};

const WHITE = parseColour('#ffffff')!;
const BLACK = parseColour('#000000')!;
/** Of lightness: too small to be seen. */
const STEP = 0.005;
/** Between the accent and the accent under the pointer. */
const STRONGER = 0.09;
const INK_LIGHTNESS = 0.2;
const INK_CHROMA = 0.04;

/** The ground on which the accent is least readable, if text needs more than that. */
export function unreadableOn(
  accent: Colour,
  theme: Theme,
): { readonly ground: Colour; readonly contrast: number; readonly fix: Colour } | undefined {
  const { grounds } = THEME_COLOURS[theme];
  const [ground] = grounds.toSorted((a, b) => contrastOf(accent, a) - contrastOf(accent, b));
  const contrast = contrastOf(accent, ground!);
  if (contrast >= LEAST_CONTRAST) return undefined;
  return { ground: ground!, contrast, fix: readable(accent, theme, LEAST_CONTRAST) };
}

/**
 * The palettes of one accent or two. What is not given is derived in the same hue; an accent that
 * is given must be readable in its theme.
 */
export function palettesOf({
  light,
  dark,
}: {
  readonly light?: Colour | undefined;
  readonly dark?: Colour | undefined;
}): BrandPalettes | undefined {
  const given = light ?? dark;
  if (given === undefined) return undefined;
  const derived = (theme: Theme) => readable(given, theme, THEME_COLOURS[theme].comfortable);
  return {
    light: paletteOf(light ?? derived('light'), 'light'),
    dark: paletteOf(dark ?? derived('dark'), 'dark'),
  };
}

/** The nearest lightness in the same hue that has the contrast on every ground of the theme. */
function readable(colour: Colour, theme: Theme, contrast: number): Colour {
  const { grounds, away } = THEME_COLOURS[theme];
  const step = away === 'darker' ? -STEP : STEP;
  const start = clamped(lightnessOf(colour));
  for (let lightness = start; lightness >= 0 && lightness <= 1; lightness += step) {
    const candidate = withLightness(colour, lightness);
    if (grounds.every(ground => contrastOf(candidate, ground) >= contrast)) return candidate;
  }
  return away === 'darker' ? BLACK : WHITE;
}

function paletteOf(accent: Colour, theme: Theme): AccentPalette {
  const { away } = THEME_COLOURS[theme];
  const lightness = clamped(lightnessOf(accent) + (away === 'darker' ? -STRONGER : STRONGER));
  const tinted = withLightness(accent, INK_LIGHTNESS, INK_CHROMA);
  const ink = contrastOf(tinted, accent) >= LEAST_CONTRAST ? tinted : BLACK;
  return {
    accent,
    accentStrong: withLightness(accent, lightness),
    accentSoft: softOf(accent, theme),
    onAccent: away === 'darker' ? WHITE : ink,
  };
}

function clamped(lightness: number): number {
  return Math.min(Math.max(lightness, 0), 1);
}

/** As much of a tint as the texts on it allow. */
function softOf(accent: Colour, theme: Theme): Colour {
  const { surface, inks, softShare } = THEME_COLOURS[theme];
  for (let share = softShare; share > 0; share -= 0.01) {
    const soft = mixed(accent, surface, share);
    if ([accent, ...inks].every(ink => contrastOf(ink, soft) >= LEAST_CONTRAST)) return soft;
  }
  return surface;
}
