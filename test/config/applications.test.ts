import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENV, GOOD, said, written } from './written.ts';

/** `GOOD` with an application at its end; `change` alters the lines of the application. */
const SPA = `applications:
  - id: photos
    name: Photos
    kind: spa
    redirectUris: [https://photos.example.com/cb]
    origins: [https://photos.example.com]
    roles: [{ account: prod, role: Admin }]
`;
type Change = readonly [from: string, to: string];

async function saidOf(changes: readonly Change[], kind: 'problems' | 'warnings') {
  let lines: string[] = [];
  await written(async ({ check }) => {
    const text = changes.reduce((file, [from, to]) => {
      assert.ok(file.includes(from), `the file has no ${from}`);
      return file.replace(from, () => to);
    }, SPA);
    const checked = await check(`${GOOD.trimEnd()}\n${text}`, ENV);
    assert.deepEqual(said(checked[kind === 'problems' ? 'warnings' : 'problems']), []);
    lines = said(checked[kind]);
  });
  return lines.map(line => line.replace(/^\d+:\d+ /, ''));
}

const REDIRECT = '[https://photos.example.com/cb]';
const ORIGINS = '    origins: [https://photos.example.com]\n';
const ROLE = '[{ account: prod, role: Admin }]';

const PROBLEMS: readonly (readonly [title: string, changes: readonly Change[], says: string])[] = [
  [
    'a redirect URI with a wildcard',
    [[REDIRECT, '["https://photos.example.com/*"]']],
    'applications[0].redirectUris[0]: "https://photos.example.com/*" contains a wildcard; redirect URIs are compared exactly. Write every redirect URI in full.',
  ],
  [
    'a scheme of its own',
    [
      [REDIRECT, '["com.example.photos:/cb"]'],
      ['kind: spa', 'kind: mobile'],
      [ORIGINS, ''],
    ],
    'applications[0].redirectUris[0]: "com.example.photos:/cb" has a custom scheme, which any other app on a phone can claim, too. Write an https address that the app claims (Android App Links, iOS Universal Links).',
  ],
  [
    'a redirect URI with a fragment',
    [[REDIRECT, '["https://photos.example.com/cb#x"]']],
    'applications[0].redirectUris[0]: contains a fragment. Remove the # and what follows.',
  ],
  [
    'a redirect URI with a user name',
    [[REDIRECT, '["https://x@photos.example.com/cb"]']],
    'applications[0].redirectUris[0]: contains a user name or a password. Remove the part before the @.',
  ],
  [
    'http beyond loopback',
    [[REDIRECT, '["http://photos.example.com/cb"]']],
    'applications[0].redirectUris[0]: is http, which anyone on the way can read and change. Use https; http is for loopback only (localhost, 127.0.0.1).',
  ],
  [
    'a redirect URI that browsers write in another way',
    [[REDIRECT, '["https://photos.example.com"]']],
    'applications[0].redirectUris[0]: "https://photos.example.com" is not written as browsers write it. Write https://photos.example.com/, and send exactly that.',
  ],
  [
    'no redirect URI',
    [[REDIRECT, '[]']],
    'applications[0].redirectUris: is an empty list. Write at least one redirect URI.',
  ],
  [
    'a redirect URI twice',
    [[REDIRECT, '[https://photos.example.com/cb, https://photos.example.com/cb]']],
    'applications[0].redirectUris[1]: "https://photos.example.com/cb" is listed twice. Keep one of them.',
  ],
  [
    'a redirect URI of an origin that is not listed',
    [[REDIRECT, '[https://pictures.example.com/cb]']],
    'applications[0].redirectUris[0]: leads to https://pictures.example.com, which is not in origins. Add origins: [https://pictures.example.com], or correct the address.',
  ],
  [
    'an origin with a path',
    [[ORIGINS, '    origins: [https://photos.example.com/app]\n']],
    'applications[0].origins[0]: has a path or a query, which no origin has. Write https://photos.example.com.',
  ],
  [
    'an origin twice',
    [[ORIGINS, '    origins: [https://photos.example.com, https://photos.example.com/]\n']],
    'applications[0].origins[1]: "https://photos.example.com" is listed twice. Keep one of them.',
  ],
  [
    'the origin of the bridge',
    [[ORIGINS, '    origins: [https://photos.example.com, https://aws.example.com]\n']],
    'applications[0].origins[1]: is the origin of the bridge itself. Serve the application on another host.',
  ],
  [
    'origins of an app on a phone',
    [['kind: spa', 'kind: mobile']],
    'applications[0].origins: has no effect for kind: mobile, which has no pages. Remove it, or write kind: spa.',
  ],
  [
    'an account that is not there',
    [[ROLE, '[{ account: prodd, role: Admin }]']],
    'applications[0].roles[0].account: "prodd" is not an account of this file; did you mean prod? Write the name or id of an account.',
  ],
  [
    'a role with a wildcard',
    [[ROLE, '[{ account: prod, role: "*" }]']],
    'applications[0].roles[0].role: "*" contains a wildcard; a rule names each role. Write each role by its name, or use a groupPattern with {role}.',
  ],
  ['no role', [[ROLE, '[]']], 'applications[0].roles: is an empty list. Write at least one role.'],
  [
    'a role twice, by name and by id',
    [[ROLE, '[{ account: prod, role: Admin }, { account: "111122223333", role: Admin }]']],
    'applications[0].roles[1]: is listed twice. Keep one of them.',
  ],
  [
    'the id of the command line client',
    [['id: photos', 'id: rolebridge-cli']],
    'applications[0].id: "rolebridge-cli" is already the id of the command line client. Give each client its own id.',
  ],
  [
    'an id like that of a program that registered itself',
    [['id: photos', 'id: registered-photos']],
    'applications[0].id: "registered-photos" looks like the id of a program that registered itself. Write an id that does not begin with registered-.',
  ],
  [
    'the id of another client',
    [['applications:\n', 'cli: { clients: [{ id: photos, name: Photos }] }\napplications:\n']],
    'applications[0].id: "photos" is already the id of cli.clients[0]. Give each client its own id.',
  ],
  [
    'a longer session than a terminal’s',
    [['    kind: spa\n', '    kind: spa\n    max: 13h\n']],
    'applications[0].max: is longer than cli.max. Write 12h or less.',
  ],
];

