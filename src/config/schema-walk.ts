/**
 * Ways through a schema: to the schema of a key, to what is said of it, and through a value that is
 * only partly right.
 */
import { z } from 'zod';
import type { Path } from './problems.ts';

/**
 * What was read of a value with problems in it: anything may be absent, and list positions are
 * kept.
 */
export type Readable<T> = T extends string | number | boolean
  ? T
  : T extends readonly (infer Item)[]
    ? readonly (Readable<Item> | undefined)[]
    : { readonly [Key in keyof T]?: Readable<T[Key]> | undefined };

/**
 * The parts of a value that the schema accepts, with defaults and transformations applied; what it
 * rejects is absent.
 */
export function readable<T extends z.ZodType>(
  schema: T,
  value: unknown,
): Readable<z.output<T>> | undefined {
  return readPart(schema, value) as Readable<z.output<T>> | undefined;
}

function readPart(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray && Array.isArray(value))
    return value.map(item => readPart(inner.element as z.ZodType, item));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const written = value as Record<string, unknown>;
  const keys =
    inner instanceof z.ZodObject
      ? Object.keys(inner.shape)
      : inner instanceof z.ZodRecord
        ? Object.keys(written)
        : undefined;
  if (keys === undefined) return undefined;
  const entries = keys.map(key => [key, readPart(childOf(inner, key)!, written[key])] as const);
  return Object.fromEntries(
    entries.filter(([key, part]) => part !== undefined || Object.hasOwn(written, key)),
  );
}

/**
 * Whether the file has the key, whatever its value: a key that is there and wrong is not missing as
 * well.
 */
export function isWritten(holder: object, key: string): boolean {
  return Object.hasOwn(holder, key);
}

/** The schema without `optional`, defaults and the like around it. */
export function unwrapped(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodPrefault)
    inner = inner.unwrap() as z.ZodType;
  return inner;
}

/** The schema of a key or of a list item; undefined when the key is unknown. */
function childOf(schema: z.ZodType, step: string | number): z.ZodType | undefined {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray) return inner.element as z.ZodType;
  if (inner instanceof z.ZodRecord) return inner.valueType as z.ZodType;
  if (!(inner instanceof z.ZodObject) || !Object.hasOwn(inner.shape, step)) return undefined;
  return (inner.shape as Record<string, z.ZodType>)[step];
}

export function schemaAt(root: z.ZodType, path: Path): z.ZodType | undefined {
  return path.reduce<z.ZodType | undefined>(
    (schema, step) => schema && childOf(schema, step),
    root,
  );
}

/** The metadata of a schema. */
export interface Facts {
  /** What the key means. */
  readonly description?: string | undefined;
  /** What may be written. */
  readonly kind?: string | undefined;
  /** The default in words, where it is not a plain value. */
  readonly default?: string | undefined;
  /** The key whose keys a map has, too. */
  readonly keysOf?: string | undefined;
  /** A good value, as YAML. */
  readonly example?: string | undefined;
}

/** The facts of a schema and of what it wraps; the outermost word wins. */
export function factsOf(schema: z.ZodType): Facts {
  const own = (z.globalRegistry.get(schema) ?? {}) as Facts;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault)
    return { ...factsOf(schema.unwrap() as z.ZodType), ...own };
  if (schema instanceof z.ZodPipe) return { ...factsOf(schema.in as z.ZodType), ...own };
  return own;
}
