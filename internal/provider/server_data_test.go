package provider

import (
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// readDataSource validates and reads a data source as a CLI does, and returns
// the diagnostics of both and the attributes, nil if there is no state.
func (s server) readDataSource(name string, config object) ([]string, map[string]tftypes.Value) {
	s.t.Helper()
	value, diagnostics := s.dataSource(name, config)
	var attributes map[string]tftypes.Value
	if value.IsKnown() {
		if err := value.As(&attributes); err != nil {
			s.t.Fatal(err)
		}
	}
	return diagnostics, attributes
}

// dataSource is what a data source is after validate and read: null if either
// fails, and unknown, without a read, if part of the configuration is.
func (s server) dataSource(name string, config object) (tftypes.Value, []string) {
	s.t.Helper()
	of, given := s.dataConfig(name, with(object{}, config))
	valid := s.validated(name, given)
	if failed(valid) {
		return tftypes.NewValue(of, nil), lines(valid)
	}
	if !s.value(of, config).IsFullyKnown() {
		return tftypes.NewValue(of, tftypes.UnknownValue), lines(valid)
	}
	read, err := s.ReadDataSource(s.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: given})
	if err != nil {
		s.t.Fatal(err)
	}
	diagnostics := lines(append(valid, read.Diagnostics...))
	if failed(read.Diagnostics) {
		return tftypes.NewValue(of, nil), diagnostics
	}
	value, err := read.State.Unmarshal(of)
	if err != nil {
		s.t.Fatal(err)
	}
	return value, diagnostics
}

// validateData returns the diagnostics of a data source's arguments.
func (s server) validateData(name string, config object) []string {
	s.t.Helper()
	_, given := s.dataConfig(name, config)
	return lines(s.validated(name, given))
}

func (s server) validated(name string, given *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
	s.t.Helper()
	resp, err := s.ValidateDataResourceConfig(s.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: name, Config: given})
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.Diagnostics
}

// dataConfig is the type of a data source, and a configuration of it.
func (s server) dataConfig(name string, config object) (tftypes.Type, *tfprotov6.DynamicValue) {
	s.t.Helper()
	schemas, err := s.GetProviderSchema(s.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		s.t.Fatal(err)
	}
	schema := schemas.DataSourceSchemas[name]
	if schema == nil {
		s.t.Fatalf("There is no data source %s.", name)
	}
	return schema.ValueType(), s.dynamic(schema.ValueType(), config)
}

func failed(diagnostics []*tfprotov6.Diagnostic) bool {
	return slices.ContainsFunc(diagnostics, func(d *tfprotov6.Diagnostic) bool { return d.Severity == tfprotov6.DiagnosticSeverityError })
}
