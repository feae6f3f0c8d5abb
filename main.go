// Command terraform-provider-rotation is the Terraform provider for AWS
// Secrets Manager rotation. Terraform and OpenTofu start it; with -debug it
// waits for a CLI to attach to it instead.
package main

import (
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/rotationsafe/terraform-provider-rotation/internal/provider"
)

// version and commit are set by the release build.
var (
	version = "dev"
	commit  = "none"
)

func main() {
	debug := flag.Bool("debug", false, "wait for a Terraform CLI or a debugger to attach")
	show := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *show {
		log.SetFlags(0)
		log.Printf("terraform-provider-rotation %s (%s)", version, commit)
		return
	}
	var options []tf6server.ServeOpt
	if *debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	if err := tf6server.Serve("registry.terraform.io/rotationsafe/rotation", provider.NewServer(version), options...); err != nil {
		log.Fatal(err)
	}
}
