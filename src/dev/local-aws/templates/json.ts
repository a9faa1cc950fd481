/** The JSON of a template, read piece by piece. */
import type { z } from 'zod';
import { mistake, TemplateError } from './template-error.ts';

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws `TemplateError`; a section that is left out is empty. */
export function sectionOf(parent: JsonObject, name: string): JsonObject {
  const section = parent[name] ?? {};
  if (!isObject(section)) throw mistake(`${name} is not an object`);
  return section;
}

/** Throws `TemplateError` for a key that is not simulated: it would change what AWS does. */
export function refuseOthers(object: JsonObject, known: readonly string[], what: string): void {
  const others = Object.keys(object).filter(key => !known.includes(key));
  if (others.length > 0)
    throw new TemplateError(others.map(key => `${what} ${key} is not simulated here`));
}

/** Throws `TemplateError` with every violation; unknown keys are violations. */
export function checked<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TemplateError(
    parsed.error.issues.map(issue => {
      if (issue.code === 'unrecognized_keys') return `${issue.keys.join(', ')}: not simulated here`;
      const path = issue.path.join('.');
      return path === '' ? issue.message : `${path}: ${issue.message}`;
    }),
  );
}
