package awslab

import (
	"net/netip"
	"strings"
)

// arrives tells whether a connection to a place gets there and its answers come
// back: it follows the packets of TCP through security groups, network ACLs,
// route tables and gateways. Whatever stops one of them loses it without a
// word, so that the client waits.
// https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html.
// Lab.mu is held.
func (a *attachment) arrives(to place, port int) bool {
	switch {
	case !to.address.IsValid():
		return to.endpoint == nil // An endpoint without subnets has no address.
	case to.endpoint != nil && (to.endpoint.state != "available" || port != 443):
		return false
	case a.subnet == nil:
		return to.public && to.welcomes(a.address, nil, port, "igw")
	case to.subnet != nil && to.subnet.vpc == a.subnet.vpc && !to.public:
		return a.arrivesInside(to, port)
	}
	return a.arrivesOutside(to, port)
}

// arrivesInside follows a connection within the VPC.
func (a *attachment) arrivesInside(to place, port int) bool {
	return groupsAllow(a.groups, true, to.address, to.groups, port) &&
		a.subnet.table().leads(to.address, "local") &&
		between(a.subnet, a.address, to.subnet, to.address, port) &&
		groupsAllow(to.groups, false, a.address, a.groups, port) &&
		to.subnet.table().leads(a.address, "local")
}

// arrivesOutside follows a connection that leaves the VPC.
func (a *attachment) arrivesOutside(to place, port int) bool {
	if !groupsAllow(a.groups, true, to.address, nil, port) || !crosses(a.subnet, to.address, port) {
		return false
	}
	r := a.subnet.table().route(to.address)
	if r == nil || !r.active() {
		return false
	}
	nat, err := r.table.vpc.network.nats.find(r.id)
	if err != nil {
		// An internet gateway passes nothing on for an interface without a
		// public address, such as a function's.
		return a.passes(r, a.address, to, port)
	}
	if nat.state != "available" || !between(a.subnet, a.address, nat.subnet, to.address, port) || !crosses(nat.subnet, to.address, port) {
		return false
	}
	onwards := nat.subnet.table().route(to.address)
	switch {
	case onwards == nil || !onwards.active():
		return false
	case strings.HasPrefix(onwards.id, "igw-"):
		return nat.elastic != nil && to.public && to.welcomes(nat.elastic.address, nil, port, "igw")
	}
	return a.passes(onwards, nat.private, to, port)
}

// passes tells whether a gateway that the lab does not model takes a connection
// to its end.
func (a *attachment) passes(r *route, from netip.Addr, to place, port int) bool {
	reaches := a.run.lab.ec2.behind[r.id]
	return reaches != nil && reaches(to.host, port) && to.welcomes(from, a.groups, port, "")
}

// welcomes tells whether a place lets a connection from another VPC or the
// internet in, and its answers out by a gateway of the kind. Groups that a
// peering connection lets it know count, too.
func (to place) welcomes(from netip.Addr, in []*securityGroup, port int, gateway string) bool {
	if to.subnet == nil {
		return true // The world outside.
	}
	r := to.subnet.table().route(from)
	return groupsAllow(to.groups, false, from, in, port) &&
		to.subnet.acl.allows(false, from, portRange{port, port}) && to.subnet.acl.allows(true, from, ephemeral) &&
		r != nil && r.active() && r.id != "local" && strings.HasPrefix(r.id, gateway)
}

// leads tells whether the route to an address is that to a target.
func (t *routeTable) leads(to netip.Addr, target string) bool {
	r := t.route(to)
	return r != nil && r.active() && r.id == target
}

// between tells whether the network ACLs of two subnets let a connection pass
// from one to the other. Within a subnet they are not asked. The address
// beyond is where the packets go to in the end.
func between(from *subnet, source netip.Addr, to *subnet, beyond netip.Addr, port int) bool {
	return from == to || crosses(from, beyond, port) &&
		to.acl.allows(false, source, portRange{port, port}) && to.acl.allows(true, source, ephemeral)
}

// crosses tells whether the network ACL of a subnet lets a connection to an
// address out and its answers in.
func crosses(s *subnet, to netip.Addr, port int) bool {
	return s.acl.allows(true, to, portRange{port, port}) && s.acl.allows(false, to, ephemeral)
}
