package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/tfcli"
)

// stepDelay is the pause before each step of a rotation. AWS takes longer.
const stepDelay = 100 * time.Millisecond

// demo is one run with everything that it has started and made.
type demo struct {
	printer
	// dir holds a directory for each configuration, bin with the provider, and
	// the logs.
	dir, examples     string
	cliPath, provider string
	toldOverrides     bool

	log     *os.File
	lab     *awslab.Lab
	secrets *secretsmanager.Client
	lambda  *lambda.Client
	iam     *iam.Client
	logs    *cloudwatchlogs.Client
	db      database

	// quickstart is applied to the secret orders, which the function rotates.
	quickstart          *configuration
	orders, functionARN string
	// passwords are all that have existed.
	passwords map[string]bool
}

// prepare builds and starts everything.
func prepare(ctx context.Context, out printer, open opener) (_ *demo, err error) {
	d := &demo{printer: out, passwords: map[string]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	d.heading("A database password that rotates, from the first apply on")
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/rotationsafe/terraform-provider-rotation").Output()
	if err != nil {
		return nil, errors.New("the demo has to run inside the provider's repository, with Go on PATH")
	}
	d.examples = filepath.Join(strings.TrimSpace(string(root)), "examples")
	if d.cliPath, err = tfcli.Find(); err != nil {
		return nil, err
	}
	if d.dir, err = os.MkdirTemp("", "rotation-demo-"); err != nil {
		return nil, err
	}
	bin := filepath.Join(d.dir, "bin")
	if err = os.Mkdir(bin, 0o700); err != nil {
		return nil, err
	}
	d.say("Building the provider ...")
	if d.provider, err = tfcli.Build(ctx, bin, tfcli.Provider); err != nil {
		return nil, err
	}
	if err = d.startLab(); err != nil {
		return nil, err
	}
	if d.db, err = open(ctx, out, d.lab); err != nil {
		return nil, fmt.Errorf("starting the database: %w", err)
	}
	return d, d.introduce(ctx)
}

func (d *demo) startLab() (err error) {
	if d.log, err = os.Create(filepath.Join(d.dir, "aws.log")); err != nil {
		return err
	}
	d.lab = awslab.New(awslab.Options{
		StepDelay: stepDelay,
		Log:       func(format string, args ...any) { fmt.Fprintf(d.log, format+"\n", args...) },
	})
	if _, err := d.lab.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	d.secrets = secretsmanager.NewFromConfig(d.lab.Config())
	d.lambda = lambda.NewFromConfig(d.lab.Config())
	d.iam = iam.NewFromConfig(d.lab.Config())
	d.logs = cloudwatchlogs.NewFromConfig(d.lab.Config())
	return nil
}

// introduce says who plays.
func (d *demo) introduce(ctx context.Context) error {
	cli, err := tfcli.New(d.cliPath, filepath.Dir(d.provider), d.provider)
	if err != nil {
		return err
	}
	version, _, err := cli.Run(ctx, "version")
	if err != nil {
		return err
	}
	version, _, _ = strings.Cut(version, "\n")
	d.say("CLI:       %s", version)
	d.say("Database:  %s", d.db.about())
	d.say("AWS:       the embedded one, account %s, Region %s", d.lab.AccountID(), d.lab.Region())
	return nil
}

// close ends and removes everything.
func (d *demo) close() error {
	var errs []error
	if d.lab != nil {
		d.lab.Close()
	}
	if d.db != nil {
		errs = append(errs, d.db.stop())
	}
	if d.log != nil {
		errs = append(errs, d.log.Close())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}
