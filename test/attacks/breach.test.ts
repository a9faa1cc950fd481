/**
 * BREACH: a stranger who sees how long compressed answers are, and who leads the user's browser to
 * pages that repeat a guess.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import * as cheerio from 'cheerio';
import supertest from 'supertest';
import { request } from 'undici';
import { view } from '../../src/http/answer.ts';
import { unmaskCsrfToken } from '../../src/http/csrf-token.ts';
import { page } from '../../src/http/route.ts';
import type { Views } from '../../src/http/views.ts';
import { systemSecrets } from '../../src/secrets.ts';
import { VIEW_MODELS, VIEW_NAMES } from '../http/view-models.ts';
import { loginByDevice } from '../support/cli-login.ts';
import { button } from '../support/handout.ts';
import { mounted } from '../support/mounted.ts';
import { useWorld } from '../support/world.ts';

const ACCEPTED = ['gzip, deflate, br, zstd', 'br', 'gzip', '*', 'br;q=1, identity;q=0'];

/** Pages that are long because of what their user has, and have nothing to guess. */
const COMPRESSED: ReadonlySet<keyof Views> = new Set<keyof Views>([
  'roles',
  'no-roles',
  'sessions',
  'aws-config',
  'elevations',
  'elevation-choice',
  'elevation-request',
  'elevation',
]);

describe('a page', () => {
  for (const name of VIEW_NAMES) {
    const isCompressed = COMPRESSED.has(name);
    it(`${name} is ${isCompressed ? 'compressed' : 'never compressed'}, whatever the browser accepts`, async () => {
      const model = VIEW_MODELS[name].most as never;
      const app = mounted([
        page({ path: '/page', who: 'anyone', handle: () => view(name, model) }),
      ]);
      for (const accepted of ACCEPTED) {
        const { status, headers } = await supertest(app)
          .get('/page')
          .set('accept-encoding', accepted);
        assert.equal(status, 200);
        assert.equal(headers['content-encoding'] !== undefined, isCompressed, accepted);
        assert.equal(headers.vary, isCompressed ? 'Accept-Encoding' : undefined);
        assert.equal(headers['cache-control'], 'no-store, no-transform');
      }
    });
  }
});

