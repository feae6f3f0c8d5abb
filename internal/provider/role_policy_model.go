package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// rolePolicyModel is what a role policy is asked for, by the function and by the
// data source.
type rolePolicyModel struct {
	RotationType           types.String `tfsdk:"rotation_type"`
	SecretARN              types.String `tfsdk:"secret_arn"`
	KMSKeyARN              types.String `tfsdk:"kms_key_arn"`
	SuperuserSecretARN     types.String `tfsdk:"superuser_secret_arn"`
	SuperuserKMSKeyARN     types.String `tfsdk:"superuser_kms_key_arn"`
	SuperuserOwningService types.String `tfsdk:"superuser_owning_service"`
	ReadReplica            types.Bool   `tfsdk:"read_replica"`
	KeytabSecretARNs       types.Set    `tfsdk:"keytab_secret_arns"`
	KeytabKMSKeyARN        types.String `tfsdk:"keytab_kms_key_arn"`
	VPCAccess              types.Bool   `tfsdk:"vpc_access"`
}

// rolePolicyArguments are the arguments of the data source, and the attributes
// of the function's object.
func rolePolicyArguments() attributes {
	optional := func(description string, validators ...validator.String) schema.Attribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: validators}
	}
	required := func(description string, validators ...validator.String) schema.Attribute {
		return schema.StringAttribute{Required: true, MarkdownDescription: description, Validators: validators}
	}
	return attributes{
		"rotation_type":         required("Rotation type of the function. "+rotationTypes, rotationType),
		"secret_arn":            required("ARN of the secret that rotates, in full with the six characters at its end.", secretARN),
		"kms_key_arn":           optional("ARN of the customer managed key of the secret. Leave it out for `aws/secretsmanager`.", kmsKeyARN),
		"superuser_secret_arn":  optional("ARN of the superuser (\"master\") secret. Required by the types that log in with one, refused by the others, optional for `Custom`.", secretARN),
		"superuser_kms_key_arn": optional("ARN of the customer managed key of the superuser secret. Leave it out for `aws/secretsmanager`.", kmsKeyARN),
		"superuser_owning_service": optional("Service that manages the superuser secret, as `OwningService` of the secret says: `rds` for the master user of RDS, Aurora and DocumentDB, `redshift` for the admin of Redshift and Redshift Serverless. "+
			"The function then looks the database up at that service and has to be allowed to. Leave it out if no service manages the secret.", owningService),
		"read_replica": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether the secret is for a read replica of the superuser's database, so that the function has to look it up at RDS. Default: false."},
		"keytab_secret_arns": schema.SetAttribute{
			Optional: true, ElementType: types.StringType, Validators: each(secretARN),
			MarkdownDescription: "ARNs of the keytab secrets in the secret's `keytabArns`. Required by `ActiveDirectoryAndKeytabSingleUser`, refused by all others.",
		},
		"keytab_kms_key_arn": optional("ARN of the customer managed key of the keytab secrets. Leave it out for `aws/secretsmanager`.", kmsKeyARN),
		"vpc_access":         schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether to include what Lambda needs to connect the function to its VPC. For a role that does not have `AWSLambdaVPCAccessExecutionRole` or the like. Default: false."},
	}
}

// owningService is the check of the service that manages a superuser secret.
var owningService = oneOf("owning service", catalog.OwnerRDS, catalog.OwnerRedshift)

// argumentProblem is what is wrong with an argument, with a headline.
type argumentProblem struct{ argument, summary, detail string }

