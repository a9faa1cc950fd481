/** Kinds of values of the brand: accent colours and links. */
import { LEAST_CONTRAST, type Theme, unreadableOn } from '../core/brand-palette.ts';
import { type Colour, parseColour } from '../core/colour.ts';
import { isMailAddress } from '../core/mail-address.ts';
import { urlProblem } from './network-values.ts';
import { type Problem, quoted } from './problems.ts';
import { word } from './values.ts';

const DIRECTION: { readonly [T in Theme]: string } = { light: 'darker', dark: 'lighter' };

/** A colour in which text is readable on every ground of its theme. */
export const accentColour = (theme: Theme) =>
  word('colour, `"#rrggbb"`', value => {
    const colour = parseColour(value);
    if (colour === undefined)
      return {
        message: `${quoted(value)} is not a colour.`,
        fix: 'Write # and six hexadecimal digits in quotes, such as "#0a646c".',
      };
    const unreadable = unreadableOn(colour, theme);
    if (unreadable === undefined) return undefined;
    const { ground, contrast, fix } = unreadable;
    return {
      message: `"${colour}" has a contrast of ${roundedDown(contrast)}:1 on ${ground}, a ground of the ${theme} theme; text needs ${LEAST_CONTRAST}:1.`,
      fix: `Write "${fix}", the same hue ${DIRECTION[theme]}, or a ${DIRECTION[theme]} colour.`,
    };
  }).transform(value => parseColour(value) as Colour);

/** 4.49 must not be shown as 4.5. */
function roundedDown(contrast: number): string {
  return (Math.floor(contrast * 100) / 100).toFixed(2);
}

/** A page: https, or http on loopback; unlike other URLs it can have a fragment. */
function pageProblem(value: string): Problem | undefined {
  const [page = '', ...fragments] = value.split('#');
  if (fragments.length <= 1 && /^[\w%!$&'()*+,;=:@/?.~-]*$/.test(fragments[0] ?? ''))
    return urlProblem(page);
  return {
    message: 'has a fragment with characters that no URL has.',
    fix: 'Write the address as a browser shows it after a visit.',
  };
}

/** Headers of a mail are one line of visible ASCII. */
const MAIL_HEADERS = /^(?:\?subject=[\w%.~!*'()-]{1,300})?$/;

function contactProblem(value: string): Problem | undefined {
  if (!/^mailto:/i.test(value)) return pageProblem(value);
  const [, address = '', headers = ''] = /^mailto:([^?]*)(.*)$/is.exec(value) ?? [];
  if (isMailAddress(address) && MAIL_HEADERS.test(headers)) return undefined;
  return {
    message: 'is not a mailto address of one mailbox.',
    fix: 'Write mailto:desk@example.com, with ?subject=... (percent-encoded) if you want one.',
  };
}

export const pageLink = () => word('URL', pageProblem);

export const contactLink = () => word('URL, or `mailto:`', contactProblem);
