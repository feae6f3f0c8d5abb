package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

var (
	_ datasource.DataSourceWithConfigure      = (*diagnosisDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*diagnosisDataSource)(nil)
)

func newDiagnosisDataSource() datasource.DataSource { return &diagnosisDataSource{} }

type diagnosisDataSource struct{ *session }

type diagnosisModel struct {
	rotationDataModel
	RotationType       types.String   `tfsdk:"rotation_type"`
	SuperuserSecretARN types.String   `tfsdk:"superuser_secret_arn"`
	SuperuserKMSKeyARN types.String   `tfsdk:"superuser_kms_key_arn"`
	ReadReplica        types.Bool     `tfsdk:"read_replica"`
	KeytabSecretARNs   types.Set      `tfsdk:"keytab_secret_arns"`
	KeytabKMSKeyARN    types.String   `tfsdk:"keytab_kms_key_arn"`
	CheckSecretValue   types.Bool     `tfsdk:"check_secret_value"`
	Healthy            types.Bool     `tfsdk:"healthy"`
	Findings           []findingModel `tfsdk:"findings"`
}

func (d *diagnosisDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_diagnosis"
}

func (d *diagnosisDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.session, _ = req.ProviderData.(*session)
}

func (d *diagnosisDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	optional := func(description string, check check) schema.Attribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: []validator.String{check}}
	}
	flag := func(description string) schema.Attribute {
		return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What keeps a secret from rotating, or will: findings from its configuration, the permissions of function, role and keys, the network, the function's log and the events of the rotation, each with what to do. It works for any secret that rotates, whoever has set that up, writes nothing and starts no rotation.\n\n" +
			"In a `check` block it warns in every plan and apply; with a `postcondition` it stops the run. A secret that does not exist is an error. Within a `check` block that is a warning as well.\n\n" +
			"Function, role and keys are those that AWS has for the secret. What AWS does not know are the rotation type and what else the function reads: give them as in [`rotation_setup`](../resources/setup.md), or that part is not judged, and what the execution role lacks is only a warning.\n\n" +
			"The caller needs `secretsmanager:DescribeSecret`. Anything else that it is not allowed to look at is a finding of severity `info` that names the permission. No finding has text of a secret in it.",
		Attributes: withRotationData(attributes{
			"rotation_type":         optional("Rotation type of the function. It switches on the checks for that type, of the secret's value, the superuser secret, the function's environment and its permissions. "+rotationTypes, rotationType),
			"superuser_secret_arn":  optional("ARN of the superuser (\"master\") secret that the function logs in with.", secretARN),
			"superuser_kms_key_arn": optional("ARN of the customer managed key of the superuser secret. Default: read from that secret.", kmsKeyARN),
			"read_replica":          flag("Whether the secret is for a read replica of the superuser's database, so that the execution role has to be allowed to look it up at RDS. Default: false."),
			"keytab_secret_arns": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: each(secretARN),
				MarkdownDescription: "ARNs of the keytab secrets in the secret's `keytabArns`, for `ActiveDirectoryAndKeytabSingleUser`.",
			},
			"keytab_kms_key_arn": optional("ARN of the customer managed key of the keytab secrets. Leave it out for `aws/secretsmanager`.", kmsKeyARN),
			"check_secret_value": flag("Whether values of the secret and of the superuser secret may be read, to check their format and to mask them in the function's log lines. They never leave the provider. Default: the provider's `check_secret_value`, else true."),
			"healthy":            computedFlag("Whether nothing keeps the secret from rotating: no finding has the severity `error`. One that is not to rotate is healthy, too: see `rotation_enabled`."),
			"findings":           computedObjects("What was found, the worst first. The codes are stable, and explained in the guide [Findings](../guides/findings.md).", findingAttributes()),
		}),
	}
}

func (d *diagnosisDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var m diagnosisModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.validate(&resp.Diagnostics)
}

// validate checks arguments against each other. One that is missing is none: it
// is known to AWS, or a finding.
func (m diagnosisModel) validate(diags *diag.Diagnostics) {
	wrong := func(argument, thing, detail string) {
		diags.AddAttributeError(path.Root(argument), "Invalid "+thing, detail)
	}
	policy := rolePolicyModel{
		RotationType: m.RotationType, SuperuserSecretARN: m.SuperuserSecretARN, SuperuserKMSKeyARN: m.SuperuserKMSKeyARN,
		ReadReplica: m.ReadReplica, KeytabSecretARNs: m.KeytabSecretARNs, KeytabKMSKeyARN: m.KeytabKMSKeyARN,
	}
	if home := secretRegion(m.SecretID, m.Region, diags); home != "" {
		policy.checkRegions(home, wrong)
	}
	if _, err := arn.ParseSecret(m.SecretID.ValueString()); err == nil && m.SuperuserSecretARN.Equal(m.SecretID) {
		wrong("superuser_secret_arn", "superuser secret", "`superuser_secret_arn` is the secret that rotates. The superuser is another user, with a secret of its own.")
	}
	for _, p := range policy.problems() {
		if !strings.HasPrefix(p.summary, "Missing ") {
			diags.AddAttributeError(path.Root(p.argument), p.summary, p.detail)
		}
	}
	if !m.RotationType.IsNull() {
		return
	}
	for _, ofType := range []struct {
		name  string
		value attr.Value
	}{{"read_replica", m.ReadReplica}, {"keytab_secret_arns", m.KeytabSecretARNs}, {"keytab_kms_key_arn", m.KeytabKMSKeyARN}} {
		if !ofType.value.IsNull() {
			wrong(ofType.name, "argument", "`"+ofType.name+"` is about a rotation type, and `rotation_type` is not set.")
		}
	}
}

func (d *diagnosisDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m diagnosisModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || !d.readable(&resp.Diagnostics) {
		return
	}
	want := rotation.Setup{
		SecretID:           m.SecretID.ValueString(),
		Region:             m.Region.ValueString(),
		SuperuserSecretARN: m.SuperuserSecretARN.ValueString(),
		Access:             catalog.Access{SuperuserKMSKeyARN: m.SuperuserKMSKeyARN.ValueString(), ReadReplica: m.ReadReplica.ValueBool(), KeytabKMSKeyARN: m.KeytabKMSKeyARN.ValueString()},
		ReadValue:          m.CheckSecretValue.ValueBool() || m.CheckSecretValue.IsNull() && d.checkSecretValue,
	}
	want.RotationType, _ = catalog.Lookup(m.RotationType.ValueString())
	if !m.KeytabSecretARNs.IsNull() {
		resp.Diagnostics.Append(m.KeytabSecretARNs.ElementsAs(ctx, &want.Access.KeytabSecretARNs, false)...)
		slices.Sort(want.Access.KeytabSecretARNs)
	}
	diagnosis, err := d.rotation.Diagnose(ctx, want)
	if err != nil {
		addError(&resp.Diagnostics, err)
		return
	}
	m.record(diagnosis.Status)
	m.Healthy = types.BoolValue(diagnosis.Healthy())
	m.Findings = findingModels(diagnosis.Findings)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}
