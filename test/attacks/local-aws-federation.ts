/** A local AWS that trusts the forge of SAML responses, and what it makes of a response. */
import assert from 'node:assert/strict';
import { partitionNamed } from '../../src/dev/local-aws/partitions.ts';
import { readSamlMetadata } from '../../src/dev/local-aws/saml-metadata.ts';
import {
  parseSamlResponse,
  type SamlIdentity,
  verifySamlResponse,
} from '../../src/dev/local-aws/saml-response.ts';
import {
  ADMIN,
  call,
  PROD,
  ROLE_PAIR,
  type Running,
  SAML_PROVIDER,
  samlWorld,
  startLocalAws,
} from '../dev/local-aws/support.ts';
import {
  attributes,
  createForge,
  encode,
  FAR_AHEAD,
  type Forge,
  nameId,
  PERSISTENT,
  rsaKey,
  signingKey,
} from '../support/saml-forge.ts';
import type { Genuine } from './wrappings.ts';

const AWS = 'https://aws.amazon.com/SAML/Attributes/';

/** What the response says of the session: exactly this, or nothing. */
function sessionOf(name: string): string {
  return attributes({
    [`${AWS}Role`]: ROLE_PAIR,
    [`${AWS}RoleSessionName`]: name,
    [`${AWS}SessionDuration`]: '1800',
    [`${AWS}SourceIdentity`]: name,
    [`${AWS}PrincipalTag:team`]: ['blue'],
    [`${AWS}TransitiveTagKeys`]: ['team'],
  });
}

export interface FederatedAws {
  readonly running: Running;
  readonly forge: Forge;
  /** Parts of a good response whose user is bob. */
  readonly genuineForBob: (requestId: string) => Genuine;
  /**
   * Sends the response to both endpoints. True if it was accepted: then it says of the session what
   * `good` says. Fails for an answer that is neither this nor a refusal.
   */
  readonly accepts: (samlResponse: string, good: string) => Promise<boolean>;
}

export async function startFederatedAws(): Promise<FederatedAws> {
  const key = rsaKey(2048, FAR_AHEAD);
  const plain = createForge({
    idpEntityId: 'https://idp.example.test/metadata',
    signOnUrl: 'https://idp.example.test/sso',
    acsUrl: 'https://signin.aws.amazon.com/saml',
    entityId: 'urn:amazon:webservices',
    now: () => running.clock.now(),
  });
  const xml = plain.metadata({ keys: [signingKey(key)] });
  const running = await startLocalAws(
    samlWorld({ samlProviders: [{ account: PROD, name: 'rolebridge', metadata: { xml } }] }),
  );
  const forge: Forge = {
    ...plain,
    key,
    xml: (requestId, changes = {}, signing = {}) =>
      plain.xml(requestId, { attributes: sessionOf('alice'), ...changes }, { key, ...signing }),
  };
  const identityOf = (samlResponse: string): Promise<SamlIdentity> =>
    verifySamlResponse(parseSamlResponse(samlResponse), {
      metadata: readSamlMetadata(xml),
      partition: partitionNamed('aws'),
      signature: 'assertion',
      now: running.clock.now(),
    });
  return {
    running,
    forge,
    genuineForBob: requestId => {
      const changes = { assertionId: '_bob', nameId: nameId('p-bob', PERSISTENT) };
      const response = forge.xml(requestId, { ...changes, attributes: sessionOf('bob') });
      const assertion = /<saml:Assertion.*<\/saml:Assertion>/s.exec(response)![0];
      const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(response)![0];
      return {
        xml: response,
        assertion,
        signature,
        unsigned: assertion.replace(signature, ''),
      };
    },
    accepts: async (samlResponse, good) => {
      const [atSts, atSignIn] = await Promise.all([
        assume(running.url, samlResponse),
        signIn(running.url, samlResponse),
      ]);
      for (const status of [atSts, atSignIn])
        assert.ok([200, 302, 400, 403].includes(status), `answered ${status}: ${running.reason()}`);
      // A page that offers several roles (200) has verified nothing yet, and opens none.
      if (atSts !== 200 && atSignIn !== 302) return false;
      assert.deepEqual(await identityOf(samlResponse), await identityOf(encode(good)));
      return true;
    },
  };
}

async function assume(url: string, SAMLAssertion: string): Promise<number> {
  const asked = { RoleArn: ADMIN, PrincipalArn: SAML_PROVIDER, SAMLAssertion };
  const response = await call(url, { Action: 'AssumeRoleWithSAML', ...asked });
  await response.arrayBuffer();
  return response.status;
}

async function signIn(url: string, SAMLResponse: string): Promise<number> {
  const body = new URLSearchParams({ SAMLResponse });
  const response = await fetch(`${url}/saml`, { method: 'POST', body, redirect: 'manual' });
  await response.arrayBuffer();
  return response.status;
}
