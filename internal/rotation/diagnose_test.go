package rotation_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// diagnose returns the severities and codes of a diagnosis, in alphabetical order.
func (p process) diagnose(want rotation.Setup) []string {
	p.w.t.Helper()
	d, err := p.Diagnose(p.w.t.Context(), want)
	p.w.Must(err)
	var codes []string
	for _, f := range d.Findings {
		codes = append(codes, fmt.Sprintf("%s %s", f.Severity, f.Code))
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// TestDiagnose has what the broken worlds of the provider's tests do not: answers
// that are old, refused or missing.
func TestDiagnose(t *testing.T) {
	t.Parallel()
	refuse := func(w *world, service, operation, code string) {
		w.Inject(awslab.Fault{Service: service, Operation: operation, Code: code, Message: "no", Caller: ":user/administrator"})
	}
	for name, test := range map[string]struct {
		arrange func(w *world, want *rotation.Setup)
		want    []string
	}{
		"healthy": {arrange: func(*world, *rotation.Setup) {}},
		"setup destroyed, function gone": {
			arrange: func(w *world, _ *rotation.Setup) {
				have := w.process().mustRead(w.want(), rotation.Object{SecretARN: w.SecretARN})
				_, err := w.process().delete(w.want(), have)
				w.Must(err)
				_, err = w.Functions.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: &w.FunctionARN})
				w.Must(err)
			},
			want: []string{"warning function-not-found", "warning rotation-disabled"},
		},
		"role gone": {
			arrange: func(w *world, _ *rotation.Setup) {
				for _, name := range w.InlinePolicies(w.Role) {
					_, err := w.Roles.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: &w.Role, PolicyName: &name})
					w.Must(err)
				}
				attached, err := w.Roles.ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: &w.Role})
				w.Must(err)
				for _, a := range attached.AttachedPolicies {
					w.detach(w.Role, *a.PolicyArn)
				}
				_, err = w.Roles.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: &w.Role})
				w.Must(err)
			},
			want: []string{"error role-not-assumable"},
		},
		"secrets not to be read": {
			arrange: func(w *world, want *rotation.Setup) {
				want.RotationType = rotationType(t, "MySQLMultiUser")
				want.SuperuserSecretARN = w.NewSecret("super", map[string]any{"username": "root", "password": "x-super-1"})
				for _, operation := range []string{"GetSecretValue", "GetResourcePolicy"} {
					refuse(w, "secretsmanager", operation, "AccessDeniedException")
				}
			},
			want: []string{"info secret-not-json", "info secret-policy-denies", "warning superuser-not-readable"},
		},
		"events not to be read": {arrange: func(w *world, _ *rotation.Setup) { refuse(w, "cloudtrail", "", "AccessDeniedException") }, want: []string{"info rotation-failed"}},
		"events that AWS keeps": {arrange: func(w *world, _ *rotation.Setup) { refuse(w, "cloudtrail", "", "InvalidTimeRangeException") }, want: []string{"info rotation-failed"}},
		"function not to be seen": {arrange: func(w *world, _ *rotation.Setup) {
			refuse(w, "lambda", "GetFunctionConfiguration", "AccessDeniedException")
		}, want: []string{"info function-not-active"}},
		"concurrency not to be seen": {arrange: func(w *world, _ *rotation.Setup) {
			refuse(w, "lambda", "GetFunctionConcurrency", "AccessDeniedException")
		}, want: []string{"info function-concurrency-low"}},
		"role's policies not to be seen": {arrange: func(w *world, _ *rotation.Setup) { refuse(w, "iam", "ListRolePolicies", "AccessDenied") }, want: []string{"info role-secret-access"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.process().mustCreate(w.want())
			want := rotation.Setup{SecretID: w.SecretARN, ReadValue: true}
			test.arrange(w, &want)
			if diff := cmp.Diff(test.want, w.process().diagnose(want)); diff != "" {
				t.Errorf("(- wanted, + got):\n%s", diff)
			}
		})
	}
}

