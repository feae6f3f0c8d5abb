package awslab

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// vpcEndpoint leads to a service without leaving the VPC: an interface
// endpoint has addresses in some of the VPC's subnets, a gateway endpoint is a
// route in some of its tables.
// https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html.
type vpcEndpoint struct {
	resource

	vpc        *vpc
	kind       string // Interface or Gateway
	service    string // as in com.amazonaws.eu-west-1.secretsmanager
	state      string
	privateDNS bool
	subnets    []*subnet
	groups     []*securityGroup
	tables     []*routeTable
	policy     policyText
	dnsID      string
	created    string
}

// fullAccess is the policy of an endpoint that was given none:
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html.
const fullAccess = `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}`

// prefixLists are the lists of the services that have gateway endpoints.
var prefixLists = []string{"dynamodb", "s3"}

func prefixListID(service string) string {
	return fmt.Sprintf("pl-%08x", 0x60000000+slices.Index(prefixLists, service))
}

func (n *network) createVPCEndpoint(c *call) (_ []xmlElement, err error) {
	e := &vpcEndpoint{kind: c.form.Get("VpcEndpointType"), service: c.form.Get("ServiceName"), state: "available", created: iamTime(n.lab.Now())}
	if e.kind == "" {
		e.kind = "Gateway"
	}
	if e.vpc, err = n.vpcs.find(c.form.Get("VpcId")); err != nil {
		return nil, err
	}
	name := e.serviceName()
	if name == "" || e.kind == "Gateway" && !slices.Contains(prefixLists, name) {
		return nil, errorf("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", e.service)
	}
	if err := e.give(c.form.Get("PolicyDocument")); err != nil {
		return nil, err
	}
	e.resource = n.newResource(c, "vpce")
	e.dnsID = e.id + "-" + e.id[len(e.id)-8:]
	if e.kind == "Gateway" {
		if e.tables, err = findAll(n.tables, c.list("RouteTableId")); err != nil {
			return nil, err
		}
		e.addRoutes()
		n.endpoints.byID[e.id] = e
		return []xmlElement{{Name: "vpcEndpoint", Children: e.elements()}}, nil
	}
	if e.groups, err = findAll(n.groups, c.list("SecurityGroupId")); err != nil {
		return nil, err
	}
	if len(e.groups) == 0 {
		e.groups = []*securityGroup{e.vpc.defaultGroup}
	}
	if c.form.Get("PrivateDnsEnabled") != "false" {
		if err := e.enablePrivateDNS(); err != nil {
			return nil, err
		}
	}
	if err := e.addSubnets(c.list("SubnetId")); err != nil {
		return nil, err
	}
	n.endpoints.byID[e.id] = e
	return []xmlElement{{Name: "vpcEndpoint", Children: e.elements()}}, nil
}

// serviceName is the last part of the service, empty if it is not one of AWS
// in the Region of the VPC.
func (e *vpcEndpoint) serviceName() string {
	name, ok := strings.CutPrefix(e.service, "com.amazonaws."+e.vpc.network.region+".")
	if !ok {
		return ""
	}
	return name
}

// privateName is the name that resolves to the endpoint in its VPC if private
// DNS is in force.
func (e *vpcEndpoint) privateName() string {
	return e.serviceName() + "." + e.vpc.network.region + "." + dnsSuffix(e.vpc.network.region)
}

