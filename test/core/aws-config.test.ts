import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { awsConfig, isPlain, profileNames, renderSections } from '../../src/core/aws-config.ts';

const ROLE = { account: { id: '111122223333', name: 'prod', region: 'eu-west-1' }, role: 'team/Admin' };

describe('a role in ~/.aws/config', () => {
  it('is plain when it says nothing but its name', () => {
    assert.equal(isPlain(ROLE), true);
    for (const role of ['Admin\ncredential_process = evil', 'Admin; evil', '$(evil)', 'Admin evil', '../Admin', ''])
      assert.equal(isPlain({ ...ROLE, role }), false, role);
    for (const over of [
      { id: '1\nx = y' },
      { name: 'prod evil' },
      { name: 'prod]\n[x' },
      { region: 'eu-west-1\ncredential_process = evil' },
    ])
      assert.equal(isPlain({ ...ROLE, account: { ...ROLE.account, ...over } }), false, JSON.stringify(over));
  });

  it('goes to the bridge that it came from, also where two bridges are in one file', () => {
    const names = ['https://a.example', 'https://a.example:8443', 'http://[::1]:3000'].map(baseUrl => {
      const text = renderSections(awsConfig('sso-session', { baseUrl, ssoRegion: 'us-east-1', roles: [ROLE] }));
      const [, session] = /^\[sso-session (.+)\]$/m.exec(text)!;
      assert.ok(
        text.includes(`[services ${session}]\nsso =\n  endpoint_url = ${baseUrl}\nsso_oidc =\n  endpoint_url = ${baseUrl}\n`),
        text,
      );
      assert.ok(text.includes(`[profile prod-team-Admin]\nsso_session = ${session}\n`) && text.includes(`services = ${session}\n`), text);
      return session;
    });
    assert.deepEqual(names, ['a.example', 'a.example-8443', '1-3000']);
  });

  it('has a profile of its own, whatever other roles are called, and keeps its plain name where nothing else is called so', () => {
    const roles = [
      ['prod', '111122223333', 'Admin'],
      ['prod', '111122223333', 'team/Admin'],
      ['prod', '111122223333', 'team-Admin'],
      ['prod-team', '222233334444', 'Admin'],
      ['prod', '111122223333', 'read+write=all,now'],
      // Called as another one is spelled.
      ['111122223333', '555566667777', 'team_2FAdmin'],
    ].map(([name, id, role]) => ({ account: { name: name!, id: id!, region: 'eu-west-1' }, role: role! }));
    assert.deepEqual(
      [...profileNames(roles).values()],
      [
        'prod-Admin',
        '111122223333-team_2FAdmin',
        '111122223333-team_2DAdmin',
        '222233334444-Admin',
        'prod-read+write-all-now',
        '555566667777-team_5F2FAdmin',
      ],
    );
  });
});