const WARNINGS: readonly (readonly [title: string, changes: readonly Change[], says: string])[] = [
  [
    'a role that no rule gives',
    [[ROLE, '[{ account: prod, role: Nothing }]']],
    'applications[0].roles[0]: is a role that no rule of access gives: "prod/Nothing". Add a rule that gives it, or correct the name.',
  ],
  [
    'http on loopback',
    [
      [REDIRECT, '["http://127.0.0.1:5173/cb"]'],
      [ORIGINS, '    origins: ["http://127.0.0.1:5173"]\n'],
    ],
    'applications[0].redirectUris[0]: is http on loopback, where any program on the user’s machine can listen. Use it for development only, and remove it in production.',
  ],
  [
    'an origin of two applications',
    [[SPA, `${SPA}${SPA.replace('applications:\n', '').replace('id: photos', 'id: second')}`]],
    'applications[1].origins[0]: is also an origin of applications[0]: pages of one can use the tokens of the other. Give each application an origin of its own, unless you trust them equally.',
  ],
];

describe('applications in the configuration', () => {
  it('are accepted: on pages and on phones', async () => {
    assert.deepEqual(await saidOf([], 'problems'), []);
    const phone: readonly Change[] = [
      ['kind: spa', 'kind: mobile'],
      [ORIGINS, ''],
    ];
    assert.deepEqual(await saidOf(phone, 'problems'), []);
  });

  for (const [title, changes, says] of PROBLEMS)
    it(`are rejected with ${title}`, async () => {
      assert.deepEqual(await saidOf(changes, 'problems'), [says]);
    });

  for (const [title, changes, says] of WARNINGS)
    it(`are warned of: ${title}`, async () => {
      assert.deepEqual(await saidOf(changes, 'warnings'), [says]);
    });
});
