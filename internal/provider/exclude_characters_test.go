package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// exclusionObject is an exclusion as a configuration sees it.
func exclusionObject(e catalog.Exclusion) object {
	reasons, notes := object{}, []any{}
	for _, c := range e.Characters {
		reasons[string(c.Character)] = strings.Join(c.Reasons, "; ")
	}
	for _, note := range e.Notes {
		notes = append(notes, note)
	}
	return object{"exclude_characters": e.String(), "exclude_punctuation": e.ExcludePunctuation, "reasons": reasons, "notes": notes}
}

// TestExcludeCharacters asks for every type and engine, with each context and
// with all of them, in both ways.
func TestExcludeCharacters(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	all := contextNames()
	sets := [][]string{nil, all}
	for _, name := range all {
		sets = append(sets, []string{name})
	}
	for _, contexts := range sets {
		var list []any
		for _, name := range contexts {
			list = append(list, name)
		}
		for _, rotationType := range catalog.All() {
			want, err := rotationType.ExcludeCharacters(contexts...)
			if err != nil {
				continue // TestExcludeCharactersArguments has it.
			}
			same(t, s.result("exclude_characters", append([]any{rotationType.Name}, list...)...), exclusionObject(want))
			data, diagnostics := s.readPure("rotation_exclude_characters", object{"rotation_type": rotationType.Name, "contexts": orNil(list)})
			expect(t, diagnostics)
			same(t, data, with(exclusionObject(want), object{"rotation_type": rotationType.Name, "engine": nil, "contexts": orNil(list)}))
		}
		for _, engine := range catalog.Engines() {
			want, err := catalog.EngineExcludeCharacters(engine, contexts...)
			if err != nil {
				t.Fatal(err)
			}
			data, diagnostics := s.readPure("rotation_exclude_characters", object{"engine": engine, "contexts": orNil(list)})
			expect(t, diagnostics)
			same(t, data, with(exclusionObject(want), object{"rotation_type": nil, "engine": engine, "contexts": orNil(list)}))
		}
	}
}

// orNil is null for no elements.
func orNil(list []any) any {
	if list == nil {
		return nil
	}
	return list
}

func TestExcludeCharactersArguments(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for _, test := range []struct {
		arguments []any
		position  int64
		text      string
	}{
		{[]any{"Postgres"}, 0, "There is no such rotation type"},
		{[]any{"InfluxDBMultiUser"}, 0, "generates no password"},
		{[]any{"PostgreSQLSingleUser", "csv"}, 1, "`dms`, `jdbc`, `master_user`"},
		{[]any{"PostgreSQLSingleUser", "url", "URL"}, 2, `not "URL"`},
	} {
		_, failed := s.call("exclude_characters", test.arguments...)
		if failed == nil || failed.argument != test.position || !strings.Contains(failed.text, test.text) {
			t.Errorf("%v: %+v, want %q", test.arguments, failed, test.text)
		}
	}
	for _, test := range []struct {
		config object
		want   string
	}{
		{object{}, "ERROR -: Missing rotation type"},
		{object{"engine": "mysql", "rotation_type": "MySQLSingleUser"}, "ERROR engine: Invalid engine"},
		{object{"engine": "postgresql"}, "ERROR engine: Invalid engine: …`postgres`"},
		{object{"rotation_type": "InfluxDBMultiUser"}, "ERROR rotation_type: Invalid rotation type: The rotation function of InfluxDBMultiUser generates no password"},
		{object{"rotation_type": "MySQLSingleUser", "contexts": []any{"csv"}}, "ERROR contexts…: Invalid context: The value is one of"},
	} {
		_, diagnostics := s.readPure("rotation_exclude_characters", test.config)
		expect(t, diagnostics, test.want)
	}
	for _, arguments := range [][]any{{unknown{}}, {"MySQLSingleUser", unknown{}}, {"MySQLSingleUser", "url", unknown{}}} {
		if got := s.result("exclude_characters", arguments...); got != any(unknown{}) {
			t.Errorf("%v is %v", arguments, got)
		}
	}
}

// TestExcludeCharactersInTerraform compares what a configuration gets with what
// its author writes by hand, as the documentation says that it is written.
func TestExcludeCharactersInTerraform(t *testing.T) {
	t.Parallel()
	exclusion, err := catalog.EngineExcludeCharacters("mysql", contextNames()...)
	if err != nil {
		t.Fatal(err)
	}
	byHand := strings.NewReplacer(`"`, `\"`, `\`, `\\`, "${", "$${", "%{", "%%{").Replace(exclusion.String() + "${%{$%")
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: pureFactories,
		Steps: []resource.TestStep{
			{
				Config:      `output "x" { value = provider::rotation::exclude_characters("MySQLSingleUser", "uri") }`,
				ExpectError: regexp.MustCompile(`(?s)Invalid value for "contexts" parameter:.*not "uri"`),
			},
			{
				Config: fmt.Sprintf(`
locals {
  contexts = ["%s"]
}

data "rotation_exclude_characters" "all" {
  engine   = "mysql"
  contexts = local.contexts
}

output "by_hand" {
  value = "${data.rotation_exclude_characters.all.exclude_characters}$${%%%%{$%%" == "%s"
}

output "same" {
  value = data.rotation_exclude_characters.all.reasons == provider::rotation::exclude_characters("MySQLSingleUser", local.contexts...).reasons
}
`, strings.Join(contextNames(), `", "`), byHand),
				Check: resource.ComposeTestCheckFunc(resource.TestCheckOutput("by_hand", "true"), resource.TestCheckOutput("same", "true")),
			},
		},
	})
}
