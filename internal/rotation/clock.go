package rotation

import (
	"context"
	"time"
)

// Clock is the time that waits and timeouts are measured by. Tests give
// their own.
type Clock interface {
	Now() time.Time
	// Sleep waits for d or until the context ends, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the clock of the machine.
type SystemClock struct{}

// Now is the time of the machine.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep waits in real time.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
