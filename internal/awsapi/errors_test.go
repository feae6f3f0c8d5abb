package awsapi_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

func TestErrorPredicates(t *testing.T) {
	t.Parallel()
	api := func(code string, fault smithy.ErrorFault) error {
		return &smithy.GenericAPIError{Code: code, Message: "why", Fault: fault}
	}
	for name, test := range map[string]struct {
		err                                     error
		code                                    string
		notFound, denied, answered, unreachable bool
	}{
		"nil":                   {},
		"secret not found":      {err: &types.ResourceNotFoundException{}, code: "ResourceNotFoundException", notFound: true, answered: true},
		"role not found":        {err: api("NoSuchEntity", smithy.FaultClient), code: "NoSuchEntity", notFound: true, answered: true},
		"wrapped":               {err: fmt.Errorf("read: %w", api("NoSuchEntityException", smithy.FaultClient)), code: "NoSuchEntityException", notFound: true, answered: true},
		"denied":                {err: api("AccessDeniedException", smithy.FaultClient), code: "AccessDeniedException", denied: true, answered: true},
		"denied by IAM":         {err: api("AccessDenied", smithy.FaultClient), code: "AccessDenied", denied: true, answered: true},
		"unknown fault":         {err: api("ValidationException", smithy.FaultUnknown), code: "ValidationException", answered: true},
		"server fault":          {err: api("Whatever", smithy.FaultServer), code: "Whatever"},
		"internal":              {err: &types.InternalServiceError{}, code: "InternalServiceError"},
		"internal, no fault":    {err: api("ServiceException", smithy.FaultUnknown), code: "ServiceException"},
		"refused connection":    {err: fmt.Errorf("post: %w", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), unreachable: true},
		"foreign certificate":   {err: fmt.Errorf("post: %w", &tls.CertificateVerificationError{Err: errors.New("unknown authority")}), unreachable: true},
		"no such host":          {err: &net.DNSError{Err: "no such host", Name: "nowhere", IsNotFound: true}, unreachable: true},
		"name server is silent": {err: &net.DNSError{Err: "timeout", Name: "nowhere", IsTimeout: true}},
		"reset connection":      {err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for what, is := range map[string][2]bool{
				"IsNotFound":     {awsapi.IsNotFound(test.err), test.notFound},
				"IsAccessDenied": {awsapi.IsAccessDenied(test.err), test.denied},
				"Answered":       {awsapi.Answered(test.err), test.answered},
				"Unreachable":    {awsapi.Unreachable(test.err), test.unreachable},
				"Is":             {awsapi.Is(test.err, "Other", test.code), test.err != nil},
			} {
				if is[0] != is[1] {
					t.Errorf("%s = %t", what, is[0])
				}
			}
			if code := awsapi.Code(test.err); code != test.code {
				t.Errorf("Code = %q", code)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	cause := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User is not authorized."}
	answer := &awshttp.ResponseError{RequestID: "4711", ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusBadRequest}}, Err: cause,
	}}
	for want, err := range map[string]error{
		"AWS error: AccessDeniedException: User is not authorized.":                   cause,
		"AWS error: AccessDeniedException: User is not authorized. (request id 4711)": &smithy.OperationError{ServiceID: "Secrets Manager", OperationName: "RotateSecret", Err: answer},
		"AWS error: broken pipe": errors.New("broken pipe"),
	} {
		if got := awsapi.Explain(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
