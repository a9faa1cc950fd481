/**
 * What is wrong with an identity provider for a connector, one finding for each fault.
 *
 * A provider that cannot be read has that finding alone. The sentence of a running bridge is one
 * only if no check has named the cause.
 */
import type { ConnectorDescription } from '../../config/configuration.ts';
import { type Finding, levelOf } from '../../core/finding.ts';
import type {
  OidcProviderFacts,
  ProviderFault,
  ProviderFaultKind,
  SamlProviderFacts,
} from '../../core/provider-facts.ts';
import type { Instant } from '../../core/time.ts';
import { ANY_CHECKS } from './any-checks.ts';
import type { Found } from './check.ts';
import { OIDC_CHECKS } from './oidc-checks.ts';
import { SAML_CHECKS } from './saml-checks.ts';

export type AnyProviderFacts = SamlProviderFacts | OidcProviderFacts;

/** Throws an Error if the facts are of another protocol than the connector. */
export function judged(
  facts: AnyProviderFacts,
  connector: ConnectorDescription,
  now: Instant,
): Finding[] {
  const found: Found[] = [
    ...ANY_CHECKS.flatMap(check => [...check({ facts, connector, now })]),
    ...ofProtocol(facts, connector, now),
  ];
  const isExplained = found.some(finding => levelOf(finding) === 'error');
  if (facts.rejected !== undefined && !isExplained)
    found.push({
      id: 'connectors.rejected',
      message: `The bridge cannot use it: ${facts.rejected}.`,
      fix: 'Correct this at the provider, or use another provider.',
    });
  return found.map(finding => ({ ...finding, subject: subjectOf(connector) }));
}

function ofProtocol(
  facts: AnyProviderFacts,
  connector: ConnectorDescription,
  now: Instant,
): Found[] {
  if (facts.protocol === 'saml' && connector.protocol === 'saml')
    return SAML_CHECKS.flatMap(check => [...check({ facts, connector, now })]);
  if (facts.protocol === 'oidc' && connector.protocol === 'oidc')
    return OIDC_CHECKS.flatMap(check => [...check({ facts, connector, now })]);
  throw new Error('the facts are of another protocol than the connector');
}

const FAULTS = {
  address: 'connectors.address-insecure',
  name: 'connectors.name-unresolved',
  unreachable: 'connectors.unreachable',
  timeout: 'connectors.no-answer',
  tls: 'connectors.tls-untrusted',
  proxy: 'connectors.proxy-rejects',
  redirect: 'connectors.redirected',
  'too-large': 'connectors.too-large',
  status: 'connectors.status',
  file: 'connectors.file-unreadable',
  document: 'connectors.document-invalid',
  keys: 'connectors.keys-unreadable',
} as const satisfies Record<ProviderFaultKind, Finding['id']>;

export function faultFinding(fault: ProviderFault, connector: ConnectorDescription): Finding {
  const { kind, message, fix } = fault;
  return { id: FAULTS[kind], subject: subjectOf(connector), message: `${message}.`, fix };
}

export function subjectOf({ id }: ConnectorDescription): string {
  return `connector ${id}`;
}
