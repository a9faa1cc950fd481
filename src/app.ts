/**
 * Every URL of the product on one screen.
 *
 * A request walks down from here: what it carries, headers, who asks, then one door. Each half has
 * its face for errors.
 */
import express, { type Express, type Request } from 'express';
import { apiRoutes } from './apis/api-routes.ts';
import { credentialsApi } from './apis/credentials-api.ts';
import { federationMetadata } from './apis/federation-metadata.ts';
import { health } from './apis/health.ts';
import { identityCenter } from './apis/identity-center.ts';
import { oauth } from './apis/oauth.ts';
import { terminalDoors } from './apis/terminal-doors.ts';
import type { Bridge } from './compose.ts';
import { BridgeError } from './core/errors.ts';
import { awsConfigPage } from './flows/aws-config.ts';
import { browserSso, signInAnswers } from './flows/browser-sso.ts';
import { cliBrowserLogin } from './flows/cli-browser-login.ts';
import { cliDeviceLogin } from './flows/cli-device-login.ts';
import { consoleLink } from './flows/console-link.ts';
import { credentialsPage } from './flows/credentials-page.ts';
import { mySessionsPage } from './flows/my-sessions.ts';
import { portal } from './flows/portal.ts';
import { loadSession } from './http/current-session.ts';
import { errorResponses, oauthFace, problemFace } from './http/error-responses.ts';
import { watchForwarded } from './http/forwarded-watch.ts';
import {
  limitPerAddress,
  onlyNavigations,
  ownFormGuard,
  refusePrefetch,
  securityHeaders,
} from './http/guards.ts';
import { refuseHead } from './http/head-requests.ts';
import { requestContext } from './http/request-context.ts';
import { bridgeCookies } from './http/session-cookie.ts';

/** From one address: far beyond what a company's office does at nine in the morning. */
const REQUESTS_PER_MINUTE = 3000;

/** The only addresses that answer HEAD as GET: documents that say the same to everybody. */
const DOCUMENTS: ReadonlySet<string> = new Set([
  '/healthz',
  '/readyz',
  '/saml/idp/metadata',
  '/saml/:connector/metadata',
  '/.well-known/openid-configuration',
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/openapi.json',
]);

export function createApp(bridge: Bridge): Express {
  const { access, signIn, renderer, secrets, clock, baseUrl, help } = bridge;
  const { connectors } = signIn;
  const secure = baseUrl.startsWith('https:');
  const cookies = bridgeCookies({ ...bridge, secure });
  const ownForm = ownFormGuard({ secrets, baseUrl });
  const signingIn = { ...bridge, cookies, ownForm };
  const signedInPerson = async (request: Request): Promise<string | undefined> =>
    (await signIn.sessionOf(cookies.readSession(request)))?.identity.person;

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', [...bridge.trustedProxies]);

  const trustsPeer = app.get('trust proxy fn') as (peer: string, hop: number) => boolean;
  const forwarded = watchForwarded({
    isTrusted: peer => trustsPeer(peer, 0),
    log: bridge.log,
    clock,
  });

  app.use(requestContext(bridge.log, forwarded));
  app.use(securityHeaders({ secure, formTargets: bridge.consoleSources }));
  app.use(refusePrefetch);

  const terminals = terminalDoors(bridge);

  // The doors of AWS tools, which come here most: they are answered as IAM Identity Center would.
  // /client/register /device_authorization /token /start /assignment/… /federation/credentials
  // /logout
  app.use(identityCenter({ ...bridge, terminals }));

  // Doors for machines: they answer with problem details.
  const machines = express.Router();
  machines.use(
    health({
      ping: bridge.ping,
      connectors,
      stopping: bridge.stopping,
      warnings: forwarded.warnings,
    }),
  ); //        /healthz  /readyz
  // /saml/idp/metadata /.well-known/openid-configuration /.well-known/jwks.json
  // /saml/{connector}/metadata
  machines.use(federationMetadata(bridge));
  machines.use(problemFace());
  app.use(machines);

  // The door for programs that log in: they are answered in the words of OAuth.
  const logins = express.Router();
  // /oauth/device_authorization /oauth/token /oauth/revoke /.well-known/oauth-authorization-server
  logins.use(oauth({ ...bridge, terminals }));
  logins.use(oauthFace(bridge));
  app.use(logins);

  // The door for programs with a login: they are answered with problem details.
  // /api/v1/…
  app.use(apiRoutes({ ...bridge, operations: credentialsApi({ ...bridge, connectors }) }));

  // Doors for people: they answer with pages.
  app.use(renderer.assets); //                                                /assets/…
  // /saml/{connector}/acs /oidc/{connector}/callback
  app.use(signInAnswers(signingIn));
  // Before anything is counted: a page of another site must not use up what the browser of its
  // visitor may ask.
  app.use(onlyNavigations);
  app.use(
    limitPerAddress({
      perMinute: REQUESTS_PER_MINUTE,
      knownBrowser: cookies.readKnown,
      shownLive: signedInPerson,
    }),
  );
  app.use(loadSession({ cookies, sessionOf: signIn.sessionOf, connectors }));
  // /sign-in /sign-in/{connector} /sign-out
  app.use(browserSso(signingIn));
  app.use(portal({ access, connectors, renderer, help })); //                /
  app.use(consoleLink({ access, renderer, ownForm })); //                              /console
  app.use(credentialsPage({ access, renderer, clock, ownForm })); //         /credentials
  app.use(cliDeviceLogin({ ...bridge, ownForm })); //                        /device
  // /oauth/authorize /authorize
  app.use(cliBrowserLogin({ ...bridge, ownForm }));
  app.use(awsConfigPage(bridge)); //  /aws-config
  app.use(mySessionsPage({ ...bridge, cookies, ownForm })); //               /sessions
  app.use(request => {
    throw new BridgeError('not_found', `no route for ${request.method}`);
  });
  app.use(errorResponses('page', bridge));
  refuseHead(app, DOCUMENTS);
  return app;
}
