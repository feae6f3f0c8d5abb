package awslab_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/rotators"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// superuserCase is one of the cases that role policies tell apart, with the
// databases that there can be in it: all of them have the same policy, and an
// action is needed if one of them needs it.
type superuserCase struct {
	name      string
	types     []string
	owner     string // OwningService of the superuser secret
	replica   bool   // the secret is for a read replica
	databases []string
	// unseen are actions that the policy allows and that no database of the
	// case makes the function use, with the reason why they are there.
	unseen map[string]string
}

var (
	withoutSuperuser = []string{
		"MySQLSingleUser", "PostgreSQLSingleUser", "MariaDBSingleUser", "OracleSingleUser", "SQLServerSingleUser", "MongoDBSingleUser", "RedshiftSingleUser",
		"InfluxDBSingleUser", "ElastiCacheUser", "ActiveDirectorySingleUser", "ActiveDirectoryAndKeytabSingleUser", "Custom",
	}
	ofClustersToo = []string{"MySQLMultiUser", "PostgreSQLMultiUser"}
	ofInstances   = []string{"MariaDBMultiUser", "OracleMultiUser", "SQLServerMultiUser", "Db2SingleUser", "Db2MultiUser"}
	clusterUnseen = map[string]string{"rds:DescribeDBClusters": "replicas are looked for among instances; that no version of the function asks for clusters as well is not established"}
)

var superuserCases = []superuserCase{
	{name: "none", types: withoutSuperuser, databases: []string{""}},
	{name: "plain", types: slices.Concat(ofClustersToo, ofInstances, []string{"MongoDBMultiUser", "RedshiftMultiUser", "InfluxDBMultiUser", "Custom"}), databases: []string{""}},
	{name: "managed by RDS", types: ofClustersToo, owner: "rds", databases: []string{"instance", "cluster"}},
	{name: "managed by RDS", types: ofInstances, owner: "rds", databases: []string{"instance"}},
	{name: "managed by Redshift", types: []string{"RedshiftMultiUser"}, owner: "redshift", databases: []string{"redshift cluster", "redshift namespace"}},
	{name: "read replica", types: ofClustersToo, replica: true, databases: []string{""}, unseen: clusterUnseen},
	{name: "read replica", types: ofInstances, replica: true, databases: []string{""}},
	{name: "read replica, managed by RDS", types: ofClustersToo, owner: "rds", replica: true, databases: []string{"instance", "cluster"}},
	{name: "read replica, managed by RDS", types: ofInstances, owner: "rds", replica: true, databases: []string{"instance"}},
}

// TestRolePoliciesAreMinimal lets the functions of all rotation types make
// their documented calls under the role policy that the catalogue computes:
// they pass. Without any one of its actions or resources, exactly the first
// call that needs it is refused, and nothing is done after it.
func TestRolePoliciesAreMinimal(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var table []string
	tested := map[string]bool{}
	t.Run("types", func(t *testing.T) {
		for _, c := range superuserCases {
			for _, name := range c.types {
				tested[name] = true
				t.Run(name+"/"+c.name, func(t *testing.T) {
					t.Parallel()
					row := newMinimalWorld(t, name, c).check()
					mu.Lock()
					defer mu.Unlock()
					table = append(table, row)
				})
			}
		}
	})
	slices.Sort(table)
	t.Logf("%-36s %-30s %10s %7s %10s %6s\n%s", "rotation type", "superuser", "statements", "actions", "characters", "taken", strings.Join(table, "\n"))
	if diff := gocmp.Diff(slices.Sorted(slices.Values(catalog.Names())), slices.Sorted(maps.Keys(tested))); diff != "" {
		t.Errorf("types tested: %s", diff)
	}
}

// minimalWorld is a lab for one type and case.
type minimalWorld struct {
	*labtest.World
	t            *testing.T
	c            superuserCase
	rotationType *catalog.RotationType
	runs         int
	superusers   map[string]string // by database
}

const (
	primaryHost  = "orders.abc.eu-west-1.rds.amazonaws.com"
	clusterHost  = "sales.cluster-abc.eu-west-1.rds.amazonaws.com"
	dwhHost      = "dwh.abc.eu-west-1.redshift.amazonaws.com"
	plantedFirst = "planted-first-password"
)

