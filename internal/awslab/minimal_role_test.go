package awslab_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

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
	// keyUnseen is unseen in every case in which there are keys.
	keyUnseen = map[string]string{"kms:DescribeKey": "AWS's page lists it for customer managed keys; no call of a function or of Secrets Manager is known to need it"}
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

// policyKind is how a policy is computed: for one secret or for all secrets of
// the function, with customer managed keys or without.
type policyKind struct{ shared, keys bool }

var policyKinds = []policyKind{{}, {keys: true}, {shared: true}, {shared: true, keys: true}}

// TestRolePoliciesAreMinimal lets the functions of all rotation types make
// their documented calls under the role policies that the catalogue computes:
// they pass. Without any one of its actions, resources or values of conditions,
// exactly the first call that needs it is refused, and nothing is done after it.
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
					w := newMinimalWorld(t, name, c)
					for _, kind := range policyKinds {
						row := w.check(kind)
						mu.Lock()
						table = append(table, row)
						mu.Unlock()
					}
				})
			}
		}
	})
	slices.Sort(table)
	t.Logf("%-36s %-30s %-12s %-5s %10s %7s %10s %6s\n%s", "rotation type", "superuser", "policy of", "keys", "statements", "actions", "characters", "taken", strings.Join(table, "\n"))
	if diff := gocmp.Diff(slices.Sorted(slices.Values(catalog.Names())), slices.Sorted(maps.Keys(tested))); diff != "" {
		t.Errorf("types tested: %s", diff)
	}
}

// check runs the case with policies of a kind and returns its row of the table.
func (w *minimalWorld) check(kind policyKind) string {
	w.t.Helper()
	sample := w.subject(kind, w.c.databases[0], "")
	policy := w.policy(sample)
	others := iampolicy.Document{Version: policy.Version, Statements: slices.DeleteFunc(slices.Clone(policy.Statements), ofKeys)}
	if diff := gocmp.Diff(w.policy(sample.withoutKeys()), others); diff != "" {
		w.t.Errorf("%+v: with keys, other statements change: -without +with\n%s", kind, diff)
	}
	everything := sample.everythingTaken(policy)
	needed := make([]bool, len(everything))
	for _, database := range w.c.databases {
		w.checkDatabase(kind, database, "", needed)
	}
	if kind.shared {
		w.checkDatabase(kind, w.c.databases[0], alias, needed)
	}
	actions := 0
	for _, statement := range policy.Statements {
		actions += len(statement.Actions)
	}
	for i, x := range everything {
		if unseen := w.c.unseen[x.what]+keyUnseen[x.what] != ""; needed[i] == unseen {
			w.t.Errorf("%+v, %s: needed %t, known as never seen %t", kind, x.what, needed[i], unseen)
		}
	}
	of, keys := "one secret", "no"
	if kind.shared {
		of = "the function"
	}
	if kind.keys {
		keys = "yes"
	}
	return fmt.Sprintf("%-36s %-30s %-12s %-5s %10d %7d %10d %6d", w.rotationType.Name, w.c.name, of, keys, len(policy.Statements), actions, iampolicy.Size(policy.JSON()), len(everything))
}

// checkDatabase rotates secrets of a database with a function, or an alias of
// it, under the whole policy and under what is left when each thing is taken
// from it. It notes what was needed. How a secret names the function makes a
// difference for one condition only, so that an alias is tried with that alone.
func (w *minimalWorld) checkDatabase(kind policyKind, database, alias string, needed []bool) {
	w.t.Helper()
	s := w.subject(kind, database, alias)
	whole, _, succeeded := w.rotate(s, w.policy(s))
	if refused := slices.ContainsFunc(whole, made.refused); refused || !succeeded {
		w.t.Errorf("%+v, %s: the whole policy lets the function make %v, succeeded %t", kind, database, whole, succeeded)
		return
	}
	for i, x := range s.everythingTaken(w.policy(s)) {
		if alias != "" && x.condition != iampolicy.RotatesWithKey {
			continue
		}
		first := slices.IndexFunc(whole, x.needs)
		s := w.subject(kind, database, alias)
		got, log, succeeded := w.rotate(s, x.from(w.policy(s)))
		want := whole
		if first >= 0 {
			needed[i] = true
			want = append(slices.Clone(whole[:first]), made{whole[first].Action, whole[first].Target, "refused"})
		}
		what := fmt.Sprintf("%+v, %s %s without %s", kind, database, alias, x.what)
		if succeeded != (first < 0) {
			w.t.Errorf("%s: the rotation succeeded: %t", what, succeeded)
		}
		// Secrets Manager does not say more of a key that it may not use for the caller.
		if ofKey := strings.Contains(log, noKMS); ofKey != (first >= 0 && kind.keys) {
			w.t.Errorf("%s: the function was refused a key: %t", what, ofKey)
		}
		if diff := gocmp.Diff(want, w.untilRefused(got, x)); diff != "" {
			w.t.Errorf("%s: calls -want +got:\n%s", what, diff)
		}
	}
}

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
