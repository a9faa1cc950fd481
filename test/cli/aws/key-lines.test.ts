import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withoutKeys } from '../../../src/cli/aws/key-lines.ts';

const KEYS = { accessKeyId: 'AKIAEXAMPLEEXAMPLE01', secretAccessKey: 'secret/secret+secret1234' };
const ID = `aws_access_key_id = ${KEYS.accessKeyId}`;
const SECRET = `aws_secret_access_key = ${KEYS.secretAccessKey}`;
const CREDENTIALS = { kind: 'credentials', profile: 'ops', ...KEYS } as const;
const CONFIG = { ...CREDENTIALS, kind: 'config' } as const;

describe('taking keys out of a file of the AWS tools', () => {
  const cases: readonly (readonly [
    title: string,
    text: string,
    left: string,
    place?: typeof CREDENTIALS | typeof CONFIG,
  ])[] = [
    ['removes a section that has nothing else', `[ops]\n${ID}\n${SECRET}\n`, ''],
    [
      'leaves the sections around it',
      `[a]\nx = 1\n\n[ops]\n${ID}\n${SECRET}\n\n[b]\ny = 2\n`,
      '[a]\nx = 1\n\n\n[b]\ny = 2\n',
    ],
    [
      'leaves other settings of the section, with its header',
      `[ops]\nregion = eu-west-1\n${ID}\n${SECRET}\nmfa_serial = x\n`,
      '[ops]\nregion = eu-west-1\nmfa_serial = x\n',
    ],
    [
      'leaves comments and blank lines, also between the keys',
      `# one\n[ops]\n${ID}\n# two\n\n${SECRET}\n; three\n`,
      '# one\n# two\n\n; three\n',
    ],
    [
      'keeps CR LF and a missing last line break',
      `[a]\r\nx = 1\r\n[ops]\r\n${ID}\r\n${SECRET}`,
      '[a]\r\nx = 1\r\n',
    ],
    [
      'keeps bytes that are not ASCII',
      `# \u00c3\u00a4\n[ops]\n${ID}\n${SECRET}\n[\u00c3\u00b6]\nx = \u00c3\u00bc\n`,
      '# \u00c3\u00a4\n[\u00c3\u00b6]\nx = \u00c3\u00bc\n',
    ],
    [
      'removes names in any case, with any blanks and either sign',
      `[ ops ]\n  AWS_ACCESS_KEY_ID=${KEYS.accessKeyId}\n  aws_secret_access_key :${KEYS.secretAccessKey}\n`,
      '',
    ],
    [
      'removes them from a profile of the config file',
      `[profile ops]\n${ID}\n${SECRET}\nregion = eu-west-1\n[profile other]\n${ID}2\n`,
      `[profile ops]\nregion = eu-west-1\n[profile other]\n${ID}2\n`,
      CONFIG,
    ],
  ];
  for (const [title, text, left, place = CREDENTIALS] of cases) {
    it(title, () => {
      const found = withoutKeys(text, place);
      assert.equal(found.text, left);
      assert.deepEqual([found.found, found.copies], ['these', []]);
    });
  }

  const kept: readonly (readonly [title: string, text: string, found: string])[] = [
    ['finds none in the section of another profile', `[other]\n${ID}\n${SECRET}\n`, 'none'],
    ['finds none in a section without keys', '[ops]\nregion = eu-west-1\n', 'none'],
    ['finds others where the secret key is another one', `[ops]\n${ID}\n${SECRET}x\n`, 'others'],
    ['finds others where half of the keys is missing', `[ops]\n${SECRET}\n`, 'others'],
    [
      'finds others where there is a session token',
      `[ops]\n${ID}\n${SECRET}\naws_session_token = t\n`,
      'others',
    ],
  ];
  for (const [title, text, found] of kept) {
    it(`${title}, and leaves the text`, () => {
      const result = withoutKeys(text, CREDENTIALS);
      assert.deepEqual([result.text, result.found], [text, found]);
    });
  }

  it('finds copies of the secret key in comments and in other profiles', () => {
    const text = `[ops]\n${ID}\n${SECRET}\n#${SECRET}\n[default]\n${ID}\n${SECRET}\n`;
    assert.deepEqual(withoutKeys(text, CREDENTIALS).copies, [1, 4]);
  });
});
