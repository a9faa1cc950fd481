/** Checks of second factors: how they are asked for, and rules that no user can meet. */
import type { Path, ProblemAt } from './problems.ts';
import { quoted } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';

type ReadableConnector = NonNullable<Readable<Document>['connectors']>[number];

/** Its id_tokens contain neither `acr` nor `amr`, and it does not read `acr_values`. */
const GOOGLE = 'https://accounts.google.com';

/** `raw` is the document as it was written, before defaults. */
export function* secondFactorProblems(
  document: Readable<Document>,
  raw: unknown,
): Generator<ProblemAt> {
  for (const [index, connector] of (document.connectors ?? []).entries())
    yield* stepUpProblems(connector, index, raw);
  yield* requirementProblems(document);
}

function* stepUpProblems(
  connector: ReadableConnector,
  index: number,
  raw: unknown,
): Generator<ProblemAt> {
  const stepUp = connector?.oidc?.stepUp;
  if (stepUp === undefined) return;
  const path: Path = ['connectors', index, 'oidc', 'stepUp'];
  for (const [position, value] of (stepUp.acrValues ?? []).entries()) {
    if (value === undefined || !value.endsWith(':ifpossible')) continue;
    yield {
      path: [...path, 'acrValues', position],
      message: `${quoted(value)} proves no second factor: Okta also gives it to a user who has none.`,
      fix: 'Write urn:okta:loa:2fa:any or phr.',
    };
  }
  if (stepUp.claim === 'acrs' && writtenParameter(raw, index) === 'acr_values')
    yield {
      path: [...path, 'parameter'],
      message: 'cannot be acr_values with claim: acrs, which only claims can request.',
      fix: 'Write parameter: claims, or remove it.',
    };
}

function writtenParameter(raw: unknown, index: number): unknown {
  const { connectors } = raw as {
    connectors?: readonly { oidc?: { stepUp?: { parameter?: unknown } } }[];
  };
  return connectors?.[index]?.oidc?.stepUp?.parameter;
}

/** Finds a requirement that no user can meet: it denies every user. */
function* requirementProblems({
  access = [],
  connectors = [],
}: Readable<Document>): Generator<ProblemAt> {
  for (const [index, rule] of access.entries()) {
    if (rule?.require?.mfa !== true) continue;
    const counted = connectors.filter(
      connector => rule.connectors === undefined || rule.connectors.includes(connector?.id),
    );
    if (counted.length === 0) continue;
    const path: Path = ['access', index, 'require', 'mfa'];
    if (counted.every(connector => connector?.oidc?.issuer === GOOGLE))
      yield {
        path,
        message: 'cannot be met: Google states no second factor.',
        fix: 'Remove mfa, and require 2-step verification in Google.',
      };
    else if (counted.every(hasNoMethod))
      yield {
        path,
        message: 'cannot be met: every connector whose groups count has an empty mfa list.',
        fix: 'Remove mfa: [] from a connector.',
        warning: true,
      };
  }
}

/** The values of `stepUp` count as those of `mfa` do. */
function hasNoMethod(connector: ReadableConnector): boolean {
  const { mfa, oidc, saml } = connector ?? {};
  return mfa?.length === 0 && oidc?.stepUp === undefined && saml?.stepUp === undefined;
}
