package rotators

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// The system tags of the superuser secrets that services manage, as functions compare them.
const (
	instanceTag  = "aws:rds:primarydbinstancearn"
	clusterTag   = "aws:rds:primarydbclusterarn"
	redshiftTag  = "aws:redshift:primaryclusterarn"
	namespaceTag = "aws:redshift-serverless:namespacearn"
)

// maxARN is how long an ARN functions take from a tag, in characters.
const maxARN = 256

// rdsFunction is how a function uses RDS for its superuser secret.
type rdsFunction struct {
	clusters bool // it knows the secrets of clusters, too
	raises   bool // it fails on an error of RDS when it looks for a read replica, instead of taking it for a no
}

// isManaged tells whether a superuser secret looks as one that RDS manages, which has nothing but username and password.
func (d document) isManaged() bool {
	return len(d.members) == 2 && d.has("username") && d.has("password")
}

// complete adds what RDS leaves out of the superuser secrets that it manages. The database is the one that a tag names; without such a
// tag the value's missing host is reported later.
func (f rdsFunction) complete(ctx context.Context, in *invocation, secretID string, superuser *document) error {
	if !superuser.isManaged() {
		return nil
	}
	secret, err := in.describe(ctx, secretID)
	if err != nil {
		return err
	}
	if len(secret.Tags) == 0 {
		tags := instanceTag
		if f.clusters {
			tags += " or a tag " + clusterTag
		}
		in.warning("setSecret: The secret %s is not a service-linked secret, so it does not have a tag %s", secretID, tags)
		return nil
	}
	// The last tag wins.
	for _, tag := range slices.Backward(secret.Tags) {
		key, name := strings.ToLower(aws.ToString(tag.Key)), aws.ToString(tag.Value)
		if key != instanceTag && (key != clusterTag || !f.clusters) {
			continue
		}
		if utf8.RuneCountInString(name) > maxARN {
			return in.valueError("setSecret: ", "%s is not a valid DB Instance ARN. It exceeds the maximum length of %d.", name, maxARN)
		}
		return in.connectionFromRDS(ctx, key, name, superuser)
	}
	in.warning("setSecret: DB Instance ARN not present in Metadata System Tags for secret %s", secretID)
	return nil
}

func (in *invocation) connectionFromRDS(ctx context.Context, tag, name string, superuser *document) error {
	var host, engine string
	var port int
	if tag == instanceTag {
		found, err := in.instance(ctx, name)
		if err != nil {
			return in.apiError("DescribeDBInstances RDS", err)
		}
		host, port, engine = found.Host, found.Port, found.Engine
	} else {
		var out struct {
			Clusters []struct {
				Engine   string
				Endpoint string
				Port     int
			} `xml:"DescribeDBClustersResult>DBClusters>DBCluster"`
		}
		if err := in.ask(ctx, rdsService, in.env.Config.Region, "DescribeDBClusters", url.Values{"DBClusterIdentifier": {name}}, &out); err != nil {
			return in.apiError("DescribeDBClusters RDS", err)
		}
		if len(out.Clusters) == 0 {
			return in.valueError("setSecret: ", "%s is not a valid DB Cluster ARN. No Clusters found when using DescribeDBClusters RDS API to get connection params.", name)
		}
		host, port, engine = out.Clusters[0].Endpoint, out.Clusters[0].Port, out.Clusters[0].Engine
	}
	superuser.connect(host, port, engine)
	return nil
}

// connect adds where the superuser's database is.
func (d *document) connect(host string, port int, engine string) {
	d.putString("host", host)
	d.put("port", []byte(strconv.Itoa(port)))
	d.putString("engine", engine)
}

// dbInstance is what functions read of an RDS instance.
type dbInstance struct {
	Engine    string
	Host      string `xml:"Endpoint>Address"`
	Port      int    `xml:"Endpoint>Port"`
	ReplicaOf string `xml:"ReadReplicaSourceDBInstanceIdentifier"`
}

// instance describes an RDS instance, given by identifier or ARN. RDS never answers with none: it has an error for that.
func (in *invocation) instance(ctx context.Context, id string) (dbInstance, error) {
	var out struct {
		Instances []dbInstance `xml:"DescribeDBInstancesResult>DBInstances>DBInstance"`
	}
	err := in.ask(ctx, rdsService, in.env.Config.Region, "DescribeDBInstances", url.Values{"DBInstanceIdentifier": {id}}, &out)
	if err != nil || len(out.Instances) == 0 {
		return dbInstance{}, err
	}
	return out.Instances[0], nil
}

