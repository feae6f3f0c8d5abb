package provider

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

// The values of preflight.
const (
	preflightError = "error"
	preflightWarn  = "warn"
	preflightOff   = "off"
)

type providerModel struct {
	Region                    types.String      `tfsdk:"region"`
	Profile                   types.String      `tfsdk:"profile"`
	AccessKey                 types.String      `tfsdk:"access_key"`
	SecretKey                 types.String      `tfsdk:"secret_key"`
	Token                     types.String      `tfsdk:"token"`
	SharedConfigFiles         []string          `tfsdk:"shared_config_files"`
	SharedCredentialsFiles    []string          `tfsdk:"shared_credentials_files"`
	MaxRetries                types.Int64       `tfsdk:"max_retries"`
	RetryMode                 types.String      `tfsdk:"retry_mode"`
	CustomCABundle            types.String      `tfsdk:"custom_ca_bundle"`
	HTTPProxy                 types.String      `tfsdk:"http_proxy"`
	HTTPSProxy                types.String      `tfsdk:"https_proxy"`
	NoProxy                   types.String      `tfsdk:"no_proxy"`
	Insecure                  types.Bool        `tfsdk:"insecure"`
	UseFIPSEndpoint           types.Bool        `tfsdk:"use_fips_endpoint"`
	UseDualStackEndpoint      types.Bool        `tfsdk:"use_dualstack_endpoint"`
	AllowedAccountIDs         []string          `tfsdk:"allowed_account_ids"`
	ForbiddenAccountIDs       []string          `tfsdk:"forbidden_account_ids"`
	SkipCredentialsValidation types.Bool        `tfsdk:"skip_credentials_validation"`
	SkipRequestingAccountID   types.Bool        `tfsdk:"skip_requesting_account_id"`
	Preflight                 types.String      `tfsdk:"preflight"`
	CheckSecretValue          types.Bool        `tfsdk:"check_secret_value"`
	AssumeRole                []assumeRoleModel `tfsdk:"assume_role"`
	WebIdentity               []webRoleModel    `tfsdk:"assume_role_with_web_identity"`
	Endpoints                 []endpointsModel  `tfsdk:"endpoints"`
}

type assumeRoleModel struct {
	RoleARN           types.String      `tfsdk:"role_arn"`
	SessionName       types.String      `tfsdk:"session_name"`
	ExternalID        types.String      `tfsdk:"external_id"`
	Duration          types.String      `tfsdk:"duration"`
	Policy            types.String      `tfsdk:"policy"`
	PolicyARNs        []string          `tfsdk:"policy_arns"`
	SourceIdentity    types.String      `tfsdk:"source_identity"`
	Tags              map[string]string `tfsdk:"tags"`
	TransitiveTagKeys []string          `tfsdk:"transitive_tag_keys"`
}

type webRoleModel struct {
	RoleARN              types.String `tfsdk:"role_arn"`
	SessionName          types.String `tfsdk:"session_name"`
	Duration             types.String `tfsdk:"duration"`
	Policy               types.String `tfsdk:"policy"`
	PolicyARNs           []string     `tfsdk:"policy_arns"`
	WebIdentityToken     types.String `tfsdk:"web_identity_token"`
	WebIdentityTokenFile types.String `tfsdk:"web_identity_token_file"`
}

type endpointsModel struct {
	CloudTrail     types.String `tfsdk:"cloudtrail"`
	CloudWatchLogs types.String `tfsdk:"cloudwatchlogs"`
	EC2            types.String `tfsdk:"ec2"`
	IAM            types.String `tfsdk:"iam"`
	KMS            types.String `tfsdk:"kms"`
	Lambda         types.String `tfsdk:"lambda"`
	RDS            types.String `tfsdk:"rds"`
	Redshift       types.String `tfsdk:"redshift"`
	SecretsManager types.String `tfsdk:"secretsmanager"`
	STS            types.String `tfsdk:"sts"`
}

