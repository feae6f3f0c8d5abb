package facts

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/redshift"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// Database looks up the database at a host, as far as its name is one that RDS,
// DocumentDB or Redshift gives, such as orders.abc123.eu-west-1.rds.amazonaws.com.
// What is behind any other name, that of a proxy for example, is not known. A port
// that is 0 is the one that AWS tells.
func (s Source) Database(ctx context.Context, host string, port int) findings.Database {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	d := findings.Database{Host: host, Port: port}
	id, hash, service, ok := databaseName(host, s.Region)
	if !ok {
		return d
	}
	look := func(action string, ask func(context.Context) (*findings.Database, error)) findings.Database {
		found, err := advice(ctx, s, service, "database "+host, ask)
		d.Unseen = lacking(d.Unseen, action, err)
		if found == nil {
			return d
		}
		known := *found
		known.Host, known.Port = host, cmp.Or(port, known.Port)
		return known
	}
	switch {
	case service == "redshift":
		return look("redshift:DescribeClusters", func(ctx context.Context) (*findings.Database, error) { return s.redshiftCluster(ctx, id, host) })
	case strings.HasPrefix(hash, "cluster-ro-") || strings.HasPrefix(hash, "cluster-") && !strings.HasPrefix(hash, "cluster-custom-"):
		return look("rds:DescribeDBClusters", func(ctx context.Context) (*findings.Database, error) { return s.databaseCluster(ctx, id, host) })
	case strings.Contains(hash, "-"):
		return d // A proxy or a custom endpoint.
	}
	return look("rds:DescribeDBInstances", func(ctx context.Context) (*findings.Database, error) {
		i, err := s.instance(ctx, id)
		if err != nil || i == nil || i.Endpoint == nil || !strings.EqualFold(aws.ToString(i.Endpoint.Address), host) {
			return nil, err
		}
		return s.instanceFacts(ctx, i, "the RDS instance "+id), nil
	})
}

// databaseName takes the name of an endpoint apart: the identifier of the
// database, and the label after it, which is the same for all databases of an
// account in a Region but for a prefix that tells clusters and proxies.
func databaseName(host, region string) (id, hash, service string, ok bool) {
	labels := strings.Split(strings.TrimSuffix(host, ".cn"), ".")
	if len(labels) != 6 || labels[4]+"."+labels[5] != "amazonaws.com" {
		return "", "", "", false
	}
	where, service := labels[2], labels[3]
	if where != region { // Regions in China have it the other way round.
		where, service = service, where
	}
	return labels[0], labels[1], service, where == region && slices.Contains([]string{"rds", "docdb", "redshift"}, service)
}

// absent is no error if AWS says that there is no such database.
func absent(err error, codes ...string) error {
	if awsapi.Is(err, codes...) {
		return nil
	}
	return err
}

func (s Source) instance(ctx context.Context, id string) (*rdstypes.DBInstance, error) {
	out, err := s.RDS.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &id})
	if err != nil || len(out.DBInstances) == 0 {
		return nil, absent(err, "DBInstanceNotFound", "DBInstanceNotFoundFault")
	}
	return &out.DBInstances[0], nil
}

// members are the instances of a cluster, of which there are fewer than a page has.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html.
func (s Source) members(ctx context.Context, clusterID string) ([]rdstypes.DBInstance, error) {
	out, err := s.RDS.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{Filters: []rdstypes.Filter{{Name: aws.String("db-cluster-id"), Values: []string{clusterID}}}})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out.DBInstances, func(i rdstypes.DBInstance) bool { return aws.ToString(i.DBClusterIdentifier) != clusterID }), nil
}

// instanceFacts are those of an instance: its VPC, subnets and security groups.
func (s Source) instanceFacts(ctx context.Context, i *rdstypes.DBInstance, name string) *findings.Database {
	d := &findings.Database{Name: name, Public: i.PubliclyAccessible}
	if i.Endpoint != nil {
		d.Port = int(aws.ToInt32(i.Endpoint.Port))
	}
	var ids []string
	for _, g := range i.VpcSecurityGroups {
		ids = append(ids, aws.ToString(g.VpcSecurityGroupId))
	}
	if group := i.DBSubnetGroup; group != nil {
		var subnetIDs []string
		for _, subnet := range group.Subnets {
			subnetIDs = append(subnetIDs, aws.ToString(subnet.SubnetIdentifier))
		}
		s.inVPC(ctx, d, vpc{id: aws.ToString(group.VpcId), account: accountOf(i.DBInstanceArn)}, subnetIDs, ids)
	}
	return d
}

// inVPC adds what the network knows of a database.
func (s Source) inVPC(ctx context.Context, d *findings.Database, v vpc, subnetIDs, groupIDs []string) {
	v.Source = s
	d.VPCID, d.Subnets, d.SecurityGroups = v.id, v.subnets(ctx, subnetIDs), v.groups(ctx, groupIDs)
	d.Unseen = v.unseen
}

// accountOf is the account in an ARN, "" if there is none.
func accountOf(resourceARN *string) string {
	if parts := strings.SplitN(aws.ToString(resourceARN), ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// databaseCluster describes the cluster with the endpoint, by its members: only
// instances tell their VPC. Its names lead to any of them.
func (s Source) databaseCluster(ctx context.Context, id, host string) (*findings.Database, error) {
	out, err := s.RDS.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: &id})
	if err != nil || len(out.DBClusters) == 0 {
		return nil, absent(err, "DBClusterNotFoundFault", "DBClusterNotFound")
	}
	c := out.DBClusters[0]
	if !strings.EqualFold(aws.ToString(c.Endpoint), host) && !strings.EqualFold(aws.ToString(c.ReaderEndpoint), host) {
		return nil, nil
	}
	name := "the cluster " + id
	members, err := s.members(ctx, id)
	if len(members) == 0 {
		return &findings.Database{Name: name, Port: int(aws.ToInt32(c.Port)), Unseen: lacking(nil, "rds:DescribeDBInstances", err)}, nil
	}
	d := s.instanceFacts(ctx, &members[0], name)
	d.Port = int(aws.ToInt32(c.Port))
	for _, i := range members {
		if aws.ToBool(i.PubliclyAccessible) != aws.ToBool(d.Public) {
			d.Public = nil
			break
		}
	}
	return d, nil
}

func (s Source) redshiftCluster(ctx context.Context, id, host string) (*findings.Database, error) {
	out, err := s.Redshift.DescribeClusters(ctx, &redshift.DescribeClustersInput{ClusterIdentifier: &id})
	if err != nil || len(out.Clusters) == 0 {
		return nil, absent(err, "ClusterNotFound", "ClusterNotFoundFault")
	}
	c := out.Clusters[0]
	if c.Endpoint == nil || !strings.EqualFold(aws.ToString(c.Endpoint.Address), host) {
		return nil, nil
	}
	d := &findings.Database{Name: "the Redshift cluster " + id, Port: int(aws.ToInt32(c.Endpoint.Port)), Public: c.PubliclyAccessible}
	var groups []string
	for _, g := range c.VpcSecurityGroups {
		groups = append(groups, aws.ToString(g.VpcSecurityGroupId))
	}
	s.inVPC(ctx, d, vpc{id: aws.ToString(c.VpcId), account: accountOf(c.ClusterNamespaceArn)}, nil, groups)
	return d, nil
}
