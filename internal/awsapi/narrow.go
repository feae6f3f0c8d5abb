package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// The linker keeps every method of a type that becomes an interface value, and of
// the types of its fields, since something in the program looks methods up by
// name. EC2 alone has seven hundred. The types below hold the calls that are made,
// one by one, and not the client: the provider is fifty megabytes smaller for it.

// call is an operation of a client.
type call[Input, Output, Options any] func(context.Context, *Input, ...func(*Options)) (*Output, error)

type narrowSecretsManager struct {
	cancelRotateSecret       call[secretsmanager.CancelRotateSecretInput, secretsmanager.CancelRotateSecretOutput, secretsmanager.Options]
	describeSecret           call[secretsmanager.DescribeSecretInput, secretsmanager.DescribeSecretOutput, secretsmanager.Options]
	getRandomPassword        call[secretsmanager.GetRandomPasswordInput, secretsmanager.GetRandomPasswordOutput, secretsmanager.Options]
	getResourcePolicy        call[secretsmanager.GetResourcePolicyInput, secretsmanager.GetResourcePolicyOutput, secretsmanager.Options]
	getSecretValue           call[secretsmanager.GetSecretValueInput, secretsmanager.GetSecretValueOutput, secretsmanager.Options]
	listSecretVersionIds     call[secretsmanager.ListSecretVersionIdsInput, secretsmanager.ListSecretVersionIdsOutput, secretsmanager.Options]
	putSecretValue           call[secretsmanager.PutSecretValueInput, secretsmanager.PutSecretValueOutput, secretsmanager.Options]
	rotateSecret             call[secretsmanager.RotateSecretInput, secretsmanager.RotateSecretOutput, secretsmanager.Options]
	updateSecretVersionStage call[secretsmanager.UpdateSecretVersionStageInput, secretsmanager.UpdateSecretVersionStageOutput, secretsmanager.Options]
}

func newNarrowSecretsManager(c *secretsmanager.Client) narrowSecretsManager {
	return narrowSecretsManager{c.CancelRotateSecret, c.DescribeSecret, c.GetRandomPassword, c.GetResourcePolicy, c.GetSecretValue, c.ListSecretVersionIds, c.PutSecretValue, c.RotateSecret, c.UpdateSecretVersionStage}
}

func (n narrowSecretsManager) CancelRotateSecret(ctx context.Context, in *secretsmanager.CancelRotateSecretInput, options ...func(*secretsmanager.Options)) (*secretsmanager.CancelRotateSecretOutput, error) {
	return n.cancelRotateSecret(ctx, in, options...)
}

func (n narrowSecretsManager) DescribeSecret(ctx context.Context, in *secretsmanager.DescribeSecretInput, options ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	return n.describeSecret(ctx, in, options...)
}

func (n narrowSecretsManager) GetRandomPassword(ctx context.Context, in *secretsmanager.GetRandomPasswordInput, options ...func(*secretsmanager.Options)) (*secretsmanager.GetRandomPasswordOutput, error) {
	return n.getRandomPassword(ctx, in, options...)
}

func (n narrowSecretsManager) GetResourcePolicy(ctx context.Context, in *secretsmanager.GetResourcePolicyInput, options ...func(*secretsmanager.Options)) (*secretsmanager.GetResourcePolicyOutput, error) {
	return n.getResourcePolicy(ctx, in, options...)
}

func (n narrowSecretsManager) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, options ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return n.getSecretValue(ctx, in, options...)
}

func (n narrowSecretsManager) ListSecretVersionIds(ctx context.Context, in *secretsmanager.ListSecretVersionIdsInput, options ...func(*secretsmanager.Options)) (*secretsmanager.ListSecretVersionIdsOutput, error) {
	return n.listSecretVersionIds(ctx, in, options...)
}

func (n narrowSecretsManager) PutSecretValue(ctx context.Context, in *secretsmanager.PutSecretValueInput, options ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	return n.putSecretValue(ctx, in, options...)
}

func (n narrowSecretsManager) RotateSecret(ctx context.Context, in *secretsmanager.RotateSecretInput, options ...func(*secretsmanager.Options)) (*secretsmanager.RotateSecretOutput, error) {
	return n.rotateSecret(ctx, in, options...)
}

