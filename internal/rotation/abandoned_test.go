package rotation_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// store writes a value by hand, as somebody does who mends a rotation.
func (w *world) store(password string) {
	w.t.Helper()
	_, err := w.Secrets.PutSecretValue(w.t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId:     &w.SecretARN,
		SecretString: aws.String(`{"engine":"labstore","host":"lab","username":"app","password":"` + password + `"}`),
	})
	w.Must(err)
}

// TestAbandonedFirstRotation mends a first rotation by storing the right
// password, which makes AWS abandon it: the next create still owes a rotation.
func TestAbandonedFirstRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store("wrong-planted-current")
	w.store("wrong-planted-previous") // The function tries AWSPREVIOUS, too.
	if object, _, err := w.process().Create(t.Context(), w.want(), timeout); err == nil || object != nil || !strings.Contains(err.Error(), "cannot log into") {
		t.Fatal(object, err)
	}
	w.store(labtest.FirstPassword)
	if _, _, err := w.process().Create(t.Context(), w.want(), timeout); err != nil {
		t.Fatal(err)
	}
	w.Login()
	if w.Finished() != 1 {
		t.Errorf("%d rotations have happened, 1 was asked for.", w.Finished())
	}
	// Had that create been killed after all, the next one owes nothing.
	if _, _, err := w.process().Create(t.Context(), w.want(), timeout); err != nil || w.Finished() != 1 {
		t.Error(err, w.Finished())
	}
}

// TestLeftoverLabel stores a value by hand after a rotation: AWSPENDING is then
// on AWSPREVIOUS, and AWS refuses a change as long as it is.
func TestLeftoverLabel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	object, _, err := p.Create(t.Context(), w.want(), timeout)
	if err != nil {
		t.Fatal(err)
	}
	w.store(w.Value(w.SecretARN, "password"))
	before := w.Now()
	want := w.want()
	want.Rules = rotation.Rules{AutomaticallyAfterDays: 10}
	_, _, err = p.Update(t.Context(), want, *object, false, timeout)
	if err == nil || !strings.Contains(err.Error(), "Drop it") || !strings.Contains(err.Error(), "--remove-from-version-id") {
		t.Error(err)
	}
	if _, err := w.process().Delete(t.Context(), w.want(), *object, timeout); err != nil {
		t.Error(err)
	}
	if waited := w.Now().Sub(before); waited > 0 {
		t.Errorf("Nothing runs, and yet it was waited for %s.", waited)
	}
	if *w.Describe().RotationEnabled || w.Finished() != 1 {
		t.Error("Rotation is still on.", w.Finished())
	}
}
