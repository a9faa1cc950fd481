/**
 * A server that lies: whatever it says, a terminal gets no control character, a shell no command,
 * and a program no success.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { useComputer } from '../../support/cli.ts';
import { missingPackage } from '../../support/missing-package.ts';
import {
  type Answers,
  credentials,
  ELEVATION_ID,
  elevation,
  HOSTILE,
  LIES,
  refusal,
  session,
  token,
} from './lies.ts';

const SCRIPT = '/usr/bin/script';
/** In text; JSON may contain marks that no terminal obeys. */
const FORBIDDEN = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/u;
const FORBIDDEN_IN_JSON = /[^\P{Cc}\n\t]|[\p{Bidi_C}\p{Zl}\p{Zp}]/u;

describe('a hostile server', () => {
  let server: Server;
  let origin: string;
  let answers: Answers = LIES;

  before(async () => {
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url!, 'http://x');
      const { status = 200, body } =
        answers[`${request.method} ${pathname}`]?.(pathname) ?? refusal;
      request.resume().on('end', () => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify(body)
            .replaceAll('{origin}', origin)
            .replaceAll('{host}', new URL(origin).host),
        );
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  const computer = useComputer(() => ({
    ROLEBRIDGE_SERVER: origin,
    TERM: 'xterm',
    SHELL: '/bin/sh',
    SSH_TTY: '/dev/pts/0',
  }));
  before(() => login());
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const login = () => computer.run(['login', '--device', '--force', '--switch-person']);
  const clean = (text: string, what: string): void => {
    const found = (/^\{/.test(text) ? FORBIDDEN_IN_JSON : FORBIDDEN).exec(text);
    assert.equal(
      found,
      null,
      `${what}: U+${found?.[0].codePointAt(0)?.toString(16)} in ${JSON.stringify(text.slice(Math.max(0, (found?.index ?? 0) - 40)).slice(0, 120))}`,
    );
    assert.doesNotMatch(text, /^rolebridge: forged line/m, what);
  };
  const withAnswers = async (more: Answers, run: () => Promise<void>): Promise<void> => {
    answers = { ...LIES, ...more };
    try {
      await run();
    } finally {
      answers = LIES;
    }
  };

  const COMMANDS: readonly (readonly string[])[] = [
    ['login', '--device', '--force', '--switch-person'],
    ['login', '--device', '--force', '--switch-person', '--json'],
    ['login'],
    ['whoami'],
    ['whoami', '--json'],
    ['roles'],
    ['roles', '--all'],
    ['roles', '--all', '--json'],
    ['roles', 'nothing'],
    ['roles', 'owner'],
    ['credentials', 'prod/Admin'],
    ['credentials', 'prod/Admni', '--json'],
    ['credential-process', 'prod/Admin'],
    ['exec', 'prod/Admin', '--', 'true'],
    ['console', 'prod/Admin', '--print'],
    ['console', 'prod/Admin'],
    ['configure', '--yes'],
    ['configure', '--yes', '--sso'],
    ['configure', '--yes', '--json', '--search', 'withheld'],
    ['configure', '--dry-run', '--default', 'prod/Nothing'],
    ['__complete', 'exec', ''],
    ['request', 'prod/Admin', '--ticket', 'OPS-1'],
    ['request', 'prod/Admin', '--ticket', 'OPS-1', '--wait'],
    ['request', 'prod/Nothing'],
    ['requests'],
    ['requests', '--json'],
    ...['approve', 'deny', 'withdraw', 'revoke'].map(action => [action, ELEVATION_ID]),
    ['approve', ELEVATION_ID, '--yes'],
    ['review', ELEVATION_ID, '--reason', 'all is well'],
    ['__complete', 'approve', ''],
    ['logout', '--everywhere'],
    ['logout'],
  ];
  for (const args of COMMANDS) {
    it(`gets no control character through "rolebridge ${args.join(' ')}"`, async () => {
      await login();
      const { stdout, stderr } = await computer.run(args);
      clean(stdout, 'stdout');
      clean(stderr, 'stderr');
      assert.notEqual(stdout + stderr, '');

      if (args.includes('--json') && stdout !== '') {
        const text = JSON.stringify(JSON.parse(stdout));
        if (args[0] === 'whoami')
          assert.ok(
            text.includes(JSON.stringify(HOSTILE).slice(1, -1)),
            'JSON keeps what was said, escaped',
          );
      }
    });
  }

  it('gets none through metadata, errors of every endpoint, or codes that are names of JavaScript', async () => {
    const issuer: Answers = {
      'GET /.well-known/oauth-authorization-server': () => ({ body: { issuer: `evil${HOSTILE}` } }),
    };
    const oauth: Answers = {
      'POST /oauth/device_authorization': () => ({
        status: 400,
        body: { error: `error${HOSTILE}`, error_description: `said${HOSTILE}` },
      }),
    };
    for (const more of [issuer, oauth]) {
      await withAnswers(more, async () => {
        const { code, stdout, stderr } = await login();
        assert.ok(code !== 0, stderr);
        clean(stdout + stderr, 'login');
      });
    }

    await login();
    for (const code of ['__proto__', 'constructor', 'toString', `x${HOSTILE}`]) {
      await withAnswers(
        {
          'GET /api/v1/whoami': () => ({
            status: 403,
            body: JSON.parse(`{"title":"no","code":${JSON.stringify(code)}}`),
          }),
        },
        async () => {
          const { code: exit, stdout, stderr } = await computer.run(['whoami']);
          assert.deepEqual([exit, stdout], [1, ''], stderr);
          clean(stderr, code);
        },
      );
    }
  });

  it('gets no malformed credentials into a shell, a file or a program', async () => {
    await login();
    const SPOILED: readonly object[] = [
      { access_key_id: `AKIA$(touch ${computer.file('hacked')})\nx` },
      { secret_access_key: `a\n[default]\naws_access_key_id = x` },
      { session_token: `t${HOSTILE}` },
      { session_token: 't é' },
      { session_token: '' },
      { session_token: 7 },
      { expires_at: `soon${HOSTILE}` },
      { account: { id: '111122223333', name: 'prod', region: `eu-west-1\nexport PATH=/tmp` } },
      { account: { id: '111122223333', name: 'pr"od;id', region: 'eu-west-1' } },
      { account: { id: HOSTILE, name: 'prod', region: 'eu-west-1' } },
      { account: null },
      { role: `Admin\n[profile x]` },
      { assumed_role_arn: `arn${HOSTILE}` },
    ];

    for (const spoiled of SPOILED) {
      await withAnswers(
        { 'POST /api/v1/credentials': () => ({ body: { ...credentials, ...spoiled } }) },
        async () => {
          for (const args of [
            ['credentials', 'prod/Admin'],
            ['credentials', 'prod/Admin', '--json'],
            ['credentials', 'prod/Admin', '--format', 'credentials-file', '--write'],
            ['credential-process', 'prod/Admin'],
            ['exec', 'prod/Admin', '--', 'env'],
            ['exec', 'prod/Admin', '--env', '--', 'env'],
          ]) {
            const { code, stdout, stderr } = await computer.run(args);
            assert.deepEqual(
              [code, stdout],
              [1, ''],
              `${JSON.stringify(spoiled)} ${args.join(' ')}: ${stdout}${stderr}`,
            );
            assert.match(stderr, /credentials that cannot be used/);
            clean(stderr, 'stderr');
          }
        },
      );
    }
    assert.ok(!existsSync(computer.file('hacked')));
    assert.ok(!existsSync(computer.file('.aws/credentials')));
  });

  it('gets no console link out that is not a web address', async () => {
    await login();
    for (const url of [
      'javascript:alert(1)',
      `https://x.example/${HOSTILE}`,
      'http://x.example/',
      'https://x.example/a b',
      'file:///etc/passwd',
      '',
      null,
      7,
      '$(id)',
      'https://x.example/é',
    ]) {
      await withAnswers({ 'POST /api/v1/console-link': () => ({ body: { url } }) }, async () => {
        const { code, stdout, stderr } = await computer.run(['console', 'prod/Admin', '--print']);
        assert.deepEqual([code, stdout], [1, ''], String(url));
        assert.match(stderr, /a console link that is not a web address/);
      });
    }
  });

  it('gets none into a list, a question or a coloured line at a terminal', {
    skip: missingPackage(SCRIPT, 'bsdutils'),
  }, async () => {
    await login();
    for (const args of ['credentials', 'exec odd -- true', 'whoami', 'login --device --force']) {
      const child = spawn(
        SCRIPT,
        [
          '-qfec',
          `stty cols 200 rows 30 && exec ${process.execPath} ${computer.entry} ${args}`,
          '/dev/null',
        ],
        {
          env: computer.env as NodeJS.ProcessEnv,
          stdio: ['pipe', 'pipe', 'inherit'],
        },
      );
      child.stdin.on('error', () => {});
      let screen = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        screen += chunk;
        if (/Which role\?|Continue as/.test(screen)) child.stdin.write('\u001b');
      });
      await new Promise(resolve => child.once('close', resolve));
      for (const sequence of [
        '\u001b[2J\u001b]0',
        '\u001b]',
        '\u0007',
        '\u009b',
        '\u0090',
        '\u007f',
        '\u202e',
        '\u2066',
        '\u200f',
        '\u{e0041}',
        '\u2028',
      ])
        assert.ok(
          !screen.includes(sequence),
          `${args}: ${JSON.stringify(sequence)} in ${JSON.stringify(screen.slice(0, 2000))}`,
        );
      assert.doesNotMatch(screen, /^rolebridge: forged line/m, args);
    }
  });

  it('rejects a verification page of another bridge, whose tokens it would get', async () => {
    const device = LIES['POST /oauth/device_authorization']!('').body as object;
    const SPOILED: readonly object[] = [
      { verification_uri: 'https://aws.example.com/device' },
      { verification_uri_complete: 'https://aws.example.com/device?user_code=ABCD-EFGH' },
      { verification_uri: 'http://{host}@evil.example/device' },
      { verification_uri: `{origin}/device${HOSTILE}` },
      { verification_uri: 'file:///etc/passwd' },
      { verification_uri_complete: `{origin}/${'x'.repeat(10_000)}` },
      { user_code: 'ABCD-EFGH at https://aws.example.com/device' },
      { user_code: `ABCD-EFGH${HOSTILE}` },
      { device_code: `d${HOSTILE}` },
      { interval: '0' },
      { interval: -1 },
      { expires_in: 'long' },
    ];

    for (const spoiled of SPOILED) {
      await withAnswers(
        { 'POST /oauth/device_authorization': () => ({ body: { ...device, ...spoiled } }) },
        async () => {
          const { code, stdout, stderr } = await login();
          assert.deepEqual([code, stdout], [1, ''], JSON.stringify(spoiled));
          assert.match(
            stderr,
            /the server answered with a code that cannot be used/,
            JSON.stringify(spoiled),
          );
          assert.doesNotMatch(stderr, /evil|aws\.example|passwd|ABCD/);
          clean(stderr, 'login');
        },
      );
    }
  });

  it('gets no command into what users copy, and no foreign page', async () => {
    await login();
    const { stderr } = await computer.run(['request', 'prod/Admin', '--ticket', 'OPS-1']);
    assert.match(stderr, /^Use it: rolebridge exec --server \S+ ACCOUNT\/ROLE -- COMMAND$/m);
    const denied = (more: object): Answers => ({
      'POST /api/v1/credentials': () => ({
        status: 403,
        body: { title: 'no', code: 'approval_missing', detail: 'Ask.', ...more },
      }),
    });
    const trace = { account: 'prod', role: 'Admin`reboot`', steps: [] };
    const form = '{origin}/elevations/new?account=prod';
    await withAnswers(denied({ request_url: form, trace }), async () => {
      const { stderr } = await computer.run(['exec', 'prod/Admin', '--', 'true']);
      assert.match(stderr, /^Request it: rolebridge request --server \S+ ACCOUNT\/ROLE --reason/m);
      assert.doesNotMatch(stderr, /reboot/);
    });
    for (const request_url of ['https://evil.example/elevations/new?x', `${form}\u001b[2J`, 7])
      await withAnswers(denied({ request_url, trace }), async () => {
        const { stderr } = await computer.run(['exec', 'prod/Admin', '--', 'true']);
        assert.match(stderr, /^rolebridge: no\.\nAsk\.\n$/);
      });
  });

  it('is reported when its answers have unusable fields', async () => {
    await login();
    const ODD = [null, [], 'text', {}] as const;
    const whoami = LIES['GET /api/v1/whoami']!('').body as Record<string, unknown>;
    const one = (LIES['GET /api/v1/roles']!('').body as { roles: readonly { account: object }[] })
      .roles[0]!;

    const CASES: readonly {
      readonly endpoint: string;
      readonly answers: readonly unknown[];
      readonly run: readonly (readonly string[])[];
    }[] = [
      {
        endpoint: 'GET /api/v1/whoami',
        answers: [
          ...ODD,
          ...['person', 'authentication', 'session', 'sessions'].map(field => ({
            ...whoami,
            [field]: null,
          })),
          { ...whoami, sessions: [null] },
          { ...whoami, session: { ...session, expires_at: 'soon' } },
          { ...whoami, person: { ...(whoami.person as object), username: ['a'] } },
        ],
        run: [['whoami']],
      },
      {
        endpoint: 'GET /api/v1/roles',
        answers: [
          ...ODD,
          { roles: {} },
          { roles: [null] },
          { roles: [7] },
          { roles: [{ ...one, account: { ...one.account, environment: ['production'] } }] },
          { roles: [{ ...one, account: { ...one.account, owner: 7 } }] },
          ...['account', 'role', 'duration_seconds', 'usable', 'missing'].map(field => ({
            roles: [{ ...one, [field]: null }],
          })),
        ],
        run: [['roles'], ['configure', '--yes']],
      },
      {
        endpoint: 'POST /api/v1/credentials',
        answers: ODD,
        run: [
          ['credentials', 'prod/Admin'],
          ['exec', 'prod/Admin', '--', 'true'],
        ],
      },
      {
        endpoint: 'GET /api/v1/elevations',
        answers: [...ODD, { mine: [], to_decide: [], to_review: [], to_watch: [], offers: [7] }],
        run: [['requests'], ['request', 'prod/Admin']],
      },
      {
        endpoint: `POST /api/v1/elevations/${ELEVATION_ID}/deny`,
        answers: [
          ...ODD,
          ...[
            { id: '$(reboot)' },
            { id: '-rf' },
            { status: 'granted' },
            { url: 'https://evil.example/elevations/1' },
            { url: '{origin}/elevations/\u001b[2J' },
            { requester: null },
            { ends_at: 'soon' },
            { outstanding: [7] },
          ].map(odd => ({ ...elevation('denied'), ...odd })),
        ],
        run: [['deny', ELEVATION_ID]],
      },
      {
        endpoint: 'POST /api/v1/console-link',
        answers: ODD,
        run: [['console', 'prod/Admin', '--print']],
      },
      {
        endpoint: 'POST /oauth/token',
        answers: [
          ...ODD,
          { ...token, access_token: 'a\nb' },
          { ...token, expires_in: '1' },
          { ...token, refresh_token: undefined },
        ],
        run: [['login', '--device', '--force', '--switch-person']],
      },
    ];
    for (const { endpoint, answers: odd, run } of CASES) {
      for (const body of odd) {
        await withAnswers({ [endpoint]: () => ({ body }) }, async () => {
          for (const args of run) {
            const { code, stdout, stderr } = await computer.run(args);
            const what = `${endpoint} ${JSON.stringify(body)} ${args.join(' ')}: ${stderr}`;
            assert.deepEqual([code, stdout], [1, ''], what);
            assert.match(
              stderr,
              /the server (?:answered with|sent) .* that (?:cannot be used|is not a web address)/,
              what,
            );
          }
        });
      }
    }

    await withAnswers(
      {
        'GET /api/v1/whoami': () => ({
          status: 403,
          body: { title: 'no', code: 'x', trace: { steps: [null, 7] } },
        }),
      },
      async () => assert.match((await computer.run(['whoami'])).stderr, /^rolebridge: no\.\n/),
    );
  });

  it('gets its names into neither a file nor a completion', async () => {
    await login();
    await computer.run(['roles']);
    assert.equal(
      (await computer.done(['__complete', 'console', '']))
        .split('\n')
        .filter(line => !line.startsWith('-'))
        .join(),
      'prod/Admin,',
    );

    writeFileSync(computer.file('config'), '');
    const { code } = await computer.run(['configure', '--yes'], {
      env: { AWS_CONFIG_FILE: computer.file('config') },
    });
    assert.equal(code, 1);
    assert.equal(readFileSync(computer.file('config'), 'utf8'), '');
  });
});
