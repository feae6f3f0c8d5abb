package rotation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// permitLike adds a statement of somebody else's for Secrets Manager.
func (w *world) permitLike(sid, sourceAccount, sourceARN string) {
	w.t.Helper()
	in := &lambda.AddPermissionInput{
		FunctionName: &w.FunctionARN, StatementId: &sid, Action: aws.String("lambda:InvokeFunction"), Principal: aws.String(iampolicy.ServicePrincipal),
	}
	if sourceAccount != "" {
		in.SourceAccount = &sourceAccount
	}
	if sourceARN != "" {
		in.SourceArn = &sourceARN
	}
	_, err := w.Functions.AddPermission(w.t.Context(), in)
	w.Must(err)
}

// TestPermittedTwice has others permit the same, or something else: the same is
// told of once, by the operation that writes our statement, and left alone.
func TestPermittedTwice(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		add   func(*world)
		equal []string // to the statement of a setup
		same  []string // as the statement of a function access
	}{
		"one": {func(w *world) { w.permitLike("by-hand", w.AccountID(), w.SecretARN) }, []string{"by-hand"}, nil},
		"two": {func(w *world) {
			w.permitLike("by-hand", w.AccountID(), w.SecretARN)
			w.permitLike("module", w.AccountID(), w.SecretARN)
		}, []string{"by-hand", "module"}, nil},
		"for the account":    {func(w *world) { w.permitLike("by-hand", w.AccountID(), "") }, nil, []string{"by-hand"}},
		"for everybody":      {func(w *world) { w.permitLike("by-hand", "", "") }, nil, nil},
		"for the secret":     {func(w *world) { w.permitLike("by-hand", "", w.SecretARN) }, nil, nil},
		"for another secret": {func(w *world) { w.permitLike("by-hand", w.AccountID(), w.SecretARN[:len(w.SecretARN)-1]+"x") }, nil, nil},
	}
	warned := func(t *testing.T, w *world, operation string, warnings []rotation.Problem, sids []string) {
		t.Helper()
		if len(sids) == 0 {
			if len(warnings) > 0 {
				t.Errorf("%s: warnings %v", operation, warnings)
			}
			return
		}
		if len(warnings) != 1 || !warnings[0].Warning || warnings[0].Summary != "Secrets Manager is permitted twice" {
			t.Fatalf("%s: warnings %v", operation, warnings)
		}
		w.tells(warnings[0].Detail, `by the statement "`+strings.Join(sids, `", "`)+`" what`, w.FunctionARN)
	}
	for name, test := range tests {
		t.Run(name+", setup", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.add(w)
			others := w.statements(w.FunctionARN)
			want := w.want()
			object, warnings, err := w.process().create(want)
			w.Must(err)
			warned(t, w, "create", warnings, test.equal)
			want.Rules.AutomaticallyAfterDays = 7
			next, warnings, err := w.process().update(want, *object, false)
			w.Must(err)
			warned(t, w, "update", warnings, nil)
			_, warnings, err = w.process().create(want) // As after a create that was killed.
			w.Must(err)
			warned(t, w, "another create", warnings, nil)
			had := w.process().mustRead(want, rotation.Object{SecretARN: next.SecretARN})
			want.StatementID = "renamed"
			next, warnings, err = w.process().update(want, had, false)
			w.Must(err)
			warned(t, w, "rename", warnings, test.equal) // Our own statement of the old name is not among them.
			warnings, err = w.process().delete(want, *next)
			w.Must(err)
			warned(t, w, "delete", warnings, nil)
			if got := w.statements(w.FunctionARN); !slices.Equal(got, others) {
				t.Errorf("statements %q, wanted %q", got, others)
			}
		})
		t.Run(name+", function access", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.add(w)
			others := w.statements(w.FunctionARN)
			want := w.wantAccess()
			object, warnings, err := w.process().createAccess(want)
			w.Must(err)
			warned(t, w, "create", warnings, test.same)
			withKeys(w, &want)
			next, warnings, err := w.process().updateAccess(want, *object)
			w.Must(err)
			warned(t, w, "update", warnings, nil)
			_, warnings, err = w.process().createAccess(want)
			w.Must(err)
			warned(t, w, "another create", warnings, nil)
			had := w.process().mustReadAccess(want, rotation.AccessObject{Permissions: rotation.Permissions{FunctionARN: next.FunctionARN}})
			want.StatementID = "renamed"
			next, warnings, err = w.process().updateAccess(want, had)
			w.Must(err)
			warned(t, w, "rename", warnings, test.same)
			w.Must(w.process().deleteAccess(*next))
			if got := w.statements(w.FunctionARN); !slices.Equal(got, others) {
				t.Errorf("statements %q, wanted %q", got, others)
			}
		})
	}
}