func (p *rotationProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	accounts := each(accountID)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Makes rotation of AWS Secrets Manager secrets work on the first apply and keep working. " +
			"Arguments have the names and meaning that they have in `hashicorp/aws`. " +
			"Nothing calls AWS until something needs it, and functions never do.\n\n" +
			"[`rotation_setup`](resources/setup.md) is everything that one secret needs to rotate. What AWS's rotation functions expect of a secret, a password, a role and a schedule is in data sources and functions of their own, " +
			"usable without any resource; the guide [Rotation types](guides/rotation-types.md) has it on one page.\n\n" +
			"What can be known to keep a secret from rotating is said at plan, before the first write, by the wait for the first rotation, and by [`rotation_diagnosis`](data-sources/diagnosis.md) " +
			"of a secret that rotates already: the guide [Findings](guides/findings.md) has all of it, and the guide [Permissions](guides/permissions.md) what the provider needs to look.",
		Attributes: map[string]schema.Attribute{
			"region":                   text("AWS Region. Default: `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile's. Resources that are given a secret's ARN use the Region in it.", region),
			"profile":                  text("Profile of the shared configuration files. Default: `AWS_PROFILE`."),
			"access_key":               text("Access key ID. Default: `AWS_ACCESS_KEY_ID`."),
			"secret_key":               schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "Secret access key. Default: `AWS_SECRET_ACCESS_KEY`."},
			"token":                    schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "Session token of temporary credentials. Default: `AWS_SESSION_TOKEN`."},
			"shared_config_files":      texts("Paths of shared configuration files. Default: `~/.aws/config`."),
			"shared_credentials_files": texts("Paths of shared credentials files. Default: `~/.aws/credentials`."),
			"max_retries": schema.Int64Attribute{
				Optional: true, MarkdownDescription: "How often a call that failed in passing, such as by throttling, is tried again. Default, and for 0: 25.",
				Validators: []validator.Int64{int64validator.AtLeast(0)},
			},
			"retry_mode": schema.StringAttribute{
				Optional: true, MarkdownDescription: "`standard` (default) or `adaptive`, as in the AWS SDKs.",
				Validators: []validator.String{oneOf("retry mode", "standard", "adaptive")},
			},
			"custom_ca_bundle":            text("Path of a file with PEM certificates to trust besides the system's. Default: `AWS_CA_BUNDLE`."),
			"http_proxy":                  text("URL of the proxy for HTTP. Default: `HTTP_PROXY`.", proxyURL),
			"https_proxy":                 text("URL of the proxy for HTTPS. Default: `HTTPS_PROXY`.", proxyURL),
			"no_proxy":                    text("Comma-separated hosts to reach without a proxy. Default: `NO_PROXY`."),
			"insecure":                    flag("Accept any TLS certificate. Default: false."),
			"use_fips_endpoint":           flag("Use FIPS endpoints. Default: `AWS_USE_FIPS_ENDPOINT`."),
			"use_dualstack_endpoint":      flag("Use dual-stack endpoints. Default: `AWS_USE_DUALSTACK_ENDPOINT`."),
			"allowed_account_ids":         schema.SetAttribute{Optional: true, ElementType: types.StringType, Validators: accounts, MarkdownDescription: "The only accounts that may be worked on. Checked before the first call. Conflicts with `forbidden_account_ids`."},
			"forbidden_account_ids":       schema.SetAttribute{Optional: true, ElementType: types.StringType, Validators: accounts, MarkdownDescription: "Accounts that may not be worked on. Checked before the first call."},
			"skip_credentials_validation": flag("Do not ask STS whether the credentials work before the first call. Default: false. With `allowed_account_ids` or `forbidden_account_ids` STS is asked all the same."),
			"skip_requesting_account_id":  flag("Accepted for provider blocks copied from `hashicorp/aws`. The account of a secret is read from its ARN, so nothing is requested. Conflicts with `allowed_account_ids` and `forbidden_account_ids`."),
			"preflight": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Default of `preflight` for every `rotation_setup` and `rotation_function_access`: `error` (default), `warn` or `off`.",
				Validators: []validator.String{oneOf("preflight", preflightError, preflightWarn, preflightOff)},
			},
			"check_secret_value": flag("Default of `check_secret_value` for every `rotation_setup`: whether values may be read to check their format. Default: true."),
		},
		Blocks: map[string]schema.Block{
			"assume_role": schema.ListNestedBlock{
				MarkdownDescription: "A role to assume. Repeated blocks are a chain: each role is assumed with the credentials of the one before.",
				NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
					"role_arn":            schema.StringAttribute{Required: true, Validators: []validator.String{roleARN}, MarkdownDescription: "ARN of the role."},
					"session_name":        text("Name of the session. Default: `terraform-provider-rotation`."),
					"external_id":         text("External ID that the role's trust policy asks for."),
					"duration":            durationAttribute(),
					"policy":              text("JSON policy that limits the session further."),
					"policy_arns":         schema.SetAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "ARNs of managed policies that limit the session further."},
					"source_identity":     text("Source identity of the session."),
					"tags":                schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Session tags."},
					"transitive_tag_keys": schema.SetAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Keys of session tags that pass on to the next role of a chain."},
				}},
			},
			"assume_role_with_web_identity": schema.ListNestedBlock{
				MarkdownDescription: "A role to assume with a web identity token, before any `assume_role`.",
				Validators:          []validator.List{listvalidator.SizeAtMost(1)},
				NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
					"role_arn":                schema.StringAttribute{Required: true, Validators: []validator.String{roleARN}, MarkdownDescription: "ARN of the role."},
					"session_name":            text("Name of the session. Default: `terraform-provider-rotation`."),
					"duration":                durationAttribute(),
					"policy":                  text("JSON policy that limits the session further."),
					"policy_arns":             schema.SetAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "ARNs of managed policies that limit the session further."},
					"web_identity_token":      schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "The token itself. One of this and `web_identity_token_file`.", Validators: []validator.String{stringvalidator.ExactlyOneOf(path.MatchRelative().AtParent().AtName("web_identity_token_file"))}},
					"web_identity_token_file": text("Path of a file with the token."),
				}},
			},
			"endpoints": schema.SetNestedBlock{
				MarkdownDescription: "URLs to use instead of AWS's own endpoints. `AWS_ENDPOINT_URL` and its kin are honoured as well.",
				Validators:          []validator.Set{setvalidator.SizeAtMost(1)},
				NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
					"cloudtrail":     endpoint("CloudTrail"),
					"cloudwatchlogs": endpoint("CloudWatch Logs"),
					"ec2":            endpoint("EC2"),
					"iam":            endpoint("IAM"),
					"kms":            endpoint("KMS"),
					"lambda":         endpoint("Lambda"),
					"rds":            endpoint("RDS"),
					"redshift":       endpoint("Redshift"),
					"secretsmanager": endpoint("Secrets Manager"),
					"sts":            endpoint("STS"),
				}},
			},
		},
	}
}

