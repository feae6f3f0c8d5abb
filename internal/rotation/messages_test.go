package rotation_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// whileWaiting does something once a rotation is waited for.
func (w *world) whileWaiting(do func()) {
	w.Inject(awslab.Fault{Operation: "DescribeSecret", Caller: ":user/administrator", After: 4, Times: 1, Do: func(awslab.Call) { do() }})
}

func singleUser(w *world, want *rotation.Setup) {
	external(w, want)
	want.RotationType = rotationType(w.t, "PostgreSQLSingleUser")
}

// failingWorlds are first rotations that fail, or of which nobody learns more.
var failingWorlds = map[string]struct {
	spoil   func(*world, *rotation.Setup)
	timeout time.Duration // 20 minutes if it is 0
	code    findings.Code
}{
	"engine": {func(w *world, _ *rotation.Setup) {
		w.storeValue(`{"engine":"mysql","host":"lab","username":"app","password":"planted-mysql"}`)
	}, 0, findings.SecretEngineMismatch},
	"format": {func(w *world, _ *rotation.Setup) { w.storeValue("planted-text") }, 0, findings.SecretNotJSON},
	"login": {func(w *world, want *rotation.Setup) {
		singleUser(w, want)
		w.Must(w.UserStore().SetPassword("app", "set-by-somebody"))
	}, 0, findings.LoginFailed},
	"import": {func(w *world, _ *rotation.Setup) { w.setVariables(w.FunctionARN, map[string]string{}) }, 0, findings.FunctionImportError},
	"template": {func(w *world, _ *rotation.Setup) {
		w.setVariables(w.FunctionARN, map[string]string{awslab.HandlerVariable: "Custom"})
	}, 0, findings.FunctionNotImplemented},
	"timeout": {func(w *world, want *rotation.Setup) {
		singleUser(w, want)
		w.Inject(awslab.Fault{Operation: "GetSecretValue", Caller: "assumed-role/rotator/", After: 2, Takes: time.Minute})
	}, 0, findings.NetworkNoPathSecretsManager},
	"concurrency": {func(w *world, _ *rotation.Setup) {
		_, err := w.Functions.PutFunctionConcurrency(w.t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: &w.FunctionARN, ReservedConcurrentExecutions: aws.Int32(0)})
		w.Must(err)
	}, 0, findings.FunctionConcurrencyLow},
	"permission": {func(w *world, want *rotation.Setup) {
		external(w, want)
		w.putPolicy(w.Role, "external", w.lacking("secretsmanager:UpdateSecretVersionStage"))
		want.RotationType = rotationType(w.t, "PostgreSQLSingleUser")
	}, 0, findings.RoleSecretAccess},
	"key": {func(w *world, want *rotation.Setup) {
		external(w, want)
		key, err := kms.NewFromConfig(w.Config()).CreateKey(w.t.Context(), &kms.CreateKeyInput{})
		w.Must(err)
		_, err = w.Secrets.UpdateSecret(w.t.Context(), &secretsmanager.UpdateSecretInput{SecretId: &w.SecretARN, KmsKeyId: key.KeyMetadata.Arn})
		w.Must(err)
	}, 0, findings.RoleKMS},
	"no-log": {func(w *world, want *rotation.Setup) {
		singleUser(w, want)
		_, err := w.Roles.DetachRolePolicy(w.t.Context(), &iam.DetachRolePolicyInput{RoleName: &w.Role, PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")})
		w.Must(err)
		w.Must(w.UserStore().SetPassword("app", "set-by-somebody"))
	}, 0, findings.RoleLogs},
	"log-denied": {func(w *world, want *rotation.Setup) {
		singleUser(w, want)
		w.Must(w.UserStore().SetPassword("app", "set-by-somebody"))
		w.Inject(awslab.Fault{Operation: "FilterLogEvents", Code: "AccessDeniedException", Message: "not you"})
	}, 0, findings.LogUnavailable},
	"permission-gone": {func(w *world, want *rotation.Setup) {
		external(w, want)
		release := w.HoldRotation("createSecret")
		w.whileWaiting(func() {
			_, err := w.Functions.RemovePermission(w.t.Context(), &lambda.RemovePermissionInput{FunctionName: &w.FunctionARN, StatementId: aws.String("external")})
			w.Must(err)
			release()
		})
	}, 0, findings.InvokePermissionMissing},
	"abandoned": {func(w *world, want *rotation.Setup) {
		singleUser(w, want)
		w.HoldRotation("testSecret")
		w.whileWaiting(func() { w.store("stored-by-somebody") })
	}, 0, ""},
	"deadline": {func(w *world, _ *rotation.Setup) { w.HoldRotation("setSecret") }, time.Minute, ""},
	"value-not-read": {func(w *world, want *rotation.Setup) {
		singleUser(w, want)
		want.ReadValue = false
		w.Must(w.UserStore().SetPassword("app", "set-by-somebody"))
	}, 0, findings.LoginFailed},
	"interrupted": {func(w *world, _ *rotation.Setup) { w.HoldRotation("setSecret") }, 0, ""},
}

// TestMessages compares what a user reads about rotations that fail with what was
// read aloud once.
func TestMessages(t *testing.T) {
	t.Parallel()
	for name, test := range failingWorlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := w.want()
			test.spoil(w, &want)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			if name == "interrupted" {
				w.whileWaiting(interrupt)
			}
			if test.timeout == 0 {
				test.timeout = timeout
			}
			object, warnings, err := w.process().Create(ctx, want, test.timeout)
			w.hear(object, warnings, err)
			if object != nil || err == nil {
				t.Fatalf("object %v, error %v", object, err)
			}
			p := w.problem(err)
			if p.Code != test.code {
				t.Errorf("code %q, wanted %q", p.Code, test.code)
			}
			got := w.asRead(p)
			if lines := strings.Count(got, "\n"); lines > 40 {
				t.Errorf("%d lines", lines)
			}
			file := filepath.Join("testdata", "messages", name+".txt")
			if *update {
				w.Must(os.MkdirAll(filepath.Dir(file), 0o755))
				w.Must(os.WriteFile(file, []byte(got), 0o600))
			}
			golden, err := os.ReadFile(file)
			w.Must(err)
			if diff := cmp.Diff(string(golden), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var (
	uuidPattern   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	suffixPattern = regexp.MustCompile(`(:secret:app)-[A-Za-z0-9]{6}`)
)

// asRead is a problem as the CLI writes it to a terminal of 100 columns, with
// names instead of what differs from run to run.
func (w *world) asRead(p *rotation.Problem) string {
	text := p.Detail
	for label, version := range map[string]string{"CURRENT": w.current(), "PENDING": w.pending()} {
		if version != "" {
			text = strings.ReplaceAll(text, version, label+"-VERSION")
		}
	}
	text = uuidPattern.ReplaceAllString(text, "OTHER-ID")
	text = suffixPattern.ReplaceAllString(text, "$1-AbCdEf")
	summary := p.Summary
	if p.Code != "" {
		summary += " (" + string(p.Code) + ")"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Error: %s\n\n", summary)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		for len(line) > 98 && !strings.HasPrefix(line, " ") {
			i := strings.LastIndex(line[:98], " ")
			if i < 0 {
				break
			}
			b.WriteString(line[:i] + "\n")
			line = line[i+1:]
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
