package findings

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// networks makes networks of which about half of the rules and routes match what a function needs.
type networks struct{ *rand.Rand }

func (g networks) pick(choices ...string) string { return choices[g.IntN(len(choices))] }

func (g networks) block() string {
	return g.pick("0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/16", "10.0.1.0/24", "10.0.2.0/25", "10.0.3.0/24", "10.0.5.0/24", "10.9.0.0/16", "52.0.0.0/8", "::/0", "?")
}

func (g networks) ports() (from, to int) {
	switch g.IntN(6) {
	case 0:
		return -1, -1
	case 1:
		return 443, 443
	case 2:
		return 5432, 5432
	case 3:
		return 1024, 65535
	case 4:
		return 32768, 65535
	}
	return 0, 65535
}

func (g networks) groupRule() SecurityGroupRule {
	r := SecurityGroupRule{Egress: g.IntN(2) == 0, Protocol: g.pick("tcp", "tcp", "-1", "6", "udp")}
	r.FromPort, r.ToPort = g.ports()
	switch g.IntN(6) {
	case 0, 1:
		r.GroupID = g.pick("sg-fn", "sg-db", "sg-vpce", "sg-other")
	case 2:
		r.PrefixListID = "pl-1"
	default:
		r.CIDR = g.block()
	}
	return r
}

func (g networks) aclRule(allow bool) NetworkACLRule {
	r := NetworkACLRule{Number: 1 + g.IntN(lastRule-1), Egress: g.IntN(2) == 0, Allow: allow, Protocol: g.pick("6", "-1", "17"), CIDR: g.block()}
	r.FromPort, r.ToPort = g.ports()
	return r
}

func (g networks) route() Route {
	return Route{
		Destination: g.pick("0.0.0.0/0", "0.0.0.0/0", "10.9.0.0/16", "10.9.1.0/24", "52.0.0.0/8", "10.0.0.0/8", "::/0", "pl-1"),
		Target:      g.pick("nat-1", "nat-1", "igw-1", "tgw-1", "pcx-1", "vpce-9", "eigw-1", "eni-1"), Active: g.IntN(6) > 0,
	}
}

// change makes a network another by some steps.
func (g networks) change(c *networkCase) {
	for range g.IntN(4) {
		switch g.IntN(12) {
		case 0:
			c.routes(g.route(), g.route())
		case 1:
			c.routesOf(c.subnetB, g.route())
		case 2:
			c.may(g.groupRule(), g.groupRule())
		case 3:
			c.admits(g.groupRule(), g.groupRule())
		case 4:
			c.endpoint(secretsManager).SecurityGroups[0].Rules = []SecurityGroupRule{g.groupRule(), g.groupRule()}
		case 5:
			c.endpoint(secretsManager).PrivateDNS = g.IntN(2) == 0
			c.Endpoint = g.pick(ownAddress, usualAddress, "")
		case 6:
			c.elsewhere()
			c.db.Public = [](*bool){nil, new(true), new(false)}[g.IntN(3)]
		case 7:
			c.subnetA.Rules = wall(g.aclRule(false), g.aclRule(true))
		case 8:
			rules := wall(g.aclRule(false))
			for i := range c.db.Subnets {
				c.db.Subnets[i].Rules = rules
			}
		case 9:
			c.unlisted(g.pick(hiddenHost, "10.0.7.7", "192.168.7.7", "198.51.100.7"))
		case 10:
			c.IPv6 = true
		case 11:
			c.VPC.DNSHostnames = [](*bool){nil, new(true), new(false)}[g.IntN(3)]
		}
	}
}

// judged has how bad it is, by what is to reach and the code.
func (c *networkCase) judged() map[string]Severity {
	all := map[string]Severity{}
	for what, obstacles := range map[string][]obstacle{
		"Secrets Manager": c.toAPI(secretsManager, c.Endpoint), "the RDS API": c.toAPI("rds", ""), "the database": c.toDatabase(*c.Database),
	} {
		for _, f := range c.found(c.Connection, what, obstacles) {
			all[what+" "+string(f.Code)] = f.Severity
			all[what] = f.Severity
			for key, severity := range all {
				if strings.HasPrefix(key, what+" ") && rank(severity) > rank(all[what]) {
					all[what] = severity
				}
			}
		}
	}
	return all
}

