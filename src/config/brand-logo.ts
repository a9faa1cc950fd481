/** Reads the logo that the configuration names. The bytes that were checked are those served. */
import type { BrandLogo } from '../core/brand.ts';
import { readSmallBytes, UnreadableFile } from './files.ts';
import { permissionProblems } from './permissions.ts';
import { isPng, readPng } from './png-logo.ts';
import type { Path, Problem, ProblemAt } from './problems.ts';
import { absolutePath } from './reference-places.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import { readSvg } from './svg-logo.ts';
import { UnusableLogo, unusable } from './unusable-logo.ts';

const MAX_BYTES = 64 * 1024;
const WIDEST = 6;
const HIGHEST = 2;
const PATH: Path = ['brand', 'logo', 'file'];

export interface ResolvedLogo {
  readonly logo?: BrandLogo | undefined;
  readonly problems: readonly ProblemAt[];
}

/** Reads and checks the logo; without one, there is no problem. */
export async function resolveLogo(
  { brand }: Readable<Document>,
  directory: string,
): Promise<ResolvedLogo> {
  const file = brand?.logo?.file;
  if (file === undefined) return { problems: [] };
  const name = absolutePath(file, directory);
  const at = (problems: readonly Problem[]) =>
    problems.map(problem => ({ path: PATH, ...problem }));
  const of = (problems: readonly Problem[]) =>
    at(problems.map(({ message, fix }) => ({ message: `the file ${name} ${message}.`, fix })));
  try {
    const { bytes, ...facts } = await readSmallBytes(name, MAX_BYTES);
    const rules = { secret: false, self: process.getuid?.() };
    return { logo: logoOf(bytes), problems: at(permissionProblems(name, facts, rules)) };
  } catch (cause) {
    if (cause instanceof UnusableLogo) return { problems: of(cause.problems) };
    if (!(cause instanceof UnreadableFile)) throw cause;
    const fix = 'Correct the path, which is relative to this file, or the file.';
    return { problems: of([{ message: cause.message, fix }]) };
  }
}

function logoOf(bytes: Buffer): BrandLogo {
  const logo = isPng(bytes) ? readPng(bytes) : readSvg(bytes);
  if (logo.ratio <= WIDEST && logo.ratio >= 1 / HIGHEST) return logo;
  throw unusable(
    'is too wide or too high for the header of a page',
    `Crop it: at most ${WIDEST} times as wide as high, and ${HIGHEST} times as high as wide.`,
  );
}
