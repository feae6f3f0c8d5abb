package findings

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// label names the database as AWS does. Its host is text of a secret.
func (d Database) label() string { return cmp.Or(d.Name, "the database") }

// inFunction reports whether the host is the function's own machine, where an extension of the function may lead to the database.
func (d Database) inFunction() bool {
	address, err := netip.ParseAddr(d.Host)
	return d.Host == "localhost" || err == nil && address.IsLoopback()
}

// toDatabase returns what is in the way to a database from a VPC.
func (n Network) toDatabase(d Database) []obstacle {
	n.Unseen = slices.Concat(n.Unseen, d.Unseen)
	if d.Name == "" {
		return n.toHost(d)
	}
	to := placeOf(d.Name, d.Subnets, d.SecurityGroups, d.Port)
	switch {
	case d.VPCID == "" || n.VPC.ID == "":
		to.peer = anywhere(d.Name)
		return append(n.egress(to), obstacle{code: NetworkDatabaseIngress, pass: unclear, why: unread("the VPC of "+d.Name, n.Unseen, "")})
	case d.VPCID == n.VPC.ID:
		return slices.Concat(n.egress(to), n.acls(to, NetworkDatabaseIngress), n.ingress(to, NetworkDatabaseIngress))
	case d.Public != nil && *d.Public:
		return n.toPublicDatabase(d)
	}
	return n.toOtherVPC(d, to)
}

// toHost returns what is in the way to a database that no AWS service has. Only an address says where it is.
func (n Network) toHost(d Database) []obstacle {
	unknown := obstacle{
		code: NetworkDatabaseIngress, pass: unclear,
		why: "AWS's services show these credentials no database with its host, so that nothing is known of what admits the function there",
	}
	if len(d.Unseen) > 0 {
		unknown.why = unread("the database", d.Unseen, "")
	}
	address, err := netip.ParseAddr(d.Host)
	if err != nil || !address.Is4() {
		return append(n.egress(place{peer: anywhere("the database"), port: d.Port}), unknown)
	}
	to := place{
		peer: peer{name: "the database", blocks: []netip.Prefix{netip.PrefixFrom(address, address.BitLen())}, foreign: true, hidden: true},
		port: d.Port,
	}
	// A VPC may have any addresses, so that what looks public may be in it.
	within := slices.ContainsFunc(n.Subnets, func(s Subnet) bool { v, _ := s.leads(to.peer, ownOrElse); return v == open })
	if isPublic(address) && !within {
		return append(n.toPublic(to, NetworkNoVPC, "Connect the function to private subnets whose route table leads 0.0.0.0/0 to a NAT gateway."), unknown)
	}
	for _, s := range n.Subnets {
		if block, ok := parseBlock(s.CIDR); ok && block.Contains(address) {
			to.subnets = []Subnet{s}
		}
	}
	return append(n.byRoutes(to, ownOrElse, "Connect the function to the network of the database, or add routes to that."), unknown)
}

// byRoutes returns what is in the way to a place in a private network, up to what leads there.
func (n Network) byRoutes(to place, in network, remedy string) []obstacle {
	var all []obstacle
	ways := 0
	for _, s := range n.Subnets {
		result, reasons := s.leads(to.peer, in)
		if result < closed {
			ways++
		}
		o := obstacle{code: NetworkNoVPC, subnet: s.ID, pass: result, remedy: remedy}
		switch {
		case result == open:
			continue
		case len(s.Routes) == 0:
			o.why = n.unreadRoutes()
		case result == unclear && reasons[unclear] == nil:
			o.why = "where " + to.name + " is could not be read"
		case result == unclear:
			o.why = s.routeTable() + " " + enumerate(reasons[unclear])
		default:
			o.why = s.routeTable() + " " + enumerate(append(reasons[closed], reasons[partly]...))
		}
		all = append(all, o)
	}
	if ways == 0 { // What else there may be depends on the way that is made.
		return all
	}
	return slices.Concat(all, n.egress(to), n.acls(to, NetworkDatabaseIngress))
}

