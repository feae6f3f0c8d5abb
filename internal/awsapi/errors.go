package awsapi

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"syscall"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// Code is the AWS error code in an error, such as AccessDeniedException, or
// empty when AWS has not answered with an error. Many codes have no type in the
// SDK's model, AccessDeniedException of Secrets Manager among them.
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// Message is the AWS error message in an error, or empty.
func Message(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return ""
}

// Is reports whether AWS answered with one of these codes.
func Is(err error, codes ...string) bool {
	return err != nil && slices.Contains(codes, Code(err))
}

// IsNotFound reports whether AWS says that the secret, version, function,
// policy or role does not exist.
func IsNotFound(err error) bool {
	return Is(err, "ResourceNotFoundException", "NoSuchEntity", "NoSuchEntityException")
}

// IsAccessDenied reports whether AWS refuses the caller.
func IsAccessDenied(err error) bool {
	return Is(err, "AccessDeniedException", "AccessDenied", "UnauthorizedOperation")
}

// Answered reports whether AWS answered the call with an error of its own
// making, so that the call certainly had no effect. A lost connection or a
// server fault leaves that open.
func Answered(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorFault() != smithy.FaultServer && !Is(err, "InternalServiceError", "InternalFailure", "ServiceException", "ServiceUnavailable")
}

// Unreachable reports whether the endpoint refuses connections, has no address
// or shows a certificate that is not trusted: trying again does not help.
func Unreachable(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return true
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// Explain renders an error for a diagnostic: "AWS error: CODE: MESSAGE
// (request id …)". Without an answer of AWS it is the error's own text.
func Explain(err error) string {
	var b strings.Builder
	b.WriteString("AWS error: ")
	if code := Code(err); code != "" {
		b.WriteString(code + ": " + Message(err))
	} else {
		b.WriteString(err.Error())
	}
	if response, ok := errors.AsType[*awshttp.ResponseError](err); ok && response.ServiceRequestID() != "" {
		b.WriteString(" (request id " + response.ServiceRequestID() + ")")
	}
	return b.String()
}
