/** Where the files of the AWS tools are, as the AWS CLI finds them. */
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;
export type AwsFileKind = 'config' | 'credentials';

export const FILE_VARIABLE: Readonly<Record<AwsFileKind, string>> = {
  config: 'AWS_CONFIG_FILE',
  credentials: 'AWS_SHARED_CREDENTIALS_FILE',
};

/** `~/.aws/config` or `~/.aws/credentials`, or the file that the environment names instead. */
export function awsFile(env: Environment, kind: AwsFileKind): string {
  const named = env[FILE_VARIABLE[kind]];
  return named ? expanded(named, env) : join(home(env), '.aws', kind);
}

/** As Python's `expandvars` and `expanduser`: unknown names stay. */
function expanded(path: string, env: Environment): string {
  const known = (whole: string, name: string): string => env[name] ?? whole;
  const plain = path.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) =>
    known(whole, (braced ?? bare)!),
  );
  const filled = process.platform === 'win32' ? plain.replace(/%(\w+)%/g, known) : plain;
  const [whole, user] = /^~([^/\\]*)/.exec(filled) ?? [];
  if (whole === undefined) return filled;
  const directory = user === '' ? home(env) : homeOf(user!);
  return directory === undefined
    ? filled
    : directory.replace(/\/+$/, '') + filled.slice(whole.length);
}

function home(env: Environment): string {
  return env.HOME || homedir();
}

function homeOf(user: string): string | undefined {
  try {
    const { username, homedir } = userInfo();
    if (username === user) return homedir;
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find(line => line.startsWith(`${user}:`));
    return line?.split(':')[5];
  } catch {
    return undefined;
  }
}
