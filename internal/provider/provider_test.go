package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// isolate keeps the AWS and CLI configuration of the machine out of the tests.
func isolate() {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") || name == "TF_CLI_CONFIG_FILE" {
			_ = os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		_ = os.Setenv(name, value)
	}
}

func TestValidateProvider(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		block object
		want  []string
	}{
		"empty": {},
		"copied from hashicorp/aws": {block: object{
			"region": "eu-west-1", "profile": "p", "max_retries": 0, "retry_mode": "adaptive", "skip_requesting_account_id": true,
			"assume_role": []any{
				object{"role_arn": validRole, "session_name": "s", "external_id": "e", "duration": "1h30m", "tags": object{"a": "b"}, "transitive_tag_keys": []any{"a"}},
				object{"role_arn": validRole},
			},
			"endpoints": []any{object{"sts": "https://sts.eu-west-1.amazonaws.com"}},
		}},
		"guards":          {block: object{"allowed_account_ids": []any{"123456789012"}, "skip_requesting_account_id": false, "forbidden_account_ids": []any{}}},
		"unknown":         {block: object{"region": unknown{}, "allowed_account_ids": unknown{}, "forbidden_account_ids": []any{"123456789012"}}},
		"unknown account": {block: object{"allowed_account_ids": []any{unknown{}}}},

		"Region":          {block: object{"region": "Frankfurt"}, want: []string{"ERROR region: Invalid Region: A Region is given by its code, such as eu-central-1."}},
		"account ID":      {block: object{"allowed_account_ids": []any{"1234"}}, want: []string{"ERROR allowed_account_ids.…: Invalid account ID: An AWS account ID has twelve digits."}},
		"allowed and not": {block: object{"allowed_account_ids": []any{"123456789012"}, "forbidden_account_ids": []any{"210987654321"}}, want: []string{"ERROR forbidden_account_ids: Invalid account guards: …Keep one of them."}},
		"blind guard":     {block: object{"forbidden_account_ids": []any{"210987654321"}, "skip_requesting_account_id": true}, want: []string{"ERROR skip_requesting_account_id: Invalid account guards: …"}},
		"retries":         {block: object{"max_retries": -1}, want: []string{"ERROR max_retries: …"}},
		"retry mode":      {block: object{"retry_mode": "legacy"}, want: []string{"ERROR retry_mode: Invalid retry mode: The value is one of `standard`, `adaptive`, not \"legacy\"."}},
		"preflight":       {block: object{"preflight": "true"}, want: []string{"ERROR preflight: Invalid preflight: …"}},
		"endpoint":        {block: object{"endpoints": []any{object{"lambda": "localhost:4566"}}}, want: []string{"ERROR endpoints.…lambda: Invalid endpoint: …"}},
		"two endpoints":   {block: object{"endpoints": []any{object{"lambda": "http://a"}, object{"iam": "http://a"}}}, want: []string{"ERROR endpoints: …"}},
		"role":            {block: object{"assume_role": []any{object{"role_arn": "deploy"}}}, want: []string{"ERROR assume_role.0.role_arn: Invalid role ARN: …"}},
		"session":         {block: object{"assume_role": []any{object{"role_arn": validRole, "duration": "5m"}}}, want: []string{"ERROR assume_role.0.duration: Invalid session duration: …from 15m to 12h"}},
		"no token":        {block: object{"assume_role_with_web_identity": []any{object{"role_arn": validRole}}}, want: []string{"ERROR assume_role_with_web_identity.0.web_identity_token: …"}},
		"proxy":           {block: object{"https_proxy": "proxy:3128"}, want: []string{"ERROR https_proxy: Invalid proxy URL: …"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expect(t, newServer(t, nil).validateProvider(test.block), test.want...)
		})
	}
}

