/** Events that targets are told of: one of each type, and one by users who are hostile. */
import type { Elevation } from '../../src/core/elevation.ts';
import type { ElevationNotification, Telling } from '../../src/core/elevation-notice.ts';
import type { NotificationTarget } from '../../src/core/ports.ts';
import { ofEveryState, waitingOf } from '../contracts/elevation-samples.ts';

export const urlOf = (id: string): string => `https://aws.example.com/elevations/${id}`;

export const eventsOf = (elevation: Elevation): ElevationNotification[] =>
  elevation.events.map(event => ({ request: elevation, event }));

/** Every event of elevations in every state. */
export const ofEveryType = (): ElevationNotification[] => ofEveryState().flatMap(eventsOf);

/** Breaks lines and markup of each medium, mentions everybody, and is far too long. */
export const HOSTILE =
  'x\r\nBcc: victim@example.com\r\n\r\n<img src=x onerror=alert(1)> <!channel> <https://evil.example|Approve> ' +
  `&lt;b&gt; "quoted" *bold* \u001b[31m \u202e ${'long '.repeat(1000)}`;

export const hostileEvent = (): ElevationNotification => {
  const { requester } = waitingOf();
  const party = { ...requester, username: HOSTILE, displayName: HOSTILE };
  return eventsOf(
    waitingOf({ requester: party, accountName: HOSTILE, rule: HOSTILE, reason: HOSTILE }),
  )[0]!;
};

const unlimited = new AbortController().signal;

export const tellEach = async (
  target: NotificationTarget,
  notifications: readonly ElevationNotification[],
): Promise<Telling[]> => {
  const outcomes: Telling[] = [];
  for (const notification of notifications)
    outcomes.push(await target.tell(notification, unlimited));
  return outcomes;
};
