/** What `check` says of a file of public keys, and what a bridge does with the same file. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import type { JWK } from 'jose';
import { openJudges } from '../../src/compose/judges.ts';
import { judgeKeySet } from '../../src/compose/key-set-judge.ts';
import { checkConfiguration } from '../../src/config/load.ts';
import { entryFor, openProofs, tokenOf } from '../connectors/workloads/fixture.ts';
import { useDirectory } from '../support/directory.ts';
import { type PlatformForge, startPlatform } from '../support/platform-forge.ts';

type Change = (key: JWK) => unknown;
type Row = readonly [title: string, change: Change, said: RegExp];

const without =
  (...names: readonly string[]): Change =>
  key =>
    Object.fromEntries(Object.entries(key).filter(([name]) => !names.includes(name)));

/** Keys that verify nothing, made of a good one of the algorithm. */
const UNUSABLE: Readonly<Record<'ES256' | 'RS256' | 'EdDSA', readonly Row[]>> = {
  ES256: [
    ['an EC key without its curve', without('crv'), /key 1 lacks crv\./],
    ['an EC key without a coordinate', without('y'), /key 1 lacks y\./],
    ['an EC key without members', without('crv', 'x', 'y'), /key 1 lacks crv, x, y\./],
    ['an EC key with a number as a coordinate', key => ({ ...key, x: 1 }), /key 1 lacks x\./],
    ['an EC key with an empty coordinate', key => ({ ...key, x: '' }), /key 1 lacks x\./],
    ['a point that is not on its curve', key => ({ ...key, x: 'A'.repeat(43) }), /make no EC key/],
    [
      'a curve that no token has',
      key => ({ ...key, crv: 'secp256k1' }),
      /another curve than P-256/,
    ],
    ['an algorithm that no token has', key => ({ ...key, alg: 'ECDH-ES' }), /\(alg\)/],
    ['a key that only signs', key => ({ ...key, key_ops: ['sign'] }), /key_ops/],
  ],
  RS256: [
    ['an RSA key without modulus and exponent', without('n', 'e'), /key 1 lacks n, e\./],
    ['an RSA key without its modulus', without('n'), /key 1 lacks n\./],
    ['an RSA key without its exponent', without('e'), /key 1 lacks e\./],
    ['an RSA key with the exponent 1', key => ({ ...key, e: 'AQ' }), /exponent that RSA forbids/],
    ['an RSA key of 1024 bits', key => ({ ...key, ...shortRsa() }), /fewer than 2048 bits/],
  ],
  EdDSA: [
    ['an Ed25519 key without x', without('x'), /key 1 lacks x\./],
    ['a key for key agreement', key => ({ ...key, crv: 'X25519' }), /another curve than Ed25519/],
    ['an Ed25519 key that is too short', key => ({ ...key, x: 'AAAA' }), /make no OKP key/],
  ],
};

/** Documents that are no set of usable keys. */
const DOCUMENTS: readonly (readonly [title: string, text: string, said: RegExp])[] = [
  ['no keys', '{"keys":[]}', /without a key for signatures/],
  ['a key without a kind', '{"keys":[{"kid":"a"}]}', /without a key for signatures/],
  ['a key of an unknown kind', '{"keys":[{"kty":"PQ"}]}', /without a key for signatures/],
  ['a symmetric key', '{"keys":[{"kty":"oct","k":"AAAA"}]}', /private or symmetric keys/],
  ['a symmetric key without its value', '{"keys":[{"kty":"oct"}]}', /without a key for signatures/],
  ['a list', '[]', /not a JSON Web Key Set/],
  ['null', 'null', /not a JSON Web Key Set/],
  ['an empty file', '', /not a JSON Web Key Set/],
];

function shortRsa(): JsonWebKey {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  return publicKey.export({ format: 'jwk' });
}

