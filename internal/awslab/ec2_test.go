package awslab_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	redshifttypes "github.com/aws/aws-sdk-go-v2/service/redshift/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
)

// exported compares what SDK types say.
var exported = cmp.FilterPath(func(p cmp.Path) bool {
	field, ok := p.Last().(cmp.StructField)
	return ok && strings.HasPrefix(field.Name(), "noSmithy")
}, cmp.Ignore())

func filters(pairs ...string) []types.Filter {
	var all []types.Filter
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, types.Filter{Name: &pairs[i], Values: strings.Split(pairs[i+1], ",")})
	}
	return all
}

// diff fails the test where an answer is not as it should be.
func diff(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got, exported, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

const account = "123456789012"

// TestEC2Answers builds a network with the SDK and looks at it with the SDK.
func TestEC2Answers(t *testing.T) {
	t.Parallel()
	w := labtest.New(t)
	v := w.NewNetwork(labtest.Network{NAT: true, Endpoints: []string{"secretsmanager"}})
	ctx := t.Context()

	vpcs := try[*ec2.DescribeVpcsOutput](t)(v.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{v.VPCID}})).Vpcs
	vpcs[0].DhcpOptionsId, vpcs[0].CidrBlockAssociationSet[0].AssociationId = nil, nil
	diff(t, "VPC", []types.Vpc{{
		VpcId: &v.VPCID, OwnerId: new(account), State: types.VpcStateAvailable, CidrBlock: new("10.0.0.0/16"), InstanceTenancy: types.TenancyDefault, IsDefault: new(false),
		CidrBlockAssociationSet: []types.VpcCidrBlockAssociation{{CidrBlock: new("10.0.0.0/16"), CidrBlockState: &types.VpcCidrBlockState{State: types.VpcCidrBlockStateCodeAssociated}}},
	}}, vpcs)

	attributes := map[types.VpcAttributeName]bool{}
	for _, name := range []types.VpcAttributeName{types.VpcAttributeNameEnableDnsSupport, types.VpcAttributeNameEnableDnsHostnames} {
		out := try[*ec2.DescribeVpcAttributeOutput](t)(v.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &v.VPCID, Attribute: name}))
		for _, a := range []*types.AttributeBooleanValue{out.EnableDnsSupport, out.EnableDnsHostnames} {
			if a != nil {
				attributes[name] = *a.Value
			}
		}
	}
	diff(t, "DNS attributes", map[types.VpcAttributeName]bool{"enableDnsSupport": true, "enableDnsHostnames": true}, attributes)

	// 251 of 256 addresses are for use. The first private subnet has the
	// endpoint.
	subnets := try[*ec2.DescribeSubnetsOutput](t)(v.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: v.PrivateSubnets[:1]})).Subnets
	diff(t, "subnet", []types.Subnet{{
		SubnetId: &v.PrivateSubnets[0], SubnetArn: new("arn:aws:ec2:eu-west-1:" + account + ":subnet/" + v.PrivateSubnets[0]), VpcId: &v.VPCID, OwnerId: new(account),
		CidrBlock: new("10.0.0.0/24"), AvailableIpAddressCount: new(int32(250)), AvailabilityZone: new("eu-west-1a"), AvailabilityZoneId: new("euw1-az1"), State: types.SubnetStateAvailable,
		DefaultForAz: new(false), MapPublicIpOnLaunch: new(false), AssignIpv6AddressOnCreation: new(false),
	}}, subnets)

	local := types.Route{DestinationCidrBlock: new("10.0.0.0/16"), GatewayId: new("local"), State: types.RouteStateActive, Origin: types.RouteOriginCreateRouteTable}
	tables := try[*ec2.DescribeRouteTablesOutput](t)(v.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: filters("association.subnet-id", v.PrivateSubnets[1])})).RouteTables
	for _, a := range tables[0].Associations {
		if !strings.HasPrefix(*a.RouteTableAssociationId, "rtbassoc-") {
			t.Errorf("association %s", *a.RouteTableAssociationId)
		}
	}
	for i := range tables[0].Associations {
		tables[0].Associations[i].RouteTableAssociationId = nil
	}
	associated := &types.RouteTableAssociationState{State: types.RouteTableAssociationStateCodeAssociated}
	diff(t, "route table", []types.RouteTable{{
		RouteTableId: &v.RouteTable, VpcId: &v.VPCID, OwnerId: new(account),
		Routes: []types.Route{local, {DestinationCidrBlock: new("0.0.0.0/0"), NatGatewayId: &v.NATGateway, State: types.RouteStateActive, Origin: types.RouteOriginCreateRoute}},
		Associations: []types.RouteTableAssociation{
			{RouteTableId: &v.RouteTable, SubnetId: &v.PrivateSubnets[0], Main: new(false), AssociationState: associated},
			{RouteTableId: &v.RouteTable, SubnetId: &v.PrivateSubnets[1], Main: new(false), AssociationState: associated},
		},
	}}, tables)
	main := try[*ec2.DescribeRouteTablesOutput](t)(v.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: filters("vpc-id", v.VPCID, "association.main", "true")})).RouteTables
	if len(main) != 1 || len(main[0].Associations) != 1 || !*main[0].Associations[0].Main {
		t.Errorf("the main table is %+v", main)
	}
	diff(t, "routes of the main table", []types.Route{local}, main[0].Routes)

	acls := try[*ec2.DescribeNetworkAclsOutput](t)(v.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: filters("association.subnet-id", v.PrivateSubnets[0], "vpc-id", v.VPCID)})).NetworkAcls
	entry := func(number int32, egress bool, action types.RuleAction) types.NetworkAclEntry {
		return types.NetworkAclEntry{RuleNumber: &number, Egress: &egress, RuleAction: action, Protocol: new("-1"), CidrBlock: new("0.0.0.0/0")}
	}
	diff(t, "entries of the ACL", []types.NetworkAclEntry{entry(100, true, "allow"), entry(32767, true, "deny"), entry(100, false, "allow"), entry(32767, false, "deny")}, acls[0].Entries)
	if !*acls[0].IsDefault || len(acls[0].Associations) != 3 {
		t.Errorf("the default ACL is %+v", acls[0])
	}

	groups := try[*ec2.DescribeSecurityGroupsOutput](t)(v.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{v.EndpointGroup}})).SecurityGroups
	diff(t, "security group", []types.SecurityGroup{{
		GroupId: &v.EndpointGroup, GroupName: new("endpoint"), Description: new("endpoint"), VpcId: &v.VPCID, OwnerId: new(account),
		SecurityGroupArn: new("arn:aws:ec2:eu-west-1:" + account + ":security-group/" + v.EndpointGroup),
		IpPermissions: []types.IpPermission{{
			IpProtocol: new("tcp"), FromPort: new(int32(443)), ToPort: new(int32(443)),
			UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: &v.FunctionGroup, UserId: new(account)}},
		}},
		IpPermissionsEgress: []types.IpPermission{labtest.Everything()},
	}}, groups)

	rules := try[*ec2.DescribeSecurityGroupRulesOutput](t)(v.DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{Filters: filters("group-id", v.EndpointGroup)})).SecurityGroupRules
	for i := range rules {
		rules[i].SecurityGroupRuleId, rules[i].SecurityGroupRuleArn = nil, nil
	}
	diff(t, "security group rules", []types.SecurityGroupRule{
		{GroupId: &v.EndpointGroup, GroupOwnerId: new(account), IsEgress: new(true), IpProtocol: new("-1"), FromPort: new(int32(-1)), ToPort: new(int32(-1)), CidrIpv4: new("0.0.0.0/0")},
		{
			GroupId: &v.EndpointGroup, GroupOwnerId: new(account), IsEgress: new(false), IpProtocol: new("tcp"), FromPort: new(int32(443)), ToPort: new(int32(443)),
			ReferencedGroupInfo: &types.ReferencedSecurityGroup{GroupId: &v.FunctionGroup, UserId: new(account)},
		},
	}, rules)

	endpoints := try[*ec2.DescribeVpcEndpointsOutput](t)(v.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{
		Filters: filters("vpc-id", v.VPCID, "service-name", "com.amazonaws.eu-west-1.secretsmanager"),
	})).VpcEndpoints
	id := v.Endpoints["secretsmanager"]
	var names []string
	for _, e := range endpoints[0].DnsEntries {
		names = append(names, strings.ReplaceAll(*e.DnsName, id+"-"+id[len(id)-8:], "ID"))
	}
	diff(t, "names", []string{
		"ID.secretsmanager.eu-west-1.vpce.amazonaws.com", "ID-eu-west-1a.secretsmanager.eu-west-1.vpce.amazonaws.com", "ID-eu-west-1b.secretsmanager.eu-west-1.vpce.amazonaws.com",
		"secretsmanager.eu-west-1.amazonaws.com",
	}, names)
	if len(endpoints[0].NetworkInterfaceIds) != 2 || !endpoints[0].CreationTimestamp.Equal(w.Now()) {
		t.Errorf("the endpoint is %+v", endpoints[0])
	}
	endpoints[0].DnsEntries, endpoints[0].NetworkInterfaceIds, endpoints[0].CreationTimestamp = nil, nil, nil
	diff(t, "endpoint", []types.VpcEndpoint{{
		VpcEndpointId: &id, VpcEndpointType: types.VpcEndpointTypeInterface, VpcId: &v.VPCID, ServiceName: new("com.amazonaws.eu-west-1.secretsmanager"), State: "available",
		PrivateDnsEnabled: new(true), RequesterManaged: new(false), SubnetIds: v.PrivateSubnets, Groups: []types.SecurityGroupIdentifier{{GroupId: &v.EndpointGroup, GroupName: new("endpoint")}},
		PolicyDocument: new(`{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}`), IpAddressType: types.IpAddressTypeIpv4, OwnerId: new(account),
		ServiceRegion: new("eu-west-1"),
	}}, endpoints)

	nats := try[*ec2.DescribeNatGatewaysOutput](t)(v.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{v.NATGateway}})).NatGateways
	address := nats[0].NatGatewayAddresses[0]
	if *address.PrivateIp != "10.0.100.4" || address.PublicIp == nil || address.AllocationId == nil {
		t.Errorf("the address of the NAT gateway is %+v", address)
	}
	nats[0].NatGatewayAddresses, nats[0].CreateTime = nil, nil
	diff(t, "NAT gateway", []types.NatGateway{{
		NatGatewayId: &v.NATGateway, SubnetId: &v.PublicSubnet, VpcId: &v.VPCID, State: types.NatGatewayStateAvailable, ConnectivityType: types.ConnectivityTypePublic,
	}}, nats)
	gateways := try[*ec2.DescribeInternetGatewaysOutput](t)(v.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{Filters: filters("attachment.vpc-id", v.VPCID)})).InternetGateways
	diff(t, "internet gateway", []types.InternetGateway{{
		InternetGatewayId: &v.InternetGateway, OwnerId: new(account), Attachments: []types.InternetGatewayAttachment{{VpcId: &v.VPCID, State: "available"}},
	}}, gateways)

	// A gateway endpoint is a route.
	made := try[*ec2.CreateVpcEndpointOutput](t)(v.CreateVpcEndpoint(ctx, &ec2.CreateVpcEndpointInput{VpcId: &v.VPCID, ServiceName: new("com.amazonaws.eu-west-1.s3"), RouteTableIds: []string{v.PublicRouteTable}}))
	lists := try[*ec2.DescribeManagedPrefixListsOutput](t)(v.DescribeManagedPrefixLists(ctx, &ec2.DescribeManagedPrefixListsInput{Filters: filters("prefix-list-name", "com.amazonaws.eu-west-1.s3")})).PrefixLists
	public := try[*ec2.DescribeRouteTablesOutput](t)(v.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{v.PublicRouteTable}})).RouteTables
	diff(t, "routes of the public table", []types.Route{
		local,
		{DestinationCidrBlock: new("0.0.0.0/0"), GatewayId: &v.InternetGateway, State: types.RouteStateActive, Origin: types.RouteOriginCreateRoute},
		{DestinationPrefixListId: lists[0].PrefixListId, GatewayId: made.VpcEndpoint.VpcEndpointId, State: types.RouteStateActive, Origin: types.RouteOriginCreateRoute},
	}, public[0].Routes)

	// A gateway that is gone leaves a blackhole.
	try[*ec2.DeleteNatGatewayOutput](t)(v.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &v.NATGateway}))
	tables = try[*ec2.DescribeRouteTablesOutput](t)(v.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: filters("route.state", "blackhole")})).RouteTables
	if len(tables) != 1 || *tables[0].RouteTableId != v.RouteTable || tables[0].Routes[1].State != types.RouteStateBlackhole {
		t.Errorf("the tables with blackholes are %+v", tables)
	}
}

