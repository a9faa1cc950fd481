/**
 * A route is a row: what it reads, who may ask, which limits and which face of errors it has, and
 * a handler that answers with a value. `mount` makes the server of the rows.
 *
 * Owns: the shape of a row and the builders for each kind. A POST from our own pages is built by
 * `form` alone, which always limits its body and checks session and CSRF token.
 */
import * as z from 'zod';
import type { Caller } from '../bridge/token-callers.ts';
import type { WorkloadCaller } from '../bridge/workload-callers.ts';
import type { Arrival } from '../core/arrival.ts';
import type { Session } from '../core/browser-session.ts';
import type { SentProof } from '../core/dpop.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Requester, Viewer } from '../core/requester.ts';
import { type Answer, empty, json, type Reply } from './answer.ts';
import type { Compress } from './compression.ts';
import type { ErrorFace } from './error-responses.ts';
import type { LimitName } from './rate-limits.ts';
import { type Input, type Reads, text } from './read.ts';

export type Method = 'get' | 'head' | 'post' | 'delete' | 'all';

/** A caller who proves nothing. */
export interface Anyone extends Requester {
  /** Path and query, as they came. */
  readonly target: string;
  /** The origin of the page that asks (`Origin`); undefined for programs without pages. */
  readonly pageOrigin: string | undefined;
  /** Undefined if the request has no header DPoP. */
  readonly proof: SentProof | undefined;
}

/** A browser, with or without a session. */
export interface Browser extends Anyone {
  /** Its live session. Throws `unavailable` if the store fails. */
  session(): Session | undefined;
  /** The value of its session cookie, unverified. */
  readonly sessionCookie: string | undefined;
  /** The secret of its newest sign-out. */
  readonly signOut: string | undefined;
  /** The secret of its attempt cookie. */
  readonly attempt: string | undefined;
  /** Whether a user has signed in with it before. */
  readonly isKnown: boolean;
  /**
   * Whether another site led here, also by way of our own pages, or the browser does not say. What
   * users type, and links of sites of the same domain and of other programs, count as their own.
   */
  readonly isFromElsewhere: boolean;
}

/** A user in a browser, with what their browser sent. */
export interface SignedInUser
  extends Viewer,
    Pick<Browser, 'attempt' | 'isKnown' | 'isFromElsewhere'> {}

export interface TokenHolder extends Anyone {
  /** A token of an AWS tool, unverified. */
  readonly token: string;
}

/** A request to `/doctor`. */
export interface Arrived {
  /** Undefined without a valid proof; nothing of the request was read then. */
  readonly arrival: Arrival | undefined;
  /** Asked for: a redirect whose Location has so many bytes. */
  readonly locationBytes: number | undefined;
}

/** What a handler knows of who asks, by `who` of its row. */
export interface Requesters {
  readonly anyone: Anyone;
  readonly browser: Browser;
  readonly 'signed-in user': SignedInUser;
  readonly 'login token': Caller;
  readonly 'login or application token': Caller;
  /** A user's container token, or the proof or token of a workload. */
  readonly 'container token': Caller | WorkloadCaller;
  readonly workload: WorkloadCaller;
  readonly 'AWS tool token': Caller;
  readonly 'unchecked AWS tool token': TokenHolder;
  readonly doctor: Arrived;
}
export type Who = keyof Requesters;

export type Handler<R, W extends Who, Parts, Result = Reply> = (
  input: Input<R>,
  requester: Requesters[W],
  parts: Parts,
) => Result;

/** Of any input and requester: only `mount` calls it, with those of the same row. */
type AnyHandler<Parts> = (input: never, requester: never, parts: Parts) => Reply;

/** What OpenAPI says of an operation. */
export interface Description {
  readonly id: string;
  readonly summary: string;
  readonly description: string;
  /** Undefined for an answer without a body. */
  readonly output?: { readonly schema: z.ZodType; readonly description: string } | undefined;
  /** In addition to those that every operation has. */
  readonly errors: readonly ErrorCode[];
}

export interface Route<Parts = never> {
  readonly method: Method;
  /** With `{parameters}`. */
  readonly path: string;
  /**
   * `public` and `api` stand in front of the guards of pages. `foreign` is what another site leads
   * a browser to: a navigation, counted by limits of its own. A `page` comes behind all guards.
   */
  readonly kind: 'public' | 'api' | 'foreign' | 'page';
  readonly who: Who;
  readonly limits: readonly LimitName[];
  readonly face: ErrorFace;
  /** Pages of the applications can call it (CORS). */
  readonly forPages?: boolean | undefined;
  /** Every answer offers a nonce for the next DPoP proof. */
  readonly offersNonce?: boolean | undefined;
  readonly reads?: Reads | undefined;
  /** Rejects a malformed request before it asks who sent it, as AWS does. */
  readonly readsFirst?: boolean | undefined;
  /** `sign-out` is good without a session, too. */
  readonly csrf?: 'session' | 'sign-out' | undefined;
  /** Answers HEAD as GET, without a body; every other GET refuses it with 405. */
  readonly answersHead?: boolean | undefined;
  /** Answers 405 to the other methods of its path, and not 404. */
  readonly refusesOtherMethods?: boolean | undefined;
  /** Where a user comes back to after the sign-in that this route asks for. */
  readonly returnTo?: ((input: never) => string) | undefined;
  /**
   * A GET form of the bridge leads here. The content security policy limits the redirects that
   * follow a form, so a browser without a session leaves for the sign-in from a page.
   */
  readonly isFormTarget?: boolean | undefined;
  /** Answers a browser without a session, before the input is read. */
  readonly signedOut?: AnyHandler<Parts> | undefined;
  /** Answers a form of an earlier sign-in, which must have no effect and is no attack. */
  readonly outdated?: AnyHandler<Parts> | undefined;
  readonly operation?: Description | undefined;
  readonly handle: AnyHandler<Parts>;
}

