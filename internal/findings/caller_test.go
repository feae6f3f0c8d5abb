package findings

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

func TestCallerInvokes(t *testing.T) {
	t.Parallel()
	const (
		function = "arn:aws:lambda:eu-central-1:123456789012:function:rotate"
		role     = "arn:aws:iam::123456789012:role/ci/deploy"
		session  = "arn:aws:sts::123456789012:assumed-role/deploy/run"
		fails    = "error caller-cannot-invoke"
	)
	allows := func(principal, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"lambda:InvokeFunction","Resource":"` + function + `"` + condition + `}]}`
	}
	tests := map[string]struct {
		caller Caller
		policy string
		want   []string
		text   string
	}{
		"allowed":                           {caller: Caller{Decision: "allowed"}},
		"not allowed":                       {caller: Caller{Decision: "implicitDeny"}, want: []string{fails}, text: "(" + session + ")"},
		"allowed by the function":           {caller: Caller{Decision: "implicitDeny"}, policy: allows(role, "")},
		"session allowed by the function":   {caller: Caller{Decision: "implicitDeny"}, policy: allows(session, "")},
		"another one is allowed":            {caller: Caller{Decision: "implicitDeny"}, policy: allows("arn:aws:iam::123456789012:role/other", ""), want: []string{fails}},
		"account is left to its policies":   {caller: Caller{Decision: "implicitDeny"}, policy: allows("123456789012", ""), want: []string{fails}},
		"allowed from somewhere":            {caller: Caller{Decision: "implicitDeny"}, policy: allows(role, `,"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`)},
		"denied":                            {caller: Caller{Decision: "explicitDeny"}, policy: allows(role, ""), want: []string{fails}, text: "Except the function"},
		"not to be simulated":               {caller: Caller{Unseen: []string{"iam:SimulatePrincipalPolicy"}}, want: []string{"info caller-cannot-invoke"}, text: "`iam:SimulatePrincipalPolicy`"},
		"role not to be seen":               {caller: Caller{PrincipalARN: "-", Unseen: []string{"iam:GetRole"}}, want: []string{"info caller-cannot-invoke"}, text: "`iam:GetRole`"},
		"hangs on the request":              {},
		"not known whose credentials":       {caller: Caller{ARN: "-", PrincipalARN: "-"}},
		"of another account, whatever else": {caller: Caller{PrincipalARN: "arn:aws:iam::210987654321:role/deploy", Decision: "implicitDeny"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := test.caller
			for text, otherwise := range map[*string]string{&c.ARN: session, &c.PrincipalARN: role} {
				switch *text {
				case "":
					*text = otherwise
				case "-":
					*text = ""
				}
			}
			policy := iampolicy.Document{}
			if test.policy != "" {
				var err error
				if policy, err = iampolicy.Parse(test.policy); err != nil {
					t.Fatal(err)
				}
			}
			found := CallerInvokes(c, function, policy)
			checkWording(t, found)
			if diff := cmp.Diff(test.want, codesOf(found)); diff != "" {
				t.Error(diff)
			}
			if test.text != "" && !strings.Contains(found[0].Detail+" "+found[0].Remedy, test.text) {
				t.Errorf("%q is not in %+v", test.text, found[0])
			}
		})
	}
}
