package rotation

import (
	"errors"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// Problem is something that a user has to know or mend: an error, or a
// warning. It never carries a secret value.
type Problem struct {
	// Attribute is the argument at fault in dotted form, such as
	// rotation_rules.duration; empty for the setup as a whole.
	Attribute string
	// Code is the finding's stable code, empty for a failed call.
	Code            findings.Code
	Summary, Detail string
	Warning         bool
	// Repairable says that the rest of a plan may still mend the cause, so that
	// an error is one only before the first write.
	Repairable bool
	// OfValue says that the value of the secret or of its superuser secret is to
	// blame, which the same plan may correct without showing it.
	OfValue bool
	cause   error
}

func (p *Problem) Error() string { return p.Summary + ": " + p.Detail }
func (p *Problem) Unwrap() error { return p.cause }

// Problems are the errors for which something is refused, all at once.
type Problems []Problem

func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i := range p {
		texts[i] = p[i].Error()
	}
	return strings.Join(texts, "\n\n")
}

// Unwrap returns the problems one by one.
func (p Problems) Unwrap() []error {
	all := make([]error, len(p))
	for i := range p {
		all[i] = &p[i]
	}
	return all
}

// failed makes a problem of a call that AWS did not carry out.
func failed(attribute, doing, advice string, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if invalid, ok := errors.AsType[*facts.InvalidError](err); ok {
		return wrong(invalid.Attribute, invalid.Summary, invalid.Detail, invalid.Remedy)
	}
	detail := awsapi.Explain(err)
	if advice != "" {
		detail = advice + "\n\n" + detail
	}
	return &Problem{Attribute: attribute, Summary: "Unable to " + doing, Detail: detail, cause: err}
}

// Of makes a problem of a finding that an argument is to blame for.
func Of(f findings.Finding, attribute string) Problem {
	return Problem{
		Attribute: attribute, Code: f.Code, Summary: f.Summary, Warning: f.Severity != findings.Error,
		Detail: paragraphs(f.Detail, f.Remedy), Repairable: f.Code.Stage() == findings.StageApply,
	}
}

// found makes an error of a kind of finding.
func found(attribute string, code findings.Code, detail, remedy string) *Problem {
	return new(Of(findings.New(code, findings.Error, detail, remedy), attribute))
}

// wrong makes an error that is no finding.
func wrong(attribute, summary string, detail ...string) *Problem {
	return &Problem{Attribute: attribute, Summary: summary, Detail: paragraphs(detail...)}
}

func paragraphs(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n\n")
}

// ErrGone says that nothing of a setup is left in AWS.
var ErrGone = errors.New("the setup is gone")
