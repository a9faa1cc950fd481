/**
 * The people of the demo. Both corporate identity providers know the same four; a password is the
 * user name.
 *
 * Each stands for a case that a federation must get right: a user with many rights, one with some,
 * one with none, and one with so many groups that tokens and assertions grow large.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

export interface Person {
  readonly username: string;
  readonly password: string;
  readonly displayName: string;
  readonly email: string;
  readonly department: string;
  readonly groups: readonly string[];
}

const DIVISIONS = [
  'finance',
  'legal',
  'logistics',
  'marketing',
  'people',
  'procurement',
  'research',
  'sales',
  'security',
  'support',
];
const PLACES = ['amsterdam', 'berlin', 'chicago', 'dublin', 'lisbon', 'milan', 'osaka', 'porto'];
const LISTS = ['all', 'leads', 'news'];

/** 238 groups such as a grown directory has: none of them means anything to the bridge. */
const DIRECTORY_GROUPS = DIVISIONS.flatMap(division =>
  PLACES.flatMap(place => LISTS.map(list => `${division}-${place}-${list}`)),
).slice(0, 238);

export const PEOPLE: readonly Person[] = [
  person('alice', 'Alice Adams', 'Platform', ['aws-admins', 'developers']),
  person('bob', 'Bob Brandt', 'Payments', ['developers']),
  person('carol', 'Carol Chen', 'Accounting', []),
  person('dave', 'Dave Duarte', 'Research', [
    ...DIRECTORY_GROUPS,
    'developers',
    'aws-staging-ReadOnly',
  ]),
];

function person(
  username: string,
  displayName: string,
  department: string,
  groups: readonly string[],
): Person {
  return {
    username,
    password: username,
    displayName,
    email: `${username}@acme.example`,
    department,
    groups,
  };
}

/**
 * The person whose user name and password these are; undefined for a wrong name and for a wrong
 * password alike.
 */
export function personWithPassword(
  people: readonly Person[],
  username: unknown,
  password: unknown,
): Person | undefined {
  if (typeof username !== 'string' || typeof password !== 'string') return undefined;
  const person = people.find(candidate => candidate.username === username);
  // Compared as digests, so that neither length nor content shows in the time it takes.
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(password), digest(person?.password ?? '')) ? person : undefined;
}
