package findings

// Network is what is known of the network around a rotation function that is connected to a VPC. What is nil in it is not known; what is
// empty is known to be empty.
type Network struct {
	Region string
	VPC    VPC
	// Subnets are those that the function is connected to. Lambda uses any of them.
	Subnets        []Subnet
	SecurityGroups []SecurityGroup // of the function
	// Endpoints are the interface endpoints that the VPC has for the services that the function calls.
	Endpoints []Endpoint
	// IPv6 says that the function may also use IPv6.
	IPv6 bool
	// Unseen are the actions, such as "ec2:DescribeRouteTables", that these credentials lack to know more.
	Unseen []string
}

// VPC is a virtual private cloud.
type VPC struct {
	ID                       string
	DNSSupport, DNSHostnames *bool // its attributes enableDnsSupport and enableDnsHostnames
	// Owner is the account that it belongs to, if that may have more in it than is known; else empty.
	Owner string
}

// Subnet is a subnet with what decides where its traffic goes.
type Subnet struct {
	ID           string
	CIDR         string // "10.0.1.0/24"
	RouteTableID string
	Routes       []Route
	NetworkACLID string
	Rules        []NetworkACLRule // of the network ACL, in the order of their numbers
}

// Route is a route of a route table.
type Route struct {
	Destination string      // block of IPv4 or IPv6 addresses, or ID of a prefix list
	Target      string      // "local", or an ID whose prefix tells what it is: nat-, igw-, eigw-, tgw-, pcx-, vgw-, vpce-, eni- and so on
	Active      bool        // else it is a black hole
	NAT         *NATGateway // the NAT gateway that it leads to; nil if it is none, or not known
}

// NATGateway is a NAT gateway.
type NATGateway struct {
	State    string  // "available", or what it is instead
	Private  bool    // it leads to other private networks, not to the internet
	SubnetID string  // that it is in; empty for one of a whole VPC
	Routes   []Route // of that subnet
}

// SecurityGroup is a security group with its rules.
type SecurityGroup struct {
	ID    string
	Rules []SecurityGroupRule
}

// SecurityGroupRule allows traffic. Exactly one of CIDR, GroupID and PrefixListID is set.
type SecurityGroupRule struct {
	Egress           bool
	Protocol         string // "tcp", "udp", "icmp", a number, or "-1" for all
	FromPort, ToPort int    // -1 for all
	CIDR             string // of the other side, IPv4 or IPv6
	GroupID          string // security group of the other side
	PrefixListID     string
}

// NetworkACLRule is an entry of a network ACL.
type NetworkACLRule struct {
	Number           int
	Egress, Allow    bool
	Protocol         string // number, "6" for TCP, or "-1" for all
	CIDR             string // of the other side, IPv4 or IPv6
	FromPort, ToPort int    // -1 for all
}

// Endpoint is an interface endpoint of a VPC.
type Endpoint struct {
	ID         string
	Service    string // as in "secretsmanager"
	State      string // "available", or what it is instead
	PrivateDNS bool
	DNSNames   []string // its own
	// Subnets are those that its network interfaces are in.
	Subnets        []Subnet
	SecurityGroups []SecurityGroup
	Policy         *Policy // nil if it has none, which allows everything
}

// Database is what is known of the database of a secret.
type Database struct {
	Host string
	Port int // 0 if not known
	// Name says what the database is for AWS, such as "RDS instance orders"; empty if AWS's services do not have it, or may not tell.
	Name           string
	VPCID          string
	Public         *bool // it has a public address
	Subnets        []Subnet
	SecurityGroups []SecurityGroup
	// Unseen are the actions that these credentials lack to know more.
	Unseen []string
}

// Key is a KMS key.
type Key struct {
	ARN    string
	State  string  // as KMS calls it: "Enabled", "Disabled", "PendingDeletion" and so on
	Owner  string  // "AWS" or "CUSTOMER"
	Policy *Policy // nil if not known
	Unseen []string
}
