package awslab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"
)

// maxResult is the largest answer of a function, in bytes:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const maxResult = 6 << 20

// killDelay is how long the pipes of a killed command may stay open.
const killDelay = time.Second

// execute runs a command line for one invocation. The command and everything it
// started is gone when execute returns.
func (r *running) execute(ctx context.Context, line string, event []byte) ([]byte, error) {
	words, err := splitWords(line)
	if err != nil {
		return nil, &functionError{"Runtime.InvalidEntrypoint", err.Error()}
	}
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Env = r.environ()
	command.Stdin = bytes.NewReader(event)
	result, stderr := &resultBuffer{}, &lineWriter{write: r.write}
	command.Stdout, command.Stderr = result, stderr
	command.WaitDelay = killDelay
	group := ownGroup(command)
	command.Cancel = group.kill
	if command.Start() != nil {
		return nil, &functionError{"Runtime.InvalidEntrypoint", "RequestId: " + r.requestID + " Error: fork/exec of the command of " + ExecVariable + " failed: it was not found or is not executable"}
	}
	err = command.Wait()
	_ = group.kill() // What the command left running in the background.
	stderr.flush()
	if status, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, &functionError{"Runtime.ExitError", status.Error()}
	}
	answer := bytes.TrimSpace(result.bytes)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case result.full:
		return nil, &functionError{"Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes)."}
	case len(answer) == 0:
		return []byte("null"), nil
	case !json.Valid(answer):
		return nil, &functionError{"Runtime.MarshalError", "Unable to marshal response: the command's standard output is not JSON"}
	}
	return answer, nil
}

// environ is what the command sees: what Lambda gives to a function, where to
// find commands and AWS, and nothing of the environment of the lab itself.
func (r *running) environ() []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"AWS_ACCESS_KEY_ID=" + r.role.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + r.role.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + r.role.SessionToken,
		"AWS_REGION=" + r.arn.Region,
		"AWS_DEFAULT_REGION=" + r.arn.Region,
		"AWS_ENDPOINT_URL=" + r.lab.URL(),
		"AWS_LAMBDA_FUNCTION_NAME=" + r.arn.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=" + r.configuration.Version,
		"AWS_LAMBDA_LOG_GROUP_NAME=" + r.configuration.LoggingConfig.LogGroup,
	}
	for name, value := range r.variables() {
		env = append(env, name+"="+value)
	}
	return env
}

// resultBuffer keeps standard output up to the limit of an answer.
type resultBuffer struct {
	bytes []byte
	full  bool
}

func (b *resultBuffer) Write(p []byte) (int, error) {
	if len(b.bytes)+len(p) > maxResult {
		b.full = true
	} else {
		b.bytes = append(b.bytes, p...)
	}
	return len(p), nil
}

// lineWriter makes a log event of each line.
type lineWriter struct {
	write func(string)
	part  []byte
}

// maxLine is the size of an event of CloudWatch Logs, less its overhead.
const maxLine = 256<<10 - 26

func (w *lineWriter) Write(p []byte) (int, error) {
	w.part = append(w.part, p...)
	for {
		line, rest, found := bytes.Cut(w.part, []byte("\n"))
		if !found {
			break
		}
		w.write(strings.TrimSuffix(string(line), "\r"))
		w.part = rest
	}
	if len(w.part) > maxLine {
		w.flush()
	}
	return len(p), nil
}

func (w *lineWriter) flush() {
	if len(w.part) > 0 {
		w.write(string(w.part))
		w.part = nil
	}
}

// splitWords splits a command line as a POSIX shell splits a simple command:
// at white space, with quotes and backslashes, but with no expansion of any
// kind.
func splitWords(line string) ([]string, error) {
	var (
		words  []string
		word   strings.Builder
		inWord bool
		quote  rune
		escape bool
	)
	for _, r := range line {
		switch {
		case escape:
			// Within double quotes, a backslash stands for itself before
			// anything but these.
			if quote == '"' && !strings.ContainsRune("\"\\$`", r) {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escape = false
		case r == '\\' && quote != '\'':
			escape, inWord = true, true
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	switch {
	case quote != 0 || escape:
		return nil, errors.New("the command line of " + ExecVariable + " ends within a quotation")
	case len(words) == 0:
		return nil, errors.New("the command line of " + ExecVariable + " is empty")
	}
	return words, nil
}
