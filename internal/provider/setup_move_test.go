package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	acceptance "github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// TestMoveState asks for the move of several states, as they are stored.
func TestMoveState(t *testing.T) {
	t.Parallel()
	const theirs = "aws_secretsmanager_secret_rotation"
	for name, test := range map[string]struct {
		address, typeName string
		state             object
		want              []string
	}{
		"Terraform":       {"registry.terraform.io/hashicorp/aws", theirs, object{"id": validSecret, "secret_id": validSecret, "rotation_lambda_arn": validFunction}, nil},
		"OpenTofu":        {"registry.opentofu.org/hashicorp/aws", theirs, object{"id": validSecret, "secret_id": "app"}, nil},
		"ID is no ARN":    {"registry.terraform.io/hashicorp/aws", theirs, object{"id": "app", "secret_id": validSecret}, nil},
		"by name":         {"registry.terraform.io/hashicorp/aws", theirs, object{"id": "app", "secret_id": "app"}, []string{"ERROR -: Unable to move the resource: …holds no full secret ARN. Import"}},
		"unreadable":      {"registry.terraform.io/hashicorp/aws", theirs, object{"id": object{}}, []string{"ERROR -: Unable to move the resource: …Import"}},
		"another type":    {"registry.terraform.io/hashicorp/aws", "aws_secretsmanager_secret", object{"id": validSecret}, []string{"ERROR -: Unable to Move Resource State: …"}},
		"another aws":     {"registry.terraform.io/acme/aws", theirs, object{"id": validSecret}, []string{"ERROR -: Unable to Move Resource State: …"}},
		"another of ours": {"registry.terraform.io/rotationsafe/rotation", theirs, object{"id": validSecret}, []string{"ERROR -: Unable to Move Resource State: …"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, nil)
			state, err := json.Marshal(test.state)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := s.MoveResourceState(t.Context(), &tfprotov6.MoveResourceStateRequest{
				SourceProviderAddress: test.address, SourceTypeName: test.typeName, TargetTypeName: "rotation_setup", SourceState: &tfprotov6.RawState{JSON: state},
			})
			if err != nil {
				t.Fatal(err)
			}
			expect(t, lines(resp.Diagnostics), test.want...)
			if test.want != nil {
				return
			}
			moved, err := resp.TargetState.Unmarshal(s.setupType)
			if err != nil {
				t.Fatal(err)
			}
			members := map[string]tftypes.Value{}
			if err := moved.As(&members); err != nil {
				t.Fatal(err)
			}
			var secret string
			if err := members["secret_arn"].As(&secret); err != nil || secret != validSecret {
				t.Errorf("The moved setup is for %q: %v", secret, err)
			}
		})
	}
}

// TestSetupMoved replaces an aws_secretsmanager_secret_rotation by a setup. The
// other provider is not asked to remove anything, nothing rotates, and what
// rotation lacked is added.
func TestSetupMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hand(t).rotation()
	w.ForgetCalls()
	factories := w.factories()
	double := &movedProvider{}
	factories["aws"] = providerserver.NewProtocol6WithError(double)
	theirs := fmt.Sprintf("resource \"aws_secretsmanager_secret_rotation\" \"app\" {\n  secret_id = %q\n}\n", w.SecretARN)
	moved := fmt.Sprintf("moved {\n  from = aws_secretsmanager_secret_rotation.app\n  to = %s\n}\n", setupAddress)
	config := moved + w.setup(`rotation_rules = { automatically_after_days = 30 }`)
	acceptance.UnitTest(t, acceptance.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []acceptance.TestStep{
			{Config: theirs},
			{
				Config:           config,
				ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
				PostApplyFunc: func() {
					w.wrote(t, "iam:PutRolePolicy", "lambda:AddPermission")
					if double.deleted {
						t.Error("The rotation of hashicorp/aws was destroyed.")
					}
				},
			},
		},
	})
	if w.Finished() != 0 {
		t.Error("The move has rotated the secret.")
	}
}

// movedProvider stands in for hashicorp/aws where a setup is moved from: its
// rotation resource, which keeps no more than a state.
type movedProvider struct{ deleted bool }

func (d *movedProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "aws"
}
func (d *movedProvider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}
func (d *movedProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}
func (d *movedProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }
func (d *movedProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return movedRotation{d} }}
}

type movedRotation struct{ *movedProvider }

type movedModel struct {
	ID       types.String `tfsdk:"id"`
	SecretID types.String `tfsdk:"secret_id"`
}

func (d movedRotation) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "aws_secretsmanager_secret_rotation"
}

func (d movedRotation) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id":        schema.StringAttribute{Computed: true},
		"secret_id": schema.StringAttribute{Required: true},
	}}
}

func (d movedRotation) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m movedModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	m.ID = m.SecretID
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (d movedRotation) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (d movedRotation) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (d movedRotation) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
	d.deleted = true
}
