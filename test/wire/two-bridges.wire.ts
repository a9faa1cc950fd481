/**
 * `npm run test:wire`: every login of both releases of the AWS CLI. two-bridges.test.ts has one of
 * them.
 */
import { describeTwoBridges, LOGINS } from './two-bridges.ts';

describeTwoBridges(LOGINS);
