/**
 * Reading at the door: what comes out has been checked, and nobody looks at the raw request again.
 */
import express, { type Request, type RequestHandler } from 'express';
import * as z from 'zod';
import { BridgeError } from '../core/errors.ts';

/**
 * A form field or query parameter that occurs once; a repeated one arrives as an array and is
 * refused.
 */
export const text = (max: number): z.ZodString => z.string().max(max);

/** Enough for every form of our own pages. */
export const SMALL_FORM_BYTES = 8 * 1024;

/** Form bodies: plain pairs, no nesting, few and small. */
export function formBody(limitBytes: number): RequestHandler {
  return express.urlencoded({ extended: false, limit: limitBytes, parameterLimit: 20 });
}

/** JSON bodies: objects and lists, small. */
export function jsonBody(limitBytes: number): RequestHandler {
  return express.json({ strict: true, limit: limitBytes, type: 'application/json' });
}

/**
 * Throws `unsupported_media_type`, and `bad_request` that names the fields and never their values.
 */
export function readJson<S extends z.ZodType>(request: Request, schema: S): z.output<S> {
  if (request.body === undefined) {
    throw new BridgeError('unsupported_media_type', 'the body is not application/json', {
      hint: 'Send a JSON object with Content-Type: application/json.',
    });
  }
  return read(schema, request.body);
}

/** The named parts of the path. Throws `bad_request`. */
export function readPath<S extends z.ZodType>(request: Request, schema: S): z.output<S> {
  return read(schema, request.params);
}

/** Throws `bad_request`, naming the fields and never their values. */
export function readForm<S extends z.ZodType>(request: Request, schema: S): z.output<S> {
  return read(schema, request.body ?? {});
}

/** Throws `bad_request`, naming the parameters and never their values. */
export function readQuery<S extends z.ZodType>(request: Request, schema: S): z.output<S> {
  return read(schema, request.query);
}

function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = [...new Set(result.error.issues.map(issue => issue.path.join('.') || 'body'))];
  throw new BridgeError('bad_request', `wrong or repeated: ${fields.join(', ')}`, {
    hint: `These fields are missing, repeated or malformed: ${fields.join(', ')}.`,
  });
}
