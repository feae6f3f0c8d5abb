package provider

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

var (
	_ resource.Resource                   = (*setupResource)(nil)
	_ resource.ResourceWithConfigure      = (*setupResource)(nil)
	_ resource.ResourceWithIdentity       = (*setupResource)(nil)
	_ resource.ResourceWithImportState    = (*setupResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*setupResource)(nil)
	_ resource.ResourceWithMoveState      = (*setupResource)(nil)
	_ resource.ResourceWithValidateConfig = (*setupResource)(nil)
)

// defaultTimeout leaves room for AWS's own retries of a rotation.
const defaultTimeout = 20 * time.Minute

// The values of access.
const (
	accessManaged  = "managed"
	accessExternal = "external"
)

func newSetupResource() resource.Resource { return &setupResource{} }

type setupResource struct{ *session }

func (r *setupResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_setup"
}

func (r *setupResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.session, _ = req.ProviderData.(*session)
}

func (r *setupResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = secretIdentitySchema("ARN of the secret that rotates.")
}

func (r *setupResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	optional := func(description string, validators ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: validators}
	}
	orComputed := func(description string, validators ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: description, Validators: validators}
	}
	computed := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	flag := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Everything one secret needs to rotate: the policy of the function's execution role, the permission of Secrets Manager to invoke the function, and the rotation configuration, in the order AWS needs them. " +
			"It waits for the first rotation and explains a failure.\n\n" +
			"**Only the create rotates**, and a changed value in `rotate_triggers`. A schedule edit, drift repair, import or `moved` never asks for a rotation. A create that failed or was interrupted is resumed by the next apply and never rotates twice. " +
			"Destroying switches rotation off and removes what the setup wrote, never the secret or its value.",
		Attributes: map[string]schema.Attribute{
			"region": optional("AWS Region. Default: the Region of the secret's ARN, else the provider's.", region),
			"secret_id": schema.StringAttribute{
				Required: true, Validators: []validator.String{secretID},
				MarkdownDescription: "ARN or name of the secret. Changing between the two is no change; another secret replaces the setup.",
			},
			"rotation_lambda_arn":   optional("ARN of the rotation function, may end in `:alias` or `:version`. Changes in place, without a rotation. Leave it out for a secret that an AWS service or a partner rotates.", functionARN),
			"rotation_type":         optional("Rotation type of the function, such as `PostgreSQLSingleUser`. It switches on the checks for that type, of the secret's value, the superuser secret and the function's environment, and gives the execution role what that type needs. "+rotationTypes, rotationType),
			"superuser_secret_arn":  optional("ARN of the secret with the superuser (\"master\") that changes other users' passwords, in the Region of the secret. The execution role is allowed to read it, and, where a service manages it, to look its database up. Required by the rotation types that need one, unless `access = \"external\"`.", secretARN),
			"superuser_kms_key_arn": optional("ARN of the customer managed key of the superuser secret, which the execution role is then allowed to decrypt with. Leave it out for `aws/secretsmanager`.", kmsKeyARN),
			"read_replica":          flag("Whether the secret is for a read replica of the superuser's database, so that the execution role has to be allowed to look it up at RDS. Default: false."),
			"keytab_secret_arns": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: each(secretARN),
				MarkdownDescription: "ARNs of the keytab secrets in the secret's `keytabArns`. The execution role is allowed to rotate them along. Required by `ActiveDirectoryAndKeytabSingleUser`, unless `access = \"external\"`, and refused by all others.",
			},
			"keytab_kms_key_arn": optional("ARN of the customer managed key of the keytab secrets. Leave it out for `aws/secretsmanager`.", kmsKeyARN),
			"rotation_rules": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "When the secret rotates. Required unless `rotation_enabled = false`.",
				Attributes: map[string]schema.Attribute{
					"automatically_after_days": schema.Int64Attribute{Optional: true, MarkdownDescription: "Days between rotations, 1 to 1000. Either this or `schedule_expression`."},
					"schedule_expression":      optional("A `rate()` or `cron()` expression in the grammar of Secrets Manager, UTC, such as `rate(10 days)` or `cron(0 16 1,15 * ? *)`."),
					"duration":                 optional("Length of the rotation window in hours, such as `3h`. Default: 1 hour for a schedule in hours, else until the end of the UTC day."),
				},
			},
			"rotation_enabled": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether the secret rotates. Default: true. `false` switches rotation off, once no rotation is running, and keeps the rest.",
			},
			"access":             optional("`managed` (default): invoke permission and role policy are created, kept and removed here. `external`: they are left to others, such as a [`rotation_function_access`](function_access.md), checked in every plan and before the first write, and never written. `superuser_secret_arn`, keys and keytab secrets then only say what to check; names and `vpc_access` are given where the access is written.", oneOf("access", accessManaged, accessExternal)),
			"role_arn":           orComputed("ARN of the function's execution role. Default: read from the function. Give the role resource's attribute so that a new role is served in the same apply.", roleARN),
			"kms_key_arn":        orComputed("ARN of the customer managed key of the secret. Default: read from the secret. Give the key resource's attribute so that a new key is served in the same apply.", kmsKeyARN),
			"rotate_immediately": flag("Whether the create rotates at once. Default: true, and false for a service-managed secret. Only the create: it does nothing later."),
			"rotate_triggers":    schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Any values. A changed value rotates now, in place, and the plan warns of it. Set for the first time they are only recorded."},
			"wait_for_rotation":  flag("Whether the apply waits for the outcome of a rotation that it started, and fails with the function's log if it failed for good or three times. Default: true."),
			"preflight":          optional("What the checks at plan and before the first write do: `error`, `warn` or `off`. The guide [Findings](../guides/findings.md) has all of them. A setup that does not change is not checked again, but for what others have to allow with `access = \"external\"`: the data source `rotation_diagnosis` is for that. Default: the provider's `preflight`, else `error`.", oneOf("preflight", preflightError, preflightWarn, preflightOff)),
			"check_secret_value": flag("Whether the secret's value, the one before it and that of the superuser secret may be read, to check their format and to mask them in the function's log lines. They never leave the provider. Default: the provider's `check_secret_value`, else true."),
			"statement_id":       orComputed("Statement ID of the invoke permission. Default: derived from the secret's ARN.", statementID),
			"role_policy_name":   orComputed("Name of the inline policy on the execution role. Default: derived from the secret's ARN.", rolePolicyName),
			"vpc_access": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether the role policy has what Lambda needs to connect the function to its VPC. Default: true if the function is in a VPC and no other policy lets its role connect it, as the create finds them.",
			},
			"external_secret_rotation_role_arn": optional("ARN of the role with which Secrets Manager rotates a managed external secret.", roleARN),
			"external_secret_rotation_metadata": externalMetadataAttribute(),
			"secret_arn":                        computed("ARN of the secret."),
			"role_name":                         computed("Name of the role that holds the role policy."),
			"role_policy":                       computed("The role policy as AWS has it, JSON. Its first statement names the setup that wrote it."),
			"invoke_permission":                 computed("The statement in the function's policy as AWS has it, JSON."),
			"owning_service":                    computed("The service that manages the secret, such as `rds`."),
			"superuser_owning_service":          computed("The service that manages the superuser secret, such as `rds`, if the permissions of the rotation type depend on it."),
			"previous_rotation_rules":           previousRulesAttribute(),
			"unfinished_version_id":             computed("Version of a rotation that this setup started and whose outcome is open. The next apply waits for it and starts no other."),
		},
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.Block(ctx, timeouts.Opts{
				Create: true, CreateDescription: "How long to wait for the first rotation, such as `30m`. Default: 20 minutes.",
				Update: true, UpdateDescription: "How long to wait for a running rotation and for one that `rotate_triggers` started. Default: 20 minutes.",
				Delete: true, DeleteDescription: "How long to wait for a running rotation. One that may still finish is never cancelled. Default: 20 minutes.",
			}),
		},
	}
}

func externalMetadataAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional: true, MarkdownDescription: "Metadata of a managed external secret.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"key":   schema.StringAttribute{Required: true, Validators: []validator.String{stringvalidator.LengthBetween(1, 256)}, MarkdownDescription: "Name, 1 to 256 characters."},
			"value": schema.StringAttribute{Required: true, Validators: []validator.String{stringvalidator.LengthBetween(1, 2048)}, MarkdownDescription: "Value, 1 to 2048 characters."},
		}},
	}
}

func previousRulesAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Computed: true, MarkdownDescription: "Rules that a service-managed secret had before. It gets them back when the setup is destroyed.",
		Attributes: map[string]schema.Attribute{
			"automatically_after_days": schema.Int64Attribute{Computed: true, MarkdownDescription: "Days between rotations."},
			"schedule_expression":      schema.StringAttribute{Computed: true, MarkdownDescription: "A `rate()` or `cron()` expression."},
			"duration":                 schema.StringAttribute{Computed: true, MarkdownDescription: "Length of the rotation window."},
		},
	}
}

func (r *setupResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan setupModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	timeout, diags := plan.Timeouts.Create(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	want := r.want(ctx, plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	want.PlannedRolePolicy = plan.RolePolicy.ValueString()
	object, warnings, err := r.rotation.Create(ctx, want, timeout)
	addProblems(&resp.Diagnostics, warnings)
	addError(&resp.Diagnostics, err)
	if object == nil {
		return
	}
	planned := plan
	plan.record(*object)
	if !planned.KMSKeyARN.IsUnknown() {
		// Terraform would taint the setup if it changed this instant; the next read
		// shows it.
		plan.KMSKeyARN = planned.KMSKeyARN
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *setupResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state setupModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.session == nil { // While the provider block is not known, the state stays as it was.
		resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
		return
	}
	want := r.want(ctx, state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	object, err := r.rotation.Read(ctx, want, state.object(ctx))
	if errors.Is(err, rotation.ErrGone) {
		resp.State.RemoveResource(ctx)
		r.lost(state.SecretARN.ValueString())
		// The framework insists on an identity even now, and a CLI that knows no
		// identities has given none.
		resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
		return
	}
	if addError(&resp.Diagnostics, err); err != nil {
		return
	}
	r.refreshed.Store(object.SecretARN, true)
	state.record(*object)
	state.observe(*object)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
}

func (r *setupResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state setupModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	if !plan.names(state.SecretARN.ValueString()) {
		resp.Diagnostics.AddAttributeError(path.Root("secret_id"), "Setup is for another secret",
			"Only now did it become known that `secret_id` names another secret than the one that this setup is for ("+state.SecretARN.ValueString()+"). "+
				"Nothing was changed. Apply again to replace the setup: a plan with refresh shows the replacement.")
		return
	}
	timeout, diags := plan.Timeouts.Update(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	want := r.want(ctx, plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	want.CheckAccess = want.Check && !want.Managed
	want.Check = want.Check && plan.checkedAfter(state)
	object, warnings, err := r.rotation.Update(ctx, want, state.object(ctx), triggered(plan, state), timeout)
	addProblems(&resp.Diagnostics, warnings)
	addError(&resp.Diagnostics, err)
	if object == nil {
		return
	}
	plan.record(*object)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *setupResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state setupModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	timeout, diags := state.Timeouts.Delete(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	want := r.want(ctx, state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	warnings, err := r.rotation.Delete(ctx, want, state.object(ctx), timeout)
	addProblems(&resp.Diagnostics, warnings)
	addError(&resp.Diagnostics, err)
}

func (r *setupResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importBySecret(ctx, "rotation_setup", req, resp)
}
