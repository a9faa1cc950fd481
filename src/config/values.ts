/**
 * The kinds of values, each with its check and its name on the reference page (`kind`).
 *
 * A check returns what is wrong and what to write instead. Messages show a value only where no
 * secret can be.
 */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { groupPatternProblem } from '../core/group-pattern.ts';
import { type ConnectorId, isConnectorId } from '../core/identity.ts';
import { isLoopbackHost } from '../core/loopback.ts';
import { isRegion } from '../core/partitions.ts';
import {
  type AccountId,
  isAccountId,
  isRoleName,
  PARTITIONS,
  type RoleName,
} from '../core/role.ts';
import { SOURCE_IDENTITY, TAG_VALUE } from '../core/session.ts';
import {
  type FieldRule,
  fits,
  literalsOf,
  parseTemplate,
  templateProblem,
} from '../core/template.ts';
import { formatDuration, HOUR, MINUTE, parseDuration, type Seconds } from '../core/time.ts';
import { type Problem, quoted } from './problems.ts';

const DAY = 24 * HOUR;

/** Adds a check to a schema; the fix is a parameter of the issue. */
export function checked<T extends z.ZodType>(
  schema: T,
  check: (value: z.output<T>) => Problem | undefined,
): T {
  return schema.superRefine((value, context) => {
    const problem = check(value as z.output<T>);
    if (problem !== undefined)
      context.addIssue({ code: 'custom', message: problem.message, params: { fix: problem.fix } });
  });
}

const word = (kind: string, check: (text: string) => Problem | undefined) =>
  checked(z.string(), check).meta({ kind });

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

function textProblem(text: string, max: number): Problem | undefined {
  if (text.trim() === '') return { message: 'is empty.', fix: 'Write a value.' };
  if (INVISIBLE.test(text))
    return {
      message: 'contains a control or invisible character.',
      fix: 'Write it on one line, with visible characters only.',
    };
  if ([...text].length > max)
    return { message: `has more than ${max} characters.`, fix: `Write at most ${max}.` };
  return undefined;
}

/** Visible text on one line. */
export const text = (max: number) => word('text', value => textProblem(value, max));

/**
 * Text that must match a pattern; `rule` says the pattern in words: `letters, digits and dashes`.
 */
export const pattern = (kind: string, expression: RegExp, rule: string) =>
  word(kind, value =>
    expression.test(value)
      ? undefined
      : {
          message: `${quoted(value)} is not ${/^[aeiou]/i.test(kind) ? 'an' : 'a'} ${kind}.`,
          fix: `Write ${rule}.`,
        },
  );

/** Text without any space, as URIs, claim names and scopes are. */
export const token = (max: number) =>
  word(
    'text',
    value =>
      textProblem(value, max) ??
      (/\s/.test(value)
        ? { message: 'contains a space.', fix: 'Write it without spaces.' }
        : undefined),
  );

export const flag = () => z.boolean().meta({ kind: 'true or false' });

export const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values).meta({ kind: values.map(value => `\`${value}\``).join(', ') });

// ---------------------------------------------------------------- numbers and times

export const wholeNumber = (min: number, max: number) =>
  checked(z.number(), value =>
    Number.isInteger(value) && value >= min && value <= max
      ? undefined
      : {
          message: `${value} is not a whole number from ${min} to ${max}.`,
          fix: `Write a number from ${min} to ${max}.`,
        },
  ).meta({ kind: `number, ${min} to ${max}` });

interface DurationLimits {
  readonly min: Seconds;
  readonly max: Seconds;
  /** Where the upper limit comes from, as a clause: `STS gives at most 12h`. */
  readonly because?: string;
}

/** `15m`, `1h30m`, `90s` between two limits; becomes seconds. */
export function duration({ min, max, because }: DurationLimits) {
  const check = (value: string): Problem | undefined => {
    const seconds = parseDuration(value);
    if (seconds === undefined)
      return {
        message: `${quoted(value)} is not a valid duration.`,
        fix: 'Write a number with s, m, h or d: 90s, 15m, 1h30m.',
      };
    if (seconds < min)
      return {
        message: `${quoted(value)} is shorter than ${formatDuration(min)}.`,
        fix: `Write ${compact(min)} or more.`,
      };
    if (seconds > max) {
      const reason = because === undefined ? '' : `; ${because}`;
      return {
        message: `${quoted(value)} is longer than ${formatDuration(max)}${reason}.`,
        fix: `Write ${compact(max)} or less.`,
      };
    }
    return undefined;
  };
  return word(`duration, ${compact(min)} to ${compact(max)}`, check).transform(
    value => parseDuration(value)!,
  );
}

