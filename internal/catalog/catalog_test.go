package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	for i, rotationType := range All() {
		found, ok := Lookup(rotationType.Name)
		if !ok || found != rotationType || Names()[i] != rotationType.Name {
			t.Errorf("Lookup(%q) = %v, %v", rotationType.Name, found, ok)
		}
	}
	for _, name := range []string{"", "postgresqlsingleuser", "SecretsManagerRDSPostgreSQLRotationSingleUser"} {
		if found, ok := Lookup(name); ok || found != nil {
			t.Errorf("Lookup(%q) = %v, %v", name, found, ok)
		}
	}
	All()[0] = nil
	if All()[0] == nil {
		t.Error("All gives away the catalogue's own list")
	}
}

// TestTypesAreComplete checks what holds for every rotation type.
func TestTypesAreComplete(t *testing.T) {
	t.Parallel()
	for _, rotationType := range All() {
		if rotationType.Engine == "" || rotationType.Application == "" || rotationType.Password != nil && rotationType.Password.Length < 1 {
			t.Errorf("%s lacks an engine, an application or a password length", rotationType.Name)
		}
		if alternating := rotationType.Strategy == AlternatingUsers; alternating != (rotationType.Clone != nil) {
			t.Errorf("%s: only alternating users have a clone", rotationType.Name)
		}
		if makes := len(rotationType.Actions(OnPassword, true)) > 0; makes != (rotationType.Password != nil) {
			t.Errorf("%s: the grant of GetRandomPassword and the password do not fit", rotationType.Name)
		}
		checkFields(t, rotationType)
		if needs := len(rotationType.Actions(OnSuperuser, true)) > 0; needs != (rotationType.Superuser != nil) {
			t.Errorf("%s: grants on the superuser secret and the superuser secret do not fit", rotationType.Name)
		}
		for _, note := range rotationType.Notes {
			checkSentence(t, rotationType.Name, note)
		}
	}
	if _, ok := custom.Field("engine"); ok || custom.Fields != nil {
		t.Error("the custom type knows a format")
	}
}

func checkFields(t *testing.T, rotationType *RotationType) {
	t.Helper()
	names := map[string]bool{}
	for _, field := range rotationType.Fields {
		where := rotationType.Name + "." + field.Name
		if names[field.Name] || field.Name == "" || field.Required && (field.Ignored || field.Default != "" || field.When != nil) {
			t.Errorf("%s is contradictory: %+v", where, field)
		}
		if field.Required && field.Example == "" || field.Ignored && field.Example != "" {
			t.Errorf("%s: every required field has an example, and none that is ignored", where)
		}
		if field.Allowed != nil && field.Example != "" && !slices.Contains(field.Allowed, field.Example) {
			t.Errorf("%s: the example %q is not allowed", where, field.Example)
		}
		if field.Note != "" {
			checkSentence(t, where, field.Note)
		}
		names[field.Name] = true
	}
	for _, field := range rotationType.Fields {
		for _, condition := range field.When {
			for _, name := range slices.Concat([]string{condition.Field}, condition.Absent) {
				if name != "" && !names[name] {
					t.Errorf("%s.%s depends on %q, which is no field", rotationType.Name, field.Name, name)
				}
			}
		}
	}
	if superuser := rotationType.Superuser; superuser != nil {
		field, ok := rotationType.Field(superuser.Field)
		if !ok || !field.Required || field.Kind != SecretID {
			t.Errorf("%s does not require the field that names the superuser secret: %+v", rotationType.Name, field)
		}
	}
}

func checkSentence(t *testing.T, where, text string) {
	t.Helper()
	if !strings.HasSuffix(text, ".") || strings.Contains(text, "  ") || strings.TrimSpace(text) != text {
		t.Errorf("%s: %q is not a sentence", where, text)
	}
}

func TestClone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		clone    Clone
		username string
		want     string
		fits     bool
	}{
		{*postgreSQLMultiUser.Clone, "app", "app_clone", true},
		{*postgreSQLMultiUser.Clone, "app_clone", "app", true},
		{*postgreSQLMultiUser.Clone, "app_Clone", "app_Clone_clone", true},
		{*postgreSQLMultiUser.Clone, "_clone", "", true},
		{*postgreSQLMultiUser.Clone, "", "_clone", true},
		{*postgreSQLMultiUser.Clone, strings.Repeat("u", 57), strings.Repeat("u", 57) + "_clone", true},
		{*postgreSQLMultiUser.Clone, strings.Repeat("ü", 57), strings.Repeat("ü", 57) + "_clone", true},
		{*postgreSQLMultiUser.Clone, strings.Repeat("u", 58), strings.Repeat("u", 58) + "_clone", false},
		{*postgreSQLMultiUser.Clone, strings.Repeat("u", 80) + "_clone", strings.Repeat("u", 80), true},
		{*oracleMultiUser.Clone, "app", "APP_CLONE", true},
		{*oracleMultiUser.Clone, "APP_CLONE", "APP", true},
		{*oracleMultiUser.Clone, "app_CLONE", "APP", true},
		{*oracleMultiUser.Clone, "app_clone", "APP_CLONE_CLONE", true},
		{*oracleMultiUser.Clone, strings.Repeat("u", 24), strings.Repeat("U", 24) + "_CLONE", true},
		{*oracleMultiUser.Clone, strings.Repeat("u", 25), strings.Repeat("U", 25) + "_CLONE", false},
		{*mySQLMultiUser.Clone, "elevenchars", "elevenchars_clone", false},
		{*redshiftMultiUser.Clone, strings.Repeat("u", 500), strings.Repeat("u", 500) + "_clone", true},
	}
	for _, test := range tests {
		if got, fits := test.clone.Alternate(test.username); got != test.want || fits != test.fits {
			t.Errorf("Alternate(%q) = %q, %v, want %q, %v", test.username, got, fits, test.want, test.fits)
		}
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	const describe, get = "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"
	tests := []struct {
		rotationType *RotationType
		on           Target
		managed      bool
		want         []string
	}{
		{postgreSQLSingleUser, OnSuperuser, true, nil},
		{postgreSQLMultiUser, OnSuperuser, false, []string{get}},
		{postgreSQLMultiUser, OnSuperuser, true, []string{describe, get}},
		{postgreSQLMultiUser, OnService, false, nil},
		{postgreSQLMultiUser, OnService, true, []string{"rds:DescribeDBClusters", "rds:DescribeDBInstances"}},
		{redshiftMultiUser, OnSuperuser, false, []string{describe, get}},
		{elastiCacheUser, OnService, false, []string{"elasticache:DescribeUsers", "elasticache:ModifyUser"}},
		{custom, OnSecret, false, SecretActions()},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, test.rotationType.Actions(test.on, test.managed)); diff != "" {
			t.Errorf("%s.Actions(%v, %v): %s", test.rotationType.Name, test.on, test.managed, diff)
		}
	}
}
