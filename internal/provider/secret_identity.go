package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// secretIdentity is the identity of what a secret has one of.
type secretIdentity struct {
	SecretARN types.String `tfsdk:"secret_arn"`
}

func secretIdentitySchema(description string) identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"secret_arn": identityschema.StringAttribute{RequiredForImport: true, Description: description},
	}}
}

// importBySecret imports a resource by the ARN of its secret, given as ID or identity.
func importBySecret(ctx context.Context, name string, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := req.ID
	if id == "" && req.Identity != nil {
		var identity secretIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		id = identity.SecretARN.ValueString()
	}
	if wrong := secretARN.wrong(id); wrong != "" {
		resp.Diagnostics.AddError("Invalid import ID", "A "+name+" is imported by the full ARN of its secret. "+wrong)
		return
	}
	resp.Diagnostics.Append(adopt(ctx, id, &resp.State)...)
	if resp.Identity != nil {
		resp.Diagnostics.Append(resp.Identity.Set(ctx, secretIdentity{types.StringValue(id)})...)
	}
}

// adopt is the state of an import: the secret, and nulls. The read that
// follows fills in what AWS shows.
func adopt(ctx context.Context, secretARN string, state *tfsdk.State) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, name := range []string{"secret_arn", "secret_id"} {
		diags.Append(state.SetAttribute(ctx, path.Root(name), secretARN)...)
	}
	return diags
}
