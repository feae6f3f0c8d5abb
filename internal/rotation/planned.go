package rotation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// planned is what the plans of this run will write: the limits of AWS are for
// what is there and all of that together, and a check may count on it.
type planned struct {
	mu         sync.Mutex
	policies   map[string]map[string]plannedPolicy // role policies, by role and name
	statements map[string]map[string]string        // invoke permissions, by function and statement ID
	told       map[string]bool
	nameless   int
}

// plannedPolicy is a role policy to be written. Its text is empty if it is not
// known yet.
type plannedPolicy struct {
	findings.Policy

	text string
}

func (p *planned) add(to Permissions) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if to.RoleName != "" {
		put(&p.policies, to.RoleName, to.RolePolicyName, plannedPolicy{facts.ReadPolicy(to.RolePolicyName, to.RolePolicy), to.RolePolicy})
	}
	put(&p.statements, to.FunctionARN, to.StatementID, to.InvokePermission)
}

func put[T any](all *map[string]map[string]T, where, name string, what T) {
	if *all == nil {
		*all = map[string]map[string]T{}
	}
	if (*all)[where] == nil {
		(*all)[where] = map[string]T{}
	}
	(*all)[where][name] = what
}

// once reports whether something is said for the first time in this run: five
// hundred setups of one function hit its limit together.
func (p *planned) once(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.told == nil {
		p.told = map[string]bool{}
	}
	defer func() { p.told[what] = true }()
	return !p.told[what]
}

// onRole is a role as it will be.
func (p *planned) onRole(r findings.Role, name string) findings.Role {
	p.mu.Lock()
	defer p.mu.Unlock()
	planned := p.policies[name]
	r.Policies = slices.DeleteFunc(slices.Clone(r.Policies), func(have findings.Policy) bool {
		_, replaced := planned[have.Name]
		return replaced
	})
	for _, policy := range slices.Sorted(maps.Keys(planned)) {
		r.Policies = append(r.Policies, planned[policy].Policy)
	}
	return r
}

// onFunction is the policy of a function as it will be.
func (p *planned) onFunction(d iampolicy.Document, functionARN string) iampolicy.Document {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.statements[functionARN] {
		if more, err := iampolicy.Parse(wrap(text)); err == nil {
			d.Statements = append(slices.Clip(d.Statements), more.Statements...)
		}
	}
	return d
}

// limits says what of a plan has no room in AWS, once for a role and once for a
// function. Shared is the size of the role policy that a function access would
// have, 0 for one: there should be room for it as long as setups have their own.
func (o *operation) limits(ctx context.Context, r *facts.Role, next Permissions, shared int, lenient bool) ([]Problem, error) {
	o.planned.add(next)
	var problems []Problem
	remedy := oneAccess
	if shared == 0 {
		remedy = moreRoom
	}
	report := func(p *Problem, of string) {
		p.Warning = p.Warning || lenient
		if o.planned.once(fmt.Sprint(p.Code, " ", of, lenient)) {
			problems = append(problems, *p)
		}
	}
	if r != nil {
		if size, adds := o.planned.roleSize(r, next.RoleName); size > iampolicy.MaxRolePolicyCharacters {
			report(roleFull(next.RoleName, r.Size(), adds, size, remedy), next.RoleName)
		} else if adds > 0 && size+shared > iampolicy.MaxRolePolicyCharacters {
			report(roleNearlyFull(next.RoleName, size, shared), next.RoleName)
		}
	}
	have, err := o.FunctionPolicy(ctx, next.FunctionARN)
	if awsapi.IsAccessDenied(err) {
		return problems, nil
	}
	if err != nil {
		return nil, failed("", "read the policy of the rotation function", "", err)
	}
	if size, adds := o.planned.functionSize(have, next.FunctionARN); size > iampolicy.MaxFunctionPolicyBytes {
		report(functionFull(next.FunctionARN, have.Size, adds, size, remedy), next.FunctionARN)
	}
	return problems, nil
}

// roleSize is the size of a role's inline policies with all that is planned, and
// how many policies that adds or changes.
func (p *planned) roleSize(r *facts.Role, name string) (size, adds int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	size = r.Size()
	for policy, planned := range p.policies[name] {
		if planned.text == "" {
			continue // Not known yet.
		}
		size += iampolicy.Size(planned.text) - iampolicy.Size(r.Inline[policy])
		if planned.text != r.Inline[policy] {
			adds++
		}
	}
	return size, adds
}

// functionSize is the size of a function's policy with all that is planned, and
// how many statements that adds.
func (p *planned) functionSize(have facts.FunctionPolicy, functionARN string) (size, adds int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	size = have.Size
	if size == 0 {
		size = len(iampolicy.Document{Version: iampolicy.Version, ID: "default"}.JSON())
	}
	for sid, text := range p.statements[functionARN] {
		if have.Statement(sid) != "" {
			continue // It is there, or replaces what has its name.
		}
		if size += len(text); have.Size > 0 || adds > 0 {
			size++ // The comma.
		}
		adds++
	}
	return size, adds
}

