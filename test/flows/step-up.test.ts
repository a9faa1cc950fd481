import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { goodManners } from '../../src/dev/oidc-idp/manners.ts';
import { enterPassword, type Protocol, useWorld } from '../support/world.ts';

const CONSOLE = '/console?account=prod&role=Admin&destination=https://console.aws.amazon.com/s3';

for (const protocol of ['oidc', 'saml'] as const satisfies Protocol[])
  describe(`step-up in the browser by ${protocol}`, () => {
    const world = useWorld();
    afterEach(() => void Object.assign(world.oidcIdp.stepUp, goodManners().stepUp));

    it('leads from a console link to the identity provider and on to the console', async () => {
      const { visitor } = await world.signIn('alice', protocol, { secondFactor: false });
      const login = await visitor.get(world.urls.bridge + CONSOLE);
      assert.equal(login.$('input[type=password]').length, 1, login.text);
      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.match(page.text, /Asked for *https:\/\/console.aws.amazon.com\/s3/);
    });
  });
