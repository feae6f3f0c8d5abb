package catalog

var mongoDBSingleUser = &RotationType{
	Name:          "MongoDBSingleUser",
	Application:   "SecretsManagerMongoDBRotationSingleUser",
	Engine:        "mongo",
	Strategy:      SingleUser,
	Hosted:        true,
	Port:          27017,
	Database:      "admin",
	Fields:        databaseFields(mongoEngine, docDBCluster, "", mongoDatabase, portField(27017), tlsField(""), instanceField, clusterField),
	Password:      &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Grants:        []Grant{secretGrant, passwordGrant},
	ReadsPrevious: true,
}

var mongoDBMultiUser = &RotationType{
	Name:        "MongoDBMultiUser",
	Application: "SecretsManagerMongoDBRotationMultiUser",
	Engine:      "mongo",
	Strategy:    AlternatingUsers,
	Hosted:      true,
	Port:        27017,
	Database:    "admin",
	Fields:      databaseFields(mongoEngine, docDBCluster, switchesUser, mongoDatabase, portField(27017), tlsField(""), superuserField, instanceField, clusterField),
	Clone:       &Clone{Suffix: "_clone"},
	Password:    &Password{ExcludeCharacters: `/@"'\`, Length: 32},
	Superuser:   &Superuser{Field: "masterarn", Fields: []string{"engine", "host", "username", "password"}},
	Grants:      []Grant{secretGrant, passwordGrant, superuserGrant},
	Notes: []string{
		"A superuser secret that a service manages does not work: it has no engine and no host, and the function looks up nothing.",
		"The superuser's host must be exactly the secret's; read replicas are not looked up.",
	},
}

var (
	mongoEngine   = Field{Allowed: []string{"mongo"}, Note: `"docdb", which is the engine in RDS and in Terraform, and "mongodb" are refused.`}
	mongoDatabase = databaseField(Field{Default: "admin", NullFails: true, Example: "admin", Note: "The database that the user logs in to. The function fails on null."})
)

const docDBCluster = "orders.cluster-abc123def456.eu-central-1.docdb.amazonaws.com"