// notRemoved is said of a limit. Terraform may remove something after it has
// written what takes its place, so that AWS refuses the write.
const notRemoved = " What the plan removes is not counted; if that makes room, remove it in an apply of its own first."

const oneAccess = "Use one `rotation_function_access` for the function: what it writes has the same size for any number of secrets. " +
	"Then set `access = \"external\"` and `rotation_lambda_arn = rotation_function_access.NAME.rotation_lambda_arn` in the setups."

// moreRoom is the remedy where even that does not fit.
const moreRoom = "Make room first: remove what nothing needs any more, or move an inline policy into a managed policy, which counts apart. " +
	"If it is all of setups of this function, set two of them to `access = \"external\"`, with `preflight = \"warn\"`, in an apply of its own, and all others together with this in the next: in between, these two secrets cannot rotate."

func roleFull(name string, have, adds, size int, remedy string) *Problem {
	return found("role_arn", findings.RolePolicyFull,
		fmt.Sprintf("The inline policies of the execution role %q have %d characters. With %s they have %d, and IAM allows %d together."+notRemoved,
			name, have, counted(adds, "role policy", "role policies"), size, iampolicy.MaxRolePolicyCharacters), remedy)
}

func roleNearlyFull(name string, size, shared int) *Problem {
	return new(Of(findings.New(findings.RolePolicyNearlyFull, findings.Warning,
		fmt.Sprintf("With this plan the inline policies of the execution role %q have %d of the %d characters that IAM allows together. The one policy of a `rotation_function_access`, which would make room for any number of secrets, has %d and does not fit any more.",
			name, size, iampolicy.MaxRolePolicyCharacters, shared), oneAccess), "role_arn"))
}

func functionFull(functionARN string, have, adds, size int, remedy string) *Problem {
	return found("rotation_lambda_arn", findings.InvokePolicyFull,
		fmt.Sprintf("The policy of %s has %d bytes. With %s it has %d, and Lambda allows %d."+notRemoved,
			functionARN, have, counted(adds, "invoke permission", "invoke permissions"), size, iampolicy.MaxFunctionPolicyBytes), remedy)
}

// counted is a number of things that a plan has added so far.
func counted(n int, one, many string) string {
	if n == 1 {
		return "the " + one + " that this plan adds"
	}
	return "the " + strconv.Itoa(n) + " " + many + " that this plan has added so far"
}

// sharedSize is the size of the role policy of a function access for secrets as
// this one.
func (w Setup) sharedSize() int {
	access := catalog.SharedAccess{FunctionARN: w.FunctionARN, ReadReplica: w.Access.ReadReplica, KeytabSecretARNs: w.Access.KeytabSecretARNs}
	if w.RotationType != nil {
		access.Types = []*catalog.RotationType{w.RotationType}
	}
	if w.SuperuserSecretARN != "" {
		access.SuperuserSecretARNs, access.SuperuserOwners = []string{w.SuperuserSecretARN}, map[string]string{w.SuperuserSecretARN: w.SuperuserOwner}
	}
	access.Marker = iampolicy.NewMarker(w.FunctionARN, 1).Sid()
	return iampolicy.Size(catalog.SharedRolePolicy(access).JSON())
}

// InspectPending looks at the limits for the plan of a create whose secret is not
// known yet. What it will write is at least as long as for a secret with the
// shortest of names.
func (s *Service) InspectPending(ctx context.Context, want Setup) ([]Problem, error) {
	if want.FunctionARN == "" || !want.Managed || !want.Check {
		return nil, nil
	}
	o, err := s.plan(ctx, "", functionRegion(want.FunctionARN))
	if err != nil {
		return nil, err
	}
	f, err := o.rotator(ctx, want.FunctionARN, want.RoleARN)
	if err != nil {
		return nil, err
	}
	secretARN := arn.SecretARN{Partition: f.ARN.Partition, Region: f.ARN.Region, AccountID: f.ARN.AccountID, Name: "x", Suffix: "AAAAAA"}.String()
	next := Permissions{FunctionARN: want.FunctionARN, RoleARN: f.Role.String(), RoleName: f.Role.Name}
	if want.RoleARN != "" {
		next.RoleARN, next.RoleName = want.RoleARN, roleName(want.RoleARN)
	}
	next.RolePolicy = PolicyFor(want, secretARN, want.KMSKeyARN, 1)
	next.InvokePermission = PermissionFor(statementID(want, secretARN), want.FunctionARN, secretARN)
	next.StatementID, next.RolePolicyName = s.planned.nextName(), s.planned.nextName()
	r, err := o.seenRole(ctx, next.RoleARN)
	if err != nil {
		return nil, err
	}
	return o.limits(ctx, r, next, want.sharedSize(), want.Lenient)
}

// nextName is a name of something whose name is not known yet.
func (p *planned) nextName() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nameless++
	return "?" + strconv.Itoa(p.nameless)
}