const yamlOf = (files: number): string => `baseUrl: https://aws.example.com
store: { sqlite: ":memory:" }
connectors: [{ id: c, label: C, oidc: { issuer: https://idp.example.com, clientId: c, clientSecret: { env: ABSENT } } }]
accounts: [{ id: "111122223333", name: prod, trust: web-identity }]
access: [{ name: a, groups: [g], accounts: [prod], roles: [Admin] }]
workloads:
${Array.from({ length: files }, (_, at) => `  - { id: w${at}, issuer: "https://w${at}.example.com", jwks: { file: ${at}.json }, audience: https://aws.example.com, access: [{ claims: { sub: s }, accounts: [prod], roles: [Deploy] }] }\n`).join('')}`;

describe('a file of public keys', () => {
  const directory = useDirectory();

  /** The sentences of `check` for one file, with whether each is a warning. */
  async function checked(
    texts: readonly string[],
  ): Promise<{ readonly problems: readonly string[]; readonly warnings: readonly string[] }> {
    for (const [at, text] of texts.entries())
      writeFileSync(directory.file(`${at}.json`), text, { mode: 0o644 });
    const file = directory.file('rolebridge.yaml');
    writeFileSync(file, yamlOf(texts.length), { mode: 0o644 });
    const judges = openJudges({ now: () => Date.now() });
    const { problems, warnings } = await checkConfiguration(file, { secrets: 'none', judges });
    const sentences = (all: typeof problems): string[] =>
      all
        .filter(({ path }) => path.endsWith('.jwks.file'))
        .map(({ path, message, fix }) => `${path}: ${message} ${fix}`);
    return { problems: sentences(problems), warnings: sentences(warnings) };
  }

  /** Whether a bridge with this file accepts a token of the platform. */
  async function accepts(t: TestContext, text: string, platform: PlatformForge, alg: string) {
    const file = directory.file('running.json');
    writeFileSync(file, text);
    const proofs = openProofs(t, [entryFor(platform, { keys: { kind: 'file', file } })]);
    return proofs.verify(await tokenOf(platform, {}, { alg })).then(
      () => true,
      () => false,
    );
  }

  for (const [alg, rows] of Object.entries(UNUSABLE))
    for (const [title, change, said] of rows)
      it(`with ${title} is rejected by the check, and verifies no token`, async t => {
        const platform = await startPlatform(t, [alg]);
        const [key] = platform.keySet().keys;
        const text = JSON.stringify({ keys: [change(key!)] });
        assert.equal(await accepts(t, text, platform, alg), false);
        const { problems, warnings } = await checked([text]);
        assert.deepEqual(warnings, []);
        assert.equal(problems.length, 1);
        assert.match(problems[0]!, said);
        assert.match(problems[0]!, /^workloads\[0\]\.jwks\.file: .*\. Correct the file, or get/);
        assert.doesNotMatch(problems[0]!, new RegExp(key!.kid!));
      });

  it('is rejected by the check if it is no set of public keys', async t => {
    const platform = await startPlatform(t);
    const { problems } = await checked(DOCUMENTS.map(([, text]) => text));
    assert.equal(problems.length, DOCUMENTS.length);
    for (const [at, [title, text, said]] of DOCUMENTS.entries()) {
      assert.match(problems[at]!, said, title);
      assert.equal(await accepts(t, text, platform, 'ES256'), false, title);
    }
  });

  it('with a member that the running bridge rejects is rejected by the check', async t => {
    const platform = await startPlatform(t);
    const [key] = platform.keySet().keys;
    const sets = [
      { keys: [key, { kid: 'no kind' }] },
      { keys: [key], more: Array.from({ length: 20_001 }, () => 1) },
      { keys: [{ ...key, use: 'jwt-svid' }] },
    ].map(set => JSON.stringify(set));
    const { problems } = await checked(sets);
    assert.deepEqual(
      problems.map(line => /points at .*? rejects|points at/.exec(line)?.[0]),
      Array(3).fill('points at a file that the bridge rejects'),
    );
    for (const set of sets) assert.equal(await accepts(t, set, platform, 'ES256'), false);
  });

  it('with good keys and others is accepted, with a warning that names the others', async t => {
    const platform = await startPlatform(t);
    const [key] = platform.keySet().keys;
    const { x: _, ...broken } = key!;
    const text = JSON.stringify({ keys: [key, { ...broken, kid: 'b' }, { kty: 'RSA', kid: 'c' }] });
    assert.equal(await accepts(t, text, platform, 'ES256'), true);
    const { problems, warnings } = await checked([text]);
    assert.deepEqual(problems, []);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /keys that are not used: key 2 lacks x, key 3 lacks n, e\./);
  });

  it('with usable keys is accepted without a word, also with a byte order mark', async t => {
    for (const alg of ['ES256', 'RS256', 'EdDSA']) {
      const platform = await startPlatform(t, [alg]);
      for (const text of ['', '\uFEFF'].map(mark => mark + JSON.stringify(platform.keySet()))) {
        assert.equal(await accepts(t, text, platform, alg), true, alg);
        assert.deepEqual(await checked([text]), { problems: [], warnings: [] });
      }
    }
  });

  it('of a trust domain may also have keys of certificates, and no Ed25519 key', async t => {
    const [ec, ed] = [await startPlatform(t), await startPlatform(t, ['EdDSA'])];
    const judged = (...keys: readonly unknown[]) =>
      judgeKeySet(JSON.stringify({ keys }), { isSpiffe: true });
    const [key, edKey] = [ec.keySet().keys[0]!, ed.keySet().keys[0]!];
    const ofCertificates = { kty: 'RSA', use: 'x509-svid' };
    assert.deepEqual(judged({ ...key, use: 'jwt-svid' }, ofCertificates), []);
    const [problem] = judged({ ...edKey, use: 'jwt-svid' });
    assert.match(problem!.message, /key 1 is of a kind that signs no token of this entry/);
    assert.equal(problem!.warning, undefined);
  });

  it('that cannot be read is rejected', async () => {
    mkdirSync(directory.file('directory'));
    writeFileSync(directory.file('bytes'), Buffer.of(0x7b, 0xff, 0x7d), { mode: 0o644 });
    const names = ['absent', 'directory', 'bytes'];
    const yaml = yamlOf(3).replaceAll(/(\d)\.json/g, (_, at) => names[at]!);
    const file = directory.file('rolebridge.yaml');
    writeFileSync(file, yaml, { mode: 0o644 });
    const { problems } = await checkConfiguration(file, { secrets: 'none' });
    const said = problems.map(({ message }) => message.replace(/^the file \S+ /, ''));
    assert.deepEqual(said, ['does not exist.', 'is not a regular file.', 'is not UTF-8 text.']);
  });
});
