// Package tfcli drives a real Terraform or OpenTofu with the provider built
// from this module, for the demo and for tests that need the provider in a
// process of its own.
package tfcli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Find returns the CLI to drive: $TF_ACC_TERRAFORM_PATH, else terraform or tofu
// on PATH.
func Find() (string, error) {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path, nil
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("neither terraform nor tofu is on PATH, and TF_ACC_TERRAFORM_PATH is not set; `make demo` and `make test` build one where there is none")
}

// Provider is the package that [Build] makes the provider of.
const Provider = "github.com/rotationsafe/terraform-provider-rotation"

// Build compiles a package as the provider into a directory and returns the
// binary's path. It must run inside the module.
func Build(ctx context.Context, dir, pkg string) (string, error) {
	binary := filepath.Join(dir, "terraform-provider-rotation")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, pkg)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	return binary, nil
}

// CLI is a Terraform or OpenTofu that works in one directory.
type CLI struct {
	path, dir string
	env       []string
}

// New returns a CLI that works in dir and takes the provider from the directory
// of its binary. Nothing of the caller's own Terraform settings applies.
func New(path, dir, providerBinary string, env ...string) (*CLI, error) {
	config := filepath.Join(dir, "cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"rotationsafe/rotation\" = %q\n  }\n  direct {}\n}\n", filepath.Dir(providerBinary))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	var clean []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TF_") && !strings.HasPrefix(v, "AWS_") {
			clean = append(clean, v)
		}
	}
	clean = append(clean, "TF_CLI_CONFIG_FILE="+config, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "AWS_EC2_METADATA_DISABLED=true")
	return &CLI{path: path, dir: dir, env: append(clean, env...)}, nil
}

// farewell is how long the CLI may take to end once it was interrupted. It has
// to stop the provider.
const farewell = 20 * time.Second

// Run runs a command of the CLI and returns what it printed and its exit code.
// The error is for a CLI that could not be run at all. When the context ends the
// CLI is interrupted, and neither it nor a provider that it started is left
// when Run returns.
func (c *CLI) Run(ctx context.Context, args ...string) (output string, code int, err error) {
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	cmd.WaitDelay = farewell
	killGroup := ownGroup(cmd)
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil && cmd.Process != nil {
		killGroup()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode(), nil
	}
	return string(out), 0, err
}