func (n narrowSecretsManager) UpdateSecretVersionStage(ctx context.Context, in *secretsmanager.UpdateSecretVersionStageInput, options ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	return n.updateSecretVersionStage(ctx, in, options...)
}

type narrowLambda struct {
	addPermission            call[lambda.AddPermissionInput, lambda.AddPermissionOutput, lambda.Options]
	getFunctionConcurrency   call[lambda.GetFunctionConcurrencyInput, lambda.GetFunctionConcurrencyOutput, lambda.Options]
	getFunctionConfiguration call[lambda.GetFunctionConfigurationInput, lambda.GetFunctionConfigurationOutput, lambda.Options]
	getPolicy                call[lambda.GetPolicyInput, lambda.GetPolicyOutput, lambda.Options]
	removePermission         call[lambda.RemovePermissionInput, lambda.RemovePermissionOutput, lambda.Options]
}

func newNarrowLambda(c *lambda.Client) narrowLambda {
	return narrowLambda{c.AddPermission, c.GetFunctionConcurrency, c.GetFunctionConfiguration, c.GetPolicy, c.RemovePermission}
}

func (n narrowLambda) AddPermission(ctx context.Context, in *lambda.AddPermissionInput, options ...func(*lambda.Options)) (*lambda.AddPermissionOutput, error) {
	return n.addPermission(ctx, in, options...)
}

func (n narrowLambda) GetFunctionConcurrency(ctx context.Context, in *lambda.GetFunctionConcurrencyInput, options ...func(*lambda.Options)) (*lambda.GetFunctionConcurrencyOutput, error) {
	return n.getFunctionConcurrency(ctx, in, options...)
}

func (n narrowLambda) GetFunctionConfiguration(ctx context.Context, in *lambda.GetFunctionConfigurationInput, options ...func(*lambda.Options)) (*lambda.GetFunctionConfigurationOutput, error) {
	return n.getFunctionConfiguration(ctx, in, options...)
}

func (n narrowLambda) GetPolicy(ctx context.Context, in *lambda.GetPolicyInput, options ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error) {
	return n.getPolicy(ctx, in, options...)
}

func (n narrowLambda) RemovePermission(ctx context.Context, in *lambda.RemovePermissionInput, options ...func(*lambda.Options)) (*lambda.RemovePermissionOutput, error) {
	return n.removePermission(ctx, in, options...)
}

type narrowIAM struct {
	deleteRolePolicy         call[iam.DeleteRolePolicyInput, iam.DeleteRolePolicyOutput, iam.Options]
	getPolicy                call[iam.GetPolicyInput, iam.GetPolicyOutput, iam.Options]
	getPolicyVersion         call[iam.GetPolicyVersionInput, iam.GetPolicyVersionOutput, iam.Options]
	getRole                  call[iam.GetRoleInput, iam.GetRoleOutput, iam.Options]
	getRolePolicy            call[iam.GetRolePolicyInput, iam.GetRolePolicyOutput, iam.Options]
	listAttachedRolePolicies call[iam.ListAttachedRolePoliciesInput, iam.ListAttachedRolePoliciesOutput, iam.Options]
	listRolePolicies         call[iam.ListRolePoliciesInput, iam.ListRolePoliciesOutput, iam.Options]
	simulatePrincipalPolicy  call[iam.SimulatePrincipalPolicyInput, iam.SimulatePrincipalPolicyOutput, iam.Options]
	putRolePolicy            call[iam.PutRolePolicyInput, iam.PutRolePolicyOutput, iam.Options]
}

func newNarrowIAM(c *iam.Client) narrowIAM {
	return narrowIAM{c.DeleteRolePolicy, c.GetPolicy, c.GetPolicyVersion, c.GetRole, c.GetRolePolicy, c.ListAttachedRolePolicies, c.ListRolePolicies, c.SimulatePrincipalPolicy, c.PutRolePolicy}
}

func (n narrowIAM) DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput, options ...func(*iam.Options)) (*iam.DeleteRolePolicyOutput, error) {
	return n.deleteRolePolicy(ctx, in, options...)
}

