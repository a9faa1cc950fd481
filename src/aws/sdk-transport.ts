/** The requests of the SDK over `outbound`: its limits, its proxies, no redirects. */
import type { STSClientConfig } from '@aws-sdk/client-sts';
import { headersToSend, type SdkRequest, serverOf } from '../core/aws-sdk.ts';
import type { OutboundClient } from '../outbound.ts';

/** No readable answer within the limits; the cause names the reason. */
export class TransportFailure extends Error {}

/** What the SDK reads of the body of an answer. */
export type AnswerBody = (status: number, body: Uint8Array) => Uint8Array;

export function transportOver(
  outbound: Pick<OutboundClient, 'request'>,
  readable: AnswerBody = (_status, body) => body,
): NonNullable<STSClientConfig['requestHandler']> {
  return {
    handle: async (request: SdkRequest, options: { readonly abortSignal?: AbortSignal } = {}) => {
      const { method, path, body } = request;
      try {
        const answer = await outbound.request(serverOf(request) + path, {
          ...{ method, headers: headersToSend(request), body },
          signal: options.abortSignal,
        });
        const { status, headers } = answer;
        return {
          response: { statusCode: status, headers, body: readable(status, answer.body) },
        };
      } catch (cause) {
        throw new TransportFailure('no answer', { cause });
      }
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}
