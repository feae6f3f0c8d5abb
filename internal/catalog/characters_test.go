package catalog

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExcludeCharacters(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rotationType string
		contexts     []string
		want         string
	}{
		{"MySQLSingleUser", nil, `/@"'\`},
		{"MySQLMultiUser", []string{MasterUser}, `/@"'\ `},
		{"MariaDBSingleUser", nil, `/@"'\`},
		{"PostgreSQLSingleUser", nil, `:/@"'\`},
		{"PostgreSQLMultiUser", []string{"pgpass"}, `:/@"'\`},
		{"PostgreSQLSingleUser", []string{"dms"}, `:/@"'\%+;{}`},
		{"OracleSingleUser", nil, `/@"'\`},
		{"OracleMultiUser", []string{MasterUser}, `/@"'\ &`},
		{"OracleMultiUser", []string{"dms"}, `/@"'\,{}`},
		{"SQLServerSingleUser", []string{"dms"}, `/@"'\,;{}`},
		{"SQLServerMultiUser", []string{MasterUser}, `/@"'\ `},
		{"Db2SingleUser", nil, `/@"'\;`},
		{"Db2MultiUser", []string{MasterUser, "dms"}, `/@"'\; {}`},
		{"MongoDBSingleUser", nil, `/@"'\`},
		{"MongoDBMultiUser", []string{MasterUser, "dms"}, `/@"'\{}`},
		{"RedshiftSingleUser", nil, `/@"'\: `},
		{"RedshiftMultiUser", []string{MasterUser}, `/@"'\: `},
		{"RedshiftMultiUser", []string{"dms"}, `/@"'\: ,;{}`},
		{"InfluxDBSingleUser", nil, ``},
		{"InfluxDBSingleUser", []string{"pgpass"}, `:\`},
		{"ElastiCacheUser", nil, `/@"'\,`},
		{"ActiveDirectorySingleUser", nil, `/@"'\`},
		{"ActiveDirectoryAndKeytabSingleUser", []string{"my_cnf"}, `/@"'\ #`},
		{"Custom", nil, `/@"'\`},
		{"Custom", []string{"dms", MasterUser}, `/@"'\%+,;{}`}, // any engine's
	}
	for _, test := range tests {
		rotationType, ok := Lookup(test.rotationType)
		if !ok {
			t.Fatalf("no type %s", test.rotationType)
		}
		got, err := rotationType.ExcludeCharacters(test.contexts...)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(test.want, got.String()); diff != "" {
			t.Errorf("%s %q: %s", test.rotationType, test.contexts, diff)
		}
	}
}

func TestEngineExcludeCharacters(t *testing.T) {
	t.Parallel()
	tests := []struct {
		engine   string
		contexts []string
		want     string
	}{
		{"aurora-mysql", []string{MasterUser}, `/@"'\ `},
		{"aurora-postgresql", nil, `:/@"'\`},
		{"oracle-ee", []string{MasterUser}, `/@"'\ &`},
		{"sqlserver-ex", nil, `/@"'\`},
		{"db2-se", nil, `/@"'\;`},
		{"docdb", nil, `/@"'\`},
		{"redshift", nil, `/@"'\: `},
		{"valkey", nil, `/@"'\,`},
		{"timestream-influxdb", []string{"my_cnf"}, ` "#'\`},
		{"active-directory", nil, `/@"'\`},
	}
	for _, test := range tests {
		got, err := EngineExcludeCharacters(test.engine, test.contexts...)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(test.want, got.String()); diff != "" {
			t.Errorf("%s %q: %s", test.engine, test.contexts, diff)
		}
	}
	// All types of an engine agree with it, whatever they are called there.
	for _, rotationType := range All() {
		for _, engine := range engineNames(rotationType.Engine) {
			if rotationType.Password == nil {
				continue
			}
			byType, err := rotationType.ExcludeCharacters("jdbc", MasterUser)
			if err != nil {
				t.Fatal(err)
			}
			byEngine, err := EngineExcludeCharacters(engine, "jdbc", MasterUser)
			if diff := cmp.Diff(byType.Characters, byEngine.Characters); diff != "" || err != nil {
				t.Errorf("%s and %s differ: %v %s", rotationType.Name, engine, err, diff)
			}
		}
	}
}

// TestContextCharacters has every character of every context, on an engine without any of its own.
func TestContextCharacters(t *testing.T) {
	t.Parallel()
	type row struct{ characters, reason string }
	tests := map[string][]row{
		"url": {
			{"/?#", "ends the host part"},
			{":", "separates user name and password"},
			{"@", "separates the password from the host"},
			{"%", "encoded character"},
			{"[]", "IPv6"},
			{"\"<>\\^`{|} ", "not allowed in a URL"},
			{"&=", "separates parameters"},
			{"+", "means a space"},
		},
		"shell": {
			{"|&;", "separates commands"},
			{"<>", "redirects"},
			{"()", "subshell"},
			{"$`", "expansion"},
			{`\"'`, "quotes"},
			{" ", "separates words"},
			{"*?[]", "file name pattern"},
			{"^", "bracket expression"},
			{"-", "option"},
			{"!", "history"},
			{"#", "comment"},
			{"~", "home directory"},
			{"=", "assignment"},
			{"%", "job"},
			{"{}", "brace expansion"},
		},
		"dms": {{"{}", "AWS DMS"}},
		"jdbc": {
			{"/:@()[]&#=? ", "reserved in JDBC URLs"},
			{"%", "encoded character"},
			{"+", "means a space"},
			{";", "separates properties"},
			{"{}", "encloses values"},
			{`"'`, "quotes in JDBC URLs"},
		},
		"odbc":     {{"[]{}(),;?*=!@", "special in ODBC connection strings"}},
		"pgpass":   {{":", "separates fields in .pgpass"}, {`\`, "escapes the next character in .pgpass"}},
		"my_cnf":   {{"#", "comment in my.cnf"}, {`"'`, "encloses values in my.cnf"}, {`\`, "escape sequence in my.cnf"}, {" ", "cut off"}},
		MasterUser: nil,
	}
	for _, context := range Contexts() {
		rows, ok := tests[context.Name]
		if !ok || !strings.HasSuffix(context.Description, ".") {
			t.Errorf("no rows for %q, or no description", context.Name)
		}
		e, err := EngineExcludeCharacters("timestream-influxdb", context.Name)
		if err != nil {
			t.Fatal(err)
		}
		got := map[rune]string{}
		for _, c := range e.Characters {
			got[c.Character] = strings.Join(c.Reasons, "; ")
		}
		for _, row := range rows {
			for _, r := range row.characters {
				if !strings.Contains(got[r], row.reason) || strings.Contains(got[r], ";") {
					t.Errorf("%s: the reason of %q is %q, want it to say %q", context.Name, r, got[r], row.reason)
				}
				delete(got, r)
			}
		}
		if len(got) > 0 {
			t.Errorf("%s: there are no rows for %v", context.Name, got)
		}
	}
	if len(tests) != len(Contexts()) {
		t.Errorf("%d contexts, want %d", len(Contexts()), len(tests))
	}
}

// TestEngineContexts has the characters that a context has for some engines only.
func TestEngineContexts(t *testing.T) {
	t.Parallel()
	tests := []struct{ context, characters, reason, engines string }{
		{"dms", ";", "for MySQL", "mysql aurora-mysql mariadb"},
		{"dms", ",", "for Oracle", "oracle oracle-ee oracle-ee-cdb oracle-se2 oracle-se2-cdb custom-oracle-ee"},
		{"dms", ";+%", "for PostgreSQL", "postgres aurora-postgresql"},
		{"dms", ",;", "for Redshift", "redshift"},
		{"dms", ",;", "for SQL Server", "sqlserver sqlserver-ee sqlserver-ex sqlserver-se sqlserver-web"},
		{"jdbc", "-", "of Redshift", "redshift"},
		{"odbc", "%+", "of PostgreSQL", "postgres aurora-postgresql"},
	}
	for _, engine := range Engines() {
		for _, test := range tests {
			e, err := EngineExcludeCharacters(engine, test.context)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range test.characters {
				has := slices.ContainsFunc(e.Characters, func(c ExcludedCharacter) bool {
					return c.Character == r && strings.Contains(strings.Join(c.Reasons, ";"), test.reason)
				})
				if want := slices.Contains(strings.Fields(test.engines), engine); has != want {
					t.Errorf("%s excludes %q of %s as %q: %v, want %v", test.context, r, engine, test.reason, has, want)
				}
			}
		}
	}
}

func TestExclusionReasons(t *testing.T) {
	t.Parallel()
	oracle, _ := Lookup("OracleSingleUser")
	e, err := oracle.ExcludeCharacters(MasterUser, "shell")
	if err != nil {
		t.Fatal(err)
	}
	got := map[rune][]string{}
	for _, c := range e.Characters {
		got[c.Character] = c.Reasons
	}
	want := map[rune][]string{
		'"': {"the rotation function's default", "RDS refuses it in a master password", "the rotation function cannot set it", "quotes in a shell"},
		'&': {"RDS refuses it in a master password", "separates commands in a shell"},
		'@': {"the rotation function's default", "RDS refuses it in a master password"},
		'~': {"means a home directory in a shell"},
	}
	for r, reasons := range want {
		if diff := cmp.Diff(reasons, got[r]); diff != "" {
			t.Errorf("%q: %s", r, diff)
		}
	}
}

func TestExclusionNotes(t *testing.T) {
	t.Parallel()
	const ignored, fails, unknown = "reads no EXCLUDE_CHARACTERS", "user name or the current password", "no constraint on its passwords is known"
	for _, rotationType := range All() {
		if rotationType.Password == nil {
			continue
		}
		e, err := rotationType.ExcludeCharacters()
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{
			ignored:              rotationType.Name == "InfluxDBSingleUser",
			fails:                rotationType.Engine == "active-directory",
			unknown:              rotationType.Name == "Custom",
			"for ordinary users": slices.Contains([]string{"mysql", "mariadb", "postgres", "db2"}, rotationType.Engine),
		}
		for text, is := range want {
			if strings.Contains(strings.Join(e.Notes, " "), text) != is {
				t.Errorf("%s: notes that say %q: want %v, got %q", rotationType.Name, text, is, e.Notes)
			}
		}
	}
	for engine, note := range map[string]string{"timestream-influxdb": "letters and digits only", "aurora-postgresql": "at most 41 characters"} {
		e, err := EngineExcludeCharacters(engine, MasterUser)
		if err != nil || !strings.Contains(strings.Join(e.Notes, " "), note) {
			t.Errorf("%s: notes are %q, error %v, want %q", engine, e.Notes, err, note)
		}
		if e.ExcludePunctuation != (engine == "timestream-influxdb") {
			t.Errorf("%s: ExcludePunctuation is %v", engine, e.ExcludePunctuation)
		}
	}
}

func TestExcludeCharactersErrors(t *testing.T) {
	t.Parallel()
	for _, context := range []string{"", "URL", "master"} {
		if _, err := postgreSQLSingleUser.ExcludeCharacters("url", context); err == nil || !strings.Contains(err.Error(), `"url", "shell", "dms", "jdbc", "odbc", "pgpass", "my_cnf", "master_user"`) {
			t.Errorf("%q: error is %v", context, err)
		}
		if _, err := EngineExcludeCharacters("postgres", context); err == nil {
			t.Errorf("%q is a context of an engine", context)
		}
	}
	for _, engine := range []string{"", "postgresql", "MySQL", "other"} {
		if _, err := EngineExcludeCharacters(engine); err == nil || !strings.Contains(err.Error(), `"mysql", "aurora-mysql", "postgres"`) {
			t.Errorf("%q: error is %v", engine, err)
		}
	}
	influx, _ := Lookup("InfluxDBMultiUser")
	if _, err := influx.ExcludeCharacters(); err == nil || !strings.Contains(err.Error(), "generates no password") {
		t.Errorf("error is %v", err)
	}
}

// TestExclusionsAreUsable checks every type and engine with every set of contexts.
func TestExclusionsAreUsable(t *testing.T) {
	t.Parallel()
	exclusions := map[string]func(...string) (Exclusion, error){}
	least := map[string]string{}
	for _, rotationType := range All() {
		if rotationType.Password != nil {
			exclusions[rotationType.Name] = rotationType.ExcludeCharacters
			least[rotationType.Name] = rotationType.Password.ExcludeCharacters + rotationType.MinimumExclude()
		}
	}
	for _, engine := range Engines() {
		exclusions[engine] = func(contexts ...string) (Exclusion, error) { return EngineExcludeCharacters(engine, contexts...) }
	}
	if len(exclusions) != len(All())-1+len(Engines()) {
		t.Fatalf("%d types and engines", len(exclusions))
	}
	for name, exclude := range exclusions {
		for set := range 1 << len(contexts) {
			var in []string
			for i, c := range contexts {
				if set>>i&1 == 1 {
					in = append(in, c.Name)
				}
			}
			e, err := exclude(in...)
			if err != nil {
				t.Fatal(err)
			}
			s := e.String()
			for _, class := range []Class{Upper, Lower, Digits, Punctuation} {
				if strings.Trim(class.Characters(), s) == "" {
					t.Errorf("%s %q leaves no %s", name, in, class)
				}
				if class != Punctuation && strings.ContainsAny(s, class.Characters()) {
					t.Errorf("%s %q takes away %s", name, in, class)
				}
			}
			if len(s) != len(e.Characters) || len(s) > 4096 || strings.Trim(s, Punctuation.Characters()+" ") != "" {
				t.Errorf("%s %q: %q has other characters than punctuation, or too many", name, in, s)
			}
			for i, c := range e.Characters {
				if strings.IndexRune(s, c.Character) != i || len(c.Reasons) == 0 || slices.Contains(c.Reasons, "") {
					t.Errorf("%s %q: %+v is there twice or without a reason", name, in, c)
				}
			}
			if strings.Trim(least[name], s) != "" {
				t.Errorf("%s %q: %q lacks some of %q", name, in, s, least[name])
			}
			slices.Reverse(in)
			reversed, err := exclude(append(in, in...)...)
			if err != nil || !reflect.DeepEqual(e, reversed) {
				t.Errorf("%s: the order of %q matters: %v %s", name, in, err, cmp.Diff(e, reversed))
			}
		}
	}
}
