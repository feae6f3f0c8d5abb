package findings

var caseConfigure = Case{"Access denied when rotation is configured", []Entry{
	{
		InvokePermissionMissing, StageApply, pageRole,
		"Secrets Manager may not invoke the rotation function",
		"A function has a resource policy of its own, and that has to let the service `secretsmanager.amazonaws.com` invoke it. Without, AWS refuses to configure rotation, and a rotation that was configured before fails.",
		"Keep `access = \"managed\"`, use `rotation_function_access`, or add an `aws_lambda_permission` for the service, limited to your account.",
	},
	{
		InvokePermissionQualifier, StageApply, pageRole,
		"The permission to invoke is not on the version or alias that rotation uses",
		"Every version and alias of a function has a resource policy of its own. A permission on the function itself does not count for rotation with an ARN that ends in an alias or a version.",
		"Give the permission the same `qualifier`, or rotate with the ARN that has it.",
	},
	{
		InvokePolicyFull, StagePlan, pageLambdaLimits,
		"The rotation function's policy has no room for another statement",
		"The resource policy of a function holds 20 KB, some fifty statements for one secret each. AWS refuses the next one.",
		"Use one `rotation_function_access` for all secrets of the function: its one statement does for any number of them.",
	},
	{
		FunctionNotFound, StagePlan, pageRotateSecret,
		"The rotation function does not exist",
		"There is no function with the ARN, or it has no such version or alias. AWS answers RotateSecret as if the permission were missing.",
		"Check the name, the Region and the account in the ARN.",
	},
	{
		FunctionOtherRegion, StagePlan, pageRotateSecret,
		"The rotation function is in another region than the secret",
		"Secrets Manager invokes only functions of the secret's own Region.",
		"Deploy the function in the Region of the secret.",
	},
	{
		FunctionNotActive, StageApply, pageLambdaStates,
		"The rotation function cannot be invoked in its present state",
		"Lambda refuses to invoke a function that is being set up or that could not be. After an update that failed it still runs the code and configuration from before.",
		"Wait until the function is Active, or correct what Lambda names as the reason.",
	},
	{
		FunctionOtherAccount, StagePlan, pageCross,
		"The rotation function is in another account than the secret",
		"Rotation across accounts needs a function that assumes a role in the secret's account and passes on the rotation token. None of the functions that AWS publishes does.",
		"Deploy the function in the account of the secret, or use a function of your own that is made for this.",
	},
	{
		FunctionRuntime, StageApply, pageLambdaRuntimes,
		"The rotation function's runtime is not one that AWS's functions are made for",
		"All functions of AWS are written in Python. One with another runtime is not the function that `rotation_type` says, and one with a retired runtime gets no repairs and cannot just be given a newer one: its packages are made for the old one.",
		"Deploy the current version of the rotation function, or correct `rotation_type`.",
	},
	{
		FunctionTypeMismatch, StageApply, pageTemplates,
		"The rotation function seems to be that of another rotation type",
		"The functions that AWS deploys say in their description which engine and strategy they are for. A function for another engine refuses the secret, and one with another strategy changes another user than expected.",
		"Correct `rotation_type`, or use the function of that type. If only the description is wrong, correct that.",
	},
	{
		CallerCannotInvoke, StageApply, pageRotateSecret,
		"The caller may not invoke the rotation function",
		"RotateSecret needs `lambda:InvokeFunction` of whoever calls it, besides the permission of Secrets Manager. AWS answers alike for both.",
		"Allow the credentials of this provider `lambda:InvokeFunction` on the function.",
	},
	{
		RotationAlreadyConfigured, StagePlan, pageRotateSecret,
		"The secret already rotates",
		"Rotation was switched on by somebody else. A new setup would take it over and rotate at once, so it is refused.",
		"Import the rotation, or use a `moved` block where an `aws_secretsmanager_secret_rotation` of the same configuration set it up. Neither rotates.",
	},
}}

