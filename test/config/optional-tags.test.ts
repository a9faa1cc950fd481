import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SessionSettings } from '../../src/core/session.ts';
import { writtenTemplate } from '../../src/core/template.ts';
import { said, spoiled, written } from './written.ts';

const OPTIONAL = 'Team: { value: "{attributes.team}", optional: true }';

const withSession = (session: string): string => spoiled('{ duration: 4h }', session);

async function sessionOf(session: string): Promise<SessionSettings> {
  let built: SessionSettings | undefined;
  await written(async ({ check }) => {
    const { configuration, problems } = await check(withSession(session));
    assert.deepEqual(said(problems), []);
    built = configuration!.access[0]!.session;
  });
  return built!;
}

async function warningsOf(session: string, policy?: string): Promise<string[]> {
  let lines: string[] = [];
  await written(async ({ check, put }) => {
    if (policy !== undefined) put('scope.json', policy);
    const { problems, warnings } = await check(withSession(session));
    assert.deepEqual(said(problems), []);
    lines = said(warnings);
  });
  return lines;
}

describe('a tag that is written as a map', () => {
  it('can be optional', async () => {
    const { tags, optionalTags } = await sessionOf(
      `{ tags: { ${OPTIONAL}, Mail: "{email|none}", Cost: { value: x, optional: false }, Unit: { value: y } } }`,
    );
    assert.deepEqual(
      Object.entries(tags).map(([key, template]) => [key, writtenTemplate(template)]),
      [
        ['Team', '{attributes.team}'],
        ['Mail', '{email|none}'],
        ['Cost', 'x'],
        ['Unit', 'y'],
      ],
    );
    assert.deepEqual(optionalTags, ['Team']);
  });

  it('leaves no trace of optional tags where none is', async () => {
    const session = await sessionOf('{ tags: { Team: { value: x, optional: false } } }');
    assert.ok(!Object.hasOwn(session, 'optionalTags'));
  });

  it('can be both optional and transitive', async () => {
    assert.deepEqual(await warningsOf(`{ tags: { ${OPTIONAL} }, transitiveTags: [Team] }`), []);
  });
});

describe('the template of an optional tag', () => {
  const refused = (tag: string) => `{ tags: { Team: ${tag} } }`;

  it('needs no alternative', async () => {
    assert.deepEqual(
      await warningsOf(refused('{ value: "{attributes.team}", optional: true }')),
      [],
    );
    assert.match(
      (await warningsOf(refused('{ value: "{attributes.team}" }'))).join('\n'),
      /denies the roles of this rule to users whose \{attributes\.team\} is missing/,
    );
  });
});

describe('a session policy that uses an optional tag', () => {
  const SESSION = `{ tags: { ${OPTIONAL}, Mail: x }, policy: { file: scope.json } }`;
  const WARNING =
    '27:24 access[0].session.tags.Team: is optional, but the session policy of the rule uses aws:PrincipalTag/Team, so sessions without the tag have other permissions. Remove optional, or change the policy so that it does not need the tag.';
  const policyWith = (part: object): string =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*', ...part }],
    });
  const TEAM = '$' + '{aws:PrincipalTag/Team';

  for (const [title, part] of [
    ['in a condition', { Condition: { StringEquals: { 'aws:PrincipalTag/Team': 'Blue' } } }],
    ['in another case', { Condition: { StringEquals: { 'AWS:PrincipalTag/team': 'Blue' } } }],
    ['as a variable of a resource', { Resource: [`arn:aws:s3:::acme/${TEAM}}/*`] }],
    [
      'as a variable of a condition',
      { Condition: { StringLike: { 's3:prefix': [`x/${TEAM}}/*`] } } },
    ],
  ] as const) {
    it(`${title} is reported`, async () => {
      assert.deepEqual(await warningsOf(SESSION, policyWith(part)), [WARNING]);
    });
  }

  for (const [title, part] of [
    ['with a default', { Resource: `arn:aws:s3:::acme/${TEAM}, 'none'}/*` }],
    ['only in part of its name', { Resource: `arn:aws:s3:::acme/${TEAM}s}/*` }],
    ['not at all', { Condition: { StringEquals: { 'aws:PrincipalTag/Mail': 'x' } } }],
  ] as const) {
    it(`${title} is accepted`, async () => {
      assert.deepEqual(await warningsOf(SESSION, policyWith(part)), []);
    });
  }
});

describe('an optional tag in an account that accepts the corporate proof', () => {
  const corporate = (session: string): string =>
    withSession(session).replace('trust: web-identity', 'trust: corporate-web-identity');

  it('is reported as always left out', () =>
    written(async ({ check }) => {
      const { warnings } = await check(corporate(`{ tags: { ${OPTIONAL} } }`));
      assert.ok(
        said(warnings).includes(
          '27:16 access[0].session.tags: cannot be set in staging (trust: corporate-web-identity), so sessions there never have these optional tags. Nothing needs to be done if nothing there uses them.',
        ),
        said(warnings).join('\n'),
      );
    }));

  it('does not change that other tags deny the role there', () =>
    written(async ({ check }) => {
      const { warnings } = await check(corporate(`{ tags: { ${OPTIONAL}, Mail: x } }`));
      assert.match(said(warnings).join('\n'), /tags: cannot be set in staging .* gives no role/);
    }));
});