/** Seconds as the file writes them: `7d`, `12h`, `15m`. */
export function compact(seconds: Seconds): string {
  if (seconds > DAY && seconds % DAY === 0) return `${seconds / DAY}d`;
  if (seconds % HOUR === 0) return `${seconds / HOUR}h`;
  return seconds % MINUTE === 0 ? `${seconds / MINUTE}m` : `${seconds}s`;
}

// ---------------------------------------------------------------- network addresses

/** Returns why a URL is rejected, without the URL: it may contain a password. */
function urlProblem(value: string): Problem | undefined {
  // URL.canParse drops tabs, turns backslashes and takes `https:host`: what an operator reads
  // must be what a machine reads.
  if (!/^https?:\/\/[^\s\\]+$/i.test(value) || INVISIBLE.test(value) || !URL.canParse(value)) {
    return {
      message: 'is not an http or https URL.',
      fix: 'Write a whole URL, such as https://idp.example.com/path.',
    };
  }
  const url = new URL(value);
  if (url.username !== '' || url.password !== '')
    return {
      message: 'contains a user name or a password.',
      fix: 'Remove the part before the @.',
    };
  if (url.hash !== '' || value.includes('#'))
    return { message: 'contains a fragment.', fix: 'Remove the # and what follows.' };
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return {
      message: 'is http, which anyone on the way can read and change.',
      fix: 'Use https; http is for loopback only (localhost, 127.0.0.1).',
    };
  }
  return undefined;
}

/** https anywhere, http on loopback. Kept as written: issuers are compared letter by letter. */
export const url = () => word('URL', urlProblem);

/** A URL without path and query; becomes its origin, without a trailing slash. */
export const origin = () =>
  word('URL without path', value => {
    const problem = urlProblem(value);
    if (problem !== undefined) return problem;
    const { origin, pathname, search } = new URL(value);
    if (pathname === '/' && search === '' && !value.includes('?')) return undefined;
    return {
      message: 'has a path or a query; the bridge is served at the root of its host.',
      fix: `Write ${origin}, and give the bridge its own host name.`,
    };
  }).transform(value => new URL(value).origin);

/** A host name or an IP address to listen on. */
export const host = () =>
  word('host', value => {
    const isName =
      /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(value);
    const isAddress =
      ipaddr.IPv4.isValidFourPartDecimal(value) ||
      (ipaddr.IPv6.isValid(value) && !value.includes('%'));
    if (isAddress || (isName && !/^[\d.]+$/.test(value))) return undefined;
    return {
      message: `${quoted(value)} is not a host name or IP address.`,
      fix: 'Write an address without a port, such as 127.0.0.1 or "::".',
    };
  });

/**
 * Domains below which AWS customers have hosts of their own: buckets, functions, distributions,
 * applications.
 */
const SHARED_DOMAINS = [
  'amazonaws.com',
  'amazonaws.com.cn',
  'amazonaws.eu',
  'api.aws',
  'on.aws',
  'app.aws',
  'awsapps.com',
  'amplifyapp.com',
  'amazoncognito.com',
  'cloudfront.net',
  'elasticbeanstalk.com',
  'awsapprunner.com',
];

/** A host of a console, or `*.` and a domain for all hosts below it. */
export const consoleHost = () =>
  word('host, or `*.` and a domain', value => {
    const domain = value.startsWith('*.') ? value.slice(2) : value;
    if (
      !/^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(
        domain,
      )
    ) {
      return {
        message: `${quoted(value)} is not a host name.`,
        fix: 'Write a whole host name in lower case, such as console.example.com, or *.console.example.com for all hosts below it.',
      };
    }
    const isShared = SHARED_DOMAINS.some(
      shared => shared === domain || shared.endsWith(`.${domain}`),
    );
    if (value !== domain && (isShared || domain.split('.').length < 3)) {
      return {
        message: `${quoted(value)} includes hosts that belong to others.`,
        fix: 'Write the hosts one by one, or a longer domain after *. (three parts or more).',
      };
    }
    return undefined;
  });

