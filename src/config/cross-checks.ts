/** Checks across keys. They work on the readable parts, so that one problem hides no other. */

import { isLoopbackHost } from '../core/loopback.ts';
import { accessProblems } from './access-checks.ts';
import { accountProblems } from './account-checks.ts';
import { accountDetailsProblems } from './account-details-checks.ts';
import type { AccountFacts } from './account-facts.ts';
import { listAccounts } from './account-list.ts';
import { administrationProblems } from './administration-checks.ts';
import { applicationProblems } from './application-checks.ts';
import { auditProblems } from './audit-checks.ts';
import { clientIdProblems, cliProblems } from './cli-checks.ts';
import { connectorProblems } from './connector-checks.ts';
import { elevationProblems } from './elevation-checks.ts';
import { exactlyOne } from './exclusive-keys.ts';
import { networkProblems } from './network-checks.ts';
import { notificationProblems } from './notification-checks.ts';
import { type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
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
  yield* auditProblems(document);
  yield* connectorProblems(document, accounts);
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
