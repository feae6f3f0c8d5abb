package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

var (
	_ resource.Resource                   = (*secretValueResource)(nil)
	_ resource.ResourceWithConfigure      = (*secretValueResource)(nil)
	_ resource.ResourceWithIdentity       = (*secretValueResource)(nil)
	_ resource.ResourceWithImportState    = (*secretValueResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*secretValueResource)(nil)
	_ resource.ResourceWithValidateConfig = (*secretValueResource)(nil)
)

func newSecretValueResource() resource.Resource { return &secretValueResource{} }

type secretValueResource struct{ *session }

func (r *secretValueResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_secret_value"
}

func (r *secretValueResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.session, _ = req.ProviderData.(*session)
}

func (r *secretValueResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = secretIdentitySchema("ARN of the secret whose value it is.")
}

func (r *secretValueResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	password := map[string]schema.Attribute{
		"contexts":           schema.SetAttribute{Optional: true, ElementType: types.StringType, Validators: each(passwordContext), MarkdownDescription: passwordContexts},
		"password_length":    schema.Int64Attribute{Optional: true, MarkdownDescription: passwordLength},
		"exclude_characters": schema.StringAttribute{Optional: true, MarkdownDescription: passwordExclude},
	}
	for name, description := range passwordFlags {
		password[name] = schema.BoolAttribute{Optional: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The value of a secret that rotates: the first one in the format that the rotation function reads, and later only what rotation does not own.\n\n" +
			"**It tracks the secret, not a version.** A value is stored only while the secret has none. After any number of rotations, of moved labels, of values stored by hand or of versions that AWS has cleaned up there is no diff, and no rotated value is ever written over, unless you ask for it with `password_wo_version`. " +
			"No password is in state, plan, log or message. To have `connection_fields` written again after somebody has stored a value without them, replace the resource (`-replace`): that finds them as `unmerged_keys`, and the apply after it merges them.\n\n" +
			"**A changed `connection_fields`** is merged into the current value: password and all other fields stay as they are, to the byte. The new value is stored under a staging label that nobody reads (`TERRAFORM_ROTATION_EDIT`), and AWSCURRENT is moved to it only from the version that was read. " +
			"While a rotation runs, or its window is open, the change is refused: apply again later. (Of a rotation by days or `rate()` that is overdue nobody knows when AWS tries again. The change is then made, with a warning.) No change starts a rotation. To keep the rest of the value the apply reads it, also with `check_secret_value = false`, which keeps the plan from reading it.\n\n" +
			"What is left is a rotation that begins in the instant between the last look at the secret and the move of the label, which no call to Secrets Manager can exclude. It can find its label moved and then fails, " +
			"and while the database has the new password already AWSCURRENT has the one before, until Secrets Manager tries again. If the host is what changed, AWSCURRENT keeps working and the rotation function can refuse its own pending version for good, until the label AWSPENDING is dropped: the apply says how. " +
			"The apply waits for such a rotation, and makes the change again if it was lost. Do not start rotations by hand while you apply a change.\n\n" +
			"**Destroying it leaves the secret and its value as they are.** Nothing is called.\n\n" +
			"`password_wo` needs Terraform 1.11, OpenTofu 1.11 or later; `generate_password` needs neither.",
		Attributes: map[string]schema.Attribute{
			"region": schema.StringAttribute{Optional: true, MarkdownDescription: "AWS Region. Default: the Region of the secret's ARN, else the provider's.", Validators: []validator.String{region}},
			"secret_id": schema.StringAttribute{
				Required: true, Validators: []validator.String{secretID},
				MarkdownDescription: "ARN or name of the secret. Changing between the two is no change; another secret replaces this resource, which leaves the value of the one before as it is.",
			},
			"rotation_type": schema.StringAttribute{
				Required: true, Validators: []validator.String{rotationType},
				MarkdownDescription: "Rotation type of the secret: the format of the value. For `Custom`, whose format is not known, the value is the bare password or, with fields in `connection_fields`, a JSON object of texts with the password in `password`. " + rotationTypes,
			},
			"connection_fields": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Fields of the value other than the password, by the names that the rotation type has for them: `host`, `port`, `dbname`, `username`, `masterarn` and so on, and any others that applications read. The data source [`rotation_secret_schema`](../data-sources/secret_schema.md) lists them. " +
					"Numbers and truth values are written as the type has them; a list is given as JSON, with `jsonencode([...])`. `engine` and defaults come from the type. `masterarn` is written where the type reads the superuser secret. " +
					"What says whose credential it is (`username`, `engine` and the like) belongs to the first value, and a later change of it is refused. A key that is removed here stays in the value. Functions whose environment gives fields other names (`DICT_KEY_...` of the Active Directory types) are not known here. It is stored in the state: no secret belongs here.",
			},
			"password_wo": schema.StringAttribute{
				Optional: true, WriteOnly: true, Sensitive: true,
				MarkdownDescription: "Password of the first value, which the user has in the database already (for `InfluxDBMultiUser` the token). It is written only then, and when `password_wo_version` changes. Either this or `generate_password`; neither where the value is only taken over, and where the service makes the credential (`InfluxDBMultiUser`, `ElastiCacheUser`).",
			},
			"password_wo_version": schema.NumberAttribute{
				Optional: true,
				MarkdownDescription: "Any number. Changing it to another one writes `password_wo` into the current value again, whatever rotation has made of it: it is for the repair of a secret that lost its password, and the plan warns of it. An apply that is killed after it has written leaves the version as it was, so that the next one writes again. " +
					"From null to a number, as after an import, writes nothing.",
			},
			"generate_password": schema.SingleNestedAttribute{
				Optional: true, Attributes: password,
				MarkdownDescription: "Has Secrets Manager generate the password of the first value as the rotation function would: with its length, and without the characters that the type and its engine refuse. `{}` takes all defaults. " +
					"The password never leaves the provider; what creates the user reads it from the secret. Later changes of this argument do nothing.",
			},
			"secret_arn": schema.StringAttribute{Computed: true, MarkdownDescription: "ARN of the secret. Give it to the setup as its `secret_id`, so that the first value is there before the first rotation."},
			"unmerged_keys": schema.SetAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Keys of `connection_fields` that the value had otherwise when this resource was created and adopted it, that could not be compared then for lack of `secretsmanager:GetSecretValue`, without which the next apply fails, or that a rotation at the same moment may have replaced. The next apply merges them. Null otherwise.",
			},
		},
	}
}

