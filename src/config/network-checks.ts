/**
 * Checks of the trusted proxies, and of the networks that rules require.
 *
 * X-Forwarded-For is read from its end while its addresses are trusted, so a host in a trusted
 * block writes the rest of it: with a whole network trusted, every host in it chooses the address
 * that rules and the audit trail see.
 */
import ipaddr from 'ipaddr.js';
import { formatPath, type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import { entriesOf, rulesIn } from './workload-entries.ts';

interface Block {
  readonly text: string;
  readonly first: ipaddr.IPv4 | ipaddr.IPv6;
  readonly bits: number;
}

/** A required network, and where it is written first. */
interface RequiredBlock extends Block {
  readonly path: Path;
}

/**
 * Per kind of address: the prefix of a single one, and that of the largest block that may well be
 * proxies alone.
 */
const PREFIX = { ipv4: { single: 32, widest: 24 }, ipv6: { single: 128, widest: 64 } } as const;

export function* networkProblems(document: Readable<Document>): Generator<ProblemAt> {
  const required = requiredBlocks(document);
  yield* trustProblems(document, required);
  if ((document.baseUrl?.startsWith('https:') ?? false) && document.proxy?.trusted?.length === 0) {
    for (const { path, networks } of requirementsOf(document)) {
      if (networks.length === 0) continue;
      const message =
        'sees the address of the proxy in front instead of the address of the caller, because proxy.trusted is empty.';
      yield {
        path,
        message,
        fix: 'Write the addresses of the proxy into proxy.trusted.',
        warning: true,
      };
    }
    if (required.length > 0) return;
    const message =
      'is https, so a proxy terminates TLS, but proxy.trusted is empty: the audit trail and rate limits see the address of the proxy for every user.';
    yield {
      path: ['baseUrl'],
      message,
      fix: 'Write the addresses of the proxy into proxy.trusted.',
      warning: true,
    };
  }
}

function* trustProblems(
  { proxy }: Readable<Document>,
  required: readonly RequiredBlock[],
): Generator<ProblemAt> {
  for (const [index, text] of (proxy?.trusted ?? []).entries()) {
    if (text === undefined) continue;
    const path: Path = ['proxy', 'trusted', index];
    const block = blockOf(text);
    const { single, widest } = PREFIX[block.first.kind()];
    const claimed = required.find(other => block.bits < single && overlap(block, other));
    if (block.bits === 0) {
      const message = `${quoted(text)} is every address, so any client could claim any origin.`;
      yield { path, message, fix: 'Write the addresses of your proxies.' };
    } else if (claimed !== undefined) {
      const message = `${quoted(text)} overlaps ${quoted(claimed.text)}, which ${formatPath(claimed.path)} requires: a host in both can claim any address.`;
      yield {
        path,
        message,
        fix: `Name the proxies' own addresses, one by one, such as ${block.first.toString()}/${single}.`,
        warning: true,
      };
    } else if (block.bits < widest) {
      const message = `${quoted(text)} is wider than /${widest}; everyone in it can claim to come from anywhere.`;
      yield {
        path,
        message,
        fix: "Name the proxies' own addresses, or the smallest block that only they are in.",
        warning: true,
      };
    }
  }
}

/** Every network that some rule asks for, once. */
function requiredBlocks(document: Readable<Document>): readonly RequiredBlock[] {
  const blocks = new Map<string, RequiredBlock>();
  for (const { path, networks } of requirementsOf(document)) {
    for (const [position, text] of networks.entries()) {
      if (text === undefined || blocks.has(text)) continue;
      blocks.set(text, { ...blockOf(text), path: [...path, position] });
    }
  }
  return [...blocks.values()];
}

interface RequiredNetworks {
  readonly path: Path;
  readonly networks: readonly (string | undefined)[];
}

/** `require.networks` of the rules of users and of workloads. */
function* requirementsOf(document: Readable<Document>): Generator<RequiredNetworks> {
  for (const [index, rule] of (document.access ?? []).entries())
    yield {
      path: ['access', index, 'require', 'networks'],
      networks: rule?.require?.networks ?? [],
    };
  for (const { entry, path } of entriesOf(document))
    for (const { rule, path: at } of rulesIn(entry, path))
      yield { path: [...at, 'require', 'networks'], networks: rule.require?.networks ?? [] };
}

function blockOf(text: string): Block {
  const [first, bits] = ipaddr.parseCIDR(text);
  return { text, first, bits };
}

function overlap(one: Block, other: Block): boolean {
  return (
    one.first.kind() === other.first.kind() &&
    one.first.match(other.first, Math.min(one.bits, other.bits))
  );
}

/**
 * Whether each address of `networks` lies in one of `bounds`, also where several of these together
 * hold a block.
 */
export function areWithin(networks: readonly string[], bounds: readonly string[]): boolean {
  const outer = merged(bounds.map(rangeOf));
  return networks
    .map(rangeOf)
    .every(({ family, from, to }) =>
      outer.some(range => range.family === family && range.from <= from && to <= range.to),
    );
}

/** First and last address as numbers. */
interface Range {
  readonly family: 'ipv4' | 'ipv6';
  readonly from: bigint;
  readonly to: bigint;
}

function rangeOf(text: string): Range {
  const { first, bits } = blockOf(text);
  const bytes = first.toByteArray();
  const from = bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
  return { family: first.kind(), from, to: from + 2n ** BigInt(bytes.length * 8 - bits) - 1n };
}

/** Ranges that overlap or touch become one. */
function merged(ranges: readonly Range[]): readonly Range[] {
  const sorted = [...ranges].sort(
    (a, b) => a.family.localeCompare(b.family) || (a.from < b.from ? -1 : 1),
  );
  const result: Range[] = [];
  for (const range of sorted) {
    const last = result.at(-1);
    if (last === undefined || last.family !== range.family || range.from > last.to + 1n)
      result.push(range);
    else result[result.length - 1] = { ...last, to: range.to > last.to ? range.to : last.to };
  }
  return result;
}
