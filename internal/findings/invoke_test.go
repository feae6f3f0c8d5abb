package findings

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// TestInvocable logs what it finds, to be read aloud: go test -v -run TestInvocable.
func TestInvocable(t *testing.T) {
	t.Parallel()
	const (
		live      = rotator + ":live"
		missing   = "error invoke-permission-missing"
		open      = "info invoke-permission-missing"
		ofService = `"Effect":"Allow","Principal":{"Service":"secretsmanager.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"`
		here      = ofService + rotator + `"`
		denied    = `"Effect":"Deny","Principal":"*","Action":"lambda:*","Resource":"*"`
	)
	tests := map[string]struct {
		function, secret string // empty for the usual ones
		policy           []string
		unqualified      []string
		want             []string
		text             string
	}{
		"no statement":            {want: []string{missing}, text: "`source_account = \"123456789012\"`"},
		"for anything":            {policy: []string{here}},
		"for the account":         {policy: []string{here + when("StringEquals", "AWS:SourceAccount", "123456789012")}},
		"for the secret":          {policy: []string{here + when("ArnLike", "AWS:SourceArn", orders)}},
		"for secrets by pattern":  {policy: []string{here + when("ArnLike", "aws:sourceArn", "arn:aws:secretsmanager:*:123456789012:secret:orders*")}},
		"by an action pattern":    {policy: []string{strings.Replace(here, "InvokeFunction", "Invoke*", 1)}},
		"for everybody":           {policy: []string{`"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"`}},
		"for another account":     {policy: []string{here + when("StringEquals", "AWS:SourceAccount", "210987654321")}, want: []string{missing}, text: "One would, but for its condition `StringEquals AWS:SourceAccount 210987654321`."},
		"for another secret":      {policy: []string{here + `,"Condition":{"StringEquals":{"AWS:SourceAccount":"123456789012"},"ArnLike":{"AWS:SourceArn":"` + admin + `"}}`}, want: []string{missing}, text: "condition `ArnLike AWS:SourceArn " + admin + "`."},
		"for other secrets":       {policy: []string{here + when("ArnLike", "AWS:SourceArn", admin), here + when("ArnLike", "AWS:SourceArn", keytab)}, want: []string{missing}, text: admin + "` or `ArnLike AWS:SourceArn " + keytab},
		"pattern past the colon":  {policy: []string{here + when("ArnLike", "AWS:SourceArn", "arn:aws:secretsmanager:*:secret:orders*")}, want: []string{missing}},
		"pattern in StringEquals": {policy: []string{here + when("StringEquals", "AWS:SourceArn", "arn:aws:secretsmanager:*:*:secret:*")}, want: []string{missing}},
		"for another service":     {policy: []string{strings.Replace(here, "secretsmanager", "events", 1)}, want: []string{missing}},
		"for an account's root":   {policy: []string{strings.Replace(here, `"Service":"secretsmanager.amazonaws.com"`, `"AWS":"123456789012"`, 1)}, want: []string{missing}},
		"another action":          {policy: []string{strings.Replace(here, "InvokeFunction", "GetFunction", 1)}, want: []string{missing}},
		"another function":        {policy: []string{ofService + rotator + `-2"`}, want: []string{missing}},
		"organization":            {policy: []string{here + when("StringEquals", "aws:SourceOrgID", "o-1")}, want: []string{open}, text: "cannot be determined"},
		"organization beside":     {policy: []string{here + when("StringEquals", "aws:SourceOrgID", "o-1"), here + when("StringEquals", "AWS:SourceAccount", "123456789012")}},
		"organization and secret": {policy: []string{here + `,"Condition":{"StringEquals":{"aws:SourceOrgID":"o-1"},"ArnLike":{"AWS:SourceArn":"` + admin + `"}}`}, want: []string{missing}, text: "its condition `ArnLike AWS:SourceArn " + admin + "`."},
		"organization denied":     {policy: []string{here, denied + when("StringNotEquals", "aws:SourceOrgID", "o-1")}, want: []string{open}},
		"function URL":            {policy: []string{`"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"` + rotator + `"` + when("Bool", "lambda:InvokedViaFunctionUrl", "true")}, want: []string{missing}},
		"denied":                  {policy: []string{here, denied}, want: []string{missing}, text: "forbids Secrets Manager to invoke it"},
		"denied to others":        {policy: []string{here, denied + when("StringNotEquals", "aws:SourceAccount", "123456789012")}},
		"nothing and denied":      {policy: []string{denied}, want: []string{missing}, text: "Remove that statement"},

		"alias":                    {function: live, policy: []string{ofService + live + `"`}},
		"alias without":            {function: live, want: []string{missing}, text: "`qualifier = \"live\"`."},
		"alias, only the function": {function: live, unqualified: []string{here}, want: []string{"error invoke-permission-qualifier"}, text: "Secrets Manager may invoke " + rotator + ", but the secret rotates with " + live},
		"alias, function for another secret": {
			function: live, unqualified: []string{here + when("ArnLike", "AWS:SourceArn", admin)}, want: []string{missing},
		},
		"alias denied": {function: live, policy: []string{denied}, unqualified: []string{here}, want: []string{missing}, text: "forbids"},
		"alias open":   {function: live, policy: []string{ofService + live + `"` + when("StringEquals", "aws:SourceOrgID", "o-1")}, unqualified: []string{here}, want: []string{open}},

		"secret of another account":          {secret: elsewhere(orders), policy: []string{here + when("StringEquals", "AWS:SourceAccount", "123456789012")}, want: []string{missing}, text: "`source_account = \"210987654321\"`"},
		"for the account of another account": {secret: elsewhere(orders), policy: []string{here + when("StringEquals", "AWS:SourceAccount", "210987654321")}},
		"not a function":                     {function: "rotate"},
		"not a secret":                       {secret: "orders"},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			function, secret := rotator, orders
			if test.function != "" {
				function = test.function
			}
			if test.secret != "" {
				secret = test.secret
			}
			found := Invocable(function, secret, statements(t, test.policy...), statements(t, test.unqualified...))
			if diff := cmp.Diff(test.want, codesOf(found)); diff != "" {
				t.Error(diff)
			}
			for _, f := range found {
				text := f.Detail + " " + f.Remedy
				t.Logf("%s %s\n%s\n%s", f.Severity, f.Code, f.Detail, f.Remedy)
				if !strings.Contains(f.Detail, function) || !strings.HasSuffix(f.Detail, ".") || !strings.HasSuffix(f.Remedy, ".") ||
					strings.Contains(text, "NoisySid") || strings.Contains(text, "  ") || strings.Contains(text, "..") || !strings.Contains(text, test.text) {
					t.Errorf("the finding %+v is not as it should be", f)
				}
			}
		})
	}
}

