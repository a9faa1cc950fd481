/**
 * The local AWS: STS, some of IAM and S3, the console federation endpoint and a console page, as
 * strict as AWS where AWS is documented.
 *
 * Owns the URLs and what is shared between them (the world, the sessions, the clock, the faults).
 * It shares no code with rolebridge, so that each checks the other, and it stores nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createConsole } from './console.ts';
import { createQuerySurface } from './dispatch.ts';
import type { Log } from './events.ts';
import { createFaults, type Faults } from './faults.ts';
import { createFederationSurface } from './federation.ts';
import { createIamService } from './iam/iam-service.ts';
import { createMfa } from './mfa.ts';
import { createOidcKeys } from './oidc-keys.ts';
import type { Sts } from './role-sessions.ts';
import { createRoles, type Roles } from './roles.ts';
import { createS3Surface } from './s3/s3-surface.ts';
import { createSamlMetadataSource } from './saml-metadata.ts';
import { createSamlSignIn } from './saml-sign-in.ts';
import { createSessions } from './sessions.ts';
import { createStsService } from './sts-service.ts';
import { applyTemplate, type TemplateInput } from './templates/templates.ts';
import { type Answer, send } from './web.ts';
import { createWebIdentityVerifier } from './web-identity.ts';
import { parseWorld, type World, type WorldInput } from './world.ts';

export interface LocalAwsOptions {
  /** The content of a world file, or what `readWorldFile` made of one. */
  readonly world: WorldInput | World;
  /** Applied in this order before the first call; see templates/templates.ts. */
  readonly templates?: readonly TemplateInput[] | undefined;
  /** Origin under which people and programs reach the handler. */
  readonly baseUrl: string;
  /** Epoch milliseconds. */
  readonly now?: (() => number) | undefined;
  readonly log?: Log | undefined;
}

export interface LocalAws {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  readonly faults: Faults;
  readonly roles: Roles;
  /** Loads a template into the running world. Throws `TemplateError`, and changes nothing then. */
  readonly apply: (template: TemplateInput) => readonly string[];
}

type Surface = (request: IncomingMessage, response: ServerResponse) => Answer | Promise<void>;

/** Throws `WorldError` with every mistake in the world, and `TemplateError` for a template. */
export function createLocalAws({
  world: input,
  templates = [],
  baseUrl,
  now: clock = Date.now,
  log = () => undefined,
}: LocalAwsOptions): LocalAws {
  const world = input instanceof Object && 'samlSignature' in input ? input : parseWorld(input);
  const now = (): number => clock() + world.clockOffsetSeconds * 1000;
  const origin = new URL(baseUrl).origin;
  const faults = createFaults(world.faults);
  const sessions = createSessions(world, now);
  const sts: Sts = {
    world,
    sessions,
    faults,
    mfa: createMfa(now),
    now,
    samlMetadata: createSamlMetadataSource(),
    webIdentity: createWebIdentityVerifier({ world, keys: createOidcKeys(now), now }),
  };
  for (const template of templates) applyTemplate(sts, template);
  const services = [createStsService(sts), createIamService(sts)] as const;
  const console = createConsole({ baseUrl: origin, sessions, now });

  const surfaces: ReadonlyMap<string, Surface> = new Map<string, Surface>([
    ['/', createQuerySurface({ services, faults, log })],
    ['/federation', createFederationSurface({ world, sessions, console, faults, now, log })],
    ['/saml', createSamlSignIn({ sts, console, homeUrl: `${origin}/console`, log })],
    ['/oauth', request => console.signOut(request, parametersOf(request).get('redirect_uri'))],
    ['/console', request => console.show(request)],
    ['/s3', createS3Surface({ world, sessions, now, log })],
  ]);
  return {
    faults,
    roles: createRoles(world),
    apply: template => applyTemplate(sts, template),
    handler: (request, response) => {
      serve(surfaces, request, response).catch((cause: unknown) => {
        const reason = `defect: ${(cause as Error)?.stack ?? String(cause)}`;
        const code = 'InternalFailure';
        log({ outcome: 'refused', surface: 'sts', action: '(none)', requestId: '-', code, reason });
        fail(response);
      });
    },
  };
}

function fail(response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const headers = { 'content-type': 'text/plain' };
  send(response, { status: 500, headers, body: 'internal failure\n' });
}

/** Surfaces that also have all paths below their own. */
const WITH_PATHS: ReadonlySet<string> = new Set(['console', 's3']);

async function serve(
  surfaces: ReadonlyMap<string, Surface>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split('?')[0] ?? '/';
  const [, first = ''] = path.split('/');
  const surface = surfaces.get(WITH_PATHS.has(first) ? `/${first}` : path);
  if (surface === undefined)
    return send(response, {
      status: 404,
      headers: { 'content-type': 'text/xml' },
      body: '<UnknownOperationException/>',
    });
  const answer = await surface(request, response);
  if (answer !== undefined) send(response, answer);
}

function parametersOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams(request.url?.split('?')[1] ?? '');
}
