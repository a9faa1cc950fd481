/** Every tool by profiles, and one login of the AWS CLI; `npm run test:wire` has all logins. */
import { describeTwoBridges } from './two-bridges.ts';

describeTwoBridges([{ suite: 'sid', form: 'sso-session' }]);
