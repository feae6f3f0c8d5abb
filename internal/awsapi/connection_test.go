package awsapi_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
)

// TestMain keeps the AWS configuration of the machine out of the tests.
func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			_ = os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull} {
		_ = os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

// config is a provider block for a lab.
func config(w *labtest.World) awsapi.Config {
	endpoints := map[string]string{}
	for _, service := range awsapi.Services {
		endpoints[service] = w.URL()
	}
	c := w.Administrator()
	return awsapi.Config{Region: w.Region(), AccessKey: c.AccessKeyID, SecretKey: c.SecretAccessKey, Endpoints: endpoints, Version: "1.2.3"}
}

// callers are the principals behind the calls that a lab has seen, without
// account and without repetition.
func callers(w *labtest.World) []string {
	var names []string
	for _, c := range w.Calls() {
		names = append(names, c.String()+" by "+c.Caller[strings.LastIndex(c.Caller, ":")+1:])
	}
	return slices.Compact(names)
}

func trust(principal string) *string {
	return aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":["sts:AssumeRole","sts:AssumeRoleWithWebIdentity","sts:TagSession"]}]}`)
}

func newRole(t *testing.T, w *labtest.World, name string, trusted *string, allowed string) {
	t.Helper()
	_, err := w.Roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: trusted})
	w.Must(err)
	_, err = w.Roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("allowed"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + allowed + `"],"Resource":"*"}]}`)})
	w.Must(err)
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	tokens := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokens, []byte("token"), 0o600); err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join(t.TempDir(), "credentials")
	first := awsapi.AssumeRole{
		RoleARN: "arn:aws:iam::123456789012:role/first", ExternalID: "ticket", Duration: time.Hour, Tags: map[string]string{"team": "db"},
		TransitiveTagKeys: []string{"team"}, SourceIdentity: "alice", Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	}
	second := awsapi.AssumeRole{RoleARN: "arn:aws:iam::123456789012:role/second", SessionName: "deploy"}
	web := awsapi.WebIdentity{RoleARN: "arn:aws:iam::123456789012:role/federated", Token: "token"}
	webFile := awsapi.WebIdentity{RoleARN: web.RoleARN, TokenFile: tokens, SessionName: "ci"}
	for name, test := range map[string]struct {
		change func(c *awsapi.Config)
		want   []string
	}{
		"keys": {want: []string{"sts:GetCallerIdentity by user/administrator", "secretsmanager:DescribeSecret by user/administrator"}},
		"no validation": {
			change: func(c *awsapi.Config) { c.SkipCredentialsValidation = true },
			want:   []string{"secretsmanager:DescribeSecret by user/administrator"},
		},
		"profile": {
			change: func(c *awsapi.Config) {
				c.AccessKey, c.SecretKey, c.Profile, c.SharedCredentialsFiles = "", "", "prod", []string{shared}
			},
			want: []string{"sts:GetCallerIdentity by user/administrator", "secretsmanager:DescribeSecret by user/administrator"},
		},
		"chain of roles": {
			change: func(c *awsapi.Config) { c.AssumeRoles = []awsapi.AssumeRole{first, second} },
			want: []string{
				"sts:AssumeRole by user/administrator", "sts:AssumeRole by assumed-role/first/terraform-provider-rotation",
				"sts:GetCallerIdentity by assumed-role/second/deploy", "secretsmanager:DescribeSecret by assumed-role/second/deploy",
			},
		},
		"web identity": {
			change: func(c *awsapi.Config) { c.AccessKey, c.SecretKey, c.WebIdentity = "", "", &web },
			want: []string{
				"sts:AssumeRoleWithWebIdentity by ", "sts:GetCallerIdentity by assumed-role/federated/terraform-provider-rotation",
				"secretsmanager:DescribeSecret by assumed-role/federated/terraform-provider-rotation",
			},
		},
		"web identity, then a role": {
			change: func(c *awsapi.Config) {
				c.AccessKey, c.SecretKey, c.WebIdentity, c.AssumeRoles = "", "", &webFile, []awsapi.AssumeRole{second}
			},
			want: []string{
				"sts:AssumeRoleWithWebIdentity by ", "sts:AssumeRole by assumed-role/federated/ci",
				"sts:GetCallerIdentity by assumed-role/second/deploy", "secretsmanager:DescribeSecret by assumed-role/second/deploy",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := labtest.NewOn(t, awslab.Options{}) // Sessions end by the real clock.
			newRole(t, w, "first", aws.String(strings.Replace(*trust(`{"AWS":"arn:aws:iam::123456789012:user/administrator"}`), `"Action"`, `"Condition":{"StringEquals":{"sts:ExternalId":"ticket"}},"Action"`, 1)), "sts:*")
			newRole(t, w, "second", trust(`{"AWS":["arn:aws:iam::123456789012:root"]}`), "secretsmanager:DescribeSecret")
			newRole(t, w, "federated", trust(`{"Federated":"accounts.example.com"}`), `secretsmanager:DescribeSecret","sts:AssumeRole`)
			c := config(w)
			if name == "profile" {
				w.Must(os.WriteFile(shared, fmt.Appendf(nil, "[prod]\naws_access_key_id = %s\naws_secret_access_key = %s\n", c.AccessKey, c.SecretKey), 0o600))
			}
			if test.change != nil {
				test.change(&c)
			}
			w.ForgetCalls()
			connection := awsapi.Connect(c)
			for range 2 { // What is known is not asked for again.
				clients, err := connection.Clients(t.Context(), "")
				w.Must(err)
				_, err = clients.SecretsManager.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &w.SecretARN})
				w.Must(err)
			}
			if diff := cmp.Diff(test.want, callers(w)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTokenIsNotTold refuses a web identity token with an answer that quotes it.
func TestTokenIsNotTold(t *testing.T) {
	t.Parallel()
	for _, skip := range []bool{false, true} { // Whether the first call of all is the one that fails.
		w := labtest.New(t)
		w.Inject(awslab.Fault{Operation: "AssumeRoleWithWebIdentity", Code: "AccessDenied", Message: "The token planted-token is not valid.", Status: http.StatusForbidden})
		c := config(w)
		c.SkipCredentialsValidation = skip
		c.WebIdentity = &awsapi.WebIdentity{RoleARN: "arn:aws:iam::123456789012:role/federated", Token: "planted-token"}
		clients, err := awsapi.Connect(c).Clients(t.Context(), "")
		if skip {
			w.Must(err)
			_, err = clients.SecretsManager.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &w.SecretARN})
			if !awsapi.IsAccessDenied(err) {
				t.Error("The code of the error is lost.", err)
			}
			err = errors.New(awsapi.Explain(err))
		}
		if err == nil || !strings.Contains(err.Error(), "AWS error: AccessDenied: The token *** is not valid. (request id ") || strings.Contains(err.Error(), "planted-token") {
			t.Errorf("The error is: %v", err)
		}
	}
}

