package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The names of the rotation functions and of their roles.
const (
	singleFunction      = "rotate-own-password"
	alternatingFunction = "rotate-alternating-users"
)

// firstApply applies the quickstart. The create rotates.
func (d *demo) firstApply(ctx context.Context) error {
	d.heading("1. The first apply rotates")
	var err error
	if d.orders, err = d.newUser(ctx, "orders", nil); err != nil {
		return err
	}
	single, _ := d.db.handlers()
	if d.functionARN, err = d.newFunction(ctx, singleFunction, single); err != nil {
		return err
	}
	old, err := d.login(ctx, d.orders)
	if err != nil {
		return err
	}
	accepted, err := d.accepts(ctx, old)
	if err != nil {
		return err
	}
	d.say("There are a user %q, a secret with the user's password and a rotation function. The", old.username)
	d.say("function's role may read no secret, and Secrets Manager may not invoke the function.")
	if err := d.verify(claim{d.db.label() + " accepts the password that is in the secret.", accepted}); err != nil {
		return err
	}

	d.quickstart, err = d.configure("quickstart", "quickstart", map[string]any{
		"secret_id": d.orders, "rotation_lambda_arn": d.functionARN, "rotation_type": d.db.rotationType(),
	})
	if err != nil {
		return err
	}
	d.say("\nexamples/quickstart is to make this secret rotate.")
	d.lab.ForgetCalls()
	if err := d.quickstart.runs(ctx, []string{"validate"}, []string{"plan", "-out=" + planFile}); err != nil {
		return err
	}
	if err := d.verify(claim{"Validate and plan have changed nothing in AWS.", len(d.written()) == 0}); err != nil {
		return err
	}
	if err := d.quickstart.runs(ctx, []string{"apply", planFile}); err != nil {
		return err
	}
	written := d.written()
	if err := d.rotatedFrom(ctx, old); err != nil {
		return err
	}
	return d.verify(claim{
		"AWS was asked for three changes, in the order it needs them: role policy, invoke permission, rotation.",
		slices.Equal(written, []string{"iam:PutRolePolicy", "lambda:AddPermission", "secretsmanager:RotateSecret"}),
	})
}

// rotatedFrom verifies that the password of orders has changed in the secret
// and in the database alike.
func (d *demo) rotatedFrom(ctx context.Context, old login) error {
	current, err := d.login(ctx, d.orders)
	if err != nil {
		return err
	}
	oldAccepted, err := d.accepts(ctx, old)
	if err != nil {
		return err
	}
	newAccepted, err := d.accepts(ctx, current)
	if err != nil {
		return err
	}
	return d.verify(
		claim{"The secret has a new password at AWSCURRENT.", current.version != old.version && current.password != old.password},
		claim{d.db.label() + " refuses the old password.", !oldAccepted},
		claim{d.db.label() + " accepts the new password.", newAccepted},
	)
}

// nothingToDo plans again, before and after a rotation that Terraform has
// nothing to do with.
func (d *demo) nothingToDo(ctx context.Context) error {
	d.heading("2. Rotations are no changes")
	unchanged := func() error {
		out, err := d.quickstart.run(ctx, 0, "plan", "-detailed-exitcode")
		if err != nil {
			return err
		}
		return d.verify(claim{"The plan is empty.", strings.Contains(out, "No changes.")})
	}
	if err := unchanged(); err != nil {
		return err
	}
	old, err := d.login(ctx, d.orders)
	if err != nil {
		return err
	}
	d.say("\nNow somebody rotates the secret outside of Terraform, as the schedule would.")
	if err := d.rotate(ctx, d.orders); err != nil {
		return err
	}
	if err := d.rotatedFrom(ctx, old); err != nil {
		return err
	}
	return unchanged()
}

