/** The thread that judges Responses: what it refuses, what ends it, and in which order it works. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, it, test } from 'node:test';
import { receiveMessageOnPort } from 'node:worker_threads';
import {
  createResponseValidator,
  type ResponseValidator,
} from '../../src/connectors/saml/response-validator.ts';
import { UnknownSigner } from '../../src/connectors/saml/signers.ts';
import type { ValidationRequest } from '../../src/connectors/saml/validation.ts';
import { BridgeError, type ErrorCode } from '../../src/core/errors.ts';
import { encode } from '../support/saml-forge.ts';
import { ACS_URL, clock, ENTITY_ID, forge, IDP, stranger } from './saml-fixture.ts';

const script = new URL('./unruly-worker.ts', import.meta.url);

function request(samlResponse: string, requestId: string | undefined = '_r'): ValidationRequest {
  const expected = {
    idpEntityId: IDP,
    entityId: ENTITY_ID,
    acsUrl: ACS_URL,
    requestId,
    now: clock.now(),
    clockSkewSeconds: 60,
  };
  const signingCertificates = [forge.key.certificatePem];
  return { samlResponse, expected, signingCertificates, decryption: { state: 'no-key' } };
}

const refused = (code: ErrorCode, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof BridgeError, String(thrown));
  assert.equal(thrown.code, code);
  assert.match(thrown.message, message);
  return true;
};

describe('a thread that judges responses', () => {
  const validator = createResponseValidator({ script, mostMilliseconds: 1000 });
  after(() => validator.close());
  const good = async (): Promise<void> => {
    const { person, encoded } = await validator.validate(request(forge.respond('_r')));
    assert.equal(person.nameId.text, 'p-0001');
    assert.deepEqual(person.attributes.get('uid'), ['alice']);
    assert.ok(!encoded.includes('\n'));
  };

  it('gives the person of a genuine response', good);

  it('refuses with the code, message and hint of the check that failed', async () => {
    const late = request(forge.respond('_r'));
    const response = validator.validate({
      ...late,
      expected: { ...late.expected, now: clock.now() + 3_600_000 },
    });

    await assert.rejects(response, (thrown: unknown) => {
      refused('saml_response_refused', /was issued more than 5 minutes ago/)(thrown);
      assert.match((thrown as BridgeError).hint, /continue without a pause/);
      return true;
    });
  });

  it('says of a signature by an unknown key that it is one', async () => {
    const response = validator.validate(request(forge.respond('_r', {}, { key: stranger })));
    await assert.rejects(response, (thrown: unknown) => thrown instanceof UnknownSigner);
  });

  it('keeps the cause for the log, as an Error', async () => {
    const { message } = await validator.validate(request('AAAA')).then(
      () => assert.fail(),
      (thrown: unknown) => (thrown as BridgeError).cause as Error,
    );
    assert.match(message, /not well-formed/);
  });

  it('accepts a response that was checked in time while the main thread paused', async () => {
    await good();
    const posted = new BroadcastChannel('unruly-worker');
    try {
      const accepted = good();
      const limit = Date.now() + 1000;
      while (receiveMessageOnPort(posted as never) === undefined);
      while (Date.now() <= limit);
      await accepted;
    } finally {
      posted.close();
    }
  });

  for (const [what, samlResponse, why] of [
    ['that takes longer than its time', 'hang', /took longer than 1000 ms/],
    ['that ends the thread', 'end', /the thread that checked the response ended/],
    ['that makes the thread throw', 'throw', /the thread that checked the response ended/],
    [
      'that takes all memory of the thread',
      'memory',
      /the thread that checked the response ended|took longer/,
    ],
  ] as const) {
    it(`refuses a response ${what}, and judges the next ones that wait`, async () => {
      const hostile = assert.rejects(
        validator.validate(request(samlResponse)),
        refused('saml_response_refused', why),
      );
      await Promise.all([hostile, good(), good()]);
      await good();
    });
  }
});

describe('the queue of responses', () => {
  /** In which order they are settled, while the first keeps the thread busy. */
  const order = async (
    validator: ResponseValidator,
    ...waiting: ValidationRequest[]
  ): Promise<string[]> => {
    const settled: string[] = [];
    const first = validator.validate(request('hang')).catch(() => {});
    const rest = waiting.map(one =>
      validator.validate(one).catch((thrown: BridgeError) => {
        settled.push(`${thrown.code === 'sign_in_busy' ? 'full: ' : ''}${one.samlResponse}`);
      }),
    );
    await Promise.all([first, ...rest]);
    await validator.close();
    return settled;
  };
  const waiting = (mostWaiting: number) =>
    createResponseValidator({ script, mostMilliseconds: 500, mostWaiting });

  it('takes answers to our requests first, and the smaller before the larger', async () => {
    const unsolicited = {
      ...request('AAAA'),
      expected: { ...request('').expected, requestId: undefined },
    };
    assert.deepEqual(
      await order(waiting(50), unsolicited, request('C'.repeat(12)), request('B'.repeat(8))),
      ['B'.repeat(8), 'C'.repeat(12), 'AAAA'],
    );
  });

  it('takes many groups before fewer bytes of more elements or attributes, which cost more', async () => {
    const groups = Array.from(
      { length: 300 },
      (_, index) =>
        `<saml:AttributeValue xsi:type="xs:string">group-${index}</saml:AttributeValue>`,
    );
    const [honest, elements, names] = [
      groups.join(''),
      '<a/>'.repeat(1000),
      `<a ${'b=""'.repeat(2000)}/>`,
    ].map(encode);
    assert.ok(elements!.length < honest!.length && names!.length < honest!.length);

    const taken = await order(waiting(50), request(names!), request(elements!), request(honest!));
    assert.deepEqual(
      taken.map(text => [honest, elements, names].indexOf(text)),
      [0, 1, 2],
    );
  });

  it('keeps the order in which responses of one size came', async () => {
    assert.deepEqual(await order(waiting(50), request('AAAA'), request('BBBB'), request('CCCC')), [
      'AAAA',
      'BBBB',
      'CCCC',
    ]);
  });

  it('rejects the last in its order when it is full, not the last that came', async () => {
    // The one that the thread works on does not wait, unless the thread has not started yet.
    const validator = waiting(2);
    await validator.validate(request('AAAA')).catch(() => {});

    const settled = await order(
      validator,
      request('C'.repeat(12)),
      request('B'.repeat(8)),
      request('AAAA'),
    );

    assert.deepEqual(settled, [`full: ${'C'.repeat(12)}`, 'AAAA', 'B'.repeat(8)]);
  });

  it('refuses what waits when the bridge closes, and everything after that', async () => {
    const validator = waiting(50);
    const both = Promise.allSettled([
      validator.validate(request('hang')),
      validator.validate(request('AAAA')),
    ]);

    await validator.close();

    for (const outcome of await both) {
      assert.equal(outcome.status, 'rejected');
      refused('unavailable', /has stopped/)(outcome.reason);
    }
    await assert.rejects(
      validator.validate(request('AAAA')),
      refused('unavailable', /has stopped/),
    );
  });

  it('refuses what waits when the thread cannot start', async () => {
    const validator = createResponseValidator({
      script: new URL('./there-is-none.ts', import.meta.url),
    });
    await assert.rejects(
      validator.validate(request('AAAA')),
      refused('unavailable', /does not start/),
    );
    await validator.close();
  });
});

test('a thread without work does not keep a process alive', async () => {
  const module = new URL('../../src/connectors/saml/response-validator.ts', import.meta.url).href;
  const lines = [
    `const { createResponseValidator } = await import(${JSON.stringify(module)});`,
    `const validator = createResponseValidator();`,
    `validator.prepare();`,
    `await validator.validate(${JSON.stringify(request('AAAA'))}).catch(thrown => console.log(thrown.code));`,
  ];
  const child = spawn(process.execPath, ['--input-type=module', '-e', lines.join('\n')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', chunk => (said += String(chunk)));

  const [code] = await once(child, 'close');

  assert.deepEqual([code, said.trim()], [0, 'saml_response_refused']);
});
