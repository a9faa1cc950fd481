/** Requests, decisions and their use by the client: its processes, against a running bridge. */
import assert from 'node:assert/strict';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MINUTE } from '../../src/core/time.ts';
import { type Computer, QUICK_POLLS, useComputer } from '../support/cli.ts';
import { RULES, WORKERS, withRules } from '../support/elevations.ts';
import type { Visitor } from '../support/visitor.ts';
import { enterPassword, useWorld } from '../support/world.ts';

const CALLER_IDENTITY = fileURLToPath(new URL('../support/caller-identity.ts', import.meta.url));
const ID = /^([0-9a-f]{20}) {2}/m;

/** A bridge that restarts (while it is down, connections end), and whose clock is ahead. */
const bridge = { isDown: false, secondsAhead: 0 };
async function startProxy(bridgeUrl: string) {
  const server = createServer((incoming, outgoing) => {
    if (bridge.isDown) return void incoming.socket.destroy();
    const { method, headers, url } = incoming;
    const passed = forward(`${bridgeUrl}${url}`, { method: method!, headers }, answer => {
      const date = new Date(Date.now() + bridge.secondsAhead * 1000).toUTCString();
      outgoing.writeHead(answer.statusCode!, { ...answer.headers, date });
      answer.pipe(outgoing);
    });
    passed.on('error', () => incoming.socket.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

describe('elevations by the client', () => {
  const world = useWorld({
    clock: 'running',
    configure: yaml => QUICK_POLLS.configure(withRules(RULES)(yaml)),
    people: WORKERS,
    proxy: startProxy,
  });
  const bob = useComputer(() => ({ AWS_ENDPOINT_URL_STS: world.urls.aws }));
  const erin = useComputer();
  const henry = useComputer();
  const visitors: Record<string, Visitor> = {};
  const logIn = async (computer: Computer, username: string): Promise<void> => {
    const { visitor } = await world.signIn(username, 'oidc');
    visitors[username] = visitor;
    await computer.logInHere(world, visitor);
  };
  before(async () => {
    await logIn(bob, 'bob');
    await logIn(erin, 'erin');
    await logIn(henry, 'henry');
  });

  const REQUEST = ['request', 'prod/Admin', '--reason', 'restore the index'] as const;
  const USE = ['exec', 'prod/Admin', '--', process.execPath, CALLER_IDENTITY] as const;
  const requested = async (...more: string[]): Promise<string> =>
    ID.exec(await bob.done([...REQUEST, ...more]))![1]!;
  const waiting = async (...more: string[]) => {
    const run = bob.start([...REQUEST, '--wait', ...more]);
    const [, id] = await run.says(ID);
    await run.says(/prod\/Admin: waits for 1 more from approvers, until /);
    return { ...run, id: id! };
  };
  const isRefused = async (): Promise<string> => {
    const { code, stdout, stderr } = await bob.run(USE);
    assert.deepEqual([code, stdout], [4, ''], stderr);
    return stderr;
  };

  it('a refused role is requested, waited for, used, seen in lists, and revoked', async () => {
    const refusal = await isRefused();
    const command = 'Request it: rolebridge request prod/Admin --reason "..."';
    assert.deepEqual(
      refusal.split('\n').filter(line => line.includes('rolebridge request')),
      [command],
    );
    const form = `${world.urls.bridge}/elevations/new?account=prod&role=Admin`;
    assert.ok(refusal.includes(`Or open ${form}`), refusal);
    assert.match(
      await bob.done(['roles', 'prod', 'admin']),
      /^prod .* Admin +production +on request /m,
    );

    const wait = await waiting('--for', '1h');
    const page = `${world.urls.bridge}/elevations/${wait.id}`;
    await wait.says(new RegExp(`until \\S+ \\S+ UTC, in 23 h 59 min\\. ${page}$`, 'm'));
    assert.match(await isRefused(), new RegExp(`See ${page}`));
    bridge.isDown = true;
    await wait.says(/Still waiting\./);
    bridge.isDown = false;

    assert.match(await erin.done(['requests']), new RegExp(`^${wait.id}  prod/Admin  bob .*`, 'm'));
    const unconfirmed = await erin.run(['approve', wait.id]);
    assert.equal(unconfirmed.code, 2);
    assert.match(unconfirmed.stderr, /^Reason {5}restore the index$/m);
    assert.match(unconfirmed.stderr, /so nothing was approved\.\n.*Add --yes to confirm/);
    const approval = ['approve', page, '--for', '45m', '--note', 'good luck', '--yes', '--json'];
    const approved = JSON.parse(await erin.done(approval)) as { status: string; approvals: object };
    assert.equal(approved.status, 'active');

    const { code, stderr } = await wait.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /prod\/Admin: active until .* UTC, in 4\d min\./);
    assert.match(await bob.done(USE), /:assumed-role\/Admin\/bob-/);
    assert.match(await bob.done(['roles']), /^prod .* Admin +production +4\d min left /m);
    const { roles } = JSON.parse(await bob.done(['roles', '--json', 'prod', 'Admin'])) as {
      roles: { elevation: { id: string }; request_url: string }[];
    };
    assert.deepEqual(
      roles.map(({ elevation, request_url }) => [elevation.id, request_url]),
      [[wait.id, form]],
    );

    const revoked = await bob.run(['revoke', wait.id, '--reason', 'done']);
    assert.equal(revoked.code, 0, revoked.stderr);
    assert.match(revoked.stderr, /revoked by bob .*: done\.\nAWS does not take back credentials/);
    assert.match(revoked.stdout, /^ASIA\w+ +credentials +.* in 4\d min$/m);
    // The client forgets what it cached.
    await isRefused();
  });

  it('--wait ends with exit code 8 when the request is denied or withdrawn, and says by whom', async () => {
    const denied = await waiting();
    await erin.done(['deny', denied.id, '--reason', 'use prod/ReadOnly']);
    const denial = await denied.ended;
    assert.equal(denial.code, 8);
    assert.match(
      denial.stderr,
      /^rolebridge: prod\/Admin: denied by erin .* UTC, .* ago: use prod\/ReadOnly\.$/m,
    );
    assert.equal(denial.stderr.split('denied by').length, 2);

    const withdrawn = await waiting();
    await bob.done(['withdraw', withdrawn.id]);
    const withdrawal = await withdrawn.ended;
    assert.equal(withdrawal.code, 8);
    assert.match(withdrawal.stderr, /^rolebridge: prod\/Admin: withdrawn by bob /m);
  });

  it('Ctrl-C ends the wait and keeps the request', async () => {
    const { id, child, ended } = await waiting();
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    assert.equal(code, 130);
    assert.match(stderr, /stopped waiting; the request is kept\./);
    assert.match(stderr, new RegExp(`To withdraw it: rolebridge withdraw .*${id}`));
    const withdrawn = await bob.run(['withdraw', id]);
    assert.match(withdrawn.stderr, /prod\/Admin: withdrawn by bob /);
  });

  it('--wait with --start ends at the approval, before the start', async () => {
    const wait = await waiting('--start', '2h', '--for', '30m');
    await erin.done(['approve', wait.id, '--yes']);
    const { code, stderr } = await wait.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /prod\/Admin: approved, begins at .*, in 1 h 59 min\./);
    await isRefused();
    await bob.done(['revoke', wait.id]);
  });

  it('a batch ends the wait at its first denial, and lists the rest', async () => {
    const run = bob.start([
      ...['request', 'prod/Admin', 'staging/Admin', '--reason', 'move the data', '--wait'],
      ...['--ticket', 'OPS-12', '--json'],
    ]);
    await run.says(/staging\/Admin: waits for 1 more from approvers, 1 more from security/);
    const { mine } = JSON.parse(await bob.done(['requests', '--json'])) as {
      mine: { id: string; role: string; account: { name: string }; batch: string }[];
    };
    const idOf = (name: string) => mine.find(({ account }) => account.name === name)!.id;
    await erin.done(['deny', idOf('staging')]);
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 8);
    assert.match(stderr, /^rolebridge: staging\/Admin: denied by erin/m);
    assert.match(stderr, new RegExp(`^prod/Admin \\(${idOf('prod')}\\): waits for approval`, 'm'));
    const printed = JSON.parse(stdout) as { elevations: { status: string }[] };
    assert.deepEqual(printed.elevations.map(({ status }) => status).sort(), ['denied', 'waiting']);
    await bob.done(['withdraw', idOf('prod')]);
  });

  it('break-glass is confirmed, granted at once, and reviewed by another user', async () => {
    const breaking = ['request', 'prod/Admin', '--break-glass', '--reason', 'the site is down'];
    const barred = await bob.run([...breaking, '--yes']);
    assert.equal(barred.code, 4);
    assert.match(barred.stderr, /You cannot use break-glass for this role/);
    const unconfirmed = await henry.run(breaking);
    assert.equal(unconfirmed.code, 2);
    assert.match(unconfirmed.stderr, /so nothing was requested/);
    const made = await henry.done([...breaking, '--yes']);
    assert.match(made, /prod\/Admin +1 h +active until/);
    const [, id] = ID.exec(made)!;

    assert.match(await erin.done(['requests']), /^Break-glass to review/);
    assert.equal((await erin.run(['review', id!])).code, 2);
    const { stderr } = await erin.run(['review', id!, '--reason', 'the outage of OPS-12']);
    assert.match(stderr, /^Reviewed the break-glass of henry/);
    await henry.done(['revoke', id!]);
  });

  it('rejects a command line that it cannot use, before it asks the bridge', async () => {
    for (const [args, exit, says] of [
      [['request', 'prod/Admin', '--for', 'long'], 2, /--for "long" is not a valid duration/],
      [['request', 'prod/Admin', '--start', '25:00'], 2, /--start "25:00" is not a valid time/],
      [['request', 'prod/Nothing', '--reason', 'because'], 4, /cannot request "prod\/Nothing"/],
      [['request', 'admin', '--reason', 'because'], 2, /ACCOUNT\/ROLE/],
      [['approve', '../x'], 2, /"\.\.\/x" is not the id of a request/],
      [['deny'], 2, /no id was given/],
      [['revoke', 'https://evil.example/elevations/1'], 2, /is not the id of a request/],
      [['withdraw', '0'.repeat(20)], 1, /Unknown request/],
    ] as const) {
      const { code, stdout, stderr } = await bob.run(args);
      assert.deepEqual([code, stdout], [exit, ''], `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, says);
    }
  });

  it('completion offers roles that can be requested, and ids that a command takes', async () => {
    const id = await requested();
    await bob.done(['requests']);
    await erin.done(['requests']);
    await bob.done(['roles']);
    const offered = async (computer: Computer, ...words: string[]): Promise<readonly string[]> =>
      (await computer.done(['__complete', ...words])).split('\n');
    assert.ok((await offered(bob, 'request', '')).includes('prod/Admin'));
    assert.ok(!(await offered(bob, 'exec', '')).includes('prod/Admin'));
    assert.ok((await offered(bob, 'withdraw', '')).includes(id));
    assert.ok(!(await offered(bob, 'approve', '')).includes(id));
    assert.ok((await offered(erin, 'approve', '')).includes(id));
    await bob.done(['withdraw', id]);
  });

  // The rest turns the clock: sign-ins are no longer recent.
  const turn = (seconds: number): void => {
    world.clock.turn(seconds);
    bridge.secondsAhead += seconds;
  };
  /** The computer of a user whose clock agrees with that of the bridge. */
  const inTime = () => {
    const seconds = bridge.secondsAhead;
    const shift = `const now=Date.now;Date.now=()=>now()+${seconds * 1000}`;
    return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(shift)}` };
  };

  it('credentials of an ending elevation are used to their end, without a request each time', async () => {
    const id = await requested('--for', '1h');
    await erin.done(['approve', id, '--for', '30m', '--yes']);
    const process = ['credential-process', 'prod/Admin', '--server', world.urls.bridge];
    const fetched = await bob.done(process);

    turn(17 * MINUTE);
    const env = inTime();
    const held = await bob.run(process, { env });
    assert.deepEqual([held.code, held.stdout], [0, fetched], held.stderr);
    assert.doesNotMatch(held.stderr, /clock skew/);
    assert.match(
      held.stderr,
      /your time for prod\/Admin ends in 12 min\. To extend it: rolebridge request/,
    );
    // The bridge is not asked again at once, so it can be down.
    bridge.isDown = true;
    const warm = await bob.run(process, { env });
    bridge.isDown = false;
    assert.deepEqual([warm.code, warm.stdout, warm.stderr], [0, fetched, '']);

    const wished = await bob.run([...process, '--minimum', '20m'], { env });
    assert.equal(wished.code, 4, wished.stderr);
    assert.match(wished.stderr, /Request it: rolebridge request/);

    turn(14 * MINUTE);
    const ended = await bob.run(process, { env: inTime() });
    assert.deepEqual([ended.code, ended.stdout], [4, '']);
  });

  it('a decision after an old sign-in prints the address that renews it, and then works', async () => {
    turn(16 * MINUTE);
    const id = await requested();
    const old = await erin.run(['approve', id, '--yes']);
    assert.equal(old.code, 4);
    const [, address] = /Open (http:\S+\/step-up\?\S+) in your browser, then run/.exec(old.stderr)!;
    const question = await visitors.erin!.get(address!);
    const login = await visitors.erin!.submit(question, 'form[action="/step-up"]');
    await enterPassword(visitors.erin!, login, { username: 'erin' });
    await erin.done(['approve', id, '--yes']);
    await bob.done(['revoke', id]);
  });

  it('a login by a code asks, and does not decide', async () => {
    const id = await requested();
    await erin.done(['logout']);
    await erin.logIn(world, 'erin', { protocol: 'oidc' });
    const { code, stderr } = await erin.run(['approve', id, '--yes']);
    assert.equal(code, 4);
    assert.match(stderr, /This login cannot decide requests/);
  });
});
