/**
 * Who is signed in at the identity provider, who is about to, and what they are given to take away.
 */
import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Directory } from '../directory.ts';
import { html } from '../html.ts';
import { hiddenFields, PAGE_HEADERS, page, signInPage } from '../page.ts';
import type { Person } from '../people.ts';
import type { AuthnRequest } from './authn-request.ts';
import type { SamlProtection, SamlStepUpManners } from './manners.ts';
import {
  clearCookie,
  cookieOf,
  createOwnForms,
  fieldOf,
  newCookieValue,
  type OwnForms,
  setCookie,
} from './own-forms.ts';
import { Refusal } from './refusal.ts';
import {
  contextFor,
  type Failure,
  type IdpSession,
  type Issuer,
  nameIdFormatFor,
  notSignedIn,
  signedIn,
} from './response.ts';

export const IDP_NAME = 'Acme AD FS';
const SESSION_COOKIE = 'acme_saml_session';
const SESSION_MILLISECONDS = 10 * 3600_000;
const SIGN_IN_MILLISECONDS = 10 * 60_000;
/** The oldest go first when there are more. */
const MAX_REMEMBERED = 1000;

interface PendingSignIn {
  readonly request: AuthnRequest;
  readonly expiresAt: number;
}

export interface FrontDeskOptions {
  readonly issuer: Issuer;
  readonly directory: Directory;
  readonly stepUp: SamlStepUpManners;
  readonly protection: SamlProtection;
  readonly origin: string;
}

export class FrontDesk {
  readonly #issuer: Issuer;
  readonly #directory: Directory;
  readonly #stepUp: SamlStepUpManners;
  readonly #protection: SamlProtection;
  readonly #forms: OwnForms;
  readonly #sessions = new Map<string, IdpSession>();
  readonly #pending = new Map<string, PendingSignIn>();

  constructor({ issuer, directory, stepUp, protection, origin }: FrontDeskOptions) {
    this.#issuer = issuer;
    this.#directory = directory;
    this.#stepUp = stepUp;
    this.#protection = protection;
    this.#forms = createOwnForms(origin);
  }

