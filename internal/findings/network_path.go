package findings

import (
	"fmt"
	"slices"
	"strconv"
)

// place is what traffic goes to.
type place struct {
	peer
	subnets        []Subnet // that it may be in; nil for what is not in a known VPC
	securityGroups []SecurityGroup
	port           int // 0 if not known
}

// placeOf returns the place of something in subnets.
func placeOf(name string, subnets []Subnet, groups []SecurityGroup, port int) place {
	return place{peer: peerOf(name, subnets, groups), subnets: subnets, securityGroups: groups, port: port}
}

// peerOf returns what has addresses in subnets, and security groups.
func peerOf(name string, subnets []Subnet, groups []SecurityGroup) peer {
	p := peer{name: name, groups: ids(groups), foreign: len(groups) == 0}
	for _, s := range subnets {
		block, ok := parseBlock(s.CIDR)
		if !ok || !block.Addr().Is4() {
			p.blocks = nil
			break
		}
		p.blocks = append(p.blocks, block)
	}
	if len(p.blocks) == 0 {
		somewhere := anywhere(name)
		p.blocks, p.are = somewhere.blocks, somewhere.are
	}
	return p
}

func ids(groups []SecurityGroup) []string {
	var all []string
	for _, g := range groups {
		all = append(all, g.ID)
	}
	return all
}

// target is how the rule of a security group names the peer.
func (p peer) target() string {
	if len(p.groups) > 0 {
		return p.groups[0]
	}
	return p.addresses()
}

// addresses is how the rule of a network ACL names the peer.
func (p peer) addresses() string {
	switch {
	case p.are == most:
		return "0.0.0.0/0"
	case p.are == one || p.hidden:
		return p.name
	}
	var blocks []string
	for _, b := range p.blocks {
		blocks = append(blocks, b.String())
	}
	return enumerate(unique(blocks))
}

// egress returns whether the function's security groups let it out to a place.
func (n Network) egress(to place) []obstacle {
	if to.port == 0 {
		return nil
	}
	result := admits(n.SecurityGroups, true, to.port, to.peer, n.IPv6)
	groups := listed("security group", ids(n.SecurityGroups))
	o := obstacle{code: NetworkEgressBlocked, pass: result}
	if len(n.SecurityGroups) > 0 {
		o.remedy = fmt.Sprintf("Add an egress rule for TCP %d to %s to the security group %s.", to.port, to.target(), n.SecurityGroups[0].ID)
	}
	switch {
	case result == open:
		return nil
	case result == closed:
		o.why = fmt.Sprintf("no rule of %s of the function allows outbound TCP %d to %s", groups, to.port, to.name)
	case result == partly:
		o.why = fmt.Sprintf("the rules of %s of the function allow outbound TCP %d to a part of the addresses of %s only", groups, to.port, to.name)
	case hasUnread(n.SecurityGroups):
		o.why = unread("the rules of "+groups+" of the function", n.Unseen, "ec2:DescribeSecurityGroup")
	default:
		o.why = fmt.Sprintf("no rule of %s of the function certainly allows outbound TCP %d to %s, but those for prefix lists, other security groups or a part of the addresses may", groups, to.port, to.name)
	}
	return []obstacle{o}
}

func hasUnread(groups []SecurityGroup) bool {
	return len(groups) == 0 || slices.ContainsFunc(groups, func(g SecurityGroup) bool { return g.Rules == nil })
}

// ingress returns whether the security groups of a place let the function in.
func (n Network) ingress(to place, code Code) []obstacle {
	if to.port == 0 {
		return nil
	}
	groups := listed("security group", to.groups)
	var all []obstacle
	for _, s := range n.Subnets {
		from := peerOf("the function", []Subnet{s}, n.SecurityGroups)
		o := obstacle{code: code, subnet: s.ID, pass: admits(to.securityGroups, false, to.port, from, n.IPv6)}
		if len(to.groups) > 0 {
			o.remedy = fmt.Sprintf("Add an ingress rule for TCP %d from %s to the security group %s.", to.port, from.target(), to.groups[0])
		}
		switch {
		case o.pass == open:
			continue
		case o.pass == closed:
			o.why = fmt.Sprintf("no rule of %s of %s allows inbound TCP %d from the function", groups, to.name, to.port)
		case o.pass == partly:
			o.why = fmt.Sprintf("the rules of %s of %s allow inbound TCP %d from a part of the addresses of the subnet only", groups, to.name, to.port)
		case hasUnread(to.securityGroups):
			o.why = unread("the rules of "+groups+" of "+to.name, n.Unseen, "ec2:DescribeSecurityGroup")
		default:
			o.why = fmt.Sprintf("no rule of %s of %s certainly allows inbound TCP %d from the function, but those for prefix lists, other security groups or a part of the addresses may", groups, to.name, to.port)
		}
		all = append(all, o)
	}
	return n.everywhere(all)
}