// TestConnection plans with provider blocks that can't work. What is wrong is
// told by the first call that needs AWS, quickly and before anything is done.
func TestConnection(t *testing.T) {
	t.Parallel()
	noCertificates := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noCertificates, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	const nobody = "http://127.0.0.1:1" // No service listens there.
	identity := []string{"sts:GetCallerIdentity"}
	for name, test := range map[string]struct {
		change object // of the provider block
		setup  object // of the setup
		want   []string
		calls  []string
	}{
		"no Region": {
			change: object{"region": nil}, setup: object{"secret_id": "app", "rotation_lambda_arn": unknown{}},
			want: []string{"ERROR -: Missing AWS Region: …`region`…AWS_REGION"},
		},
		"no Region, secret by ARN": {
			change: object{"region": nil},
			calls: []string{
				"sts:GetCallerIdentity", "secretsmanager:DescribeSecret", "lambda:GetFunctionConfiguration", "iam:GetRolePolicy", "secretsmanager:ListSecretVersionIds",
				"secretsmanager:GetResourcePolicy", "iam:GetRole", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:GetPolicyVersion",
				"lambda:GetFunctionConcurrency", "lambda:GetPolicy", "iam:SimulatePrincipalPolicy",
			},
		},
		"no credentials": {
			change: object{"access_key": nil, "secret_key": nil},
			want:   []string{"ERROR -: Missing AWS credentials: …AWS_PROFILE"},
		},
		"half credentials": {
			change: object{"secret_key": nil},
			want:   []string{"ERROR -: Missing AWS credentials: …"},
		},
		"wrong credentials": {
			change: object{"access_key": "AKIANOBODY", "secret_key": "x"},
			want:   []string{"ERROR -: Unable to validate the AWS credentials: …InvalidClientTokenId"},
			calls:  identity,
		},
		"profile": {
			change: object{"access_key": nil, "secret_key": nil, "profile": "prod-eu"},
			want:   []string{`ERROR -: Invalid AWS profile: The profile "prod-eu" is not in the shared configuration files.…` + "`profile` of the provider"},
		},
		"CA bundle missing": {
			change: object{"custom_ca_bundle": "/nowhere/ca.pem"},
			want:   []string{"ERROR -: Invalid CA bundle: …no such file…`custom_ca_bundle` of the provider"},
		},
		"CA bundle without certificate": {
			change: object{"custom_ca_bundle": noCertificates},
			want:   []string{"ERROR -: Invalid CA bundle: …holds no PEM certificate…`custom_ca_bundle` of the provider"},
		},
		"STS down": {
			change: object{"endpoints": []any{object{"sts": nobody}}},
			want:   []string{"ERROR -: Unable to validate the AWS credentials: …`skip_credentials_validation = true`…connection refused"},
		},
		"Secrets Manager down": {
			change: object{"endpoints": []any{object{"secretsmanager": nobody}}, "skip_credentials_validation": true},
			want:   []string{"ERROR secret_id: Unable to read the secret: …connection refused"},
		},
		"proxy down": {
			change: object{"http_proxy": nobody, "no_proxy": "nowhere.example", "endpoints": []any{object{"sts": "http://sts.example"}}},
			want:   []string{"ERROR -: Unable to validate the AWS credentials: …proxyconnect"},
		},
		"account not allowed": {
			change: object{"allowed_account_ids": []any{"210987654321"}},
			want:   []string{"ERROR -: Invalid AWS account: The credentials belong to account 123456789012, which `allowed_account_ids` does not list. Nothing was read or changed."},
			calls:  identity,
		},
		"account forbidden": {
			change: object{"forbidden_account_ids": []any{"123456789012", "210987654321"}, "skip_credentials_validation": true},
			want:   []string{"ERROR -: Invalid AWS account: The credentials belong to account 123456789012, which `forbidden_account_ids` lists. …"},
			calls:  identity,
		},
		"role may not be assumed": {
			change: object{"assume_role": []any{object{"role_arn": "arn:aws:iam::123456789012:role/deploy"}}},
			want:   []string{"ERROR -: Unable to obtain AWS credentials: …trust policy…AccessDenied…role/deploy…`assume_role` of the provider"},
			calls:  []string{"sts:AssumeRole"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := newServer(t, w)
			expect(t, s.configure(with(w.block(), test.change)))
			if calls := w.Calls(); len(calls) > 0 {
				t.Fatalf("Configuring has called AWS: %v", calls)
			}
			began := w.Now()
			expect(t, s.planCreate(with(w.arguments(), test.setup)), test.want...)
			var calls []string
			for _, c := range w.Calls() {
				calls = append(calls, c.String())
			}
			if diff := cmp.Diff(test.calls, calls); diff != "" {
				t.Error(diff)
			}
			if waited := w.Now().Sub(began); waited > 0 {
				t.Errorf("It waited for %s.", waited)
			}
		})
	}
}

// TestUnknownProvider plans while the provider block depends on what is still
// to be created: checks and calls are left to the apply.
func TestUnknownProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newServer(t, w)
	expect(t, s.configure(with(w.block(), object{"region": unknown{}})))
	expect(t, s.planCreate(with(w.arguments(), object{"secret_id": "nowhere"})))
	if calls := w.Calls(); len(calls) > 0 {
		t.Errorf("AWS was called: %v", calls)
	}
	// The same plan with a known block does call.
	expect(t, s.configure(w.block()))
	expect(t, s.planCreate(with(w.arguments(), object{"secret_id": "nowhere"})), "WARNING secret_id: The secret does not exist (secret-not-found): …")
	if len(w.Calls()) == 0 {
		t.Error("AWS was not called.")
	}
}

// TestPolicyOfCaller plans with credentials that may see nothing: what can't be
// determined is no error. Without a look at the secret the apply will fail, though.
func TestPolicyOfCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newServer(t, w)
	c := w.NewUser("blind", "")
	expect(t, s.configure(with(w.block(), object{"access_key": c.AccessKeyID, "secret_key": c.SecretAccessKey})))
	expect(t, s.planCreate(w.arguments()), "WARNING secret_id: Unable to read the secret: Allow these credentials `secretsmanager:DescribeSecret`…checked again before the first write.")
}

// TestProviderUnknown applies with a provider block that is known only then,
// for a setup that is new and for one that exists.
func TestProviderUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := func(trigger string) string {
		return strings.Replace(w.setup(`wait_for_rotation = `+strconv.FormatBool(trigger == "1")), strconv.Quote(w.Region()), "terraform_data.region.output", 1) +
			fmt.Sprintf("resource \"terraform_data\" \"region\" {\n  input = %q\n  triggers_replace = %q\n}\n", w.Region(), trigger)
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.factories(),
		Steps: []resource.TestStep{
			{Config: config("1"), ConfigPlanChecks: planned(plancheck.ResourceActionCreate), PostApplyFunc: w.ForgetCalls},
			{
				Config: config("2"), ConfigPlanChecks: changes("wait_for_rotation"),
				PostApplyFunc: func() {
					w.wrote(t)
					w.hand(t).stands(1)
				},
			},
		},
	})
}
