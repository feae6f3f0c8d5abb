package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

var (
	_ resource.Resource                   = (*functionAccessResource)(nil)
	_ resource.ResourceWithConfigure      = (*functionAccessResource)(nil)
	_ resource.ResourceWithIdentity       = (*functionAccessResource)(nil)
	_ resource.ResourceWithImportState    = (*functionAccessResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*functionAccessResource)(nil)
	_ resource.ResourceWithValidateConfig = (*functionAccessResource)(nil)
)

func newFunctionAccessResource() resource.Resource { return &functionAccessResource{} }

type functionAccessResource struct{ *session }

func (r *functionAccessResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_function_access"
}

func (r *functionAccessResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.session, _ = req.ProviderData.(*session)
}

func (r *functionAccessResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"rotation_lambda_arn": identityschema.StringAttribute{RequiredForImport: true, Description: "ARN of the rotation function, with its qualifier if it has one."},
	}}
}

func (r *functionAccessResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	orComputed := func(description string, validators ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: description, Validators: validators}
	}
	computed := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	set := func(description string, validators []validator.Set) schema.SetAttribute {
		return schema.SetAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description, Validators: validators}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Everything one rotation function needs to rotate any number of secrets: one statement that lets Secrets Manager invoke it for the secrets of its account, and one policy of its execution role for the secrets that are configured to rotate with it. " +
			"Both have the same size for one secret and for five thousand, where a role has room for some dozens of policies and a function for some dozens of statements, one for each secret.\n\n" +
			"The setups of these secrets then say `access = \"external\"` and, so that they come after it, `rotation_lambda_arn = rotation_function_access.NAME.rotation_lambda_arn`. " +
			"Use `access = \"managed\"` and no function access where each secret should have a permission of its own: the statement here is limited to the account, and which secrets the role may use is decided by what each is configured to rotate with.\n\n" +
			"A function has one function access, and so has each of its versions and aliases that secrets rotate with. Destroying it removes the statement and the policy, and secrets that still rotate with the function then fail to. Terraform destroys setups that refer to it first. " +
			"Where setups are to follow to another function or to `access = \"managed\"`, `lifecycle { create_before_destroy = true }` on the function access lets them do so before it goes; without it there is a gap in which no secret can rotate. " +
			"(Terraform then replaces what the function access depends on in that order, too: a function that is replaced needs another name.)",
		Attributes: map[string]schema.Attribute{
			"region": schema.StringAttribute{Optional: true, MarkdownDescription: "AWS Region. Default: the Region of the function's ARN.", Validators: []validator.String{region}},
			"rotation_lambda_arn": schema.StringAttribute{
				Required: true, Validators: []validator.String{functionARN},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				MarkdownDescription: "ARN of the rotation function, may end in `:alias` or `:version`: Secrets Manager may then invoke that one, and the role policy is for secrets that rotate with the function or any of its versions and aliases. Another function replaces the access.",
			},
			"rotation_types": schema.SetAttribute{
				Required: true, ElementType: types.StringType, Validators: append(each(rotationType), setvalidator.SizeAtLeast(1)),
				MarkdownDescription: "Rotation types of the setups that use the function; usually one. They say what the role is allowed. " + rotationTypes,
			},
			"superuser_secret_arns":  set("ARNs of the superuser (\"master\") secrets that the function logs in with. The role is allowed to read them, and, where a service manages one, to look its database up. Required if one of the rotation types needs one.", each(secretARN)),
			"superuser_kms_key_arns": set("ARNs of the customer managed keys of the superuser secrets, which the role is then allowed to decrypt these secrets with. Leave out `aws/secretsmanager` and, for secrets of the function's account, keys that `kms_key_arns` has.", each(kmsKeyARN)),
			"kms_key_arns":           set("ARNs of the customer managed keys of the secrets and the keytab secrets. The role is allowed to use them through Secrets Manager, for secrets of the function's account. Leave out `aws/secretsmanager`.", each(kmsKeyARN)),
			"keytab_secret_arns":     set("ARNs of the keytab secrets that the secrets list in `keytabArns`. Required by `ActiveDirectoryAndKeytabSingleUser`, and refused by all others.", each(secretARN)),
			"read_replica":           schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether some of the secrets are for read replicas of the superuser's database, so that the role has to be allowed to look them up at RDS. Default: false."},
			"role_arn":               orComputed("ARN of the function's execution role. Default: read from the function. Give the role resource's attribute so that a new role is served in the same apply.", roleARN),
			"vpc_access": schema.BoolAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Whether the role policy has what Lambda needs to connect the function to its VPC. Default: true if the function is in a VPC and no other policy lets its role connect it, as the create finds them.",
			},
			"statement_id":     orComputed("Statement ID of the invoke permission. Default: derived from the function's ARN.", statementID),
			"role_policy_name": orComputed("Name of the inline policy on the execution role. Default: derived from the function's ARN.", rolePolicyName),
			"preflight": schema.StringAttribute{
				Optional: true, Validators: []validator.String{oneOf("preflight", preflightError, preflightWarn, preflightOff)},
				MarkdownDescription: "What the checks at plan and before the first write do: `error`, `warn` or `off`. Default: the provider's `preflight`, else `error`.",
			},
			"role_name":         computed("Name of the role that holds the role policy."),
			"role_policy":       computed("The role policy as AWS has it, JSON. Its first statement names the function access that wrote it."),
			"invoke_permission": computed("The statement in the function's policy as AWS has it, JSON."),
			"superuser_owning_services": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The services that manage superuser secrets, such as `rds`, by ARN of the secret.",
			},
		},
	}
}