func TestEC2FiltersAndPages(t *testing.T) {
	t.Parallel()
	w := labtest.Empty(t)
	v := w.NewNetwork(labtest.Network{})
	ctx := t.Context()
	for i := range 9 {
		name := string(rune('a' + i))
		out := try[*ec2.CreateSecurityGroupOutput](t)(v.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
			VpcId: &v.VPCID, GroupName: &name, Description: new("one of nine"),
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroup, Tags: []types.Tag{{Key: new("team"), Value: new("data/" + name)}}}},
		}))
		if len(out.Tags) != 1 {
			t.Errorf("a new group has the tags %+v", out.Tags)
		}
	}
	for name, test := range map[string]struct {
		filters []types.Filter
		want    string
	}{
		"none":     {nil, "default function endpoint database a b c d e f g h i"},
		"name":     {filters("group-name", "a,c,x"), "a c"},
		"wildcard": {filters("tag:team", "data/*", "group-name", "?"), "a b c d e f g h i"},
		"both":     {filters("tag:team", "*b", "vpc-id", v.VPCID), "b"},
		"tag key":  {filters("tag-key", "team", "group-name", "d"), "d"},
		"no match": {filters("vpc-id", "vpc-0"), ""},
	} {
		var names []string
		pages := ec2.NewDescribeSecurityGroupsPaginator(v, &ec2.DescribeSecurityGroupsInput{Filters: test.filters, MaxResults: new(int32(5))})
		for pages.HasMorePages() {
			page := try[*ec2.DescribeSecurityGroupsOutput](t)(pages.NextPage(ctx))
			if len(page.SecurityGroups) > 5 {
				t.Errorf("%s: a page has %d groups", name, len(page.SecurityGroups))
			}
			for _, g := range page.SecurityGroups {
				names = append(names, *g.GroupName)
			}
		}
		diff(t, name, test.want, strings.Join(names, " "))
	}
	config := w.Config()
	config.Region = "us-east-1"
	if elsewhere := try[*ec2.DescribeVpcsOutput](t)(ec2.NewFromConfig(config).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})); len(elsewhere.Vpcs) > 0 {
		t.Errorf("us-east-1 has %+v", elsewhere.Vpcs)
	}
}

