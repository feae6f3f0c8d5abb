package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// describes reads a data source that must have no diagnostics.
func (s server) describes(name string, arguments object) object {
	s.t.Helper()
	read, wrong := s.readPure(name, arguments)
	expect(s.t, wrong)
	o, ok := read.(object)
	if !ok {
		s.t.Fatalf("%s is %v.", name, read)
	}
	return o
}

// objects are the objects in a list.
func objects(list any) []object {
	elements, _ := list.([]any)
	all := make([]object, len(elements))
	for i, element := range elements {
		all[i], _ = element.(object)
	}
	return all
}

// TestTemplates reads the template and the format of every rotation type, and
// compares what platform engineers build on with the catalogue.
func TestTemplates(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for _, rotationType := range catalog.All() {
		t.Run(rotationType.Name, func(t *testing.T) {
			t.Parallel()
			template := s.describes("rotation_template", object{"rotation_type": rotationType.Name})
			superuser, _ := template["superuser"].(object)
			clone, _ := template["clone"].(object)
			password, _ := template["password_rules"].(object)
			got := []any{
				template["partition"], template["engine"], template["strategy"], template["application_name"],
				superuser != nil, template["superuser_required"], clone != nil, password != nil, template["application_confirmed"], template["hosted_rotation_type"],
			}
			want := []any{
				"aws", rotationType.Engine, string(rotationType.Strategy), rotationType.Application,
				rotationType.Superuser != nil, rotationType.Superuser != nil, rotationType.Clone != nil, rotationType.Password != nil, rotationType.Hosted, any(nil),
			}
			if rotationType.Hosted {
				want[len(want)-1] = rotationType.Name
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			actions := map[string]bool{}
			for _, p := range objects(template["permissions"]) {
				list, _ := p["actions"].([]any)
				for _, action := range list {
					actions[fmt.Sprintf("%s %s", p["target"], action)] = true
				}
				if p["target"] == "" || p["when"] == "" {
					t.Errorf("The permission %v is incomplete.", p)
				}
			}
			if !actions["secret secretsmanager:PutSecretValue"] || actions["any secretsmanager:GetRandomPassword"] != (rotationType.Password != nil) {
				t.Errorf("The permissions are %v.", slices.Sorted(maps.Keys(actions)))
			}
			for name, count := range map[string]int{
				"environment": len(rotationType.Environment), "errors": len(rotationType.Errors),
				"differences": len(rotationType.Differences), "notes": len(rotationType.Notes),
			} {
				if list, _ := template[name].([]any); list == nil || len(list) != count {
					t.Errorf("There are %d %s, want %d.", len(list), name, count)
				}
			}

			format := s.describes("rotation_secret_schema", object{"rotation_type": rotationType.Name})
			var schema object
			text, _ := format["json_schema"].(string)
			if err := json.Unmarshal([]byte(text), &schema); err != nil || schema["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
				t.Error(err, text)
			}
			fields := objects(format["fields"])
			if fields == nil || len(fields) != len(rotationType.Fields) {
				t.Fatalf("There are %d fields, want %d.", len(fields), len(rotationType.Fields))
			}
			for i, f := range fields {
				known := rotationType.Fields[i]
				if f["name"] != known.Name || f["required"] != known.Required || f["type"] == "" || (f["default"] == nil) != (known.Default == "") {
					t.Errorf("The field %v is not %+v.", f, known)
				}
			}
			if example, ok := format["example"].(string); ok {
				if found, _ := s.result("check_secret_string", rotationType.Name, example).([]any); len(found) > 0 {
					t.Errorf("The example has findings: %v", found)
				}
			} else if len(fields) > 0 {
				t.Error("There is no example.")
			}
			delete(format, "rotation_type")
			if diff := cmp.Diff(any(format), s.result("secret_schema", rotationType.Name)); diff != "" {
				t.Errorf("Data source and function differ: %s", diff)
			}
		})
	}
}

// TestTemplateObjects has each object of a template with every attribute, so
// that no two are exchanged.
func TestTemplateObjects(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	redshift := s.describes("rotation_template", object{"rotation_type": "RedshiftMultiUser"})
	influx := s.describes("rotation_template", object{"rotation_type": "InfluxDBMultiUser"})
	variables := objects(influx["environment"])
	if len(variables) != 2 {
		t.Fatalf("The variables are %v.", variables)
	}
	creation := variables[1]
	delete(creation, "description")
	for name, test := range map[string]struct{ got, want any }{
		"password_rules": {redshift["password_rules"], object{
			"exclude_characters": `/@"'\:`, "minimum_exclude_characters": `/@"'\`, "length": 32.0, "minimum_length": 8.0, "maximum_length": 64.0,
		}},
		"superuser": {redshift["superuser"], object{
			"field": "masterarn", "fields": []any{"host", "username", "password", "engine"}, "managed_fields": []any{"username", "password"},
			"managed_tags": []any{"aws:redshift-serverless:namespacearn", "aws:redshift:primaryclusterarn"}, "managed_by_tags": true,
		}},
		"database": {[]any{redshift["default_port"], redshift["default_database"], redshift["engine_values"]}, []any{5439.0, "dev", []any{"redshift"}}},
		"variable": {creation, object{"name": "AUTHENTICATION_CREATION_ENABLED", "type": "string", "required": false, "default": "false"}},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestFieldDescriptions has what is said of a field besides its note.
func TestFieldDescriptions(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for key, want := range map[string]string{
		"InfluxDBMultiUser token":                             "Required if `type` is `operator`. Required if the function's environment variable `AUTHENTICATION_CREATION_ENABLED` is not `true`.",
		"InfluxDBMultiUser permissions":                       "Required if `type` is `custom` and `token` is absent",
		"ActiveDirectorySingleUser awsSeamlessDomainPassword": "It must contain none of the characters that the function excludes from passwords. The function's environment variable `DICT_KEY_PASSWORD` gives the field another name.",
		"Db2SingleUser engine":                                "",
	} {
		rotationType, name, _ := strings.Cut(key, " ")
		format, _ := s.result("secret_schema", rotationType).(object)
		fields := objects(format["fields"])
		i := slices.IndexFunc(fields, func(f object) bool { return f["name"] == name })
		if i < 0 {
			t.Errorf("There is no field %s.", key)
			continue
		}
		if description, _ := fields[i]["description"].(string); !strings.Contains(description, want) {
			t.Errorf("%s: %s", key, description)
		}
		if allowed := fmt.Sprint(fields[i]["allowed"]); name == "engine" && allowed != "[db2*]" {
			t.Errorf("%s allows %s.", key, allowed)
		}
	}
}

func TestTemplateArguments(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for name, arguments := range map[string]object{
		"ERROR rotation_type: Invalid rotation type: There is no such rotation type. Did you mean PostgreSQLSingleUser? The rotation types are MySQLSingleUser, …Custom.": {"rotation_type": "postgresql-single-user"},
		"ERROR partition: Invalid partition: The value is one of `aws`, `aws-cn`, `aws-us-gov`, not \"china\".":                                                           {"rotation_type": "Custom", "partition": "china"},
	} {
		_, wrong := s.readPure("rotation_template", arguments)
		expect(t, wrong, name)
	}
	for partition, want := range map[string]string{
		"aws":        "arn:aws:serverlessrepo:us-east-1:297356227824:applications/SecretsManagerMongoDBRotationMultiUser",
		"aws-cn":     "arn:aws-cn:serverlessrepo:cn-north-1:193023089310:applications/SecretsManagerMongoDBRotationMultiUser",
		"aws-us-gov": "arn:aws-us-gov:serverlessrepo:us-gov-west-1:023102451235:applications/SecretsManagerMongoDBRotationMultiUser",
	} {
		template := s.describes("rotation_template", object{"rotation_type": "MongoDBMultiUser", "partition": partition})
		if template["application_id"] != want || template["partition"] != partition {
			t.Errorf("%s: %v", partition, template["application_id"])
		}
	}
}

// TestTemplateInConfigurations reads the data sources with a real CLI: without
// credentials, and late where the rotation type is only known after apply.
func TestTemplateInConfigurations(t *testing.T) {
	t.Parallel()
	const read = `
resource "terraform_data" "type" {
  input = "MySQLMultiUser"
}
data "rotation_template" "later" {
  rotation_type = terraform_data.type.output
}
data "rotation_secret_schema" "later" {
  rotation_type = terraform_data.type.output
}
data "rotation_template" "now" {
  rotation_type = "ElastiCacheUser"
}
output "timeout" {
  value = data.rotation_template.now.minimum_timeout
}
output "clone" {
  value = data.rotation_template.later.clone
}
output "engines" {
  value = data.rotation_secret_schema.later.fields[0].allowed
}
`
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: pureFactories, Steps: []resource.TestStep{
		{
			Config:      `data "rotation_secret_schema" "wrong" { rotation_type = "MySQLMultiuser2" }`,
			ExpectError: regexp.MustCompile(`(?s)Invalid rotation type.*Did you mean\s+MySQLMultiUser\?`),
		},
		{
			Config: read,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectKnownOutputValue("timeout", knownvalue.Int64Exact(720)),
				plancheck.ExpectUnknownOutputValue("clone"),
				plancheck.ExpectUnknownOutputValue("engines"),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("data.rotation_template.later", tfjsonpath.New("clone"), knownvalue.ObjectExact(map[string]knownvalue.Check{
					"suffix": knownvalue.StringExact("_clone"), "maximum_length": knownvalue.Int64Exact(16), "maximum_username_length": knownvalue.Int64Exact(10),
					"limit_variable": knownvalue.StringExact("USERNAME_CHARACTER_LIMIT"), "engine_limit": knownvalue.Int64Exact(32), "upper_case": knownvalue.Bool(false),
				})),
				statecheck.ExpectKnownOutputValue("engines", knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("mysql"), knownvalue.StringExact("aurora-mysql")})),
				statecheck.ExpectKnownValue("data.rotation_template.now", tfjsonpath.New("superuser"), knownvalue.Null()),
			},
		},
		{Config: read, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
	}})
}
