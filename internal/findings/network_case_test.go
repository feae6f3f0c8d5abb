package findings

import "strings"

const (
	usualAddress = "https://secretsmanager.eu-central-1.amazonaws.com"
	ownAddress   = "https://vpce-1-x1y2z3.secretsmanager.eu-central-1.vpce.amazonaws.com"
	hiddenHost   = "orders.internal.example"
)

func subnet(id, cidr string, routes ...Route) Subnet {
	return Subnet{
		ID: id, CIDR: cidr, RouteTableID: "rtb-1", Routes: append([]Route{{Destination: "10.0.0.0/16", Target: "local", Active: true}}, routes...),
		NetworkACLID: "acl-" + strings.TrimPrefix(id, "subnet-"), Rules: wall(),
	}
}

// wall has the rules of a network ACL as AWS makes it, after others.
func wall(before ...NetworkACLRule) []NetworkACLRule {
	return append(before,
		NetworkACLRule{100, false, true, "-1", "0.0.0.0/0", -1, -1}, NetworkACLRule{100, true, true, "-1", "0.0.0.0/0", -1, -1},
		NetworkACLRule{lastRule, false, false, "-1", "0.0.0.0/0", -1, -1}, NetworkACLRule{lastRule, true, false, "-1", "0.0.0.0/0", -1, -1})
}

var (
	byNAT = Route{Destination: "0.0.0.0/0", Target: "nat-1", Active: true}
	// toInternet are the routes of a public subnet.
	toInternet = []Route{{Destination: "10.0.0.0/16", Target: "local", Active: true}, {Destination: "0.0.0.0/0", Target: "igw-1", Active: true}}
	outAll     = SecurityGroupRule{Egress: true, Protocol: "-1", FromPort: -1, ToPort: -1, CIDR: "0.0.0.0/0"}
)

// nat is a route to a NAT gateway of which more is known.
func nat(g NATGateway) Route {
	r := byNAT
	r.NAT = &g
	return r
}

func out(port int, cidr string) SecurityGroupRule {
	return SecurityGroupRule{Egress: true, Protocol: "tcp", FromPort: port, ToPort: port, CIDR: cidr}
}

func outTo(port int, group string) SecurityGroupRule {
	return SecurityGroupRule{Egress: true, Protocol: "tcp", FromPort: port, ToPort: port, GroupID: group}
}

func in(port int, cidr string) SecurityGroupRule {
	return SecurityGroupRule{Protocol: "tcp", FromPort: port, ToPort: port, CIDR: cidr}
}

func inFrom(port int, group string) SecurityGroupRule {
	return SecurityGroupRule{Protocol: "tcp", FromPort: port, ToPort: port, GroupID: group}
}

// networkCase is a function in two subnets with a NAT gateway, without endpoints, and an RDS instance in two other subnets.
type networkCase struct {
	Network
	Connection
	subnetA, subnetB *Subnet
	db               *Database
}

func newNetworkCase() *networkCase {
	c := &networkCase{
		Network: Network{
			Region: "eu-central-1", VPC: VPC{ID: "vpc-1", DNSSupport: new(true), DNSHostnames: new(true)},
			Subnets:        []Subnet{subnet("subnet-a", "10.0.1.0/24", byNAT), subnet("subnet-b", "10.0.2.0/24", byNAT)},
			SecurityGroups: []SecurityGroup{{"sg-fn", []SecurityGroupRule{outAll}}},
			Endpoints:      []Endpoint{},
		},
		Connection: Connection{FunctionARN: rotator, Endpoint: usualAddress, Database: &Database{
			Host: hiddenHost, Port: 5432, Name: "RDS instance orders", VPCID: "vpc-1", Public: new(false),
			Subnets:        []Subnet{subnet("subnet-c", "10.0.3.0/24"), subnet("subnet-d", "10.0.4.0/24")},
			SecurityGroups: []SecurityGroup{{"sg-db", []SecurityGroupRule{inFrom(5432, "sg-fn")}}},
		}},
	}
	c.subnetA, c.subnetB, c.db = &c.Subnets[0], &c.Subnets[1], c.Database
	return c
}

// routes replaces the routes out of both subnets.
func (c *networkCase) routes(routes ...Route) {
	c.routesOf(c.subnetA, routes...)
	c.routesOf(c.subnetB, routes...)
}

func (c *networkCase) routesOf(s *Subnet, routes ...Route) {
	s.Routes = append([]Route{{Destination: "10.0.0.0/16", Target: "local", Active: true}}, routes...)
}

// endpoint takes the NAT gateway and adds an endpoint in subnet-e.
func (c *networkCase) endpoint(service string) *Endpoint {
	c.routes()
	c.Endpoints = append(c.Endpoints, Endpoint{
		ID: "vpce-1", Service: service, State: "available", PrivateDNS: true, DNSNames: []string{hostOf(ownAddress), "secretsmanager.eu-central-1.amazonaws.com"},
		Subnets: []Subnet{subnet("subnet-e", "10.0.5.0/24")}, SecurityGroups: []SecurityGroup{{"sg-vpce", []SecurityGroupRule{inFrom(443, "sg-fn")}}},
	})
	return &c.Endpoints[len(c.Endpoints)-1]
}

// may replaces the rules of the function's security group.
func (c *networkCase) may(rules ...SecurityGroupRule) {
	c.SecurityGroups[0].Rules = append([]SecurityGroupRule{}, rules...)
}

// admits replaces the rules of the database's security group.
func (c *networkCase) admits(rules ...SecurityGroupRule) {
	c.db.SecurityGroups = []SecurityGroup{{"sg-db", append([]SecurityGroupRule{}, rules...)}}
}

// elsewhere moves the database to a VPC of its own.
func (c *networkCase) elsewhere() {
	c.db.VPCID = "vpc-2"
	c.db.Subnets = []Subnet{subnet("subnet-y", "10.9.1.0/24"), subnet("subnet-z", "10.9.2.0/24")}
}

// unlisted makes the database one that no AWS service has.
func (c *networkCase) unlisted(host string) {
	*c.db = Database{Host: host, Port: 5432}
}
