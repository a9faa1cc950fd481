/** Writes a document as YAML with comments. The library quotes every value that needs it. */
import { Document, isCollection, isMap, isScalar, type Pair } from 'yaml';

/** Keys and positions from the root. */
type Path = readonly (string | number)[];

export interface Comment {
  /** The key above which the comment stands; a path that the document lacks has none. */
  readonly at: Path;
  readonly text: string;
}

export interface Commented {
  readonly document: object;
  readonly comments: readonly Comment[];
  /** Above everything. */
  readonly head: string;
  /** Values that stand on one line. */
  readonly inline: readonly Path[];
}

const LINE_WIDTH = 100;

export function commentedYaml({ document, comments, head, inline }: Commented): string {
  const yaml = new Document(document);
  yaml.commentBefore = commentOf(head);
  for (const { at, text } of comments) {
    const key = keyAt(yaml, at);
    if (key !== undefined) key.commentBefore = commentOf(text);
  }
  for (const path of inline) {
    const node = yaml.getIn(path, true);
    if (isCollection(node)) node.flow = true;
  }
  for (const key of topKeys(yaml).slice(1)) key.spaceBefore = true;
  return yaml.toString({ lineWidth: 0, flowCollectionPadding: true });
}

type Key = { commentBefore?: string | null; spaceBefore?: boolean };

function keyAt(yaml: Document, path: Path): Key | undefined {
  const parent = path.length === 1 ? yaml.contents : yaml.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = (parent.items as Pair[]).find(
    ({ key }) => isScalar(key) && key.value === path.at(-1),
  );
  return isScalar(pair?.key) ? pair.key : undefined;
}

function topKeys({ contents }: Document): Key[] {
  if (!isMap(contents)) return [];
  return (contents.items as Pair[]).flatMap(({ key }) => (isScalar(key) ? [key] : []));
}

/** Each line of a comment begins with a space; long ones are broken between words. */
function commentOf(text: string): string {
  return text
    .split('\n')
    .flatMap(line => wrapped(line, LINE_WIDTH - 4))
    .map(line => ` ${line}`)
    .join('\n');
}

function wrapped(line: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of line.split(' ')) {
    const last = lines.at(-1)!;
    const longer = last === '' ? word : `${last} ${word}`;
    if (longer.length <= width || last === '') lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
