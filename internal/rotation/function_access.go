package rotation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// superusersArgument names the superuser secrets of a function.
const superusersArgument = "superuser_secret_arns"

// FunctionAccess is what a user asks for: what one function needs to rotate any
// number of secrets. Empty strings mean "not given".
type FunctionAccess struct {
	// FunctionARN is the rotation function, maybe with a qualifier.
	FunctionARN string
	// RoleARN replaces what the function says.
	RoleARN string
	// Access has what the role policy is for. Function, owners of superuser
	// secrets and VPC are not in it.
	Access catalog.SharedAccess
	// VPC is as in [Setup].
	VPC *bool
	// StatementID and RolePolicyName replace the derived names.
	StatementID, RolePolicyName string
	// PlannedRolePolicy is the policy that the plan has shown, if it has.
	PlannedRolePolicy string
	// PlanOpen says that what the role policy depends on is not known yet, which
	// only a plan can meet.
	PlanOpen bool
	// Check asks for the checks; with Lenient they only warn.
	Check, Lenient bool
}

// AccessObject is a function access as AWS has it.
type AccessObject struct {
	Permissions

	// Superusers are the superuser secrets whose owner is recorded: a secret keeps
	// it for life. SuperuserOwners are the services that manage some of them, by
	// ARN.
	Superusers      []string
	SuperuserOwners map[string]string
}

// AccessInspection is what a plan may know of a function access that is to be
// created.
type AccessInspection struct {
	Object AccessObject
	// PolicyKnown is false when the role policy depends on who manages a superuser
	// secret, and AWS does not tell.
	PolicyKnown bool
	// TakesOver says that an earlier create has written the role policy.
	TakesOver bool
	Problems  []Problem
}

// NextAccess is what a function access becomes by an update: pure, as [Next] is.
// Another function is another access.
func NextAccess(want FunctionAccess, have AccessObject) AccessObject {
	next := have
	next.FunctionARN = want.FunctionARN
	if want.RoleARN != "" {
		next.RoleARN = want.RoleARN
	}
	next.RoleName = roleName(next.RoleARN)
	next.StatementID, next.RolePolicyName = want.names()
	if want.VPC != nil {
		next.VPC = *want.VPC
	}
	next.Superusers, next.SuperuserOwners = want.Access.SuperuserSecretARNs, map[string]string{}
	for _, secretARN := range next.Superusers {
		owner := want.Access.SuperuserOwners[secretARN]
		if slices.Contains(have.Superusers, secretARN) {
			owner = have.SuperuserOwners[secretARN]
		}
		if owner != "" {
			next.SuperuserOwners[secretARN] = owner
		}
	}
	next.RolePolicy = want.policy(next, max(1, Generation(have.RolePolicy, have.FunctionARN)))
	if iampolicy.Equivalent(next.RolePolicy, have.RolePolicy) {
		next.RolePolicy = have.RolePolicy
	}
	next.InvokePermission = PermissionFor(next.StatementID, want.FunctionARN, want.FunctionARN)
	return next
}

// names are the statement ID and the name of the role policy.
func (w FunctionAccess) names() (statementID, rolePolicyName string) {
	statementID, rolePolicyName = w.StatementID, w.RolePolicyName
	if statementID == "" {
		statementID = StatementID(w.FunctionARN)
	}
	if rolePolicyName == "" {
		rolePolicyName = RolePolicyName(w.FunctionARN)
	}
	return statementID, rolePolicyName
}

// policy is the role policy, marked as written by a create.
func (w FunctionAccess) policy(o AccessObject, generation int) string {
	access := w.Access
	access.FunctionARN, access.SuperuserOwners, access.VPC = w.FunctionARN, o.SuperuserOwners, o.VPC
	access.Marker = iampolicy.NewMarker(w.FunctionARN, generation).Sid()
	return catalog.SharedRolePolicy(access).JSON()
}

