/** A relying party of the demo's OpenID provider: openid-client, a user's browser, a logout URI. */
import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { createOidcIdp, type OidcIdp } from '../../src/dev/oidc-idp/oidc-idp.ts';
import { PEOPLE } from '../../src/dev/people.ts';
import { type HandTurnedClock, handTurnedClock } from '../support/clock.ts';
import { useFixture } from '../support/fixture.ts';
import {
  type Answer,
  formOf,
  type Listening,
  listen,
  newVisitor,
  type Visitor,
} from './visitor.ts';

export const MFA = 'https://refeds.org/profile/mfa';
export const PASSWORD = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
export const REDIRECT_URI = 'http://127.0.0.1:9/oidc/corp/callback';
export const SIGNED_OUT_URI = 'http://127.0.0.1:9/';
const SECRET = 'a-client-secret-with-specials:/+%';

type Parameters = Readonly<Record<string, string>>;
export interface Request {
  readonly url: string;
  readonly checks: client.AuthorizationCodeGrantChecks;
}
export type Tokens = Awaited<ReturnType<typeof client.authorizationCodeGrant>>;

export class RelyingParty {
  readonly idp: OidcIdp;
  readonly clock: HandTurnedClock;
  readonly configuration: client.Configuration;
  /** Logout tokens that came in; each is answered with `logoutStatus`. */
  readonly logoutTokens: string[] = [];
  logoutStatus = 200;
  visitor: Visitor = newVisitor();
  readonly #idpServer: Listening;
  readonly #ownServer: Listening;

  static async start(): Promise<RelyingParty> {
    const [idpServer, ownServer] = [await listen(), await listen()];
    const clock = handTurnedClock();
    const idp = await createOidcIdp({
      baseUrl: idpServer.url,
      people: PEOPLE,
      clients: [
        {
          clientId: 'bridge',
          clientSecret: SECRET,
          redirectUris: [REDIRECT_URI],
          postLogoutRedirectUris: [SIGNED_OUT_URI],
          backchannelLogoutUri: `${ownServer.url}/backchannel-logout`,
        },
      ],
      now: clock.now,
    });
    idpServer.handler = idp.handler;
    const configuration = await discover(idp.issuer, client.ClientSecretBasic(SECRET));
    return new RelyingParty({ idp, clock, configuration, idpServer, ownServer });
  }

  private constructor(parts: {
    readonly idp: OidcIdp;
    readonly clock: HandTurnedClock;
    readonly configuration: client.Configuration;
    readonly idpServer: Listening;
    readonly ownServer: Listening;
  }) {
    this.idp = parts.idp;
    this.clock = parts.clock;
    this.configuration = parts.configuration;
    this.#idpServer = parts.idpServer;
    this.#ownServer = parts.ownServer;
    this.#ownServer.handler = (request, response) => {
      let body = '';
      request.on('data', chunk => {
        body += chunk;
      });
      request.on('end', () => {
        this.logoutTokens.push(new URLSearchParams(body).get('logout_token') ?? body);
        response.writeHead(this.logoutStatus).end();
      });
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#idpServer.close(), this.#ownServer.close()]);
  }

  /** The next request comes from another browser. */
  newBrowser(): void {
    this.visitor = newVisitor();
  }

  as(authentication: client.ClientAuth): Promise<client.Configuration> {
    return discover(this.idp.issuer, authentication);
  }

  async request(extra: Parameters = {}): Promise<Request> {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const checks = {
      pkceCodeVerifier,
      expectedNonce: client.randomNonce(),
      expectedState: client.randomState(),
    };
    const url = client.buildAuthorizationUrl(this.configuration, {
      redirect_uri: REDIRECT_URI,
      scope: 'openid profile email groups',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      nonce: checks.expectedNonce,
      state: checks.expectedState,
      ...extra,
    });
    return { url: url.href, checks };
  }

  /** Whether the user sees the sign-in page for this request. */
  async asks(extra: Parameters): Promise<boolean> {
    return (await this.visitor.follow((await this.request(extra)).url)).status === 200;
  }

  async submit(
    name: string,
    page: Answer,
    { secondFactor = true, password = name } = {},
  ): Promise<Answer> {
    const { action } = formOf(page);
    const fields = { username: name, password, ...(secondFactor ? { second_factor: 'on' } : {}) };
    const posted = await this.visitor.post(action, fields, { origin: this.idp.issuer });
    return posted.status === 303
      ? this.visitor.follow(new URL(posted.headers.get('location')!, this.idp.issuer).href)
      : posted;
  }

  /** What comes back to the redirect URI, after the sign-in page if it is shown. */
  async answerTo(
    name: string,
    { extra = {}, secondFactor = true }: { extra?: Parameters; secondFactor?: boolean } = {},
  ): Promise<{ readonly callback: URL; readonly checks: Request['checks'] }> {
    const { url, checks } = await this.request(extra);
    const page = await this.visitor.follow(url);
    const answer = page.status === 200 ? await this.submit(name, page, { secondFactor }) : page;
    return { callback: callbackOf(answer), checks };
  }

  async tokensFor(
    name: string,
    options: { extra?: Parameters; secondFactor?: boolean } = {},
  ): Promise<Tokens> {
    const { callback, checks } = await this.answerTo(name, options);
    return client.authorizationCodeGrant(this.#inTime(), callback, checks);
  }

  async claimsFor(
    name: string,
    options: { extra?: Parameters; secondFactor?: boolean } = {},
  ): Promise<client.IDToken> {
    return (await this.tokensFor(name, options)).claims()!;
  }

  refresh(token: string): Promise<Tokens> {
    return client.refreshTokenGrant(this.#inTime(), token);
  }

  /** The configuration of now: openid-client caches keys in one, and has a clock of its own. */
  #inTime(): client.Configuration {
    const skew = Math.round((this.clock.now() - Date.now()) / 1000);
    const configuration = new client.Configuration(
      this.configuration.serverMetadata(),
      'bridge',
      { [client.clockSkew]: skew },
      client.ClientSecretBasic(SECRET),
    );
    for (const execute of EXECUTE) execute(configuration);
    return configuration;
  }
}

/** One for the tests of the surrounding suite. */
export function useRelyingParty(): RelyingParty {
  return useFixture(
    () => RelyingParty.start(),
    party => party.close(),
  );
}

export function callbackOf(answer: Answer): URL {
  const location = answer.headers.get('location') ?? '';
  assert.ok(location.startsWith(REDIRECT_URI), `${answer.status} ${location} ${answer.text}`);
  return new URL(location);
}

/** Whether this is an error answer of the provider with that code. */
export function isRefusal(code: string): (thrown: unknown) => boolean {
  return thrown =>
    thrown instanceof client.WWWAuthenticateChallengeError
      ? thrown.cause[0]?.parameters.error === code
      : (thrown as client.ResponseBodyError).error === code;
}

const EXECUTE = [client.allowInsecureRequests, client.enableNonRepudiationChecks];

function discover(
  issuer: string,
  authentication: client.ClientAuth,
): Promise<client.Configuration> {
  return client.discovery(new URL(issuer), 'bridge', undefined, authentication, {
    execute: EXECUTE,
  });
}
