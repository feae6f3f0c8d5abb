package awslab

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Call is one request as the call log keeps it: what was asked by whom and how
// it ended, never what it carried.
type Call struct {
	Time                       time.Time
	Service, Operation, Region string
	// Caller is the ARN of the principal, empty for unknown credentials.
	Caller string
	// Target is what the call was about: a secret, function or role.
	Target string
	// Detail holds the arguments that tests ask about and that are never
	// secret, such as RotateImmediately=false or Qualifier=live.
	Detail string
	// ErrorCode is empty for a good answer, "-" while the call runs.
	ErrorCode string
}

// String is the operation in the form secretsmanager:RotateSecret.
func (c Call) String() string { return c.Service + ":" + c.Operation }

// Writes reports whether the operation changes anything.
func (c Call) Writes() bool {
	for _, prefix := range []string{"Get", "Describe", "List", "Filter", "Lookup", "Simulate", "AssumeRole", "Encrypt", "Decrypt", "GenerateDataKey"} {
		if strings.HasPrefix(c.Operation, prefix) {
			return false
		}
	}
	return true
}

type recorder struct {
	mu    sync.Mutex
	calls []*Call
}

type entry struct {
	recorder *recorder
	call     *Call
}

func (e entry) copy() Call {
	e.recorder.mu.Lock()
	defer e.recorder.mu.Unlock()
	return *e.call
}

func (e entry) line() string {
	c := e.copy()
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", c.String(), c.Target, c.Detail, c.Caller, c.ErrorCode))
}

func (r *recorder) begin(now time.Time, c *call) entry {
	target, detail := describe(c)
	e := entry{r, &Call{
		Time: now, Service: c.service, Operation: c.operation, Region: c.region,
		Caller: c.caller.arn, Target: target, Detail: detail, ErrorCode: "-",
	}}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, e.call)
	return e
}

func (r *recorder) end(e entry, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.call.ErrorCode = ""
	if err != nil {
		e.call.ErrorCode = asAPIError(err).Code
	}
}

func (r *recorder) dropped(e entry, how string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.call.ErrorCode = how
}

// describe picks what the log may say of a call's arguments.
func describe(c *call) (target, detail string) {
	switch c.service {
	case "secretsmanager":
		var in struct {
			SecretID          string `json:"SecretId"`
			Name              string
			RotateImmediately *bool
			VersionStage      string
		}
		_ = c.decode(&in)
		if in.RotateImmediately != nil {
			detail = fmt.Sprintf("RotateImmediately=%t", *in.RotateImmediately)
		}
		if in.VersionStage != "" {
			detail = "VersionStage=" + in.VersionStage
		}
		return in.SecretID + in.Name, detail
	case "kms":
		var in struct {
			KeyID       string `json:"KeyId"`
			TargetKeyID string `json:"TargetKeyId"`
			AliasName   string
		}
		_ = c.decode(&in)
		return in.KeyID + in.AliasName, in.TargetKeyID
	case "logs":
		var in struct{ LogGroupName, LogGroupIdentifier, FilterPattern string }
		_ = c.decode(&in)
		return in.LogGroupName + in.LogGroupIdentifier, in.FilterPattern
	case "cloudtrail":
		var in lookupEventsInput
		_ = c.decode(&in)
		for _, a := range in.LookupAttributes {
			return a.AttributeKey + "=" + a.AttributeValue, in.NextToken
		}
	case "lambda":
		return c.http.PathValue("function"), c.http.URL.RawQuery
	case "iam":
		return cmp.Or(c.form.Get("RoleName")+c.form.Get("UserName"), c.form.Get("PolicyArn")), c.form.Get("PolicyName")
	case "sts":
		return c.form.Get("RoleArn"), ""
	case "rds", "redshift", "elasticache":
		return c.form.Get("DBInstanceIdentifier") + c.form.Get("DBClusterIdentifier") + c.form.Get("ClusterIdentifier") + c.form.Get("UserId"), ""
	case "ec2":
		return cmp.Or(c.form.Get("VpcId"), c.form.Get("RouteTableId"), c.form.Get("GroupId"), c.form.Get("SubnetId"), c.form.Get("VpcEndpointId"), c.form.Get("NetworkAclId"), c.form.Get("Filter.1.Value.1")), c.form.Get("Attribute")
	case "ds", "timestream-influxdb":
		var in struct {
			DirectoryID  string   `json:"DirectoryId"`
			DirectoryIDs []string `json:"DirectoryIds"`
			Identifier   string
		}
		_ = c.decode(&in)
		return in.DirectoryID + strings.Join(in.DirectoryIDs, ",") + in.Identifier, ""
	}
	return "", ""
}

// Calls returns the call log, oldest first, of the callers whose ARN contains
// every one of the given strings; none means all calls.
func (l *Lab) Calls(callers ...string) []Call {
	l.record.mu.Lock()
	defer l.record.mu.Unlock()
	var calls []Call
	for _, c := range l.record.calls {
		if !slices.ContainsFunc(callers, func(s string) bool { return !strings.Contains(c.Caller, s) }) {
			calls = append(calls, *c)
		}
	}
	return calls
}

// AdministratorCalls returns what the administrator's credentials asked for.
func (l *Lab) AdministratorCalls() []Call { return l.Calls(":user/administrator") }

// ForgetCalls empties the call log.
func (l *Lab) ForgetCalls() {
	l.record.mu.Lock()
	defer l.record.mu.Unlock()
	l.record.calls = nil
}
