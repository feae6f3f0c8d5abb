package provider

import (
	"errors"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// addProblems turns problems into diagnostics on the attributes at fault.
func addProblems(diags *diag.Diagnostics, problems []rotation.Problem) {
	for _, p := range problems {
		diags.Append(diagnosticOf(p))
	}
}

func diagnosticOf(p rotation.Problem) diag.Diagnostic {
	summary := p.Summary
	if p.Code != "" {
		summary += " (" + string(p.Code) + ")"
	}
	if strings.Contains(p.Attribute, ".") {
		// The CLI points to the resource as a whole for an attribute of an object.
		p.Detail = "`" + p.Attribute + "`: " + p.Detail
	}
	switch {
	case p.Warning && p.Attribute != "":
		return diag.NewAttributeWarningDiagnostic(attributePath(p.Attribute), summary, p.Detail)
	case p.Warning:
		return diag.NewWarningDiagnostic(summary, p.Detail)
	case p.Attribute != "":
		return diag.NewAttributeErrorDiagnostic(attributePath(p.Attribute), summary, p.Detail)
	}
	return diag.NewErrorDiagnostic(summary, p.Detail)
}

// addError adds an error of the workflow or of the connection; nil adds none.
func addError(diags *diag.Diagnostics, err error) {
	if err == nil {
		return
	}
	if all, ok := errors.AsType[rotation.Problems](err); ok {
		addProblems(diags, all)
		return
	}
	if p, ok := errors.AsType[*rotation.Problem](err); ok {
		diags.Append(diagnosticOf(*p))
		return
	}
	if c, ok := errors.AsType[*awsapi.ConfigError](err); ok {
		detail := c.Detail
		if c.Attribute != "" {
			detail += "\n\nThis is about `" + c.Attribute + "` of the provider \"rotation\"."
		}
		diags.AddError(c.Summary, detail)
		return
	}
	diags.AddError("Unable to complete the operation", sentence(err.Error()))
}

// attributePath reads a dotted attribute name. What follows `connection_fields`, which is a
// map, is one key.
func attributePath(dotted string) path.Path {
	if key, ok := strings.CutPrefix(dotted, "connection_fields."); ok {
		return path.Root("connection_fields").AtMapKey(key)
	}
	names := strings.Split(dotted, ".")
	p := path.Root(names[0])
	for _, name := range names[1:] {
		p = p.AtName(name)
	}
	return p
}

// problemOf makes a problem of a finding on an attribute. With preflight =
// "warn" nothing is worse than a warning.
func problemOf(f findings.Finding, attribute, level string) rotation.Problem {
	p := rotation.Of(f, attribute)
	p.Warning = p.Warning || level == preflightWarn
	return p
}

// configured reports whether the provider is; at apply it always should be.
func (s *session) configured(diags *diag.Diagnostics) bool {
	if s == nil {
		diags.AddError("Provider is not configured", "The provider block still depends on values that are not known. Apply the resources that those come from first, for example with -target.")
		return false
	}
	return true
}

func asProblem(err error) (rotation.Problem, bool) {
	p, ok := errors.AsType[*rotation.Problem](err)
	if !ok {
		return rotation.Problem{}, false
	}
	return *p, true
}
