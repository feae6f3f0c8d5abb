package rotators

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// genericExclude is what the generic template leaves out of a password when EXCLUDE_CHARACTERS is not set.
const genericExclude = "/@\"'\\"

// generic is AWS's template for functions of one's own: it knows no format, so the whole value becomes the bare new password, and what
// it cannot know it leaves unimplemented.
type generic struct{}

func (generic) createSecret(ctx context.Context, in *invocation) error {
	if _, err := in.value(ctx, in.secretID, stageCurrent); err != nil {
		return err
	}
	switch _, err := in.value(ctx, in.secretID, stagePending); {
	case err == nil:
		in.info("createSecret: Successfully retrieved secret for %s.", in.secretID)
		return nil
	case !isType(err, "ResourceNotFoundException"):
		return err
	}
	password, err := in.getRandomPassword(ctx, &secretsmanager.GetRandomPasswordInput{ExcludeCharacters: in.excludeCharacters(genericExclude)})
	if err != nil {
		return err
	}
	return in.putPending(ctx, password, false)
}

func (generic) setSecret(context.Context, *invocation) error {
	return &Error{Type: "NotImplementedError"}
}

func (generic) testSecret(context.Context, *invocation) error {
	return &Error{Type: "NotImplementedError"}
}
