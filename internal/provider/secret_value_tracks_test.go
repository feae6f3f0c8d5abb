package provider

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awsapi"
)

// TestSecretValueTracksTheSecret does to the versions of a secret whatever can
// happen to them. There is never a diff, no plan reads a value, and a merge
// afterwards keeps what there is.
func TestSecretValueTracksTheSecret(t *testing.T) {
	t.Parallel()
	for rotationType, superuser := range map[string]object{"PostgreSQLSingleUser": nil, "PostgreSQLMultiUser": {"masterarn": "superuser"}} {
		t.Run(rotationType, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			fields := object{"host": "db.example.com", "username": "app"}
			if superuser != nil {
				fields["masterarn"] = v.NewSecret("superuser", database("postgres", object{"username": "admin"}))
			}
			v.config = with(v.config, object{"rotation_type": rotationType, "connection_fields": fields})
			v.does("create", nil, storesFirst...)
			h := v.rotates(rotationType)
			unchanged := func(what string) {
				t.Helper()
				for i, secret := range []string{v.SecretARN, "new", v.SecretARN} {
					said := v.run(object{"secret_id": secret})
					if said.was(t, "none", nil, nil); said.asked("GetSecretValue") > 0 || said.asked("DescribeSecret") != 1 {
						t.Errorf("%s, plan %d has asked: %v", what, i, said.calls)
					}
				}
			}
			for i, username := range []string{"app_clone", "app", "app_clone"} {
				password := v.Value(v.SecretARN, "password")
				h.rotate()
				if superuser == nil {
					username = "app"
				}
				if v.Value(v.SecretARN, "username") != username || v.Value(v.SecretARN, "password") == password {
					t.Fatalf("Rotation %d has not changed the value as it should.", i)
				}
				unchanged(fmt.Sprintf("rotation %d", i))
			}
			before, current := v.version("AWSPREVIOUS"), v.version("AWSCURRENT")
			v.label("AWSCURRENT", current, before)
			unchanged("AWSCURRENT moved back")
			v.label("AWSCURRENT", before, current)
			v.label("AWSPREVIOUS", before, "")
			v.label("BLUE", "", current)
			unchanged("labels moved")
			rotated := v.current()
			v.put(strings.Replace(rotated, "db.example.com", "elsewhere", 1))
			unchanged("a value stored by hand")
			v.put(rotated)
			if superuser == nil {
				v.cleanUp(before)
				unchanged("versions cleaned up")
			}
			v.label("AWSPENDING", v.version("AWSPENDING"), "") // The values stored by hand have separated it from AWSCURRENT.

			// A merge keeps the user and the password that rotation has made, asks for no
			// rotation, and does not block the next one.
			username, password := v.Value(v.SecretARN, "username"), v.Value(v.SecretARN, "password")
			v.config = with(v.config, object{"connection_fields": with(fields, object{"dbname": "orders"})})
			said := v.run(nil)
			if said.was(t, "update", nil, nil, merges...); said.asked("RotateSecret") > 0 {
				t.Error("A merge has asked for a rotation.")
			}
			if v.Value(v.SecretARN, "dbname") != "orders" || v.Value(v.SecretARN, "username") != username || v.Value(v.SecretARN, "password") != password {
				t.Error("The merge has not kept what rotation has made.")
			}
			h.rotate()
			if v.Value(v.SecretARN, "dbname") != "orders" || v.Value(v.SecretARN, "password") == password {
				t.Error("The rotation after a merge has lost something.")
			}
			unchanged("the rotation after a merge")
			// That rotation has left AWSPENDING, which must not block the next one either.
			v.config = with(v.config, object{"connection_fields": with(fields, object{"dbname": "stock"})})
			v.does("update", nil, mergesAfterRotation...)
			h.rotate()
		})
	}
}

// cleanUp stores values until AWS removes a version that has no label: that takes more
// than a hundred, and a day.
func (v *values) cleanUp(version string) {
	v.t.Helper()
	text := v.current()
	v.Advance(25 * time.Hour)
	for i := range 101 {
		v.put(text, fmt.Sprint("LABEL", i%2))
	}
	_, err := v.Secrets.GetSecretValue(v.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &v.SecretARN, VersionId: &version})
	if !awsapi.IsNotFound(err) {
		v.t.Errorf("The version is not cleaned up: %v", err)
	}
}

