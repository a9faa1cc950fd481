/** The resource types of Terraform's AWS provider that are IAM's (its documentation). */
import { z } from 'zod';
import { placeOf } from '../accounts.ts';
import type { AccountIam } from '../iam/iam.ts';
import { roleNamed } from '../iam/iam.ts';
import { createPolicy } from '../iam/managed-policies.ts';
import {
  addClientId,
  createOidcProvider,
  removeClientId,
  tagOidcProvider,
  untagOidcProvider,
  updateThumbprints,
} from '../iam/oidc-providers.ts';
import {
  attachRolePolicy,
  createRole,
  deleteRolePermissionsBoundary,
  putRolePermissionsBoundary,
  putRolePolicy,
  tagRole,
  untagRole,
  updateAssumeRolePolicy,
  updateRole,
} from '../iam/role-changes.ts';
import {
  createSamlProvider,
  tagSamlProvider,
  untagSamlProvider,
  updateSamlProvider,
} from '../iam/saml-providers.ts';
import { arns, withoutScheme } from '../identifiers.ts';
import { checked, type Json } from './json.ts';
import { mistake } from './template-error.ts';

/** What a file can ask of a resource that was made. */
export interface TerraformMade {
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A resource that exists, as an `import` block names it. */
export interface Import {
  readonly id: string;
  /** Attributes that `lifecycle.ignore_changes` leaves alone. */
  readonly ignored: ReadonlySet<string>;
}

export interface TerraformType {
  /** Throws `TemplateError`. */
  readonly make: (iam: AccountIam, attributes: Json) => TerraformMade;
  /** Undefined: an import of it is not simulated. Throws `TemplateError`. */
  readonly adopt?: (iam: AccountIam, attributes: Json, existing: Import) => TerraformMade;
}

const tags = z.record(z.string(), z.string()).optional();
const texts = z.array(z.string()).default([]);

const role = z.strictObject({
  name: z.string(),
  path: z.string().default('/'),
  description: z.string().optional(),
  max_session_duration: z.coerce.number().int().default(3600),
  permissions_boundary: z.string().optional(),
  assume_role_policy: z.string(),
  managed_policy_arns: texts,
  force_detach_policies: z.boolean().optional(),
  tags,
});

const samlProvider = z.strictObject({
  name: z.string(),
  saml_metadata_document: z.string(),
  tags,
});

const oidcProvider = z.strictObject({
  url: z.string(),
  client_id_list: z.array(z.string()).min(1),
  thumbprint_list: z.array(z.string()).optional(),
  tags,
});

const rolePolicy = z.strictObject({ name: z.string(), role: z.string(), policy: z.string() });
const attachment = z.strictObject({ role: z.string(), policy_arn: z.string() });
const policy = z.strictObject({
  name: z.string(),
  path: z.string().default('/'),
  description: z.string().optional(),
  policy: z.string(),
});

const RESOURCES: Readonly<Record<string, TerraformType>> = {
  aws_iam_role: { make: makeRole, adopt: adoptRole },
  aws_iam_saml_provider: {
    make: (iam, attributes) => {
      const { name, saml_metadata_document, tags: given } = checked(samlProvider, attributes);
      const document = { SAMLMetadataDocument: saml_metadata_document };
      createSamlProvider(iam, { Name: name, ...document, Tags: tagList(given) });
      return samlMade(iam, name);
    },
    adopt: adoptSamlProvider,
  },
  aws_iam_openid_connect_provider: {
    make: (iam, attributes) => {
      const input = checked(oidcProvider, attributes);
      createOidcProvider(iam, {
        Url: input.url,
        ClientIDList: input.client_id_list.map(id => ({ '': id })),
        ThumbprintList: (input.thumbprint_list ?? []).map(thumbprint => ({ '': thumbprint })),
        Tags: tagList(input.tags),
      });
      return oidcMade(iam, input.url);
    },
    adopt: adoptOidcProvider,
  },
  aws_iam_role_policy: {
    make: (iam, attributes) => {
      const { name, role: RoleName, policy: PolicyDocument } = checked(rolePolicy, attributes);
      putRolePolicy(iam, { RoleName, PolicyName: name, PolicyDocument });
      return madeAt(`${RoleName}:${name}`, { name, role: RoleName });
    },
  },
  aws_iam_role_policy_attachment: {
    make: (iam, attributes) => {
      const { role: RoleName, policy_arn: PolicyArn } = checked(attachment, attributes);
      attachRolePolicy(iam, { RoleName, PolicyArn });
      return madeAt(`${RoleName}/${PolicyArn}`, { role: RoleName, policy_arn: PolicyArn });
    },
  },
  aws_iam_policy: {
    make: (iam, attributes) => {
      const input = checked(policy, attributes);
      const { name, path, description, policy: PolicyDocument } = input;
      createPolicy(iam, { PolicyName: name, Path: path, Description: description, PolicyDocument });
      const arn = arns.policy(placeOf(iam.account), path, name);
      return madeAt(arn, { arn, name, path });
    },
  },
};

/** Undefined for a type that is not simulated. */
export function terraformType(name: string): TerraformType | undefined {
  return Object.hasOwn(RESOURCES, name) ? RESOURCES[name] : undefined;
}

export const TERRAFORM_TYPES: readonly string[] = Object.keys(RESOURCES);

function makeRole(iam: AccountIam, attributes: Json): TerraformMade {
  const input = checked(role, attributes);
  createRole(iam, {
    RoleName: input.name,
    Path: input.path,
    Description: input.description,
    MaxSessionDuration: input.max_session_duration,
    PermissionsBoundary: input.permissions_boundary,
    AssumeRolePolicyDocument: input.assume_role_policy,
    Tags: tagList(input.tags),
  });
  for (const PolicyArn of input.managed_policy_arns)
    attachRolePolicy(iam, { RoleName: input.name, PolicyArn });
  return roleMade(iam, input.name);
}

/**
 * What the file does not state goes back to its default, as Terraform does, unless it is ignored.
 */
function adoptRole(iam: AccountIam, attributes: Json, { id, ignored }: Import): TerraformMade {
  const input = checked(role, attributes);
  const existing = roleNamed(iam, id);
  const RoleName = existing.name;
  refuseReplacement('name', existing.name, input.name);
  if (!ignored.has('path')) refuseReplacement('path', existing.path, input.path);
  if (!ignored.has('assume_role_policy'))
    updateAssumeRolePolicy(iam, { RoleName, PolicyDocument: input.assume_role_policy });
  updateRole(iam, {
    RoleName,
    Description: ignored.has('description') ? undefined : (input.description ?? ''),
    MaxSessionDuration: ignored.has('max_session_duration')
      ? existing.maxSessionDuration
      : input.max_session_duration,
  });
  if (!ignored.has('permissions_boundary')) adoptBoundary(iam, RoleName, input);
  if (!ignored.has('tags')) {
    untagRole(iam, { RoleName, TagKeys: keysOf(existing.tags) });
    tagRole(iam, { RoleName, Tags: tagList(input.tags) });
  }
  for (const PolicyArn of input.managed_policy_arns) attachRolePolicy(iam, { RoleName, PolicyArn });
  return roleMade(iam, RoleName);
}

function adoptBoundary(
  iam: AccountIam,
  RoleName: string,
  { permissions_boundary: boundary }: z.output<typeof role>,
): void {
  if (boundary !== undefined)
    putRolePermissionsBoundary(iam, { RoleName, PermissionsBoundary: boundary });
  else if (roleNamed(iam, RoleName).permissionsBoundary !== undefined)
    deleteRolePermissionsBoundary(iam, { RoleName });
}

function adoptSamlProvider(
  iam: AccountIam,
  attributes: Json,
  { id, ignored }: Import,
): TerraformMade {
  const { name, saml_metadata_document, tags: given } = checked(samlProvider, attributes);
  const existing = iam.world.samlProviders.get(id);
  if (existing === undefined) throw unknownImport(id);
  refuseReplacement('name', existing.name, name);
  if (!ignored.has('saml_metadata_document'))
    updateSamlProvider(iam, {
      SAMLProviderArn: id,
      SAMLMetadataDocument: saml_metadata_document,
      AssertionEncryptionMode: undefined,
      AddPrivateKey: undefined,
      RemovePrivateKey: undefined,
    });
  if (!ignored.has('tags')) {
    const provider = { SAMLProviderArn: id };
    untagSamlProvider(iam, { ...provider, TagKeys: keysOf(existing.tags) });
    tagSamlProvider(iam, { ...provider, Tags: tagList(given) });
  }
  return samlMade(iam, name);
}

function adoptOidcProvider(
  iam: AccountIam,
  attributes: Json,
  { id, ignored }: Import,
): TerraformMade {
  const input = checked(oidcProvider, attributes);
  const existing = iam.world.oidcProviders.get(id);
  if (existing === undefined) throw unknownImport(id);
  const provider = { OpenIDConnectProviderArn: id };
  refuseReplacement('url', withoutScheme(existing.issuer), withoutScheme(input.url));
  if (!ignored.has('client_id_list')) {
    const wanted = new Set(input.client_id_list);
    for (const ClientID of wanted) addClientId(iam, { ...provider, ClientID });
    for (const ClientID of existing.clientIds)
      if (!wanted.has(ClientID)) removeClientId(iam, { ...provider, ClientID });
  }
  if (!ignored.has('thumbprint_list') && input.thumbprint_list !== undefined)
    updateThumbprints(iam, {
      ...provider,
      ThumbprintList: input.thumbprint_list.map(thumbprint => ({ '': thumbprint })),
    });
  if (!ignored.has('tags')) {
    untagOidcProvider(iam, { ...provider, TagKeys: keysOf(existing.tags) });
    tagOidcProvider(iam, { ...provider, Tags: tagList(input.tags) });
  }
  return oidcMade(iam, input.url);
}

function unknownImport(id: string): Error {
  return mistake(`cannot import ${id}: it does not exist`);
}

function refuseReplacement(attribute: string, existing: string, wanted: string): void {
  if (existing !== wanted)
    throw mistake(
      `${attribute} is ${wanted}, but the imported resource has ${existing}: Terraform would replace it`,
    );
}

function roleMade(iam: AccountIam, name: string): TerraformMade {
  const { arn, path, uniqueId } = roleNamed(iam, name);
  return { id: arn, attributes: { id: name, name, arn, path, unique_id: uniqueId } };
}

function samlMade({ account }: AccountIam, name: string): TerraformMade {
  const arn = arns.samlProvider(placeOf(account), name);
  return madeAt(arn, { arn, name });
}

function oidcMade({ account }: AccountIam, url: string): TerraformMade {
  const arn = arns.oidcProvider(placeOf(account), url);
  return madeAt(arn, { arn, url: withoutScheme(url) });
}

function madeAt(id: string, attributes: Readonly<Record<string, string>>): TerraformMade {
  return { id, attributes: { id, ...attributes } };
}

function keysOf(tagged: Readonly<Record<string, string>>): { '': string }[] {
  return Object.keys(tagged).map(key => ({ '': key }));
}

function tagList(given: Readonly<Record<string, string>> = {}): { Key: string; Value: string }[] {
  return Object.entries(given).map(([Key, Value]) => ({ Key, Value }));
}
