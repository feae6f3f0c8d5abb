package provider

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// without is a policy less one action on one resource.
func without(policy iampolicy.Document, resource, action string) iampolicy.Document {
	for i := range policy.Statements {
		st := &policy.Statements[i]
		if slices.Contains(st.Resources, resource) {
			st.Actions = slices.DeleteFunc(slices.Clone(st.Actions), func(a string) bool { return a == action })
		}
	}
	return policy
}

// trust lets only this service assume the execution role.
func (s *scene) trust(service string) {
	s.t.Helper()
	_, err := s.Roles.UpdateAssumeRolePolicy(s.t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: &s.Role, PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`)})
	s.Must(err)
}

const servicePolicies = "arn:aws:iam::aws:policy/service-role/"

// attach attaches a managed policy of AWS to the execution role.
func (s *scene) attach(name string) {
	s.t.Helper()
	_, err := s.Roles.AttachRolePolicy(s.t.Context(), &iam.AttachRolePolicyInput{RoleName: &s.Role, PolicyArn: aws.String(servicePolicies + name)})
	s.Must(err)
}

func (s *scene) detach(name string) {
	s.t.Helper()
	_, err := s.Roles.DetachRolePolicy(s.t.Context(), &iam.DetachRolePolicyInput{RoleName: &s.Role, PolicyArn: aws.String(servicePolicies + name)})
	s.Must(err)
}

// intoVPC connects the function to a VPC; what its role needs for that it has
// only until then.
func (s *scene) intoVPC() {
	s.t.Helper()
	s.vpc = s.NewNetwork(behindNAT)
	s.vpc.AttachFunction()
	s.detach("AWSLambdaVPCAccessExecutionRole")
}

// fillRole gives the role an inline policy of about so many characters.
func (s *scene) fillRole(characters int) {
	s.t.Helper()
	s.policy(s.Role, "filler", strings.Replace(otherPolicy, `"*"`, `"arn:aws:s3:::`+strings.Repeat("x", characters)+`"`, 1))
}

func (s *scene) keys() *kms.Client { return kms.NewFromConfig(s.Config()) }

func (s *scene) keyAlias(name, keyARN string) {
	s.t.Helper()
	_, err := s.keys().CreateAlias(s.t.Context(), &kms.CreateAliasInput{AliasName: &name, TargetKeyId: &keyARN})
	s.Must(err)
}

func (s *scene) disable(keyARN string) {
	s.t.Helper()
	_, err := s.keys().DisableKey(s.t.Context(), &kms.DisableKeyInput{KeyId: &keyARN})
	s.Must(err)
}

func (s *scene) enable(keyARN string) {
	s.t.Helper()
	_, err := s.keys().EnableKey(s.t.Context(), &kms.EnableKeyInput{KeyId: &keyARN})
	s.Must(err)
}
