package rotation

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// conflictTries bounds how often a write is tried again that another process
// got ahead of.
const conflictTries = 8

// undo takes the writes of a failed create back, the last one first.
type undo []func(context.Context) error

func (u *undo) push(step func(context.Context) error) { *u = append(*u, step) }

func (u *undo) run(ctx context.Context) error {
	for len(*u) > 0 {
		last := len(*u) - 1
		if err := (*u)[last](ctx); err != nil {
			return err
		}
		*u = (*u)[:last]
	}
	return nil
}

// PolicyFor is the role policy of a setup, marked as written by a create.
func PolicyFor(want Setup, secretARN, kmsKeyARN string, generation int) string {
	access := accessOf(want, secretARN, kmsKeyARN)
	access.Marker = iampolicy.NewMarker(secretARN, generation).Sid()
	return want.RotationType.RolePolicy(access).JSON()
}

// accessOf is what the role policy of a setup is for.
func accessOf(want Setup, secretARN, kmsKeyARN string) catalog.Access {
	access := want.Access
	access.SecretARN, access.KMSKeyARN, access.VPC = secretARN, kmsKeyARN, aws.ToBool(want.VPC)
	access.SuperuserSecretARN, access.SuperuserOwningService = want.SuperuserSecretARN, want.SuperuserOwner
	return access
}

// PermissionFor is the invoke permission of a setup, or of a function for all
// secrets of its account, as Lambda will show it.
func PermissionFor(statementID, functionARN, ownerARN string) string {
	in := iampolicy.InvokePermissionInput{StatementID: statementID, FunctionARN: functionARN}
	if _, err := arn.ParseFunction(ownerARN); err != nil {
		in.SecretARN = ownerARN
	}
	return iampolicy.InvokePermission(in).JSON()
}

// Generation reads which create wrote a role policy for a secret or function; 0
// if none did.
func Generation(rolePolicy, ownerARN string) int {
	document, err := iampolicy.Parse(rolePolicy)
	if err != nil {
		return 0
	}
	if m, ok := iampolicy.FindMarker(document); ok && m.Owns(ownerARN) {
		return m.Generation
	}
	return 0
}

// putRolePolicy makes a policy of a role what it should be. A policy of the same
// name that was not written for this owner is left alone and is an error.
func (o *operation) putRolePolicy(ctx context.Context, role, name, ownerARN, want string, u *undo) error {
	defer o.roles.lock(role)()
	have, err := o.RolePolicy(ctx, role, name)
	if err != nil {
		return failed("", "read the policy of the execution role", fmt.Sprintf("The policy %q of role %q could not be read.", name, role), err)
	}
	switch {
	case have == "":
	case Generation(have, ownerARN) == 0:
		return policyNameTaken(role, name)
	case iampolicy.Equivalent(have, want):
		return nil
	}
	err = o.writeRolePolicy(ctx, role, name, want)
	if err == nil {
		o.tell(ctx, "The role policy is written", map[string]any{"role": role, "policy": name})
	}
	if mayHaveWorked(err) {
		u.push(func(ctx context.Context) error {
			if have == "" {
				return o.deleteRolePolicy(ctx, role, name)
			}
			return o.writeRolePolicy(ctx, role, name, have)
		})
	}
	switch {
	case err == nil:
		return nil
	case awsapi.Is(err, "LimitExceeded", "LimitExceededException"):
		return full("role_arn", findings.RolePolicyFull, ownerARN,
			fmt.Sprintf("The inline policies of the execution role %q together may have %d characters, and with the policy %q they would have more.", role, iampolicy.MaxRolePolicyCharacters, name), err)
	}
	return failed("", "write the role policy", fmt.Sprintf("The policy %q could not be put on the execution role %q.", name, role), err)
}

func policyNameTaken(role, name string) *Problem {
	return found("role_policy_name", findings.RolePolicyNameTaken,
		fmt.Sprintf("The execution role %q has an inline policy %q that was not written by this resource. It is left as it is.", role, name),
		"Remove that policy if nothing needs it, or choose another `role_policy_name`.")
}

