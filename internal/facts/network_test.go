package facts

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

const account, otherAccount = "123456789012", "111122223333"

// sight is EC2 as some credentials see it: what they may not see is not in its answers.
type sight struct {
	subnets   []types.Subnet
	tables    []types.RouteTable
	gateways  []types.NatGateway
	acls      []types.NetworkAcl
	endpoints []types.VpcEndpoint
	rules     []types.SecurityGroupRule
}

func (s *sight) DescribeSubnets(context.Context, *ec2.DescribeSubnetsInput, ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error) {
	return &ec2.DescribeSubnetsOutput{Subnets: s.subnets}, nil
}

func (s *sight) DescribeRouteTables(context.Context, *ec2.DescribeRouteTablesInput, ...func(*ec2.Options)) (*ec2.DescribeRouteTablesOutput, error) {
	return &ec2.DescribeRouteTablesOutput{RouteTables: s.tables}, nil
}

func (s *sight) DescribeNatGateways(context.Context, *ec2.DescribeNatGatewaysInput, ...func(*ec2.Options)) (*ec2.DescribeNatGatewaysOutput, error) {
	return &ec2.DescribeNatGatewaysOutput{NatGateways: s.gateways}, nil
}

func (s *sight) DescribeNetworkAcls(context.Context, *ec2.DescribeNetworkAclsInput, ...func(*ec2.Options)) (*ec2.DescribeNetworkAclsOutput, error) {
	return &ec2.DescribeNetworkAclsOutput{NetworkAcls: s.acls}, nil
}

func (s *sight) DescribeVpcEndpoints(context.Context, *ec2.DescribeVpcEndpointsInput, ...func(*ec2.Options)) (*ec2.DescribeVpcEndpointsOutput, error) {
	return &ec2.DescribeVpcEndpointsOutput{VpcEndpoints: s.endpoints}, nil
}

func (s *sight) DescribeSecurityGroupRules(context.Context, *ec2.DescribeSecurityGroupRulesInput, ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupRulesOutput, error) {
	return &ec2.DescribeSecurityGroupRulesOutput{SecurityGroupRules: s.rules}, nil
}

func (s *sight) DescribeVpcAttribute(_ context.Context, in *ec2.DescribeVpcAttributeInput, _ ...func(*ec2.Options)) (*ec2.DescribeVpcAttributeOutput, error) {
	on := &types.AttributeBooleanValue{Value: new(true)}
	if in.Attribute == types.VpcAttributeNameEnableDnsSupport {
		return &ec2.DescribeVpcAttributeOutput{EnableDnsSupport: on}, nil
	}
	return &ec2.DescribeVpcAttributeOutput{EnableDnsHostnames: on}, nil
}

// newSight shows a VPC of an account with one subnet and its route table and network ACL, and nothing else in it.
func newSight(owner string) *sight {
	return &sight{
		subnets: []types.Subnet{{SubnetId: new("subnet-1"), CidrBlock: new("10.0.1.0/24"), OwnerId: &owner}},
		tables: []types.RouteTable{{
			RouteTableId: new("rtb-1"), Associations: []types.RouteTableAssociation{{SubnetId: new("subnet-1")}},
			Routes: []types.Route{{DestinationCidrBlock: new("10.0.0.0/16"), GatewayId: new("local"), State: types.RouteStateActive}},
		}},
		acls: []types.NetworkAcl{{NetworkAclId: new("acl-1"), Associations: []types.NetworkAclAssociation{{SubnetId: new("subnet-1")}}, Entries: []types.NetworkAclEntry{
			{RuleNumber: new(int32(100)), Egress: new(true), Protocol: new("-1"), CidrBlock: new("0.0.0.0/0"), RuleAction: types.RuleActionAllow},
			{RuleNumber: new(int32(100)), Egress: new(false), Protocol: new("-1"), CidrBlock: new("0.0.0.0/0"), RuleAction: types.RuleActionAllow},
		}}},
	}
}

