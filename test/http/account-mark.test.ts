import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ACCOUNT_COLORS, type AccountDetails } from '../../src/core/account-details.ts';
import { type AccountMark, accountMark } from '../../src/http/account-mark.ts';

describe('the mark of an account', () => {
  const marks: readonly (readonly [
    what: string,
    details: AccountDetails | undefined,
    mark: AccountMark | undefined,
  ])[] = [
    ['is missing without details', undefined, undefined],
    ['is missing without environment and colour', { owner: 'Payments' }, undefined],
    [
      'of production is red by default',
      { environment: 'production' },
      { word: 'Production', tone: 'production tone-red' },
    ],
    [
      'of production keeps its word and edge in any colour',
      { environment: 'production', color: 'green' },
      { word: 'Production', tone: 'production tone-green' },
    ],
    [
      'of another environment is grey by default',
      { environment: 'sandbox' },
      { word: 'Sandbox', tone: 'tone-grey' },
    ],
    ['has no word for a colour alone', { color: 'blue' }, { word: undefined, tone: 'tone-blue' }],
  ];
  for (const [what, details, mark] of marks)
    it(what, () => assert.deepEqual(accountMark({ details }), mark));
});

const css = ['portal', 'parts']
  .map(name => readFileSync(new URL(`../../views/assets/${name}.css`, import.meta.url), 'utf8'))
  .join('\n');

/** The values of a custom property below a selector: for light, then for dark. */
function valuesOf(selector: string, property: string): string[] {
  const block = new RegExp(`${selector.replaceAll('.', '\\.')} \\{([^}]*)\\}`, 'g');
  return [...css.matchAll(block)].flatMap(
    ([, body]) => new RegExp(`${property}: (#[0-9a-f]{6});`).exec(body!)?.[1] ?? [],
  );
}

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map(at => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map(part => (part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** `color-mix(in srgb, tone 10%, surface)`, the ground of a word. */
function softGround(tone: string, surface: string): string {
  const mixed = [1, 3, 5].map(at => {
    const [of, on] = [tone, surface].map(each => Number.parseInt(each.slice(at, at + 2), 16));
    return Math.round(of! * 0.1 + on! * 0.9);
  });
  return `#${mixed.map(part => part.toString(16).padStart(2, '0')).join('')}`;
}

describe('the palette of accounts', () => {
  const grounds = ['--surface', '--sunken', '--ground'].map(name => valuesOf(':root', name));
  for (const color of ACCOUNT_COLORS) {
    for (const [index, scheme] of ['light', 'dark'].entries()) {
      it(`${color} is legible as text and visible as an edge, ${scheme}`, () => {
        const tone = valuesOf(`.tone-${color}`, '--tone')[index]!;
        const [surface, sunken, ground] = grounds.map(values => values[index]!);
        for (const behind of [surface!, softGround(tone, surface!)])
          assert.ok(contrast(tone, behind) >= 4.5, `${tone} on ${behind}`);
        for (const behind of [surface!, sunken!, ground!])
          assert.ok(contrast(tone, behind) >= 3, `${tone} beside ${behind}`);
      });
    }
  }
});