// TestAccountGuard looks at the account once, before anything else is asked.
func TestAccountGuard(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		allowed, forbidden []string
		skip               bool
		attribute          string
	}{
		"allowed":                    {allowed: []string{"210987654321", "123456789012"}},
		"not forbidden":              {forbidden: []string{"210987654321"}},
		"not allowed":                {allowed: []string{"210987654321"}, attribute: "allowed_account_ids"},
		"not allowed, no validation": {allowed: []string{"210987654321"}, skip: true, attribute: "allowed_account_ids"},
		"forbidden":                  {forbidden: []string{"123456789012"}, attribute: "forbidden_account_ids"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := labtest.New(t)
			c := config(w)
			c.AllowedAccountIDs, c.ForbiddenAccountIDs, c.SkipCredentialsValidation = test.allowed, test.forbidden, test.skip
			connection := awsapi.Connect(c)
			var running sync.WaitGroup
			for _, region := range []string{"eu-west-1", "us-east-1", "eu-west-1"} {
				running.Go(func() {
					clients, err := connection.Clients(t.Context(), region)
					refused, _ := errors.AsType[*awsapi.ConfigError](err)
					switch {
					case test.attribute == "" && (err != nil || clients.Region != region):
						t.Errorf("clients of %s: %v", region, err)
					case test.attribute != "" && (refused == nil || refused.Attribute != test.attribute):
						t.Errorf("error %v, want one of %s", err, test.attribute)
					}
				})
			}
			running.Wait()
			want := 1
			if test.attribute != "" {
				want = 3 // A refusal is not kept.
			}
			if calls := w.Calls(); len(calls) != want {
				t.Errorf("calls %v", calls)
			}
		})
	}
}

// TestRetries makes calls fail and counts how often they are tried. No retry
// waits, because the fault ends before or the verdict is final.
func TestRetries(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault   awslab.Fault
		retries int
		mode    aws.RetryMode
		want    int
	}{
		"permanent":       {fault: awslab.Fault{Code: "InvalidRequestException"}, want: 1},
		"denied":          {fault: awslab.Fault{Code: "AccessDeniedException"}, want: 1},
		"quota":           {fault: awslab.Fault{Code: "LimitExceededException"}, want: 1},
		"throttled":       {fault: awslab.Fault{Code: "ThrottlingException", Times: 1}, want: 2},
		"adaptive":        {fault: awslab.Fault{Code: "ThrottlingException", Times: 1}, mode: aws.RetryModeAdaptive, want: 2},
		"adaptive, quota": {fault: awslab.Fault{Code: "LimitExceededException"}, mode: aws.RetryModeAdaptive, want: 1},
		"server":          {fault: awslab.Fault{Code: "InternalServiceError", Status: 500, Times: 1}, want: 2},
		"one retry":       {fault: awslab.Fault{Code: "InternalServiceError", Status: 500}, retries: 1, want: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := labtest.NewOn(t, awslab.Options{}) // A clock that differs is retried as well.
			c := config(w)
			c.MaxRetries, c.RetryMode, c.SkipCredentialsValidation = test.retries, test.mode, true
			clients, err := awsapi.Connect(c).Clients(t.Context(), "")
			w.Must(err)
			w.Inject(test.fault)
			_, err = clients.SecretsManager.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &w.SecretARN})
			if recovers := test.fault.Times > 0; (err == nil) != recovers {
				t.Error(err)
			}
			if got := len(w.Calls()); got != test.want {
				t.Errorf("%d tries, want %d", got, test.want)
			}
		})
	}
}

