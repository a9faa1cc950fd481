/** The formats of `rolebridge credentials`, by the names that people type. */
export const SHELL_FORMATS = [
  'env',
  'fish',
  'powershell',
  'cmd',
  'process',
  'json',
  'credentials-file',
] as const;
export type ShellFormat = (typeof SHELL_FORMATS)[number];

/** Without a file of its own: what is written there stays, and a workload has no use for it. */
export const PRINTED_FORMATS = SHELL_FORMATS.filter(format => format !== 'credentials-file');
