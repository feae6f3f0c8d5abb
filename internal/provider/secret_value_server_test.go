package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// values has a rotation_secret_value of the world's secret, which is one without a
// value, in the hands of a CLI that is not there: a run plans in one process of the
// provider and applies in another, and checks what a CLI checks. It takes
// milliseconds.
type values struct {
	world
	t  *testing.T
	ty tftypes.Type
	// config are the arguments, provider those of its block that differ.
	config, provider object
	// state is null while there is none.
	state tftypes.Value
	// dies is called as an apply begins and returns the context of a process that will
	// die in it; nil is for one that lives.
	dies func() context.Context
}

// newValues makes a world with the first value of a PostgreSQL user to be stored.
func newValues(t *testing.T) *values {
	t.Helper()
	w := newWorld(t)
	schemas, err := schemas()
	w.Must(err)
	v := &values{world: w, t: t, ty: schemas.ResourceSchemas["rotation_secret_value"].ValueType()}
	v.SecretARN = w.NewSecret("new", nil)
	v.config = object{
		"secret_id": v.SecretARN, "rotation_type": "PostgreSQLSingleUser", "password_wo": firstPassword,
		"connection_fields": object{"host": "db.example.com", "username": "app"},
	}
	v.state = tftypes.NewValue(v.ty, nil)
	v.caller()
	return v
}

// caller gives the provider credentials of its own, with all permissions but these.
func (v *values) caller(denied ...string) {
	v.t.Helper()
	policy := `{"Effect":"Allow","Action":"*","Resource":"*"}`
	if len(denied) > 0 {
		policy += `,{"Effect":"Deny","Action":["` + strings.Join(denied, `","`) + `"],"Resource":"*"}`
	}
	c := v.NewUser("deployer", `{"Version":"2012-10-17","Statement":[`+policy+`]}`)
	v.provider = with(v.provider, object{"access_key": c.AccessKeyID, "secret_key": c.SecretAccessKey})
}

// told is what a run has said and done.
type told struct {
	plan, apply []string // diagnostics
	action      string   // that was planned: create, update, replace or none
	calls       []awslab.Call
	applied     []awslab.Call // those of the apply itself
}

// asked counts the calls of an operation.
func (said told) asked(operation string) int {
	n := 0
	for _, c := range said.calls {
		if c.Operation == operation {
			n++
		}
	}
	return n
}

// writes are the operations of Secrets Manager that change something.
func (said told) writes() []string {
	var names []string
	for _, c := range said.calls {
		if c.Writes() {
			names = append(names, c.Operation)
		}
	}
	return names
}

// start starts a process of the provider.
func (v *values) start() process {
	v.t.Helper()
	p := process{newServer(v.t, v.Lab)}
	expect(v.t, p.configure(with(v.block(), v.provider)))
	return p
}

// plan refreshes and plans the configuration with changes.
func (v *values) plan(changes object) told {
	v.t.Helper()
	v.ForgetCalls()
	said, _, _ := v.planned(with(v.config, changes))
	said.calls = v.Calls(":user/deployer")
	return said
}

func (v *values) planned(config object) (told, tftypes.Value, tftypes.Value) {
	v.t.Helper()
	p := v.start()
	said := told{plan: p.validateOf("rotation_secret_value", v.ty, config), action: "none"}
	if hasErrors(said.plan) {
		return said, v.state, v.state
	}
	prior, broken := v.refresh(p)
	if hasErrors(broken) {
		said.plan = broken
		return said, v.state, v.state
	}
	resp := v.ask(p, prior, config)
	switch {
	case prior.IsNull():
		said.action = "create"
	case v.replaces(prior, resp):
		// A CLI plans the replacement as if there were no state.
		said.action, prior = "replace", tftypes.NewValue(v.ty, nil)
		resp = v.ask(p, prior, config)
	}
	said.plan = append(said.plan, lines(resp.Diagnostics)...)
	slices.Sort(said.plan)
	shownNothing(v.t, said.plan...)
	planned := v.decoded(resp.PlannedState)
	if said.action == "none" && !planned.Equal(prior) {
		said.action = "update"
	}
	return said, prior, planned
}

// replaces reports whether a plan replaces: Terraform heeds only paths whose value
// changes.
func (v *values) replaces(prior tftypes.Value, resp *tfprotov6.PlanResourceChangeResponse) bool {
	v.t.Helper()
	if prior.IsNull() {
		return false
	}
	planned := v.decoded(resp.PlannedState)
	return slices.ContainsFunc(resp.RequiresReplace, func(at *tftypes.AttributePath) bool {
		before, _, errBefore := tftypes.WalkAttributePath(prior, at)
		after, _, errAfter := tftypes.WalkAttributePath(planned, at)
		v.Must(errors.Join(errBefore, errAfter))
		was, ok := before.(tftypes.Value)
		is, also := after.(tftypes.Value)
		return ok && also && !was.Equal(is)
	})
}

