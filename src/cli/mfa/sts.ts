/**
 * Calls of STS that are signed with long-term keys: the SDK without defaults from the environment,
 * over the transport of the client. The SDK is loaded for the first call.
 *
 * A call with an MFA code is sent once: the code may be used up although no answer came.
 */
import type { STSClient, STSClientConfig } from '@aws-sdk/client-sts';
import { fixedSdkSettings, headersToSend, type SdkRequest, serverOf } from '../../core/aws-sdk.ts';
import { type ExchangeAnswer, openExchange } from '../server/exchange.ts';
import { CliError } from '../terminal/exit.ts';
import type { LongTermKeys } from './profile.ts';
import type { StsSettings } from './sts-settings.ts';

export interface StsCaller {
  readonly sts: StsSettings;
  readonly keys: LongTermKeys;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the settings of rolebridge, where the AWS settings name none. */
  readonly caFile: string | undefined;
}

/** STS answered with an error. */
export class StsRefusal extends Error {
  override readonly name = 'StsRefusal';
  /** Without a final `Exception`; undefined where the answer is not one of STS. */
  readonly code: string | undefined;
  /** The text of STS. It can repeat what was sent. */
  readonly said: string;
  readonly status: number | undefined;
  /** Milliseconds to add to the local clock for that of STS; undefined where it did not say. */
  readonly clockOffset: number | undefined;

  constructor(facts: Pick<StsRefusal, 'code' | 'said' | 'status' | 'clockOffset'>) {
    super('STS refused the call');
    this.code = facts.code;
    this.status = facts.status;
    this.clockOffset = facts.clockOffset;
    this.said = facts.said;
  }
}

export interface StsAnswer<T> {
  readonly value: T;
  /** Milliseconds to add to the local clock for that of STS. */
  readonly clockOffset: number;
}

type Sdk = typeof import('@aws-sdk/client-sts');

/** Throws StsRefusal, and what `openExchange` throws. */
export async function callSts<T>(
  caller: StsCaller,
  call: (client: STSClient, sdk: Sdk) => Promise<T>,
): Promise<StsAnswer<T>> {
  const sdk = await import('@aws-sdk/client-sts');
  const wire: Wire = { clockOffset: undefined, fault: undefined };
  const client = quietly(() => new sdk.STSClient(clientConfig(caller, transport(caller, wire))));
  try {
    const value = await call(client, sdk);
    return { value, clockOffset: wire.clockOffset ?? 0 };
  } catch (thrown) {
    throw wire.fault ?? refusalIn(thrown, wire.clockOffset);
  } finally {
    client.destroy();
  }
}

/** What the exchange told. */
interface Wire {
  clockOffset: number | undefined;
  /** Why there is no answer of STS. */
  fault: CliError | StsRefusal | undefined;
}

/** Every answer of STS, errors included. A sign-in page of a network is another one. */
const ANSWER_OF_STS = /^\s*(?:<\?xml[^>]*>\s*)?<\w+Response[\s>]/;

/** The SDK speaks of the version of Node.js, which is not the user's to choose. */
function quietly<T>(make: () => T): T {
  const name = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';
  const before = process.env[name];
  process.env[name] = 'true';
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}

/** Sets everything that the SDK would otherwise read from the environment or `~/.aws`. */
function clientConfig(
  { sts, keys }: StsCaller,
  requestHandler: NonNullable<STSClientConfig['requestHandler']>,
): STSClientConfig {
  const { region, endpoint, usesGlobalEndpoint, usesFips, usesDualStack } = sts;
  const { accessKeyId, secretAccessKey } = keys;
  return {
    ...fixedSdkSettings(region),
    ...(endpoint !== undefined && { endpoint }),
    ignoreConfiguredEndpointUrls: true,
    useGlobalEndpoint: usesGlobalEndpoint,
    useFipsEndpoint: usesFips,
    useDualstackEndpoint: usesDualStack,
    credentials: { accessKeyId, secretAccessKey },
    requestHandler,
  };
}

function transport(
  { sts, env, caFile }: StsCaller,
  wire: Wire,
): NonNullable<STSClientConfig['requestHandler']> {
  return {
    handle: async (request: SdkRequest) => {
      const { method, path, body } = request;
      const server = serverOf(request);
      const send = openExchange({ server, env, caFile: sts.caFile ?? caFile });
      try {
        const answer = await send({ method, path, headers: headersToSend(request), body });
        wire.clockOffset = answer.clockOffset;
        if (!ANSWER_OF_STS.test(answer.text)) throw foreign(answer);
        return {
          response: {
            statusCode: answer.status,
            headers: Object.fromEntries(answer.headers),
            body: new TextEncoder().encode(answer.text),
          },
        };
      } catch (thrown) {
        if (thrown instanceof CliError || thrown instanceof StsRefusal) wire.fault = thrown;
        throw thrown;
      }
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

function foreign({ status, clockOffset }: ExchangeAnswer): StsRefusal {
  return new StsRefusal({ code: undefined, said: '', status, clockOffset });
}

/** Only errors of STS have a `$fault`; others come from an answer that the SDK cannot read. */
function refusalIn(thrown: unknown, clockOffset: number | undefined): unknown {
  const { name, message, $fault, $metadata } = thrown as {
    readonly name?: unknown;
    readonly message?: unknown;
    readonly $fault?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  if (status === undefined) return thrown;
  const isOfSts = $fault !== undefined && typeof name === 'string';
  return new StsRefusal({
    code: isOfSts ? name.replace(/Exception$/, '') : undefined,
    said: isOfSts ? String(message) : '',
    ...{ status, clockOffset },
  });
}
