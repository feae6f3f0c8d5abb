package rotation_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// editLabel is what changes are staged under; users see it, so that it does not
// change.
const editLabel = "TERRAFORM_ROTATION_EDIT"

// wantValue is the value of a secret of the world as a configuration has it.
func (w *world) wantValue(secretARN string, connection map[string]string) rotation.Value {
	w.t.Helper()
	name := "MySQLSingleUser"
	if secretARN == w.SecretARN {
		name = "Custom" // The user store is no engine of AWS.
	}
	t, ok := catalog.Lookup(name)
	if !ok {
		w.t.Fatal("There is no such type.")
	}
	return rotation.Value{SecretID: secretARN, RotationType: t, Connection: connection}
}

func (p process) createValue(want rotation.Value) (*rotation.StoredValue, []rotation.Problem, error) {
	stored, warnings, err := p.CreateValue(p.w.t.Context(), want)
	p.w.hear(nil, warnings, err)
	return stored, warnings, err
}

func (p process) updateValue(secretARN string, want rotation.Value) (*rotation.StoredValue, []rotation.Problem, error) {
	stored, warnings, err := p.UpdateValue(p.w.t.Context(), secretARN, want)
	p.w.hear(nil, warnings, err)
	return stored, warnings, err
}

// text is the current value of a secret, "" if it has none.
func (w *world) text(secretARN string) string {
	w.t.Helper()
	out, err := w.Secrets.GetSecretValue(w.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secretARN})
	if err != nil {
		return ""
	}
	return aws.ToString(out.SecretString)
}

// put stores a value by hand.
func (w *world) put(secretARN, text string, labels ...string) {
	w.t.Helper()
	_, err := w.Secrets.PutSecretValue(w.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secretARN, SecretString: &text, VersionStages: labels})
	w.Must(err)
}

// labels are the staging labels of a secret, sorted.
func (w *world) labels(secretARN string) []string {
	w.t.Helper()
	out, err := w.Secrets.DescribeSecret(w.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &secretARN})
	w.Must(err)
	return slices.Sorted(func(yield func(string) bool) {
		for labels := range maps.Values(out.VersionIdsToStages) {
			for _, label := range labels {
				yield(label)
			}
		}
	})
}

// writesOf are the calls that have changed something, without those that were refused.
func (w *world) writesOf() []string {
	var all []string
	for _, c := range w.AdministratorCalls() {
		if c.Writes() && c.ErrorCode == "" {
			all = append(all, c.Operation)
		}
	}
	return all
}

// valueLives are the lives of the values of secrets.
var valueLives = []life{
	{"value, create", func(t *testing.T) (*world, func(process) error, func()) {
		t.Helper()
		w := newWorld(t)
		secretARN := w.NewSecret("values", nil)
		want := w.wantValue(secretARN, map[string]string{"host": "db", "username": "app"})
		want.Password = labtest.FirstPassword
		w.ForgetCalls()
		return w, func(p process) error { _, _, err := p.createValue(want); return err }, func() {
			w.t.Helper()
			w.valueIs(secretARN, `{"engine":"mysql","host":"db","username":"app","password":"`+labtest.FirstPassword+`","port":3306}`)
			w.versions(secretARN, 1)
		}
	}},
	{"value, create with a generated password", func(t *testing.T) (*world, func(process) error, func()) {
		t.Helper()
		w := newWorld(t)
		secretARN := w.NewSecret("values", nil)
		want := w.wantValue(secretARN, map[string]string{"host": "db", "username": "app"})
		want.Generate = &secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(24)}
		w.ForgetCalls()
		return w, func(p process) error { _, _, err := p.createValue(want); return err }, func() {
			w.t.Helper()
			if password := w.Value(secretARN, "password"); len(password) != 24 {
				w.t.Errorf("The password has %d characters.", len(password))
			}
			w.valueIs(secretARN, w.text(secretARN))
			w.versions(secretARN, 1) // The one that somebody may have read stays.
		}
	}},
	changingValue("value, update", func(w *world, want *rotation.Value) {}, nil),
	changingValue("value, update after a rotation", func(w *world, want *rotation.Value) {}, func(w *world, secretARN string) {
		// A finished rotation can leave AWSPENDING on the version that is AWSCURRENT.
		_, err := w.Secrets.UpdateSecretVersionStage(w.t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
			SecretId: &secretARN, VersionStage: aws.String("AWSPENDING"), MoveToVersionId: aws.String(w.versionWith(secretARN, "AWSCURRENT")),
		})
		w.Must(err)
	}),
	changingValue("value, update with a password", func(w *world, want *rotation.Value) { want.Password = "another-planted-password" }, nil),
	changingValue("value, update where a label was left", func(w *world, want *rotation.Value) {}, func(w *world, secretARN string) {
		w.put(secretARN, `{"left":"behind"}`, editLabel)
	}),
}

