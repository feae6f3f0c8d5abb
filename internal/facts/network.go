package facts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// Network describes the network around a function that is connected to a VPC: what
// AWS's page on network access asks to look at.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotation-function-network-access.html.
func (s Source) Network(ctx context.Context, f *Function) findings.Network {
	v := vpc{Source: s, id: aws.ToString(f.VpcConfig.VpcId), account: f.ARN.AccountID}
	n := findings.Network{
		Region: s.Region, IPv6: aws.ToBool(f.VpcConfig.Ipv6AllowedForDualStack),
		VPC: findings.VPC{
			ID:           v.id,
			DNSSupport:   v.attribute(ctx, types.VpcAttributeNameEnableDnsSupport),
			DNSHostnames: v.attribute(ctx, types.VpcAttributeNameEnableDnsHostnames),
		},
		Subnets:        v.subnets(ctx, f.VpcConfig.SubnetIds),
		SecurityGroups: v.groups(ctx, f.VpcConfig.SecurityGroupIds),
		Endpoints:      v.endpoints(ctx),
	}
	if !v.whole(ctx) {
		n.VPC.Owner = v.owner(ctx)
	}
	n.Unseen = v.unseen
	return n
}

// Connection is what the function has to reach of AWS APIs, and how its environment
// leads there. The AWS SDK for Python takes the address of a proxy from HTTPS_PROXY
// or https_proxy.
func (f *Function) Connection(services []string) findings.Connection {
	return findings.Connection{
		FunctionARN: f.ARN.String(), Endpoint: f.Environment[catalog.EndpointVariable], Services: services,
		Proxy: cmp.Or(f.Environment["HTTPS_PROXY"], f.Environment["https_proxy"]) != "", Unread: f.Environment == nil,
	}
}

// vpc gathers the facts of one VPC, each for all functions and databases in it.
type vpc struct {
	Source

	id      string
	account string // that what is looked at in the VPC belongs to
	unseen  []string
}

// look keeps a fact of the VPC. One that these credentials may not see, or that
// EC2 does not tell, is not known, and is no reason to fail: all this is looked at
// for advice.
func look[T any](ctx context.Context, v *vpc, action, key string, ask func(context.Context) (T, error)) T {
	fact, err := advice(ctx, v.Source, "ec2", action+" "+key, ask)
	v.unseen = lacking(v.unseen, "ec2:"+action, err)
	return fact
}

func (v *vpc) filter() []types.Filter {
	return []types.Filter{{Name: aws.String("vpc-id"), Values: []string{v.id}}}
}

func (v *vpc) attribute(ctx context.Context, name types.VpcAttributeName) *bool {
	return look(ctx, v, "DescribeVpcAttribute", v.id+" "+string(name), func(ctx context.Context) (*bool, error) {
		out, err := v.EC2.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &v.id, Attribute: name})
		if err != nil {
			return nil, err
		}
		value := cmp.Or(out.EnableDnsSupport, out.EnableDnsHostnames)
		if value == nil {
			return nil, fmt.Errorf("EC2 does not tell the attribute %s", name)
		}
		return value.Value, nil
	})
}

// all describes the subnets of the VPC by ID; nil if they cannot be seen.
func (v *vpc) all(ctx context.Context) map[string]types.Subnet {
	return look(ctx, v, "DescribeSubnets", v.id, func(ctx context.Context) (map[string]types.Subnet, error) {
		found := map[string]types.Subnet{}
		pages := ec2.NewDescribeSubnetsPaginator(v.EC2, &ec2.DescribeSubnetsInput{Filters: v.filter()})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, s := range page.Subnets {
				found[aws.ToString(s.SubnetId)] = s
			}
		}
		return found, nil
	})
}

// owner is the account that the VPC belongs to; "" if that cannot be seen.
func (v *vpc) owner(ctx context.Context) string {
	for _, s := range v.all(ctx) {
		return aws.ToString(s.OwnerId)
	}
	return ""
}

// whole reports whether these credentials see all that is in the VPC. EC2 has an
// empty answer for who may not see: credentials of another account, and those of an
// account that a VPC is shared with, which see neither its endpoints nor its NAT
// gateways.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html.
func (v *vpc) whole(ctx context.Context) bool {
	owner := v.owner(ctx)
	return owner != "" && owner == v.account && owner == cmp.Or(accountOf(&v.CallerARN), owner)
}

