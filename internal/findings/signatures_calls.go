package findings

import "regexp"

// ofCalls are of calls that a function is refused, or that do not get through, and of what it learns by them of the superuser secret.
var ofCalls = []signature{
	{all: []string{"cryptionFailure"}, from: raised, code: KMSKeyUnusable, detail: keyUnusable, remedy: keyUnusableRemedy},
	{all: []string{"KMSInvalidStateException"}, from: raised, code: KMSKeyUnusable, detail: keyUnusable, remedy: keyUnusableRemedy},
	{
		all: []string{"Access to KMS is not allowed"}, from: raised, code: RoleKMS,
		detail: "The execution role may not use the key of the secret or of its superuser secret, or only for another secret.",
		remedy: "Allow kms:Decrypt and kms:GenerateDataKey on the key, with every secret used in the condition on kms:EncryptionContext:SecretARN.",
	},
	{
		all: []string{"is not authorized to perform: kms:"}, from: raised, code: RoleKMS,
		detail: "The execution role may not use the key of the secret or of its superuser secret.",
		remedy: "Allow kms:Decrypt and kms:GenerateDataKey on the key.",
	},
	{
		all: []string{"is not authorized to perform", "VPC endpoint policy"}, from: raised, code: NetworkEndpointPolicy,
		detail: "The policy of the VPC endpoint does not let the execution role through.",
		remedy: "Allow the role, the secret and the action in the endpoint's policy.",
	},
	{
		all: []string{"is not authorized to perform", "explicit deny in a resource-based policy"}, from: raised, code: SecretPolicyDenies,
		detail: "The resource policy of the secret or of its superuser secret denies the execution role.",
		remedy: "Except the execution role from the denial.",
	},
	{
		all: []string{"secret because it was marked for deletion"}, from: raised, code: SecretDeleted, permanent: true,
		detail: "AWS will delete the secret or its superuser secret, and lets nobody read or write its value until then.",
		remedy: "Restore it with `aws secretsmanager restore-secret`, or use another secret.",
	},
	{all: []string{"(ThrottlingException)"}, from: raised, code: RotationFailed, detail: throttled, remedy: throttledRemedy},
	{
		all: []string{"is not authorized to perform: secretsmanager:GetRandomPassword"}, from: raised, code: RoleRandomPassword,
		detail: "The execution role may not generate passwords.",
		remedy: "Allow secretsmanager:GetRandomPassword on *.",
	},
	{
		all: []string{"is not authorized to perform: rds:"}, from: raised, code: RoleRDSDescribe,
		detail: "The execution role may not look up the database in RDS, which the function needs for a superuser secret that RDS manages and for read replicas.",
		remedy: "Allow rds:DescribeDBInstances and rds:DescribeDBClusters.",
	},
	{
		all: []string{"is not authorized to perform: redshift:"}, from: raised, code: RoleServiceAccess,
		detail: "The execution role may not call Amazon Redshift, which the function needs.",
		remedy: "Allow redshift:DescribeClusters.",
	},
	{
		all: []string{"is not authorized to perform: redshift-serverless:"}, from: raised, code: RoleServiceAccess,
		detail: "The execution role may not call Redshift Serverless, which the function needs.",
		remedy: "Allow redshift-serverless:ListNamespaces and redshift-serverless:ListWorkgroups.",
	},
	{
		all: []string{"is not authorized to perform: timestream-influxdb:"}, from: raised, code: RoleServiceAccess,
		detail: "The execution role may not call Timestream for InfluxDB, which the function needs.",
		remedy: "Allow timestream-influxdb:GetDbInstance.",
	},
	{
		all: []string{"is not authorized to perform: elasticache:"}, from: raised, code: RoleServiceAccess,
		detail: "The execution role may not call ElastiCache, which the function needs.",
		remedy: "Allow elasticache:DescribeUsers and elasticache:ModifyUser.",
	},
	{
		all: []string{"is not authorized to perform: ds:"}, from: raised, code: RoleServiceAccess,
		detail: "The execution role may not call Directory Service, which the function needs.",
		remedy: "Allow ds:DescribeDirectories and ds:ResetUserPassword.",
	},
	{
		all: []string{"is not authorized to perform: secretsmanager:"}, from: raised, code: RoleSecretAccess,
		detail: "The execution role lacks a permission on the secret, on its superuser secret or on one of its keytab secrets.",
		remedy: "Allow the four secret actions on the secret and on its keytab secrets, and secretsmanager:GetSecretValue on the superuser secret.",
	},
	{
		all: []string{"AccessDeniedException", "GetRandomPassword operation"}, from: raised, code: RoleRandomPassword,
		detail: "The execution role may not generate passwords.",
		remedy: "Allow secretsmanager:GetRandomPassword on *.",
	},
	{
		host: apiOf("rds"), from: raised, code: NetworkNoPathRDS,
		detail: "The function cannot reach the RDS API, which it needs for a superuser secret that RDS manages and for read replicas.",
		remedy: "Add a VPC endpoint for RDS, or a NAT gateway.",
	},
	{host: apiOf("secretsmanager"), from: raised, code: NetworkNoPathSecretsManager, detail: noPath, remedy: noPathRemedy},
	{
		host: apiOf("[a-z-]+"), from: raised, code: NetworkNoPathService,
		detail: "The function cannot reach the API of the service that it looks up or changes users with: Redshift, ElastiCache, Timestream for InfluxDB or Directory Service. Its log has the address.",
		remedy: "Add a VPC endpoint for the service where there is one, or a NAT gateway.",
	},
	// The address of Secrets Manager is the only one that a function takes from its environment, where it may be anything.
	{all: []string{"Could not connect to the endpoint URL"}, from: raised, code: NetworkNoPathSecretsManager, detail: noPath, remedy: noPathRemedy},
	{all: []string{"Read timeout on endpoint URL"}, from: raised, code: NetworkNoPathSecretsManager, detail: noPath, remedy: noPathRemedy},
	{all: []string{"onnect timeout on endpoint URL"}, from: raised, code: NetworkNoPathSecretsManager, detail: noPath, remedy: noPathRemedy},
	{all: []string{"EndpointConnectionError"}, from: raised, code: NetworkNoPathSecretsManager, detail: noPath, remedy: noPathRemedy},
	{
		all: []string{"is not the same host as"}, code: SuperuserHostMismatch, permanent: true,
		detail: "The superuser secret is for another host than the secret, and the host is no read replica of it.",
		remedy: "Use the superuser secret of the same database, with the host written the same in both.",
	},
	{
		all: []string{"Encountered API error while fetching connection parameters", "Redshift"}, code: SuperuserRDSManagedAccess,
		detail: "The function cannot look up the database of the superuser secret in Redshift.",
		remedy: "Allow redshift:DescribeClusters, or for Redshift Serverless redshift-serverless:ListNamespaces and redshift-serverless:ListWorkgroups, and give the function a way to that API.",
	},
	{
		all: []string{"Encountered API error while fetching connection parameters"}, code: SuperuserRDSManagedAccess,
		detail: "The function cannot look up the database of the superuser secret in RDS.",
		remedy: "Allow rds:DescribeDBInstances and rds:DescribeDBClusters, give the function a way to the RDS API, and check that the hosts of both secrets are the same.",
	},
	{all: []string{"not present in Metadata System Tags"}, code: SuperuserFormat, permanent: true, detail: superuserFormat, remedy: superuserFormatRemedy},
	{all: []string{"is not a valid DB Instance ARN"}, code: SuperuserFormat, permanent: true, detail: superuserFormat, remedy: superuserFormatRemedy},
	{all: []string{"is not a valid DB Cluster ARN"}, code: SuperuserFormat, permanent: true, detail: superuserFormat, remedy: superuserFormatRemedy},
	{all: []string{"but Redshift can't find"}, code: SuperuserFormat, permanent: true, detail: superuserTag, remedy: superuserTagRemedy},
	{all: []string{"ARN in the tag exceeds the maximum length"}, code: SuperuserFormat, permanent: true, detail: superuserTag, remedy: superuserTagRemedy},
	{
		all: []string{"Failed to load secret from"}, code: SecretKeyUnusable, permanent: true,
		detail: `The field "keytabArns" names a secret that does not exist or has no value.`,
		remedy: `Correct the field "keytabArns".`,
	},
	{
		all: []string{"ResourceNotFoundException", "GetSecretValue", "can't find the specified secret."}, from: raised, code: SuperuserNotFound, permanent: true,
		detail: "The field of the secret's value that names the superuser secret, \"masterarn\" or \"adminSecretArn\", names one that does not exist.",
		remedy: "Correct the field.",
	},
}

// apiOf has the lines in which the SDK does not reach one of the services, given as a pattern, at its addresses of AWS, those of VPC
// endpoints included. In a log in the format JSON the quotation mark before the address is escaped.
// https://docs.aws.amazon.com/general/latest/gr/rande.html.
func apiOf(services string) *regexp.Regexp {
	return regexp.MustCompile(`(?:onnect (?:to the|timeout on)|Read timeout on) endpoint URL: [\\"]*https?://(?:[^/"]+\.)?(?:` + services + `)(?:-fips)?\.[a-z0-9-]+\.(?:(?:vpce\.)?amazonaws|api\.aws)\b`)
}