// ValidateConfig checks what the configuration alone decides, of that which is known.
func (r *secretValueResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config secretValueModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	secretRegion(config.SecretID, config.Region, &resp.Diagnostics)
	wrong := func(attribute, summary, detail string) {
		resp.Diagnostics.AddAttributeError(path.Root(attribute), summary, detail)
	}
	switch {
	case !config.PasswordWO.IsNull() && !config.GeneratePassword.IsNull():
		wrong("generate_password", "Invalid argument", "A first value has one password: give it in `password_wo` or have it generated, not both.")
	case !config.PasswordWO.IsUnknown() && !config.PasswordWO.IsNull() && config.PasswordWO.ValueString() == "":
		wrong("password_wo", "Invalid password", "The password is empty.")
	case !config.PasswordWOVersion.IsNull() && config.PasswordWO.IsNull():
		wrong("password_wo_version", "Invalid argument", "`password_wo_version` says when to write `password_wo`, which is not set.")
	}
	for key, value := range config.Connection.Elements() {
		at := path.Root("connection_fields").AtMapKey(key)
		switch {
		case key == "":
			resp.Diagnostics.AddAttributeError(path.Root("connection_fields"), "Invalid connection field", "A field has a name.")
		case value.IsNull():
			resp.Diagnostics.AddAttributeError(at, "Invalid connection field", "`connection_fields."+key+"`: The field is null. Leave a field without a value out, with `{ for k, v in ... : k => v if v != null }` for example.")
		}
	}
	t, ok := catalog.Lookup(config.RotationType.ValueString())
	if !ok {
		return
	}
	if generate, err := config.GeneratePassword.ToTerraformValue(ctx); err == nil && generate.IsFullyKnown() && !generate.IsNull() {
		if _, generates := t.Credential(); generates && t.Password == nil {
			wrong("generate_password", "Invalid argument", "The service makes the credential of "+t.Name+" itself. Remove `generate_password`.")
		} else {
			config.value(ctx, &resp.Diagnostics)
		}
	}
	problems := config.misplaced(t)
	if len(problems) == 0 {
		for _, p := range config.firstValue(t, false) {
			if !p.Warning {
				problems = append(problems, p)
			}
		}
	}
	addProblems(&resp.Diagnostics, problems)
}

func (r *secretValueResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config secretValueModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	stored, warnings, err := r.rotation.CreateValue(ctx, config.value(ctx, &resp.Diagnostics))
	addProblems(&resp.Diagnostics, warnings)
	addError(&resp.Diagnostics, err)
	if stored == nil || resp.Diagnostics.HasError() {
		return
	}
	plan.record(*stored)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

func (r *secretValueResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state secretValueModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if r.session != nil { // While the provider block is not known, the state stays as it was.
		err := r.rotation.ReadValue(ctx, state.SecretARN.ValueString())
		switch imported := state.RotationType.IsNull(); {
		case errors.Is(err, rotation.ErrNoValue) && imported:
			resp.Diagnostics.AddError("Secret has no value", "The secret "+state.SecretARN.ValueString()+" is there and has no value to import. Leave the import out: the create stores the first value.")
			return
		case errors.Is(err, rotation.ErrGone):
			resp.State.RemoveResource(ctx)
			r.lost(state.SecretARN.ValueString())
		case err != nil:
			addError(&resp.Diagnostics, err)
			return
		}
		r.readValues.Store(state.SecretARN.ValueString(), true)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
}

func (r *secretValueResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, config, state secretValueModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	secretARN := state.SecretARN.ValueString()
	if !plan.names(secretARN) {
		resp.Diagnostics.AddAttributeError(path.Root("secret_id"), "Value is of another secret",
			"Only now did it become known that `secret_id` names another secret than the one whose value this is ("+secretARN+"). "+
				"Nothing was changed. Apply again to replace the resource: a plan with refresh shows the replacement.")
		return
	}
	if config.checkFixed(state, &resp.Diagnostics); resp.Diagnostics.HasError() {
		return // What was not known at plan.
	}
	stored := &rotation.StoredValue{SecretARN: secretARN}
	changes, nothing := config.changes(ctx, state, &resp.Diagnostics)
	if config.rewrites(state) && changes.Password == "" {
		resp.Diagnostics.AddAttributeError(path.Root("password_wo"), "Missing password", "`password_wo_version` has changed, and there is no password to write.")
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if !nothing {
		var warnings []rotation.Problem
		var err error
		stored, warnings, err = r.rotation.UpdateValue(ctx, secretARN, changes)
		addProblems(&resp.Diagnostics, warnings)
		addError(&resp.Diagnostics, err)
	}
	if stored == nil { // Nothing was written.
		return
	}
	plan.record(*stored)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// Delete leaves the secret and its value to whom they belong.
func (r *secretValueResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}

func (r *secretValueResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importBySecret(ctx, "rotation_secret_value", req, resp)
}
