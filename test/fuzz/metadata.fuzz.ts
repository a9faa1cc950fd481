/** The metadata of an identity provider: usable and unambiguous, or rejected with a reason. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { parseIdpMetadata } from '../../src/connectors/saml/idp-metadata.ts';
import { type FuzzTarget, promise, unlessRejected } from './target.ts';

export const target: FuzzTarget = {
  name: 'metadata',
  mostBytes: 12_000,
  mostMilliseconds: 500,
  guidedBy: ['/src/connectors/saml/', '/node_modules/saxes/'],
  covers: [
    ...['idp-metadata', 'idp-keys', 'metadata-entity', 'metadata-times', 'strict-xml'].map(
      name => `src/connectors/saml/${name}.ts`,
    ),
  ],
  check: async input => {
    const metadata = await unlessRejected(['connector_unavailable'], () => parseIdpMetadata(input));
    if (metadata === undefined) return;
    const { entityId, signOn, signingCertificates } = metadata;
    promise(entityId !== '' && entityId.length <= 1024, 'the entityID has 1 to 1024 characters');
    promise(
      /^https:|^http:\/\/(?:127\.|localhost[:/]|\[::1\])/i.test(signOn.url),
      'the sign-on URL is https',
    );
    promise(signingCertificates.length > 0, 'there is a signing key');
    promise(signingCertificates.length <= 10, 'there are at most ten signing keys');
    const text = input.replaceAll(/\s|<!--.*?-->/gs, '');
    for (const pem of signingCertificates) {
      const key = createPublicKey(pem);
      promise(key.asymmetricKeyType === 'rsa', 'a signing key is an RSA key');
      promise(key.asymmetricKeyDetails!.modulusLength! >= 2048, 'a signing key has 2048 bits');
      promise(decoded(text).includes(written(pem, key)), 'a signing key is in the document');
    }
  },
};

/** The base64 of the certificate or of the modulus, without the letters that padding changes. */
function written(pem: string, key: KeyObject): string {
  const bytes = pem.includes('CERTIFICATE')
    ? new X509Certificate(pem).raw
    : Buffer.from(key.export({ format: 'jwk' }).n!, 'base64url');
  return bytes.toString('base64').slice(0, -4);
}

/** Character references and CDATA can write a letter of a certificate in another way. */
function decoded(text: string): string {
  return text
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll(/&#x([\da-f]+);/gi, (_, code: string) =>
      String.fromCodePoint(Number.parseInt(code, 16)),
    )
    .replaceAll(/<!\[CDATA\[|\]\]>/g, '')
    .replaceAll(/\s/g, '');
}
