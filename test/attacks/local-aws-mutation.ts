/** Mutated responses in rounds, for the local AWS. */
import { encode } from '../support/saml-forge.ts';
import type { FederatedAws } from './local-aws-federation.ts';
import { chance, MUTATIONS } from './mutations.ts';

/** How many of the mutated responses were accepted, each as what it was before. */
export async function mutate(
  { forge, accepts }: FederatedAws,
  what: string,
  { rounds, seed }: { readonly rounds: number; readonly seed: number },
): Promise<number> {
  const { pick, at } = chance(seed);
  let accepted = 0;
  for (let round = 0; round < rounds; round += 1) {
    const good = forge.xml('_request', {}, { response: round % 2 === 1 });
    if (await accepts(encode(MUTATIONS[what]!(good, pick, at)), good)) accepted += 1;
  }
  return accepted;
}
