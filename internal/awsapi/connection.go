package awsapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	smithymiddleware "github.com/aws/smithy-go/middleware"
	"golang.org/x/net/http/httpproxy"
)

// Services are the keys of [Config.Endpoints], by the names that hashicorp/aws
// gives them.
var Services = []string{"cloudtrail", "cloudwatchlogs", "ec2", "iam", "kms", "lambda", "rds", "redshift", "secretsmanager", "sts"}

// Config is a provider block. Zero values mean the AWS SDK's own defaults:
// environment, shared configuration files, container and instance credentials.
type Config struct {
	Region, Profile             string
	AccessKey, SecretKey, Token string
	SharedConfigFiles           []string
	SharedCredentialsFiles      []string
	AssumeRoles                 []AssumeRole // each assumed with the credentials of the one before
	WebIdentity                 *WebIdentity
	Endpoints                   map[string]string // URL by a name of [Services]
	MaxRetries                  int               // retries of one call; 0 means 25, as in hashicorp/aws
	RetryMode                   aws.RetryMode
	CustomCABundle              string // a file of PEM certificates
	HTTPProxy                   string
	HTTPSProxy                  string
	NoProxy                     string
	Insecure                    bool
	UseFIPSEndpoint             bool
	UseDualStackEndpoint        bool
	AllowedAccountIDs           []string
	ForbiddenAccountIDs         []string
	SkipCredentialsValidation   bool
	Version                     string // of the provider, for the user agent
}

// AssumeRole is one assume_role block.
type AssumeRole struct {
	RoleARN, SessionName, ExternalID, Policy, SourceIdentity string
	Duration                                                 time.Duration
	PolicyARNs, TransitiveTagKeys                            []string
	Tags                                                     map[string]string
}

// WebIdentity is the assume_role_with_web_identity block.
type WebIdentity struct {
	RoleARN, SessionName, Policy, Token, TokenFile string
	Duration                                       time.Duration
	PolicyARNs                                     []string
}

// ConfigError is a provider block that can't work. Attribute names the
// argument at fault, or is empty.
type ConfigError struct{ Attribute, Summary, Detail string }

func (e *ConfigError) Error() string { return e.Summary + ": " + e.Detail }

// Connection makes clients. Nothing calls AWS before the first
// [Connection.Clients], which also enforces the account guards.
type Connection struct {
	config Config

	mu      sync.Mutex
	base    *aws.Config
	guarded bool
	caller  string // ARN
	regions map[string]*Clients
}

// Connect returns a connection for a provider block. It does no I/O.
func Connect(c Config) *Connection {
	return &Connection{config: c, regions: map[string]*Clients{}}
}

