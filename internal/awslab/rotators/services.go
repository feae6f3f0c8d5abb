package rotators

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

// awsService is a service that functions ask besides Secrets Manager. It speaks the query protocol in a version, or JSON 1.1 with a
// target.
type awsService struct{ name, version, target string }

var (
	rdsService                = awsService{name: "rds", version: "2014-10-31"}
	redshiftService           = awsService{name: "redshift", version: "2012-12-01"}
	redshiftServerlessService = awsService{name: "redshift-serverless", target: "RedshiftServerless"}
	influxDBService           = awsService{name: "timestream-influxdb", target: "AmazonTimestreamInfluxDB"}
	elastiCacheService        = awsService{name: "elasticache", version: "2015-02-02"}
	directoryService          = awsService{name: "ds", target: "DirectoryService_20150416"}
)

var errNoEndpoint = errors.New("there is no endpoint")

// ask calls an operation in a Region: the input is url.Values for a service of the query protocol, and else a value for encoding/json.
// Nothing but the configured endpoint is asked, so that a function that has none is one without a way to the service. The error is
// botocore's.
func (in *invocation) ask(ctx context.Context, s awsService, region, operation string, input, output any) error {
	asked := *in
	public := "https://" + s.name + "." + region + ".amazonaws.com"
	asked.endpoint = cmp.Or(aws.ToString(in.env.Config.BaseEndpoint), public)
	if err := in.reach(ctx, public); err != nil {
		return err
	}
	if err := asked.send(ctx, s, region, operation, input, output); err != nil {
		return asked.callError(ctx, operation, err)
	}
	return nil
}

func (in *invocation) send(ctx context.Context, s awsService, region, operation string, input, output any) error {
	if in.env.Config.BaseEndpoint == nil || in.env.Config.Credentials == nil {
		return errNoEndpoint
	}
	var body []byte
	header := http.Header{}
	if form, ok := input.(url.Values); ok {
		form.Set("Action", operation)
		form.Set("Version", s.version)
		body = []byte(form.Encode())
		header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	} else {
		var err error
		if body, err = json.Marshal(input); err != nil {
			return err
		}
		header.Set("Content-Type", "application/x-amz-json-1.1")
		header.Set("X-Amz-Target", s.target+"."+operation)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, in.endpoint, strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	request.Header = header
	credentials, err := in.env.Config.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), s.name, region, now()); err != nil {
		return err
	}
	client := in.env.Config.HTTPClient
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return s.read(response.StatusCode, answer, output)
}

// read decodes an answer, or returns the error that it is.
func (s awsService) read(status int, answer []byte, output any) error {
	decode := json.Unmarshal
	if s.target == "" {
		decode = xml.Unmarshal
	}
	if status == http.StatusOK {
		return decode(answer, output)
	}
	var fault struct {
		Type    string `json:"__type" xml:"Error>Code"`
		Message string `json:"message" xml:"Error>Message"`
	}
	if err := decode(answer, &fault); err != nil {
		return err
	}
	return &smithy.GenericAPIError{Code: fault.Type, Message: fault.Message}
}
