/**
 * What a browser, a terminal or an identity provider says never reaches the log or the trail as
 * control characters (threats R46).
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exchange } from '../support/raw-http.ts';
import { Visitor } from '../support/visitor.ts';
import { CONNECTOR, useWorld } from '../support/world.ts';

// ESC and CSI sequences, a C1 CSI, a right-to-left override, line separators, DEL.
const HOSTILE = '\u001b[2J\u009b2J\u202etxt\u2028\u2029\u0085\u007f';
const OBEYED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
/** As bytes of a header: above U+007F each is one byte. */
const HOSTILE_BYTES = '\u009b2J\u0085\u0080';

describe('hostile text', () => {
  const world = useWorld();

  /** State of an attempt that waits for its answer, and the browser that began it. */
  async function attempt(): Promise<{ visitor: Visitor; state: string }> {
    const visitor = new Visitor();
    const page = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.oidc}`, {
      stopAt: url => url.startsWith(world.urls.oidc),
    });
    return { visitor, state: new URL(page.path.at(-1)!).searchParams.get('state')! };
  }

  const places: Readonly<Record<string, () => Promise<unknown>>> = {
    'the description of an error of the provider': async () => {
      const { visitor, state } = await attempt();
      const answer = new URLSearchParams({
        state,
        error: 'access_denied',
        error_description: HOSTILE,
        error_uri: HOSTILE,
      });
      await visitor.get(`${world.urls.bridge}/oidc/${CONNECTOR.oidc}/callback?${answer}`);
    },
    'the error code of the provider': async () => {
      const { visitor, state } = await attempt();
      await visitor.get(
        `${world.urls.bridge}/oidc/${CONNECTOR.oidc}/callback?${new URLSearchParams({ state, error: HOSTILE })}`,
      );
    },
    'the issuer and the state of an answer': async () => {
      const { visitor, state } = await attempt();
      await visitor.get(
        `${world.urls.bridge}/oidc/${CONNECTOR.oidc}/callback?${new URLSearchParams({ state, code: 'c', iss: HOSTILE })}`,
      );
      await visitor.get(
        `${world.urls.bridge}/oidc/${CONNECTOR.oidc}/callback?${new URLSearchParams({ state: HOSTILE, code: HOSTILE })}`,
      );
    },
    'the RelayState and the body of a SAML answer': async () => {
      const xml = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="${HOSTILE.replaceAll('\u001b', '')}"><${'\u202e'}/></samlp:Response>`;
      const form = (SAMLResponse: string, RelayState: string): string =>
        new URLSearchParams({ SAMLResponse, RelayState }).toString();
      const target = `/saml/${CONNECTOR.saml}/acs`;
      await exchange(world.urls.bridge, {
        method: 'POST',
        target,
        body: form(Buffer.from(xml).toString('base64'), HOSTILE),
      });
      await exchange(world.urls.bridge, { method: 'POST', target, body: form(HOSTILE, HOSTILE) });
    },
    'the name of a connector': async () =>
      new Visitor().get(`${world.urls.bridge}/sign-in/${encodeURIComponent(HOSTILE)}`),
    'user agent, cookie, referrer and bearer, as bytes': async () =>
      exchange(world.urls.bridge, {
        method: 'POST',
        target: '/sign-out',
        headers: [
          ['User-Agent', HOSTILE_BYTES],
          ['Cookie', `rolebridge=${HOSTILE_BYTES}`],
          ['Referer', HOSTILE_BYTES],
          ['Authorization', `Bearer ${HOSTILE_BYTES}`],
          ['X-Forwarded-For', HOSTILE_BYTES],
        ],
        body: 'csrf_token=x',
      }),
    'the names of a client, a device and a grant': async () => {
      const form = {
        client_id: HOSTILE,
        device_name: HOSTILE,
        client_name: HOSTILE,
        grant_type: HOSTILE,
        scope: HOSTILE,
      };
      for (const target of ['/oauth/device_authorization', '/oauth/token', '/oauth/revoke'])
        await exchange(world.urls.bridge, {
          method: 'POST',
          target,
          body: new URLSearchParams(form).toString(),
        });
    },
    'what a person asks for': async () => {
      const { visitor } = await world.signIn('bob', 'saml');
      const asked = new URLSearchParams({ account: HOSTILE, role: HOSTILE, destination: HOSTILE });
      await visitor.get(`${world.urls.bridge}/console?${asked}`);
      await visitor.get(
        `${world.urls.bridge}/console?${new URLSearchParams({ account: 'prod', role: 'ReadOnly', destination: HOSTILE })}`,
      );
      await visitor.get(`${world.urls.bridge}/device?user_code=${encodeURIComponent(HOSTILE)}`);
    },
  };

  for (const [place, say] of Object.entries(places)) {
    it(`${place} cannot write a control character into the log or the trail`, async () => {
      const from = world.log.length;
      await say();
      const lines = world.log.slice(from);
      assert.ok(lines.length > 0, 'the request is in the log');
      for (const line of lines) assert.doesNotMatch(line, OBEYED);
      for (const line of lines)
        assert.equal(line.indexOf('\n'), line.length - 1, 'one line is one event');
    });
  }
});
