package awslab

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// ec2State is the network of the account: a part of EC2, in every Region.
type ec2State struct {
	regions map[string]*network
	made    int // counts IDs, which thereby sort in the order of creation
	// behind says what the packets for a gateway that is not modelled reach:
	// see [Lab.BehindGateway].
	behind map[string]func(host string, port int) bool
	gone   map[string]bool // gateways that are not modelled and that are no more
	flows  int             // counts connections
	// turns counts the invocations of each function in a VPC.
	turns map[string]int
}

// network is what EC2 has in one Region.
type network struct {
	lab    *Lab
	region string

	vpcs      collection[*vpc]
	subnets   collection[*subnet]
	tables    collection[*routeTable]
	internet  collection[*internetGateway]
	nats      collection[*natGateway]
	elastic   collection[*elasticAddress]
	groups    collection[*securityGroup]
	acls      collection[*networkACL]
	endpoints collection[*vpcEndpoint]
}

func newEC2State() *ec2State {
	return &ec2State{
		regions: map[string]*network{}, behind: map[string]func(string, int) bool{},
		gone: map[string]bool{}, turns: map[string]int{},
	}
}

// networkIn returns the network of a Region. Lab.mu is held.
func (l *Lab) networkIn(region string) *network {
	n := l.ec2.regions[region]
	if n == nil {
		n = &network{lab: l, region: region}
		n.vpcs = newCollection[*vpc]("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist")
		n.subnets = newCollection[*subnet]("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist")
		n.tables = newCollection[*routeTable]("InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist")
		n.internet = newCollection[*internetGateway]("InvalidInternetGatewayID.NotFound", "The internetGateway ID '%s' does not exist")
		n.nats = newCollection[*natGateway]("NatGatewayNotFound", "The Nat Gateway %s was not found")
		n.elastic = newCollection[*elasticAddress]("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist")
		n.groups = newCollection[*securityGroup]("InvalidGroup.NotFound", "The security group '%s' does not exist")
		n.acls = newCollection[*networkACL]("InvalidNetworkAclID.NotFound", "The networkAcl ID '%s' does not exist")
		n.endpoints = newCollection[*vpcEndpoint]("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist")
		l.ec2.regions[region] = n
	}
	return n
}

// newID makes an ID of EC2's form.
func (n *network) newID(prefix string) string {
	n.lab.ec2.made++
	return fmt.Sprintf("%s-%017x", prefix, n.lab.ec2.made)
}

func (n *network) arn(resource string) string { return n.lab.resourceARN("ec2", n.region, resource) }

// resource is what all objects of EC2 have.
type resource struct {
	id   string
	tags map[string]string
}

func (r *resource) base() *resource { return r }

func (r *resource) tagSet() xmlElement {
	var items [][]xmlElement
	for _, key := range slices.Sorted(maps.Keys(r.tags)) {
		items = append(items, []xmlElement{text("key", key), text("value", r.tags[key])})
	}
	return set("tagSet", items...)
}

// described is an object that a Describe operation shows.
type described interface {
	base() *resource
	// filters are the values of each filter of the Describe operation.
	filters() map[string][]string
	elements() []xmlElement
}

// collection holds the objects of one kind by their ID.
type collection[T described] struct {
	byID             map[string]T
	missing, message string // error of an unknown ID
}

func newCollection[T described](missing, message string) collection[T] {
	return collection[T]{map[string]T{}, missing, message}
}

func (c collection[T]) find(id string) (T, error) {
	object, ok := c.byID[id]
	if !ok {
		return object, errorf(c.missing, c.message, id)
	}
	return object, nil
}

// all returns the objects in the order in which they were made.
func (c collection[T]) all() []T {
	objects := make([]T, 0, len(c.byID))
	for _, id := range slices.Sorted(maps.Keys(c.byID)) {
		objects = append(objects, c.byID[id])
	}
	return objects
}

// where returns the objects that match, in the order in which they were made.
func (c collection[T]) where(match func(T) bool) []T {
	return slices.DeleteFunc(c.all(), func(object T) bool { return !match(object) })
}

