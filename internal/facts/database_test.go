package facts

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	redshifttypes "github.com/aws/aws-sdk-go-v2/service/redshift/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

func TestDatabaseName(t *testing.T) {
	t.Parallel()
	type parts struct{ ID, Hash, Service string }
	for host, test := range map[string]struct {
		region string
		want   parts
		ok     bool
	}{
		"orders.abc123.eu-west-1.rds.amazonaws.com":             {"eu-west-1", parts{"orders", "abc123", "rds"}, true},
		"docs.cluster-abc123.eu-west-1.docdb.amazonaws.com":     {"eu-west-1", parts{"docs", "cluster-abc123", "docdb"}, true},
		"wh.abc123.eu-west-1.redshift.amazonaws.com":            {"eu-west-1", parts{"wh", "abc123", "redshift"}, true},
		"orders.abc123.rds.cn-north-1.amazonaws.com.cn":         {"cn-north-1", parts{"orders", "abc123", "rds"}, true},
		"docs.cluster-abc123.docdb.cn-north-1.amazonaws.com.cn": {"cn-north-1", parts{"docs", "cluster-abc123", "docdb"}, true},
		"wh.abc123.cn-north-1.redshift.amazonaws.com.cn":        {"cn-north-1", parts{"wh", "abc123", "redshift"}, true},
		"orders.abc123.eu-west-2.rds.amazonaws.com":             {"eu-west-1", parts{}, false},
		"orders.abc123.eu-west-1.kms.amazonaws.com":             {"eu-west-1", parts{}, false},
		"orders.abc123.eu-west-1.rds.example.com":               {"eu-west-1", parts{}, false},
		"orders.example.com":                                    {"eu-west-1", parts{}, false},
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			id, hash, service, ok := databaseName(host, test.region)
			if ok != test.ok {
				t.Fatalf("ok: %t", ok)
			}
			if diff := cmp.Diff(test.want, parts{id, hash, service}); ok && diff != "" {
				t.Error(diff)
			}
		})
	}
}

// databases are what RDS and Redshift tell; err is what RDS says of instances.
type databases struct {
	instances []rdstypes.DBInstance
	cluster   rdstypes.DBCluster
	warehouse redshifttypes.Cluster
	err       error
}

func (d databases) DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	return &rds.DescribeDBInstancesOutput{DBInstances: d.instances}, d.err
}

func (d databases) DescribeDBClusters(context.Context, *rds.DescribeDBClustersInput, ...func(*rds.Options)) (*rds.DescribeDBClustersOutput, error) {
	return &rds.DescribeDBClustersOutput{DBClusters: []rdstypes.DBCluster{d.cluster}}, nil
}

func (d databases) DescribeClusters(context.Context, *redshift.DescribeClustersInput, ...func(*redshift.Options)) (*redshift.DescribeClustersOutput, error) {
	return &redshift.DescribeClustersOutput{Clusters: []redshifttypes.Cluster{d.warehouse}}, nil
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	const (
		instanceHost = "orders.abc123.eu-west-1.rds.amazonaws.com"
		clusterHost  = "orders.cluster-abc123.eu-west-1.rds.amazonaws.com"
		redshiftHost = "wh.abc123.eu-west-1.redshift.amazonaws.com"
	)
	member := func(cluster string, public bool) rdstypes.DBInstance {
		return rdstypes.DBInstance{
			DBInstanceArn: new("arn:aws:rds:eu-west-1:" + account + ":db:orders"), DBClusterIdentifier: &cluster, PubliclyAccessible: &public,
			Endpoint:          &rdstypes.Endpoint{Address: new(instanceHost), Port: new(int32(5433))},
			DBSubnetGroup:     &rdstypes.DBSubnetGroup{VpcId: new("vpc-1"), Subnets: []rdstypes.Subnet{{SubnetIdentifier: new("subnet-1")}}},
			VpcSecurityGroups: []rdstypes.VpcSecurityGroupMembership{{VpcSecurityGroupId: new("sg-1")}},
		}
	}
	known := databases{
		instances: []rdstypes.DBInstance{member("orders", false), member("orders", false)},
		cluster:   rdstypes.DBCluster{Endpoint: new(clusterHost), Port: new(int32(5434))},
		warehouse: redshifttypes.Cluster{
			VpcId: new("vpc-1"), PubliclyAccessible: new(false), Endpoint: &redshifttypes.Endpoint{Address: new(redshiftHost), Port: new(int32(5439))},
			ClusterNamespaceArn: new("arn:aws:redshift:eu-west-1:" + account + ":namespace:1"),
			VpcSecurityGroups:   []redshifttypes.VpcSecurityGroupMembership{{VpcSecurityGroupId: new("sg-1")}},
		},
	}
	with := func(change func(*databases)) databases {
		d := known
		change(&d)
		return d
	}
	// What is kept of a database; Rules says that those of its groups are known, although there are none.
	type facts struct {
		Name, VPCID string
		Port        int
		Public      *bool
		Rules       bool
		Unseen      []string
	}
	for name, test := range map[string]struct {
		databases
		owner, host string
		port        int
		want        facts
	}{
		"instance":                    {known, account, instanceHost, 0, facts{"the RDS instance orders", "vpc-1", 5433, new(false), true, nil}},
		"instance, port in the value": {known, account, instanceHost, 6000, facts{"the RDS instance orders", "vpc-1", 6000, new(false), true, nil}},
		"instance in another's VPC":   {known, otherAccount, instanceHost, 0, facts{"the RDS instance orders", "vpc-1", 5433, new(false), false, nil}},
		"Redshift":                    {known, account, redshiftHost, 0, facts{"the Redshift cluster wh", "vpc-1", 5439, new(false), true, nil}},
		"cluster":                     {known, account, clusterHost, 0, facts{"the cluster orders", "vpc-1", 5434, new(false), true, nil}},
		"cluster, also instances of another": {with(func(d *databases) {
			d.instances = []rdstypes.DBInstance{member("other", true), member("orders", false)}
		}), account, clusterHost, 0, facts{"the cluster orders", "vpc-1", 5434, new(false), true, nil}},
		"cluster with one public member": {with(func(d *databases) {
			d.instances = []rdstypes.DBInstance{member("orders", false), member("orders", true)}
		}), account, clusterHost, 0, facts{"the cluster orders", "vpc-1", 5434, nil, true, nil}},
		"cluster without members": {with(func(d *databases) { d.instances = nil }), account, clusterHost, 0, facts{"the cluster orders", "", 5434, nil, false, nil}},
		"cluster, instances refused": {
			with(func(d *databases) { d.instances, d.err = nil, &smithy.GenericAPIError{Code: "AccessDenied"} }), account, clusterHost, 0,
			facts{"the cluster orders", "", 5434, nil, false, []string{"rds:DescribeDBInstances"}},
		},
		"cluster, instances not told": {with(func(d *databases) { d.instances, d.err = nil, &smithy.GenericAPIError{Code: "InternalFailure"} }), account, clusterHost, 0, facts{"the cluster orders", "", 5434, nil, false, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clients := &awsapi.Clients{Region: "eu-west-1", EC2: newSight(test.owner), RDS: test.databases, Redshift: test.databases}
			d := (&Cache{}).From(clients, func() time.Time { return time.Unix(0, 0) }).Database(t.Context(), test.host, test.port)
			got := facts{d.Name, d.VPCID, d.Port, d.Public, len(d.SecurityGroups) > 0 && d.SecurityGroups[0].Rules != nil, d.Unseen}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.host, d.Host); diff != "" {
				t.Error(diff)
			}
		})
	}
}
