package catalog

import (
	"slices"
	"strings"
	"testing"
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
		if makes := rotationType.grants(OnPassword); makes != (rotationType.Password != nil) {
			t.Errorf("%s: the grant of GetRandomPassword and the password do not fit", rotationType.Name)
		}
		checkFields(t, rotationType)
		if needs := rotationType.grants(OnSuperuser); needs != (rotationType.Superuser != nil) {
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
	}{
		{*postgreSQLMultiUser.Clone, "app", "app_clone"},
		{*postgreSQLMultiUser.Clone, "app_clone", "app"},
		{*postgreSQLMultiUser.Clone, "app_Clone", "app_Clone_clone"},
		{*postgreSQLMultiUser.Clone, "_clone", ""},
		{*postgreSQLMultiUser.Clone, "", "_clone"},
		{*oracleMultiUser.Clone, "app", "APP_CLONE"},
		{*oracleMultiUser.Clone, "APP_CLONE", "APP"},
		{*oracleMultiUser.Clone, "app_CLONE", "APP"},
		{*oracleMultiUser.Clone, "app_clone", "APP_CLONE_CLONE"},
	}
	for _, test := range tests {
		if got := test.clone.Alternate(test.username); got != test.want {
			t.Errorf("Alternate(%q) = %q, want %q", test.username, got, test.want)
		}
	}
}
