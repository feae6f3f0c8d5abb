package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// server is the provider as a CLI talks to it, without a CLI: it gives the
// attribute paths of diagnostics, and one question takes a millisecond.
type server struct {
	tfprotov6.ProviderServer
	t                *testing.T
	block, setupType tftypes.Type
	accessType       tftypes.Type    // of a function access
	computed         map[string]bool // attributes of a setup
}

// object holds the arguments that are set; all others are null.
type object = map[string]any

// noBlocks is a provider block without blocks in it.
var noBlocks = object{"assume_role": []any{}, "assume_role_with_web_identity": []any{}, "endpoints": []any{}}

// unknown is a value that is only known after apply.
type unknown struct{}

func newServer(t *testing.T, clock rotation.Clock) server {
	t.Helper()
	schemas, err := schemas()
	if err != nil {
		t.Fatal(err)
	}
	setup := schemas.ResourceSchemas["rotation_setup"]
	computed := map[string]bool{}
	for _, a := range setup.Block.Attributes {
		computed[a.Name] = a.Computed
	}
	return server{serve(NewTest("test", clock)()), t, schemas.Provider.ValueType(), setup.ValueType(), schemas.ResourceSchemas["rotation_function_access"].ValueType(), computed}
}

// schemas are the same for every server.
var schemas = sync.OnceValues(func() (*tfprotov6.GetProviderSchemaResponse, error) {
	return serve(NewTest("test", nil)()).GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
})

// validateProvider returns the diagnostics of a provider block.
func (s server) validateProvider(block object) []string {
	s.t.Helper()
	resp, err := s.ValidateProviderConfig(s.t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: s.dynamic(s.block, with(noBlocks, block))})
	if err != nil {
		s.t.Fatal(err)
	}
	return lines(resp.Diagnostics)
}

// configure sets the provider up and returns its diagnostics.
func (s server) configure(block object) []string {
	s.t.Helper()
	resp, err := s.ConfigureProvider(s.t.Context(), &tfprotov6.ConfigureProviderRequest{Config: s.dynamic(s.block, with(noBlocks, block))})
	if err != nil {
		s.t.Fatal(err)
	}
	return lines(resp.Diagnostics)
}

// validate returns the diagnostics of a rotation_setup.
func (s server) validate(setup object) []string {
	s.t.Helper()
	return s.validateOf("rotation_setup", s.setupType, setup)
}

// validateAccess returns the diagnostics of a rotation_function_access.
func (s server) validateAccess(access object) []string {
	s.t.Helper()
	return s.validateOf("rotation_function_access", s.accessType, access)
}