func (o *operation) writeRolePolicy(ctx context.Context, role, name, document string) error {
	err := o.again(ctx, []string{"ConcurrentModification", "ConcurrentModificationException"}, func() error {
		_, err := o.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: &document})
		return err
	})
	if mayHaveWorked(err) {
		o.written.Store(role, o.clock.Now())
		o.ForgetRole(role)
	}
	return err
}

func (o *operation) deleteRolePolicy(ctx context.Context, role, name string) error {
	defer o.ForgetRole(role)
	err := o.again(ctx, []string{"ConcurrentModification", "ConcurrentModificationException"}, func() error {
		_, err := o.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &name})
		return err
	})
	if err == nil || awsapi.IsNotFound(err) {
		return nil
	}
	return failed("", "remove the role policy", fmt.Sprintf("The policy %q of role %q could not be removed.", name, role), err)
}

// mayHaveWorked reports whether a write has, or may have, been carried out.
func mayHaveWorked(err error) bool { return err == nil || !awsapi.Answered(err) }

// again repeats a write that another writer got ahead of.
func (o *operation) again(ctx context.Context, codes []string, write func() error) error {
	pause := 100 * time.Millisecond
	for try := 1; ; try++ {
		err := write()
		if !awsapi.Is(err, codes...) || try == conflictTries {
			return err
		}
		if err := o.clock.Sleep(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// addPermission makes sure that the function's policy holds our statement. A
// different one under its name is replaced if it is for this owner or has the
// derived name, and is an error otherwise.
func (o *operation) addPermission(ctx context.Context, statementID, functionARN, ownerARN string, u *undo) error {
	name, qualifier := arn.SplitQualifier(functionARN)
	defer o.functions.lock(name)()
	want := PermissionFor(statementID, functionARN, ownerARN)
	var equal []string
	back := func(ctx context.Context) error { return o.dropPermission(ctx, statementID, ownerARN, want) }
	err := o.again(ctx, []string{"PreconditionFailedException", "ResourceConflictException"}, func() error {
		policy, err := o.Fresh().FunctionPolicy(ctx, functionARN)
		if err != nil {
			return err
		}
		have := policy.Statement(statementID)
		if sameStatement(have, want) {
			if o.wrotePermission { // Its answer was lost.
				u.push(back)
			}
			return nil
		}
		if have != "" {
			if statementID != StatementID(ownerARN) && !isFor(have, ownerARN) {
				return statementTaken(statementID, functionARN)
			}
			if err := o.removeStatement(ctx, statementID, functionARN, policy.RevisionID); err != nil {
				return err
			}
			if policy, err = o.Fresh().FunctionPolicy(ctx, functionARN); err != nil {
				return err
			}
		}
		defer o.ForgetFunctionPolicy(functionARN)
		equal = slices.DeleteFunc(equals(policy, want), func(sid string) bool { return sid == o.former })
		o.wrotePermission = true // Even if the answer gets lost.
		o.written.Store(functionARN, o.clock.Now())
		_, err = o.Lambda.AddPermission(ctx, &lambda.AddPermissionInput{
			FunctionName: &name, Qualifier: qualifier, StatementId: &statementID,
			Action:        aws.String("lambda:InvokeFunction"),
			Principal:     aws.String(iampolicy.ServicePrincipal),
			SourceAccount: optional(condition(want, "aws:SourceAccount")),
			SourceArn:     optional(condition(want, "aws:SourceArn")),
			RevisionId:    optional(policy.RevisionID),
		})
		if have == "" && mayHaveWorked(err) {
			u.push(back)
		}
		return err
	})
	switch {
	case err == nil:
		if o.wrotePermission {
			o.tell(ctx, "The invoke permission is written", map[string]any{"function_arn": functionARN, "statement_id": statementID})
		}
		if len(equal) > 0 {
			o.warn(*permittedTwice(functionARN, statementID, equal))
		}
		return nil
	case awsapi.Is(err, "PolicyLengthExceededException"):
		return full("rotation_lambda_arn", findings.InvokePolicyFull, ownerARN,
			fmt.Sprintf("The policy of %s may have %d bytes, and with the statement %q it would have more.", functionARN, iampolicy.MaxFunctionPolicyBytes, statementID), err)
	case awsapi.IsNotFound(err):
		return failed("rotation_lambda_arn", "add the invoke permission", fmt.Sprintf("Secrets Manager could not be permitted to invoke %s.", functionARN), err)
	}
	return failed("", "add the invoke permission", fmt.Sprintf("Secrets Manager could not be permitted to invoke %s.", functionARN), err)
}

// full is the problem of a policy that has no room for what a setup, or even a
// function access, needs.
func full(attribute string, code findings.Code, ownerARN, detail string, err error) *Problem {
	remedy := oneAccess
	if _, ofFunction := arn.ParseFunction(ownerARN); ofFunction == nil {
		remedy = moreRoom
	}
	p := found(attribute, code, detail, remedy+"\n\n"+awsapi.Explain(err))
	p.cause = err
	return p
}

// permittedTwice tells of statements of others that permit the same. Whoever
// made them may remove them in this very apply, so they are no reason to do
// without our own.
func permittedTwice(functionARN, statementID string, others []string) *Problem {
	return wrong("", "Secrets Manager is permitted twice",
		fmt.Sprintf("The policy of %s already permits by the statement %s what the statement %q of this resource permits. It is left as it is, and nothing here depends on it.", functionARN, strings.Join(quoted(others), ", "), statementID),
		"Remove it where it was made, for example an `aws_lambda_permission`, to have each permission once.")
}

func quoted(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strconv.Quote(name)
	}
	return all
}

func statementTaken(statementID, functionARN string) *Problem {
	return wrong("statement_id", "Statement ID exists already",
		fmt.Sprintf("The policy of %s has a statement %q that was not written by this resource. It is left as it is.", functionARN, statementID),
		"Choose another `statement_id`, or leave the argument out.")
}

// removePermission removes our statement, and only if AWS still shows it as
// recorded and for this owner: a read records also what others have put under
// its name.
func (o *operation) removePermission(ctx context.Context, statementID, functionARN, ownerARN, recorded string) error {
	err := o.again(ctx, []string{"PreconditionFailedException", "ResourceConflictException"}, func() error {
		policy, err := o.Fresh().FunctionPolicy(ctx, functionARN)
		if err != nil {
			return err
		}
		if have := policy.Statement(statementID); !sameStatement(have, recorded) || !isFor(have, ownerARN) {
			return nil
		}
		return o.removeStatement(ctx, statementID, functionARN, policy.RevisionID)
	})
	if err == nil || awsapi.IsNotFound(err) {
		return nil
	}
	return failed("", "remove the invoke permission", fmt.Sprintf("The statement %q of %s could not be removed.", statementID, functionARN), err)
}

func (o *operation) removeStatement(ctx context.Context, statementID, functionARN, revisionID string) error {
	name, qualifier := arn.SplitQualifier(functionARN)
	defer o.ForgetFunctionPolicy(functionARN)
	_, err := o.Lambda.RemovePermission(ctx, &lambda.RemovePermissionInput{
		FunctionName: &name, Qualifier: qualifier, StatementId: &statementID, RevisionId: optional(revisionID),
	})
	return err
}

// dropPermission removes our statement under the function's lock.
func (o *operation) dropPermission(ctx context.Context, statementID, ownerARN, recorded string) error {
	functionARN := permitted(recorded)
	if functionARN == "" {
		return nil
	}
	name, _ := arn.SplitQualifier(functionARN)
	defer o.functions.lock(name)()
	return o.removePermission(ctx, statementID, functionARN, ownerARN, recorded)
}

// dropRolePolicy removes our policy from a role, and only while it is ours: of
// this owner, and of no later create than the one recorded.
func (o *operation) dropRolePolicy(ctx context.Context, role, name, ownerARN string, generation int) error {
	if role == "" || name == "" {
		return nil
	}
	defer o.roles.lock(role)()
	have, err := o.RolePolicy(ctx, role, name)
	if err != nil {
		return failed("", "read the policy of the execution role", fmt.Sprintf("The policy %q of role %q could not be read.", name, role), err)
	}
	if g := Generation(have, ownerARN); g == 0 || g > generation {
		return nil
	}
	return o.deleteRolePolicy(ctx, role, name)
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
