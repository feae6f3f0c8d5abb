package catalog

// Differences of several types. Pages are https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html,
// reference_available-rotation-templates.html, rotating-secrets-required-permissions-function.html and troubleshoot_rotation.html of the
// same guide, unless the text says otherwise.
var (
	tokenDifference = Difference{
		"RotationToken", "PutSecretValue needs the RotationToken of the event when the role is assumed or in another account.",
		"The published function never passes it.",
	}
	tlsDifference = Difference{
		"ssl", "Only secrets of Amazon DocumentDB have this field.",
		"The function reads it; without it TLS is tried first, then an unencrypted connection.",
	}
	describeDifference = Difference{
		"permissions on the superuser secret", "secretsmanager:GetSecretValue.",
		"Also secretsmanager:DescribeSecret, when RDS manages the superuser secret.",
	}
	redshiftDifferences = []Difference{
		tokenDifference,
		{"dbname", "Without it there is no database.", `Without it the database is "dev".`},
		{"driver", "redshift-connector.", "The published source uses pgdb."},
	}
	mongoDifferences = []Difference{
		tokenDifference,
		{"ssl", "Without it the connection is not encrypted.", "Without it TLS is tried first, then an unencrypted connection."},
		{"dbname", "Without it there is no database.", `Without it the database is "admin".`},
		{"driver", "PyMongo 4.7.3.", "The published source calls methods that PyMongo 4 no longer has, so that AWS must deploy another version than it publishes."},
	}
	oracleTLSDifference = Difference{"TLS", "Functions for Oracle do not use TLS by themselves.", "Since September 2024 TCPS is tried first."}
	db2Differences      = []Difference{
		tokenDifference, describeDifference, engineDifference(`anything that starts with "db2"`),
		{"port", "Without it 3306.", "Without it 50000."},
		{"dbname", "Optional.", `Without it the function connects to a database named "None", so that no login works.`},
	}
	directoryDifferences = []Difference{
		tokenDifference,
		{"field names", "The text at the top of the code shows DirectoryId, Username and Password.", "awsSeamlessDomainDirectoryId, awsSeamlessDomainUsername and awsSeamlessDomainPassword, unless the environment names others."},
	}
)

func engineDifference(accepted string) Difference {
	return Difference{"engine", "One value only.", "Also accepted: " + accepted + "."}
}