// ec2Service is EC2 as far as a network is built with it and looked at:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Operations.html.
// Every operation is judged on all resources (*): the lab knows no permission
// for a single object of EC2.
func ec2Service() *service {
	s := &service{wire: ec2Wire{}, namespace: "http://ec2.amazonaws.com/doc/2016-11-15/", operations: map[string]handler{}}
	for name, do := range map[string]func(*network, *call) ([]xmlElement, error){
		"CreateTags": (*network).createTags, "DeleteTags": (*network).deleteTags,

		"CreateVpc": (*network).createVPC, "DeleteVpc": (*network).deleteVPC, "ModifyVpcAttribute": (*network).modifyVPCAttribute,
		"DescribeVpcAttribute": (*network).describeVPCAttribute,
		"CreateSubnet":         (*network).createSubnet, "DeleteSubnet": (*network).deleteSubnet,

		"CreateInternetGateway": (*network).createInternetGateway, "AttachInternetGateway": (*network).attachInternetGateway,
		"DetachInternetGateway": (*network).detachInternetGateway, "DeleteInternetGateway": (*network).deleteInternetGateway,
		"AllocateAddress": (*network).allocateAddress, "ReleaseAddress": (*network).releaseAddress,
		"CreateNatGateway": (*network).createNATGateway, "DeleteNatGateway": (*network).deleteNATGateway,

		"CreateRouteTable": (*network).createRouteTable, "DeleteRouteTable": (*network).deleteRouteTable,
		"AssociateRouteTable": (*network).associateRouteTable, "DisassociateRouteTable": (*network).disassociateRouteTable,
		"ReplaceRouteTableAssociation": (*network).replaceRouteTableAssociation,
		"CreateRoute":                  (*network).createRoute, "ReplaceRoute": (*network).replaceRoute, "DeleteRoute": (*network).deleteRoute,

		"CreateSecurityGroup": (*network).createSecurityGroup, "DeleteSecurityGroup": (*network).deleteSecurityGroup,
		"AuthorizeSecurityGroupIngress": (*network).authorizeIngress, "AuthorizeSecurityGroupEgress": (*network).authorizeEgress,
		"RevokeSecurityGroupIngress": (*network).revokeIngress, "RevokeSecurityGroupEgress": (*network).revokeEgress,
		"DescribeSecurityGroupRules": (*network).describeSecurityGroupRules,

		"CreateNetworkAcl": (*network).createNetworkACL, "DeleteNetworkAcl": (*network).deleteNetworkACL,
		"CreateNetworkAclEntry": (*network).createNetworkACLEntry, "DeleteNetworkAclEntry": (*network).deleteNetworkACLEntry,
		"ReplaceNetworkAclEntry": (*network).replaceNetworkACLEntry, "ReplaceNetworkAclAssociation": (*network).replaceNetworkACLAssociation,

		"CreateVpcEndpoint": (*network).createVPCEndpoint, "ModifyVpcEndpoint": (*network).modifyVPCEndpoint, "DeleteVpcEndpoints": (*network).deleteVPCEndpoints,
		"DescribePrefixLists": (*network).describePrefixLists, "DescribeManagedPrefixLists": (*network).describeManagedPrefixLists,

		"DescribeVpcs":             describing("VpcId", "vpcSet", func(n *network) collection[*vpc] { return n.vpcs }),
		"DescribeSubnets":          describing("SubnetId", "subnetSet", func(n *network) collection[*subnet] { return n.subnets }),
		"DescribeRouteTables":      describing("RouteTableId", "routeTableSet", func(n *network) collection[*routeTable] { return n.tables }),
		"DescribeInternetGateways": describing("InternetGatewayId", "internetGatewaySet", func(n *network) collection[*internetGateway] { return n.internet }),
		"DescribeNatGateways":      describing("NatGatewayId", "natGatewaySet", func(n *network) collection[*natGateway] { return n.nats }),
		"DescribeAddresses":        describing("AllocationId", "addressesSet", func(n *network) collection[*elasticAddress] { return n.elastic }),
		"DescribeSecurityGroups":   describing("GroupId", "securityGroupInfo", func(n *network) collection[*securityGroup] { return n.groups }),
		"DescribeNetworkAcls":      describing("NetworkAclId", "networkAclSet", func(n *network) collection[*networkACL] { return n.acls }),
		"DescribeVpcEndpoints":     describing("VpcEndpointId", "vpcEndpointSet", func(n *network) collection[*vpcEndpoint] { return n.endpoints }),
	} {
		s.operations[name] = func(c *call) (any, error) {
			if err := c.may("ec2:"+name, "*", nil, nil); err != nil {
				return nil, err
			}
			if c.form.Get("DryRun") == "true" {
				return nil, errorf("DryRunOperation", "Request would have succeeded, but DryRun flag is set.").withStatus(http.StatusPreconditionFailed)
			}
			return do(c.lab.networkIn(c.region), c)
		}
	}
	return s
}