// TestSecretValueGone has secrets that are deleted, and made anew under their name:
// their value is planned anew.
func TestSecretValueGone(t *testing.T) {
	t.Parallel()
	first := postgresText("db.example.com", "app", firstPassword)
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		v := newValues(t)
		v.does("create", nil, storesFirst...)
		v.hand(t).removeSecret()
		v.run(nil).was(t, "create", []string{"WARNING secret_id: The secret does not exist (secret-not-found): …a destroy works."}, []string{"ERROR secret_id: The secret does not exist (secret-not-found): "})
		v.run(object{"secret_id": "new"}).was(t, "create",
			[]string{"WARNING secret_id: The secret does not exist (secret-not-found): …checked again"}, []string{"ERROR secret_id: The secret does not exist (secret-not-found): "})
		if !v.state.IsNull() {
			t.Error("The state is still there.")
		}
	})
	t.Run("made anew", func(t *testing.T) {
		t.Parallel()
		v := newValues(t)
		v.config = with(v.config, object{"secret_id": "new"})
		v.does("create", nil, storesFirst...)
		v.hand(t).removeSecret()
		v.SecretARN = v.NewSecret("new", nil)
		v.does("create", nil, storesFirst...)
		v.holds(first)
		same(t, v.attribute("secret_arn"), any(v.SecretARN))
		v.does("none", nil)
	})
	t.Run("scheduled for deletion", func(t *testing.T) {
		t.Parallel()
		v := newValues(t)
		v.does("create", nil, storesFirst...)
		_, err := v.Secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &v.SecretARN})
		v.Must(err)
		v.run(nil).was(t, "create", []string{"WARNING secret_id: The secret is scheduled for deletion (secret-deleted): …restore-secret…a destroy works."}, []string{"ERROR secret_id: The secret is scheduled for deletion (secret-deleted): …restore-secret"})
		_, err = v.Secrets.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: &v.SecretARN})
		v.Must(err)
		v.run(nil).was(t, "create", []string{"WARNING secret_id: Secret has a value already: "}, nil)
		v.holds(first)
	})
	t.Run("without a value", func(t *testing.T) {
		t.Parallel()
		v := newValues(t)
		v.adopt()
		v.run(nil).was(t, "none", []string{"ERROR -: Secret has no value: …has no value to import"}, nil)
		v.state = tftypes.NewValue(v.ty, nil)
		v.does("create", nil, storesFirst...)
		v.holds(first)
	})
}

// TestSecretValueOfAnother gives another secret, and destroys: what was stored in the
// one before stays.
func TestSecretValueOfAnother(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]func(v *values, other string) (told, object){
		"by ARN":  func(v *values, other string) (told, object) { c := object{"secret_id": other}; return v.run(c), c },
		"by name": func(v *values, _ string) (told, object) { c := object{"secret_id": "other"}; return v.run(c), c },
		"not known at plan": func(v *values, other string) (told, object) {
			before := v.state
			v.run(object{"secret_id": unknown{}}, object{"secret_id": other}).was(v.t, "update", nil, []string{"ERROR secret_id: Value is of another secret: …(" + v.SecretARN + ")…Apply again to replace"})
			if !v.state.Equal(before) {
				v.t.Error("The state has changed.")
			}
			return v.run(object{"secret_id": other}), object{"secret_id": other}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newValues(t)
			v.does("create", nil, storesFirst...)
			other := v.NewSecret("other", nil)
			said, changes := by(v, other)
			said.was(t, "replace", nil, nil, storesFirst...)
			first := postgresText("db.example.com", "app", firstPassword)
			v.holds(first)
			v.SecretARN = other
			v.holds(first)
			v.does("none", changes)
			v.ForgetCalls()
			v.destroy()
			for _, c := range v.Calls(":user/deployer") {
				if c.Operation != "DescribeSecret" && c.Operation != "GetCallerIdentity" {
					t.Errorf("The destroy calls %s.", c)
				}
			}
			v.holds(first)
		})
	}
}
