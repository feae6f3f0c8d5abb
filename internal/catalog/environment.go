package catalog

import (
	"slices"
	"strconv"
)

var endpointVariable = Variable{Name: EndpointVariable, Required: true, Note: "URL of the endpoint of Secrets Manager, such as https://secretsmanager.eu-central-1.amazonaws.com."}

func excludeVariable(characters string) Variable {
	return Variable{
		Name: "EXCLUDE_CHARACTERS", Default: characters,
		Note: "Characters that passwords do not contain. The value replaces the default; an empty one excludes nothing.",
	}
}

func lengthVariable(length int) Variable {
	return numberVariable("PASSWORD_LENGTH", length, "Length of passwords.")
}

func numberVariable(name string, value int, note string) Variable {
	return Variable{Name: name, Kind: NumberVariable, Default: strconv.Itoa(value), Note: note + " The function fails if it is not a whole number."}
}

func truthVariable(name string, value bool, note string) Variable {
	return Variable{Name: name, Kind: TruthVariable, Default: strconv.FormatBool(value), Note: note + " Only true, 1, y and yes, in any case, mean true."}
}

var (
	withoutPunctuation = truthVariable("EXCLUDE_PUNCTUATION", false, "Passwords without punctuation.")
	eachType           = truthVariable("REQUIRE_EACH_INCLUDED_TYPE", true, "Passwords with a character of each type that is not excluded.")
)

// databaseEnvironment is what the functions of most databases read, with the defaults of the password.
func databaseEnvironment(exclude string, length int, more ...Variable) []Variable {
	return append([]Variable{
		endpointVariable, excludeVariable(exclude), lengthVariable(length),
		truthVariable("EXCLUDE_NUMBERS", false, "Passwords without digits."),
		withoutPunctuation,
		truthVariable("EXCLUDE_UPPERCASE", false, "Passwords without capital letters."),
		truthVariable("EXCLUDE_LOWERCASE", false, "Passwords without small letters."),
		eachType,
	}, more...)
}

// redshiftEnvironment leaves out what Redshift requires in a password.
var redshiftEnvironment = []Variable{endpointVariable, excludeVariable(`/@"'\:`), lengthVariable(32), withoutPunctuation, eachType}

// keyVariable gives a field of the secret another name, of the keytab secrets where it says so.
func keyVariable(name, field, of string) Variable {
	return Variable{Name: name, Default: field, Note: "Name of the field " + field + of + ". An empty value is the default."}
}

var directoryEnvironment = []Variable{
	endpointVariable, excludeVariable(`/@"'\`),
	keyVariable("DICT_KEY_DIRECTORY", "awsSeamlessDomainDirectoryId", ""),
	keyVariable("DICT_KEY_USERNAME", "awsSeamlessDomainUsername", ""),
	keyVariable("DICT_KEY_PASSWORD", "awsSeamlessDomainPassword", ""),
}

const ofKeytabs = " of keytab secrets"

var keytabEnvironment = append(slices.Clip(directoryEnvironment),
	keyVariable("DICT_KEY_LAST_MODIFIED", "lastModifiedDateTime", ""),
	keyVariable("DICT_KEY_SCHEMA_VERSION", "schemaVersion", ""),
	keyVariable("DICT_KEY_KEYTAB_ARNS", "keytabArns", ""),
	keyVariable("DICT_KEY_KEYTAB_NAME", "name", ofKeytabs),
	keyVariable("DICT_KEY_KEYTAB_PRINCIPALS", "principals", ofKeytabs),
	keyVariable("DICT_KEY_KEYTAB_CONTENTS", "keytabContents", ofKeytabs),
	keyVariable("DICT_KEY_KEYTAB_VERSION", "version", ofKeytabs),
	keyVariable("DICT_KEY_SECRET_ARN", "parentSecretArn", ofKeytabs),
)
