package provider

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// rotatesNow is what every plan says that will change a password in use.
const rotatesNow = "WARNING rotate_immediately: Create rotates a secret that is in use: …"

// postgres is a value that the PostgreSQL functions take.
func postgres() map[string]any {
	return map[string]any{"engine": "postgres", "host": "db.example.com", "username": "app", "password": firstPassword}
}

// TestPlanCreate plans creates against what they may meet in AWS. No plan
// writes anything, and none shows a value of the secret.
func TestPlanCreate(t *testing.T) {
	t.Parallel()
	nowhere := "arn:aws:secretsmanager:eu-west-1:123456789012:secret:nowhere-AbCdEf"
	for name, test := range map[string]struct {
		// prepare changes the world and returns what to change of the setup.
		prepare func(w world) object
		block   object
		// first says that the value was stored just now, for this setup.
		first bool
		want  []string
	}{
		"good":        {want: []string{rotatesNow}},
		"first value": {first: true},
		"scheduled":   {prepare: func(world) object { return object{"rotate_immediately": false} }},
		"function of another account": {
			prepare: func(world) object {
				return object{"access": "external", "rotation_lambda_arn": "arn:aws:lambda:eu-west-1:999999999999:function:rotator"}
			},
			want: []string{
				"WARNING rotation_lambda_arn: The rotation function is in another account than the secret (function-other-account): The function is in account 999999999999 and the secret in account 123456789012. …`sts:AssumeRole` on a role of account 123456789012…RotationToken",
			},
		},
		"secret missing": {
			prepare: func(world) object { return object{"secret_id": nowhere} },
			want:    []string{"ERROR secret_id: The secret does not exist (secret-not-found): There is no secret \"" + nowhere + "\" in Region eu-west-1.…ResourceNotFoundException"},
		},
		"secret missing by name": {
			prepare: func(world) object { return object{"secret_id": "nowhere"} },
			want:    []string{"WARNING secret_id: The secret does not exist (secret-not-found): …checked again before the first write."},
		},
		"secret missing, warn": {
			prepare: func(world) object { return object{"secret_id": nowhere, "preflight": "warn"} },
			want:    []string{"WARNING secret_id: The secret does not exist (secret-not-found): …"},
		},
		"secret missing, provider warns": {
			prepare: func(world) object { return object{"secret_id": nowhere} }, block: object{"preflight": "warn"},
			want: []string{"WARNING secret_id: The secret does not exist (secret-not-found): …"},
		},
		"secret missing, provider warns, setup does not": {
			prepare: func(world) object { return object{"secret_id": nowhere, "preflight": "error"} }, block: object{"preflight": "warn"},
			want: []string{"ERROR secret_id: The secret does not exist (secret-not-found): …"},
		},
		"function missing": {
			prepare: func(w world) object { return object{"rotation_lambda_arn": w.FunctionARN + "-2"} },
			want:    []string{"ERROR rotation_lambda_arn: The rotation function does not exist (function-not-found): …rotator-2…ResourceNotFoundException"},
		},
		"alias missing": {
			prepare: func(w world) object { return object{"rotation_lambda_arn": w.FunctionARN + ":live"} },
			want:    []string{"ERROR rotation_lambda_arn: The rotation function does not exist (function-not-found): …rotator:live"},
		},
		"secret deleted": {
			prepare: func(w world) object {
				_, err := w.Secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &w.SecretARN})
				w.Must(err)
				return nil
			},
			want: []string{"ERROR secret_id: The secret is scheduled for deletion (secret-deleted): …restore-secret"},
		},
		"replica": {
			prepare: func(w world) object {
				_, err := w.Secrets.ReplicateSecretToRegions(t.Context(), &secretsmanager.ReplicateSecretToRegionsInput{SecretId: &w.SecretARN, AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String("us-east-1")}}})
				w.Must(err)
				return object{"secret_id": "app", "region": "us-east-1", "rotation_lambda_arn": unknown{}}
			},
			want: []string{"ERROR secret_id: The secret is a replica (secret-replica): …replica in us-east-1; only the primary in eu-west-1…"},
		},
		"service-managed with function": {
			prepare: func(w world) object {
				secretARN, err := w.CreateServiceManagedSecret("eu-west-1", "rds!db-1", "rds", "{}", 7)
				w.Must(err)
				return object{"secret_id": secretARN}
			},
			want: []string{"ERROR rotation_lambda_arn: Another AWS service manages the secret (secret-service-managed): …\"rds\"…Leave `rotation_lambda_arn` out"},
		},
		"no function, no service": {
			prepare: func(world) object { return object{"rotation_lambda_arn": nil} },
			want:    []string{"ERROR rotation_lambda_arn: Missing rotation function: …"},
		},
		"rotates already": {
			prepare: func(w world) object {
				w.hand(t).rotation()
				return nil
			},
			want: []string{"ERROR secret_id: The secret already rotates (rotation-already-configured): …" + "rotator, every 30 days…import {"},
		},
		"rotation of others unfinished": {
			prepare: func(w world) object {
				_, err := w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &w.SecretARN, SecretString: aws.String("{}"), VersionStages: []string{"AWSPENDING"}})
				w.Must(err)
				return nil
			},
			want: []string{"ERROR secret_id: An unfinished rotation blocks the next one (rotation-pending-stuck): …--remove-from-version-id"},
		},
		"policy name taken": {
			prepare: func(w world) object {
				_, err := w.Roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &w.Role, PolicyName: aws.String("mine"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)})
				w.Must(err)
				return object{"role_policy_name": "mine"}
			},
			want: []string{"WARNING role_policy_name: The execution role has another inline policy of that name (role-policy-name-taken): …checked again before the first write."},
		},
		"no value": {
			prepare: func(w world) object { return object{"secret_id": w.NewSecret("empty", nil)} },
			want:    []string{"WARNING secret_id: The secret has no value (secret-no-value): …checked again before the first write."},
		},
		"value not of the type": {
			prepare: func(w world) object {
				return object{
					"rotation_type": "PostgreSQLSingleUser",
					"secret_id":     w.NewSecret("pg", map[string]any{"engine": "postgresql", "host": "db", "password": firstPassword, "port": "x"}),
				}
			},
			want: []string{
				"ERROR secret_id: A field of the secret's value has the wrong type (secret-key-type): The field \"port\"",
				"ERROR secret_id: The secret's engine is not the rotation type's (secret-engine-mismatch): …",
				"ERROR secret_id: The secret's value lacks a field (secret-key-missing): The field \"username\"…",
				rotatesNow,
			},
		},
		"value not of the type, function unknown": {
			prepare: func(w world) object {
				return object{
					"rotation_type": "PostgreSQLSingleUser", "rotation_lambda_arn": unknown{},
					"secret_id": w.NewSecret("pg", map[string]any{"engine": "postgres", "host": "db", "password": firstPassword}),
				}
			},
			want: []string{"ERROR secret_id: The secret's value lacks a field (secret-key-missing): The field \"username\"…", rotatesNow},
		},
		"value not of the type, warn": {
			prepare: func(w world) object {
				return object{
					"rotation_type": "PostgreSQLSingleUser", "preflight": "warn",
					"secret_id": w.NewSecret("pg", map[string]any{"engine": "postgres", "host": "db", "password": firstPassword}),
				}
			},
			want: []string{rotatesNow, "WARNING secret_id: The secret's value lacks a field (secret-key-missing): …"},
		},
		"value not of the type, not to be read": {
			prepare: func(w world) object {
				return object{"rotation_type": "PostgreSQLSingleUser", "check_secret_value": false, "secret_id": w.NewSecret("pg", map[string]any{})}
			},
			want: []string{rotatesNow},
		},
		"value not of the type, provider may not read": {
			prepare: func(w world) object {
				return object{"rotation_type": "PostgreSQLSingleUser", "secret_id": w.NewSecret("pg", map[string]any{})}
			},
			block: object{"check_secret_value": false},
			want:  []string{rotatesNow},
		},
		"value is no JSON": {
			prepare: func(w world) object {
				_, err := w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &w.SecretARN, SecretString: aws.String(firstPassword)})
				w.Must(err)
				return object{"rotation_type": "PostgreSQLSingleUser"}
			},
			want: []string{"ERROR secret_id: The secret's value is not a JSON object (secret-not-json): …jsonencode()", rotatesNow},
		},
		"value is binary": {
			prepare: func(w world) object {
				_, err := w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &w.SecretARN, SecretBinary: []byte(firstPassword)})
				w.Must(err)
				return object{"rotation_type": "PostgreSQLSingleUser"}
			},
			want: []string{"ERROR secret_id: The secret's value is binary (secret-binary): …", rotatesNow},
		},
		"superuser of another ARN": {
			prepare: func(w world) object {
				value := postgres()
				value["masterarn"] = otherSecret
				return object{
					"rotation_type": "PostgreSQLMultiUser", "secret_id": w.NewSecret("pg", value),
					"superuser_secret_arn": w.NewSecret("superuser", postgres()),
				}
			},
			want: []string{"ERROR superuser_secret_arn: The secret names another superuser secret than the configuration (superuser-arn-mismatch): …", rotatesNow},
		},
		"superuser of the same ARN": {
			prepare: func(w world) object {
				value := postgres()
				superuser := w.NewSecret("superuser", postgres())
				value["masterarn"] = superuser
				return object{"rotation_type": "PostgreSQLMultiUser", "secret_id": w.NewSecret("pg", value), "superuser_secret_arn": superuser}
			},
			want: []string{rotatesNow},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var changes object
			if test.prepare != nil {
				changes = test.prepare(w)
			}
			if !test.first {
				w.Advance(2 * time.Hour)
			}
			w.ForgetCalls()
			s := newServer(t, w)
			expect(t, s.configure(with(w.block(), test.block)))
			setup := with(w.arguments(), changes)
			got := s.planCreate(setup)
			expect(t, got, test.want...)
			shownNothing(t, got...)
			if len(w.Calls()) == 0 || len(w.Writes()) > 0 {
				t.Errorf("A plan reads and writes nothing: %v", w.Calls())
			}
			// Without checks there is nothing to say, and nothing to ask.
			w.ForgetCalls()
			expect(t, s.planCreate(with(setup, object{"preflight": "off"})))
			if calls := w.Calls(); len(calls) > 0 {
				t.Errorf("preflight = off has called AWS: %v", calls)
			}
		})
	}
}

