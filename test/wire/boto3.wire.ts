/**
 * Programs in Python: the boto3 of Debian trixie, unmodified, with profiles of the bridge and the
 * files of `aws sso login`.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { ListAccountsCommand } from '@aws-sdk/client-sso';
import { awsConfig, renderSections } from '../../src/core/aws-config.ts';
import { awsTools } from '../support/aws-tools.ts';
import { missingPackage } from '../support/missing-package.ts';
import { type WorldOptions, worldFor } from '../support/world.ts';

const PYTHON =
  process.env.BOTO3_PYTHON ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rolebridge/aws-cli/python');
const run = promisify(execFile);
const PROD = { id: '111122223333', name: 'prod', region: 'eu-west-1' };
const ROLES = [
  { account: PROD, role: 'Admin' },
  { account: PROD, role: 'Owner' },
];

/** A profile of the user, on top of one of the bridge. */
const CHAINED =
  '[profile chained]\nsource_profile = prod-Admin\nrole_arn = arn:aws:iam::444455556666:role/Auditor\nregion = eu-west-1\n';

/** Who the program is by the profile that it is given, or the exception that it got. */
const WHO_AM_I = `
import json, sys, boto3
try:
    said = boto3.Session(profile_name=sys.argv[1]).client('sts').get_caller_identity()['Arn']
except Exception as fault:
    code = getattr(fault, 'response', {}).get('Error', {}).get('Code')
    said = {'exception': type(fault).__name__, 'code': code, 'text': str(fault)}
print(json.dumps(said))
`;

interface Fault {
  readonly exception: string;
  readonly code: string | null;
  readonly text: string;
}

/** `~/.aws/sso/cache/<sha1 of the session's name>.json` */
interface CachedToken {
  readonly startUrl: string;
  readonly region: string;
  readonly accessToken: string;
  readonly expiresAt: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly registrationExpiresAt: string;
  readonly refreshToken: string;
}

