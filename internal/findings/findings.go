// Package findings says what is wrong with a rotation: facts in, findings out. One engine serves the checks before a rotation, the
// explanation of one that failed, and the functions that check a value or a schedule.
//
// No finding contains text of a secret. It names expected fields, positions and codes, never a value, the name of an unexpected field,
// a length or a hash. What AWS's services say of a database, such as its identifier, is not text of a secret, even where the secret's
// host begins with it.
//
// The cases follow https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html.
package findings

import (
	"fmt"
	"slices"
	"strings"
)

// Severity says how bad a finding is.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // rotation will fail, or has failed
	Warning Severity = "warning" // rotation may fail
	Info    Severity = "info"    // something could not be determined
)

// Finding is one thing that is wrong.
type Finding struct {
	Code      Code
	Severity  Severity
	Summary   string // what is wrong, without a full stop
	Detail    string // what was found and why it matters, full sentences
	Remedy    string // what to do, full sentences
	Reference string // address of AWS's page on it
	Argument  string // the argument of the configuration that is to blame, a rotation rule or "superuser_secret_arn"; may be empty
	Field     string // the field of the secret's value that is to blame, by the name that the type has for it; may be empty
}

// Stage says when a finding is certain.
type Stage int

// The stages.
const (
	// StagePlan is for what the configuration alone decides, or a fact that no apply changes. An error is one at plan.
	StagePlan Stage = iota
	// StageApply is for what the rest of the plan may still repair. An error is a warning at plan and an error before the first write.
	StageApply
	// StageRotation is for what only a rotation shows.
	StageRotation
)

// New returns a finding with the summary and reference of its code.
func New(code Code, severity Severity, detail, remedy string) Finding {
	entry := codes[code]
	summary := entry.Summary
	if severity == Info && code != RotationInProgress && code != LogUnavailable { // Of these it says what is so.
		summary = "Not determined: whether " + uncapitalized(summary)
	}
	return Finding{Code: code, Severity: severity, Summary: summary, Detail: detail, Remedy: remedy, Reference: entry.Reference}
}

// NotSeen returns the finding for what these credentials may not look at, for lack of the actions given. What is the subject of a
// sentence.
func NotSeen(code Code, what string, actions ...string) Finding {
	quoted := make([]string, len(actions))
	for i, action := range actions {
		quoted[i] = "`" + action + "`"
	}
	return New(code, Info, fmt.Sprintf("%s cannot be seen: these credentials lack %s.", what, enumerate(quoted)),
		fmt.Sprintf("Allow %s, so that this can be checked.", enumerate(quoted)))
}

// uncapitalized is a sentence for the middle of another one.
func uncapitalized(sentence string) string {
	first, _, _ := strings.Cut(sentence, " ")
	switch first {
	case "The", "A", "An", "Another", "No", "Exactly", "Passwords", "Rotation":
		return strings.ToLower(first[:1]) + sentence[1:]
	}
	return sentence
}

// Stage returns when findings of the code are certain.
func (c Code) Stage() Stage { return codes[c].Stage }

// HasErrors reports whether one of the findings is an error.
func HasErrors(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error })
}

// Sorted returns findings without repetition, the worst first.
func Sorted(found []Finding) []Finding {
	var all []Finding
	for _, severity := range []Severity{Error, Warning, Info} {
		for _, f := range found {
			if f.Severity == severity && !slices.ContainsFunc(all, func(other Finding) bool { return other.Code == f.Code && other.Detail == f.Detail }) {
				all = append(all, f)
			}
		}
	}
	return all
}