// ownersMatter reports whether the role policy depends on who manages the
// superuser secrets.
func (w FunctionAccess) ownersMatter() bool {
	return slices.ContainsFunc(w.Access.Types, func(t *catalog.RotationType) bool { return len(t.SuperuserOwners()) > 0 })
}

// functionScene is what an operation on a function access finds.
type functionScene struct {
	function   *facts.Function
	superusers map[string]superuser
	vpc        bool
	// generation of the role policy that is there, 0 if there is none of ours.
	generation int
	rolePolicy string
}

func (w FunctionAccess) roleARN(f *facts.Function) string {
	if w.RoleARN != "" {
		return w.RoleARN
	}
	return f.Role.String()
}

// lookAtFunction gathers a scene and refuses what can't be. Nothing is written.
func (o *operation) lookAtFunction(ctx context.Context, want FunctionAccess) (*functionScene, error) {
	s := &functionScene{superusers: map[string]superuser{}}
	var err error
	if s.function, err = o.rotator(ctx, want.FunctionARN, want.RoleARN); err != nil {
		return nil, err
	}
	// Also where no type asks who manages them: the owner is recorded for good.
	for _, secretARN := range want.Access.SuperuserSecretARNs {
		if s.superusers[secretARN], err = o.describeSuperuser(ctx, secretARN, superusersArgument); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// owners are the services that manage the superuser secrets, by ARN.
func (s *functionScene) owners() map[string]string {
	owners := map[string]string{}
	for secretARN, found := range s.superusers {
		if found.owner != "" {
			owners[secretARN] = found.owner
		}
	}
	return owners
}

// lookForAccess adds to a scene what a create needs to know: what an earlier one
// has left, and whether the role can connect the function to its VPC.
func (o *operation) lookForAccess(ctx context.Context, want FunctionAccess, s *functionScene) error {
	roleARN := want.roleARN(s.function)
	_, name := want.names()
	var err error
	if s.rolePolicy, err = o.RolePolicy(ctx, roleName(roleARN), name); err != nil {
		return failed("role_policy_name", "read the policy of the execution role", "", err)
	}
	s.generation = Generation(s.rolePolicy, want.FunctionARN)
	if s.rolePolicy != "" && s.generation == 0 {
		return policyNameTaken(roleName(roleARN), name)
	}
	s.vpc = want.VPC != nil && *want.VPC
	if want.VPC == nil {
		s.vpc, err = o.lacksVPC(ctx, s.function, roleARN)
	}
	return err
}

// object is what a scene becomes by a create. It is a later create than any
// before, whose object may still have to be destroyed; only a plan that is
// applied again goes on with the policy that it has written.
func (s *functionScene) object(want FunctionAccess) AccessObject {
	want.Access.SuperuserOwners, want.VPC = s.owners(), &s.vpc
	o := NextAccess(want, AccessObject{Permissions: Permissions{RoleARN: s.function.Role.String()}})
	o.RolePolicy = want.policy(o, s.generation+1)
	if again := want.policy(o, max(1, s.generation)); want.PlannedRolePolicy == again && iampolicy.Equivalent(again, s.rolePolicy) {
		o.RolePolicy = again
	}
	return o
}

// unseen is what is known of a function access whose role may not be looked at.
func (s *functionScene) unseen(want FunctionAccess) Permissions {
	p := s.object(want).Permissions
	p.RolePolicy = ""
	return p
}

// InspectAccess looks at AWS for the plan of a create. It writes nothing.
func (s *Service) InspectAccess(ctx context.Context, want FunctionAccess) (AccessInspection, error) {
	o, err := s.plan(ctx, "", functionRegion(want.FunctionARN))
	if err != nil {
		return AccessInspection{}, err
	}
	sc, err := o.lookAtFunction(ctx, want)
	if err == nil {
		if err = o.lookForAccess(ctx, want, sc); awsapi.IsAccessDenied(err) {
			o.planned.add(sc.unseen(want)) // The setups count on it all the same.
		}
	}
	if err != nil {
		return AccessInspection{}, err
	}
	if !o.planned.once("access of " + want.FunctionARN) {
		return AccessInspection{}, twoAccesses(want.FunctionARN)
	}
	in := AccessInspection{Object: sc.object(want), PolicyKnown: true, TakesOver: sc.generation > 0}
	for _, found := range sc.superusers {
		in.PolicyKnown = in.PolicyKnown && (found.exists || !want.ownersMatter())
	}
	in.Problems, err = o.checkFunction(ctx, want, sc, in.Object)
	if p := otherRole(want.FunctionARN, want.RoleARN, sc.function); p != nil {
		p.Warning = true // The function may get that role in this plan.
		in.Problems = append(in.Problems, *p)
	}
	return in, err
}

// CheckAccessUpdate returns what an update would meet, for its plan.
func (s *Service) CheckAccessUpdate(ctx context.Context, want FunctionAccess, have AccessObject) ([]Problem, error) {
	o, err := s.plan(ctx, "", functionRegion(want.FunctionARN))
	if err != nil {
		return nil, err
	}
	sc, err := o.lookAtFunction(ctx, want)
	if err != nil {
		return nil, err
	}
	return o.checkFunction(ctx, want, sc, sc.next(want, have))
}

// next is [NextAccess] with what the scene adds.
func (s *functionScene) next(want FunctionAccess, have AccessObject) AccessObject {
	want.Access.SuperuserOwners = s.owners()
	return NextAccess(want, have)
}

// CreateAccess lets a function rotate: role policy, then invoke permission. What
// an earlier create has left is taken over.
//
// An object together with an error means that a failed create could not take its
// own writes back.
func (s *Service) CreateAccess(ctx context.Context, want FunctionAccess, timeout time.Duration) (*AccessObject, []Problem, error) {
	o, err := s.begin(ctx, "", functionRegion(want.FunctionARN), timeout)
	if err != nil {
		return nil, nil, err
	}
	defer s.secrets.lock(want.FunctionARN)()
	if _, twice := s.created.Load(want.FunctionARN); twice {
		return nil, nil, twoAccesses(want.FunctionARN)
	}
	sc, err := o.lookAtFunction(ctx, want)
	if err == nil {
		err = o.lookForAccess(ctx, want, sc)
	}
	if err != nil {
		return nil, nil, err
	}
	if p := otherRole(want.FunctionARN, want.RoleARN, sc.function); p != nil {
		return nil, nil, p
	}
	object := sc.object(want)
	problems, err := o.checkFunction(ctx, want, sc, object)
	if err != nil {
		return nil, nil, err
	}
	if err := o.refuse(problems); err != nil {
		return nil, o.warnings, err
	}
	if p := want.PlannedRolePolicy; p != "" && p != object.RolePolicy {
		return nil, o.warnings, wrong("", "Access changed since the plan",
			fmt.Sprintf("The plan has shown a role policy %q of role %q that is not the one to write any more: somebody has changed that policy since, or who manages a superuser secret is known now. This resource has written nothing. Plan and apply again.", object.RolePolicyName, object.RoleName))
	}
	var u undo
	err = o.freeStatement(ctx, want.FunctionARN, object.Permissions, sc.generation)
	if err == nil {
		err = o.grant(ctx, want.FunctionARN, object.Permissions, &u)
	}
	if err == nil {
		s.created.Store(want.FunctionARN, object.Permissions)
		return &object, o.warnings, nil
	}
	kept, err := o.undone(ctx, u, err)
	if !kept {
		return nil, o.warnings, err
	}
	return &object, o.warnings, err
}

func twoAccesses(functionARN string) *Problem {
	return wrong("rotation_lambda_arn", "Two accesses of one function",
		"Another rotation_function_access of this configuration is for "+functionARN+", too. Keep one of them, with the types and superuser secrets of both.")
}

// UpdateAccess brings a function access to what is wanted: what is new is written
// before what is old is removed. After an error the old state still tells what
// there is to remove, and the same update goes on from where this one ended.
func (s *Service) UpdateAccess(ctx context.Context, want FunctionAccess, have AccessObject, timeout time.Duration) (*AccessObject, []Problem, error) {
	o, err := s.begin(ctx, "", functionRegion(want.FunctionARN), timeout)
	if err != nil {
		return nil, nil, err
	}
	defer s.secrets.lock(want.FunctionARN)()
	sc, err := o.lookAtFunction(ctx, want)
	if err != nil {
		return nil, nil, err
	}
	if p := otherRole(want.FunctionARN, want.RoleARN, sc.function); p != nil {
		return nil, nil, p
	}
	next := sc.next(want, have)
	problems, err := o.checkFunction(ctx, want, sc, next)
	if err != nil {
		return nil, nil, err
	}
	if err := o.refuse(problems); err != nil {
		return nil, o.warnings, err
	}
	var u undo
	o.former = have.StatementID
	if err := o.grant(ctx, want.FunctionARN, next.Permissions, &u); err != nil {
		o.undoUpdate(ctx, u)
		return nil, o.warnings, err
	}
	// From here on what is new stays: some of what it replaces may be gone.
	if err := o.leave(ctx, have.FunctionARN, have.Permissions, next.Permissions); err != nil {
		return nil, o.warnings, err // What is still there stays recorded.
	}
	return &next, o.warnings, nil
}

// ReadAccess brings a recorded object up to what AWS shows. It returns [ErrGone]
// when nothing of it is left, or when a later create has taken it over. An
// object that holds only its FunctionARN, as after an import, is filled in.
func (s *Service) ReadAccess(ctx context.Context, want FunctionAccess, have AccessObject) (*AccessObject, error) {
	o, err := s.begin(ctx, "", functionRegion(have.FunctionARN), inspectTimeout)
	if err != nil {
		return nil, err
	}
	statementID, policyName := want.names()
	if have.StatementID == "" {
		have.StatementID = statementID
	}
	if have.RolePolicyName == "" {
		have.RolePolicyName = policyName
	}
	f, err := o.Function(ctx, have.FunctionARN)
	gone := awsapi.IsNotFound(err)
	switch {
	case err == nil:
		have.RoleARN = f.Role.String()
	case !gone:
		return nil, failed("rotation_lambda_arn", "read the rotation function", "", err)
	}
	if err := o.readPermissions(ctx, have.FunctionARN, &have.Permissions); err != nil {
		return nil, err
	}
	if gone && have.RolePolicy == "" && have.InvokePermission == "" {
		return nil, ErrGone
	}
	return &have, nil
}

// DeleteAccess removes what was written, as far as AWS still shows it as ours. It
// works with function or role already gone.
func (s *Service) DeleteAccess(ctx context.Context, have AccessObject, timeout time.Duration) error {
	o, err := s.begin(ctx, "", functionRegion(have.FunctionARN), timeout)
	if err != nil {
		return err
	}
	defer s.secrets.lock(have.FunctionARN)()
	if by, replaced := s.replaced(have.FunctionARN); replaced {
		return o.leave(ctx, have.FunctionARN, have.Permissions, by)
	}
	if generation := Generation(have.RolePolicy, have.FunctionARN); generation > 0 {
		policy, err := o.RolePolicy(ctx, have.RoleName, have.RolePolicyName)
		if err != nil {
			return failed("", "read the policy of the execution role", "", err)
		}
		if Generation(policy, have.FunctionARN) > generation {
			return nil // A later create has taken it over.
		}
	}
	return o.revoke(ctx, have.FunctionARN, have.Permissions)
}

func functionRegion(functionARN string) string {
	a, err := arn.ParseFunction(functionARN)
	if err != nil {
		return ""
	}
	return a.Region
}