// changingValue is the life of a change of the connection.
func changingValue(name string, change func(*world, *rotation.Value), before func(w *world, secretARN string)) life {
	return life{name, func(t *testing.T) (*world, func(process) error, func()) {
		t.Helper()
		w := newWorld(t)
		secretARN := w.NewSecret("values", nil)
		w.put(secretARN, `{"password":"`+labtest.FirstPassword+`", "host":"old","theirs":[1, 2.0]}`)
		if before != nil {
			before(w, secretARN)
		}
		want := w.wantValue(secretARN, map[string]string{"host": "new", "dbname": "orders"})
		change(w, &want)
		w.ForgetCalls()
		return w, func(p process) error { _, _, err := p.updateValue(secretARN, want); return err }, func() {
			w.t.Helper()
			password := labtest.FirstPassword
			if want.Password != "" {
				password = want.Password
			}
			w.valueIs(secretARN, `{"password":"`+password+`", "host":"new","theirs":[1, 2.0],"dbname":"orders"}`)
			if slices.Contains(w.labels(secretARN), "AWSPENDING") {
				w.t.Error("AWSPENDING blocks the next rotation.")
			}
		}
	}}
}

func (w *world) valueIs(secretARN, want string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.text(secretARN)); diff != "" {
		w.t.Error(diff)
	}
	if slices.Contains(w.labels(secretARN), editLabel) && !w.keepsLabel() {
		w.t.Error("The private label is still there.")
	}
	if slices.Contains(w.writesOf(), "RotateSecret") {
		w.t.Error("A rotation was started.")
	}
}

// keepsLabel reports whether AWS refused to take the private label off.
func (w *world) keepsLabel() bool {
	return slices.ContainsFunc(w.AdministratorCalls(), func(c awslab.Call) bool { return c.ErrorCode != "" && c.Detail == "VersionStage="+editLabel })
}

func (w *world) versions(secretARN string, want int) {
	w.t.Helper()
	out, err := w.Secrets.ListSecretVersionIds(w.t.Context(), &secretsmanager.ListSecretVersionIdsInput{SecretId: &secretARN, IncludeDeprecated: aws.Bool(true)})
	w.Must(err)
	if len(out.Versions) != want {
		w.t.Errorf("The secret has %d versions, not %d.", len(out.Versions), want)
	}
}

func (w *world) versionWith(secretARN, label string) string {
	w.t.Helper()
	out, err := w.Secrets.DescribeSecret(w.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &secretARN})
	w.Must(err)
	for version, labels := range out.VersionIdsToStages {
		if slices.Contains(labels, label) {
			return version
		}
	}
	return ""
}

// TestValueIsAdopted creates the value of a secret that has one.
func TestValueIsAdopted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secretARN := w.NewSecret("values", nil)
	const before = `{"engine":"mysql","host":"old","username":"app","password":"` + labtest.FirstPassword + `"}`
	w.put(secretARN, before)
	w.ForgetCalls()
	want := w.wantValue(secretARN, map[string]string{"host": "new", "username": "app", "port": "3306"})
	want.Password = "another-planted-password"
	stored, _, err := w.process().createValue(want)
	w.Must(err)
	if diff := cmp.Diff(rotation.StoredValue{SecretARN: secretARN, Unmerged: []string{"host", "port"}}, *stored); diff != "" {
		t.Error(diff)
	}
	w.valueIs(secretARN, before)
	if got := w.writesOf(); len(got) > 0 {
		t.Errorf("It has called %q.", got)
	}
	// What is the same is no difference, and of a value that may not be read none is known.
	want.Connection = map[string]string{"host": "old", "username": "app"}
	stored, _, err = w.process().createValue(want)
	w.Must(err)
	if stored.Unmerged != nil {
		t.Errorf("It differs in %q.", stored.Unmerged)
	}
}

