package rotation_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// timeout of the operations in tests, on the lab's clock.
const timeout = 20 * time.Minute

// world is an embedded AWS with one secret and two rotation functions, each
// with a role of its own, where somebody else has a statement and a policy,
// too. Everything that the workflow says is searched for passwords at the end.
type world struct {
	*labtest.World
	t           *testing.T
	otherARN    string // the second function
	otherRole   string
	mu          sync.Mutex
	said        []string
	alias       string // an alias of the first function, if there is one
	key         string // a customer managed key, if one was made
	managed     bool   // the last create was one with managed access
	keepPending bool   // the test leaves an unfinished rotation behind on purpose
}

const (
	theirStatement = "theirs"
	theirPolicy    = "theirs"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOn(t, labtest.New(t))
}

func worldOn(t *testing.T, on *labtest.World) *world {
	t.Helper()
	w := &world{World: on, t: t}
	w.otherRole = w.NewRole("other")
	w.otherARN = w.NewFunction("other", w.otherRole, map[string]string{"AWSLAB_HANDLER": "UserStore"})
	for _, function := range []string{w.FunctionARN, w.otherARN} {
		w.permit(function, theirStatement, "events.amazonaws.com")
	}
	for _, role := range []string{w.Role, w.otherRole} {
		w.putPolicy(role, theirPolicy, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`)
	}
	w.ForgetCalls()
	t.Cleanup(w.searchForSecrets)
	return w
}

func (w *world) permit(function, sid, principal string) {
	w.t.Helper()
	_, err := w.Functions.AddPermission(w.t.Context(), &lambda.AddPermissionInput{
		FunctionName: &function, StatementId: &sid, Action: aws.String("lambda:InvokeFunction"), Principal: &principal,
	})
	w.Must(err)
}

func (w *world) putPolicy(role, name, document string) {
	w.t.Helper()
	_, err := w.Roles.PutRolePolicy(w.t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: &document})
	w.Must(err)
}

// permitByOthers lets everything happen that access = "external" leaves to
// others.
func (w *world) permitByOthers(function, role string) {
	w.t.Helper()
	w.permit(function, "external", "secretsmanager.amazonaws.com")
	w.putPolicy(role, "external", iampolicy.RolePolicy(iampolicy.RolePolicyInput{SecretARN: w.SecretARN, RandomPassword: true}).JSON())
}

// newAlias makes the alias "live" of a function.
func (w *world) newAlias(function string) string {
	w.t.Helper()
	out, err := w.Functions.PublishVersion(w.t.Context(), &lambda.PublishVersionInput{FunctionName: &function})
	w.Must(err)
	made, err := w.Functions.CreateAlias(w.t.Context(), &lambda.CreateAliasInput{FunctionName: &function, Name: aws.String("live"), FunctionVersion: out.Version})
	w.Must(err)
	w.alias = *made.AliasArn
	return w.alias
}

func (w *world) want() rotation.Setup {
	return rotation.Setup{
		SecretID: w.SecretARN, FunctionARN: w.FunctionARN, Rules: rotation.Rules{AutomaticallyAfterDays: 30},
		Enabled: true, Managed: true, Wait: true, ReadValue: true,
	}
}

// process is a provider process: a service with its own connection.
type process struct {
	*rotation.Service
	w *world
}

func (w *world) process() process { return w.processOn(nil) }

// wire carries a request of a process to AWS; send does so.
type wire func(n int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error)

// processOn returns a process whose requests, counted from 0, go through wire.
// The SDK tries each up to three times and does not wait in between.
func (w *world) processOn(through wire) process { return w.processAs(w.Administrator(), through) }

// processAs is the same with other credentials than the administrator's.
func (w *world) processAs(as aws.Credentials, through wire) process {
	return process{rotation.NewService(connectAs(w.Lab, as, through), w.Lab), w}
}

// connectAs connects a service to a lab with some credentials, by a wire.
func connectAs(lab *awslab.Lab, as aws.Credentials, through wire) func(context.Context, string) (*awsapi.Clients, error) {
	cfg, counted := lab.ConfigFor(as), &countedClient{through: through}
	cfg.HTTPClient = counted.over(cfg.HTTPClient)
	retryer := retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
	cfg.Retryer = func() aws.Retryer { return retryer }
	return func(_ context.Context, region string) (*awsapi.Clients, error) {
		cfg := cfg.Copy()
		cfg.Region = cmp.Or(region, cfg.Region)
		return &awsapi.Clients{
			Region:         cfg.Region,
			SecretsManager: secretsmanager.NewFromConfig(cfg), Lambda: lambda.NewFromConfig(cfg), IAM: iam.NewFromConfig(cfg), Logs: cloudwatchlogs.NewFromConfig(cfg),
			KMS: kms.NewFromConfig(cfg), EC2: ec2.NewFromConfig(cfg), RDS: rds.NewFromConfig(cfg), Redshift: redshift.NewFromConfig(cfg), CloudTrail: cloudtrail.NewFromConfig(cfg),
		}, nil
	}
}

// countedClient passes requests on through a wire, and counts them.
type countedClient struct {
	through wire
	mu      sync.Mutex
	calls   int
}

type httpClient interface {
	Do(*http.Request) (*http.Response, error)
}

type clientFunc func(*http.Request) (*http.Response, error)

func (f clientFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

func (c *countedClient) over(next httpClient) httpClient {
	if c.through == nil {
		return next
	}
	return clientFunc(func(r *http.Request) (*http.Response, error) {
		c.mu.Lock()
		n := c.calls
		c.calls++
		c.mu.Unlock()
		return c.through(n, r, func() (*http.Response, error) { return next.Do(r) })
	})
}

// killBefore is the wire of a process that is killed just before its n-th
// request, which is the same as just after the one before: in between, nothing
// happens outside the process. The operation never returns.
func killBefore(n int) wire {
	return func(i int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if i == n {
			runtime.Goexit()
		}
		return send()
	}
}

// survives runs an operation and reports whether its process lived to its end.
func survives(operation func()) (lived bool) {
	ended := make(chan bool, 1)
	go func() {
		lived := false
		defer func() { ended <- lived }()
		operation()
		lived = true
	}()
	return <-ended
}

func (p process) create(want rotation.Setup) (*rotation.Object, []rotation.Problem, error) {
	p.w.managed = want.Managed
	object, warnings, err := p.Create(p.w.t.Context(), want, timeout)
	if object != nil && err != nil {
		p.w.t.Errorf("an object together with %v", err)
	}
	p.w.hear(object, warnings, err)
	return object, warnings, err
}

func (p process) update(want rotation.Setup, have rotation.Object, ask bool) (*rotation.Object, []rotation.Problem, error) {
	object, warnings, err := p.Update(p.w.t.Context(), want, have, ask, timeout)
	p.w.hear(object, warnings, err)
	return object, warnings, err
}

func (p process) delete(want rotation.Setup, have rotation.Object) ([]rotation.Problem, error) {
	warnings, err := p.Delete(p.w.t.Context(), want, have, timeout)
	p.w.hear(nil, warnings, err)
	return warnings, err
}

func (p process) read(want rotation.Setup, have rotation.Object) (*rotation.Object, error) {
	object, err := p.Read(p.w.t.Context(), want, have)
	p.w.hear(object, nil, err)
	return object, err
}

// mustCreate is a create that succeeds.
func (p process) mustCreate(want rotation.Setup) rotation.Object {
	p.w.t.Helper()
	object, _, err := p.create(want)
	p.w.Must(err)
	return *object
}

func (p process) mustRead(want rotation.Setup, have rotation.Object) rotation.Object {
	p.w.t.Helper()
	object, err := p.read(want, have)
	p.w.Must(err)
	return *object
}

// hear keeps what an operation tells the user.
func (w *world) hear(object *rotation.Object, warnings []rotation.Problem, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ; err != nil; err = errors.Unwrap(err) {
		w.said = append(w.said, err.Error())
	}
	for _, p := range warnings {
		w.said = append(w.said, p.Error())
	}
	if object != nil {
		w.said = append(w.said, fmt.Sprintf("%+v", *object))
	}
}

// searchForSecrets fails the test if anything that was said holds a password of
// any version of any secret.
func (w *world) searchForSecrets() {
	ctx := context.WithoutCancel(w.t.Context())
	needles := []string{labtest.FirstPassword}
	secrets, err := w.Secrets.ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
	if err != nil {
		w.t.Error(err)
		return
	}
	for _, s := range secrets.SecretList {
		versions, err := w.Secrets.ListSecretVersionIds(ctx, &secretsmanager.ListSecretVersionIdsInput{SecretId: s.ARN, IncludeDeprecated: aws.Bool(true)})
		if err != nil {
			w.t.Error(err)
			return
		}
		for _, v := range versions.Versions {
			out, err := w.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: s.ARN, VersionId: v.VersionId})
			if err != nil {
				continue // A version without a value.
			}
			var value map[string]any
			if json.Unmarshal([]byte(aws.ToString(out.SecretString)), &value) == nil {
				if password, ok := value["password"].(string); ok {
					needles = append(needles, password)
				}
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range w.said {
		for _, needle := range needles {
			if strings.Contains(text, needle) {
				w.t.Errorf("a password is in %q", text)
			}
		}
	}
}

// statements are the Sids in a function's policy that are not somebody else's.
func (w *world) statements(function string) []string {
	w.t.Helper()
	name, qualifier := function, (*string)(nil)
	if parts := strings.Split(function, ":"); len(parts) == 8 {
		name, qualifier = strings.Join(parts[:7], ":"), &parts[7]
	}
	out, err := w.Functions.GetPolicy(w.t.Context(), &lambda.GetPolicyInput{FunctionName: &name, Qualifier: qualifier})
	if awsapi.IsNotFound(err) {
		return nil
	}
	w.Must(err)
	document, err := iampolicy.Parse(*out.Policy)
	w.Must(err)
	var sids []string
	theirs := qualifier != nil
	for _, s := range document.Statements {
		switch s.Sid {
		case theirStatement:
			theirs = true
		case "external":
		default:
			sids = append(sids, s.Sid)
		}
	}
	if !theirs {
		w.t.Errorf("somebody else's statement on %s is gone", function)
	}
	return sids
}

// policies are the names of a role's inline policies that are not somebody
// else's.
func (w *world) policies(role string) []string {
	w.t.Helper()
	names := w.InlinePolicies(role)
	if !slices.Contains(names, theirPolicy) {
		w.t.Errorf("somebody else's policy on %s is gone", role)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == theirPolicy || name == "external" })
}

func (w *world) pending() string {
	for version, labels := range w.Describe().VersionIdsToStages {
		if slices.Contains(labels, "AWSPENDING") && !slices.Contains(labels, "AWSCURRENT") {
			return version
		}
	}
	return ""
}

func (w *world) current() string {
	for version, labels := range w.Describe().VersionIdsToStages {
		if slices.Contains(labels, "AWSCURRENT") {
			return version
		}
	}
	return ""
}

// stands fails the test unless AWS has exactly what is wanted, and exactly so
// many rotations have succeeded.
func (w *world) stands(want rotation.Setup, rotations int) {
	w.t.Helper()
	d := w.Describe()
	if aws.ToBool(d.RotationEnabled) != want.Enabled {
		w.t.Errorf("rotation is on: %t, wanted %t", aws.ToBool(d.RotationEnabled), want.Enabled)
	}
	if want.Enabled && aws.ToString(d.RotationLambdaARN) != want.FunctionARN {
		w.t.Errorf("function %q, wanted %q", aws.ToString(d.RotationLambdaARN), want.FunctionARN)
	}
	if want.Enabled && want.Rules.AutomaticallyAfterDays != 0 && aws.ToInt64(d.RotationRules.AutomaticallyAfterDays) != want.Rules.AutomaticallyAfterDays {
		w.t.Errorf("days %d, wanted %d", aws.ToInt64(d.RotationRules.AutomaticallyAfterDays), want.Rules.AutomaticallyAfterDays)
	}
	w.accessIs(want)
	w.rotated(rotations)
}

// accessIs fails the test unless permission and policy are where want says, and
// nowhere else.
func (w *world) accessIs(want rotation.Setup) {
	w.t.Helper()
	statement, policy := rotation.StatementID(w.SecretARN), rotation.RolePolicyName(w.SecretARN)
	if want.StatementID != "" {
		statement = want.StatementID
	}
	if want.RolePolicyName != "" {
		policy = want.RolePolicyName
	}
	functions := map[string]string{w.FunctionARN: w.Role, w.otherARN: w.otherRole}
	if _, ok := functions[want.FunctionARN]; !ok && want.FunctionARN != "" {
		functions[want.FunctionARN] = "" // An alias; its role is that of the function.
	}
	role := w.Role
	if strings.HasPrefix(want.FunctionARN, w.otherARN) {
		role = w.otherRole
	}
	for function := range functions {
		var sids []string
		if want.Managed && function == want.FunctionARN {
			sids = []string{statement}
		}
		if got := w.statements(function); !slices.Equal(got, sids) {
			w.t.Errorf("statements %q on %s, wanted %q", got, function, sids)
		}
	}
	for _, r := range []string{w.Role, w.otherRole} {
		var names []string
		if want.Managed && r == role && want.FunctionARN != "" {
			names = []string{policy}
		}
		if got := w.policies(r); !slices.Equal(got, names) {
			w.t.Errorf("policies %q on %s, wanted %q", got, r, names)
		}
	}
}

// rotated fails the test unless so many rotations have succeeded, none is
// unfinished, and the current password logs in.
func (w *world) rotated(times int) {
	w.t.Helper()
	if w.Finished() != times {
		w.t.Errorf("%d rotations have happened, wanted %d", w.Finished(), times)
	}
	if p := w.pending(); p != "" && !w.keepPending {
		w.t.Errorf("version %s is pending", p)
	}
	if w.Describe().OwningService == nil && !w.UserStore().Login(w.Value(w.SecretARN, "username"), w.Value(w.SecretARN, "password")) {
		w.t.Error("the current password does not log in")
	}
}

// gone fails the test unless nothing of a setup is left.
func (w *world) gone() {
	w.t.Helper()
	d := w.Describe()
	if d.OwningService != nil {
		if !aws.ToBool(d.RotationEnabled) || aws.ToInt64(d.RotationRules.AutomaticallyAfterDays) != 7 {
			w.t.Errorf("the rules before were every 7 days; now on = %t, %+v", aws.ToBool(d.RotationEnabled), *d.RotationRules)
		}
	} else if aws.ToBool(d.RotationEnabled) {
		w.t.Error("rotation is on")
	}
	w.accessIs(rotation.Setup{})
}

// problem returns an error as the problem that it has to be.
func (w *world) problem(err error) *rotation.Problem {
	w.t.Helper()
	p, ok := errors.AsType[*rotation.Problem](err)
	if !ok {
		w.t.Fatalf("error %v, wanted a problem", err)
	}
	return p
}

// tells fails the test unless a text has all these parts.
func (w *world) tells(text string, parts ...string) {
	w.t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			w.t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

// rotateByHand starts a rotation as somebody else would.
func (w *world) rotateByHand() {
	w.t.Helper()
	_, err := w.Secrets.RotateSecret(w.t.Context(), &secretsmanager.RotateSecretInput{SecretId: &w.SecretARN})
	w.Must(err)
}
