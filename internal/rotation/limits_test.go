package rotation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// wantManaged is a checked setup that writes its access and rotates later.
func (w *world) wantManaged(secretARN string) rotation.Setup {
	w.t.Helper()
	want := w.wantExternal(secretARN)
	want.Managed, want.RotateImmediately = true, new(false)
	return want
}

// setups are managed setups of so many secrets.
func (w *world) setups(names ...string) []rotation.Setup {
	w.t.Helper()
	var wants []rotation.Setup
	for _, secretARN := range w.newSecrets(names...) {
		wants = append(wants, w.wantManaged(secretARN))
	}
	return wants
}

// planned plans setups in one run and returns the first that has no room, which
// is an error that is told once.
func (p process) planned(wants []rotation.Setup, code findings.Code, pending bool) (first int) {
	p.w.t.Helper()
	first = -1
	for i, want := range wants {
		var problems []rotation.Problem
		var err error
		if pending {
			problems, err = p.InspectPending(p.w.t.Context(), want)
		} else {
			var in rotation.Inspection
			in, err = p.Inspect(p.w.t.Context(), want)
			problems = in.Problems
		}
		p.w.Must(err)
		for _, problem := range problems {
			switch {
			case problem.Code == findings.RolePolicyFull && code == findings.InvokePolicyFull, problem.Code == findings.RolePolicyNearlyFull:
				continue // That limit is another test's.
			case problem.Code != code:
				p.w.t.Errorf("setup %d: %+v", i, problem)
			case first >= 0:
				p.w.t.Errorf("setup %d: told again", i)
			case problem.Warning != want.Lenient || problem.Repairable:
				p.w.t.Errorf("not an error of the plan: %+v", problem)
			}
			p.w.tells(problem.Detail, "`rotation_function_access`", "access = \"external\"")
			if first < 0 {
				first = i
			}
		}
	}
	return first
}

// TestRoleLimit plans more setups than a role has room for: the plan stops at the
// one that AWS refuses.
func TestRoleLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// White space does not count, in policies of others as in ours.
	w.putPolicy(w.Role, "external", `{"Version":"2012-10-17",  "Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::`+strings.Repeat("ü", 1000)+`"}]}`)
	wants := w.setups(numbered("a-user-with-quite-a-long-name-", 24)...)
	w.ForgetCalls()
	full := w.process().planned(wants, findings.RolePolicyFull, false)
	w.unwritten()
	if full < 10 {
		t.Fatalf("full with setup %d", full)
	}
	w.t.Logf("%d setups fit", full)

	p := w.process()
	for i, want := range wants[:full] {
		p.mustCreate(want)
		switch i {
		case full / 2:
			// What is there is not counted again, in a later run nor in this one.
			if got := w.process().planned(wants[i+1:], findings.RolePolicyFull, false); got != full-i-1 {
				t.Errorf("with %d there, a later run says that setup %d has no room, wanted %d", i+1, got, full-i-1)
			}
		case full - 1:
			if got := p.planned(append(slices.Clone(wants[:full]), wants[full]), findings.RolePolicyFull, false); got >= 0 && got != full {
				t.Errorf("planned again: no room for setup %d", got)
			}
		}
	}
	want := wants[full]
	want.Check = false
	_, _, err := w.process().create(want)
	if p := w.problem(err); p.Code != findings.RolePolicyFull || !awsapi.Is(err, "LimitExceeded") {
		t.Errorf("setup %d: %v", full, p)
	} else {
		w.tells(p.Detail, "`rotation_function_access`")
	}
	if got := len(w.policies(w.Role)); got != full {
		t.Errorf("%d policies", got)
	}

	// Leniently it is a warning; without checks, nothing.
	want.Check, want.Lenient = true, true
	if got := w.process().planned([]rotation.Setup{want}, findings.RolePolicyFull, false); got != 0 {
		t.Error("nothing is said leniently")
	}
	want.Check, want.Lenient = false, false
	if got := w.process().planned([]rotation.Setup{want}, findings.RolePolicyFull, false); got != -1 {
		t.Error("something is said without checks")
	}
	// An access of the function has no room beside them either, and one alone is
	// small. Its own remedy is another.
	in, err := w.process().InspectAccess(t.Context(), w.wantAccess())
	w.Must(err)
	if len(in.Problems) != 1 || in.Problems[0].Code != findings.RolePolicyFull || in.Problems[0].Warning {
		t.Errorf("%+v", in.Problems)
	}
	w.tells(in.Problems[0].Detail, "Make room first")
	// An update that needs more is refused by its plan.
	problems, err := w.process().CheckUpdate(t.Context(), withSuperuserOf(wants[0]), w.process().mustRead(wants[0], rotation.Object{SecretARN: wants[0].SecretID}))
	w.Must(err)
	if got := codesOf(problems); !slices.Contains(got, findings.RolePolicyFull) {
		t.Errorf("an update: %v", got)
	}
}

