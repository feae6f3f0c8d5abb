package findings

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// promised are the codes that users were told of, by case in the order of the documentation. None of them may go.
var promised = [][]Code{
	{"invoke-permission-missing", "invoke-permission-qualifier", "invoke-policy-full", "function-not-found", "function-other-region", "function-not-active", "caller-cannot-invoke", "rotation-already-configured"},
	{"superuser-required", "superuser-not-found", "superuser-not-readable", "superuser-format", "superuser-host-mismatch", "superuser-arn-mismatch", "superuser-rds-managed-access"},
	{"secret-no-value", "secret-not-json", "secret-key-missing", "secret-key-type", "secret-engine-mismatch", "secret-username-too-long", "secret-binary", "secret-previous-not-json"},
	{
		"network-no-path-secretsmanager", "network-endpoint-no-private-dns", "network-endpoint-security-group", "network-egress-blocked", "network-database-ingress", "network-no-path-rds",
		"network-endpoint-policy", "network-no-vpc", "function-timeout-short", "function-concurrency-low",
	},
	{"exclude-characters-too-few", "exclude-characters-impossible", "password-length-invalid"},
	{"role-secret-access", "role-random-password", "role-kms", "role-rds-describe", "role-vpc", "role-logs", "role-policy-full", "role-policy-name-taken", "role-not-assumable", "secret-policy-denies", "kms-key-unusable"},
	{"schedule-invalid", "schedule-window", "schedule-conflict", "rotation-overdue"},
	{
		"secret-not-found", "secret-deleted", "secret-replica", "secret-service-managed", "rotation-pending-stuck", "rotation-in-progress", "function-env-endpoint", "function-import-error",
		"function-not-implemented", "login-failed", "login-timeout", "tls-failed", "rotation-token-missing",
	},
}

func TestCases(t *testing.T) {
	t.Parallel()
	cases := Cases()
	if len(cases) != len(promised) {
		t.Fatalf("there are %d cases, want %d", len(cases), len(promised))
	}
	name := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	sentences := regexp.MustCompile(`^[A-Z` + "`" + `].*\.$`)
	summaries, times := map[string]Code{}, map[Code]int{}
	for i, c := range cases {
		if c.Title == "" || strings.HasSuffix(c.Title, ".") {
			t.Errorf("case %d has the title %q", i, c.Title)
		}
		for _, code := range promised[i] {
			if !slices.ContainsFunc(c.Entries, func(e Entry) bool { return e.Code == code }) {
				t.Errorf("the case %q lacks %s", c.Title, code)
			}
		}
		for _, e := range c.Entries {
			times[e.Code]++
			if !name.MatchString(string(e.Code)) {
				t.Errorf("%q is no name of a code", e.Code)
			}
			if e.Summary == "" || strings.HasSuffix(e.Summary, ".") || !strings.HasPrefix(e.Reference, "https://docs.aws.amazon.com/") {
				t.Errorf("%s has the summary %q and the reference %q", e.Code, e.Summary, e.Reference)
			}
			for _, text := range []string{e.About, e.Remedy} {
				if !sentences.MatchString(text) || strings.Count(text, "`")%2 != 0 || strings.Contains(text, "  ") {
					t.Errorf("%s: %q are no full sentences", e.Code, text)
				}
			}
			if other, taken := summaries[e.Summary]; taken {
				t.Errorf("%s and %s have the same summary", e.Code, other)
			}
			summaries[e.Summary] = e.Code
		}
	}
	for code, n := range times {
		if n > 1 {
			t.Errorf("%s is there %d times", code, n)
		}
	}
	if diff := cmp.Diff(len(times), len(Codes())); diff != "" || !slices.IsSorted(Codes()) {
		t.Errorf("Codes() are not those of the cases: %s", diff)
	}
}
