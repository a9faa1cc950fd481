/** The TLS certificate of the base URL, as browsers and AWS tools on other hosts would see it. */
import type { ServerCertificate } from '../../core/direct-request.ts';
import type { Finding, FindingId } from '../../core/finding.ts';
import { readsKeysForAws } from '../../core/role.ts';
import { daysUntil, formatDay } from '../../core/time.ts';
import { type Gate, type Look, reasonOf } from './address-look.ts';

/** Proxies that renew by themselves do so earlier. */
const SOON_DAYS = 14;

const EXPIRED: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const UNTRUSTED: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'this host does not know the authority that issued it',
  UNABLE_TO_GET_ISSUER_CERT:
    'an intermediate certificate is missing, or this host does not know the authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'an intermediate certificate is missing, or this host does not know the authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'an intermediate certificate is missing, or this host does not know the authority',
};

/** False if no client would go on. A server that is not there is told by what comes next. */
export async function* examineCertificate(look: Look): Gate {
  const { base, progress } = look;
  if (base.protocol !== 'https:') return true;
  progress(`the certificate of ${base.host}`);
  const certificate = await look.certificateOf(base).catch(() => undefined);
  if (certificate === undefined) return true;
  const finding = faultOf(certificate, look) ?? limitOf(certificate, look);
  if (finding !== undefined) yield finding;
  return certificate.fault === undefined;
}

function faultOf(
  { fault, endsAt, issuer }: ServerCertificate,
  { base, clock }: Pick<Look, 'base' | 'clock'>,
): Finding | undefined {
  if (fault === undefined) return undefined;
  const subject = base.host;
  const found = `issued by ${issuer}, ends ${formatDay(endsAt)}`;
  if (EXPIRED.has(fault))
    return {
      ...{ id: 'address.certificate-expired', subject, found },
      message:
        endsAt < clock.now()
          ? 'The TLS certificate has expired.'
          : 'The TLS certificate is not valid yet, or its chain has expired.',
      fix: 'Renew the certificate at the proxy, and reload the proxy.',
    };
  if (fault === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return {
      ...{ id: 'address.certificate-name', subject, found },
      message: `The TLS certificate does not name ${base.hostname}.`,
      fix: 'Give the proxy a certificate for the host name of baseUrl.',
    };
  const why = UNTRUSTED[fault] ?? reasonOf(fault);
  return {
    ...{ id: 'address.certificate-untrusted', subject, found },
    message: `The TLS certificate is not trusted: ${why}.`,
    fix: 'Configure the whole chain at the proxy. For a private authority, set NODE_EXTRA_CA_CERTS to its certificate.',
  };
}

function limitOf(
  { endsAt, isPublic, issuer }: ServerCertificate,
  { base, clock, configuration }: Pick<Look, 'base' | 'clock' | 'configuration'>,
): Finding | undefined {
  const subject = base.host;
  const days = daysUntil(endsAt, clock.now());
  if (days < SOON_DAYS)
    return {
      ...{ id: 'address.certificate-ending', subject },
      message: `The TLS certificate expires in ${days} days.`,
      fix: 'Renew the certificate at the proxy, and reload the proxy.',
    };
  const asks = configuration.accounts.filter(readsKeysForAws);
  if (isPublic || asks.length === 0) return undefined;
  return {
    ...{ id: 'address.authority-private' satisfies FindingId, subject, found: issuer },
    message: `A private authority issued the TLS certificate, and ${asks.length} accounts have trust: web-identity.`,
    fix: 'Use a certificate of a public authority, or give the IAM OIDC provider the thumbprint of yours.',
  };
}
