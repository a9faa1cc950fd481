/**
 * SVG as a logo, read strictly: only elements and attributes that draw, and nothing that runs,
 * loads, or refers to anything outside (SVG 2; the restrictions of its secure static mode, as a
 * property of the file itself).
 *
 * The text is served as it was read, so what a browser parses is what was checked.
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import type { BrandLogo } from '../core/brand.ts';
import { decodeText } from './files.ts';
import { type Problem, quoted } from './problems.ts';
import { svgStyleFault } from './svg-style.ts';
import { UnusableLogo, unusable } from './unusable-logo.ts';

const SVG = 'http://www.w3.org/2000/svg';
const XLINK = 'http://www.w3.org/1999/xlink';
const XML = 'http://www.w3.org/XML/1998/namespace';
const XMLNS = 'http://www.w3.org/2000/xmlns/';

const MAX_ELEMENTS = 2_000;
const MAX_DEPTH = 50;
/** Each repeats what it refers to, so that nested ones multiply. */
const MAX_USES = 16;
/** Problems reported for one file. */
const MAX_PROBLEMS = 5;

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const ELEMENTS = words(
  `g defs title desc style path rect circle ellipse line polyline polygon text tspan symbol use
  clipPath mask linearGradient radialGradient stop`,
);
const ATTRIBUTES = words(
  `id class style version role aria-label aria-hidden aria-labelledby focusable data-name type media
  x y x1 y1 x2 y2 dx dy d points pathLength width height viewBox preserveAspectRatio transform
  r rx ry cx cy fx fy fr offset gradientUnits gradientTransform spreadMethod clipPathUnits maskUnits
  maskContentUnits fill fill-rule fill-opacity stroke stroke-width stroke-linecap stroke-linejoin
  stroke-miterlimit stroke-dasharray stroke-dashoffset stroke-opacity opacity color display
  visibility overflow vector-effect paint-order shape-rendering text-rendering clip-path clip-rule
  mask mask-type stop-color stop-opacity font-family font-size font-weight font-style text-anchor
  dominant-baseline letter-spacing isolation mix-blend-mode enable-background baseProfile`,
);
/** Names and descriptions: their values are text and nothing else. */
const TEXTS = words('id class role aria-label aria-labelledby data-name');

const SIMPLIFY = 'Remove it, or export the logo as plain or optimized SVG (SVGO does).';

/** Throws `UnusableLogo`, or `UnreadableFile` for bytes that are not UTF-8. */
export function readSvg(bytes: Buffer): BrandLogo {
  const text = decodeText(bytes);
  if (!/^\s*</.test(text))
    throw unusable('is neither SVG nor PNG', 'Convert the logo to one of them.');
  const reading = read(text);
  if (reading.problems.length > 0) throw new UnusableLogo(reading.problems);
  if (reading.ratio === undefined)
    throw unusable(
      'has no size',
      'Add viewBox="0 0 WIDTH HEIGHT" to its svg element, with the size of the drawing.',
    );
  return { contentType: 'image/svg+xml', content: Buffer.from(text), ratio: reading.ratio };
}

interface Reading {
  readonly problems: Problem[];
  ratio: number | undefined;
}

/** What was read so far. */
interface Progress extends Reading {
  readonly line: () => number;
  readonly open: string[];
  elements: number;
  uses: number;
  /** Of the style element that is being read; comments split it, and browsers join it. */
  style: string;
}

function read(text: string): Reading {
  const parser = new SaxesParser({ xmlns: true });
  const progress: Progress = {
    ...{ problems: [], ratio: undefined, open: [], elements: 0, uses: 0, style: '' },
    line: () => parser.line,
  };
  refuseMarkup(parser, progress);
  parser.on('opentag', tag => lookAtElement(tag, progress));
  parser.on('text', part => {
    if (progress.open.at(-1) === 'style') progress.style += part;
  });
  parser.on('closetag', () => {
    if (progress.open.pop() === 'style') lookAtStyle(progress);
  });
  try {
    parser.write(text).close();
  } catch (cause) {
    if (cause instanceof UnusableLogo) throw cause;
    tell(progress, 'is not well-formed XML', 'Export the logo again.');
  }
  return progress;
}

