package awslab_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/rotators"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// minimalWorld is a lab for one type and case.
type minimalWorld struct {
	*labtest.World
	t            *testing.T
	c            superuserCase
	rotationType *catalog.RotationType
	logs         *cloudwatchlogs.Client
	secrets      int
	// What there is without customer managed keys, and with them.
	functions  map[bool]string
	superusers map[bool]map[string]string // by database
}

const (
	primaryHost  = "orders.abc.eu-west-1.rds.amazonaws.com"
	clusterHost  = "sales.cluster-abc.eu-west-1.rds.amazonaws.com"
	dwhHost      = "dwh.abc.eu-west-1.redshift.amazonaws.com"
	plantedFirst = "planted-first-password"
	alias        = "live" // of both functions
)

// The customer managed keys: what they protect, and the digit of their ID.
const secretKey, superuserKey, keytabKey = "1", "2", "3"

func (w *minimalWorld) key(digit string) string {
	return "arn:aws:kms:eu-west-1:" + w.AccountID() + ":key/" + strings.Repeat(digit, 8) + "-0000-0000-0000-" + strings.Repeat(digit, 12)
}

func newMinimalWorld(t *testing.T, name string, c superuserCase) *minimalWorld {
	t.Helper()
	rotationType, ok := catalog.Lookup(name)
	if !ok {
		t.Fatalf("there is no rotation type %s", name)
	}
	w := &minimalWorld{World: labtest.Empty(t), t: t, c: c, rotationType: rotationType, functions: map[bool]string{}, superusers: map[bool]map[string]string{}}
	w.logs = cloudwatchlogs.NewFromConfig(w.Config())
	instance := w.AddDBInstance(awslab.DBInstance{Identifier: "orders", Engine: "mysql", Host: primaryHost, Port: 3306})
	w.AddDBInstance(awslab.DBInstance{Identifier: "replica", Engine: "mysql", Host: "replica.abc.eu-west-1.rds.amazonaws.com", Port: 3306, ReplicaOf: "orders"})
	w.AddDBInstance(awslab.DBInstance{Identifier: "reader", Engine: "mysql", Host: "reader.abc.eu-west-1.rds.amazonaws.com", Port: 3306, ReplicaOf: "sales"})
	w.AddInfluxDBInstance(awslab.InfluxDBInstance{ID: "abc123", Host: "abc123.timestream"})
	w.AddCacheUser(awslab.CacheUser{ID: "app", Name: "app"}, plantedFirst)
	w.AddDirectory(awslab.Directory{ID: "d-1234567890", Name: "corp.example.com"}, "app", plantedFirst)
	tags := map[string][]string{
		"instance":           {"aws:rds:primaryDBInstanceArn", instance},
		"cluster":            {"aws:rds:primaryDBClusterArn", w.AddDBCluster(awslab.DBCluster{Identifier: "sales", Engine: "aurora-mysql", Host: clusterHost, Port: 3306})},
		"redshift cluster":   {"aws:redshift:primaryClusterArn", w.AddRedshiftCluster(awslab.RedshiftCluster{Identifier: "dwh", Host: dwhHost, Port: 5439})},
		"redshift namespace": {"aws:redshift-serverless:namespaceArn", w.AddRedshiftNamespace(awslab.RedshiftNamespace{Name: "dwh", Workgroup: "wg", Host: dwhHost, Port: 5439})},
	}
	for _, digit := range []string{secretKey, superuserKey, keytabKey} {
		w.AddKey(w.key(digit))
	}
	w.NewRole("rotator")
	for _, keys := range []bool{false, true} {
		w.superusers[keys] = map[string]string{}
		for _, database := range c.databases {
			w.superusers[keys][database] = w.superuser(database, keys, tags[database])
		}
		w.functions[keys] = w.function(fmt.Sprintf("rotator-%t", keys), w.superusers[keys][c.databases[0]])
	}
	return w
}