// describing is a Describe operation: of the objects with the given IDs or of
// all, those that match the filters, in pages.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html.
func describing[T described](idParameter, list string, in func(*network) collection[T]) func(*network, *call) ([]xmlElement, error) {
	return func(n *network, c *call) ([]xmlElement, error) {
		objects := in(n).all()
		if ids := c.list(idParameter); len(ids) > 0 {
			objects = nil
			for _, id := range ids {
				object, err := in(n).find(id)
				if err != nil {
					return nil, err
				}
				objects = append(objects, object)
			}
		}
		return answerDescribe(c, list, objects)
	}
}

// answerDescribe answers with the objects that match the filters of a request.
func answerDescribe[T described](c *call, list string, objects []T) ([]xmlElement, error) {
	filters, err := c.filters()
	if err != nil {
		return nil, err
	}
	var found []T
	for _, object := range objects {
		ok, err := matches(object, filters)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, object)
		}
	}
	limit := len(found)
	if given := c.form.Get("MaxResults"); given != "" {
		if limit, err = strconv.Atoi(given); err != nil || limit < 5 || limit > 1000 {
			return nil, errorf("InvalidParameterValue", "Value ( %s ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.", given)
		}
	}
	token, err := base64.RawURLEncoding.DecodeString(c.form.Get("NextToken"))
	if err != nil {
		return nil, errorf("InvalidParameterValue", "Invalid value for parameter nextToken.")
	}
	page, next := pageFrom(found, string(token), limit)
	var items [][]xmlElement
	for _, object := range page {
		items = append(items, object.elements())
	}
	answer := []xmlElement{set(list, items...)}
	if next != "" {
		answer = append(answer, text("nextToken", base64.RawURLEncoding.EncodeToString([]byte(next))))
	}
	return answer, nil
}

type filter struct {
	name   string
	values []string
}

// filters reads Filter.1.Name, Filter.1.Value.1 and so on.
func (c *call) filters() ([]filter, error) {
	var filters []filter
	for i := 1; ; i++ {
		f := filter{c.form.Get(fmt.Sprintf("Filter.%d.Name", i)), c.list(fmt.Sprintf("Filter.%d.Value", i))}
		switch {
		case f.name == "":
			return filters, nil
		case len(f.values) == 0:
			return nil, errorf("InvalidParameterValue", "The filter '%s' must have at least one value.", f.name)
		}
		filters = append(filters, f)
	}
}

// matches tells whether an object has one of the values of each filter, in
// which * and ? stand for other characters.
func matches(object described, filters []filter) (bool, error) {
	known := object.filters()
	for key, value := range object.base().tags {
		known["tag:"+key] = []string{value}
		known["tag-key"] = append(known["tag-key"], key)
	}
	for _, f := range filters {
		values, ok := known[f.name]
		if !ok && !strings.HasPrefix(f.name, "tag") {
			return false, errorf("InvalidParameterValue", "The filter '%s' is invalid", f.name)
		}
		if !slices.ContainsFunc(values, func(value string) bool {
			return slices.ContainsFunc(f.values, func(pattern string) bool {
				// A pattern of EC2 has no classes, and * passes slashes.
				ok, _ := path.Match(flat.Replace(pattern), strings.ReplaceAll(value, "/", "\x00"))
				return ok
			})
		}) {
			return false, nil
		}
	}
	return true, nil
}

var flat = strings.NewReplacer("/", "\x00", "[", `\[`)

// list reads a list of a request: Name.1, Name.2 and so on.
func (c *call) list(name string) []string {
	var values []string
	for i := 1; c.form.Has(fmt.Sprintf("%s.%d", name, i)); i++ {
		values = append(values, c.form.Get(fmt.Sprintf("%s.%d", name, i)))
	}
	return values
}

// number reads a number of a request, or returns the default.
func (c *call) number(name string, otherwise int) (int, error) {
	given := c.form.Get(name)
	if given == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(given)
	if err != nil {
		return 0, errorf("InvalidParameterValue", "Value (%s) for parameter %s is invalid.", given, name)
	}
	return n, nil
}

