package catalog

import (
	"slices"
	"strconv"
)

// databaseFields returns the fields that every database function requires, and the rest.
func databaseFields(engine, host, username Field, rest ...Field) []Field {
	engine.Name, engine.Required, engine.Example, engine.Keeper = "engine", true, engine.Allowed[0], FirstValue
	host.Name, host.Required = "host", true
	username.Name, username.Required, username.Example, username.Keeper = "username", true, "app", FirstValue
	host.Note = "Host name without a port: " + host.Note
	if slices.ContainsFunc(rest, func(f Field) bool { return f.Name == superuserField.Name }) {
		host.Note += " The function compares it with the superuser's, letter by letter."
	}
	return append([]Field{
		engine,
		host,
		username,
		{Name: "password", Required: true, Keeper: EachRotation, Example: placeholder, Note: "Each rotation replaces it."},
	}, rest...)
}

// placeholder stands for a password or a token in examples.
const placeholder = "REPLACED-BY-ROTATION"

// Hosts, and where Terraform has them.
var (
	rdsInstance = Field{
		Example: "orders.abc123def456.eu-central-1.rds.amazonaws.com",
		Note:    "`address` of aws_db_instance, whose `endpoint` ends in the port.",
	}
	rdsCluster = Field{
		Example: "orders.cluster-abc123def456.eu-central-1.rds.amazonaws.com",
		Note:    "`endpoint` of aws_rds_cluster, or `address` of aws_db_instance, whose `endpoint` ends in the port.",
	}
	docDBCluster = Field{
		Example: "orders.cluster-abc123def456.eu-central-1.docdb.amazonaws.com",
		Note:    "`endpoint` of aws_docdb_cluster.",
	}
	redshiftCluster = Field{
		Example: "orders.abc123def456.eu-central-1.redshift.amazonaws.com",
		Note:    "`dns_name` of aws_redshift_cluster, whose `endpoint` ends in the port.",
	}
)

// The user of a secret. The functions that alternate between two users take the name apart to make the other's.
var (
	oneUser          Field
	alternatingUsers = Field{TextOnly: true, Note: "The name of the user, or of its clone: each rotation switches to the other."}
)

func databaseField(field Field) Field {
	field.Name = "dbname"
	if field.Example == "" {
		field.Example = "orders"
	}
	return field
}

func portField(port int) Field {
	text := strconv.Itoa(port)
	return Field{
		Name: "port", Kind: Port, Default: text, Example: text,
		Note: "A number, or text that is one. The function fails on null, on empty text and on text such as \"" + text + ".0\".",
	}
}

func portTextField(port int) Field {
	text := strconv.Itoa(port)
	return Field{
		Name: "port", Kind: PortText, Default: text, Example: text,
		Note: "A number, or text that is one. The function takes anything; with null or empty text it cannot connect.",
	}
}

func tlsField(more string) Field {
	return Field{
		Name: "ssl", Kind: TLS,
		Note: "Absent, or anything but true and false: TLS is tried first, then an unencrypted connection. True: TLS only. False: unencrypted only." + more,
	}
}

var superuserField = Field{
	Name: "masterarn", Kind: SecretID, Required: true, Example: superuserExample,
	Note: "ARN or name of the superuser secret. The function reads it in setSecret only, so a secret without it passes createSecret and testSecret. CloudFormation's SuperuserSecretArn gives access to that secret and does not write this field.",
}

const superuserExample = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf"

func consoleField(name string) Field {
	return Field{Name: name, Ignored: true, Note: "The console uses it to find the database and its network; the function keeps it and does not read it."}
}

var (
	instanceField  = consoleField("dbInstanceIdentifier")
	clusterField   = consoleField("dbClusterIdentifier")
	namespaceField = consoleField("namespaceName")
)

// System tags of the secrets that services manage, in lower case as the functions compare them.
const (
	instanceTag  = "aws:rds:primarydbinstancearn"
	clusterTag   = "aws:rds:primarydbclusterarn"
	redshiftTag  = "aws:redshift:primaryclusterarn"
	namespaceTag = "aws:redshift-serverless:namespacearn"
)

// rdsSuperuser is the superuser of the functions that look up in RDS what a managed superuser secret lacks.
func rdsSuperuser(tags ...string) *Superuser {
	return &Superuser{
		Field:         "masterarn",
		Fields:        []string{"host", "username", "password", "engine"},
		ManagedFields: []string{"username", "password"},
		ManagedTags:   tags,
	}
}

// rdsGrants are the grants of those functions. They look up read replicas as well.
func rdsGrants(actions ...string) []Grant {
	return []Grant{
		secretGrant,
		passwordGrant,
		superuserGrant,
		{On: OnSuperuser, When: ManagedSuperuser, Actions: []string{"secretsmanager:DescribeSecret"}},
		{On: OnService, When: ManagedOrReplica, Actions: actions},
	}
}

// Notes of several types.
const (
	previousNote = "setSecret reads the AWSPREVIOUS version too, and fails if that is not JSON, although the current one is."
	replicaNote  = "A host that differs from the superuser's is accepted only for a read replica, which the function looks up in RDS."
	managedNote  = "A superuser secret with exactly the fields username and password is taken for one that RDS manages: host, port and engine come from RDS. Any other field in it switches that off."
)
