package rotation_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// TestDeleteOfUnknownAge deletes while a rotation runs whose age AWS does not
// tell: it counts as young and is not cancelled.
func TestDeleteOfUnknownAge(t *testing.T) {
	t.Parallel()
	w, object := created(t)
	clearFault := w.Inject(awslab.Fault{Operation: "ListSecretVersionIds", Code: "AccessDeniedException", Message: "no"})
	release := w.HoldRotation("createSecret")
	_, err := w.Secrets.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: &w.SecretARN})
	w.Must(err)
	if _, err := w.process().Delete(t.Context(), w.want(), object, 2*time.Minute); err == nil || !strings.Contains(err.Error(), "has not finished") {
		t.Error(err)
	}
	for _, c := range w.AdministratorCalls() {
		if c.Operation == "CancelRotateSecret" {
			t.Error("The rotation was cancelled.")
		}
	}
	clearFault()
	release()
	w.Advance(time.Minute)
	if _, err := w.process().delete(w.want(), object); err != nil {
		t.Error(err)
	}
	w.gone()
	w.rotated(2)
}

// TestStatementOfOthersStays has somebody else put a permission for all secrets
// under a statement ID that the user chose: a read records it, and yet neither
// an update nor a delete touches it.
func TestStatementOfOthersStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.want()
	want.StatementID = "AllowSecretsManager"
	object := w.process().mustCreate(want)
	_, err := w.Functions.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: &w.FunctionARN, StatementId: &want.StatementID})
	w.Must(err)
	w.permit(w.FunctionARN, want.StatementID, iampolicy.ServicePrincipal)
	object = w.process().mustRead(want, object)
	if _, _, err := w.process().update(want, object, false); err == nil || !strings.Contains(err.Error(), "not written by this resource") {
		t.Error(err)
	}
	if _, err := w.process().delete(want, object); err != nil {
		t.Fatal(err)
	}
	if policy := w.FunctionPolicy(); !strings.Contains(policy, want.StatementID) {
		t.Errorf("Somebody else's statement is gone: %s", policy)
	}
}

// TestServiceManagedRotatesOnce kills the create of a service-managed secret
// after its rotation. The service rotates by itself, and the next create does
// not take that for a reason to rotate once more.
func TestServiceManagedRotatesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.want()
	serviceManaged(w, &want)
	want.Rules, want.RotateImmediately = rotation.Rules{AutomaticallyAfterDays: 30}, new(true)
	w.process().mustCreate(want) // Nobody remembers it.
	w.Advance(31 * 24 * time.Hour)
	before := w.Finished()
	if before != 2 {
		t.Fatalf("%d rotations, not one of the create and one of the service", before)
	}
	w.process().mustCreate(want)
	if w.Finished() != before {
		t.Error("The second create rotated again.")
	}
}

// TestImportedServiceManagedKeepsRotating destroys a setup that was imported:
// what it never changed stays.
func TestImportedServiceManagedKeepsRotating(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.want()
	serviceManaged(w, &want)
	object := w.process().mustRead(want, rotation.Object{SecretARN: w.SecretARN})
	w.ForgetCalls()
	if _, err := w.process().delete(want, object); err != nil {
		t.Fatal(err)
	}
	if writes := w.Writes(); len(writes) > 0 || !aws.ToBool(w.Describe().RotationEnabled) {
		t.Errorf("The service's own rotation was changed: %v", writes)
	}
}

// TestReconfigureKeepsItsTimeout changes a schedule while AWS goes on to say
// that a rotation is not complete, of which nothing is to be seen.
func TestReconfigureKeepsItsTimeout(t *testing.T) {
	t.Parallel()
	w, object := created(t)
	w.Inject(awslab.Fault{Operation: "RotateSecret", Code: "InvalidRequestException", Message: "A previous rotation isn't complete. That rotation will be reattempted."})
	want := w.want()
	want.Rules = rotation.Rules{AutomaticallyAfterDays: 7}
	began := w.Now()
	if _, _, err := w.process().update(want, object, false); err == nil {
		t.Error("AWS refuses, and the update succeeds.")
	}
	if took := w.Now().Sub(began); took > timeout+time.Minute {
		t.Errorf("gave up after %s, the timeout is %s", took, timeout)
	}
}

// TestRenamed destroys a setup and creates the same one at the same time, as a
// renamed resource without a moved block does. Whichever comes first, what
// stands in the end is whole.
func TestRenamed(t *testing.T) {
	t.Parallel()
	for range 8 {
		w, object := created(t)
		p := w.process()
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := p.delete(w.want(), object); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, _, err := p.create(w.want()); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if d := w.Describe(); !aws.ToBool(d.RotationEnabled) || len(w.policies(w.Role)) != 1 || len(w.statements(w.FunctionARN)) != 1 {
			t.Fatalf("enabled %t, policies %v, statements %v", *d.RotationEnabled, w.policies(w.Role), w.statements(w.FunctionARN))
		}
		w.Login()
	}
}

// TestTwoSetupsOfOneSecret creates the second setup of a secret in one run: one
// of them has to go, and nothing of the first is touched.
func TestTwoSetupsOfOneSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.process()
	p.mustCreate(w.want())
	w.ForgetCalls()
	if object, _, err := p.create(w.want()); object != nil || err == nil || !strings.Contains(err.Error(), "Two setups of one secret") {
		t.Error(object, err)
	}
	if writes := w.Writes(); len(writes) > 0 {
		t.Errorf("wrote %v", writes)
	}
	// In another run it may be what an interrupted create has left. The plan says
	// that it would be taken over.
	if inspected, err := w.process().Inspect(t.Context(), w.want()); err != nil || !inspected.TakesOver || inspected.Rotates {
		t.Error(inspected, err)
	}
}

// TestOtherRole gives a role that is not the function's: the policy must not go
// to it.
func TestOtherRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.want()
	want.RoleARN = "arn:aws:iam::" + w.AccountID() + ":role/" + w.otherRole
	_, _, err := w.process().create(want)
	if p := w.problem(err); p.Attribute != "role_arn" {
		t.Error(p)
	}
	if writes := w.Writes(); len(writes) > 0 {
		t.Errorf("wrote %v", writes)
	}
	inspected, err := w.process().Inspect(t.Context(), want)
	if err != nil || len(inspected.Problems) != 1 || !inspected.Problems[0].Warning {
		t.Error("The plan does not warn.", inspected.Problems, err)
	}
}

// TestIdleFunction rotates with a function that does nothing and says so.
func TestIdleFunction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keepPending = true
	want := w.want()
	want.FunctionARN = w.NewFunction("idle", w.Role, map[string]string{awslab.ExecVariable: `sh -c 'echo "nothing to do" >&2'`})
	_, _, err := w.process().create(want)
	if err == nil {
		t.Fatal("A function that does nothing has rotated.")
	}
	w.tells(err.Error(), "ran without an error", "nothing to do")
}
