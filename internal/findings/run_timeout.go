package findings

import (
	"slices"
	"strings"
	"time"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

// What functions log at the level INFO before they fail.
const (
	foundCredentials = "Found credentials in environment variables"
	connected        = "Successfully established"
)

// apiLimit is the shortest time after which a silent run waits for an API of AWS and not for a database: the functions give each of the
// two or four logins before five seconds, and say that they failed. For an API the AWS SDK for Python waits a minute.
const apiLimit = 30 * time.Second

// outOfTime explains a run that was stopped at its timeout, of which no more is known than what it has logged until then.
func (k Known) outOfTime(lines []string, took time.Duration) Finding {
	own := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return IsFrame(line) || isTimeout(line) })
	has := func(text string) bool {
		return slices.ContainsFunc(own, func(line string) bool { return strings.Contains(line, text) })
	}
	others := slices.ContainsFunc(own, func(line string) bool {
		return !strings.Contains(line, foundCredentials) && !strings.Contains(line, connected)
	})
	code, ofService := k.lookUp()
	switch reached := k.Done != "" || has(connected); {
	case others:
	case k.Done == "createSecret" && ofService && took >= apiLimit:
		return New(code, Error, lookUpSilence, lookUpSilenceRemedy)
	case reached:
	case has(foundCredentials):
		return New(NetworkNoPathSecretsManager, Error, silence, silenceRemedy)
	default:
		return New(FunctionTimeoutShort, Error, nothingLogged, timedOutRemedy)
	}
	return New(FunctionTimeoutShort, Error, timedOut, timedOutRemedy)
}

// lookUp is the code for an API that cannot be reached of which the function asks in setSecret where the database is: that of the service
// that manages the superuser secret, as the secret's name tells. Ok is false if none does.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html.
func (k Known) lookUp() (code Code, ok bool) {
	superuser, err := arn.ParseSecret(k.SuperuserSecretARN)
	switch {
	case err != nil:
		return "", false
	case strings.HasPrefix(superuser.Name, "rds!"):
		return NetworkNoPathRDS, true
	case strings.HasPrefix(superuser.Name, "redshift!"):
		return NetworkNoPathService, true
	}
	return "", false
}
