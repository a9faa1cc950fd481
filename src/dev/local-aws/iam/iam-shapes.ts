/** The request shapes of IAM (its service model, version 2010-05-08). */
import type { ListRule, Members, Shape, TextRule } from '../query-shape.ts';
import { TAG_KEY, TAG_VALUE } from '../shapes.ts';

const NAME = { min: 1, max: 64, required: true, pattern: String.raw`[\w+=,.@-]+` } as const;
const POLICY_NAME = { ...NAME, max: 128 } as const satisfies TextRule;
const ARN = { min: 20, max: 2048, required: true } as const satisfies TextRule;
const PATH = {
  min: 1,
  max: 512,
  pattern: String.raw`(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`,
} as const satisfies TextRule;
const DOCUMENT = {
  min: 1,
  max: 131_072,
  required: true,
  sensitive: true,
  pattern: String.raw`[\u0009\u000A\u000D\u0020-\u00FF]+`,
} as const satisfies TextRule;
const DESCRIPTION = {
  min: 0,
  max: 1000,
  pattern: String.raw`[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*`,
} as const satisfies TextRule;
const SESSION_DURATION = { from: 3600, to: 43_200 } as const;
const METADATA = {
  min: 1000,
  max: 10_000_000,
  required: true,
  sensitive: true,
} as const satisfies TextRule;
const TAGS = { max: 50, list: { Key: TAG_KEY, Value: TAG_VALUE } } as const satisfies ListRule;
const TAG_KEYS = { max: 50, list: { '': TAG_KEY } } as const satisfies ListRule;
const CLIENT_ID = { min: 1, max: 255, required: true } as const satisfies TextRule;
// The model has no maximum for these two lists; the operations have quotas.
const CLIENT_IDS = { max: 1000, list: { '': CLIENT_ID } } as const satisfies ListRule;
const THUMBPRINTS = {
  max: 1000,
  list: { '': { min: 40, max: 40, required: true } },
} as const satisfies ListRule;
const PAGE = {
  Marker: { min: 1, max: 320, pattern: String.raw`[\u0020-\u00FF]+` },
  MaxItems: { from: 1, to: 1000 },
} as const satisfies Shape;
const ROLE = { RoleName: NAME } as const satisfies Shape;
const ROLE_POLICY = { ...ROLE, PolicyName: POLICY_NAME } as const satisfies Shape;
const SAML_PROVIDER = { SAMLProviderArn: ARN } as const satisfies Shape;
const OIDC_PROVIDER = { OpenIDConnectProviderArn: ARN } as const satisfies Shape;

/** Members that the model has and that are not simulated: a value in one of them is rejected. */
const NOT_SIMULATED: TextRule = { min: 0, max: 131_072, sensitive: true };

export const ENTITY_TYPES = [
  'User',
  'Role',
  'Group',
  'LocalManagedPolicy',
  'AWSManagedPolicy',
] as const;

