/** Builds the brand from its checked section. */
import type { Brand, BrandLogo } from '../core/brand.ts';
import { palettesOf } from '../core/brand-palette.ts';
import type { Document } from './schema.ts';

export function brandOf(
  { name, accent, accentDark, banner, support }: Document['brand'],
  logo: BrandLogo | undefined,
): Brand {
  return {
    ...{ name, logo, banner, support },
    palettes: palettesOf({ light: accent, dark: accentDark }),
  };
}
