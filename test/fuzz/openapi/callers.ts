/** Who calls the API: one row for each kind of caller that the document knows. */
import { applicationLogin, proofOf, WITH_APPLICATIONS } from '../../support/application.ts';
import { proofOf as callerProof, signedCaller } from '../../support/caller-forge.ts';
import { loginByCode, loginByDevice, makeContainerToken } from '../../support/cli-login.ts';
import { createPlatform, GITHUB_CLAIMS } from '../../support/workload-platform.ts';
import {
  askOneStep,
  credentialsIn,
  GITHUB,
  githubEntry,
  roleEntry,
  workloadsSection,
} from '../../support/workloads.ts';
import type { World, WorldOptions } from '../../support/world.ts';

export type Headers = Readonly<Record<string, string>>;

/** The headers that show who sends this request. */
export type Credentials = (request: {
  readonly method: string;
  readonly path: string;
}) => Headers | Promise<Headers>;

export interface Caller {
  readonly name: string;
  /** How the document calls its credentials: it calls the operations that take them. */
  readonly scheme: 'login' | 'application' | 'container' | 'workload';
  /** Its part of the time. */
  readonly share: number;
  /** Gets new credentials from the bridge. */
  logIn(world: World): Promise<Credentials>;
}

const AUDIENCE = 'aws.example.com';
const platformAt = await createPlatform({
  ...{ issuer: GITHUB, audience: AUDIENCE, usual: GITHUB_CLAIMS },
});

/** A world that knows all of them. */
export const WITH_CALLERS: WorldOptions = {
  ...WITH_APPLICATIONS,
  configure: (yaml, urls) =>
    WITH_APPLICATIONS.configure!(yaml, urls) +
    workloadsSection(githubEntry(AUDIENCE), roleEntry(AUDIENCE)),
  files: { 'github.json': platformAt(() => 0).jwks },
};

const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });

/** All by OpenID Connect: to the SAML provider, a bridge whose clock was turned asks too late. */
export const CALLERS: readonly Caller[] = [
  {
    // Decides about the requests of the next one.
    name: 'an approver, by an authorization code',
    scheme: 'login',
    share: 4,
    logIn: async world => {
      const { visitor } = await world.signIn('alice', 'oidc');
      const { accessToken } = await loginByCode(world, visitor);
      return () => bearer(accessToken);
    },
  },
  {
    name: 'a requester, by a device code',
    scheme: 'login',
    share: 2,
    logIn: async world => {
      const { accessToken } = await loginByDevice(world, 'bob', 'oidc');
      return () => bearer(accessToken);
    },
  },
  {
    name: 'an application with a key',
    scheme: 'application',
    share: 2,
    logIn: async world => {
      const { visitor } = await world.signIn('dave', 'oidc');
      const login = await applicationLogin(world, visitor);
      const { key, accessToken } = login;
      return async ({ method, path }) => ({
        authorization: `DPoP ${accessToken}`,
        dpop: await proofOf(world, key, { method, path, accessToken }),
      });
    },
  },
  {
    name: 'a container',
    scheme: 'container',
    share: 1,
    logIn: async world => {
      const { token } = await makeContainerToken(world, await loginByDevice(world, 'dave', 'oidc'));
      return () => ({ authorization: token });
    },
  },
  {
    name: 'a workload with a token of its platform',
    scheme: 'workload',
    share: 1,
    logIn: async world => {
      const platform = platformAt(() => world.clock.now());
      return async () => bearer(await platform.token());
    },
  },
  {
    name: 'a workload with a role of AWS',
    scheme: 'workload',
    share: 1,
    logIn: async world => {
      const token = await platformAt(() => world.clock.now()).token();
      const credentials = credentialsIn(await askOneStep(world, token));
      // A proof is used once, and its time has no fractions of a second.
      return () => {
        world.clock.turn(1);
        const at = world.clock.now();
        const request = signedCaller({ credentials, audience: AUDIENCE, at });
        return { authorization: callerProof(request) };
      };
    },
  },
];
