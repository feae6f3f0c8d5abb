package rotators

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver/pgtest"
)

const master = `, "ssl": false, "masterarn": "` + adminARN + `"`

func TestPostgresMultiUser(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	db := pgtest.NewDatabase(t)
	clone := db.Username + "_clone"
	secrets := rotating(postgresValue(s, db.Username, db.Password, master)).
		// The superuser signs in to the user's database, whatever its own secret says.
		withAdmin(postgresValue(s, pgserver.Superuser, s.Password, `, "dbname": "nowhere", "ssl": false`))
	hidden := []string{db.Password, s.Password}
	connected := func(username string) string {
		return "INFO Successfully established non SSL/TLS connection as user '" + username + "' with host: '127.0.0.1'"
	}

	log := call{rotationType: "PostgreSQLMultiUser", secrets: secrets, hidden: hidden}.rotate(t)
	want := []string{
		"INFO createSecret: Successfully put secret for ARN " + secretARN + " and version " + token + ".",
		connected(db.Username),
		connected(pgserver.Superuser),
		"INFO setSecret: Successfully set password for " + clone + " in PostgreSQL DB for secret arn " + secretARN + ".",
		connected(clone),
		"INFO testSecret: Successfully signed into PostgreSQL DB with AWSPENDING secret in " + secretARN + ".",
		"INFO finishSecret: Successfully set AWSCURRENT stage to version " + token + " for secret " + secretARN + ".",
	}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Error(diff)
	}
	checkLogin(t, s, db.Username, db.Password, db.Name, nil)
	checkLogin(t, s, clone, newPassword, db.Name, nil)

	conn, err := s.Connect(t.Context(), clone, newPassword, db.Name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), "CREATE TABLE made_by_the_clone (id int)"); err != nil {
		t.Error("the clone has not the rights of the user:", err)
	}

	// The way back sets the first user's password and leaves the clone alone.
	secrets.next()
	call{rotationType: "PostgreSQLMultiUser", secrets: secrets, hidden: hidden}.rotate(t)
	checkLogin(t, s, db.Username, db.Password, db.Name, pgserver.ErrRefused)
	checkLogin(t, s, db.Username, newPassword, db.Name, nil)
	checkLogin(t, s, clone, newPassword, db.Name, nil)

	// A clone that exists is altered.
	secrets.next()
	if _, err := conn.Exec(t.Context(), "ALTER USER "+clone+" PASSWORD 'changed-by-hand'"); err != nil {
		t.Fatal(err)
	}
	call{rotationType: "PostgreSQLMultiUser", secrets: secrets, hidden: append(hidden, "changed-by-hand")}.rotate(t)
	checkLogin(t, s, clone, "changed-by-hand", db.Name, pgserver.ErrRefused)
	checkLogin(t, s, clone, newPassword, db.Name, nil)
	if value := *secrets.staged(stageCurrent).value; !strings.Contains(value, clone) {
		t.Error("the clone is not the current user")
	}
	if log, err := (call{rotationType: "PostgreSQLMultiUser", step: "setSecret", secrets: secretsAfter(secrets)}).run(t); err != nil ||
		log[len(log)-1] != "INFO setSecret: AWSPENDING secret is already set as password in PostgreSQL DB for secret arn "+secretARN+"." {
		t.Errorf("got %v and %q", err, log)
	}
}

// secretsAfter makes the finished version pending once more, as a retry before finishSecret finds it.
func secretsAfter(f *fakeSecrets) *fakeSecrets {
	return rotating(*f.staged(stagePrevious).value).withStage(stagePending, *f.staged(stageCurrent).value)
}

func TestPostgresMultiUserQuotesNames(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	admin, err := s.Connect(t.Context(), pgserver.Superuser, s.Password, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(t.Context()) }()
	username := `Odd "Name'; --` + rand.Text()
	if _, err := admin.Exec(t.Context(), "CREATE ROLE "+pgx.Identifier{username}.Sanitize()+" LOGIN PASSWORD 'odd-one'"); err != nil {
		t.Fatal(err)
	}
	secrets := rotating(postgresValue(s, username, "odd-one", master)).withAdmin(postgresValue(s, pgserver.Superuser, s.Password, ""))
	call{rotationType: "PostgreSQLMultiUser", secrets: secrets, hidden: []string{"odd-one"}}.rotate(t)
	checkLogin(t, s, username+"_clone", newPassword, "postgres", nil)
	var member bool
	if err := admin.QueryRow(t.Context(), "SELECT pg_has_role($1, $2, 'member')", username+"_clone", username).Scan(&member); err != nil || !member {
		t.Errorf("the clone is a member of the user's role: %t, %v", member, err)
	}
}