function refuseMarkup(parser: SaxesParser<{ readonly xmlns: true }>, progress: Progress): void {
  const refuse = (what: string) => () => tell(progress, `contains ${what}`, 'Remove it.');
  parser.on('doctype', refuse('a DOCTYPE'));
  parser.on('processinginstruction', refuse('a processing instruction'));
  parser.on('cdata', refuse('a CDATA section'));
  parser.on('xmldecl', ({ version, encoding }) => {
    if (version !== '1.0' || (encoding !== undefined && !/^utf-8$/i.test(encoding)))
      tell(progress, 'is not declared as XML 1.0 in UTF-8', 'Save it as UTF-8.');
  });
}

function tell({ problems, line }: Progress, what: string, fix: string): void {
  if (problems.length === MAX_PROBLEMS) throw new UnusableLogo(problems);
  problems.push({ message: `${what} (line ${line()})`, fix });
}

function lookAtElement(tag: SaxesTagNS, progress: Progress): void {
  const isRoot = progress.elements === 0;
  const isKnown = tag.uri === SVG && (isRoot ? tag.local === 'svg' : ELEMENTS.has(tag.local));
  progress.elements += 1;
  progress.open.push(tag.local);
  if (isRoot && !isKnown)
    throw unusable('is XML but not SVG', `Its first element must be svg with xmlns="${SVG}".`);
  if (progress.elements > MAX_ELEMENTS || progress.open.length > MAX_DEPTH)
    throw unusable(
      `has more than ${MAX_ELEMENTS} elements, or is nested deeper than ${MAX_DEPTH}`,
      'Use a simpler drawing, or a PNG.',
    );
  if (!isKnown)
    tell(progress, `contains ${quoted(`<${tag.name}>`)}, which a logo must not contain`, SIMPLIFY);
  if (tag.local === 'use') progress.uses += 1;
  if (progress.uses > MAX_USES)
    throw unusable(`contains more than ${MAX_USES} <use>`, 'Draw the shapes in their places.');
  for (const { uri, local, name, value } of Object.values(tag.attributes)) {
    if (uri === XMLNS) continue;
    const fault = attributeFault({ uri, local, value });
    if (fault !== undefined)
      tell(progress, `contains the attribute ${quoted(name)}${fault}`, SIMPLIFY);
  }
  if (isRoot) progress.ratio = ratioOf(tag);
}

function attributeFault({
  uri,
  local,
  value,
}: {
  readonly uri: string;
  readonly local: string;
  readonly value: string;
}): string | undefined {
  if (local === 'href' && (uri === '' || uri === XLINK))
    return /^#[\w.:-]+$/.test(value) ? undefined : ', which leads out of the file';
  if (uri === XML && (local === 'space' || local === 'lang')) return undefined;
  if (uri !== '' || !ATTRIBUTES.has(local)) return ', which a logo must not contain';
  return TEXTS.has(local) ? undefined : svgStyleFault(value);
}

function lookAtStyle(progress: Progress): void {
  const fault = svgStyleFault(progress.style);
  progress.style = '';
  if (fault !== undefined) tell(progress, `contains a style${fault}`, SIMPLIFY);
}

/** By `viewBox`, or else by `width` and `height` in pixels. */
function ratioOf({ attributes }: SaxesTagNS): number | undefined {
  const viewBox =
    attributes.viewBox?.value
      .trim()
      .split(/[\s,]+/)
      .map(Number) ?? [];
  const sides =
    viewBox.length === 4
      ? viewBox.slice(2)
      : [attributes.width, attributes.height].map(side =>
          /^[\d.]+(?:px)?$/.test(side?.value ?? '') ? Number.parseFloat(side!.value) : Number.NaN,
        );
  const ratio = sides[0]! / sides[1]!;
  return ratio > 0 && Number.isFinite(ratio) && sides[0]! > 0 ? ratio : undefined;
}