// TestValuesCreatedAtOnce has processes create the value of one secret at the same
// time, with passwords of their own: one is stored, and stays.
func TestValuesCreatedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secretARN := w.NewSecret("values", nil)
	var created sync.WaitGroup
	for i := range 5 {
		created.Go(func() {
			want := w.wantValue(secretARN, map[string]string{"host": "db", "username": "app"})
			want.Password = fmt.Sprintf("planted-password-%d", i)
			if _, _, err := w.process().createValue(want); err != nil {
				t.Error(err)
			}
		})
	}
	created.Wait()
	w.versions(secretARN, 1)
	if w.Value(secretARN, "password") == "" || slices.Contains(w.labels(secretARN), editLabel) {
		t.Error(w.labels(secretARN))
	}
}

// TestFirstValueOfSomebodyQuicker stores another first value just before a create
// stores its own, as somebody at the console would: theirs stays.
func TestFirstValueOfSomebodyQuicker(t *testing.T) {
	t.Parallel()
	const theirs = `{"host":"theirs","username":"app"}`
	w := newWorld(t)
	secretARN := w.NewSecret("values", nil)
	w.Inject(awslab.Fault{Operation: "PutSecretValue", Caller: ":user/administrator", Times: 1, Do: func(awslab.Call) { w.put(secretARN, theirs) }})
	want := w.wantValue(secretARN, map[string]string{"host": "ours", "username": "app"})
	want.Password = labtest.FirstPassword
	stored, warnings, err := w.process().createValue(want)
	w.Must(err)
	w.valueIs(secretARN, theirs)
	if len(warnings) != 1 || warnings[0].Summary != "Password is not stored" {
		t.Errorf("The warnings are %v.", warnings)
	}
	if !slices.Equal(stored.Unmerged, []string{"host"}) {
		t.Errorf("It differs in %q.", stored.Unmerged)
	}
}

// TestFirstValueAfterPlaceholder stores the first value of a secret whose rotation
// was configured before it had one: AWS made a version without a value, so that
// ours is not the first.
func TestFirstValueAfterPlaceholder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secretARN := w.NewSecret("values", nil)
	w.permit(w.FunctionARN, "external", "secretsmanager.amazonaws.com")
	_, err := w.Secrets.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
		SecretId: &secretARN, RotationLambdaARN: &w.FunctionARN, RotationRules: &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)},
	})
	w.Must(err)
	w.Advance(time.Hour)
	want := w.wantValue(secretARN, map[string]string{"host": "db", "username": "app"})
	want.Password = labtest.FirstPassword
	_, _, err = w.process().createValue(want)
	w.Must(err)
	if w.Value(secretARN, "host") != "db" {
		t.Error(w.text(secretARN))
	}
	if got := w.labels(secretARN); !slices.Contains(got, "AWSCURRENT") || slices.Contains(got, editLabel) {
		t.Errorf("The labels are %q.", got)
	}
}