// network gathers the network of a function in that VPC, as seen by the credentials of an account.
func (s *sight) network(t *testing.T, caller string) findings.Network {
	t.Helper()
	clients := &awsapi.Clients{Region: "eu-west-1", EC2: s}
	if caller != "" {
		clients.CallerARN = "arn:aws:sts::" + caller + ":assumed-role/deploy/ci"
	}
	f := &Function{
		GetFunctionConfigurationOutput: &lambda.GetFunctionConfigurationOutput{VpcConfig: &lambdatypes.VpcConfigResponse{
			VpcId: new("vpc-1"), SubnetIds: []string{"subnet-1"}, SecurityGroupIds: []string{"sg-1"},
		}},
		ARN: arn.FunctionARN{AccountID: account},
	}
	return (&Cache{}).From(clients, func() time.Time { return time.Unix(0, 0) }).Network(t.Context(), f)
}

// TestNetworkOfOthers: an empty answer says that there is nothing only where all of a VPC can be seen.
func TestNetworkOfOthers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		owner, caller string
		change        func(*sight)
		whole         bool
	}{
		"own":                             {account, account, nil, true},
		"own, credentials not known":      {account, "", nil, true},
		"shared by another account":       {otherAccount, account, nil, false},
		"shared, credentials not known":   {otherAccount, "", nil, false},
		"credentials of a participant":    {account, otherAccount, nil, false},
		"credentials of another account":  {account, otherAccount, func(s *sight) { *s = sight{} }, false},
		"subnet that cannot be seen":      {account, account, func(s *sight) { s.subnets[0].SubnetId = new("subnet-9") }, false},
		"owner that EC2 does not tell of": {account, account, func(s *sight) { s.subnets[0].OwnerId = nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSight(test.owner)
			if test.change != nil {
				test.change(s)
			}
			n := s.network(t, test.caller)
			want := findings.Info
			if test.whole {
				want = findings.Error
			}
			found := findings.Reachable(n, findings.Connection{FunctionARN: "arn:aws:lambda:eu-west-1:" + account + ":function:rotator"})
			if len(found) == 0 {
				t.Error("There is no finding.")
			}
			for _, f := range found {
				if f.Severity != want {
					t.Errorf("%s %s, want %s: %s", f.Severity, f.Code, want, f.Detail)
				}
			}
			for what, known := range map[string]bool{"endpoints": n.Endpoints != nil, "rules of the group": n.SecurityGroups[0].Rules != nil} {
				if known != test.whole && n.Subnets != nil {
					t.Errorf("The %s are known: %t", what, known)
				}
			}
		})
	}
}

// TestEndpointServices: of the endpoints of a VPC those count that lead to the services that functions call.
func TestEndpointServices(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"com.amazonaws.eu-west-1.secretsmanager":             {"secretsmanager"},
		"cn.com.amazonaws.eu-west-1.secretsmanager":          {"secretsmanager"},
		"com.amazonaws.eu-west-1.redshift-serverless":        {"redshift-serverless"},
		"com.amazonaws.eu-west-1.kms":                        nil,
		"com.amazonaws.eu-west-2.secretsmanager":             nil,
		"com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789ab": nil,
		"com.example.eu-west-1.secretsmanager":               nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSight(account)
			s.endpoints = []types.VpcEndpoint{{VpcEndpointId: new("vpce-1"), VpcEndpointType: types.VpcEndpointTypeInterface, ServiceName: &name}}
			var got []string
			for _, e := range s.network(t, account).Endpoints {
				got = append(got, e.Service)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConnection(t *testing.T) {
	t.Parallel()
	const address = "https://secretsmanager.eu-west-1.amazonaws.com"
	rotator, err := arn.ParseFunction("arn:aws:lambda:eu-west-1:" + account + ":function:rotator:live")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		environment map[string]string
		want        findings.Connection
	}{
		"plain":           {map[string]string{"SECRETS_MANAGER_ENDPOINT": address, "HTTPS_PROXY": ""}, findings.Connection{Endpoint: address}},
		"proxy":           {map[string]string{"HTTPS_PROXY": "http://proxy.example:3128"}, findings.Connection{Proxy: true}},
		"proxy, in small": {map[string]string{"https_proxy": "http://proxy.example:3128"}, findings.Connection{Proxy: true}},
		"proxy for HTTP":  {map[string]string{"HTTP_PROXY": "http://proxy.example:3128"}, findings.Connection{}},
		"not decryptable": {nil, findings.Connection{Unread: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.want.FunctionARN, test.want.Services = rotator.String(), []string{"rds"}
			f := Function{ARN: rotator, Environment: test.environment}
			if diff := cmp.Diff(test.want, f.Connection([]string{"rds"})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
