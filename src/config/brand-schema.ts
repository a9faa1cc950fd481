/** The grammar of `brand`: what an operator can change of the look of the pages. */
import { z } from 'zod';
import { PRODUCT_NAME } from '../core/brand.ts';
import { accentColour, contactLink, pageLink } from './brand-values.ts';
import { filePath } from './reference-values.ts';
import { text } from './values.ts';

const logo = z.strictObject({
  file: filePath().meta({
    description: 'An SVG without scripts, styles that load, or references outside; or a PNG.',
    example: 'brand/logo.svg',
  }),
});

const bannerLink = z.strictObject({
  text: text(60).describe('The text of the link.'),
  url: pageLink().describe('The address of the link.'),
});

const banner = z.strictObject({
  text: text(300).describe('The text, without markup.'),
  link: bannerLink.optional().describe('One link after the text.'),
});

const support = z.strictObject({
  text: text(60).prefault('Support').describe('The text of the link.'),
  url: contactLink().describe('A page, or a mailbox.'),
});

export const brand = z.strictObject({
  name: text(40)
    .prefault(PRODUCT_NAME)
    .describe(
      'The name in the header, titles and mails. The client and protocols stay `rolebridge`.',
    ),
  logo: logo
    .optional()
    .describe(
      'Shown beside the name, and as the icon of the tab if it is about square. At most 64 kB and six times as wide as high. Read at the start and at a reload.',
    ),
  accent: accentColour('light').optional().meta({
    description:
      'The colour of links, buttons and edges in the light theme. `check` rejects one in which text is hard to read, and names the nearest one that is not.',
    example: '"#0a646c"',
    default: 'derived from `accentDark`, or the colours of the product',
  }),
  accentDark: accentColour('dark').optional().meta({
    description: 'The same for the dark theme.',
    example: '"#6fcfca"',
    default: 'derived from `accent`, or the colours of the product',
  }),
  banner: banner.optional().describe('A message above every page, such as a maintenance notice.'),
  support: support
    .optional()
    .describe('Who helps when something fails: a link in the footer and on error pages.'),
});