// TestPlanCreateReads has what a plan may ask for.
func TestPlanCreateReads(t *testing.T) {
	t.Parallel()
	reads := func(w world, changes object) (asked bool) {
		w.ForgetCalls()
		s := newServer(t, w)
		expect(t, s.configure(w.block()))
		s.planCreate(with(w.arguments(), with(object{"rotation_type": "PostgreSQLSingleUser", "preflight": "warn"}, changes)))
		for _, c := range w.Calls() {
			asked = asked || c.Operation == "GetSecretValue"
		}
		return asked
	}
	w := newWorld(t)
	if !reads(w, nil) {
		t.Error("The value was not checked.")
	}
	for name, changes := range map[string]object{
		"not to be read":       {"check_secret_value": false},
		"maybe not to be read": {"check_secret_value": unknown{}},
		"of no known type":     {"rotation_type": nil},
		"of a type to come":    {"rotation_type": unknown{}},
	} {
		if reads(w, changes) {
			t.Errorf("A value that is %s was read.", name)
		}
	}
	w.ForgetCalls()
	s := newServer(t, w)
	expect(t, s.configure(w.block()))
	expect(t, s.planCreate(with(w.arguments(), object{"secret_id": unknown{}, "preflight": "off"})))
	expect(t, s.planCreate(with(w.arguments(), object{"secret_id": unknown{}, "rotation_lambda_arn": unknown{}})))
	expect(t, s.planCreate(with(w.arguments(), object{"secret_id": "app", "region": unknown{}})))
	if calls := w.Calls(); len(calls) > 0 {
		t.Errorf("Nothing is known of the secret, and AWS was asked: %v", calls)
	}
	// Whether there is room for it in policies is known all the same.
	expect(t, s.planCreate(with(w.arguments(), object{"secret_id": unknown{}})))
	if calls := w.Calls(); len(calls) == 0 || slices.ContainsFunc(calls, func(c awslab.Call) bool { return c.Service == "secretsmanager" }) {
		t.Errorf("A plan for a secret to come has asked: %v", calls)
	}
}

