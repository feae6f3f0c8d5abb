package provider

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// examplesAWS stands in for hashicorp/aws while examples are planned. It has the
// resource types that they use, and what hashicorp/aws computes is as unknown
// at plan. It applies nothing.
type examplesAWS struct{}

var _ provider.Provider = examplesAWS{}

func (examplesAWS) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "aws"
}

func (examplesAWS) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (examplesAWS) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (examplesAWS) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (examplesAWS) Resources(context.Context) []func() resource.Resource {
	required, optional := schema.StringAttribute{Required: true}, schema.StringAttribute{Optional: true}
	number := schema.Int64Attribute{Optional: true}
	list := schema.ListAttribute{ElementType: types.StringType, Optional: true}
	block := func(attributes map[string]schema.Attribute) schema.Block {
		return schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: attributes}}
	}
	var all []func() resource.Resource
	for name, s := range map[string]schema.Schema{
		"secretsmanager_secret": {Attributes: map[string]schema.Attribute{"name": optional}},
		"secretsmanager_secret_version": {Attributes: map[string]schema.Attribute{
			"secret_id": required, "secret_string": schema.StringAttribute{Optional: true, Sensitive: true},
			"secret_string_wo": schema.StringAttribute{Optional: true, WriteOnly: true}, "secret_string_wo_version": number,
		}},
		"secretsmanager_secret_rotation": {
			Attributes: map[string]schema.Attribute{"secret_id": required, "rotation_lambda_arn": optional},
			Blocks: map[string]schema.Block{"rotation_rules": block(map[string]schema.Attribute{
				"automatically_after_days": number, "schedule_expression": optional, "duration": optional,
			})},
		},
		"iam_role":                   {Attributes: map[string]schema.Attribute{"name": optional, "assume_role_policy": required}},
		"iam_role_policy":            {Attributes: map[string]schema.Attribute{"name": optional, "role": required, "policy": required}},
		"iam_role_policy_attachment": {Attributes: map[string]schema.Attribute{"role": required, "policy_arn": required}},
		"serverlessapplicationrepository_cloudformation_stack": {Attributes: map[string]schema.Attribute{
			"name": required, "application_id": required, "capabilities": schema.SetAttribute{ElementType: types.StringType, Required: true},
			"parameters": schema.MapAttribute{ElementType: types.StringType, Optional: true},
		}},
		"lambda_function": {
			Attributes: map[string]schema.Attribute{
				"function_name": required, "role": required, "runtime": optional, "handler": optional, "filename": optional, "timeout": number,
			},
			Blocks: map[string]schema.Block{
				"environment": block(map[string]schema.Attribute{"variables": schema.MapAttribute{ElementType: types.StringType, Optional: true}}),
				"vpc_config":  block(map[string]schema.Attribute{"subnet_ids": list, "security_group_ids": list}),
			},
		},
	} {
		for _, computed := range []string{"id", "arn"} {
			s.Attributes[computed] = schema.StringAttribute{Computed: true}
		}
		all = append(all, func() resource.Resource { return examplesResource{name, s} })
	}
	return all
}

type examplesResource struct {
	name   string
	schema schema.Schema
}

var errOnlyPlans = errors.New("this stand-in of hashicorp/aws only plans")

func (r examplesResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "aws_" + r.name
}

func (r examplesResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.schema
}

func (examplesResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (examplesResource) Create(_ context.Context, _ resource.CreateRequest, resp *resource.CreateResponse) {
	resp.Diagnostics.AddError(errOnlyPlans.Error(), "")
}

func (examplesResource) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError(errOnlyPlans.Error(), "")
}

func (examplesResource) Delete(_ context.Context, _ resource.DeleteRequest, resp *resource.DeleteResponse) {
	resp.Diagnostics.AddError(errOnlyPlans.Error(), "")
}

// serveExamplesAWS serves the stand-in until the test ends and returns the
// environment variable that makes a CLI use it as hashicorp/aws.
func serveExamplesAWS(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	configs, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		failed <- tf6server.Serve("registry.terraform.io/hashicorp/aws", func() tfprotov6.ProviderServer { return providerserver.NewProtocol6(examplesAWS{})() },
			tf6server.WithDebug(ctx, configs, closed), tf6server.WithLoggingSink(t), tf6server.WithoutLogStderrOverride(), tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
	}()
	t.Cleanup(func() {
		cancel()
		<-closed
	})
	var config *plugin.ReattachConfig
	select {
	case config = <-configs:
	case err := <-failed:
		t.Fatal(err)
	}
	reattach := map[string]any{
		"Protocol": config.Protocol, "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid, "Test": config.Test,
		"Addr": map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
	}
	text, err := json.Marshal(map[string]any{"registry.terraform.io/hashicorp/aws": reattach, "registry.opentofu.org/hashicorp/aws": reattach})
	if err != nil {
		t.Fatal(err)
	}
	return "TF_REATTACH_PROVIDERS=" + string(text)
}
