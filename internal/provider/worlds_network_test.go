package provider

import (
	"net"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// Networks in which everything works.
var (
	behindNAT       = labtest.Network{NAT: true}
	behindEndpoints = labtest.Network{Endpoints: []string{"secretsmanager"}}
)

// inVPC connects the function of a shape to a network.
func (f shape) inVPC(network labtest.Network) shape {
	return f.and(func(s *scene) {
		s.t.Helper()
		s.vpc = s.NewNetwork(network)
		s.vpc.AttachFunction()
	})
}

// postgresInVPC is a secret of a user of a real PostgreSQL that stands for an RDS
// instance in the network of the function.
func postgresInVPC(network labtest.Network) shape {
	return overPostgres(postgresSingle).inVPC(network).and(func(s *scene) {
		s.t.Helper()
		s.database(s.vpc.Database())
	})
}

// database puts the scene's PostgreSQL into a network, as an RDS instance.
func (s *scene) database(in awslab.DatabaseNetwork) {
	s.t.Helper()
	in.Dial = net.JoinHostPort(s.server.Host, strconv.Itoa(s.server.Port))
	s.AddDBInstance(awslab.DBInstance{Identifier: "orders", Engine: "postgres", Host: labtest.DatabaseHost, Port: 5432, DatabaseNetwork: in})
	s.value = with(s.value, object{"host": labtest.DatabaseHost, "port": 5432})
	s.store(nil)
}

// leaveVPC takes the function out of its VPC.
func (s *scene) leaveVPC() {
	s.t.Helper()
	s.configure(func(in *lambda.UpdateFunctionConfigurationInput) {
		in.VpcConfig = &lambdatypes.VpcConfig{SubnetIds: []string{}, SecurityGroupIds: []string{}}
	})
}

// endpoint changes the endpoint of Secrets Manager.
func (s *scene) endpoint(change func(*ec2.ModifyVpcEndpointInput)) {
	s.t.Helper()
	in := &ec2.ModifyVpcEndpointInput{VpcEndpointId: new(s.vpc.Endpoints["secretsmanager"])}
	change(in)
	_, err := s.vpc.ModifyVpcEndpoint(s.t.Context(), in)
	s.Must(err)
}

// endpointPolicy is the policy of that endpoint, with a statement.
func (s *scene) endpointPolicy(statement string) {
	s.t.Helper()
	s.endpoint(func(in *ec2.ModifyVpcEndpointInput) {
		in.PolicyDocument = new(`{"Version":"2012-10-17","Statement":[` + statement + `]}`)
	})
}

// noRoute removes the default route of a route table.
func (s *scene) noRoute(table string) {
	s.t.Helper()
	_, err := s.vpc.DeleteRoute(s.t.Context(), &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: new("0.0.0.0/0")})
	s.Must(err)
}

// letOut lets the function's group out everywhere again.
func (s *scene) letOut() {
	s.t.Helper()
	_, err := s.vpc.AuthorizeSecurityGroupEgress(s.t.Context(), &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &s.vpc.FunctionGroup, IpPermissions: []types.IpPermission{labtest.Everything()}})
	s.Must(err)
}

// noEntry removes an entry of the VPC's ACL.
func (s *scene) noEntry(number int32, egress bool) {
	s.t.Helper()
	_, err := s.vpc.DeleteNetworkAclEntry(s.t.Context(), &ec2.DeleteNetworkAclEntryInput{NetworkAclId: &s.vpc.ACL, RuleNumber: &number, Egress: &egress})
	s.Must(err)
}

