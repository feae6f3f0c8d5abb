// Package awslab is an embedded AWS for one account: an HTTP server that real
// AWS clients talk to, with Secrets Manager and its rotation engine, Lambda,
// KMS and IAM that are enforced, STS, CloudWatch Logs, CloudTrail's event
// history, the networks of EC2 and what rotation functions ask of other
// services behind one endpoint.
//
// It exists because rotation can't be tried without AWS otherwise, and it
// follows what AWS documents, also where that is inconvenient: RotateSecret is
// asynchronous, a failed rotation leaves its AWSPENDING label behind, and a
// rotation function reads nothing that its execution role may not read, and
// reaches nothing to which its network does not lead.
//
// It is for tests, the demo and `make lab`; the provider never imports it.
package awslab

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/rotators"
)

// Options configures a lab. The zero value is a lab on the real clock.
type Options struct {
	// AccountID is the twelve digits of the account; default 123456789012.
	AccountID string
	// Region is the default Region of [Lab.Config]; default eu-west-1. A
	// request's Region is the one that it was signed for, so any Region works.
	Region string
	// Start makes the clock manual: it stands still at Start and moves only by
	// [Lab.Advance], and by what takes time while that runs: see [Fault.Takes].
	// Zero means the real clock.
	Start time.Time
	// StepDelay is how long after its predecessor each rotation step starts;
	// default one second.
	StepDelay time.Duration
	// IAMDelay is how long after a change of a role's or user's policies AWS
	// goes on judging requests by those before; zero: none.
	IAMDelay time.Duration
	// EventDelay is how long after it has happened an event can be looked up in
	// CloudTrail; zero: at once. AWS delivers within five minutes on average, see
	// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html.
	EventDelay time.Duration
	// Log receives a line for each request and rotation step, without any
	// secret value; nil discards.
	Log func(format string, args ...any)
}

// Lab is the embedded AWS. Its methods may be called concurrently.
type Lab struct {
	options  Options
	timeline *timeline
	admin    aws.Credentials
	store    *rotators.UserStore
	protocol map[string]*service

	// mu guards the state of every service. It is never held while a rotation
	// function runs, since the function calls back.
	mu      sync.Mutex
	iam     *iamState
	secrets *secretsState
	lambda  *lambdaState
	logs    *logsState
	kms     *kmsState
	trail   trail
	ec2     *ec2State
	// databases are the databases, directories and cache users of rotations.
	databases *databasesState

	record recorder
	faults faults

	serverMu sync.Mutex
	server   *http.Server
	url      string

	// life ends when the lab closes, and with it every running function.
	life context.Context
	end  context.CancelFunc
}

// New returns a lab that serves nothing yet: see [Lab.Listen].
func New(o Options) *Lab {
	if o.AccountID == "" {
		o.AccountID = "123456789012"
	}
	if o.Region == "" {
		o.Region = "eu-west-1"
	}
	if o.StepDelay == 0 {
		o.StepDelay = time.Second
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	l := &Lab{
		options:  o,
		timeline: newTimeline(o.Start),
		admin:    aws.Credentials{AccessKeyID: "AKIALABADMINISTRATOR", SecretAccessKey: "lab-administrator-secret-key", AccountID: o.AccountID},
		store:    new(rotators.UserStore),
	}
	l.life, l.end = context.WithCancel(context.Background())
	l.iam = newIAMState(l)
	l.secrets = newSecretsState()
	l.lambda = newLambdaState()
	l.logs = newLogsState()
	l.kms = newKMSState(l)
	l.ec2 = newEC2State()
	l.databases = newDatabasesState()
	l.protocol = map[string]*service{
		"secretsmanager": secretsManagerService(),
		"lambda":         lambdaService(),
		"iam":            iamService(),
		"sts":            stsService(),
		"logs":           logsService(),
		"kms":            kmsService(),
		"cloudtrail":     cloudTrailService(),
		"ec2":            ec2Service(),
		// What rotation functions call besides Secrets Manager.
		"rds":                 rdsService(),
		"redshift":            redshiftService(),
		"redshift-serverless": redshiftServerlessService(),
		"timestream-influxdb": influxDBService(),
		"elasticache":         elastiCacheService(),
		"ds":                  directoryService(),
	}
	return l
}

// Listen serves the lab on a TCP address such as 127.0.0.1:0 and returns the
// endpoint URL. It returns once the lab answers.
func (l *Lab) Listen(addr string) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(l.life, "tcp", addr)
	if err != nil {
		return "", err
	}
	l.serverMu.Lock()
	defer l.serverMu.Unlock()
	l.url = "http://" + listener.Addr().String()
	l.server = &http.Server{Handler: l, ReadHeaderTimeout: 10 * time.Second}
	go func(s *http.Server) {
		if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			l.options.Log("lab stopped serving: %v", err)
		}
	}(l.server)
	return l.url, nil
}

// Close stops the server, every rotation and every running function. It
// returns when no function and no process of one runs any more.
func (l *Lab) Close() {
	l.mu.Lock()
	l.end() // No invocation starts from here on.
	l.mu.Unlock()
	l.timeline.close()
	l.faults.releaseAll()
	l.serverMu.Lock()
	if l.server != nil {
		_ = l.server.Close()
		l.server = nil
	}
	l.serverMu.Unlock()
	l.lambda.running.Wait()
}

// URL is the endpoint, empty before [Lab.Listen].
func (l *Lab) URL() string {
	l.serverMu.Lock()
	defer l.serverMu.Unlock()
	return l.url
}

// AccountID is the lab's account.
func (l *Lab) AccountID() string { return l.options.AccountID }

// Region is the default Region.
func (l *Lab) Region() string { return l.options.Region }

// Administrator returns the credentials that may do everything.
func (l *Lab) Administrator() aws.Credentials { return l.admin }

// UserStore is the lab's built-in user database, for rotation without a real
// one.
func (l *Lab) UserStore() *rotators.UserStore { return l.store }

// Config returns the configuration of an SDK client of the administrator.
func (l *Lab) Config() aws.Config { return l.ConfigFor(l.admin) }

// ConfigFor returns the configuration of an SDK client with these credentials.
// Its retries do not wait: a test's faults are answered at once.
func (l *Lab) ConfigFor(c aws.Credentials) aws.Config {
	return aws.Config{
		Region:       l.options.Region,
		BaseEndpoint: aws.String(l.URL()),
		Credentials:  credentials.StaticCredentialsProvider{Value: c},
		HTTPClient:   &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}
}

// Now is the lab's time.
func (l *Lab) Now() time.Time { return l.timeline.Now() }

// Advance moves a manual clock forward and runs everything that falls due, in
// order, before it returns. On the real clock it panics.
func (l *Lab) Advance(d time.Duration) { l.timeline.advanceTo(l.timeline.Now().Add(d)) }

// Sleep waits on the lab's clock. On a manual clock the sleeper itself moves
// the clock to its end, so that programs that poll run without waiting;
// several sleepers at once do not add up.
func (l *Lab) Sleep(ctx context.Context, d time.Duration) error { return l.timeline.sleep(ctx, d) }
