package rotation

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/rotationsafe/terraform-provider-rotation/internal/facts"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// shown are the last lines of a run without the secrets, or why they can't be
// shown.
func (w *wait) shown(ctx context.Context, sec *secret, run *facts.Run) (lines []string, hidden string) {
	secrets, hidden := w.contents(ctx, sec)
	if hidden != "" {
		return nil, hidden
	}
	masked := *run
	masked.Lines = slices.Clone(run.Lines)
	for i, line := range masked.Lines {
		masked.Lines[i] = findings.Redact(line, secrets)
	}
	return masked.Last(), ""
}

// openKeys are the members of a SecretString that name where and as whom to log
// in. They may be shown, and are what makes a log line useful.
var openKeys = []string{
	"engine", "host", "port", "dbname", "username", "ssl", "masterarn", "dbInstanceIdentifier", "dbClusterIdentifier",
	"adminSecretArn", "dbIdentifier", "user_arn", "keytabArns", "awsSeamlessDomainDirectoryId", "awsSeamlessDomainUsername",
}

// contents are the strings that no log line may show: what the versions of the
// secret hold, and the superuser secret, which the function reads as well. Hidden
// is why they are not all known; empty if they are.
func (w *wait) contents(ctx context.Context, sec *secret) (secrets []string, hidden string) {
	if !w.want.ReadValue {
		return nil, "with `check_secret_value = false` the values that would have to be masked in them are not read"
	}
	type version struct {
		secretARN string
		facts.Value
	}
	versions := []version{{w.secretARN, w.pending}}
	for _, id := range []string{sec.Current(), sec.With(facts.LabelPrevious)} {
		if id != "" && id != w.version {
			versions = append(versions, version{w.secretARN, w.Value(ctx, w.secretARN, id)})
		}
	}
	if superuser := w.want.SuperuserSecretARN; superuser != "" {
		versions = append(versions, version{superuser, w.Value(ctx, superuser, "")})
	}
	for _, v := range versions {
		switch c := v.Value; {
		case c.State == facts.ValuePresent && c.Binary:
			hidden = "a value that would have to be masked in them is binary"
		case c.State == facts.ValuePresent:
			secrets = append(secrets, leaves(c.Text)...)
		case c.State == facts.ValueUnknown && c.Denied == nil:
			hidden = "the value of " + v.secretARN + ", which would have to be masked in them, could not be read"
		case c.State == facts.ValueUnknown:
			hidden = "these credentials may not read " + v.secretARN + " (`secretsmanager:GetSecretValue`), whose value would have to be masked in them"
		}
	}
	return secrets, hidden
}

// leaves are the secret strings in a SecretString: the values in a JSON document
// at any depth, but for the open keys of an object, or the whole of any other
// text. Short numbers, true and false are no secrets.
func leaves(content string) []string {
	decoder := json.NewDecoder(strings.NewReader(content))
	decoder.UseNumber()
	var document any
	if decoder.Decode(&document) != nil {
		document = content
	}
	if object, ok := document.(map[string]any); ok {
		for _, key := range openKeys {
			delete(object, key)
		}
	}
	found := []string{content}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			found = append(found, v)
			if strings.Contains(v, "\n") { // A key in PEM, say, which a log has line by line.
				found = append(found, strings.Fields(v)...)
			}
		case json.Number:
			if len(v) > 3 {
				found = append(found, v.String())
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(document)
	return found
}
