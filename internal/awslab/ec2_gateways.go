package awslab

import (
	"net/netip"
	"slices"
)

// internetGateway connects one VPC with the internet once it is attached.
type internetGateway struct {
	resource

	network *network
	vpc     *vpc // nil while it is detached
}

func (n *network) createInternetGateway(c *call) ([]xmlElement, error) {
	g := &internetGateway{resource: n.newResource(c, "igw"), network: n}
	n.internet.byID[g.id] = g
	return []xmlElement{{Name: "internetGateway", Children: g.elements()}}, nil
}

func (n *network) attachInternetGateway(c *call) ([]xmlElement, error) {
	g, v, err := n.gatewayAndVPC(c)
	switch {
	case err != nil:
		return nil, err
	case g.vpc != nil:
		return nil, errorf("Resource.AlreadyAssociated", "resource %s is already attached to network %s", g.id, g.vpc.id)
	case slices.ContainsFunc(n.internet.all(), func(other *internetGateway) bool { return other.vpc == v }):
		return nil, errorf("InvalidParameterValue", "Network %s already has an internet gateway attached", v.id)
	}
	g.vpc = v
	return returnTrue, nil
}

func (n *network) detachInternetGateway(c *call) ([]xmlElement, error) {
	g, v, err := n.gatewayAndVPC(c)
	switch {
	case err != nil:
		return nil, err
	case g.vpc != v:
		return nil, errorf("Gateway.NotAttached", "resource %s is not attached to network %s", g.id, v.id)
	}
	g.vpc = nil
	return returnTrue, nil
}

func (n *network) gatewayAndVPC(c *call) (*internetGateway, *vpc, error) {
	g, err := n.internet.find(c.form.Get("InternetGatewayId"))
	if err != nil {
		return nil, nil, err
	}
	v, err := n.vpcs.find(c.form.Get("VpcId"))
	return g, v, err
}

func (n *network) deleteInternetGateway(c *call) ([]xmlElement, error) {
	g, err := n.internet.find(c.form.Get("InternetGatewayId"))
	if err != nil {
		return nil, err
	}
	if g.vpc != nil {
		return nil, inUse("internetGateway", g.id)
	}
	delete(n.internet.byID, g.id)
	return returnTrue, nil
}

func (g *internetGateway) filters() map[string][]string {
	f := map[string][]string{"internet-gateway-id": {g.id}, "attachment.vpc-id": nil, "attachment.state": nil, "owner-id": {g.network.lab.options.AccountID}}
	if g.vpc != nil {
		f["attachment.vpc-id"], f["attachment.state"] = []string{g.vpc.id}, []string{"available"}
	}
	return f
}

func (g *internetGateway) elements() []xmlElement {
	var attachments [][]xmlElement
	if g.vpc != nil {
		attachments = append(attachments, fields("vpcId", g.vpc.id, "state", "available"))
	}
	return append(fields("internetGatewayId", g.id, "ownerId", g.network.lab.options.AccountID), set("attachmentSet", attachments...), g.tagSet())
}

// elasticAddress is a public address of the account.
type elasticAddress struct {
	resource

	address netip.Addr
	nat     *natGateway // nil while nothing uses it
}

func (n *network) allocateAddress(c *call) ([]xmlElement, error) {
	e := &elasticAddress{resource: n.newResource(c, "eipalloc")}
	e.address = netip.AddrFrom4([4]byte{198, 18, byte(n.lab.ec2.made >> 8), byte(n.lab.ec2.made)})
	n.elastic.byID[e.id] = e
	return fields("allocationId", e.id, "publicIp", e.address.String(), "domain", "vpc", "networkBorderGroup", n.region, "publicIpv4Pool", "amazon"), nil
}

func (n *network) releaseAddress(c *call) ([]xmlElement, error) {
	e, err := n.elastic.find(c.form.Get("AllocationId"))
	if err != nil {
		return nil, err
	}
	if e.nat != nil {
		return nil, errorf("InvalidIPAddress.InUse", "Address %s is in use.", e.address)
	}
	delete(n.elastic.byID, e.id)
	return returnTrue, nil
}

func (e *elasticAddress) filters() map[string][]string {
	return map[string][]string{"allocation-id": {e.id}, "public-ip": {e.address.String()}, "domain": {"vpc"}}
}

func (e *elasticAddress) elements() []xmlElement {
	return append(fields("allocationId", e.id, "publicIp", e.address.String(), "domain", "vpc"), e.tagSet())
}

// natGateway passes connections on from its private address, or, if it is
// public, from its public one by way of the internet gateway that the route
// table of its own subnet leads to:
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html.
type natGateway struct {
	resource

	network *network
	subnet  *subnet
	private netip.Addr
	elastic *elasticAddress // nil for a private one
	state   string          // pending, available, failed, deleting or deleted
	created string
}

func (n *network) createNATGateway(c *call) ([]xmlElement, error) {
	s, err := n.subnets.find(c.form.Get("SubnetId"))
	if err != nil {
		return nil, err
	}
	var elastic *elasticAddress
	if c.form.Get("ConnectivityType") != "private" {
		if elastic, err = n.elastic.find(c.form.Get("AllocationId")); err != nil {
			return nil, err
		}
		if elastic.nat != nil {
			return nil, errorf("Resource.AlreadyAssociated", "Elastic IP address [%s] is already associated", elastic.id)
		}
	}
	g := &natGateway{resource: n.newResource(c, "nat"), network: n, subnet: s, elastic: elastic, state: "available", created: iamTime(n.lab.Now())}
	if g.private, err = s.take(g.id); err != nil {
		return nil, err
	}
	if elastic != nil {
		elastic.nat = g
	}
	n.nats.byID[g.id] = g
	return []xmlElement{{Name: "natGateway", Children: g.elements()}}, nil
}

// deleteNATGateway leaves routes to the gateway behind, as blackholes.
func (n *network) deleteNATGateway(c *call) ([]xmlElement, error) {
	g, err := n.nats.find(c.form.Get("NatGatewayId"))
	if err != nil {
		return nil, err
	}
	g.state = "deleted"
	g.subnet.release(g.id)
	if g.elastic != nil {
		g.elastic.nat = nil
	}
	return fields("natGatewayId", g.id), nil
}

func (g *natGateway) connectivity() string {
	if g.elastic == nil {
		return "private"
	}
	return "public"
}

func (g *natGateway) filters() map[string][]string {
	return map[string][]string{"nat-gateway-id": {g.id}, "subnet-id": {g.subnet.id}, "vpc-id": {g.subnet.vpc.id}, "state": {g.state}}
}

func (g *natGateway) elements() []xmlElement {
	address := fields("privateIp", g.private.String(), "isPrimary", "true", "status", "succeeded", "networkInterfaceId", "eni-"+g.id[len("nat-"):])
	if g.elastic != nil {
		address = append(address, fields("allocationId", g.elastic.id, "publicIp", g.elastic.address.String())...)
	}
	return append(
		fields("natGatewayId", g.id, "subnetId", g.subnet.id, "vpcId", g.subnet.vpc.id, "state", g.state, "connectivityType", g.connectivity(), "createTime", g.created),
		set("natGatewayAddressSet", address), g.tagSet(),
	)
}

// SetNATGatewayState puts a NAT gateway into another state, such as pending or
// failed. It panics if there is no such gateway.
func (l *Lab) SetNATGatewayState(natGatewayID, state string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	mustFind(l, natGatewayID, func(n *network) collection[*natGateway] { return n.nats }).state = state
}
