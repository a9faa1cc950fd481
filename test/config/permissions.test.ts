import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { describe, it } from 'node:test';
import { permissionProblems } from '../../src/config/permissions.ts';
import { GOOD, said, spoiled, written } from './written.ts';

const SELF = 1000;
const ROOT = 0;

describe('the mode of a file', () => {
  const cases: readonly (readonly [
    what: 'plain' | 'secret',
    mode: number,
    owner: number,
    says: readonly string[],
  ])[] = [
    ['plain', 0o600, SELF, []],
    ['plain', 0o644, SELF, []],
    ['plain', 0o444, ROOT, []],
    ['plain', 0o664, SELF, ['warning: writable by every user in its group']],
    ['plain', 0o646, SELF, ['problem: writable by every user of this machine']],
    ['plain', 0o666, ROOT, ['problem: writable by every user of this machine']],
    ['plain', 0o602, SELF, ['problem: writable by every user of this machine']],
    ['secret', 0o400, SELF, []],
    ['secret', 0o640, ROOT, []],
    ['secret', 0o644, SELF, ['problem: readable by every user of this machine']],
    ['secret', 0o444, ROOT, ['warning: readable by every user of this machine']],
    [
      'secret',
      0o664,
      SELF,
      [
        'warning: writable by every user in its group',
        'problem: readable by every user of this machine',
      ],
    ],
    [
      'secret',
      0o666,
      ROOT,
      [
        'problem: writable by every user of this machine',
        'warning: readable by every user of this machine',
      ],
    ],
  ];
  for (const [what, mode, owner, says] of cases) {
    const whose = owner === SELF ? 'our own' : 'another user';
    it(`0${mode.toString(8)} of a ${what} file of ${whose}: ${says.join(', ') || 'nothing'}`, () => {
      const problems = permissionProblems(
        'f',
        { mode, owner },
        { secret: what === 'secret', self: SELF },
      );
      assert.deepEqual(
        problems.map(
          ({ message, warning }) =>
            `${warning ? 'warning' : 'problem'}: ${/(?:writ|read)able by [^.]+/.exec(message)?.[0]}`,
        ),
        says,
      );
    });
  }

  it('is not checked on systems without modes', () => {
    assert.deepEqual(
      permissionProblems('f', { mode: 0o666, owner: 0 }, { secret: true, self: undefined }),
      [],
    );
  });
});

describe('a file that other users can write', {
  skip: process.platform === 'win32' && 'there are no modes here',
}, () => {
  it('is rejected as a configuration, in addition to its other problems', () =>
    written(async ({ check, file, put }) => {
      put('rolebridge.yaml', '');
      chmodSync(file, 0o666);
      const open = `1:1: the file ${file} is writable by every user of this machine. Run chmod go-w ${file}.`;
      const { configuration, problems } = await check(GOOD);
      assert.deepEqual(said(problems), [open]);
      assert.equal(configuration, undefined);
      assert.deepEqual(said((await check('')).problems).slice(0, 1), [open]);
    }));

  it('is accepted with a warning when only its group can write it', () =>
    written(async ({ check, file, put }) => {
      put('rolebridge.yaml', '');
      chmodSync(file, 0o664);
      const { configuration, warnings } = await check(GOOD);
      assert.deepEqual(said(warnings), [
        `1:1: the file ${file} is writable by every user in its group. Run chmod g-w ${file}.`,
      ]);
      assert.ok(configuration);
    }));

  const pointers: readonly (readonly [
    what: string,
    place: string,
    from: string,
    to: string,
    content: string,
  ])[] = [
    [
      'SAML metadata',
      '16:19 connectors[1].saml.metadata.file',
      '{ url: https://adfs.example.com/metadata.xml }',
      '{ file: f }',
      '<x/>',
    ],
    [
      'a session policy',
      '27:26 access[0].session.policy.file',
      '{ duration: 4h }',
      '{ policy: { file: f } }',
      '{"Statement":[]}',
    ],
    [
      'a secret',
      '12:7 connectors[0].oidc.clientSecret',
      '{ env: OKTA_SECRET }',
      '{ file: f }',
      'correct horse',
    ],
    [
      'an external id',
      '22:81 accounts[3].via.externalId',
      'externalId: ext-1',
      'externalId: { file: f }',
      'ext-2',
    ],
  ];
  for (const [what, place, from, to, content] of pointers) {
    it(`is not taken for ${what}`, () =>
      written(async ({ check, put }) => {
        const file = put('f', content);
        chmodSync(file, 0o622);
        const { configuration, problems } = await check(spoiled(from, to));
        assert.deepEqual(said(problems), [
          `${place}: the file ${file} is writable by every user of this machine. Run chmod go-w ${file}.`,
        ]);
        assert.equal(configuration, undefined);
      }));
  }

  it("rejects a secret of the bridge's user that every user can read", () =>
    written(async ({ check, put }) => {
      const file = put('okta.secret', 'correct horse');
      chmodSync(file, 0o644);
      const { configuration, problems } = await check(
        spoiled('{ env: OKTA_SECRET }', '{ file: okta.secret }'),
      );
      assert.equal(configuration, undefined);
      assert.deepEqual(said(problems), [
        `12:7 connectors[0].oidc.clientSecret: the file ${file} is readable by every user of this machine. Run chmod o-rwx ${file}, or mount the secret with mode 0440.`,
      ]);
    }));
});
