package main

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/rotators"
)

// serving runs the command until the test ends and returns what it printed on
// both outputs and the environment that it gave.
func serving(t *testing.T, args ...string) (stdout, stderr string, environment map[string]string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var remarks buffer
	printed := make(chan string, 1)
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, args, first{printed}, &remarks) }()
	select {
	case stdout = <-printed:
	case status := <-ended:
		t.Fatalf("The lab ended with status %d: %s", status, remarks.String())
	case <-time.After(time.Minute):
		t.Fatal("The lab prints nothing.")
	}
	client := sts.New(sts.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(variable(stdout, "AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider(variable(stdout, "AWS_ACCESS_KEY_ID"), variable(stdout, "AWS_SECRET_ACCESS_KEY"), variable(stdout, "AWS_SESSION_TOKEN")),
	})
	// The second request goes over the connection of the first, and so is served
	// after that one has been logged.
	_, _ = client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	identity, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	cancel()
	if status := <-ended; status != 0 {
		t.Errorf("The lab ended with status %d.", status)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(*identity.Arn, ":user/administrator") {
		t.Errorf("The credentials belong to %s.", *identity.Arn)
	}
	environment = map[string]string{}
	for line := range strings.Lines(stdout) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		environment[name] = value
	}
	return stdout, remarks.String(), environment
}

// first hands the first thing that is written to a test.
type first struct{ to chan<- string }

func (f first) Write(p []byte) (int, error) {
	f.to <- string(p)
	return len(p), nil
}

// buffer can be written to and read concurrently.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func variable(exports, name string) string {
	_, after, _ := strings.Cut(exports, "export "+name+"=")
	value, _, _ := strings.Cut(after, "\n")
	return value
}

func TestServesUntilInterrupted(t *testing.T) {
	t.Parallel()
	stdout, stderr, environment := serving(t, "-addr", "127.0.0.1:0", "-v")
	for line := range strings.Lines(stdout) {
		if !strings.HasPrefix(line, "export ") || strings.ContainsAny(strings.TrimPrefix(line, "export "), " '\"$`;") {
			t.Errorf("%q is no line for a shell.", line)
		}
	}
	endpoint := environment["AWS_ENDPOINT_URL"]
	if !strings.HasPrefix(endpoint, "http://127.0.0.1:") {
		t.Errorf("AWS_ENDPOINT_URL = %q", endpoint)
	}
	delete(environment, "AWS_ENDPOINT_URL")
	want := map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIALABADMINISTRATOR", "AWS_SECRET_ACCESS_KEY": "lab-administrator-secret-key", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
	}
	if diff := cmp.Diff(want, environment); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{endpoint, "AWSLAB_EXEC", "AWSLAB_HANDLER", "Ctrl-C", "sts:GetCallerIdentity"} {
		if !strings.Contains(stderr, text) {
			t.Errorf("Standard error does not mention %s:\n%s", text, stderr)
		}
	}
	if strings.Contains(stderr, "CAUTION") {
		t.Error("A loopback address needs no warning.")
	}
}

func TestQuietWithoutVerbose(t *testing.T) {
	t.Parallel()
	_, stderr, _ := serving(t, "-addr", "127.0.0.1:0")
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "#") {
			t.Errorf("%q is no comment.", line)
		}
	}
}

func TestWarnsOfOpenAddress(t *testing.T) {
	t.Parallel()
	lab := awslab.New(awslab.Options{})
	t.Cleanup(lab.Close)
	if text := remarks(lab, "http://0.0.0.0:4599"); !strings.Contains(text, "CAUTION") {
		t.Error(text)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	taken := listener.Addr().String()
	tests := map[string]struct {
		args   []string
		status int
		says   []string
	}{
		"port is taken":    {[]string{"-addr", taken}, 1, []string{"cannot listen on " + taken, "ADDR="}},
		"no address":       {[]string{"-addr", "nowhere"}, 1, []string{"cannot listen on nowhere"}},
		"unknown flag":     {[]string{"-port", "1"}, 2, []string{"-port"}},
		"unknown argument": {[]string{"4599"}, 2, []string{`"4599"`}},
		"help":             {[]string{"-h"}, 0, []string{"-addr", "-v"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			if status := run(t.Context(), test.args, &stdout, &stderr); status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			if stdout.Len() > 0 {
				t.Errorf("A shell would run %q.", stdout.String())
			}
			for _, text := range test.says {
				if !strings.Contains(stderr.String(), text) {
					t.Errorf("%q does not contain %q.", stderr.String(), text)
				}
			}
		})
	}
}

func TestBuiltInFunctionsExist(t *testing.T) {
	t.Parallel()
	for _, name := range builtIn {
		if _, ok := rotators.Lookup(name); !ok {
			t.Errorf("There is no rotation function %s.", name)
		}
	}
}