// Clients returns the clients for a Region; "" means the provider's. The first
// call loads credentials, and asks AWS whose they are: a wrong account or a
// missing credential is told before anything is done.
func (c *Connection) Clients(ctx context.Context, region string) (*Clients, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.base == nil {
		base, err := c.load(ctx)
		if err != nil {
			return nil, err
		}
		c.base = base
	}
	if region == "" {
		region = c.base.Region
	}
	if region == "" {
		return nil, &ConfigError{
			"region", "Missing AWS Region",
			"No Region is known for this call. Set `region` in the provider block or on the resource, or set AWS_REGION. A secret given by its ARN needs none.",
		}
	}
	if clients, ok := c.regions[region]; ok {
		return clients, nil
	}
	regional := c.base.Copy()
	regional.Region = region
	if err := c.guard(ctx, regional); err != nil {
		return nil, err
	}
	clients := &Clients{
		Region: region, CallerARN: c.caller,
		SecretsManager: newNarrowSecretsManager(secretsmanager.NewFromConfig(regional, func(o *secretsmanager.Options) { o.BaseEndpoint = c.endpoint("secretsmanager", o.BaseEndpoint) })),
		Lambda:         newNarrowLambda(lambda.NewFromConfig(regional, func(o *lambda.Options) { o.BaseEndpoint = c.endpoint("lambda", o.BaseEndpoint) })),
		IAM:            newNarrowIAM(iam.NewFromConfig(regional, func(o *iam.Options) { o.BaseEndpoint = c.endpoint("iam", o.BaseEndpoint) })),
		Logs:           newNarrowLogs(cloudwatchlogs.NewFromConfig(regional, func(o *cloudwatchlogs.Options) { o.BaseEndpoint = c.endpoint("cloudwatchlogs", o.BaseEndpoint) })),
		KMS:            newNarrowKMS(kms.NewFromConfig(regional, func(o *kms.Options) { o.BaseEndpoint = c.endpoint("kms", o.BaseEndpoint) })),
		EC2:            newNarrowEC2(ec2.NewFromConfig(regional, func(o *ec2.Options) { o.BaseEndpoint = c.endpoint("ec2", o.BaseEndpoint) })),
		RDS:            newNarrowRDS(rds.NewFromConfig(regional, func(o *rds.Options) { o.BaseEndpoint = c.endpoint("rds", o.BaseEndpoint) })),
		Redshift:       newNarrowRedshift(redshift.NewFromConfig(regional, func(o *redshift.Options) { o.BaseEndpoint = c.endpoint("redshift", o.BaseEndpoint) })),
		CloudTrail:     newNarrowCloudTrail(cloudtrail.NewFromConfig(regional, func(o *cloudtrail.Options) { o.BaseEndpoint = c.endpoint("cloudtrail", o.BaseEndpoint) })),
	}
	c.regions[region] = clients
	return clients, nil
}

func (c *Connection) endpoint(service string, otherwise *string) *string {
	if u := c.config.Endpoints[service]; u != "" {
		return &u
	}
	return otherwise
}

func (c *Connection) sts(cfg aws.Config) *sts.Client {
	return sts.NewFromConfig(cfg, func(o *sts.Options) { o.BaseEndpoint = c.endpoint("sts", o.BaseEndpoint) })
}

func (c *Connection) load(ctx context.Context) (*aws.Config, error) {
	client, err := c.httpClient()
	if err != nil {
		return nil, err
	}
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithRetryer(c.retryer),
		config.WithAPIOptions([]func(*smithymiddleware.Stack) error{awsmiddleware.AddUserAgentKeyValue("terraform-provider-rotation", c.config.Version)}),
	}
	if c.config.Region != "" {
		options = append(options, config.WithRegion(c.config.Region))
	}
	if c.config.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.config.Profile))
	}
	if len(c.config.SharedConfigFiles) > 0 {
		options = append(options, config.WithSharedConfigFiles(c.config.SharedConfigFiles))
	}
	if len(c.config.SharedCredentialsFiles) > 0 {
		options = append(options, config.WithSharedCredentialsFiles(c.config.SharedCredentialsFiles))
	}
	if c.config.AccessKey != "" || c.config.SecretKey != "" || c.config.Token != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(c.config.AccessKey, c.config.SecretKey, c.config.Token)))
	}
	if c.config.UseFIPSEndpoint {
		options = append(options, config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	if c.config.UseDualStackEndpoint {
		options = append(options, config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled))
	}
	if c.config.CustomCABundle != "" {
		bundle, err := os.ReadFile(c.config.CustomCABundle)
		if err != nil {
			return nil, &ConfigError{"custom_ca_bundle", "Invalid CA bundle", "The file can't be read: " + err.Error() + "."}
		}
		if !x509.NewCertPool().AppendCertsFromPEM(bundle) {
			return nil, &ConfigError{"custom_ca_bundle", "Invalid CA bundle", "The file " + c.config.CustomCABundle + " holds no PEM certificate."}
		}
		options = append(options, config.WithCustomCABundle(bytes.NewReader(bundle)))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		if profile, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
			return nil, &ConfigError{"profile", "Invalid AWS profile", fmt.Sprintf("The profile %q is not in the shared configuration files.", profile.Profile)}
		}
		return nil, &ConfigError{"", "Unable to load the AWS configuration", err.Error()}
	}
	c.assume(&loaded)
	return &loaded, nil
}

