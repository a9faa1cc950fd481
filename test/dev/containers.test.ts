import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { checkConfiguration } from '../../src/config/load.ts';
import { demoWorld } from '../../src/dev/demo-world.ts';
import { parseWorld } from '../../src/dev/local-aws/world.ts';
import { PEOPLE } from '../../src/dev/people.ts';

const pathOf = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const read = (name: string): string => readFileSync(pathOf(name), 'utf8');

interface Service {
  readonly image?: string;
  readonly network_mode?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly build?: { readonly target: string };
}

interface Client {
  readonly clientId: string;
  readonly protocol: string;
  readonly secret?: string;
  readonly redirectUris: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly protocolMappers: readonly {
    readonly protocolMapper: string;
    readonly config: Readonly<Record<string, string>>;
  }[];
}

interface Realm {
  readonly realm: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly clients: readonly Client[];
  readonly groups: readonly { readonly name: string }[];
  readonly users: readonly {
    readonly username: string;
    readonly email: string;
    readonly enabled: boolean;
    readonly attributes: Readonly<Record<string, readonly string[]>>;
    readonly credentials: readonly { readonly type: string; readonly value: string }[];
    readonly groups: readonly string[];
  }[];
}

const services = (parse(read('docker-compose.yml')) as { services: Record<string, Service> })
  .services;
const realm = JSON.parse(read('docs/keycloak/realm.json')) as Realm;
const bridge = services.bridge!;