// subnets describes subnets with the routes and the network ACL of each. It is nil
// if one of them cannot be seen.
func (v *vpc) subnets(ctx context.Context, ids []string) []findings.Subnet {
	all, tables, acls := v.all(ctx), v.tables(ctx), v.acls(ctx)
	gateways := v.gateways(ctx, tables)
	var subnets []findings.Subnet
	for _, id := range ids {
		s, known := all[id]
		if !known {
			return nil
		}
		subnet := findings.Subnet{ID: id, CIDR: aws.ToString(s.CidrBlock)}
		if table := tableOf(tables, id); table != nil {
			subnet.RouteTableID, subnet.Routes = aws.ToString(table.RouteTableId), routes(*table)
			for i, r := range subnet.Routes {
				subnet.Routes[i].NAT = gateways[r.Target]
			}
		}
		for _, acl := range acls {
			if slices.ContainsFunc(acl.Associations, func(a types.NetworkAclAssociation) bool { return aws.ToString(a.SubnetId) == id }) {
				subnet.NetworkACLID, subnet.Rules = aws.ToString(acl.NetworkAclId), rules(acl)
			}
		}
		subnets = append(subnets, subnet)
	}
	return subnets
}

func (v *vpc) tables(ctx context.Context) []types.RouteTable {
	return look(ctx, v, "DescribeRouteTables", v.id, func(ctx context.Context) (all []types.RouteTable, err error) {
		pages := ec2.NewDescribeRouteTablesPaginator(v.EC2, &ec2.DescribeRouteTablesInput{Filters: v.filter()})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			all = append(all, page.RouteTables...)
		}
		return all, nil
	})
}

// gateways describes the NAT gateways of the VPC by ID, with the routes of their
// own subnets.
func (v *vpc) gateways(ctx context.Context, tables []types.RouteTable) map[string]*findings.NATGateway {
	return look(ctx, v, "DescribeNatGateways", v.id, func(ctx context.Context) (map[string]*findings.NATGateway, error) {
		all := map[string]*findings.NATGateway{}
		pages := ec2.NewDescribeNatGatewaysPaginator(v.EC2, &ec2.DescribeNatGatewaysInput{Filter: v.filter()})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, g := range page.NatGateways {
				gateway := &findings.NATGateway{State: string(g.State), Private: g.ConnectivityType == types.ConnectivityTypePrivate, SubnetID: aws.ToString(g.SubnetId)}
				if table := tableOf(tables, gateway.SubnetID); table != nil && gateway.SubnetID != "" {
					gateway.Routes = routes(*table)
				}
				all[aws.ToString(g.NatGatewayId)] = gateway
			}
		}
		return all, nil
	})
}

// tableOf returns the route table of a subnet: its own, or else the main one.
func tableOf(tables []types.RouteTable, subnetID string) *types.RouteTable {
	var main *types.RouteTable
	for i, table := range tables {
		for _, a := range table.Associations {
			if aws.ToString(a.SubnetId) == subnetID {
				return &tables[i]
			}
			if aws.ToBool(a.Main) {
				main = &tables[i]
			}
		}
	}
	return main
}

func routes(table types.RouteTable) []findings.Route {
	all := []findings.Route{}
	for _, r := range table.Routes {
		all = append(all, findings.Route{
			Destination: first(r.DestinationCidrBlock, r.DestinationIpv6CidrBlock, r.DestinationPrefixListId),
			Target: first(r.NatGatewayId, r.GatewayId, r.EgressOnlyInternetGatewayId, r.TransitGatewayId, r.VpcPeeringConnectionId,
				r.NetworkInterfaceId, r.InstanceId, r.LocalGatewayId, r.CarrierGatewayId, r.CoreNetworkArn, r.OdbNetworkArn),
			Active: r.State != types.RouteStateBlackhole,
		})
	}
	return all
}

func (v *vpc) acls(ctx context.Context) []types.NetworkAcl {
	return look(ctx, v, "DescribeNetworkAcls", v.id, func(ctx context.Context) (all []types.NetworkAcl, err error) {
		pages := ec2.NewDescribeNetworkAclsPaginator(v.EC2, &ec2.DescribeNetworkAclsInput{Filters: v.filter()})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			all = append(all, page.NetworkAcls...)
		}
		return all, nil
	})
}