// TestInvocableAfterPermission: whatever permission rotation writes is enough, and for no function or secret but those that it is for.
func TestInvocableAfterPermission(t *testing.T) {
	t.Parallel()
	document := func(in iampolicy.InvokePermissionInput) iampolicy.Document {
		return iampolicy.Document{Version: iampolicy.Version, Statements: []iampolicy.Statement{iampolicy.InvokePermission(in)}}
	}
	for _, function := range []string{rotator, rotator + ":live", rotator + ":7", rotator + ":$LATEST"} {
		for _, secret := range []string{"", orders} {
			policy := document(iampolicy.InvokePermissionInput{StatementID: "s", FunctionARN: function, SecretARN: secret})
			if found := Invocable(function, orders, policy, iampolicy.Document{}); len(found) > 0 {
				t.Errorf("%s, for %q: %+v", function, secret, found)
			}
			if found := Invocable(function, admin, policy, iampolicy.Document{}); HasErrors(found) != (secret != "") {
				t.Errorf("%s, for %q, another secret: %+v", function, secret, found)
			}
			if found := Invocable(function+"x", orders, policy, policy); !HasErrors(found) && !strings.HasSuffix(function, "$LATEST") {
				t.Errorf("%s, for %q, another function: %+v", function, secret, found)
			}
		}
	}
}

func TestSuperuserElsewhere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		key, role string
		want      []string
	}{
		"key":      {elsewhere(adminKey), executionRole, []string{"The policy of its key " + elsewhere(adminKey) + " has to", executionRole}},
		"no key":   {"", executionRole, []string{"customer managed key"}},
		"no role":  {"", "", []string{"the execution role of the function"}},
		"only key": {elsewhere(adminKey), "", []string{elsewhere(adminKey)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := SuperuserElsewhere(elsewhere(admin), test.key, test.role)
			t.Logf("%s\n%s", f.Detail, f.Remedy)
			checkFindings(t, []Finding{f})
			if f.Code != SuperuserOtherAccount || f.Severity != Warning || f.Argument != SuperuserArgument {
				t.Errorf("the finding is %+v", f)
			}
			for _, part := range append(test.want, elsewhere(admin)) {
				if !strings.Contains(f.Detail+f.Remedy, part) {
					t.Errorf("%q is not in %s %s", part, f.Detail, f.Remedy)
				}
			}
		})
	}
}
