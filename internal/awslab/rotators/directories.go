package rotators

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// The members of the secrets of directory users.
const (
	directoryID       = "awsSeamlessDomainDirectoryId"
	directoryUsername = "awsSeamlessDomainUsername"
	directoryPassword = "awsSeamlessDomainPassword"
	keytabARNs        = "keytabArns"
)

// How functions that read few variables, or none, ask for a password.
var (
	cacheRandom     = secretsmanager.GetRandomPasswordInput{ExcludeCharacters: aws.String(rdsExclude), PasswordLength: aws.Int64(20)}
	directoryRandom = secretsmanager.GetRandomPasswordInput{ExcludeCharacters: aws.String(rdsExclude)}
)

// describeInfluxDB asks for the endpoint of the instance that a version names.
func describeInfluxDB(stage string) action {
	return func(ctx context.Context, in *invocation) error {
		var out struct{ Endpoint string }
		err := in.ask(ctx, influxDBService, in.env.Config.Region, "GetDbInstance", map[string]string{"identifier": in.known[stage].text("dbIdentifier")}, &out)
		if err == nil && out.Endpoint == "" {
			return keyError("Invalid endpoint info for InfluxDB instance.")
		}
		return err
	}
}

// readCacheUser reads a version of the secret of an ElastiCache user. The function speaks of createSecret in every step.
func readCacheUser(stage string) action {
	return func(ctx context.Context, in *invocation) error {
		if err := read(stage)(ctx, in); err != nil {
			return err
		}
		if !in.known[stage].has("user_arn") {
			return keyError("createSecret: secret " + in.secretID + " has no user_arn defined.")
		}
		return nil
	}
}

// cacheUser returns the Region and the ID of the ElastiCache user that the secret names by its ARN.
func (in *invocation) cacheUser() (region, id string, err error) {
	current := in.known[stageCurrent]
	name, ok := current.string("user_arn")
	if !ok {
		return "", "", newError("AttributeError", "'%s' object has no attribute 'split'", pyType(current.get("user_arn")))
	}
	parts := strings.Split(name, ":")
	if len(parts) < 7 {
		return "", "", newError("IndexError", "list index out of range")
	}
	return parts[3], parts[6], nil
}

// cacheUserActive waits until the user is active, as in every step of the function: AWS's page gives it twelve minutes for that.
func cacheUserActive(step string) action {
	return func(ctx context.Context, in *invocation) error {
		region, id, err := in.cacheUser()
		if err != nil {
			return err
		}
		pause, most := in.seconds("WAITING_RETRY_INTERVAL_IN_SECONDS", 10), in.seconds("MAX_WAITING_TIME_FOR_ACTIVE_IN_SECONDS", 600)
		for waited := time.Duration(0); ; waited += pause {
			var out struct {
				Status []string `xml:"DescribeUsersResult>Users>member>Status"`
			}
			if err := in.ask(ctx, elastiCacheService, region, "DescribeUsers", url.Values{"UserId": {id}}, &out); err != nil {
				return err
			}
			if slices.Contains(out.Status, "active") {
				return nil
			}
			if waited >= most || pause <= 0 {
				return newError("ValueError", "%s: user %s associated with secret %s did not reached the active status.", step, id, in.secretID)
			}
			if err := in.sleep(ctx, pause); err != nil {
				return err
			}
		}
	}
}

// seconds reads an environment variable, or takes the default.
func (in *invocation) seconds(variable string, byDefault int) time.Duration {
	if given, err := strconv.Atoi(in.env.Vars[variable]); err == nil {
		byDefault = given
	}
	return time.Duration(byDefault) * time.Second
}