describe('the containers', () => {
  it('have a description that compose accepts', t => {
    const tools = [
      ['docker-compose', 'config', '-q'],
      ['docker', 'compose', 'config', '-q'],
    ] as const;
    const found = tools.find(
      ([program, ...words]) =>
        spawnSync(program, [...words.slice(0, -2), 'version'], { stdio: 'ignore' }).status === 0,
    );
    if (found === undefined) {
      assert.notEqual(process.env.CI, 'true', 'compose must be there in CI');
      return t.skip('neither docker-compose nor docker compose is installed');
    }

    const { status, stderr } = spawnSync(found[0], found.slice(1), {
      cwd: pathOf(''),
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
  });

  it('share the loopback of the forwarder, the only service that publishes ports, on loopback only', () => {
    const { forwarder, ...others } = services;
    assert.deepEqual(
      [...new Set(Object.values(others).map(service => service.network_mode))],
      ['service:forwarder'],
    );
    assert.ok(Object.values(others).every(service => service.ports === undefined));

    const forwards = [
      ...read('docs/keycloak/haproxy.cfg').matchAll(/bind :(\d+)\n\s+server \S+ (\S+)/g),
    ].map(([, from, to]) => `${to}:${from}`);
    assert.deepEqual([...forwarder!.ports!].toSorted(), forwards.toSorted());
  });

  it('run the bridge with a read-only root, without privileges and without development dependencies', () => {
    assert.equal(bridge.read_only, true);
    const stages = read('Dockerfile').split(/^FROM /m);
    const server = stages.find(stage => /^\S+ AS server/.test(stage))!;
    assert.match(server, /^USER node$/m);
    assert.match(server, /^HEALTHCHECK /m);
    assert.doesNotMatch(server, /src\/dev|npm /);
    assert.match(read('Dockerfile'), /npm ci --omit=dev/);
    assert.equal(bridge.build!.target, 'server');
  });

  it('give the bridge a configuration without a problem or a warning', async () => {
    const { problems, warnings } = await checkConfiguration(
      pathOf('docs/keycloak/rolebridge.yaml'),
      { secrets: 'all', env: bridge.environment! },
    );
    assert.deepEqual([...problems, ...warnings], []);
  });

  it('give the local AWS the accounts and roles of the demo', async () => {
    const world: unknown = JSON.parse(read('docs/keycloak/world.json'));
    assert.deepEqual(world, demoWorld({ bridgeUrl: 'http://127.0.0.1:3000' }));
    const trusted = JSON.stringify(
      parseWorld(world).roles.get('arn:aws:iam::444455556666:role/Auditor')!.trustPolicy,
    );
    assert.ok(trusted.includes(bridge.environment!.PARTNER_EXTERNAL_ID!));
  });

  it('run the Keycloak with which the interop tests sign users in', () => {
    const tested = /^version=(\d+\.\d+)/m.exec(read('test/interop/install-keycloak.sh'))![1];
    assert.equal(services.keycloak!.image, `quay.io/keycloak/keycloak:${tested}`);
  });

  it('give Keycloak the people and groups of the demo', () => {
    const people = realm.users.map(
      ({ username, email, enabled, attributes, credentials, groups }) => {
        assert.ok(enabled);
        return {
          username,
          email,
          password: credentials.find(({ type }) => type === 'password')!.value,
          department: attributes.department![0],
          groups: groups.map(path => path.replace(/^\//, '')),
        };
      },
    );
    const expected = PEOPLE.map(({ displayName: _, ...person }) => ({
      ...person,
      groups: [...person.groups],
    }));
    assert.deepEqual(people, expected);

    const known = new Set(realm.groups.map(({ name }) => name));
    assert.deepEqual(
      people.flatMap(({ groups }) => groups).filter(group => !known.has(group)),
      [],
    );
  });

  it('let Keycloak answer at the addresses of the bridge, with the attributes that it maps', async () => {
    const { configuration } = await checkConfiguration(pathOf('docs/keycloak/rolebridge.yaml'), {
      secrets: 'all',
      env: bridge.environment!,
    });
    const { baseUrl, connectors } = configuration!;

    for (const connector of connectors) {
      const entityId = `${baseUrl}/saml/${connector.id}/metadata`;
      const client = realm.clients.find(
        ({ clientId }) =>
          clientId === (connector.protocol === 'oidc' ? connector.clientId : entityId),
      )!;
      const mapped = new Set(
        client.protocolMappers.map(
          ({ config }) => config['claim.name'] ?? config['attribute.name'],
        ),
      );
      if (connector.protocol === 'oidc') {
        assert.equal(client.protocol, 'openid-connect');
        assert.deepEqual(client.redirectUris, [`${baseUrl}/oidc/${connector.id}/callback`]);
        assert.equal(client.secret, connector.clientSecret);
        assert.equal(
          connector.issuer,
          `${services.keycloak!.environment!.KC_HOSTNAME}/realms/${realm.realm}`,
        );
        assert.ok(mapped.has(connector.claims.groups));
        assert.equal(client.attributes['post.logout.redirect.uris'], `${baseUrl}/signed-out`);
        assert.equal(
          client.attributes['backchannel.logout.url'],
          `${baseUrl}/oidc/${connector.id}/backchannel-logout`,
        );
      } else {
        const acs = `${baseUrl}/saml/${connector.id}/acs`;
        assert.equal(client.protocol, 'saml');
        assert.deepEqual(client.redirectUris, [acs]);
        assert.equal(client.attributes.saml_assertion_consumer_url_post, acs);
        assert.equal(client.attributes['saml.assertion.signature'], 'true');
        for (const name of ['username', 'email', 'groups'] as const)
          assert.ok(mapped.has(connector.attributes[name]), name);
      }
    }
    assert.equal(connectors.length, realm.clients.length);

    const levels = JSON.parse(realm.attributes['acr.loa.map']!) as Record<string, string>;
    const uris = JSON.parse(realm.attributes['acr.uri.map']!) as Record<string, string>;
    const [strongest] = Object.entries(levels).find(([, level]) => level === '2')!;
    assert.deepEqual(
      connectors.map(({ protocol, stepUp }) => [protocol, stepUp]),
      [
        ['oidc', { acrValues: [strongest], parameter: 'acr_values', claim: 'acr' }],
        ['saml', { authnContext: [uris[strongest]], comparison: 'exact' }],
      ],
    );
  });
});
