/**
 * What a handler answers: a value, which `send` writes to the wire. A handler sees no response, so
 * cookies and headers are part of the value.
 */
import type { Response } from 'express';
import type { Session } from '../core/browser-session.ts';
import type { BridgeError } from '../core/errors.ts';
import { acceptedEncoding, type Compress, isCompressed, quickly } from './compression.ts';
import { forgetSession, viewerIn } from './current-session.ts';
import { allowFormSources } from './guards.ts';
import type { Renderer } from './render.ts';
import { leaveUnrecorded } from './request-context.ts';
import type { BridgeCookies } from './session-cookie.ts';
import type { Views } from './views.ts';

type Content =
  | { readonly kind: 'view'; readonly view: keyof Views; readonly model: object }
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'content'; readonly type: string; readonly body: string | Buffer }
  | { readonly kind: 'attachment'; readonly filename: string; readonly text: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'refusal'; readonly error: BridgeError; readonly isUnrecorded?: boolean };

interface Accompaniment {
  /** Default: 303 for a redirect, 200 for everything else. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The session that the browser gets, or the end of the one that it has. */
  readonly session?: Session | 'cleared';
  /** The secret of a sign-out that can go on at the provider, or the end of an earlier one. */
  readonly signOut?: { readonly secret: string } | 'cleared';
  /** The secret that ties a sign-in attempt to the browser. */
  readonly attempt?: string;
  /** The secret of a browser that becomes a known one. */
  readonly knownBrowser?: string;
  /** Where a form of the page leads in addition to our own pages: sources of the CSP. */
  readonly formSources?: readonly string[];
  /**
   * Compresses the answer, which contains no secret, for clients that accept it. Of pages their row
   * decides (`compression`), and nothing else is compressed by itself.
   */
  readonly compress?: Compress | undefined;
}

export type Answer = Content & Accompaniment;

/** Undefined passes the request on to the next route, at last to "not found". */
export type Reply = Answer | undefined | Promise<Answer | undefined>;

/** A page. The signed-in user in its frame is added when it is sent. */
export function view<K extends keyof Views>(name: K, model: Omit<Views[K], 'viewer'>): Answer {
  return { kind: 'view', view: name, model };
}

export function redirect(to: string): Answer {
  return { kind: 'redirect', to };
}

export function json(value: unknown): Answer {
  return { kind: 'json', value };
}

export function content(type: string, body: string | Buffer): Answer {
  return { kind: 'content', type, body };
}

/** A text that the browser saves. */
export function attachment(filename: string, text: string): Answer {
  return { kind: 'attachment', filename, text };
}

/** An answer without a body. */
export function empty(status: 200 | 204): Answer {
  return { kind: 'empty', status };
}

/** An error together with what else goes to the browser. Other errors are thrown. */
export function refusal(
  error: BridgeError,
  options: { readonly isUnrecorded?: boolean; readonly session?: 'cleared' } = {},
): Answer {
  return { kind: 'refusal', error, ...options };
}

export interface Sending {
  readonly renderer: Renderer;
  readonly cookies: BridgeCookies;
}

/** Writes an answer. Throws the error of a refusal. */
export async function send(
  answer: Answer,
  response: Response,
  { renderer, cookies }: Sending,
): Promise<void> {
  const { compress } = answer;
  setCookies(answer, response, cookies);
  if (answer.formSources !== undefined) allowFormSources(response, answer.formSources);
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  response.status(answer.status ?? 200);
  switch (answer.kind) {
    case 'view': {
      const model = { viewer: viewerIn(response), ...answer.model } as Views[keyof Views];
      return write(response, {
        type: 'text/html',
        body: renderer.render(answer.view, model),
        compress: isCompressed(answer.view) ? quickly : undefined,
      });
    }
    case 'redirect':
      return void response.redirect(answer.status ?? 303, answer.to);
    case 'json':
      return write(response, {
        type: 'application/json',
        body: JSON.stringify(answer.value),
        compress,
      });
    case 'content':
      return write(response, { ...answer, compress });
    case 'attachment':
      response.attachment(answer.filename);
      return write(response, { type: 'text/plain', body: answer.text, compress });
    case 'empty':
      return void response.end();
    case 'refusal':
      if (answer.isUnrecorded === true) leaveUnrecorded(response);
      throw answer.error;
  }
}

interface Written {
  readonly type: string;
  readonly body: string | Buffer;
  readonly compress: Compress | undefined;
}

/** What is shorter fits into one packet as it is. */
const LEAST_COMPRESSED = 1024;

async function write(response: Response, { type, body, compress }: Written): Promise<void> {
  if (typeof body === 'string') response.setHeader('Content-Type', `${type}; charset=utf-8`);
  else response.type(type);
  if (compress === undefined) return end(response, body);
  response.vary('Accept-Encoding');
  const encoding = acceptedEncoding(response.req);
  if (encoding === undefined || body.length < LEAST_COMPRESSED) return end(response, body);
  const compressed = await compress(body, encoding);
  response.setHeader('Content-Encoding', encoding);
  end(response, compressed);
}

/** By Node.js alone: `send` of Express derives again what is known here. */
function end(response: Response, body: string | Buffer): void {
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}

function setCookies(answer: Answer, response: Response, cookies: BridgeCookies): void {
  const { session, signOut, attempt, knownBrowser } = answer;
  if (session === 'cleared') {
    cookies.clearSession(response);
    // The page of this answer shows no signed-in user.
    forgetSession(response);
  } else if (session !== undefined) {
    cookies.writeSession(response, session.id, new Date(session.expiresAt));
  }
  if (signOut === 'cleared') cookies.clearSignOut(response);
  else if (signOut !== undefined) cookies.writeSignOut(response, signOut.secret);
  if (attempt !== undefined) cookies.writeAttempt(response, attempt);
  if (knownBrowser !== undefined) cookies.writeKnown(response, knownBrowser);
}
