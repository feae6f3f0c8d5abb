package rotators

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// TestPublishedErrors has what functions say when a service other than Secrets Manager does not help them. What they call without errors,
// and when, is tested on the embedded AWS.
func TestPublishedErrors(t *testing.T) {
	t.Parallel()
	const (
		refusal    = `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`
		refused    = "An error occurred (AccessDenied) when calling the %s operation: no"
		namespaces = `{"namespaces":[{"namespaceArn":"arn:ns","namespaceName":"dwh"}]}`
		managed    = `{"username":"admin","password":"planted"}`
		elsewhere  = `{"engine":"any","host":"other.x","username":"admin","password":"planted"}`
		mismatch   = "ValueError: Current database host db.x is not the same host as/rds replica of master other.x"
		noEndpoint = `EndpointConnectionError: Could not connect to the endpoint URL: "https://%s.eu-west-1.amazonaws.com/"`
	)
	tag := func(key, value string) []types.Tag {
		return []types.Tag{{Key: aws.String(key), Value: aws.String(value)}}
	}
	jsonRefusal := `{"__type":"AccessDeniedException","message":"no"}`
	for name, test := range map[string]struct {
		rotationType, step string
		admin              string
		tags               []types.Tag
		answers            map[string]string // by operation; what begins with an error is sent as one
		unreachable        bool
		want, wantLog      string // wantLog is in the last line
	}{
		"instance refused": {
			rotationType: "MySQLMultiUser", admin: managed, tags: tag("aws:rds:primaryDBInstanceArn", "arn:db"), answers: map[string]string{"DescribeDBInstances": refusal},
			want: "Exception: Encountered API error while fetching connection parameters from DescribeDBInstances RDS API: " + fmt.Sprintf(refused, "DescribeDBInstances"), wantLog: "ERROR setSecret: Encountered API error",
		},
		"cluster refused": {
			rotationType: "MySQLMultiUser", admin: managed, tags: tag("aws:rds:primaryDBClusterArn", "arn:cluster"), answers: map[string]string{"DescribeDBClusters": refusal},
			want: "Exception: Encountered API error while fetching connection parameters from DescribeDBClusters RDS API: " + fmt.Sprintf(refused, "DescribeDBClusters"),
		},
		"no cluster": {
			rotationType: "MySQLMultiUser", admin: managed, tags: tag("aws:rds:primaryDBClusterArn", "arn:cluster"), answers: map[string]string{"DescribeDBClusters": "<DescribeDBClustersResponse/>"},
			want: "ValueError: arn:cluster is not a valid DB Cluster ARN. No Clusters found when using DescribeDBClusters RDS API to get connection params.",
		},
		"cluster of a function that knows none": {
			rotationType: "MariaDBMultiUser", admin: managed, tags: tag("aws:rds:primaryDBClusterArn", "arn:cluster"),
			want: "KeyError: 'host key is missing from secret JSON'", wantLog: "WARNING setSecret: DB Instance ARN not present",
		},
		"RDS out of reach": {
			rotationType: "OracleMultiUser", admin: managed, tags: tag("aws:rds:primaryDBInstanceArn", "arn:db"), unreachable: true,
			want: `Exception: Encountered API error while fetching connection parameters from DescribeDBInstances RDS API: Could not connect to the endpoint URL: "https://rds.eu-west-1.amazonaws.com/"`,
		},
		"replica refused, which raises": {
			rotationType: "MySQLMultiUser", admin: elsewhere, answers: map[string]string{"DescribeDBInstances": refusal},
			want: "Exception: Encountered API error while fetching connection parameters from DescribeDBInstances RDS API: " + fmt.Sprintf(refused, "DescribeDBInstances"),
		},
		"replica refused, which is a no": {
			rotationType: "Db2SingleUser", admin: elsewhere, answers: map[string]string{"DescribeDBInstances": refusal}, want: mismatch,
			wantLog: "ERROR setSecret: Current database host",
		},
		"replica of another": {
			rotationType: "SQLServerMultiUser", admin: elsewhere, want: mismatch,
			answers: map[string]string{"DescribeDBInstances": "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance><ReadReplicaSourceDBInstanceIdentifier>x</ReadReplicaSourceDBInstanceIdentifier></DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>"},
		},
		"another host of MongoDB":  {rotationType: "MongoDBMultiUser", admin: elsewhere, want: "ValueError: Current database host db.x is not the same host as master other.x"},
		"another host of Redshift": {rotationType: "RedshiftMultiUser", admin: elsewhere, want: "ValueError: Current database host db.x is not the same host as admin other.x"},
		"Redshift cluster refused": {
			rotationType: "RedshiftMultiUser", admin: managed, tags: tag(redshiftTag, "arn:aws:redshift:r:1:cluster:dwh"), answers: map[string]string{"DescribeClusters": refusal},
			want: "Exception: Encountered API error while fetching connection parameters from DescribeClusters Redshift API: " + fmt.Sprintf(refused, "DescribeClusters"),
		},
		"no Redshift cluster": {
			rotationType: "RedshiftMultiUser", admin: managed, tags: tag(redshiftTag, "arn:dwh"), answers: map[string]string{"DescribeClusters": "<DescribeClustersResponse/>"},
			want: "ValueError: The secret has a tag aws:redshift:primaryclusterarn, but Redshift can't find the cluster defined in the tag: arn:dwh",
		},
		"namespaces refused": {
			rotationType: "RedshiftMultiUser", admin: managed, tags: tag(namespaceTag, "arn:ns"), answers: map[string]string{"ListNamespaces": jsonRefusal},
			want: "Exception: Encountered API error while fetching connection parameters from ListNamespaces Redshift Serverless API: An error occurred (AccessDeniedException) when calling the ListNamespaces operation: no",
		},
		"no namespace": {
			rotationType: "RedshiftMultiUser", admin: managed, tags: tag(namespaceTag, "arn:gone"), answers: map[string]string{"ListNamespaces": namespaces},
			want: "ValueError: The secret has a tag aws:redshift-serverless:namespacearn, but Redshift can't find namespace arn:gone",
		},
		"no workgroup": {
			rotationType: "RedshiftMultiUser", admin: managed, tags: tag(namespaceTag, "arn:ns"), answers: map[string]string{"ListNamespaces": namespaces, "ListWorkgroups": "{}"},
			want: "ValueError: The secret has a tag aws:redshift-serverless:namespacearn, but Redshift can't find workgroup associated with arn:ns",
		},
		"tag too long": {
			rotationType: "RedshiftMultiUser", admin: managed, tags: tag(redshiftTag, strings.Repeat("x", 257)),
			want: "ValueError: The secret has a tag aws:redshift:primaryclusterarn or aws:redshift-serverless:namespacearn, but the ARN in the tag exceeds the maximum length 256.",
		},
		"InfluxDB without endpoint": {rotationType: "InfluxDBSingleUser", answers: map[string]string{"GetDbInstance": "{}"}, want: "KeyError: 'Invalid endpoint info for InfluxDB instance.'"},
		"InfluxDB out of reach":     {rotationType: "InfluxDBSingleUser", unreachable: true, want: fmt.Sprintf(noEndpoint, "timestream-influxdb")},
		"cache user refused":        {rotationType: "ElastiCacheUser", answers: map[string]string{"DescribeUsers": refusal}, want: "ClientError: " + fmt.Sprintf(refused, "DescribeUsers")},
		"password refused": {
			rotationType: "ActiveDirectorySingleUser", answers: map[string]string{"DescribeDirectories": "{}", "ResetUserPassword": jsonRefusal},
			want: "ValueError: Unable to reset the users password in Directory Services", wantLog: "ERROR setSecret: Unable to reset the users password in Directory Services for directory d-1 and user app",
		},
		"directory refused": {
			rotationType: "ActiveDirectorySingleUser", step: "finishSecret", answers: map[string]string{"DescribeDirectories": jsonRefusal},
			want: "ClientError: An error occurred (AccessDeniedException) when calling the DescribeDirectories operation: no",
		},
		"no keytab secret": {
			rotationType: "ActiveDirectoryAndKeytabSingleUser", answers: map[string]string{"DescribeDirectories": "{}", "ResetUserPassword": "{}"},
			want: "Exception: Failed to set keytab for 1/1 keytab(s):\ngone: An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: Secrets Manager can't find the specified secret.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
				if operation == "" {
					operation = r.PostFormValue("Action")
				}
				answer, ok := test.answers[operation]
				if !ok {
					t.Errorf("%s is called", operation)
				}
				if answer == refusal || answer == jsonRefusal {
					w.WriteHeader(http.StatusBadRequest)
				}
				fmt.Fprint(w, answer)
			}))
			defer server.Close()
			value, err := json.Marshal(map[string]any{
				"host": "db.x", "username": "app", "password": "planted", "masterarn": adminARN, "dbIdentifier": "abc", "user_arn": "arn:aws:elasticache:eu-west-1:1:user:app",
				directoryID: "d-1", directoryUsername: "app", directoryPassword: "planted", keytabARNs: []string{"gone"},
			})
			if err != nil {
				t.Fatal(err)
			}
			secrets := rotating(string(value)).withStage(stagePending, string(value)).withAdmin(test.admin, test.tags...)
			var log []string
			in := &invocation{sm: secrets, secretID: secretARN, token: token, env: Environment{
				Config: aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("id", "key", "")},
				Log:    func(level, message string) { log = append(log, level+" "+message) },
			}}
			if !test.unreachable {
				in.env.Config.BaseEndpoint = &server.URL
			}
			if test.step == "" {
				test.step = "setSecret"
			}
			err = rotation{steps: published[test.rotationType]}.run(t.Context(), in, test.step)
			if got := errorText(err); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if test.wantLog != "" && (len(log) == 0 || !strings.HasPrefix(log[len(log)-1], test.wantLog)) {
				t.Errorf("got the log %q, want %q at its end", log, test.wantLog)
			}
			if told := fmt.Sprint(err, log); strings.Contains(told, "planted") {
				t.Errorf("a password is in the error or the log: %s", told)
			}
		})
	}
}