// assume replaces the credentials by those of assume_role_with_web_identity
// and then of each assume_role in turn.
func (c *Connection) assume(cfg *aws.Config) {
	if w := c.config.WebIdentity; w != nil {
		provider := stscreds.NewWebIdentityRoleProvider(c.sts(*cfg), w.RoleARN, token(*w), func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = sessionName(w.SessionName)
			o.Duration = w.Duration
			o.Policy = optional(w.Policy)
			o.PolicyARNs = policyARNs(w.PolicyARNs)
		})
		cfg.Credentials = aws.NewCredentialsCache(discreet{provider, token(*w)})
	}
	for _, role := range c.config.AssumeRoles {
		provider := stscreds.NewAssumeRoleProvider(c.sts(*cfg), role.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = sessionName(role.SessionName)
			o.Duration = role.Duration
			o.ExternalID = optional(role.ExternalID)
			o.Policy = optional(role.Policy)
			o.PolicyARNs = policyARNs(role.PolicyARNs)
			o.SourceIdentity = optional(role.SourceIdentity)
			o.TransitiveTagKeys = role.TransitiveTagKeys
			for key, value := range role.Tags {
				o.Tags = append(o.Tags, ststypes.Tag{Key: &key, Value: &value})
			}
		})
		cfg.Credentials = aws.NewCredentialsCache(provider)
	}
}

func sessionName(given string) string {
	if given != "" {
		return given
	}
	return "terraform-provider-rotation"
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func policyARNs(arns []string) []ststypes.PolicyDescriptorType {
	var descriptors []ststypes.PolicyDescriptorType
	for _, arn := range arns {
		descriptors = append(descriptors, ststypes.PolicyDescriptorType{Arn: &arn})
	}
	return descriptors
}

// token reads a web identity token from the block itself or from a file, anew
// for each session.
type token WebIdentity

func (t token) GetIdentityToken() ([]byte, error) {
	if t.Token != "" {
		return []byte(t.Token), nil
	}
	return stscreds.IdentityTokenFile(t.TokenFile).GetIdentityToken()
}

// discreet are credentials for a web identity token. An answer of AWS that refuses
// the token can quote it.
type discreet struct {
	aws.CredentialsProvider

	token token
}

func (d discreet) Retrieve(ctx context.Context) (aws.Credentials, error) {
	given, err := d.CredentialsProvider.Retrieve(ctx)
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		if secret, unread := d.token.GetIdentityToken(); unread == nil && len(secret) > 0 && strings.Contains(err.Error(), string(secret)) {
			return given, &maskedError{answer, err, string(secret)}
		}
	}
	return given, err
}

// maskedError is an error of AWS whose text is shown without a secret.
type maskedError struct {
	smithy.APIError

	whole  error
	secret string
}

func (e *maskedError) ErrorMessage() string { return e.masked(e.APIError.ErrorMessage()) }

func (e *maskedError) Error() string { return e.masked(e.whole.Error()) }

func (e *maskedError) Unwrap() error { return e.whole }

func (e *maskedError) masked(text string) string { return strings.ReplaceAll(text, e.secret, "***") }