// run plans the configuration with changes and applies it. Whatever was unknown is
// by then what resolved says.
func (v *values) run(changes object, resolved ...object) (said told) {
	v.t.Helper()
	v.ForgetCalls()
	before := 0
	defer func() {
		said.calls = v.Calls(":user/deployer")
		said.applied = said.calls[before:]
	}()
	config := with(v.config, changes)
	said, prior, promised := v.planned(config)
	if hasErrors(said.plan) {
		return said
	}
	v.state = prior
	if said.action == "none" {
		return said
	}
	for _, r := range resolved {
		config = with(config, r)
	}
	p := v.start()
	if said.apply = p.validateOf("rotation_secret_value", v.ty, config); hasErrors(said.apply) {
		return said
	}
	again := v.ask(p, prior, config)
	if said.apply = lines(again.Diagnostics); hasErrors(said.apply) {
		return said
	}
	if v.replaces(prior, again) {
		v.t.Error("The plan of the apply replaces what the plan did not.")
	}
	last := v.decoded(again.PlannedState)
	v.keeps(promised, last)
	before = len(v.Calls(":user/deployer"))
	ctx := v.t.Context()
	if v.dies != nil {
		ctx = v.dies()
	}
	resp, err := p.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: "rotation_secret_value", PriorState: p.encoded(v.ty, prior), PlannedState: again.PlannedState, Config: p.dynamic(v.ty, config),
		PlannedPrivate: again.PlannedPrivate, PlannedIdentity: again.PlannedIdentity,
	})
	v.Must(err)
	said.apply = lines(resp.Diagnostics)
	shownNothing(v.t, said.apply...)
	if v.dies != nil {
		return said // Nothing is heard of a process that is dead.
	}
	v.state = v.decoded(resp.NewState)
	switch failed := hasErrors(said.apply); {
	case !failed:
		v.keeps(last, v.state)
	case prior.IsNull() && !v.state.IsNull():
		v.t.Error("A create has returned a state and an error: the next plan replaces.")
	}
	shownNothing(v.t, fmt.Sprint(goValue(v.t, v.state)))
	return said
}

// refresh reads the state, keeps it and returns the diagnostics.
func (v *values) refresh(p process) (tftypes.Value, []string) {
	v.t.Helper()
	if v.state.IsNull() {
		return v.state, nil
	}
	resp, err := p.ReadResource(v.t.Context(), &tfprotov6.ReadResourceRequest{TypeName: "rotation_secret_value", CurrentState: p.encoded(v.ty, v.state)})
	v.Must(err)
	v.state = v.decoded(resp.NewState)
	return v.state, lines(resp.Diagnostics)
}

// ask asks for a plan as a CLI does: a write-only argument is in the configuration
// alone, and what the provider computes stays or, in something new, is unknown.
func (v *values) ask(p process, prior tftypes.Value, config object) *tfprotov6.PlanResourceChangeResponse {
	v.t.Helper()
	var proposed, have map[string]tftypes.Value
	v.Must(errors.Join(p.value(v.ty, config).As(&proposed), prior.As(&have)))
	proposed = maps.Clone(proposed)
	for _, computed := range []string{"secret_arn", "unmerged_keys"} {
		if proposed[computed] = have[computed]; prior.IsNull() {
			proposed[computed] = p.value(v.ty.(tftypes.Object).AttributeTypes[computed], unknown{}) //nolint:forcetypeassert // The schema's own.
		}
	}
	proposed["password_wo"] = tftypes.NewValue(tftypes.String, nil)
	resp, err := p.PlanResourceChange(v.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: "rotation_secret_value", PriorState: p.encoded(v.ty, prior),
		ProposedNewState: p.encoded(v.ty, tftypes.NewValue(v.ty, proposed)), Config: p.dynamic(v.ty, config),
	})
	v.Must(err)
	return resp
}

func (v *values) decoded(d *tfprotov6.DynamicValue) tftypes.Value {
	v.t.Helper()
	value, err := d.Unmarshal(v.ty)
	v.Must(err)
	return value
}

// keeps fails the test unless a value has all that another one has promised.
func (v *values) keeps(promised, is tftypes.Value) {
	v.t.Helper()
	var before, after map[string]tftypes.Value
	v.Must(errors.Join(promised.As(&before), is.As(&after)))
	for name, want := range before {
		if want.IsFullyKnown() && !want.Equal(after[name]) {
			v.t.Errorf("The provider produced an inconsistent result: %s is %v, not %v.", name, after[name], want)
		}
	}
}

// adopt imports the secret's value by the ARN of the secret.
func (v *values) adopt() {
	v.t.Helper()
	expect(v.t, v.imports(v.SecretARN))
}

// imports imports a value into the state and returns the diagnostics.
func (v *values) imports(id string) []string {
	v.t.Helper()
	imported, err := v.start().ImportResourceState(v.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: "rotation_secret_value", ID: id})
	v.Must(err)
	if len(imported.ImportedResources) > 0 {
		v.state = v.decoded(imported.ImportedResources[0].State)
	}
	return lines(imported.Diagnostics)
}

