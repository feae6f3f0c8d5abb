package rotation

import (
	"context"
	"slices"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// Permissions are the role policy and the invoke permission that were written,
// and where they stand. Their owner, by whose ARN they are told from those of
// others, is the secret of a setup or the function of a [FunctionAccess].
type Permissions struct {
	FunctionARN string
	// RoleARN is the execution role of the function.
	RoleARN string
	// RoleName is the role that holds our policy; it differs from RoleARN when
	// the function was given another role.
	RoleName       string
	StatementID    string
	RolePolicyName string
	// RolePolicy and InvokePermission are JSON; empty when AWS has none of ours.
	RolePolicy, InvokePermission string
	// VPC says that the role policy connects the function to its VPC.
	VPC bool
}

// grant writes the role policy and then the invoke permission, where there are
// any to write.
func (o *operation) grant(ctx context.Context, ownerARN string, p Permissions, u *undo) error {
	if p.RolePolicy == "" || p.InvokePermission == "" {
		return nil
	}
	if err := o.putRolePolicy(ctx, p.RoleName, p.RolePolicyName, ownerARN, p.RolePolicy, u); err != nil {
		return err
	}
	return o.addPermission(ctx, p.StatementID, p.FunctionARN, ownerARN, u)
}

// freeStatement refuses a statement ID under which somebody else has made an equal
// statement already: to take it for ours would be to remove it one day. A create
// that was interrupted has written its role policy before, in a generation.
func (o *operation) freeStatement(ctx context.Context, ownerARN string, p Permissions, generation int) error {
	if p.InvokePermission == "" || generation > 0 || p.StatementID == StatementID(ownerARN) {
		return nil
	}
	policy, err := o.Fresh().FunctionPolicy(ctx, p.FunctionARN)
	if err != nil {
		return failed("", "read the policy of the rotation function", "", err)
	}
	if policy.Statement(p.StatementID) != "" {
		return statementTaken(p.StatementID, p.FunctionARN)
	}
	return nil
}

// revoke removes the invoke permission and then the role policy, as far as AWS
// still shows them as ours.
func (o *operation) revoke(ctx context.Context, ownerARN string, p Permissions) error {
	if err := o.dropPermission(ctx, p.StatementID, ownerARN, p.InvokePermission); err != nil {
		return err
	}
	return o.dropRolePolicy(ctx, p.RoleName, p.RolePolicyName, ownerARN, Generation(p.RolePolicy, ownerARN))
}

// leave removes our permission and policy from where they no longer are.
func (o *operation) leave(ctx context.Context, ownerARN string, have, next Permissions) error {
	if p := have.InvokePermission; p != "" && (permitted(p) != permitted(next.InvokePermission) || have.StatementID != next.StatementID) {
		if err := o.dropPermission(ctx, have.StatementID, ownerARN, p); err != nil {
			return err
		}
	}
	if have.RolePolicy != "" && (have.RoleName != next.RoleName || have.RolePolicyName != next.RolePolicyName) {
		return o.dropRolePolicy(ctx, have.RoleName, have.RolePolicyName, ownerARN, Generation(have.RolePolicy, ownerARN))
	}
	return nil
}

// readPermissions reads our statement and our policy where they were written,
// which is not where AWS points to when somebody has changed function or role.
// It returns [ErrGone] when a later create has taken them over.
func (o *operation) readPermissions(ctx context.Context, ownerARN string, have *Permissions) error {
	functionARN := permitted(have.InvokePermission)
	if functionARN == "" {
		functionARN = have.FunctionARN
	}
	policy, err := o.FunctionPolicy(ctx, functionARN)
	if err != nil {
		return failed("", "read the policy of the rotation function", "", err)
	}
	statement := policy.Statement(have.StatementID)
	wanted := PermissionFor(have.StatementID, functionARN, ownerARN)
	if sameStatement(statement, wanted) {
		statement = wanted
	}
	have.InvokePermission = statement

	if have.RoleName == "" {
		have.RoleName = roleName(have.RoleARN)
	}
	if have.RoleName == "" {
		return nil
	}
	document, err := o.RolePolicy(ctx, have.RoleName, have.RolePolicyName)
	if err != nil {
		return failed("", "read the policy of the execution role", "", err)
	}
	if recorded := Generation(have.RolePolicy, ownerARN); recorded > 0 && Generation(document, ownerARN) > recorded {
		return ErrGone
	}
	if have.RolePolicy == "" && document != "" {
		have.VPC = connectsToVPC(document)
	}
	if !iampolicy.Equivalent(document, have.RolePolicy) {
		have.RolePolicy = document
	}
	return nil
}

// Lost reports whether AWS no longer has the invoke permission or the role policy
// as they are recorded. A function that is replaced loses its statements, and a
// role its policies.
func (s *Service) Lost(ctx context.Context, have Permissions) (bool, error) {
	if have.InvokePermission == "" || have.RolePolicy == "" {
		return false, nil
	}
	o, err := s.begin(ctx, "", functionRegion(have.FunctionARN), inspectTimeout)
	if err != nil {
		return false, err
	}
	policy, err := o.Fresh().FunctionPolicy(ctx, permitted(have.InvokePermission))
	if err != nil {
		return false, failed("", "read the policy of the rotation function", "", err)
	}
	if !sameStatement(policy.Statement(have.StatementID), have.InvokePermission) {
		return true, nil
	}
	document, err := o.RolePolicy(ctx, have.RoleName, have.RolePolicyName)
	if err != nil {
		return false, failed("", "read the policy of the execution role", "", err)
	}
	return !iampolicy.Equivalent(document, have.RolePolicy), nil
}

// connectsToVPC reports whether a policy of ours has the permissions with which
// Lambda connects a function to its VPC.
func connectsToVPC(rolePolicy string) bool {
	document, err := iampolicy.Parse(rolePolicy)
	return err == nil && slices.ContainsFunc(document.Statements, func(s iampolicy.Statement) bool { return slices.Equal(s.Actions, iampolicy.VPCActions()) })
}