// guard checks once per connection that the credentials work and belong to an
// account that is allowed.
func (c *Connection) guard(ctx context.Context, cfg aws.Config) error {
	limited := len(c.config.AllowedAccountIDs) > 0 || len(c.config.ForbiddenAccountIDs) > 0
	if c.guarded || c.config.SkipCredentialsValidation && !limited {
		return nil
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return noCredentials(err)
	}
	identity, err := c.sts(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return &ConfigError{
			"", "Unable to validate the AWS credentials",
			"AWS was asked whose credentials these are (sts:GetCallerIdentity) and did not say. Where STS can't be reached, set `skip_credentials_validation = true`.\n\n" + Explain(err),
		}
	}
	account := aws.ToString(identity.Account)
	if len(c.config.AllowedAccountIDs) > 0 && !slices.Contains(c.config.AllowedAccountIDs, account) {
		return &ConfigError{"allowed_account_ids", "Invalid AWS account", fmt.Sprintf("The credentials belong to account %s, which `allowed_account_ids` does not list. Nothing was read or changed.", account)}
	}
	if slices.Contains(c.config.ForbiddenAccountIDs, account) {
		return &ConfigError{"forbidden_account_ids", "Invalid AWS account", fmt.Sprintf("The credentials belong to account %s, which `forbidden_account_ids` lists. Nothing was read or changed.", account)}
	}
	c.guarded, c.caller = true, aws.ToString(identity.Arn)
	return nil
}

// noCredentials tells credentials that are not there from those that AWS does
// not give out, as for a role that does not trust the caller.
func noCredentials(err error) *ConfigError {
	operation, ok := errors.AsType[*smithy.OperationError](err)
	if !ok || operation.ServiceID == "ec2imds" { // The instance is asked last, when nothing else has credentials.
		return &ConfigError{
			"", "Missing AWS credentials",
			"No AWS credentials were found. Set them in the provider block, in the environment (AWS_ACCESS_KEY_ID, AWS_PROFILE, …) or in the shared configuration files, as for hashicorp/aws.\n\n" + Explain(err),
		}
	}
	attribute := map[string]string{"AssumeRole": "assume_role", "AssumeRoleWithWebIdentity": "assume_role_with_web_identity"}[operation.OperationName]
	return &ConfigError{
		attribute, "Unable to obtain AWS credentials",
		"The credentials come from " + operation.ServiceID + " (" + operation.OperationName + "), which did not give them out. For a role, check its ARN, its trust policy and the credentials that it is assumed with.\n\n" + Explain(err),
	}
}

// retryer retries what a later try can mend. A host that refuses connections,
// does not exist or is not trusted, and a quota of Secrets Manager that is used up
// (LimitExceededException, which the SDK takes for throttling), are reported at
// once.
func (c *Connection) retryer() aws.Retryer {
	attempts := c.config.MaxRetries + 1
	if c.config.MaxRetries == 0 {
		attempts = 26
	}
	standard := func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if Unreachable(err) || Code(err) == "LimitExceededException" {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	}
	if c.config.RetryMode == aws.RetryModeAdaptive {
		return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			o.StandardOptions = append(o.StandardOptions, standard)
		})
	}
	return retry.NewStandard(standard)
}

func (c *Connection) httpClient() (*awshttp.BuildableClient, error) {
	proxies := httpproxy.FromEnvironment()
	for _, p := range []struct {
		attribute, value string
		into             *string
	}{{"http_proxy", c.config.HTTPProxy, &proxies.HTTPProxy}, {"https_proxy", c.config.HTTPSProxy, &proxies.HTTPSProxy}} {
		if p.value == "" {
			continue
		}
		if u, err := url.Parse(p.value); err != nil || u.Host == "" {
			return nil, &ConfigError{p.attribute, "Invalid proxy URL", "`" + p.attribute + "` must be a URL such as http://proxy.example.com:3128."}
		}
		*p.into = p.value
	}
	if c.config.NoProxy != "" {
		proxies.NoProxy = c.config.NoProxy
	}
	choose := proxies.ProxyFunc()
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.Proxy = func(r *http.Request) (*url.URL, error) { return choose(r.URL) }
		if c.config.Insecure {
			if t.TLSClientConfig == nil {
				t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
			}
			t.TLSClientConfig.InsecureSkipVerify = true
		}
	}), nil
}