// TestRequests looks at the requests themselves: which hosts they are for and
// what they say of the provider. A proxy answers in place of AWS.
func TestRequests(t *testing.T) {
	t.Parallel()
	standard := func(c *awsapi.Config) {}
	for name, test := range map[string]struct {
		change                 func(c *awsapi.Config)
		region                 string
		secretsManager, lambda string
	}{
		"Region of the block":    {standard, "", "secretsmanager.eu-west-1.amazonaws.com:443", "lambda.eu-west-1.amazonaws.com:443"},
		"Region of the resource": {standard, "us-east-1", "secretsmanager.us-east-1.amazonaws.com:443", "lambda.us-east-1.amazonaws.com:443"},
		"China":                  {standard, "cn-north-1", "secretsmanager.cn-north-1.amazonaws.com.cn:443", "lambda.cn-north-1.amazonaws.com.cn:443"},
		"FIPS": {
			func(c *awsapi.Config) { c.UseFIPSEndpoint = true }, "us-east-1",
			"secretsmanager-fips.us-east-1.amazonaws.com:443", "lambda-fips.us-east-1.amazonaws.com:443",
		},
		"dual stack": { // Secrets Manager has both protocols on its standard endpoint.
			func(c *awsapi.Config) { c.UseDualStackEndpoint = true }, "",
			"secretsmanager.eu-west-1.amazonaws.com:443", "lambda.eu-west-1.api.aws:443",
		},
		"endpoint": {
			func(c *awsapi.Config) { c.Endpoints = map[string]string{"secretsmanager": "http://vpce-1.example"} }, "",
			"vpce-1.example", "lambda.eu-west-1.amazonaws.com:443",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var hosts, agents []string
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				hosts, agents = append(hosts, r.Host), append(agents, r.UserAgent())
				http.Error(w, "no way", http.StatusForbidden)
			}))
			defer proxy.Close()
			c := awsapi.Config{
				Region: "eu-west-1", AccessKey: "AKIA", SecretKey: "s", SkipCredentialsValidation: true, MaxRetries: 1,
				HTTPProxy: proxy.URL, HTTPSProxy: proxy.URL, Version: "1.2.3",
			}
			test.change(&c)
			clients, err := awsapi.Connect(c).Clients(t.Context(), test.region)
			if err != nil {
				t.Fatal(err)
			}
			_, err = clients.SecretsManager.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("app")})
			_, err2 := clients.Lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: aws.String("f")})
			if err == nil || err2 == nil {
				t.Error("The refusal of the proxy was taken for an answer.")
			}
			mu.Lock()
			defer mu.Unlock()
			if diff := cmp.Diff([]string{test.secretsManager, test.lambda}, slices.Compact(hosts)); diff != "" {
				t.Error(diff)
			}
			// Only a request without TLS shows itself to the proxy.
			if strings.HasSuffix(test.secretsManager, ".example") && !strings.Contains(agents[0], "terraform-provider-rotation/1.2.3") {
				t.Errorf("The provider is not in the user agent %q.", agents[0])
			}
		})
	}
}

// TestTLS talks to a server whose certificate is good by custom_ca_bundle or by
// insecure only.
func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // The refused handshakes.
	server.StartTLS()
	defer server.Close()
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		bundle   string
		insecure bool
		talks    bool
	}{
		"neither":  {},
		"bundle":   {bundle: bundle, talks: true},
		"insecure": {insecure: true, talks: true},
	} {
		clients, err := awsapi.Connect(awsapi.Config{
			Region: "eu-west-1", AccessKey: "AKIA", SecretKey: "s", SkipCredentialsValidation: true, MaxRetries: 1,
			Endpoints: map[string]string{"secretsmanager": server.URL}, CustomCABundle: test.bundle, Insecure: test.insecure,
		}).Clients(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = clients.SecretsManager.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("app")})
		answer, _ := errors.AsType[*awshttp.ResponseError](err)
		if talks := answer != nil && answer.HTTPStatusCode() == http.StatusNotFound; talks != test.talks || strings.Contains(err.Error(), "maximum number of attempts") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConfigErrors has blocks that can't work.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for attribute, c := range map[string]awsapi.Config{
		"region":           {AccessKey: "a", SecretKey: "b", SkipCredentialsValidation: true},
		"custom_ca_bundle": {Region: "eu-west-1", CustomCABundle: filepath.Join(t.TempDir(), "none")},
		"profile":          {Region: "eu-west-1", Profile: "none"},
		"http_proxy":       {Region: "eu-west-1", HTTPProxy: "proxy:3128"},
		"":                 {Region: "eu-west-1"},
	} {
		_, err := awsapi.Connect(c).Clients(t.Context(), "")
		refused, ok := errors.AsType[*awsapi.ConfigError](err)
		if !ok || refused.Attribute != attribute || refused.Error() == "" {
			t.Errorf("%q: error %v", attribute, err)
		}
	}
}
