package findings

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReachable logs what it finds, to be read aloud: go test -v -run TestReachable.
func TestReachable(t *testing.T) {
	t.Parallel()
	const (
		noPath    = "error network-no-path-secretsmanager"
		noDNS     = "error network-endpoint-no-private-dns"
		endpoint  = "error network-endpoint-security-group"
		egress    = "error network-egress-blocked"
		ingress   = "error network-database-ingress"
		noPathRDS = "error network-no-path-rds"
		noVPC     = "error network-no-vpc"
	)
	perhaps := func(text string) string { return strings.Replace(text, "error", "warning", 1) }
	unknown := func(text string) string { return strings.Replace(text, "error", "info", 1) }
	tests := map[string]struct {
		change func(*networkCase)
		want   []string
		text   string
	}{
		"NAT":                {},
		"NAT, in one subnet": {change: func(c *networkCase) { c.Subnets = c.Subnets[:1] }},
		"NAT gateway that works": {change: func(c *networkCase) {
			c.routes(nat(NATGateway{State: "available", SubnetID: "subnet-n", Routes: toInternet}))
		}},
		"NAT gateway of a whole VPC":   {change: func(c *networkCase) { c.routes(nat(NATGateway{State: "available"})) }},
		"NAT gateway that has failed":  {change: func(c *networkCase) { c.routes(nat(NATGateway{State: "failed", Routes: toInternet})) }, want: []string{noPath}, text: "leads to the NAT gateway nat-1, which is \"failed\""},
		"NAT gateway that is made now": {change: func(c *networkCase) { c.routes(nat(NATGateway{State: "pending"})) }, want: []string{"warning network-no-path-secretsmanager"}, text: "still being made"},
		"NAT gateway in a private subnet": {
			change: func(c *networkCase) {
				c.routes(nat(NATGateway{State: "available", SubnetID: "subnet-n", Routes: []Route{{Destination: "10.0.0.0/16", Target: "local", Active: true}}}))
			},
			want: []string{noPath}, text: "whose own subnet subnet-n has no route to an internet gateway",
		},
		"NAT gateway in a subnet that leads back to it": {
			change: func(c *networkCase) {
				c.routes(nat(NATGateway{State: "available", SubnetID: "subnet-n", Routes: []Route{
					{Destination: "10.0.0.0/16", Target: "local", Active: true},
					byNAT,
					{Destination: "pl-1", Target: "vpce-s3", Active: true},
					{Destination: "10.9.0.0/16", Target: "pcx-1", Active: true},
					{Destination: "::/0", Target: "tgw-1", Active: true},
				}}))
			},
			want: []string{noPath}, text: "whose own subnet subnet-n has no route to an internet gateway",
		},
		"NAT gateway before a firewall": {
			change: func(c *networkCase) {
				c.routes(nat(NATGateway{State: "available", SubnetID: "subnet-n", Routes: []Route{{Destination: "0.0.0.0/0", Target: "vpce-1", Active: true}}}))
			},
			want: []string{"info network-no-path-secretsmanager"}, text: "leads on to vpce-1",
		},
		"private NAT gateway": {change: func(c *networkCase) { c.routes(nat(NATGateway{State: "available", Private: true})) }, want: []string{"info network-no-path-secretsmanager"}, text: "private NAT gateway nat-1"},
		"NAT, named halves of the internet": {change: func(c *networkCase) {
			c.routes(Route{Destination: "0.0.0.0/1", Target: "nat-1", Active: true}, Route{Destination: "128.0.0.0/1", Target: "nat-2", Active: true})
		}},
		"NAT, private networks elsewhere": {change: func(c *networkCase) {
			c.routes(byNAT, Route{Destination: "10.0.0.0/8", Target: "tgw-1", Active: true}, Route{Destination: "192.168.0.0/16", Target: "pcx-1", Active: false})
		}},
		"NAT, a public block elsewhere": {change: func(c *networkCase) {
			c.routes(byNAT, Route{Destination: "203.0.112.0/22", Target: "vgw-1", Active: true})
		}},
		"NAT, gateway endpoint for S3": {change: func(c *networkCase) { c.routes(byNAT, Route{Destination: "pl-1", Target: "vpce-s3", Active: true}) }},
		"NAT, no port known":           {change: func(c *networkCase) { c.db.Port = 0; c.admits() }},
		"NAT, no database":             {change: func(c *networkCase) { c.Database = nil }},
		"NAT, no variable":             {change: func(c *networkCase) { c.Endpoint = "" }},
		"NAT, FIPS":                    {change: func(c *networkCase) { c.Endpoint = "https://secretsmanager-fips.eu-central-1.amazonaws.com" }},
		"NAT, tight groups":            {change: func(c *networkCase) { c.may(out(443, "0.0.0.0/0"), outTo(5432, "sg-db")) }},
		"NAT, database by CIDR": {change: func(c *networkCase) {
			c.may(out(443, "0.0.0.0/0"), out(5432, "10.0.3.0/24"), out(5432, "10.0.4.0/24"))
			c.admits(in(5432, "10.0.1.0/24"), in(5432, "10.0.2.0/25"), in(5432, "10.0.2.128/25"))
		}},
		"NAT, database by a range of ports": {change: func(c *networkCase) {
			c.admits(SecurityGroupRule{Protocol: "tcp", FromPort: 5000, ToPort: 6000, CIDR: "10.0.0.0/16"})
		}},
		"NAT, rules on two groups": {change: func(c *networkCase) {
			c.may(out(443, "0.0.0.0/0"))
			c.SecurityGroups = append(c.SecurityGroups, SecurityGroup{"sg-fn2", []SecurityGroupRule{outTo(5432, "sg-db")}})
			c.admits(inFrom(5432, "sg-fn2"))
		}},
		"NAT, usual RDS API": {change: func(c *networkCase) { c.Services = []string{"rds", secretsManager} }},
		"NAT, tight network ACLs": {change: func(c *networkCase) {
			c.subnetA.Rules = []NetworkACLRule{{1, true, true, "6", "0.0.0.0/0", 443, 443}, {2, true, true, "6", "10.0.0.0/16", 5432, 5432}, {3, false, true, "6", "0.0.0.0/0", 1024, 65535}}
		}},
		"NAT, network ACL denies Remote Desktop and the like": {change: func(c *networkCase) {
			r := wall(NetworkACLRule{10, false, false, "6", "0.0.0.0/0", 3389, 3389}, NetworkACLRule{11, false, false, "6", "0.0.0.0/0", 5900, 5902}, NetworkACLRule{12, false, false, "6", "0.0.0.0/0", 50000, 50000})
			c.subnetA.Rules, c.subnetB.Rules, c.db.Subnets[0].Rules, c.db.Subnets[1].Rules = r, r, r, r
		}},
		"NAT, network ACL allows answers to Linux": {change: func(c *networkCase) {
			r := []NetworkACLRule{{1, true, true, "-1", "0.0.0.0/0", -1, -1}, {2, false, true, "6", "0.0.0.0/0", 32768, 65535}}
			c.subnetA.Rules, c.subnetB.Rules = r, r
		}},
		"public database elsewhere, network ACL denies Remote Desktop": {change: func(c *networkCase) {
			c.elsewhere()
			c.db.Public = new(true)
			c.admits(in(5432, "0.0.0.0/0"))
			r := wall(NetworkACLRule{10, true, false, "6", "0.0.0.0/0", 3389, 3389})
			c.db.Subnets[0].Rules, c.db.Subnets[1].Rules = r, r
		}},
		"NAT, network ACL denies other ports": {change: func(c *networkCase) {
			c.subnetA.Rules = wall(NetworkACLRule{10, false, false, "6", "0.0.0.0/0", 22, 1023}, NetworkACLRule{11, true, false, "17", "0.0.0.0/0", -1, -1})
		}},
		"NAT, one group for all":           {change: func(c *networkCase) { c.SecurityGroups[0].ID = "sg-db"; c.admits(inFrom(5432, "sg-db")) }},
		"NAT, endpoint of another service": {change: func(c *networkCase) { c.endpoint("kms").State = "failed"; c.routes(byNAT) }},
		"NAT, endpoint deleted":            {change: func(c *networkCase) { c.endpoint(secretsManager).State = "deleted"; c.routes(byNAT) }},
		"NAT, endpoint deleting":           {change: func(c *networkCase) { c.endpoint(secretsManager).State = "deleting"; c.routes(byNAT) }},
		"NAT, endpoint failed":             {change: func(c *networkCase) { c.endpoint(secretsManager).State = "failed"; c.routes(byNAT) }},
		"NAT, endpoint pending":            {change: func(c *networkCase) { c.endpoint(secretsManager).State = "pending"; c.routes(byNAT) }},
		"endpoint that replaces others": {change: func(c *networkCase) {
			for i, state := range []string{"rejected", "expired", "deleted", "available"} {
				e := c.endpoint(secretsManager)
				e.ID, e.State = "vpce-"+strconv.Itoa(i), state
			}
		}},
		"NAT, endpoint without private DNS": {change: func(c *networkCase) { c.endpoint(secretsManager).PrivateDNS = false; c.routes(byNAT) }},
		"NAT, attributes off, broken endpoint": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = nil
			c.routes(byNAT)
			c.VPC.DNSHostnames = new(false)
		}},
		"endpoint":               {change: func(c *networkCase) { c.endpoint(secretsManager) }},
		"endpoint beside NAT":    {change: func(c *networkCase) { c.endpoint(secretsManager); c.routes(byNAT) }},
		"endpoint, tight groups": {change: func(c *networkCase) { c.endpoint(secretsManager); c.may(outTo(443, "sg-vpce"), outTo(5432, "sg-db")) }},
		"endpoint, by CIDR": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = []SecurityGroupRule{in(443, "10.0.0.0/16")}
			c.may(out(443, "10.0.5.0/24"), out(5432, "10.0.0.0/16"))
		}},
		"endpoint, state in capitals": {change: func(c *networkCase) { c.endpoint(secretsManager).State = "Available" }},
		"endpoint, of all services":   {change: func(c *networkCase) { c.endpoint(secretsManager); c.endpoint("rds"); c.Services = []string{"rds"} }},
		"endpoint, in the function's subnet": {change: func(c *networkCase) {
			c.Subnets = c.Subnets[:1]
			e := c.endpoint(secretsManager)
			c.Database = nil
			e.Subnets = []Subnet{c.Subnets[0]}
			c.Subnets[0].Rules = wall(NetworkACLRule{1, true, false, "-1", "0.0.0.0/0", -1, -1})
		}},
		"endpoint by its own name": {change: func(c *networkCase) { c.endpoint(secretsManager).PrivateDNS = false; c.Endpoint = ownAddress }},
		"endpoint by its own name in a zone": {change: func(c *networkCase) {
			e := c.endpoint(secretsManager)
			e.PrivateDNS, e.DNSNames = false, nil
			c.Endpoint = strings.Replace(ownAddress, "x1y2z3", "x1y2z3-eu-central-1a", 1)
		}},
		"endpoint by its own name, DNS off": {change: func(c *networkCase) {
			c.endpoint(secretsManager)
			c.VPC.DNSHostnames = new(false)
			c.Endpoint = ownAddress
		}},
		"dual-stack, IPv4 by NAT": {change: func(c *networkCase) {
			c.IPv6 = true
			c.routes(byNAT, Route{Destination: "::/0", Target: "eigw-1", Active: true})
		}},
		"public database in the function's VPC": {change: func(c *networkCase) { c.db.Public = new(true) }},
		"public database elsewhere":             {change: func(c *networkCase) { c.elsewhere(); c.db.Public = new(true); c.admits(in(5432, "0.0.0.0/0")) }},

		"no way":        {change: func(c *networkCase) { c.routes() }, want: []string{noPath}, text: "the VPC vpc-1 has no endpoint for Secrets Manager, and the route table rtb-1 has no route to public addresses. Add an interface endpoint for the service `com.amazonaws.eu-central-1.secretsmanager`"},
		"proxy, no way": {change: func(c *networkCase) { c.routes(); c.Proxy = true; c.Services = []string{"rds"} }, want: []string{unknown(noPath), unknown(noPathRDS)}, text: "its variable HTTPS_PROXY leads there through a proxy"},
		"proxy, endpoint admits nobody": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = []SecurityGroupRule{}
			c.Proxy = true
		}, want: []string{unknown(noPath)}},
		"proxy, database admits nobody": {change: func(c *networkCase) { c.Proxy = true; c.admits() }, want: []string{unknown(noPath), ingress}},
		"environment not readable":      {change: func(c *networkCase) { c.Endpoint, c.Unread = "", true }},
		"environment not readable, no way": {change: func(c *networkCase) {
			c.routes()
			c.Endpoint, c.Unread, c.Services = "", true, []string{"rds"}
		}, want: []string{unknown(noPath), unknown(noPathRDS)}, text: "has no route to public addresses; its environment, which may name a proxy or another endpoint, could not be read"},
		"environment not readable, endpoint admits nobody": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = []SecurityGroupRule{}
			c.Endpoint, c.Unread = "", true
		}, want: []string{unknown(endpoint)}},
		"no way in one subnet": {change: func(c *networkCase) { c.routesOf(c.subnetB) }, want: []string{perhaps(noPath)}, text: "in some invocations: from the subnet subnet-b, the VPC vpc-1 has no endpoint for Secrets Manager, and the route table"},
		"internet gateway":     {change: func(c *networkCase) { c.routes(Route{Destination: "0.0.0.0/0", Target: "igw-1", Active: true}) }, want: []string{noPath}, text: "Lambda gives it no public IPv4 address"},
		"internet gateway in one subnet": {change: func(c *networkCase) {
			c.routesOf(c.subnetA, Route{Destination: "0.0.0.0/0", Target: "igw-1", Active: true})
		}, want: []string{perhaps(noPath)}, text: "from the subnet subnet-a"},
		"black hole": {change: func(c *networkCase) { c.routes(Route{Destination: "0.0.0.0/0", Target: "nat-1", Active: false}) }, want: []string{noPath}, text: "a route to nat-1 that is a black hole"},
		"black holes, one more specific": {change: func(c *networkCase) {
			c.routes(byNAT, Route{Destination: "0.0.0.0/1", Target: "nat-9", Active: false}, Route{Destination: "128.0.0.0/1", Target: "nat-9", Active: false})
		}, want: []string{noPath}, text: "nat-9"},
		"only gateway endpoint for S3":         {change: func(c *networkCase) { c.routes(Route{Destination: "pl-1", Target: "vpce-s3", Active: true}) }, want: []string{noPath}},
		"NAT for another public block":         {change: func(c *networkCase) { c.routes(Route{Destination: "52.0.0.0/8", Target: "nat-1", Active: true}) }, want: []string{unknown(noPath)}, text: "a part of the public addresses"},
		"transit gateway":                      {change: func(c *networkCase) { c.routes(Route{Destination: "0.0.0.0/0", Target: "tgw-1", Active: true}) }, want: []string{unknown(noPath)}, text: "leads to tgw-1, and what is beyond cannot be seen"},
		"transit gateway for private networks": {change: func(c *networkCase) { c.routes(Route{Destination: "10.0.0.0/8", Target: "tgw-1", Active: true}) }, want: []string{unknown(noPath)}, text: "leads to other networks by tgw-1"},
		"peering for a private network":        {change: func(c *networkCase) { c.routes(Route{Destination: "10.9.0.0/16", Target: "pcx-1", Active: true}) }, want: []string{unknown(noPath)}, text: "leads to other networks by pcx-1"},
		"transit gateway, endpoint without private DNS": {change: func(c *networkCase) {
			c.endpoint(secretsManager).PrivateDNS = false
			c.routes(Route{Destination: "0.0.0.0/0", Target: "tgw-1", Active: true})
		}, want: []string{unknown(noDNS)}},
		"endpoint, dual-stack name": {change: func(c *networkCase) {
			c.endpoint(secretsManager)
			c.Endpoint = "https://secretsmanager.eu-central-1.api.aws"
		}, want: []string{unknown(noPath)}},
		"peering":            {change: func(c *networkCase) { c.routes(Route{Destination: "0.0.0.0/0", Target: "pcx-1", Active: true}) }, want: []string{unknown(noPath)}},
		"NAT instance":       {change: func(c *networkCase) { c.routes(Route{Destination: "0.0.0.0/0", Target: "eni-1", Active: true}) }, want: []string{unknown(noPath)}},
		"firewall endpoint":  {change: func(c *networkCase) { c.routes(Route{Destination: "0.0.0.0/0", Target: "vpce-9", Active: true}) }, want: []string{unknown(noPath)}},
		"prefix list to NAT": {change: func(c *networkCase) { c.routes(Route{Destination: "pl-1", Target: "nat-1", Active: true}) }, want: []string{unknown(noPath)}, text: "by a prefix list"},
		"transit gateway in one, none in other": {change: func(c *networkCase) {
			c.routesOf(c.subnetA, Route{Destination: "0.0.0.0/0", Target: "tgw-1", Active: true})
			c.routesOf(c.subnetB)
		}, want: []string{perhaps(noPath)}, text: "subnet-b"},
		"NAT, all ports of a protocol": {change: func(c *networkCase) {
			c.may(SecurityGroupRule{Egress: true, Protocol: "tcp", FromPort: -1, ToPort: -1, CIDR: "0.0.0.0/0"})
		}},
		"attributes not readable, endpoint admits nobody": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = []SecurityGroupRule{}
			c.VPC = VPC{ID: "vpc-1"}
		}, want: []string{perhaps(endpoint), unknown(noDNS)}},
		"no way, no egress": {change: func(c *networkCase) {
			c.routes()
			c.may(outTo(5432, "sg-db"))
		}, want: []string{noPath}},
		"VPC of public addresses": {change: func(c *networkCase) { c.routes(Route{Destination: "198.51.0.0/16", Target: "local", Active: true}) }, want: []string{noPath}},
		"IPv6 route that is a black hole": {change: func(c *networkCase) {
			c.IPv6 = true
			c.routes(Route{Destination: "::/0", Target: "eigw-1", Active: false})
		}, want: []string{noPath}},
		"egress by IPv6 only": {change: func(c *networkCase) { c.may(out(443, "::/0"), outTo(5432, "sg-db")) }, want: []string{egress}},
		"egress by IPv6 only, dual-stack": {change: func(c *networkCase) {
			c.IPv6 = true
			c.may(out(443, "::/0"), outTo(5432, "sg-db"))
		}, want: []string{unknown(egress)}},
		"public address in the VPC": {change: func(c *networkCase) {
			c.unlisted("198.51.100.7")
			c.endpoint(secretsManager)
			c.routes(Route{Destination: "198.51.0.0/16", Target: "local", Active: true})
		}, want: []string{unknown(ingress)}},
		"IPv6 only": {change: func(c *networkCase) {
			c.IPv6 = true
			c.routes(Route{Destination: "::/0", Target: "eigw-1", Active: true})
		}, want: []string{unknown(noPath)}, text: "IPv6"},
		"IPv6 route, function without": {change: func(c *networkCase) { c.routes(Route{Destination: "::/0", Target: "eigw-1", Active: true}) }, want: []string{noPath}},
		"routes not readable": {change: func(c *networkCase) {
			c.subnetA.Routes, c.subnetB.Routes = nil, nil
			c.Unseen = []string{"ec2:DescribeRouteTables"}
		}, want: []string{unknown(noPath)}, text: "lack `ec2:DescribeRouteTables`"},
		"endpoints not readable, NAT": {change: func(c *networkCase) { c.Endpoints, c.Unseen = nil, []string{"ec2:DescribeVpcEndpoints"} }, want: []string{unknown(noPath)}, text: "lack `ec2:DescribeVpcEndpoints`"},
		"endpoints not readable, VPC of another account": {change: func(c *networkCase) {
			c.Endpoints, c.VPC.Owner = nil, "111122223333"
			c.routes()
		}, want: []string{unknown(noPath)}, text: "the endpoints of the VPC vpc-1 of the account 111122223333 could not be read."},
		"endpoints not readable, no NAT": {change: func(c *networkCase) { c.Endpoints, c.Unseen = nil, []string{"ec2:DescribeVpcEndpoints"}; c.routes() }, want: []string{unknown(noPath)}},
		"nothing readable":               {change: func(c *networkCase) { c.Network = Network{Unseen: []string{"ec2:DescribeSubnets"}} }, want: []string{unknown(noPath)}, text: "its subnets could not be read, because these credentials lack `ec2:DescribeSubnets`"},
		"attributes not readable": {change: func(c *networkCase) {
			c.endpoint(secretsManager)
			c.VPC = VPC{ID: "vpc-1"}
			c.Unseen = []string{"ec2:DescribeVpcAttribute"}
		}, want: []string{unknown(noDNS)}, text: "lack `ec2:DescribeVpcAttribute`"},
		"DNS off, NAT": {change: func(c *networkCase) { c.VPC.DNSSupport = new(false) }, want: []string{perhaps(noPath)}, text: "DHCP options"},

		"endpoint without private DNS": {change: func(c *networkCase) { c.endpoint(secretsManager).PrivateDNS = false }, want: []string{noDNS}, text: "the VPC endpoint vpce-1 has no private DNS name"},
		"endpoint without private DNS, hosted zone": {
			change: func(c *networkCase) { c.endpoint(secretsManager).PrivateDNS = false }, want: []string{noDNS},
			text: "leads to the endpoint only by a private hosted zone, which cannot be seen from here. Switch private DNS on for the endpoint vpce-1, or set the function's variable SECRETS_MANAGER_ENDPOINT to a DNS name of the endpoint itself. If there is such a hosted zone, all is well: set `preflight = \"warn\"`.",
		},
		"endpoint of the RDS API without private DNS": {change: func(c *networkCase) {
			c.endpoint(secretsManager)
			c.endpoint("rds").PrivateDNS = false
			c.Services = []string{"rds"}
		}, want: []string{noPathRDS}, text: "Switch private DNS on for the endpoint vpce-1. If there is such a hosted zone, all is well: set `preflight = \"warn\"`."},
		"endpoint without private DNS, no variable": {change: func(c *networkCase) { c.endpoint(secretsManager).PrivateDNS = false; c.Endpoint = "" }, want: []string{perhaps(noDNS)}},
		"endpoint without private DNS, peering": {change: func(c *networkCase) {
			c.endpoint(secretsManager).PrivateDNS = false
			c.routes(Route{Destination: "10.9.0.0/16", Target: "pcx-1", Active: true})
		}, want: []string{unknown(noDNS)}},
		"endpoint, DNS hostnames off": {change: func(c *networkCase) { c.endpoint(secretsManager); c.VPC.DNSHostnames = new(false) }, want: []string{noDNS}, text: "while `enableDnsHostnames` is off in the VPC vpc-1"},
		"endpoint, DNS support off":   {change: func(c *networkCase) { c.endpoint(secretsManager); c.VPC.DNSSupport = new(false) }, want: []string{noDNS}, text: "and private DNS for the endpoint vpce-1."},
		"endpoint of another VPC":     {change: func(c *networkCase) { c.Endpoint = strings.Replace(ownAddress, "vpce-1", "vpce-7", 1) }, want: []string{noPath}, text: "a VPC endpoint that the VPC vpc-1 does not have"},
		"endpoint of another VPC, peering": {change: func(c *networkCase) {
			c.routes(byNAT, Route{Destination: "10.9.0.0/16", Target: "pcx-1", Active: true})
			c.Endpoint = strings.Replace(ownAddress, "vpce-1", "vpce-7", 1)
		}, want: []string{unknown(noPath)}, text: "beyond pcx-1"},
		"endpoint, FIPS": {change: func(c *networkCase) {
			c.endpoint(secretsManager)
			c.Endpoint = "https://secretsmanager-fips.eu-central-1.amazonaws.com"
		}, want: []string{unknown(noPath)}},
		"endpoint failed":  {change: func(c *networkCase) { c.endpoint(secretsManager).State = "failed" }, want: []string{noPath}, text: "the VPC endpoint vpce-1 is in the state `failed`, and the route table rtb-1 has no route to public addresses. Replace the endpoint vpce-1"},
		"endpoint pending": {change: func(c *networkCase) { c.endpoint(secretsManager).State = "pendingAcceptance" }, want: []string{perhaps(noPath)}, text: "Wait until the endpoint is available"},
		"endpoint in some zones": {change: func(c *networkCase) {
			c.endpoint(secretsManager).State = "partial"
			c.routes(byNAT)
		}, want: []string{perhaps(noPath)}},
		"endpoint deleting": {change: func(c *networkCase) { c.endpoint(secretsManager).State = "deleting" }, want: []string{noPath}, text: "has no endpoint for Secrets Manager"},
		"endpoint failed, by its name": {change: func(c *networkCase) {
			c.endpoint(secretsManager).State = "failed"
			c.routes(byNAT)
			c.Endpoint = ownAddress
		}, want: []string{noPath}, text: "to which the name of the API leads, is in the state `failed`"},
		"endpoint admits nobody": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = []SecurityGroupRule{}
			c.routes(byNAT)
		}, want: []string{endpoint}, text: "Add an ingress rule for TCP 443 from sg-fn to the security group sg-vpce."},
		"endpoint admits another port": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = []SecurityGroupRule{inFrom(80, "sg-fn")}
		}, want: []string{endpoint}},
		"endpoint admits another group": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = []SecurityGroupRule{inFrom(443, "sg-app")}
		}, want: []string{endpoint}},
		"endpoint admits one subnet": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = []SecurityGroupRule{in(443, "10.0.1.0/24")}
		}, want: []string{perhaps(endpoint)}, text: "from the subnet subnet-b"},
		"endpoint admits half of a subnet": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = []SecurityGroupRule{in(443, "10.0.1.0/24"), in(443, "10.0.2.0/25")}
		}, want: []string{perhaps(endpoint)}, text: "a part of the addresses"},
		"endpoint admits a prefix list": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = []SecurityGroupRule{{Protocol: "tcp", FromPort: 443, ToPort: 443, PrefixListID: "pl-1"}}
		}, want: []string{unknown(endpoint)}, text: "prefix lists"},
		"endpoint's groups not readable": {change: func(c *networkCase) {
			c.endpoint(secretsManager).SecurityGroups[0].Rules = nil
			c.Unseen = []string{"ec2:DescribeSecurityGroupRules"}
		}, want: []string{unknown(endpoint)}, text: "lack `ec2:DescribeSecurityGroupRules`"},
		"endpoint's network ACL": {change: func(c *networkCase) {
			c.endpoint(secretsManager).Subnets[0].Rules = wall(NetworkACLRule{50, false, false, "6", "10.0.0.0/16", 443, 443})
		}, want: []string{egress}, text: "rule 50 of the network ACL acl-e of the subnet subnet-e denies inbound TCP 443 from the function"},
		"endpoint's network ACL, answers": {change: func(c *networkCase) {
			c.endpoint(secretsManager).Subnets[0].Rules = wall(NetworkACLRule{50, true, false, "6", "10.0.0.0/16", 1024, 65535})
		}, want: []string{egress}, text: "outbound TCP 1024-65535 to the function"},
		"no way to the endpoint of the RDS API": {change: func(c *networkCase) { c.endpoint(secretsManager); c.Services = []string{"rds"} }, want: []string{noPathRDS}, text: "com.amazonaws.eu-central-1.rds"},
		"endpoint of the RDS API admits nobody": {change: func(c *networkCase) {
			c.endpoint("rds").SecurityGroups[0].Rules = []SecurityGroupRule{}
			c.routes(byNAT)
			c.Services = []string{"rds"}
		}, want: []string{noPathRDS}, text: "sg-vpce"},
		"no way to the API of Redshift": {change: func(c *networkCase) { c.endpoint(secretsManager); c.Services = []string{"redshift"} }, want: []string{"error network-no-path-service"}, text: "the API of Redshift"},

		"no egress":                      {change: func(c *networkCase) { c.may() }, want: []string{egress, egress}, text: "no rule of the security group sg-fn of the function allows outbound TCP 443 to public addresses"},
		"no egress to the internet":      {change: func(c *networkCase) { c.may(out(443, "10.0.0.0/8"), outTo(5432, "sg-db")) }, want: []string{egress}, text: "Add an egress rule for TCP 443 to 0.0.0.0/0 to the security group sg-fn."},
		"egress to some of the internet": {change: func(c *networkCase) { c.may(out(443, "52.0.0.0/8"), outTo(5432, "sg-db")) }, want: []string{unknown(egress)}},
		"egress to a prefix list": {change: func(c *networkCase) {
			c.may(SecurityGroupRule{Egress: true, Protocol: "-1", FromPort: -1, ToPort: -1, PrefixListID: "pl-1"})
		}, want: []string{unknown(egress), unknown(egress)}},
		"egress by UDP":                        {change: func(c *networkCase) { r := outAll; r.Protocol = "udp"; c.may(r) }, want: []string{egress, egress}},
		"no egress to the endpoint":            {change: func(c *networkCase) { c.endpoint(secretsManager); c.may(outTo(443, "sg-app"), outTo(5432, "sg-db")) }, want: []string{egress}, text: "Add an egress rule for TCP 443 to sg-vpce"},
		"no egress to the database":            {change: func(c *networkCase) { c.may(out(443, "0.0.0.0/0")) }, want: []string{egress}, text: "Add an egress rule for TCP 5432 to sg-db to the security group sg-fn."},
		"egress to one subnet of the database": {change: func(c *networkCase) { c.may(out(443, "0.0.0.0/0"), out(5432, "10.0.3.0/24")) }, want: []string{perhaps(egress)}},
		"function's groups not readable": {change: func(c *networkCase) {
			c.SecurityGroups[0].Rules = nil
			c.Unseen = []string{"ec2:DescribeSecurityGroupRules"}
		}, want: []string{unknown(egress), unknown(egress)}},
		"network ACL denies HTTPS": {change: func(c *networkCase) {
			r := wall(NetworkACLRule{10, true, false, "6", "0.0.0.0/0", 443, 443})
			c.subnetA.Rules, c.subnetB.Rules = r, r
		}, want: []string{egress}, text: "rule 10 of the network ACL acl-a denies outbound TCP 443 to public addresses"},
		"network ACL denies HTTPS in one": {change: func(c *networkCase) {
			c.subnetA.Rules = wall(NetworkACLRule{10, true, false, "6", "0.0.0.0/0", 443, 443})
		}, want: []string{perhaps(egress)}, text: "before its rule 10"},
		"network ACL denies after allowing": {change: func(c *networkCase) {
			c.subnetA.Rules = wall(NetworkACLRule{101, true, false, "6", "0.0.0.0/0", 443, 443})
		}},
		"network ACL denies answers": {change: func(c *networkCase) {
			r := wall(NetworkACLRule{10, false, false, "-1", "0.0.0.0/0", -1, -1})
			c.subnetA.Rules, c.subnetB.Rules = r, r
		}, want: []string{egress, egress}, text: "inbound TCP 1024-65535"},
		"network ACL allows some answers": {change: func(c *networkCase) {
			r := []NetworkACLRule{{1, true, true, "-1", "0.0.0.0/0", -1, -1}, {2, false, true, "6", "0.0.0.0/0", 49152, 65535}}
			c.subnetA.Rules, c.subnetB.Rules = r, r
		}, want: []string{perhaps(egress), perhaps(egress)}, text: "allow only a part of inbound TCP 1024-65535"},
		"network ACL allows answers to other ports": {change: func(c *networkCase) {
			r := []NetworkACLRule{{1, true, true, "-1", "0.0.0.0/0", -1, -1}, {2, false, true, "6", "0.0.0.0/0", 1024, 32767}}
			c.subnetA.Rules, c.subnetB.Rules = r, r
		}, want: []string{perhaps(egress), perhaps(egress)}},
		"network ACL denies many answers": {change: func(c *networkCase) {
			r := wall(NetworkACLRule{9, false, false, "6", "0.0.0.0/0", 3389, 3389}, NetworkACLRule{10, false, false, "6", "0.0.0.0/0", 30000, 40000})
			c.subnetA.Rules, c.subnetB.Rules = r, r
		}, want: []string{perhaps(egress), perhaps(egress)}, text: "rule 10 of the network ACL acl-a denies a part of inbound TCP 1024-65535"},
		"network ACL allows nothing": {change: func(c *networkCase) { r := wall()[2:]; c.subnetA.Rules, c.subnetB.Rules = r, r }, want: []string{egress, egress}, text: "no rule of the network ACL"},
		"network ACLs not readable": {change: func(c *networkCase) {
			c.subnetA.Rules, c.subnetB.Rules = nil, nil
			c.Unseen = []string{"ec2:DescribeNetworkAcls"}
		}, want: []string{unknown(egress), unknown(egress)}, text: "lack `ec2:DescribeNetworkAcls`"},

		"database admits nobody":       {change: func(c *networkCase) { c.admits() }, want: []string{ingress}, text: "cannot reach RDS instance orders: no rule of the security group sg-db of RDS instance orders allows inbound TCP 5432 from the function. Add an ingress rule for TCP 5432 from sg-fn to the security group sg-db."},
		"database admits another port": {change: func(c *networkCase) { c.admits(inFrom(3306, "sg-fn")) }, want: []string{ingress}},
		"database admits one subnet":   {change: func(c *networkCase) { c.admits(in(5432, "10.0.2.0/24")) }, want: []string{perhaps(ingress)}, text: "from the subnet subnet-a"},
		"database's network ACL": {change: func(c *networkCase) {
			c.db.Subnets[0].Rules = wall(NetworkACLRule{9, false, false, "6", "10.0.0.0/16", 5000, 6000})
		}, want: []string{perhaps(ingress)}, text: "rule 9 of the network ACL acl-c"},
		"database's network ACLs": {change: func(c *networkCase) {
			r := wall(NetworkACLRule{9, false, false, "6", "10.0.0.0/16", 5000, 6000})
			c.db.Subnets[0].Rules, c.db.Subnets[1].Rules = r, r
		}, want: []string{ingress}},
		"database's groups not readable": {change: func(c *networkCase) {
			c.db.SecurityGroups = nil
			c.db.Unseen = []string{"ec2:DescribeSecurityGroupRules"}
		}, want: []string{unknown(ingress)}},
		"database's VPC not known": {change: func(c *networkCase) { c.db.VPCID, c.db.Subnets = "", nil }, want: []string{unknown(ingress)}},
		"database elsewhere":       {change: func(c *networkCase) { c.elsewhere(); c.endpoint(secretsManager) }, want: []string{noVPC}, text: "RDS instance orders in the VPC vpc-2: from the subnets subnet-a and subnet-b, the route table rtb-1 has no route to RDS instance orders"},
		"database elsewhere, NAT":  {change: func(c *networkCase) { c.elsewhere() }, want: []string{perhaps(noVPC)}, text: "NAT gateway nat-1"},
		"database elsewhere, peering": {change: func(c *networkCase) {
			c.elsewhere()
			c.routes(byNAT, Route{Destination: "10.9.0.0/16", Target: "pcx-1", Active: true})
		}, want: []string{unknown(noVPC)}, text: "leads to pcx-1"},
		"database elsewhere, peering to half": {change: func(c *networkCase) {
			c.elsewhere()
			c.endpoint(secretsManager)
			c.routes(Route{Destination: "10.9.1.0/24", Target: "pcx-1", Active: true})
		}, want: []string{perhaps(noVPC)}},
		"database elsewhere, no egress": {change: func(c *networkCase) {
			c.elsewhere()
			c.routes(byNAT, Route{Destination: "10.9.0.0/16", Target: "pcx-1", Active: true})
			c.may(out(443, "0.0.0.0/0"))
		}, want: []string{unknown(noVPC), egress}},
		"database elsewhere admits nobody": {change: func(c *networkCase) {
			c.elsewhere()
			c.routes(byNAT, Route{Destination: "10.9.0.0/16", Target: "pcx-1", Active: true})
			c.admits()
		}, want: []string{unknown(noVPC), ingress}},
		"database elsewhere, same addresses": {change: func(c *networkCase) { c.elsewhere(); c.db.Subnets = []Subnet{subnet("subnet-y", "10.0.9.0/24")} }, want: []string{noVPC}, text: "which has the same addresses"},
		"database elsewhere, perhaps public": {change: func(c *networkCase) { c.elsewhere(); c.endpoint(secretsManager); c.db.Public = nil }, want: []string{unknown(noVPC)}},
		"public database, no NAT": {change: func(c *networkCase) {
			c.elsewhere()
			c.endpoint(secretsManager)
			c.db.Public = new(true)
			c.admits(in(5432, "0.0.0.0/0"))
		}, want: []string{noVPC}, text: "0.0.0.0/0 to a NAT gateway"},
		"public database, answers to Linux only": {change: func(c *networkCase) {
			c.elsewhere()
			c.db.Public = new(true)
			c.admits(in(5432, "0.0.0.0/0"))
			r := []NetworkACLRule{{1, false, true, "-1", "0.0.0.0/0", -1, -1}, {2, true, true, "6", "0.0.0.0/0", 32768, 65535}}
			c.db.Subnets[0].Rules, c.db.Subnets[1].Rules = r, r
		}, want: []string{perhaps(ingress)}, text: "allow only a part of outbound TCP 1024-65535"},
		"public database, not admitted":    {change: func(c *networkCase) { c.elsewhere(); c.db.Public = new(true) }, want: []string{ingress}},
		"public database, some admitted":   {change: func(c *networkCase) { c.elsewhere(); c.db.Public = new(true); c.admits(in(5432, "198.51.100.7/32")) }, want: []string{unknown(ingress)}},
		"unlisted database":                {change: func(c *networkCase) { c.unlisted(hiddenHost) }, want: []string{unknown(ingress)}, text: "Whether the rotation function " + rotator + " can reach the database cannot be determined"},
		"unlisted database, no egress":     {change: func(c *networkCase) { c.unlisted(hiddenHost); c.may(out(443, "0.0.0.0/0")) }, want: []string{egress, unknown(ingress)}},
		"unlisted database, no permission": {change: func(c *networkCase) { c.unlisted(hiddenHost); c.db.Unseen = []string{"rds:DescribeDBInstances"} }, want: []string{unknown(ingress)}, text: "lack `rds:DescribeDBInstances`"},
		"address in the VPC":               {change: func(c *networkCase) { c.unlisted("10.0.7.7") }, want: []string{unknown(ingress)}},
		"address in the VPC, no egress":    {change: func(c *networkCase) { c.unlisted("10.0.7.7"); c.may(out(443, "0.0.0.0/0"), out(5432, "10.0.7.8/31")) }, want: []string{egress, unknown(ingress)}},
		"address without a route":          {change: func(c *networkCase) { c.unlisted("192.168.7.7"); c.endpoint(secretsManager) }, want: []string{noVPC, unknown(ingress)}},
		"address in a peered network": {change: func(c *networkCase) {
			c.unlisted("192.168.7.7")
			c.routes(byNAT, Route{Destination: "192.168.0.0/16", Target: "vgw-1", Active: true})
		}, want: []string{unknown(noVPC), unknown(ingress)}},
		"public address":         {change: func(c *networkCase) { c.unlisted("198.51.100.7") }, want: []string{unknown(ingress)}},
		"public address, no NAT": {change: func(c *networkCase) { c.unlisted("198.51.100.7"); c.endpoint(secretsManager) }, want: []string{noVPC, unknown(ingress)}},
		"IPv6 address":           {change: func(c *networkCase) { c.unlisted("fd00::7") }, want: []string{unknown(ingress)}},
	}
	broken := 0
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		test := tests[name]
		if len(test.want) > 0 {
			broken++
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newNetworkCase()
			if test.change != nil {
				test.change(c)
			}
			found := Reachable(c.Network, c.Connection)
			if diff := cmp.Diff(test.want, codesOf(found)); diff != "" {
				t.Error(diff)
			}
			checkNetworkFindings(t, found)
			if len(found) > 0 && !slices.ContainsFunc(found, func(f Finding) bool { return strings.Contains(f.Detail+" "+f.Remedy, test.text) }) {
				t.Errorf("nothing says %q", test.text)
			}
			for _, f := range found {
				t.Logf("%s %s\n%s\n%s", f.Severity, f.Code, f.Detail, f.Remedy)
			}
		})
	}
	t.Logf("%d networks, %d of them not as they should be", len(tests), broken)
}

func checkNetworkFindings(t *testing.T, found []Finding) {
	t.Helper()
	for _, f := range found {
		text := f.Detail + " " + f.Remedy
		for _, bad := range []string{"  ", "%!", "..", " .", " ,", " :", "``", hiddenHost, "10.0.7.7", "192.168.7.7", "198.51.100.7", "fd00::7"} {
			if strings.Contains(text, bad) {
				t.Errorf("%q is in: %s", bad, text)
			}
		}
		if f != New(f.Code, f.Severity, f.Detail, f.Remedy) || f.Reference == "" || !strings.Contains(f.Detail, rotator) || !strings.HasSuffix(f.Detail, ".") || !strings.HasSuffix(f.Remedy, ".") {
			t.Errorf("the finding %+v is incomplete", f)
		}
	}
}
