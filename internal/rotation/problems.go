package rotation

import (
	"errors"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

// Problem is something that a user has to know or mend: an error, or a
// warning. It never carries a secret value.
type Problem struct {
	// Attribute is the argument at fault in dotted form, such as
	// rotation_rules.duration; empty for the setup as a whole.
	Attribute string
	// Code is the finding's stable code, empty for a failed call.
	Code            string
	Summary, Detail string
	Warning         bool
	cause           error
}

func (p *Problem) Error() string { return p.Summary + ": " + p.Detail }
func (p *Problem) Unwrap() error { return p.cause }

// failed makes a problem of a call that AWS did not carry out.
func failed(attribute, doing, advice string, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	detail := awsapi.Explain(err)
	if advice != "" {
		detail = advice + "\n\n" + detail
	}
	return &Problem{Attribute: attribute, Summary: "Unable to " + doing, Detail: detail, cause: err}
}

// found makes a problem of a finding.
func found(attribute, code, summary string, detail ...string) *Problem {
	return &Problem{Attribute: attribute, Code: code, Summary: summary, Detail: strings.Join(detail, "\n\n")}
}

// ErrGone says that nothing of a setup is left in AWS.
var ErrGone = errors.New("the setup is gone")
