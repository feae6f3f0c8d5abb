// Package iampolicy builds, reads, compares and evaluates IAM policy documents: the role policy and the invoke permission that a
// rotation needs, and the question whether given policies allow a request.
//
// It knows nothing of AWS clients or Terraform. The embedded AWS enforces permissions with it and the checks explain them with it, so
// that both have one opinion.
//
// Policy language: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html.
package iampolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	awspolicy "github.com/hashicorp/awspolicyequivalence"
)

const (
	// Version is the version of the policy language that everything here is written in.
	Version = "2012-10-17"

	// MaxRolePolicyCharacters is the limit for all inline policies of a role together, in characters that are not white space
	// (see Size). https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
	MaxRolePolicyCharacters = 10_240

	// MaxFunctionPolicyBytes is the limit for the resource policy of a Lambda function, in bytes.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
	MaxFunctionPolicyBytes = 20 * 1024
)

// Effects of a statement.
const (
	EffectAllow = "Allow"
	EffectDeny  = "Deny"
)

// Document is a policy document.
type Document struct {
	Version    string // "2012-10-17", "2008-10-17" or empty, which means the older
	ID         string
	Statements []Statement
}

// Statement is one statement of a policy document. An absent element is nil, an empty list is not.
type Statement struct {
	Sid           string
	Effect        string              // EffectAllow or EffectDeny
	Principals    map[string][]string // by "AWS", "Service", "Federated" or "CanonicalUser"; {"*": {"*"}} stands for the text "*"
	NotPrincipals map[string][]string
	Actions       []string
	NotActions    []string
	Resources     []string
	NotResources  []string
	Conditions    []Condition // all must hold; a pair of operator and key occurs once
}

// Condition is one operator and key of a Condition element with the values, of which one must match.
type Condition struct {
	Operator string // for example "StringEquals", "ForAnyValue:ArnLike", "BoolIfExists"
	Key      string // for example "aws:SourceAccount"
	Values   []string
}

// Parse reads a policy document. Every element may have its single or its list form. What IAM refuses as malformed is an error that
// names the statement and the element: unknown or repeated elements, wrong JSON types, an element together with its Not form.
// Condition operators are not checked, see Evaluate.
func Parse(document string) (Document, error) {
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	root, err := readValue(d)
	if err == nil {
		if _, trailing := d.Token(); !errors.Is(trailing, io.EOF) {
			err = errors.New("there is text after its end")
		}
	}
	if err != nil {
		return Document{}, fmt.Errorf("the policy document is not valid JSON: %w", err)
	}
	o, ok := root.(object)
	if !ok {
		return Document{}, errors.New("the policy document is not a JSON object")
	}
	doc, err := readDocument(o)
	if err != nil {
		return Document{}, fmt.Errorf("the policy document is malformed: %w", err)
	}
	return doc, nil
}

// JSON returns the document as compact JSON, in AWS's order of elements and with single values as text instead of lists. Lists and
// conditions keep their order, so that equal documents give equal text.
func (d Document) JSON() string {
	var o object
	o.addText("Version", d.Version)
	o.addText("Id", d.ID)
	statements := make([]any, len(d.Statements))
	for i, s := range d.Statements {
		statements[i] = s.object()
	}
	o = append(o, member{"Statement", statements})
	return render(o)
}

// JSON returns the statement alone, written as in Document.JSON.
func (s Statement) JSON() string {
	return render(s.object())
}

// Equivalent reports whether two policy documents say the same, whatever the order, white space and single or list forms. Documents
// that Parse refuses are equivalent to nothing.
func Equivalent(a, b string) bool {
	for _, document := range []string{a, b} {
		if _, err := Parse(document); err != nil {
			return false
		}
	}
	same, err := awspolicy.PoliciesAreEquivalent(a, b)
	return err == nil && same
}

// Size returns the length of a document as IAM counts it against MaxRolePolicyCharacters: in characters, white space left out.
func Size(document string) int {
	n := 0
	for _, r := range document {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}