// networkWorlds are those in which rotation is configured and never happens,
// since the function does not reach what it has to.
func networkWorlds() []brokenWorld {
	const everybody = `{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`
	nat, endpoint := of(postgresSingle).inVPC(behindNAT), of(postgresSingle).inVPC(behindEndpoints)
	worlds := []brokenWorld{
		{
			name: "no way out", code: findings.NetworkNoPathSecretsManager, shape: nat,
			breaks: func(s *scene) { s.noRoute(s.vpc.RouteTable) },
			repair: func(s *scene) {
				s.vpc.Route(&ec2.CreateRouteInput{RouteTableId: &s.vpc.RouteTable, NatGatewayId: &s.vpc.NATGateway})
			},
		},
		{
			name: "endpoint is what it takes", code: findings.NetworkNoPathSecretsManager, shape: nat,
			breaks: func(s *scene) { s.noRoute(s.vpc.RouteTable) },
			repair: func(s *scene) { s.vpc.NewEndpoint("secretsmanager") },
		},
		{
			name: "NAT gateway failed", code: findings.NetworkNoPathSecretsManager, shape: nat,
			breaks: func(s *scene) { s.SetNATGatewayState(s.vpc.NATGateway, "failed") },
			repair: func(s *scene) { s.SetNATGatewayState(s.vpc.NATGateway, "available") },
		},
		{
			name: "NAT gateway in a private subnet", code: findings.NetworkNoPathSecretsManager, shape: nat,
			breaks: func(s *scene) { s.noRoute(s.vpc.PublicRouteTable) },
			repair: func(s *scene) {
				s.vpc.Route(&ec2.CreateRouteInput{RouteTableId: &s.vpc.PublicRouteTable, GatewayId: &s.vpc.InternetGateway})
			},
		},
		{
			name: "switched off", code: findings.NetworkEndpointNoPrivateDNS, shape: endpoint,
			breaks: func(s *scene) {
				s.endpoint(func(in *ec2.ModifyVpcEndpointInput) { in.PrivateDnsEnabled = new(false) })
			},
			repair: func(s *scene) {
				s.endpoint(func(in *ec2.ModifyVpcEndpointInput) { in.PrivateDnsEnabled = new(true) })
			},
		},
		{
			name: "no rule for 443", code: findings.NetworkEndpointSecurityGroup, shape: endpoint,
			breaks: func(s *scene) { s.vpc.Disallow(s.vpc.EndpointGroup, 443, s.vpc.FunctionGroup) },
			repair: func(s *scene) { s.vpc.Allow(s.vpc.EndpointGroup, 443, s.vpc.FunctionGroup) },
		},
		{
			name: "rule for another group", code: findings.NetworkEndpointSecurityGroup, shape: endpoint,
			breaks: func(s *scene) {
				s.vpc.Disallow(s.vpc.EndpointGroup, 443, s.vpc.FunctionGroup)
				s.vpc.Allow(s.vpc.EndpointGroup, 443, s.vpc.DatabaseGroup)
			},
			repair: func(s *scene) { s.vpc.Allow(s.vpc.EndpointGroup, 443, s.vpc.CIDR) },
		},
		{
			name: "nothing goes out", code: findings.NetworkEgressBlocked, shape: nat,
			breaks: func(s *scene) { s.vpc.Egress(s.vpc.FunctionGroup) },
			repair: (*scene).letOut,
		},
		{
			name: "only the database's port goes out", code: findings.NetworkEgressBlocked, shape: postgresInVPC(behindEndpoints),
			breaks: func(s *scene) { s.vpc.Egress(s.vpc.FunctionGroup, labtest.Permission(5432, s.vpc.CIDR)) },
			repair: (*scene).letOut,
		},
		{
			name: "only 443 goes out", code: findings.NetworkEgressBlocked, shape: postgresInVPC(behindEndpoints), told: findings.LoginTimeout,
			breaks: func(s *scene) { s.vpc.Egress(s.vpc.FunctionGroup, labtest.Permission(443, "0.0.0.0/0")) },
			repair: (*scene).letOut,
		},
		{
			name: "network ACL without a way back", code: findings.NetworkEgressBlocked, shape: nat,
			breaks: func(s *scene) { s.vpc.ACLEntry(50, false, types.RuleActionDeny, 1024, 65535) },
			repair: func(s *scene) { s.noEntry(50, false) },
		},
		{
			name: "another secret only", code: findings.NetworkEndpointPolicy, shape: endpoint, told: findings.NetworkEndpointPolicy,
			breaks: func(s *scene) {
				s.endpointPolicy(`{"Effect":"Allow","Principal":"*","Action":"secretsmanager:*","Resource":"` + otherSecret + `"}`)
			},
			repair: func(s *scene) { s.endpointPolicy(everybody) },
		},
		{
			name: "no passwords", code: findings.NetworkEndpointPolicy, shape: endpoint, told: findings.NetworkEndpointPolicy,
			breaks: func(s *scene) {
				s.endpointPolicy(everybody + `,{"Effect":"Deny","Principal":"*","Action":"secretsmanager:GetRandomPassword","Resource":"*"}`)
			},
			repair: func(s *scene) { s.endpointPolicy(everybody) },
		},
		{
			name: "no rule for the function", code: findings.NetworkDatabaseIngress, shape: postgresInVPC(behindEndpoints), told: findings.LoginTimeout,
			breaks: func(s *scene) { s.vpc.Disallow(s.vpc.DatabaseGroup, 5432, s.vpc.FunctionGroup) },
			repair: func(s *scene) { s.vpc.Allow(s.vpc.DatabaseGroup, 5432, s.vpc.FunctionGroup) },
		},
		{
			name: "rule for another port", code: findings.NetworkDatabaseIngress, shape: postgresInVPC(behindNAT), told: findings.LoginTimeout,
			breaks: func(s *scene) {
				s.vpc.Disallow(s.vpc.DatabaseGroup, 5432, s.vpc.FunctionGroup)
				s.vpc.Allow(s.vpc.DatabaseGroup, 3306, s.vpc.FunctionGroup)
			},
			repair: func(s *scene) { s.vpc.Allow(s.vpc.DatabaseGroup, 5432, s.vpc.CIDR) },
		},
		{
			name: "superuser that RDS manages", code: findings.NetworkNoPathRDS, told: findings.NetworkNoPathRDS,
			shape:  managedBy("rds", mySQLMulti, rdsInstance).inVPC(labtest.Network{Endpoints: []string{"secretsmanager", "rds"}}),
			breaks: func(s *scene) { s.noEndpoint("rds") },
			repair: func(s *scene) { s.vpc.NewEndpoint("rds") },
		},
		{
			name: "superuser of a Redshift cluster", code: findings.NetworkNoPathService, told: findings.NetworkNoPathService,
			shape:  managedBy("redshift", "RedshiftMultiUser", redshiftCluster).inVPC(labtest.Network{Endpoints: []string{"secretsmanager", "redshift", "redshift-serverless"}}),
			breaks: func(s *scene) { s.noEndpoint("redshift") },
			repair: func(s *scene) { s.vpc.NewEndpoint("redshift") },
		},
		{
			name: "ElastiCache", code: findings.NetworkNoPathService, told: findings.NetworkNoPathService,
			shape:  shape(cacheUser).inVPC(labtest.Network{Endpoints: []string{"secretsmanager", "elasticache"}}),
			breaks: func(s *scene) { s.noEndpoint("elasticache") },
			repair: func(s *scene) { s.vpc.NewEndpoint("elasticache") },
		},
		{
			name: "private database", code: findings.NetworkNoVPC, shape: postgresInVPC(behindEndpoints), told: findings.LoginTimeout,
			breaks: (*scene).leaveVPC,
			repair: func(s *scene) { s.vpc.AttachFunction() },
		},
	}
	for i := range worlds {
		worlds[i].stage = byApply
		if worlds[i].told == "" { // The log tells that there is no way, and not why.
			worlds[i].told = findings.NetworkNoPathSecretsManager
		}
	}
	return worlds
}

