package catalog

import (
	"fmt"
	"slices"
)

const invalidStep = "Secrets Manager never asks for such a step; somebody else invoked the function."

// Errors of the handlers.
var (
	endpointError = FunctionError{"KeyError", EndpointVariable, "The environment variable is not set."}
	notEnabled    = FunctionError{"ValueError", "Secret %s is not enabled for rotation", "Rotation of the secret is switched off, or the function was invoked by hand."}
	stageErrors   = []FunctionError{
		{"ValueError", "Secret version %s has no stage for rotation of secret %s.", "The version of the event does not exist or has no label, because the rotation was cancelled or the function was invoked by hand."},
		{"ValueError", "Secret version %s not set as AWSPENDING for rotation of secret %s.", "The version of the event has lost the label AWSPENDING, because the rotation was cancelled or another one has begun."},
	}
	rotationEnabledError = FunctionError{"KeyError", "RotationEnabled", "Rotation of the secret was never switched on; the function was invoked by hand."}

	handlerErrors = slices.Concat([]FunctionError{endpointError, notEnabled}, stageErrors, []FunctionError{
		{"ValueError", "Invalid step parameter %s for secret %s", invalidStep},
	})
	influxDBHandlerErrors = slices.Concat([]FunctionError{endpointError, {notEnabled.Exception, notEnabled.Message + ".", notEnabled.Cause}}, stageErrors, []FunctionError{
		{"ValueError", "Invalid step parameter %s for secret %s.", invalidStep},
	})
	customErrors = slices.Concat([]FunctionError{endpointError, rotationEnabledError, notEnabled}, stageErrors, []FunctionError{
		{"ValueError", "Invalid step parameter", invalidStep},
		{"NotImplementedError", "", "setSecret and testSecret are to be written by the user of the template."},
	})
)

// Errors of reading the value.
var (
	binaryError   = FunctionError{"KeyError", "SecretString", "The value is stored as SecretBinary."}
	noObjectError = FunctionError{"TypeError", "argument of type '%s' is not iterable", "A value that the function reads is JSON, but a number, true, false or null."}

	// plainErrors are those of the functions that let Python's errors pass.
	plainErrors = []FunctionError{
		{"JSONDecodeError", "Expecting value: line %s column %s (char %s)", "A value that the function reads is not JSON. Other mistakes than a wrong beginning have other words before the position."},
		noObjectError,
		binaryError,
		{"KeyError", "%s key is missing from secret JSON", "A value that the function reads lacks a field."},
	}
)

// numberErrors are those of Python's int().
func numberErrors(what string) []FunctionError {
	return []FunctionError{{"ValueError", "invalid literal for int() with base 10: '%s'", what + " is not a whole number."}}
}

// databaseErrors are common to the functions of databases.
func databaseErrors(engine string) []FunctionError {
	return slices.Concat(handlerErrors, plainErrors, []FunctionError{
		{"KeyError", "Database engine must be set to '" + engine + "' in order to use this rotation lambda", "The field engine has another value, or is missing."},
		{"ValueError", "Attempting to modify user for host %s other than current host %s", "Somebody has changed the host in the pending value, or in the current one, during the rotation."},
		{"ValueError", "Unable to log into database with pending secret of secret ARN %s", "testSecret cannot log in with the new password: it was not set, or the database refuses it, or there is no way to the database."},
	})
}

var (
	portErrors = append(numberErrors("The field port, or PASSWORD_LENGTH in the environment,"),
		FunctionError{"TypeError", "int() argument must be a string, a bytes-like object or a real number, not '%s'", "The field port is null, a list or an object."})
	portTextErrors = numberErrors("PASSWORD_LENGTH in the environment")
)

// singleUserError is of every function that changes the password of the secret's own user.
var singleUserError = FunctionError{"ValueError", "Attempting to modify user %s other than current user %s", "Somebody has changed the user name in the pending value, or in the current one, during the rotation."}

// previousErrors are of the single-user functions that log in with AWSPREVIOUS when AWSCURRENT fails. The functions call the user and
// the host of that version by different words.
func previousErrors(user, host string) []FunctionError {
	return []FunctionError{
		singleUserError,
		{"ValueError", "Attempting to modify user %s other than " + user + " user %s", "Only the AWSPREVIOUS password works, and that version has another user name."},
		{"ValueError", "Attempting to modify user for host %s other than " + host + " %s", "Only the AWSPREVIOUS password works, and that version has another host."},
		{"ValueError", "Unable to log into database with previous, current, or pending secret of secret arn %s", "No password works: none is right, or there is no way to the database, or it wants TLS and ssl is false."},
	}
}

var (
	alternateError = FunctionError{"ValueError", "Attempting to modify user %s other than current user or clone %s", "Somebody has changed the user name in the pending value, or in the current one, during the rotation."}
	usernameError  = FunctionError{"AttributeError", "'%s' object has no attribute 'endswith'", "The field username is not text."}
	currentError   = FunctionError{"ValueError", "Unable to log into database using current credentials for secret %s", "The current password does not work, or there is no way to the database."}
	superuserError = FunctionError{"KeyError", "masterarn", "The field masterarn, which names the superuser secret, is missing."}
	masterError    = FunctionError{"ValueError", "Unable to log into database using credentials in master secret %s", "The superuser's password does not work."}
)

// alternatingErrors are of every function that alternates between a user and its clone.
var alternatingErrors = []FunctionError{alternateError, usernameError, currentError, superuserError}

// cloneError is of the functions that limit the length of user names.
func cloneError(suffix string, limit any) FunctionError {
	return FunctionError{"ValueError", fmt.Sprintf("Unable to clone user, username length with %s appended would exceed %v characters", suffix, limit), "The user name is too long."}
}

// rdsErrors are of the functions that look up superusers and read replicas in RDS.
var rdsErrors = []FunctionError{
	{"ValueError", "Current database host %s is not the same host as/rds replica of master %s", "The host is neither the superuser's nor a read replica of it."},
	masterError,
	{"ValueError", "%s is not a valid DB Instance ARN. No Instances found when using DescribeDBInstances RDS API to get connection params.", "The superuser secret is that of an instance which is gone."},
	{"Exception", "Encountered API error while fetching connection parameters from DescribeDBInstances RDS API: %s", "The role lacks rds:DescribeDBInstances, there is no way to the API of RDS, or the host is not that of an instance."},
	{"ValueError", "%s is not a valid DB Instance ARN. It exceeds the maximum length of %s.", "The tag of the superuser secret is not one that RDS writes."},
}

// clusterErrors are of those that look up clusters too.
var clusterErrors = []FunctionError{
	{"ValueError", "%s is not a valid DB Cluster ARN. No Clusters found when using DescribeDBClusters RDS API to get connection params.", "The superuser secret is that of a cluster which is gone."},
	{"Exception", "Encountered API error while fetching connection parameters from DescribeDBClusters RDS API: %s", "The role lacks rds:DescribeDBClusters, there is no way to the API of RDS, or the host is not that of a cluster."},
}
