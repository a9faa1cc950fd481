/**
 * What arrived of a request that `doctor` sent through the proxy. Without its proof nothing of the
 * request is read.
 */
import type { Request, Response } from 'express';
import {
  type Arrival,
  DOCTOR_PROOF_HEADER,
  LOCATION_PARAMETER,
  MARKED_HEADERS,
  MOST_BODY_BYTES,
  MOST_LOCATION_BYTES,
  markOf,
} from '../core/arrival.ts';
import { recordable } from '../core/audit-event.ts';
import type { Clock, DoctorProofs } from '../core/ports.ts';
import { contextOf } from './request-context.ts';
import type { Arrived } from './route.ts';

export interface ArrivalParts {
  readonly baseUrl: string;
  readonly doctorProofs: DoctorProofs;
  readonly clock: Clock;
}

/** Never rejects: a request that ends early is one with a short body. */
export async function arrivalIn(
  request: Request,
  response: Response,
  parts: ArrivalParts,
): Promise<Arrived> {
  const nonce = doctorNonceIn(request, parts);
  if (nonce === undefined) return { arrival: undefined, locationBytes: undefined };
  const asked = Number(request.query[LOCATION_PARAMETER]);
  return {
    arrival: await describe(request, response, nonce),
    locationBytes: asked > 0 && asked <= MOST_LOCATION_BYTES ? Math.floor(asked) : undefined,
  };
}

/** The nonce of a valid proof for this request. */
export function doctorNonceIn(
  request: Request,
  { baseUrl, doctorProofs, clock }: ArrivalParts,
): string | undefined {
  const proof = request.get(DOCTOR_PROOF_HEADER);
  const asked = { method: request.method, origin: baseUrl };
  return proof === undefined ? undefined : doctorProofs.nonceIn(proof, asked, clock.now());
}

async function describe(request: Request, response: Response, nonce: string): Promise<Arrival> {
  const peer = plainAddress(request.socket.remoteAddress ?? 'unknown');
  const isTrusted = request.app.get('trust proxy fn') as (peer: string, hop: number) => boolean;
  const marked = MARKED_HEADERS.map(name => [name, markOf(name, nonce, request.get(name))]);
  return {
    nonce,
    http_version: request.httpVersion,
    target_bytes: Buffer.byteLength(request.originalUrl),
    body_bytes: await bodyBytes(request),
    peer,
    peer_trusted: isTrusted(peer, 0),
    address: plainAddress(contextOf(response).origin.address),
    protocol: recordable(request.protocol, 16),
    forwarded: forwardedIn(request),
    marked: Object.fromEntries(marked) as Arrival['marked'],
  };
}

const FORWARDED = /^(?:x-forwarded-.{1,40}|forwarded|x-real-ip|via)$/;
const MOST_FORWARDED = 16;
const LONGEST_VALUE = 300;

function forwardedIn({ rawHeaders }: Request): Arrival['forwarded'] {
  const found: { name: string; value: string }[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (!FORWARDED.test(name)) continue;
    found.push({ name, value: recordable(rawHeaders[at + 1]!, LONGEST_VALUE) });
  }
  return found.slice(0, MOST_FORWARDED);
}

async function bodyBytes(request: Request): Promise<number> {
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > MOST_BODY_BYTES) break;
    }
  } catch {
    // The caller went away; no answer can reach it.
  }
  return bytes;
}

function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}
