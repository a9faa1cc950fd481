/**
 * `node test/fuzz/make-corpus.ts` writes the signed inputs of the corpus again, with new keys, of
 * which only the public halves are kept.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  attributes,
  audience,
  conditions,
  createForge,
  ecKey,
  nameId,
  type ResponseParts,
  rsaKey,
  signingKey,
  status,
} from '../support/saml-forge.ts';
import { signedJwt } from './es256.ts';
import { corpusOf } from './places.ts';
import { type CorpusKeys, KEYS_FILE, NOW, OIDC, SAML } from './signed-world.ts';

const forge = createForge({
  ...{ idpEntityId: SAML.idpEntityId, signOnUrl: 'https://idp.example.test/sso' },
  ...{ acsUrl: SAML.acsUrl, entityId: SAML.entityId, now: () => NOW },
});

function write(target: string, inputs: Readonly<Record<string, string>>): void {
  mkdirSync(corpusOf(target), { recursive: true });
  for (const [name, input] of Object.entries(inputs))
    writeFileSync(join(corpusOf(target), name), input);
}

const response = (id: string, changes: Partial<ResponseParts> = {}, options = {}): string =>
  forge.xml(SAML.requestId, { assertionId: id, responseId: `${id}-response`, ...changes }, options);

const bob: Partial<ResponseParts> = {
  nameId: nameId('b-0002', 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'),
  attributes: attributes({ uid: 'bob', mail: 'bob@example.test', memberOf: ['auditors'] }),
};
const accepted = response('_alice');
write('saml-response', {
  'accepted-assertion-signed': accepted,
  'accepted-both-signed': response('_both', bob, { response: true }),
  'accepted-bob': response('_bob', bob),
  'accepted-pretty': response('_pretty', { responseTail: '\n' }),
  'rejected-other-key': response('_other', {}, { key: rsaKey() }),
  'rejected-only-response-signed': response('_only', {}, { assertion: false, response: true }),
  'rejected-unsigned': response('_none', {}, { assertion: false }),
  'rejected-cancelled': response('_cancelled', {
    status: status('Responder', 'AuthnFailed', 'The user cancelled.'),
  }),
  'rejected-advice': response('_advice', { assertionTail: '<saml:Advice/>' }),
  'rejected-encrypted':
    '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"><EncryptedAssertion/></samlp:Response>',
  'rejected-doctype': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  'field-not-xml': Buffer.from('not xml').toString('base64'),
  'field-accepted': Buffer.from(accepted).toString('base64'),
});

const unsigned = (changes: Partial<ResponseParts> = {}): string =>
  response('_assertion', changes, { assertion: false });
write('saml-assertion', {
  'accepted-alice': unsigned(),
  'accepted-bob': unsigned(bob),
  'accepted-encrypted': `E${unsigned(bob)}`,
  'accepted-two-audiences': unsigned({
    conditions: conditions(
      {},
      `${audience('https://other.example.test', SAML.entityId)}<saml:OneTimeUse/>`,
    ),
  }),
  'accepted-layout': unsigned({
    nameId: nameId('\n    p-0001\n    ', 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'),
  }),
  'accepted-escaped': unsigned({
    attributes: attributes({ uid: 'a&amp;b&#233;', memberOf: ['', ' x ', 'y\n'] }),
  }),
  'rejected-empty-name': unsigned({
    nameId: nameId('', 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'),
  }),
});

write('metadata', {
  'accepted-one-key': forge.metadata(),
  'accepted-two-keys': forge.metadata({ keys: [signingKey(rsaKey()), signingKey(forge.key, '')] }),
  'accepted-ec-beside': forge.metadata({ keys: [signingKey(ecKey()), signingKey(forge.key)] }),
  'accepted-valid-until': forge.metadata({
    root: ' validUntil="2027-01-01T00:00:00Z" cacheDuration="PT1H"',
    role: ' WantAuthnRequestsSigned="true"',
  }),
  'accepted-in-entities': forge
    .metadata()
    .replace(
      '<md:EntityDescriptor',
      '<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:EntityDescriptor',
    )
    .replace('</md:EntityDescriptor>', '</md:EntityDescriptor></md:EntitiesDescriptor>'),
  'rejected-short-key': forge.metadata({ keys: [signingKey(rsaKey(1024))] }),
  'rejected-no-key': forge.metadata({ keys: [] }),
});

// ---------------------------------------------------------------- tokens

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const SECONDS = NOW / 1000;
const LOGOUT = { 'http://schemas.openid.net/event/backchannel-logout': {} };

const token = (claims: object, header: object = {}): string =>
  signedJwt(privateKey, { kid: 'corpus', ...header }, claims);

const common = {
  iss: OIDC.issuer,
  aud: OIDC.clientId,
  sub: 'p-0001',
  iat: SECONDS,
  exp: SECONDS + 300,
};
const idToken = {
  ...common,
  ...{
    nonce: OIDC.nonce,
    preferred_username: 'alice',
    email: 'alice@example.test',
    groups: ['developers', 'aws-admins'],
  },
};
write('id-token', {
  'token-accepted': token(idToken),
  'token-accepted-two-audiences': token({
    ...idToken,
    aud: [OIDC.clientId, 'other'],
    azp: OIDC.clientId,
  }),
  'token-rejected-nonce': token({ ...idToken, nonce: 'other' }),
  'token-rejected-expired': token({ ...idToken, exp: SECONDS - 3600 }),
  'token-rejected-logout-token': token({ ...common, events: LOGOUT, jti: 'j-1' }),
  'claims-accepted': JSON.stringify({
    sub: 'p-0002',
    amr: ['mfa'],
    acr: '1',
    auth_time: SECONDS - 10,
  }),
  'claims-accepted-groups': JSON.stringify({
    groups: 'one',
    email_verified: true,
    name: 'Alice',
    azp: 'bridge',
  }),
  'claims-rejected-overage': JSON.stringify({
    groups: null,
    _claim_names: { groups: 'src1' },
    _claim_sources: {},
  }),
  'claims-rejected-at-hash': JSON.stringify({ at_hash: 'AAAA' }),
  'claims-rejected-types': JSON.stringify({ sub: 1, aud: {}, exp: 'x', groups: { a: [1, null] } }),
});
const logoutToken = { ...common, events: LOGOUT, jti: 'j-1' };
write('logout-token', {
  'token-accepted': token(logoutToken, { typ: 'logout+jwt' }),
  'token-accepted-untyped': token({ ...logoutToken, sid: 's-1' }),
  'token-rejected-id-token': token(idToken),
  'token-rejected-type': token(logoutToken, { typ: 'at+jwt' }),
  'claims-accepted': JSON.stringify({ sid: 's-1', exp: SECONDS + 100 }),
  'claims-rejected-nonce': JSON.stringify({ nonce: 'n' }),
  'claims-rejected-events': JSON.stringify({ events: [] }),
  'claims-rejected-audiences': JSON.stringify({ aud: ['bridge', 'other'] }),
});

const keys: CorpusKeys = {
  samlCertificate: forge.key.certificatePem,
  jwks: {
    keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'corpus', alg: 'ES256', use: 'sig' }],
  },
};
writeFileSync(KEYS_FILE, `${JSON.stringify(keys, null, 2)}\n`);
