package awslab

import (
	"slices"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

type resourcePolicyInput struct {
	secretInput
	ResourcePolicy    string
	BlockPublicPolicy bool
}

func (in *resourcePolicyInput) check() (iampolicy.Document, error) {
	if err := lengthOf("resourcePolicy", in.ResourcePolicy, 1, 20480); err != nil {
		return iampolicy.Document{}, err
	}
	document, err := iampolicy.Parse(in.ResourcePolicy)
	if err != nil {
		return iampolicy.Document{}, errorf("MalformedPolicyDocumentException", "This resource policy contains a syntax error: %v", err)
	}
	for _, s := range document.Statements {
		if len(s.Principals) == 0 && len(s.NotPrincipals) == 0 {
			return iampolicy.Document{}, errorf("MalformedPolicyDocumentException", "This resource policy contains a statement without a principal.")
		}
	}
	return document, nil
}

// public reports whether a policy lets everybody in: the principal * without
// any condition.
func public(document iampolicy.Document) bool {
	return slices.ContainsFunc(document.Statements, func(s iampolicy.Statement) bool {
		return s.Effect == iampolicy.EffectAllow && len(s.Conditions) == 0 && (slices.Contains(s.Principals["*"], "*") || slices.Contains(s.Principals["AWS"], "*"))
	})
}

// putResourcePolicy follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html.
func putResourcePolicy(c *call, in *resourcePolicyInput) (any, error) {
	document, err := in.check()
	if err != nil {
		return nil, err
	}
	s, err := c.secretUnless(in.SecretID, nil, (*secret).notDeleted)
	if err != nil {
		return nil, err
	}
	if in.BlockPublicPolicy && public(document) {
		return nil, errorf("PublicPolicyException", "The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the secret.")
	}
	s.policy, s.changed = in.ResourcePolicy, c.lab.Now()
	return s.answer(""), nil
}

func getResourcePolicy(c *call, in *secretInput) (any, error) {
	s, err := c.secretUnless(in.SecretID, nil, (*secret).notDeleted)
	if err != nil {
		return nil, err
	}
	return struct {
		secretAnswer
		ResourcePolicy string `json:",omitempty"`
	}{s.answer(""), s.policy}, nil
}

func deleteResourcePolicy(c *call, in *secretInput) (any, error) {
	s, err := c.secretUnless(in.SecretID, nil, (*secret).notDeleted)
	if err != nil {
		return nil, err
	}
	s.policy, s.changed = "", c.lab.Now()
	return s.answer(""), nil
}

// validateResourcePolicy follows
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html.
func validateResourcePolicy(c *call, in *resourcePolicyInput) (any, error) {
	document, err := in.check()
	if err != nil {
		return nil, err
	}
	if in.SecretID == "" {
		err = c.may("secretsmanager:ValidateResourcePolicy", "*", nil, nil)
	} else {
		_, err = c.secret(in.SecretID)
	}
	if err != nil {
		return nil, err
	}
	type problem struct{ CheckName, ErrorMessage string }
	problems := []problem{}
	if public(document) {
		problems = append(problems, problem{"BROAD_ACCESS", "The resource policy grants broad access to the secret."})
	}
	return struct {
		PolicyValidationPassed bool
		ValidationErrors       []problem
	}{len(problems) == 0, problems}, nil
}
