package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/tfcli"
)

// The names of the artefacts that a configuration's directory comes to hold,
// beside the state.
const (
	planFile   = "tfplan"
	outputFile = "output.txt"
	traceFile  = "trace.log"
)

// configuration is a copy of an example, with values for its variables, and the
// CLI that works in it.
type configuration struct {
	demo *demo
	cli  *tfcli.CLI
	dir  string
}

// configure copies an example into a directory of its own.
func (d *demo) configure(example, name string, variables map[string]any) (*configuration, error) {
	c := &configuration{demo: d, dir: filepath.Join(d.dir, name)}
	if err := os.Mkdir(c.dir, 0o700); err != nil {
		return nil, err
	}
	// Only what the example is made of: somebody may have applied it in place.
	sources, err := filepath.Glob(filepath.Join(d.examples, example, "*.tf"))
	if err != nil {
		return nil, err
	}
	values, err := json.MarshalIndent(variables, "", "  ")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"terraform.tfvars.json": values}
	for _, source := range sources {
		if files[filepath.Base(source)], err = os.ReadFile(source); err != nil {
			return nil, err
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(c.dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	admin := d.lab.Administrator()
	c.cli, err = tfcli.New(d.cliPath, c.dir, d.provider,
		"AWS_ENDPOINT_URL="+d.lab.URL(), "AWS_REGION="+d.lab.Region(),
		"AWS_ACCESS_KEY_ID="+admin.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+admin.SecretAccessKey,
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		// The most talkative log there is, to search it for passwords.
		"TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(c.dir, traceFile))
	return c, err
}

// run runs a command of the CLI and prints it with what it said. The exit code
// has to be the expected one.
func (c *configuration) run(ctx context.Context, code int, command ...string) (string, error) {
	d := c.demo
	name := strings.TrimSuffix(filepath.Base(d.cliPath), ".exe")
	d.say("\n$ %s %s", name, strings.Join(command, " "))
	out, got, err := c.cli.Run(ctx, append(command, "-no-color")...)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, command[0], err)
	}
	file, err := os.OpenFile(filepath.Join(c.dir, outputFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(out)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", err
	}
	if d.toldOverrides {
		out = withoutOverrides(out)
	}
	d.toldOverrides = true // Once is enough.
	d.quote(out)
	if got != code {
		return "", fmt.Errorf("%w: %s %s ends with exit status %d, not %d", errClaim, name, command[0], got, code)
	}
	return out, nil
}

// runs runs commands that all have to succeed.
func (c *configuration) runs(ctx context.Context, commands ...[]string) error {
	for _, command := range commands {
		if _, err := c.run(ctx, 0, command...); err != nil {
			return err
		}
	}
	return nil
}
