/** The OpenAPI 3.1 document of the bearer API, made from the same rows as its routes. */
import * as z from 'zod';
import { BridgeError, ERRORS, type ErrorCode } from '../core/errors.ts';
import { content } from '../http/answer.ts';
import type { Compress } from '../http/compression.ts';
import type { Reads } from '../http/read.ts';
import { API_ROOT, api, type Description, document, type Route, type Who } from '../http/route.ts';

/** What the route of the document needs. */
interface OpenApiParts {
  /** The document, as JSON. */
  readonly openApi: { readonly json: string; readonly compress: Compress };
}

export const openApi = document({
  path: `${API_ROOT}/openapi.json`,
  handle: (_input, _asking, parts: OpenApiParts) => ({
    ...content('application/json', parts.openApi.json),
    compress: parts.openApi.compress,
    // Short, so that a new version is seen soon.
    headers: { 'Cache-Control': 'public, max-age=300' },
  }),
});

export const unknownOperation = api({
  method: 'all',
  path: `${API_ROOT}/*`,
  who: 'anyone',
  limit: 'api',
  face: 'api',
  handle: () => {
    throw new BridgeError('not_found', 'no such operation', {
      hint: `${API_ROOT}/openapi.json lists the operations.`,
    });
  },
});

/** Answers to a body that is too large or is no JSON. */
const OF_A_BODY = [
  'payload_too_large',
  'unsupported_media_type',
] as const satisfies readonly ErrorCode[];

/** What every operation may answer. */
const EVERYWHERE = [
  'bad_request',
  'token_invalid',
  'too_many_requests',
  'unavailable',
  'internal',
] as const satisfies readonly ErrorCode[];

const PROBLEM_SCHEMA = {
  type: 'object',
  description:
    'Problem details (RFC 9457). `title` and `detail` are for users: what happened, and what to do next.',
  required: ['type', 'title', 'status', 'detail', 'code', 'correlation_id'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(ERRORS) },
    correlation_id: { type: 'string', description: 'Leads to the log and the audit trail' },
    sign_in_again: {
      type: 'boolean',
      description: 'A login with prompt=login would give the missing proof',
    },
    step_up_url: {
      type: 'string',
      description:
        'A page of the bridge where the user gives the missing proof for the session of this token. Then the same request succeeds, without a new login',
    },
    request_url: {
      type: 'string',
      description:
        'A page of the bridge: the form to request the role or an extension, or the request that waits. Once that is approved, the same request succeeds',
    },
    did_you_mean: {
      type: 'object',
      required: ['account', 'role'],
      description: 'A role of the user with a similar name, if no rule gives the one asked for',
      properties: { account: { type: 'string' }, role: { type: 'string' } },
    },
    trace: {
      type: 'object',
      required: ['account', 'role', 'steps'],
      properties: {
        account: { type: 'string' },
        role: { type: 'string' },
        steps: { type: 'array', items: { $ref: '#/components/schemas/DecisionStep' } },
      },
    },
    Code: { type: 'string', description: 'Container credentials only: what SDKs print' },
    Message: { type: 'string', description: 'Container credentials only: what SDKs print' },
  },
} as const;

export function openApiDocument(rows: readonly Route<never>[], baseUrl: string): object {
  const schemas: Record<string, unknown> = { Problem: PROBLEM_SCHEMA };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const row of rows) {
    if (row.operation === undefined) continue;
    paths[row.path] = { ...paths[row.path], [row.method]: describe(row, row.operation, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'rolebridge',
      version: '1',
      description:
        'What a program may do with a login. Tokens come from the OAuth endpoints (/.well-known/oauth-authorization-server).',
    },
    servers: [{ url: baseUrl }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        login: { type: 'http', scheme: 'bearer', description: 'The access token of a login' },
        application: {
          type: 'http',
          scheme: 'DPoP',
          description:
            'The access token of an application, with a proof of its key in the header DPoP (RFC 9449)',
        },
        container: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'A container token, with or without the word Bearer',
        },
        workload: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description:
            'A token of the platform, a signed GetCallerIdentity or a workload token, with or without the word Bearer',
        },
      },
    },
  };
}

