/** What an operator can change of the look of the pages. It does not affect access. */
import type { BrandPalettes } from './brand-palette.ts';

/** The name where none is configured. */
export const PRODUCT_NAME = 'rolebridge';

/** An image that was checked: drawing alone, and nothing that runs or loads. */
export interface BrandLogo {
  readonly contentType: 'image/svg+xml' | 'image/png';
  readonly content: Uint8Array;
  /** Width by height. */
  readonly ratio: number;
}

export interface BrandLink {
  readonly text: string;
  /** https, http on loopback, or for support also mailto. */
  readonly url: string;
}

export interface Brand {
  readonly name: string;
  readonly logo?: BrandLogo | undefined;
  /** Undefined for the colours of the product. */
  readonly palettes?: BrandPalettes | undefined;
  /** Plain text above every page. */
  readonly banner?: { readonly text: string; readonly link?: BrandLink | undefined } | undefined;
  /** Who helps when something fails. */
  readonly support?: BrandLink | undefined;
}
