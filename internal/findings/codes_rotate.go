package findings

var caseNetwork = Case{"Configured, but never rotates: network, timeout and concurrency", []Entry{
	{
		NetworkNoPathSecretsManager, StageApply, pageNetwork,
		"The rotation function cannot reach Secrets Manager",
		"A function that is connected to a VPC has no way out but those of its subnets: a NAT gateway, or a VPC endpoint for Secrets Manager. An internet gateway alone does not help, because the function has no public address. It hangs until its timeout, with nothing in its log.",
		"Add a VPC endpoint for Secrets Manager with a private DNS name, or a route to a NAT gateway in every subnet of the function.",
	},
	{
		NetworkEndpointNoPrivateDNS, StageApply, pageNetwork,
		"The VPC endpoint of Secrets Manager has no private DNS name",
		"Without a private DNS name, the usual address of Secrets Manager leads past the endpoint, out of the VPC. The name also takes DNS support and DNS host names of the VPC.",
		"Switch on the private DNS name, or give the function the endpoint's own address in `SECRETS_MANAGER_ENDPOINT`.",
	},
	{
		NetworkEndpointSecurityGroup, StageApply, pageNetwork,
		"The VPC endpoint of Secrets Manager does not admit the rotation function",
		"The security groups of the endpoint have to let the function in at port 443.",
		"Add a rule for port 443 from the function's security group to one of the endpoint's security groups.",
	},
	{
		NetworkEgressBlocked, StageApply, pageNetwork,
		"The rotation function's network blocks its way out",
		"The function has to get out at port 443, to Secrets Manager, and at the database's port. Network ACLs of its subnets have to let both through, and the answers back in.",
		"Add rules for what goes out to one of the function's security groups, and look at the network ACLs.",
	},
	{
		NetworkDatabaseIngress, StageApply, pageNetwork,
		"The database's network does not admit the rotation function",
		"The security groups of the database, and the network ACLs of its subnets, have to let the function in at the database's port.",
		"Add a rule for that port from the function's security group to one of the database's security groups.",
	},
	{
		NetworkNoPathRDS, StageApply, pageNetwork,
		"The rotation function cannot reach the RDS API",
		"For a superuser secret that RDS manages, and for read replicas, the function asks RDS for the database. An endpoint for Secrets Manager does not lead there.",
		"Add a VPC endpoint for RDS, or a NAT gateway.",
	},
	{
		NetworkNoPathService, StageApply, pageNetwork,
		"The rotation function cannot reach the API of the database or directory",
		"Functions for ElastiCache, Redshift, Timestream for InfluxDB and Directory Service change or look up users by the API of the service. An endpoint for Secrets Manager does not lead there.",
		"Add a VPC endpoint for the service, or a NAT gateway.",
	},
	{
		NetworkEndpointPolicy, StageApply, pageNetwork,
		"The policy of the VPC endpoint denies the rotation function",
		"A VPC endpoint has a policy of its own, which has to allow the calls of the execution role beside the role's policies.",
		"Allow the role, the secret and the actions in the endpoint's policy.",
	},
	{
		NetworkNoVPC, StageApply, pageNetwork,
		"The rotation function is outside of the database's VPC",
		"A function that is not connected to a VPC reaches public addresses only, and so no database in private subnets. One in another VPC needs a route to that of the database.",
		"Connect the function to the VPC of the database, or to one that has a way there.",
	},
	{
		FunctionTimeoutShort, StageApply, pageLambdaTimeout,
		"The rotation function runs out of time",
		"Lambda stops a function after 3 seconds unless it is told otherwise. The functions that AWS deploys have 30 seconds, and that of ElastiCache needs 12 minutes. One that cannot reach an endpoint or a database runs out of any time.",
		"Set the timeout to 30 seconds or more, and check the function's way to Secrets Manager and to the database.",
	},
	{
		FunctionConcurrencyLow, StageApply, pageTrouble,
		"The rotation function has too little concurrency",
		"Secrets that rotate at the same time invoke the function at the same time. With a reserved concurrency of less than ten, AWS documents that steps are refused and repeat without an end; with none left, nothing runs.",
		"Reserve a concurrency of ten or more for the function, or none at all.",
	},
}}

var casePasswords = Case{"Internal failure: characters of passwords", []Entry{
	{
		ExcludeCharactersTooFew, StageApply, pageTemplates,
		"Passwords may contain characters that the database refuses",
		"`EXCLUDE_CHARACTERS` of a function replaces the default and is not added to it. Some characters that it then leaves in end a statement or an address, or are refused by the database: rotation fails whenever one is drawn.",
		"Add what is missing to `EXCLUDE_CHARACTERS`: `rotation_exclude_characters` knows all for each engine.",
	},
	{
		ExcludeCharactersImpossible, StageApply, pagePassword,
		"No password can be made of the characters left",
		"GetRandomPassword refuses to make a password when everything is excluded, or all of a class of characters of which each password needs one.",
		"Exclude less, or exclude the class by the variable that is for it.",
	},
	{
		PasswordLengthInvalid, StageApply, pagePassword,
		"The password length is not one the database accepts",
		"`PASSWORD_LENGTH` of a function must be a whole number that GetRandomPassword makes, and within what the database takes.",
		"Set it to a length that the database accepts, or leave it out for the default.",
	},
}}