func newMinimalWorld(t *testing.T, name string, c superuserCase) *minimalWorld {
	t.Helper()
	rotationType, ok := catalog.Lookup(name)
	if !ok {
		t.Fatalf("there is no rotation type %s", name)
	}
	w := &minimalWorld{World: labtest.Empty(t), t: t, c: c, rotationType: rotationType, superusers: map[string]string{}}
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
	for _, database := range c.databases {
		switch {
		case c.name == "none":
		case c.owner == "":
			w.superusers[database] = w.NewSecret("superuser", map[string]any{"engine": "any", "host": primaryHost, "username": "admin", "password": plantedFirst})
		default:
			made, err := w.CreateServiceManagedSecret(w.Region(), c.owner+"!"+strings.ReplaceAll(database, " ", "-"), c.owner, `{"username":"admin","password":"`+plantedFirst+`"}`, 7, tags[database]...)
			w.Must(err)
			w.superusers[database] = made
		}
	}
	w.NewRole("rotator")
	return w
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

// access is what the policy is computed from, for a new secret of a database.
func (w *minimalWorld) access(database string) catalog.Access {
	w.t.Helper()
	w.runs++
	a := catalog.Access{SuperuserSecretARN: w.superusers[database], SuperuserOwningService: w.c.owner, ReadReplica: w.c.replica}
	// One value suits every type, as functions keep what they do not read.
	value := map[string]any{
		"host": w.host(database), "username": "app", "password": plantedFirst, "masterarn": a.SuperuserSecretARN, "adminSecretArn": a.SuperuserSecretARN,
		"dbIdentifier": "abc123", "user_arn": "arn:aws:elasticache:eu-west-1:" + w.AccountID() + ":user:app",
		"awsSeamlessDomainDirectoryId": "d-1234567890", "awsSeamlessDomainUsername": "app", "awsSeamlessDomainPassword": plantedFirst,
	}
	if w.rotationType.Name == "ActiveDirectoryAndKeytabSingleUser" {
		for _, name := range []string{"first", "second"} {
			a.KeytabSecretARNs = append(a.KeytabSecretARNs, w.NewSecret(fmt.Sprintf("keytab-%s-%d", name, w.runs), map[string]any{"name": name}))
		}
		value["keytabArns"] = a.KeytabSecretARNs
	}
	a.SecretARN = w.NewSecret(fmt.Sprintf("secret-%d", w.runs), value)
	return a
}

// made is a call that a function made, with what it was about in words that
// are the same in every run.
type made struct{ Action, Target, Error string }

// rotate rotates the secret of an access under a policy. It returns the calls
// of the function's first try.
func (w *minimalWorld) rotate(a catalog.Access, policy iampolicy.Document) (calls []made, succeeded bool) {
	w.t.Helper()
	ctx := w.t.Context()
	_, err := w.Roles.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: new("rotator"), PolicyName: new("rotation"), PolicyDocument: new(policy.JSON())})
	w.Must(err)
	name := fmt.Sprintf("rotator-%d", w.runs)
	function := w.NewFunction(name, "rotator", map[string]string{
		awslab.HandlerVariable: rotators.CallsOnly + w.rotationType.Name, "SUPERUSER_SECRET_ARN": a.SuperuserSecretARN,
	})
	_, err = w.Functions.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &name, StatementId: new("rotation"), Action: new("lambda:InvokeFunction"), Principal: new("secretsmanager.amazonaws.com"),
	})
	w.Must(err)
	w.ForgetCalls()
	_, err = w.Secrets.RotateSecret(ctx, &secretsmanager.RotateSecretInput{
		SecretId: &a.SecretARN, RotationLambdaARN: &function, RotationRules: &smtypes.RotationRulesType{AutomaticallyAfterDays: new(int64(30))},
	})
	w.Must(err)
	w.Advance(30 * time.Second) // Another try comes after a minute.
	names := map[string]string{a.SecretARN: "the secret", a.SuperuserSecretARN: "the superuser secret"}
	for i, keytab := range a.KeytabSecretARNs {
		names[keytab] = fmt.Sprintf("keytab %d", i+1)
	}
	for _, c := range w.Calls(":assumed-role/rotator/") {
		calls = append(calls, made{c.String(), cmp.Or(names[c.Target], c.Target), c.ErrorCode})
	}
	for _, e := range w.Events() {
		succeeded = succeeded || e.SecretARN == a.SecretARN && e.Name == "RotationSucceeded"
	}
	_, err = w.Secrets.CancelRotateSecret(ctx, &secretsmanager.CancelRotateSecretInput{SecretId: &a.SecretARN})
	w.Must(err)
	return calls, succeeded
}

// taken is one thing that a policy lacks. Then the calls of the actions whose
// target begins with the one given are refused.
type taken struct {
	what    string
	actions []string
	target  string
	from    func(iampolicy.Document) iampolicy.Document
}

