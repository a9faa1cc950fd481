import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Identity, PersonId } from '../../src/core/identity.ts';
import { USER_PLACEHOLDERS, userValues } from '../../src/core/placeholders.ts';
import { SOURCE_IDENTITY, TAG_VALUE } from '../../src/core/session.ts';
import {
  type FieldRule,
  fillTemplate,
  fits,
  parseTemplate,
  templateGap,
  templateProblem,
  writtenTemplate,
} from '../../src/core/template.ts';
import { person } from '../support/people.ts';

const ID = 'abcdefghijklmnop';
const fill = (template: string, field: FieldRule, said: Partial<Identity> = {}) =>
  fillTemplate(
    parseTemplate(template, USER_PLACEHOLDERS),
    userValues(person({ person: ID as PersonId, ...said })),
    field,
  );

describe('a template', () => {
  const GOOD = [
    'plain',
    '',
    '{username}',
    '{email|none}',
    '{email|}',
    '{attributes.a b}',
    'x-{username}-{attributes.Cost.Center}',
    '{username|{sessionName}}',
    '{username|u-{attributes.id|{person}}-x}',
    '{attributes.a|{attributes.b|{attributes.c|none}}}',
  ];
  for (const template of GOOD)
    it(`can be ${JSON.stringify(template)}`, () =>
      assert.equal(templateProblem(template, USER_PLACEHOLDERS), undefined));

  const BAD: readonly (readonly [template: string, why: RegExp])[] = [
    [
      '{user}',
      /^unknown placeholder \{user\}; known are \{username\}, .*\{sessionName\} and \{attributes\.NAME\}$/,
    ],
    ['{}', /^unknown placeholder \{\}/],
    ['{|x}', /^unknown placeholder \{\}/],
    ['{attributes.}', /^unknown placeholder/],
    ['{constructor}', /^unknown placeholder/],
    ['{toString}', /^unknown placeholder/],
    ['{username|{user}}', /^unknown placeholder \{user\}/],
    ['{username', /^a brace that belongs to no placeholder$/],
    ['username}', /^a brace/],
    ['{{username}}', /^a brace/],
    ['{username|', /^a brace/],
    ['{username|{person}', /^a brace/],
    ['{username|x}}', /^a brace/],
    ['{username{person}}', /^a brace/],
    ['{', /^a brace/],
    [
      '{email|a|b}',
      /^an alternative contains a second \|; nest it: \{email\|\{attributes\.mail\|none\}\}$/,
    ],
    [
      '{email|{attributes.a|{attributes.b|{attributes.c|none}}}}',
      /^alternatives are nested more than 3 deep$/,
    ],
    ['{username|'.repeat(50_000), /^alternatives are nested more than 3 deep$/],
  ];
  for (const [template, why] of BAD)
    it(`cannot be ${JSON.stringify(template.slice(0, 60))}`, () =>
      assert.match(templateProblem(template, USER_PLACEHOLDERS) ?? 'no problem', why));
});

describe('a template that is filled in', () => {
  const NAME = {
    'Åsa Öberg': 'letters and a space that AWS does not take',
    名前: 'another script',
    a: 'one letter',
    ['u'.repeat(65)]: '65 letters',
  };
  for (const [username, what] of Object.entries(NAME)) {
    it(`takes the alternative for a user name of ${what}, and never a part of the name`, () => {
      assert.deepEqual(fill('{username|{sessionName}}', SOURCE_IDENTITY, { username }), {
        text: username === 'a' ? `a-${ID}` : ID,
      });
      assert.deepEqual(fill('{username}', SOURCE_IDENTITY, { username }), { unfit: true });
    });
  }

  const TABLE: readonly (readonly [
    title: string,
    template: string,
    field: FieldRule,
    said: Partial<Identity>,
    outcome: object,
  ])[] = [
    ['keeps a value that fits', '{username|{sessionName}}', SOURCE_IDENTITY, {}, { text: 'alice' }],
    [
      'names the session as AWS sees it',
      '{sessionName}',
      SOURCE_IDENTITY,
      {},
      { text: `alice-${ID}` },
    ],
    [
      'takes the alternative for a value that is missing',
      '{email|none}',
      TAG_VALUE,
      { email: undefined },
      { text: 'none' },
    ],
    [
      'takes the alternative for a value that is empty',
      '{email|none}',
      TAG_VALUE,
      { email: '' },
      { text: 'none' },
    ],
    [
      'takes the alternative for a character that no tag takes',
      '{email|none}',
      TAG_VALUE,
      { email: "o'neil@acme.example" },
      { text: 'none' },
    ],
    [
      'takes the alternative for a value that is too long',
      '{displayName|{person}}',
      TAG_VALUE,
      { displayName: 'é'.repeat(257) },
      { text: ID },
    ],
    [
      'counts code points',
      '{displayName|{person}}',
      TAG_VALUE,
      { displayName: '𝒳'.repeat(256) },
      { text: '𝒳'.repeat(256) },
    ],
    ['takes an empty alternative', '{attributes.team|}', TAG_VALUE, {}, { text: '' }],
    [
      'refuses an empty alternative where AWS takes no empty value',
      '{attributes.team|}',
      SOURCE_IDENTITY,
      {},
      { unfit: true },
    ],
    [
      'goes through nested alternatives in their order',
      '{attributes.a|{attributes.b|{email|none}}}',
      TAG_VALUE,
      { attributes: { b: '<' } },
      { text: 'alice@acme.example' },
    ],
    [
      'lets a short value fit by the text around it',
      'u-{username|{person}}',
      SOURCE_IDENTITY,
      { username: 'a' },
      { text: 'u-a' },
    ],
    [
      'takes alternatives from left to right until the whole is short enough',
      '{username|{person}}@{attributes.site|x}',
      SOURCE_IDENTITY,
      { username: 'u'.repeat(40), attributes: { site: 's'.repeat(40) } },
      { text: `${ID}@${'s'.repeat(40)}` },
    ],
    [
      'takes all alternatives when it must',
      '{username|{person}}@{attributes.site|x}',
      SOURCE_IDENTITY,
      { username: 'u'.repeat(40), attributes: { site: 's'.repeat(60) } },
      { text: `${ID}@x` },
    ],
    ['says which value is missing', '{attributes.a}', TAG_VALUE, {}, { missing: 'attributes.a' }],
    [
      'says that a value is missing with its alternative',
      '{attributes.a|{attributes.b}}',
      TAG_VALUE,
      {},
      { missing: 'attributes.a' },
    ],
    [
      'does not call a value missing that does not fit',
      '{username|{attributes.b}}',
      SOURCE_IDENTITY,
      { username: 'a b' },
      { unfit: true },
    ],
    [
      'refuses a whole that is too long without an alternative',
      '{username}-{person}',
      SOURCE_IDENTITY,
      { username: 'u'.repeat(60) },
      { unfit: true },
    ],
    [
      'does not read a value as a template',
      '{displayName|none}',
      TAG_VALUE,
      { displayName: '{email}' },
      { text: 'none' },
    ],
    [
      'does not take what only the prototype has',
      '{attributes.constructor|none}',
      TAG_VALUE,
      {},
      { text: 'none' },
    ],
    [
      'knows that a session name can hold a comma, which no tag takes',
      '{sessionName|{person}}',
      TAG_VALUE,
      { username: 'a,b' },
      { text: ID },
    ],
  ];
  for (const [title, template, field, said, outcome] of TABLE)
    it(title, () => assert.deepEqual(fill(template, field, said), outcome));
});

