/**
 * What `doctor` looks with: each section opens what it needs by itself, so that a lost key or a
 * store that is down is a finding and stops no other section.
 */
import type { Configuration } from '../config/configuration.ts';
import type { Clock } from '../core/ports.ts';
import type { Options } from '../operate/command.ts';
import { connectorsSection } from '../operate/doctor/connectors-section.ts';
import type { Practice } from '../operate/doctor/doctor.ts';
import type { Section } from '../operate/doctor/section.ts';
import { openAddressSection } from './doctor-address.ts';
import { openHostSection } from './doctor-host.ts';
import { openIamSection } from './doctor-iam.ts';
import { openProbesSection } from './doctor-probes.ts';
import { openProviderInspector } from './provider-inspector.ts';

export function composeForDoctor(configuration: Configuration, options: Options): Practice {
  const clock: Clock = { now: () => Date.now() };
  const iam = openIamSection(configuration, options, clock);
  const sections: readonly Section[] = [
    openHostSection(configuration, clock),
    connectorsSection(() => openProviderInspector(clock)),
    openAddressSection(configuration, clock),
    openProbesSection(configuration, options, clock),
    ...(iam === undefined ? [] : [iam]),
  ];
  return { configuration, sections, clock };
}
