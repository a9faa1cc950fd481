/** Texts that other programs read: from any value, they read that value and nothing more. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import fc from 'fast-check';
import { awsConfig, profileNames, renderSections } from '../../src/core/aws-config.ts';
import { formatCredentials } from '../../src/core/credential-formats.ts';
import type { AwsCredentials } from '../../src/core/credentials.ts';
import { BridgeError } from '../../src/core/errors.ts';
import { localPath, withQuery } from '../../src/core/local-path.ts';
import { printableExcerpt } from '../../src/core/printable.ts';
import { parseDuration } from '../../src/core/time.ts';
import { anyText, property } from '../support/properties.ts';

const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 40,
});

function credentialsWith(secret: string): AwsCredentials {
  return {
    ...{ accessKeyId: 'ASIAEXAMPLE00000001', secretAccessKey: secret, sessionToken: 'token' },
    expiresAt: Date.UTC(2026, 0, 15),
  };
}

/** The text, or undefined if it is rejected: then no shell reads anything. */
function written(format: Parameters<typeof formatCredentials>[0], secret: string) {
  try {
    return formatCredentials(format, credentialsWith(secret));
  } catch (thrown) {
    assert.ok(thrown instanceof BridgeError && thrown.code === 'internal');
    return undefined;
  }
}

/** POSIX shell, section 2.2: a word of plain characters, `'...'` and `\x`. */
function readByPosixShell(word: string): string {
  const parts = word.match(/'[^']*'|\\.|[\w+/=.:-]/gs) ?? [];
  assert.equal(parts.join(''), word, 'the word has no character with a meaning of its own');
  return parts
    .map(part => (part.startsWith("'") ? part.slice(1, -1) : part.replace(/^\\/, '')))
    .join('');
}

describe('credentials as text', () => {
  property('are one assignment in a POSIX shell, of the value itself', printable, secret => {
    const line = written('env', secret)!.split('\n')[1]!;
    const word = line.slice('export AWS_SECRET_ACCESS_KEY='.length);
    assert.equal(readByPosixShell(word), secret);
  });

  property('are one word in fish', printable, secret => {
    const word = written('fish', secret)!
      .split('\n')[1]!
      .replace(/^(?:\S+ ){3}/, '');
    assert.match(word, /^"(?:[^"$\\]|\\["$\\])*"$/);
    assert.equal(word.slice(1, -1).replaceAll(/\\(["$\\])/g, '$1'), secret);
  });

  property('are a JSON document for credential_process', printable, secret => {
    assert.equal(JSON.parse(written('process', secret)!).SecretAccessKey, secret);
  });

  property('have as many lines for any text, or are rejected', anyText, secret => {
    for (const format of ['env', 'fish', 'powershell', 'windows-cmd'] as const) {
      const text = written(format, secret);
      if (text === undefined) continue;
      assert.equal(text.split(/\r\n|[\n\r\u0085\u2028\u2029]/).length, 5);
      assert.match(secret, /^[\x20-\x7e]+$/);
    }
  });
});

const roles = fc.uniqueArray(
  fc.record({
    account: fc.constantFrom(
      { id: '111122223333', name: 'prod', region: 'eu-west-1' },
      { id: '444455556666', name: 'prod-team', region: 'us-east-1' },
      { id: '777788889999', name: 'a.b_c', region: 'us-east-1' },
    ),
    role: fc.oneof(
      fc.string({ unit: fc.constantFrom(...'aB1+=,.@-_/'), minLength: 1, maxLength: 12 }),
      fc.constantFrom('Admin', 'team/Admin', 'team-Admin', 'team_2FAdmin'),
    ),
  }),
  { selector: ({ account, role }) => `${account.id} ${role}`, maxLength: 12 },
);

describe('profiles of AWS tools', () => {
  property('have names of their own, of one word', roles, all => {
    const names = [...profileNames(all).values()];
    assert.equal(names.length, all.length);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^[^\s/=,[\]"']+$/);
  });

  property('begin as many sections as there are roles, and two more', roles, all => {
    const options = { baseUrl: 'https://aws.example.com', ssoRegion: 'us-east-1', roles: all };
    const text = renderSections(awsConfig('sso-session', options));
    assert.equal(text.match(/^\[.*\]$/gm)!.length, all.length + 2);
    assert.equal(text.match(/^sso_role_name = .+$/gm)?.length ?? 0, all.length);
  });
});

describe('paths, queries and words', () => {
  property('a way back stays on the site of the bridge', anyText, text => {
    for (const given of [text, `/${text}`, `/go?to=${text}`, `//${text}`]) {
      const path = localPath(given);
      assert.equal(new URL(path, 'https://bridge.example.test').host, 'bridge.example.test');
      assert.equal(localPath(path), path);
    }
  });

  property(
    'a value of a query arrives as it was, beside every other one',
    fc.tuple(anyText, anyText),
    ([one, other]) => {
      const [a, b] = [one, other].map(text => text.toWellFormed());
      const query = new URL(withQuery('/go', { a, b }), 'https://x.test').searchParams;
      assert.deepEqual([query.get('a') ?? '', query.get('b') ?? ''], [a, b]);
    },
  );

  property('an excerpt of what others wrote is one printable line', anyText, text => {
    assert.doesNotMatch(printableExcerpt(text), /[\p{Cc}\p{Zl}\p{Zp}]/u);
  });

  property(
    'a duration is the sum of its parts',
    fc.array(fc.tuple(fc.nat(999_999), fc.constantFrom('s', 'm', 'h', 'd')), { minLength: 1 }),
    parts => {
      const seconds = { s: 1, m: 60, h: 3600, d: 86_400 };
      const sum = parts.reduce((total, [count, unit]) => total + count * seconds[unit as 's'], 0);
      const text = parts.map(([count, unit]) => `${count}${unit}`).join('');
      assert.equal(parseDuration(text), sum > 0 ? sum : undefined);
      assert.equal(parseDuration(` ${text}`), undefined);
    },
  );
});