// ownedValue changes a field of a value that rotates.
func (d *demo) ownedValue(ctx context.Context) error {
	d.heading("3. What rotation does not own can change")
	rotationType := d.db.rotationType()
	if rotationType == nil {
		rotationType = "Custom"
	}
	c, err := d.configure("owned-value", "owned-value", map[string]any{
		"secret_id": d.orders, "rotation_type": rotationType, "connection_fields": map[string]any{"username": "orders"},
	})
	if err != nil {
		return err
	}
	before, err := d.login(ctx, d.orders)
	if err != nil {
		return err
	}
	d.say("examples/owned-value takes the value over. It does not know the password.")
	d.lab.ForgetCalls()
	if err := c.runs(ctx, []string{"apply", "-auto-approve"}); err != nil {
		return err
	}
	if err := d.verify(claim{"Nothing was written.", len(d.written()) == 0}); err != nil {
		return err
	}
	d.say("\nThen an application wants to read its name in the value.")
	if err := c.runs(ctx, []string{"apply", "-auto-approve", `-var=connection_fields={"username":"orders","application":"shop"}`}); err != nil {
		return err
	}
	after, err := d.login(ctx, d.orders)
	if err != nil {
		return err
	}
	application, err := d.field(ctx, d.orders, "application")
	if err != nil {
		return err
	}
	accepted, err := d.accepts(ctx, after)
	if err != nil {
		return err
	}
	if err := d.verify(
		claim{"The value has the new field, and the password that it had.", application == "shop" && after.version != before.version && after.password == before.password},
		claim{d.db.label() + " accepts it.", accepted},
	); err != nil {
		return err
	}
	d.say("\nAnd the secret rotates again.")
	if err := d.rotate(ctx, d.orders); err != nil {
		return err
	}
	if err := d.rotatedFrom(ctx, after); err != nil {
		return err
	}
	if application, err = d.field(ctx, d.orders, "application"); err != nil {
		return err
	}
	return d.verify(claim{"The field is still there.", application == "shop"})
}

// stoppedAtPlan plans configurations that can't work.
func (d *demo) stoppedAtPlan(ctx context.Context) error {
	d.heading("4. What can't work is stopped at plan")
	invoices, err := d.newUser(ctx, "invoices", nil)
	if err != nil {
		return err
	}
	reports, err := d.newSecret(ctx, "reports", map[string]any{
		"engine": "postgresql", "host": "127.0.0.1", "port": "default", "username": "reports", "password": d.newPassword(),
	})
	if err != nil {
		return err
	}
	for _, broken := range []struct {
		name, why, code string
		variables       map[string]any
	}{
		{
			"broken-schedule", "A rotation every two hours: Secrets Manager refuses less than four.", "schedule-invalid",
			map[string]any{"secret_id": invoices, "rotation_type": d.db.rotationType(), "schedule_expression": "rate(2 hours)", "duration": "1h"},
		},
		{
			"broken-value", "A value in the wrong format: AWS accepts it, and the rotation would fail later.", "secret-engine-mismatch",
			map[string]any{"secret_id": reports, "rotation_type": "PostgreSQLSingleUser"},
		},
	} {
		broken.variables["rotation_lambda_arn"] = d.functionARN
		c, err := d.configure("quickstart", broken.name, broken.variables)
		if err != nil {
			return err
		}
		d.say("\n%s", broken.why)
		d.lab.ForgetCalls()
		out, err := c.run(ctx, 1, "plan")
		if err != nil {
			return err
		}
		if err := d.verify(
			claim{"The plan fails and says why (" + broken.code + ").", strings.Contains(out, "Error: ") && strings.Contains(out, broken.code)},
			claim{"Nothing was changed in AWS.", len(d.written()) == 0},
		); err != nil {
			return err
		}
	}
	return nil
}

// alternatingUsers applies the example of that name.
func (d *demo) alternatingUsers(ctx context.Context) error {
	d.heading("5. Two users that alternate")
	_, handler := d.db.handlers()
	if handler == "" {
		d.say("The user store has no superuser, so this is left out. It needs PostgreSQL.")
		return nil
	}
	functionARN, err := d.newFunction(ctx, alternatingFunction, handler)
	if err != nil {
		return err
	}
	value := d.db.connection()
	value["username"], value["password"] = d.db.superuser()
	superuser, err := d.newSecret(ctx, "superuser", value)
	if err != nil {
		return err
	}
	app, err := d.newUser(ctx, "app", map[string]any{"masterarn": superuser})
	if err != nil {
		return err
	}
	first, err := d.login(ctx, app)
	if err != nil {
		return err
	}
	c, err := d.configure("alternating-users", "alternating-users", map[string]any{
		"secret_id": app, "superuser_secret_arn": superuser, "rotation_lambda_arn": functionARN,
	})
	if err != nil {
		return err
	}
	if err := c.runs(ctx, []string{"apply", "-auto-approve"}); err != nil {
		return err
	}
	second, err := d.login(ctx, app)
	if err != nil {
		return err
	}
	firstAccepted, err := d.accepts(ctx, first)
	if err != nil {
		return err
	}
	secondAccepted, err := d.accepts(ctx, second)
	if err != nil {
		return err
	}
	return d.verify(
		claim{"The secret was of the user app and is now of the user app_clone.", first.username == "app" && second.username == "app_clone"},
		claim{d.db.label() + " accepts app_clone with the new password.", secondAccepted},
		claim{d.db.label() + " still accepts app with the old one, so no application is locked out.", firstAccepted},
	)
}

