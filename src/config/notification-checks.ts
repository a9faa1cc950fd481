/** Checks of `notifications`: one kind for each target, one target for each id, and who is told. */
import { NOTIFICATION_KINDS } from './notification-schema.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';

type ReadableTarget = NonNullable<Readable<Document['notifications'][number]>>;

export function* notificationProblems({
  notifications = [],
}: Readable<Document>): Generator<ProblemAt> {
  const ids = new Map<string, number>();
  for (const [index, target] of notifications.entries()) {
    if (target === undefined) continue;
    const path: Path = ['notifications', index];
    yield* kindProblems(target, path);
    yield* addressProblems(target, path);
    const { id } = target;
    if (id === undefined) continue;
    const before = ids.get(id);
    if (before !== undefined)
      yield {
        path: [...path, 'id'],
        message: `${quoted(id)} is already the id of notifications[${before}].`,
        fix: 'Give each target its own id.',
      };
    else ids.set(id, index);
  }
}

function* kindProblems(target: ReadableTarget, path: Path): Generator<ProblemAt> {
  const [kind, ...more] = NOTIFICATION_KINDS.filter(key => isWritten(target, key));
  if (kind === undefined)
    yield {
      path,
      message: `has none of ${NOTIFICATION_KINDS.join(', ')}.`,
      fix: 'Add one of them.',
    };
  for (const other of more)
    yield {
      path: [...path, other],
      message: `cannot be combined with ${kind}.`,
      fix: 'Give it a target of its own, with another id.',
    };
}

function* addressProblems({ email }: ReadableTarget, path: Path): Generator<ProblemAt> {
  if (email === undefined || isWritten(email, 'to')) return;
  yield {
    path: [...path, 'email'],
    message: 'has no to, so requesters are notified of their own requests, and no approver is.',
    fix: 'Add to: [address] with the mailboxes of your approvers, or to: [] if this is intended.',
    warning: true,
  };
}

/** Whether some target is read by others than requesters. One with its own problems counts. */
export function tellsOthers(document: Readable<Document>): boolean {
  const { notifications } = document;
  if (notifications === undefined) return isWritten(document, 'notifications');
  return notifications.some(target => {
    const email = target?.email;
    return email === undefined || (isWritten(email, 'to') && email.to?.length !== 0);
  });
}