/** A block of addresses in CIDR notation (RFC 4632), with no bit set beyond its prefix. */
export const network = () =>
  word('CIDR block', value => {
    const [address = '', prefix = ''] = value.split('/');
    const isV4 = ipaddr.IPv4.isValidFourPartDecimal(address);
    const isAddress = isV4 || (ipaddr.IPv6.isValid(address) && !address.includes('%'));
    if (isAddress && !value.includes('/'))
      return {
        message: `${quoted(value)} has no prefix length.`,
        fix: `Write ${value}/${isV4 ? 32 : 128} for one address.`,
      };
    if (
      !isAddress ||
      !/^\d{1,3}$/.test(prefix) ||
      value.split('/').length !== 2 ||
      Number(prefix) > (isV4 ? 32 : 128)
    ) {
      return {
        message: `${quoted(value)} is not a block of addresses.`,
        fix: 'Write CIDR notation, such as 10.0.0.0/8 or 2001:db8::/32.',
      };
    }
    const first = (isV4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(value);
    // Such addresses are compared as IPv4, so a rule would match no address, and ::ffff:0:0/96 is
    // every address.
    if (first instanceof ipaddr.IPv6 && first.isIPv4MappedAddress()) {
      const fix = `Write ${first.toIPv4Address().toString()}/${Number(prefix) - 96}.`;
      return { message: `${quoted(value)} is a block of IPv4 in the form of IPv6.`, fix };
    }
    if (first.toNormalizedString() === ipaddr.parse(address).toNormalizedString()) return undefined;
    return {
      message: `${quoted(value)} has bits set beyond its prefix.`,
      fix: `Write ${first.toString()}/${prefix}.`,
    };
  });

// ---------------------------------------------------------------- words of AWS and of core

export const connectorId = () =>
  word('connector id', value =>
    isConnectorId(value)
      ? undefined
      : {
          message: `${quoted(value)} is not a connector id.`,
          fix: 'Write 1 to 32 lowercase letters, digits and dashes; it is part of URLs.',
        },
  ).transform(value => value as ConnectorId);

export const accountId = () =>
  word('account id', value =>
    isAccountId(value)
      ? undefined
      : {
          message: `${quoted(value)} is not an AWS account id.`,
          fix: 'Write its twelve digits in quotes: "111122223333".',
        },
  ).transform(value => value as AccountId);

export const region = () =>
  word('AWS region', value =>
    isRegion(value)
      ? undefined
      : {
          message: `${quoted(value)} is not an AWS region.`,
          fix: 'Write a region such as eu-west-1.',
        },
  );

export const roleName = () =>
  word('role name', value => {
    if (isRoleName(value)) return undefined;
    if (value.includes('*'))
      return {
        message: `${quoted(value)} contains a wildcard; a rule names each role.`,
        fix: 'Write each role by its name, or use a groupPattern with {role}.',
      };
    if (value.startsWith('arn:'))
      return {
        message: `${quoted(value)} is an ARN.`,
        fix: 'Write the name alone, such as Admin or team/Admin; name the accounts in the rule.',
      };
    return {
      message: `${quoted(value)} is not a role name.`,
      fix: 'Write 1 to 64 of letters, digits and _+=,.@-, with its path in front if it has one: team/Admin.',
    };
  }).transform(value => value as RoleName);

export const groupName = () =>
  word('group', value => {
    if (value.includes('*'))
      return {
        message: `${quoted(value)} contains a wildcard; group names are compared exactly.`,
        fix: 'Write every group, or use a groupPattern.',
      };
    return textProblem(value, 256);
  });

const MAX_TEMPLATE_CHARACTERS = 1024;

/** A template of a field; `limits` names what the field takes. */
function template(field: FieldRule, limits: string) {
  return word('template', value => {
    if (value.length > MAX_TEMPLATE_CHARACTERS)
      return {
        message: `has more than ${MAX_TEMPLATE_CHARACTERS} characters.`,
        fix: `Use ${limits}.`,
      };
    const problem = templateProblem(value);
    if (problem !== undefined)
      return {
        message: `${quoted(value)} cannot be filled in: ${problem}.`,
        fix: 'Correct the placeholder; {email|none} gives none to users whose email is missing or not allowed.',
      };
    const parsed = parseTemplate(value);
    // Text around placeholders goes to AWS as it stands; alternatives do too.
    const around = parsed.filter(part => typeof part === 'string');
    const shortest = around.length === parsed.length ? field.shortest : 0;
    if (
      fits(around.join(''), { ...field, shortest }) &&
      literalsOf(parsed).every(text => fits(text, { ...field, shortest: 0 }))
    )
      return undefined;
    return {
      message: `${quoted(value)} contains text that AWS does not accept here.`,
      fix: `Use ${limits}.`,
    };
  });
}

export const tagTemplate = () =>
  template(TAG_VALUE, 'at most 256 letters, digits, spaces and _.:/=+-@');

export const sourceIdentityTemplate = () =>
  template(SOURCE_IDENTITY, '2 to 64 letters, digits and _+=,.@-, not beginning with aws:');

const POLICY_ARN = new RegExp(
  `^arn:(${PARTITIONS.join('|')}):iam::(aws|\\d{12}):policy/[\\w+=,.@/-]{1,512}$`,
);

export const policyArn = () =>
  word('policy ARN', value =>
    POLICY_ARN.test(value)
      ? undefined
      : {
          message: `${quoted(value)} is not the ARN of an IAM policy.`,
          fix: 'Write it whole, such as arn:aws:iam::aws:policy/ReadOnlyAccess.',
        },
  );

/**
 * Partition and owner of a policy ARN that was checked good; the owner is `aws` for AWS's own
 * policies.
 */
export function policyArnParts(arn: string): {
  readonly partition: string;
  readonly owner: string;
} {
  const [, partition = '', owner = ''] = POLICY_ARN.exec(arn) ?? [];
  return { partition, owner };
}

export const groupPattern = () =>
  word('group pattern', value => {
    const problem = groupPatternProblem(value);
    if (problem === undefined) return textProblem(value, 256);
    return {
      message: `${quoted(value)} cannot be used: ${problem}.`,
      fix: 'Write it like aws-{account}-{role}.',
    };
  });

// ---------------------------------------------------------------- references

/** Where a secret is: in an environment variable or in a file. */
export type SecretReference = { readonly env: string } | { readonly file: string };

const ENV_NAME = /^[A-Za-z_]\w{0,127}$/;

/**
 * Why a value is not a reference. Nothing of it is repeated, not even its keys: a secret may have
 * been written in their place.
 */
function referenceProblem(value: unknown): Problem | undefined {
  const fix = 'Write { env: NAME } or { file: PATH }, and put the secret there.';
  if (value === undefined) return { message: 'is missing.', fix };
  if (value === null) return { message: 'has no value.', fix };
  if (typeof value === 'string')
    return {
      message: 'is written into the file; a secret is never inline.',
      fix: `${fix} Replace the secret: it was in a file that others can read.`,
    };
  if (typeof value !== 'object' || Array.isArray(value))
    return { message: 'is not a reference to a secret.', fix };
  const [entry, ...more] = Object.entries(value);
  if (entry === undefined || more.length > 0 || (entry[0] !== 'env' && entry[0] !== 'file'))
    return { message: 'must have exactly one key, env or file.', fix };
  const [key, target] = entry;
  if (typeof target !== 'string' || textProblem(target, 4096) !== undefined)
    return { message: `has no text as its ${key}.`, fix };
  if (key === 'env' && !ENV_NAME.test(target))
    return {
      message: 'has an env that is not the name of an environment variable.',
      fix: 'Write a name of letters, digits and _, such as { env: OKTA_SECRET }.',
    };
  return undefined;
}

/** A reference to a secret; what it points at is read later. */
export const secret = () =>
  checked(z.unknown(), referenceProblem)
    .transform(value => value as SecretReference)
    .meta({ kind: '`{ env: NAME }` or `{ file: PATH }`' });

/** AssumeRole's ExternalId: 2 to 1224 of `[\w+=,.@:/-]` (STS API reference). */
export function externalIdProblem(value: string): Problem | undefined {
  if (/^[\w+=,.@:/-]{2,1224}$/.test(value)) return undefined;
  return {
    message: 'is not an external id.',
    fix: 'Write 2 to 1224 letters, digits and _+=,.@:/-.',
  };
}

/**
 * An external id is not a secret for AWS, so it may be written here; it can also be kept elsewhere
 * all the same.
 */
export const externalId = () =>
  checked(z.unknown(), value =>
    typeof value === 'string' ? externalIdProblem(value) : referenceProblem(value),
  )
    .transform(value => value as string | SecretReference)
    .meta({ kind: 'text, `{ env: NAME }` or `{ file: PATH }`' });

/** A path, relative to the configuration file's directory. */
export const filePath = () => word('path', value => textProblem(value, 4096));
