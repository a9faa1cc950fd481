/**
 * What each command does, loaded when it is run: the table of commands itself stays light, for help
 * and completion.
 */
import type { Run } from './command-line/command.ts';

export const RUNS: Readonly<Record<string, () => Promise<{ readonly run: Run }>>> = {
  login: () => import('./commands/login.ts'),
  logout: () => import('./commands/logout.ts'),
  whoami: () => import('./commands/whoami.ts'),
  roles: () => import('./commands/roles.ts'),
  credentials: () => import('./commands/credentials.ts'),
  'credential-process': () => import('./commands/credential-process.ts'),
  exec: () => import('./commands/exec.ts'),
  console: () => import('./commands/console.ts'),
  configure: () => import('./commands/configure.ts'),
  completion: () => import('./commands/completion.ts'),
};
