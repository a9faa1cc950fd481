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
