package awslab_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// trail is a CloudTrail client that asks once.
func (l *secretsLab) trail(c aws.Credentials) *cloudtrail.Client {
	return cloudtrail.NewFromConfig(l.ConfigFor(c), func(o *cloudtrail.Options) { o.RetryMaxAttempts = 1 })
}

// lookUp returns all events that have an attribute, the latest first.
func (l *secretsLab) lookUp(key trailtypes.LookupAttributeKey, value string) []trailtypes.Event {
	l.Helper()
	in := &cloudtrail.LookupEventsInput{LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: key, AttributeValue: &value}}}
	var events []trailtypes.Event
	for pages := cloudtrail.NewLookupEventsPaginator(l.trail(l.Administrator()), in); pages.HasMorePages(); {
		events = append(events, try[*cloudtrail.LookupEventsOutput](l)(pages.NextPage(l.Context())).Events...)
	}
	return events
}

// document decodes what CloudTrail delivers, without what differs each time.
func document(t *testing.T, e trailtypes.Event) map[string]any {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal([]byte(*e.CloudTrailEvent), &d); err != nil {
		t.Fatal(err)
	}
	if d["eventID"] != *e.EventId || d["eventName"] != *e.EventName {
		t.Errorf("the document of %s is about another event: %v", *e.EventName, d)
	}
	for _, key := range []string{"eventID", "userAgent", "sourceIPAddress", "userIdentity"} {
		if d[key] == nil {
			t.Errorf("the document has no %s", key)
		}
		if key != "userIdentity" {
			delete(d, key)
		}
	}
	return d
}

func TestEventsOfRotation(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	l.Inject(awslab.Fault{Operation: "PutSecretValue", Caller: ":assumed-role/rotator/", Times: 2, Code: "AccessDeniedException"})
	l.rotate(secret, function, 2)
	l.Advance(10 * time.Minute)

	failed := l.lookUp(trailtypes.LookupAttributeKeyEventName, "RotationFailed")
	if len(failed) != 2 {
		t.Fatalf("two attempts failed, with %d events", len(failed))
	}
	if !failed[0].EventTime.Equal(start.Add(62*time.Second)) || !failed[1].EventTime.Equal(start.Add(time.Second)) || len(failed[0].Resources) > 0 || failed[0].Username != nil {
		t.Errorf("the events are %+v", failed)
	}
	want := map[string]any{
		"eventVersion": "1.08", "eventTime": "2026-01-22T14:30:01Z", "eventSource": "secretsmanager.amazonaws.com", "eventName": "RotationFailed",
		"awsRegion": "eu-west-1", "eventType": "AwsServiceEvent", "eventCategory": "Management", "managementEvent": true, "readOnly": false,
		"recipientAccountId": "123456789012", "requestParameters": nil, "responseElements": nil, "requestID": "Rotation-" + secret + "-" + token(2),
		"userIdentity":        map[string]any{"accountId": "123456789012", "invokedBy": "secretsmanager.amazonaws.com"},
		"additionalEventData": map[string]any{"SecretId": secret},
		"errorMessage":        "Error when executing lambda " + function + " during createSecret step",
	}
	if diff := cmp.Diff(want, document(t, failed[1])); diff != "" {
		t.Errorf("RotationFailed (-want +got):\n%s", diff)
	}
	for name, count := range map[string]int{"RotationStarted": 3, "RotationSucceeded": 1, "RotationAbandoned": 0, "CancelRotateSecret": 0} {
		if got := l.lookUp(trailtypes.LookupAttributeKeyEventName, name); len(got) != count {
			t.Errorf("there are %d events %s, want %d", len(got), name, count)
		}
	}
	for _, e := range l.lookUp(trailtypes.LookupAttributeKeyResourceName, secret) {
		if strings.HasPrefix(*e.EventName, "Rotation") {
			t.Errorf("%s names a resource", *e.EventName)
		}
	}
	if _, err := l.in("eu-central-1").ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{}); err != nil {
		t.Fatal(err)
	}
	if got := l.lookUp(trailtypes.LookupAttributeKeyEventName, "ListSecrets"); len(got) != 0 {
		t.Error("an event of another Region was found")
	}
}

