import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  LEAST_CONTRAST,
  palettesOf,
  THEME_COLOURS,
  type Theme,
  unreadableOn,
} from '../../src/core/brand-palette.ts';
import { type Colour, contrastOf, parseColour, withLightness } from '../../src/core/colour.ts';

const colour = (text: string): Colour => parseColour(text) ?? assert.fail(text);
const THEMES = ['light', 'dark'] as const satisfies readonly Theme[];

/** Hues all around, pale and strong, from black to white. */
const ALL: readonly Colour[] = [0, 51, 102, 153, 204, 255].flatMap(red =>
  [0, 51, 102, 153, 204, 255].flatMap(green =>
    [0, 51, 102, 153, 204, 255].map(blue =>
      colour(`#${[red, green, blue].map(byte => byte.toString(16).padStart(2, '0')).join('')}`),
    ),
  ),
);

function assertReadable(light: Colour | undefined, dark: Colour | undefined): void {
  const palettes = palettesOf({ light, dark });
  assert.ok(palettes);
  for (const theme of THEMES) {
    const { accent, accentStrong, accentSoft, onAccent } = palettes[theme];
    const { grounds, inks } = THEME_COLOURS[theme];
    const pairs: [Colour, Colour][] = [
      ...grounds.flatMap(ground => [accent, accentStrong].map(ink => [ink, ground] as never)),
      ...[accent, ...inks].map(ink => [ink, accentSoft] as never),
      ...[accent, accentStrong].map(ground => [onAccent, ground] as never),
    ];
    for (const [ink, ground] of pairs)
      assert.ok(
        contrastOf(ink, ground) >= LEAST_CONTRAST,
        `${light}, ${dark}: ${ink} on ${ground} in the ${theme}`,
      );
  }
}

describe('the palettes of an accent', () => {
  it('are readable for every accent that is accepted, whichever theme it is for', () => {
    for (const accent of ALL) {
      if (unreadableOn(accent, 'light') === undefined) assertReadable(accent, undefined);
      if (unreadableOn(accent, 'dark') === undefined) assertReadable(undefined, accent);
    }
  });

  it('keep both accents that are given', () => {
    const [light, dark] = [colour('#7a1fa2'), colour('#ffcc00')];
    const palettes = palettesOf({ light, dark });
    assert.deepEqual([palettes?.light.accent, palettes?.dark.accent], [light, dark]);
    assertReadable(light, dark);
  });

  it('are none without an accent', () => {
    assert.equal(palettesOf({}), undefined);
  });

  it('know the grounds and inks of the style sheet', () => {
    const css = readFileSync(new URL('../../views/assets/portal.css', import.meta.url), 'utf8');
    const [, light, dark] = css.split(/:root \{/);
    for (const [theme, block] of [
      ['light', light!],
      ['dark', dark!],
    ] as const) {
      const of = (name: string) => new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(block)?.[1];
      const { grounds, inks, surface } = THEME_COLOURS[theme];
      assert.deepEqual(['ground', 'surface', 'sunken'].map(of), grounds, theme);
      assert.deepEqual(['ink', 'muted', 'warn'].map(of), inks, theme);
      assert.equal(of('surface'), surface);
    }
  });
});

describe('an accent that is hard to read', () => {
  for (const theme of THEMES) {
    it(`comes with one that is not, in the ${theme}`, () => {
      let told = 0;
      for (const accent of ALL) {
        const unreadable = unreadableOn(accent, theme);
        if (unreadable === undefined) continue;
        told += 1;
        assert.ok(unreadable.contrast < LEAST_CONTRAST);
        assert.equal(unreadableOn(unreadable.fix, theme), undefined, `${accent}`);
      }
      assert.ok(told > 50, 'no accent was told');
    });
  }
});

describe('colours', () => {
  // The examples of the WCAG: #767676 is the lightest grey that text may have on white.
  for (const [one, other, contrast] of [
    ['#000000', '#ffffff', 21],
    ['#767676', '#ffffff', 4.54],
    ['#777777', '#ffffff', 4.48],
    ['#ffffff', '#ffffff', 1],
  ] as const)
    it(`${one} on ${other} have a contrast of ${contrast}`, () => {
      assert.equal(Number(contrastOf(colour(one), colour(other)).toFixed(2)), contrast);
    });

  it('have another lightness in the same hue', () => {
    // The lightness of the primaries by CSS Color 4.
    assert.equal(withLightness(colour('#ff0000'), 0.627_96), '#ff0000');
    assert.equal(withLightness(colour('#00ff00'), 0.866_44), '#00ff00');
    assert.equal(withLightness(colour('#0000ff'), 0.452_01), '#0000ff');
    assert.equal(withLightness(colour('#808080'), 1), '#ffffff');
  });

  it('are six hexadecimal digits and nothing else', () => {
    for (const text of ['#fff', 'red', '#12345g', '#0a646c;}', ' #0a646c', '#0a646cff', ''])
      assert.equal(parseColour(text), undefined, text);
    assert.equal(parseColour('#0A646C'), '#0a646c');
  });
});