func dnsSuffix(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// enablePrivateDNS needs both DNS attributes of the VPC, and no other endpoint
// with the name.
func (e *vpcEndpoint) enablePrivateDNS() error {
	if !e.vpc.dnsSupport || !e.vpc.dnsHostnames {
		return errorf("InvalidParameter", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for %s", e.vpc.id)
	}
	for _, other := range e.vpc.network.endpoints.all() {
		if other != e && other.vpc == e.vpc && other.privateDNS && other.service == e.service {
			return errorf("InvalidParameter", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s", e.privateName(), e.vpc.id)
		}
	}
	e.privateDNS = true
	return nil
}

// give sets the policy; an empty one is the default.
func (e *vpcEndpoint) give(policy string) error {
	if policy == "" {
		policy = fullAccess
	}
	document, err := iampolicy.Parse(policy)
	if err != nil {
		return errorf("InvalidPolicyDocument", "The policy document is not valid.")
	}
	e.policy = policyText{policy, document}
	return nil
}

// addSubnets puts a network interface into each of the subnets, of which an
// Availability Zone may have one.
func (e *vpcEndpoint) addSubnets(ids []string) error {
	added, err := findAll(e.vpc.network.subnets, ids)
	if err != nil {
		return err
	}
	for _, s := range added {
		switch {
		case s.vpc != e.vpc:
			return errorf("InvalidParameter", "The subnet %s is not in the VPC %s", s.id, e.vpc.id)
		case slices.ContainsFunc(e.subnets, func(other *subnet) bool { return other.zone == s.zone }):
			return errorf("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone of %s. VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service.", s.id)
		}
		if _, err := s.take(e.id); err != nil {
			return err
		}
		e.subnets = append(e.subnets, s)
	}
	return nil
}

func (e *vpcEndpoint) removeSubnets(ids []string) {
	e.subnets = slices.DeleteFunc(e.subnets, func(s *subnet) bool {
		if !slices.Contains(ids, s.id) {
			return false
		}
		s.release(e.id)
		return true
	})
}

// addRoutes puts the route of a gateway endpoint into its tables.
func (e *vpcEndpoint) addRoutes() {
	for _, t := range e.tables {
		r := &route{table: t, prefixList: prefixListID(e.serviceName()), target: "GatewayId", id: e.id, origin: "CreateRoute"}
		if !slices.ContainsFunc(t.routes, r.sameDestination) {
			t.routes = append(t.routes, r)
		}
	}
}

func (e *vpcEndpoint) removeRoutes(from func(*routeTable) bool) {
	for _, t := range e.tables {
		if from(t) {
			t.routes = slices.DeleteFunc(t.routes, func(r *route) bool { return r.id == e.id })
		}
	}
	e.tables = slices.DeleteFunc(e.tables, from)
}

func (n *network) modifyVPCEndpoint(c *call) ([]xmlElement, error) {
	e, err := n.endpoints.find(c.form.Get("VpcEndpointId"))
	if err != nil {
		return nil, err
	}
	groups, err := findAll(n.groups, c.list("AddSecurityGroupId"))
	if err != nil {
		return nil, err
	}
	tables, err := findAll(n.tables, c.list("AddRouteTableId"))
	if err != nil {
		return nil, err
	}
	if c.form.Has("PolicyDocument") || c.form.Get("ResetPolicy") == "true" {
		if err := e.give(c.form.Get("PolicyDocument")); err != nil {
			return nil, err
		}
	}
	switch c.form.Get("PrivateDnsEnabled") {
	case "true":
		if err := e.enablePrivateDNS(); err != nil {
			return nil, err
		}
	case "false":
		e.privateDNS = false
	}
	e.removeSubnets(c.list("RemoveSubnetId"))
	if err := e.addSubnets(c.list("AddSubnetId")); err != nil {
		return nil, err
	}
	removed := c.list("RemoveSecurityGroupId")
	e.groups = slices.DeleteFunc(append(e.groups, groups...), func(g *securityGroup) bool { return slices.Contains(removed, g.id) })
	dropped := c.list("RemoveRouteTableId")
	e.removeRoutes(func(t *routeTable) bool { return slices.Contains(dropped, t.id) })
	e.tables = append(e.tables, tables...)
	e.addRoutes()
	return returnTrue, nil
}

func (n *network) deleteVPCEndpoints(c *call) ([]xmlElement, error) {
	var unsuccessful [][]xmlElement
	for _, id := range c.list("VpcEndpointId") {
		e, err := n.endpoints.find(id)
		if err != nil {
			failed := asAPIError(err)
			unsuccessful = append(unsuccessful, []xmlElement{text("resourceId", id), {Name: "error", Children: fields("code", failed.Code, "message", failed.Message)}})
			continue
		}
		for _, s := range e.subnets {
			s.release(e.id)
		}
		e.removeRoutes(func(*routeTable) bool { return true })
		delete(n.endpoints.byID, id)
	}
	return []xmlElement{set("unsuccessful", unsuccessful...)}, nil
}

// names are the names of the endpoint itself: the one that stands for all its
// subnets comes first.
func (e *vpcEndpoint) names() []string {
	if e.kind == "Gateway" {
		return nil
	}
	suffix := "." + e.serviceName() + "." + e.vpc.network.region + ".vpce." + dnsSuffix(e.vpc.network.region)
	names := []string{e.dnsID + suffix}
	for _, s := range e.subnets {
		names = append(names, e.dnsID+"-"+s.zone+suffix)
	}
	return names
}

func (e *vpcEndpoint) filters() map[string][]string {
	return map[string][]string{
		"vpc-endpoint-id": {e.id}, "vpc-id": {e.vpc.id}, "service-name": {e.service}, "vpc-endpoint-type": {e.kind}, "vpc-endpoint-state": {e.state},
		"ip-address-type": {"ipv4"}, "service-region": {e.vpc.network.region},
	}
}

func (e *vpcEndpoint) elements() []xmlElement {
	var dns, groups [][]xmlElement
	var subnets, tables, interfaces []string
	for _, name := range e.names() {
		dns = append(dns, fields("dnsName", name, "hostedZoneId", "Z0LAB"))
	}
	if e.privateDNS {
		dns = append(dns, fields("dnsName", e.privateName(), "hostedZoneId", "Z0LAB"))
	}
	for _, g := range e.groups {
		groups = append(groups, fields("groupId", g.id, "groupName", g.name))
	}
	for _, s := range e.subnets {
		subnets = append(subnets, s.id)
		interfaces = append(interfaces, "eni-"+e.id[len("vpce-"):len(e.id)-4]+s.id[len(s.id)-4:])
	}
	for _, t := range e.tables {
		tables = append(tables, t.id)
	}
	return append(
		fields("vpcEndpointId", e.id, "vpcEndpointType", e.kind, "vpcId", e.vpc.id, "serviceName", e.service, "state", e.state, "policyDocument", e.policy.text,
			"privateDnsEnabled", strconv.FormatBool(e.privateDNS), "requesterManaged", "false", "ipAddressType", "ipv4", "ownerId", e.vpc.network.lab.options.AccountID,
			"creationTimestamp", e.created, "serviceRegion", e.vpc.network.region),
		set("dnsEntrySet", dns...), set("groupSet", groups...), texts("subnetIdSet", subnets), texts("routeTableIdSet", tables), texts("networkInterfaceIdSet", interfaces), e.tagSet(),
	)
}

// texts is a list whose items are text alone.
func texts(name string, values []string) xmlElement {
	list := xmlElement{Name: name}
	for _, value := range values {
		list.Children = append(list.Children, text("item", value))
	}
	return list
}

// SetVPCEndpointState puts an endpoint into another state, such as pending,
// pendingAcceptance or failed. It panics if there is no such endpoint.
func (l *Lab) SetVPCEndpointState(endpointID, state string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	mustFind(l, endpointID, func(n *network) collection[*vpcEndpoint] { return n.endpoints }).state = state
}

// addresses are those of the endpoint's network interfaces.
func (e *vpcEndpoint) addresses() []netip.Addr {
	var addresses []netip.Addr
	for _, s := range e.subnets {
		address, _ := s.take(e.id) // It is taken already.
		addresses = append(addresses, address)
	}
	return addresses
}

// endpoint is the VPC endpoint through which a request for an action came, nil
// if it came otherwise.
func (c *call) endpoint(action string) *vpcEndpoint {
	if c.caller.credential == nil || !strings.HasPrefix(action, c.service+":") {
		return nil
	}
	return c.caller.credential.through[c.service]
}

// context adds the condition keys of requests that come through the endpoint:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcevpce.
func (e *vpcEndpoint) context(given map[string][]string) map[string][]string {
	context := map[string][]string{"aws:SourceVpce": {e.id}, "aws:SourceVpc": {e.vpc.id}}
	maps.Copy(context, given)
	return context
}

// judge tells why the endpoint's policy refuses a request that comes through
// it, empty if it does not.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.
func (e *vpcEndpoint) judge(r iampolicy.Request) string {
	everything := iampolicy.Document{Statements: []iampolicy.Statement{{Effect: "Allow", Actions: []string{"*"}, Resources: []string{"*"}}}}
	switch iampolicy.Evaluate(r, iampolicy.Policies{Identity: []iampolicy.Document{everything}, Resource: &e.policy.document, ResourceMustAllow: true}) {
	case iampolicy.Allow:
		return ""
	case iampolicy.ExplicitDeny:
		return "with an explicit deny in a VPC endpoint policy"
	}
	return "because no VPC endpoint policy allows the " + r.Action + " action"
}

func (n *network) describePrefixLists(c *call) ([]xmlElement, error) {
	return n.showPrefixLists(c, func(id, name string) []xmlElement {
		return append(fields("prefixListId", id, "prefixListName", name), xmlElement{Name: "cidrSet"})
	})
}

func (n *network) describeManagedPrefixLists(c *call) ([]xmlElement, error) {
	return n.showPrefixLists(c, func(id, name string) []xmlElement {
		return fields("prefixListId", id, "prefixListName", name, "ownerId", "AWS", "state", "create-complete", "addressFamily", "IPv4",
			"prefixListArn", "arn:"+partition(n.region)+":ec2:"+n.region+":aws:prefix-list/"+id)
	})
}

func (n *network) showPrefixLists(c *call, elements func(id, name string) []xmlElement) ([]xmlElement, error) {
	var items [][]xmlElement
	ids := c.list("PrefixListId")
	filters, err := c.filters()
	if err != nil {
		return nil, err
	}
	for _, service := range prefixLists {
		id, name := prefixListID(service), "com.amazonaws."+n.region+"."+service
		ok := len(ids) == 0 || slices.Contains(ids, id)
		for _, f := range filters {
			switch f.name {
			case "prefix-list-id":
				ok = ok && slices.Contains(f.values, id)
			case "prefix-list-name":
				ok = ok && slices.Contains(f.values, name)
			}
		}
		if ok {
			items = append(items, elements(id, name))
		}
	}
	return []xmlElement{set("prefixListSet", items...)}, nil
}
