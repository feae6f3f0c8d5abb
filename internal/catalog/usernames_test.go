package catalog

import (
	"strings"
	"testing"
)

func TestUserNameConstraints(t *testing.T) {
	t.Parallel()
	tests := []struct {
		target     string
		audience   Audience
		longest    int
		form       string
		confidence Confidence
	}{
		{"RDS, master user", MasterUsers, 16, "underscores", Confirmed},
		{"Aurora cluster, master user", MasterUsers, 16, "letters and digits, first a letter", Confirmed},
		{"MySQL, user", AllUsers, 32, "", Partly},
		{"MariaDB, user", AllUsers, 0, "", Unconfirmed},
		{"PostgreSQL, role", AllUsers, 63, "", Partly},
		{"Oracle Database, user", AllUsers, 128, "", Confirmed},
		{"SQL Server, login", AllUsers, 128, "", Confirmed},
		{"Db2, user", AllUsers, 0, "", Unconfirmed},
		{"Redshift, user", AllUsers, 127, "", Confirmed},
		{"Amazon DocumentDB, master user", MasterUsers, 63, "letters and digits, first a letter", Confirmed},
		{"AWS Directory Service, user", AllUsers, 64, "none of", Confirmed},
		{"ElastiCache, user ID", AllUsers, 0, "hyphens", Confirmed},
	}
	constraints := UserNameConstraints()
	if len(constraints) != len(tests) {
		t.Fatalf("%d constraints, want %d", len(constraints), len(tests))
	}
	known := map[string]bool{}
	for _, engine := range Engines() {
		known[engine] = true
	}
	for i, c := range constraints {
		want := tests[i]
		if c.Target != want.target || c.Audience != want.audience || c.Max != want.longest || !strings.Contains(c.Form, want.form) || (c.Form == "") != (want.form == "") || c.Confidence != want.confidence {
			t.Errorf("%+v, want %+v", c, want)
		}
		if (c.Source == "") != (c.Confidence == Unconfirmed) {
			t.Errorf("%s: source %q for what is %s", c.Target, c.Source, c.Confidence)
		}
		for _, engine := range c.Engines {
			if !known[engine] {
				t.Errorf("%s: no engine %q", c.Target, engine)
			}
		}
	}
	UserNameConstraints()[0].Max = 1
	if UserNameConstraints()[0].Max == 1 {
		t.Error("UserNameConstraints gives away the catalogue's own list")
	}
}

// TestMaxUserName has the limits by engine; those of master users and what is unconfirmed are none.
func TestMaxUserName(t *testing.T) {
	t.Parallel()
	limits := map[string]int{"mysql": 32, "postgres": 63, "oracle": 128, "sqlserver": 128, "redshift": 127, "active-directory": 64}
	for _, rotationType := range All() {
		if got := rotationType.MaxUserName(); got != limits[rotationType.Engine] {
			t.Errorf("%s: %d, want %d", rotationType.Name, got, limits[rotationType.Engine])
		}
	}
}
