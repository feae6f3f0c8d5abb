//go:build unix

package awslab_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// script writes a shell script and returns the command line that runs it. The
// name has a space in it, which quotes keep together.
func script(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rotate it.sh")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return "/bin/sh '" + path + "' first"
}

func TestInvocationTypes(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	function := l.newFunction(awslab.ExecVariable, `/bin/sh -c 'echo working >&2; exit 1'`)
	try[*lambda.PublishVersionOutput](t)(l.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &function}))
	out := try[*lambda.InvokeOutput](t)(l.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, Qualifier: new("1"), LogType: lambdatypes.LogTypeTail}))
	log, err := base64.StdEncoding.DecodeString(*out.LogResult)
	if err != nil || !strings.Contains(string(log), "\nworking\n") || !strings.Contains(string(log), "REPORT RequestId") || *out.ExecutedVersion != "1" {
		t.Errorf("version %s logged %q", *out.ExecutedVersion, log)
	}
	try[*lambda.InvokeOutput](t)(l.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, InvocationType: lambdatypes.InvocationTypeDryRun}))
	starts := func() int {
		return len(slices.DeleteFunc(l.logLines("/aws/lambda/f"), func(s string) bool { return !strings.HasPrefix(s, "START") }))
	}
	if n := starts(); n != 1 {
		t.Errorf("the function ran %d times, want once", n)
	}
	async := try[*lambda.InvokeOutput](t)(l.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, InvocationType: lambdatypes.InvocationTypeEvent}))
	if async.StatusCode != 202 {
		t.Errorf("an event got status %d", async.StatusCode)
	}
	for _, step := range []struct {
		wait time.Duration
		runs int
	}{{0, 2}, {59 * time.Second, 2}, {time.Second, 3}, {2 * time.Minute, 4}, {time.Hour, 4}} {
		l.Advance(step.wait)
		if n := starts(); n != step.runs {
			t.Errorf("%s later the function has run %d times, want %d", step.wait, n, step.runs)
		}
	}
}

func TestCommandFunction(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	command := script(t, `read -r event`, `echo "got $event and $1" >&2`, `printf 'half a line' >&2`, `echo '{"answer": 42}'`)
	l.newFunction(awslab.ExecVariable, command)
	if failed, answer := l.invoke(`{"Step":"x"}`); failed != "" || answer != `{"answer": 42}` {
		t.Errorf("the function answered %s %s", failed, answer)
	}
	want := []string{
		"START RequestId: ID Version: $LATEST", `got {"Step":"x"} and first`, "half a line", "END RequestId: ID",
		"REPORT RequestId: ID\tDuration: 0.00 ms\tBilled Duration: 0 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB",
	}
	if diff := cmp.Diff(want, l.logLines("/aws/lambda/f")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	for command, want := range map[string]string{
		`/bin/sh -c 'exit 3'`:             "Unhandled Runtime.ExitError: exit status 3",
		`/bin/sh -c 'kill -9 $$'`:         "Unhandled Runtime.ExitError: signal: killed",
		`/bin/sh -c 'echo not JSON'`:      "Unhandled Runtime.MarshalError: Unable to marshal response: the command's standard output is not JSON",
		`/bin/sh -c ''`:                   " null",
		`/nonexistent/command`:            "Unhandled Runtime.InvalidEntrypoint: RequestId: ID Error: fork/exec of the command of AWSLAB_EXEC failed: it was not found or is not executable",
		`/bin/sh -c 'unfinished`:          "Unhandled Runtime.InvalidEntrypoint: the command line of AWSLAB_EXEC ends within a quotation",
		`head -c 6291457 /dev/zero`:       "Unhandled Function.ResponseSizeTooLarge: Response payload size exceeded maximum allowed payload size (6291556 bytes).",
		`/bin/sh -c 'echo "$MISSPELLED"'`: " null",
	} {
		l.configure(lambda.UpdateFunctionConfigurationInput{Environment: variables(awslab.ExecVariable, command)})
		failed, answer := l.invoke("")
		if got := failed + " " + requestID.ReplaceAllString(answer, "ID"); got != want {
			t.Errorf("%s answered %q, want %q", command, got, want)
		}
	}
}

// TestCommandEnvironment plants a variable in the test's own environment, which
// is why it is not parallel.
func TestCommandEnvironment(t *testing.T) {
	t.Setenv("LEAKED_SECRET", "leaked")
	l := newServicesLab(t)
	l.newFunction(awslab.ExecVariable, script(t, "env >&2"), "EXCLUDE_CHARACTERS", `:/@"'\`)
	if failed, answer := l.invoke("{}"); failed != "" {
		t.Fatal(answer)
	}
	got := map[string]string{}
	for _, line := range l.logLines("/aws/lambda/f") {
		if name, value, ok := strings.Cut(line, "="); ok {
			got[name] = value
		}
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", awslab.ExecVariable} {
		if got[name] == "" {
			t.Errorf("%s is missing", name)
		}
		delete(got, name)
	}
	for _, name := range []string{"PWD", "OLDPWD", "SHLVL", "_"} { // The shell's own.
		delete(got, name)
	}
	want := map[string]string{
		"PATH": os.Getenv("PATH"), "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": l.URL(),
		"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
		"SECRETS_MANAGER_ENDPOINT": l.URL(), "EXCLUDE_CHARACTERS": `:/@"'\`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environment of the command (-want +got):\n%s", diff)
	}
}

