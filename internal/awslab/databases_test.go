package awslab_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// send makes a request of a service that the tests have no SDK client of. A
// body that is JSON goes to the target, and else is the form of a query.
func (l *servicesLab) send(credentials aws.Credentials, service, region, target, body string) (status int, answer string) {
	l.Helper()
	r, err := http.NewRequestWithContext(l.Context(), http.MethodPost, l.URL(), strings.NewReader(body))
	if err != nil {
		l.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if target != "" {
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", target)
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(l.Context(), credentials, r, hex.EncodeToString(sum[:]), service, region, time.Unix(0, 0)); err != nil {
		l.Fatal(err)
	}
	out, err := http.DefaultClient.Do(r)
	if err != nil {
		l.Fatal(err)
	}
	defer out.Body.Close()
	content, err := io.ReadAll(out.Body)
	if err != nil {
		l.Fatal(err)
	}
	return out.StatusCode, strings.TrimSpace(string(content))
}

func TestDatabases(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	instance := l.AddDBInstance(awslab.DBInstance{Identifier: "orders", Engine: "mysql", Host: "orders.x.eu-west-1.rds.amazonaws.com", Port: 3306})
	l.AddDBInstance(awslab.DBInstance{Identifier: "replica", Engine: "mysql", Host: "replica.x.eu-west-1.rds.amazonaws.com", Port: 3306, ReplicaOf: "orders"})
	cluster := l.AddDBCluster(awslab.DBCluster{Identifier: "sales", Engine: "aurora-mysql", Host: "sales.cluster-x.eu-west-1.rds.amazonaws.com", Port: 3307})
	l.AddRedshiftCluster(awslab.RedshiftCluster{Identifier: "dwh", Host: "dwh.x", Port: 5439})
	namespace := l.AddRedshiftNamespace(awslab.RedshiftNamespace{Name: "ns", Workgroup: "wg", Host: "wg.x", Port: 5440})
	l.AddInfluxDBInstance(awslab.InfluxDBInstance{ID: "abc123", Name: "metrics", Host: "abc123.x"})
	user := l.AddCacheUser(awslab.CacheUser{ID: "app", Name: "cache"}, "the-first-password")
	directory := l.AddDirectory(awslab.Directory{ID: "d-1234567890", Name: "corp.example.com"}, "app", "first")
	const (
		serverless = "RedshiftServerless."
		ds         = "DirectoryService_20150416."
	)
	for _, test := range []struct {
		service, target, body string
		want                  []string // parts of the answer
		status                int      // 200 if it is 0
	}{
		{service: "rds", body: "Action=DescribeDBInstances", want: []string{
			"<DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier>",
			"<DBInstanceIdentifier>replica</DBInstanceIdentifier>",
		}},
		{service: "rds", body: "Action=DescribeDBInstances&DBInstanceIdentifier=" + url.QueryEscape(instance), want: []string{
			"<Engine>mysql</Engine>", "<Endpoint><Address>orders.x.eu-west-1.rds.amazonaws.com</Address><Port>3306</Port></Endpoint>", "<DBInstanceArn>" + instance + "</DBInstanceArn>",
		}},
		{service: "rds", body: "Action=DescribeDBInstances&DBInstanceIdentifier=replica", want: []string{"<ReadReplicaSourceDBInstanceIdentifier>orders</ReadReplicaSourceDBInstanceIdentifier>"}},
		{service: "rds", body: "Action=DescribeDBInstances&DBInstanceIdentifier=gone", want: []string{"<Code>DBInstanceNotFound</Code>", "<Message>DBInstance gone not found.</Message>"}, status: 404},
		{service: "rds", body: "Action=DescribeDBClusters&DBClusterIdentifier=" + url.QueryEscape(cluster), want: []string{
			"<DBClusters><DBCluster><DBClusterIdentifier>sales</DBClusterIdentifier><DBClusterArn>" + cluster + "</DBClusterArn>", "<Endpoint>sales.cluster-x.eu-west-1.rds.amazonaws.com</Endpoint><Port>3307</Port>",
		}},
		{service: "rds", body: "Action=DescribeDBClusters&DBClusterIdentifier=gone", want: []string{"<Code>DBClusterNotFoundFault</Code>"}, status: 404},
		{service: "redshift", body: "Action=DescribeClusters&ClusterIdentifier=dwh", want: []string{"<Clusters><Cluster><ClusterIdentifier>dwh</ClusterIdentifier>", "<Address>dwh.x</Address><Port>5439</Port>"}},
		{service: "redshift", body: "Action=DescribeClusters&ClusterIdentifier=gone", want: []string{"<Code>ClusterNotFound</Code>"}, status: 404},
		{service: "redshift-serverless", target: serverless + "ListNamespaces", body: "{}", want: []string{`"namespaceArn":"` + namespace + `"`, `"namespaceName":"ns"`}},
		{service: "redshift-serverless", target: serverless + "ListWorkgroups", body: "{}", want: []string{`"namespaceName":"ns"`, `"endpoint":{"address":"wg.x","port":5440}`, `"workgroupName":"wg"`}},
		{service: "timestream-influxdb", target: "AmazonTimestreamInfluxDB.GetDbInstance", body: `{"identifier":"abc123"}`, want: []string{`"endpoint":"abc123.x"`, `"name":"metrics"`}},
		{service: "timestream-influxdb", target: "AmazonTimestreamInfluxDB.GetDbInstance", body: `{"identifier":"gone"}`, want: []string{`"__type":"ResourceNotFoundException"`}, status: 400},
		{service: "elasticache", body: "Action=DescribeUsers&UserId=app", want: []string{"<Users><member><UserId>app</UserId><UserName>cache</UserName><Status>active</Status>"}},
		{service: "elasticache", body: "Action=DescribeUsers&UserId=gone", want: []string{"<Code>UserNotFound</Code>"}, status: 404},
		{service: "elasticache", body: "Action=DescribeUsers", want: []string{"<Code>InvalidParameterValue</Code>"}, status: 400},
		{service: "elasticache", body: "Action=ModifyUser&UserId=app&Passwords.member.1=short", want: []string{"<Code>InvalidParameterValue</Code>"}, status: 400},
		{service: "ds", target: ds + "DescribeDirectories", body: `{"DirectoryIds":["d-1234567890"],"Limit":1}`, want: []string{`{"DirectoryDescriptions":[{"DirectoryId":"d-1234567890","Name":"corp.example.com"`}},
		{service: "ds", target: ds + "DescribeDirectories", body: `{"DirectoryIds":["d-0000000000"]}`, want: []string{`"__type":"EntityDoesNotExistException"`}, status: 400},
		{service: "ds", target: ds + "DescribeDirectories", body: `{}`, want: []string{`"__type":"InvalidParameterException"`}, status: 400},
		{service: "ds", target: ds + "ResetUserPassword", body: `{"DirectoryId":"d-0000000000","UserName":"app","NewPassword":"x"}`, want: []string{`"__type":"EntityDoesNotExistException"`}, status: 400},
		{service: "ds", target: ds + "ResetUserPassword", body: `{"DirectoryId":"d-1234567890","UserName":"nobody","NewPassword":"x"}`, want: []string{`"__type":"UserDoesNotExistException"`}, status: 400},
	} {
		status, answer := l.send(l.Administrator(), test.service, "eu-west-1", test.target, test.body)
		if test.status == 0 {
			test.status = http.StatusOK
		}
		if status != test.status {
			t.Errorf("%s %s%s: status %d, want %d: %s", test.service, test.target, test.body, status, test.status, answer)
		}
		for _, part := range test.want {
			if !strings.Contains(answer, part) {
				t.Errorf("%s %s%s: %s lacks %s", test.service, test.target, test.body, answer, part)
			}
		}
	}
	if _, answer := l.send(l.Administrator(), "rds", "us-east-1", "", "Action=DescribeDBInstances"); strings.Contains(answer, "orders") {
		t.Errorf("another Region has the instance: %s", answer)
	}
	if _, answer := l.send(l.Administrator(), "redshift-serverless", "us-east-1", serverless+"ListNamespaces", "{}"); answer != `{"namespaces":[]}` {
		t.Errorf("another Region has the namespace: %s", answer)
	}

	if !l.CacheLogin(user, "the-first-password") || l.CacheLogin(user, "the-second-password") || l.CacheLogin("nobody", "") {
		t.Error("the cache user has other passwords than it was made with")
	}
	l.send(l.Administrator(), "elasticache", "eu-west-1", "", "Action=ModifyUser&UserId=app&Passwords.member.1=the-second-password&Passwords.member.2=the-third-password")
	if l.CacheLogin(user, "the-first-password") || !l.CacheLogin(user, "the-second-password") || !l.CacheLogin(user, "the-third-password") {
		t.Error("the cache user does not have the two new passwords")
	}
	if !l.DirectoryLogin(directory, "app", "first") || l.DirectoryLogin(directory, "nobody", "") || l.DirectoryLogin("nowhere", "app", "first") {
		t.Error("the directory has other passwords than it was made with")
	}
	l.send(l.Administrator(), "ds", "eu-west-1", ds+"ResetUserPassword", `{"DirectoryId":"d-1234567890","UserName":"app","NewPassword":"second"}`)
	if !l.DirectoryLogin(directory, "app", "second") {
		t.Error("the directory has not reset the password")
	}
}

// TestDatabasesNeedPermission asks as a user who may do nothing. Where the
// service has a resource for the operation, the refusal names it.
func TestDatabasesNeedPermission(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	stranger := l.NewUser("stranger", statements(statement("Deny", "*", "*")))
	const account = ":eu-west-1:123456789012:"
	for _, test := range []struct{ service, target, body, action, resource string }{
		{"rds", "", "Action=DescribeDBInstances", "rds:DescribeDBInstances", "arn:aws:rds" + account + "db:*"},
		{"rds", "", "Action=DescribeDBInstances&DBInstanceIdentifier=i", "rds:DescribeDBInstances", "arn:aws:rds" + account + "db:i"},
		{"rds", "", "Action=DescribeDBClusters&DBClusterIdentifier=c", "rds:DescribeDBClusters", "arn:aws:rds" + account + "cluster:c"},
		{"redshift", "", "Action=DescribeClusters&ClusterIdentifier=c", "redshift:DescribeClusters", "arn:aws:redshift" + account + "cluster:c"},
		{"redshift-serverless", "RedshiftServerless.ListNamespaces", "{}", "redshift-serverless:ListNamespaces", "*"},
		{"redshift-serverless", "RedshiftServerless.ListWorkgroups", "{}", "redshift-serverless:ListWorkgroups", "*"},
		{"timestream-influxdb", "AmazonTimestreamInfluxDB.GetDbInstance", `{"identifier":"i"}`, "timestream-influxdb:GetDbInstance", "arn:aws:timestream-influxdb" + account + "db-instance/i"},
		{"elasticache", "", "Action=DescribeUsers&UserId=u", "elasticache:DescribeUsers", "arn:aws:elasticache" + account + "user:u"},
		{"elasticache", "", "Action=ModifyUser&UserId=u", "elasticache:ModifyUser", "arn:aws:elasticache" + account + "user:u"},
		{"ds", "DirectoryService_20150416.DescribeDirectories", `{"DirectoryIds":["d-1"]}`, "ds:DescribeDirectories", "*"},
		{"ds", "DirectoryService_20150416.ResetUserPassword", `{"DirectoryId":"d-1"}`, "ds:ResetUserPassword", "arn:aws:ds" + account + "directory/d-1"},
	} {
		_, answer := l.send(stranger, test.service, "eu-west-1", test.target, test.body)
		if want := "is not authorized to perform: " + test.action + " on resource: " + test.resource + " with an explicit deny"; !strings.Contains(answer, want) {
			t.Errorf("%s %s: %s", test.service, test.body, answer)
		}
	}
	// The log says what was asked for and never what it carried.
	l.ForgetCalls()
	l.send(stranger, "ds", "eu-west-1", "DirectoryService_20150416.ResetUserPassword", `{"DirectoryId":"d-1","UserName":"app","NewPassword":"planted"}`)
	l.send(stranger, "elasticache", "eu-west-1", "", "Action=ModifyUser&UserId=u&Passwords.member.1=planted")
	var got []string
	for _, c := range l.Calls() {
		got = append(got, strings.Join([]string{c.String(), c.Target, c.Detail, c.ErrorCode}, " "))
	}
	want := []string{"ds:ResetUserPassword d-1  AccessDeniedException", "elasticache:ModifyUser u  AccessDenied"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
