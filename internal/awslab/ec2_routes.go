package awslab

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// routeTable says where packets leave a subnet to:
// https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html.
type routeTable struct {
	resource

	vpc          *vpc
	routes       []*route
	associations []tableAssociation // besides the main one
}

type tableAssociation struct {
	id     string
	subnet *subnet
}

// route is a route of a table. Its destination is one of an IPv4 range, an
// IPv6 range, which no function of the lab uses, and a prefix list.
type route struct {
	table            *routeTable
	cidr             netip.Prefix
	ipv6, prefixList string
	// target names the kind of the target as requests do, such as
	// NatGatewayId; of the local route it is GatewayId with the ID local.
	target, id string
	origin     string
}

// routeTargets are the members of a request that name a target, with those of
// the answer.
var routeTargets = map[string]string{
	"GatewayId": "gatewayId", "VpcEndpointId": "gatewayId", "NatGatewayId": "natGatewayId", "TransitGatewayId": "transitGatewayId",
	"VpcPeeringConnectionId": "vpcPeeringConnectionId", "NetworkInterfaceId": "networkInterfaceId", "InstanceId": "instanceId",
	"EgressOnlyInternetGatewayId": "egressOnlyInternetGatewayId", "LocalGatewayId": "localGatewayId", "CarrierGatewayId": "carrierGatewayId",
}

func (n *network) newRouteTable(r resource, v *vpc) *routeTable {
	t := &routeTable{resource: r, vpc: v}
	t.routes = []*route{{table: t, cidr: v.cidr, target: "GatewayId", id: "local", origin: "CreateRouteTable"}}
	n.tables.byID[t.id] = t
	return t
}

func (n *network) createRouteTable(c *call) ([]xmlElement, error) {
	v, err := n.vpcs.find(c.form.Get("VpcId"))
	if err != nil {
		return nil, err
	}
	t := n.newRouteTable(n.newResource(c, "rtb"), v)
	return []xmlElement{{Name: "routeTable", Children: t.elements()}}, nil
}

func (n *network) deleteRouteTable(c *call) ([]xmlElement, error) {
	t, err := n.tables.find(c.form.Get("RouteTableId"))
	if err != nil {
		return nil, err
	}
	if len(t.associations) > 0 || t == t.vpc.mainTable {
		return nil, inUse("routeTable", t.id)
	}
	delete(n.tables.byID, t.id)
	return returnTrue, nil
}

// table is the route table of a subnet: the one that is associated with it, or
// else the main one of its VPC.
func (s *subnet) table() *routeTable {
	for _, t := range s.vpc.network.tables.all() {
		if slices.ContainsFunc(t.associations, func(a tableAssociation) bool { return a.subnet == s }) {
			return t
		}
	}
	return s.vpc.mainTable
}

func (n *network) associateRouteTable(c *call) ([]xmlElement, error) {
	t, err := n.tables.find(c.form.Get("RouteTableId"))
	if err != nil {
		return nil, err
	}
	s, err := n.subnets.find(c.form.Get("SubnetId"))
	switch {
	case err != nil:
		return nil, err
	case s.vpc != t.vpc:
		return nil, errorf("InvalidParameterValue", "Route table %s and subnet %s belong to different networks", t.id, s.id)
	case slices.ContainsFunc(s.table().associations, func(a tableAssociation) bool { return a.subnet == s }):
		return nil, errorf("Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association", t.id)
	}
	return t.associate(n.newID("rtbassoc"), s, "associationId"), nil
}

// associate gives a subnet the table, and answers with the association's ID.
func (t *routeTable) associate(id string, s *subnet, member string) []xmlElement {
	t.associations = append(t.associations, tableAssociation{id, s})
	return append(fields(member, id), xmlElement{Name: "associationState", Children: fields("state", "associated")})
}

func (n *network) disassociateRouteTable(c *call) ([]xmlElement, error) {
	id := c.form.Get("AssociationId")
	for _, t := range n.tables.all() {
		if i := slices.IndexFunc(t.associations, func(a tableAssociation) bool { return a.id == id }); i >= 0 {
			t.associations = slices.Delete(t.associations, i, i+1)
			return returnTrue, nil
		}
		if t.vpc.mainAssociation == id {
			return nil, errorf("InvalidParameterValue", "cannot disassociate the main route table association %s", id)
		}
	}
	return nil, unknownAssociation(id)
}

func unknownAssociation(id string) *apiError {
	return errorf("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", id)
}

