package provider

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/labtest"
	"github.com/rotationsafe/terraform-provider-rotation/internal/tfcli"
)

// terminal is a CLI in a directory of its own, with the provider's binary.
type terminal struct {
	world
	cli *tfcli.CLI
	dir string
}

func newTerminal(t *testing.T, w world) terminal {
	t.Helper()
	binary, err := built()
	w.Must(err)
	return newTerminalOf(t, w, binary)
}

// newQuickTerminal has the provider on a quick clock.
func newQuickTerminal(t *testing.T, w world) terminal {
	t.Helper()
	binary, _ := quickProvider(t)
	return newTerminalOf(t, w, binary)
}

func newTerminalOf(t *testing.T, w world, binary string) terminal {
	t.Helper()
	path, err := tfcli.Find()
	w.Must(err)
	dir := t.TempDir()
	cli, err := tfcli.New(path, dir, binary)
	w.Must(err)
	return terminal{w, cli, dir}
}

func (c terminal) write(configuration string) {
	c.Must(os.WriteFile(filepath.Join(c.dir, "main.tf"), []byte(requireRotation+configuration), 0o600))
}

func (c terminal) run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	out, code, err := c.cli.Run(t.Context(), slices.Insert(args, 1, "-no-color", "-input=false")...)
	c.Must(err)
	return out, code
}

// TestSavedPlanResumes applies a saved plan whose create fails, and then the
// same plan once more, as a pipeline does that retries a step.
func TestSavedPlanResumes(t *testing.T) {
	t.Parallel()
	c := newQuickTerminal(t, world{labtest.NewOn(t, awslab.Options{StepDelay: time.Millisecond})})
	c.write("resource \"terraform_data\" \"earlier\" {}\n")
	if out, code := c.run(t, "apply", "-auto-approve"); code != 0 {
		t.Fatal(out)
	}
	c.write("resource \"terraform_data\" \"earlier\" {}\n" + c.setup())
	if out, code := c.run(t, "plan", "-out=tfplan"); code != 0 || !strings.Contains(out, "GetRandomPassword") {
		t.Fatalf("The plan does not show the role policy:\n%s", out)
	}
	release := c.HoldRotation("setSecret")
	defer release()
	// AWS accepts the rotation, and then does not tell how it goes.
	clearSilence := func() {}
	clearFault := c.Inject(awslab.Fault{Operation: "RotateSecret", Times: 1, DoneFirst: true, Do: func(awslab.Call) {
		clearSilence = c.Inject(awslab.Fault{Operation: "DescribeSecret", Caller: ":user/administrator", Code: "AccessDeniedException", Message: "no"})
	}})
	if out, code := c.run(t, "apply", "tfplan"); code == 0 || !strings.Contains(out, "resumes this same rotation") {
		t.Fatal(out)
	}
	clearSilence()
	clearFault()
	defer c.Inject(awslab.Fault{Operation: "RotateSecret", DoneFirst: true, Do: func(awslab.Call) { release() }})()
	if out, code := c.run(t, "apply", "tfplan"); code != 0 {
		t.Fatalf("The plan can't be applied again:\n%s", out)
	}
	c.Login()
	if c.Finished() != 1 {
		t.Errorf("%d rotations have happened, 1 was asked for", c.Finished())
	}
}

// TestDestroyWithoutSecret destroys a setup whose secret is gone while its
// policy and permission are not. The plan of an apply tells, and does not stop
// the destroy.
func TestDestroyWithoutSecret(t *testing.T) {
	t.Parallel()
	c := newQuickTerminal(t, world{labtest.NewOn(t, awslab.Options{StepDelay: time.Millisecond})})
	c.write(c.setup())
	if out, code := c.run(t, "apply", "-auto-approve"); code != 0 {
		t.Fatal(out)
	}
	_, err := c.Secrets.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &c.SecretARN, ForceDeleteWithoutRecovery: aws.Bool(true)})
	c.Must(err)
	if out, code := c.run(t, "plan"); code != 0 || !strings.Contains(out, "secret-not-found") || !strings.Contains(out, "a destroy works") {
		t.Error(code, out)
	}
	if out, code := c.run(t, "destroy", "-auto-approve"); code != 0 {
		t.Errorf("The destroy is stopped:\n%s", out)
	}
	if names := c.InlinePolicies(c.Role); len(names) > 0 || c.FunctionPolicy() != "" {
		t.Error("Something of the setup is left.", names, c.FunctionPolicy())
	}
}
