package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// findingModel is a finding as functions and data sources give it to a
// configuration.
type findingModel struct {
	Code      string `tfsdk:"code"`
	Severity  string `tfsdk:"severity"`
	Summary   string `tfsdk:"summary"`
	Detail    string `tfsdk:"detail"`
	Remedy    string `tfsdk:"remedy"`
	Reference string `tfsdk:"reference"`
}

// findingAttributes describe a finding. Functions take their type and their
// documentation from here, data sources the attributes themselves.
func findingAttributes() attributes {
	return attributes{
		"code":      computedString("Stable name of the problem, such as `secret-key-missing`."),
		"severity":  computedString("`error`: rotation will fail. `warning`: it may. `info`: something could not be determined."),
		"summary":   computedString("What is wrong, in a few words."),
		"detail":    computedString("What was found, and why it matters."),
		"remedy":    computedString("What to do."),
		"reference": computedString("Address of the AWS page on it."),
	}
}

func findingType() attr.Type {
	return schema.NestedAttributeObject{Attributes: findingAttributes()}.Type()
}

// findingModels converts findings. Without any the list is empty, not null.
func findingModels(found []findings.Finding) []findingModel {
	models := make([]findingModel, len(found))
	for i, f := range found {
		models[i] = findingModel{string(f.Code), string(f.Severity), f.Summary, f.Detail, f.Remedy, f.Reference}
	}
	return models
}