// destroy plans a destroy and carries it out.
func (v *values) destroy() {
	v.t.Helper()
	p := v.start()
	gone := p.encoded(v.ty, tftypes.NewValue(v.ty, nil))
	state, told := v.refresh(p)
	expect(v.t, told)
	prior := p.encoded(v.ty, state)
	plan, err := p.PlanResourceChange(v.t.Context(), &tfprotov6.PlanResourceChangeRequest{TypeName: "rotation_secret_value", PriorState: prior, ProposedNewState: gone, Config: gone})
	v.Must(err)
	expect(v.t, lines(plan.Diagnostics))
	resp, err := v.start().ApplyResourceChange(v.t.Context(), &tfprotov6.ApplyResourceChangeRequest{TypeName: "rotation_secret_value", PriorState: prior, PlannedState: gone, Config: gone})
	v.Must(err)
	expect(v.t, lines(resp.Diagnostics))
	v.state = v.decoded(resp.NewState)
}

// attribute is an attribute of the state.
func (v *values) attribute(name string) any {
	v.t.Helper()
	return member(v.t, goValue(v.t, v.state), name)
}

// does runs and fails the test unless the run plans an action, writes just by these
// operations of Secrets Manager and says nothing.
func (v *values) does(action string, changes object, writes ...string) told {
	v.t.Helper()
	said := v.run(changes)
	said.was(v.t, action, nil, nil, writes...)
	return said
}

// was compares what a run has said and done.
func (said told) was(t *testing.T, action string, plan, apply []string, writes ...string) {
	t.Helper()
	expect(t, said.plan, plan...)
	expect(t, said.apply, apply...)
	if said.action != action {
		t.Errorf("The plan is %q, not %q.", said.action, action)
	}
	if diff := cmp.Diff(writes, said.writes()); diff != "" {
		t.Errorf("writes: %s", diff)
	}
}

// current is the value that applications read.
func (v *values) current() string {
	v.t.Helper()
	out, err := v.Secrets.GetSecretValue(v.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &v.SecretARN})
	v.Must(err)
	return *out.SecretString
}

// holds fails the test unless the secret has just this value.
func (v *values) holds(want string) {
	v.t.Helper()
	if got := v.current(); got != want {
		v.t.Errorf("The value is not what it should be:\n%s", cmp.Diff(want, got))
	}
}

// put stores a value by hand with these labels, or as AWSCURRENT, and returns its
// version.
func (v *values) put(text string, labels ...string) string {
	v.t.Helper()
	out, err := v.Secrets.PutSecretValue(v.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &v.SecretARN, SecretString: &text, VersionStages: labels})
	v.Must(err)
	return *out.VersionId
}

// label moves a label from one version to another, each empty for none.
func (v *values) label(name, from, to string) {
	v.t.Helper()
	_, err := v.Secrets.UpdateSecretVersionStage(v.t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &v.SecretARN, VersionStage: &name, RemoveFromVersionId: orNone(from), MoveToVersionId: orNone(to),
	})
	v.Must(err)
}

func orNone(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// labels are the staging labels that the secret has.
func (v *values) labels() []string {
	v.t.Helper()
	out, err := v.Secrets.DescribeSecret(v.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &v.SecretARN})
	v.Must(err)
	return slices.Sorted(labelsOf(out.VersionIdsToStages))
}

func labelsOf(stages map[string][]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, labels := range stages {
			for _, label := range labels {
				if !yield(label) {
					return
				}
			}
		}
	}
}

// postgresText is the first value of the configuration that newValues has, with
// another host, user or password.
func postgresText(host, username, password string) string {
	return strings.Join([]string{
		`{"engine":"postgres","host":`, strconv.Quote(host), `,"username":`, strconv.Quote(username),
		`,"password":`, strconv.Quote(password), `,"dbname":"postgres","port":5432}`,
	}, "")
}

// merges are the writes of a change: of the new value, of AWSCURRENT, and of the
// private label once it is done.
var merges = []string{"PutSecretValue", "UpdateSecretVersionStage", "UpdateSecretVersionStage"}

// mergesAfterRotation first take AWSPENDING off AWSCURRENT, where a finished rotation
// has left it.
var mergesAfterRotation = slices.Concat(merges, []string{"UpdateSecretVersionStage"})

// version is the version that has a label, or "".
func (v *values) version(label string) string {
	v.t.Helper()
	out, err := v.Secrets.DescribeSecret(v.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &v.SecretARN})
	v.Must(err)
	for version, labels := range out.VersionIdsToStages {
		if slices.Contains(labels, label) {
			return version
		}
	}
	return ""
}

// noLabelStays fails the test if the private label is still on a version.
func (v *values) noLabelStays() {
	v.t.Helper()
	if version := v.version("TERRAFORM_ROTATION_EDIT"); version != "" {
		v.t.Errorf("The version %s still has the private label.", version)
	}
}