// withSuperuserOf needs a longer policy.
func withSuperuserOf(want rotation.Setup) rotation.Setup {
	multi, _ := catalog.Lookup("SQLServerMultiUser")
	want.RotationType = multi
	want.SuperuserSecretARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:" + strings.Repeat("s", 400) + "-AbCdEf"
	return want
}

// TestFunctionLimit plans more setups than a function has room for, whose policy
// is empty or not.
func TestFunctionLimit(t *testing.T) {
	t.Parallel()
	for _, empty := range []bool{true, false} {
		w := newWorld(t)
		w.FunctionARN = w.NewFunction("shared", w.Role, map[string]string{})
		if !empty {
			w.permit(w.FunctionARN, strings.Repeat("x", 100), "events.amazonaws.com")
		}
		var wants []rotation.Setup
		for i := range 60 {
			want := w.wantManaged(w.NewSecret(fmt.Sprintf("a-user-with-quite-a-long-name-%d", i), map[string]any{"x": 1}))
			want.FunctionARN = w.FunctionARN
			wants = append(wants, want)
		}
		full := w.process().planned(wants, findings.InvokePolicyFull, false)
		if full < 20 {
			t.Fatalf("full with setup %d", full)
		}
		w.t.Logf("%d setups fit", full)
		for i, want := range wants[:full+1] {
			_, err := w.Functions.AddPermission(t.Context(), &lambda.AddPermissionInput{
				FunctionName: &w.FunctionARN, StatementId: aws.String(rotation.StatementID(want.SecretID)), Action: aws.String("lambda:InvokeFunction"),
				Principal: aws.String(iampolicy.ServicePrincipal), SourceAccount: aws.String(w.AccountID()), SourceArn: &want.SecretID,
			})
			if refused := awsapi.Is(err, "PolicyLengthExceededException"); refused != (i == full) {
				t.Errorf("permission %d: %v", i, err)
			}
			if i == full/2 {
				if got := w.process().planned(wants, findings.InvokePolicyFull, false); got != full {
					t.Errorf("with half of them there, setup %d has no room, wanted %d", got, full)
				}
			}
		}
	}
}

// TestLimitsToTheByte has setups that just fit, and setups that just do not.
func TestLimitsToTheByte(t *testing.T) {
	t.Parallel()
	for _, over := range []int{0, 1} {
		t.Run(fmt.Sprintf("role, %d over", over), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			wants := w.setups("x")
			in, err := w.process().Inspect(t.Context(), wants[0])
			w.Must(err)
			filler := func(n int) string {
				return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::` + strings.Repeat("x", n) + `"}]}`
			}
			room := iampolicy.MaxRolePolicyCharacters - iampolicy.Size(w.policyText(w.Role, theirPolicy)) - iampolicy.Size(in.RolePolicy)
			w.putPolicy(w.Role, "external", filler(room-iampolicy.Size(filler(0))+over))
			w.fits(wants[0], over == 0, findings.RolePolicyFull)
		})
		t.Run(fmt.Sprintf("function, %d over", over), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := w.setups("x")[0]
			want.FunctionARN = w.NewFunction("shared", w.Role, map[string]string{awslab.HandlerVariable: "UserStore"})
			permission := rotation.PermissionFor(rotation.StatementID(want.SecretID), want.FunctionARN, want.SecretID)
			size := func() int { return len(w.functionPolicyOf(want.FunctionARN)) }
			room := func() int { return iampolicy.MaxFunctionPolicyBytes - size() - len(permission) - len(",") + over }
			w.permit(want.FunctionARN, "a", "sns.amazonaws.com")
			before := size()
			w.permit(want.FunctionARN, "b", "sns.amazonaws.com")
			each := size() - before - 1 // Without its ID.
			for i := 0; room() > 3*each+300; i++ {
				w.permit(want.FunctionARN, fmt.Sprintf("%s%02d", strings.Repeat("x", 98), i), "sns.amazonaws.com")
			}
			for left := room(); left > 0; left = room() {
				n := left - each // Of the last one's ID.
				if n > 100 {
					n = min(100, n-each-1)
				}
				w.permit(want.FunctionARN, strings.Repeat("y", n), "sns.amazonaws.com")
			}
			w.fits(want, over == 0, findings.InvokePolicyFull)
		})
	}
}

