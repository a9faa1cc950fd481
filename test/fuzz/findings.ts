/**
 * The inputs that broke a promise: one file for each fault, the shortest input of it.
 *
 * Two inputs show the same fault if the error has the same name, message and place. Numbers and
 * quoted values of the message do not count.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class FindingsDirectory {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  keep(input: Uint8Array, thrown: unknown): void {
    const what = signatureOf(thrown);
    const id = createHash('sha256').update(what).digest('hex').slice(0, 12);
    const file = join(this.#path, `${id}.input`);
    if (existsSync(file) && statSync(file).size <= input.length) return;
    mkdirSync(this.#path, { recursive: true });
    writeFileSync(file, input);
    writeFileSync(join(this.#path, `${id}.why`), `${what}\n\n${detailOf(thrown)}\n`);
  }
}

function signatureOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const place = /\/(?:src|test\/fuzz)\/[^)\s]+?:\d+/.exec(thrown.stack ?? '')?.[0] ?? '';
  const message = thrown.message
    .replaceAll(/"[^"]*"|'[^']*'|`[^`]*`/g, '…')
    .replaceAll(/\d+/g, 'N');
  return `${thrown.name}: ${message.slice(0, 200)} ${place}`.trim();
}

function detailOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