// toOtherVPC returns what is in the way to a database in a VPC that is not the function's. What connects the two cannot be seen.
func (n Network) toOtherVPC(d Database, to place) []obstacle {
	to.subnets = nil // What is between the two may translate addresses, so that nothing is known of who comes there.
	all := n.byRoutes(to, otherVPC, fmt.Sprintf("Connect the function to subnets of the VPC %s, in which the database is, or connect the two VPCs by peering or a transit gateway.", d.VPCID))
	for i, o := range all {
		if d.Public == nil {
			all[i].pass = unclear
			all[i].why = o.why + ", but whether it has a public address could not be read"
		}
	}
	if d.Port != 0 && admits(d.SecurityGroups, false, d.Port, anywhere("anything"), n.IPv6) == closed {
		all = append(all, obstacle{
			code: NetworkDatabaseIngress, pass: closed,
			why:    fmt.Sprintf("no rule of %s of %s allows inbound TCP %d", listed("security group", ids(d.SecurityGroups)), d.Name, d.Port),
			remedy: fmt.Sprintf("Add an ingress rule for TCP %d from the function to the security group %s.", d.Port, d.SecurityGroups[0].ID),
		})
	}
	return all
}

// toPublicDatabase returns what is in the way to a database with a public address in a VPC that is not the function's.
func (n Network) toPublicDatabase(d Database) []obstacle {
	way := fmt.Sprintf("Connect the function to subnets of the VPC %s, in which the database is, or to private subnets whose route table leads 0.0.0.0/0 to a NAT gateway.", d.VPCID)
	all := n.toPublic(place{peer: publicPeer(), port: d.Port}, NetworkNoVPC, way)
	here := d.admission(n, fmt.Sprintf("Admit the address of the function's NAT gateway to TCP %d of the database, or connect the function to subnets of the VPC %s.", d.Port, d.VPCID))
	for i, o := range here {
		// Between peered VPCs the name may lead to its private address.
		if o.pass > unclear && slices.ContainsFunc(n.Subnets, func(s Subnet) bool { return s.beyond() != nil }) {
			here[i].pass = unclear
		}
	}
	return append(all, here...)
}

// fromInternet returns what is in the way to a database for a function that is in no VPC.
func (d Database) fromInternet() []obstacle {
	address, err := netip.ParseAddr(d.Host)
	private := d.Name == "" && err == nil && (address.IsPrivate() || address.Is4() && !isPublic(address))
	connect := "Connect the function to the VPC of the database, and give it a way to Secrets Manager there."
	if d.VPCID != "" {
		connect = fmt.Sprintf("Connect the function to subnets of the VPC %s, in which the database is, and give it a way to Secrets Manager there.", d.VPCID)
	}
	switch {
	case d.Public != nil && *d.Public:
		return d.admission(Network{Unseen: d.Unseen}, connect+" Without a VPC it comes from another public address each time, so that a rule could only admit everybody.")
	case d.Public != nil || private:
		return []obstacle{{code: NetworkNoVPC, pass: closed, why: "it has no public address, and the function is not connected to a VPC", remedy: connect}}
	case len(d.Unseen) > 0:
		return []obstacle{{code: NetworkNoVPC, pass: unclear, why: "the function is not connected to a VPC, and " + unread("whether "+d.label()+" has a public address", d.Unseen, ""), remedy: connect}}
	}
	return nil
}

// admission returns whether a database with a public address admits a function that comes from an unknown public address.
func (d Database) admission(n Network, remedy string) []obstacle {
	if d.Port == 0 {
		return nil
	}
	groups := listed("security group", ids(d.SecurityGroups))
	o := obstacle{code: NetworkDatabaseIngress, pass: admits(d.SecurityGroups, false, d.Port, publicPeer(), n.IPv6), remedy: remedy}
	var all []obstacle
	switch {
	case o.pass == closed:
		o.why = fmt.Sprintf("no rule of %s of %s allows inbound TCP %d from public addresses", groups, d.Name, d.Port)
	case hasUnread(d.SecurityGroups):
		o.why = unread("the rules of "+groups+" of "+d.Name, n.Unseen, "ec2:DescribeSecurityGroup")
	default:
		o.why = fmt.Sprintf("the rules of %s of %s allow inbound TCP %d from some public addresses, and whether the function has one of those cannot be seen from here", groups, d.Name, d.Port)
	}
	if o.pass > open {
		all = append(all, o)
	}
	walls := passage{Network: n, code: NetworkDatabaseIngress, answers: toNAT, other: publicPeer().addresses()}
	for _, s := range d.Subnets {
		walls.add(s, d.Port, false, publicPeer())
	}
	return append(all, walls.obstacles()...)
}