func (n narrowIAM) GetPolicy(ctx context.Context, in *iam.GetPolicyInput, options ...func(*iam.Options)) (*iam.GetPolicyOutput, error) {
	return n.getPolicy(ctx, in, options...)
}

func (n narrowIAM) GetPolicyVersion(ctx context.Context, in *iam.GetPolicyVersionInput, options ...func(*iam.Options)) (*iam.GetPolicyVersionOutput, error) {
	return n.getPolicyVersion(ctx, in, options...)
}

func (n narrowIAM) GetRole(ctx context.Context, in *iam.GetRoleInput, options ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	return n.getRole(ctx, in, options...)
}

func (n narrowIAM) GetRolePolicy(ctx context.Context, in *iam.GetRolePolicyInput, options ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error) {
	return n.getRolePolicy(ctx, in, options...)
}

func (n narrowIAM) ListAttachedRolePolicies(ctx context.Context, in *iam.ListAttachedRolePoliciesInput, options ...func(*iam.Options)) (*iam.ListAttachedRolePoliciesOutput, error) {
	return n.listAttachedRolePolicies(ctx, in, options...)
}

func (n narrowIAM) ListRolePolicies(ctx context.Context, in *iam.ListRolePoliciesInput, options ...func(*iam.Options)) (*iam.ListRolePoliciesOutput, error) {
	return n.listRolePolicies(ctx, in, options...)
}

func (n narrowIAM) SimulatePrincipalPolicy(ctx context.Context, in *iam.SimulatePrincipalPolicyInput, options ...func(*iam.Options)) (*iam.SimulatePrincipalPolicyOutput, error) {
	return n.simulatePrincipalPolicy(ctx, in, options...)
}

func (n narrowIAM) PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput, options ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error) {
	return n.putRolePolicy(ctx, in, options...)
}

type narrowLogs struct {
	filterLogEvents call[cloudwatchlogs.FilterLogEventsInput, cloudwatchlogs.FilterLogEventsOutput, cloudwatchlogs.Options]
}

func newNarrowLogs(c *cloudwatchlogs.Client) narrowLogs {
	return narrowLogs{c.FilterLogEvents}
}

func (n narrowLogs) FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput, options ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	return n.filterLogEvents(ctx, in, options...)
}

type narrowKMS struct {
	describeKey  call[kms.DescribeKeyInput, kms.DescribeKeyOutput, kms.Options]
	getKeyPolicy call[kms.GetKeyPolicyInput, kms.GetKeyPolicyOutput, kms.Options]
}

func newNarrowKMS(c *kms.Client) narrowKMS {
	return narrowKMS{c.DescribeKey, c.GetKeyPolicy}
}

func (n narrowKMS) DescribeKey(ctx context.Context, in *kms.DescribeKeyInput, options ...func(*kms.Options)) (*kms.DescribeKeyOutput, error) {
	return n.describeKey(ctx, in, options...)
}

func (n narrowKMS) GetKeyPolicy(ctx context.Context, in *kms.GetKeyPolicyInput, options ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error) {
	return n.getKeyPolicy(ctx, in, options...)
}

type narrowEC2 struct {
	describeNatGateways        call[ec2.DescribeNatGatewaysInput, ec2.DescribeNatGatewaysOutput, ec2.Options]
	describeNetworkAcls        call[ec2.DescribeNetworkAclsInput, ec2.DescribeNetworkAclsOutput, ec2.Options]
	describeRouteTables        call[ec2.DescribeRouteTablesInput, ec2.DescribeRouteTablesOutput, ec2.Options]
	describeSecurityGroupRules call[ec2.DescribeSecurityGroupRulesInput, ec2.DescribeSecurityGroupRulesOutput, ec2.Options]
	describeSubnets            call[ec2.DescribeSubnetsInput, ec2.DescribeSubnetsOutput, ec2.Options]
	describeVpcAttribute       call[ec2.DescribeVpcAttributeInput, ec2.DescribeVpcAttributeOutput, ec2.Options]
	describeVpcEndpoints       call[ec2.DescribeVpcEndpointsInput, ec2.DescribeVpcEndpointsOutput, ec2.Options]
}

