/** The resource types of CloudFormation that are IAM's (its template reference). */
import { z } from 'zod';
import { placeOf } from '../accounts.ts';
import type { AccountIam } from '../iam/iam.ts';
import { createPolicy } from '../iam/managed-policies.ts';
import { createOidcProvider } from '../iam/oidc-providers.ts';
import { attachRolePolicy, createRole, putRolePolicy } from '../iam/role-changes.ts';
import { createSamlProvider } from '../iam/saml-providers.ts';
import { arns } from '../identifiers.ts';
import type { Role } from '../world.ts';
import { checked, type Json } from './json.ts';

/** What a template can ask of a resource that was made. */
export interface Made {
  /** What Ref gives. */
  readonly ref: string;
  /** What Fn::GetAtt gives, by name. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The ARN, or the name of what has none. */
  readonly id: string;
}

export interface ResourceType {
  /** `name` is for resources that state none. Throws `TemplateError`. */
  readonly make: (iam: AccountIam, properties: Json, name: string) => Made;
}

const seconds = z.coerce.number().int().optional();
const tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).default([]);
const texts = z.array(z.string()).default([]);
/** An object, or its JSON. */
const document = z
  .union([z.string(), z.record(z.string(), z.unknown())])
  .transform(value => (typeof value === 'string' ? value : JSON.stringify(value)));
const inlinePolicy = z.strictObject({ PolicyName: z.string(), PolicyDocument: document });
/** At least one, or the resource has no effect. */
const roles = z.array(z.string()).min(1);

const role = z.strictObject({
  RoleName: z.string().optional(),
  Path: z.string().optional(),
  Description: z.string().optional(),
  MaxSessionDuration: seconds,
  AssumeRolePolicyDocument: document,
  ManagedPolicyArns: texts,
  PermissionsBoundary: z.string().optional(),
  Policies: z.array(inlinePolicy).default([]),
  Tags: tags,
});

const samlProvider = z.strictObject({
  Name: z.string().optional(),
  SamlMetadataDocument: z.string(),
  Tags: tags,
});

const oidcProvider = z.strictObject({
  Url: z.string(),
  ClientIdList: texts,
  ThumbprintList: texts,
  Tags: tags,
});

const managedPolicy = z.strictObject({
  ManagedPolicyName: z.string().optional(),
  Path: z.string().optional(),
  Description: z.string().optional(),
  PolicyDocument: document,
  Roles: texts,
});

const policy = z.strictObject({ PolicyName: z.string(), PolicyDocument: document, Roles: roles });
const rolePolicy = z.strictObject({
  PolicyName: z.string(),
  PolicyDocument: document,
  RoleName: z.string(),
});

const RESOURCES: Readonly<Record<string, ResourceType>> = {
  'AWS::IAM::Role': {
    make: (iam, properties, name) => {
      const { RoleName = name, Policies, ManagedPolicyArns, ...input } = checked(role, properties);
      createRole(iam, { ...input, RoleName });
      for (const PolicyArn of ManagedPolicyArns) attachRolePolicy(iam, { RoleName, PolicyArn });
      for (const inline of Policies) putRolePolicy(iam, { RoleName, ...inline });
      const arn = arns.role(placeOf(iam.account), input.Path ?? '/', RoleName);
      const { uniqueId } = iam.world.roles.get(arn) as Role;
      return { ref: RoleName, attributes: { Arn: arn, RoleId: uniqueId }, id: arn };
    },
  },
  'AWS::IAM::SAMLProvider': {
    make: (iam, properties, name) => {
      const { Name = name, ...input } = checked(samlProvider, properties);
      createSamlProvider(iam, {
        Name,
        SAMLMetadataDocument: input.SamlMetadataDocument,
        Tags: input.Tags,
      });
      return madeAt(arns.samlProvider(placeOf(iam.account), Name));
    },
  },
  'AWS::IAM::OIDCProvider': {
    make: (iam, properties) => {
      const input = checked(oidcProvider, properties);
      createOidcProvider(iam, {
        Url: input.Url,
        ClientIDList: input.ClientIdList.map(id => ({ '': id })),
        ThumbprintList: input.ThumbprintList.map(thumbprint => ({ '': thumbprint })),
        Tags: input.Tags,
      });
      return madeAt(arns.oidcProvider(placeOf(iam.account), input.Url));
    },
  },
  'AWS::IAM::ManagedPolicy': {
    make: (iam, properties, name) => {
      const input = checked(managedPolicy, properties);
      const { ManagedPolicyName: PolicyName = name, Path, Description, PolicyDocument } = input;
      createPolicy(iam, { PolicyName, Path, Description, PolicyDocument });
      const PolicyArn = arns.policy(placeOf(iam.account), Path ?? '/', PolicyName);
      for (const RoleName of input.Roles) attachRolePolicy(iam, { RoleName, PolicyArn });
      return madeAt(PolicyArn, { PolicyArn });
    },
  },
  'AWS::IAM::Policy': {
    make: (iam, properties) => {
      const { Roles, ...inline } = checked(policy, properties);
      for (const RoleName of Roles) putRolePolicy(iam, { RoleName, ...inline });
      return { ref: inline.PolicyName, attributes: {}, id: inline.PolicyName };
    },
  },
  'AWS::IAM::RolePolicy': {
    make: (iam, properties) => {
      const inline = checked(rolePolicy, properties);
      putRolePolicy(iam, inline);
      return { ref: inline.PolicyName, attributes: {}, id: inline.PolicyName };
    },
  },
};

/** Undefined for a type that is not simulated. */
export function resourceType(name: string): ResourceType | undefined {
  return Object.hasOwn(RESOURCES, name) ? RESOURCES[name] : undefined;
}

export const RESOURCE_TYPES: readonly string[] = Object.keys(RESOURCES);

function madeAt(arn: string, attributes: Readonly<Record<string, string>> = { Arn: arn }): Made {
  return { ref: arn, attributes, id: arn };
}
