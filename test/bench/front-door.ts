/** Pages and sign-ins, in one process with everything that they meet. */
import { createHash, createSign, createVerify, generateKeyPairSync } from 'node:crypto';
import express from 'express';
import { startWorld } from '../support/world.ts';
import { listenOnLoopback } from './loopback.ts';
import { type Comparison, compare } from './stopwatch.ts';

export async function measureFrontDoor(): Promise<readonly Comparison[]> {
  const results: Comparison[] = [];
  const world = await startWorld();
  const { visitor } = await world.signIn('dave', 'saml');
  const cookie = `rolebridge=${visitor.cookie(world.urls.bridge, 'rolebridge')}`;
  // Uncompressed, as the floor is: `npm run bench:portal` measures what is sent.
  const headers = { cookie, 'accept-encoding': 'identity' };
  const get = async (url: string): Promise<string> => (await fetch(url, { headers })).text();
  const page = await get(world.urls.bridge);
  const app = express();
  app.get('/', (request, response) => {
    createHash('sha256')
      .update(request.headers.cookie ?? '')
      .digest();
    response.type('html').send(page);
  });
  const bare = await listenOnLoopback(app);
  results.push(
    await compare({
      name: 'portal: my roles, with a session and headers',
      run: () => get(world.urls.bridge),
      floorName: 'an express route that hashes the cookie and sends the same bytes',
      floor: () => get(bare.url),
      calls: 50,
    }),
  );

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
  await bare.close();
  await world.close();
  return results;
}
