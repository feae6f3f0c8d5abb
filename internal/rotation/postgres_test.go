package rotation_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver/pgtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// postgresWorld is a lab beside a real PostgreSQL, with a secret for a user of
// its own and, for alternating users, one for the superuser.
type postgresWorld struct {
	*labtest.World
	server       *pgserver.Server
	user         pgserver.Database
	superuserARN string
	service      *rotation.Service
}

func newPostgresWorld(t *testing.T, rotationType string) postgresWorld {
	t.Helper()
	w := postgresWorld{World: labtest.Empty(t), server: pgtest.Server(t), user: pgtest.NewDatabase(t)}
	value := map[string]any{
		"engine": "postgres", "host": w.server.Host, "port": w.server.Port, "dbname": w.user.Name,
		"username": w.user.Username, "password": w.user.Password,
	}
	if rotationType == "PostgreSQLMultiUser" {
		w.superuserARN = w.NewSecret("superuser", map[string]any{
			"engine": "postgres", "host": w.server.Host, "port": w.server.Port,
			"username": pgserver.Superuser, "password": w.server.Password,
		})
		value["masterarn"] = w.superuserARN
	}
	w.Role = w.NewRole("rotator")
	w.FunctionARN = w.NewFunction("rotator", w.Role, map[string]string{"AWSLAB_HANDLER": rotationType})
	w.SecretARN = w.NewSecret("database/app", value)
	connection := awsapi.Connect(awsapi.Config{
		Region: w.Region(), AccessKey: w.Administrator().AccessKeyID, SecretKey: w.Administrator().SecretAccessKey,
		Endpoints: map[string]string{"secretsmanager": w.URL(), "lambda": w.URL(), "iam": w.URL(), "sts": w.URL(), "cloudwatchlogs": w.URL()},
	})
	w.service = rotation.NewService(connection.Clients, w.Lab)
	return w
}

func (w postgresWorld) setup() rotation.Setup {
	return rotation.Setup{
		SecretID: w.SecretARN, FunctionARN: w.FunctionARN, SuperuserSecretARN: w.superuserARN,
		Rules:   rotation.Rules{AutomaticallyAfterDays: 30},
		Enabled: true, Managed: true, Wait: true, ReadValue: true,
	}
}

// logsIn reports whether PostgreSQL accepts a user and password.
func (w postgresWorld) logsIn(t *testing.T, user, password string) bool {
	t.Helper()
	conn, err := w.server.Connect(t.Context(), user, password, w.user.Name)
	if err != nil {
		return false
	}
	_ = conn.Close(context.WithoutCancel(t.Context()))
	return true
}

func TestPostgreSQLPasswordRotates(t *testing.T) {
	t.Parallel()
	for _, rotationType := range []string{"PostgreSQLSingleUser", "PostgreSQLMultiUser"} {
		t.Run(rotationType, func(t *testing.T) {
			t.Parallel()
			w := newPostgresWorld(t, rotationType)
			if _, _, err := w.service.Create(t.Context(), w.setup(), 10*time.Minute); err != nil {
				t.Fatal(err)
			}
			user, password := w.Value(w.SecretARN, "username"), w.Value(w.SecretARN, "password")
			if !w.logsIn(t, user, password) {
				t.Error("PostgreSQL refuses the password of AWSCURRENT.")
			}
			switch rotationType {
			case "PostgreSQLSingleUser":
				if user != w.user.Username || w.logsIn(t, user, w.user.Password) {
					t.Error("PostgreSQL still accepts the old password.")
				}
			case "PostgreSQLMultiUser":
				if user != w.user.Username+"_clone" || !w.logsIn(t, w.user.Username, w.user.Password) {
					t.Errorf("The user is %q; the user before has to keep its password.", user)
				}
			}
		})
	}
}

// TestPolicyIsMinimal takes each action of the role policy away in turn, and
// sees that the rotation of a real PostgreSQL password then really fails, and
// at that action.
func TestPolicyIsMinimal(t *testing.T) {
	t.Parallel()
	for _, rotationType := range []string{"PostgreSQLSingleUser", "PostgreSQLMultiUser"} {
		whole := newPostgresWorld(t, rotationType)
		document, err := iampolicy.Parse(rotation.PolicyFor(whole.setup(), whole.SecretARN, "", 1))
		if err != nil {
			t.Fatal(err)
		}
		for i, statement := range document.Statements {
			for _, action := range statement.Actions {
				t.Run(fmt.Sprintf("%s/%s/%s", rotationType, []string{"secret", "password", "superuser"}[i], action), func(t *testing.T) {
					t.Parallel()
					w := newPostgresWorld(t, rotationType)
					lacking, err := iampolicy.Parse(rotation.PolicyFor(w.setup(), w.SecretARN, "", 1))
					if err != nil {
						t.Fatal(err)
					}
					s := &lacking.Statements[i]
					s.Actions = slices.DeleteFunc(s.Actions, func(a string) bool { return a == action })
					if len(s.Actions) == 0 {
						lacking.Statements = slices.Delete(lacking.Statements, i, i+1)
					}
					resource := statement.Resources[0]
					if resource != "*" {
						resource = []string{w.SecretARN, "*", w.superuserARN}[i]
					}
					w.grantByHand(lacking.JSON())
					w.failsAt(t, action, resource)
				})
			}
		}
	}
}

// grantByHand does what access = "managed" would, with another policy.
func (w postgresWorld) grantByHand(policy string) {
	_, err := w.Roles.PutRolePolicy(context.Background(), &iam.PutRolePolicyInput{RoleName: &w.Role, PolicyName: aws.String("by-hand"), PolicyDocument: &policy})
	w.Must(err)
	_, err = w.Functions.AddPermission(context.Background(), &lambda.AddPermissionInput{
		FunctionName: &w.FunctionARN, StatementId: aws.String("by-hand"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String(iampolicy.ServicePrincipal), SourceAccount: aws.String(w.AccountID()),
	})
	w.Must(err)
}

func (w postgresWorld) failsAt(t *testing.T, action, resource string) {
	t.Helper()
	want := w.setup()
	want.Managed = false
	_, _, err := w.service.Create(t.Context(), want, 3*time.Minute)
	if err == nil {
		t.Fatal("The rotation succeeds without the action: the policy grants more than it must.")
	}
	if !strings.Contains(err.Error(), action) {
		t.Errorf("The message does not name %s:\n%s", action, err)
	}
	refused := false
	for _, c := range w.Calls("/rotator/") {
		refused = refused || c.ErrorCode == "AccessDeniedException" && strings.HasSuffix(action, ":"+c.Operation) && (resource == "*" || c.Target == resource)
	}
	if !refused {
		t.Errorf("The function was not refused %s on %s:\n%v", action, resource, w.Calls("/rotator/"))
	}
}
