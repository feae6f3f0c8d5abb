package provider

import (
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// rotationDataModel is what all data sources on the rotation of a secret have.
type rotationDataModel struct {
	Region           types.String `tfsdk:"region"`
	SecretID         types.String `tfsdk:"secret_id"`
	SecretARN        types.String `tfsdk:"secret_arn"`
	RotationEnabled  types.Bool   `tfsdk:"rotation_enabled"`
	DeletedDate      types.String `tfsdk:"deleted_date"`
	LastRotatedDate  types.String `tfsdk:"last_rotated_date"`
	NextRotationDate types.String `tfsdk:"next_rotation_date"`
	Overdue          types.Bool   `tfsdk:"overdue"`
}

// withRotationData adds the attributes of the model to those of a data source.
func withRotationData(more attributes) attributes {
	maps.Copy(more, attributes{
		"region":             schema.StringAttribute{Optional: true, Validators: []validator.String{region}, MarkdownDescription: "AWS Region. Default: the Region of the secret's ARN, else the provider's."},
		"secret_id":          schema.StringAttribute{Required: true, Validators: []validator.String{secretID}, MarkdownDescription: "ARN or name of the secret."},
		"secret_arn":         computedString("ARN of the secret."),
		"rotation_enabled":   computedFlag("Whether rotation is on. False if it was switched off, and if it was never configured."),
		"deleted_date":       computedString("The date that AWS gives for the deletion of the secret. Null if it is not scheduled for that; one that is does not rotate, whatever else is said of it."),
		"last_rotated_date":  computedString("When the secret last rotated. Null if it never has."),
		"next_rotation_date": computedString("The time until which the secret is to rotate next, the last second of the rotation window. Null if rotation is off."),
		"overdue":            computedFlag("Whether rotation is on and `next_rotation_date` is over: the secret was to rotate by then and has not. A rotation that has begun in its window has its time."),
	})
	return more
}

func (m *rotationDataModel) record(s rotation.Status) {
	m.SecretARN = types.StringValue(s.SecretARN)
	m.RotationEnabled = types.BoolValue(s.Enabled != nil && *s.Enabled)
	m.DeletedDate = dateOrNull(s.Deleted)
	m.LastRotatedDate, m.NextRotationDate = dateOrNull(s.LastRotated), dateOrNull(s.NextRotation)
	m.Overdue = types.BoolValue(s.Overdue)
}

// readable reports whether AWS can be asked. Terraform reads a data source at
// plan unless something is unknown that it depends on, and a provider block is
// not among that.
func (s *session) readable(diags *diag.Diagnostics) bool {
	if s == nil {
		diags.AddError("Provider is not configured", "The provider block still depends on values that are not known, and this data source is read during the plan. "+
			"Let it `depends_on` the resources that those come from, so that it is read during the apply, or apply those first, for example with -target.")
		return false
	}
	return true
}

// dateOrNull is a time in RFC 3339, UTC, and null for the zero time.
func dateOrNull(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}
