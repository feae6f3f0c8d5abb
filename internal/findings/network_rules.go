package findings

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
)

// pass says whether traffic passes. More is worse.
type pass int

const (
	open    pass = iota
	unclear      // what decides cannot be seen
	partly       // not for all addresses or ports that there may be
	closed
)

// certainty says what is known of which of some addresses it is that traffic has.
type certainty int

const (
	each certainty = iota // all of them may occur, one time or another
	one                   // it is one of them, nobody knows which
	most                  // like one, and what holds for most of them is taken to hold for it
)

// peer is the other side of traffic, as rules see it.
type peer struct {
	name   string
	blocks []netip.Prefix // of IPv4
	are    certainty
	groups []string // its security groups
	// foreign says that its security groups are not known, so that a rule for a group may mean them.
	foreign bool
	// hidden says that no message may have the addresses, which are text of a secret.
	hidden bool
}

// anywhere is what has any address and security group.
func anywhere(name string) peer {
	return peer{name: name, blocks: []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0)}, are: one, foreign: true}
}

// publicPeer is what has a public address.
func publicPeer() peer { return peer{name: "public addresses", blocks: publicBlocks, are: most} }

// publicBlocks are the IPv4 addresses but for those of https://www.iana.org/assignments/iana-ipv4-special-registry that never are on the
// internet and that networks use.
var publicBlocks = func() (blocks []netip.Prefix) {
	var reserved []netip.Prefix
	for _, block := range []string{"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"} {
		reserved = append(reserved, netip.MustParsePrefix(block))
	}
	divide(netip.PrefixFrom(netip.IPv4Unspecified(), 0), reserved, func(piece netip.Prefix) {
		if !slices.Contains(reserved, piece) && !slices.ContainsFunc(reserved, func(r netip.Prefix) bool { return r.Contains(piece.Addr()) }) {
			blocks = append(blocks, piece)
		}
	})
	return blocks
}()

// isPublic reports whether an IPv4 address is one of the internet's.
func isPublic(address netip.Addr) bool {
	return slices.ContainsFunc(publicBlocks, func(b netip.Prefix) bool { return b.Contains(address) })
}

// parseBlock reads a block of addresses, "10.0.0.0/16" or "fd00::/8".
func parseBlock(text string) (block netip.Prefix, ok bool) {
	block, err := netip.ParsePrefix(text)
	return block.Masked(), err == nil
}

// divide cuts a block of IPv4 addresses into pieces that none of the others cuts, and calls piece with each.
func divide(block netip.Prefix, by []netip.Prefix, piece func(netip.Prefix)) {
	var inside []netip.Prefix
	for _, b := range by {
		if b.Bits() > block.Bits() && block.Contains(b.Addr()) {
			inside = append(inside, b)
		}
	}
	if len(inside) == 0 {
		piece(block)
		return
	}
	bits, upper := block.Bits(), block.Addr().As4()
	upper[bits/8] |= 0x80 >> (bits % 8)
	divide(netip.PrefixFrom(block.Addr(), bits+1), inside, piece)
	divide(netip.PrefixFrom(netip.AddrFrom4(upper), bits+1), inside, piece)
}

// judge says whether the traffic of a peer passes. It asks decide about blocks that none of the given ones cuts.
func (p peer) judge(by []netip.Prefix, decide func(netip.Prefix) pass) pass {
	var share [closed + 1]float64
	total := 0.0
	for _, block := range p.blocks {
		divide(block, by, func(piece netip.Prefix) {
			size := math.Ldexp(1, -piece.Bits())
			share[decide(piece)] += size
			total += size
		})
	}
	for result, size := range share {
		if total > 0 && size == total || p.are == most && pass(result) == open && size > total/2 {
			return pass(result)
		}
	}
	if p.are == each && share[closed]+share[partly] > 0 {
		return partly
	}
	return unclear
}

// together is what several ways are, of which any may be taken.
func together(all []pass) pass {
	if len(all) == 0 {
		return open
	}
	worst := slices.Max(all)
	if worst == closed && slices.Min(all) < closed {
		return partly
	}
	return worst
}

// covers reports whether a range of ports that a rule has, -1 for all, has a port in it.
func covers(protocol string, from, to, port int) bool {
	return protocol == "-1" || isTCP(protocol) && (from == -1 || from <= port && port <= to)
}

func isTCP(protocol string) bool { return protocol == "tcp" || protocol == "6" }

