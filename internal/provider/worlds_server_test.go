package provider

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// process is a provider process that is configured.
type process struct{ server }

// start starts a process on the lab.
func (s *scene) start() process {
	s.t.Helper()
	p := process{newServer(s.t, s.Lab)}
	expect(s.t, p.configure(s.providerBlock(p.block)))
	return p
}

// providerBlock sends every service to the lab.
func (s *scene) providerBlock(ty tftypes.Type) object {
	endpoints := object{}
	set := ty.(tftypes.Object).AttributeTypes["endpoints"].(tftypes.Set) //nolint:forcetypeassert // The schema's own.
	for name := range set.ElementType.(tftypes.Object).AttributeTypes {  //nolint:forcetypeassert // Likewise.
		endpoints[name] = s.URL()
	}
	return with(s.block(), with(s.provider, object{"endpoints": []any{endpoints}}))
}

// declared is a resource of a configuration.
type declared struct {
	name  string
	ty    tftypes.Type
	args  object        // nil if it is to be destroyed
	state tftypes.Value // null if it is new
}

// change is what a process plans for a resource.
type change struct {
	declared
	*tfprotov6.PlanResourceChangeResponse
}

// encoded is a state as the protocol has it.
func (p process) encoded(ty tftypes.Type, state tftypes.Value) *tfprotov6.DynamicValue {
	p.t.Helper()
	if state.IsNull() {
		state = tftypes.NewValue(ty, nil)
	}
	d, err := tfprotov6.NewDynamicValue(ty, state)
	if err != nil {
		p.t.Fatal(err)
	}
	return &d
}

// plan reads a resource, unless it is new, and plans what becomes of it.
func (p process) plan(r declared) change {
	p.t.Helper()
	if !r.state.IsNull() {
		r.state = p.read(p.encoded(r.ty, r.state))
	}
	if r.args != nil && !r.state.IsNull() {
		return change{r, p.planChange(r.state, r.args)}
	}
	config := p.dynamic(r.ty, r.args)
	resp, err := p.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: r.name, PriorState: p.encoded(r.ty, r.state), ProposedNewState: config, Config: config,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return change{r, resp}
}

// isEmpty reports whether the plan changes nothing.
func (p process) isEmpty(c change) bool {
	p.t.Helper()
	planned, err := c.PlannedState.Unmarshal(c.ty)
	if err != nil {
		p.t.Fatal(err)
	}
	return planned.Equal(c.state)
}

// apply does what is planned and returns the new state, null if there is none,
// and the diagnostics.
func (p process) apply(c change) (tftypes.Value, []string) {
	p.t.Helper()
	resp, err := p.ApplyResourceChange(p.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: c.name, PriorState: p.encoded(c.ty, c.state), PlannedState: c.PlannedState, Config: p.dynamic(c.ty, c.args),
		PlannedPrivate: c.PlannedPrivate, PlannedIdentity: c.PlannedIdentity,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	state, err := resp.NewState.Unmarshal(c.ty)
	if err != nil {
		p.t.Fatal(err)
	}
	return state, lines(resp.Diagnostics)
}

// coded is a diagnostic of a finding, as lines has it.
var coded = regexp.MustCompile(`^(ERROR|WARNING) \S+ [^:]*\(([a-z0-9-]+)\): `)

// codesOf are the codes of the findings of a severity among diagnostics, sorted
// and each once.
func codesOf(diagnostics []string, severity string) []findings.Code {
	var found []findings.Code
	for _, line := range diagnostics {
		if m := coded.FindStringSubmatch(line); m != nil && m[1] == severity {
			found = append(found, findings.Code(m[2]))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// hasErrors reports whether one of the diagnostics is an error.
func hasErrors(diagnostics []string) bool {
	return slices.ContainsFunc(diagnostics, func(line string) bool { return strings.HasPrefix(line, "ERROR ") })
}
