// Command lab serves the embedded AWS until it is interrupted, for trials with
// any AWS client.
//
// Standard output carries the shell commands that point a client to it, and
// nothing else, so that a shell can read them from a file. Everything for
// people goes to standard error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// The user whom the lab's own user store has from the start, since no AWS call
// could make one.
const (
	storeUser     = "app"
	storePassword = "first-password"
)

// builtIn are the rotation functions that awslab.HandlerVariable accepts.
var builtIn = []string{"PostgreSQLSingleUser", "PostgreSQLMultiUser", "UserStore", "Custom"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run serves until the context ends and returns the exit status. Both outputs
// are written to concurrently.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("lab", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:4599", "TCP address to listen on")
	verbose := flags.Bool("v", false, "log each request and rotation step to standard error")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "lab: unexpected argument %q\n", flags.Arg(0))
		return 2
	}

	var options awslab.Options
	if *verbose {
		options.Log = func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }
	}
	lab := awslab.New(options)
	defer lab.Close()
	if err := lab.UserStore().CreateUser(storeUser, storePassword); err != nil {
		fmt.Fprintln(stderr, "lab:", err)
		return 1
	}
	url, err := lab.Listen(*addr)
	if err != nil {
		fmt.Fprintf(stderr, "lab: cannot listen on %s: %v\nChoose another address, as in: make lab ADDR=127.0.0.1:4600\n", *addr, cause(err))
		return 1
	}
	fmt.Fprint(stdout, exports(lab, url))
	fmt.Fprint(stderr, remarks(lab, url))
	<-ctx.Done()
	fmt.Fprintln(stderr, "# Closing.")
	return 0
}

// cause is what the system said, without the operation and the address, which
// are told already.
func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// exports are the commands that make a shell's AWS clients use the lab. The
// session token of another account would be sent along, so it is emptied.
func exports(lab *awslab.Lab, url string) string {
	admin := lab.Administrator()
	var out strings.Builder
	for _, v := range [][2]string{
		{"AWS_ENDPOINT_URL", url},
		{"AWS_ACCESS_KEY_ID", admin.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", admin.SecretAccessKey},
		{"AWS_SESSION_TOKEN", ""},
		{"AWS_REGION", lab.Region()},
		{"AWS_DEFAULT_REGION", lab.Region()},
	} {
		fmt.Fprintf(&out, "export %s=%s\n", v[0], v[1])
	}
	return out.String()
}

func remarks(lab *awslab.Lab, url string) string {
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, strings.TrimRight("# "+format, " ")+"\n", args...) }
	say("The embedded AWS serves Secrets Manager, Lambda, KMS, IAM, STS, EC2 networks, CloudWatch Logs and CloudTrail on %s", url)
	say("until it is interrupted with Ctrl-C. Then everything in it is gone.")
	say("The lines above point a client to it; paste them into another shell. Their credentials")
	say("may do everything in account %s. Roles that you create may do what their policies say.", lab.AccountID())
	say("")
	say("What a function runs is told by its environment variables:")
	say("  %s=COMMAND  a command of yours: it reads the event as JSON from standard input,", awslab.ExecVariable)
	say("                       writes its result to standard output and its log to standard error")
	say("  %s=NAME  a rotation function that is built in: %s", awslab.HandlerVariable, strings.Join(builtIn, ", "))
	say("UserStore rotates a user of the lab itself, for trials without a database. The first")
	say(`value of its secret: {"engine":"labstore","host":"lab","username":%q,"password":%q}`, storeUser, storePassword)
	if host, _, err := net.SplitHostPort(strings.TrimPrefix(url, "http://")); err == nil && !net.ParseIP(host).IsLoopback() {
		say("")
		say("CAUTION: this address can be reached from other machines. Whoever reaches it can run")
		say("any command as you, by way of %s.", awslab.ExecVariable)
	}
	return out.String()
}
