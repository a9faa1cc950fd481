import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { said, spoiled, written } from './written.ts';

const ATTRIBUTES = 'attributes: { username: uid, email: mail, groups: memberOf }\n';
const URL_LINE = 'metadata: { url: https://adfs.example.com/metadata.xml }';
const ADFS = 'https://fs.example.com/FederationMetadata/2007-06/FederationMetadata.xml';
const withKeys = (...keys: readonly string[]): string =>
  spoiled(ATTRIBUTES, ATTRIBUTES + keys.map(key => `      ${key}\n`).join(''));
const CORPORATE = ['trust: web-identity }', 'trust: corporate-saml, provider: adfs }'] as const;
const at = (url: string, yaml = withKeys()): string =>
  yaml.replace(URL_LINE, () => `metadata: { url: "${url}" }`);

async function outcome(yaml: string) {
  const lines: { problems: string[]; warnings: string[] } = { problems: [], warnings: [] };
  await written(async ({ check }) => {
    const { problems, warnings } = await check(yaml);
    Object.assign(lines, { problems: said(problems), warnings: said(warnings) });
  });
  return lines;
}

describe('keys of a connector that contradict each other', () => {
  const PROBLEMS: Readonly<Record<string, readonly [string, RegExp]>> = {
    'allowCbc with encryption: false': [
      withKeys('encryption: false', 'allowCbc: true'),
      /connectors\[1\]\.saml\.allowCbc: has no effect with encryption: false.* Write encryption: true, or remove allowCbc\.$/,
    ],
    'allowCbc, where an account makes encryption false': [
      withKeys('allowCbc: true').replace(...CORPORATE),
      /allowCbc: has no effect: encryption is false by default, because "?staging"? has trust: corporate-saml\. Add encryption: true/,
    ],
    'endsTerminals with saml': [
      spoiled(ATTRIBUTES, `${ATTRIBUTES}    logout: { endsTerminals: true }\n`),
      /connectors\[1\]\.logout\.endsTerminals: is for OpenID Connect.* Remove it\.$/,
    ],
  };
  for (const [what, [yaml, line]] of Object.entries(PROBLEMS))
    it(`are a problem with place and fix: ${what}`, async () => {
      const { problems } = await outcome(yaml);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0]!, line);
    });

  const WARNINGS: Readonly<Record<string, readonly [string, RegExp]>> = {
    'one attribute for user names and groups': [
      spoiled(
        'username: uid, email: mail, groups: memberOf',
        'username: uid, email: mail, groups: uid',
      ),
      /connectors\[1\]\.saml\.attributes\.groups: is the same as username/,
    ],
    'one attribute for subject and groups': [
      withKeys('subject: memberOf'),
      /attributes\.groups: is the same as subject/,
    ],
    'an address like that of AD FS': [
      at(ADFS),
      /connectors\[1\]\.saml\.metadata\.url: looks like that of AD FS.* Write encryption: false/,
    ],
  };
  for (const [what, [yaml, line]] of Object.entries(WARNINGS))
    it(`are a warning: ${what}`, async () => {
      const { problems, warnings } = await outcome(yaml);
      assert.deepEqual(problems, []);
      assert.equal(warnings.length, 1, warnings.join('\n'));
      assert.match(warnings[0]!, line);
    });

  const GOOD: Readonly<Record<string, string>> = {
    'allowCbc alone': withKeys('allowCbc: true'),
    'allowCbc with encryption: true': withKeys('encryption: true', 'allowCbc: true'),
    'the address of AD FS with encryption: false': at(ADFS, withKeys('encryption: false')),
    'the address of AD FS with encryption: true': at(ADFS, withKeys('encryption: true')),
    'the address of AD FS with allowCbc': at(ADFS, withKeys('allowCbc: true')),
    'the address of Entra ID': at(
      'https://login.microsoftonline.com/t/federationmetadata/2007-06/federationmetadata.xml',
    ),
  };
  for (const [what, yaml] of Object.entries(GOOD))
    it(`are none: ${what}`, async () =>
      assert.deepEqual(await outcome(yaml), { problems: [], warnings: [] }));
});