func TestEC2Refusals(t *testing.T) {
	t.Parallel()
	w := labtest.New(t)
	v := w.NewNetwork(labtest.Network{NAT: true, Endpoints: []string{"secretsmanager"}})
	v.AttachFunction() // So that the role may connect it.
	ctx := t.Context()
	for name, test := range map[string]struct {
		do            func() error
		code, message string
	}{
		"unknown VPC": {func() error {
			_, err := v.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{"vpc-1"}})
			return err
		}, "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"},
		"unknown table": {func() error {
			_, err := v.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{"rtb-1"}})
			return err
		}, "InvalidRouteTableID.NotFound", "rtb-1"},
		"unknown filter": {func() error {
			_, err := v.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: filters("colour", "red")})
			return err
		}, "InvalidParameterValue", "The filter 'colour' is invalid"},
		"small pages": {func() error {
			_, err := v.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{MaxResults: new(int32(2))})
			return err
		}, "InvalidParameterValue", "between 5 and 1000"},
		"dry run": {func() error {
			_, err := v.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{DryRun: new(true)})
			return err
		}, "DryRunOperation", "would have succeeded"},
		"overlapping subnet": {func() error {
			_, err := v.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &v.VPCID, CidrBlock: new("10.0.1.128/25")})
			return err
		}, "InvalidSubnet.Conflict", "10.0.1.128/25"},
		"subnet beside the VPC": {func() error {
			_, err := v.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &v.VPCID, CidrBlock: new("10.1.0.0/24")})
			return err
		}, "InvalidSubnet.Range", "10.1.0.0/24"},
		"second route": {func() error {
			_, err := v.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: &v.RouteTable, DestinationCidrBlock: new("0.0.0.0/0"), NatGatewayId: &v.NATGateway})
			return err
		}, "RouteAlreadyExists", "0.0.0.0/0"},
		"route to nothing": {func() error {
			_, err := v.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: &v.RouteTable, DestinationCidrBlock: new("9.0.0.0/8"), NatGatewayId: new("nat-1")})
			return err
		}, "NatGatewayNotFound", "nat-1"},
		"local route": {func() error {
			_, err := v.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: &v.RouteTable, DestinationCidrBlock: new("10.0.0.0/16")})
			return err
		}, "InvalidParameterValue", "cannot remove local route"},
		"second association": {func() error {
			_, err := v.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: &v.PublicRouteTable, SubnetId: &v.PrivateSubnets[0]})
			return err
		}, "Resource.AlreadyAssociated", ""},
		"second rule": {func() error {
			_, err := v.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &v.EndpointGroup, IpPermissions: []types.IpPermission{labtest.Permission(443, v.FunctionGroup)}})
			return err
		}, "InvalidPermission.Duplicate", "already exists"},
		"rule that is not there": {func() error {
			_, err := v.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &v.EndpointGroup, IpPermissions: []types.IpPermission{labtest.Permission(80, v.FunctionGroup)}})
			return err
		}, "InvalidPermission.NotFound", ""},
		"range with host bits": {func() error {
			_, err := v.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &v.EndpointGroup, IpPermissions: []types.IpPermission{labtest.Permission(80, "10.0.0.1/24")}})
			return err
		}, "InvalidParameterValue", "10.0.0.1/24"},
		"second entry": {func() error {
			_, err := v.CreateNetworkAclEntry(ctx, &ec2.CreateNetworkAclEntryInput{NetworkAclId: &v.ACL, RuleNumber: new(int32(100)), Egress: new(true), Protocol: new("-1"), RuleAction: types.RuleActionDeny, CidrBlock: new("0.0.0.0/0")})
			return err
		}, "NetworkAclEntryAlreadyExists", ""},
		"second private name": {func() error {
			_, err := v.CreateVpcEndpoint(ctx, &ec2.CreateVpcEndpointInput{VpcId: &v.VPCID, VpcEndpointType: types.VpcEndpointTypeInterface, ServiceName: new("com.amazonaws.eu-west-1.secretsmanager"), PrivateDnsEnabled: new(true)})
			return err
		}, "InvalidParameter", "conflicting DNS domain for secretsmanager.eu-west-1.amazonaws.com"},
		"service of another Region": {func() error {
			_, err := v.CreateVpcEndpoint(ctx, &ec2.CreateVpcEndpointInput{VpcId: &v.VPCID, VpcEndpointType: types.VpcEndpointTypeInterface, ServiceName: new("com.amazonaws.us-east-1.rds")})
			return err
		}, "InvalidServiceName", "com.amazonaws.us-east-1.rds"},
		"private names without DNS host names": {func() error {
			bare := try[*ec2.CreateVpcOutput](t)(v.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: new("10.9.0.0/16")}))
			_, err := v.CreateVpcEndpoint(ctx, &ec2.CreateVpcEndpointInput{VpcId: bare.Vpc.VpcId, VpcEndpointType: types.VpcEndpointTypeInterface, ServiceName: new("com.amazonaws.eu-west-1.rds"), PrivateDnsEnabled: new(true)})
			return err
		}, "InvalidParameter", "requires both enableDnsSupport and enableDnsHostnames"},
		"VPC in use": {func() error {
			_, err := v.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: &v.VPCID})
			return err
		}, "DependencyViolation", v.VPCID},
		"function without groups": {func() error {
			_, err := w.Functions.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &w.FunctionARN, VpcConfig: &lambdatypes.VpcConfig{SubnetIds: v.PrivateSubnets}})
			return err
		}, "InvalidParameterValueException", "SubnetIds and SecurityIds must coexist or be both empty list."},
		"function in an unknown subnet": {func() error {
			_, err := w.Functions.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &w.FunctionARN, VpcConfig: &lambdatypes.VpcConfig{SubnetIds: []string{"subnet-1"}, SecurityGroupIds: []string{v.FunctionGroup}}})
			return err
		}, "InvalidParameterValueException", "EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID 'subnet-1' does not exist"},
		"function in an unknown group": {func() error {
			_, err := w.Functions.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: &w.FunctionARN, VpcConfig: &lambdatypes.VpcConfig{SubnetIds: v.PrivateSubnets, SecurityGroupIds: []string{"sg-1"}}})
			return err
		}, "InvalidParameterValueException", "EC2 Error Code: InvalidGroup.NotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, test.do(), test.code, test.message)
		})
	}
	limited := w.NewUser("looker", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:DescribeVpcs","Resource":"*"}]}`)
	looker := ec2.NewFromConfig(w.ConfigFor(limited))
	try[*ec2.DescribeVpcsOutput](t)(looker.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{}))
	_, err := looker.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{})
	refused(t, err, "UnauthorizedOperation", "not authorized to perform: ec2:DescribeRouteTables")
	limited.AccessKeyID = "AKIANOBODY"
	_, err = ec2.NewFromConfig(w.ConfigFor(limited)).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
	refused(t, err, "AuthFailure", "")
}