// functionPolicyOf is the policy of a function as Lambda has it, or "".
func (w *world) functionPolicyOf(function string) string {
	w.t.Helper()
	out, err := w.Functions.GetPolicy(w.t.Context(), &lambda.GetPolicyInput{FunctionName: &function})
	if awsapi.IsNotFound(err) {
		return ""
	}
	w.Must(err)
	return *out.Policy
}

// fits fails the test unless plan and AWS agree that a setup has room, or that
// it has none.
func (w *world) fits(want rotation.Setup, fits bool, code findings.Code) {
	w.t.Helper()
	if got := w.process().planned([]rotation.Setup{want}, code, false) < 0; got != fits {
		w.t.Errorf("the plan says that it fits: %t", got)
	}
	if got := w.process().planned([]rotation.Setup{want}, code, true) < 0; got != fits {
		w.t.Errorf("the plan of a secret of that length that is not known says that it fits: %t", got)
	}
	_, _, err := w.process().create(want)
	if (err == nil) != fits {
		w.t.Errorf("AWS says %v", err)
	}
	if err != nil && w.problem(err).Code != code {
		w.t.Error(err)
	}
}

// TestNearlyFull plans setups until one of them would leave no room for a function
// access, which is told once; an access does fit until then, and not after.
func TestNearlyFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	access := w.wantAccess()
	fits := func() bool {
		t.Helper()
		in, err := w.process().InspectAccess(t.Context(), access)
		w.Must(err)
		return !slices.ContainsFunc(in.Problems, func(p rotation.Problem) bool { return p.Code == findings.RolePolicyFull })
	}
	told := 0
	for i, want := range w.setups(strings.Split("abcdefghijklmnopqrstuvwxyz", "")[:24]...) {
		in, err := p.Inspect(t.Context(), want)
		w.Must(err)
		for _, problem := range in.Problems {
			if problem.Code == findings.RolePolicyNearlyFull {
				if told++; !problem.Warning || !fits() {
					t.Errorf("setup %d: an access fits: %t, %+v", i, fits(), problem)
				}
				w.process().mustCreate(want)
				if fits() {
					t.Errorf("after setup %d, an access still fits", i)
				}
			}
		}
		if told == 0 {
			w.process().mustCreate(want)
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

// TestPendingLimit plans setups whose secrets are not known yet: those with the
// shortest of names have exactly the size that is reckoned with.
func TestPendingLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names := strings.Split("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "")
	wants := w.setups(names[:30]...)
	pending := slices.Clone(wants)
	for i := range pending {
		pending[i].SecretID = ""
	}
	full := w.process().planned(wants, findings.RolePolicyFull, false)
	if got := w.process().planned(pending, findings.RolePolicyFull, true); got != full || full < 10 {
		t.Errorf("pending, setup %d has no room; known, setup %d", got, full)
	}
	// Known and pending ones in one run add up.
	p := w.process()
	if got := p.planned(wants[:full-3], findings.RolePolicyFull, false); got >= 0 {
		t.Errorf("no room for setup %d", got)
	}
	if got := p.planned(pending[:8], findings.RolePolicyFull, true); got != 3 {
		t.Errorf("no room for pending setup %d", got)
	}
	for i := range pending {
		pending[i].Lenient = true
	}
	if got := w.process().planned(pending, findings.RolePolicyFull, true); got != full {
		t.Errorf("leniently, no room for setup %d", got)
	}
	for name, change := range map[string]func(*rotation.Setup){
		"external":       func(want *rotation.Setup) { want.Managed = false },
		"without checks": func(want *rotation.Setup) { want.Check = false },
		"no function":    func(want *rotation.Setup) { want.FunctionARN = "" },
	} {
		others := slices.Clone(pending)
		for i := range others {
			change(&others[i])
		}
		if got := w.process().planned(others, findings.RolePolicyFull, true); got >= 0 {
			t.Errorf("%s: no room for setup %d", name, got)
		}
	}
	// Where the role may not be seen, nothing is said of it.
	as := w.NewUser("user", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:ListRolePolicies","Resource":"*"}]}`)
	if got := w.processAs(as, nil).planned(pending, findings.RolePolicyFull, true); got >= 0 {
		t.Errorf("unseen: no room for setup %d", got)
	}
}

// TestOneAccessHasRoom plans an access and many external setups: none of them
// adds anything.
func TestOneAccessHasRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	in, err := p.InspectAccess(t.Context(), w.wantAccess())
	w.Must(err)
	if len(in.Problems) > 0 {
		t.Error(in.Problems)
	}
	for _, want := range w.setups(numbered("a-user-with-quite-a-long-name-", 40)...) {
		want.Managed = false
		if got := p.inspect(want); len(got) > 0 {
			t.Fatal(got)
		}
	}
}
