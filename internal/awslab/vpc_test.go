package awslab_test

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
)

var (
	nat      = labtest.Network{NAT: true}
	endpoint = labtest.Network{Endpoints: []string{"secretsmanager"}}
)

const peering, transit = "pcx-0123456789abcdef0", "tgw-0123456789abcdef0"

// TestReachability rotates a secret of a database in a VPC by a function there,
// through networks of all kinds. The two private subnets take turns, so that a
// network that is broken in one of them is seen.
func TestReachability(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		network labtest.Network
		change  func(plant)
		reaches bool
	}{
		"NAT":                {nat, nil, true},
		"endpoint":           {endpoint, nil, true},
		"no way":             {labtest.Network{}, nil, false},
		"NAT and endpoint":   {labtest.Network{NAT: true, Endpoints: []string{"secretsmanager", "rds"}}, nil, true},
		"another's endpoint": {labtest.Network{Endpoints: []string{"rds"}}, nil, false},
		"outside any VPC, no database in one": {nat, func(p plant) {
			p.leaveVPC()
			p.AddDatabase(awslab.DatabaseNetwork{})
		}, true},

		// Routes.
		"NAT gateway deleted": {nat, func(p plant) {
			_, err := p.DeleteNatGateway(t.Context(), &ec2.DeleteNatGatewayInput{NatGatewayId: &p.NATGateway})
			p.Must(err)
		}, false},
		"NAT gateway failed": {nat, func(p plant) { p.SetNATGatewayState(p.NATGateway, "failed") }, false},
		"NAT gateway in a private subnet": {nat, func(p plant) {
			p.noRoute(p.PublicRouteTable)
		}, false},
		"internet gateway detached": {nat, func(p plant) {
			_, err := p.DetachInternetGateway(t.Context(), &ec2.DetachInternetGatewayInput{InternetGatewayId: &p.InternetGateway, VpcId: &p.VPCID})
			p.Must(err)
		}, false},
		"function in the public subnet": {nat, func(p plant) {
			p.PrivateSubnets = []string{p.PublicSubnet}
			p.AttachFunction()
		}, false},
		"function in a subnet with both": {nat, func(p plant) {
			p.PrivateSubnets = []string{p.PrivateSubnets[1], p.PublicSubnet}
			p.AttachFunction()
		}, false},
		"one subnet without a route": {nat, func(p plant) { p.associate(p.PrivateSubnets[1], p.NewRouteTable()) }, false},
		"main table":                 {nat, func(p plant) { p.toMainTable() }, false},
		"main table with a route": {nat, func(p plant) {
			p.Route(&ec2.CreateRouteInput{RouteTableId: new(p.toMainTable()), NatGatewayId: &p.NATGateway})
		}, true},
		"more specific route elsewhere": {nat, func(p plant) {
			p.Route(&ec2.CreateRouteInput{RouteTableId: &p.RouteTable, DestinationCidrBlock: new("198.0.0.0/8"), TransitGatewayId: new(transit)})
		}, false},
		"more specific route that does not matter": {nat, func(p plant) {
			p.Route(&ec2.CreateRouteInput{RouteTableId: &p.RouteTable, DestinationCidrBlock: new("172.16.0.0/12"), TransitGatewayId: new(transit)})
		}, true},
		"transit gateway into nothing": {labtest.Network{}, func(p plant) {
			p.Route(&ec2.CreateRouteInput{RouteTableId: &p.RouteTable, TransitGatewayId: new(transit)})
		}, false},
		"transit gateway with a way out": {labtest.Network{}, func(p plant) {
			p.Route(&ec2.CreateRouteInput{RouteTableId: &p.RouteTable, TransitGatewayId: new(transit)})
			p.BehindGateway(transit, func(host string, port int) bool {
				return host == "secretsmanager.eu-west-1.amazonaws.com" && port == 443
			})
		}, true},
		"transit gateway that leads elsewhere": {labtest.Network{}, func(p plant) {
			p.Route(&ec2.CreateRouteInput{RouteTableId: &p.RouteTable, TransitGatewayId: new(transit)})
			p.BehindGateway(transit, func(host string, port int) bool { return host == labtest.DatabaseHost })
		}, false},
		"transit gateway gone": {labtest.Network{}, func(p plant) {
			p.Route(&ec2.CreateRouteInput{RouteTableId: &p.RouteTable, TransitGatewayId: new(transit)})
			p.BehindGateway(transit, func(string, int) bool { return true })
			p.RemoveGateway(transit)
		}, false},

		"answers that another route leads astray": {endpoint, func(p plant) {
			p.modify(ec2.ModifyVpcEndpointInput{RemoveSubnetIds: p.PrivateSubnets[:1]})
			astray := p.NewRouteTable()
			p.associate(p.PrivateSubnets[1], astray)
			p.Route(&ec2.CreateRouteInput{RouteTableId: &astray, DestinationCidrBlock: new("10.0.0.0/24"), NetworkInterfaceId: new("eni-1")})
			p.PrivateSubnets = p.PrivateSubnets[:1]
			p.AttachFunction()
		}, false},

		// Names.
		"endpoint without private DNS":         {endpoint, func(p plant) { p.modify(ec2.ModifyVpcEndpointInput{PrivateDnsEnabled: new(false)}) }, false},
		"endpoint without private DNS and NAT": {labtest.Network{NAT: true, Endpoints: []string{"secretsmanager"}}, func(p plant) { p.modify(ec2.ModifyVpcEndpointInput{PrivateDnsEnabled: new(false)}) }, true},
		"endpoint by its own name": {endpoint, func(p plant) {
			p.modify(ec2.ModifyVpcEndpointInput{PrivateDnsEnabled: new(false)})
			p.endpoint("https://" + p.dnsNames()[0])
		}, true},
		"endpoint by the name of a zone": {endpoint, func(p plant) { p.endpoint("https://" + p.dnsNames()[2]) }, true},
		"another name of the service":    {endpoint, func(p plant) { p.endpoint("https://secretsmanager.eu-west-1.api.aws") }, false},
		"another name, and NAT":          {nat, func(p plant) { p.endpoint("https://secretsmanager.eu-west-1.api.aws") }, true},
		"endpoint's name outside the VPC": {endpoint, func(p plant) {
			p.leaveVPC()
			p.AddDatabase(awslab.DatabaseNetwork{})
			p.endpoint("https://" + p.dnsNames()[0])
		}, false},
		"no DNS host names": {endpoint, func(p plant) {
			p.attribute(ec2.ModifyVpcAttributeInput{EnableDnsHostnames: &types.AttributeBooleanValue{Value: new(false)}})
		}, false},
		"no DNS host names and NAT": {nat, func(p plant) {
			p.attribute(ec2.ModifyVpcAttributeInput{EnableDnsHostnames: &types.AttributeBooleanValue{Value: new(false)}})
		}, true},
		"no DNS": {nat, func(p plant) {
			p.attribute(ec2.ModifyVpcAttributeInput{EnableDnsSupport: &types.AttributeBooleanValue{Value: new(false)}})
		}, false},

		// Endpoints.
		"endpoint pending":                                   {endpoint, func(p plant) { p.SetVPCEndpointState(p.Endpoints["secretsmanager"], "pending") }, false},
		"endpoint pending, and NAT":                          {labtest.Network{NAT: true, Endpoints: []string{"secretsmanager"}}, func(p plant) { p.SetVPCEndpointState(p.Endpoints["secretsmanager"], "pending") }, true},
		"endpoint in subnets that do not talk to each other": {endpoint, func(p plant) { p.ACLEntry(90, false, types.RuleActionDeny, 443, 443) }, false},
		"endpoint failed, by its name": {endpoint, func(p plant) {
			p.endpoint("https://" + p.dnsNames()[0])
			p.SetVPCEndpointState(p.Endpoints["secretsmanager"], "failed")
		}, false},
		"endpoint in one subnet": {endpoint, func(p plant) { p.modify(ec2.ModifyVpcEndpointInput{RemoveSubnetIds: p.PrivateSubnets[:1]}) }, true},
		"endpoint in no subnet":  {endpoint, func(p plant) { p.modify(ec2.ModifyVpcEndpointInput{RemoveSubnetIds: p.PrivateSubnets}) }, false},
		"endpoint with the default group": {endpoint, func(p plant) {
			p.modify(ec2.ModifyVpcEndpointInput{AddSecurityGroupIds: []string{p.NewGroup("empty")}, RemoveSecurityGroupIds: []string{p.EndpointGroup}})
		}, false},
		"endpoint for the VPC's range": {endpoint, func(p plant) {
			p.Disallow(p.EndpointGroup, 443, p.FunctionGroup)
			p.Allow(p.EndpointGroup, 443, p.CIDR)
		}, true},
		"endpoint for one subnet's range": {endpoint, func(p plant) {
			p.Disallow(p.EndpointGroup, 443, p.FunctionGroup)
			p.Allow(p.EndpointGroup, 443, "10.0.0.0/24")
		}, false},
		"endpoint for another port": {endpoint, func(p plant) {
			p.Disallow(p.EndpointGroup, 443, p.FunctionGroup)
			p.Allow(p.EndpointGroup, 8443, p.FunctionGroup)
		}, false},
		"endpoint policy for the role": {endpoint, func(p plant) {
			p.modify(ec2.ModifyVpcEndpointInput{PolicyDocument: new(`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/rotator"},"Action":"secretsmanager:*","Resource":"*"}]}`)})
		}, true},
		"endpoint policy for the account": {endpoint, func(p plant) {
			p.modify(ec2.ModifyVpcEndpointInput{PolicyDocument: new(`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"secretsmanager:*","Resource":"*"}]}`)})
		}, true},
		"endpoint policy without an action": {endpoint, func(p plant) {
			p.modify(ec2.ModifyVpcEndpointInput{PolicyDocument: new(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":["secretsmanager:Get*","secretsmanager:DescribeSecret"],"Resource":"*"}]}`)})
		}, false},
		"secret for requests through the endpoint": {endpoint, func(p plant) {
			p.resourcePolicy(`{"StringNotEquals":{"aws:SourceVpce":"` + p.Endpoints["secretsmanager"] + `"}}`)
		}, true},
		"secret for requests from the VPC": {endpoint, func(p plant) { p.resourcePolicy(`{"StringNotEquals":{"aws:SourceVpc":"` + p.VPCID + `"}}`) }, true},
		"secret for an endpoint, and NAT":  {nat, func(p plant) { p.resourcePolicy(`{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}`) }, false},

		// Security groups of the function.
		"no egress": {endpoint, func(p plant) { p.Egress(p.FunctionGroup) }, false},
		"egress to the groups": {endpoint, func(p plant) {
			p.Egress(p.FunctionGroup, labtest.Permission(443, p.EndpointGroup), labtest.Permission(5432, p.DatabaseGroup))
		}, true},
		"egress to the endpoint's group only": {endpoint, func(p plant) { p.Egress(p.FunctionGroup, labtest.Permission(443, p.EndpointGroup)) }, false},
		"egress to the database only":         {endpoint, func(p plant) { p.Egress(p.FunctionGroup, labtest.Permission(5432, p.DatabaseGroup)) }, false},
		"egress on 443 to everybody": {nat, func(p plant) {
			p.Egress(p.FunctionGroup, labtest.Permission(443, "0.0.0.0/0"), labtest.Permission(5432, p.CIDR))
		}, true},
		"egress on 443 to a group, and NAT": {nat, func(p plant) {
			p.Egress(p.FunctionGroup, labtest.Permission(443, p.EndpointGroup), labtest.Permission(5432, p.CIDR))
		}, false},

		// Network ACLs.
		"443 refused on the way out":  {nat, func(p plant) { p.ACLEntry(90, true, types.RuleActionDeny, 443, 443) }, false},
		"refused after it is allowed": {nat, func(p plant) { p.ACLEntry(110, true, types.RuleActionDeny, 443, 443) }, true},
		"answers refused":             {nat, func(p plant) { p.ACLEntry(90, false, types.RuleActionDeny, 1024, 65535) }, false},
		"some answers refused":        {nat, func(p plant) { p.ACLEntry(90, false, types.RuleActionDeny, 32768, 50000) }, false},
		"Remote Desktop refused":      {nat, func(p plant) { p.ACLEntry(90, false, types.RuleActionDeny, 3389, 3389) }, true},
		"answers to Linux only": {endpoint, func(p plant) {
			p.ACLEntry(80, false, types.RuleActionAllow, 443, 443)
			p.ACLEntry(81, false, types.RuleActionAllow, 5432, 5432)
			p.ACLEntry(82, false, types.RuleActionAllow, 32768, 60999)
			p.ACLEntry(90, false, types.RuleActionDeny, 0, 65535)
		}, true},
		"answers to Linux only, at a NAT gateway": {nat, func(p plant) {
			p.ACL = p.emptyACL(p.PublicSubnet)
			p.ACLEntry(1, true, types.RuleActionAllow, 0, 65535)
			p.ACLEntry(1, false, types.RuleActionAllow, 32768, 60999)
			p.ACLEntry(2, false, types.RuleActionAllow, 443, 443)
		}, false},
		"only what is needed": {nat, func(p plant) {
			for _, egress := range []bool{true, false} {
				p.ACLEntry(80, egress, types.RuleActionAllow, 443, 443)
				p.ACLEntry(81, egress, types.RuleActionAllow, 1024, 65535)
				p.ACLEntry(90, egress, types.RuleActionDeny, 0, 65535)
			}
		}, true},
		"endpoint's subnet refuses": {endpoint, func(p plant) {
			p.modify(ec2.ModifyVpcEndpointInput{RemoveSubnetIds: p.PrivateSubnets[:1]})
			p.ACLEntry(90, false, types.RuleActionDeny, 443, 443)
		}, false},
		"endpoint's subnet answers nobody": {endpoint, func(p plant) {
			p.modify(ec2.ModifyVpcEndpointInput{RemoveSubnetIds: p.PrivateSubnets[:1]})
			p.ACL = p.emptyACL(p.PrivateSubnets[1])
			p.ACLEntry(1, true, types.RuleActionAllow, 0, 1023)
			p.ACLEntry(1, false, types.RuleActionAllow, 0, 65535)
			p.PrivateSubnets = p.PrivateSubnets[:1]
			p.AttachFunction()
		}, false},
		"endpoint's subnet answers the VPC": {endpoint, func(p plant) {
			p.modify(ec2.ModifyVpcEndpointInput{RemoveSubnetIds: p.PrivateSubnets[:1]})
			p.ACL = p.emptyACL(p.PrivateSubnets[1])
			p.ACLEntry(1, true, types.RuleActionAllow, 1024, 65535)
			p.ACLEntry(1, false, types.RuleActionAllow, 443, 443)
			p.PrivateSubnets = p.PrivateSubnets[:1]
			p.AttachFunction()
		}, true},
		"within a subnet no ACL asks": {endpoint, func(p plant) {
			p.PrivateSubnets = p.PrivateSubnets[:1]
			p.AttachFunction()
			p.AddDatabase(p.Database())
			p.endpoint("https://" + p.dnsNames()[1])
			p.emptyACL(p.PrivateSubnets[0])
		}, true},
		"NAT gateway's subnet is for the internet only": {nat, func(p plant) {
			p.ACL = p.emptyACL(p.PublicSubnet)
			p.ACLEntry(1, true, types.RuleActionAllow, 0, 65535)
			p.ACLEntry(1, false, types.RuleActionAllow, 1024, 65535)
		}, false},
		"NAT gateway's subnet is for the VPC only": {nat, func(p plant) {
			p.ACL = p.emptyACL(p.PublicSubnet)
			p.ACLEntry(1, true, types.RuleActionAllow, 1024, 65535)
			p.ACLEntry(1, false, types.RuleActionAllow, 0, 65535)
		}, false},
		"NAT gateway's subnet has what is needed": {nat, func(p plant) {
			p.ACL = p.emptyACL(p.PublicSubnet)
			p.ACLEntry(1, true, types.RuleActionAllow, 0, 65535)
			p.ACLEntry(1, false, types.RuleActionAllow, 1024, 65535)
			p.ACLEntry(2, false, types.RuleActionAllow, 443, 443)
		}, true},
		"NAT gateway's subnet refuses": {nat, func(p plant) { p.emptyACL(p.PublicSubnet) }, false},

		// Databases.
		"database for nobody": {nat, func(p plant) { p.Disallow(p.DatabaseGroup, 5432, p.FunctionGroup) }, false},
		"database for the VPC's range": {nat, func(p plant) {
			p.Disallow(p.DatabaseGroup, 5432, p.FunctionGroup)
			p.Allow(p.DatabaseGroup, 5432, p.CIDR)
		}, true},
		"database on another port": {nat, func(p plant) {
			p.Disallow(p.DatabaseGroup, 5432, p.FunctionGroup)
			p.Allow(p.DatabaseGroup, 3306, p.FunctionGroup)
		}, false},
		"private database from outside": {nat, func(p plant) { p.leaveVPC() }, false},
		"public database from outside": {nat, func(p plant) {
			p.leaveVPC()
			p.publicDatabase(p.PublicSubnet)
			p.Allow(p.DatabaseGroup, 5432, "0.0.0.0/0")
		}, true},
		"public database for functions only": {nat, func(p plant) {
			p.leaveVPC()
			p.publicDatabase(p.PublicSubnet)
		}, false},
		"public database in a private subnet": {nat, func(p plant) {
			p.leaveVPC()
			p.publicDatabase(p.PrivateSubnets[0])
			p.Allow(p.DatabaseGroup, 5432, "0.0.0.0/0")
		}, false},
		"public database from within": {nat, func(p plant) { p.publicDatabase(p.PublicSubnet) }, true},
		"database in another VPC":     {nat, func(p plant) { p.otherVPC(peering) }, false},
		"peered VPC": {nat, func(p plant) {
			other := p.otherVPC(peering)
			p.Route(&ec2.CreateRouteInput{RouteTableId: &p.RouteTable, DestinationCidrBlock: &other.CIDR, VpcPeeringConnectionId: new(peering)})
			p.BehindGateway(peering, func(string, int) bool { return true })
		}, true},
		"peered VPC without a way back": {nat, func(p plant) {
			other := p.otherVPC(peering)
			p.Route(&ec2.CreateRouteInput{RouteTableId: &p.RouteTable, DestinationCidrBlock: &other.CIDR, VpcPeeringConnectionId: new(peering)})
			p.BehindGateway(peering, func(string, int) bool { return true })
			_, err := other.DeleteRoute(t.Context(), &ec2.DeleteRouteInput{RouteTableId: &other.RouteTable, DestinationCidrBlock: &p.CIDR})
			p.Must(err)
		}, false},

		"private address":            {nat, func(p plant) { p.databaseAt("10.7.0.9") }, false},
		"private address of the VPC": {nat, func(p plant) { p.databaseAt("10.0.200.9") }, false},
		"private address, no VPC":    {nat, func(p plant) { p.databaseAt("10.7.0.9"); p.leaveVPC() }, false},
		"private address beyond a gateway": {nat, func(p plant) {
			p.databaseAt("10.7.0.9")
			p.Route(&ec2.CreateRouteInput{RouteTableId: &p.RouteTable, DestinationCidrBlock: new("10.7.0.0/16"), TransitGatewayId: new(transit)})
			p.BehindGateway(transit, func(host string, port int) bool { return host == "10.7.0.9" && port == 5432 })
		}, true},
		"the function's own machine":         {nat, func(p plant) { p.databaseAt("127.0.0.1") }, true},
		"the function's own machine, no VPC": {nat, func(p plant) { p.databaseAt("127.0.0.1"); p.leaveVPC() }, true},

		"no address left": {nat, func(p plant) { p.FillSubnet(p.PrivateSubnets[1], true) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := labtest.New(t)
			p := plant{w, w.NewNetwork(test.network), t}
			p.AddDatabase(p.Database())
			p.AttachFunction()
			if test.change != nil {
				test.change(p)
			}
			if got := p.rotates(); got != test.reaches {
				t.Errorf("rotates: %t, want %t\n%s", got, test.reaches, strings.Join(p.log(), ""))
			}
			p.Login() // Whatever has happened, the current value works.
		})
	}
}

// TestLostConnections looks at what functions log and how long they run when
// the network loses their packets.
func TestLostConnections(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		network labtest.Network
		change  func(plant)
		timeout int32
		took    time.Duration
		want    []string // parts of log lines
		missing string
	}{
		"no way to Secrets Manager": {
			labtest.Network{},
			nil, 30, 30 * time.Second,
			[]string{"Found credentials in environment variables.", "Task timed out after 30.00 seconds", "Duration: 30000.00 ms"},
			"createSecret",
		},
		"a function that outlives its client": {
			labtest.Network{},
			nil, 900, 5 * time.Minute,
			[]string{`[ERROR] ConnectTimeoutError: Connect timeout on endpoint URL: "https://secretsmanager.eu-west-1.amazonaws.com/"`, "Duration: 300000.00 ms"},
			"createSecret",
		},
		"no name": {
			nat, func(p plant) {
				p.attribute(ec2.ModifyVpcAttributeInput{EnableDnsSupport: &types.AttributeBooleanValue{Value: new(false)}})
			}, 900, 5 * time.Minute,
			[]string{`[ERROR] EndpointConnectionError: Could not connect to the endpoint URL: "https://secretsmanager.eu-west-1.amazonaws.com/"`},
			"createSecret",
		},
		// The pending password and the current one are tried, for five seconds
		// each.
		"no way to the database": {
			nat, func(p plant) { p.Disallow(p.DatabaseGroup, 5432, p.FunctionGroup) }, 30, 10 * time.Second,
			[]string{"createSecret: Successfully put secret", "setSecret: Unable to log into database with previous, current, or pending secret", "Duration: 10000.00 ms"},
			"timed out",
		},
		"a short timeout": {
			nat, func(p plant) { p.Disallow(p.DatabaseGroup, 5432, p.FunctionGroup) }, 3, 3 * time.Second,
			[]string{"createSecret: Successfully put secret", "Task timed out after 3.00 seconds"},
			"Unable to log into database",
		},
		"endpoint policy that does not allow": {
			endpoint, func(p plant) {
				p.modify(ec2.ModifyVpcEndpointInput{PolicyDocument: new(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"secretsmanager:DescribeSecret","Resource":"*"}]}`)})
			}, 30, 0,
			[]string{"is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:", " because no VPC endpoint policy allows the secretsmanager:GetSecretValue action"},
			"timed out",
		},
		"endpoint policy that refuses": {
			endpoint, func(p plant) {
				p.modify(ec2.ModifyVpcEndpointInput{PolicyDocument: new(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"secretsmanager:Get*","Resource":"*"}]}`)})
			}, 30, 0,
			[]string{"is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:", " with an explicit deny in a VPC endpoint policy"},
			"timed out",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := labtest.New(t)
			p := plant{w, w.NewNetwork(test.network), t}
			p.AddDatabase(p.Database())
			// A value that is written as AWSCURRENT leaves the one before as
			// AWSPREVIOUS, which would be tried as well.
			_, err := p.Secrets.UpdateSecretVersionStage(t.Context(), &secretsmanager.UpdateSecretVersionStageInput{
				SecretId: &p.SecretARN, VersionStage: new("AWSPREVIOUS"), RemoveFromVersionId: new(p.previous()),
			})
			p.Must(err)
			p.AttachFunction()
			_, err = p.Functions.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &p.FunctionARN, Timeout: &test.timeout})
			p.Must(err)
			if test.change != nil {
				test.change(p)
			}
			began := p.Now()
			if p.rotates() {
				t.Fatal("The secret rotates.")
			}
			log := strings.Join(p.log(), "")
			for _, want := range test.want {
				if !strings.Contains(log, want) {
					t.Errorf("the log lacks %q:\n%s", want, log)
				}
			}
			if strings.Contains(log, test.missing) {
				t.Errorf("the log has %q:\n%s", test.missing, log)
			}
			for _, e := range p.Events() {
				if took := e.Time.Sub(began) - test.took; e.Name == "RotationFailed" && (took < 0 || took > 3*time.Second) {
					t.Errorf("the rotation failed after %s", e.Time.Sub(began))
				}
			}
		})
	}
}

