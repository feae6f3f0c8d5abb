package provider

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// TestReadWithoutSecret refreshes a setup of which nothing is left in AWS, for a
// CLI that knows no identities, as Terraform before 1.12.
func TestReadWithoutSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hand(t)
	h.access(w.FunctionARN, w.Role)
	h.rules(w.FunctionARN, &types.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)})
	s := newServer(t, w.Lab)
	expect(t, s.configure(w.block()))
	state := s.adopt(w.SecretARN)
	if state.IsNull() {
		t.Fatal("There is nothing to lose.")
	}
	h.removeSecret()
	current, err := tfprotov6.NewDynamicValue(s.setupType, state)
	w.Must(err)
	if left := s.read(&current); !left.IsNull() {
		t.Errorf("A setup without secret is %v.", left)
	}
}
