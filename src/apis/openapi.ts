/** The OpenAPI 3.1 document of the bearer API, made from the same rows as its routes. */
import * as z from 'zod';
import { ERRORS, type ErrorCode } from '../core/errors.ts';
import type { Operation } from './api-operation.ts';

export interface OpenApiParts {
  readonly operations: readonly Operation[];
  readonly baseUrl: string;
}

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
    'Problem details (RFC 9457). `title` and `detail` are for people: what happened, and what to do next.',
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

export function openApiDocument({ operations, baseUrl }: OpenApiParts): object {
  const schemas: Record<string, unknown> = { Problem: PROBLEM_SCHEMA };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const path = `/api/v1${operation.path}`;
    paths[path] = { ...paths[path], [operation.method]: describe(operation, schemas) };
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
        container: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'A container token, with or without the word Bearer',
        },
      },
    },
  };
}

/** AWS SDKs read their errors of plain JSON alone. */
const PROBLEM_TYPES: { readonly [T in Operation['token']]: string } = {
  login: 'application/problem+json',
  container: 'application/json',
};

function describe(
  { id, summary, description, token, input, output, errors }: Operation,
  schemas: Record<string, unknown>,
): object {
  const codes = [...EVERYWHERE, ...errors];
  const byStatus = Map.groupBy(codes, code => String(ERRORS[code].status));
  return {
    operationId: id,
    summary,
    description,
    security: [{ [token]: [] }],
    ...(input !== undefined && inputOf(input, schemas)),
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
              [PROBLEM_TYPES[token]]: { schema: { $ref: '#/components/schemas/Problem' } },
            },
          },
        ]),
      ),
    },
  };
}

function inputOf(input: NonNullable<Operation['input']>, schemas: Record<string, unknown>): object {
  const schema = schemaOf(input.schema, schemas) as {
    properties: Record<string, { description?: string }>;
    required?: string[];
  };
  if (input.in === 'body')
    return { requestBody: { required: true, content: { 'application/json': { schema } } } };
  return {
    parameters: Object.entries(schema.properties).map(([name, { description, ...property }]) => ({
      name,
      in: input.in,
      required: schema.required?.includes(name) ?? false,
      ...(description !== undefined && { description }),
      schema: property,
    })),
  };
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
