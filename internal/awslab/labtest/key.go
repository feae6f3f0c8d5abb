package labtest

import "github.com/aws/aws-sdk-go-v2/service/kms"

// NewKey makes a customer managed key, whose policy leaves permissions to IAM, and
// returns its ARN.
func (w *World) NewKey() string {
	w.t.Helper()
	out, err := kms.NewFromConfig(w.Config()).CreateKey(w.t.Context(), &kms.CreateKeyInput{})
	w.Must(err)
	return *out.KeyMetadata.Arn
}
