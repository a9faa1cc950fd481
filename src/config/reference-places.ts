/** Where the text of a reference is: an environment variable, a file, a credential of systemd. */
import { isAbsolute, join } from 'node:path';
import { readSmallFile, type SmallFile, UnreadableFile } from './files.ts';
import { permissionProblems } from './permissions.ts';
import type { Problem } from './problems.ts';
import type { SecretReference } from './reference-values.ts';

type ReadFile = (name: string, maxBytes: number) => Promise<SmallFile | UnreadableFile>;

interface Places {
  /** Relative paths begin here. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fileAt: ReadFile;
}

interface Wanted {
  /** `file` is no secret. */
  readonly kind: string;
  readonly maxBytes: number;
}

export function absolutePath(file: string, directory: string): string {
  return isAbsolute(file) ? file : join(directory, file);
}

/** Reads each file once. */
export function filesOnce(): ReadFile {
  const files = new Map<string, Promise<SmallFile | UnreadableFile>>();
  return (name, maxBytes) => {
    const known =
      files.get(`${maxBytes} ${name}`) ?? readSmallFile(name, maxBytes).catch(unreadable);
    files.set(`${maxBytes} ${name}`, known);
    return known;
  };
}

/** A text, and what is to be said of it; without a text, why there is none. */
export interface Found {
  readonly text?: string;
  readonly problems: readonly Problem[];
  /** What is said instead of the problems if only the server needs the text. */
  readonly outOfReach?: Problem | undefined;
}

export const NOTHING: Found = { problems: [] };

export function rejected(problem: Problem): Found {
  return { problems: [problem] };
}

/** The text that a reference points at. */
export async function textAt(
  reference: SecretReference,
  wanted: Wanted,
  { directory, env, fileAt }: Places,
): Promise<Found> {
  if ('env' in reference) return fromEnvironment(reference.env, env);
  if ('file' in reference)
    return fromFile(absolutePath(reference.file, directory), wanted, {
      fileAt,
      fix: 'Correct the path, which is relative to this file, or the file.',
    });
  const { credential } = reference;
  const credentials = env[CREDENTIALS_DIRECTORY];
  if (credentials === undefined || credentials === '') return withoutCredentials(credential);
  return fromFile(join(credentials, credential), wanted, {
    fileAt,
    fix: `Add LoadCredential=${credential}:PATH to the unit of the bridge.`,
  });
}

/** Set by systemd for a unit with LoadCredential (systemd.exec(5), "Credentials"). */
const CREDENTIALS_DIRECTORY = 'CREDENTIALS_DIRECTORY';

function withoutCredentials(credential: string): Found {
  const message = `there is no credential ${credential}, because CREDENTIALS_DIRECTORY is not set`;
  return {
    problems: [
      {
        message: `${message}.`,
        fix: `Start the bridge by a systemd unit with LoadCredential=${credential}:PATH.`,
      },
    ],
    outOfReach: {
      message: `${message} here; the server needs it.`,
      fix: `Add LoadCredential=${credential}:PATH to its unit.`,
    },
  };
}

interface FilePlace {
  readonly fileAt: ReadFile;
  /** What to do if the file cannot be read. */
  readonly fix: string;
}

function fromEnvironment(name: string, env: Places['env']): Found {
  // The secret itself may be where its name belongs: only what looks like a name is
  // shown.
  const shown = /^[A-Z][A-Z0-9_]{0,63}$/.test(name)
    ? `environment variable ${name}`
    : 'environment variable that is named here';
  const text = Object.hasOwn(env, name) ? env[name] : undefined;
  if (text === undefined)
    return {
      problems: [
        { message: `the ${shown} is not set.`, fix: 'Set it where the bridge is started.' },
      ],
      outOfReach: {
        message: `the ${shown} is not set here; the server needs it.`,
        fix: 'Set it where the server is started.',
      },
    };
  return { text, problems: [] };
}

async function fromFile(name: string, { kind, maxBytes }: Wanted, file: FilePlace): Promise<Found> {
  const found = await file.fileAt(name, maxBytes);
  if (found instanceof UnreadableFile)
    return {
      problems: [{ message: `the file ${name} ${found.message}.`, fix: file.fix }],
      outOfReach: found.isOutOfReach
        ? {
            message: `the file ${name} ${found.message}; the server needs it.`,
            fix: 'Put it where the server runs, readable by its user.',
          }
        : undefined,
    };
  return {
    text: found.text,
    problems: permissionProblems(name, found, {
      secret: kind !== 'file',
      self: process.getuid?.(),
    }),
  };
}

function unreadable(cause: unknown): UnreadableFile {
  if (cause instanceof UnreadableFile) return cause;
  throw cause;
}
