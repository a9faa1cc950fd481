/** Input that no client sends: each is answered as AWS answers, and never as a fault of AWS. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CreateSAMLProviderCommand } from '@aws-sdk/client-iam';
import { idpKey, metadataXml } from './saml.ts';
import {
  ADMIN,
  call,
  errorOf,
  OIDC_ROLE,
  PROD,
  useLocalAws,
  useOidcIssuer,
  webIdentityWorld,
} from './support.ts';

const OWNER = { accessKeyId: 'AKIAOWNER00000000000', secretAccessKey: 'only-for-this-test' };
const FORM = 'application/x-www-form-urlencoded';

describe('the local AWS', () => {
  const issuer = useOidcIssuer();
  const running = useLocalAws(() =>
    webIdentityWorld(issuer, {
      actions: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
      iamUsers: [
        {
          account: PROD,
          name: 'owner',
          accessKeys: [OWNER],
          permissions: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
        },
      ],
    }),
  );

  const web = (WebIdentityToken: string, more: Readonly<Record<string, string>> = {}) =>
    call(running.url, {
      Action: 'AssumeRoleWithWebIdentity',
      ...{ RoleArn: OIDC_ROLE, RoleSessionName: 'bob', WebIdentityToken, ...more },
    });

  // ---------------------------------------------------------------- forms

  const bodies: readonly (readonly [string, string | Uint8Array<ArrayBuffer>, string])[] = [
    ['bytes that are not UTF-8', Uint8Array.from([0x41, 0xff, 0xfe]), FORM],
    ['percent-encoded bytes that are not UTF-8', 'Action=GetCallerIdentity&a=%ff%fe', FORM],
    ['a percent-encoded surrogate', 'Action=GetCallerIdentity&a=%ed%a0%80', FORM],
    ['a percent sign alone', 'Action=GetCallerIdentity&a=%', FORM],
    ['a percent sign with letters', 'Action=GetCallerIdentity&a=%zz', FORM],
    ['a thousand parameters', 'a=1&'.repeat(1001), FORM],
    ['a NUL in the action', 'Action=Get%00CallerIdentity&Version=2011-06-15', FORM],
    ['the name of what every object has', 'Action=constructor&Version=2011-06-15', FORM],
    ['the prototype as an action', 'Action=__proto__&Version=2011-06-15', FORM],
    ['a version that is none', 'Action=GetCallerIdentity&Version=%0a', FORM],
  ];
  for (const [what, body, type] of bodies)
    test(`rejects a form with ${what}`, async () => {
      const headers = { 'content-type': type };
      const answer = await fetch(running.url, { method: 'POST', body, headers });
      assert.equal(answer.status, 400);
      assert.match((await errorOf(answer)).code ?? '', /^(?:MalformedInput|InvalidAction)$/);
    });

  for (const type of ['application/json', 'multipart/form-data; boundary=a', 'text/xml', '', '\t'])
    test(`takes a body of the type "${type.trim()}" for no call`, async () => {
      const answer = await fetch(running.url, {
        ...{ method: 'POST', redirect: 'manual', headers: { 'content-type': type } },
        body: 'Action=GetCallerIdentity&Version=2011-06-15',
      });
      assert.equal(answer.status, 302);
    });

  test('takes the first of a parameter that repeats', async () => {
    const token = await issuer.token({}, { now: running.clock.now() });
    const form = new URLSearchParams({ Action: 'AssumeRoleWithWebIdentity', RoleArn: OIDC_ROLE });
    for (const [name, value] of [
      ['Version', '2011-06-15'],
      ['RoleSessionName', 'bob'],
      ['RoleSessionName', 'root'],
      ['RoleArn', ADMIN],
      ['WebIdentityToken', token],
    ] as const)
      form.append(name, value);
    const answer = await fetch(running.url, { method: 'POST', body: form });
    assert.match(await answer.text(), /assumed-role\/Oidc\/bob</);
  });

  // ---------------------------------------------------------------- tokens

  const part = (text: string | Buffer): string => Buffer.from(text).toString('base64url');
  const claims = (text: string): ((token: string) => string) =>
    inPlace(1, () => part(text.replaceAll('ISSUER', issuer.url)));
  const inPlace =
    (index: number, change: (old: string) => string) =>
    (token: string): string =>
      token
        .split('.')
        .map((old, at) => (at === index ? change(old) : old))
        .join('.');

  const tokens: readonly (readonly [string, (token: string) => string])[] = [
    ['no dot', () => 'abcdef'],
    ['four parts', token => `${token}.AAAA`],
    ['five parts, as encrypted', token => `${token}.AAAA.AAAA`],
    ['an empty signature', inPlace(2, () => '')],
    ['an empty payload', inPlace(1, () => '')],
    ['an empty header', inPlace(0, () => '')],
    ['base64 instead of base64url', inPlace(2, old => `${old}==`)],
    ['a line break in the payload', inPlace(1, old => `${old.slice(0, 8)}\n${old.slice(8)}`)],
    ['other bits behind the signature', inPlace(2, otherLastBits)],
    ['a header that is null', inPlace(0, () => part('null'))],
    ['a header that is a list', inPlace(0, () => part('[]'))],
    ['a header that is text', inPlace(0, () => part('"RS256"'))],
    ['a header that is not UTF-8', inPlace(0, () => part(Buffer.of(0x7b, 0xff, 0x7d)))],
    ['a header in UTF-16', inPlace(0, () => part(Buffer.from('{"alg":"RS256"}', 'utf16le')))],
    ['a header with alg twice', inPlace(0, () => part('{"alg":"none","alg":"RS256","kid":"a"}'))],
    ['no algorithm', inPlace(0, () => part('{"kid":"key-1"}'))],
    ['the algorithm none', inPlace(0, () => part('{"alg":"none","kid":"key-1"}'))],
    ['HMAC with the public key', inPlace(0, () => part('{"alg":"HS256","kid":"key-1"}'))],
    ['a critical header', inPlace(0, () => part('{"alg":"RS256","kid":"key-1","crit":["b64"]}'))],
    ['a kid that is a path', inPlace(0, () => part('{"alg":"RS256","kid":"../../etc/passwd"}'))],
    ['a kid that is a number', inPlace(0, () => part('{"alg":"RS256","kid":1}'))],
    ['the kid __proto__', inPlace(0, () => part('{"alg":"RS256","kid":"__proto__"}'))],
    ['an algorithm of another key', inPlace(0, () => part('{"alg":"ES256","kid":"key-1"}'))],
    ['a payload that is null', claims('null')],
    ['a payload that is a number', claims('1')],
    ['a payload that is not JSON', claims('{iss:1}')],
    ['an issuer twice', claims('{"iss":"https://other.example.com","iss":"ISSUER"}')],
    ['an unpaired surrogate', claims('{"iss":"ISSUER","sub":"\\ud800-person"}')],
    ['an issuer that is a list', claims('{"iss":["ISSUER"]}')],
    ['an issuer that is __proto__', claims('{"__proto__":{"iss":"ISSUER"}}')],
    ['7,000 levels', claims(`{"iss":"ISSUER","a":${'['.repeat(7000)}${']'.repeat(7000)}}`)],
    ['a payload of another token', inPlace(1, old => old.replace(/^e/, 'f'))],
  ];
  for (const [what, change] of tokens)
    test(`rejects a token with ${what}`, async () => {
      const good = await issuer.token({}, { now: running.clock.now() });
      const answer = await errorOf(await web(change(good)));
      assert.equal(answer.status, 400, running.reason());
      assert.match(answer.code ?? '', /^(?:InvalidIdentityToken|ValidationError)$/);
    });

  const signed: readonly (readonly [string, Record<string, unknown>])[] = [
    ['a control character in the subject', { sub: 'person\u0000root' }],
    ['a subject that is a number', { sub: 123_456 }],
    ['an audience that is an object', { aud: { a: 'sts.amazonaws.com' } }],
    ['an expiry that is text', { exp: 'tomorrow' }],
    ['an expiry beyond every date', { exp: 1e300 }],
    ['a time of issue that is null', { iat: null }],
    ['tags that are a list', { 'https://aws.amazon.com/tags': [] }],
    ['a tag without value', { 'https://aws.amazon.com/tags': { principal_tags: { a: [] } } }],
    ['a tag of AWS', { 'https://aws.amazon.com/tags': { principal_tags: { 'aws:a': ['b'] } } }],
    [
      'fifty-one tags',
      {
        'https://aws.amazon.com/tags': {
          principal_tags: Object.fromEntries(
            Array.from({ length: 51 }, (_, n) => [`t${n}`, ['a']]),
          ),
        },
      },
    ],
    ['a source identity with a space', { 'https://aws.amazon.com/source_identity': 'a b' }],
  ];
  for (const [what, change] of signed)
    test(`rejects a signed token with ${what}`, async () => {
      const token = await issuer.token(change, { now: running.clock.now() });
      const answer = await errorOf(await web(token));
      assert.equal(answer.status, 400, running.reason());
      assert.equal(answer.code, 'InvalidIdentityToken');
    });

  // ---------------------------------------------------------------- session policies

  for (const [what, Policy] of [
    ['is not JSON', '{'],
    [
      'has Effect twice',
      '{"Statement":[{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}]}',
    ],
    ['has Statement twice', '{"Statement":[],"Statement":[]}'],
    ['is nested without end', `${'['.repeat(1000)}${']'.repeat(1000)}`],
    ['is null', 'null'],
    [
      'has an unpaired surrogate',
      '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"\\ud800"}]}',
    ],
  ] as const)
    test(`rejects a session policy that ${what}`, async () => {
      const token = await issuer.token({}, { now: running.clock.now() });
      const answer = await errorOf(await web(token, { Policy }));
      assert.deepEqual([answer.status, answer.code], [400, 'MalformedPolicyDocument']);
    });

  // ---------------------------------------------------------------- metadata of IAM

  const good = (): string => metadataXml([idpKey().certificate]).padEnd(1100);
  const documents: readonly (readonly [string, (xml: string) => string])[] = [
    ['XML 1.1', xml => `<?xml version="1.1"?>${xml}`],
    ['another encoding', xml => `<?xml version="1.0" encoding="UTF-16"?>${xml}`],
    ['a DOCTYPE with entities', xml => `<!DOCTYPE a [<!ENTITY b "c">]>${xml}`],
    ['a cut', xml => xml.slice(0, 1050)],
    ['40,000 levels', () => '<a>'.repeat(40_000)],
    [
      '10,000 attributes',
      () => `<a ${Array.from({ length: 10_000 }, (_, n) => `a${n}=""`).join(' ')}/>`,
    ],
    ['a certificate that is text', xml => certificateOf(xml, 'this is none')],
    ['an empty certificate', xml => certificateOf(xml, '')],
    ['a certificate cut in half', xml => certificateOf(xml, idpKey().certificate.slice(0, 400))],
    ['two certificates in one', xml => certificateOf(xml, idpKey().certificate.repeat(2))],
    ['a certificate with a stray character', xml => certificateOf(xml, `!${idpKey().certificate}`)],
    ['a certificate in PEM', xml => certificateOf(xml, pem(idpKey().certificate))],
    ['an element in the certificate', xml => certificateOf(xml, '<ds:X/>')],
    ['an end that is no date', xml => validUntil(xml, '2099-02-30T00:00:00Z')],
    ['an end that is a year', xml => validUntil(xml, '2099')],
    ['an end in words', xml => validUntil(xml, '1 January 2099')],
  ];
  for (const [what, change] of documents)
    test(`rejects metadata with ${what}`, async () => {
      const SAMLMetadataDocument = change(good());
      const iam = running.iam(OWNER);
      await assert.rejects(
        iam.send(new CreateSAMLProviderCommand({ Name: 'broken', SAMLMetadataDocument })),
        { name: 'InvalidInputException' },
      );
    });

  test('answered nothing of this as a fault of its own', () => {
    const faults = running.events.filter(
      event => event.outcome === 'refused' && event.code === 'InternalFailure',
    );
    assert.deepEqual(faults, []);
    assert.ok(running.events.length > 50);
  });
});

/** The last character has bits that no byte uses; another one decodes to the same bytes. */
function otherLastBits(text: string): string {
  const bytes = Buffer.from(text, 'base64url');
  const other = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
    .map(letter => text.slice(0, -1) + letter)
    .find(changed => changed !== text && Buffer.from(changed, 'base64url').equals(bytes));
  return other!;
}

function certificateOf(xml: string, certificate: string): string {
  return xml.replace(
    /(<ds:X509Certificate>).*(<\/ds:X509Certificate>)/s,
    `$1${certificate}$2<!--${' '.repeat(1100)}-->`,
  );
}

function pem(certificate: string): string {
  return `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----`;
}

function validUntil(xml: string, end: string): string {
  return xml.replace(' entityID=', ` validUntil="${end}" entityID=`);
}
