package rotators

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"
)

// Error is a function error: what AWS Lambda reports when a Python rotation function raises. It never holds a password.
type Error struct {
	// Type is the exception's class and Lambda's errorType, such as ValueError, KeyError or ClientError.
	Type string
	// Message is the exception as Python prints it and Lambda's errorMessage. The message of a KeyError is in quotes.
	Message string
}

// Error returns the exception as the last line of a Python traceback has it.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Type
	}
	return e.Type + ": " + e.Message
}

func newError(class, format string, args ...any) *Error {
	return &Error{Type: class, Message: fmt.Sprintf(format, args...)}
}

// keyError is Python's KeyError, which prints its argument as a literal.
func keyError(argument string) *Error {
	return &Error{Type: "KeyError", Message: pyQuote(argument)}
}

// pyQuote writes s as a Python string literal: single quotes, unless s contains those and no double ones.
func pyQuote(s string) string {
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	return quote + strings.NewReplacer(`\`, `\\`, quote, `\`+quote, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + quote
}

// callError turns an error of the SDK into the exception that botocore raises for the same call. Codes that the service model lists
// are classes of their own; all others, AccessDeniedException among them, are a plain ClientError.
func (in *invocation) callError(ctx context.Context, operation string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e // It has not come as far as the service.
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return newError("EndpointConnectionError", `Could not connect to the endpoint URL: "%s/"`, strings.TrimSuffix(in.endpoint, "/"))
	}
	class := api.ErrorCode()
	if _, unmodelled := errors.AsType[*smithy.GenericAPIError](err); unmodelled {
		class = "ClientError"
	}
	return newError(class, "An error occurred (%s) when calling the %s operation: %s", api.ErrorCode(), operation, api.ErrorMessage())
}

// isType tells whether err is a function error of the given class.
func isType(err error, class string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Type == class
}
