/**
 * The files of SAML metadata that the configuration names: whether the bridge can read them, and
 * what it says of their content, which only the connector can judge.
 */
import { MOST_AGGREGATE_BYTES } from '../core/provider-facts.ts';
import { readSmallBytes, UnreadableFile } from './files.ts';
import { permissionProblems } from './permissions.ts';
import type { Path, Problem, ProblemAt } from './problems.ts';
import { absolutePath } from './reference-places.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';

/**
 * Judges metadata as a running bridge does. Messages of problems are clauses after "the file NAME".
 */
export type JudgeMetadata = (
  bytes: Uint8Array,
  entityId: string | undefined,
) => Promise<readonly Problem[]>;

interface Surroundings {
  /** Relative paths begin here. */
  readonly directory: string;
  /** Without it, the check is only whether the files can be read. */
  readonly judge?: JudgeMetadata | undefined;
}

/** The limit of the connector in characters, which have at least one byte, in UTF-16 two. */
const MAX_BYTES = 2_000_000;
const MAX_WIDE_BYTES = 2 * MAX_BYTES;

export async function metadataProblems(
  { connectors = [] }: Readable<Document>,
  surroundings: Surroundings,
): Promise<readonly ProblemAt[]> {
  const found = connectors.map(async (connector, index) => {
    const { file, entityId } = connector?.saml?.metadata ?? {};
    if (file === undefined) return [];
    const path: Path = ['connectors', index, 'saml', 'metadata', 'file'];
    const problems = await problemsOf({ file, entityId }, surroundings);
    return problems.map(problem => ({ path, ...problem }));
  });
  return (await Promise.all(found)).flat();
}

const TOO_LARGE: Problem = {
  message: `is larger than ${MAX_BYTES} bytes`,
  fix: 'If it describes several identity providers, choose one with saml.metadata.entityId.',
};

/** UTF-16, with a byte order mark or without. */
function isWide([first = 1, second = 1]: Uint8Array): boolean {
  return first + second === 0xff + 0xfe || first * second === 0;
}

interface NamedFile {
  readonly file: string;
  readonly entityId: string | undefined;
}

async function problemsOf(
  { file, entityId }: NamedFile,
  { directory, judge }: Surroundings,
): Promise<readonly Problem[]> {
  const name = absolutePath(file, directory);
  const told = (problem: Problem): Problem => ({
    ...problem,
    message: `the file ${name} ${problem.message}.`,
  });
  try {
    const maxBytes = entityId === undefined ? MAX_WIDE_BYTES : MOST_AGGREGATE_BYTES;
    const { bytes, ...facts } = await readSmallBytes(name, maxBytes);
    if (entityId === undefined && bytes.length > MAX_BYTES && !isWide(bytes))
      return [told(TOO_LARGE)];
    const permissions = permissionProblems(name, facts, {
      secret: false,
      self: process.getuid?.(),
    });
    return [...permissions, ...((await judge?.(bytes, entityId)) ?? []).map(told)];
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    const fix = 'Correct the path, which is relative to this file, or the file.';
    return [told({ message: cause.message, fix })];
  }
}
