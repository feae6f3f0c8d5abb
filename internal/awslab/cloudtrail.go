package awslab

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cloudTrailService is CloudTrail's event history:
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html.
func cloudTrailService() *service {
	return &service{wire: jsonWire{}, operations: map[string]handler{"LookupEvents": reading(lookupEvents)}}
}

// trail is the event history of every Region.
type trail struct {
	events []*trailEvent // as they happened
}

// trailEvent is one event of the history.
type trailEvent struct {
	serial                                  int // its place in the history, from 1
	time                                    time.Time
	name, region, id, username, accessKeyID string
	readOnly                                bool
	resources                               []string // ARNs of secrets
	// document is the event as CloudTrail delivers it.
	document map[string]any
}

// trailSource is the one service whose events the history has.
const trailSource = secretsManagerPrincipal

// trailResource is the type of the resources of events.
const trailResource = "AWS::SecretsManager::Secret"

// trailDays is how far back LookupEvents looks.
const trailDays = 90 * 24 * time.Hour

type lookupEventsInput struct {
	LookupAttributes   []struct{ AttributeKey, AttributeValue string }
	StartTime, EndTime *float64 // seconds since the epoch
	EventCategory      string
	MaxResults         *int
	NextToken          string
}

// check refuses what LookupEvents refuses. AWS documents the codes, not the
// messages.
func (in *lookupEventsInput) check() error {
	switch {
	case len(in.LookupAttributes) > 1:
		return errorf("InvalidLookupAttributesException", "Only one lookup attribute can be specified.")
	case len(in.LookupAttributes) == 1 && trailAttributes[in.LookupAttributes[0].AttributeKey] == nil:
		return errorf("InvalidLookupAttributesException", "The lookup attribute %s is not valid.", in.LookupAttributes[0].AttributeKey)
	case in.StartTime != nil && in.EndTime != nil && *in.StartTime > *in.EndTime:
		return errorf("InvalidTimeRangeException", "The start time is after the end time.")
	case in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 50):
		return errorf("InvalidMaxResultsException", "MaxResults must be between 1 and 50.")
	case in.EventCategory != "" && in.EventCategory != "insight":
		return errorf("InvalidEventCategoryException", "The event category is not valid.")
	}
	return nil
}

// trailAttributes are the values of an event that a lookup can ask for.
var trailAttributes = map[string]func(*trailEvent) []string{
	"AccessKeyId":  func(e *trailEvent) []string { return []string{e.accessKeyID} },
	"EventId":      func(e *trailEvent) []string { return []string{e.id} },
	"EventName":    func(e *trailEvent) []string { return []string{e.name} },
	"EventSource":  func(*trailEvent) []string { return []string{trailSource} },
	"ReadOnly":     func(e *trailEvent) []string { return []string{strconv.FormatBool(e.readOnly)} },
	"ResourceName": func(e *trailEvent) []string { return e.resources },
	"ResourceType": func(e *trailEvent) []string {
		if len(e.resources) == 0 {
			return nil
		}
		return []string{trailResource}
	},
	"Username": func(e *trailEvent) []string { return []string{e.username} },
}

// matches tells whether a lookup asks for an event.
func (in *lookupEventsInput) matches(e *trailEvent) bool {
	at := float64(e.time.Unix())
	if in.StartTime != nil && at < *in.StartTime || in.EndTime != nil && at > *in.EndTime {
		return false
	}
	for _, a := range in.LookupAttributes {
		if a.AttributeValue == "" || !slices.Contains(trailAttributes[a.AttributeKey](e), a.AttributeValue) {
			return false
		}
	}
	return in.EventCategory == ""
}

// lookupEvents answers with the events that have arrived, the latest first. The
// token is the serial number of the last event of the page before.
func lookupEvents(c *call, in *lookupEventsInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := c.may("cloudtrail:LookupEvents", "*", nil, nil); err != nil {
		return nil, err
	}
	events := c.lab.trail.events
	before := len(events) + 1
	if in.NextToken != "" {
		var err error
		if before, err = strconv.Atoi(in.NextToken); err != nil || before < 1 || before > len(events) {
			return nil, errorf("InvalidNextTokenException", "The next token is not valid.")
		}
	}
	size := 50
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	now, found, next := c.lab.Now(), []map[string]any{}, ""
	for _, e := range slices.Backward(events[:before-1]) {
		age := now.Sub(e.time)
		if e.region != c.region || age < c.lab.options.EventDelay || age > trailDays || !in.matches(e) {
			continue
		}
		if len(found) == size {
			next = strconv.Itoa(before)
			break
		}
		found, before = append(found, e.shown()), e.serial
	}
	answer := map[string]any{"Events": found}
	if next != "" {
		answer["NextToken"] = next
	}
	return answer, nil
}

