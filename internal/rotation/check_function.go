package rotation

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// checkFunctionItself says whether the function can run at all, whether the keys
// can be used, and what the function cannot reach.
func (o *operation) checkFunctionItself(ctx context.Context, want Setup, s *scene, needed func() (findings.Need, []findings.Finding), kmsKeyARN string, current facts.Value) ([]remark, error) {
	if !want.Check || !want.Enabled || s.function == nil || s.elsewhere() {
		return nil, nil
	}
	remarks := on("rotation_lambda_arn", o.usable(ctx, want.RotationType, s.function)...)
	if !o.diagnosing { // It may not be these credentials that set rotation up.
		policy, err := o.FunctionPolicy(ctx, want.FunctionARN)
		if err != nil && !awsapi.IsAccessDenied(err) {
			return nil, failed("rotation_lambda_arn", "read the policy of the rotation function", "", err)
		}
		if err == nil {
			remarks = append(remarks, on("rotation_lambda_arn", findings.CallerInvokes(o.Caller(ctx, "lambda:InvokeFunction", want.FunctionARN), want.FunctionARN, policy.Document)...)...)
		}
	}
	need, _ := needed()
	for _, key := range []struct{ argument, keyARN, secretARN string }{
		{"kms_key_arn", kmsKeyARN, s.secret.Parsed.String()},
		{"superuser_kms_key_arn", s.superuser.key, want.SuperuserSecretARN},
	} {
		if key.keyARN != "" {
			remarks = append(remarks, on(key.argument, findings.KeyUsable(o.Key(ctx, key.keyARN), key.secretARN)...)...)
		}
	}
	way := s.function.Connection(services(need, s.superuser))
	if t := want.RotationType; t != nil && current.State == facts.ValuePresent {
		if host, port, ok := findings.Address(t, current.Text); ok {
			way.Database = new(o.Database(ctx, host, port))
		}
	}
	found, err := o.reachable(ctx, s.function, s.roleARN(want), need, way)
	return append(remarks, on("rotation_lambda_arn", found...)...), err
}

// usable says whether a function can be invoked and has what it needs to run.
func (o *operation) usable(ctx context.Context, t *catalog.RotationType, f *facts.Function) []findings.Finding {
	known := findings.Function{
		ARN:   f.ARN.String(),
		State: string(f.State), StateReason: aws.ToString(f.StateReason),
		LastUpdateStatus: string(f.LastUpdateStatus), LastUpdateReason: aws.ToString(f.LastUpdateStatusReason),
		Timeout: f.Timeout, Runtime: string(f.Runtime), Description: aws.ToString(f.Description),
	}
	var err error
	if known.ReservedConcurrency, err = o.Concurrency(ctx, known.ARN); awsapi.IsAccessDenied(err) {
		known.Unseen = []string{"lambda:GetFunctionConcurrency"}
	}
	return findings.FunctionUsable(t, known)
}

// reachable says what a function cannot reach from where it is.
func (o *operation) reachable(ctx context.Context, f *facts.Function, roleARN string, need findings.Need, way findings.Connection) ([]findings.Finding, error) {
	if !f.InVPC {
		return findings.ReachableOutside(way), nil
	}
	network := o.Network(ctx, f)
	found := findings.Reachable(network, way)
	r, err := o.Role(ctx, roleARN)
	if err != nil {
		if awsapi.IsAccessDenied(err) || awsapi.IsNotFound(err) {
			return found, nil // The check of the role has said so.
		}
		return found, failed("role_arn", "read the execution role", "", err)
	}
	return append(found, findings.EndpointPolicies(network, way, r.Role, need)...), nil
}

// services are the AWS services that the function calls for certain, besides
// Secrets Manager. Of Redshift it calls one kind or the other, by the tags of the
// superuser secret.
func services(need findings.Need, superusers ...superuser) []string {
	var all []string
	for _, s := range need.Policy.Statements {
		for _, action := range s.Actions {
			service, _, _ := strings.Cut(action, ":")
			calls := false
			switch service {
			case "rds", "elasticache", "ds", "timestream-influxdb":
				calls = true
			case "redshift", "redshift-serverless":
				calls = slices.ContainsFunc(superusers, func(s superuser) bool { return slices.Contains(s.databases, service) })
			}
			if calls && !slices.Contains(all, service) {
				all = append(all, service)
			}
		}
	}
	return all
}
