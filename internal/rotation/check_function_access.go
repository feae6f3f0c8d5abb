package rotation

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// checkFunction says what the function will be refused although it has its
// access, and at plan what has no room.
func (o *operation) checkFunction(ctx context.Context, want FunctionAccess, s *functionScene, next AccessObject) ([]Problem, error) {
	if !want.Check {
		return nil, nil
	}
	remarks, err := o.examineFunction(ctx, want, s, next)
	if err == nil && !want.Lenient {
		remarks, err = o.reconsider(ctx, want.FunctionARN, remarks, func(again *operation) ([]remark, error) {
			now, err := again.lookAtFunction(ctx, want)
			if err != nil {
				return nil, err
			}
			return again.examineFunction(ctx, want, now, next)
		})
	}
	found := problems(remarks, want.Lenient)
	if err != nil || !o.planning {
		return found, err
	}
	r, err := o.seenRole(ctx, next.RoleARN)
	if err != nil {
		return nil, err
	}
	if want.PlanOpen {
		next.RolePolicy = ""
	}
	full, err := o.limits(ctx, r, next.Permissions, 0, want.Lenient)
	return append(found, full...), err
}

// examineFunction makes all the checks that a function access asks for.
func (o *operation) examineFunction(ctx context.Context, want FunctionAccess, s *functionScene, next AccessObject) ([]remark, error) {
	var remarks []remark
	for _, secretARN := range want.Access.SuperuserSecretARNs {
		remarks = append(remarks, on(superusersArgument, superuserMissing(superusersArgument, secretARN, s.superusers[secretARN])...)...)
		if a, err := arn.ParseSecret(secretARN); err == nil && a.AccountID != s.function.ARN.AccountID {
			elsewhere := findings.SuperuserElsewhere(secretARN, want.keyOf(a), next.RoleARN)
			elsewhere.Argument = superusersArgument
			remarks = append(remarks, on(superusersArgument, elsewhere)...)
		}
	}
	var only *catalog.RotationType
	if len(want.Access.Types) == 1 {
		only = want.Access.Types[0]
	}
	remarks = append(remarks, on(findings.FunctionArgument, o.usable(ctx, only, s.function)...)...)
	policy, err := iampolicy.Parse(next.RolePolicy)
	if err != nil {
		return nil, fmt.Errorf("the role policy of a function: %w", err)
	}
	need := findings.Need{
		FunctionARN: want.FunctionARN, Policy: policy, InVPC: s.function.InVPC, LogGroup: s.function.LogGroup, RotateWith: map[string]string{},
		Own: !slices.ContainsFunc(want.Access.Types, func(t *catalog.RotationType) bool { return t.Strategy != catalog.CustomStrategy }),
	}
	for secretARN, known := range s.superusers {
		if known.exists {
			need.RotateWith[secretARN] = known.function
		}
	}
	hidden := o.others(ctx, &need, slices.Concat(want.Access.KMSKeyARNs, want.Access.SuperuserKMSKeyARNs)...)
	remarks = append(remarks, on(findings.FunctionArgument, hidden...)...)
	for _, keyARN := range want.Access.KMSKeyARNs {
		if key, known := need.Keys[keyARN]; known {
			remarks = append(remarks, on("kms_key_arns", findings.KeyUsable(key, "")...)...)
		}
	}
	r, err := o.seenRole(ctx, next.RoleARN)
	if err != nil {
		return nil, err
	}
	if r != nil {
		role := r.With(facts.ReadPolicy(next.RolePolicyName, next.RolePolicy))
		for _, f := range findings.RolePermissions(role, need) {
			remarks = append(remarks, on(cmp.Or(attributesOf[f.Code], findings.FunctionArgument), f)...)
		}
	}
	way := s.function.Connection(services(need, slices.Collect(maps.Values(s.superusers))...))
	found, err := o.reachable(ctx, s.function, next.RoleARN, need, way)
	return append(remarks, on(findings.FunctionArgument, found...)...), err
}

// attributesOf are the arguments that are to blame for what a role lacks, if not
// the function as a whole.
var attributesOf = map[findings.Code]string{
	findings.SuperuserNotReadable: superusersArgument, findings.SuperuserRDSManagedAccess: superusersArgument, findings.RoleKMS: "kms_key_arns",
}

// keyOf is a key that can be that of a superuser secret in another account.
func (w FunctionAccess) keyOf(secret arn.SecretARN) string {
	for _, key := range w.Access.SuperuserKMSKeyARNs {
		if strings.Contains(key, ":"+secret.AccountID+":") {
			return key
		}
	}
	return ""
}
