/** Builds the session settings of a rule from the checked document. */
import { DEFAULT_DURATION, type SessionSettings } from '../core/session.ts';
import { parseTemplate } from '../core/template.ts';
import type { References } from './references.ts';
import type { Document } from './schema.ts';
import type { TemplateOwner } from './template-values.ts';

/** That of users has more keys than that of workloads. */
type DocumentSession = Document['access'][number]['session'];

/** `owner` fills the templates. */
export function sessionSettings(
  written: DocumentSession,
  { placeholders }: TemplateOwner,
  references: References,
): SessionSettings {
  const { duration, console: consoleSeconds, sourceIdentity, tags, policy } = written;
  const optionalTags = Object.keys(tags).filter(key => tags[key]?.optional);
  return {
    durationSeconds: duration ?? DEFAULT_DURATION,
    consoleSeconds,
    sourceIdentity:
      sourceIdentity === undefined ? undefined : parseTemplate(sourceIdentity, placeholders),
    tags: Object.fromEntries(
      Object.entries(tags).map(([key, { value }]) => [key, parseTemplate(value, placeholders)]),
    ),
    ...(optionalTags.length > 0 && { optionalTags }),
    transitiveTags: written.transitiveTags,
    policyArns: written.policyArns,
    policy: policy && references.textOf(policy),
  };
}