// TestOtherServiceEvents are those of a rotation that is abandoned and of tests.
func TestOtherServiceEvents(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	release := l.HoldRotation("setSecret")
	l.rotate(secret, function, 2)
	l.Advance(time.Minute)
	if err := l.put(secret, 3, "{}"); err != nil {
		t.Fatal(err)
	}
	release()
	in := l.rotateInput(secret, function, 4)
	in.RotateImmediately = new(false)
	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), in))
	l.Advance(time.Minute)
	for _, name := range []string{"RotationAbandoned", "TestRotationStarted", "TestRotationFailed"} {
		if got := l.lookUp(trailtypes.LookupAttributeKeyEventName, name); len(got) != 1 {
			t.Errorf("there are %d events %s", len(got), name)
		}
	}
}

func TestEventsOfCalls(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	l.rotate(secret, function, 2)
	l.Advance(time.Minute)
	try[*secretsmanager.CancelRotateSecretOutput](t)(l.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: &secret}))
	user := l.NewUser("reader", `{"Version":"2012-10-17","Statement":[]}`)
	config := l.ConfigFor(user)
	config.DisableClockSkewCorrection = true // It would ask again.
	_, err := secretsmanager.NewFromConfig(config).RotateSecret(t.Context(), l.rotateInput("app", function, 3))
	refused(t, err, "AccessDeniedException", "RotateSecret")

	events := l.lookUp(trailtypes.LookupAttributeKeyEventName, "RotateSecret")
	if len(events) != 2 {
		t.Fatalf("there are %d events RotateSecret", len(events))
	}
	if got := *events[0].Username + " " + *events[0].AccessKeyId + " " + *events[0].ReadOnly; got != "reader "+user.AccessKeyID+" false" {
		t.Errorf("the refused call was made by %s", got)
	}
	got := document(t, events[0])
	if got["errorCode"] != "AccessDeniedException" || !strings.Contains(fmt.Sprint(got["errorMessage"]), "not authorized") {
		t.Errorf("the refused call is %v", got)
	}
	got = document(t, events[1])
	identity, _ := got["userIdentity"].(map[string]any)
	if identity["type"] != "IAMUser" || identity["arn"] != "arn:aws:iam::123456789012:user/administrator" || identity["userName"] != "administrator" {
		t.Errorf("the user is %v", identity)
	}
	delete(got, "userIdentity")
	delete(got, "requestID")
	want := map[string]any{
		"eventVersion": "1.08", "eventTime": "2026-01-22T14:30:00Z", "eventSource": "secretsmanager.amazonaws.com", "eventName": "RotateSecret",
		"awsRegion": "eu-west-1", "eventType": "AwsApiCall", "eventCategory": "Management", "managementEvent": true, "readOnly": false, "recipientAccountId": "123456789012",
		"requestParameters": map[string]any{"secretId": secret, "rotationLambdaARN": function, "clientRequestToken": token(2)},
		"responseElements":  map[string]any{"arn": secret, "name": "app", "versionId": token(2)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("RotateSecret (-want +got):\n%s", diff)
	}
	if len(events[1].Resources) != 1 || *events[1].Resources[0].ResourceName != secret {
		t.Errorf("the resources are %v", events[1].Resources)
	}
	if got := l.lookUp(trailtypes.LookupAttributeKeyEventName, "CancelRotateSecret"); len(got) != 1 {
		t.Errorf("there are %d events CancelRotateSecret", len(got))
	}

	// The function's own calls are events of a session of its role.
	stored := l.lookUp(trailtypes.LookupAttributeKeyUsername, "rotator")
	roles := map[any]bool{}
	for _, e := range stored {
		identity, _ := document(t, e)["userIdentity"].(map[string]any)
		roles[identity["type"]] = true
	}
	if diff := cmp.Diff(map[any]bool{"AssumedRole": true}, roles); diff != "" {
		t.Errorf("the function's %d calls were made by (-want +got):\n%s", len(stored), diff)
	}
	for _, e := range l.lookUp(trailtypes.LookupAttributeKeyEventSource, "secretsmanager.amazonaws.com") {
		if strings.Contains(*e.CloudTrailEvent, planted) || strings.Contains(*e.CloudTrailEvent, password(t, l.value(secret, "AWSCURRENT"))) {
			t.Errorf("the event of %s has a secret in it", *e.EventName)
		}
	}
}

