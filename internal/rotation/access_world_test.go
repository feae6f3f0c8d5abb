package rotation_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// rotationType is one of the catalog.
func rotationType(t *testing.T, name string) *catalog.RotationType {
	t.Helper()
	found, ok := catalog.Lookup(name)
	if !ok {
		t.Fatalf("there is no rotation type %s", name)
	}
	return found
}

// wantAccess is an access of the first function to any number of secrets. What a
// function of MySQLSingleUser needs is what the lab's user store needs.
func (w *world) wantAccess() rotation.FunctionAccess {
	w.t.Helper()
	return rotation.FunctionAccess{
		FunctionARN: w.FunctionARN, Check: true,
		Access: catalog.SharedAccess{Types: []*catalog.RotationType{rotationType(w.t, "MySQLSingleUser")}},
	}
}

// wantExternal is a checked setup of a secret that somebody else's access is for.
// Its value is not looked at, since it is none of MySQL.
func (w *world) wantExternal(secretARN string) rotation.Setup {
	w.t.Helper()
	want := w.want()
	want.SecretID, want.Managed, want.Check, want.ReadValue = secretARN, false, true, false
	want.RotationType = rotationType(w.t, "MySQLSingleUser")
	return want
}

// newSecrets makes secrets of users that the user store knows.
func (w *world) newSecrets(names ...string) []string {
	w.t.Helper()
	var secrets []string
	for _, name := range names {
		w.Must(w.UserStore().CreateUser(name, "first-"+name))
		secrets = append(secrets, w.NewSecret(name, map[string]any{"engine": "labstore", "host": "lab", "username": name, "password": "first-" + name}))
	}
	return secrets
}

// numbered are so many names.
func numbered(name string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s%02d", name, i))
	}
	return names
}

func (p process) createAccess(want rotation.FunctionAccess) (*rotation.AccessObject, []rotation.Problem, error) {
	object, warnings, err := p.CreateAccess(p.w.t.Context(), want, timeout)
	p.w.hear(nil, warnings, err)
	return object, warnings, err
}

func (p process) updateAccess(want rotation.FunctionAccess, have rotation.AccessObject) (*rotation.AccessObject, []rotation.Problem, error) {
	object, warnings, err := p.UpdateAccess(p.w.t.Context(), want, have, timeout)
	p.w.hear(nil, warnings, err)
	return object, warnings, err
}

func (p process) readAccess(want rotation.FunctionAccess, have rotation.AccessObject) (*rotation.AccessObject, error) {
	object, err := p.ReadAccess(p.w.t.Context(), want, have)
	p.w.hear(nil, nil, err)
	return object, err
}

func (p process) deleteAccess(have rotation.AccessObject) error {
	err := p.DeleteAccess(p.w.t.Context(), have, timeout)
	p.w.hear(nil, nil, err)
	return err
}

func (p process) mustCreateAccess(want rotation.FunctionAccess) rotation.AccessObject {
	p.w.t.Helper()
	object, _, err := p.createAccess(want)
	p.w.Must(err)
	return *object
}

func (p process) mustReadAccess(want rotation.FunctionAccess, have rotation.AccessObject) rotation.AccessObject {
	p.w.t.Helper()
	object, err := p.readAccess(want, have)
	p.w.Must(err)
	return *object
}

func (p process) mustUpdateAccess(want rotation.FunctionAccess, have rotation.AccessObject) rotation.AccessObject {
	p.w.t.Helper()
	object, _, err := p.updateAccess(want, have)
	p.w.Must(err)
	return *object
}

