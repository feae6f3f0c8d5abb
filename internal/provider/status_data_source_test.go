package provider

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

// reads reads a data source with the world's provider block, or as another
// caller, and returns what it is, nil if there is nothing, and the diagnostics.
// It fails the test if a read writes, or shows the planted password.
func (w world) reads(t *testing.T, name string, config, block object) (object, []string) {
	t.Helper()
	w.ForgetCalls()
	s := newServer(t, w)
	expect(t, s.configure(with(w.block(), block)))
	value, diagnostics := s.dataSource(name, config)
	if writes := w.Writes(); len(writes) > 0 {
		t.Errorf("A read has written %v.", writes)
	}
	shownNothing(t, append(diagnostics, value.String())...)
	o, _ := goValue(t, value).(object)
	return o, diagnostics
}

// as is what a provider block has for a user with a policy.
func (w world) as(policy string) object {
	c := w.NewUser("reader", policy)
	return object{"access_key": c.AccessKeyID, "secret_key": c.SecretAccessKey}
}

// mayDescribe is the policy of a user who may see no version of a secret.
const mayDescribe = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:DescribeSecret","Resource":"*"},{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}]}`

// brokenRotation is one that worked once, and has lacked its role policy for two
// months.
func (h hand) brokenRotation() {
	h.t.Helper()
	h.rotation()
	h.rotate()
	h.removePolicy("by-hand")
	h.Advance(60 * 24 * time.Hour)
}

// rotating begins a rotation that lasts for the rest of the test.
func (h hand) rotating() {
	h.t.Helper()
	h.Advance(10 * time.Second)
	h.t.Cleanup(h.HoldRotation("setSecret"))
	_, err := h.Secrets.RotateSecret(h.t.Context(), &secretsmanager.RotateSecretInput{SecretId: &h.SecretARN})
	h.Must(err)
}

// deleteSecret leaves a week to restore it.
func (h hand) deleteSecret() {
	h.t.Helper()
	_, err := h.Secrets.DeleteSecret(h.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &h.SecretARN, RecoveryWindowInDays: new(int64(7))})
	h.Must(err)
}

// replica replicates the secret and returns the ARN of the replica.
func (h hand) replica() string {
	h.t.Helper()
	const region = "us-east-1"
	_, err := h.Secrets.ReplicateSecretToRegions(h.t.Context(), &secretsmanager.ReplicateSecretToRegionsInput{SecretId: &h.SecretARN, AddReplicaRegions: []types.ReplicaRegionType{{Region: new(region)}}})
	h.Must(err)
	return strings.Replace(h.SecretARN, h.Region(), region, 1)
}

// version is the version with a staging label.
func (h hand) version(label string) string {
	h.t.Helper()
	for version, labels := range h.Describe().VersionIdsToStages {
		if slices.Contains(labels, label) {
			return version
		}
	}
	h.t.Fatalf("No version has the label %s.", label)
	return ""
}

// labelled is a status in which the versions are named by their labels.
func labelled(status object) object {
	stages, _ := status["version_stages"].(object)
	names := []string{}
	for version, labels := range stages {
		list, _ := labels.([]any)
		name := strings.Trim(fmt.Sprint(list), "[]")
		names = append(names, name)
		if status["pending_version_id"] == version {
			status["pending_version_id"] = name
		}
	}
	slices.Sort(names)
	status["version_stages"] = names
	return status
}