// TestServicesOverNetwork lets a function ask RDS for the superuser's database.
func TestServicesOverNetwork(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		network labtest.Network
		works   bool
	}{
		"NAT":              {nat, true},
		"one endpoint":     {endpoint, false},
		"both endpoints":   {labtest.Network{Endpoints: []string{"secretsmanager", "rds"}}, true},
		"NAT and endpoint": {labtest.Network{NAT: true, Endpoints: []string{"secretsmanager"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := labtest.New(t)
			p := plant{w, w.NewNetwork(test.network), t}
			instance := p.AddDBInstance(awslab.DBInstance{Identifier: "orders", Engine: "mysql", Host: labtest.DatabaseHost, Port: 3306})
			superuser, err := p.CreateServiceManagedSecret(p.Region(), "rds!db-orders", "rds", `{"username":"admin","password":"x"}`, 7, "aws:rds:primaryDBInstanceArn", instance)
			p.Must(err)
			value, err := json.Marshal(map[string]string{"engine": "mysql", "host": labtest.DatabaseHost, "username": "app", "password": "x", "masterarn": superuser})
			p.Must(err)
			p.SecretARN = p.NewSecret("orders", nil)
			_, err = p.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &p.SecretARN, SecretString: new(string(value))})
			p.Must(err)
			p.variables(map[string]string{"AWSLAB_HANDLER": "calls/MySQLMultiUser", "SECRETS_MANAGER_ENDPOINT": usualEndpoint})
			_, err = p.Roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &p.Role, PolicyName: new("rds"), PolicyDocument: new(
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"rds:Describe*","Resource":"*"}]}`)})
			p.Must(err)
			p.AttachFunction()
			if got := p.rotates(); got != test.works {
				t.Errorf("rotates: %t, want %t\n%s", got, test.works, strings.Join(p.log(), ""))
			}
		})
	}
}

// TestDatabaseBehindName has a server of the test stand in for a database, which
// hears of the function only where the network lets it through.
func TestDatabaseBehindName(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(plant, *awslab.DatabaseNetwork)
		heard  bool
	}{
		"reachable":    {func(plant, *awslab.DatabaseNetwork) {}, true},
		"closed":       {func(p plant, _ *awslab.DatabaseNetwork) { p.Disallow(p.DatabaseGroup, 5432, p.FunctionGroup) }, false},
		"not in a VPC": {func(_ plant, n *awslab.DatabaseNetwork) { n.SubnetIDs, n.SecurityGroupIDs = nil, nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			heard := make(chan bool, 1)
			go func() {
				defer close(heard)
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_ = conn.Close()
					select {
					case heard <- true:
					default:
					}
				}
			}()
			w := labtest.New(t)
			p := plant{w, w.NewNetwork(nat), t}
			network := p.Database()
			network.Dial = listener.Addr().String()
			test.change(p, &network)
			p.AddDBInstance(awslab.DBInstance{Identifier: "orders", Engine: "postgres", Host: labtest.DatabaseHost, Port: 5432, DatabaseNetwork: network})
			p.SecretARN = p.NewSecret("orders", map[string]any{"engine": "postgres", "host": labtest.DatabaseHost, "port": 5432, "username": "app", "password": "x"})
			p.variables(map[string]string{"AWSLAB_HANDLER": "PostgreSQLSingleUser", "SECRETS_MANAGER_ENDPOINT": usualEndpoint})
			p.AttachFunction()
			if p.rotates() {
				t.Error("The secret rotates.")
			}
			_ = listener.Close()
			if got := <-heard; got != test.heard {
				t.Errorf("the server has heard of it: %t, want %t", got, test.heard)
			}
		})
	}
}
