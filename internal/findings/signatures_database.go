package findings

// ofDatabase are of logins and of what a function does in the database or directory then, and of how a run ends.
var ofDatabase = []signature{
	{all: []string{"Attempting to modify user", "other than previous"}, code: LoginFailed, permanent: true, login: byUser, detail: previousOther, remedy: previousOtherRemedy},
	{all: []string{"Attempting to modify user", "other than current previous valid"}, code: LoginFailed, permanent: true, login: byUser, detail: previousOther, remedy: previousOtherRemedy},
	{all: []string{"Attempting to modify user", "other than last valid"}, code: LoginFailed, permanent: true, login: byUser, detail: previousOther, remedy: previousOtherRemedy},
	{all: []string{"Attempting to modify user"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"does not match username"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"directory name list"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"use a new DB instance for rotating token"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"do not have the same token types"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"tokens failed user equality test"}, code: RotationPendingStuck, permanent: true, detail: pendingOther, remedy: pendingOtherRemedy},
	{all: []string{"using credentials in master secret"}, code: LoginFailed, permanent: true, login: bySuperuser, detail: superuserLogin, remedy: superuserLoginRemedy},
	{all: []string{"using credentials in admin secret"}, code: LoginFailed, permanent: true, login: bySuperuser, detail: superuserLogin, remedy: superuserLoginRemedy},
	{
		all: []string{"Unable to log into database with pending secret"}, code: LoginFailed, login: byUser,
		detail: "The new password does not log into the database.",
		remedy: "Check that nothing else changes the user's password, and that the database is not a replica behind its source.",
	},
	{
		all: []string{"Unable to log into"}, code: LoginFailed, permanent: true, login: byUser,
		detail: "The function cannot log into the database with any version of the secret.",
		remedy: "Check that the user name and password of the secret are those of the database, and that the function's security group reaches it.",
	},
	{
		all: []string{"execute_kinit_command: kinit failed"}, code: LoginFailed,
		detail: "The function cannot log into the domain with the current password: it or the user name is wrong or contains an excluded character, or there is no way to the domain.",
		remedy: "Check user name and password, EXCLUDE_CHARACTERS of the function, and that its VPC has the DNS of the domain.",
	},
	{
		all: []string{"Unexpected value for current_dict"}, code: LoginFailed,
		detail: "The new password does not log into the domain.",
		remedy: "Check that nothing else changes the user's password.",
	},
	{
		all: []string{"Failed to find the current secret token"}, code: LoginFailed, permanent: true,
		detail: `The field "token" of the secret's value is none of the instance's tokens.`,
		remedy: "Write a token of the instance into the field.",
	},
	{
		all: []string{"Principals in secret do not match principals in keytab"}, code: SetPasswordFailed, permanent: true,
		detail: "A keytab secret lists other principals than its keytab has. Somebody may have changed it.",
		remedy: "Review the principals of the keytab secrets, and correct them.",
	},
	{
		all: []string{"Failed to set keytab for"}, code: SetPasswordFailed,
		detail: "The function could not change every keytab secret.",
		remedy: "Read the function's log: it says why for each of them.",
	},
	{
		all: []string{"Validation failed for", "keytab(s)"}, code: SetPasswordFailed,
		detail: "Some new keytabs do not log into the domain.",
		remedy: "Read the function's log: it says why for each of them.",
	},
	{
		all: []string{"Keytab failed to create or validate"}, code: SetPasswordFailed,
		detail: "The function could not make a keytab with the new password.",
		remedy: "Check the user's principals, and that its VPC has the DNS of the domain.",
	},
	{
		all: []string{"Keytab validation failed"}, code: SetPasswordFailed,
		detail: "A new keytab does not log into the domain.",
		remedy: "Check the user's principals, and that its VPC has the DNS of the domain.",
	},
	{
		all: []string{"Failed to validate base64 encoded keytab"}, code: SetPasswordFailed,
		detail: "The content of a keytab secret is no keytab, or does not log into the domain.",
		remedy: `Correct the field "keytabContents" of the keytab secrets.`,
	},
	{
		all: []string{"Failed to create or validate new keytab from principals"}, code: SetPasswordFailed,
		detail: "No keytab could be made of the principals of a keytab secret.",
		remedy: `Correct the field "principals" of the keytab secrets.`,
	},
	{
		all: []string{"Failed to split keytab"}, code: SetPasswordFailed,
		detail: "No keytab could be made of the principals of a keytab secret.",
		remedy: `Correct the field "principals" of the keytab secrets.`,
	},
	{
		all: []string{"Failed to get principal slots"}, code: SetPasswordFailed,
		detail: "The principals of a keytab cannot be listed.",
		remedy: "Check that the function's package is the current version.",
	},
	{
		all: []string{"Subprocess command failed"}, code: SetPasswordFailed,
		detail: "One of the Kerberos programs in the function's package failed.",
		remedy: "Check that the function's package is the current version, and that its VPC has the DNS of the domain.",
	},
	{
		all: []string{"Unable to reset the user"}, code: SetPasswordFailed,
		detail: "Directory Service did not take the new password, or the function may not or cannot call it.",
		remedy: "Check the password policy of the domain against EXCLUDE_CHARACTERS of the function, that its role has ds:ResetUserPassword, and its way to the API of Directory Service.",
	},
	{
		all: []string{"attempting to set password in database for user"}, code: SetPasswordFailed,
		detail: "The database did not take the new password.",
		remedy: "Check that the user exists, and what may change it: its own rights or the superuser's.",
	},
	{
		all: []string{"Invalid database p"}, code: SetPasswordFailed, permanent: true,
		detail: "The user has a permission in SQL Server that the function cannot copy to the second user.",
		remedy: "Make the second user in the database by hand, with the permissions of the first.",
	},
	{
		all: []string{"Unable to create user"}, code: SetPasswordFailed,
		detail: "The function could not make the second user in the database.",
		remedy: "Check the rights of the superuser, and that the name is one that the database takes.",
	},
	{
		all: []string{"does not exist in database"}, code: SetPasswordFailed, permanent: true,
		detail: "The user does not exist in the database.",
		remedy: `Make the user in the database, or correct the field "username".`,
	},
	{
		all: []string{"Failed to copy or create a new token"}, code: SetPasswordFailed,
		detail: "InfluxDB made no new token.",
		remedy: "Check the user of the admin secret, and the permissions in the secret's value.",
	},
	{
		all: []string{"did not reached the active status"}, code: ServiceNotReady,
		detail: "ElastiCache did not finish a change of the user while the function waited for it.",
		remedy: "Check the state of the user, and that the function's timeout is 12 minutes or more. A rotation tries again by itself.",
	},
	{
		all: []string{"password authentication failed"}, code: LoginFailed, permanent: true,
		detail: "The database refuses the user name or password.",
		remedy: "Write the user's present password into the secret.",
	},
	{all: []string{"Connection timed out"}, code: LoginTimeout, detail: loginTimeout, remedy: loginTimeoutRemedy},
	{all: []string{"could not connect to server"}, code: LoginTimeout, detail: loginTimeout, remedy: loginTimeoutRemedy},
	{all: []string{"timeout expired"}, code: LoginTimeout, detail: loginTimeout, remedy: loginTimeoutRemedy},
	{
		all: []string{"Unable to establish SSL/TLS handshake", "is enforced on the host"}, code: TLSFailed, failed: onlyTLS,
		detail: "The database takes encrypted connections only, and the function tried one that is not encrypted.",
		remedy: `Set the field "ssl" of the secret's value to true, or remove it.`,
	},
	{
		all: []string{"Unable to establish SSL/TLS handshake"}, code: TLSFailed, failed: noTLS,
		detail: "The database takes no encrypted connection, and the function tried one.",
		remedy: `Let the database take encrypted connections, or remove the field "ssl" from the secret's value: without it, the function also tries a connection that is not encrypted.`,
	},
	{
		all: []string{"Hostname verification failed"}, code: TLSFailed, failed: otherName,
		detail: "The database's certificate is for another host name than the secret's.",
		remedy: `Write the name that the database has from AWS into the field "host".`,
	},
	{
		all: []string{"was not created by Lambda"}, code: RotationTokenMissing, permanent: true,
		detail: "The function writes the new version as another role than its own, without the rotation token of the event.",
		remedy: "Pass RotationToken of the event to PutSecretValue, remove the label AWSPENDING from the pending version, and rotate again.",
	},
	{all: []string{"has no stage for rotation of secret"}, code: RotationPendingStuck, detail: staleToken, remedy: staleTokenRemedy},
	{all: []string{"not set as AWSPENDING for rotation of secret"}, code: RotationPendingStuck, detail: staleToken, remedy: staleTokenRemedy},
	{
		all: []string{"is not enabled for rotation"}, code: RotationDisabled, permanent: true,
		detail: "Rotation of the secret was off when the function ran.",
		remedy: "Switch it on again; a function that is invoked by hand says so as well.",
	},
	{
		all: []string{"KeyError", "'RotationEnabled'"}, code: RotationDisabled, permanent: true,
		detail: "Rotation of the secret was never switched on when the function ran.",
		remedy: "Switch it on; a function that is invoked by hand says so as well.",
	},
	{all: []string{"Task timed out after"}, code: FunctionTimeoutShort, detail: timedOut, remedy: timedOutRemedy},
	{all: []string{"platform.report", `"timeout"`}, code: FunctionTimeoutShort, detail: timedOut, remedy: timedOutRemedy},
	{all: []string{"REPORT RequestId", "Status: timeout"}, code: FunctionTimeoutShort, detail: timedOut, remedy: timedOutRemedy},
	{all: []string{"FunctionConcurrentInvocationLimitExceeded"}, code: FunctionConcurrencyLow, detail: concurrency, remedy: concurrencyRemedy},
	{all: []string{"TooManyRequestsException", "Rate Exceeded"}, code: FunctionConcurrencyLow, detail: concurrency, remedy: concurrencyRemedy},
	{
		all: []string{"Failed to set new authorization", "timed out"}, code: LoginTimeout,
		detail: "The function cannot reach the InfluxDB instance.",
		remedy: "Check the subnets and security groups of the function and of the instance, and port 8086.",
	},
	{
		all: []string{"Failed to set new authorization"}, code: LoginFailed,
		detail: "The login to InfluxDB, or what the function did with it, failed.",
		remedy: "Check the user and password or the token of the secret, and those of the admin secret.",
	},
}
