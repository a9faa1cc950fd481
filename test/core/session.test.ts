import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BridgeError } from '../../src/core/errors.ts';
import { USER_PLACEHOLDERS } from '../../src/core/placeholders.ts';
import {
  roleSessionFor,
  type SessionSettings,
  withoutOptionalTags,
} from '../../src/core/session.ts';
import { parseTemplate } from '../../src/core/template.ts';
import { person } from '../support/people.ts';

interface Said {
  readonly sourceIdentity?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly optionalTags?: readonly string[];
  readonly transitiveTags?: readonly string[];
}

const settings = ({
  sourceIdentity,
  tags = {},
  optionalTags,
  transitiveTags = [],
}: Said): SessionSettings => ({
  durationSeconds: 3600,
  sourceIdentity:
    sourceIdentity === undefined ? undefined : parseTemplate(sourceIdentity, USER_PLACEHOLDERS),
  tags: Object.fromEntries(
    Object.entries(tags).map(([key, value]) => [key, parseTemplate(value, USER_PLACEHOLDERS)]),
  ),
  optionalTags,
  transitiveTags,
  policyArns: [],
});

describe('a role session', () => {
  it('fills templates from the identity', () => {
    const session = roleSessionFor(
      settings({
        sourceIdentity: '{username}',
        tags: {
          Department: '{attributes.department}',
          Email: '{email}',
          Who: '{connector}/{person}',
          Fixed: 'yes',
        },
      }),
      person(),
      'rule',
    );

    assert.equal(session.sourceIdentity, 'alice');
    assert.deepEqual(Object.fromEntries(session.tags.map(({ key, value }) => [key, value])), {
      Department: 'Platform',
      Email: 'alice@acme.example',
      Who: 'corp/abcdefghijklmnop',
      Fixed: 'yes',
    });
  });

  it('uses the alternative of a placeholder for a user without a value', () => {
    const session = roleSessionFor(
      settings({ tags: { Cost: '{attributes.costCenter|none}', Empty: '{attributes.nothing|}' } }),
      person(),
      'rule',
    );
    assert.deepEqual(session.tags, [
      { key: 'Cost', value: 'none' },
      { key: 'Empty', value: '' },
    ]);
  });

  it('does not fill placeholders inside a value', () => {
    const session = roleSessionFor(
      settings({ tags: { A: '{displayName}' } }),
      person({ displayName: 'email username' }),
      'rule',
    );

    assert.equal(session.tags[0]?.value, 'email username');
    assert.throws(
      () =>
        roleSessionFor(
          settings({ tags: { A: '{displayName}' } }),
          person({ displayName: '{email}' }),
          'rule',
        ),
      BridgeError,
    );
  });

  const REFUSED: readonly [
    title: string,
    settings: Said,
    identity: Parameters<typeof person>[0],
    says: RegExp,
  ][] = [
    [
      'a person without the attribute',
      { tags: { Cost: '{attributes.costCenter}' } },
      {},
      /rule r: session tag Cost: the user has no attributes\.costCenter/,
    ],
    [
      'a person without an email',
      { tags: { Email: '{email}' } },
      { email: undefined },
      /the user has no email/,
    ],
    [
      'an attribute that only the prototype has',
      { tags: { A: '{attributes.constructor}' } },
      {},
      /the user has no attributes\.constructor/,
    ],
    [
      'a source identity with a blank',
      { sourceIdentity: '{username}' },
      { username: 'alice b' },
      /source identity: the value does not fit/,
    ],
    [
      'a source identity of one character',
      { sourceIdentity: '{username}' },
      { username: 'a' },
      /source identity/,
    ],
    [
      'a source identity of 65 characters',
      { sourceIdentity: '{username}' },
      { username: 'a'.repeat(65) },
      /source identity/,
    ],
    [
      'a source identity that begins with aws:',
      { sourceIdentity: 'aws:{username}' },
      {},
      /source identity/,
    ],
    [
      'a tag value with a markup character',
      { tags: { A: '{displayName}' } },
      { displayName: '<b>' },
      /session tag A/,
    ],
    [
      'a tag value of 257 characters',
      { tags: { A: '{displayName}' } },
      { displayName: 'x'.repeat(257) },
      /session tag A/,
    ],
  ];
  for (const [title, said, identity, says] of REFUSED) {
    it(`rejects ${title} instead of cutting it`, () => {
      assert.throws(
        () => roleSessionFor(settings(said), person(identity), 'r'),
        (thrown: unknown) =>
          thrown instanceof BridgeError &&
          thrown.code === 'session_settings_invalid' &&
          says.test(thrown.message),
      );
    });
  }

  it('does not repeat the value in the message', () => {
    assert.throws(
      () =>
        roleSessionFor(
          settings({ sourceIdentity: '{username}' }),
          person({ username: 'very secret name' }),
          'r',
        ),
      (thrown: unknown) =>
        thrown instanceof BridgeError && !`${thrown.message} ${thrown.hint}`.includes('secret'),
    );
  });

  it('allows a tag value in any script, counted in code points', () => {
    const session = roleSessionFor(
      settings({ tags: { A: '{displayName}' } }),
      person({ displayName: '𝒳'.repeat(256) }),
      'r',
    );
    assert.equal([...session.tags[0]!.value].length, 256);
  });
});

const WITH_COST = { attributes: { costCenter: '4711' } };

describe('optional tags of a role session', () => {
  const TAGS = { Cost: '{attributes.costCenter}', Email: '{email}', Fixed: 'yes' };
  const said = (optionalTags: readonly string[]): SessionSettings =>
    settings({ tags: TAGS, optionalTags, transitiveTags: ['Cost', 'Fixed'] });

  it('are filled in as others are', () => {
    const { tags, tagsLeftOut } = roleSessionFor(said(['Email']), person(WITH_COST), 'rule');
    assert.deepEqual(tags, [
      { key: 'Cost', value: '4711' },
      { key: 'Email', value: 'alice@acme.example', optional: true },
      { key: 'Fixed', value: 'yes' },
    ]);
    assert.equal(tagsLeftOut, undefined);
  });

  for (const [title, changes, leftOut] of [
    ['has no value', {}, ['Cost']],
    ['has a value that AWS does not accept', { attributes: { costCenter: '<4711>' } }, ['Cost']],
    ['lacks the values of several', { email: undefined }, ['Cost', 'Email']],
  ] as const) {
    it(`are left out with their transitive keys when the user ${title}`, () => {
      const session = roleSessionFor(said(['Cost', 'Email']), person(changes), 'rule');
      assert.deepEqual(session.tagsLeftOut, leftOut);
      assert.deepEqual(session.transitiveTags, ['Fixed']);
      assert.ok(session.tags.every(({ key }) => !(leftOut as readonly string[]).includes(key)));
    });
  }

  it('do not excuse a tag that is not optional', () => {
    assert.throws(() => roleSessionFor(said(['Email']), person(), 'rule'), {
      code: 'session_settings_invalid',
    });
  });

  it('can be taken out of a session, which keeps everything else', () => {
    const session = roleSessionFor(said(['Cost', 'Email']), person({ email: undefined }), 'rule');
    assert.equal(withoutOptionalTags(session), undefined, 'it has none that is optional');

    const whole = roleSessionFor(said(['Cost', 'Email']), person(WITH_COST), 'rule');
    assert.deepEqual(withoutOptionalTags(whole), {
      ...whole,
      tags: [{ key: 'Fixed', value: 'yes' }],
      transitiveTags: ['Fixed'],
      tagsLeftOut: ['Cost', 'Email'],
    });
  });
});