func (s server) validateOf(name string, of tftypes.Type, arguments object) []string {
	s.t.Helper()
	resp, err := s.ValidateResourceConfig(s.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: name, Config: s.dynamic(of, arguments), ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return lines(resp.Diagnostics)
}

// planCreate plans a new rotation_setup and returns the diagnostics.
func (s server) planCreate(setup object) []string {
	s.t.Helper()
	diagnostics, _ := s.planCreateOf("rotation_setup", s.setupType, setup)
	return diagnostics
}

// planAccess plans a new rotation_function_access and returns the diagnostics and
// what is planned.
func (s server) planAccess(access object) ([]string, map[string]tftypes.Value) {
	s.t.Helper()
	return s.planCreateOf("rotation_function_access", s.accessType, access)
}

func (s server) planCreateOf(name string, of tftypes.Type, arguments object) ([]string, map[string]tftypes.Value) {
	s.t.Helper()
	config := s.dynamic(of, arguments)
	prior, err := tfprotov6.NewDynamicValue(of, tftypes.NewValue(of, nil))
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := s.PlanResourceChange(s.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: &prior, ProposedNewState: config, Config: config,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	var planned map[string]tftypes.Value
	if resp.PlannedState != nil {
		value, err := resp.PlannedState.Unmarshal(of)
		if err == nil {
			err = value.As(&planned)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return lines(resp.Diagnostics), planned
}

// adopt imports and reads a setup, and returns its state.
func (s server) adopt(secretARN string) tftypes.Value {
	s.t.Helper()
	imported, err := s.ImportResourceState(s.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: "rotation_setup", ID: secretARN})
	if err != nil {
		s.t.Fatal(err)
	}
	expect(s.t, lines(imported.Diagnostics))
	return s.read(imported.ImportedResources[0].State)
}

// read refreshes a state.
func (s server) read(state *tfprotov6.DynamicValue) tftypes.Value {
	s.t.Helper()
	read, err := s.ReadResource(s.t.Context(), &tfprotov6.ReadResourceRequest{TypeName: "rotation_setup", CurrentState: state})
	if err != nil {
		s.t.Fatal(err)
	}
	expect(s.t, lines(read.Diagnostics))
	value, err := read.NewState.Unmarshal(s.setupType)
	if err != nil {
		s.t.Fatal(err)
	}
	return value
}

// planUpdate plans a setup that exists and returns the diagnostics and whether
// it is to be replaced.
func (s server) planUpdate(state tftypes.Value, setup object) (diagnostics []string, replace bool) {
	s.t.Helper()
	resp := s.planChange(state, setup)
	return lines(resp.Diagnostics), len(resp.RequiresReplace) > 0
}

// planChange plans a setup that exists.
func (s server) planChange(state tftypes.Value, setup object) *tfprotov6.PlanResourceChangeResponse {
	s.t.Helper()
	config := s.value(s.setupType, setup)
	var have, proposed map[string]tftypes.Value
	if err := errors.Join(state.As(&have), config.As(&proposed)); err != nil {
		s.t.Fatal(err)
	}
	proposed = maps.Clone(proposed)
	for name, value := range proposed {
		if value.IsNull() && s.computed[name] {
			proposed[name] = have[name]
		}
	}
	encode := func(value tftypes.Value) *tfprotov6.DynamicValue {
		d, err := tfprotov6.NewDynamicValue(s.setupType, value)
		if err != nil {
			s.t.Fatal(err)
		}
		return &d
	}
	resp, err := s.PlanResourceChange(s.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: "rotation_setup", PriorState: encode(state), ProposedNewState: encode(tftypes.NewValue(s.setupType, proposed)), Config: encode(config),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return resp
}

// lines are diagnostics in one line each: severity, attribute path, text.
func lines(diagnostics []*tfprotov6.Diagnostic) []string {
	var all []string
	for _, d := range diagnostics {
		at := "-"
		if d.Attribute != nil {
			at = strings.ReplaceAll(strings.NewReplacer(`AttributeName("`, "", `ElementKeyString("`, "", `")`, "", "ElementKeyInt(", "", ")", "").Replace(d.Attribute.String()), "ElementKeyValue", "element")
		}
		all = append(all, fmt.Sprintf("%s %s: %s: %s", d.Severity, at, d.Summary, d.Detail))
	}
	slices.Sort(all)
	return all
}

// expect compares diagnostics with what each should start with or, after an
// ellipsis, contain.
func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := 0; ok && i < len(want); i++ {
		for j, part := range strings.Split(want[i], "…") {
			if j == 0 && !strings.HasPrefix(got[i], part) || !strings.Contains(got[i], part) {
				ok = false
			}
		}
	}
	if !ok {
		t.Errorf("Diagnostics (- wanted beginnings, + got):\n%s", cmp.Diff(want, got))
	}
}

// dynamic makes a value of a schema's type; nil is no block at all.
func (s server) dynamic(ty tftypes.Type, value any) *tfprotov6.DynamicValue {
	s.t.Helper()
	d, err := tfprotov6.NewDynamicValue(ty, s.value(ty, value))
	if err != nil {
		s.t.Fatal(err)
	}
	return &d
}

// value makes a value of a type of Go's own: maps, slices, strings, numbers and
// booleans. Attributes that a map lacks are null. A value of another type is
// for where any type is taken.
func (s server) value(ty tftypes.Type, v any) tftypes.Value {
	s.t.Helper()
	switch v := v.(type) {
	case unknown:
		return tftypes.NewValue(ty, tftypes.UnknownValue)
	case tftypes.Value:
		return v
	}
	switch ty := ty.(type) {
	case tftypes.Object:
		given, _ := v.(object)
		if given == nil {
			return tftypes.NewValue(ty, nil)
		}
		members := map[string]tftypes.Value{}
		for name, of := range ty.AttributeTypes {
			members[name] = s.value(of, given[name])
		}
		for name := range given {
			if ty.AttributeTypes[name] == nil {
				s.t.Fatalf("There is no attribute %s.", name)
			}
		}
		return tftypes.NewValue(ty, members)
	case tftypes.Map:
		given, ok := v.(object)
		if !ok {
			return tftypes.NewValue(ty, nil)
		}
		members := map[string]tftypes.Value{}
		for name, member := range given {
			members[name] = s.value(ty.ElementType, member)
		}
		return tftypes.NewValue(ty, members)
	case tftypes.List:
		return s.elements(ty, ty.ElementType, v)
	case tftypes.Set:
		return s.elements(ty, ty.ElementType, v)
	}
	return tftypes.NewValue(ty, v)
}

func (s server) elements(ty, of tftypes.Type, v any) tftypes.Value {
	s.t.Helper()
	given, ok := v.([]any)
	if !ok {
		return tftypes.NewValue(ty, nil)
	}
	elements := make([]tftypes.Value, len(given))
	for i, element := range given {
		elements[i] = s.value(of, element)
	}
	return tftypes.NewValue(ty, elements)
}

// block is the provider block for the lab.
func (w world) block() object {
	c, endpoints := w.Administrator(), object{}
	for _, service := range awsapi.Services {
		endpoints[service] = w.URL()
	}
	return object{"region": w.Region(), "access_key": c.AccessKeyID, "secret_key": c.SecretAccessKey, "endpoints": []any{endpoints}}
}

// arguments are a rotation_setup of the world's secret and function.
func (w world) arguments() object {
	return object{
		"secret_id": w.SecretARN, "rotation_lambda_arn": w.FunctionARN,
		"rotation_rules": object{"schedule_expression": "cron(0 4 ? * SUN *)", "duration": "3h"},
	}
}

// with is a copy of an object with some members replaced; nil makes one null.
func with(o object, changes object) object {
	changed := object{}
	for _, members := range []object{o, changes} {
		maps.Copy(changed, members)
	}
	return changed
}
