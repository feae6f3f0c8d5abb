package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/tfcli"
)

// binaries are directories to remove when all tests are done.
var (
	building sync.Mutex
	binaries []string
)

// built is the provider's binary, and builtQuick one on a quick clock, compiled
// once for the tests that need it in a process of its own.
var (
	built      = builds(tfcli.Provider)
	builtQuick = builds("./testdata/quick")
)

func builds(pkg string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp("", "rotation-provider-")
		if err != nil {
			return "", err
		}
		building.Lock()
		binaries = append(binaries, dir)
		building.Unlock()
		return tfcli.Build(context.Background(), dir, pkg)
	})
}

// TestKilledProvider kills the provider's process at each of its calls to AWS
// in turn, before the call takes effect and, if it has one, after, and applies
// again: Terraform knows nothing of what the dead provider did.
func TestKilledProvider(t *testing.T) {
	t.Parallel()
	before := map[string]int{}
	writes := 0
	for _, call := range newVictim(t).applied() {
		name, n := call.String(), before[call.String()]
		before[name]++
		for _, doneFirst := range []bool{false, true} {
			if doneFirst && !call.Writes() {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d/done_first=%t", name, n, doneFirst), func(t *testing.T) {
				t.Parallel()
				newVictim(t).killedAt(awslab.Fault{Service: call.Service, Operation: call.Operation, After: n, DoneFirst: doneFirst})
			})
		}
		if call.Writes() {
			writes++
		}
	}
	if writes < 3 || len(before) < 8 {
		t.Errorf("The apply makes %d writes only, and these calls: %v.", writes, before)
	}
}

// victim is a provider that can be killed, with a plan.
type victim struct {
	world
	t       *testing.T
	cli     *tfcli.CLI
	dir     string
	process string // file with the number of the provider's process
}

// newVictim has a plan for a new setup.
func newVictim(t *testing.T) victim {
	t.Helper()
	w := world{labtest.NewOn(t, awslab.Options{StepDelay: time.Millisecond})}
	return newVictimOf(t, w, w.setup())
}

func newVictimOf(t *testing.T, w world, configuration string) victim {
	t.Helper()
	path, err := tfcli.Find()
	w.Must(err)
	dir := t.TempDir()
	own, process := quickProvider(t)
	// A killed provider leaves its socket behind. The path of one has to be short.
	sockets, err := os.MkdirTemp("", "rotation") //nolint:usetesting // The test's own directory has a long path.
	w.Must(err)
	t.Cleanup(func() { _ = os.RemoveAll(sockets) })
	cli, err := tfcli.New(path, dir, own, "TMPDIR="+sockets)
	w.Must(err)
	v := victim{w, t, cli, dir, process}
	v.plans(configuration)
	return v
}

// plans saves a plan for a configuration.
func (v victim) plans(configuration string) {
	v.t.Helper()
	v.Must(os.WriteFile(filepath.Join(v.dir, "main.tf"), []byte(requireRotation+configuration), 0o600))
	if out, code := v.run("plan", "-out=tfplan"); code != 0 {
		v.t.Fatal(out)
	}
}

// quickProvider returns the provider for a CLI, in a process of its own that does
// not wait for long, and the file with the number of that process.
func quickProvider(t *testing.T) (binary, process string) {
	t.Helper()
	made, err := builtQuick()
	if err != nil {
		t.Fatal(err)
	}
	return tracked(t, made)
}

// tracked returns a provider for a CLI and the file with the number of its process.
func tracked(t *testing.T, made string) (binary, process string) {
	t.Helper()
	dir := t.TempDir()
	binary, process = filepath.Join(dir, filepath.Base(made)), filepath.Join(dir, "process")
	// The CLI starts a script that becomes the provider and has told its process.
	script := fmt.Sprintf("#!/bin/sh\necho $$ > '%s'\nexec '%s' \"$@\"\n", process, made)
	if err := os.WriteFile(binary, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return binary, process
}

func (v victim) run(command string, args ...string) (output string, code int) {
	v.t.Helper()
	output, code, err := v.cli.Run(v.t.Context(), append([]string{command, "-no-color", "-input=false"}, args...)...)
	v.Must(err)
	return output, code
}

// applied are the calls of an apply that nothing disturbs.
func (v victim) applied() []awslab.Call {
	v.t.Helper()
	v.ForgetCalls()
	if out, code := v.run("apply", "tfplan"); code != 0 {
		v.t.Fatal(out)
	}
	return v.AdministratorCalls()
}

// dies applies the plan with a provider that dies at a call, and returns whether that
// came and what the CLI has said.
func (v victim) dies(call awslab.Fault) (dead bool, out string, code int) {
	v.t.Helper()
	call.Caller, call.Times, call.Drop = ":user/administrator", 1, true
	call.Do = func(awslab.Call) {
		dead = true
		kill(v.t, v.process)
	}
	defer v.Inject(call)()
	out, code = v.run("apply", "tfplan")
	return dead, out, code
}

// killedAt applies with a provider that dies at a call, and then again.
func (v victim) killedAt(call awslab.Fault) {
	t := v.t
	t.Helper()
	dead, out, code := v.dies(call)
	if !dead {
		// It looks as often as it takes until the rotation is over.
		if code != 0 || call.Operation != "DescribeSecret" {
			t.Error("The call did not come.", out)
		}
		return
	}
	if code == 0 {
		t.Error("The apply of a killed provider succeeded.", out)
	}
	out, code = v.run("apply", "-auto-approve")
	if code != 0 {
		t.Error("The next apply failed.", out)
	}
	if strings.Contains(out, "must be replaced") || strings.Contains(out, "tainted") {
		t.Error("The next plan replaces.", out)
	}
	if out, code := v.run("plan", "-detailed-exitcode"); code != 0 {
		t.Error("The setup has not converged.", out)
	}
	if v.Finished() != 1 {
		t.Errorf("%d rotations have happened, 1 was asked for.", v.Finished())
	}
	if names := v.InlinePolicies(v.Role); len(names) != 1 {
		t.Errorf("The role policies are %v.", names)
	}
	if strings.Count(v.FunctionPolicy(), `"Sid"`) != 1 {
		t.Errorf("The function policy is %s.", v.FunctionPolicy())
	}
	v.Login()
}

// kill ends the process whose number a file holds, at once.
func kill(t *testing.T, file string) {
	t.Helper()
	signal(t, file, os.Kill)
}

// signal sends a signal to the process whose number a file holds.
func signal(t *testing.T, file string, s os.Signal) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
		return
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Error(err)
		return
	}
	p, err := os.FindProcess(number)
	if err == nil {
		err = p.Signal(s)
	}
	if err != nil {
		t.Error(err)
	}
}

const requireRotation = `
terraform {
  required_providers {
    rotation = {
      source = "rotationsafe/rotation"
    }
  }
}
`
