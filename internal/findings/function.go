package findings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// Function is what is known of a rotation function.
type Function struct {
	ARN string
	// State and LastUpdateStatus are as Lambda calls them, "Active" and "Successful" if all is well; empty if not known. The reasons are
	// Lambda's own sentences on them.
	// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html.
	State, StateReason                 string
	LastUpdateStatus, LastUpdateReason string
	Timeout                            time.Duration // 0 if not known
	ReservedConcurrency                *int          // nil if none is reserved, or not known
	Runtime                            string        // "python3.12"; empty for a container image
	Description                        string
	// Unseen are the actions, such as "lambda:GetFunctionConcurrency", that these credentials lack to know more.
	Unseen []string
}

const (
	// usualTimeout is that of the functions that AWS deploys.
	usualTimeout = 30 * time.Second
	// defaultTimeout is Lambda's own.
	defaultTimeout = 3 * time.Second
	// db2Pause is for how long the function of Db2 waits in setSecret, after it has set the password.
	db2Pause = 10 * time.Second
	// leastConcurrency is what AWS documents.
	leastConcurrency = 10
)

// FunctionUsable checks a rotation function of a type, nil if that is not known: its state, timeout, concurrency and runtime, and
// whether it is the function of another type.
func FunctionUsable(t *catalog.RotationType, f Function) []Finding {
	all := f.states()
	all = append(all, f.timeout(t)...)
	all = append(all, f.concurrency()...)
	if published(t) {
		all = append(all, f.runtime(t)...)
		all = append(all, f.otherType(t)...)
	}
	for i := range all {
		all[i].Argument = FunctionArgument
	}
	return all
}

// FunctionMissing returns the finding for a function that does not exist. Unqualified says that the function does, without the alias or
// version of the ARN.
func FunctionMissing(functionARN string, unqualified bool) Finding {
	detail, remedy := fmt.Sprintf("There is no function %s.", functionARN), "Check the name, the Region and the account in the ARN."
	if a, err := arn.ParseFunction(functionARN); err == nil && unqualified && a.Qualifier != "" {
		detail = fmt.Sprintf("The function %s has no alias or version %q.", a.Unqualified(), a.Qualifier)
		remedy = "Publish it, or give the function's ARN without it."
	}
	f := New(FunctionNotFound, Error, detail, remedy)
	f.Argument = FunctionArgument
	return f
}

// published reports whether a type is the contract of one of AWS's functions, and not of one's own.
func published(t *catalog.RotationType) bool {
	return t != nil && t.Strategy != catalog.CustomStrategy
}

func (f Function) states() []Finding {
	var all []Finding
	add := func(severity Severity, detail, reason, remedy string) {
		detail = fmt.Sprintf(detail, f.ARN)
		if reason != "" {
			detail += " Lambda says: " + strings.TrimSuffix(reason, ".") + "."
		}
		all = append(all, New(FunctionNotActive, severity, detail, remedy))
	}
	const waits = "Wait until its state is Active, with `aws lambda wait function-active-v2` for example."
	switch f.State {
	case "", "Active":
	case "Failed":
		add(Error, "The function %s could not be set up, so that Lambda refuses to invoke it.", f.StateReason, "Correct what Lambda names as the reason, or deploy the function anew.")
	case "Pending":
		add(Warning, "The function %s is still being set up, and invocations fail until that is done.", f.StateReason, waits)
	case "Inactive":
		add(Warning, "The function %s has not been invoked for weeks, and Lambda has taken back what it runs on. The next invocation fails and brings it back.", f.StateReason,
			"Invoke it once, and rotate when its state is Active again. Secrets Manager also tries again by itself.")
	default:
		add(Warning, "The function %s is in the state "+f.State+", in which Lambda may refuse to invoke it.", f.StateReason, waits)
	}
	switch f.LastUpdateStatus {
	case "InProgress":
		add(Warning, "The function %s is being updated. Until that is done, it runs with the code and configuration from before.", f.LastUpdateReason,
			"Wait until the update is done, with `aws lambda wait function-updated-v2` for example.")
	case "Failed":
		add(Warning, "The last update of the function %s failed. It still runs with the code and configuration from before.", f.LastUpdateReason,
			"Correct what Lambda names as the reason, and update the function again.")
	}
	return all
}