func (r *functionAccessResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan functionAccessModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	want := r.want(ctx, plan)
	want.PlannedRolePolicy = plan.RolePolicy.ValueString()
	object, warnings, err := r.rotation.CreateAccess(ctx, want, defaultTimeout)
	addProblems(&resp.Diagnostics, warnings)
	addError(&resp.Diagnostics, err)
	if object == nil {
		return
	}
	plan.record(*object)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *functionAccessResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state functionAccessModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	// The framework insists on an identity, also of a state that stays as it was and
	// of one that is gone; a CLI that knows no identities has given none.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if resp.Diagnostics.HasError() || r.session == nil { // While the provider block is not known, the state stays as it was.
		return
	}
	want := r.want(ctx, state)
	object, err := r.rotation.ReadAccess(ctx, want, state.object(ctx))
	if errors.Is(err, rotation.ErrGone) {
		resp.State.RemoveResource(ctx)
		return
	}
	if addError(&resp.Diagnostics, err); err != nil {
		return
	}
	r.refreshed.Store(object.FunctionARN, true)
	state.record(*object)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *functionAccessResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state functionAccessModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	want := r.want(ctx, plan)
	object, warnings, err := r.rotation.UpdateAccess(ctx, want, state.object(ctx), defaultTimeout)
	addProblems(&resp.Diagnostics, warnings)
	addError(&resp.Diagnostics, err)
	if object == nil {
		return
	}
	plan.record(*object)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *functionAccessResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state functionAccessModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	addError(&resp.Diagnostics, r.rotation.DeleteAccess(ctx, state.object(ctx), defaultTimeout))
}

func (r *functionAccessResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := req.ID
	if id == "" && req.Identity != nil {
		var identity functionAccessIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		id = identity.RotationLambdaARN.ValueString()
	}
	if wrong := functionARN.wrong(id); wrong != "" {
		resp.Diagnostics.AddError("Invalid import ID", "A rotation_function_access is imported by the ARN of its function, with the qualifier if it has one. "+wrong)
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("rotation_lambda_arn"), id)...)
	if resp.Identity != nil {
		resp.Diagnostics.Append(resp.Identity.Set(ctx, functionAccessIdentity{types.StringValue(id)})...)
	}
}