func rules(acl types.NetworkAcl) []findings.NetworkACLRule {
	all := []findings.NetworkACLRule{}
	for _, e := range acl.Entries {
		r := findings.NetworkACLRule{
			Number: int(aws.ToInt32(e.RuleNumber)), Egress: aws.ToBool(e.Egress), Allow: e.RuleAction == types.RuleActionAllow,
			Protocol: aws.ToString(e.Protocol), CIDR: first(e.CidrBlock, e.Ipv6CidrBlock), FromPort: -1, ToPort: -1,
		}
		if e.PortRange != nil {
			r.FromPort, r.ToPort = port(e.PortRange.From), port(e.PortRange.To)
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b findings.NetworkACLRule) int { return cmp.Compare(a.Number, b.Number) })
	return all
}

// groups describes security groups. Rules that cannot be seen are nil, and no rules
// at all are those of a group that cannot be seen, unless all of the VPC can.
func (v *vpc) groups(ctx context.Context, ids []string) []findings.SecurityGroup {
	all := []findings.SecurityGroup{}
	for _, id := range ids {
		rules := look(ctx, v, "DescribeSecurityGroupRules", id, func(ctx context.Context) ([]findings.SecurityGroupRule, error) {
			found := []findings.SecurityGroupRule{}
			pages := ec2.NewDescribeSecurityGroupRulesPaginator(v.EC2, &ec2.DescribeSecurityGroupRulesInput{
				Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{id}}},
			})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return nil, err
				}
				for _, r := range page.SecurityGroupRules {
					rule := findings.SecurityGroupRule{
						Egress: aws.ToBool(r.IsEgress), Protocol: aws.ToString(r.IpProtocol), FromPort: port(r.FromPort), ToPort: port(r.ToPort),
						CIDR: first(r.CidrIpv4, r.CidrIpv6), PrefixListID: aws.ToString(r.PrefixListId),
					}
					if r.ReferencedGroupInfo != nil {
						rule.GroupID = aws.ToString(r.ReferencedGroupInfo.GroupId)
					}
					found = append(found, rule)
				}
			}
			return found, nil
		})
		if len(rules) == 0 && !v.whole(ctx) {
			rules = nil
		}
		all = append(all, findings.SecurityGroup{ID: id, Rules: rules})
	}
	return all
}

// endpoints describes the interface endpoints of the VPC; nil if they cannot all be
// seen.
func (v *vpc) endpoints(ctx context.Context) []findings.Endpoint {
	found := look(ctx, v, "DescribeVpcEndpoints", v.id, func(ctx context.Context) ([]types.VpcEndpoint, error) {
		all := []types.VpcEndpoint{}
		pages := ec2.NewDescribeVpcEndpointsPaginator(v.EC2, &ec2.DescribeVpcEndpointsInput{Filters: v.filter()})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			all = append(all, page.VpcEndpoints...)
		}
		return all, nil
	})
	if found == nil || !v.whole(ctx) {
		return nil
	}
	all := []findings.Endpoint{}
	for _, e := range found {
		// Some services of the Regions in China begin with cn.com.amazonaws.
		owner, service, _ := strings.Cut(aws.ToString(e.ServiceName), "."+v.Region+".")
		if e.VpcEndpointType != types.VpcEndpointTypeInterface || !strings.HasSuffix(owner, "com.amazonaws") || !called(service) {
			continue
		}
		endpoint := findings.Endpoint{
			ID: aws.ToString(e.VpcEndpointId), Service: service, State: strings.ToLower(string(e.State)), PrivateDNS: aws.ToBool(e.PrivateDnsEnabled),
			Subnets: v.subnets(ctx, e.SubnetIds),
		}
		for _, name := range e.DnsEntries {
			endpoint.DNSNames = append(endpoint.DNSNames, aws.ToString(name.DnsName))
		}
		ids := []string{}
		for _, g := range e.Groups {
			ids = append(ids, aws.ToString(g.GroupId))
		}
		endpoint.SecurityGroups = v.groups(ctx, ids)
		if text := aws.ToString(e.PolicyDocument); text != "" {
			endpoint.Policy = new(ReadPolicy(endpoint.ID, text))
		}
		all = append(all, endpoint)
	}
	return all
}

// called reports whether rotation functions call a service, by the name that its
// endpoints have.
func called(service string) bool {
	switch service {
	case "secretsmanager", "rds", "redshift", "redshift-serverless", "elasticache", "ds", "timestream-influxdb":
		return true
	}
	return false
}

// port is a port as EC2 gives it; -1 means all.
func port(p *int32) int {
	if p == nil {
		return -1
	}
	return int(*p)
}

// first is the first of some strings that there is.
func first(texts ...*string) string {
	for _, text := range texts {
		if s := aws.ToString(text); s != "" {
			return s
		}
	}
	return ""
}
