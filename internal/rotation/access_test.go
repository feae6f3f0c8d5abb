package rotation_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// TestNamesTaken leaves statements and policies of somebody else alone that
// have the names that a setup wants.
func TestNamesTaken(t *testing.T) {
	t.Parallel()
	const foreign = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}]}`
	tests := map[string]struct {
		take      func(*world)
		change    func(*rotation.Setup)
		attribute string
		code      findings.Code
	}{
		"statement": {
			take:      func(w *world) { w.permit(w.FunctionARN, "mine", "sns.amazonaws.com") },
			change:    func(want *rotation.Setup) { want.StatementID = "mine" },
			attribute: "statement_id",
		},
		"policy": {
			take:      func(w *world) { w.putPolicy(w.Role, "mine", foreign) },
			change:    func(want *rotation.Setup) { want.RolePolicyName = "mine" },
			attribute: "role_policy_name", code: findings.RolePolicyNameTaken,
		},
		"policy of the derived name": {
			take:      func(w *world) { w.putPolicy(w.Role, rotation.RolePolicyName(w.SecretARN), foreign) },
			change:    func(*rotation.Setup) {},
			attribute: "role_policy_name", code: findings.RolePolicyNameTaken,
		},
		"policy of another secret's setup": {
			take: func(w *world) {
				w.putPolicy(w.Role, "mine", rotation.PolicyFor(rotation.Setup{}, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:else-AbCdEf", "", 1))
			},
			change:    func(want *rotation.Setup) { want.RolePolicyName = "mine" },
			attribute: "role_policy_name", code: findings.RolePolicyNameTaken,
		},
	}
	for name, test := range tests {
		for _, operation := range []string{"create", "update"} {
			t.Run(name+", "+operation, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				had := w.want()
				var object rotation.Object
				if operation == "update" {
					had.StatementID, had.RolePolicyName = "before", "before"
					object = w.process().mustCreate(had)
				}
				test.take(w)
				policy := w.FunctionPolicy()
				want := w.want()
				if operation == "update" {
					want = had
					if test.attribute == "role_policy_name" {
						want.RolePolicyName = ""
					}
				}
				test.change(&want)
				var err error
				if operation == "create" {
					_, _, err = w.process().create(want)
				} else {
					var next *rotation.Object
					if next, _, err = w.process().update(want, object, false); next != nil {
						t.Errorf("a new state: %+v", *next)
					}
				}
				if err == nil {
					t.Fatal("the name was taken over")
				}
				if p := w.problem(err); p.Attribute != test.attribute || p.Code != test.code {
					t.Errorf("%s on %q: %v", p.Code, p.Attribute, p)
				}
				if w.FunctionPolicy() != policy {
					t.Errorf("the function's policy was\n%s\nand is\n%s", policy, w.FunctionPolicy())
				}
				if operation == "create" && aws.ToBool(w.Describe().RotationEnabled) {
					t.Error("rotation is on")
				}
			})
		}
	}
}

// TestWriteConflicts lets other writers get ahead.
func TestWriteConflicts(t *testing.T) {
	t.Parallel()
	tests := map[string]awslab.Fault{
		"function policy changed":   {Operation: "AddPermission", Times: 3, Code: "PreconditionFailedException", Message: "The RevisionId provided does not match.", Status: 412},
		"function being updated":    {Operation: "AddPermission", Times: 3, Code: "ResourceConflictException", Message: "The operation cannot be performed at this time.", Status: 409},
		"role policy being changed": {Operation: "PutRolePolicy", Times: 3, Code: "ConcurrentModification", Message: "Try again.", Status: 409},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			fault.Caller = ":user/administrator"
			w.Inject(fault)
			w.process().mustCreate(w.want())
			w.stands(w.want(), 1)
		})
	}
	t.Run("for ever", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(awslab.Fault{Operation: "AddPermission", Code: "PreconditionFailedException", Message: "The RevisionId provided does not match.", Status: 412})
		if _, _, err := w.process().create(w.want()); err == nil || !strings.Contains(err.Error(), "PreconditionFailedException") {
			t.Error(err)
		}
		w.gone()
	})
}

// TestParallel creates and deletes setups that share a function, in one process
// and in two: no statement and no policy is lost, and none of them left.
func TestParallel(t *testing.T) {
	t.Parallel()
	const secrets = 6
	w := newWorld(t)
	processes := []process{w.process(), w.process()}
	wants := make([]rotation.Setup, secrets)
	for i := range wants {
		user := fmt.Sprintf("user%d", i)
		w.Must(w.UserStore().CreateUser(user, "first"))
		wants[i] = w.want()
		wants[i].SecretID = w.NewSecret(user, map[string]any{"engine": "labstore", "host": "lab", "username": user, "password": "first-" + user})
		w.Must(w.UserStore().SetPassword(user, "first-"+user))
	}
	objects := make([]*rotation.Object, secrets)
	together := func(do func(i int, p process) error) {
		t.Helper()
		var all sync.WaitGroup
		for i := range wants {
			all.Go(func() {
				if err := do(i, processes[i%2]); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if t.Failed() {
			t.FailNow()
		}
	}
	together(func(i int, p process) (err error) {
		objects[i], _, err = p.Create(t.Context(), wants[i], timeout)
		return err
	})
	if got := len(w.statements(w.FunctionARN)); got != secrets {
		t.Errorf("%d statements, wanted %d", got, secrets)
	}
	if got := len(w.policies(w.Role)); got != secrets {
		t.Errorf("%d policies, wanted %d", got, secrets)
	}
	if w.Finished() != secrets {
		t.Errorf("%d rotations, wanted %d", w.Finished(), secrets)
	}
	processes = []process{w.process(), w.process()}
	together(func(i int, p process) error {
		_, err := p.Delete(t.Context(), wants[i], *objects[i], timeout)
		return err
	})
	w.accessIs(rotation.Setup{})
}

// TestTurns has the setups of one process take turns at the function that they
// share, and tell Lambda which policy they have read: Lambda may lose one of
// two writes at once.
func TestTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var unrevised atomic.Int32
	p := w.processOn(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/policy") {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(text))
			if !bytes.Contains(text, []byte(`"RevisionId":"`)) {
				unrevised.Add(1)
			}
		}
		return send()
	})
	const setups = 8
	var all sync.WaitGroup
	for i := range setups {
		user := fmt.Sprintf("user%d", i)
		want := w.want()
		want.SecretID = w.NewSecret(user, map[string]any{"engine": "labstore", "host": "lab", "username": user, "password": "first-" + user})
		want.RotateImmediately = new(false)
		all.Go(func() {
			if _, _, err := p.Create(t.Context(), want, timeout); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var order []string
	for _, c := range w.AdministratorCalls() {
		if c.Operation == "GetPolicy" || c.Operation == "AddPermission" {
			order = append(order, c.Operation)
		}
	}
	if want := slices.Repeat([]string{"GetPolicy", "AddPermission"}, setups); !slices.Equal(order, want) {
		t.Errorf("not in turns: %v", order)
	}
	if n := unrevised.Load(); n > 0 {
		t.Errorf("%d statements were added without a revision", n)
	}
	if got := len(w.statements(w.FunctionARN)); got != setups {
		t.Errorf("%d statements", got)
	}
}

// TestPoliciesFull fills the function's policy and the role up first.
func TestPoliciesFull(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fill func(*world)
		code findings.Code
	}{
		"function": {func(w *world) {
			for i := 0; ; i++ {
				_, err := w.Functions.AddPermission(w.t.Context(), &lambda.AddPermissionInput{
					FunctionName: &w.FunctionARN, StatementId: aws.String(fmt.Sprintf("%s-%d", strings.Repeat("x", 90), i)),
					Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("events.amazonaws.com"),
				})
				if err != nil {
					return
				}
			}
		}, findings.InvokePolicyFull},
		"role": {func(w *world) {
			for i := 0; ; i++ {
				arn := "arn:aws:s3:::" + strings.Repeat("x", 200)
				document := iampolicy.Document{Version: iampolicy.Version, Statements: []iampolicy.Statement{{Effect: "Allow", Actions: []string{"s3:*"}, Resources: []string{arn}}}}
				_, err := w.Roles.PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{RoleName: &w.Role, PolicyName: aws.String(fmt.Sprintf("p%d", i)), PolicyDocument: aws.String(document.JSON())})
				if err != nil {
					return
				}
			}
		}, findings.RolePolicyFull},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.fill(w)
			statements, policies := len(w.statements(w.FunctionARN)), len(w.policies(w.Role))
			_, _, err := w.process().create(w.want())
			if err == nil {
				t.Fatal("a create had room in a full policy")
			}
			if p := w.problem(err); p.Code != test.code {
				t.Errorf("%s: %v", p.Code, p)
			}
			if len(w.statements(w.FunctionARN)) != statements || len(w.policies(w.Role)) != policies || aws.ToBool(w.Describe().RotationEnabled) {
				t.Error("something is left of a failed create")
			}
		})
	}
}

