/**
 * What the document points at: secrets in the environment and in files, session policies, sets of
 * public keys. Metadata of identity providers is in metadata-files.ts.
 */
import { MAX_POLICY_CHARACTERS } from '../core/session.ts';
import type { SecretsRead } from './configuration.ts';
import { databaseUrlProblem } from './database-url.ts';
import type { JudgeKeySet } from './judges.ts';
import { keySetProblem } from './key-set.ts';
import { slackUrlProblem, smtpUrlProblem, webhookSecretProblem } from './notification-values.ts';
import type { Path, Problem, ProblemAt } from './problems.ts';
import { type Found, filesOnce, NOTHING, rejected, textAt } from './reference-places.ts';
import { externalIdProblem, type SecretReference } from './reference-values.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import { sessionsOf } from './sessions-of.ts';

export interface Surroundings {
  /** Relative paths begin here: the directory of the configuration file. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The secrets that are kept. Others are checked if they are there. */
  readonly secrets: SecretsRead;
  /** Also judges the content of key sets as a running bridge does. */
  readonly judgeKeySet?: JudgeKeySet | undefined;
}

export interface References {
  /**
   * The text that a reference of the document points at. Throws when it was not found, which
   * `problems` told, and for a secret that is not kept.
   */
  textOf(reference: object): string;
  /** The same text; undefined when it was not found or is not kept. */
  find(reference: object): string | undefined;
  readonly problems: readonly ProblemAt[];
  /** Secrets that are not there, and that only the server needs. */
  readonly absent: readonly ProblemAt[];
}

/** A key of the document that points at a text, and the check of that text. */
interface Pointer {
  readonly path: Path;
  readonly reference: SecretReference;
  readonly kind: PointerKind;
  readonly maxBytes: number;
  /** Gives what is kept of the text, and says what is wrong with it without repeating it. */
  readonly read: (text: string) => Found;
}

/** `file` is no secret: a session policy, a set of public keys. */
type PointerKind = 'secret of the store' | 'secret of the server' | 'file';

const KEPT: { readonly [S in SecretsRead]: ReadonlySet<PointerKind> } = {
  all: new Set(['secret of the store', 'secret of the server', 'file']),
  store: new Set(['secret of the store', 'file']),
  none: new Set(['file']),
};

const MAX_SECRET_BYTES = 64 * 1024;
/** Key sets of issuers have a few kilobytes. */
const MAX_KEY_SET_BYTES = 256 * 1024;

/** Reads everything that the readable part of the document points at; a file is read once. */
export async function resolveReferences(
  document: Readable<Document>,
  surroundings: Surroundings,
): Promise<References> {
  const texts = new Map<object, string>();
  const problems: ProblemAt[] = [];
  const absent: ProblemAt[] = [];
  const fileAt = filesOnce();

  for (const pointer of pointersOf(document, surroundings.judgeKeySet)) {
    const { path, reference } = pointer;
    const found = await textAt(reference, pointer, { ...surroundings, fileAt });
    const isKept = KEPT[surroundings.secrets].has(pointer.kind);
    if (found.outOfReach !== undefined && !isKept) {
      absent.push({ path, ...found.outOfReach, warning: true });
      continue;
    }
    const read = found.text === undefined ? NOTHING : pointer.read(found.text);
    problems.push(...[...found.problems, ...read.problems].map(problem => ({ path, ...problem })));
    if (read.text !== undefined && isKept) texts.set(reference, read.text);
  }
  const find = (reference: object): string | undefined => texts.get(reference);
  return {
    problems,
    absent,
    find,
    textOf: reference => {
      const text = find(reference);
      if (text === undefined) throw new Error('a reference of the configuration was not resolved');
      return text;
    },
  };
}

function* pointersOf(
  document: Readable<Document>,
  judgeKeySet: JudgeKeySet = () => [],
): Generator<Pointer> {
  const url = document.store?.postgres?.url;
  if (url)
    yield {
      ...secretPointer(['store', 'postgres', 'url'], url as SecretReference, databaseUrlProblem),
      kind: 'secret of the store',
    };
  yield* connectorPointers(document);
  yield* accountPointers(document);
  yield* policyPointers(document);
  yield* keySetPointers(document, judgeKeySet);
  yield* notificationPointers(document);
}

function* connectorPointers({ connectors = [] }: Readable<Document>): Generator<Pointer> {
  for (const [index, connector] of connectors.entries()) {
    const secret = connector?.oidc?.clientSecret;
    if (secret)
      yield secretPointer(['connectors', index, 'oidc', 'clientSecret'], secret as SecretReference);
  }
}

