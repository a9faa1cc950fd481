/** Changes at random to a SAML response that names alice, `p-0001` and no mallory. */

/** Mulberry32: the same numbers on every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Pick = <T>(from: readonly T[]) => T;

/** Each takes the XML apart somewhere; `pick` is the only source of chance. */
export const MUTATIONS: Readonly<
  Record<string, (xml: string, pick: Pick, at: (length: number) => number) => string>
> = {
  'a character changed': (xml, pick, at) => {
    const index = at(xml.length);
    return xml.slice(0, index) + pick([...'<>/"\' =&;x0A:-!?\n\u00e9']) + xml.slice(index + 1);
  },
  'a piece left out': (xml, _pick, at) => {
    const index = at(xml.length);
    return xml.slice(0, index) + xml.slice(index + 1 + at(40));
  },
  'a piece repeated': (xml, _pick, at) => {
    const index = at(xml.length);
    const piece = xml.slice(index, index + 1 + at(200));
    return xml.slice(0, index) + piece + xml.slice(index);
  },
  'an element left out': (xml, pick) => xml.replace(pick(elements(xml)), ''),
  'an element repeated': (xml, pick) => {
    const element = pick(elements(xml));
    return xml.replace(element, element + element);
  },
  'an element put elsewhere': (xml, pick) => {
    const element = pick(elements(xml));
    const without = xml.replace(element, '');
    const target = pick(without.match(/<\/?[\w:]+[^>]*>/g)!);
    return without.replace(target, target + element);
  },
  'an element copied elsewhere with another text': (xml, pick) => {
    const element = pick(elements(xml))
      .replaceAll('alice', 'mallory')
      .replaceAll('p-0001', 'p-9999')
      .replaceAll('ID="_', 'ID="_x');
    const target = pick(xml.match(/<\/?[\w:]+[^>]*>/g)!);
    return pick([xml.replace(target, target + element), xml.replace(target, element + target)]);
  },
  'a text changed': (xml, pick) => xml.replace(pick(xml.match(/>[^<]+</g)!), '>mallory<'),
  'an attribute changed': (xml, pick) => xml.replace(pick(xml.match(/"[^"]+"/g)!), '"mallory"'),
  'a comment put in': (xml, _pick, at) => {
    const index = at(xml.length);
    return `${xml.slice(0, index)}<!-- -->${xml.slice(index)}`;
  },
};

/** Every element but the root, as text that ends where its name first ends again. */
function elements(xml: string): string[] {
  const [, ...names] = new Set([...xml.matchAll(/<([\w]+:[\w]+)/g)].map(match => match[1]!));
  return names.flatMap(name => xml.match(new RegExp(`<${name}[ >].*?</${name}>`, 'gs')) ?? []);
}

/** The same choices for the same seed. */
export function chance(seed: number): {
  readonly pick: Pick;
  readonly at: (length: number) => number;
} {
  const random = seeded(seed);
  const at = (length: number): number => Math.floor(random() * length);
  return { at, pick: from => from[at(from.length)]! };
}
