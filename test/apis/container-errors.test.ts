/** Errors at the addresses of containers, whose readers are AWS SDKs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Answer,
  callApi,
  loginByDevice,
  type MadeContainerToken,
  makeContainerToken,
  type TerminalLogin,
} from '../support/cli-login.ts';
import { useWorld, type World } from '../support/world.ts';

interface Holder {
  readonly world: World;
  readonly login: TerminalLogin;
  readonly container: MadeContainerToken;
}

interface Case {
  readonly title: string;
  readonly after: (holder: Holder) => unknown;
  readonly status: number;
  readonly message: RegExp;
}

const CASES: readonly Case[] = [
  {
    title: 'says why a role was lost, and whom to ask',
    after: async ({ world }) => {
      world.samlIdp.directory.change('bob', { groups: [] });
      await world.signIn('bob', 'saml');
    },
    status: 403,
    message:
      /^You do not have this role\. developers: .* you are not in it\. .*has not sent this group since .*sign in again\. Ask the platform team in #aws-access\. Reference [0-9a-f-]{36}\.$/,
  },
  {
    title: 'says what to do with a token that was revoked',
    after: ({ world, login: { accessToken }, container: { id } }) =>
      callApi(world, accessToken, { method: 'DELETE', path: `/container-tokens/${id}` }),
    status: 401,
    message: /^[A-Z].+\. .+ Reference [0-9a-f-]{36}\.$/,
  },
];

describe('an error at the address of a container', () => {
  const world = useWorld();

  for (const { title, after, status, message } of CASES) {
    it(title, async () => {
      world.samlIdp.directory.change('bob', { groups: ['developers'] });
      const login = await loginByDevice(world, 'bob');
      const container = await makeContainerToken(world, login);
      const ask = (): Promise<Answer> => callApi(world, container.token, { path: container.path });
      assert.equal((await ask()).status, 200);

      await after({ world, login, container });

      const answer = await ask();
      assert.equal(answer.status, status);
      assert.match(answer.json.Message, message);
      assert.equal(answer.json.Code, answer.json.code);
      // The SDK for Go compares the whole value, and prints the JSON itself otherwise.
      assert.equal(answer.headers.get('content-type'), 'application/json');
    });
  }
});
