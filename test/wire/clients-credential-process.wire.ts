/** AWS clients by the dialect credential_process. */
import { awsClients, moreAwsClients, rclone } from '../support/aws-clients.ts';
import { describeClients } from './clients-matrix.ts';

describeClients('credential_process', [...awsClients(), ...moreAwsClients(), rclone()]);
