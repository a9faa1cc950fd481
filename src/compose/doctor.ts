/**
 * What `doctor` looks with: each section opens what it needs by itself, so that a lost key or a
 * store that is down is a finding and stops no other section.
 */
import type { Configuration } from '../config/configuration.ts';
import type { Practice } from '../operate/doctor/doctor.ts';
import type { Section } from '../operate/doctor/section.ts';

export function composeForDoctor(configuration: Configuration): Practice {
  const sections: readonly Section[] = [];
  return { configuration, sections, clock: { now: () => Date.now() } };
}