// modifyCacheUser gives the user the pending password besides the current one.
func modifyCacheUser(ctx context.Context, in *invocation) error {
	region, id, err := in.cacheUser()
	if err != nil {
		return err
	}
	form := url.Values{"UserId": {id}, "Passwords.member.1": {in.known[stagePending].text("password")}}
	if current := in.known[stageCurrent]; current.has("password") {
		form.Set("Passwords.member.2", current.text("password"))
	}
	return in.ask(ctx, elastiCacheService, region, "ModifyUser", form, &struct{}{})
}

func describeDirectory(ctx context.Context, in *invocation) error {
	return in.ask(ctx, directoryService, in.env.Config.Region, "DescribeDirectories",
		map[string]any{"DirectoryIds": []string{in.known[stageCurrent].text(directoryID)}, "Limit": 1}, &struct{}{})
}

// resetUserPassword makes the pending password the user's, or fails with the message given, for the function hides the reason.
func resetUserPassword(message string) action {
	return func(ctx context.Context, in *invocation) error {
		pending := in.known[stagePending]
		err := in.ask(ctx, directoryService, in.env.Config.Region, "ResetUserPassword", map[string]string{
			"DirectoryId": pending.text(directoryID), "UserName": pending.text(directoryUsername), "NewPassword": pending.text(directoryPassword),
		}, &struct{}{})
		if isType(err, "ClientError") || isType(err, "EndpointConnectionError") || isType(err, "ConnectTimeoutError") {
			in.error("setSecret: %s for directory %s and user %s", message, pending.text(directoryID), pending.text(directoryUsername))
			return newError("ValueError", "%s", message)
		}
		return err
	}
}

// keytabs are the secrets with the keytabs of the user.
func (in *invocation) keytabs() []string {
	var secrets []string
	_ = json.Unmarshal(in.known[stagePending].get(keytabARNs), &secrets) // The lab's secrets have a list of ARNs.
	return secrets
}

// keytab reads the pending version of a keytab secret, or the current one when there is no pending one.
func (in *invocation) keytab(ctx context.Context, secretID string) (doc document, stage string, err error) {
	doc, err = in.document(ctx, secretID, stagePending)
	if !isType(err, "ResourceNotFoundException") && !isType(err, "InvalidRequestException") {
		return doc, stagePending, err
	}
	doc, err = in.document(ctx, secretID, stageCurrent)
	return doc, stageCurrent, err
}

// rotateKeytabs gives each keytab secret a pending version. It tries all of them before it fails.
func rotateKeytabs(ctx context.Context, in *invocation) error {
	var failed []string
	secrets := in.keytabs()
	for _, secretID := range secrets {
		doc, stage, err := in.keytab(ctx, secretID)
		if err == nil && stage == stageCurrent {
			doc.putString("parentSecretArn", in.secretID)
			_, err = in.sm.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
				SecretId: aws.String(secretID), ClientRequestToken: aws.String(in.token),
				SecretString: aws.String(doc.encode()), VersionStages: []string{stagePending},
			})
			if err != nil {
				err = in.callError(ctx, "PutSecretValue", err)
			}
		}
		if err != nil {
			failed = append(failed, secretID+": "+pyText(err))
		}
	}
	if len(failed) > 0 {
		return newError("Exception", "Failed to set keytab for %d/%d keytab(s):\n%s", len(failed), len(secrets), strings.Join(failed, "\n"))
	}
	return nil
}

// testKeytabs reads what rotateKeytabs has written.
func testKeytabs(ctx context.Context, in *invocation) error {
	for _, secretID := range in.keytabs() {
		if _, _, err := in.keytab(ctx, secretID); err != nil {
			return err
		}
	}
	return nil
}

// finishKeytabs moves AWSCURRENT of each keytab secret. It comes after that of the secret itself, so that whatever it leaves undone
// stays so: the next try finds the secret rotated.
func finishKeytabs(ctx context.Context, in *invocation) error {
	for _, secretID := range in.keytabs() {
		keytab := *in
		keytab.secretID = secretID
		if err := keytab.finishSecret(ctx); err != nil {
			return err
		}
	}
	return nil
}
