package findings

var caseSchedule = Case{"When will rotation start", []Entry{
	{
		ScheduleInvalid, StagePlan, pageSchedule,
		"The rotation schedule is not valid",
		"Secrets Manager has rules of its own for `rate()` and `cron()`: UTC, whole hours, four hours apart at least, six fields.",
		"Correct the expression: `check_schedule` and `rotation_schedule` show what it means.",
	},
	{
		ScheduleUndocumented, StagePlan, pageSchedule,
		"The rotation schedule has a form that AWS does not document",
		"AWS may accept the expression, and may read it otherwise than it looks.",
		"Write it in a form that AWS documents.",
	},
	{
		ScheduleWindow, StagePlan, pageSchedule,
		"The rotation window is not valid",
		"The window has one to twenty-four whole hours, ends before the next one begins, and ends on the day in UTC on which it begins.",
		"Shorten the `duration`, or let the window begin earlier.",
	},
	{
		ScheduleConflict, StagePlan, pageSchedule,
		"Exactly one kind of schedule is needed",
		"A rotation has either an expression or a number of days.",
		"Set one of `schedule_expression` and `automatically_after_days`.",
	},
	{
		RotationOverdue, StageRotation, pageTrouble,
		"The rotation is overdue",
		"Secrets Manager names the date on or before which a secret rotates. Once that is over, all attempts of the last window have failed, or none was made.",
		"Look at the other findings and at the log of the function for what keeps the secret from rotating.",
	},
	{
		RotationDisabled, StageRotation, pageRotateSecret,
		"Rotation of the secret is off",
		"AWS keeps function and schedule of a rotation that is switched off, so that it looks configured and never happens. Cancelling a rotation switches it off as well.",
		"Switch it on again, if the secret is to rotate: `rotation_enabled = true`.",
	},
}}

var caseState = Case{"Logs and state", []Entry{
	{
		SecretNotFound, StagePlan, pageRotateSecret,
		"The secret does not exist",
		"There is no such secret in the account and Region. A secret that was deleted and made again under its name has another ARN.",
		"Check the name or ARN and the Region.",
	},
	{
		SecretDeleted, StagePlan, pageDelete,
		"The secret is scheduled for deletion",
		"Until AWS deletes it, the secret can be restored and nothing else.",
		"Restore it with `aws secretsmanager restore-secret`, or use another secret.",
	},
	{
		SecretReplica, StagePlan, pageReplica,
		"The secret is a replica",
		"Only the primary secret rotates. Its replicas in other Regions follow.",
		"Give the ARN of the primary secret.",
	},
	{
		SecretServiceManaged, StagePlan, pageManaged,
		"Another AWS service manages the secret",
		"The service rotates the secret itself. AWS accepts no rotation function for it, only another schedule.",
		"Leave `rotation_lambda_arn` out.",
	},
	{
		RotationPendingStuck, StagePlan, pageCancel,
		"An unfinished rotation blocks the next one",
		"A rotation that fails leaves its version with the label AWSPENDING, and AWS starts no other until the label is gone. The database may already have the password of that version.",
		"Find out which password works, and then drop the label or make that version current: the finding has the commands.",
	},
	{
		RotationInProgress, StageApply, pageRotateSecret,
		"A rotation is in progress",
		"While a rotation runs, AWS accepts no other one and no other configuration. To cancel it halfway may leave a password in the database that no version holds.",
		"Wait until it is done.",
	},
	{
		RotationFailed, StageRotation, pageTrouble,
		"The last rotation failed",
		"Secrets Manager tells CloudTrail of every rotation that failed, and tries again in the same and in the next windows. Applications go on with the current version.",
		"Look at the log of the function at that time, and at the other findings.",
	},
	{
		RotationAbandoned, StageRotation, pageTrouble,
		"The last rotation was abandoned",
		"Secrets Manager gives a rotation up when somebody stores a value while it runs. The database may have got the password that was given up.",
		"Check that the secret's present value logs in, and store no value while a rotation runs.",
	},
	{
		LogUnavailable, StageRotation, pageTrouble,
		"The rotation function's log cannot be read",
		"The log of the function is where the cause of a failure stands. Lambda makes the log group at the first run, if the execution role may.",
		"Let the role write logs, and these credentials read them with `logs:FilterLogEvents`.",
	},
	{
		FunctionEnvEndpoint, StageApply, pageRotate,
		"The rotation function lacks the endpoint of Secrets Manager",
		"Every function of AWS takes the address of Secrets Manager from its environment variable `SECRETS_MANAGER_ENDPOINT`, and fails without.",
		"Set it to the address of Secrets Manager in the Region, with `https://` before it.",
	},
	{
		FunctionEnvInvalid, StageApply, pageRotate,
		"The rotation function cannot work with its environment",
		"A variable that the function needs is missing, or has a value that it fails on or takes otherwise than it looks.",
		"Correct the variable: `rotation_template` lists all that a function reads.",
	},
	{
		FunctionImportError, StageRotation, pageTrouble,
		"The rotation function cannot load its code",
		"The function's package lacks a module, or was made for another runtime. Often somebody changed only the runtime.",
		"Set the runtime that the function was built for, or deploy its current version.",
	},
	{
		FunctionNotImplemented, StageRotation, pageTemplates,
		"The rotation function is the unfinished template",
		"In AWS's generic template setSecret and testSecret are left to write, and raise an error until they are.",
		"Write the steps, or deploy the rotation function of your database.",
	},
	{
		LoginFailed, StageRotation, pageTrouble,
		"The rotation function cannot log into the database",
		"The database refused the user name or password. When none of the versions of a secret logs in, somebody has changed the password in the database.",
		"Write the user's present password into the secret.",
	},
	{
		LoginTimeout, StageRotation, pageNetwork,
		"The rotation function cannot reach the database",
		"The function logs the same for a refused login and for one that got no answer. A run of five seconds or more tells that it was the network.",
		"Check the subnets and security groups of the function and of the database.",
	},
	{
		TLSFailed, StageRotation, pageTrouble,
		"The encrypted connection to the database fails",
		"The database does not take the kind of connection that the function tried, or its certificate is for another name than the secret's host.",
		"Set the field `ssl` of the value to what the database takes, and `host` to the name that the database has from AWS.",
	},
	{
		SetPasswordFailed, StageRotation, pageTrouble,
		"The rotation function cannot set the new password",
		"The function logged in, and the database or directory did not take the new password, user or keytab.",
		"Check the rights of the user or superuser, and the password policy against the excluded characters.",
	},
	{
		ServiceNotReady, StageRotation, pageTrouble,
		"The service did not finish a change in time",
		"The function of ElastiCache waits until a change of the user is done, and gives up after ten minutes.",
		"Check the state of the user, and that the function's timeout is 12 minutes or more. A rotation tries again by itself.",
	},
	{
		RotationTokenMissing, StageRotation, pageTrouble,
		"The rotation function does not pass on the rotation token",
		"A function that writes the new version as another role than its own has to prove with the token of the event that it acts for the rotation.",
		"Pass RotationToken of the event to PutSecretValue, remove the label AWSPENDING from the pending version, and rotate again.",
	},
}}
