package rotation_test

import (
	"os"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab/pgserver/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