// admits says whether security groups let TCP to a port out to a peer, or in from it. One rule that allows it is enough.
// https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html.
func admits(groups []SecurityGroup, egress bool, port int, other peer, ipv6 bool) pass {
	vague := len(groups) == 0 // There always is one.
	var blocks []netip.Prefix
	for _, group := range groups {
		vague = vague || group.Rules == nil
		for _, rule := range group.Rules {
			if rule.Egress != egress || !covers(rule.Protocol, rule.FromPort, rule.ToPort, port) {
				continue
			}
			block, isBlock := parseBlock(rule.CIDR)
			switch {
			case rule.GroupID != "" && slices.Contains(other.groups, rule.GroupID):
				return open
			case rule.GroupID != "":
				vague = vague || other.foreign
			case !isBlock: // A prefix list, or something new.
				vague = true
			case block.Addr().Is4():
				blocks = append(blocks, block)
			default:
				vague = vague || ipv6
			}
		}
	}
	result := other.judge(blocks, func(piece netip.Prefix) pass {
		if slices.ContainsFunc(blocks, func(b netip.Prefix) bool { return b.Bits() <= piece.Bits() && b.Contains(piece.Addr()) }) {
			return open
		}
		return closed
	})
	if vague {
		return min(result, unclear)
	}
	return result
}

// ports is a range of ports.
type ports struct{ low, high int }

// replies are the ports that answers come back to: those that may be taken, and of these the ones that are.
type replies struct{ may, usual ports }

// AWS's page names 1024 to 65535 for functions and NAT gateways alike: https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html.
// A function takes those that its Linux does: https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html#ip-variables.
var (
	toFunction = replies{ports{1024, 65535}, ports{32768, 60999}}
	toNAT      = replies{ports{1024, 65535}, ports{1024, 65535}}
)

// negligible is the share of ports whose loss nobody notices. That of single ports, such as 3389 of all ephemeral ones, is usual.
const negligible = 0.01

func (p ports) size() int { return max(p.high-p.low+1, 0) }

// both are the ports of two ranges.
func (p ports) both(q ports) ports { return ports{max(p.low, q.low), min(p.high, q.high)} }

// lets says whether the network ACL of a subnet lets TCP to some ports out to a peer, or in from it, and the number of the first rule
// that denies it, 0 if none does by itself. It is open if it is for the usual ones. The first rule that matches decides, by its number.
// https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html.
func (s Subnet) lets(egress bool, to, usual ports, other peer, ipv6 bool) (result pass, denied int) {
	type bounded struct {
		NetworkACLRule
		block netip.Prefix
	}
	var rules []bounded
	var blocks []netip.Prefix
	vague := len(s.Rules) == 0 // There always is the last one, which denies.
	for _, rule := range s.Rules {
		if rule.Egress != egress || rule.Protocol != "-1" && !isTCP(rule.Protocol) {
			continue
		}
		block, ok := parseBlock(rule.CIDR)
		switch {
		case !ok:
			vague = true
		case block.Addr().Is4():
			rules, blocks = append(rules, bounded{rule, block}), append(blocks, block)
		default:
			vague = vague || ipv6 && rule.Allow
		}
	}
	slices.SortStableFunc(rules, func(a, b bounded) int { return a.Number - b.Number })
	result = other.judge(blocks, func(piece netip.Prefix) pass {
		left, allowed, lost := []ports{to}, 0, usual.size()
		for _, rule := range rules {
			if rule.block.Bits() > piece.Bits() || !rule.block.Contains(piece.Addr()) {
				continue
			}
			of := ports{rule.FromPort, rule.ToPort}
			if rule.Protocol == "-1" || rule.FromPort == -1 {
				of = ports{0, math.MaxUint16}
			}
			var rest []ports
			for _, l := range left {
				matched := l.both(of)
				if matched.size() == 0 {
					rest = append(rest, l)
					continue
				}
				if rule.Allow {
					allowed += matched.size()
					lost -= matched.both(usual).size()
				} else if denied == 0 && rule.Number < lastRule && float64(matched.both(usual).size()) > negligible*float64(usual.size()) {
					denied = rule.Number
				}
				for _, r := range []ports{{l.low, matched.low - 1}, {matched.high + 1, l.high}} {
					if r.low <= r.high {
						rest = append(rest, r)
					}
				}
			}
			left = rest
		}
		switch {
		case allowed == 0:
			return closed
		case float64(lost) <= negligible*float64(usual.size()):
			return open
		}
		return partly
	})
	if vague {
		return min(result, unclear), denied
	}
	return result, denied
}

// lastRule is the number of the rule of each network ACL that denies what no other has decided; consoles call it "*".
const lastRule = 32767

// network is where an address is.
type network int

const (
	internet  network = iota
	otherVPC          // not the function's
	ownOrElse         // a private network, perhaps the function's VPC
)