const PROBLEM_TYPE = 'application/problem+json';

interface Scheme {
  /** One of them. */
  readonly schemes: readonly string[];
  readonly problemType: string;
  /** What every operation with such a token may answer. */
  readonly errors: readonly ErrorCode[];
}

/** How a token is shown. AWS SDKs read their errors of plain JSON alone. */
const SCHEMES: Partial<Record<Who, Scheme>> = {
  'login token': {
    schemes: ['login'],
    problemType: PROBLEM_TYPE,
    errors: ['operation_not_for_application'],
  },
  'login or application token': {
    schemes: ['login', 'application'],
    problemType: PROBLEM_TYPE,
    errors: ['dpop_proof_invalid', 'token_binding_invalid', 'origin_refused'],
  },
  'container token': {
    schemes: ['container', 'workload'],
    problemType: 'application/json',
    errors: [],
  },
  workload: { schemes: ['workload'], problemType: PROBLEM_TYPE, errors: [] },
};

function describe(
  { who, reads }: Route<never>,
  { id, summary, description, output, errors }: Description,
  schemas: Record<string, unknown>,
): object {
  const { schemes: shown, problemType, errors: ofToken } = SCHEMES[who]!;
  const ofBody = reads?.json === undefined ? [] : OF_A_BODY;
  const codes = [...EVERYWHERE, ...ofBody, ...ofToken, ...errors];
  const byStatus = Map.groupBy(codes, code => String(ERRORS[code].status));
  return {
    operationId: id,
    summary,
    description,
    security: shown.map(scheme => ({ [scheme]: [] })),
    ...(reads !== undefined && inputOf(reads, schemas)),
    responses: {
      ...(output === undefined
        ? { 204: { description: 'Done' } }
        : {
            200: {
              description: output.description,
              content: { 'application/json': { schema: schemaOf(output.schema, schemas) } },
            },
          }),
      ...Object.fromEntries(
        [...byStatus].map(([status, same]) => [
          status,
          {
            description: same.map(code => `\`${code}\`: ${ERRORS[code].title}`).join('; '),
            content: {
              [problemType]: { schema: { $ref: '#/components/schemas/Problem' } },
            },
          },
        ]),
      ),
    },
  };
}

function inputOf({ json, query, path }: Reads, schemas: Record<string, unknown>): object {
  const parameters = [
    ...parametersOf('path', path, schemas),
    ...parametersOf('query', query, schemas),
  ];
  const schema = json && schemaOf(json, schemas);
  return {
    ...(parameters.length > 0 && { parameters }),
    ...(schema !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema } } },
    }),
  };
}

function parametersOf(
  place: 'path' | 'query',
  read: z.ZodType | undefined,
  schemas: Record<string, unknown>,
): readonly object[] {
  if (read === undefined) return [];
  const { properties, required } = schemaOf(read, schemas) as {
    properties: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: required?.includes(name) ?? false,
    ...(description !== undefined && { description }),
    schema: property,
  }));
}

/**
 * JSON Schema of a shape; shapes with a name of their own go to the components and are referred to.
 */
function schemaOf(schema: z.ZodType, schemas: Record<string, unknown>): object {
  const {
    $schema: _,
    $defs = {},
    ...own
  } = z.toJSONSchema(schema) as Record<string, unknown> & {
    $defs?: Record<string, object>;
  };
  const relocated = JSON.parse(
    JSON.stringify({ own, $defs }).replaceAll('#/$defs/', '#/components/schemas/'),
  ) as {
    own: object;
    $defs: Record<string, Record<string, unknown>>;
  };
  for (const [name, { id: _id, ...definition }] of Object.entries(relocated.$defs))
    schemas[name] = definition;
  return relocated.own;
}
