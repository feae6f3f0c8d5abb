package facts

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// eventPages is how many pages of fifty events are read of each kind, the newest
// first: CloudTrail answers two lookups a second, and finds these by their name
// only.
const eventPages = 4

// Events looks up what CloudTrail has of rotations that failed, of all secrets of
// the account in the Region, in the last ninety days: once for any number of
// secrets. With an error there is what was found before it.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html.
func (s Source) Events(ctx context.Context) ([]findings.Event, error) {
	s.renewed = nil // What has happened has happened.
	return advice(ctx, s, "cloudtrail", "events", func(ctx context.Context) (all []findings.Event, err error) {
		for _, name := range []string{"RotationFailed", "RotationAbandoned", "TestRotationFailed", "TestRotationSucceeded"} {
			if name == "TestRotationSucceeded" && !slices.ContainsFunc(all, func(e findings.Event) bool { return e.Name == "TestRotationFailed" }) {
				continue // There is nothing that it would take back.
			}
			pages := cloudtrail.NewLookupEventsPaginator(s.CloudTrail, &cloudtrail.LookupEventsInput{
				LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: &name}},
			})
			for page := 0; pages.HasMorePages() && page < eventPages; page++ {
				out, err := pages.NextPage(ctx)
				if err != nil {
					return all, err
				}
				for _, e := range out.Events {
					if event, ok := readEvent(name, aws.ToTime(e.EventTime), aws.ToString(e.CloudTrailEvent)); ok {
						all = append(all, event)
					}
				}
			}
		}
		return all, nil
	})
}

// readEvent reads an event of Secrets Manager:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html.
func readEvent(name string, at time.Time, text string) (e findings.Event, ok bool) {
	var event struct {
		EventSource         string `json:"eventSource"`
		ErrorMessage        string `json:"errorMessage"`
		AdditionalEventData struct {
			SecretID string `json:"SecretId"`
		} `json:"additionalEventData"`
	}
	if json.Unmarshal([]byte(text), &event) != nil || event.EventSource != "secretsmanager.amazonaws.com" || event.AdditionalEventData.SecretID == "" {
		return e, false
	}
	return findings.Event{Name: name, SecretARN: event.AdditionalEventData.SecretID, Message: event.ErrorMessage, At: at}, true
}