// everythingTaken has each action and each resource of each statement. It
// names them by their place, so that they can be taken from the policy of
// another secret, too.
func everythingTaken(policy iampolicy.Document, a catalog.Access) []taken {
	var all []taken
	for i, statement := range policy.Statements {
		less := func(change func(*iampolicy.Statement)) func(iampolicy.Document) iampolicy.Document {
			return func(d iampolicy.Document) iampolicy.Document {
				d.Statements = slices.Clone(d.Statements)
				change(&d.Statements[i])
				if len(d.Statements[i].Actions) == 0 || len(d.Statements[i].Resources) == 0 {
					d.Statements = slices.Delete(d.Statements, i, i+1)
				}
				return d
			}
		}
		for n, action := range statement.Actions {
			all = append(all, taken{action, []string{action}, targetOf(statement.Resources, a), less(func(s *iampolicy.Statement) {
				s.Actions = slices.Delete(slices.Clone(s.Actions), n, n+1)
			})})
		}
		for n := range statement.Resources {
			target := targetOf(statement.Resources[n:n+1], a)
			all = append(all, taken{"resource " + cmp.Or(target, "*"), statement.Actions, target, less(func(s *iampolicy.Statement) {
				s.Resources = slices.Delete(slices.Clone(s.Resources), n, n+1)
			})})
		}
	}
	return all
}

// targetOf is how the targets of calls on resources of a policy begin.
func targetOf(resources []string, a catalog.Access) string {
	switch {
	case resources[0] == "*":
		return ""
	case resources[0] == a.SecretARN:
		return "the secret"
	case resources[0] == a.SuperuserSecretARN:
		return "the superuser secret"
	case len(resources) > 1:
		return "keytab "
	}
	return fmt.Sprintf("keytab %d", slices.Index(a.KeytabSecretARNs, resources[0])+1)
}

func (x taken) needs(c made) bool {
	return slices.Contains(x.actions, c.Action) && strings.HasPrefix(c.Target, x.target)
}

// check runs the case and returns its row of the table.
func (w *minimalWorld) check() string {
	sample := w.access(w.c.databases[0])
	policy := w.rotationType.RolePolicy(sample)
	everything := everythingTaken(policy, sample)
	needed := map[string]bool{}
	for _, database := range w.c.databases {
		a := w.access(database)
		whole, succeeded := w.rotate(a, w.rotationType.RolePolicy(a))
		if refused := slices.ContainsFunc(whole, made.refused); refused || !succeeded {
			w.t.Errorf("%s: the whole policy lets the function make %v, succeeded %t", database, whole, succeeded)
			continue
		}
		for _, x := range everything {
			first := slices.IndexFunc(whole, x.needs)
			a := w.access(database)
			got, succeeded := w.rotate(a, x.from(w.rotationType.RolePolicy(a)))
			want := whole
			if first >= 0 {
				needed[x.what+x.target] = true
				want = append(slices.Clone(whole[:first]), made{whole[first].Action, whole[first].Target, "refused"})
			}
			if succeeded != (first < 0) {
				w.t.Errorf("%s without %s: the rotation succeeded: %t", database, x.what, succeeded)
			}
			if diff := gocmp.Diff(want, w.untilRefused(got, x)); diff != "" {
				w.t.Errorf("%s without %s: calls -want +got:\n%s", database, x.what, diff)
			}
		}
	}
	actions := 0
	for _, statement := range policy.Statements {
		actions += len(statement.Actions)
	}
	for _, x := range everything {
		_, unseen := w.c.unseen[x.what]
		if needed[x.what+x.target] == unseen {
			w.t.Errorf("%s: needed %t, known as never seen %t", x.what, needed[x.what+x.target], unseen)
		}
	}
	return fmt.Sprintf("%-36s %-30s %10d %7d %10d %6d", w.rotationType.Name, w.c.name, len(policy.Statements), actions, iampolicy.Size(policy.JSON()), len(everything))
}

func (c made) refused() bool { return strings.HasPrefix(c.Error, "AccessDenied") }

// untilRefused checks that nothing but what was taken is refused, and returns
// the calls up to the first that is. Nothing may come after it, except that a
// function which cannot rotate a keytab secret tries the others all the same.
func (w *minimalWorld) untilRefused(calls []made, x taken) []made {
	w.t.Helper()
	first := slices.IndexFunc(calls, made.refused)
	if first < 0 {
		return calls
	}
	for _, c := range calls[first+1:] {
		if c.refused() && !x.needs(c) || !strings.HasPrefix(c.Target, "keytab ") {
			w.t.Errorf("without %s: %v comes after the refusal", x.what, c)
		}
	}
	calls = slices.Clone(calls[:first+1])
	calls[first].Error = "refused"
	return calls
}
