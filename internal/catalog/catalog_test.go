package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]string{"PostgreSQLSingleUser", "PostgreSQLMultiUser", "Custom"}, Names()); diff != "" {
		t.Error(diff)
	}
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
		if rotationType.Engine == "" || rotationType.Application == "" || rotationType.Password.Length < 1 {
			t.Errorf("%s lacks an engine, an application or a password length", rotationType.Name)
		}
		if alternating := rotationType.Strategy == AlternatingUsers; alternating != (rotationType.Clone != nil) {
			t.Errorf("%s: only alternating users have a clone", rotationType.Name)
		}
		names := map[string]bool{}
		for _, field := range rotationType.Fields {
			if names[field.Name] || field.Name == "" || field.Required && (field.Ignored || field.Default != "") {
				t.Errorf("%s has the contradictory field %+v", rotationType.Name, field)
			}
			names[field.Name] = true
		}
		if engine, ok := rotationType.Field("engine"); ok {
			if diff := cmp.Diff([]string{"postgres", "aurora-postgresql"}, engine.Allowed); diff != "" {
				t.Errorf("%s: %s", rotationType.Name, diff)
			}
		}
		if superuser := rotationType.Superuser; superuser != nil {
			field, ok := rotationType.Field(superuser.Field)
			if !ok || !field.Required || field.Kind != SecretID {
				t.Errorf("%s does not require the field that names the superuser secret: %+v", rotationType.Name, field)
			}
		}
		if needs := len(rotationType.Actions(OnSuperuser, true)) > 0; needs != (rotationType.Superuser != nil) {
			t.Errorf("%s: grants on the superuser secret and the superuser secret do not fit", rotationType.Name)
		}
		for _, note := range rotationType.Notes {
			if !strings.HasSuffix(note, ".") {
				t.Errorf("%s: %q is not a sentence", rotationType.Name, note)
			}
		}
	}
	if _, ok := custom.Field("engine"); ok || custom.Fields != nil {
		t.Error("the custom type knows a format")
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	type grants map[Target][]string
	describe := []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}
	password := []string{"secretsmanager:GetRandomPassword"}
	tests := []struct {
		rotationType *RotationType
		managed      bool
		want         grants
	}{
		{postgreSQLSingleUser, true, grants{OnSecret: SecretActions(), OnPassword: password}},
		{postgreSQLMultiUser, false, grants{OnSecret: SecretActions(), OnPassword: password, OnSuperuser: describe[1:]}},
		{postgreSQLMultiUser, true, grants{OnSecret: SecretActions(), OnPassword: password, OnSuperuser: describe, OnService: {"rds:DescribeDBClusters", "rds:DescribeDBInstances"}}},
		{custom, false, grants{OnSecret: SecretActions(), OnPassword: password}},
	}
	for _, test := range tests {
		got := grants{}
		for on := OnSecret; on <= OnService; on++ {
			if actions := test.rotationType.Actions(on, test.managed); actions != nil {
				got[on] = actions
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s, managed %v: %s", test.rotationType.Name, test.managed, diff)
		}
	}
}

func TestClone(t *testing.T) {
	t.Parallel()
	clone := *postgreSQLMultiUser.Clone
	if clone.MaxBase() != 57 || (Clone{Suffix: "_clone"}).MaxBase() != 0 {
		t.Errorf("MaxBase() = %d", clone.MaxBase())
	}
	tests := []struct {
		username, want string
		ok             bool
	}{
		{"app", "app_clone", true},
		{"app_clone", "app", true},
		{"app_Clone", "app_Clone_clone", true},
		{"_clone", "", true},
		{strings.Repeat("u", 57), strings.Repeat("u", 57) + "_clone", true},
		{strings.Repeat("ü", 57), strings.Repeat("ü", 57) + "_clone", true},
		{strings.Repeat("u", 58), strings.Repeat("u", 58) + "_clone", false},
		{strings.Repeat("u", 80) + "_clone", strings.Repeat("u", 80), true},
	}
	for _, test := range tests {
		if got, ok := clone.Alternate(test.username); got != test.want || ok != test.ok {
			t.Errorf("Alternate(%q) = %q, %v, want %q, %v", test.username, got, ok, test.want, test.ok)
		}
	}
	if _, ok := (Clone{Suffix: "_clone"}).Alternate(strings.Repeat("u", 500)); !ok {
		t.Error("a clone without a limit has one")
	}
}

func TestPostgreSQLFields(t *testing.T) {
	t.Parallel()
	for _, rotationType := range []*RotationType{postgreSQLSingleUser, postgreSQLMultiUser} {
		var required []string
		for _, field := range rotationType.Fields {
			if field.Required {
				required = append(required, field.Name)
			}
		}
		want := []string{"engine", "host", "username", "password"}
		if rotationType.Superuser != nil {
			want = append(want, "masterarn")
		}
		if diff := cmp.Diff(want, required); diff != "" {
			t.Errorf("%s: %s", rotationType.Name, diff)
		}
	}
}