func (n *network) replaceRouteTableAssociation(c *call) ([]xmlElement, error) {
	to, err := n.tables.find(c.form.Get("RouteTableId"))
	if err != nil {
		return nil, err
	}
	id := c.form.Get("AssociationId")
	if to.vpc.mainAssociation == id {
		to.vpc.mainTable, to.vpc.mainAssociation = to, n.newID("rtbassoc")
		return append(fields("newAssociationId", to.vpc.mainAssociation), xmlElement{Name: "associationState", Children: fields("state", "associated")}), nil
	}
	for _, t := range n.tables.all() {
		if i := slices.IndexFunc(t.associations, func(a tableAssociation) bool { return a.id == id }); i >= 0 {
			s := t.associations[i].subnet
			t.associations = slices.Delete(t.associations, i, i+1)
			return to.associate(n.newID("rtbassoc"), s, "newAssociationId"), nil
		}
	}
	return nil, unknownAssociation(id)
}

// destination reads where a route leads to.
func (c *call) destination(t *routeTable) (*route, error) {
	r := &route{table: t, ipv6: c.form.Get("DestinationIpv6CidrBlock"), prefixList: c.form.Get("DestinationPrefixListId"), origin: "CreateRoute"}
	if c.form.Has("DestinationCidrBlock") {
		var err error
		if r.cidr, err = c.cidr("DestinationCidrBlock"); err != nil {
			return nil, err
		}
	}
	if !r.cidr.IsValid() && r.ipv6+r.prefixList == "" {
		return nil, errorf("MissingParameter", "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock, destinationPrefixListId")
	}
	return r, nil
}

func (r *route) sameDestination(other *route) bool {
	return r.cidr == other.cidr && r.ipv6 == other.ipv6 && r.prefixList == other.prefixList
}

// routeAsked reads a route of a request, with its place in the table, which is
// negative if the table has none to that destination.
func (n *network) routeAsked(c *call) (r *route, at int, err error) {
	t, err := n.tables.find(c.form.Get("RouteTableId"))
	if err != nil {
		return nil, 0, err
	}
	if r, err = c.destination(t); err != nil {
		return nil, 0, err
	}
	return r, slices.IndexFunc(t.routes, r.sameDestination), nil
}

// readTarget reads where a route goes. Only what is modelled must exist.
func (n *network) readTarget(c *call, r *route) error {
	for parameter := range routeTargets {
		id := c.form.Get(parameter)
		if id == "" {
			continue
		}
		if r.target != "" {
			return errorf("InvalidParameterCombination", "A route has exactly one target.")
		}
		r.target, r.id = parameter, id
	}
	switch prefix, _, _ := strings.Cut(r.id, "-"); prefix {
	case "":
		return errorf("MissingParameter", "The request must contain the ID of a target.")
	case "nat":
		_, err := n.nats.find(r.id)
		return err
	case "igw":
		g, err := n.internet.find(r.id)
		if err == nil && g.vpc != r.table.vpc {
			return errorf("InvalidParameterValue", "route table %s and network gateway %s belong to different networks", r.table.id, r.id)
		}
		return err
	}
	return nil
}

func (n *network) createRoute(c *call) ([]xmlElement, error) {
	r, at, err := n.routeAsked(c)
	if err != nil {
		return nil, err
	}
	if err := n.readTarget(c, r); err != nil {
		return nil, err
	}
	if at >= 0 {
		return nil, errorf("RouteAlreadyExists", "The route identified by %s already exists.", r.destination())
	}
	r.table.routes = append(r.table.routes, r)
	return returnTrue, nil
}

func (n *network) replaceRoute(c *call) ([]xmlElement, error) {
	r, at, err := n.routeAsked(c)
	if err != nil {
		return nil, err
	}
	if err := n.readTarget(c, r); err != nil {
		return nil, err
	}
	if at < 0 {
		return nil, errorf("InvalidParameterValue", "There is no route defined for '%s' in the route table.", r.destination())
	}
	r.table.routes[at] = r
	return returnTrue, nil
}

func (n *network) deleteRoute(c *call) ([]xmlElement, error) {
	r, at, err := n.routeAsked(c)
	switch {
	case err != nil:
		return nil, err
	case at < 0:
		return nil, errorf("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", r.destination(), r.table.id)
	case r.table.routes[at].id == "local":
		return nil, errorf("InvalidParameterValue", "cannot remove local route %s in route table %s", r.destination(), r.table.id)
	}
	r.table.routes = slices.Delete(r.table.routes, at, at+1)
	return returnTrue, nil
}

func (r *route) destination() string {
	if r.cidr.IsValid() {
		return r.cidr.String()
	}
	return r.ipv6 + r.prefixList
}

// active tells whether the target of the route is there. A route to one that
// is gone is a blackhole.
func (r *route) active() bool {
	n := r.table.vpc.network
	switch prefix, _, _ := strings.Cut(r.id, "-"); prefix {
	case "nat":
		g, err := n.nats.find(r.id)
		return err == nil && g.state != "deleted"
	case "igw":
		g, err := n.internet.find(r.id)
		return err == nil && g.vpc == r.table.vpc
	case "vpce":
		e, err := n.endpoints.find(r.id)
		return err == nil && e.vpc == r.table.vpc
	}
	return !n.lab.ec2.gone[r.id]
}