func TestLookupPages(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", "{}")
	for range 120 {
		l.describe(secret)
		l.Advance(time.Second)
	}
	client := l.trail(l.Administrator())
	in := &cloudtrail.LookupEventsInput{LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: trailtypes.LookupAttributeKeyEventName, AttributeValue: new("DescribeSecret")}}}
	var sizes []int
	last := start.Add(time.Hour)
	for pages := cloudtrail.NewLookupEventsPaginator(client, in); pages.HasMorePages(); {
		page := try[*cloudtrail.LookupEventsOutput](t)(pages.NextPage(t.Context()))
		sizes = append(sizes, len(page.Events))
		for _, e := range page.Events {
			if !e.EventTime.Before(last) {
				t.Errorf("%v comes after %v", e.EventTime, last)
			}
			last = *e.EventTime
		}
		l.describe(secret) // An event of meanwhile moves none of the others.
	}
	if diff := cmp.Diff([]int{50, 50, 20}, sizes); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}

	in.StartTime, in.EndTime = new(start.Add(10*time.Second)), new(start.Add(14*time.Second))
	if got := try[*cloudtrail.LookupEventsOutput](t)(client.LookupEvents(t.Context(), in)); len(got.Events) != 5 || got.NextToken != nil {
		t.Errorf("five seconds have %d events", len(got.Events))
	}
	in.MaxResults = new(int32(2))
	if got := try[*cloudtrail.LookupEventsOutput](t)(client.LookupEvents(t.Context(), in)); len(got.Events) != 2 || got.NextToken == nil {
		t.Errorf("a page of two has %d events", len(got.Events))
	}
	l.Advance(91 * 24 * time.Hour)
	if got := l.lookUp(trailtypes.LookupAttributeKeyEventName, "DescribeSecret"); len(got) != 0 {
		t.Errorf("after three months there are %d events", len(got))
	}
}

// TestLookupTargets is about the names that clients have for CloudTrail's API.
func TestLookupTargets(t *testing.T) {
	t.Parallel()
	l := newServicesLab(t)
	for _, target := range []string{"CloudTrail_20131101.LookupEvents", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"} {
		if status, answer := l.send(l.Administrator(), "cloudtrail", "eu-west-1", target, "{}"); status != 200 || !strings.Contains(answer, `"Events":[]`) {
			t.Errorf("%s answered %d %s", target, status, answer)
		}
	}
}

func TestLookupRefusals(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	attribute := trailtypes.LookupAttribute{AttributeKey: trailtypes.LookupAttributeKeyEventName, AttributeValue: new("RotateSecret")}
	for name, test := range map[string]struct {
		in   cloudtrail.LookupEventsInput
		code string
	}{
		"two attributes":    {cloudtrail.LookupEventsInput{LookupAttributes: []trailtypes.LookupAttribute{attribute, attribute}}, "InvalidLookupAttributesException"},
		"unknown attribute": {cloudtrail.LookupEventsInput{LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: "Colour", AttributeValue: new("red")}}}, "InvalidLookupAttributesException"},
		"time range":        {cloudtrail.LookupEventsInput{StartTime: new(start.Add(time.Second)), EndTime: new(start)}, "InvalidTimeRangeException"},
		"page size":         {cloudtrail.LookupEventsInput{MaxResults: new(int32(51))}, "InvalidMaxResultsException"},
		"token":             {cloudtrail.LookupEventsInput{NextToken: new("x")}, "InvalidNextTokenException"},
		"category":          {cloudtrail.LookupEventsInput{EventCategory: "data"}, "InvalidEventCategoryException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := l.trail(l.Administrator()).LookupEvents(t.Context(), &test.in)
			refused(t, err, test.code, "")
		})
	}
	stranger := l.trail(l.NewUser("stranger", `{"Version":"2012-10-17","Statement":[]}`))
	_, err := stranger.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{})
	refused(t, err, "AccessDeniedException", "cloudtrail:LookupEvents")
	reader := l.trail(l.NewUser("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudtrail:LookupEvents","Resource":"*"}]}`))
	if _, err := reader.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{}); err != nil {
		t.Error(err)
	}
}

func TestEventDelay(t *testing.T) {
	t.Parallel()
	l := &secretsLab{T: t, Lab: awslab.New(awslab.Options{Start: start, EventDelay: 5 * time.Minute})}
	t.Cleanup(l.Close)
	try[string](t)(l.Listen("127.0.0.1:0"))
	l.Client = secretsmanager.NewFromConfig(l.Config())
	l.create("app", "{}")
	for _, test := range []struct {
		later time.Duration
		found int
	}{{5*time.Minute - time.Second, 0}, {time.Second, 1}} {
		l.Advance(test.later)
		if got := l.lookUp(trailtypes.LookupAttributeKeyEventName, "CreateSecret"); len(got) != test.found {
			t.Errorf("%v after it there are %d events", l.Now().Sub(start), len(got))
		}
	}
}