// acls returns whether the network ACLs of both sides let TCP to a place through and the answers back. They do not filter traffic within
// a subnet, and know nothing of connections. The code is that of the far side.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html.
func (n Network) acls(to place, code Code) []obstacle {
	if to.port == 0 {
		return nil
	}
	var all []obstacle
	function := peerOf("the function", n.Subnets, nil).addresses()
	for _, s := range n.Subnets {
		near := &passage{Network: n, subnet: s.ID, code: NetworkEgressBlocked, answers: toFunction, other: to.addresses()}
		far := &passage{Network: n, subnet: s.ID, code: code, answers: toFunction, other: function}
		here := peerOf("the function", []Subnet{s}, nil)
		if len(to.subnets) == 0 {
			near.add(s, to.port, true, to.peer)
		}
		for _, there := range to.subnets {
			if there.ID == s.ID {
				near.skip()
				far.skip()
				continue
			}
			near.add(s, to.port, true, peerOf(to.name, []Subnet{there}, nil))
			far.add(there, to.port, false, here)
		}
		all = append(all, near.obstacles()...)
		all = append(all, far.obstacles()...)
	}
	return all
}

// passage collects what the network ACLs on one side do with the traffic from one subnet of the function.
type passage struct {
	Network
	subnet  string
	code    Code
	answers replies
	other   string // addresses of all of the other side
	results []pass
	found   []obstacle
}

// skip adds a way without a network ACL.
func (p *passage) skip() { p.results = append(p.results, open) }

// add adds the network ACL of a subnet: requests to a port, which are outbound on the function's side, and the answers to them.
func (p *passage) add(at Subnet, port int, outbound bool, other peer) {
	request := p.check(at, outbound, ports{port, port}, ports{port, port}, other)
	answer := p.check(at, !outbound, p.answers.may, p.answers.usual, other)
	p.results = append(p.results, max(request, answer))
}

func (p *passage) check(at Subnet, egress bool, to, usual ports, other peer) pass {
	result, denied := at.lets(egress, to, usual, other, p.IPv6)
	traffic, words := "inbound TCP "+to.String(), " from "
	if egress {
		traffic, words = "outbound TCP "+to.String(), " to "
	}
	acl := "the network ACL " + at.NetworkACLID
	remedy := "Let " + acl + " allow " + traffic + words + p.other
	if denied > 0 {
		remedy += fmt.Sprintf(" before its rule %d", denied)
	}
	if at.ID != p.subnet {
		acl += " of the subnet " + at.ID
	}
	traffic += words + other.name
	o := obstacle{code: p.code, subnet: p.subnet, pass: result, remedy: remedy + "."}
	switch {
	case result == open:
		return open
	case len(at.Rules) == 0:
		o.why = unread(acl, p.Unseen, "ec2:DescribeNetworkAcls")
	case result == closed && denied > 0:
		o.why = fmt.Sprintf("rule %d of %s denies %s", denied, acl, traffic)
	case result == closed:
		o.why = fmt.Sprintf("no rule of %s allows %s", acl, traffic)
	case result == partly && denied > 0:
		o.why = fmt.Sprintf("rule %d of %s denies a part of %s", denied, acl, traffic)
	case result == partly:
		o.why = fmt.Sprintf("the rules of %s allow only a part of %s", acl, traffic)
	default:
		o.why = fmt.Sprintf("%s may deny %s", acl, traffic)
	}
	p.found = append(p.found, o)
	return result
}

// obstacles are what was found, none of it certain if there is a way without.
func (p *passage) obstacles() []obstacle {
	result := together(p.results)
	for i := range p.found {
		p.found[i].pass = min(p.found[i].pass, max(result, unclear))
	}
	return p.found
}

func (p ports) String() string {
	if p.low == p.high {
		return strconv.Itoa(p.low)
	}
	return fmt.Sprintf("%d-%d", p.low, p.high)
}