// noEndpoint deletes the endpoint of a service.
func (s *scene) noEndpoint(service string) {
	s.t.Helper()
	_, err := s.vpc.DeleteVpcEndpoints(s.t.Context(), &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{s.vpc.Endpoints[service]}})
	s.Must(err)
}

// networkShapes are healthy networks.
func networkShapes() []healthyWorld {
	return []healthyWorld{
		{name: "NAT gateway", shape: of(postgresSingle).inVPC(behindNAT)},
		{name: "endpoint", shape: of(postgresSingle).inVPC(behindEndpoints)},
		{name: "NAT gateway and endpoint", shape: of(postgresSingle).inVPC(labtest.Network{NAT: true, Endpoints: []string{"secretsmanager"}})},
		{name: "endpoints for a superuser of RDS", shape: managedBy("rds", mySQLMulti, rdsInstance).inVPC(labtest.Network{Endpoints: []string{"secretsmanager", "rds"}})},
		{name: "NAT gateway for a superuser of Redshift", shape: managedBy("redshift", "RedshiftMultiUser", redshiftCluster).inVPC(behindNAT)},
		{name: "database behind endpoints", shape: postgresInVPC(behindEndpoints)},
		{name: "database behind a NAT gateway", shape: postgresInVPC(behindNAT)},
		{name: "endpoint policy for the secret", shape: of(postgresSingle).inVPC(behindEndpoints).and(func(s *scene) {
			s.endpointPolicy(`{"Effect":"Allow","Principal":"*","Action":"secretsmanager:*","Resource":["` + s.SecretARN + `","*"]}`)
		})},
		{name: "tight rules", shape: postgresInVPC(behindEndpoints).and(func(s *scene) {
			s.vpc.Egress(s.vpc.FunctionGroup, labtest.Permission(443, s.vpc.EndpointGroup), labtest.Permission(5432, s.vpc.DatabaseGroup))
		})},
		{name: "no role policy for the VPC but the setup's", shape: of(postgresSingle).inVPC(behindNAT).and(func(s *scene) { s.detach("AWSLambdaVPCAccessExecutionRole") })},
	}
}