// problems are what is wrong with arguments that are right one by one. Unknown
// ones are not judged.
func (m rolePolicyModel) problems() []argumentProblem {
	t, ok := catalog.Lookup(m.RotationType.ValueString())
	if !ok {
		return nil
	}
	var problems []argumentProblem
	missing := func(argument, thing, why string) {
		problems = append(problems, argumentProblem{argument, "Missing " + thing, "`" + argument + "` is missing: the function of " + t.Name + " " + why + "."})
	}
	wrong := func(argument, thing, detail string) {
		problems = append(problems, argumentProblem{argument, "Invalid " + thing, detail})
	}
	useless := func(argument string, value attr.Value, thing, why string) {
		if !value.IsNull() && !value.IsUnknown() {
			wrong(argument, thing, why+" Remove `"+argument+"`.")
		}
	}
	custom := t.Strategy == catalog.CustomStrategy
	switch {
	case t.Superuser != nil && m.SuperuserSecretARN.IsNull():
		missing("superuser_secret_arn", "superuser secret", "logs in with the superuser secret that `"+t.Superuser.Field+"` names")
	case t.Superuser == nil && !custom:
		useless("superuser_secret_arn", m.SuperuserSecretARN, "superuser secret", "The function of "+t.Name+" reads no superuser secret.")
	}
	if (t.Superuser != nil || custom) && m.SuperuserSecretARN.IsNull() || t.Superuser == nil && !custom {
		useless("superuser_kms_key_arn", m.SuperuserKMSKeyARN, "superuser key", "There is no superuser secret that the key could be of.")
	}
	if secret, err := arn.ParseSecret(m.SecretARN.ValueString()); err == nil {
		if m.SuperuserSecretARN.Equal(m.SecretARN) {
			wrong("superuser_secret_arn", "superuser secret", "`superuser_secret_arn` is the secret that rotates. The superuser is another user, with a secret of its own.")
		}
		m.checkRegions(secret.Region, wrong)
	}
	owners := t.SuperuserOwners()
	if owner := m.SuperuserOwningService.ValueString(); owningService.wrong(owner) == "" && !slices.Contains(owners, owner) {
		detail := "The function of " + t.Name + " can't log in with a superuser secret that a service manages."
		if len(owners) > 0 {
			detail = "The function of " + t.Name + " can log in with a superuser secret that `" + strings.Join(owners, "` or `") + "` manages, but with none of `" + owner + "`."
		}
		useless("superuser_owning_service", m.SuperuserOwningService, "owning service", detail)
	}
	if m.ReadReplica.ValueBool() && !slices.ContainsFunc(t.Grants, func(g catalog.Grant) bool { return g.When == catalog.ManagedOrReplica }) {
		useless("read_replica", m.ReadReplica, "read replica", "The function of "+t.Name+" looks no read replica up.")
	}
	switch {
	case !t.HasKeytabs():
		useless("keytab_secret_arns", m.KeytabSecretARNs, "keytab secrets", "The function of "+t.Name+" rotates no keytab secrets.")
		useless("keytab_kms_key_arn", m.KeytabKMSKeyARN, "keytab key", "The function of "+t.Name+" rotates no keytab secrets.")
	case m.KeytabSecretARNs.IsNull():
		missing("keytab_secret_arns", "keytab secrets", "rotates the keytab secrets that `keytabArns` lists; an empty list says that there are none")
	}
	return problems
}

// checkRegions checks that secrets and keys are in the Region of the secret that
// rotates, in which its function is.
func (m rolePolicyModel) checkRegions(home string, wrong func(argument, thing, detail string)) {
	const remedy = ". A rotation function reads secrets of its own Region only."
	if superuser, err := arn.ParseSecret(m.SuperuserSecretARN.ValueString()); err == nil && superuser.Region != home {
		wrong("superuser_secret_arn", "superuser secret", "The superuser secret is in "+superuser.Region+" and the secret in "+home+remedy)
	}
	for _, element := range m.KeytabSecretARNs.Elements() {
		text, _ := element.(types.String)
		if keytab, err := arn.ParseSecret(text.ValueString()); err == nil && keytab.Region != home {
			wrong("keytab_secret_arns", "keytab secrets", "A keytab secret is in "+keytab.Region+" and the secret in "+home+remedy)
		}
	}
	for _, key := range []struct {
		argument string
		arn      types.String
	}{{"kms_key_arn", m.KMSKeyARN}, {"superuser_kms_key_arn", m.SuperuserKMSKeyARN}, {"keytab_kms_key_arn", m.KeytabKMSKeyARN}} {
		if of := kmsKey.FindStringSubmatch(key.arn.ValueString()); of != nil && of[1] != home {
			wrong(key.argument, "KMS key ARN", "The key is in "+of[1]+" and the secret in "+home+". A secret is encrypted with a key of its own Region.")
		}
	}
}

// json is the policy. All arguments are known and right.
func (m rolePolicyModel) json(ctx context.Context) string {
	t, _ := catalog.Lookup(m.RotationType.ValueString())
	var keytabs []string
	m.KeytabSecretARNs.ElementsAs(ctx, &keytabs, false)
	slices.Sort(keytabs)
	return t.RolePolicy(catalog.Access{
		SecretARN:              m.SecretARN.ValueString(),
		KMSKeyARN:              m.KMSKeyARN.ValueString(),
		SuperuserSecretARN:     m.SuperuserSecretARN.ValueString(),
		SuperuserKMSKeyARN:     m.SuperuserKMSKeyARN.ValueString(),
		SuperuserOwningService: m.SuperuserOwningService.ValueString(),
		ReadReplica:            m.ReadReplica.ValueBool(),
		KeytabSecretARNs:       keytabs,
		KeytabKMSKeyARN:        m.KeytabKMSKeyARN.ValueString(),
		VPC:                    m.VPCAccess.ValueBool(),
	}).JSON()
}