export const IAM_SHAPES = {
  GetAccountAuthorizationDetails: {
    Filter: {
      max: 5,
      list: { '': { min: 1, max: 40, required: true, oneOf: ENTITY_TYPES } },
    },
    ...PAGE,
  },
  ListRoles: {
    PathPrefix: { min: 1, max: 512, pattern: String.raw`\u002F[\u0021-\u007F]*` },
    ...PAGE,
  },
  GetRole: ROLE,
  ListRolePolicies: { ...ROLE, ...PAGE },
  GetRolePolicy: ROLE_POLICY,
  ListAttachedRolePolicies: { ...ROLE, PathPrefix: { min: 1, max: 512 }, ...PAGE },
  ListRoleTags: { ...ROLE, ...PAGE },
  CreateRole: {
    Path: PATH,
    ...ROLE,
    AssumeRolePolicyDocument: DOCUMENT,
    Description: DESCRIPTION,
    MaxSessionDuration: SESSION_DURATION,
    PermissionsBoundary: { min: 20, max: 2048 },
    Tags: TAGS,
  },
  UpdateAssumeRolePolicy: { ...ROLE, PolicyDocument: DOCUMENT },
  UpdateRole: { ...ROLE, Description: DESCRIPTION, MaxSessionDuration: SESSION_DURATION },
  PutRolePermissionsBoundary: { ...ROLE, PermissionsBoundary: ARN },
  DeleteRolePermissionsBoundary: ROLE,
  DeleteRole: ROLE,
  TagRole: { ...ROLE, Tags: TAGS },
  UntagRole: { ...ROLE, TagKeys: TAG_KEYS },
  PutRolePolicy: { ...ROLE_POLICY, PolicyDocument: DOCUMENT },
  DeleteRolePolicy: ROLE_POLICY,
  AttachRolePolicy: { ...ROLE, PolicyArn: ARN },
  DetachRolePolicy: { ...ROLE, PolicyArn: ARN },
  CreatePolicy: {
    PolicyName: POLICY_NAME,
    Path: { min: 1, max: 512, pattern: String.raw`((/[A-Za-z0-9\.,\+@=_-]+)*)/` },
    PolicyDocument: DOCUMENT,
    Description: { min: 0, max: 1000 },
  },
  GetPolicy: { PolicyArn: ARN },
  GetPolicyVersion: {
    PolicyArn: ARN,
    VersionId: { min: 2, max: 64, required: true, pattern: 'v[1-9][0-9]*' },
  },
  DeletePolicy: { PolicyArn: ARN },
  ListSAMLProviders: {},
  GetSAMLProvider: SAML_PROVIDER,
  CreateSAMLProvider: {
    SAMLMetadataDocument: METADATA,
    Name: { min: 1, max: 128, required: true, pattern: String.raw`[\w._-]+` },
    Tags: TAGS,
    AssertionEncryptionMode: NOT_SIMULATED,
    AddPrivateKey: NOT_SIMULATED,
  },
  UpdateSAMLProvider: {
    SAMLMetadataDocument: METADATA,
    ...SAML_PROVIDER,
    AssertionEncryptionMode: NOT_SIMULATED,
    AddPrivateKey: NOT_SIMULATED,
    RemovePrivateKey: NOT_SIMULATED,
  },
  DeleteSAMLProvider: SAML_PROVIDER,
  TagSAMLProvider: { ...SAML_PROVIDER, Tags: TAGS },
  UntagSAMLProvider: { ...SAML_PROVIDER, TagKeys: TAG_KEYS },
  ListOpenIDConnectProviders: {},
  GetOpenIDConnectProvider: OIDC_PROVIDER,
  CreateOpenIDConnectProvider: {
    Url: { min: 1, max: 255, required: true },
    ClientIDList: CLIENT_IDS,
    ThumbprintList: THUMBPRINTS,
    Tags: TAGS,
  },
  AddClientIDToOpenIDConnectProvider: { ...OIDC_PROVIDER, ClientID: CLIENT_ID },
  RemoveClientIDFromOpenIDConnectProvider: { ...OIDC_PROVIDER, ClientID: CLIENT_ID },
  UpdateOpenIDConnectProviderThumbprint: { ...OIDC_PROVIDER, ThumbprintList: THUMBPRINTS },
  DeleteOpenIDConnectProvider: OIDC_PROVIDER,
  TagOpenIDConnectProvider: { ...OIDC_PROVIDER, Tags: TAGS },
  UntagOpenIDConnectProvider: { ...OIDC_PROVIDER, TagKeys: TAG_KEYS },
} as const satisfies Readonly<Record<string, Shape>>;

export type IamAction = keyof typeof IAM_SHAPES;
export type IamInput<A extends IamAction> = Members<(typeof IAM_SHAPES)[A]>;

export function isIamAction(name: string): name is IamAction {
  return Object.hasOwn(IAM_SHAPES, name);
}