func text(description string, validators ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: validators}
}

func texts(description string) schema.ListAttribute {
	return schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description}
}

func flag(description string) schema.BoolAttribute {
	return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
}

func endpoint(service string) schema.StringAttribute {
	return text("URL for "+service+".", httpURL)
}

func durationAttribute() schema.StringAttribute {
	return text("Length of the session, from `15m` to `12h`. Default: `15m`.", sessionDuration)
}

// ValidateConfig checks which arguments go together.
func (p *rotationProvider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	var allowed, forbidden types.Set
	var skip types.Bool
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("allowed_account_ids"), &allowed)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("forbidden_account_ids"), &forbidden)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("skip_requesting_account_id"), &skip)...)
	if len(allowed.Elements()) > 0 && len(forbidden.Elements()) > 0 {
		resp.Diagnostics.AddAttributeError(path.Root("forbidden_account_ids"), "Invalid account guards", "`allowed_account_ids` and `forbidden_account_ids` exclude each other. Keep one of them.")
	}
	if len(allowed.Elements())+len(forbidden.Elements()) > 0 && skip.ValueBool() {
		resp.Diagnostics.AddAttributeError(path.Root("skip_requesting_account_id"), "Invalid account guards", "`allowed_account_ids` and `forbidden_account_ids` can only be checked when the account may be asked for. Remove `skip_requesting_account_id`.")
	}
}