// TestPermissionSpreads lets RotateSecret refuse for a while after the
// permission was written, and where it was there before.
func TestPermissionSpreads(t *testing.T) {
	t.Parallel()
	refused := awslab.Fault{
		Operation: "RotateSecret", Times: 2, Code: "AccessDeniedException",
		Message: "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.",
	}
	t.Run("just written", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(refused)
		w.process().mustCreate(w.want())
		w.stands(w.want(), 1)
	})
	t.Run("just written, answer lost", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(refused)
		w.Inject(awslab.Fault{Operation: "AddPermission", Times: 1, DoneFirst: true, Drop: true})
		w.process().mustCreate(w.want())
		w.stands(w.want(), 1)
	})
	t.Run("never", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		refused := refused
		refused.Times = 0
		w.Inject(refused)
		began := w.Now()
		_, _, err := w.process().create(w.want())
		if err == nil {
			t.Fatal("a refused rotation succeeded")
		}
		w.tells(err.Error(), "lambda:InvokeFunction")
		if waited := w.Now().Sub(began); waited < time.Minute || waited > 3*time.Minute {
			t.Errorf("waited %s", waited)
		}
		w.gone()
	})
	t.Run("external", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		want := w.want()
		want.Managed = false
		began := w.Now()
		_, _, err := w.process().create(want)
		if err == nil {
			t.Fatal("a refused rotation succeeded")
		}
		w.tells(err.Error(), "`access = \"external\"`", "secretsmanager.amazonaws.com")
		if waited := w.Now().Sub(began); waited > 0 {
			t.Errorf("waited %s for what no wait mends", waited)
		}
		w.gone()
	})
	t.Run("external, written by a function access of this run", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(refused)
		p := w.process()
		p.mustCreateAccess(w.wantAccess())
		p.mustCreate(w.wantExternal(w.SecretARN))
		w.rotated(1)
	})
	t.Run("removed by a delete of this run", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		object := w.process().mustCreate(w.want())
		p := w.process()
		if _, err := p.delete(w.want(), object); err != nil {
			t.Fatal(err)
		}
		w.Inject(refused)
		p.mustCreate(w.want())
		w.stands(w.want(), 2)
	})
}

