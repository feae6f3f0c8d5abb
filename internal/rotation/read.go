package rotation

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
)

// Read brings a recorded object up to what AWS shows. It returns [ErrGone] when
// nothing of the setup is left, or when a later create has taken it over.
//
// An object that holds only its SecretARN, as after an import, is filled in:
// permission and policy are then looked for under want's or the derived names.
func (s *Service) Read(ctx context.Context, want Setup, have Object) (*Object, error) {
	o, err := s.begin(ctx, have.SecretARN, want.Region, inspectTimeout)
	if err != nil {
		return nil, err
	}
	sec, err := o.describe(ctx, have.SecretARN)
	if err != nil && !awsapi.IsNotFound(err) {
		return nil, failed("secret_id", "read the secret", "", err)
	}
	gone := sec == nil || sec.DeletedDate != nil
	if gone {
		have.Enabled = false
	} else {
		have.observe(sec)
	}
	if err := o.readAccess(ctx, want, &have); err != nil {
		return nil, err
	}
	if gone && have.RolePolicy == "" && have.InvokePermission == "" {
		return nil, ErrGone
	}
	return &have, nil
}

// observe takes over what DescribeSecret shows. With rotation switched off AWS
// still shows the last function and rules; they mean nothing then, so the
// recorded ones stay.
func (have *Object) observe(sec *secret) {
	if imported := have.OwningService == "" && have.FunctionARN == "" && have.Rules.IsZero(); imported && sec.Enabled() && aws.ToString(sec.OwningService) != "" {
		have.PreviousRules = sec.rules() // To be given back by a destroy.
	}
	have.OwningService = aws.ToString(sec.OwningService)
	have.Enabled = sec.Enabled()
	if key, unresolved := sec.Key(); !unresolved {
		have.KMSKeyARN = key
	}
	if have.Enabled || have.FunctionARN == "" && have.Rules.IsZero() {
		have.FunctionARN = aws.ToString(sec.RotationLambdaARN)
		have.Rules = sec.rules()
	}
	have.ExternalRoleARN = aws.ToString(sec.ExternalSecretRotationRoleArn)
	have.ExternalMetadata = sec.externalMetadata()
	if v := have.UnfinishedVersionID; v != "" && (v == sec.Current() || v == sec.With(facts.LabelPrevious)) {
		have.UnfinishedVersionID = ""
	}
}

// readAccess reads the role of the function, our policy and our permission.
func (o *operation) readAccess(ctx context.Context, want Setup, have *Object) error {
	if have.FunctionARN == "" {
		have.RoleARN, have.RolePolicy, have.InvokePermission = "", "", ""
		return nil
	}
	if have.StatementID == "" {
		have.StatementID = statementID(want, have.SecretARN)
	}
	if have.RolePolicyName == "" {
		have.RolePolicyName = policyName(want, have.SecretARN)
	}
	f, err := o.Function(ctx, have.FunctionARN)
	switch {
	case err == nil:
		have.RoleARN = f.Role.String()
	case !awsapi.IsNotFound(err):
		return failed("rotation_lambda_arn", "read the rotation function", "", err)
	}
	if !want.Managed {
		return nil
	}
	return o.readPermissions(ctx, have.SecretARN, &have.Permissions)
}
