package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sorted returns the characters of a text in the order of their codes.
func sorted(s string) string {
	runes := []rune(s)
	slices.Sort(runes)
	return string(runes)
}

func TestPasswordConstraints(t *testing.T) {
	t.Parallel()
	const rds, printable = `"/@`, ""
	tests := []struct {
		target     string
		audience   Audience
		min, max   int
		forbidden  string
		confidence Confidence
	}{
		{"RDS for MySQL, master user", MasterUsers, 8, 41, rds, Confirmed},
		{"RDS for MariaDB, master user", MasterUsers, 8, 41, rds, Confirmed},
		{"RDS for PostgreSQL, master user", MasterUsers, 8, 128, rds, Confirmed},
		{"RDS for SQL Server, master user", MasterUsers, 8, 128, rds, Confirmed},
		{"RDS for Oracle, master user", MasterUsers, 8, 30, `"&'/@`, Confirmed},
		{"RDS for Oracle, master user of a tenant database", MasterUsers, 8, 30, `"&'/@`, Confirmed},
		{"RDS for Db2, master user", MasterUsers, 8, 255, rds, Confirmed},
		{"Aurora and Multi-AZ DB clusters, master user", MasterUsers, 8, 41, rds, Confirmed},
		{"RDS, all master users", MasterUsers, 0, 0, ` "'/@`, Confirmed},
		{"Amazon DocumentDB cluster, master user", MasterUsers, 8, 100, rds, Confirmed},
		{"Amazon DocumentDB elastic cluster, admin user", MasterUsers, 8, 100, rds, Confirmed},
		{"Amazon DocumentDB and MongoDB, users other than the master user", OrdinaryUsers, 0, 0, printable, Unconfirmed},
		{"Redshift, admin user and SQL users", AllUsers, 8, 64, ` "'/@\`, Confirmed},
		{"Redshift Serverless, admin user", MasterUsers, 0, 0, printable, Unconfirmed},
		{"ElastiCache, user of role-based access control", AllUsers, 16, 128, `",/@`, Confirmed},
		{"ElastiCache, AUTH token", NotRotated, 16, 128, "\"%'()*+,./:;=?@[\\]_`{|}~", Confirmed},
		{"Timestream for InfluxDB, initial admin user", MasterUsers, 8, 64, printable, Confirmed},
		{"InfluxDB 2, user", AllUsers, 8, 72, printable, Partly},
		{"AWS Directory Service, user", AllUsers, 1, 127, printable, Confirmed},
		{"SQL Server, login", AllUsers, 8, 128, printable, Confirmed},
		{"Oracle Database, user", AllUsers, 0, 30, `"`, Partly},
		{"MySQL, MariaDB and PostgreSQL, users other than the master user", OrdinaryUsers, 0, 0, printable, Unconfirmed},
		{"Db2, user", OrdinaryUsers, 0, 0, printable, Unconfirmed},
		{"GetRandomPassword", NotRotated, 1, 4096, printable, Confirmed},
	}
	constraints := PasswordConstraints()
	if len(constraints) != len(tests) {
		t.Fatalf("%d constraints, want %d", len(constraints), len(tests))
	}
	for i, c := range constraints {
		got, want := c, tests[i]
		if got.Target != want.target || got.Audience != want.audience || got.Min != want.min || got.Max != want.max || got.Confidence != want.confidence {
			t.Errorf("%+v, want %+v", got, want)
		}
		if diff := cmp.Diff(want.forbidden, sorted(got.Forbidden)); diff != "" {
			t.Errorf("%s: %s", c.Target, diff)
		}
		if (c.Forbidden != "") != (c.Reason != "") || c.Confidence != Unconfirmed && c.Source == "" {
			t.Errorf("%s lacks a reason or a source", c.Target)
		}
		if c.Note != "" && !strings.HasSuffix(c.Note, ".") || c.Confidence == Unconfirmed && c.Note == "" {
			t.Errorf("%s: %q is not a sentence", c.Target, c.Note)
		}
		for _, engine := range c.Engines {
			if !slices.Contains(Engines(), engine) {
				t.Errorf("%s concerns the unknown engine %q", c.Target, engine)
			}
		}
	}
	for _, c := range constraints {
		if alphanumeric := c.Target == "Timestream for InfluxDB, initial admin user"; c.OnlyAlphanumeric != alphanumeric {
			t.Errorf("%s: OnlyAlphanumeric is %v", c.Target, c.OnlyAlphanumeric)
		}
		if policy := c.Target == "SQL Server, login"; c.ByPolicy != policy {
			t.Errorf("%s: ByPolicy is %v", c.Target, c.ByPolicy)
		}
	}
}

// TestAuthToken derives what an AUTH token forbids from the punctuation that it accepts.
func TestAuthToken(t *testing.T) {
	t.Parallel()
	i := slices.IndexFunc(passwordConstraints, func(c PasswordConstraint) bool { return c.Target == "ElastiCache, AUTH token" })
	for _, r := range Punctuation.Characters() {
		if strings.ContainsRune(passwordConstraints[i].Forbidden, r) == strings.ContainsRune("!&#$^<>-", r) {
			t.Errorf("%q is neither accepted nor forbidden, or both", r)
		}
	}
}

func TestPasswordLengths(t *testing.T) {
	t.Parallel()
	type bounds struct{ shortest, longest int }
	tests := map[string]struct{ any, master bounds }{
		"MySQL":                    {bounds{}, bounds{8, 41}},
		"MariaDB":                  {bounds{}, bounds{8, 41}},
		"PostgreSQL":               {bounds{}, bounds{8, 128}}, // 41 in Aurora, which is a note.
		"Oracle":                   {bounds{}, bounds{8, 30}},
		"SQLServer":                {bounds{0, 128}, bounds{8, 128}},
		"Db2":                      {bounds{}, bounds{8, 255}},
		"MongoDB":                  {bounds{}, bounds{8, 100}},
		"Redshift":                 {bounds{8, 64}, bounds{8, 64}},
		"InfluxDB":                 {bounds{}, bounds{8, 64}},
		"ElastiCache":              {bounds{16, 128}, bounds{16, 128}},
		"ActiveDirectory":          {bounds{1, 127}, bounds{1, 127}},
		"ActiveDirectoryAndKeytab": {bounds{1, 127}, bounds{1, 127}},
		"Custom":                   {},
	}
	for _, rotationType := range All() {
		name := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(rotationType.Name, "SingleUser"), "MultiUser"), "User")
		want, ok := tests[name]
		if !ok {
			t.Errorf("no row for %s", rotationType.Name)
		}
		if rotationType.Password == nil {
			want.any, want.master = bounds{}, bounds{}
		}
		shortest, longest := rotationType.PasswordLengths("shell")
		if got := (bounds{shortest, longest}); got != want.any {
			t.Errorf("%s: lengths are %v, want %v", rotationType.Name, got, want.any)
		}
		shortest, longest = rotationType.PasswordLengths("url", MasterUser)
		if got := (bounds{shortest, longest}); got != want.master {
			t.Errorf("%s: lengths of the master user are %v, want %v", rotationType.Name, got, want.master)
		}
		// What the function makes by default is accepted.
		if p := rotationType.Password; p != nil && (p.Length < shortest || longest > 0 && p.Length > longest) {
			t.Errorf("%s: the default length %d is not accepted", rotationType.Name, p.Length)
		}
		var classes []Class
		if rotationType.Engine == "redshift" {
			classes = []Class{Upper, Lower, Digits}
		}
		if diff := cmp.Diff(classes, rotationType.RequiredClasses()); diff != "" {
			t.Errorf("%s: %s", rotationType.Name, diff)
		}
	}
}

func TestMinimumExclude(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"mysql": `"/@`, "mariadb": `"/@`, "postgres": `"/@`, "oracle": `"/@`, "sqlserver": `"/@`, "mongo": `"/@`,
		"db2": `"/;@`, "redshift": `"'/@\`, "elasticache": `",/@`, "timestream-influxdb": "", "active-directory": "", "other": "",
	}
	for _, rotationType := range All() {
		want, ok := tests[rotationType.Engine]
		if got := sorted(rotationType.MinimumExclude()); got != want || !ok {
			t.Errorf("%s: %s, want %s", rotationType.Name, got, want)
		}
	}
}
