package rotation

import "context"

// Progress is told of the steps of an operation as they happen: a sentence
// without a full stop, and facts on it such as "secret_arn", "version_id" and
// "step", none of which is a secret or text that a function has logged.
type Progress func(ctx context.Context, message string, fields map[string]any)

// tell tells a step of an operation.
func (s *Service) tell(ctx context.Context, message string, fields map[string]any) {
	if s.Progress != nil {
		s.Progress(ctx, message, fields)
	}
}
