/** What the process was started with: Node.js, variables, the configuration file, the port. */
import { checkConfiguration } from '../../config/load.ts';
import type { Finding } from '../../core/finding.ts';
import { isLoopbackHost } from '../../core/loopback.ts';
import { readProxySettings } from '../../core/proxy.ts';
import type { HostLook } from './host-look.ts';

/** The same as in rolebridge-server.js, which an older Node.js must be able to read. */
export const REQUIRED_NODE = '24.12';

export async function* examineEnvironment(look: HostLook): AsyncGenerator<Finding> {
  const { node, env, user, configuration } = look;
  if (isOlder(node.version, REQUIRED_NODE))
    yield {
      ...{ id: 'host.node-version', subject: node.path, found: node.version },
      message: `Node.js ${REQUIRED_NODE} or newer is required.`,
      fix: 'Install a newer Node.js, or run "npm ci", which brings its own.',
      expected: REQUIRED_NODE,
    };
  const { fault } = readProxySettings(env);
  if (fault !== undefined)
    yield {
      ...{ id: 'host.proxy-variable', subject: fault.variable },
      message: `The variable ${fault.message}`,
      fix: fault.fix,
    };
  const extra = env.NODE_EXTRA_CA_CERTS;
  const why = extra === undefined || extra === '' ? undefined : await look.whyUnreadable(extra);
  if (why !== undefined)
    yield {
      ...{ id: 'host.extra-ca-unreadable', subject: 'NODE_EXTRA_CA_CERTS', found: extra },
      message: `The file ${why}, so Node.js ignores it and trusts no private authority.`,
      fix: 'Name a file with certificates in PEM, readable by the user that runs the bridge.',
    };
  const { baseUrl, listen, proxy } = configuration;
  const { protocol, hostname, port } = new URL(baseUrl);
  const isDirect = protocol === 'http:' && isLoopbackHost(hostname) && proxy.trusted.length === 0;
  if (isDirect && Number(port || 80) !== listen.port)
    yield {
      ...{ id: 'host.listen-differs', subject: 'listen.port' },
      message: 'baseUrl names another port than the server listens on, and no proxy is trusted.',
      fix: 'Write the same port into baseUrl and listen, unless a proxy is in front.',
      expected: port || '80',
      found: String(listen.port),
    };
  if (listen.port < 1024 && user !== undefined && user !== 0)
    yield {
      ...{ id: 'host.listen-privileged', subject: 'listen.port', found: String(listen.port) },
      message: 'Ports below 1024 require a privilege that this user does not have.',
      fix: 'Choose a port above 1023, or give the service CAP_NET_BIND_SERVICE.',
    };
}

function isOlder(version: string, required: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [requiredMajor = 0, requiredMinor = 0] = required.split('.').map(Number);
  return major < requiredMajor || (major === requiredMajor && minor < requiredMinor);
}

/** The warnings of `check`, modes of files among them. */
export async function* examineFiles({ configFile, env }: HostLook): AsyncGenerator<Finding> {
  const { warnings } = await checkConfiguration(configFile, { secrets: 'all', env });
  for (const { file, line, path, message, fix } of warnings)
    yield {
      id: 'host.configuration-warning',
      subject: path === '' ? `${file}:${line}` : `${file}:${line} ${path}`,
      message,
      fix,
    };
}
