/** The pages of docs/ as tests read them. */
import { readFileSync } from 'node:fs';

export interface Block {
  /** What stands behind the three backticks: `yaml rolebridge`. */
  readonly info: string;
  readonly text: string;
  /** The last heading before it. */
  readonly heading: string;
}

/** A page of docs/ by its name. */
export function readPage(name: string): string {
  return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
}

/** The fenced blocks of a page, in order. One that stands in a list is moved to the left margin. */
export function blocksOf(page: string): readonly Block[] {
  let heading = '';
  const blocks: Block[] = [];
  for (const [, title, indent, info, text] of page.matchAll(
    /^#{1,6} ([^\n]+)$|^( *)```([^\n]*)\n(.*?)^ *```$/gms,
  )) {
    if (title !== undefined) heading = title;
    else
      blocks.push({
        info: info!,
        text: text!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
        heading,
      });
  }
  return blocks;
}