// TestEndpointChanges takes an endpoint's groups, subnets and policy through
// their changes, and the endpoint away.
func TestEndpointChanges(t *testing.T) {
	t.Parallel()
	w := labtest.Empty(t)
	v := w.NewNetwork(labtest.Network{Endpoints: []string{"secretsmanager"}})
	ctx, id := t.Context(), v.Endpoints["secretsmanager"]
	const policy = `{"Statement":[]}`
	for _, in := range []ec2.ModifyVpcEndpointInput{
		{PrivateDnsEnabled: new(false)},
		{AddSecurityGroupIds: []string{v.DatabaseGroup}, RemoveSecurityGroupIds: []string{v.EndpointGroup}},
		{RemoveSubnetIds: v.PrivateSubnets[:1]},
		{PolicyDocument: new(policy)},
	} {
		in.VpcEndpointId = &id
		try[*ec2.ModifyVpcEndpointOutput](t)(v.ModifyVpcEndpoint(ctx, &in))
	}
	e := try[*ec2.DescribeVpcEndpointsOutput](t)(v.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{id}})).VpcEndpoints[0]
	if *e.PrivateDnsEnabled || len(e.Groups) != 1 || *e.Groups[0].GroupId != v.DatabaseGroup || !slices.Equal(e.SubnetIds, v.PrivateSubnets[1:]) || *e.PolicyDocument != policy {
		t.Errorf("the endpoint is %+v", e)
	}
	out := try[*ec2.DeleteVpcEndpointsOutput](t)(v.DeleteVpcEndpoints(ctx, &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{id, "vpce-1"}}))
	if len(out.Unsuccessful) != 1 || *out.Unsuccessful[0].ResourceId != "vpce-1" || *out.Unsuccessful[0].Error.Code != "InvalidVpcEndpointId.NotFound" {
		t.Errorf("deleting said %+v", out.Unsuccessful)
	}
	for _, s := range try[*ec2.DescribeSubnetsOutput](t)(v.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: v.PrivateSubnets})).Subnets {
		if *s.AvailableIpAddressCount != 251 {
			t.Errorf("%s has %d free addresses", *s.SubnetId, *s.AvailableIpAddressCount)
		}
	}
}

