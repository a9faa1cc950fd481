/** The grammar of `audit`. */
import { z } from 'zod';
import { DAY } from '../core/time.ts';
import { filePath } from './reference-values.ts';
import { duration } from './values.ts';

export const audit = z.strictObject({
  retention: duration({ min: 30 * DAY, max: 36_500 * DAY })
    .optional()
    .meta({
      description:
        'Audit events that are older are written to `archive.directory` and then removed from the database, whole days (UTC) at a time. Without it, the database keeps all.',
      example: '400d',
    }),
  archive: z
    .strictObject({
      directory: filePath().describe(
        'The directory of the archives, which several instances share. Its parent must exist. Archives are never changed or removed.',
      ),
    })
    .optional()
    .describe(
      'Where audit events go that are older than `retention` ([archives](audit-events.md#retention-and-archives)). Required by `retention`.',
    ),
});
