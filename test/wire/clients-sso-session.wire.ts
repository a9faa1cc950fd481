/** AWS clients by the dialect sso-session. */
import { awsClients, moreAwsClients, rclone } from '../support/aws-clients.ts';
import { describeClients } from './clients-matrix.ts';

describeClients('sso-session', [...awsClients(), ...moreAwsClients(), rclone()]);