// config translates the block.
func (m providerModel) config() awsapi.Config {
	c := awsapi.Config{
		Region:                    m.Region.ValueString(),
		Profile:                   m.Profile.ValueString(),
		AccessKey:                 m.AccessKey.ValueString(),
		SecretKey:                 m.SecretKey.ValueString(),
		Token:                     m.Token.ValueString(),
		SharedConfigFiles:         m.SharedConfigFiles,
		SharedCredentialsFiles:    m.SharedCredentialsFiles,
		MaxRetries:                int(m.MaxRetries.ValueInt64()),
		RetryMode:                 aws.RetryMode(m.RetryMode.ValueString()),
		CustomCABundle:            m.CustomCABundle.ValueString(),
		HTTPProxy:                 m.HTTPProxy.ValueString(),
		HTTPSProxy:                m.HTTPSProxy.ValueString(),
		NoProxy:                   m.NoProxy.ValueString(),
		Insecure:                  m.Insecure.ValueBool(),
		UseFIPSEndpoint:           m.UseFIPSEndpoint.ValueBool(),
		UseDualStackEndpoint:      m.UseDualStackEndpoint.ValueBool(),
		AllowedAccountIDs:         m.AllowedAccountIDs,
		ForbiddenAccountIDs:       m.ForbiddenAccountIDs,
		SkipCredentialsValidation: m.SkipCredentialsValidation.ValueBool(),
	}
	for _, r := range m.AssumeRole {
		c.AssumeRoles = append(c.AssumeRoles, awsapi.AssumeRole{
			RoleARN: r.RoleARN.ValueString(), SessionName: r.SessionName.ValueString(), ExternalID: r.ExternalID.ValueString(),
			Policy: r.Policy.ValueString(), SourceIdentity: r.SourceIdentity.ValueString(), Duration: sessionLength(r.Duration),
			PolicyARNs: r.PolicyARNs, TransitiveTagKeys: r.TransitiveTagKeys, Tags: r.Tags,
		})
	}
	for _, r := range m.WebIdentity {
		c.WebIdentity = &awsapi.WebIdentity{
			RoleARN: r.RoleARN.ValueString(), SessionName: r.SessionName.ValueString(), Policy: r.Policy.ValueString(), Duration: sessionLength(r.Duration),
			PolicyARNs: r.PolicyARNs, Token: r.WebIdentityToken.ValueString(), TokenFile: r.WebIdentityTokenFile.ValueString(),
		}
	}
	for _, e := range m.Endpoints {
		c.Endpoints = map[string]string{
			"cloudtrail":     e.CloudTrail.ValueString(),
			"cloudwatchlogs": e.CloudWatchLogs.ValueString(),
			"ec2":            e.EC2.ValueString(),
			"iam":            e.IAM.ValueString(),
			"kms":            e.KMS.ValueString(),
			"lambda":         e.Lambda.ValueString(),
			"rds":            e.RDS.ValueString(),
			"redshift":       e.Redshift.ValueString(),
			"secretsmanager": e.SecretsManager.ValueString(),
			"sts":            e.STS.ValueString(),
		}
	}
	return c
}

func sessionLength(s types.String) time.Duration {
	d, _ := time.ParseDuration(s.ValueString())
	return d
}
