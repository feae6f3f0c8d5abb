package provider

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// MoveState takes over an aws_secretsmanager_secret_rotation of hashicorp/aws,
// from either registry. Nothing is written: the read that follows finds what
// AWS has, and the plan adds what is missing.
func (r *setupResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		if req.SourceTypeName != "aws_secretsmanager_secret_rotation" || !strings.HasSuffix(req.SourceProviderAddress, "/hashicorp/aws") || req.SourceRawState == nil {
			return
		}
		var source struct {
			SecretID string `json:"secret_id"`
			ID       string `json:"id"`
		}
		if json.Unmarshal(req.SourceRawState.JSON, &source) != nil {
			resp.Diagnostics.AddError("Unable to move the resource", "The state of the aws_secretsmanager_secret_rotation can't be read. Import the setup by the ARN of its secret instead.")
			return
		}
		secret := source.ID
		if secretARN.wrong(secret) != "" {
			secret = source.SecretID
		}
		if secretARN.wrong(secret) != "" {
			resp.Diagnostics.AddError("Unable to move the resource", "The state of the aws_secretsmanager_secret_rotation holds no full secret ARN. Import the setup by the ARN of its secret instead.")
			return
		}
		resp.Diagnostics.Append(adopt(ctx, secret, &resp.TargetState)...)
		if resp.TargetIdentity != nil {
			resp.Diagnostics.Append(resp.TargetIdentity.Set(ctx, secretIdentity{types.StringValue(secret)})...)
		}
	}}}
}