function* accountPointers({ accounts = [] }: Readable<Document>): Generator<Pointer> {
  for (const [index, account] of accounts.entries()) {
    const externalId = account?.via?.externalId;
    if (typeof externalId === 'object')
      yield secretPointer(
        ['accounts', index, 'via', 'externalId'],
        externalId as SecretReference,
        externalIdProblem,
      );
  }
}

function* policyPointers(document: Readable<Document>): Generator<Pointer> {
  for (const { session, path } of sessionsOf(document)) {
    const { policy } = session;
    if (policy?.file)
      yield {
        path: [...path, 'policy', 'file'],
        reference: policy as { file: string },
        kind: 'file',
        maxBytes: MAX_SECRET_BYTES,
        read: readPolicy,
      };
  }
}

/** The connectors read these files again. */
function* keySetPointers(
  { workloads = [] }: Readable<Document>,
  judge: JudgeKeySet,
): Generator<Pointer> {
  for (const [index, entry] of workloads.entries()) {
    const file = entry?.jwks?.file;
    if (file !== undefined)
      yield {
        path: ['workloads', index, 'jwks', 'file'],
        reference: { file },
        kind: 'file',
        maxBytes: MAX_KEY_SET_BYTES,
        read: text =>
          readKeySet(text, () => judge(text, { isSpiffe: entry?.spiffe !== undefined })),
      };
  }
}

function* notificationPointers({ notifications = [] }: Readable<Document>): Generator<Pointer> {
  for (const [index, target] of notifications.entries()) {
    const secrets = [
      [['slack', 'webhook'], target?.slack?.webhook, slackUrlProblem],
      [['webhook', 'secret'], target?.webhook?.secret, webhookSecretProblem],
      [['webhook', 'previousSecret'], target?.webhook?.previousSecret, webhookSecretProblem],
      [['email', 'smtp'], target?.email?.smtp, smtpUrlProblem],
    ] as const;
    for (const [keys, reference, check] of secrets) {
      if (!reference) continue;
      yield secretPointer(['notifications', index, ...keys], reference as SecretReference, check);
    }
  }
}

function secretPointer(
  path: Path,
  reference: SecretReference,
  check: (text: string) => Problem | undefined = () => undefined,
): Pointer {
  const read = (text: string): Found => {
    // Editors and `echo` end a file with a line break that is not part of the secret.
    const secret = 'env' in reference ? text : text.replace(/[\r\n]+$/, '');
    if (secret.trim() === '')
      return rejected({ message: 'points at an empty secret.', fix: 'Put the secret there.' });
    if (/\p{Cc}/u.test(secret))
      return rejected({
        message: 'points at a secret with a line break or a control character in it.',
        fix: 'Put the secret alone there, on one line.',
      });
    const problem = check(secret);
    return { text: secret, problems: problem === undefined ? [] : [problem] };
  };
  return { path, reference, kind: 'secret of the server', maxBytes: MAX_SECRET_BYTES, read };
}

/**
 * The policy without needless white space, which AWS counts (STS API reference: Policy, 1 to 2048
 * characters up to U+00FF).
 */
function readPolicy(text: string): Found {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch (cause) {
    const where = /line \d+ column \d+/.exec(String(cause))?.[0];
    return rejected({
      message: `points at a file that is not JSON${where === undefined ? '' : ` (${where})`}.`,
      fix: 'Put the JSON of an IAM policy there.',
    });
  }
  if (typeof policy !== 'object' || policy === null || !Object.hasOwn(policy, 'Statement')) {
    return rejected({
      message: 'points at JSON that is not an IAM policy.',
      fix: 'Put an object with Version and Statement there.',
    });
  }
  const compact = JSON.stringify(policy);
  if (compact.length > MAX_POLICY_CHARACTERS) {
    return rejected({
      message: `points at a policy of ${compact.length} characters without white space.`,
      fix: `AWS accepts ${MAX_POLICY_CHARACTERS}: shorten it, or make it a managed policy and name it in policyArns.`,
    });
  }
  if (!/^[\t\n\r\u0020-\u00ff]*$/.test(compact))
    return rejected({
      message: 'points at a policy with characters beyond U+00FF.',
      fix: 'AWS does not accept them: remove them.',
    });
  return { text: compact, problems: [] };
}

/** Nothing is kept: the connectors read the file again. */
function readKeySet(text: string, judge: () => readonly Problem[]): Found {
  const problem = keySetProblem(text);
  return { problems: problem === undefined ? judge() : [problem] };
}
