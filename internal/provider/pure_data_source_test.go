package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// readPure validates and reads a data source that calls nothing, as a CLI does,
// and returns what it is and the diagnostics of both.
func (s server) readPure(name string, config object) (any, []string) {
	s.t.Helper()
	schemas, err := s.GetProviderSchema(s.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		s.t.Fatal(err)
	}
	schema := schemas.DataSourceSchemas[name]
	if schema == nil {
		s.t.Fatalf("There is no data source %s.", name)
	}
	given := s.dynamic(schema.ValueType(), config)
	valid, err := s.ValidateDataResourceConfig(s.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: name, Config: given})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, d := range valid.Diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return nil, lines(valid.Diagnostics)
		}
	}
	if value := s.value(schema.ValueType(), config); !value.IsFullyKnown() {
		return unknown{}, lines(valid.Diagnostics)
	}
	read, err := s.ReadDataSource(s.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: given})
	if err != nil {
		s.t.Fatal(err)
	}
	diagnostics := lines(append(valid.Diagnostics, read.Diagnostics...))
	if read.State == nil {
		return nil, diagnostics
	}
	value, err := read.State.Unmarshal(schema.ValueType())
	if err != nil {
		s.t.Fatal(err)
	}
	return goValue(s.t, value), diagnostics
}

// member is a member of a result.
func member(t *testing.T, result any, name string) any {
	t.Helper()
	o, ok := result.(object)
	if !ok {
		t.Fatalf("%v is no object", result)
	}
	return o[name]
}

// same compares a result.
func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
