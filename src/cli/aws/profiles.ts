/**
 * The settings of a profile as botocore merges them: those of the credentials file win over those
 * of the config file, and `[DEFAULT]` counts in every section of its file.
 */
import { readText } from './config-file.ts';
import { type AwsIni, type AwsSection, DEFAULTS, profileOf, readAwsIni } from './ini.ts';
import { type AwsFileKind, awsFile } from './paths.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Values by the name of the setting in lower case. A nested setting has its lines. */
export type ProfileSettings = ReadonlyMap<string, string>;

export interface Profiles {
  /** Paths of the two files, for messages. */
  readonly files: Readonly<Record<AwsFileKind, string>>;
  readonly names: readonly string[];
  /** Undefined for a profile that neither file has. */
  settingsOf(name: string): ProfileSettings | undefined;
  /** `endpoint_url` of a service in `[services NAME]`. */
  endpointIn(services: string, service: string): string | undefined;
}

/** Throws PathFault, and what Node throws for a file that cannot be read. */
export function readProfiles(env: Environment): Profiles {
  const files = { config: awsFile(env, 'config'), credentials: awsFile(env, 'credentials') };
  const config = readAwsIni(readText(files.config));
  const credentials = readAwsIni(readText(files.credentials));
  const sectionsOf = (name: string): readonly AwsSection[] => [
    ...config.sections.filter(section => profileOf(section) === name),
    ...credentials.sections.filter(({ header }) => header.trim() === name),
  ];
  const names = [
    ...config.sections.map(section => profileOf(section)),
    ...credentials.sections.map(({ header }) => header.trim()),
  ].filter(name => name !== undefined && name !== DEFAULTS);
  return {
    files,
    names: [...new Set(names as string[])],
    settingsOf: name => {
      const own = sectionsOf(name);
      if (own.length === 0) return undefined;
      const isInConfig = (section: AwsSection): boolean => config.sections.includes(section);
      return merged([
        ...defaultsOf(config),
        ...own.filter(isInConfig),
        ...defaultsOf(credentials),
        ...own.filter(section => !isInConfig(section)),
      ]);
    },
    endpointIn: (services, service) => {
      const section = config.sections.find(
        ({ header }) =>
          header.trim().replace(/^services\s+/, 'services ') === `services ${services}`,
      );
      const nested = section === undefined ? undefined : merged([section]).get(service);
      return nested === undefined ? undefined : nestedValue(nested, 'endpoint_url');
    },
  };
}

function defaultsOf({ sections }: AwsIni): readonly AwsSection[] {
  return sections.filter(({ header }) => header === DEFAULTS);
}

function merged(sections: readonly AwsSection[]): ProfileSettings {
  return new Map(
    sections.flatMap(({ options }) =>
      [...options].map(([name, lines]) => [name.toLowerCase(), lines.join('\n').trim()] as const),
    ),
  );
}

function nestedValue(lines: string, name: string): string | undefined {
  for (const line of lines.split('\n')) {
    const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key?.toLowerCase() === name) return value;
  }
  return undefined;
}
