/**
 * A GetCallerIdentity that a role of AWS signed: only a request that leads to STS and asks nothing
 * else is relayed. The input is the JSON of the request.
 */

import type { IamEntry } from '../../src/connectors/workloads/entry.ts';
import {
  checkRequest,
  entryFor,
  headersFor,
  readSignedRequest,
} from '../../src/connectors/workloads/signed-request.ts';
import { partitionTable } from '../../src/core/partitions.ts';
import { PARTITIONS } from '../../src/core/role.ts';
import { clock } from './signed-world.ts';
import { type FuzzTarget, promise, unlessRejected } from './target.ts';

const STS =
  /^https:\/\/sts(?:-fips)?(?:\.[a-z0-9-]+)?\.(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu))(?:\/|$)/;
const TABLE = partitionTable();
const ENTRY = { id: 'lambda', audience: 'https://bridge.example.test' } as unknown as IamEntry;

export const target: FuzzTarget = {
  name: 'signed-request',
  mostBytes: 4000,
  mostMilliseconds: 200,
  guidedBy: ['/src/connectors/workloads/', '/src/connectors/json-bulk', '/src/core/partitions'],
  covers: ['src/connectors/workloads/signed-request.ts'],
  check: async input => {
    const proof = `rolebridge-iam-v1.${Buffer.from(input).toString('base64url')}`;
    const read = await unlessRejected(['workload_refused'], () => {
      const request = readSignedRequest(proof);
      const entry = entryFor(request, [ENTRY]);
      const endpointOf = (host: string) =>
        PARTITIONS.map(partition => TABLE[partition].stsEndpoint(host)).find(
          found => found !== undefined,
        );
      return { request, checked: checkRequest(request, entry, { now: clock.now(), endpointOf }) };
    });
    if (read === undefined) return;
    const { request, checked } = read;
    promise(STS.test(checked.endpoint.url), 'a request is relayed to STS alone');
    promise(
      request.url === `https://${request.headers.get('host')}/`,
      'its address is that of its host',
    );
    promise(
      request.body === 'Action=GetCallerIdentity&Version=2011-06-15',
      'it asks who the caller is',
    );
    const headers = headersFor(request);
    promise(
      request.signedHeaders.includes('x-rolebridge-audience'),
      'it was signed for an audience',
    );
    promise(
      Object.entries(headers).every(
        ([name, value]) => /^[a-z0-9-]+$/.test(name) && /^[\x20-\x7e]+$/.test(value),
      ),
      'headers are plain text',
    );
    promise(
      Math.abs(checked.signedAt - clock.now()) <= 300_000,
      'it was signed in the last minutes',
    );
  },
};
