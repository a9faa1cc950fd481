/**
 * The demo's corporate SAML 2.0 identity provider.
 *
 * Owns: its sign-in page and session, the checks of AuthnRequests, signed Responses, its metadata.
 * It is as strict as a production one and shares no code with the bridge, so that each proves the
 * other. It does not know single logout; its own session ends on its front page.
 */
import type { RequestListener } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { createDirectory, type Directory } from '../directory.ts';
import { html } from '../html.ts';
import { PAGE_HEADERS, page } from '../page.ts';
import type { Person } from '../people.ts';
import {
  checkAuthnRequest,
  type Message,
  readAuthnRequest,
  readPost,
  readRedirect,
} from './authn-request.ts';
import { FrontDesk, IDP_NAME } from './front-desk.ts';
import { goodStepUpManners, type SamlProtection, type SamlStepUpManners } from './manners.ts';
import { metadataOf, type SignOn } from './metadata.ts';
import { Refusal } from './refusal.ts';
import { createServiceProviders } from './service-providers.ts';
import { createSigningKey } from './signing-key.ts';

export interface SamlIdpOptions {
  /** Where the handler is reached: an origin without a trailing slash. */
  readonly baseUrl: string;
  readonly people: readonly Person[];
  /** Addresses on loopback; fetched when first needed. */
  readonly serviceProviders: readonly { readonly metadataUrl: string }[];
  /** By redirects, signed or not as their service provider says, by default. */
  readonly signOn?: SignOn | undefined;
  /** Encrypts assertions as the metadata of the service provider prefers; false by default. */
  readonly encrypts?: boolean | undefined;
  /** Epoch milliseconds; the machine's clock by default. */
  readonly now?: () => number;
  /** Signs its answers; a new one by default. RSA with SHA-256, extractable. */
  readonly keyPair?: CryptoKeyPair;
}

export interface SamlIdp {
  readonly handler: RequestListener;
  /** Its entity id, which is also the address of its metadata. */
  readonly entityId: string;
  metadata(): string;
  /** Changes people: groups, attributes, disabled accounts. The next sign-in meets it. */
  readonly directory: Directory;
  /** What it does with requests for another authentication. */
  readonly stepUp: SamlStepUpManners;
  /** Whether it encrypts assertions, and what it signs. */
  readonly protection: SamlProtection;
  /** Reads the metadata of service providers again when the next request comes. */
  forgetServiceProviders(): void;
}

/** Starts with a new key unless one is given; metadata must be read again after a restart. */
export async function createSamlIdp(options: SamlIdpOptions): Promise<SamlIdp> {
  const now = options.now ?? Date.now;
  const entityId = `${options.baseUrl}/metadata`;
  const ssoUrl = `${options.baseUrl}/sso`;
  const signingKey = await createSigningKey(IDP_NAME, { now: now(), keyPair: options.keyPair });
  const { signOn = { binding: 'redirect', requiresSignature: false } } = options;
  const { certificate } = signingKey;
  const metadata = metadataOf({ entityId, ssoUrl, signOn, certificate });
  const providers = createServiceProviders(
    options.serviceProviders.map(({ metadataUrl }) => metadataUrl),
    now,
  );
  const directory = createDirectory(options.people);
  const stepUp = goodStepUpManners();
  const protection: SamlProtection = {
    encrypts: options.encrypts === true ? 'published' : undefined,
    signsResponse: true,
  };
  const desk = new FrontDesk({
    issuer: { entityId, now, ...signingKey },
    ...{ directory, stepUp, protection },
    origin: new URL(options.baseUrl).origin,
  });

  const app = newApp();
  app.get('/metadata', (_req, res) => void res.type('application/samlmetadata+xml').send(metadata));
  serveSignIns(app, { desk, providers, ssoUrl, signOn, now });
  const form = express.urlencoded({ extended: false, limit: '10kb' });
  app.post('/sign-in', form, (req, res) => desk.signIn(req, res));
  app.get('/', (req, res) => desk.front(req, res));
  app.post('/sign-out', form, (req, res) => desk.signOut(req, res));
  app.use(() => {
    throw new Refusal('Page not found.', 404);
  });
  app.use(showRefusal);
  return {
    ...{ handler: app, entityId, directory, stepUp, protection },
    metadata: () => metadata,
    forgetServiceProviders: () => providers.forget(),
  };
}

interface SignIns {
  readonly desk: FrontDesk;
  readonly providers: ReturnType<typeof createServiceProviders>;
  readonly ssoUrl: string;
  readonly signOn: SignOn;
  readonly now: () => number;
}

/** Sign-ins that a service provider requested, and unsolicited ones. */
function serveSignIns(app: Express, { desk, providers, ssoUrl, signOn, now }: SignIns): void {
  const answer = async (req: Request, res: Response, message: Message): Promise<void> => {
    const { requiresSignature } = signOn;
    const place = { destination: ssoUrl, now: now(), requiresSignature };
    const asked = readAuthnRequest(message);
    const request = await providers.withProvider(asked.issuer, provider =>
      checkAuthnRequest(asked, message, { provider, ...place }),
    );
    await desk.answer(req, res, request);
  };
  if (signOn.binding === 'redirect')
    app.get('/sso', (req, res) => answer(req, res, readRedirect(rawQueryOf(req))));
  const text = express.text({ type: 'application/x-www-form-urlencoded', limit: '100kb' });
  if (signOn.binding === 'post')
    app.post('/sso', text, (req, res) =>
      answer(req, res, readPost(new URLSearchParams(String(req.body ?? '')))),
    );
  app.get('/sso/unsolicited', async (req, res) => {
    const query = new URLSearchParams(rawQueryOf(req));
    const request = await providers.withProvider(
      query.get('sp') ?? '',
      ({ entityId: serviceProvider, consumers, recipient }) => ({
        ...UNSOLICITED,
        ...{ serviceProvider, recipient },
        acsUrl: (consumers.find(consumer => consumer.isDefault) ?? consumers[0]!).location,
        relayState: query.get('relay_state') ?? undefined,
      }),
    );
    await desk.answer(req, res, request);
  });
}

const UNSOLICITED = {
  id: undefined,
  forceAuthn: false,
  isPassive: false,
  nameIdFormat: undefined,
  contexts: [],
  comparison: 'exact',
} as const;

function rawQueryOf(req: Request): string {
  const start = req.originalUrl.indexOf('?');
  return start < 0 ? '' : req.originalUrl.slice(start + 1);
}

function newApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', false);
  return app;
}

function showRefusal(error: unknown, _req: Request, res: Response, _next: NextFunction): void {
  const status =
    error instanceof Refusal
      ? error.status
      : ((error as { status?: number } | undefined)?.status ?? 500);
  const message = error instanceof Refusal ? error.message : 'The request cannot be answered.';
  if (status >= 500)
    process.stderr.write(
      `SAML identity provider: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
  const body = html`<h1>${IDP_NAME}</h1><p class="bad">${message}</p>`;
  res
    .status(status)
    .set(PAGE_HEADERS)
    .send(page({ title: IDP_NAME, body }));
}