// shown is an event as LookupEvents answers it.
func (e *trailEvent) shown() map[string]any {
	document, err := json.Marshal(e.document)
	if err != nil {
		panic(err) // Made of what came as JSON.
	}
	resources := []map[string]string{}
	for _, name := range e.resources {
		resources = append(resources, map[string]string{"ResourceType": trailResource, "ResourceName": name})
	}
	shown := map[string]any{
		"EventId": e.id, "EventName": e.name, "EventSource": trailSource, "EventTime": epoch{e.time}, "ReadOnly": strconv.FormatBool(e.readOnly),
		"Resources": resources, "CloudTrailEvent": string(document),
	}
	if e.username != "" {
		shown["Username"] = e.username
	}
	if e.accessKeyID != "" {
		shown["AccessKeyId"] = e.accessKeyID
	}
	return shown
}

// add appends an event of this moment to the history. Lab.mu is held.
func (t *trail) add(l *Lab, region, name string, readOnly bool, document map[string]any) *trailEvent {
	e := &trailEvent{
		serial: len(t.events) + 1, time: l.Now().Truncate(time.Second), name: name, region: region, id: newUUID(), readOnly: readOnly, document: document,
	}
	maps.Copy(document, map[string]any{
		"eventVersion": "1.08", "eventTime": e.time.Format(time.RFC3339), "eventSource": trailSource, "eventName": name, "awsRegion": region, "eventID": e.id,
		"readOnly": readOnly, "managementEvent": true, "recipientAccountId": l.options.AccountID, "eventCategory": "Management",
	})
	t.events = append(t.events, e)
	return e
}

// rotationEvent writes a service event of a rotation, whose form follows
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html.
// It names the secret in its additional data only.
func (t *trail) rotationEvent(l *Lab, region string, r RotationEvent) {
	document := map[string]any{
		"userIdentity":    map[string]any{"accountId": l.options.AccountID, "invokedBy": secretsManagerPrincipal},
		"sourceIPAddress": secretsManagerPrincipal, "userAgent": secretsManagerPrincipal, "requestParameters": nil, "responseElements": nil,
		"additionalEventData": map[string]any{"SecretId": r.SecretARN}, "requestID": "Rotation-" + r.SecretARN + "-" + r.VersionID, "eventType": "AwsServiceEvent",
	}
	if r.ErrorMessage != "" {
		document["errorMessage"] = r.ErrorMessage
	}
	t.add(l, region, r.Name, false, document)
}

// traced writes an event for every call of a handler, which CloudTrail does for
// all operations of Secrets Manager.
func traced(do handler) handler {
	return func(c *call) (any, error) {
		host := c.http.RemoteAddr
		host = host[:max(0, strings.LastIndex(host, ":"))]
		parameters, secretID := tracedParameters(c.body)
		e := c.lab.trail.add(c.lab, c.region, c.operation, !Call{Operation: c.operation}.Writes(), map[string]any{
			"userIdentity": c.userIdentity(), "sourceIPAddress": host, "userAgent": cmp.Or(c.http.UserAgent(), "-"),
			"requestParameters": parameters, "responseElements": nil, "requestID": c.requestID, "eventType": "AwsApiCall",
		})
		e.username, e.accessKeyID = c.caller.username(), c.caller.credential.AccessKeyID
		answer, err := do(c)
		// That events name their secret as a resource is not documented.
		if s := c.lab.secrets.find(c.region, secretID); s != nil {
			e.resources = []string{s.arn}
		}
		if err != nil {
			failure := asAPIError(err)
			e.document["errorCode"], e.document["errorMessage"] = failure.Code, failure.Message
		} else if changed, ok := answer.(secretAnswer); ok {
			e.document["responseElements"] = map[string]any{"arn": changed.ARN, "name": changed.Name, "versionId": changed.VersionID}
		}
		return answer, err
	}
}

// tracedParameters are the parameters of a request that an event shows: none
// that can be a secret, or be about one.
func tracedParameters(body []byte) (shown map[string]any, secretID string) {
	var given map[string]any
	if json.Unmarshal(body, &given) != nil {
		return nil, ""
	}
	for _, key := range []string{
		"ClientRequestToken", "KmsKeyId", "MoveToVersionId", "Name", "RemoveFromVersionId", "RotateImmediately", "RotationLambdaARN", "RotationRules",
		"SecretId", "VersionId", "VersionStage", "VersionStages",
	} {
		if value, ok := given[key]; ok {
			if shown == nil {
				shown = map[string]any{}
			}
			shown[strings.ToLower(key[:1])+key[1:]] = value
		}
	}
	secretID, _ = given["SecretId"].(string)
	return shown, secretID
}

// userIdentity tells who calls:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html.
func (c *call) userIdentity() map[string]any {
	key, account := c.caller.credential, c.lab.options.AccountID
	identity := map[string]any{"type": "IAMUser", "principalId": key.id, "arn": key.arn, "accountId": account, "accessKeyId": key.AccessKeyID, "userName": c.caller.username()}
	if key.session {
		delete(identity, "userName")
		role := key.identity
		identity["type"] = "AssumedRole"
		identity["sessionContext"] = map[string]any{"sessionIssuer": map[string]any{
			"type": "Role", "principalId": role.id, "arn": role.arn, "accountId": account, "userName": role.name,
		}}
	}
	return identity
}

// username is the name of a user or of a role session.
func (c caller) username() string { return c.arn[strings.LastIndex(c.arn, "/")+1:] }
