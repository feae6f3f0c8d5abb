package provider

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// pureFactories are a provider that has neither AWS nor a clock.
var pureFactories = map[string]func() (tfprotov6.ProviderServer, error){
	"rotation": served(New("test")),
}

// failure is the error of a function call: the position of the argument, -1 for
// none, and the text.
type failure struct {
	argument int64
	text     string
}

// call calls a function of the provider without a CLI and without a provider
// block. Arguments are Go's own values; unknown{} is one that is not known.
func (s server) call(name string, arguments ...any) (tftypes.Value, *failure) {
	s.t.Helper()
	functions, err := s.GetFunctions(s.t.Context(), &tfprotov6.GetFunctionsRequest{})
	if err != nil {
		s.t.Fatal(err)
	}
	definition := functions.Functions[name]
	if definition == nil {
		s.t.Fatalf("There is no function %s.", name)
	}
	given := make([]*tfprotov6.DynamicValue, len(arguments))
	for i, argument := range arguments {
		parameter := definition.VariadicParameter
		if i < len(definition.Parameters) {
			parameter = definition.Parameters[i]
		}
		given[i] = s.dynamic(parameter.Type, argument)
	}
	resp, err := s.CallFunction(s.t.Context(), &tfprotov6.CallFunctionRequest{Name: name, Arguments: given})
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.Error != nil {
		f := failure{-1, resp.Error.Text}
		if resp.Error.FunctionArgument != nil {
			f.argument = *resp.Error.FunctionArgument
		}
		return tftypes.Value{}, &f
	}
	result, err := resp.Result.Unmarshal(definition.Return.Type)
	if err != nil {
		s.t.Fatal(err)
	}
	return result, nil
}

// result is the result of a call that must not fail, in Go's own values.
func (s server) result(name string, arguments ...any) any {
	s.t.Helper()
	result, failed := s.call(name, arguments...)
	if failed != nil {
		s.t.Fatalf("%s: %+v", name, *failed)
	}
	return goValue(s.t, result)
}

// goValue makes maps, slices, strings, booleans and float64 of a value; nil is
// null.
func goValue(t *testing.T, v tftypes.Value) any {
	t.Helper()
	as := func(target any) {
		if err := v.As(target); err != nil {
			t.Fatal(err)
		}
	}
	switch ty := v.Type(); {
	case !v.IsKnown():
		return unknown{}
	case v.IsNull():
		return nil
	case ty.Is(tftypes.String):
		var s string
		as(&s)
		return s
	case ty.Is(tftypes.Bool):
		var b bool
		as(&b)
		return b
	case ty.Is(tftypes.Number):
		var n big.Float
		as(&n)
		f, _ := n.Float64()
		return f
	case ty.Is(tftypes.Object{}), ty.Is(tftypes.Map{}):
		members, o := map[string]tftypes.Value{}, object{}
		as(&members)
		for name, member := range members {
			o[name] = goValue(t, member)
		}
		return o
	}
	var elements []tftypes.Value
	as(&elements)
	list := make([]any, len(elements))
	for i, element := range elements {
		list[i] = goValue(t, element)
	}
	return list
}

// TestFunctionsOfUnknowns calls every function with each of its arguments
// unknown, as OpenTofu 1.8 does.
func TestFunctionsOfUnknowns(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for name, arguments := range map[string][]any{
		"secret_schema":        {"Custom"},
		"check_secret_string":  {"Custom", "x"},
		"assert_secret_string": {"Custom", "x"},
		"exclude_characters":   {"Custom", "url"},
		"check_schedule":       {"rate(10 days)", "1h"},
		"schedule_windows":     {"rate(10 days)", nil, "2026-01-31T16:00:00Z", 1},
		"role_policy":          {anyValue(object{"rotation_type": "Custom", "secret_arn": policySecret})},
	} {
		for i := range arguments {
			some := slices.Clone(arguments)
			some[i] = unknown{}
			if got := s.result(name, some...); got != any(unknown{}) {
				t.Errorf("%s with argument %d unknown is %v", name, i, got)
			}
		}
		if got := s.result(name, arguments...); got == any(unknown{}) {
			t.Errorf("%s with known arguments is unknown", name)
		}
	}
}

// TestDescriptions checks that functions, their parameters and results are
// described; TestSchemas does it for the rest.
func TestDescriptions(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	schemas, err := s.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range schemas.Functions {
		if f.Summary == "" || strings.HasSuffix(f.Summary, ".") || !strings.Contains(f.Description, "Terraform 1.8, OpenTofu 1.8 or later") {
			t.Errorf("%s has no summary, or no description with versions.", name)
		}
		parameters := f.Parameters
		if f.VariadicParameter != nil {
			parameters = append(parameters, f.VariadicParameter)
		}
		for _, p := range parameters {
			if !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s: the description %q of %s is no sentence.", name, p.Description, p.Name)
			}
		}
		if ty := f.Return.Type; !ty.Is(tftypes.String) {
			for _, part := range resultParts(ty) {
				if !strings.Contains(f.Description, "- `"+part+"` (") {
					t.Errorf("%s does not describe %s of its result.", name, part)
				}
			}
		}
	}
	if len(schemas.Functions) < 7 || len(schemas.EphemeralResourceSchemas) < 1 || len(schemas.DataSourceSchemas) < 5 {
		t.Errorf("There are %d functions, %d ephemeral resources and %d data sources only.", len(schemas.Functions), len(schemas.EphemeralResourceSchemas), len(schemas.DataSourceSchemas))
	}
}

// resultParts are the names of all attributes within a type.
func resultParts(ty tftypes.Type) []string {
	switch ty := ty.(type) {
	case tftypes.List:
		return resultParts(ty.ElementType)
	case tftypes.Object:
		var names []string
		for name, of := range ty.AttributeTypes {
			names = append(append(names, name), resultParts(of)...)
		}
		return names
	}
	return nil
}

// TestNullArguments calls a function with null as Terraform and as OpenTofu
// send it, through all that main serves.
func TestNullArguments(t *testing.T) {
	t.Parallel()
	s := NewServer("test")()
	encoded, err := tfprotov6.NewDynamicValue(tftypes.String, tftypes.NewValue(tftypes.String, "rate(10 days)"))
	if err != nil {
		t.Fatal(err)
	}
	null, err := tfprotov6.NewDynamicValue(tftypes.String, tftypes.NewValue(tftypes.String, nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, argument := range map[string]*tfprotov6.DynamicValue{"Terraform": &null, "OpenTofu": {}, "nothing": nil} {
		resp, err := s.CallFunction(t.Context(), &tfprotov6.CallFunctionRequest{Name: "check_schedule", Arguments: []*tfprotov6.DynamicValue{&encoded, argument}})
		if err != nil || resp.Error != nil {
			t.Errorf("%s: %v, %+v", name, err, resp)
		}
	}
	if _, ok := s.(frameworkServer); !ok {
		t.Errorf("%T does not forward all that a server of the framework does.", s)
	}
}