// destroy takes the quickstart down again.
func (d *demo) destroy(ctx context.Context) error {
	d.heading("6. Destroy takes back what the setup made, and no more")
	before, err := d.access(ctx, singleFunction)
	if err != nil {
		return err
	}
	value, err := d.login(ctx, d.orders)
	if err != nil {
		return err
	}
	d.lab.ForgetCalls()
	if err := d.quickstart.runs(ctx, []string{"destroy", "-auto-approve"}); err != nil {
		return err
	}
	written := d.written()
	after, err := d.access(ctx, singleFunction)
	if err != nil {
		return err
	}
	now, err := d.login(ctx, d.orders)
	if err != nil {
		return err
	}
	accepted, err := d.accepts(ctx, now)
	if err != nil {
		return err
	}
	enabled, err := d.rotates(ctx, d.orders)
	if err != nil {
		return err
	}
	return d.verify(
		claim{"The secret is there with the value it had.", now == value},
		claim{d.db.label() + " accepts the password that is in it.", accepted},
		claim{"It does not rotate any more.", !enabled},
		claim{"The setup's statement is gone from the function's policy, and that of somebody else is there.", len(before.statements) == 2 && slices.Equal(after.statements, []string{foreignStatement})},
		claim{"The setup's policy is gone from the role, and the other policies are there.", len(before.inline) == 2 && slices.Equal(after.inline, []string{foreignPolicy}) && slices.Equal(after.attached, []string{foreignManaged})},
		claim{
			"AWS was asked for three changes: rotation off, permission removed, role policy deleted.",
			slices.Equal(written, []string{"secretsmanager:CancelRotateSecret", "lambda:RemovePermission", "iam:DeleteRolePolicy"}),
		},
	)
}

// noPasswordLeft searches everything that this run has produced for every
// password that has existed. That the search finds things is shown by another
// text, which must be there.
func (d *demo) noPasswordLeft(ctx context.Context) error {
	d.heading("7. No password was left anywhere")
	functionLog, err := d.functionLog(ctx)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.dir, "functions.log"), []byte(functionLog), 0o600); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Dir(d.provider)); err != nil {
		return err
	}
	var passwords []string
	for password := range d.passwords {
		passwords = append(passwords, password)
	}
	holders, files, err := search(d.dir, passwords...)
	if err != nil {
		return err
	}
	known, _, err := search(d.dir, d.orders, "rotation_setup.quickstart")
	if err != nil {
		return err
	}
	d.say("%d passwords have existed, and %d files were produced: states, a plan, the CLI's output", len(passwords), files)
	d.say("and its log at level TRACE, the log of every call to AWS and that of the functions.")
	for _, holder := range holders {
		d.say("  a password is in %s", holder)
	}
	missing := slices.DeleteFunc([]string{
		"quickstart/terraform.tfstate.backup", "quickstart/" + planFile, "quickstart/" + outputFile, "quickstart/" + traceFile, "aws.log", "functions.log",
	}, func(name string) bool { return slices.Contains(known, name) })
	for _, name := range missing {
		d.say("  neither the secret's ARN nor the resource is in %s", name)
	}
	return d.verify(
		claim{"No password is in any of them.", len(holders) == 0 && len(passwords) > 0},
		claim{"The same search finds the secret's ARN or the resource in state, plan, output and each log.", len(missing) == 0},
	)
}
