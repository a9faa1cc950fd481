/** The signature of a request (AWS Signature Version 4, "Create a signed AWS API request"). */
import { createHash, createHmac } from 'node:crypto';
import type { Claim } from './signature-claim.ts';

/** What the signature covers. */
export interface Covered {
  readonly method: string;
  /** As the service writes it: STS encodes twice, S3 once. */
  readonly path: string;
  /** As sent. */
  readonly query: string;
  /** The signed headers and their values. */
  readonly headers: ReadonlyMap<string, string>;
  /** SHA-256 of the body in hexadecimal digits, or a word such as `UNSIGNED-PAYLOAD`. */
  readonly payload: string;
}

/** 64 hexadecimal digits. Throws `URIError` for a query that is not percent-encoded correctly. */
export function signatureOf(covered: Covered, claim: Claim, secretAccessKey: string): string {
  const scope = [claim.date, claim.region, claim.service, 'aws4_request'];
  const key = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  const text = [
    'AWS4-HMAC-SHA256',
    claim.timestamp,
    scope.join('/'),
    sha256(canonicalRequest(covered)),
  ].join('\n');
  return createHmac('sha256', key).update(text).digest('hex');
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** RFC 3986: only letters, digits and `-._~` stay as they are. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalRequest({ method, path, query, headers, payload }: Covered): string {
  const names = [...headers.keys()].sort();
  const lines = names.map(name => `${name}:${headers.get(name)!.trim().replace(/\s+/g, ' ')}\n`);
  return [method, path, canonicalQuery(query), lines.join(''), names.join(';'), payload].join('\n');
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter(pair => pair !== '' && !pair.startsWith('X-Amz-Signature='))
    .map(pair => {
      const [name = '', ...value] = pair.split('=');
      return `${recoded(name)}=${recoded(value.join('='))}`;
    })
    .sort()
    .join('&');
}

function recoded(text: string): string {
  return encodeRfc3986(decodeURIComponent(text.replaceAll('+', ' ')));
}
