/**
 * Checks of the issuers and audiences of `workloads`: tokens that were made for others, and entries
 * that could not be told apart.
 */
import { platformOfEntry } from './claim-checks.ts';
import { formatPath, type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import { entriesOf, type ReadableEntry } from './workload-entries.ts';

export function* issuerProblems(document: Readable<Document>): Generator<ProblemAt> {
  for (const { entry, path } of entriesOf(document)) {
    yield* audienceProblems(entry, path);
    yield* connectorProblems(entry, path, document);
    yield* discoveryWarnings(entry, path);
  }
  yield* twinProblems(document);
}

function audiencesOf({ audience }: ReadableEntry): readonly string[] {
  return (audience ?? []).filter(text => text !== undefined);
}

// ---------------------------------------------------------------- audiences

/** Services to which jobs show their tokens anyway. */
const OTHER_SERVICES: Readonly<Record<string, string>> = {
  'sts.amazonaws.com': 'AWS',
  'sts.amazonaws.com.cn': 'AWS in China',
  'api://AzureADTokenExchange': 'Microsoft Entra',
};

function* audienceProblems(entry: ReadableEntry, path: Path): Generator<ProblemAt> {
  const at: Path = [...path, 'audience'];
  const fix = 'Write the value of baseUrl, and request the tokens for it.';
  const platform = platformOfEntry(entry, path);
  for (const audience of audiencesOf(entry)) {
    const other = OTHER_SERVICES[audience];
    if (other !== undefined)
      yield {
        path: at,
        message: `${quoted(audience)} is the audience of tokens for ${other}: a service that gets such a token could use it here, too.`,
        fix,
      };
    else if (audience === entry.issuer || platform?.defaultAudience?.test(audience) === true)
      yield {
        path: at,
        message: `${quoted(audience)} is the default audience of ${platform?.name ?? 'the issuer'}: tokens that were made for other services could be used here, too.`,
        fix,
        warning: true,
      };
  }
}

// ---------------------------------------------------------------- issuers

/** An id_token of a user must not count as the proof of a workload. */
function* connectorProblems(
  { issuer, audience = [] }: ReadableEntry,
  path: Path,
  { connectors = [], baseUrl }: Readable<Document>,
): Generator<ProblemAt> {
  if (issuer === undefined) return;
  if (issuer.replace(/\/$/, '') === baseUrl)
    yield {
      path: [...path, 'issuer'],
      message: 'is the bridge itself, whose tokens are for AWS.',
      fix: 'Write the issuer of the platform on which the workloads run.',
    };
  for (const [index, connector] of connectors.entries()) {
    const { clientId, issuer: ofUsers } = connector?.oidc ?? {};
    if (clientId === undefined || ofUsers !== issuer || !audience.includes(clientId)) continue;
    yield {
      path: [...path, 'audience'],
      message: `contains the client id of ${formatPath(['connectors', index])}, so the id_tokens of users would count as workloads.`,
      fix: 'Write another audience, for which users cannot get tokens.',
    };
  }
}

/** Names that no public DNS has. */
const PRIVATE_HOST = /\.(svc|local|internal|cluster)$|^kubernetes\.default$/;

function* discoveryWarnings({ issuer, jwks }: ReadableEntry, path: Path): Generator<ProblemAt> {
  if (issuer === undefined || jwks !== undefined) return;
  if (!PRIVATE_HOST.test(new URL(issuer).hostname)) return;
  yield {
    path: [...path, 'issuer'],
    message:
      'is a name inside a cluster, and its keys are read from there, because the entry has no jwks.',
    fix: 'Add jwks: { file: PATH } with the output of: kubectl get --raw /openid/v1/jwks',
    warning: true,
  };
}

// ---------------------------------------------------------------- entries

/** Which entry a token belongs to must be certain: it is part of the name of the workload. */
function* twinProblems(document: Readable<Document>): Generator<ProblemAt> {
  const known = new Map<string, Path>();
  for (const { entry, path } of entriesOf(document)) {
    for (const { key, path: at, message, fix } of signsOf(entry, path)) {
      const before = known.get(key);
      if (before === undefined) known.set(key, path);
      else if (before !== path)
        yield { path: at, message: `${message} ${formatPath(before)}.`, fix };
    }
  }
}

interface Sign {
  /** Two entries with one key accept the same proofs. */
  readonly key: string;
  readonly path: Path;
  /** Without the other entry at its end. */
  readonly message: string;
  readonly fix: string;
}

function signsOf(entry: ReadableEntry, path: Path): readonly Sign[] {
  const { issuer, spiffe, awsIam, jwks } = entry;
  if (awsIam?.audience !== undefined)
    return [
      {
        key: JSON.stringify(['aws', awsIam.audience]),
        path: [...path, 'awsIam', 'audience'],
        message: 'is also that of',
        fix: 'Put the rules of both into one entry, or give each its own audience.',
      },
    ];
  const trusted = issuer ?? spiffe?.trustDomain;
  if (trusted === undefined) return [];
  return audiencesOf(entry).map(audience => ({
    key: JSON.stringify([trusted, jwks?.url ?? null, jwks?.file ?? null, audience]),
    path: [...path, 'audience'],
    message: `${quoted(audience)}, with the same issuer and keys, is also an audience of`,
    fix: 'Put the rules of both into one entry, or give each its own audience.',
  }));
}