// leads says whether the routes of a subnet lead to a peer, and what those say that do and do not. The most specific route decides.
// https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html.
func (s Subnet) leads(to peer, in network) (result pass, reasons map[pass][]string) {
	type bounded struct {
		Route
		block netip.Prefix
	}
	var routes []bounded
	var blocks []netip.Prefix
	vague, lists := len(s.Routes) == 0, []string(nil) // There always is the one to the VPC itself.
	for _, route := range s.Routes {
		block, ok := parseBlock(route.Destination)
		switch {
		case ok && block.Addr().Is4():
			routes, blocks = append(routes, bounded{route, block}), append(blocks, block)
		case !ok && !route.isGateway():
			if v, _ := route.leads(in); v < closed {
				vague, lists = true, append(lists, route.Target)
			}
		}
	}
	reasons = map[pass][]string{}
	result = to.judge(blocks, func(piece netip.Prefix) pass {
		var best *bounded
		for i, r := range routes {
			if r.block.Bits() <= piece.Bits() && r.block.Contains(piece.Addr()) && (best == nil || r.block.Bits() > best.block.Bits()) {
				best = &routes[i]
			}
		}
		if best == nil {
			reasons[closed] = append(reasons[closed], "has no route to "+to.name)
			return closed
		}
		v, why := best.leads(in)
		if !slices.Contains(reasons[v], why) {
			reasons[v] = append(reasons[v], why)
		}
		return v
	})
	for v := range reasons {
		reasons[v] = unique(reasons[v])
	}
	if vague && result > unclear {
		result = unclear
		if len(lists) > 0 {
			reasons[unclear] = append(reasons[unclear], "leads to "+enumerate(unique(lists))+" by a prefix list, which cannot be seen into")
		}
	}
	return result, reasons
}

// isGateway reports whether the route is that of a gateway endpoint, which leads to S3 or DynamoDB and to nothing else.
func (r Route) isGateway() bool {
	return strings.HasPrefix(r.Destination, "pl-") && strings.HasPrefix(r.Target, "vpce-")
}

// leads says whether the route leads on to a network, and what there is to say of it.
func (r Route) leads(to network) (pass, string) {
	r.Target = cmp.Or(r.Target, "something unknown")
	kind, _, _ := strings.Cut(r.Target, "-")
	switch {
	case !r.Active:
		return closed, "has a route to " + r.Target + " that is a black hole, because its target is gone"
	case kind == "local" && to == internet:
		return closed, "has no route out of the VPC"
	case kind == "local" && to == otherVPC:
		return closed, "keeps what is for it within the function's own VPC, which has the same addresses"
	case kind == "nat" && to == internet && r.NAT != nil:
		return r.NAT.leads(r.Target)
	case kind == "local", kind == "nat" && to == internet:
		return open, ""
	case kind == "nat":
		return partly, "leads there through the NAT gateway " + r.Target + ", which is for the internet and reaches another private network only if its own subnet has a route to that"
	case kind == "igw":
		return closed, "leads to the internet gateway " + r.Target + ", which is of no use to a function, because Lambda gives it no public IPv4 address"
	case kind == "eigw":
		return closed, "leads to " + r.Target + ", which is for IPv6"
	}
	return unclear, "leads to " + r.Target + ", and what is beyond cannot be seen from here"
}

// leads says whether the NAT gateway with the ID leads to the internet.
// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html.
func (g NATGateway) leads(id string) (pass, string) {
	switch g.State {
	case "available":
	case "pending":
		return partly, "leads to the NAT gateway " + id + ", which is still being made"
	default:
		return closed, fmt.Sprintf("leads to the NAT gateway %s, which is %q", id, g.State)
	}
	if g.Private {
		return unclear, "leads to the private NAT gateway " + id + ", and what is beyond cannot be seen from here"
	}
	if len(g.Routes) == 0 {
		return open, ""
	}
	way, why := closed, fmt.Sprintf("leads to the NAT gateway %s, whose own subnet %s has no route to an internet gateway", id, g.SubnetID)
	for _, r := range g.Routes {
		kind, _, _ := strings.Cut(r.Target, "-")
		block, ok := parseBlock(r.Destination)
		switch {
		case !r.Active || kind == "local" || kind == "eigw" || r.isGateway() || r.Target == id:
		case ok && !slices.ContainsFunc(publicBlocks, block.Overlaps): // Nor do these lead to the internet.
		case kind == "igw":
			return open, ""
		default:
			way, why = unclear, fmt.Sprintf("leads to the NAT gateway %s, whose own subnet leads on to %s, and what is beyond cannot be seen from here", id, r.Target)
		}
	}
	return way, why
}

// beyond are the targets of routes that lead to other networks, where there may be anything: a NAT gateway, or an endpoint whose name a
// private hosted zone shares with this VPC.
func (s Subnet) beyond() []string {
	var targets []string
	for _, route := range s.Routes {
		if v, _ := route.leads(internet); v == unclear && !route.isGateway() {
			targets = append(targets, route.Target)
		}
	}
	return unique(targets)
}

// outByIPv6 reports whether a route leads IPv6 out of the VPC.
func (s Subnet) outByIPv6() bool {
	return slices.ContainsFunc(s.Routes, func(r Route) bool {
		block, ok := parseBlock(r.Destination)
		return ok && block.Addr().Is6() && r.Active && r.Target != "local"
	})
}