// TestReachableProperties: one more rule that allows adds no finding and makes none worse, and one more that denies does the reverse. One
// more way to the internet makes nothing worse.
func TestReachableProperties(t *testing.T) {
	t.Parallel()
	seen := map[Severity]int{}
	for seed := range uint64(1500) {
		// world makes the same network each time.
		world := func() (*networkCase, networks) {
			g := networks{rand.New(rand.NewPCG(seed, 3))}
			c := newNetworkCase()
			g.change(c)
			return c, g
		}
		c, _ := world()
		checkNetworkFindings(t, Reachable(c.Network, c.Connection))
		before := c.judged()
		for _, severity := range before {
			seen[severity]++
		}
		compare := func(what string, strict, loose map[string]Severity, c *networkCase) {
			t.Helper()
			for key, severity := range loose {
				if rank(strict[key]) < rank(severity) {
					t.Fatalf("%d, %s: %s is %q where less is allowed, and %q where more is: %+v %+v", seed, what, key, strict[key], severity, c.Network, c.db)
				}
			}
		}
		for _, side := range []string{"function", "endpoint", "database"} {
			c, g := world()
			groups := map[string]*[]SecurityGroup{"function": &c.SecurityGroups, "database": &c.db.SecurityGroups}
			subnets := map[string]*[]Subnet{"function": &c.Subnets, "database": &c.db.Subnets}
			if len(c.Endpoints) > 0 {
				groups["endpoint"], subnets["endpoint"] = &c.Endpoints[0].SecurityGroups, &c.Endpoints[0].Subnets
			}
			if groups[side] == nil || len(*groups[side]) == 0 || len(*subnets[side]) == 0 {
				continue
			}
			group := &(*groups[side])[0]
			group.Rules = append(slices.Clone(group.Rules), g.groupRule())
			compare("one more rule of the group of the "+side, before, c.judged(), c)

			for _, allow := range []bool{true, false} {
				c, g := world()
				subnets := map[string][]Subnet{"function": c.Subnets, "database": c.db.Subnets}
				if len(c.Endpoints) > 0 {
					subnets["endpoint"] = c.Endpoints[0].Subnets
				}
				s := &subnets[side][g.IntN(len(subnets[side]))]
				r := g.aclRule(allow)
				if r.CIDR == "?" {
					continue // Not readable is neither.
				}
				s.Rules = append(slices.Clone(s.Rules), r)
				if allow {
					compare("one more Allow of the network ACL of the "+side, before, c.judged(), c)
				} else {
					compare("one more Deny of the network ACL of the "+side, c.judged(), before, c)
				}
			}
		}
		more, _ := world()
		for i := range more.Subnets {
			s := &more.Subnets[i]
			s.Routes = slices.DeleteFunc(slices.Clone(s.Routes), func(r Route) bool { return r.Destination == byNAT.Destination })
			s.Routes = append(s.Routes, byNAT)
		}
		worst := func(all map[string]Severity) map[string]Severity {
			whole := map[string]Severity{}
			for _, what := range []string{"Secrets Manager", "the RDS API", "the database"} {
				whole[what] = all[what]
			}
			return whole
		}
		if !slices.ContainsFunc(c.Subnets, func(s Subnet) bool { return s.beyond() != nil }) {
			compare("a NAT gateway", worst(before), worst(more.judged()), more)
		}
	}
	t.Log(seen)
	for _, severity := range []Severity{Error, Warning, Info} {
		if seen[severity] < 150 {
			t.Errorf("the cases are one-sided: %v", seen)
		}
	}
}

