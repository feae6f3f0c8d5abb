package rotation

import "context"

// Progress is told of the steps of an operation as they happen: a sentence
// without a full stop, and facts on it such as "secret_arn", "version_id" and
// "step", none of which is a secret or text that a function has logged.
type Progress func(ctx context.Context, message string, fields map[string]any)

type progressKey struct{}

// WithProgress returns a context whose operations tell their steps to a listener
// of its own, beside the one of the service.
func WithProgress(ctx context.Context, listener Progress) context.Context {
	return context.WithValue(ctx, progressKey{}, listener)
}

// tell tells a step of an operation.
func (s *Service) tell(ctx context.Context, message string, fields map[string]any) {
	if s.Progress != nil {
		s.Progress(ctx, message, fields)
	}
	if listener, ok := ctx.Value(progressKey{}).(Progress); ok && listener != nil {
		listener(ctx, message, fields)
	}
}
