package findings

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// checkWording reports findings that are not of the table or not made of sentences.
func checkWording(t *testing.T, found []Finding, planted ...string) {
	t.Helper()
	for _, f := range found {
		text := f.Detail + " " + f.Remedy
		for _, bad := range append([]string{"  ", "%!", "..", " .", " ,", "``"}, planted...) {
			if strings.Contains(text, bad) {
				t.Errorf("%q is in: %s", bad, text)
			}
		}
		if entry, known := codes[f.Code]; !known || f.Summary != New(f.Code, f.Severity, "", "").Summary || f.Reference != entry.Reference {
			t.Errorf("the finding %+v is not of the table", f)
		}
		if f.Detail == "" || !strings.HasSuffix(f.Detail, ".") || f.Remedy == "" {
			t.Errorf("the finding %+v is incomplete", f)
		}
		t.Logf("%s %s\n%s\n%s", f.Severity, f.Code, f.Detail, f.Remedy)
	}
}

// TestFunctionUsable logs what it finds, to be read aloud.
func TestFunctionUsable(t *testing.T) {
	t.Parallel()
	const (
		multi   = "PostgreSQLMultiUser"
		state   = "function-not-active"
		slow    = "function-timeout-short"
		narrow  = "function-concurrency-low"
		mariaDB = "Rotates a Secrets Manager secret for Amazon RDS MariaDB credentials using the alternating users rotation strategy."
	)
	type change func(*Function)
	timeout := func(d time.Duration) change { return func(f *Function) { f.Timeout = d } }
	reserved := func(n int) change { return func(f *Function) { f.ReservedConcurrency = &n } }
	runtime := func(name string) change { return func(f *Function) { f.Runtime = name } }
	description := func(text string) change { return func(f *Function) { f.Description = text } }
	tests := map[string]struct {
		rotationType string // empty for one that is not known
		change       change
		want         []string
		text         string
	}{
		"well":                   {multi, func(*Function) {}, nil, ""},
		"well, of no known type": {"", func(*Function) {}, nil, ""},
		"nothing known":          {multi, func(f *Function) { *f = Function{ARN: rotator} }, nil, ""},

		"failed":             {multi, func(f *Function) { f.State, f.StateReason = "Failed", "The role is gone." }, []string{"error " + state}, "so that Lambda refuses to invoke it. Lambda says: The role is gone."},
		"being set up":       {"", func(f *Function) { f.State = "Pending" }, []string{"warning " + state}, "still being set up"},
		"idle":               {"", func(f *Function) { f.State = "Inactive" }, []string{"warning " + state}, "has not been invoked for weeks"},
		"in another state":   {"", func(f *Function) { f.State = "Deactivating" }, []string{"warning " + state}, "in the state Deactivating"},
		"being updated":      {"", func(f *Function) { f.LastUpdateStatus = "InProgress" }, []string{"warning " + state}, "from before"},
		"not updated":        {"", func(f *Function) { f.LastUpdateStatus, f.LastUpdateReason = "Failed", "No subnet" }, []string{"warning " + state}, "Lambda says: No subnet."},
		"failed and updated": {"", func(f *Function) { f.State, f.LastUpdateStatus = "Failed", "Failed" }, []string{"error " + state, "warning " + state}, ""},

		"default timeout":                    {multi, timeout(3 * time.Second), []string{"warning " + slow}, "timeout is 3 seconds; the functions that AWS deploys have 30"},
		"almost the usual timeout":           {multi, timeout(29 * time.Second), []string{"warning " + slow}, "30 seconds or more."},
		"usual timeout":                      {multi, timeout(30 * time.Second), nil, ""},
		"default timeout, of one's own":      {"Custom", timeout(3 * time.Second), []string{"warning " + slow}, "Lambda's default"},
		"default timeout, of no known type":  {"", timeout(3 * time.Second), []string{"warning " + slow}, ""},
		"short timeout, of one's own":        {"Custom", timeout(4 * time.Second), nil, ""},
		"timeout within the pause of Db2":    {"Db2SingleUser", timeout(10 * time.Second), []string{"error " + slow}, "never gets to its end"},
		"timeout beyond the pause of Db2":    {"Db2SingleUser", timeout(11 * time.Second), []string{"warning " + slow}, ""},
		"timeout of Db2 without the pause":   {"Db2MultiUser", timeout(10 * time.Second), []string{"warning " + slow}, ""},
		"usual timeout for ElastiCache":      {"ElastiCacheUser", timeout(30 * time.Second), []string{"warning " + slow}, "AWS asks for 12 minutes or more for ElastiCacheUser"},
		"timeout for ElastiCache":            {"ElastiCacheUser", timeout(12 * time.Minute), nil, ""},
		"almost the timeout for ElastiCache": {"ElastiCacheUser", timeout(719 * time.Second), []string{"warning " + slow}, "timeout is 719 seconds"},

		"no concurrency":        {multi, reserved(0), []string{"error " + narrow}, "refuses every invocation"},
		"little concurrency":    {"", reserved(1), []string{"warning " + narrow}, "concurrency is 1. AWS documents at least 10"},
		"almost enough":         {"", reserved(9), []string{"warning " + narrow}, ""},
		"enough concurrency":    {multi, reserved(10), nil, ""},
		"concurrency not seen":  {"", func(f *Function) { f.Unseen = []string{"lambda:GetFunctionConcurrency"} }, []string{"info " + narrow}, "these credentials lack `lambda:GetFunctionConcurrency`."},
		"other things not seen": {"", func(f *Function) { f.Unseen = []string{"lambda:GetPolicy"} }, nil, ""},

		"Node.js":                  {multi, runtime("nodejs22.x"), []string{"warning function-runtime"}, "written in Python"},
		"Node.js, of one's own":    {"Custom", runtime("nodejs22.x"), nil, ""},
		"Node.js, of unknown type": {"", runtime("nodejs22.x"), nil, ""},
		"retired":                  {multi, runtime("python3.7"), []string{"warning function-runtime"}, "which Lambda has retired"},
		"retired, of one's own":    {"Custom", runtime("python3.7"), nil, ""},
		"container image":          {multi, runtime(""), nil, ""},
		"own runtime":              {multi, runtime("provided.al2023"), nil, ""},
		"runtime to come":          {multi, runtime("python3.15"), nil, ""},

		"of another engine":         {"MySQLMultiUser", description(mariaDB), []string{"warning function-type-mismatch"}, "`MariaDBMultiUser`, and `rotation_type` is `MySQLMultiUser`."},
		"of another strategy":       {"MariaDBSingleUser", description(mariaDB), []string{"warning function-type-mismatch"}, ""},
		"of the type":               {"MariaDBMultiUser", description(mariaDB), nil, ""},
		"of the type, in two words": {"SQLServerSingleUser", description("Rotates a Secrets Manager secret for Amazon RDS SQL Server credentials using the single user rotation strategy."), nil, ""},
		"of an unknown engine":      {multi, description("Rotates a Secrets Manager secret for Amazon RDS Other credentials using the single user rotation strategy."), nil, ""},
		"with another description":  {multi, description("Rotates MariaDB"), nil, ""},
		"of one's own, described":   {"Custom", description(mariaDB), nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := Function{ARN: rotator, State: "Active", LastUpdateStatus: "Successful", Timeout: usualTimeout, Runtime: "python3.12"}
			test.change(&f)
			var found []Finding
			if test.rotationType == "" {
				found = FunctionUsable(nil, f)
			} else {
				found = FunctionUsable(lookup(t, test.rotationType), f)
			}
			checkWording(t, found)
			if diff := cmp.Diff(test.want, codesOf(found)); diff != "" {
				t.Error(diff)
			}
			for _, f := range found {
				if f.Argument != FunctionArgument {
					t.Errorf("the argument is %q", f.Argument)
				}
			}
			if test.text != "" && (len(found) == 0 || !strings.Contains(found[0].Detail+" "+found[0].Remedy, test.text)) {
				t.Errorf("%q is not in the first finding", test.text)
			}
		})
	}
}

func TestFunctionMissing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		arn         string
		unqualified bool
		want        string
	}{
		{rotator, false, "There is no function " + rotator + "."},
		{rotator, true, "There is no function " + rotator + "."},
		{rotator + ":live", false, "There is no function " + rotator + ":live."},
		{rotator + ":live", true, "The function " + rotator + ` has no alias or version "live".`},
	}
	for _, test := range tests {
		f := FunctionMissing(test.arn, test.unqualified)
		checkWording(t, []Finding{f})
		if f.Code != FunctionNotFound || f.Detail != test.want {
			t.Errorf("%s, %v: %s", test.arn, test.unqualified, f.Detail)
		}
	}
}
