// Command demo shows what the provider is for, on this machine alone: a real
// Terraform or OpenTofu applies the repository's examples with a provider built
// from this module, AWS is the embedded one, and the passwords that rotate are
// those of a real PostgreSQL server.
//
// Whatever it claims it has verified first. The first claim that does not hold
// ends it with exit status 1. It leaves no process and no file behind, and it
// never prints a password.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// patience is the time after which something must be wrong.
const patience = 10 * time.Minute

func main() {
	// SIGPIPE is the end of whoever reads the output.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := run(ctx, os.Stdout, openPostgreSQL)
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case err == nil:
	case interrupted:
		fmt.Fprintln(os.Stderr, "demo: interrupted; everything it started is gone")
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run gives the whole demo and cleans up after it.
func run(ctx context.Context, out io.Writer, open opener) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d, err := prepare(ctx, printer{out}, open)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for _, act := range []func(*demo, context.Context) error{
		(*demo).firstApply, (*demo).nothingToDo, (*demo).ownedValue, (*demo).stoppedAtPlan, (*demo).alternatingUsers, (*demo).destroy, (*demo).noPasswordLeft,
	} {
		if err := act(d, ctx); err != nil {
			return err
		}
	}
	d.say("\nThat is all. Nothing of it is left on this machine.")
	return nil
}