// TestDiagnosisIsOfNow mends in a run what an earlier diagnosis of the same run has
// found.
func TestDiagnosisIsOfNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.process().mustCreate(w.want())
	_, err := w.Functions.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: &w.FunctionARN, ReservedConcurrentExecutions: aws.Int32(0)})
	w.Must(err)
	p, want := w.process(), rotation.Setup{SecretID: w.SecretARN, ReadValue: true}
	if got := p.diagnose(want); !slices.Equal(got, []string{"error function-concurrency-low"}) {
		t.Fatal(got)
	}
	_, err = w.Functions.DeleteFunctionConcurrency(t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: &w.FunctionARN})
	w.Must(err)
	w.Advance(rotation.Remembered)
	if got := p.diagnose(want); got != nil {
		t.Error(got)
	}
}

// TestRefusalIsOfNow creates setups where what a check goes by is old: AWS does not
// show yet what was allowed or stored just before, or this run remembers it as it
// was.
func TestRefusalIsOfNow(t *testing.T) {
	t.Parallel()
	for name, arrange := range map[string]func(w *world, p process, want *rotation.Setup){
		"role policy not shown yet": func(w *world, p process, want *rotation.Setup) {
			*want = w.wantExternal(w.SecretARN)
			_, _ = p.Inspect(t.Context(), *want) // The plan has seen the role before.
			p.mustCreateAccess(w.wantAccess())
			w.Inject(awslab.Fault{Operation: "ListRolePolicies", Stale: true, Times: 3})
		},
		"invoke permission not shown yet": func(w *world, p process, want *rotation.Setup) {
			*want = w.wantExternal(w.SecretARN)
			_, _ = p.Inspect(t.Context(), *want)
			p.mustCreateAccess(w.wantAccess())
			w.Inject(awslab.Fault{Service: "lambda", Operation: "GetPolicy", Stale: true, Times: 3})
		},
		"superuser secret restored": func(w *world, p process, want *rotation.Setup) {
			want.RotationType, want.ReadValue = rotationType(t, "MySQLMultiUser"), false
			want.SuperuserSecretARN = w.NewSecret("super", map[string]any{"username": "root", "password": "x-super-1"})
			_, err := w.Secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &want.SuperuserSecretARN})
			w.Must(err)
			if got := p.inspect(*want); !slices.Contains(got, findings.SuperuserNotFound) {
				t.Errorf("before: %v", got)
			}
			_, err = w.Secrets.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: &want.SuperuserSecretARN})
			w.Must(err)
		},
		"value not shown yet": func(w *world, p process, want *rotation.Setup) {
			out, err := w.Secrets.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("late")})
			w.Must(err)
			w.Must(w.UserStore().CreateUser("late", "x-first-late"))
			want.SecretID = *out.ARN
			_, err = p.Inspect(t.Context(), *want)
			w.Must(err)
			_, err = w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
				SecretId: out.ARN, SecretString: aws.String(`{"engine":"labstore","host":"lab","username":"late","password":"x-first-late"}`),
			})
			w.Must(err)
			w.Inject(awslab.Fault{Operation: "DescribeSecret", Stale: true, Times: 2})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := w.want()
			want.Check = true
			p := w.process()
			arrange(w, p, &want)
			if _, _, err := p.create(want); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRefusalDoesNotLinger has setups of one function that lack a permission: the
// first waits until AWS may show it, and the others do not wait again.
func TestRefusalDoesNotLinger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	var waits []string
	for _, secretARN := range w.newSecrets("one", "two") {
		began := w.Now()
		if _, _, err := p.create(w.wantExternal(secretARN)); err == nil {
			t.Error("A setup without access was created.")
		}
		waits = append(waits, w.Now().Sub(began).String())
	}
	if diff := cmp.Diff([]string{"30s", "0s"}, waits); diff != "" {
		t.Error(diff)
	}
}
