/**
 * The rows of the bearer API for programs in containers: tokens for one role, and the credentials
 * that they give.
 */
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import type { ContainerAccess } from '../bridge/container-access.ts';
import type { MySessions } from '../bridge/my-sessions.ts';
import { isWorkload } from '../bridge/workload-callers.ts';
import type { Workloads } from '../bridge/workloads.ts';
import { BridgeError } from '../core/errors.ts';
import { MOST_CONTAINER_TOKENS } from '../core/tokens.ts';
import { text } from '../http/read.ts';
import { API_ROOT, operation, type Route } from '../http/route.ts';
import {
  AccountShape,
  accountShape,
  ContainerTokenShape,
  containerTokenShape,
  iso,
  Moment,
} from './api-shapes.ts';
import { ACCESS_ERRORS, AskedRole, HANDOUT_ERRORS, WORKLOAD_ERRORS } from './asked-role.ts';

export interface ContainerApiParts {
  readonly baseUrl: string;
  readonly access: Access;
  readonly mySessions: MySessions;
  readonly containerAccess: ContainerAccess;
  readonly workloads: Workloads;
}

export const CONTAINER_API: readonly Route<ContainerApiParts>[] = [
  operation({
    method: 'post',
    path: '/container-tokens',
    id: 'createContainerToken',
    summary: 'Create a token for one role, for a container',
    description: `For AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN. The token grants this one role and nothing else, and ends with the login that created it. A login has at most ${MOST_CONTAINER_TOKENS} of them.`,
    who: 'login token',
    reads: { json: AskedRole },
    output: {
      description: 'Address and token',
      schema: z.object({
        id: z.string().describe('Names the token in lists; gives access to nothing'),
        account: AccountShape,
        role: z.string(),
        url: z.string(),
        token: z.string().describe('A secret'),
        expires_at: Moment,
      }),
    },
    errors: [...ACCESS_ERRORS, 'limit_reached'],
    handle: async (input, caller, { baseUrl, access, containerAccess }: ContainerApiParts) => {
      const { account, role } = await access.check(caller, {
        ...input,
        purpose: 'container-token',
      });
      const { token, publicId, expiresAt } = await containerAccess.issue(caller, { account, role });
      const url = `${baseUrl}${API_ROOT}/container-credentials/${encodeURIComponent(account.name)}/${encodeURIComponent(role)}`;
      return {
        id: publicId,
        account: accountShape(account),
        role,
        url,
        token,
        expires_at: iso(expiresAt),
      };
    },
  }),

  operation({
    method: 'get',
    path: '/container-tokens',
    id: 'listContainerTokens',
    summary: 'List your container tokens',
    description:
      'All live tokens of all sessions of the user in terminals, newest first. The tokens themselves are not shown again.',
    who: 'login token',
    output: {
      description: 'The tokens',
      schema: z.object({ container_tokens: z.array(ContainerTokenShape) }),
    },
    errors: [],
    handle: async (_input, caller, { mySessions, containerAccess }: ContainerApiParts) => ({
      container_tokens: (await containerAccess.list(await mySessions.list(caller))).map(
        containerTokenShape,
      ),
    }),
  }),

  operation({
    method: 'delete',
    path: '/container-tokens/{id}',
    id: 'revokeContainerToken',
    summary: 'Revoke a container token',
    description: 'Credentials that AWS has already issued for it stay valid until they expire.',
    who: 'login token',
    reads: {
      path: z.object({
        id: text(64).min(1).describe('The id of one of the user’s container tokens'),
      }),
    },
    errors: ['not_found'],
    handle: async ({ id }, caller, { containerAccess }: ContainerApiParts) => {
      const isRevoked = await containerAccess.revoke(caller, id, 'person');
      if (!isRevoked)
        throw new BridgeError('not_found', 'the user has no container token of that id', {
          hint: TOKEN_GONE,
        });
    },
  }),

  operation({
    method: 'get',
    path: '/container-credentials/{account}/{role}',
    id: 'getContainerCredentials',
    summary: 'Credentials in the shape that every AWS SDK reads',
    description:
      'The container credentials provider of the SDKs. `Authorization` is a container token, or what a workload shows: a token of its platform or a workload token; with or without the scheme `Bearer`. Requests for one role within five minutes share credentials.',
    who: 'container token',
    reads: { path: AskedRole },
    output: {
      description: 'Credentials, as SDKs read them',
      schema: z.object({
        AccessKeyId: z.string(),
        SecretAccessKey: z.string(),
        Token: z.string(),
        Expiration: Moment,
        AccountId: z.string(),
        RoleArn: z.string(),
      }),
    },
    errors: [...HANDOUT_ERRORS, 'role_not_for_token', ...WORKLOAD_ERRORS],
    handle: async (input, caller, { access, workloads }: ContainerApiParts) => {
      const { entitlement, assumed } = isWorkload(caller)
        ? await workloads.credentialsFor(caller, input)
        : await access.credentialsFor(caller, { ...input, mayShare: true });
      const { credentials } = assumed;
      return {
        AccessKeyId: credentials.accessKeyId,
        SecretAccessKey: credentials.secretAccessKey,
        Token: credentials.sessionToken,
        Expiration: iso(credentials.expiresAt),
        AccountId: entitlement.account.id,
        RoleArn: entitlement.arn,
      };
    },
  }),
];

const TOKEN_GONE =
  'Unknown token: it was revoked, has ended, or is not yours. GET /api/v1/container-tokens lists your tokens.';