func (r *route) state() string {
	if r.active() {
		return "active"
	}
	return "blackhole"
}

// route is the most specific route to an address, nil if there is none. A
// blackhole counts: packets do not look for another way.
func (t *routeTable) route(to netip.Addr) *route {
	var best *route
	for _, r := range t.routes {
		if r.cidr.IsValid() && r.cidr.Contains(to) && (best == nil || r.cidr.Bits() > best.cidr.Bits()) {
			best = r
		}
	}
	return best
}

func (t *routeTable) filters() map[string][]string {
	f := map[string][]string{"route-table-id": {t.id}, "vpc-id": {t.vpc.id}, "owner-id": {t.vpc.network.lab.options.AccountID}}
	isMain := t == t.vpc.mainTable
	if isMain || len(t.associations) == 0 {
		f["association.main"] = append(f["association.main"], strconv.FormatBool(isMain))
	}
	for _, name := range []string{
		"association.subnet-id", "association.route-table-association-id", "association.route-table-id", "association.gateway-id",
		"route.destination-cidr-block", "route.gateway-id", "route.nat-gateway-id", "route.transit-gateway-id",
		"route.vpc-peering-connection-id", "route.state", "route.origin", "route.destination-prefix-list-id",
	} {
		f[name] = nil
	}
	if isMain {
		f["association.route-table-association-id"] = append(f["association.route-table-association-id"], t.vpc.mainAssociation)
		f["association.route-table-id"] = []string{t.id}
	}
	for _, a := range t.associations {
		f["association.main"] = append(f["association.main"], "false")
		f["association.subnet-id"] = append(f["association.subnet-id"], a.subnet.id)
		f["association.route-table-association-id"] = append(f["association.route-table-association-id"], a.id)
		f["association.route-table-id"] = []string{t.id}
	}
	for _, r := range t.routes {
		f["route.state"] = append(f["route.state"], r.state())
		f["route.origin"] = append(f["route.origin"], r.origin)
		if r.cidr.IsValid() {
			f["route.destination-cidr-block"] = append(f["route.destination-cidr-block"], r.cidr.String())
		}
		if r.prefixList != "" {
			f["route.destination-prefix-list-id"] = append(f["route.destination-prefix-list-id"], r.prefixList)
		}
		if name := map[string]string{
			"GatewayId": "route.gateway-id", "NatGatewayId": "route.nat-gateway-id", "TransitGatewayId": "route.transit-gateway-id",
			"VpcPeeringConnectionId": "route.vpc-peering-connection-id",
		}[r.target]; name != "" {
			f[name] = append(f[name], r.id)
		}
	}
	return f
}

func (t *routeTable) elements() []xmlElement {
	associated := xmlElement{Name: "associationState", Children: fields("state", "associated")}
	var routes, associations [][]xmlElement
	if t == t.vpc.mainTable {
		associations = append(associations, append(fields("routeTableAssociationId", t.vpc.mainAssociation, "routeTableId", t.id, "main", "true"), associated))
	}
	for _, a := range t.associations {
		associations = append(associations, append(fields("routeTableAssociationId", a.id, "routeTableId", t.id, "subnetId", a.subnet.id, "main", "false"), associated))
	}
	for _, r := range t.routes {
		cidr := ""
		if r.cidr.IsValid() {
			cidr = r.cidr.String()
		}
		routes = append(routes, fields("destinationCidrBlock", cidr, "destinationIpv6CidrBlock", r.ipv6, "destinationPrefixListId", r.prefixList,
			routeTargets[r.target], r.id, "state", r.state(), "origin", r.origin))
	}
	return append(
		fields("routeTableId", t.id, "vpcId", t.vpc.id, "ownerId", t.vpc.network.lab.options.AccountID),
		set("routeSet", routes...), set("associationSet", associations...), xmlElement{Name: "propagatingVgwSet"}, t.tagSet(),
	)
}

// BehindGateway says what answers behind a gateway that the lab does not
// model: a transit gateway, peering connection, network interface, virtual
// private gateway, VPC endpoint of another kind or egress-only internet
// gateway. Packets for an address that reaches accepts for the host and port
// arrive, and answers come back. Without it they are lost.
func (l *Lab) BehindGateway(gatewayID string, reaches func(host string, port int) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ec2.behind[gatewayID] = reaches
}

// RemoveGateway makes the routes to a gateway that the lab does not model
// blackholes.
func (l *Lab) RemoveGateway(gatewayID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ec2.gone[gatewayID] = true
}