func TestStatus(t *testing.T) {
	t.Parallel()
	days := func(n int) object {
		return object{"automatically_after_days": float64(n), "schedule_expression": nil, "duration": nil}
	}
	for name, test := range map[string]struct {
		// prepare changes the world and returns what to change of the arguments and of
		// the provider block.
		prepare func(h hand) (arguments, block object)
		// want are attributes; those that it lacks are as in the first case.
		want object
	}{
		"never configured": {},
		"by name":          {prepare: func(hand) (_, _ object) { return object{"secret_id": "app"}, nil }, want: object{"secret_id": "app"}},
		"by name in a Region": {
			prepare: func(h hand) (_, _ object) {
				return object{"secret_id": "app", "region": h.Region()}, object{"region": "us-east-1"}
			},
			want: object{"secret_id": "app", "region": "eu-west-1"},
		},
		"without a value": {
			prepare: func(h hand) (_, _ object) {
				arn := h.NewSecret("empty", nil)
				return object{"secret_id": arn}, nil
			},
			want: object{"secret_arn": "empty", "secret_id": "empty", "version_stages": []string{}},
		},
		"configured": {
			prepare: func(h hand) (_, _ object) { h.rotation(); return nil, nil },
			want: object{
				"rotation_enabled": true, "rotation_lambda_arn": "rotator", "rotation_rules": days(30),
				"next_rotation_date": "2026-04-03T23:59:59Z", "window_start": "2026-04-03T00:00:00Z", "window_end": "2026-04-04T00:00:00Z",
			},
		},
		"rotated": {
			prepare: func(h hand) (_, _ object) {
				h.access(h.FunctionARN, h.Role)
				h.rules(h.FunctionARN, &types.RotationRulesType{ScheduleExpression: new("cron(0 4 ? * SUN *)"), Duration: new("3h")})
				h.rotate()
				return nil, nil
			},
			want: object{
				"rotation_enabled": true, "rotation_lambda_arn": "rotator",
				"rotation_rules":     object{"automatically_after_days": nil, "schedule_expression": "cron(0 4 ? * SUN *)", "duration": "3h"},
				"last_rotated_date":  "2026-03-04T05:06:41Z",
				"next_rotation_date": "2026-03-08T06:59:59Z", "window_start": "2026-03-08T04:00:00Z", "window_end": "2026-03-08T07:00:00Z",
				"version_stages": []string{"AWSCURRENT AWSPENDING", "AWSPREVIOUS"},
			},
		},
		"rotating": {
			prepare: func(h hand) (_, _ object) {
				h.rotation()
				h.rotating()
				return nil, nil
			},
			want: object{
				"rotation_enabled": true, "rotation_lambda_arn": "rotator", "rotation_rules": days(30),
				"next_rotation_date": "2026-04-03T23:59:59Z", "window_start": "2026-04-03T00:00:00Z", "window_end": "2026-04-04T00:00:00Z",
				"version_stages": []string{"AWSCURRENT", "AWSPENDING"}, "pending_version_id": "AWSPENDING", "pending_since": "2026-03-04T05:06:37Z",
			},
		},
		"overdue": {
			prepare: func(h hand) (_, _ object) { h.brokenRotation(); return nil, nil },
			want: object{
				"rotation_enabled": true, "rotation_lambda_arn": "rotator", "rotation_rules": days(30), "last_rotated_date": "2026-03-04T05:06:41Z", "overdue": true,
				"next_rotation_date": "2026-04-03T23:59:59Z", "window_start": "2026-04-03T00:00:00Z", "window_end": "2026-04-04T00:00:00Z",
				"version_stages": []string{"AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"}, "pending_version_id": "AWSPENDING", "pending_since": "2026-04-03T00:00:00Z",
			},
		},
		"overdue, and no permission to see versions": {
			prepare: func(h hand) (_, _ object) { h.brokenRotation(); return nil, h.as(mayDescribe) },
			want: object{
				"rotation_enabled": true, "rotation_lambda_arn": "rotator", "rotation_rules": days(30), "last_rotated_date": "2026-03-04T05:06:41Z", "overdue": true,
				"next_rotation_date": "2026-04-03T23:59:59Z", "window_start": "2026-04-03T00:00:00Z", "window_end": "2026-04-04T00:00:00Z",
				"version_stages": []string{"AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"}, "pending_version_id": "AWSPENDING",
			},
		},
		"switched off": {
			prepare: func(h hand) (_, _ object) { h.brokenRotation(); h.cancel(); return nil, nil },
			want: object{
				"rotation_lambda_arn": "rotator", "rotation_rules": days(30), "last_rotated_date": "2026-03-04T05:06:41Z",
				"version_stages": []string{"AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"}, "pending_version_id": "AWSPENDING", "pending_since": "2026-04-03T00:00:00Z",
			},
		},
		"label left behind": {
			prepare: func(h hand) (_, _ object) {
				h.rotation()
				h.rotate()
				_, err := h.Secrets.PutSecretValue(h.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &h.SecretARN, SecretString: new("by hand")})
				h.Must(err)
				return nil, nil
			},
			want: object{
				"rotation_enabled": true, "rotation_lambda_arn": "rotator", "rotation_rules": days(30), "last_rotated_date": "2026-03-04T05:06:41Z",
				"next_rotation_date": "2026-04-03T23:59:59Z", "window_start": "2026-04-03T00:00:00Z", "window_end": "2026-04-04T00:00:00Z",
				"version_stages": []string{"AWSCURRENT", "AWSPENDING AWSPREVIOUS"}, "pending_version_id": "AWSPENDING AWSPREVIOUS", "pending_since": "2026-03-04T05:06:37Z", "pending_leftover": true,
			},
		},
		"service-managed": {
			prepare: func(h hand) (_, _ object) {
				arn, err := h.CreateServiceManagedSecret(h.Region(), "rds!db-1", "rds", `{"username":"admin","password":"`+firstPassword+`"}`, 7)
				h.Must(err)
				return object{"secret_id": arn}, nil
			},
			want: object{
				"secret_arn": "rds!db-1", "secret_id": "rds!db-1", "rotation_enabled": true, "owning_service": "rds", "rotation_rules": days(7),
				"next_rotation_date": "2026-03-11T23:59:59Z", "window_start": "2026-03-11T00:00:00Z", "window_end": "2026-03-12T00:00:00Z",
			},
		},
		"replica": {
			prepare: func(h hand) (_, _ object) {
				h.rotation()
				return object{"secret_id": h.replica()}, nil
			},
			want: object{
				"secret_arn": "app in us-east-1", "secret_id": "app in us-east-1", "rotation_enabled": true, "rotation_lambda_arn": "rotator", "rotation_rules": days(30),
				"next_rotation_date": "2026-04-03T23:59:59Z", "window_start": "2026-04-03T00:00:00Z", "window_end": "2026-04-04T00:00:00Z",
			},
		},
		"deleted": {
			prepare: func(h hand) (_, _ object) { h.rotation(); h.rotate(); h.deleteSecret(); return nil, nil },
			want: object{
				"rotation_enabled": true, "rotation_lambda_arn": "rotator", "rotation_rules": days(30), "last_rotated_date": "2026-03-04T05:06:41Z",
				"next_rotation_date": "2026-04-03T23:59:59Z", "window_start": "2026-04-03T00:00:00Z", "window_end": "2026-04-04T00:00:00Z",
				"version_stages": []string{"AWSCURRENT AWSPENDING", "AWSPREVIOUS"}, "deleted_date": "2026-03-11T05:06:47Z",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var arguments, block object
			if test.prepare != nil {
				arguments, block = test.prepare(w.hand(t))
			}
			got, diagnostics := w.reads(t, "rotation_status", with(object{"secret_id": w.SecretARN}, arguments), block)
			expect(t, diagnostics)
			for _, name := range []string{"secret_arn", "secret_id", "rotation_lambda_arn"} {
				got[name] = shortARN(got[name])
			}
			same(t, labelled(got), with(object{
				"secret_id": "app", "region": nil, "secret_arn": "app", "rotation_enabled": false, "rotation_lambda_arn": nil, "rotation_rules": nil, "owning_service": nil,
				"deleted_date": nil, "last_rotated_date": nil, "next_rotation_date": nil, "window_start": nil, "window_end": nil, "overdue": false,
				"version_stages": []string{"AWSCURRENT"}, "pending_version_id": nil, "pending_since": nil, "pending_leftover": false,
			}, test.want))
		})
	}
}

