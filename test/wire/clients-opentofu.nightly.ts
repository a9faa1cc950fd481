/** OpenTofu by every dialect: its build is too slow for CI. */
import { openTofu } from '../support/aws-clients.ts';
import { DIALECTS } from '../support/compatibility.ts';
import { describeClients } from './clients-matrix.ts';

for (const dialect of DIALECTS) describeClients(dialect, [openTofu()]);
