package awslab

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// databasesState is what rotation functions ask other services for: databases
// that they look up, and users whose passwords AWS itself changes. Everything
// is in the lab's default Region and known by its ARN.
type databasesState struct {
	instances   map[string]DBInstance
	clusters    map[string]DBCluster
	redshift    map[string]RedshiftCluster
	namespaces  map[string]RedshiftNamespace
	influx      map[string]InfluxDBInstance
	cacheUsers  map[string]*cacheUser
	directories map[string]*directory
	hosts       map[string]*databaseHost // by name
}

func newDatabasesState() *databasesState {
	return &databasesState{
		instances: map[string]DBInstance{}, clusters: map[string]DBCluster{}, redshift: map[string]RedshiftCluster{},
		namespaces: map[string]RedshiftNamespace{}, influx: map[string]InfluxDBInstance{},
		cacheUsers: map[string]*cacheUser{}, directories: map[string]*directory{}, hosts: map[string]*databaseHost{},
	}
}

// DBInstance is an instance of RDS.
type DBInstance struct {
	Identifier, Engine, Host string
	Port                     int
	ReplicaOf                string // identifier of the instance that it is a read replica of

	DatabaseNetwork
}

// DBCluster is a cluster of Aurora, a Multi-AZ one of RDS, or one of
// DocumentDB (engine docdb) or Neptune, which answer through the API of RDS.
type DBCluster struct {
	Identifier, Engine, Host string
	Port                     int

	DatabaseNetwork
}

// RedshiftCluster is a provisioned cluster of Redshift.
type RedshiftCluster struct {
	Identifier, Host string
	Port             int

	DatabaseNetwork
}

// RedshiftNamespace is a namespace of Redshift Serverless with its workgroup.
type RedshiftNamespace struct {
	Name, Workgroup, Host string
	Port                  int
}

// InfluxDBInstance is an instance of Timestream for InfluxDB.
type InfluxDBInstance struct {
	ID, Name, Host string
}

// AddDBInstance makes an RDS instance, in place of one with its identifier, and
// returns its ARN.
func (l *Lab) AddDBInstance(i DBInstance) string {
	l.connectDatabase(i.Host, i.DatabaseNetwork)
	return addTo(l, l.databases.instances, "rds", "db:"+i.Identifier, i)
}

// AddDBCluster makes an RDS cluster, in place of one with its identifier, and
// returns its ARN.
func (l *Lab) AddDBCluster(c DBCluster) string {
	l.connectDatabase(c.Host, c.DatabaseNetwork)
	return addTo(l, l.databases.clusters, "rds", "cluster:"+c.Identifier, c)
}

// AddRedshiftCluster makes a Redshift cluster, in place of one with its
// identifier, and returns its ARN.
func (l *Lab) AddRedshiftCluster(c RedshiftCluster) string {
	l.connectDatabase(c.Host, c.DatabaseNetwork)
	return addTo(l, l.databases.redshift, "redshift", "cluster:"+c.Identifier, c)
}

// AddRedshiftNamespace makes a namespace of Redshift Serverless with a
// workgroup and returns the ARN of the namespace.
func (l *Lab) AddRedshiftNamespace(n RedshiftNamespace) string {
	return addTo(l, l.databases.namespaces, "redshift-serverless", "namespace/"+newUUID(), n)
}

// AddInfluxDBInstance makes an instance of Timestream for InfluxDB and returns
// its ARN.
func (l *Lab) AddInfluxDBInstance(i InfluxDBInstance) string {
	return addTo(l, l.databases.influx, "timestream-influxdb", "db-instance/"+i.ID, i)
}

func addTo[T any](l *Lab, objects map[string]T, service, resource string, object T) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := l.resourceARN(service, l.options.Region, resource)
	objects[name] = object
	return name
}

func (l *Lab) resourceARN(service, region, resource string) string {
	return "arn:" + partition(region) + ":" + service + ":" + region + ":" + l.options.AccountID + ":" + resource
}

// rdsService is RDS as far as rotation functions use it:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Operations.html.
func rdsService() *service {
	return &service{wire: queryWire{}, namespace: "http://rds.amazonaws.com/doc/2014-10-31/", operations: map[string]handler{
		"DescribeDBInstances": func(c *call) (any, error) {
			return describeDatabases(c, c.lab.databases.instances, "DBInstance", "db:", "DBInstanceNotFound", func(arn string, i DBInstance) []xmlElement {
				members := []xmlElement{text("DBInstanceIdentifier", i.Identifier), text("DBInstanceArn", arn), text("Engine", i.Engine), text("DBInstanceStatus", "available"), endpoint(i.Host, i.Port)}
				members = append(members, i.instanceElements(c.lab)...)
				if i.ReplicaOf != "" {
					members = append(members, text("ReadReplicaSourceDBInstanceIdentifier", i.ReplicaOf))
				}
				return members
			})
		},
		"DescribeDBClusters": func(c *call) (any, error) {
			return describeDatabases(c, c.lab.databases.clusters, "DBCluster", "cluster:", "DBClusterNotFoundFault", func(arn string, d DBCluster) []xmlElement {
				return append([]xmlElement{
					text("DBClusterIdentifier", d.Identifier), text("DBClusterArn", arn), text("Engine", d.Engine), text("Status", "available"),
					text("Endpoint", d.Host), text("Port", strconv.Itoa(d.Port)),
				}, d.clusterElements()...)
			})
		},
	}}
}

