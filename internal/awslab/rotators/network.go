package rotators

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/middleware"
)

// Network is what a function's connections have to get through.
type Network interface {
	// Connect tries to reach a TCP port for as long as the client is patient, and returns the address, as in 127.0.0.1:5432, at which
	// this process finds what answers there, empty for the host and port themselves. The error is ErrNoHost, ErrNoAnswer or that the
	// function's time is over.
	Connect(ctx context.Context, host string, port int, patience time.Duration) (address string, err error)
}

// Errors of Network.
var (
	ErrNoHost   = errors.New("the name has no address")
	ErrNoAnswer = errors.New("nothing has answered")
)

// awsPatience is how long a client of AWS that nobody has configured tries to connect: botocore makes five attempts of a minute each.
// https://docs.aws.amazon.com/boto3/latest/guide/configuration.html and
// https://docs.aws.amazon.com/botocore/latest/reference/config.html.
const awsPatience = 5 * time.Minute

// connect tries to reach a database.
func (in *invocation) connect(ctx context.Context, host string, port int) (address string, err error) {
	if in.env.Network == nil {
		return "", nil
	}
	return in.env.Network.Connect(ctx, host, port, connectTimeout)
}

// reach tries to reach the endpoint of an AWS service. Its error is botocore's.
func (in *invocation) reach(ctx context.Context, endpoint string) error {
	if in.env.Network == nil {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return newError("ValueError", "Invalid endpoint: %s", endpoint)
	}
	port := 443
	if u.Scheme == "http" {
		port = 80
	}
	if given, err := strconv.Atoi(u.Port()); err == nil {
		port = given
	}
	_, err = in.env.Network.Connect(ctx, u.Hostname(), port, awsPatience)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrNoHost):
		return newError("EndpointConnectionError", `Could not connect to the endpoint URL: "%s"`, withSlash(u))
	}
	return newError("ConnectTimeoutError", `Connect timeout on endpoint URL: "%s"`, withSlash(u))
}

func withSlash(u *url.URL) string {
	if u.Path == "" {
		return u.String() + "/"
	}
	return u.String()
}

// overNetwork makes a client of Secrets Manager reach the function's endpoint before each call. It comes before the SDK's retries, since
// the patience is that of all attempts.
func (in *invocation) overNetwork(endpoint string) func(*secretsmanager.Options) {
	return func(o *secretsmanager.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("FunctionNetwork",
				func(ctx context.Context, input middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
					if err := in.reach(ctx, endpoint); err != nil {
						return middleware.InitializeOutput{}, middleware.Metadata{}, err
					}
					return next.HandleInitialize(ctx, input)
				}), middleware.Before)
		})
	}
}