// TestRefused tells at once what no wait mends.
func TestRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code, message, attribute string
	}{
		"schedule": {"InvalidParameterException", "Invalid schedule expression.", "rotation_rules"},
		"duration": {"InvalidParameterException", "Duration cannot be greater than Rate in hour.", "rotation_rules"},
		"function": {"InvalidParameterException", "Invalid rotation Lambda ARN. Ensure the ARN matches format arn:aws:lambda:REGION:ACCOUNT:function:NAME.", "rotation_lambda_arn"},
		"caller":   {"AccessDeniedException", "User: x is not authorized to perform: secretsmanager:RotateSecret", ""},
		"labels":   {"InvalidRequestException", "A previous rotation isn't complete. That rotation will be reattempted.", "secret_id"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Inject(awslab.Fault{Operation: "RotateSecret", Code: test.code, Message: test.message})
			began := w.Now()
			_, _, err := w.process().create(w.want())
			if err == nil {
				t.Fatal("a refused rotation succeeded")
			}
			p := w.problem(err)
			if p.Attribute != test.attribute {
				t.Errorf("attribute %q", p.Attribute)
			}
			w.tells(p.Detail, test.code, test.message)
			if waited := w.Now().Sub(began); waited > settling {
				t.Errorf("waited %s", waited)
			}
			w.gone()
		})
	}
}

// settling is what a create waits after it has written a role policy.
const settling = 10 * time.Second

// TestResumedWithoutConfiguration resumes a rotation where AWS goes on with it
// and does not take the new rules: they are set afterwards.
func TestResumedWithoutConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.want()
	want.Wait = false
	w.process().mustCreate(want) // And its process is killed.
	w.Inject(awslab.Fault{Operation: "RotateSecret", Times: 1, Code: "InvalidRequestException", Message: "A previous rotation isn't complete. That rotation will be reattempted."})
	want = w.want()
	want.Rules.AutomaticallyAfterDays = 7
	w.process().mustCreate(want)
	w.Advance(time.Minute)
	w.stands(want, 1)
}
