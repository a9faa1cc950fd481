/**
 * `npm run bench`: what the bridge costs, as ratios against a floor that is timed in the same run.
 *
 * `npm run bench -- NAME...` measures some groups of rows alone. `npm run bench -- --profile NAME`
 * also prints in which functions their CPU time is spent.
 *
 * A floor is the least that the task costs by itself (the lookups, the signatures, the bytes).
 * Absolute figures are of this machine only.
 */
import { parseArgs } from 'node:util';
import { measurePortal, measureRoleCredentials } from './answers.ts';
import { measureAwsTools } from './aws-tools.ts';
import { measureClient } from './client.ts';
import { measureElevations } from './elevations.ts';
import { measureFrontDoor } from './front-door.ts';
import { measureHandOut } from './hand-outs.ts';
import { measureRefresh } from './identity-refresh.ts';
import { measureOrganization } from './organization.ts';
import { measurePolicy } from './policy.ts';
import { runProfiled } from './profile.ts';
import { measureRoleQuestions } from './role-questions.ts';
import { measureStalls } from './stalls.ts';
import type { Comparison } from './stopwatch.ts';
import { measureWorkloads } from './workloads.ts';

/** Groups of rows by name. */
const GROUPS: Readonly<Record<string, () => Promise<Comparison | readonly Comparison[]>>> = {
  policy: measurePolicy,
  organization: measureOrganization,
  'front-door': measureFrontDoor,
  portal: measurePortal,
  'role-credentials': measureRoleCredentials,
  'hand-out-saml': () => measureHandOut('saml'),
  'hand-out-saml-assertion': () => measureHandOut('saml-assertion'),
  'hand-out-web-identity': () => measureHandOut('web-identity'),
  refresh: measureRefresh,
  elevations: measureElevations,
  'role-questions': measureRoleQuestions,
  workloads: measureWorkloads,
  stalls: measureStalls,
  client: measureClient,
  'aws-tools': measureAwsTools,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { profile: { type: 'string' } },
});
const asked = values.profile === undefined ? positionals : [values.profile];
const unknown = asked.filter(name => !Object.hasOwn(GROUPS, name));
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. Rows are: ${Object.keys(GROUPS).join(', ')}.`);
  process.exitCode = 2;
} else if (values.profile !== undefined) {
  await runProfiled([process.argv[1]!, values.profile]);
} else {
  const names = asked.length === 0 ? Object.keys(GROUPS) : asked;
  const results: Comparison[] = [];
  for (const name of names) results.push(...[await GROUPS[name]!()].flat());
  results.forEach(print);
}

function print(result: Comparison): void {
  const { name, milliseconds, floorName, floorMilliseconds, ratio, note } = result;
  console.log(
    `\n${name}\n  ${milliseconds.toFixed(3)} ms, ${ratio.toFixed(2)} x the floor${note === undefined ? '' : ` (${note})`}\n  floor: ${floorName}, ${floorMilliseconds.toFixed(3)} ms`,
  );
}