// sameDatabase checks that the superuser's database is the secret's, or the one that the secret's replicates.
func (f rdsFunction) sameDatabase(ctx context.Context, in *invocation, current, superuser document) error {
	if current.same(superuser, "host") {
		return nil
	}
	replica, _, _ := strings.Cut(current.text("host"), ".")
	primary, _, _ := strings.Cut(superuser.text("host"), ".")
	found, err := in.instance(ctx, replica)
	switch {
	case err != nil && f.raises:
		return in.apiError("DescribeDBInstances RDS", err)
	case err != nil:
		in.warning("Encountered error while verifying rds replica status: %s", pyText(err))
	case found.ReplicaOf == primary:
		return nil
	}
	return in.valueError("setSecret: ", "Current database host %s is not the same host as/rds replica of master %s", current.text("host"), superuser.text("host"))
}

// completeFromRedshift adds what Redshift leaves out of the superuser secrets that it manages, whatever their members. A tag tells such
// a secret, so that each is described.
func completeFromRedshift(ctx context.Context, in *invocation, secretID string, superuser *document) error {
	secret, err := in.describe(ctx, secretID)
	if err != nil {
		return err
	}
	for _, tag := range secret.Tags {
		find := in.redshiftCluster
		switch strings.ToLower(aws.ToString(tag.Key)) {
		case namespaceTag:
			find = in.redshiftWorkgroup
		case redshiftTag:
		default:
			continue
		}
		name := aws.ToString(tag.Value)
		if utf8.RuneCountInString(name) > maxARN {
			return in.valueError("setSecret: ", "The secret has a tag %s or %s, but the ARN in the tag exceeds the maximum length %d.", redshiftTag, namespaceTag, maxARN)
		}
		host, port, err := find(ctx, name)
		if err != nil {
			return err
		}
		superuser.connect(host, port, "redshift")
		return nil
	}
	in.warning("setSecret: The secret %s is not a service-linked secret, so it does not have a tag %s or %s", secretID, redshiftTag, namespaceTag)
	return nil
}

func (in *invocation) redshiftCluster(ctx context.Context, name string) (string, int, error) {
	var out struct {
		Clusters []struct {
			Host string `xml:"Endpoint>Address"`
			Port int    `xml:"Endpoint>Port"`
		} `xml:"DescribeClustersResult>Clusters>Cluster"`
	}
	id := name[strings.LastIndex(name, ":")+1:]
	if err := in.ask(ctx, redshiftService, in.env.Config.Region, "DescribeClusters", url.Values{"ClusterIdentifier": {id}}, &out); err != nil {
		return "", 0, in.apiError("DescribeClusters Redshift", err)
	}
	if len(out.Clusters) == 0 {
		return "", 0, in.valueError("setSecret: ", "The secret has a tag %s, but Redshift can't find the cluster defined in the tag: %s", redshiftTag, name)
	}
	return out.Clusters[0].Host, out.Clusters[0].Port, nil
}

func (in *invocation) redshiftWorkgroup(ctx context.Context, name string) (string, int, error) {
	var namespaces struct {
		Namespaces []struct{ NamespaceArn, NamespaceName string }
	}
	all := map[string]int{"maxResults": 100}
	if err := in.ask(ctx, redshiftServerlessService, in.env.Config.Region, "ListNamespaces", all, &namespaces); err != nil {
		return "", 0, in.apiError("ListNamespaces Redshift Serverless", err)
	}
	i := slices.IndexFunc(namespaces.Namespaces, func(n struct{ NamespaceArn, NamespaceName string }) bool { return n.NamespaceArn == name })
	if i < 0 {
		return "", 0, in.valueError("setSecret: ", "The secret has a tag %s, but Redshift can't find namespace %s", namespaceTag, name)
	}
	var workgroups struct {
		Workgroups []struct {
			NamespaceName string
			Endpoint      struct {
				Address string
				Port    int
			}
		}
	}
	if err := in.ask(ctx, redshiftServerlessService, in.env.Config.Region, "ListWorkgroups", all, &workgroups); err != nil {
		return "", 0, in.apiError("ListWorkgroups Redshift Serverless", err)
	}
	for _, w := range workgroups.Workgroups {
		if w.NamespaceName == namespaces.Namespaces[i].NamespaceName {
			return w.Endpoint.Address, w.Endpoint.Port, nil
		}
	}
	return "", 0, in.valueError("setSecret: ", "The secret has a tag %s, but Redshift can't find workgroup associated with %s", namespaceTag, name)
}

// apiError is what functions make of an error of a service that they ask for the superuser's database.
func (in *invocation) apiError(api string, err error) error {
	if _, ok := errors.AsType[*Error](err); !ok {
		return err // The function's time is over.
	}
	const format = "Encountered API error while fetching connection parameters from %s API: %s"
	in.error("setSecret: "+format, api, pyText(err))
	return newError("Exception", format, api, pyText(err))
}

// pyText is an exception in Python's string formatting.
func pyText(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Message
	}
	return err.Error()
}
