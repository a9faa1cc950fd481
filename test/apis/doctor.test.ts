/** What `doctor` asks a running bridge: answered with its proof alone. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import {
  Arrival,
  DOCTOR_PROOF_HEADER,
  MOST_LOCATION_BYTES,
  markedHeaders,
} from '../../src/core/arrival.ts';
import type { DoctorProofs } from '../../src/core/ports.ts';
import { createDoctorProofs } from '../../src/issuer/doctor-proofs.ts';
import { openSealingSecret } from '../../src/issuer/sealing-secret.ts';
import { exchange, type RawAnswer, type RawRequest } from '../support/raw-http.ts';
import { useWorld } from '../support/world.ts';

describe('GET /doctor', () => {
  const world = useWorld({
    configure: yaml => `${yaml}\nproxy: { trusted: [127.0.0.1/32] }\n`,
  });
  let proofs: DoctorProofs;
  before(async () => {
    const directory = join(world.directory, 'keys');
    proofs = createDoctorProofs(await openSealingSecret({ directory, create: false }));
  });

  const made = (method = 'GET', origin = world.urls.bridge) =>
    proofs.make({ method, origin }, world.clock.now());
  const ask = (proof: string | undefined, request: Partial<RawRequest> = {}): Promise<RawAnswer> =>
    exchange(world.urls.bridge, {
      target: '/doctor',
      ...request,
      headers: [
        ...(proof === undefined ? [] : [[DOCTOR_PROOF_HEADER, proof] as const]),
        ...(request.headers ?? []),
      ],
    });

  it('says what arrived of a request with a valid proof', async () => {
    const { proof, nonce } = made();
    const answer = await ask(proof, {
      headers: [
        ...Object.entries(markedHeaders(nonce)),
        ['X-Forwarded-For', '203.0.113.7'],
        ['X-Forwarded-Proto', 'https'],
      ],
    });

    assert.equal(answer.status, 200);
    assert.deepEqual(Arrival.parse(JSON.parse(answer.body)), {
      nonce,
      http_version: '1.1',
      target_bytes: 7,
      body_bytes: 0,
      peer: '127.0.0.1',
      peer_trusted: true,
      address: '203.0.113.7',
      protocol: 'https',
      forwarded: [
        { name: 'x-forwarded-for', value: '203.0.113.7' },
        { name: 'x-forwarded-proto', value: 'https' },
      ],
      marked: {
        authorization: 'unchanged',
        cookie: 'unchanged',
        dpop: 'unchanged',
        'x-amz-sso_bearer_token': 'unchanged',
      },
    });
  });

  it('tells headers that a proxy dropped or changed, and repeats none of their values', async () => {
    const { proof, nonce } = made();
    const answer = await ask(proof, {
      headers: [
        ['Authorization', 'Basic c2VjcmV0LW9mLXRoZS1wcm94eQ=='],
        ['Cookie', `other=1; ${markedHeaders(nonce).cookie}`],
      ],
    });

    assert.deepEqual(Arrival.parse(JSON.parse(answer.body)).marked, {
      authorization: 'changed',
      cookie: 'unchanged',
      dpop: 'missing',
      'x-amz-sso_bearer_token': 'missing',
    });
    assert.ok(!answer.body.includes('c2VjcmV0'));
    assert.ok(!answer.body.includes('other=1'));
  });

  for (const bytes of [4096, 16_384, MOST_LOCATION_BYTES]) {
    it(`redirects with a Location of ${bytes} bytes`, async () => {
      const answer = await ask(made().proof, { target: `/doctor?location=${bytes}` });

      assert.equal(answer.status, 303);
      const location = answer.header('location')!;
      assert.equal(Buffer.byteLength(location), bytes);
      assert.ok(location.startsWith(`${world.urls.bridge}/doctor?`), 'leads to the bridge itself');
    });
  }

  it('makes no Location above the limit', async () => {
    const target = `/doctor?location=${MOST_LOCATION_BYTES + 1}`;

    assert.equal((await ask(made().proof, { target })).status, 200);
  });

  it('counts the bytes of a body', async () => {
    const answer = await ask(made('POST').proof, { method: 'POST', body: 'x'.repeat(160_000) });

    assert.equal(Arrival.parse(JSON.parse(answer.body)).body_bytes, 160_000);
  });

  const refused: Readonly<Record<string, () => string | undefined>> = {
    'no proof': () => undefined,
    'an empty proof': () => '',
    'a proof of over a minute ago': () => {
      const { proof } = made();
      world.clock.turn(61);
      return proof;
    },
    'a proof of the future': () =>
      proofs.make({ method: 'GET', origin: world.urls.bridge }, world.clock.now() + 61_000).proof,
    'a proof for another host': () => made('GET', 'https://other.example.com').proof,
    'a proof for another method': () => made('POST').proof,
    'a proof by another secret': () =>
      createDoctorProofs(new Uint8Array(randomBytes(32))).make(
        { method: 'GET', origin: world.urls.bridge },
        world.clock.now(),
      ).proof,
    'a proof with another time': () => made().proof.replace(/^\d/, digit => String(9 - +digit)),
    'a proof with another nonce': () =>
      made().proof.replace(/\.([\w-])/, (_, first) => (first === 'A' ? '.B' : '.A')),
  };
  for (const [title, proofOf] of Object.entries(refused)) {
    it(`answers ${title} as an unknown path`, async () => {
      const proof = proofOf();
      const unknown = await ask(proof, { target: '/no-such-page' });
      const answer = await ask(proof);

      assert.equal(answer.status, 404);
      assert.deepEqual(shapeOf(answer), shapeOf(unknown));
    });
  }

  for (const method of ['HEAD', 'POST', 'DELETE', 'OPTIONS']) {
    it(`answers ${method} without a proof as an unknown path`, async () => {
      const unknown = await ask(undefined, { method, target: '/no-such-page' });

      assert.deepEqual(shapeOf(await ask(undefined, { method })), shapeOf(unknown));
    });
  }

  it('reads nothing of a request without a proof', async () => {
    const target = '/doctor?location=4096&location=%';

    assert.equal((await ask(undefined, { target })).status, 404);
  });

  it('answers the same proof again within its minute, with no effect', async () => {
    const { proof } = made();
    const events = (await world.audit()).length;

    assert.equal((await ask(proof)).status, 200);
    assert.equal((await ask(proof)).status, 200);
    assert.equal((await world.audit()).length, events);
  });

  it('leaves no proof in the log', async () => {
    const { proof } = made();
    await ask(proof);
    await ask(proof.slice(0, -1));

    assert.ok(!world.log.join('').includes(proof.split('.')[2]!.slice(0, 20)));
  });

  it('answers a valid proof beyond the limit of its address', async () => {
    for (let sent = 0; sent < 600; sent++) await ask(undefined);

    assert.equal((await ask(undefined)).status, 429);
    assert.equal((await ask(made().proof)).status, 200);
  });
});

/** What a stranger can compare: all but the reference, and what counts and times requests. */
function shapeOf({ status, headers, body }: RawAnswer): object {
  const reference = headers.get('x-correlation-id')?.[0] ?? '';
  const changing = ['x-correlation-id', 'date', 'ratelimit', 'ratelimit-policy', 'content-length'];
  return {
    status,
    headers: [...headers].filter(([name]) => !changing.includes(name)),
    body: body.replaceAll(reference, 'REFERENCE').replaceAll(/no-such-page|doctor/g, 'PATH'),
  };
}
