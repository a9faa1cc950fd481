/**
 * Every AWS client by every dialect: credentials, what the user reads when a role was lost, and
 * renewal without a login: the rows of clients in docs/interoperability.md.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import { before, describe } from 'node:test';
import { type AwsClient, STATE } from '../support/aws-clients.ts';
import {
  type ClientId,
  type Dialect,
  type RowId,
  type RowOfSuite,
  useRow,
} from '../support/compatibility.ts';
import { useDirectory } from '../support/directory.ts';
import { useWorld, type World, type WorldOptions } from '../support/world.ts';
import {
  BEGIN,
  type Environment,
  PROFILE,
  PROTOCOL,
  runClient,
  runOffline,
  type Said,
  shortLived,
  ssoLogin,
} from './clients.ts';

/** The application brings the role that every client of the matrix can show. */
const WORLD: WorldOptions = {
  clock: 'running',
  photosUrl: 'https://photos.example.com',
  // Two clients at once can keep the processors from the bridge for seconds.
  configure: yaml => yaml.replace(/^aws:$/m, 'aws:\n  timeout: 30s'),
  aws: world => ({
    ...world,
    buckets: world.buckets?.map(bucket => ({
      ...bucket,
      objects: [...(bucket.objects ?? []), STATE],
    })),
  }),
};
/** Less than a client keeps credentials for, and more than it needs to use them. */
const SHORT_LIFE_SECONDS = 8;
/** Those of two clients at once. */
const LATEST_RUNS = 4;
/** How often a short command runs before its credentials must be others. */
const MOST_COMMANDS = 60;

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

/** Hosts of AWS that a client asks instead: it knows no services section. */
const ASKS_AWS: Readonly<Record<string, string>> = {
  'aws-cli-bookworm-sso-session': 'portal.sso.us-east-1.amazonaws.com:443',
};

/** What a client prints when it has the role, if it is not the ARN. */
const PROOF: Partial<Readonly<Record<ClientId, RegExp>>> = {
  rclone: OBJECTS,
  opentofu: /\bkingfisher\b/,
};

/** What the tests of one client use. */
interface Bench {
  readonly client: AwsClient;
  /** Client and dialect. */
  readonly id: RowId;
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

/** The tests of these clients by one dialect. */
export function describeClients(dialect: Dialect, clients: readonly AwsClient[]): void {
  describe(`by ${dialect}`, { concurrency: 2 }, () => tryClients(dialect, clients));
}

function tryClients(dialect: Dialect, clients: readonly AwsClient[]): void {
  /** Seconds of the latest runs: credentials must outlast the way to a client on a busy machine. */
  const latest: number[] = [];
  const life = (): number => Math.ceil(Math.max(SHORT_LIFE_SECONDS, ...latest.map(run => 3 * run)));
  const world = useWorld(WORLD);
  const short = useWorld({ ...WORLD, through: { aws: shortLived(life) } });
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

  for (const client of clients) {
    const id = `${client.id}-${dialect}` as const;
    describe(client.name, { skip: client.missing, concurrency: 1 }, () => {
      const home = (name: string): string => homes.file(`${client.id}-${name}`);
      const bench: Bench = {
        ...{ client, id, world, short, home, row: useRow(id, client.version) },
        env: who => {
          cpSync(begun[who]!.HOME!, home(who), { recursive: true });
          return { ...begun[who], HOME: home(who) };
        },
        run: async env => {
          const began = performance.now();
          const said = await runClient(world, client.words(world.urls.aws), env);
          latest.push((performance.now() - began) / 1000);
          if (latest.length > LATEST_RUNS) latest.shift();
          return said;
        },
      };
      if (ASKS_AWS[id] !== undefined) asksAws(bench, ASKS_AWS[id]);
      else if (UNKNOWN_DIALECT[id] !== undefined) rejectsTheDialect(bench, UNKNOWN_DIALECT[id]);
      else tryClient(bench, dialect);
    });
  }
}

function tryClient(bench: Bench, dialect: Dialect): void {
  const { client, id, row, world, short, home, env, run } = bench;
  const assertWorks = async (own: Environment): Promise<void> => {
    const { code, text } = await run(own);
    assert.equal(code, 0, text);
    assert.match(text, PROOF[client.id] ?? ARN);
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

  if (client.traced !== undefined)
    row.it('next command', 'gets new credentials for a later command', async () => {
      const own = env('short');
      const words = [...client.words(short.urls.aws), ...client.traced!];
      const accessKey = async (): Promise<string> => {
        const { code, text } = await runClient(short, words, own);
        assert.equal(code, 0, text);
        return /\bCredential=([\w*]+)\//.exec(text)?.[1] ?? assert.fail(text);
      };
      const first = await accessKey();
      for (let commands = 1; commands < MOST_COMMANDS; commands++)
        if ((await accessKey()) !== first) return;
      assert.fail('no command had new credentials');
    });
}

function asksAws({ client, row, env, world }: Bench, host: string): void {
  row.it('asks AWS', 'asks AWS instead of the bridge', async () => {
    const words = client.words(world.urls.aws);
    const { code, text, hosts } = await runOffline(world, words, env('alice'));
    assert.notEqual(code, 0, text);
    assert.deepEqual(hosts, [host]);
  });
}

function rejectsTheDialect({ row, env, run }: Bench, says: RegExp): void {
  row.it('rejects the profile', 'rejects the profile', async () => {
    const { code, text } = await run(env('alice'));
    assert.notEqual(code, 0, text);
    assert.match(text, says);
  });
}