interface Row<R extends Reads, W extends Who, Parts> {
  readonly path: string;
  readonly who: W;
  readonly reads?: R;
  readonly handle: Handler<R, W, Parts>;
}

/** A document that says the same to everyone. */
export function document<const R extends Reads, Parts>(
  row: Omit<Row<R, 'anyone', Parts>, 'who'> & {
    readonly face?: ErrorFace;
    readonly forPages?: boolean;
    readonly offersNonce?: boolean;
  },
): Route<Parts> {
  return {
    method: 'get',
    kind: 'public',
    who: 'anyone',
    limits: [],
    face: 'problem',
    answersHead: true,
    ...row,
  };
}

/** A page for users. */
export function page<const R extends Reads, W extends Who, Parts>({
  limit,
  ...row
}: Row<R, W, Parts> & {
  readonly method?: 'get' | 'head';
  /** In addition to the limit of all pages. */
  readonly limit?: LimitName;
  readonly returnTo?: (input: Input<R>) => string;
  readonly isFormTarget?: boolean;
  readonly signedOut?: Handler<unknown, 'anyone', Parts>;
}): Route<Parts> {
  const limits: LimitName[] = limit === undefined ? ['pages'] : ['pages', limit];
  return { method: 'get', kind: 'page', face: 'page', ...row, limits };
}

const CsrfField = z.object({ csrf_token: text(128).optional() });

type FormRow<R extends Reads, W extends Who, Parts> = Omit<Row<R, W, Parts>, 'who'> & {
  readonly limit?: LimitName;
};

/** A POST from our own page, by a signed-in user. */
export function form<const R extends Reads & { readonly form: z.ZodType }, Parts>(
  row: FormRow<R, 'signed-in user', Parts> & {
    readonly returnTo: (input: Input<R>) => string;
    readonly outdated: Handler<R, 'signed-in user', Parts>;
  },
): Route<Parts> {
  return { ...ownForm(row), who: 'signed-in user', csrf: 'session' };
}

/** The one form that works without a session, and when the store is down. */
export function signOutForm<Parts>(row: FormRow<Reads, 'browser', Parts>): Route<Parts> {
  return { ...ownForm(row), who: 'browser', csrf: 'sign-out' };
}

function ownForm<Row extends { readonly reads?: Reads; readonly limit?: LimitName }>({
  limit,
  ...row
}: Row) {
  const own = row.reads?.form ?? z.object({});
  const limits: LimitName[] = limit === undefined ? ['pages'] : ['pages', limit];
  return {
    method: 'post',
    kind: 'page',
    face: 'page',
    ...row,
    limits,
    reads: { ...row.reads, form: own.and(CsrfField) },
  } as const;
}

type ForeignRow<R extends Reads, Parts> = Omit<Row<R, 'browser', Parts>, 'who'> & {
  readonly limit: LimitName;
};

/** A page that another site leads a browser to, with something that it says. */
export function foreign<const R extends Reads, Parts>({
  limit,
  ...row
}: ForeignRow<R, Parts>): Route<Parts> {
  return { method: 'get', kind: 'foreign', who: 'browser', face: 'page', ...row, limits: [limit] };
}

/** A form that another site posts. It carries no CSRF token, so a law lists its path. */
export function foreignPost<const R extends Reads & { readonly maxBytes: number }, Parts>(
  row: ForeignRow<R, Parts>,
): Route<Parts> {
  return { ...foreign(row), method: 'post' };
}

interface ApiRow<R extends Reads, W extends Who, Parts> extends Row<R, W, Parts> {
  readonly method: 'get' | 'post' | 'delete' | 'all';
  readonly limit: LimitName;
  readonly face: ErrorFace;
  readonly readsFirst?: boolean;
  readonly forPages?: boolean;
  readonly offersNonce?: boolean;
}

/** A request of a program. No cookie is looked at. */
export function api<
  const R extends Reads,
  W extends Exclude<Who, 'browser' | 'signed-in user'>,
  Parts,
>({ limit, ...row }: ApiRow<R, W, Parts>): Route<Parts> {
  return { kind: 'api', ...row, limits: [limit] };
}

/** An operation of the bearer API: its handler gives the value that is sent as JSON. */
export function operation<
  const R extends Reads,
  W extends 'login token' | 'login or application token' | 'container token' | 'workload',
  Parts,
  Value,
>({
  id,
  summary,
  description,
  output,
  errors,
  compress,
  handle,
  ...row
}: Omit<ApiRow<R, W, Parts>, 'face' | 'limit' | 'handle'> &
  Omit<Description, 'output'> & {
    /** For a value without secrets that grows with what the caller has. */
    readonly compress?: Compress;
    readonly output?: { readonly schema: z.ZodType<Value>; readonly description: string };
    readonly handle: Handler<R, W, Parts, Value | Promise<Value>>;
  }): Route<Parts> {
  const answer = async (...call: Parameters<typeof handle>): Promise<Answer> => {
    const value = await handle(...call);
    if (output === undefined) return empty(204);
    return compress === undefined ? json(value) : { ...json(value), compress };
  };
  return {
    kind: 'api',
    limits: ['api'],
    face: row.who === 'container token' ? 'container' : 'api',
    forPages: row.who === 'login or application token',
    refusesOtherMethods: true,
    operation: { id, summary, description, output, errors },
    ...row,
    path: API_ROOT + row.path,
    handle: answer,
  };
}

/** Where the operations lie. */
export const API_ROOT = '/api/v1';