var caseAccess = Case{"Access denied to the execution role", []Entry{
	{
		RoleSecretAccess, StageApply, pageRole,
		"The execution role may not use the secret",
		"A rotation function reads and describes the secret, writes a new version and moves its labels: four actions, which the execution role has to be allowed on the secret.",
		"Keep `access = \"managed\"`, use `rotation_function_access`, or give the role the policy of `rotation_role_policy`.",
	},
	{
		RoleRandomPassword, StageApply, pageRole,
		"The execution role may not generate passwords",
		"`secretsmanager:GetRandomPassword` has no resource: it is allowed on `*` or not at all.",
		"Allow `secretsmanager:GetRandomPassword` on `*`.",
	},
	{
		RoleKMS, StageApply, pageRole,
		"The execution role may not use the secret's key",
		"Secrets Manager uses a customer managed key with the permissions of whoever reads or writes the secret. A condition on `kms:EncryptionContext:SecretARN` has to name every secret that is used, the superuser secret too.",
		"Allow the role `kms:Decrypt` and `kms:GenerateDataKey` on the key: `kms_key_arn` and `superuser_kms_key_arn` do so.",
	},
	{
		RoleRDSDescribe, StageApply, pageRole,
		"The execution role may not look up the database in RDS",
		"For a superuser secret that RDS manages, and for read replicas, the function asks RDS for the database. AWS's example of a role policy does not have these actions.",
		"Allow `rds:DescribeDBInstances` and, for MySQL and PostgreSQL, `rds:DescribeDBClusters`.",
	},
	{
		RoleServiceAccess, StageApply, pageRole,
		"The execution role may not call the service of the database or directory",
		"Functions for ElastiCache, Redshift, Timestream for InfluxDB and Directory Service change or look up users by the API of the service.",
		"Give the role the policy of `rotation_role_policy`, which has the actions of the type.",
	},
	{
		RoleVPC, StageApply, pageRole,
		"The execution role may not connect the function to its VPC",
		"Lambda makes the network interfaces of a function in a VPC as its execution role.",
		"Attach `AWSLambdaVPCAccessExecutionRole` to the role, or set `vpc_access = true` where its policy is written.",
	},
	{
		RoleLogs, StageApply, pageLambdaRole,
		"The execution role may not write logs",
		"Lambda writes the function's log as its execution role, and the policy that AWS shows for rotation has no permission for that. Rotation works without, but nobody can see why one fails.",
		"Attach `AWSLambdaBasicExecutionRole` to the role, or `AWSLambdaVPCAccessExecutionRole` if the function is connected to a VPC.",
	},
	{
		RolePolicyFull, StagePlan, pageIAMLimits,
		"The execution role has no room for another inline policy",
		"All inline policies of a role together hold 10,240 characters, those of some twenty-seven secrets. IAM refuses the next one.",
		"Use one `rotation_function_access` for all secrets of the function: its one policy does for any number of them.",
	},
	{
		RolePolicyNearlyFull, StageApply, pageIAMLimits,
		"The execution role will soon have no room for another inline policy",
		"With a policy for each secret, the next few secrets will not fit into the role any more. This is the time to change, because it takes room as well.",
		"Move to one `rotation_function_access` for all secrets of the function.",
	},
	{
		RolePolicyNameTaken, StageApply, pageRole,
		"The execution role has another inline policy of that name",
		"What somebody else wrote is never overwritten.",
		"Set `role_policy_name` to another name, or remove the other policy.",
	},
	{
		RoleNotAssumable, StageApply, pageLambdaRole,
		"Lambda may not assume the execution role",
		"The trust policy of a role says who may use it. If it does not name the service `lambda.amazonaws.com`, the function cannot run at all.",
		"Allow `sts:AssumeRole` to the service `lambda.amazonaws.com` in the trust policy.",
	},
	{
		SecretPolicyDenies, StageApply, pagePermissions,
		"The secret's resource policy denies the execution role",
		"A Deny in the resource policy of a secret, or of its superuser secret, counts whatever the role's own policies allow.",
		"Except the execution role from the Deny.",
	},
	{
		KMSKeyUnusable, StageApply, pageKeys,
		"The secret's key cannot be used",
		"A key that is disabled or scheduled for deletion cannot decrypt the secret. The policy of a key also has the last word: unless it allows the role, or lets the policies of the account decide, nothing else does.",
		"Bring the key back into use, or add the role to its policy with `kms:Decrypt` and `kms:GenerateDataKey`.",
	},
}}
