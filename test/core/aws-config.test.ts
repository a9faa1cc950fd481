import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  awsConfig,
  isPlain,
  isStartUrlOf,
  profileNames,
  renderSections,
  startUrlOf,
} from '../../src/core/aws-config.ts';

const ROLE = {
  account: { id: '111122223333', name: 'prod', region: 'eu-west-1' },
  role: 'team/Admin',
};

describe('a role in ~/.aws/config', () => {
  it('is plain if its names cannot change the meaning of the file', () => {
    assert.equal(isPlain(ROLE), true);

    for (const role of [
      'Admin\ncredential_process = evil',
      'Admin; evil',
      '$(evil)',
      'Admin evil',
      '../Admin',
      '',
    ])
      assert.equal(isPlain({ ...ROLE, role }), false, role);

    for (const over of [
      { id: '1\nx = y' },
      { name: 'prod evil' },
      { name: 'prod]\n[x' },
      { region: 'eu-west-1\ncredential_process = evil' },
    ])
      assert.equal(
        isPlain({ ...ROLE, account: { ...ROLE.account, ...over } }),
        false,
        JSON.stringify(over),
      );
  });

  it('names the bridge that it came from, also with two bridges in one file', () => {
    const bridges = [
      'https://a.example',
      'https://a.example:8443',
      'http://[::1]:3000',
      // Whose plain name would be that of another one.
      'https://a.example-8443',
      'https://1-3000',
      'https://[2001:db8::1]:8443',
      'https://[2001:db8::1:8443]',
    ];
    const names = bridges.map(baseUrl => {
      const text = renderSections(
        awsConfig('sso-session', { baseUrl, ssoRegion: 'us-east-1', roles: [ROLE] }),
      );
      const [, session] = /^\[sso-session (.+)\]$/m.exec(text)!;
      assert.ok(
        text.includes(
          `[services ${session}]\nsso =\n  endpoint_url = ${baseUrl}\nsso_oidc =\n  endpoint_url = ${baseUrl}\n`,
        ),
        text,
      );
      assert.ok(
        text.includes(`[profile prod-team-Admin]\nsso_session = ${session}\n`) &&
          text.includes(`services = ${session}\n`),
        text,
      );
      return session;
    });

    assert.deepEqual(names, [
      'a.example',
      'a.example-8443',
      '1-3000',
      'a.example_2D8443',
      '1_2D3000',
      '_5B2001_3Adb8_3A_3A1_5D_3A8443',
      '_5B2001_3Adb8_3A_3A1_3A8443_5D',
    ]);
  });

  it('has a profile name of its own, which is the plain name unless another role has it', () => {
    const roles = [
      ['prod', '111122223333', 'Admin'],
      ['prod', '111122223333', 'team/Admin'],
      ['prod', '111122223333', 'team-Admin'],
      ['prod-team', '222233334444', 'Admin'],
      ['prod', '111122223333', 'read+write=all,now'],
      // Called as another one is spelled.
      ['111122223333', '555566667777', 'team_2FAdmin'],
    ].map(([name, id, role]) => ({
      account: { name: name!, id: id!, region: 'eu-west-1' },
      role: role!,
    }));
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

describe('a start URL', () => {
  const START_URLS = [
    ['https://aws.example.com', 'https://aws.example.com/start'],
    ['https://aws.example.com:8443', 'https://aws.example.com:8443/start'],
    // The AWS CLI from 2.35.13 on refuses http, and takes addresses below app.aws without asking
    // them.
    ['http://127.0.0.1:3000', 'https://rolebridge-127-0-0-1-3000.portal.us-east-1.app.aws'],
    ['http://127.0.0.1', 'https://rolebridge-127-0-0-1.portal.us-east-1.app.aws'],
    ['http://localhost:3000', 'https://rolebridge-localhost-3000.portal.us-east-1.app.aws'],
    ['http://[::1]:3000', 'https://rolebridge-1-3000.portal.us-east-1.app.aws'],
    ['http://a.b.localhost:3000', 'https://rolebridge-a-b-localhost-3000.portal.us-east-1.app.aws'],
    [
      'http://a-b.localhost:3000',
      'https://rolebridge-a--b-localhost-3000.portal.us-east-1.app.aws',
    ],
  ] as const;

  it('is an address that the AWS CLI accepts, and names one bridge', () => {
    for (const [baseUrl, expected] of START_URLS) {
      assert.equal(startUrlOf({ baseUrl, ssoRegion: 'us-east-1' }), expected);
      for (const [other] of START_URLS)
        assert.equal(
          isStartUrlOf({ baseUrl: other, ssoRegion: 'us-east-1' }, expected),
          other === baseUrl,
          `${expected} at ${other}`,
        );
    }
  });

  it('is accepted in every form that the bridge issues, and in no other', () => {
    const bridge = { baseUrl: 'http://127.0.0.1:3000', ssoRegion: 'eu-central-1' };
    for (const url of [
      'http://127.0.0.1:3000',
      'http://127.0.0.1:3000/start',
      'http://127.0.0.1:3000/start/#/',
      'https://rolebridge.portal.eu-central-1.app.aws',
      'https://rolebridge-127-0-0-1-3000.portal.us-east-1.app.aws',
      'https://rolebridge-127-0-0-1-3000.portal.eu-central-1.app.aws/',
    ])
      assert.ok(isStartUrlOf(bridge, url), url);

    for (const url of [
      'http://127.0.0.1:3001/start',
      'https://rolebridge-127-0-0-1-3001.portal.us-east-1.app.aws',
      'https://rolebridge-127-0-0-1-3000.portal.us-east-1.app.aws.evil.example',
      'https://rolebridge-127-0-0-1-3000.portal.x.y.app.aws',
      'http://rolebridge-127-0-0-1-3000.portal.us-east-1.app.aws',
      'https://other.portal.eu-central-1.app.aws',
    ])
      assert.ok(!isStartUrlOf(bridge, url), url);
  });
});
