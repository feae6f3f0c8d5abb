//go:build !unix

package pgserver

import (
	"context"
	"fmt"
)

type cluster struct{}

func launch(context.Context, *Server, Options) (*cluster, error) {
	return nil, fmt.Errorf("%w on this operating system", ErrUnavailable)
}

func (*cluster) halt() error { return nil }
