/** What keeps a template from taking the time or the memory of the machine. */
import { createContext, runInContext } from 'node:vm';
import type { Json } from './json.ts';
import { mistake } from './template-error.ts';

const MAX_DEPTH = 100;
/** Values and characters of texts together. */
const MAX_SIZE = 5_000_000;
const MAX_INSTANCES = 1000;
const PATTERN_MS = 1000;

/** The value. Throws `TemplateError` if it is nested too deeply or too large. */
export function checkedSize<T>(value: T): T {
  const waiting: (readonly [unknown, number])[] = [[value, 0]];
  let size = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [item, depth] = next;
    size += typeof item === 'string' ? item.length + 1 : 1;
    if (size > MAX_SIZE) throw tooLarge();
    if (typeof item !== 'object' || item === null) continue;
    if (depth === MAX_DEPTH) throw mistake(`nested deeper than ${MAX_DEPTH}`);
    for (const [key, member] of Object.entries(item)) {
      if (!Array.isArray(item)) size += key.length;
      waiting.push([member, depth + 1]);
    }
  }
  return value;
}

/** The texts as one. Throws `TemplateError` if it would be too long. */
export function joined(texts: readonly string[], separator = ''): string {
  const length = texts.reduce((sum, text) => sum + text.length + separator.length, 0);
  if (length > MAX_SIZE) throw tooLarge();
  return texts.join(separator);
}

/** How many resources `count` makes. Throws `TemplateError`. */
export function countOf(value: Json): number {
  const times = Number(value);
  if (!Number.isInteger(times) || times < 0 || times > MAX_INSTANCES)
    throw mistake(`count is not a whole number from 0 to ${MAX_INSTANCES}`);
  return times;
}

/** What matched; undefined if nothing did. Throws `TemplateError` for a pattern that is none. */
export function matchOf(pattern: string, text: string): string | undefined {
  const context = createContext({ pattern, text });
  try {
    const timeout = PATTERN_MS;
    return runInContext('new RegExp(pattern).exec(text)?.[0]', context, { timeout });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      throw mistake(`the pattern takes more than ${PATTERN_MS / 1000} s`);
    throw mistake('a pattern is no regular expression');
  }
}

/** Runs the work; what exhausts the stack or the longest text is a mistake of the template. */
export function withinLimits<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw tooLarge();
  }
}

function tooLarge(): Error {
  return mistake('a value is too large or nested too deeply');
}
