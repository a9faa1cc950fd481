/** Checks across keys. They work on the readable parts, so that one problem hides no other. */

import { isLoopbackHost } from '../core/loopback.ts';
import { accessProblems } from './access-checks.ts';
import { accountProblems } from './account-checks.ts';
import { accountDetailsProblems } from './account-details-checks.ts';
import type { AccountFacts } from './account-facts.ts';
import { listAccounts } from './account-list.ts';
import { administrationProblems } from './administration-checks.ts';
import { applicationProblems } from './application-checks.ts';
import { clientIdProblems, cliProblems } from './cli-checks.ts';
import { elevationProblems } from './elevation-checks.ts';
import { networkProblems } from './network-checks.ts';
import { notificationProblems } from './notification-checks.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';
import { secondFactorProblems } from './second-factor-checks.ts';
import { listConnectors } from './selector-checks.ts';
import { templateProblems } from './template-checks.ts';
import { compact } from './values.ts';
import { workloadProblems } from './workload-checks.ts';
import { workloadTemplateProblems } from './workload-template-checks.ts';

/** Yields all problems and warnings; `raw` is the document as written. */
export function* crossProblems(
  document: Readable<Document>,
  { raw, facts }: { readonly raw: unknown; readonly facts: AccountFacts },
): Generator<ProblemAt> {
  const accounts = listAccounts(document, facts);
  yield* serverProblems(document);
  yield* networkProblems(document);
  yield* storeProblems(document);
  yield* sessionProblems(document);
  yield* connectorProblems(document);
  yield* accountProblems(document, accounts);
  yield* accountDetailsProblems(document, accounts);
  const connectorList = listConnectors(document, raw);
  yield* accessProblems(document, { accounts, connectors: connectorList });
  yield* elevationProblems(document, { accounts, connectors: connectorList });
  yield* notificationProblems(document);
  yield* administrationProblems(document, connectorList);
  yield* templateProblems(document);
  yield* cliProblems(document, accounts);
  yield* clientIdProblems(document);
  yield* applicationProblems(document, accounts);
  yield* secondFactorProblems(document, raw);
  yield* workloadProblems(document, accounts);
  yield* workloadTemplateProblems(document);
}

function* serverProblems({
  baseUrl,
  listen,
  aws,
  accounts = [],
}: Readable<Document>): Generator<ProblemAt> {
  const isPlain = baseUrl?.startsWith('http:') ?? false;
  if (isPlain && listen?.host !== undefined && !isLoopbackHost(listen.host)) {
    yield {
      path: ['listen', 'host'],
      message: `${quoted(listen.host)} is reachable from the network, but baseUrl is http.`,
      fix: 'Listen on 127.0.0.1, or make baseUrl https with a proxy in front that ends TLS.',
    };
  }
  const reachesLocalAws =
    aws?.endpoints?.sts !== undefined ||
    Object.values(aws?.partitions ?? {}).some(partition => partition?.stsUrl !== undefined);
  const asksAws = accounts.some(
    account => account?.trust === 'web-identity' && account.endpoints?.sts === undefined,
  );
  if (isPlain && !reachesLocalAws && asksAws) {
    const message =
      'is on loopback, where AWS cannot fetch the keys that accounts with trust: web-identity need.';
    yield {
      path: ['baseUrl'],
      message,
      fix: 'Use a public https address, or point aws.endpoints.sts at a local AWS.',
      warning: true,
    };
  }
}

function* storeProblems({ store }: Readable<Document>): Generator<ProblemAt> {
  yield* exactlyOne(store, ['sqlite', 'postgres'], ['store']);
}

function* sessionProblems({ sessions }: Readable<Document>): Generator<ProblemAt> {
  if (sessions?.idle === undefined || sessions.max === undefined || sessions.idle <= sessions.max)
    return;
  yield {
    path: ['sessions', 'idle'],
    message: 'is longer than sessions.max.',
    fix: `Write ${compact(sessions.max)} or less.`,
  };
}

function* connectorProblems({ connectors = [] }: Readable<Document>): Generator<ProblemAt> {
  for (const [index, connector] of connectors.entries()) {
    if (connector === undefined) continue;
    const path: Path = ['connectors', index];
    yield* exactlyOne(connector, ['oidc', 'saml'], path);
    yield* exactlyOne(connector.saml?.metadata, ['url', 'file'], [...path, 'saml', 'metadata']);
    for (const protocol of ['oidc', 'saml'] as const)
      if (connector[protocol] !== undefined)
        yield* atMostOne(
          connector[protocol],
          ['groupSeparator', 'groupsFormat'],
          [...path, protocol],
        );
    yield* refreshProblems(connector, path);
    yield* logoutProblems(connector, path);
    const { id, label } = connector;
    const sameId = connectors.findIndex(other => id !== undefined && other?.id === id);
    if (sameId >= 0 && sameId < index) {
      yield {
        path: [...path, 'id'],
        message: `${quoted(String(id))} is already the id of connectors[${sameId}].`,
        fix: 'Give each connector its own id.',
      };
    }
    const sameLabel = connectors.findIndex(other => label !== undefined && other?.label === label);
    if (sameLabel >= 0 && sameLabel < index) {
      const message = `is the label of connectors[${sameLabel}], so users cannot tell them apart.`;
      yield { path: [...path, 'label'], message, fix: 'Write another label.', warning: true };
    }
  }
}

function* refreshProblems(
  { saml, refresh }: Readable<Document['connectors'][number]>,
  path: Path,
): Generator<ProblemAt> {
  if (refresh === undefined) return;
  if (saml !== undefined)
    yield {
      path: [...path, 'refresh'],
      message: 'is for OpenID Connect; SAML has no way to ask again about a user.',
      fix: 'Remove it.',
    };
  const { every, staleFor } = refresh;
  if (every !== undefined && staleFor !== undefined && every > staleFor)
    yield {
      path: [...path, 'refresh'],
      message:
        'has an every that is longer than staleFor: users are refused before a refresh is due.',
      fix: `Write ${compact(every)} or more as staleFor.`,
    };
}

function* logoutProblems(
  { saml, logout }: Readable<Document['connectors'][number]>,
  path: Path,
): Generator<ProblemAt> {
  if (logout?.endsTerminals === true && logout.backchannel === false)
    yield {
      path: [...path, 'logout', 'endsTerminals'],
      message: 'has no effect without backchannel: the bridge accepts no sign-out of the provider.',
      fix: 'Add backchannel: true, or remove endsTerminals.',
    };
  if (saml !== undefined && logout?.backchannel === true)
    yield {
      path: [...path, 'logout', 'backchannel'],
      message: 'is for OpenID Connect; single logout by SAML is not supported.',
      fix: 'Remove it.',
    };
}

/** Checks that exactly one of two keys is present; `path` leads to their parent. */
function* exactlyOne(
  holder: object | undefined,
  [one, other]: readonly [string, string],
  path: Path,
): Generator<ProblemAt> {
  if (holder === undefined) return;
  const written = [one, other].filter(key => isWritten(holder, key));
  if (written.length === 0)
    yield { path, message: `has neither ${one} nor ${other}.`, fix: `Add one of them.` };
  yield* atMostOne(holder, [one, other], path);
}

/** Checks that two keys do not stand together; `path` leads to their parent. */
function* atMostOne(
  holder: object,
  [one, other]: readonly [string, string],
  path: Path,
): Generator<ProblemAt> {
  if (!isWritten(holder, one) || !isWritten(holder, other)) return;
  yield {
    path: [...path, other],
    message: `cannot be combined with ${one}; use only one of them.`,
    fix: `Keep ${one} or ${other}.`,
  };
}
