/** AWS clients by the dialect container. */
import { awsClients, moreAwsClients, rclone } from '../support/aws-clients.ts';
import { describeClients } from './clients-matrix.ts';

describeClients('container', [...awsClients(), ...moreAwsClients(), rclone()]);