  /** Answers a checked request: at once where it can, else after the sign-in page. */
  async answer(req: Request, res: Response, request: AuthnRequest): Promise<void> {
    const issuer = this.#issuer;
    const read = this.#asRead(request);
    const failed = async (failure: Failure): Promise<void> =>
      post(res, request, await notSignedIn(issuer, request, failure));
    if (nameIdFormatFor(request.nameIdFormat) === undefined)
      return failed({ fault: 'InvalidNameIDPolicy' });
    if (this.#isRefused(request)) return failed(this.#stepUp.refusal);
    const session = read.forceAuthn ? undefined : this.#sessionOf(req);
    const context = session && contextFor(session, read);
    if (session && context !== undefined)
      return post(res, request, await this.#signedIn(request, session, context));
    if (request.isPassive) return failed({ fault: 'NoPassive' });
    const id = randomBytes(16).toString('base64url');
    remember(this.#pending, id, { request: read, expiresAt: issuer.now() + SIGN_IN_MILLISECONDS });
    this.#showForm(req, res, { id, request });
  }

  /** Takes the sign-in form. */
  async signIn(req: Request, res: Response): Promise<void> {
    const id = fieldOf(req, 'sign_in');
    this.#forms.require(req, id);
    const pending = this.#pending.get(id);
    if (pending === undefined || pending.expiresAt <= this.#issuer.now()) {
      throw new Refusal('This sign-in is over. Start again where you came from.');
    }
    const { request } = pending;
    const person = this.#directory.authenticated(
      fieldOf(req, 'username'),
      fieldOf(req, 'password'),
    );
    if (person === undefined)
      return this.#showForm(req, res, { id, request, problem: 'Wrong user name or password.' });
    if (this.#directory.isDisabled(person.username))
      return this.#showForm(req, res, { id, request, problem: 'This account is disabled.' });
    this.#pending.delete(id);
    const session = this.#openSession(req, res, person);
    const isWeaker = this.#stepUp.authnContext === 'weaker';
    const context = contextFor(session, isWeaker ? { ...request, contexts: [] } : request);
    const answer =
      context === undefined
        ? notSignedIn(this.#issuer, request, { fault: 'NoAuthnContext' })
        : this.#signedIn(request, session, context);
    post(res, request, await answer);
  }

  #signedIn(request: AuthnRequest, session: IdpSession, context: string): Promise<string> {
    return signedIn(this.#issuer, request, { session, context, protection: this.#protection });
  }

  /** The front page: whether one is signed in here, and the way out. */
  front(req: Request, res: Response): void {
    const session = this.#sessionOf(req);
    const body =
      session === undefined
        ? html`<p>You are not signed in here.</p><p class="dim">Metadata: <a href="/metadata">/metadata</a></p>`
        : html`<p>You are signed in as ${session.person.displayName}.</p>
<form method="post" action="/sign-out">${hiddenFields(this.#forms.fields(req, res, 'sign-out'))}<button type="submit">Sign out</button></form>`;
    send(res, 200, page({ title: IDP_NAME, body: html`<h1>${IDP_NAME}</h1>${body}` }));
  }

  signOut(req: Request, res: Response): void {
    this.#forms.require(req, 'sign-out');
    this.#sessions.delete(cookieOf(req, SESSION_COOKIE) ?? '');
    clearCookie(res, SESSION_COOKIE);
    res.redirect(303, '/');
  }

  #sessionOf(req: Request): IdpSession | undefined {
    const session = this.#sessions.get(cookieOf(req, SESSION_COOKIE) ?? '');
    if (session === undefined || session.expiresAt <= this.#issuer.now()) return undefined;
    const { username } = session.person;
    if (this.#directory.isDisabled(username)) return undefined;
    return { ...session, person: this.#directory.person(username)! };
  }

  /** The request as far as this provider reads it. */
  #asRead(request: AuthnRequest): AuthnRequest {
    const { authnContext, forceAuthn } = this.#stepUp;
    return {
      ...request,
      contexts: authnContext === 'ignored' ? [] : request.contexts,
      forceAuthn: forceAuthn !== 'ignored' && request.forceAuthn,
    };
  }

  #isRefused({ contexts, forceAuthn }: AuthnRequest): boolean {
    return (
      (this.#stepUp.authnContext === 'refused' && contexts.length > 0) ||
      (this.#stepUp.forceAuthn === 'refused' && forceAuthn)
    );
  }

  /** A new session under a new id; the old one of this browser ends. */
  #openSession(req: Request, res: Response, person: Person): IdpSession {
    const last = cookieOf(req, SESSION_COOKIE) ?? '';
    const now = this.#issuer.now();
    const { authnContext, authnInstant } = this.#stepUp;
    const first = authnInstant === 'stale' ? this.#sessions.get(last) : undefined;
    this.#sessions.delete(last);
    const session: IdpSession = {
      index: `_${randomBytes(16).toString('hex')}`,
      person,
      authenticatedAt: first?.authenticatedAt ?? now,
      secondFactor: authnContext !== 'weaker' && fieldOf(req, 'second_factor') === 'on',
      expiresAt: now + SESSION_MILLISECONDS,
    };
    const id = newCookieValue();
    remember(this.#sessions, id, session);
    setCookie(res, SESSION_COOKIE, id);
    return session;
  }

  #showForm(
    req: Request,
    res: Response,
    form: { readonly id: string; readonly request: AuthnRequest; readonly problem?: string },
  ): void {
    const { id, request, problem } = form;
    const text = signInPage({
      provider: IDP_NAME,
      destination: new URL(request.acsUrl).host,
      action: '/sign-in',
      hidden: { sign_in: id, ...this.#forms.fields(req, res, id) },
      problem,
      usernames: this.#directory.people().map(({ username }) => username),
    });
    send(res, problem === undefined ? 200 : 401, text);
  }
}

/**
 * The HTTP-POST binding (SAML bindings 3.5): a form that sends itself, and a button where scripts
 * do not run.
 */
function post(res: Response, request: AuthnRequest, samlResponse: string): void {
  const fields = {
    SAMLResponse: samlResponse,
    ...(request.relayState === undefined ? {} : { RelayState: request.relayState }),
  };
  const body = html`<h1>${IDP_NAME}</h1><p>You are being sent back to ${new URL(request.acsUrl).host}.</p>
<form method="post" action="${request.acsUrl}">${hiddenFields(fields)}<button type="submit">Continue</button></form>`;
  send(res, 200, page({ title: IDP_NAME, body, submitsItself: true }));
}

function send(res: Response, status: number, text: string): void {
  res.status(status).set(PAGE_HEADERS).send(text);
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= MAX_REMEMBERED) map.delete(map.keys().next().value!);
  map.set(key, value);
}