func TestSetSecretMultiUser(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	plain, err := s.NewUser(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admin := postgresValue(s, pgserver.Superuser, s.Password, "")
	const rds = "https://rds.eu-west-1.amazonaws.com/"
	unreachable := func(operation string) string {
		return "Encountered API error while fetching connection parameters from " + operation +
			` RDS API: Could not connect to the endpoint URL: "` + rds + `"`
	}
	managed := fmt.Sprintf(`{"username":%q,"password":%q}`, pgserver.Superuser, s.Password)
	tag := func(key, value string) []types.Tag {
		return []types.Tag{{Key: aws.String("Name"), Value: aws.String("x")}, {Key: aws.String(key), Value: aws.String(value)}}
	}
	longARN := "arn:aws:rds:eu-west-1:123456789012:db:" + strings.Repeat("x", 256)
	for name, test := range map[string]struct {
		// current, pending and admin change the secrets; empty ones are good.
		current, pending func(username, password string) string
		admin            string
		tags             []types.Tag
		fail             map[string]error
		want             string
		// wantLog is what the last line says.
		wantLog string
	}{
		"other user": {
			pending: func(username, _ string) string { return postgresValue(s, username+"x", "wrong-one", master) },
			want:    "ValueError: Attempting to modify user USERx other than current user or clone USER",
			wantLog: "ERROR setSecret: Attempting to modify user USERx other than current user or clone USER",
		},
		"other host": {
			pending: func(username, _ string) string {
				return postgresValue(s, username+"_clone", "wrong-one", master+`,"host":"localhost"`)
			},
			want:    "ValueError: Attempting to modify user for host localhost other than current host 127.0.0.1",
			wantLog: "ERROR setSecret: Attempting to modify user for host localhost other than current host 127.0.0.1",
		},
		"current password does not work": {
			current: func(username, _ string) string { return postgresValue(s, username, "wrong-one", master) },
			want:    "ValueError: Unable to log into database using current credentials for secret " + secretARN,
			wantLog: "ERROR setSecret: Unable to log into database using current credentials for secret " + secretARN,
		},
		"no masterarn": {
			current: func(username, password string) string { return postgresValue(s, username, password, "") },
			want:    "KeyError: 'masterarn'",
		},
		"masterarn of null": {
			current: func(username, password string) string {
				return postgresValue(s, username, password, `,"masterarn":null`)
			},
			want: "ParamValidationError: Parameter validation failed:\nInvalid type for parameter SecretId, value: None, type: <class 'NoneType'>, valid types: <class 'str'>",
		},
		"superuser secret does not exist": {
			current: func(username, password string) string {
				return postgresValue(s, username, password, `,"masterarn":"nowhere"`)
			},
			want: "ResourceNotFoundException: An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: Secrets Manager can't find the specified secret.",
		},
		"superuser secret without engine": {
			admin: fmt.Sprintf(`{"host":"127.0.0.1","username":%q,"password":%q}`, pgserver.Superuser, s.Password),
			want:  "KeyError: 'engine key is missing from secret JSON'",
		},
		"superuser secret is a list":     {admin: "[]", want: "AttributeError: 'list' object has no attribute 'keys'"},
		"superuser secret is a password": {admin: "secret-one", want: "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"},
		"superuser on another host": {
			admin:   postgresValue(s, pgserver.Superuser, s.Password, `,"host":"localhost"`),
			want:    "Exception: " + unreachable("DescribeDBInstances"),
			wantLog: "ERROR setSecret: " + unreachable("DescribeDBInstances"),
		},
		"superuser password does not work": {
			admin:   postgresValue(s, pgserver.Superuser, "wrong-one", ""),
			want:    "ValueError: Unable to log into database using credentials in master secret " + adminARN,
			wantLog: "ERROR setSecret: Unable to log into database using credentials in master secret " + adminARN,
		},
		"superuser is none": {
			admin: postgresValue(s, plain.Username, plain.Password, ""),
			want:  "ProgrammingError: PostgreSQL refused to set the password for user USER_clone (SQLSTATE 42501)",
		},
		"managed, but without tags": {
			admin:   managed,
			want:    "KeyError: 'host key is missing from secret JSON'",
			wantLog: "WARNING setSecret: The secret " + adminARN + " is not a service-linked secret, so it does not have a tag aws:rds:primarydbinstancearn or a tag aws:rds:primarydbclusterarn",
		},
		"managed, but without RDS's tag": {
			admin: managed, tags: tag("owner", "me"),
			want:    "KeyError: 'host key is missing from secret JSON'",
			wantLog: "WARNING setSecret: DB Instance ARN not present in Metadata System Tags for secret " + adminARN,
		},
		"managed for an instance": {
			admin: managed, tags: tag("aws:rds:primaryDBInstanceArn", "arn:aws:rds:eu-west-1:123456789012:db:orders"),
			want: "Exception: " + unreachable("DescribeDBInstances"), wantLog: "ERROR setSecret: " + unreachable("DescribeDBInstances"),
		},
		"managed for a cluster": {
			admin: managed, tags: tag("aws:rds:primaryDBClusterArn", "arn:aws:rds:eu-west-1:123456789012:cluster:orders"),
			want: "Exception: " + unreachable("DescribeDBClusters"), wantLog: "ERROR setSecret: " + unreachable("DescribeDBClusters"),
		},
		"managed for something too long": {
			admin: managed, tags: tag("aws:rds:primaryDBInstanceArn", longARN),
			want:    "ValueError: " + longARN + " is not a valid DB Instance ARN. It exceeds the maximum length of 256.",
			wantLog: "ERROR setSecret: " + longARN + " is not a valid DB Instance ARN. It exceeds the maximum length of 256.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user, err := s.NewUser(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			current := postgresValue(s, user.Username, user.Password, master)
			pending := postgresValue(s, user.Username+"_clone", newPassword, master)
			if test.current != nil {
				current = test.current(user.Username, user.Password)
			}
			if test.pending != nil {
				pending = test.pending(user.Username, user.Password)
			}
			secrets := rotating(current).withStage(stagePending, pending).withAdmin(admin)
			if test.admin != "" {
				secrets.withAdmin(test.admin, test.tags...)
			}
			log, err := call{
				rotationType: "PostgreSQLMultiUser", step: "setSecret", secrets: secrets,
				hidden: []string{user.Password, s.Password, plain.Password, "wrong-one", "secret-one"},
			}.run(t)
			named := strings.NewReplacer("USER", user.Username)
			if got, want := errorText(err), named.Replace(test.want); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if want := named.Replace(test.wantLog); want != "" && (len(log) == 0 || log[len(log)-1] != want) {
				t.Errorf("got the log %q, want %q as its last line", log, want)
			}
			checkLogin(t, s, user.Username, user.Password, user.Name, nil)
			checkLogin(t, s, user.Username+"_clone", newPassword, user.Name, pgserver.ErrRefused)
		})
	}
}