// superuser makes the superuser secret of a database, if there is one.
func (w *minimalWorld) superuser(database string, keys bool, tags []string) string {
	w.t.Helper()
	switch {
	case w.c.name == "none":
		return ""
	case w.c.owner == "":
		key := ""
		if keys {
			key = w.key(superuserKey)
		}
		return w.newSecret("superuser", key, map[string]any{"engine": "any", "host": primaryHost, "username": "admin", "password": plantedFirst})
	}
	name := fmt.Sprintf("%s!%s-%t", w.c.owner, strings.ReplaceAll(database, " ", "-"), keys)
	made, err := w.CreateServiceManagedSecret(w.Region(), name, w.c.owner, `{"username":"admin","password":"`+plantedFirst+`"}`, 7, tags...)
	w.Must(err)
	if keys {
		w.EncryptServiceManagedSecret(made, w.key(superuserKey))
	}
	return made
}

// newSecret makes a secret, with the key of that ARN if there is one.
func (w *minimalWorld) newSecret(name, key string, value map[string]any) string {
	w.t.Helper()
	text, err := json.Marshal(value)
	w.Must(err)
	w.secrets++
	in := secretsmanager.CreateSecretInput{Name: new(fmt.Sprintf("%s-%d", name, w.secrets)), SecretString: new(string(text))}
	if key != "" {
		in.KmsKeyId = &key
	}
	out, err := w.Secrets.CreateSecret(w.t.Context(), &in)
	w.Must(err)
	return *out.ARN
}

// function makes the function, with an alias. Secrets Manager may invoke both.
// The template for functions of one's own is told its superuser secret.
func (w *minimalWorld) function(name, superuser string) string {
	w.t.Helper()
	ctx := w.t.Context()
	function := w.NewFunction(name, "rotator", map[string]string{awslab.HandlerVariable: rotators.CallsOnly + w.rotationType.Name, "SUPERUSER_SECRET_ARN": superuser})
	_, err := w.Functions.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &name})
	w.Must(err)
	_, err = w.Functions.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: &name, Name: new(alias), FunctionVersion: new("1")})
	w.Must(err)
	for _, qualifier := range []*string{nil, new(alias)} {
		_, err := w.Functions.AddPermission(ctx, &lambda.AddPermissionInput{
			FunctionName: &name, Qualifier: qualifier, StatementId: new("rotation"), Action: new("lambda:InvokeFunction"), Principal: new("secretsmanager.amazonaws.com"),
		})
		w.Must(err)
	}
	return function
}

// host is where the secret's database is.
func (w *minimalWorld) host(database string) string {
	host := map[string]string{"cluster": clusterHost, "redshift cluster": dwhHost, "redshift namespace": dwhHost}[database]
	switch host = cmp.Or(host, primaryHost); {
	case !w.c.replica:
		return host
	case host == clusterHost:
		return "reader.abc.eu-west-1.rds.amazonaws.com"
	}
	return "replica.abc.eu-west-1.rds.amazonaws.com"
}

// subject is a secret to rotate, and what its policy is computed from.
type subject struct {
	catalog.Access
	kind     policyKind
	function string            // that it rotates with, with the alias if it has one
	names    map[string]string // what tests call the secrets that the function uses, by ARN
	keys     map[string]string // their customer managed keys, by ARN, empty for none
}

// subject makes a new secret of a database, and the keytab secrets if the type
// has some.
func (w *minimalWorld) subject(kind policyKind, database, alias string) subject {
	w.t.Helper()
	s := subject{kind: kind, function: w.functions[kind.keys], names: map[string]string{}, keys: map[string]string{}}
	if alias != "" {
		s.function += ":" + alias
	}
	s.SuperuserSecretARN, s.SuperuserOwningService, s.ReadReplica = w.superusers[kind.keys][database], w.c.owner, w.c.replica
	if kind.keys {
		s.KMSKeyARN, s.SuperuserKMSKeyARN, s.KeytabKMSKeyARN = w.key(secretKey), w.key(superuserKey), w.key(keytabKey)
	}
	know := func(secretARN, name, key string) { s.names[secretARN], s.keys[secretARN] = name, key }
	for other, superuser := range w.superusers[kind.keys] {
		switch {
		case superuser == "":
		case other == database:
			know(superuser, "the superuser secret", s.SuperuserKMSKeyARN)
		default:
			know(superuser, "the superuser secret of the "+other, s.SuperuserKMSKeyARN)
		}
	}
	// One value suits every type, as functions keep what they do not read.
	value := map[string]any{
		"host": w.host(database), "username": "app", "password": plantedFirst, "masterarn": s.SuperuserSecretARN, "adminSecretArn": s.SuperuserSecretARN,
		"dbIdentifier": "abc123", "user_arn": "arn:aws:elasticache:eu-west-1:" + w.AccountID() + ":user:app",
		"awsSeamlessDomainDirectoryId": "d-1234567890", "awsSeamlessDomainUsername": "app", "awsSeamlessDomainPassword": plantedFirst,
	}
	if w.rotationType.HasKeytabs() {
		for _, name := range []string{"keytab 1", "keytab 2"} {
			keytab := w.newSecret("keytab", s.KeytabKMSKeyARN, map[string]any{"name": name})
			know(keytab, name, s.KeytabKMSKeyARN)
			s.KeytabSecretARNs = append(s.KeytabSecretARNs, keytab)
		}
		value["keytabArns"] = s.KeytabSecretARNs
	}
	s.SecretARN = w.newSecret("secret", s.KMSKeyARN, value)
	know(s.SecretARN, "the secret", s.KMSKeyARN)
	return s
}

