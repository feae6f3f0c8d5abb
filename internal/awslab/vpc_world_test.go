package awslab_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
)

// plant is a world whose function is in a VPC, with what the cases need.
type plant struct {
	*labtest.World
	*labtest.VPC

	t *testing.T
}

// rotates tells whether the secret rotates at the first attempt, in which each
// step is another invocation.
func (p plant) rotates() bool {
	p.t.Helper()
	ctx := p.t.Context()
	_, err := p.Roles.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &p.Role, PolicyName: new("rotation"), PolicyDocument: new(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}]}`)})
	p.Must(err)
	_, err = p.Functions.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &p.FunctionARN, StatementId: new("rotation"), Action: new("lambda:InvokeFunction"),
		Principal: new("secretsmanager.amazonaws.com"), SourceAccount: new(p.AccountID()),
	})
	p.Must(err)
	_, err = p.Secrets.RotateSecret(ctx, &secretsmanager.RotateSecretInput{SecretId: &p.SecretARN, RotationLambdaARN: &p.FunctionARN})
	p.Must(err)
	p.Advance(10 * time.Second)
	for _, e := range p.Events() {
		switch e.Name {
		case "RotationSucceeded":
			return true
		case "RotationFailed":
			return false
		}
	}
	p.t.Fatal("The rotation has no outcome.")
	return false
}

const usualEndpoint = "https://secretsmanager.eu-west-1.amazonaws.com"

// endpoint replaces the endpoint that the function calls.
func (p plant) endpoint(url string) {
	p.t.Helper()
	p.variables(map[string]string{"AWSLAB_HANDLER": "UserStore", "SECRETS_MANAGER_ENDPOINT": url})
}

func (p plant) variables(variables map[string]string) {
	p.t.Helper()
	_, err := p.Functions.UpdateFunctionConfiguration(p.t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &p.FunctionARN, Environment: &lambdatypes.Environment{Variables: variables},
	})
	p.Must(err)
}

// leaveVPC takes the function out of its VPC.
func (p plant) leaveVPC() {
	p.t.Helper()
	_, err := p.Functions.UpdateFunctionConfiguration(p.t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &p.FunctionARN, VpcConfig: &lambdatypes.VpcConfig{SubnetIds: []string{}, SecurityGroupIds: []string{}},
	})
	p.Must(err)
}

// attribute sets an attribute of the VPC.
func (p plant) attribute(in ec2.ModifyVpcAttributeInput) {
	p.t.Helper()
	in.VpcId = &p.VPCID
	_, err := p.ModifyVpcAttribute(p.t.Context(), &in)
	p.Must(err)
}

func (p plant) modify(in ec2.ModifyVpcEndpointInput) {
	p.t.Helper()
	in.VpcEndpointId = new(p.Endpoints["secretsmanager"])
	_, err := p.ModifyVpcEndpoint(p.t.Context(), &in)
	p.Must(err)
}

// dnsNames are the names of the endpoint itself.
func (p plant) dnsNames() []string {
	p.t.Helper()
	out, err := p.DescribeVpcEndpoints(p.t.Context(), &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{p.Endpoints["secretsmanager"]}})
	p.Must(err)
	var names []string
	for _, e := range out.VpcEndpoints[0].DnsEntries {
		names = append(names, *e.DnsName)
	}
	return names
}

func (p plant) noRoute(table string) {
	p.t.Helper()
	_, err := p.DeleteRoute(p.t.Context(), &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: new("0.0.0.0/0")})
	p.Must(err)
}

// associate gives a subnet another route table.
func (p plant) associate(subnet, table string) {
	p.t.Helper()
	_, err := p.ReplaceRouteTableAssociation(p.t.Context(), &ec2.ReplaceRouteTableAssociationInput{AssociationId: new(p.association(subnet)), RouteTableId: &table})
	p.Must(err)
}

func (p plant) association(subnet string) string {
	p.t.Helper()
	out, err := p.DescribeRouteTables(p.t.Context(), &ec2.DescribeRouteTablesInput{Filters: []types.Filter{{Name: new("association.subnet-id"), Values: []string{subnet}}}})
	p.Must(err)
	for _, a := range out.RouteTables[0].Associations {
		if a.SubnetId != nil && *a.SubnetId == subnet {
			return *a.RouteTableAssociationId
		}
	}
	p.t.Fatal("no association")
	return ""
}

// toMainTable leaves the private subnets the VPC's main table, and returns it.
func (p plant) toMainTable() string {
	p.t.Helper()
	for _, s := range p.PrivateSubnets {
		_, err := p.DisassociateRouteTable(p.t.Context(), &ec2.DisassociateRouteTableInput{AssociationId: new(p.association(s))})
		p.Must(err)
	}
	out, err := p.DescribeRouteTables(p.t.Context(), &ec2.DescribeRouteTablesInput{Filters: []types.Filter{
		{Name: new("association.main"), Values: []string{"true"}}, {Name: new("vpc-id"), Values: []string{p.VPCID}},
	}})
	p.Must(err)
	return *out.RouteTables[0].RouteTableId
}

// emptyACL gives a subnet an ACL of its own, which refuses everything.
func (p plant) emptyACL(subnet string) string {
	p.t.Helper()
	made, err := p.CreateNetworkAcl(p.t.Context(), &ec2.CreateNetworkAclInput{VpcId: &p.VPCID})
	p.Must(err)
	old, err := p.DescribeNetworkAcls(p.t.Context(), &ec2.DescribeNetworkAclsInput{Filters: []types.Filter{{Name: new("association.subnet-id"), Values: []string{subnet}}}})
	p.Must(err)
	for _, a := range old.NetworkAcls[0].Associations {
		if *a.SubnetId == subnet {
			_, err = p.ReplaceNetworkAclAssociation(p.t.Context(), &ec2.ReplaceNetworkAclAssociationInput{AssociationId: a.NetworkAclAssociationId, NetworkAclId: made.NetworkAcl.NetworkAclId})
			p.Must(err)
		}
	}
	return *made.NetworkAcl.NetworkAclId
}

// publicDatabase makes the database publicly accessible, in these subnets.
func (p plant) publicDatabase(subnets ...string) {
	p.t.Helper()
	network := p.Database()
	network.SubnetIDs, network.PubliclyAccessible = subnets, true
	p.AddDatabase(network)
}

// databaseAt makes the secret one of a database at an address that the lab does
// not model.
func (p plant) databaseAt(address string) {
	p.t.Helper()
	value, err := json.Marshal(map[string]any{"engine": "labstore", "host": address, "port": 5432, "username": "app", "password": p.Value(p.SecretARN, "password")})
	p.Must(err)
	_, err = p.Secrets.PutSecretValue(p.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &p.SecretARN, SecretString: new(string(value))})
	p.Must(err)
}

// otherVPC moves the database to another VPC, which knows a way back through
// the gateway.
func (p plant) otherVPC(gateway string) *labtest.VPC {
	p.t.Helper()
	other := p.NewNetwork(labtest.Network{Prefix: "10.7"})
	other.Allow(other.DatabaseGroup, 5432, p.CIDR)
	other.Route(&ec2.CreateRouteInput{RouteTableId: &other.RouteTable, DestinationCidrBlock: &p.CIDR, VpcPeeringConnectionId: &gateway})
	p.AddDatabase(other.Database())
	return other
}

func (p plant) resourcePolicy(condition string) {
	p.t.Helper()
	_, err := p.Secrets.PutResourcePolicy(p.t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &p.SecretARN, ResourcePolicy: new(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"secretsmanager:PutSecretValue","Resource":"*","Condition":` + condition + `}]}`)})
	p.Must(err)
}

// log is what the function has logged.
func (p plant) log() []string {
	p.t.Helper()
	out, err := cloudwatchlogs.NewFromConfig(p.Lab.Config()).FilterLogEvents(p.t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/aws/lambda/rotator")})
	if err != nil {
		return []string{err.Error()}
	}
	var lines []string
	for _, e := range out.Events {
		lines = append(lines, *e.Message)
	}
	return lines
}

// previous is the version with AWSPREVIOUS.
func (p plant) previous() string {
	for version, stages := range p.Describe().VersionIdsToStages {
		if slices.Contains(stages, "AWSPREVIOUS") {
			return version
		}
	}
	p.t.Fatal("There is no previous version.")
	return ""
}
