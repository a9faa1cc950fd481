/** Findings about identity providers. */
import type { FindingRows } from '../finding-row.ts';

export const CONNECTOR_FINDINGS = {
  'connectors.ok': { level: 'ok', title: 'In order' },

  'connectors.address-insecure': { level: 'error', title: 'The address is http' },
  'connectors.document-invalid': { level: 'error', title: 'The document cannot be used' },
  'connectors.file-unreadable': { level: 'error', title: 'The metadata file cannot be read' },
  'connectors.keys-unreadable': { level: 'error', title: 'The keys cannot be read' },
  'connectors.name-unresolved': { level: 'error', title: 'The host name cannot be resolved' },
  'connectors.no-answer': { level: 'error', title: 'No answer in time' },
  'connectors.proxy-rejects': { level: 'error', title: 'The proxy rejects the connection' },
  'connectors.redirected': { level: 'error', title: 'The address redirects' },
  'connectors.status': { level: 'error', title: 'The address answers with an error' },
  'connectors.tls-untrusted': { level: 'error', title: 'The TLS certificate is not trusted' },
  'connectors.too-large': { level: 'error', title: 'The document is too large' },
  'connectors.unreachable': { level: 'error', title: 'The host cannot be reached' },

  'connectors.acr-unsupported': { level: 'warning', title: 'Unknown step-up values' },
  'connectors.algorithms-unsupported': { level: 'error', title: 'No usable signature algorithm' },
  'connectors.attribute-unlisted': { level: 'note', title: 'An attribute is not listed' },
  'connectors.backchannel-unsupported': { level: 'warning', title: 'No back-channel logout' },
  'connectors.certificate-ends-in-7-days': {
    level: 'warning',
    title: 'The signing certificate ends in 7 days',
  },
  'connectors.certificate-ends-in-30-days': {
    level: 'warning',
    title: 'The signing certificate ends in 30 days',
  },
  'connectors.certificate-ends-in-90-days': {
    level: 'note',
    title: 'The signing certificate ends in 90 days',
  },
  'connectors.certificate-expired': {
    level: 'warning',
    title: 'The signing certificate has expired',
  },
  'connectors.certificate-sha1': { level: 'note', title: 'A certificate is signed with SHA-1' },
  'connectors.claim-unlisted': { level: 'note', title: 'A claim is not listed' },
  'connectors.client-authentication': {
    level: 'error',
    title: 'The client authentication is not offered',
  },
  'connectors.clock-drift': { level: 'warning', title: 'The clocks differ' },
  'connectors.clock-skew': { level: 'error', title: 'The clocks are out of sync' },
  'connectors.code-flow-unsupported': { level: 'error', title: 'No authorization code flow' },
  'connectors.endpoint-elsewhere': { level: 'note', title: 'An endpoint is on another host' },
  'connectors.endpoint-insecure': { level: 'error', title: 'An endpoint is http' },
  'connectors.endpoint-unreachable': { level: 'error', title: 'An endpoint cannot be reached' },
  'connectors.issuer-differs': { level: 'error', title: 'The issuer is spelled differently' },
  'connectors.key-unused': { level: 'note', title: 'A key is not used' },
  'connectors.keys-unusable': { level: 'error', title: 'No usable signing key' },
  'connectors.metadata-ends-soon': { level: 'warning', title: 'The metadata file ends soon' },
  'connectors.metadata-expired': { level: 'error', title: 'The metadata has expired' },
  'connectors.name-id-transient': { level: 'warning', title: 'Only transient NameIDs' },
  'connectors.pkce-unsupported': { level: 'error', title: 'No PKCE with S256' },
  'connectors.redirect-binding-missing': {
    level: 'error',
    title: 'No sign-on address that the bridge can use',
  },
  'connectors.refresh-unsupported': { level: 'warning', title: 'No refresh tokens' },
  'connectors.rejected': { level: 'error', title: 'The bridge rejects the provider' },
  'connectors.scope-unsupported': { level: 'warning', title: 'A scope is not offered' },
  'connectors.sign-on-unreachable': {
    level: 'note',
    title: 'The sign-on page cannot be reached from this host',
  },
  'connectors.signs-requests': { level: 'note', title: 'The provider requires signed requests' },
  'connectors.tls-ends-in-3-days': { level: 'error', title: 'The TLS certificate ends in 3 days' },
  'connectors.tls-ends-in-14-days': {
    level: 'warning',
    title: 'The TLS certificate ends in 14 days',
  },
} satisfies FindingRows;