// FuzzReachable judges networks of any text: nothing of it panics, and nothing of the database's host is told.
func FuzzReachable(f *testing.F) {
	f.Add("10.0.1.0/24", "0.0.0.0/0", "nat-1", "tcp", "sg-fn", usualAddress, "10.0.7.7", 443, 443, 5432, uint8(0xff))
	f.Add("", "::/0", "eigw-", "-1", "", "https://vpce-1.vpce.", "fe80::1%eth0", -1, -1, 0, uint8(0))
	f.Add("10.0.0.0/33", "::ffff:10.0.0.0/104", "local", "6", "pl-", "://", "0.0.0.0", 65535, 0, -1, uint8(0x55))
	f.Add("0.0.0.0/32", "255.255.255.255/32", "-", "17", "\x00", "secretsmanager", "256.1.1.1", 1<<62, -1<<62, 1<<40, uint8(0xaa))
	f.Fuzz(func(t *testing.T, cidr, destination, target, protocol, group, address, host string, from, to, port int, bits uint8) {
		bit := func(i int) bool { return bits>>i&1 == 1 }
		s := Subnet{
			ID: group, CIDR: cidr, NetworkACLID: "acl-1", RouteTableID: "rtb-1",
			Routes: []Route{{Destination: destination, Target: target, Active: bit(0)}, {Destination: cidr, Target: "local", Active: true}, {Destination: "0.0.0.0/0", Target: target, Active: bit(1)}, {Destination: target, Target: target, Active: true}},
			Rules:  []NetworkACLRule{{from, bit(2), bit(3), protocol, destination, from, to}, {to, bit(3), bit(2), "6", cidr, to, from}},
		}
		groups := []SecurityGroup{{group, []SecurityGroupRule{
			{bit(4), protocol, from, to, destination, "", ""}, {bit(5), protocol, from, to, "", group, ""}, {true, "tcp", 0, 65535, cidr, "", ""}, {bit(6), protocol, from, to, "", "", group},
		}}}
		other := s
		other.ID, other.CIDR = target, destination
		n := Network{Region: "eu-central-1", Subnets: []Subnet{s, other}, SecurityGroups: groups, IPv6: bit(7), VPC: VPC{ID: "vpc-1"}}
		if bit(0) {
			n.VPC.DNSSupport, n.VPC.DNSHostnames = new(bit(1)), new(bit(2))
		}
		if bit(1) {
			n.Endpoints = []Endpoint{{ID: "vpce-1", Service: secretsManager, State: group, PrivateDNS: bit(2), DNSNames: []string{host}, Subnets: []Subnet{s}, SecurityGroups: groups}}
		}
		for _, d := range []*Database{
			nil,
			{Host: host + planted, Port: port},
			{Host: host, Port: port},
			{Host: host + planted, Name: "RDS instance orders", Port: port, VPCID: "vpc-1", Subnets: []Subnet{other}, SecurityGroups: groups},
			{Host: host + planted, Name: "RDS instance orders", Port: port, VPCID: "vpc-2", Subnets: []Subnet{other}, SecurityGroups: groups},
			{Host: host + planted, Name: "RDS instance orders", Port: port, VPCID: "vpc-2", Public: new(true), SecurityGroups: groups},
			{Host: host + planted, Name: "RDS instance orders", Port: port, VPCID: target, Public: new(bit(3))},
		} {
			c := Connection{FunctionARN: rotator, Endpoint: address, Services: []string{"rds", group}, Database: d}
			for _, found := range [][]Finding{Reachable(n, c), Reachable(Network{}, c), ReachableOutside(c)} {
				checkPlanted(t, found)
				for _, f := range found {
					if f.Detail == "" || f.Remedy == "" || f.Summary == "" {
						t.Errorf("the finding %+v is incomplete", f)
					}
				}
			}
			if found := fmt.Sprint(EndpointPolicies(n, c, Role{ARN: executionRole}, Need{FunctionARN: rotator})); found != "[]" {
				t.Errorf("without a policy: %s", found)
			}
		}
	})
}
