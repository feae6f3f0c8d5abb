package awslab

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// vpc is a virtual private cloud. One that is made has a main route table with
// the local route, a default network ACL that allows everything and a default
// security group: https://docs.aws.amazon.com/vpc/latest/userguide/create-vpc.html.
type vpc struct {
	resource

	network                  *network
	cidr                     netip.Prefix
	dnsSupport, dnsHostnames bool
	mainTable                *routeTable
	defaultACL               *networkACL
	defaultGroup             *securityGroup
	mainAssociation, dhcpSet string
}

func (n *network) createVPC(c *call) ([]xmlElement, error) {
	cidr, err := c.cidr("CidrBlock")
	switch {
	case err != nil:
		return nil, err
	case cidr.Bits() < 16 || cidr.Bits() > 28:
		return nil, errorf("InvalidVpc.Range", "The CIDR '%s' is invalid.", cidr)
	}
	v := &vpc{resource: n.newResource(c, "vpc"), network: n, cidr: cidr, dnsSupport: true, mainAssociation: n.newID("rtbassoc"), dhcpSet: n.newID("dopt")}
	n.vpcs.byID[v.id] = v
	v.mainTable = n.newRouteTable(resource{n.newID("rtb"), map[string]string{}}, v)
	v.defaultACL = n.newACL(resource{n.newID("acl"), map[string]string{}}, v)
	v.defaultACL.entries = []aclEntry{
		{number: 100, protocol: -1, allow: true, cidr: anywhere},
		{number: 100, egress: true, protocol: -1, allow: true, cidr: anywhere},
	}
	v.defaultGroup = n.newGroup(resource{n.newID("sg"), map[string]string{}}, v, "default", "default VPC security group")
	v.defaultGroup.rules = append(v.defaultGroup.rules, &groupRule{resource: resource{n.newID("sgr"), map[string]string{}}, of: v.defaultGroup, protocol: "-1", from: -1, to: -1, group: v.defaultGroup.id})
	return []xmlElement{{Name: "vpc", Children: v.elements()}}, nil
}

func (v *vpc) filters() map[string][]string {
	return map[string][]string{
		"vpc-id": {v.id}, "cidr": {v.cidr.String()}, "cidr-block-association.cidr-block": {v.cidr.String()}, "state": {"available"},
		"is-default": {"false"}, "isDefault": {"false"}, "owner-id": {v.network.lab.options.AccountID}, "dhcp-options-id": {v.dhcpSet},
	}
}

func (v *vpc) elements() []xmlElement {
	return append(
		fields("vpcId", v.id, "ownerId", v.network.lab.options.AccountID, "state", "available", "cidrBlock", v.cidr.String(),
			"dhcpOptionsId", v.dhcpSet, "instanceTenancy", "default", "isDefault", "false"),
		set("cidrBlockAssociationSet", []xmlElement{
			text("cidrBlock", v.cidr.String()), text("associationId", "vpc-cidr-assoc"+v.id[len("vpc"):]),
			{Name: "cidrBlockState", Children: fields("state", "associated")},
		}),
		v.tagSet(),
	)
}

func (n *network) deleteVPC(c *call) ([]xmlElement, error) {
	v, err := n.vpcs.find(c.form.Get("VpcId"))
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(n.subnets.all(), func(s *subnet) bool { return s.vpc == v }) ||
		slices.ContainsFunc(n.endpoints.all(), func(e *vpcEndpoint) bool { return e.vpc == v }) ||
		slices.ContainsFunc(n.internet.all(), func(g *internetGateway) bool { return g.vpc == v }) ||
		slices.ContainsFunc(n.groups.all(), func(g *securityGroup) bool { return g.vpc == v && g != v.defaultGroup }) ||
		slices.ContainsFunc(n.tables.all(), func(t *routeTable) bool { return t.vpc == v && t != v.mainTable }) ||
		slices.ContainsFunc(n.acls.all(), func(a *networkACL) bool { return a.vpc == v && a != v.defaultACL }) {
		return nil, inUse("vpc", v.id)
	}
	delete(n.vpcs.byID, v.id)
	delete(n.tables.byID, v.mainTable.id)
	delete(n.acls.byID, v.defaultACL.id)
	delete(n.groups.byID, v.defaultGroup.id)
	return returnTrue, nil
}

// inUse is the error of a deletion that other objects are in the way of.
func inUse(kind, id string) *apiError {
	return errorf("DependencyViolation", "The %s '%s' has dependencies and cannot be deleted.", kind, id)
}

func (n *network) modifyVPCAttribute(c *call) ([]xmlElement, error) {
	v, err := n.vpcs.find(c.form.Get("VpcId"))
	if err != nil {
		return nil, err
	}
	for name, attribute := range map[string]*bool{"EnableDnsSupport.Value": &v.dnsSupport, "EnableDnsHostnames.Value": &v.dnsHostnames} {
		if c.form.Has(name) {
			*attribute = c.form.Get(name) == "true"
		}
	}
	return returnTrue, nil
}

func (n *network) describeVPCAttribute(c *call) ([]xmlElement, error) {
	v, err := n.vpcs.find(c.form.Get("VpcId"))
	if err != nil {
		return nil, err
	}
	value := map[string]bool{"enableDnsSupport": v.dnsSupport, "enableDnsHostnames": v.dnsHostnames, "enableNetworkAddressUsageMetrics": false}
	name := c.form.Get("Attribute")
	on, ok := value[name]
	if !ok {
		return nil, errorf("InvalidParameterValue", "Value (%s) for parameter attribute is invalid.", name)
	}
	return []xmlElement{text("vpcId", v.id), {Name: name, Children: fields("value", strconv.FormatBool(on))}}, nil
}