// TestDatabasesInVPC reads with the SDK where databases are.
func TestDatabasesInVPC(t *testing.T) {
	t.Parallel()
	w := labtest.Empty(t)
	v := w.NewNetwork(labtest.Network{})
	ctx, network := t.Context(), v.Database()
	instance := w.AddDBInstance(awslab.DBInstance{Identifier: "orders", Engine: "postgres", Host: "orders.x", Port: 5432, DatabaseNetwork: network})
	cluster := w.AddDBCluster(awslab.DBCluster{Identifier: "docs", Engine: "docdb", Host: "docs.x", Port: 27017, DatabaseNetwork: network})
	network.PubliclyAccessible = true
	w.AddRedshiftCluster(awslab.RedshiftCluster{Identifier: "dwh", Host: "dwh.x", Port: 5439, DatabaseNetwork: network})
	groups := []rdstypes.VpcSecurityGroupMembership{{VpcSecurityGroupId: &v.DatabaseGroup, Status: new("active")}}
	subnet := func(i int, zone string) rdstypes.Subnet {
		return rdstypes.Subnet{SubnetIdentifier: &v.PrivateSubnets[i], SubnetStatus: new("Active"), SubnetAvailabilityZone: &rdstypes.AvailabilityZone{Name: &zone}}
	}
	client := rds.NewFromConfig(w.Config())
	instances := try[*rds.DescribeDBInstancesOutput](t)(client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})).DBInstances
	diff(t, "instance", []rdstypes.DBInstance{{
		DBInstanceIdentifier: new("orders"), DBInstanceArn: &instance, Engine: new("postgres"), DBInstanceStatus: new("available"),
		Endpoint: &rdstypes.Endpoint{Address: new("orders.x"), Port: new(int32(5432))}, VpcSecurityGroups: groups, PubliclyAccessible: new(false),
		DBSubnetGroup: &rdstypes.DBSubnetGroup{
			DBSubnetGroupName: new("databases"), DBSubnetGroupDescription: new("databases"), SubnetGroupStatus: new("Complete"), VpcId: &v.VPCID,
			Subnets: []rdstypes.Subnet{subnet(0, "eu-west-1a"), subnet(1, "eu-west-1b")},
		},
	}}, instances)
	clusters := try[*rds.DescribeDBClustersOutput](t)(client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{})).DBClusters
	diff(t, "cluster", []rdstypes.DBCluster{{
		DBClusterIdentifier: new("docs"), DBClusterArn: &cluster, Engine: new("docdb"), Status: new("available"), Endpoint: new("docs.x"), Port: new(int32(27017)),
		VpcSecurityGroups: groups, DBSubnetGroup: new("databases"),
	}}, clusters)
	warehouses := try[*redshift.DescribeClustersOutput](t)(redshift.NewFromConfig(w.Config()).DescribeClusters(ctx, &redshift.DescribeClustersInput{})).Clusters
	diff(t, "Redshift cluster", []redshifttypes.Cluster{{
		ClusterIdentifier: new("dwh"), ClusterStatus: new("available"), Endpoint: &redshifttypes.Endpoint{Address: new("dwh.x"), Port: aws.Int32(5439)},
		VpcSecurityGroups: []redshifttypes.VpcSecurityGroupMembership{{VpcSecurityGroupId: &v.DatabaseGroup, Status: new("active")}},
		VpcId:             &v.VPCID, ClusterSubnetGroupName: new("databases"), PubliclyAccessible: new(true),
	}}, warehouses)
}