// TestPostgresManagedSuperuser has a superuser secret that RDS manages: where its database is, the function asks RDS.
func TestPostgresManagedSuperuser(t *testing.T) {
	t.Parallel()
	s := pgtest.Server(t)
	for tag, answer := range map[string]string{
		"aws:rds:primaryDBInstanceArn": fmt.Sprintf("<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance><Engine>postgres</Engine>"+
			"<Endpoint><Address>%s</Address><Port>%d</Port></Endpoint></DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>", s.Host, s.Port),
		"aws:rds:primaryDBClusterArn": fmt.Sprintf("<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster><Engine>aurora-postgresql</Engine>"+
			"<Endpoint>%s</Endpoint><Port>%d</Port></DBCluster></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>", s.Host, s.Port),
	} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			user, err := s.NewUser(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			rds := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
			defer rds.Close()
			secrets := rotating(postgresValue(s, user.Username, user.Password, master)).
				withStage(stagePending, postgresValue(s, user.Username+"_clone", newPassword, master)).
				withAdmin(fmt.Sprintf(`{"username":%q,"password":%q}`, pgserver.Superuser, s.Password), types.Tag{Key: &tag, Value: aws.String("arn:database")})
			in := &invocation{sm: secrets, secretID: secretARN, token: token, env: Environment{Config: aws.Config{
				Region: "eu-west-1", BaseEndpoint: &rds.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
			}}}
			if err := rotations["PostgreSQLMultiUser"].run(t.Context(), in, "setSecret"); err != nil {
				t.Fatal(err)
			}
			checkLogin(t, s, user.Username+"_clone", newPassword, user.Name, nil)
		})
	}
}
