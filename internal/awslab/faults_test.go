package awslab_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// TestChoose decides on calls as they come: nothing is done before, and what is
// decided happens as if it had been injected.
func TestChoose(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", planted)
	var chosen []string
	decide := awslab.Fault{}
	defer l.Inject(awslab.Fault{Operation: "PutSecretValue", Choose: func(c awslab.Call) awslab.Fault {
		chosen = append(chosen, c.Operation+" before "+l.stages(secret))
		return decide
	}})()
	put := func(n int) error { return l.put(secret, n, planted) }
	if err := put(2); err != nil {
		t.Errorf("nothing was decided: %v", err)
	}
	decide = awslab.Fault{Code: "AccessDeniedException"}
	refused(t, put(3), "AccessDeniedException", "")
	decide.DoneFirst = true
	refused(t, put(4), "AccessDeniedException", "")
	if got, want := l.stages(secret), "2:AWSPREVIOUS 4:AWSCURRENT"; got != want {
		t.Errorf("the labels are %q, want %q", got, want)
	}
	want := []string{"PutSecretValue before 1:AWSCURRENT", "PutSecretValue before 1:AWSPREVIOUS 2:AWSCURRENT", "PutSecretValue before 1:AWSPREVIOUS 2:AWSCURRENT"}
	if diff := cmp.Diff(want, chosen); diff != "" {
		t.Error(diff)
	}
}