// gone waits until a process has ended.
func gone(t *testing.T, pid int) {
	t.Helper()
	for range 200 {
		if syscall.Kill(pid, 0) != nil || zombie(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d still runs", pid)
}

// zombie tells whether a process has ended but nobody has asked how.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

// TestCommandTimeout has a command that starts another one, neither of which
// ends by itself, and checks that both are gone with the invocation.
func TestCommandTimeout(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.newFunction(awslab.ExecVariable, script(t, "sleep 600 &", "echo child $! >&2", "echo parent $$ >&2", "sleep 600"))
	l.configure(lambda.UpdateFunctionConfigurationInput{Timeout: new(int32(2))})
	failed, answer := l.invoke("{}")
	if failed != "Unhandled" || !strings.HasPrefix(answer, "Sandbox.Timedout: RequestId: ") || !strings.HasSuffix(answer, "Error: Task timed out after 2.00 seconds") {
		t.Errorf("the function answered %s %s", failed, answer)
	}
	lines := l.logLines("/aws/lambda/f")
	for _, want := range []string{
		"2026-01-22T14:30:02.000Z ID Task timed out after 2.00 seconds\n",
		"REPORT RequestId: ID\tDuration: 2000.00 ms\tBilled Duration: 2000 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\tStatus: timeout",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("the log has no line %q:\n%s", want, strings.Join(lines, "\n"))
		}
	}
	for _, pid := range pids(t, lines) {
		gone(t, pid)
	}
}

func pids(t *testing.T, lines []string) []int {
	t.Helper()
	var list []int
	for _, line := range lines {
		if name, pid, _ := strings.Cut(line, " "); name == "child" || name == "parent" {
			n, err := strconv.Atoi(pid)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, n)
		}
	}
	if len(list) != 2 {
		t.Fatalf("the log does not have the two processes:\n%s", strings.Join(lines, "\n"))
	}
	return list
}

// TestCommandLeavesNothing has a command that ends well and leaves another one
// behind.
func TestCommandLeavesNothing(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	l.newFunction(awslab.ExecVariable, script(t, "sleep 600 >/dev/null 2>&1 &", "echo child $! >&2", "echo parent $$ >&2", "echo true"))
	if failed, answer := l.invoke("{}"); failed != "" || answer != "true" {
		t.Errorf("the function answered %s %s", failed, answer)
	}
	for _, pid := range pids(t, l.logLines("/aws/lambda/f")) {
		gone(t, pid)
	}
}

// TestCloseEndsCommands closes a lab in which a command runs.
func TestCloseEndsCommands(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	l.newFunction(awslab.ExecVariable, script(t, `echo $$ > "$PIPE"`, "sleep 600"), "PIPE", pipe)
	answered := make(chan error, 1)
	go func() {
		_, err := l.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: new("f")}, func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
		answered <- err
	}()
	file, err := os.Open(pipe) // Opens when the command does.
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // It is only read.
	line, err := bufio.NewReader(file).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	gone(t, pid)
	if err := <-answered; err == nil {
		t.Error("the invocation was answered")
	}
}
