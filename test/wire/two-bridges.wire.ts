/** Two bridges in one `~/.aws`, with every login of both releases of the AWS CLI. */
import { describeTwoBridges, LOGINS } from './two-bridges.ts';

describeTwoBridges(LOGINS);
