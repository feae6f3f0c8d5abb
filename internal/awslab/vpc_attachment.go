package awslab

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/rotators"
)

// checkVPC applies Lambda's rules to the network of a function, once its role
// may connect it, and finds the VPC. The messages are those that users have
// reported.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html.
func (l *Lab) checkVPC(f *functionConfiguration, region string) error {
	if f.VpcConfig == nil {
		return nil
	}
	f.VpcConfig.VpcID = ""
	if (len(f.VpcConfig.SubnetIDs) == 0) != (len(f.VpcConfig.SecurityGroupIDs) == 0) {
		return lambdaInvalid("SubnetIds and SecurityIds must coexist or be both empty list.")
	}
	if len(f.VpcConfig.SubnetIDs) == 0 {
		return nil
	}
	n := l.networkIn(region)
	subnets, err := findAll(n.subnets, f.VpcConfig.SubnetIDs)
	if err != nil {
		return lambdaInvalid(ec2Failure("DescribeSubnets", err))
	}
	groups, err := findAll(n.groups, f.VpcConfig.SecurityGroupIDs)
	if err != nil {
		return lambdaInvalid(ec2Failure("DescribeSecurityGroups", err))
	}
	v := subnets[0].vpc
	switch {
	case slices.ContainsFunc(subnets, func(s *subnet) bool { return s.vpc != v }):
		return lambdaInvalid("All subnets must be in the same VPC.")
	case slices.ContainsFunc(groups, func(g *securityGroup) bool { return g.vpc != v }):
		return lambdaInvalid("Security Groups are required to be in the same VPC as the subnets.")
	}
	f.VpcConfig.VpcID = v.id
	return nil
}

func ec2Failure(operation string, err error) string {
	e := asAPIError(err)
	return "Error occurred while " + operation + ". EC2 Error Code: " + e.Code + ". EC2 Error Message: " + e.Message
}

// attachment is the network that one invocation of a function sees, and the
// side of it that packets leave from. A function that runs a command of its
// own (see [ExecVariable]) has none: the lab does not see what a process
// connects to.
type attachment struct {
	run *running
	// Outside any VPC there is no subnet, and the address is one of Lambda's.
	subnet  *subnet
	groups  []*securityGroup
	address netip.Addr
	// turn picks one of several addresses of a name, and changes with each
	// invocation.
	turn int
}

// lambdaAddress is where connections of functions outside any VPC come from.
var lambdaAddress = netip.MustParseAddr("198.18.255.254")

// attach gives an invocation a network interface. One after the other, the
// invocations of a function use each of its subnets, so that what is broken in
// one of them shows. The functions with the same security groups share an
// address in each subnet, as the interfaces of AWS do. Lab.mu is held.
func (l *Lab) attach(r *running) (*attachment, error) {
	vpc := r.configuration.VpcConfig
	if vpc == nil || len(vpc.SubnetIDs) == 0 {
		return &attachment{run: r, address: lambdaAddress}, nil
	}
	n, key := l.networkIn(r.arn.Region), r.arn.Unqualified().String()
	turn := l.ec2.turns[key]
	s, err := n.subnets.find(vpc.SubnetIDs[turn%len(vpc.SubnetIDs)])
	if err != nil {
		return nil, errorf("InvalidSubnetIDException", "Lambda was not able to set up VPC access for the Lambda function because the provided subnet ID is invalid.").withStatus(502)
	}
	groups, err := findAll(n.groups, vpc.SecurityGroupIDs)
	if err != nil {
		return nil, errorf("InvalidSecurityGroupIDException", "Lambda was not able to set up VPC access for the Lambda function because the provided security group ID is invalid.").withStatus(502)
	}
	address, err := s.take("lambda " + strings.Join(slices.Sorted(slices.Values(vpc.SecurityGroupIDs)), " "))
	if err != nil {
		return nil, errorf("SubnetIPAddressLimitReachedException", "Lambda was not able to set up VPC access for the Lambda function because one or more configured subnets has no available IP addresses.").withStatus(502)
	}
	l.ec2.turns[key]++
	return &attachment{run: r, subnet: s, groups: groups, address: address, turn: turn / len(vpc.SubnetIDs)}, nil
}

// Connect implements [rotators.Network].
func (a *attachment) Connect(ctx context.Context, host string, port int, patience time.Duration) (string, error) {
	l := a.run.lab
	l.mu.Lock()
	to, known := a.resolve(host)
	arrives := known && a.arrives(to, l.flowTo(port))
	if arrives && to.service != "" {
		a.run.role.reach(to.service, to.endpoint)
	}
	l.mu.Unlock()
	if arrives {
		return to.dial, nil
	}
	if err := a.run.wait(ctx, patience); err != nil {
		return "", err
	}
	if !known {
		return "", rotators.ErrNoHost
	}
	return "", rotators.ErrNoAnswer
}

// reach notes how the holder of the key has come to a service: through an
// endpoint, or otherwise. Lab.mu is held.
func (key *credential) reach(service string, e *vpcEndpoint) {
	if key.through == nil {
		key.through = map[string]*vpcEndpoint{}
	}
	key.through[service] = e
}