// TestPlanUpdate has what a plan says of a setup that exists.
func TestPlanUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hand(t).rotation()
	s := newServer(t, w)
	expect(t, s.configure(w.block()))
	state := s.adopt(w.SecretARN)
	days := func(n int) object { return object{"automatically_after_days": n} }
	setup := with(w.arguments(), object{"rotation_rules": days(30)})
	withState := func(changes object) tftypes.Value {
		var members map[string]tftypes.Value
		w.Must(state.As(&members))
		members = maps.Clone(members)
		for name, v := range changes {
			members[name] = s.value(members[name].Type(), v)
		}
		return tftypes.NewValue(s.setupType, members)
	}
	other := strings.Replace(w.SecretARN, "secret:app", "secret:other", 1)
	for name, test := range map[string]struct {
		state, setup object
		want         []string
		replace      bool
	}{
		"nothing":                  {},
		"by name":                  {setup: object{"secret_id": "app"}},
		"secret unknown":           {setup: object{"secret_id": unknown{}}},
		"everything unknown":       {setup: object{"secret_id": unknown{}, "rotation_lambda_arn": unknown{}, "access": unknown{}, "kms_key_arn": unknown{}, "role_arn": unknown{}, "rotation_rules": unknown{}, "rotation_enabled": unknown{}, "rotate_triggers": unknown{}, "statement_id": unknown{}, "role_policy_name": unknown{}, "rotation_type": unknown{}, "superuser_secret_arn": unknown{}, "superuser_kms_key_arn": unknown{}, "read_replica": unknown{}, "keytab_secret_arns": unknown{}, "keytab_kms_key_arn": unknown{}}, state: object{"rotate_triggers": object{"a": "1"}}, want: []string{"WARNING rotate_triggers: Secret may be rotated now: …"}},
		"another secret":           {setup: object{"secret_id": other}, replace: true},
		"another name":             {setup: object{"secret_id": "other"}, replace: true},
		"other days":               {setup: object{"rotation_rules": days(60)}, want: []string{"WARNING rotation_rules: Previous schedule may run once more: …"}},
		"cron":                     {setup: object{"rotation_rules": object{"schedule_expression": "cron(0 4 ? * SUN *)"}}},
		"off":                      {setup: object{"rotation_enabled": false}},
		"off without rules":        {setup: object{"rotation_enabled": false, "rotation_rules": nil}},
		"on again":                 {state: object{"rotation_enabled": false}, want: []string{"WARNING rotation_enabled: Rotation is switched on: …"}},
		"first triggers":           {setup: object{"rotate_triggers": object{"a": "1"}}},
		"same triggers":            {state: object{"rotate_triggers": object{"a": "1"}}, setup: object{"rotate_triggers": object{"a": "1"}}},
		"no more triggers":         {state: object{"rotate_triggers": object{"a": "1"}}},
		"changed trigger":          {state: object{"rotate_triggers": object{"a": "1"}}, setup: object{"rotate_triggers": object{"a": "2"}}, want: []string{"WARNING rotate_triggers: Secret will be rotated now: …"}},
		"unknown trigger":          {state: object{"rotate_triggers": object{"a": "1"}}, setup: object{"rotate_triggers": object{"a": unknown{}}}, want: []string{"WARNING rotate_triggers: Secret may be rotated now: …"}},
		"changed trigger, off":     {state: object{"rotate_triggers": object{"a": "1"}}, setup: object{"rotate_triggers": object{"a": "2"}, "rotation_enabled": false}, want: []string{"WARNING rotate_triggers: Secret will not be rotated: …"}},
		"function missing":         {setup: object{"rotation_lambda_arn": w.FunctionARN + "-2"}, want: []string{"ERROR rotation_lambda_arn: The rotation function does not exist (function-not-found): …"}},
		"function missing, warn":   {setup: object{"rotation_lambda_arn": w.FunctionARN + "-2", "preflight": "warn"}, want: []string{"WARNING rotation_lambda_arn: The rotation function does not exist (function-not-found): …checked again"}},
		"function missing, off":    {setup: object{"rotation_lambda_arn": w.FunctionARN + "-2", "preflight": "off"}},
		"function unknown":         {setup: object{"rotation_lambda_arn": unknown{}}},
		"function taken away":      {setup: object{"rotation_lambda_arn": nil}, want: []string{"ERROR rotation_lambda_arn: Missing rotation function: …"}},
		"function taken away, off": {setup: object{"rotation_lambda_arn": nil, "rotation_enabled": false}, want: []string{"ERROR rotation_lambda_arn: Missing rotation function: …"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := s
			s.t = t
			got, replace := s.planUpdate(withState(test.state), with(setup, test.setup))
			expect(t, got, test.want...)
			if replace != test.replace {
				t.Errorf("replace = %t", replace)
			}
		})
	}
	// A state is kept, and no replacement told, while the provider is not known.
	w.ForgetCalls()
	blind := newServer(t, w)
	expect(t, blind.configure(object{"region": unknown{}}))
	kept, err := tfprotov6.NewDynamicValue(s.setupType, state)
	w.Must(err)
	if !blind.read(&kept).Equal(state) {
		t.Error("The state has changed.")
	}
	got, replace := blind.planUpdate(state, with(setup, object{"secret_id": other}))
	expect(t, got)
	if replace || len(w.Calls()) > 0 {
		t.Errorf("replace = %t, calls %v", replace, w.Calls())
	}
}
