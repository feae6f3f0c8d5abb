package labtest

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// Network says how functions in a VPC get out of it. The zero value has no way.
type Network struct {
	// NAT adds a public subnet with a NAT gateway, to which the private subnets
	// have their default route, and an internet gateway.
	NAT bool
	// Endpoints are the services with an interface endpoint in the private
	// subnets, such as secretsmanager and rds, with private DNS.
	Endpoints []string
	// Prefix is what the addresses begin with; default 10.0.
	Prefix string
}

// VPC is a network in which everything works: two private subnets, and
// security groups that let functions reach endpoints on port 443 and databases
// on port 5432. Tests break it by its IDs.
type VPC struct {
	*ec2.Client
	w *World

	VPCID          string
	CIDR           string   // 10.0.0.0/16
	PrivateSubnets []string // 10.0.0.0/24 in zone a, 10.0.1.0/24 in zone b
	RouteTable     string   // of the private subnets; it is not the main one
	ACL            string   // the VPC's default, which all subnets have

	// The function's group allows all egress, as a new group does.
	FunctionGroup, EndpointGroup, DatabaseGroup string
	// Endpoints are the IDs of the endpoints by service.
	Endpoints map[string]string

	// These are empty without NAT. The public subnet is 10.0.100.0/24.
	PublicSubnet, PublicRouteTable, InternetGateway, NATGateway string
}

// NewNetwork makes a VPC.
func (w *World) NewNetwork(n Network) *VPC {
	w.t.Helper()
	ctx := w.t.Context()
	prefix := cmp.Or(n.Prefix, "10.0")
	v := &VPC{Client: ec2.NewFromConfig(w.Config()), w: w, CIDR: prefix + ".0.0/16", Endpoints: map[string]string{}}
	vpc, err := v.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: &v.CIDR})
	w.Must(err)
	v.VPCID = *vpc.Vpc.VpcId
	_, err = v.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{VpcId: &v.VPCID, EnableDnsHostnames: &types.AttributeBooleanValue{Value: new(true)}})
	w.Must(err)
	acls, err := v.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: []types.Filter{{Name: new("vpc-id"), Values: []string{v.VPCID}}}})
	w.Must(err)
	v.ACL = *acls.NetworkAcls[0].NetworkAclId
	v.RouteTable = v.NewRouteTable()
	v.PrivateSubnets = []string{v.NewSubnet(prefix+".0.0/24", "a", v.RouteTable), v.NewSubnet(prefix+".1.0/24", "b", v.RouteTable)}
	v.FunctionGroup = v.NewGroup("function")
	v.EndpointGroup = v.NewGroup("endpoint")
	v.DatabaseGroup = v.NewGroup("database")
	v.Allow(v.EndpointGroup, 443, v.FunctionGroup)
	v.Allow(v.DatabaseGroup, 5432, v.FunctionGroup)
	if n.NAT {
		v.addNAT(prefix + ".100.0/24")
	}
	for _, service := range n.Endpoints {
		v.Endpoints[service] = v.NewEndpoint(service)
	}
	return v
}

func (v *VPC) addNAT(publicCIDR string) {
	v.w.t.Helper()
	ctx := v.w.t.Context()
	gateway, err := v.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{})
	v.w.Must(err)
	v.InternetGateway = *gateway.InternetGateway.InternetGatewayId
	_, err = v.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: &v.InternetGateway, VpcId: &v.VPCID})
	v.w.Must(err)
	v.PublicRouteTable = v.NewRouteTable()
	v.PublicSubnet = v.NewSubnet(publicCIDR, "a", v.PublicRouteTable)
	address, err := v.AllocateAddress(ctx, &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc})
	v.w.Must(err)
	nat, err := v.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: &v.PublicSubnet, AllocationId: address.AllocationId})
	v.w.Must(err)
	v.NATGateway = *nat.NatGateway.NatGatewayId
	v.Route(&ec2.CreateRouteInput{RouteTableId: &v.PublicRouteTable, GatewayId: &v.InternetGateway})
	v.Route(&ec2.CreateRouteInput{RouteTableId: &v.RouteTable, NatGatewayId: &v.NATGateway})
}

// NewRouteTable makes a route table with the local route.
func (v *VPC) NewRouteTable() string {
	v.w.t.Helper()
	out, err := v.CreateRouteTable(v.w.t.Context(), &ec2.CreateRouteTableInput{VpcId: &v.VPCID})
	v.w.Must(err)
	return *out.RouteTable.RouteTableId
}

// Route makes a route, to 0.0.0.0/0 unless the input says otherwise.
func (v *VPC) Route(in *ec2.CreateRouteInput) {
	v.w.t.Helper()
	if in.DestinationCidrBlock == nil {
		in.DestinationCidrBlock = new("0.0.0.0/0")
	}
	_, err := v.CreateRoute(v.w.t.Context(), in)
	v.w.Must(err)
}

// NewSubnet makes a subnet in a zone (a, b and so on) with a route table.
func (v *VPC) NewSubnet(cidr, zone, routeTable string) string {
	v.w.t.Helper()
	out, err := v.CreateSubnet(v.w.t.Context(), &ec2.CreateSubnetInput{VpcId: &v.VPCID, CidrBlock: &cidr, AvailabilityZone: new(v.w.Region() + zone)})
	v.w.Must(err)
	_, err = v.AssociateRouteTable(v.w.t.Context(), &ec2.AssociateRouteTableInput{SubnetId: out.Subnet.SubnetId, RouteTableId: &routeTable})
	v.w.Must(err)
	return *out.Subnet.SubnetId
}