func newNarrowEC2(c *ec2.Client) narrowEC2 {
	return narrowEC2{c.DescribeNatGateways, c.DescribeNetworkAcls, c.DescribeRouteTables, c.DescribeSecurityGroupRules, c.DescribeSubnets, c.DescribeVpcAttribute, c.DescribeVpcEndpoints}
}

func (n narrowEC2) DescribeNatGateways(ctx context.Context, in *ec2.DescribeNatGatewaysInput, options ...func(*ec2.Options)) (*ec2.DescribeNatGatewaysOutput, error) {
	return n.describeNatGateways(ctx, in, options...)
}

func (n narrowEC2) DescribeNetworkAcls(ctx context.Context, in *ec2.DescribeNetworkAclsInput, options ...func(*ec2.Options)) (*ec2.DescribeNetworkAclsOutput, error) {
	return n.describeNetworkAcls(ctx, in, options...)
}

func (n narrowEC2) DescribeRouteTables(ctx context.Context, in *ec2.DescribeRouteTablesInput, options ...func(*ec2.Options)) (*ec2.DescribeRouteTablesOutput, error) {
	return n.describeRouteTables(ctx, in, options...)
}

func (n narrowEC2) DescribeSecurityGroupRules(ctx context.Context, in *ec2.DescribeSecurityGroupRulesInput, options ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupRulesOutput, error) {
	return n.describeSecurityGroupRules(ctx, in, options...)
}

func (n narrowEC2) DescribeSubnets(ctx context.Context, in *ec2.DescribeSubnetsInput, options ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error) {
	return n.describeSubnets(ctx, in, options...)
}

func (n narrowEC2) DescribeVpcAttribute(ctx context.Context, in *ec2.DescribeVpcAttributeInput, options ...func(*ec2.Options)) (*ec2.DescribeVpcAttributeOutput, error) {
	return n.describeVpcAttribute(ctx, in, options...)
}

func (n narrowEC2) DescribeVpcEndpoints(ctx context.Context, in *ec2.DescribeVpcEndpointsInput, options ...func(*ec2.Options)) (*ec2.DescribeVpcEndpointsOutput, error) {
	return n.describeVpcEndpoints(ctx, in, options...)
}

type narrowRDS struct {
	describeDBClusters  call[rds.DescribeDBClustersInput, rds.DescribeDBClustersOutput, rds.Options]
	describeDBInstances call[rds.DescribeDBInstancesInput, rds.DescribeDBInstancesOutput, rds.Options]
}

func newNarrowRDS(c *rds.Client) narrowRDS {
	return narrowRDS{c.DescribeDBClusters, c.DescribeDBInstances}
}

func (n narrowRDS) DescribeDBClusters(ctx context.Context, in *rds.DescribeDBClustersInput, options ...func(*rds.Options)) (*rds.DescribeDBClustersOutput, error) {
	return n.describeDBClusters(ctx, in, options...)
}

func (n narrowRDS) DescribeDBInstances(ctx context.Context, in *rds.DescribeDBInstancesInput, options ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	return n.describeDBInstances(ctx, in, options...)
}

type narrowRedshift struct {
	describeClusters call[redshift.DescribeClustersInput, redshift.DescribeClustersOutput, redshift.Options]
}

func newNarrowRedshift(c *redshift.Client) narrowRedshift {
	return narrowRedshift{c.DescribeClusters}
}

func (n narrowRedshift) DescribeClusters(ctx context.Context, in *redshift.DescribeClustersInput, options ...func(*redshift.Options)) (*redshift.DescribeClustersOutput, error) {
	return n.describeClusters(ctx, in, options...)
}

type narrowCloudTrail struct {
	lookupEvents call[cloudtrail.LookupEventsInput, cloudtrail.LookupEventsOutput, cloudtrail.Options]
}

func newNarrowCloudTrail(c *cloudtrail.Client) narrowCloudTrail {
	return narrowCloudTrail{c.LookupEvents}
}

func (n narrowCloudTrail) LookupEvents(ctx context.Context, in *cloudtrail.LookupEventsInput, options ...func(*cloudtrail.Options)) (*cloudtrail.LookupEventsOutput, error) {
	return n.lookupEvents(ctx, in, options...)
}