// redshiftService is Redshift as far as rotation functions use it:
// https://docs.aws.amazon.com/redshift/latest/APIReference/API_Operations.html.
func redshiftService() *service {
	return &service{wire: queryWire{}, namespace: "http://redshift.amazonaws.com/doc/2012-12-01/", operations: map[string]handler{
		"DescribeClusters": func(c *call) (any, error) {
			return describeDatabases(c, c.lab.databases.redshift, "Cluster", "cluster:", "ClusterNotFound", func(_ string, d RedshiftCluster) []xmlElement {
				return append([]xmlElement{text("ClusterIdentifier", d.Identifier), text("ClusterStatus", "available"), endpoint(d.Host, d.Port)}, d.redshiftElements(c.lab)...)
			})
		},
	}}
}

// describeDatabases answers a Describe operation of the query protocol for
// the one object that the request names, by its identifier or ARN, or for all.
func describeDatabases[T any](c *call, objects map[string]T, kind, prefix, notFound string, members func(arn string, object T) []xmlElement) (any, error) {
	id := c.form.Get(kind + "Identifier")
	named := id
	if !strings.HasPrefix(id, "arn:") {
		named = c.lab.resourceARN(c.service, c.region, prefix+cmp.Or(id, "*"))
	}
	if err := c.may(c.service+":"+c.operation, named, nil, nil); err != nil {
		return nil, err
	}
	list := xmlElement{Name: kind + "s"}
	add := func(name string) {
		list.Children = append(list.Children, xmlElement{Name: kind, Children: members(name, objects[name])})
	}
	if _, ok := objects[named]; ok {
		add(named)
	} else if id != "" {
		return nil, errorf(notFound, "%s %s not found.", kind, id).withStatus(http.StatusNotFound)
	} else if c.region == c.lab.options.Region {
		for _, name := range slices.Sorted(maps.Keys(objects)) {
			add(name)
		}
	}
	return []xmlElement{list}, nil
}

func endpoint(host string, port int) xmlElement {
	return xmlElement{Name: "Endpoint", Children: []xmlElement{text("Address", host), text("Port", strconv.Itoa(port))}}
}

// redshiftServerlessService is Redshift Serverless as far as rotation
// functions use it, which list everything:
// https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_Operations.html.
func redshiftServerlessService() *service {
	return &service{wire: jsonWire{}, operations: map[string]handler{
		"ListNamespaces": func(c *call) (any, error) {
			return listServerless(c, "namespaces", func(arn string, n RedshiftNamespace) any {
				return map[string]any{"namespaceArn": arn, "namespaceName": n.Name, "status": "AVAILABLE"}
			})
		},
		"ListWorkgroups": func(c *call) (any, error) {
			return listServerless(c, "workgroups", func(_ string, n RedshiftNamespace) any {
				return map[string]any{
					"workgroupName": n.Workgroup, "namespaceName": n.Name, "status": "AVAILABLE",
					"endpoint": map[string]any{"address": n.Host, "port": n.Port},
				}
			})
		},
	}}
}

func listServerless(c *call, member string, item func(arn string, n RedshiftNamespace) any) (any, error) {
	if err := c.may("redshift-serverless:"+c.operation, "*", nil, nil); err != nil {
		return nil, err
	}
	items := []any{}
	if c.region == c.lab.options.Region {
		for _, name := range slices.Sorted(maps.Keys(c.lab.databases.namespaces)) {
			items = append(items, item(name, c.lab.databases.namespaces[name]))
		}
	}
	return map[string]any{member: items}, nil
}

// influxDBService is Timestream for InfluxDB as far as rotation functions use
// it: https://docs.aws.amazon.com/ts-influxdb/latest/ts-influxdb-api/API_GetDbInstance.html.
func influxDBService() *service {
	type input struct {
		Identifier string `json:"identifier"`
	}
	return &service{wire: jsonWire{}, operations: map[string]handler{
		"GetDbInstance": reading(func(c *call, in *input) (any, error) {
			name := c.lab.resourceARN("timestream-influxdb", c.region, "db-instance/"+in.Identifier)
			if err := c.may("timestream-influxdb:GetDbInstance", name, nil, nil); err != nil {
				return nil, err
			}
			i, ok := c.lab.databases.influx[name]
			if !ok {
				notFound := errorf("ResourceNotFoundException", "DbInstance %s not found", in.Identifier)
				notFound.Fields = map[string]any{"resourceId": in.Identifier, "resourceType": "db-instance"}
				return nil, notFound
			}
			return map[string]any{"id": i.ID, "name": i.Name, "arn": name, "status": "AVAILABLE", "endpoint": i.Host, "vpcSubnetIds": []string{}}, nil
		}),
	}}
}