// withoutKeys is the subject as if aws/secretsmanager protected everything.
func (s subject) withoutKeys() subject {
	s.KMSKeyARN, s.SuperuserKMSKeyARN, s.KeytabKMSKeyARN = "", "", ""
	return s
}

// policy is the role policy for a subject, or for all those of its function.
func (w *minimalWorld) policy(s subject) iampolicy.Document {
	if !s.kind.shared {
		return w.rotationType.RolePolicy(s.Access)
	}
	a := catalog.SharedAccess{
		FunctionARN: s.function, Types: []*catalog.RotationType{w.rotationType},
		SuperuserOwners: map[string]string{}, ReadReplica: s.ReadReplica, KeytabSecretARNs: s.KeytabSecretARNs,
	}
	for _, database := range w.c.databases {
		if superuser := w.superusers[s.kind.keys][database]; superuser != "" {
			a.SuperuserSecretARNs = append(a.SuperuserSecretARNs, superuser)
			a.SuperuserOwners[superuser] = w.c.owner
		}
	}
	if s.KMSKeyARN != "" {
		a.KMSKeyARNs = []string{s.KMSKeyARN}
		if len(a.SuperuserSecretARNs) > 0 {
			a.SuperuserKMSKeyARNs = []string{s.SuperuserKMSKeyARN}
		}
		if len(a.KeytabSecretARNs) > 0 {
			a.KMSKeyARNs = append(a.KMSKeyARNs, s.KeytabKMSKeyARN)
		}
	}
	return catalog.SharedRolePolicy(a)
}

// rotate rotates a subject under a policy. It returns the calls of the
// function's first try, and what it logged.
func (w *minimalWorld) rotate(s subject, policy iampolicy.Document) (calls []made, log string, succeeded bool) {
	w.t.Helper()
	ctx, began := w.t.Context(), w.Now()
	_, err := w.Roles.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: new("rotator"), PolicyName: new("rotation"), PolicyDocument: new(policy.JSON())})
	w.Must(err)
	w.ForgetCalls()
	_, err = w.Secrets.RotateSecret(ctx, &secretsmanager.RotateSecretInput{
		SecretId: &s.SecretARN, RotationLambdaARN: &s.function, RotationRules: &smtypes.RotationRulesType{AutomaticallyAfterDays: new(int64(30))},
	})
	w.Must(err)
	w.Advance(30 * time.Second) // Another try comes after a minute.
	for _, c := range w.Calls(":assumed-role/rotator/") {
		calls = append(calls, made{c.String(), cmp.Or(s.names[c.Target], c.Target), c.ErrorCode})
	}
	for _, e := range w.Events() {
		succeeded = succeeded || e.SecretARN == s.SecretARN && e.Name == "RotationSucceeded"
	}
	_, err = w.Secrets.CancelRotateSecret(ctx, &secretsmanager.CancelRotateSecretInput{SecretId: &s.SecretARN})
	w.Must(err)
	if s.kind.keys {
		name := strings.Split(s.function, ":")[6]
		out, err := w.logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/aws/lambda/" + name), StartTime: new(began.UnixMilli())})
		w.Must(err)
		for _, e := range out.Events {
			log += *e.Message
		}
	}
	return calls, log, succeeded
}
