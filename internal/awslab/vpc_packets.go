package awslab

import (
	"net/netip"
	"strings"
)

// flow has the two ports of a connection.
type flow struct{ client, server int }

// flowTo takes a port for a connection as the Linux of a function does:
// https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html#ip-variables.
func (l *Lab) flowTo(server int) flow { return flow{l.clientPort(32768, 60999), server} }

// translated is the connection as a NAT gateway passes it on:
// https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html.
func (l *Lab) translated(f flow) flow { return flow{l.clientPort(1024, 65535), f.server} }

// clientPort is a port of a range: another one for each connection, all over
// the range and yet the same in each run. Lab.mu is held.
func (l *Lab) clientPort(low, high int) int {
	l.ec2.flows++
	return low + l.ec2.flows*7919%(high-low+1)
}

// arrives tells whether a connection to a place gets there and its answers come
// back: it follows the packets of TCP through security groups, network ACLs,
// route tables and gateways. Whatever stops one of them loses it without a
// word, so that the client waits.
// https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html.
// Lab.mu is held.
func (a *attachment) arrives(to place, f flow) bool {
	switch {
	case !to.address.IsValid():
		return to.endpoint == nil // An endpoint without subnets has no address.
	case to.endpoint != nil && (to.endpoint.state != "available" || f.server != 443):
		return false
	case a.subnet == nil:
		return to.public && to.welcomes(a.address, nil, f, "igw")
	case to.subnet != nil && to.subnet.vpc == a.subnet.vpc && !to.public:
		return a.arrivesInside(to, f)
	}
	return a.arrivesOutside(to, f)
}

// arrivesInside follows a connection within the VPC.
func (a *attachment) arrivesInside(to place, f flow) bool {
	return groupsAllow(a.groups, true, to.address, to.groups, f.server) &&
		a.subnet.table().leads(to.address, "local") &&
		between(a.subnet, a.address, to.subnet, to.address, f) &&
		groupsAllow(to.groups, false, a.address, a.groups, f.server) &&
		to.subnet.table().leads(a.address, "local")
}

// arrivesOutside follows a connection that leaves the VPC.
func (a *attachment) arrivesOutside(to place, f flow) bool {
	if !groupsAllow(a.groups, true, to.address, nil, f.server) || !crosses(a.subnet, to.address, f) {
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
		return a.passes(r, a.address, to, f)
	}
	onward := a.run.lab.translated(f)
	if nat.state != "available" || !between(a.subnet, a.address, nat.subnet, to.address, f) || !crosses(nat.subnet, to.address, onward) {
		return false
	}
	next := nat.subnet.table().route(to.address)
	switch {
	case next == nil || !next.active():
		return false
	case strings.HasPrefix(next.id, "igw-"):
		return nat.elastic != nil && to.public && to.welcomes(nat.elastic.address, nil, onward, "igw")
	}
	return a.passes(next, nat.private, to, onward)
}

// passes tells whether a gateway that the lab does not model takes a connection
// to its end.
func (a *attachment) passes(r *route, from netip.Addr, to place, f flow) bool {
	reaches := a.run.lab.ec2.behind[r.id]
	return reaches != nil && reaches(to.host, f.server) && to.welcomes(from, a.groups, f, "")
}

// welcomes tells whether a place lets a connection from another VPC or the
// internet in, and its answers out by a gateway of the kind. Groups that a
// peering connection lets it know count, too.
func (to place) welcomes(from netip.Addr, in []*securityGroup, f flow, gateway string) bool {
	if to.subnet == nil {
		return true // The world outside.
	}
	r := to.subnet.table().route(from)
	return groupsAllow(to.groups, false, from, in, f.server) &&
		to.subnet.acl.allows(false, from, f.server) && to.subnet.acl.allows(true, from, f.client) &&
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
func between(from *subnet, source netip.Addr, to *subnet, beyond netip.Addr, f flow) bool {
	return from == to || crosses(from, beyond, f) &&
		to.acl.allows(false, source, f.server) && to.acl.allows(true, source, f.client)
}

// crosses tells whether the network ACL of a subnet lets a connection to an
// address out and its answers in.
func crosses(s *subnet, to netip.Addr, f flow) bool {
	return s.acl.allows(true, to, f.server) && s.acl.allows(false, to, f.client)
}
