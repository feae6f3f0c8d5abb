// Command quick is the provider on a clock that does not wait for long, for tests
// that need it in a process of its own.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/rotationsafe/terraform-provider-rotation/internal/provider"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// clock is that of the machine, but for its pauses, of which one can be a crash.
type clock struct{ rotation.SystemClock }

func (c clock) Sleep(ctx context.Context, d time.Duration) error {
	if os.Getenv("ROTATION_TEST_CRASH") != "" {
		panic("as the test asks for")
	}
	return c.SystemClock.Sleep(ctx, min(d, 50*time.Millisecond))
}

func main() {
	err := providerserver.Serve(context.Background(), provider.NewTest("test", clock{}), providerserver.ServeOpts{
		Address: "registry.terraform.io/rotationsafe/rotation", ProtocolVersion: 6,
	})
	if err != nil {
		log.Fatal(err)
	}
}
