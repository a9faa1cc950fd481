/** Every operation of IAM: the resource that policies see, and what it does. */
import { placeOf } from '../accounts.ts';
import { arns } from '../identifiers.ts';
import type { XmlTree } from '../xml-writer.ts';
import { getAccountAuthorizationDetails } from './account-details.ts';
import { type AccountIam, roleArn } from './iam.ts';
import type { IamAction, IamInput } from './iam-shapes.ts';
import { createPolicy, deletePolicy, getPolicy, getPolicyVersion } from './managed-policies.ts';
import {
  addClientId,
  createOidcProvider,
  deleteOidcProvider,
  getOidcProvider,
  listOidcProviders,
  removeClientId,
  tagOidcProvider,
  untagOidcProvider,
  updateThumbprints,
} from './oidc-providers.ts';
import {
  attachRolePolicy,
  createRole,
  deleteRole,
  deleteRolePermissionsBoundary,
  deleteRolePolicy,
  detachRolePolicy,
  putRolePermissionsBoundary,
  putRolePolicy,
  tagRole,
  untagRole,
  updateAssumeRolePolicy,
  updateRole,
} from './role-changes.ts';
import {
  getRole,
  getRolePolicy,
  listAttachedRolePolicies,
  listRolePolicies,
  listRoles,
  listRoleTags,
} from './role-reads.ts';
import {
  createSamlProvider,
  deleteSamlProvider,
  getSamlProvider,
  listSamlProviders,
  tagSamlProvider,
  untagSamlProvider,
  updateSamlProvider,
} from './saml-providers.ts';

export interface IamOperation<A extends IamAction> {
  readonly resource: (iam: AccountIam, input: IamInput<A>) => string;
  readonly run: (
    iam: AccountIam,
    input: IamInput<A>,
  ) => XmlTree | undefined | Promise<XmlTree | undefined>;
}

const everything = (): string => '*';
const all =
  (kind: string) =>
  ({ account }: AccountIam): string =>
    `arn:${account.partition.name}:iam::${account.id}:${kind}`;
const samlProvider = (_iam: AccountIam, input: { readonly SAMLProviderArn: string }): string =>
  input.SAMLProviderArn;
const oidcProvider = (
  _iam: AccountIam,
  input: { readonly OpenIDConnectProviderArn: string },
): string => input.OpenIDConnectProviderArn;
const policy = (_iam: AccountIam, input: { readonly PolicyArn: string }): string => input.PolicyArn;

export const IAM_OPERATIONS: { readonly [A in IamAction]: IamOperation<A> } = {
  GetAccountAuthorizationDetails: { resource: everything, run: getAccountAuthorizationDetails },
  ListRoles: {
    resource: (iam, { PathPrefix = '/' }) => all(`role${PathPrefix}`)(iam),
    run: listRoles,
  },
  GetRole: { resource: roleArn, run: getRole },
  ListRolePolicies: { resource: roleArn, run: listRolePolicies },
  GetRolePolicy: { resource: roleArn, run: getRolePolicy },
  ListAttachedRolePolicies: { resource: roleArn, run: listAttachedRolePolicies },
  ListRoleTags: { resource: roleArn, run: listRoleTags },
  CreateRole: {
    resource: ({ account }, { Path = '/', RoleName }) =>
      arns.role(placeOf(account), Path, RoleName),
    run: createRole,
  },
  UpdateAssumeRolePolicy: { resource: roleArn, run: updateAssumeRolePolicy },
  UpdateRole: { resource: roleArn, run: updateRole },
  PutRolePermissionsBoundary: { resource: roleArn, run: putRolePermissionsBoundary },
  DeleteRolePermissionsBoundary: { resource: roleArn, run: deleteRolePermissionsBoundary },
  DeleteRole: { resource: roleArn, run: deleteRole },
  TagRole: { resource: roleArn, run: tagRole },
  UntagRole: { resource: roleArn, run: untagRole },
  PutRolePolicy: { resource: roleArn, run: putRolePolicy },
  DeleteRolePolicy: { resource: roleArn, run: deleteRolePolicy },
  AttachRolePolicy: { resource: roleArn, run: attachRolePolicy },
  DetachRolePolicy: { resource: roleArn, run: detachRolePolicy },
  CreatePolicy: {
    resource: ({ account }, { Path = '/', PolicyName }) =>
      arns.policy(placeOf(account), Path, PolicyName),
    run: createPolicy,
  },
  GetPolicy: { resource: policy, run: getPolicy },
  GetPolicyVersion: { resource: policy, run: getPolicyVersion },
  DeletePolicy: { resource: policy, run: deletePolicy },
  ListSAMLProviders: { resource: all('saml-provider/*'), run: listSamlProviders },
  GetSAMLProvider: { resource: samlProvider, run: getSamlProvider },
  CreateSAMLProvider: {
    resource: ({ account }, { Name }) => arns.samlProvider(placeOf(account), Name),
    run: createSamlProvider,
  },
  UpdateSAMLProvider: { resource: samlProvider, run: updateSamlProvider },
  DeleteSAMLProvider: { resource: samlProvider, run: deleteSamlProvider },
  TagSAMLProvider: { resource: samlProvider, run: tagSamlProvider },
  UntagSAMLProvider: { resource: samlProvider, run: untagSamlProvider },
  ListOpenIDConnectProviders: { resource: all('oidc-provider/*'), run: listOidcProviders },
  GetOpenIDConnectProvider: { resource: oidcProvider, run: getOidcProvider },
  CreateOpenIDConnectProvider: {
    resource: ({ account }, { Url }) => arns.oidcProvider(placeOf(account), Url),
    run: createOidcProvider,
  },
  AddClientIDToOpenIDConnectProvider: { resource: oidcProvider, run: addClientId },
  RemoveClientIDFromOpenIDConnectProvider: { resource: oidcProvider, run: removeClientId },
  UpdateOpenIDConnectProviderThumbprint: { resource: oidcProvider, run: updateThumbprints },
  DeleteOpenIDConnectProvider: { resource: oidcProvider, run: deleteOidcProvider },
  TagOpenIDConnectProvider: { resource: oidcProvider, run: tagOidcProvider },
  UntagOpenIDConnectProvider: { resource: oidcProvider, run: untagOidcProvider },
};
