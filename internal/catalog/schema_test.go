package catalog

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// TestJSONSchemaGolden has one type of each kind: a database with a clone, the conditions of InfluxDB, the renamed fields and lists of
// Active Directory, and no format. That all schemas agree with the check is a test of package findings.
func TestJSONSchemaGolden(t *testing.T) {
	t.Parallel()
	for _, rotationType := range []*RotationType{mySQLMultiUser, influxDBMultiUser, activeDirectoryAndKeytabSingleUser, custom} {
		path := filepath.Join("testdata", "schemas", rotationType.Name+".json")
		got := rotationType.JSONSchema() + "\n"
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

func TestJSONSchema(t *testing.T) {
	t.Parallel()
	for _, rotationType := range All() {
		text := rotationType.JSONSchema()
		var document struct {
			Schema     string `json:"$schema"`
			Title      string
			Type       string
			Properties map[string]struct {
				Description string
				Default     any
				Examples    []any
			}
		}
		if err := json.Unmarshal([]byte(text), &document); err != nil {
			t.Errorf("%s: %v", rotationType.Name, err)
			continue
		}
		if document.Schema != "https://json-schema.org/draft/2020-12/schema" || document.Title != rotationType.Name || (document.Type == "object") != (len(rotationType.Fields) > 0) {
			t.Errorf("%s has the head %s, %s, %s", rotationType.Name, document.Schema, document.Title, document.Type)
		}
		if text != rotationType.JSONSchema() {
			t.Errorf("%s has another schema each time", rotationType.Name)
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%s has a character that nobody sees: %q", rotationType.Name, text[i:i+8])
		}
		at := 0
		for _, f := range rotationType.Fields {
			i := strings.Index(text[at:], `"`+f.Name+`": {`)
			if i < 0 {
				t.Errorf("%s has not the property %s after the one before", rotationType.Name, f.Name)
				continue
			}
			at += i
			property := document.Properties[f.Name]
			if !strings.HasPrefix(property.Description, f.Note) || (property.Default != nil) != (f.Default != "") || (property.Examples != nil) != (f.Example != "") {
				t.Errorf("%s has the property %s: %+v", rotationType.Name, f.Name, property)
			}
			if f.Variable != "" && !strings.Contains(property.Description, f.Variable) {
				t.Errorf("%s does not say that %s can rename %s", rotationType.Name, f.Variable, f.Name)
			}
		}
		if len(document.Properties) != len(rotationType.Fields) {
			t.Errorf("%s has %d properties of %d fields", rotationType.Name, len(document.Properties), len(rotationType.Fields))
		}
	}
}

func TestExample(t *testing.T) {
	t.Parallel()
	if got := custom.Example(); got != "" {
		t.Errorf("Custom has the example %s", got)
	}
	want := `{
  "engine": "db2",
  "host": "orders.abc123def456.eu-central-1.rds.amazonaws.com",
  "username": "app",
  "password": "REPLACED-BY-ROTATION",
  "dbname": "ORDERS",
  "port": 50000,
  "masterarn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-AbCdEf"
}`
	if diff := cmp.Diff(want, db2MultiUser.Example()); diff != "" {
		t.Error(diff)
	}
	for _, rotationType := range All() {
		var members map[string]any
		if len(rotationType.Fields) == 0 {
			continue
		}
		if err := json.Unmarshal([]byte(rotationType.Example()), &members); err != nil {
			t.Errorf("%s: %v", rotationType.Name, err)
		}
		for _, f := range rotationType.Fields {
			value, present := members[f.Name]
			if present != (f.Example != "") || f.Required && !present {
				t.Errorf("%s has the field %s in its example: %v", rotationType.Name, f.Name, present)
			}
			switch _, isText := value.(string); {
			case f.Kind == Port || f.Kind == PortText:
				if number, isNumber := value.(float64); !isNumber || int(number) != rotationType.Port {
					t.Errorf("%s has the port %v", rotationType.Name, value)
				}
			case f.Kind == SecretIDs:
				if list, isList := value.([]any); !isList || !slices.Contains(list, any(f.Example)) {
					t.Errorf("%s has the list %v", rotationType.Name, value)
				}
			case present && !isText:
				t.Errorf("%s has %v as %s", rotationType.Name, value, f.Name)
			}
		}
	}
}

func TestTextOnly(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"OracleSingleUser": "host dbname", "OracleMultiUser": "host username dbname", "MongoDBSingleUser": "dbname", "MongoDBMultiUser": "username dbname", "ElastiCacheUser": "username password",
		"MySQLMultiUser": "username", "PostgreSQLMultiUser": "username", "MariaDBMultiUser": "username", "SQLServerMultiUser": "username", "Db2MultiUser": "username", "RedshiftMultiUser": "username",
		"InfluxDBSingleUser": "dbIdentifier", "InfluxDBMultiUser": "dbIdentifier",
		"ActiveDirectorySingleUser": "awsSeamlessDomainDirectoryId awsSeamlessDomainUsername", "ActiveDirectoryAndKeytabSingleUser": "awsSeamlessDomainDirectoryId awsSeamlessDomainUsername",
	}
	for _, rotationType := range All() {
		var names []string
		for _, f := range rotationType.Fields {
			if f.TextOnly {
				names = append(names, f.Name)
			}
		}
		if got := strings.Join(names, " "); got != want[rotationType.Name] {
			t.Errorf("%s: %q, want %q", rotationType.Name, got, want[rotationType.Name])
		}
	}
}
