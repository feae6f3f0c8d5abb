package rotators

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver/pgtest"
)

// doors is a network in which a few places answer, at these addresses.
type doors struct {
	open  map[string]string // by host:port
	fails error             // of the others
	tried []string
}

func (d *doors) Connect(_ context.Context, host string, port int, patience time.Duration) (string, error) {
	d.tried = append(d.tried, fmt.Sprintf("%s:%d for %s", host, port, patience))
	address, ok := d.open[fmt.Sprintf("%s:%d", host, port)]
	if !ok {
		return "", d.fails
	}
	return address, nil
}

// TestPostgresOverNetwork has a real server behind a name that does not exist.
func TestPostgresOverNetwork(t *testing.T) {
	t.Parallel()
	s, db := pgtest.Server(t), pgtest.NewDatabase(t)
	const host, attempt = "orders.abc123.eu-west-1.rds.amazonaws.com", "orders.abc123.eu-west-1.rds.amazonaws.com:5432 for 5s"
	secret, err := parseDocument(fmt.Sprintf(`{"engine":"postgres","host":%q,"username":%q,"password":%q,"port":5432}`, host, db.Username, db.Password))
	if err != nil {
		t.Fatal(err)
	}
	network := &doors{open: map[string]string{host + ":5432": fmt.Sprintf("%s:%d", s.Host, s.Port)}, fails: ErrNoAnswer}
	p := postgres{in: &invocation{env: Environment{Network: network}}}
	conn, err := p.connect(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.close(t.Context())
	if err := conn.test(t.Context()); err != nil {
		t.Error(err)
	}
	// It tries TLS, which the server does not have, and then without.
	if diff := cmp.Diff([]string{attempt, attempt}, network.tried); diff != "" {
		t.Error(diff)
	}
	network.open, network.tried = nil, nil
	if _, err := p.connect(t.Context(), secret); !errors.Is(err, errNoLogin) {
		t.Errorf("behind a closed door, the login failed with %v", err)
	}
	if diff := cmp.Diff([]string{attempt, attempt}, network.tried); diff != "" {
		t.Error(diff)
	}
}

// TestNoWayToAWS asks which address functions call, and what they make of no answer.
func TestNoWayToAWS(t *testing.T) {
	t.Parallel()
	config := aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String("http://127.0.0.1:1"), Credentials: credentials.NewStaticCredentialsProvider("AKIA", "x", "")}
	for name, test := range map[string]struct {
		endpoint string
		fails    error
		tried    string
		want     string
	}{
		"usual":   {"https://secretsmanager.eu-west-1.amazonaws.com", ErrNoAnswer, "secretsmanager.eu-west-1.amazonaws.com:443 for 5m0s", `ConnectTimeoutError: Connect timeout on endpoint URL: "https://secretsmanager.eu-west-1.amazonaws.com/"`},
		"no name": {"https://secretsmanager.eu-west-2.amazonaws.com", ErrNoHost, "secretsmanager.eu-west-2.amazonaws.com:443 for 5m0s", `EndpointConnectionError: Could not connect to the endpoint URL: "https://secretsmanager.eu-west-2.amazonaws.com/"`},
		"HTTP":    {"http://proxy.example.com/", ErrNoAnswer, "proxy.example.com:80 for 5m0s", `ConnectTimeoutError: Connect timeout on endpoint URL: "http://proxy.example.com/"`},
		"port":    {"https://proxy.example.com:8443", ErrNoAnswer, "proxy.example.com:8443 for 5m0s", `ConnectTimeoutError: Connect timeout on endpoint URL: "https://proxy.example.com:8443/"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			network := &doors{fails: test.fails}
			handler, _ := Lookup("UserStore")
			err := handler(t.Context(), Environment{Vars: map[string]string{"SECRETS_MANAGER_ENDPOINT": test.endpoint}, Config: config, Network: network},
				Event{Step: "createSecret", SecretID: secretARN, ClientRequestToken: token})
			if errorText(err) != test.want {
				t.Errorf("the function failed with\n%v, want\n%s", err, test.want)
			}
			if diff := cmp.Diff([]string{test.tried}, network.tried); diff != "" {
				t.Error(diff)
			}
		})
	}
	network := &doors{fails: ErrNoAnswer}
	in := &invocation{env: Environment{Config: config, Network: network}}
	err := in.ask(t.Context(), rdsService, "eu-central-1", "DescribeDBInstances", nil, nil)
	if want := `ConnectTimeoutError: Connect timeout on endpoint URL: "https://rds.eu-central-1.amazonaws.com/"`; errorText(err) != want {
		t.Errorf("asking RDS failed with\n%v, want\n%s", err, want)
	}
}
