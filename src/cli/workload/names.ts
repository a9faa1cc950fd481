/** The words of the command `workload`: what help and completion offer. */

export const ACTIONS = ['credentials', 'credential-process', 'exec', 'roles', 'explain'] as const;
export type Action = (typeof ACTIONS)[number];

/** In the order in which they are looked for. */
export const PLATFORMS = [
  'github',
  'gitlab',
  'buildkite',
  'circleci',
  'hcp-terraform',
  'kubernetes',
  'aws',
] as const;
export type PlatformName = (typeof PLATFORMS)[number];
