// Command schema prints the provider's schema as JSON, in the format of
// `terraform providers schema -json`, for the documentation generator.
//
// The schema comes from the provider itself and not from a CLI: Terraform before
// 1.14 leaves out actions and list resources, OpenTofu has neither of them, and
// the pages must not depend on which CLI is at hand.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/rotationsafe/terraform-provider-rotation/internal/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	document, err := schemas(ctx, provider.NewServer("dev")())
	if err != nil {
		return err
	}

	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")

	return encoder.Encode(document)
}
