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
	name string
	ty   tftypes.Type
	args object
}

// creation is what a process plans for a new resource.
type creation struct {
	declared
	*tfprotov6.PlanResourceChangeResponse
}

// create plans a resource that is new.
func (p process) create(r declared) creation {
	p.t.Helper()
	config := p.dynamic(r.ty, r.args)
	none, err := tfprotov6.NewDynamicValue(r.ty, tftypes.NewValue(r.ty, nil))
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := p.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{TypeName: r.name, PriorState: &none, ProposedNewState: config, Config: config})
	if err != nil {
		p.t.Fatal(err)
	}
	return creation{r, resp}
}

// apply creates what is planned and returns its state, null after an error, and
// the diagnostics.
func (p process) apply(plan creation) (tftypes.Value, []string) {
	p.t.Helper()
	none, err := tfprotov6.NewDynamicValue(plan.ty, tftypes.NewValue(plan.ty, nil))
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := p.ApplyResourceChange(p.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: plan.name, PriorState: &none, PlannedState: plan.PlannedState, Config: p.dynamic(plan.ty, plan.args),
		PlannedPrivate: plan.PlannedPrivate, PlannedIdentity: plan.PlannedIdentity,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	state, err := resp.NewState.Unmarshal(plan.ty)
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
