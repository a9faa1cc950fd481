/**
 * A good answer with something changed at random is refused, or is still the same person with no
 * more groups.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BridgeError } from '../../src/core/errors.ts';
import { forge, openConnector } from '../connectors/saml-fixture.ts';

const acme = await openConnector();

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
const MUTATIONS: Readonly<
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

const ROUNDS = 40;
for (const [seed, [what, mutate]] of Object.entries(MUTATIONS).entries()) {
  test(`a mutated Response never yields another identity: ${what}`, async () => {
    const random = seeded(seed + 1);
    const at = (length: number) => Math.floor(random() * length);
    const pick: Pick = from => from[at(from.length)]!;
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const requestId = '_request';
      const good = forge.xml(requestId, {}, { response: round % 2 === 1 });
      const samlResponse = Buffer.from(mutate(good, pick, at)).toString('base64');
      try {
        const { identity } = await acme.complete(samlResponse, { protocol: 'saml', requestId });
        assert.equal(identity.subject, 'p-0001');
        assert.equal(identity.username, 'alice');
        assert.deepEqual(identity.groups, ['aws-admins', 'developers']);
      } catch (error) {
        assert.ok(
          error instanceof BridgeError &&
            ['saml_response_refused', 'idp_refused'].includes(error.code),
          String(error),
        );
        refused += 1;
      }
    }
    assert.ok(refused > ROUNDS / 2, `only ${refused} of ${ROUNDS} were refused`);

    const { identity } = await acme.signIn();
    assert.equal(identity.username, 'alice');
  });
}