// NewGroup makes a security group, which lets everything out and nothing in.
func (v *VPC) NewGroup(name string) string {
	v.w.t.Helper()
	out, err := v.CreateSecurityGroup(v.w.t.Context(), &ec2.CreateSecurityGroupInput{VpcId: &v.VPCID, GroupName: &name, Description: &name})
	v.w.Must(err)
	return *out.GroupId
}

// Permission is TCP on a port with a peer: a security group or an IPv4 range.
func Permission(port int32, peer string) types.IpPermission {
	p := types.IpPermission{IpProtocol: new("tcp"), FromPort: &port, ToPort: &port}
	if strings.HasPrefix(peer, "sg-") {
		p.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: &peer}}
	} else {
		p.IpRanges = []types.IpRange{{CidrIp: &peer}}
	}
	return p
}

// Everything is the rule that lets a new group's connections out.
func Everything() types.IpPermission {
	return types.IpPermission{IpProtocol: new("-1"), IpRanges: []types.IpRange{{CidrIp: new("0.0.0.0/0")}}}
}

// Allow lets connections from a peer into a group.
func (v *VPC) Allow(group string, port int32, peer string) {
	v.w.t.Helper()
	_, err := v.AuthorizeSecurityGroupIngress(v.w.t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &group, IpPermissions: []types.IpPermission{Permission(port, peer)}})
	v.w.Must(err)
}

// Disallow takes back [VPC.Allow].
func (v *VPC) Disallow(group string, port int32, peer string) {
	v.w.t.Helper()
	_, err := v.RevokeSecurityGroupIngress(v.w.t.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: &group, IpPermissions: []types.IpPermission{Permission(port, peer)}})
	v.w.Must(err)
}

// Egress leaves a group that has just been made no other way out than these.
func (v *VPC) Egress(group string, permissions ...types.IpPermission) {
	v.w.t.Helper()
	_, err := v.RevokeSecurityGroupEgress(v.w.t.Context(), &ec2.RevokeSecurityGroupEgressInput{GroupId: &group, IpPermissions: []types.IpPermission{Everything()}})
	v.w.Must(err)
	if len(permissions) > 0 {
		_, err = v.AuthorizeSecurityGroupEgress(v.w.t.Context(), &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &group, IpPermissions: permissions})
		v.w.Must(err)
	}
}

// ACLEntry makes an entry of the VPC's ACL for TCP with any address. Those that
// allow everything have the number 100.
func (v *VPC) ACLEntry(number int32, egress bool, action types.RuleAction, from, to int32) {
	v.w.t.Helper()
	_, err := v.CreateNetworkAclEntry(v.w.t.Context(), &ec2.CreateNetworkAclEntryInput{
		NetworkAclId: &v.ACL, RuleNumber: &number, Egress: &egress, RuleAction: action, Protocol: new("6"), CidrBlock: new("0.0.0.0/0"),
		PortRange: &types.PortRange{From: &from, To: &to},
	})
	v.w.Must(err)
}

// NewEndpoint makes an interface endpoint of a service in the private subnets,
// with private DNS.
func (v *VPC) NewEndpoint(service string) string {
	v.w.t.Helper()
	out, err := v.CreateVpcEndpoint(v.w.t.Context(), &ec2.CreateVpcEndpointInput{
		VpcId: &v.VPCID, VpcEndpointType: types.VpcEndpointTypeInterface, ServiceName: new("com.amazonaws." + v.w.Region() + "." + service),
		SubnetIds: v.PrivateSubnets, SecurityGroupIds: []string{v.EndpointGroup}, PrivateDnsEnabled: new(true),
	})
	v.w.Must(err)
	return *out.VpcEndpoint.VpcEndpointId
}

// Config is the network of a function in the private subnets.
func (v *VPC) Config() *lambdatypes.VpcConfig {
	return &lambdatypes.VpcConfig{SubnetIds: v.PrivateSubnets, SecurityGroupIds: []string{v.FunctionGroup}}
}

// AttachFunction puts the world's function into the private subnets, once its
// role may connect it.
func (v *VPC) AttachFunction() {
	v.w.t.Helper()
	_, err := v.w.Roles.AttachRolePolicy(v.w.t.Context(), &iam.AttachRolePolicyInput{
		RoleName: &v.w.Role, PolicyArn: new("arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"),
	})
	v.w.Must(err)
	_, err = v.w.Functions.UpdateFunctionConfiguration(v.w.t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &v.w.FunctionARN, VpcConfig: v.Config()})
	v.w.Must(err)
}

// Database is the network of a database in the private subnets.
func (v *VPC) Database() awslab.DatabaseNetwork {
	return awslab.DatabaseNetwork{SubnetIDs: v.PrivateSubnets, SubnetGroup: "databases", SecurityGroupIDs: []string{v.DatabaseGroup}}
}

// DatabaseHost is the host of the instance of [VPC.AddDatabase].
const DatabaseHost = "orders.abc123.eu-west-1.rds.amazonaws.com"

// AddDatabase makes the RDS instance orders with PostgreSQL in a network, and
// the world's secret one of it: its user is still the one of the lab's user
// store.
func (w *World) AddDatabase(network awslab.DatabaseNetwork) {
	w.t.Helper()
	w.AddDBInstance(awslab.DBInstance{Identifier: "orders", Engine: "postgres", Host: DatabaseHost, Port: 5432, DatabaseNetwork: network})
	value, err := json.Marshal(map[string]any{"engine": "labstore", "host": DatabaseHost, "port": 5432, "username": "app", "password": w.Value(w.SecretARN, "password")})
	w.Must(err)
	_, err = w.Secrets.PutSecretValue(w.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &w.SecretARN, SecretString: new(string(value))})
	w.Must(err)
}
