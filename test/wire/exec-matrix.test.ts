/** Some kinds of default profiles at every client; `npm run test:wire` has all of them. */
import { describeMatrix } from './exec-matrix.ts';

describeMatrix([
  'keys in the credentials file',
  'role_arn in [DEFAULT], which counts in every section',
]);
