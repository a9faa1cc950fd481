/**
 * A credential broker before a recording server, on a machine whose own AWS settings would break
 * every call that looked at them.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { createCredentialBroker } from '../../src/aws/sts.ts';
import type { AssertionSubject, AssumedRole, AssumeRequest } from '../../src/core/assumed-role.ts';
import { BridgeError } from '../../src/core/errors.ts';
import { partitionTable } from '../../src/core/partitions.ts';
import type { Trust } from '../../src/core/role.ts';
import { createOutbound } from '../../src/outbound.ts';
import { anAccount, anAssertionSubject } from '../support/assertion-subject.ts';
import { handTurnedClock } from '../support/clock.ts';
import { type Answer, type Recorded, recordingServer, stsAnswer } from './recording-server.ts';

// Whatever this machine is signed in to must play no part: these would break every test that lets
// the SDK look around.
const home = await mkdtemp(join(tmpdir(), 'rolebridge-home-'));
const hostileConfig =
  '[default]\nregion = nowhere-1\nendpoint_url = http://127.0.0.1:9\nuse_fips_endpoint = true\nretry_mode = bogus\nsource_profile = default\nrole_arn = x\n';
await writeFile(join(home, 'config'), hostileConfig);
Object.assign(process.env, {
  AWS_CONFIG_FILE: join(home, 'config'),
  AWS_SHARED_CREDENTIALS_FILE: join(home, 'config'),
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:9',
  AWS_REGION: 'nowhere-1',
  AWS_USE_FIPS_ENDPOINT: 'true',
  AWS_USE_DUALSTACK_ENDPOINT: 'true',
  AWS_RETRY_MODE: 'bogus',
  AWS_MAX_ATTEMPTS: 'many',
  AWS_ACCESS_KEY_ID: 'AKIAMACHINEMACHINE11',
  AWS_SECRET_ACCESS_KEY: 'machine-secret',
  AWS_SESSION_TOKEN: 'machine-token',
});
after(() => rm(home, { recursive: true }));

export const ASSERTION = 'c2VjcmV0LWFzc2VydGlvbg==';
export const TOKEN = 'secret.web.token';
interface World {
  /** Of the recording server. */
  readonly url: string;
  readonly assume: (request: AssumeRequest) => Promise<AssumedRole>;
  readonly requests: readonly Recorded[];
  /** What the issuer was asked to assert. */
  readonly asserted: readonly AssertionSubject[];
  readonly pauses: readonly number[];
  readonly clock: ReturnType<typeof handTurnedClock>;
}

interface Settings {
  readonly timeoutSeconds?: number;
  /** The time limit of one call; default `timeoutSeconds`. */
  readonly outboundSeconds?: number;
  /** Asserts what it is given, or throws. */
  readonly issue?: (subject: AssertionSubject) => void;
}

/** A broker before a server that answers as told; everything is closed when the test is over. */
export async function withBroker(
  answer: (request: Recorded, index: number) => Answer,
  run: (world: World) => Promise<void>,
  { timeoutSeconds = 5, outboundSeconds = timeoutSeconds, issue }: Settings = {},
): Promise<void> {
  const server = await recordingServer(answer);
  const outbound = createOutbound({ timeoutSeconds: outboundSeconds, maxBytes: 65_536 });
  const clock = handTurnedClock();
  const asserted: AssertionSubject[] = [];
  const pauses: number[] = [];
  const broker = createCredentialBroker({
    issuer: {
      samlResponse: async subject => {
        issue?.(subject);
        asserted.push(subject);
        return ASSERTION;
      },
      webIdentityToken: async subject => {
        issue?.(subject);
        asserted.push(subject);
        return TOKEN;
      },
    },
    partitions: partitionTable({ endpoints: { sts: server.url } }),
    outbound,
    timeoutSeconds,
    clock,
    pause: async milliseconds => {
      pauses.push(milliseconds);
    },
  });
  const { url, requests } = server;
  try {
    await run({ url, assume: broker.assume, requests, asserted, pauses, clock });
  } finally {
    await server.close();
    await outbound.close();
  }
}

export const trusting = (
  trust: Trust,
  changes: Parameters<typeof anAssertionSubject>[0] = {},
): AssumeRequest => anAssertionSubject({ account: anAccount({ trust }), ...changes });

export const answering = (request: Recorded): Answer => stsAnswer(request.form.get('Action')!);

export async function refusalOf(promise: Promise<unknown>): Promise<BridgeError> {
  const thrown = await promise.then(
    () => assert.fail('it was not refused'),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof BridgeError, String(thrown));
  return thrown;
}