/** A home directory in which a person is logged in, at a world of its own; gone with the test. */
async function loggedIn(t: TestContext, username: string, options?: WorldOptions) {
  const world = await worldFor(t, options);
  const tools = awsTools(world);
  t.after(() => tools.close());
  const home = mkdtempSync(join(tmpdir(), 'rolebridge-boto3-home-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));

  const cache = join(home, '.aws/sso/cache');
  mkdirSync(cache, { recursive: true });
  const config = awsConfig('sso-session', {
    baseUrl: world.urls.bridge,
    ssoRegion: 'us-east-1',
    roles: ROLES,
  });
  const session = new URL(world.urls.bridge).host.replace(':', '-');
  writeFileSync(
    join(home, '.aws/config'),
    `${renderSections(config)}\n${CHAINED}services = ${session}\n`,
  );
  const file = join(cache, `${createHash('sha1').update(session).digest('hex')}.json`);
  const readToken = (): CachedToken => JSON.parse(readFileSync(file, 'utf8')) as CachedToken;
  const writeToken = (token: CachedToken): void => writeFileSync(file, JSON.stringify(token));

  const { visitor } = await world.signIn(username, 'saml');
  const { client, tokens } = await tools.logIn(visitor);
  writeToken({
    startUrl: tools.startUrl,
    region: 'us-east-1',
    accessToken: tokens.accessToken!,
    expiresAt: iso(world.clock.now() + tokens.expiresIn! * 1000),
    clientId: client.clientId!,
    clientSecret: client.clientSecret!,
    registrationExpiresAt: iso(client.clientSecretExpiresAt! * 1000),
    refreshToken: tokens.refreshToken!,
  });

  const whoAmI = async (profile: string): Promise<string | Fault> => {
    const { stdout, stderr } = await run(PYTHON, ['-c', WHO_AM_I, profile], {
      env: {
        PATH: process.env.PATH,
        HOME: home,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_ENDPOINT_URL_STS: world.urls.aws,
      },
      timeout: 60_000,
    });
    assert.equal(stderr, '', 'nothing but the answer is said');
    return JSON.parse(stdout) as string | Fault;
  };
  return {
    audit: () => world.audit(),
    token: readToken,
    /**
     * The program's own clock stays where it is, so its token is written down as that much older.
     */
    timeGoesBy: (seconds: number): void => {
      world.clock.turn(seconds);
      const token = readToken();
      writeToken({ ...token, expiresAt: iso(Date.parse(token.expiresAt) - seconds * 1000) });
    },
    listAccounts: (accessToken: string) =>
      tools.portal.send(new ListAccountsCommand({ accessToken })),
    signOutEverywhere: async (): Promise<void> => {
      const sessions = await visitor.get(`${world.urls.bridge}/sessions`);
      const done = await visitor.submit(sessions, 'button[value=everywhere]');
      assert.match(done.text, /signed out everywhere/);
    },
    arnOf: async (profile: string): Promise<string> => {
      const said = await whoAmI(profile);
      if (typeof said !== 'string') assert.fail(`${said.exception}: ${said.text}`);
      return said;
    },
    faultOf: async (profile: string): Promise<Fault> => {
      const said = await whoAmI(profile);
      if (typeof said === 'string') assert.fail(`it was not refused: ${said}`);
      return said;
    },
  };
}

/** As the AWS CLI writes it. */
function iso(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

// boto3 renews a token from a quarter of an hour before its end on, so these are renewed by every
// program that starts. They end while the clock of the local AWS, which turns with the bridge's, is
// still near enough to the program's for a signature.
const SHORT_TOKENS: WorldOptions = { configure: yaml => `${yaml}\ncli: { accessToken: 5m }\n` };
const FIVE_MINUTES = 5 * 60;

describe('a program with boto3', {
  skip: missingPackage(PYTHON, 'python3-boto3 of trixie: test/wire/install-aws-cli.sh'),
}, () => {
  it('gets the role of its profile', async t => {
    const { arnOf, token } = await loggedIn(t, 'alice');
    const { accessToken } = token();
    assert.match(
      await arnOf('prod-Admin'),
      /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-/,
    );
    assert.equal(token().accessToken, accessToken);
  });

  it('renews an expired token at the endpoint of its profile silently', async t => {
    const { arnOf, token, timeGoesBy, listAccounts } = await loggedIn(t, 'alice', SHORT_TOKENS);
    timeGoesBy(FIVE_MINUTES + 1);
    const ended = token();
    assert.ok(Date.parse(ended.expiresAt) < Date.now());
    await assert.rejects(listAccounts(ended.accessToken), { name: 'UnauthorizedException' });
    assert.match(
      await arnOf('prod-Admin'),
      /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-/,
    );

    const renewed = token();
    assert.ok(Date.parse(renewed.expiresAt) > Date.now());
    assert.notEqual(renewed.refreshToken, ended.refreshToken);
    assert.equal((await listAccounts(renewed.accessToken)).$metadata.httpStatusCode, 200);
  });

  it('gets the reason for a denied role, and where to ask', async t => {
    const { faultOf } = await loggedIn(t, 'alice');
    const { exception, code, text } = await faultOf('prod-Owner');

    // Not an exception class of its own: the portal's model has none of this name, though AWS
    // answers by it, too.
    assert.deepEqual({ exception, code }, { exception: 'ClientError', code: 'ForbiddenException' });
    assert.match(
      text,
      /You do not have this role\. by-group-name: Gives the role to the group aws-prod-Owner, and you are not in it\. .*Ask the platform team in #aws-access\./,
    );
  });

  it('gets credentials of a source profile from the bridge if the outer profile has the services line', async t => {
    const { faultOf, audit } = await loggedIn(t, 'alice');
    const { code } = await faultOf('chained');
    assert.equal(code, 'AccessDenied', 'that role trusts the hub only');

    const [issued] = (await audit()).filter(({ type }) => type === 'credentials.issued');
    assert.ok(
      issued?.type === 'credentials.issued' &&
        issued.role === 'Admin' &&
        issued.actor.username === 'alice',
    );
  });

  it('tells a user who has signed out to run aws sso login', async t => {
    const { faultOf, signOutEverywhere } = await loggedIn(t, 'alice');
    await signOutEverywhere();
    const { exception, text } = await faultOf('prod-Admin');
    assert.equal(exception, 'UnauthorizedSSOTokenError');
    assert.match(text, /session .* has expired or is otherwise invalid\. .*run aws sso login/);
  });

  it('cannot renew a token after its user signs out', async t => {
    const { faultOf, token, timeGoesBy, signOutEverywhere } = await loggedIn(
      t,
      'alice',
      SHORT_TOKENS,
    );
    await signOutEverywhere();
    timeGoesBy(FIVE_MINUTES + 1);
    const before = token();

    const { exception, text } = await faultOf('prod-Admin');

    assert.equal(exception, 'TokenRetrievalError');
    assert.match(text, /Token has expired and refresh failed/);
    assert.deepEqual(token(), before);
  });
});