// cidr reads an IPv4 range, whose address is the first in it.
func (c *call) cidr(name string) (netip.Prefix, error) {
	given := c.form.Get(name)
	prefix, err := netip.ParsePrefix(given)
	if err != nil || !prefix.Addr().Is4() {
		return netip.Prefix{}, errorf("InvalidParameterValue", "Value (%s) for parameter %s is invalid. This is not a valid CIDR block.", given, name)
	}
	return prefix.Masked(), nil
}

// newResource makes the base of an object that a request asks for.
func (n *network) newResource(c *call, prefix string) resource {
	r := resource{n.newID(prefix), map[string]string{}}
	r.tag(c.form, "TagSpecification.1.Tag")
	return r
}

func (r *resource) tag(form url.Values, list string) {
	for i := 1; form.Has(fmt.Sprintf("%s.%d.Key", list, i)); i++ {
		r.tags[form.Get(fmt.Sprintf("%s.%d.Key", list, i))] = form.Get(fmt.Sprintf("%s.%d.Value", list, i))
	}
}

func (n *network) createTags(c *call) ([]xmlElement, error) {
	return n.eachTagged(c, func(r *resource) { r.tag(c.form, "Tag") })
}

func (n *network) deleteTags(c *call) ([]xmlElement, error) {
	return n.eachTagged(c, func(r *resource) {
		for i := 1; c.form.Has(fmt.Sprintf("Tag.%d.Key", i)); i++ {
			delete(r.tags, c.form.Get(fmt.Sprintf("Tag.%d.Key", i)))
		}
	})
}

// eachTagged does something with each object that a request names.
func (n *network) eachTagged(c *call, do func(*resource)) ([]xmlElement, error) {
	var named []*resource
	for _, id := range c.list("ResourceId") {
		r := n.resource(id)
		if r == nil {
			return nil, errorf("InvalidID", "The ID '%s' is not valid", id)
		}
		named = append(named, r)
	}
	for _, r := range named {
		do(r)
	}
	return returnTrue, nil
}

func (n *network) resource(id string) *resource {
	switch prefix, _, _ := strings.Cut(id, "-"); prefix {
	case "vpc":
		return baseOf(n.vpcs, id)
	case "subnet":
		return baseOf(n.subnets, id)
	case "rtb":
		return baseOf(n.tables, id)
	case "igw":
		return baseOf(n.internet, id)
	case "nat":
		return baseOf(n.nats, id)
	case "eipalloc":
		return baseOf(n.elastic, id)
	case "sg":
		return baseOf(n.groups, id)
	case "acl":
		return baseOf(n.acls, id)
	case "vpce":
		return baseOf(n.endpoints, id)
	}
	return nil
}

func baseOf[T described](objects collection[T], id string) *resource {
	if object, err := objects.find(id); err == nil {
		return object.base()
	}
	return nil
}

// returnTrue is the answer of operations that have none.
var returnTrue = []xmlElement{text("return", "true")}

// fields are elements with text, given as names and values. Those without a
// value are left out.
func fields(pairs ...string) []xmlElement {
	var elements []xmlElement
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			elements = append(elements, text(pairs[i], pairs[i+1]))
		}
	}
	return elements
}

// set is a list in EC2's form.
func set(name string, items ...[]xmlElement) xmlElement {
	list := xmlElement{Name: name}
	for _, item := range items {
		list.Children = append(list.Children, xmlElement{Name: "item", Children: item})
	}
	return list
}

// ec2Wire is the query protocol in EC2's form:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
type ec2Wire struct{ queryWire }

func (ec2Wire) succeed(w http.ResponseWriter, c *call, s *service, answer any) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.Header().Set("X-Amzn-Requestid", c.requestID)
	writeXML(w, xmlElement{
		Name: c.operation + "Response", Namespace: s.namespace,
		Children: append([]xmlElement{text("requestId", c.requestID)}, asElements(answer)...),
	})
}

func (ec2Wire) fail(w http.ResponseWriter, c *call, _ *service, e *apiError) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	w.Header().Set("X-Amzn-Requestid", c.requestID)
	w.WriteHeader(e.Status)
	writeXML(w, xmlElement{Name: "Response", Children: []xmlElement{
		{Name: "Errors", Children: []xmlElement{{Name: "Error", Children: []xmlElement{text("Code", e.Code), text("Message", e.Message)}}}},
		text("RequestID", c.requestID),
	}})
}
