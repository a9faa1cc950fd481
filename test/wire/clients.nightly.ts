/**
 * Every AWS client by every dialect: credentials, what the user reads when a role was lost, and
 * renewal without a login: the rows of clients in docs/interoperability.md.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { type AwsClient, awsClients, moreAwsClients, rclone } from '../support/aws-clients.ts';
import { COMPATIBLE, type RowId, type RowOfSuite, useRow } from '../support/compatibility.ts';
import { useDirectory } from '../support/directory.ts';
import { useWorld, type World, type WorldOptions } from '../support/world.ts';
import {
  BEGIN,
  type Dialect,
  type Environment,
  PROFILE,
  PROTOCOL,
  runClient,
  type Said,
  shortLived,
  ssoLogin,
} from './clients.ts';

/** The application brings the role that every client of the matrix can show. */
const WORLD: WorldOptions = { clock: 'running', photosUrl: 'https://photos.example.com' };
/** Less than a client keeps credentials for, and more than it needs to use them. */
const SHORT_LIFE_SECONDS = 8;

const ARN = /\barn:aws:sts::111122223333:assumed-role\/PhotoUser\/alice-[a-z2-7]{16}\b/;
const OBJECTS = /\bharbour\.svg mountain\.svg\b/;
const REASON =
  /You do not have this role.*photo-users.*Gives the role to the groups developers, aws-admins, and you are in none of them/;

/** What a client prints instead of the reason. */
const WITHOUT_REASON: Readonly<Record<string, RegExp>> = {
  'sdk-js-credential_process': /Could not load credentials from any providers/,
  'sdk-js-container': /Could not load credentials from any providers/,
  'sdk-java-credential_process': /Failed to refresh process-based credentials/,
  'sdk-java-container': /Failed to load credentials from metadata service/,
  'rclone-container': /NoCredentialProviders: no valid providers in chain/,
};
/** What a client prints that does not know the dialect. */
const UNKNOWN_DIALECT: Readonly<Record<string, RegExp>> = {
  'rclone-sso-session': /is configured to use SSO but is missing required configuration/,
};

/** It knows no services section, so it would send the token to AWS. */
const ASKS_AWS = 'aws-cli-bookworm-sso-session';

interface Client extends AwsClient {
  /** What it prints when it has the role. */
  readonly proof: RegExp;
}

const CLIENTS: readonly Client[] = [
  ...[...awsClients(), ...moreAwsClients()].map(client => ({ ...client, proof: ARN })),
  { ...rclone(), proof: OBJECTS },
];

/** What the tests of one client use. */
interface Bench {
  readonly client: Client;
  /** Client and dialect. */
  readonly id: string;
  readonly row: RowOfSuite;
  readonly world: World;
  /** Whose credentials expire soon. */
  readonly short: World;
  /** A home for this client alone. */
  readonly home: (name: string) => string;
  readonly env: (who: 'alice' | 'bob' | 'short') => Environment;
  /** The caller identity, or the objects. */
  readonly run: (env: Environment) => Promise<Said>;
}

for (const dialect of ['sso-session', 'credential_process', 'container'] as const)
  describe(`by ${dialect}`, { concurrency: 2 }, () => tryDialect(dialect));

function tryDialect(dialect: Dialect): void {
  const world = useWorld(WORLD);
  const short = useWorld({ ...WORLD, through: { aws: shortLived(SHORT_LIFE_SECONDS) } });
  const homes = useDirectory();
  const begun: Record<string, Environment> = {};
  before(async () => {
    const begin = (name: string, at: World, user = name): Promise<Environment> => {
      mkdirSync(homes.file(name));
      return BEGIN[dialect](at, user, homes.file(name));
    };
    begun.alice = await begin('alice', world);
    begun.short = await begin('short', short, 'alice');
    begun.bob = await begin('bob', world);
    world.oidcIdp.directory.change('bob', { groups: [] });
    await world.signIn('bob', PROTOCOL);
  });

  for (const client of CLIENTS) {
    const id = `${client.id}-${dialect}`;
    if (id === ASKS_AWS) continue;
    describe(client.name, { skip: client.missing, concurrency: 1 }, () => {
      const home = (name: string): string => homes.file(`${client.id}-${name}`);
      const bench: Bench = {
        ...{ client, id, world, short, home, row: rowOf(id, client) },
        env: who => {
          cpSync(begun[who]!.HOME!, home(who), { recursive: true });
          return { ...begun[who], HOME: home(who) };
        },
        run: env => runClient(world, client.words(world.urls.aws), env),
      };
      if (UNKNOWN_DIALECT[id] === undefined) tryClient(bench, dialect);
      else rejectsTheDialect(bench, UNKNOWN_DIALECT[id]);
    });
  }
}

/** Not every client and dialect has a row on the page yet; its tests run all the same. */
function rowOf(id: string, client: Client): RowOfSuite {
  if (id in COMPATIBLE) return useRow(id as RowId, client.version);
  return { it: (_shown, title, test) => void it(title, () => test() as Promise<void>) };
}

function tryClient(bench: Bench, dialect: Dialect): void {
  const { client, id, row, world, short, home, env, run } = bench;
  const assertWorks = async (own: Environment): Promise<void> => {
    const { code, text } = await run(own);
    assert.equal(code, 0, text);
    assert.match(text, client.proof);
  };

  row.it('credentials', 'gets the role', () => assertWorks(env('alice')));

  const instead = WITHOUT_REASON[id];
  const [shown, title] =
    instead === undefined
      ? ['reason', 'prints why a role was lost']
      : ['no reason', 'prints that it has no credentials when a role was lost'];
  row.it(shown, title, async () => {
    const { code, text } = await run(env('bob'));
    assert.notEqual(code, 0, text);
    assert.match(text, instead ?? REASON);
    assert.equal(REASON.test(text), instead === undefined, text);
  });

  if (dialect === 'sso-session')
    row.it('token renewal', 'renews an expired token without a login', async () => {
      const login = await ssoLogin(world, home('renewing'), 'alice');
      login.endToken();
      const ended = login.token();
      await assertWorks({ HOME: home('renewing'), AWS_PROFILE: PROFILE });
      assert.notEqual(login.token().accessToken, ended.accessToken);
      assert.notEqual(login.token().refreshToken, ended.refreshToken);
    });

  if (client.renewal !== undefined)
    row.it('renewal', 'renews the credentials of one process', async () => {
      const { code, text } = await runClient(short, client.renewal!, env('short'));
      assert.equal(code, 0, text);
      assert.match(text, /^renewed\b/);
    });
}

function rejectsTheDialect({ row, env, run }: Bench, says: RegExp): void {
  row.it('rejects the profile', 'rejects the profile', async () => {
    const { code, text } = await run(env('alice'));
    assert.notEqual(code, 0, text);
    assert.match(text, says);
  });
}
