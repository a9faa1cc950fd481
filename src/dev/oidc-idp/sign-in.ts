/** The provider's sign-in page, and what a sign-in proves. */
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { InteractionResults, Provider } from 'oidc-provider';
import type { Directory } from '../directory.ts';
import { html } from '../html.ts';
import { PAGE_HEADERS, page, signInPage } from '../page.ts';
import type { Person } from '../people.ts';
import { type Proof, proofFor, UNREACHABLE, WEAK_PROOF, wantedIn } from './authentication.ts';
import type { StepUpManners } from './manners.ts';

export const IDP_NAME = 'Acme Login';

export interface SignInDesk {
  readonly provider: Provider;
  readonly directory: Directory;
  readonly stepUp: StepUpManners;
  readonly baseUrl: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly subjectOf: (username: string) => string;
  readonly onSignIn: (person: Person) => void;
}

export function serveSignIns(app: Express, desk: SignInDesk): void {
  const { provider, directory } = desk;
  app.get('/interaction/:uid', async (req, res) => {
    const { uid, params } = await provider.interactionDetails(req, res);
    showForm(res, 200, { uid, destination: destinationOf(params), people: directory.people() });
  });
  const form = express.urlencoded({ extended: false, limit: '10kb' });
  app.post('/interaction/:uid', form, (req, res) => signIn(desk, req, res));
  app.use('/interaction', (error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    const status = (error as { status?: number }).status ?? 500;
    const text = status < 500 ? SIGN_IN_EXPIRED : 'Something went wrong. Try again.';
    send(res, status, fault(text));
  });
}

const SIGN_IN_EXPIRED = 'This sign-in has expired. Start again where you came from.';

async function signIn(desk: SignInDesk, req: Request, res: Response): Promise<void> {
  const { provider, directory, baseUrl } = desk;
  // The library's interaction cookie is Lax and bound to the unguessable id in the path. This also
  // stops other sites on our own host.
  if (req.headers.origin !== undefined && req.headers.origin !== new URL(baseUrl).origin)
    return send(res, 403, fault('This form was not made here.'));
  const { uid, params } = await provider.interactionDetails(req, res);
  const fields = (req.body ?? {}) as Readonly<Record<string, unknown>>;
  const again = { uid, destination: destinationOf(params), people: directory.people() };
  const person = directory.authenticated(fields.username, fields.password);
  if (person === undefined)
    return showForm(res, 401, { ...again, problem: 'Wrong user name or password.' });
  if (directory.isDisabled(person.username))
    return showForm(res, 403, { ...again, problem: 'This account is disabled.' });
  const proof = proved(desk.stepUp, params, fields.second_factor === 'on');
  if (proof !== undefined) desk.onSignIn(person);
  await provider.interactionFinished(req, res, resultOf(desk, person, proof));
}

function proved(
  { acr }: StepUpManners,
  params: Readonly<Record<string, unknown>>,
  secondFactor: boolean,
): Proof | undefined {
  return acr === 'weaker' ? WEAK_PROOF : proofFor(wantedIn(params), secondFactor);
}

function resultOf(
  { now, subjectOf }: SignInDesk,
  person: Person,
  proof: Proof | undefined,
): InteractionResults {
  if (proof === undefined)
    return { error: 'unmet_authentication_requirements', error_description: UNREACHABLE };
  return {
    login: { accountId: subjectOf(person.username), ...proof, ts: Math.floor(now() / 1000) },
    // There is no consent page; the sign-in page stands for it.
    consent: {},
  };
}

export function fault(message: string): string {
  return page({ title: IDP_NAME, body: html`<h1>${IDP_NAME}</h1><p class="bad">${message}</p>` });
}

function destinationOf(params: Readonly<Record<string, unknown>>): string {
  const uri = params.redirect_uri;
  return typeof uri === 'string' && URL.canParse(uri) ? new URL(uri).host : 'an application';
}

interface FormState {
  readonly uid: string;
  readonly destination: string;
  readonly people: readonly Person[];
  readonly problem?: string;
}

function showForm(
  res: Response,
  status: number,
  { uid, destination, people, problem }: FormState,
): void {
  const text = signInPage({
    provider: IDP_NAME,
    destination,
    action: `/interaction/${uid}`,
    hidden: {},
    problem,
    usernames: people.map(person => person.username),
  });
  send(res, status, text);
}

export function send(res: Response, status: number, text: string): void {
  res.status(status).set(PAGE_HEADERS).send(text);
}
