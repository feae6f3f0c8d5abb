// Package provider is the Terraform face: schemas, plan and diagnostics. What
// happens in AWS is in package rotation; what is known of rotation types,
// schedules and policies is in packages that know no Terraform at all.
package provider

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

var (
	_ provider.Provider                       = (*rotationProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*rotationProvider)(nil)
	_ provider.ProviderWithFunctions          = (*rotationProvider)(nil)
	_ provider.ProviderWithValidateConfig     = (*rotationProvider)(nil)
)

// New returns the provider in a version, for the plugin server.
func New(version string) func() provider.Provider {
	return NewTest(version, rotation.SystemClock{})
}

// NewTest returns the provider with another clock, for tests.
func NewTest(version string, clock rotation.Clock) func() provider.Provider {
	return func() provider.Provider { return &rotationProvider{version: version, clock: clock} }
}

type rotationProvider struct {
	version string
	clock   rotation.Clock
}

// session is a configured provider, as its resources, data sources and ephemeral
// resources get it.
type session struct {
	rotation *rotation.Service
	// preflight and checkSecretValue are the defaults of every setup.
	preflight        string
	checkSecretValue bool
	// refreshed holds the secret ARN of each setup that was read in this run, and
	// readValues that of each value: a run that has not read one only applies what
	// another has planned.
	refreshed, readValues sync.Map
	// gone holds the ARNs and names of secrets that this run has found to be gone, and
	// firstValues those that it plans a first value for.
	gone, firstValues sync.Map
}

func (p *rotationProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "rotation"
	resp.Version = p.version
}

func (p *rotationProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	if !req.Config.Raw.IsFullyKnown() {
		return // At plan, something is still to be created: checks and calls are left to the apply.
	}
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config := model.config()
	config.Version = p.version
	s := &session{
		rotation:         rotation.NewService(awsapi.Connect(config).Clients, p.clock),
		preflight:        or(model.Preflight, preflightError),
		checkSecretValue: model.CheckSecretValue.IsNull() || model.CheckSecretValue.ValueBool(),
	}
	s.rotation.Progress = func(ctx context.Context, message string, fields map[string]any) { tflog.Info(ctx, message, fields) }
	resp.ResourceData, resp.DataSourceData, resp.EphemeralResourceData = s, s, s
}

func (p *rotationProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newFunctionAccessResource, newSecretValueResource, newSetupResource}
}

func (p *rotationProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newDiagnosisDataSource, newExcludeCharactersDataSource, newRolePolicyDataSource, newScheduleDataSource,
		newSecretSchemaDataSource, newStatusDataSource, newTemplateDataSource,
	}
}

func (p *rotationProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{
		newRandomPasswordEphemeral,
	}
}

func (p *rotationProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		newAssertSecretStringFunction, newCheckScheduleFunction, newCheckSecretStringFunction,
		newExcludeCharactersFunction, newRolePolicyFunction, newScheduleWindowsFunction,
		newSecretSchemaFunction,
	}
}