describe('an answer with secrets', () => {
  const world = useWorld();

  for (const accepted of ACCEPTED) {
    it(`is not compressed for a client that accepts ${accepted}`, async () => {
      const { visitor, page: portal } = await world.signIn('bob', 'saml');
      const headers = { 'accept-encoding': accepted };
      const credentials = await visitor.submit(
        portal,
        button('Credentials', 'prod', 'Developer'),
        {},
        { headers },
      );
      assert.match(credentials.text, /SecretAccessKey/);
      const refusal = await visitor.get(`${world.urls.bridge}/console?account=prod&role=Admin`, {
        headers,
      });
      assert.equal(refusal.status, 403);
      const device = await visitor.get(`${world.urls.bridge}/device?user_code=BCDF-GHJK`, {
        headers,
      });
      assert.equal(device.status, 200);
      const signIn = await visitor.get(`${world.urls.bridge}/sign-in?return_to=%2Fdevice`, {
        headers,
      });
      for (const answer of [credentials, refusal, device, signIn]) {
        assert.equal(answer.headers.get('content-encoding'), null);
        assert.equal(answer.headers.get('cache-control'), 'no-store, no-transform');
      }
    });
  }

  it('of the API is not compressed, and the list of roles is', async () => {
    const { accessToken } = await loginByDevice(world, 'dave');
    const call = async (path: string, body?: object) => {
      const answer = await request(`${world.urls.bridge}/api/v1/${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${accessToken}`,
          'accept-encoding': 'br, gzip',
          'content-type': 'application/json',
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { ...answer, bytes: Buffer.from(await answer.body.arrayBuffer()) };
    };

    const credentials = await call('credentials', { account: 'prod', role: 'Developer' });
    assert.equal(credentials.statusCode, 200);
    assert.match(credentials.bytes.toString(), /secret/i);
    assert.equal(credentials.headers['content-encoding'], undefined);

    const roles = await call('roles');
    assert.equal(roles.headers['content-encoding'], 'br');
    assert.match(String(roles.headers.vary), /Accept-Encoding/);
    const { roles: listed } = JSON.parse(brotliDecompressSync(roles.bytes).toString());
    assert.ok(listed.some(({ role }: { role: string }) => role === 'Developer'));
  });
});

describe('the length of the portal, which repeats what is searched', () => {
  const world = useWorld();
  /** A text that is on the page, and as long and as random as the token. */
  const name = systemSecrets.token();
  let cookie: string;
  before(async () => {
    world.oidcIdp.directory.change('bob', { displayName: name });
    const { visitor } = await world.signIn('bob', 'oidc');
    cookie = `rolebridge=${visitor.cookie(world.urls.bridge, 'rolebridge')}`;
  });

  const search = async (guess: string, encoding: 'br' | 'gzip' | 'identity') => {
    const answer = await request(`${world.urls.bridge}/?q=${guess}`, {
      headers: { cookie, 'accept-encoding': encoding },
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    assert.equal(answer.statusCode, 200);
    return { bytes, encoding: answer.headers['content-encoding'] };
  };
  const tokensOn = (html: string): string[] => {
    const $ = cheerio.load(html);
    return $('input[name=csrf_token]')
      .toArray()
      .map(field => $(field).attr('value')!);
  };
  const bareToken = async (): Promise<string> => {
    const [masked] = tokensOn((await search('', 'identity')).bytes.toString());
    return unmaskCsrfToken(masked!)!;
  };

  for (const encoding of ['br', 'gzip'] as const) {
    it(`does not tell the token of the session by ${encoding}, although it tells what else is there`, async () => {
      const token = await bareToken();
      const averageFor = async (guess: () => string): Promise<number> => {
        const rounds = 40;
        let sum = 0;
        for (let round = 0; round < rounds; round++) {
          const answer = await search(guess(), encoding);
          assert.equal(answer.encoding, encoding);
          sum += answer.bytes.length;
        }
        return sum / rounds;
      };

      const saved = async (right: string): Promise<number> => {
        const wrong = (): string =>
          (systemSecrets.token() + systemSecrets.token()).slice(0, right.length);
        return (await averageFor(wrong)) - (await averageFor(() => right));
      };

      const ofName = await saved(name);
      assert.ok(ofName > 20, `the name itself saves ${ofName} bytes`);
      const [earlier] = tokensOn((await search('', 'identity')).bytes.toString());
      for (const guess of [token, earlier!]) {
        const ofToken = await saved(guess);
        assert.ok(Math.abs(ofToken) < 5, `the token itself saves ${ofToken} bytes`);
      }
    });
  }

  it('cannot tell a part of the token: two answers have none in common', async () => {
    const token = await bareToken();
    const pages: string[] = [];
    for (let round = 0; round < 20; round++)
      pages.push((await search(round === 0 ? token : '', 'identity')).bytes.toString());
    const tokens = pages.map(html => {
      const shown = tokensOn(html);
      assert.equal(new Set(shown).size, 1, 'one mask for each answer');
      return shown[0]!;
    });
    const parts = tokens.flatMap(shown =>
      Array.from({ length: shown.length - 7 }, (_, start) => shown.slice(start, start + 8)),
    );
    assert.equal(new Set(parts).size, parts.length);
    for (const html of pages.slice(1)) assert.ok(!html.includes(token.slice(0, 8)));
  });

  it('lets every masked token of the session be used, also those of earlier pages, and not the bare one', async () => {
    const first = tokensOn((await search('', 'identity')).bytes.toString())[0]!;
    const second = tokensOn((await search('', 'identity')).bytes.toString())[0]!;
    const post = async (csrf_token: string) => {
      const answer = await request(`${world.urls.bridge}/credentials`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
        body: String(new URLSearchParams({ account: 'prod', role: 'Developer', csrf_token })),
      });
      await answer.body.dump();
      return answer.statusCode;
    };
    assert.deepEqual([await post(second), await post(first)], [200, 200]);
    assert.equal(await post(await bareToken()), 403);
    assert.equal(await post(first.slice(0, 43) + second.slice(43)), 403);
  });
});