describe('a template that is written back', () => {
  for (const text of ['plain', 'a-{username}', '{email|none}', '{attributes.team|{username|}}-x'])
    it(`is ${text} again`, () =>
      assert.equal(writtenTemplate(parseTemplate(text, USER_PLACEHOLDERS)), text));
});

describe('the gap of a template', () => {
  const TABLE: readonly (readonly [template: string, field: FieldRule, gap: object | undefined])[] =
    [
      ['{sessionName}', SOURCE_IDENTITY, undefined],
      ['{username|{sessionName}}', SOURCE_IDENTITY, undefined],
      ['{connector}={username|{person}}', SOURCE_IDENTITY, undefined],
      ['fixed', SOURCE_IDENTITY, undefined],
      ['{username}', SOURCE_IDENTITY, { placeholder: 'username' }],
      ['{username|{email}}', SOURCE_IDENTITY, { placeholder: 'email' }],
      ['{sessionName}-{attributes.a}', SOURCE_IDENTITY, { placeholder: 'attributes.a' }],
      ['{connector}-{sessionName}', SOURCE_IDENTITY, { length: 'too long' }],
      ['{username|x}', SOURCE_IDENTITY, { length: 'too short' }],
      ['{email|}', SOURCE_IDENTITY, { length: 'too short' }],
      ['{email|none}', TAG_VALUE, undefined],
      ['{email|}', TAG_VALUE, undefined],
      ['{connector}/{person}', TAG_VALUE, undefined],
      ['', TAG_VALUE, undefined],
      ['{email}', TAG_VALUE, { placeholder: 'email' }],
      ['{sessionName}', TAG_VALUE, { placeholder: 'sessionName' }],
      [
        `{email|${'n'.repeat(200)}}{displayName|${'n'.repeat(100)}}`,
        TAG_VALUE,
        { length: 'too long' },
      ],
      ['{subject}', TAG_VALUE, { placeholder: 'subject' }],
    ];
  for (const [template, field, gap] of TABLE)
    it(`of ${JSON.stringify(template.slice(0, 50))} is ${JSON.stringify(gap) ?? 'none'}`, () =>
      assert.deepEqual(templateGap(parseTemplate(template, USER_PLACEHOLDERS), field), gap));

  it('is none only where every user gets a text that fits', () => {
    const names = [
      'alice',
      'a',
      '',
      'Åsa Öberg',
      '名前',
      'a,b',
      'u'.repeat(47),
      'u'.repeat(48),
      'u'.repeat(256),
      '<script>',
      "o'neil",
      '{email}',
      '😀',
    ];
    for (const [template, field, gap] of TABLE) {
      if (gap !== undefined) continue;
      for (const name of names) {
        const said = {
          username: name,
          email: name || undefined,
          displayName: name,
          subject: name,
          attributes: { a: name },
        };
        const filled = fill(template, field, said);
        assert.ok(
          'text' in filled && fits(filled.text, field),
          `${template} for ${JSON.stringify(name)}`,
        );
      }
    }
  });
});
