/** Checks of a SAML identity provider. */
import type { SamlConnectorConfiguration } from '../../config/configuration.ts';
import { listed } from '../../core/listed.ts';
import type { SamlProviderFacts } from '../../core/provider-facts.ts';
import { daysUntil, formatDay } from '../../core/time.ts';
import { type Check, type Found, inDays } from './check.ts';
import { SIGN_ON_BINDINGS } from './endpoints.ts';

type SamlCheck = Check<SamlProviderFacts, SamlConnectorConfiguration>;
type Given = Parameters<SamlCheck>[0];

export const SAML_CHECKS: readonly SamlCheck[] = [
  validUntil,
  signOnBinding,
  nameIds,
  requestSignatures,
  listedAttributes,
];

const FILE_ENDS_DAYS = 30;

/** Metadata at a URL is read again every hour, and often ends within days. */
function* validUntil({ facts, connector, now }: Given): Generator<Found> {
  const end = facts.validUntil;
  if (end === undefined) return;
  const isFile = 'file' in connector.metadata;
  const fix = isFile
    ? 'Replace the file with the current metadata and reload, or use metadata.url.'
    : 'Make the provider publish current metadata.';
  if (end <= now)
    yield {
      id: 'connectors.metadata-expired',
      message: `The metadata has expired (validUntil ${formatDay(end)}).`,
      fix,
    };
  else if (isFile && daysUntil(end, now) < FILE_ENDS_DAYS)
    yield {
      id: 'connectors.metadata-ends-soon',
      message: `The metadata file ends ${inDays(daysUntil(end, now))} (validUntil ${formatDay(end)}).`,
      fix,
    };
}

function* signOnBinding({ facts }: Given): Generator<Found> {
  const signOn = facts.endpoints.filter(({ name }) => name === 'SingleSignOnService');
  if (signOn.some(({ binding = '' }) => SIGN_ON_BINDINGS.includes(binding))) return;
  yield {
    id: 'connectors.redirect-binding-missing',
    message: 'The metadata names no SingleSignOnService for HTTP-Redirect or HTTP-POST.',
    expected: SIGN_ON_BINDINGS.join(' or '),
    found: listed(signOn.map(({ binding }) => binding ?? '')) || 'none',
    fix: 'Enable the HTTP-Redirect or the HTTP-POST binding at the provider.',
  };
}

const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';

function* nameIds({ facts: { nameIdFormats }, connector }: Given): Generator<Found> {
  if (connector.subject !== undefined || nameIdFormats.length === 0) return;
  if (nameIdFormats.some(format => format !== TRANSIENT)) return;
  yield {
    id: 'connectors.name-id-transient',
    message: 'The provider sends only transient NameIDs, which do not identify a user.',
    fix: 'Configure a persistent NameID at the provider, or set subject to an attribute with a stable id.',
  };
}

function* requestSignatures({ facts, connector }: Given): Generator<Found> {
  if (!facts.wantsSignedRequests && !connector.signRequests) return;
  yield {
    id: 'connectors.signs-requests',
    message: facts.wantsSignedRequests
      ? 'The provider requires signed requests (WantAuthnRequestsSigned), so the bridge signs them.'
      : 'The bridge signs its requests (signRequests).',
    fix: 'The provider must know the key in the metadata of the bridge; renew it there when the key changes.',
  };
}

function* listedAttributes({ facts, connector }: Given): Generator<Found> {
  if (facts.attributes.length === 0) return;
  const { username, email, groups } = connector.attributes;
  const missing = [username, email, groups].filter(name => !facts.attributes.includes(name));
  if (missing.length > 0)
    yield {
      id: 'connectors.attribute-unlisted',
      message: `The metadata lists attributes, but not ${listed(missing)}.`,
      fix: 'Check that the provider sends them: try a sign-in at /sign-in/test/ of the bridge.',
    };
}