// shortARN is the name in an ARN, and the Region if it is not the world's.
func shortARN(v any) any {
	text, _ := v.(string)
	if f, err := arn.ParseFunction(text); err == nil {
		return f.Name
	}
	s, err := arn.ParseSecret(text)
	switch {
	case err != nil:
		return v
	case s.Region != "eu-west-1":
		return s.Name + " in " + s.Region
	}
	return s.Name
}

// TestStatusRefused reads what can't be read.
func TestStatusRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		arguments object
		blind     bool
		want      []string
		calls     bool
	}{
		"no such secret":    {arguments: object{"secret_id": "nowhere"}, want: []string{"ERROR secret_id: The secret does not exist (secret-not-found): There is no secret \"nowhere\" in Region eu-west-1."}, calls: true},
		"in another Region": {arguments: object{"secret_id": "app", "region": "us-east-1"}, want: []string{"ERROR secret_id: The secret does not exist (secret-not-found): …us-east-1"}, calls: true},
		"may not look":      {arguments: object{"secret_id": "app"}, blind: true, want: []string{"ERROR secret_id: Unable to read the secret: …secretsmanager:DescribeSecret…AccessDeniedException"}, calls: true},
		"two Regions": {
			arguments: object{"secret_id": validSecret, "region": "us-east-1"},
			want:      []string{"ERROR region: Invalid Region: The secret's ARN names the Region eu-west-1. Remove `region` or give a secret of us-east-1."},
		},
		"not a Region":   {arguments: object{"secret_id": validSecret, "region": "Frankfurt"}, want: []string{"ERROR region: Invalid Region: A Region is given by its code"}},
		"no secret":      {want: []string{"ERROR secret_id: …"}},
		"partial ARN":    {arguments: object{"secret_id": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app"}, want: []string{"ERROR secret_id: Invalid secret: …"}},
		"unknown secret": {arguments: object{"secret_id": unknown{}, "region": "us-east-1"}},
		"unknown Region": {arguments: object{"secret_id": validSecret, "region": unknown{}}},
	} {
		for _, data := range []string{"rotation_status", "rotation_diagnosis"} {
			t.Run(data+" "+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				var block object
				if test.blind {
					block = w.as("")
				}
				got, diagnostics := w.reads(t, data, test.arguments, block)
				expect(t, diagnostics, test.want...)
				if got != nil || len(w.Calls()) > 0 != test.calls {
					t.Errorf("%v after %v", got, w.Calls())
				}
			})
		}
	}
}

// TestStatusOfUnknownProvider reads while the provider block depends on what is
// still to be created, and follows the advice of the error.
func TestStatusOfUnknownProvider(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"rotation_status", "rotation_diagnosis"} {
		t.Run(data, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, diagnostics := w.reads(t, data, object{"secret_id": w.SecretARN}, object{"region": unknown{}})
			expect(t, diagnostics, "ERROR -: Provider is not configured: …`depends_on`…-target")
			if calls := w.Calls(); len(calls) > 0 {
				t.Errorf("AWS was called: %v", calls)
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.factories(),
				Steps: []resource.TestStep{{
					Config: strings.Replace(w.providerConfig(), strconv.Quote(w.Region()), "terraform_data.region.output", 1) +
						fmt.Sprintf("resource \"terraform_data\" \"region\" {\n  input = %q\n}\ndata %q \"test\" {\n  secret_id = %q\n  depends_on = [terraform_data.region]\n}\n", w.Region(), data, w.SecretARN),
					ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("data."+data+".test", tfjsonpath.New("secret_arn"), knownvalue.StringExact(w.SecretARN))},
				}},
			})
		})
	}
}