// functionAccessIs fails the test unless permission and policy of a function
// access are where want says, say what it asks for and are nowhere else. Nil is
// no access.
func (w *world) functionAccessIs(want *rotation.FunctionAccess) {
	w.t.Helper()
	role, statement, policy := "", "", ""
	if want != nil {
		role, statement, policy = w.roleOf(want.FunctionARN), rotation.StatementID(want.FunctionARN), rotation.RolePolicyName(want.FunctionARN)
		if want.StatementID != "" {
			statement = want.StatementID
		}
		if want.RolePolicyName != "" {
			policy = want.RolePolicyName
		}
	}
	for _, function := range []string{w.FunctionARN, w.otherARN, w.alias} {
		if function == "" {
			continue
		}
		var sids []string
		if want != nil && function == want.FunctionARN {
			sids = []string{statement}
			if text := w.statement(function, statement); text != rotation.PermissionFor(statement, function, function) {
				w.t.Errorf("the statement is %s", text)
			}
		}
		if got := w.statements(function); !slices.Equal(got, sids) {
			w.t.Errorf("statements %q on %s, wanted %q", got, function, sids)
		}
	}
	for _, r := range []string{w.Role, w.otherRole} {
		var names []string
		if r == role {
			names = []string{policy}
			access := want.Access
			access.FunctionARN, access.SuperuserOwners = want.FunctionARN, w.owners(access.SuperuserSecretARNs)
			access.VPC = want.VPC != nil && *want.VPC
			text := w.policyText(r, policy)
			access.Marker = iampolicy.NewMarker(want.FunctionARN, rotation.Generation(text, want.FunctionARN)).Sid()
			if wanted := catalog.SharedRolePolicy(access).JSON(); text != wanted {
				w.t.Errorf("the policy is\n%s, wanted\n%s", text, wanted)
			}
		}
		if got := w.policies(r); !slices.Equal(got, names) {
			w.t.Errorf("policies %q on %s, wanted %q", got, r, names)
		}
	}
}

// owners are the services whose secrets these are, by their names.
func (w *world) owners(secrets []string) map[string]string {
	owners := map[string]string{}
	for _, secret := range secrets {
		if strings.Contains(secret, ":secret:rds!") {
			owners[secret] = "rds"
		}
	}
	return owners
}

// roleOf is the name of the role that a function runs as.
func (w *world) roleOf(function string) string {
	w.t.Helper()
	out, err := w.Functions.GetFunctionConfiguration(w.t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	w.Must(err)
	return (*out.Role)[strings.LastIndex(*out.Role, "/")+1:]
}

func (w *world) roleARN(name string) string { return "arn:aws:iam::" + w.AccountID() + ":role/" + name }

// runAs gives a function another role.
func (w *world) runAs(function, role string) {
	w.t.Helper()
	_, err := w.Functions.UpdateFunctionConfiguration(w.t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &function, Role: new(w.roleARN(role))})
	w.Must(err)
}

// statement is a statement of a function's policy, or "".
func (w *world) statement(function, sid string) string {
	w.t.Helper()
	name, qualifier := function, (*string)(nil)
	if parts := strings.Split(function, ":"); len(parts) == 8 {
		name, qualifier = strings.Join(parts[:7], ":"), &parts[7]
	}
	out, err := w.Functions.GetPolicy(w.t.Context(), &lambda.GetPolicyInput{FunctionName: &name, Qualifier: qualifier})
	if err != nil {
		return ""
	}
	document, err := iampolicy.Parse(*out.Policy)
	w.Must(err)
	for _, s := range document.Statements {
		if s.Sid == sid {
			return s.JSON()
		}
	}
	return ""
}

// policyText is an inline policy as it was written, which is without white space
// where this package wrote it, or "".
func (w *world) policyText(role, name string) string {
	w.t.Helper()
	out, err := w.Roles.GetRolePolicy(w.t.Context(), &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
	if err != nil {
		return ""
	}
	text, err := url.QueryUnescape(*out.PolicyDocument)
	w.Must(err)
	return text
}

const vpcRole = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"

// attachVPCPolicy attaches AWS's own policy for a VPC to the first role.
func (w *world) attachVPCPolicy() {
	w.t.Helper()
	_, err := w.Roles.AttachRolePolicy(w.t.Context(), &iam.AttachRolePolicyInput{RoleName: &w.Role, PolicyArn: new(vpcRole)})
	w.Must(err)
}

func (w *world) detach(role, policyARN string) {
	w.t.Helper()
	_, err := w.Roles.DetachRolePolicy(w.t.Context(), &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &policyARN})
	w.Must(err)
}

// putIntoVPC puts the first function into a VPC, and leaves its role without what
// that takes: somebody has detached it since.
func (w *world) putIntoVPC() {
	w.t.Helper()
	w.attachVPCPolicy()
	_, err := w.Functions.UpdateFunctionConfiguration(w.t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &w.FunctionARN, VpcConfig: w.NewNetwork(labtest.Network{NAT: true}).Config(),
	})
	w.Must(err)
	w.detach(w.Role, vpcRole)
}

func codesOf(problems []rotation.Problem) []findings.Code {
	var codes []findings.Code
	for _, p := range problems {
		codes = append(codes, p.Code)
	}
	return codes
}

// unwritten fails the test if anything was written since the calls were
// forgotten.
func (w *world) unwritten() {
	w.t.Helper()
	if writes := w.Writes(); len(writes) > 0 {
		w.t.Errorf("wrote %v", writes)
	}
}