// TestRefusedChange changes a value when it must not be, or can't be: nothing is
// written.
func TestRefusedChange(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before func(w *world)
		code   findings.Code
		parts  []string
	}{
		"nothing": {func(*world) {}, "", nil}, // A control: then it is written.
		"a rotation that hangs": {func(w *world) {
			w.HoldRotation("testSecret")
			w.rotateByHand()
			w.Advance(time.Minute)
		}, findings.RotationInProgress, []string{"carries AWSPENDING", "Apply again when the rotation is done"}},
		"a label that was left": {func(w *world) {
			current := w.current()
			_, err := w.Secrets.UpdateSecretVersionStage(w.t.Context(), &secretsmanager.UpdateSecretVersionStageInput{SecretId: &w.SecretARN, VersionStage: aws.String("AWSPENDING"), MoveToVersionId: &current})
			w.Must(err)
			w.put(w.SecretARN, w.text(w.SecretARN))
		}, findings.RotationInProgress, []string{"only the label was left behind", "--remove-from-version-id"}},
		"a window about to open": {func(w *world) {
			opens := w.Describe().NextRotationDate.Add(time.Second - 24*time.Hour)
			w.Advance(opens.Sub(w.Now()) - 30*time.Second)
		}, "", []string{"Rotation window is open", "from 2026-04-03T00:00:00Z to 2026-04-04T00:00:00Z"}},
		"a value that is no JSON": {func(w *world) { w.put(w.SecretARN, labtest.FirstPassword, "AWSCURRENT", "AWSPENDING") }, "", []string{"not a JSON object"}},
		"a binary value": {func(w *world) {
			_, err := w.Secrets.PutSecretValue(w.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &w.SecretARN, SecretBinary: []byte(labtest.FirstPassword), VersionStages: []string{"AWSCURRENT", "AWSPENDING"}})
			w.Must(err)
		}, findings.SecretBinary, []string{"SecretBinary"}},
		"a secret that AWS deletes": {func(w *world) {
			_, err := w.Secrets.DeleteSecret(w.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &w.SecretARN})
			w.Must(err)
		}, findings.SecretDeleted, []string{"restore-secret"}},
		"an answer that quotes the value": {func(w *world) {
			w.Inject(awslab.Fault{Operation: "PutSecretValue", Code: "ValidationException", Message: `Value '{"password":"` + w.Value(w.SecretARN, "password") + `"}' at 'secretString' failed to satisfy constraint`})
		}, "", []string{"Unable to store the value", "ValidationException"}},
		"no permission to read": {func(w *world) {
			w.Inject(awslab.Fault{Operation: "GetSecretValue", Caller: ":user/administrator", Code: "AccessDeniedException", Message: "not authorized"})
		}, "", []string{"secretsmanager:GetSecretValue"}},
		"no permission to store": {func(w *world) {
			w.Inject(awslab.Fault{Operation: "PutSecretValue", Code: "AccessDeniedException", Message: "not authorized"})
		}, "", []string{"secretsmanager:PutSecretValue"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.keepPending = true
			p := w.process()
			p.mustCreate(w.want())
			test.before(w)
			w.ForgetCalls()
			stored, _, err := p.updateValue(w.SecretARN, w.wantValue(w.SecretARN, map[string]string{"host": "other"}))
			if name == "nothing" {
				w.Must(err)
				if want := []string{"PutSecretValue", "UpdateSecretVersionStage", "UpdateSecretVersionStage", "UpdateSecretVersionStage"}; !slices.Equal(w.writesOf(), want) {
					t.Errorf("It has called %q.", w.writesOf())
				}
				return
			}
			if stored != nil || len(w.writesOf()) > 0 {
				t.Errorf("%v: it has called %q", stored, w.writesOf())
			}
			problem := w.problem(err)
			if problem.Code != test.code {
				t.Errorf("The code is %q.", problem.Code)
			}
			w.tells(problem.Error(), test.parts...)
		})
	}
}

// TestLabelNotDropped leaves the private label where these credentials may not move
// it back: the value is changed all the same, and the user is told.
func TestLabelNotDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	clear := w.Inject(awslab.Fault{Operation: "UpdateSecretVersionStage", After: 1, Times: 1, Code: "AccessDeniedException", Message: "no"})
	_, warnings, err := w.process().updateValue(w.SecretARN, w.wantValue(w.SecretARN, map[string]string{"host": "other"}))
	w.Must(err)
	if len(warnings) != 1 || !strings.Contains(warnings[0].Error(), editLabel) {
		t.Errorf("The warnings are %v.", warnings)
	}
	clear()
	if w.Value(w.SecretARN, "host") != "other" || !slices.Contains(w.labels(w.SecretARN), editLabel) {
		t.Error("The test has lost its subject.")
	}
	// The next one tidies up, even if it has nothing to change.
	_, _, err = w.process().updateValue(w.SecretARN, w.wantValue(w.SecretARN, map[string]string{"host": "other"}))
	w.Must(err)
	if slices.Contains(w.labels(w.SecretARN), editLabel) {
		t.Error("The label is still there.")
	}
}

// TestOverdueRotation changes the value of a secret whose rotation is overdue, of which
// nobody knows when AWS tries again.
func TestOverdueRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	p.mustCreate(w.want())
	heal := w.Inject(awslab.Fault{Service: "secretsmanager", Operation: "GetRandomPassword", Code: "AccessDeniedException", Message: "no"})
	w.Advance(33 * 24 * time.Hour)
	heal()
	pending := w.pending()
	if pending == "" {
		t.Fatal("No rotation has failed.")
	}
	_, err := w.Secrets.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{SecretId: &w.SecretARN, VersionStage: aws.String("AWSPENDING"), RemoveFromVersionId: &pending})
	w.Must(err)
	_, warnings, err := p.updateValue(w.SecretARN, w.wantValue(w.SecretARN, map[string]string{"host": "other"}))
	w.Must(err)
	if len(warnings) != 1 || warnings[0].Summary != "Rotation is overdue" {
		t.Errorf("The warnings are %v.", warnings)
	}
}