// subnet is a subnet of a VPC in one Availability Zone.
type subnet struct {
	resource

	vpc            *vpc
	cidr           netip.Prefix
	zone           string
	acl            *networkACL
	aclAssociation string
	// taken are the addresses that are in use, each with what uses it.
	taken map[netip.Addr]string
	full  bool // no address is free: see [Lab.FillSubnet]
}

// reservedAddresses are the first four addresses of a subnet and the last:
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html.
const reservedAddresses = 5

func (n *network) createSubnet(c *call) ([]xmlElement, error) {
	v, err := n.vpcs.find(c.form.Get("VpcId"))
	if err != nil {
		return nil, err
	}
	cidr, err := c.cidr("CidrBlock")
	zone := cmp.Or(c.form.Get("AvailabilityZone"), n.region+"a")
	switch {
	case err != nil:
		return nil, err
	case cidr.Bits() < v.cidr.Bits() || cidr.Bits() > 28 || !v.cidr.Contains(cidr.Addr()):
		return nil, errorf("InvalidSubnet.Range", "The CIDR '%s' is invalid.", cidr)
	case zone[:len(zone)-1] != n.region:
		return nil, errorf("InvalidParameterValue", "Value (%s) for parameter availabilityZone is invalid.", zone)
	case slices.ContainsFunc(n.subnets.all(), func(s *subnet) bool { return s.vpc == v && s.cidr.Overlaps(cidr) }):
		return nil, errorf("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", cidr)
	}
	s := &subnet{
		resource: n.newResource(c, "subnet"), vpc: v, cidr: cidr, zone: zone,
		acl: v.defaultACL, aclAssociation: n.newID("aclassoc"), taken: map[netip.Addr]string{},
	}
	n.subnets.byID[s.id] = s
	return []xmlElement{{Name: "subnet", Children: s.elements()}}, nil
}

// available is how many addresses are free.
func (s *subnet) available() int {
	if s.full {
		return 0
	}
	return 1<<(32-s.cidr.Bits()) - reservedAddresses - len(s.taken)
}

// take returns the address of a network interface of the owner, which is a
// new one if it has none.
func (s *subnet) take(owner string) (netip.Addr, error) {
	for address, by := range s.taken {
		if by == owner {
			return address, nil
		}
	}
	if s.available() <= 0 {
		return netip.Addr{}, errorf("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.")
	}
	address := s.cidr.Addr()
	for range reservedAddresses - 1 {
		address = address.Next()
	}
	for s.taken[address] != "" {
		address = address.Next()
	}
	s.taken[address] = owner
	return address, nil
}

// release gives back what the owner has taken.
func (s *subnet) release(owner string) {
	for address, by := range s.taken {
		if by == owner {
			delete(s.taken, address)
		}
	}
}

func (s *subnet) filters() map[string][]string {
	return map[string][]string{
		"subnet-id": {s.id}, "vpc-id": {s.vpc.id}, "cidr-block": {s.cidr.String()}, "cidrBlock": {s.cidr.String()}, "state": {"available"},
		"availability-zone": {s.zone}, "availabilityZone": {s.zone}, "available-ip-address-count": {strconv.Itoa(s.available())},
		"default-for-az": {"false"}, "owner-id": {s.vpc.network.lab.options.AccountID},
	}
}

func (s *subnet) elements() []xmlElement {
	n := s.vpc.network
	return append(
		fields("subnetId", s.id, "subnetArn", n.arn("subnet/"+s.id), "state", "available", "ownerId", n.lab.options.AccountID,
			"vpcId", s.vpc.id, "cidrBlock", s.cidr.String(), "availableIpAddressCount", strconv.Itoa(s.available()),
			"availabilityZone", s.zone, "availabilityZoneId", zoneID(s.zone), "defaultForAz", "false", "mapPublicIpOnLaunch", "false",
			"assignIpv6AddressOnCreation", "false"),
		s.tagSet(),
	)
}

// directions are the parts of a Region's name as zone IDs have them.
var directions = strings.NewReplacer("north", "n", "south", "s", "east", "e", "west", "w", "central", "c", "gov", "g", "-", "")

// zoneID is the ID of an Availability Zone, such as euw1-az1 of eu-west-1a. In
// the lab the first zone of every account is the first.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html.
func zoneID(zone string) string {
	last := len(zone) - 1
	return fmt.Sprintf("%s-az%d", directions.Replace(zone[:last]), zone[last]-'a'+1)
}

func (n *network) deleteSubnet(c *call) ([]xmlElement, error) {
	s, err := n.subnets.find(c.form.Get("SubnetId"))
	if err != nil {
		return nil, err
	}
	if len(s.taken) > 0 {
		return nil, inUse("subnet", s.id)
	}
	for _, t := range n.tables.all() {
		t.associations = slices.DeleteFunc(t.associations, func(a tableAssociation) bool { return a.subnet == s })
	}
	delete(n.subnets.byID, s.id)
	return returnTrue, nil
}

// FillSubnet takes every free address of a subnet, or gives them back, as
// other users of it could. It panics if there is no such subnet.
func (l *Lab) FillSubnet(subnetID string, full bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	mustFind(l, subnetID, func(n *network) collection[*subnet] { return n.subnets }).full = full
}

// mustFind finds an object in any Region for the methods of [Lab] that tests
// call.
func mustFind[T described](l *Lab, id string, in func(*network) collection[T]) T {
	for _, n := range l.ec2.regions {
		if object, err := in(n).find(id); err == nil {
			return object
		}
	}
	panic("awslab: there is no " + id)
}
