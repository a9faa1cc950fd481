/** `npm run test:wire`: every kind of default profile. exec-matrix.test.ts has some of them. */
import { describeMatrix, KINDS } from './exec-matrix.ts';

describeMatrix(Object.keys(KINDS));