var caseSuperuser = Case{"The first rotation fails: the superuser secret", []Entry{
	{
		SuperuserRequired, StagePlan, pageStrategy,
		"The rotation type needs a superuser secret",
		"With alternating users, and with Db2 always, the function changes passwords as another user, whose credentials it reads from a second secret.",
		"Set `superuser_secret_arn`, and name the same secret in the value.",
	},
	{
		SuperuserNotFound, StagePlan, pageStrategy,
		"The superuser secret does not exist",
		"The function reads the superuser secret in setSecret. If there is none, the rotation fails after the new version was made.",
		"Correct the ARN in `superuser_secret_arn` and in the secret's value.",
	},
	{
		SuperuserNotReadable, StageApply, pageRole,
		"The rotation function cannot read the superuser secret",
		"AWS sets up no permission on the superuser secret, and the test that AWS makes when rotation is configured does not read it. So the first real rotation is where it shows.",
		"Allow the execution role `secretsmanager:GetSecretValue` on the superuser secret: `rotation_setup` and `rotation_function_access` do so by its ARN.",
	},
	{
		SuperuserFormat, StagePlan, pageFormat,
		"The superuser secret is not in the format that the rotation function expects",
		"The function takes the superuser's host, user name, password and engine from there. Only a secret that RDS or Redshift manages may have less.",
		"Bring the superuser secret into the format of the rotation type.",
	},
	{
		SuperuserHostMismatch, StagePlan, pageTrouble,
		"The superuser secret is for another host",
		"The function compares the hosts of both secrets letter by letter and refuses to change a user of another database. Some types ask RDS whether it is a read replica.",
		"Use the superuser secret of the same database, with the host written the same in both.",
	},
	{
		SuperuserARNMismatch, StagePlan, pageFormat,
		"The secret names another superuser secret than the configuration",
		"The function reads the superuser secret that the secret's value names, and nothing else tells it of one. What is checked and allowed is the one of the configuration.",
		"Make `superuser_secret_arn` and the field of the value the same ARN.",
	},
	{
		SuperuserRDSManagedAccess, StageApply, pageRole,
		"The rotation function cannot look up the superuser that a service manages",
		"A superuser secret that RDS or Redshift manages has only user name and password. For the rest the function reads the secret's tags and asks the service, which takes more permissions and a way to its API.",
		"Allow the execution role `secretsmanager:DescribeSecret` on the superuser secret and the calls to the service, and give the function a way there.",
	},
	{
		SuperuserOtherAccount, StagePlan, pageCross,
		"The superuser secret is in another account",
		"Both accounts have to allow the execution role to read the superuser secret, and its key must be a customer managed one. What the other account allows cannot be seen from here.",
		"Allow the role in the resource policy of the superuser secret and in the policy of its key.",
	},
}}

var caseFormat = Case{"The secret is not in the expected format", []Entry{
	{
		SecretNoValue, StageApply, pageFormat,
		"The secret has no value",
		"Every rotation function begins by reading the current value. A secret without one cannot rotate.",
		"Store the first value before rotation is set up, with `rotation_secret_value` for example, and let the setup refer to it.",
	},
	{
		SecretNotJSON, StagePlan, pageFormat,
		"The secret's value is not a JSON object",
		"The functions of AWS read a JSON object from SecretString. Everything else ends the rotation in its first step.",
		"Write the value as a JSON object, with `jsonencode()` for example.",
	},
	{
		SecretKeyMissing, StagePlan, pageFormat,
		"The secret's value lacks a field",
		"The function needs the field. Those that it does not look for at once are missed later, in setSecret.",
		"Add the field: `rotation_secret_schema` lists all of the type.",
	},
	{
		SecretKeyType, StagePlan, pageFormat,
		"A field of the secret's value has the wrong type",
		"The function looks only whether a field is there, and fails later on a number where it needs text, or on text where it needs a number.",
		"Write the field as `rotation_secret_schema` describes it.",
	},
	{
		SecretKeyRepeated, StagePlan, pageFormat,
		"A field occurs more than once in the secret's value",
		"JSON allows that, and every reader takes another of them. The function takes the last one and drops the others at the first rotation.",
		"Keep one of them.",
	},
	{
		SecretKeyUnusable, StagePlan, pageFormat,
		"A field of the secret's value cannot work",
		"The field has the right type, but a content that the function, the database or AWS refuses, such as a host with a port or an empty password.",
		"Correct the field.",
	},
	{
		SecretEngineMismatch, StagePlan, pageFormat,
		"The secret's engine is not the rotation type's",
		"The function compares the field `engine` with the few names that it knows, and refuses all others, also some by which RDS calls the same engine.",
		"Correct the field `engine`, or use the rotation function of the database.",
	},
	{
		SecretUsernameTooLong, StagePlan, pageTemplates,
		"The user name is too long to be cloned",
		"With alternating users the function makes a second user, named after the first with `_clone` at its end. Together they have to fit what the engine or the function takes.",
		"Use a shorter user name.",
	},
	{
		SecretBinary, StagePlan, pageFormat,
		"The secret's value is binary",
		"The functions of AWS read SecretString, and a value in SecretBinary has none.",
		"Write the value as text.",
	},
	{
		SecretPreviousNotJSON, StagePlan, pageFormat,
		"The secret's previous value is not JSON",
		"Many functions read the version AWSPREVIOUS in setSecret as well, and fail on a placeholder that was there before the first real value.",
		"Write the present value once more, or remove the label AWSPREVIOUS.",
	},
	{
		SecretValueOverwritten, StagePlan, pageTemplates,
		"The rotation template replaces the whole value",
		"The generic template stores the new password as the whole value, so that every field of a JSON object is lost at the first rotation.",
		"Make createSecret of your function keep the other fields; ignore this if it already does.",
	},
}}
