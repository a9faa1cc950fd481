/** Sign-ins and a console link, in one process with everything that they meet. */
import { createSign, createVerify, generateKeyPairSync } from 'node:crypto';
import { startWorld } from '../support/world.ts';
import { type Comparison, compare } from './stopwatch.ts';

export async function measureFrontDoor(): Promise<readonly Comparison[]> {
  const results: Comparison[] = [];
  const world = await startWorld();
  const { visitor } = await world.signIn('dave', 'saml');
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const text = Buffer.alloc(4096, 'a');
  const sign = (): Buffer => createSign('RSA-SHA256').update(text).sign(privateKey);
  const signature = sign();
  const verify = (): boolean =>
    createVerify('RSA-SHA256').update(text).verify(publicKey, signature);
  results.push(
    await compare({
      name: 'sign-in by SAML, identity provider and browser included',
      run: () => world.signIn('bob', 'saml'),
      floorName: 'its five RSA signatures and three checks',
      floor: () => [sign(), sign(), sign(), sign(), sign(), verify(), verify(), verify()],
      calls: 5,
      // Responses are checked in a thread of their own, which compiles its code for itself.
      warmUp: 150,
    }),
    await compare({
      name: 'console link by SAML trust, local AWS included',
      run: () =>
        visitor.get(`${world.urls.bridge}/console?account=prod&role=Developer`, {
          stopAt: url => url.includes('SigninToken'),
        }),
      floorName: 'its two RSA signatures and two checks',
      floor: () => [sign(), sign(), verify(), verify()],
      calls: 5,
    }),
  );
  await world.close();
  return results;
}
