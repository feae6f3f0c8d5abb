package awslab

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// place is where a connection goes: what a name has resolved to.
type place struct {
	host string
	// address is invalid for what the lab does not model and every function
	// reaches: names, public addresses and the function's own machine.
	address netip.Addr
	public  bool // the address can be reached over the internet
	// A place in a VPC has a network interface there.
	subnet *subnet
	groups []*securityGroup
	// service is the AWS API there, and endpoint what leads to it, if anything.
	service  string
	endpoint *vpcEndpoint
	dial     string // as [DatabaseNetwork.Dial]
}

// publicService is a public name of an AWS API, which begins with the service:
// of a Region, of all, or of a Region for IPv4 and IPv6.
var publicService = regexp.MustCompile(`^([a-z0-9-]+)(?:\.[a-z]{2}(?:-[a-z]+)+-\d)?\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$`)

// resolve finds where a name leads to, as the resolver of the function's VPC
// does. In a VPC without enableDnsSupport no resolver answers at all.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html.
// Lab.mu is held.
func (a *attachment) resolve(host string) (place, bool) {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if address, err := netip.ParseAddr(name); err == nil {
		return a.at(address), true
	}
	if a.subnet != nil && !a.subnet.vpc.dnsSupport {
		return place{}, false
	}
	n := a.run.lab.networkIn(a.run.arn.Region)
	for _, e := range n.endpoints.all() {
		if i := slices.Index(e.names(), name); i >= 0 {
			return a.through(e, i), true
		}
	}
	if d, ok := a.run.lab.databases.hosts[name]; ok {
		return a.database(d), true
	}
	service := publicService.FindStringSubmatch(name)
	if service == nil {
		return place{host: host}, true
	}
	for _, e := range n.endpoints.all() {
		if a.subnet != nil && e.vpc == a.subnet.vpc && e.privateName() == name && e.hasPrivateDNS() {
			return a.through(e, 0), true
		}
	}
	return place{host: host, address: publicAddress(name), public: true, service: service[1]}, true
}

// hasPrivateDNS tells whether the name of the service resolves to the endpoint.
func (e *vpcEndpoint) hasPrivateDNS() bool {
	return e.privateDNS && e.state == "available" && len(e.subnets) > 0 && e.vpc.dnsSupport && e.vpc.dnsHostnames
}

// through is one of the addresses of an endpoint: that of a zone, from 1 on, or
// with 0 the one whose turn it is.
func (a *attachment) through(e *vpcEndpoint, zone int) place {
	p := place{host: e.id, service: e.serviceName(), endpoint: e, groups: e.groups}
	if zone == 0 && len(e.subnets) > 0 {
		zone = a.turn%len(e.subnets) + 1
	}
	if zone > 0 {
		p.subnet, p.address = e.subnets[zone-1], e.addresses()[zone-1]
	}
	return p
}

// database is the address of a database's name: the private one within its
// VPC, and from elsewhere the public one, if it has one.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html#USER_VPC.Hiding.
func (a *attachment) database(d *databaseHost) place {
	p := place{host: d.host, address: d.private, subnet: d.subnet, dial: d.Dial}
	if d.subnet == nil {
		return p
	}
	for _, id := range d.SecurityGroupIDs {
		if g, err := d.subnet.vpc.network.groups.find(id); err == nil {
			p.groups = append(p.groups, g)
		}
	}
	if d.PubliclyAccessible && (a.subnet == nil || a.subnet.vpc != d.subnet.vpc) {
		p.address, p.public = publicAddress(d.host), true
	}
	return p
}

// at is the place with an address: one of an endpoint or database in the
// function's VPC, or one that is not modelled. A private one takes a route that
// leads beyond the VPC.
func (a *attachment) at(address netip.Addr) place {
	if a.subnet != nil {
		for _, e := range a.subnet.vpc.network.endpoints.all() {
			if i := slices.Index(e.addresses(), address); i >= 0 {
				return a.through(e, i+1)
			}
		}
		for _, d := range a.run.lab.databases.hosts {
			if d.private == address && d.subnet != nil && d.subnet.vpc == a.subnet.vpc {
				return a.database(d)
			}
		}
	}
	p := place{host: address.String()}
	if address.IsPrivate() {
		p.address = address
	}
	return p
}

// publicAddress makes up an address on the internet, always the same for a
// name.
func publicAddress(name string) netip.Addr {
	sum := uint32(0)
	for _, b := range []byte(name) {
		sum = sum*31 + uint32(b)
	}
	return netip.AddrFrom4([4]byte{198, 19, byte(sum >> 8), byte(sum)})
}
