/** The grammar of `elevation` of an access rule. */
import { z } from 'zod';
import { SHORTEST_ELEVATION, type TicketTerms } from '../core/elevation-terms.ts';
import { isTagKey, MAX_DURATION } from '../core/session.ts';
import { DAY, HOUR } from '../core/time.ts';
import { atLeastOne } from './connector-schema.ts';
import { type Problem, quoted } from './problems.ts';
import { people } from './selector-schema.ts';
import { checked, choice, compact, duration, wholeNumber, word } from './values.ts';

/** Stands for no tag. */
export const NO_TAG = 'none';
const PROJECT = /^[A-Z][A-Z0-9_]{0,31}$/;
const MAX_PROJECTS = 50;

const approvers = z.strictObject({
  ...people,
  count: wholeNumber(1, 10)
    .prefault(1)
    .describe('How many different users of these groups must approve.'),
});

const breakGlass = z.strictObject({
  ...people,
  review: duration({ min: HOUR, max: 30 * DAY })
    .prefault('24h')
    .describe(
      'Another user must review each use within this time; an approver of the rule or an administrator can. Notifications of an overdue review are repeated every day.',
    ),
});

const WRITE_TICKET =
  'Write any, or { projects: [OPS] } with the projects whose tickets are accepted.';

function ticketProblem(value: unknown): Problem | undefined {
  if (value === undefined || value === 'any') return undefined;
  if (value === null) return { message: 'has no value.', fix: WRITE_TICKET };
  if (typeof value !== 'object' || Array.isArray(value))
    return { message: 'is neither any nor a map of projects.', fix: WRITE_TICKET };
  const { projects, ...more } = value as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined)
    return { message: `contains ${quoted(unknown)}, which is not a key here.`, fix: WRITE_TICKET };
  if (!Array.isArray(projects) || projects.length === 0)
    return { message: 'has no list of projects.', fix: WRITE_TICKET };
  if (projects.length > MAX_PROJECTS)
    return { message: `has more than ${MAX_PROJECTS} projects.`, fix: 'Write any, or fewer.' };
  const wrong = projects.find(project => typeof project !== 'string' || !PROJECT.test(project));
  if (wrong === undefined) return undefined;
  return {
    message: `contains ${typeof wrong === 'string' ? quoted(wrong) : 'something'}, which is not the key of a project.`,
    fix: 'Write 1 to 32 capital letters, digits and underscores, beginning with a letter: OPS for tickets such as OPS-123.',
  };
}

function ticketTerms(value: unknown): TicketTerms | undefined {
  if (value === undefined) return undefined;
  if (value === 'any') return { kind: 'any' };
  return { kind: 'projects', projects: (value as { projects: readonly string[] }).projects };
}

const ticket = () =>
  checked(z.unknown(), ticketProblem)
    .transform(ticketTerms)
    .meta({ kind: '`any` or `{ projects: [OPS] }`' });

const tag = () =>
  word('session tag key, or `none`', value =>
    isTagKey(value)
      ? undefined
      : {
          message: `${quoted(value)} is not a tag key.`,
          fix: `Use 1 to 128 letters, digits, spaces and _.:/=+-@, not beginning with aws:, or write ${NO_TAG}.`,
        },
  );

export const elevation = z.strictObject({
  approvers: atLeastOne(approvers, 'entry with groups').meta({
    description:
      'Who approves. Every entry is required, and each user fills one place of one entry. The requester never counts. Accounts with the same e-mail or user name count as one user, whatever connectors they come from.',
    example: '[{ groups: [aws-approvers] }]',
  }),
  longest: duration({
    min: SHORTEST_ELEVATION,
    max: MAX_DURATION,
    because: `STS gives at most ${compact(MAX_DURATION)}`,
  }).meta({
    description:
      'The longest time that a user can request, and approvers can give. It is limited by the length of a session: `session.duration`, or one hour behind a hub.',
    example: '4h',
  }),
  reason: choice(['required', 'optional'])
    .prefault('required')
    .describe('Whether a request must contain a reason.'),
  ticket: ticket().optional().meta({
    description:
      'A request must contain a ticket: of these projects (`OPS-123`), or `any` text without spaces.',
    default: 'none: tickets are not used',
  }),
  breakGlass: breakGlass.optional().meta({
    description:
      'Eligible users who are also in these groups can use the roles at once, without an approval, with a reason. All `notifications` targets are notified, and another user must review it.',
    default: 'none: every request waits for approvers',
  }),
  tag: tag()
    .prefault('ElevationId')
    .describe(
      `Key of the session tag that contains the id of the elevation, so that CloudTrail names it. \`${NO_TAG}\` leaves it out. The role must allow \`sts:TagSession\`. Accounts with \`trust: corporate-...\` get no tag, because the bridge does not issue their assertions.`,
    ),
});