func (f Function) timeout(t *catalog.RotationType) []Finding {
	const set = "Set its timeout to %s."
	switch {
	case f.Timeout == 0:
	case t != nil && t.Name == "Db2SingleUser" && f.Timeout <= db2Pause:
		return []Finding{New(FunctionTimeoutShort, Error,
			fmt.Sprintf("The function's timeout is %s. That of %s waits for %s after it has set the password, so that setSecret never gets to its end.", duration(f.Timeout), t.Name, duration(db2Pause)),
			fmt.Sprintf(set, duration(usualTimeout)))}
	case published(t) && f.Timeout < max(t.MinTimeout, usualTimeout):
		least, why := usualTimeout, fmt.Sprintf("the functions that AWS deploys have %s, since a login that gets no answer takes five", duration(usualTimeout))
		if t.MinTimeout > least {
			least, why = t.MinTimeout, fmt.Sprintf("AWS asks for %s or more for %s, which waits until a change of the user is done", duration(t.MinTimeout), t.Name)
		}
		return []Finding{New(FunctionTimeoutShort, Warning, fmt.Sprintf("The function's timeout is %s; %s.", duration(f.Timeout), why), fmt.Sprintf(set, duration(least)+" or more"))}
	case f.Timeout <= defaultTimeout:
		return []Finding{New(FunctionTimeoutShort, Warning,
			fmt.Sprintf("The function's timeout is %s; Lambda's default is %s. A rotation function has to start, ask Secrets Manager several times and log into something in that time.", duration(f.Timeout), duration(defaultTimeout)),
			fmt.Sprintf("Set its timeout to %s, as the functions that AWS deploys have it, unless yours needs less.", duration(usualTimeout)))}
	}
	return nil
}

// duration writes a timeout in words, in minutes if it is some.
func duration(d time.Duration) string {
	if d >= time.Minute && d%time.Minute == 0 {
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}

func (f Function) concurrency() []Finding {
	remedy := fmt.Sprintf("Reserve %d or more, or none at all.", leastConcurrency)
	switch n := f.ReservedConcurrency; {
	case n != nil && *n == 0:
		return []Finding{New(FunctionConcurrencyLow, Error, "The function's reserved concurrency is 0, so that Lambda refuses every invocation.", remedy)}
	case n != nil && *n < leastConcurrency:
		return []Finding{New(FunctionConcurrencyLow, Warning,
			fmt.Sprintf("The function's reserved concurrency is %d. AWS documents at least %d: with less, rotations that run at the same time are refused, and steps repeat without an end.", *n, leastConcurrency), remedy)}
	case slices.Contains(f.Unseen, "lambda:GetFunctionConcurrency"):
		return []Finding{NotSeen(FunctionConcurrencyLow, "The reserved concurrency of the function "+f.ARN, "lambda:GetFunctionConcurrency")}
	}
	return nil
}

// retired are the runtimes of Python that Lambda neither patches nor creates functions with any more. Those that there are still run.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html.
var retired = []string{"python2.7", "python3.6", "python3.7", "python3.8", "python3.9"}

func (f Function) runtime(t *catalog.RotationType) []Finding {
	switch {
	case f.Runtime == "" || strings.HasPrefix(f.Runtime, "provided"):
	case !strings.HasPrefix(f.Runtime, "python"):
		return []Finding{New(FunctionRuntime, Warning,
			fmt.Sprintf("The function's runtime is %s, and all functions of AWS are written in Python. So it is not the function of `%s`, although it may do the same.", f.Runtime, t.Name),
			"If it is one of your own, leave `rotation_type` out or set it to `Custom`, unless it keeps to the format of that type.")}
	case slices.Contains(retired, f.Runtime):
		return []Finding{New(FunctionRuntime, Warning,
			fmt.Sprintf("The function's runtime is %s, which Lambda has retired. The function still runs, without repairs, and if only its runtime is changed, it cannot load its code any more: the packages in it are for the old one.", f.Runtime),
			"Deploy the current version of the rotation function, and let the secret rotate with that.")}
	}
	return nil
}

// describedPattern is the description that the functions which AWS deploys for databases of RDS have. AWS does not document it; outputs
// of GetFunction that others have published show it. Whoever copies a function may have copied the description too, so that it only
// gives reason to doubt.
var describedPattern = regexp.MustCompile(`^Rotates a Secrets Manager secret for Amazon RDS (.+) credentials using the (single user|alternating users) rotation strategy`)

// describedEngines are the engines in such descriptions, in lower case.
var describedEngines = map[string]string{
	"mysql": "mysql", "mariadb": "mariadb", "postgresql": "postgres", "oracle": "oracle", "sql server": "sqlserver", "db2": "db2",
}

func (f Function) otherType(t *catalog.RotationType) []Finding {
	m := describedPattern.FindStringSubmatch(f.Description)
	if m == nil {
		return nil
	}
	engine, known := describedEngines[strings.ToLower(m[1])]
	strategy := catalog.SingleUser
	if m[2] == "alternating users" {
		strategy = catalog.AlternatingUsers
	}
	if !known || engine == t.Engine && strategy == t.Strategy {
		return nil
	}
	described := slices.IndexFunc(catalog.All(), func(other *catalog.RotationType) bool { return other.Engine == engine && other.Strategy == strategy })
	if described < 0 {
		return nil
	}
	return []Finding{New(FunctionTypeMismatch, Warning,
		fmt.Sprintf("By its description the function is AWS's for %s credentials with the %s strategy, `%s`, and `rotation_type` is `%s`.", m[1], m[2], catalog.All()[described].Name, t.Name),
		"Correct `rotation_type`, or use the function of that type. If only the description is wrong, correct that.")}
}