// TestMoveNotTold loses the answer to the move of AWSCURRENT, and AWS tells nothing
// afterwards: what may be written counts as written, so that a password does not come
// back after a rotation.
func TestMoveNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	moved := false
	p := w.processOn(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		asked := r.Header.Get("X-Amz-Target")
		if moved && strings.HasSuffix(asked, ".DescribeSecret") {
			return nil, io.ErrUnexpectedEOF
		}
		response, err := send()
		if strings.HasSuffix(asked, ".UpdateSecretVersionStage") && w.Value(w.SecretARN, "host") == "other" {
			moved = true
			_ = response.Body.Close()
			return nil, io.ErrUnexpectedEOF
		}
		return response, err
	})
	want := w.wantValue(w.SecretARN, map[string]string{"host": "other"})
	want.Password = "another-planted-password"
	stored, _, err := p.updateValue(w.SecretARN, want)
	if err == nil || stored == nil || !slices.Equal(stored.Unmerged, []string{"host"}) {
		t.Errorf("%v, %v", stored, err)
	}
	w.tells(w.problem(err).Error(), "has not said whether")
}

// TestInterruptedMove interrupts a change just before it moves AWSCURRENT: it finds out
// that nothing was moved, so that the password is still to be written.
func TestInterruptedMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	p := w.processOn(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".UpdateSecretVersionStage") && ctx.Err() == nil {
			interrupt()
			return nil, ctx.Err()
		}
		return send()
	})
	want := w.wantValue(w.SecretARN, map[string]string{"host": "other"})
	want.Password = "another-planted-password"
	before := w.text(w.SecretARN)
	stored, _, err := p.UpdateValue(ctx, w.SecretARN, want)
	if stored != nil || err == nil {
		t.Errorf("%v, %v", stored, err)
	}
	w.valueIs(w.SecretARN, before)
}

// TestStaleLooks answers the look before the move as it was before anything was
// stored: it is looked again, rather than moved blindly.
func TestStaleLooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Inject(awslab.Fault{Operation: "DescribeSecret", Caller: ":user/administrator", After: 1, Times: 3, Stale: true})
	_, _, err := w.process().updateValue(w.SecretARN, w.wantValue(w.SecretARN, map[string]string{"host": "other"}))
	w.Must(err)
	w.Login()
	if w.Value(w.SecretARN, "host") != "other" {
		t.Error(w.Value(w.SecretARN, "host"))
	}
	looks := 0
	for _, c := range w.AdministratorCalls() {
		switch c.Operation {
		case "PutSecretValue":
			looks = 0
		case "DescribeSecret":
			looks++
		case "UpdateSecretVersionStage":
			if looks < 4 {
				t.Errorf("It has moved a label after %d looks, three of which were from before.", looks)
			}
			return
		}
	}
}

// TestNoRotationComesBack changes the value while a rotation of the user store is
// finished at each of its steps, from before the change has read the value to after
// it has moved the label: the user store accepts the value in the end, and the change
// is in it.
func TestNoRotationComesBack(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"DescribeSecret", "GetSecretValue", "PutSecretValue"} {
		for _, doneFirst := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%t", operation, doneFirst), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				p := w.process()
				p.mustCreate(w.want())
				w.Inject(awslab.Fault{Operation: operation, Caller: ":user/administrator", Times: 1, DoneFirst: doneFirst, Do: func(awslab.Call) {
					w.rotateByHand()
					w.Advance(time.Minute)
				}})
				_, _, err := p.updateValue(w.SecretARN, w.wantValue(w.SecretARN, map[string]string{"host": "other"}))
				w.Must(err)
				w.rotated(2)
				if w.Value(w.SecretARN, "host") != "other" {
					t.Errorf("The host is %q.", w.Value(w.SecretARN, "host"))
				}
				w.rotateByHand() // And nothing keeps the next one from running.
				w.Advance(time.Minute)
				w.rotated(3)
			})
		}
	}
}
