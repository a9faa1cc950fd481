/** Findings about what answers at the base URL. */
import type { FindingRows } from '../finding-row.ts';

export const ADDRESS_FINDINGS = {
  'address.authority-private': {
    level: 'warning',
    title: 'A private authority issued the TLS certificate',
  },
  'address.body-refused': { level: 'warning', title: 'The proxy refuses large bodies' },
  'address.cached': {
    level: 'error',
    title: 'Something in front of the bridge stores its answers',
  },
  'address.certificate-ending': { level: 'warning', title: 'The TLS certificate expires soon' },
  'address.certificate-expired': { level: 'error', title: 'The TLS certificate has expired' },
  'address.certificate-name': {
    level: 'error',
    title: 'The TLS certificate is for another host name',
  },
  'address.certificate-untrusted': {
    level: 'error',
    title: 'The TLS certificate is not trusted',
  },
  'address.document-blocked': { level: 'error', title: 'A public document does not arrive' },
  'address.forged-address': { level: 'error', title: 'Callers can claim any address' },
  'address.forged-from-here': {
    level: 'note',
    title: 'Forged addresses can be tested only from another host',
  },
  'address.forwarded-for-missing': {
    level: 'warning',
    title: 'The proxy does not say for whom it forwards',
  },
  'address.forwarded-proto-missing': {
    level: 'note',
    title: 'The proxy does not say that it received https',
  },
  'address.foreign': { level: 'error', title: 'Another server answers' },
  'address.header-dropped': { level: 'error', title: 'The proxy drops or changes a header' },
  'address.hsts-missing': { level: 'warning', title: 'The proxy removes HSTS' },
  'address.location-refused': { level: 'error', title: 'The proxy refuses console links' },
  'address.long-location-refused': {
    level: 'warning',
    title: 'The proxy refuses long console links',
  },
  'address.long-request-refused': {
    level: 'warning',
    title: 'The proxy refuses long addresses',
  },
  'address.name-unknown': { level: 'error', title: 'The host name cannot be resolved' },
  'address.not-compared': { level: 'note', title: 'The answers could not be compared' },
  'address.not-public': { level: 'warning', title: 'AWS cannot reach the base URL' },
  'address.not-ready': { level: 'error', title: 'The bridge is not ready' },
  'address.not-running': { level: 'note', title: 'The bridge does not run yet' },
  'address.ok': { level: 'ok', title: 'In order' },
  'address.other-bridge': { level: 'error', title: 'Another bridge answers' },
  'address.other-keys': { level: 'error', title: 'The bridge publishes other keys' },
  'address.outside': { level: 'note', title: 'Some things are seen only from the Internet' },
  'address.plain-http': { level: 'warning', title: 'The bridge answers over http, too' },
  'address.proof-refused': {
    level: 'warning',
    title: 'The bridge does not accept the proof of doctor',
  },
  'address.proxy-not-trusted': {
    level: 'warning',
    title: 'A proxy is missing from proxy.trusted',
  },
  'address.redirected': { level: 'error', title: 'Something redirects the requests' },
  'address.token-header-dropped': {
    level: 'error',
    title: 'The token of AWS tools does not arrive',
  },
  'address.trusted-too-wide': { level: 'warning', title: 'proxy.trusted contains other hosts' },
  'address.unreachable': { level: 'error', title: 'The base URL cannot be reached' },
  'address.upstream-unreachable': { level: 'error', title: 'The proxy does not reach the bridge' },
} satisfies FindingRows;
