/**
 * The proof of a role of AWS: a request GetCallerIdentity, signed and not sent. The bridge sends it
 * to STS, which says whose it is.
 *
 * The audience is a signed header, so that another server cannot use the request at the bridge.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { partitionOfRegion, partitionTable } from '../../core/partitions.ts';
import {
  AUDIENCE_HEADER,
  CALLER_IDENTITY,
  SIGNED_REQUEST_PREFIX,
} from '../../core/signed-caller.ts';
import type { RoleCredentials } from './role-credentials.ts';

export async function signedCallerIdentity(
  { region, ...credentials }: RoleCredentials,
  audience: string,
): Promise<string> {
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const { protocol, hostname } = new URL(
    partitionTable()[partitionOfRegion(region)].stsUrl(region),
  );
  // The digest of the body is a part of the signature without a header of its own.
  const signer = new SignatureV4({
    ...{ credentials, region, service: 'sts', sha256: Sha256, applyChecksum: false },
  });
  const { headers } = await signer.sign({
    ...{ method: 'POST', protocol, hostname, path: '/', query: {}, body: CALLER_IDENTITY },
    headers: {
      host: hostname,
      'content-type': 'application/x-www-form-urlencoded',
      [AUDIENCE_HEADER]: audience,
      // The bridge accepts a request once, and two of the same second would be the same.
      'amz-sdk-invocation-id': randomUUID(),
    },
  });
  const request = { url: `${protocol}//${hostname}/`, headers, body: CALLER_IDENTITY };
  return `${SIGNED_REQUEST_PREFIX}${Buffer.from(JSON.stringify(request)).toString('base64url')}`;
}

/** As the signer takes it; with a secret it is an HMAC. */
class Sha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data);
}
