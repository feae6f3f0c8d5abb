package awslab

import "net/http"

type concurrencyInput struct {
	ReservedConcurrentExecutions *int
}

// unreservedConcurrency is what must stay for functions without a reservation:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html.
const (
	accountConcurrency    = 1000
	unreservedConcurrency = 100
)

func putFunctionConcurrency(c *call, in *concurrencyInput) (any, error) {
	f, _, err := c.function("PutFunctionConcurrency", false, nil)
	switch {
	case err != nil:
		return nil, err
	case in.ReservedConcurrentExecutions == nil || *in.ReservedConcurrentExecutions < 0:
		return nil, lambdaModelError("reservedConcurrentExecutions", "null", "Member must have value greater than or equal to 0")
	}
	total := *in.ReservedConcurrentExecutions
	for _, other := range c.lab.lambda.functions {
		if other != f && other.arn.Region == f.arn.Region && other.reserved != nil {
			total += *other.reserved
		}
	}
	if total > accountConcurrency-unreservedConcurrency {
		return nil, lambdaInvalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].")
	}
	f.reserved = in.ReservedConcurrentExecutions
	return map[string]any{"ReservedConcurrentExecutions": *f.reserved}, nil
}

func getFunctionConcurrency(c *call) (any, error) {
	f, _, err := c.function("GetFunctionConcurrency", false, nil)
	if err != nil {
		return nil, err
	}
	if f.reserved == nil {
		return map[string]any{}, nil
	}
	return map[string]any{"ReservedConcurrentExecutions": *f.reserved}, nil
}

func deleteFunctionConcurrency(c *call) (any, error) {
	c.status = http.StatusNoContent
	f, _, err := c.function("DeleteFunctionConcurrency", false, nil)
	if err != nil {
		return nil, err
	}
	f.reserved = nil
	return nil, nil
}

// throttle refuses an invocation that has no place among the reserved ones:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
func (f *lambdaFunction) throttle() error {
	if f.reserved == nil || f.busy < *f.reserved {
		return nil
	}
	refusal := errorf("TooManyRequestsException", "Rate Exceeded.").withStatus(http.StatusTooManyRequests)
	refusal.Fields = map[string]any{"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"}
	return refusal
}
