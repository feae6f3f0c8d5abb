package arn

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseSecret(t *testing.T) {
	t.Parallel()
	tests := map[string]SecretARN{
		"arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-AbCdEf":              {"aws", "eu-central-1", "123456789012", "orders", "AbCdEf"},
		"arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:prod/db/app-user-123456":   {"aws-cn", "cn-north-1", "123456789012", "prod/db/app-user", "123456"},
		"arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:rds!db-0a1b-Zz09Aa": {"aws-us-gov", "us-gov-west-1", "123456789012", "rds!db-0a1b", "Zz09Aa"},
		"arn:aws-iso-b:secretsmanager:us-isob-east-1:123456789012:secret:a_b+c=d.e@f-abcdef": {"aws-iso-b", "us-isob-east-1", "123456789012", "a_b+c=d.e@f", "abcdef"},
	}
	for text, want := range tests {
		got, err := ParseSecret(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if got.String() != text {
			t.Errorf("String() = %q, want %q", got.String(), text)
		}
	}
}

func TestParseFunction(t *testing.T) {
	t.Parallel()
	tests := map[string]FunctionARN{
		"arn:aws:lambda:eu-central-1:123456789012:function:rotate":        {"aws", "eu-central-1", "123456789012", "rotate", ""},
		"arn:aws:lambda:us-east-1:123456789012:function:rotate_db-2:live": {"aws", "us-east-1", "123456789012", "rotate_db-2", "live"},
		"arn:aws:lambda:us-east-1:123456789012:function:rotate:7":         {"aws", "us-east-1", "123456789012", "rotate", "7"},
		"arn:aws:lambda:us-east-1:123456789012:function:rotate:$LATEST":   {"aws", "us-east-1", "123456789012", "rotate", "$LATEST"},
		"arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:rotate": {"aws-eusc", "eusc-de-east-1", "123456789012", "rotate", ""},
	}
	for text, want := range tests {
		got, err := ParseFunction(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if got.String() != text {
			t.Errorf("String() = %q, want %q", got.String(), text)
		}
		unqualified := got.Unqualified()
		if unqualified.Qualifier != "" || unqualified.Name != want.Name || !strings.HasPrefix(text, unqualified.String()) {
			t.Errorf("Unqualified() = %q for %q", unqualified, text)
		}
	}
}

func TestParseRole(t *testing.T) {
	t.Parallel()
	tests := map[string]RoleARN{
		"arn:aws:iam::123456789012:role/rotator":                   {"aws", "123456789012", "/", "rotator"},
		"arn:aws:iam::123456789012:role/service-role/rotator-x1":   {"aws", "123456789012", "/service-role/", "rotator-x1"},
		"arn:aws-cn:iam::123456789012:role/a/b/c/rotator.v=1,2@+_": {"aws-cn", "123456789012", "/a/b/c/", "rotator.v=1,2@+_"},
	}
	for text, want := range tests {
		got, err := ParseRole(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if got.String() != text {
			t.Errorf("String() = %q, want %q", got.String(), text)
		}
	}
}

func TestErrorsNameThePart(t *testing.T) {
	t.Parallel()
	secret := func(s string) error { _, err := ParseSecret(s); return err }
	function := func(s string) error { _, err := ParseFunction(s); return err }
	role := func(s string) error { _, err := ParseRole(s); return err }
	tests := []struct {
		parse      func(string) error
		text, want string
	}{
		{secret, "", "the secret ARN is empty"},
		{secret, "orders", `does not start with "arn:"`},
		{secret, "arn:aws:secretsmanager:eu-central-1:123456789012", "fewer than the six parts"},
		{secret, "arn:azure:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf", `partition part is "azure"`},
		{secret, "arn::secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf", `partition part is ""`},
		{secret, "arn:aws:lambda:eu-central-1:123456789012:function:f", `service part is "lambda", but must be "secretsmanager"`},
		{secret, "arn:aws:secretsmanager::123456789012:secret:a-AbCdEf", "region part is empty"},
		{secret, "arn:aws:secretsmanager:Frankfurt:123456789012:secret:a-AbCdEf", `region part is "Frankfurt"`},
		{secret, "arn:aws:secretsmanager:eu-central-1::secret:a-AbCdEf", "account part is empty"},
		{secret, "arn:aws:secretsmanager:eu-central-1:1234-5678-9012:secret:a-AbCdEf", "must be twelve digits"},
		{secret, "arn:aws:secretsmanager:eu-central-1:123456789012:orders-AbCdEf", `form "secret:NAME-SUFFIX"`},
		{secret, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders", "use the full ARN"},
		{secret, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-??????", "use the full ARN"},
		{secret, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:-AbCdEf", "secret name must be"},
		{secret, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:or ders-AbCdEf", "secret name must be"},
		{secret, " arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf", `does not start with "arn:"`},
		{secret, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf\n", "use the full ARN"},
		{function, "", "the Lambda function ARN is empty"},
		{function, "rotate", `does not start with "arn:"`},
		{function, "123456789012:function:rotate", `does not start with "arn:"`},
		{function, "arn:aws:lambda:eu-central-1:123456789012:layer:rotate", `form "function:NAME"`},
		{function, "arn:aws:lambda:eu-central-1:123456789012:function", `form "function:NAME"`},
		{function, "arn:aws:lambda:eu-central-1:123456789012:function:rotate:live:1", `"function:NAME:QUALIFIER"`},
		{function, "arn:aws:lambda:eu-central-1:123456789012:function:", "function name must be"},
		{function, "arn:aws:lambda:eu-central-1:123456789012:function:rotate:", "qualifier after the function name"},
		{function, "arn:aws:lambda:eu-central-1:123456789012:function:rotate:$latest", "qualifier after the function name"},
		{role, "", "the role ARN is empty"},
		{role, "arn:aws:iam:eu-central-1:123456789012:role/r", "but must be empty"},
		{role, "arn:aws:iam::123456789012:user/r", `form "role/NAME"`},
		{role, "arn:aws:sts::123456789012:assumed-role/r/s", `service part is "sts"`},
		{role, "arn:aws:iam::123456789012:role/", "role name must be"},
		{role, "arn:aws:iam::123456789012:role/" + strings.Repeat("r", 65), "role name must be"},
		{role, "arn:aws:iam::123456789012:role/p h/r", "path before the role name"},
	}
	for _, test := range tests {
		err := test.parse(test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error is %v, want it to say %s", test.text, err, test.want)
		}
	}
}

func TestDNSSuffix(t *testing.T) {
	t.Parallel()
	tests := map[string]string{"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu", "aws-iso": "c2s.ic.gov"}
	for partition, want := range tests {
		if got := DNSSuffix(partition); got != want {
			t.Errorf("DNSSuffix(%q) = %q, want %q", partition, got, want)
		}
	}
}

func FuzzParseARN(f *testing.F) {
	for _, seed := range []string{
		"arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/orders-AbCdEf",
		"arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/orders-??????",
		"arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:app-user-123456",
		"arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:rds!db-0a1b-Zz09Aa",
		"arn:aws-iso-b:secretsmanager:us-isob-east-1:123456789012:secret:a_b+c=d.e@f-abcdef",
		"arn:aws:lambda:eu-central-1:123456789012:function:rotate",
		"arn:aws:lambda:eu-central-1:123456789012:function:rotate:$LATEST",
		"arn:aws-cn:lambda:cn-northwest-1:123456789012:function:rotate:live",
		"arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:rotate:7",
		"arn:aws:lambda:eu-central-1:123456789012:layer:rotate:1",
		"arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:123456789012:function:rotate/invocations",
		"arn:aws:iam::123456789012:role/service-role/rotator",
		"arn:aws-us-gov:iam::123456789012:role/a/b/rotator.v=1,2@+_",
		"arn:aws:sts::123456789012:assumed-role/rotator/session",
		"arn:aws:iam::123456789012:role//",
		"arn:aws:::::",
		"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kinds := 0
		check := func(kind string, err error, back, name string) {
			t.Helper()
			switch {
			case err == nil && (back != s || name == ""):
				t.Errorf("%s %q became %q, with the name %q", kind, s, back, name)
			case err == nil:
				kinds++
			case !strings.Contains(err.Error(), kind):
				t.Errorf("the error %q does not say what %q is not", err, s)
			}
		}
		secret, err := ParseSecret(s)
		check("secret", err, secret.String(), secret.Name)
		role, err := ParseRole(s)
		check("role", err, role.String(), role.Name)
		function, err := ParseFunction(s)
		check("Lambda function", err, function.String(), function.Name)
		if kinds > 1 {
			t.Errorf("%q is the ARN of several kinds of things", s)
		}
		if err != nil {
			return
		}
		if unqualified, err := ParseFunction(function.Unqualified().String()); err != nil || unqualified != function.Unqualified() {
			t.Errorf("%q without its qualifier is %v, %v", s, unqualified, err)
		}
	})
}
