package awslab

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// logsState is CloudWatch Logs in every Region of the account.
type logsState struct {
	groups map[string]*logGroup // by ARN, without the :* at its end
	serial int                  // number of the newest event
	scan   int                  // see [Lab.LimitLogScan]
}

func newLogsState() *logsState { return &logsState{groups: map[string]*logGroup{}} }

type logGroup struct {
	region, name, arn string

	created   time.Time
	retention int // days; 0 keeps for ever
	tags      map[string]string
	streams   map[string]*logStream
}

type logStream struct {
	name, arn string

	created time.Time
	events  []logEvent // as they came in
}

type logEvent struct {
	serial              int
	timestamp, ingested int64 // milliseconds since the epoch
	message             string
}

// logsService is CloudWatch Logs as far as function logs need it:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html.
func logsService() *service {
	return &service{wire: jsonWire{}, operations: map[string]handler{
		"CreateLogGroup":        reading(createLogGroup),
		"CreateLogStream":       reading(createLogStream),
		"DeleteLogGroup":        reading(deleteLogGroup),
		"DeleteRetentionPolicy": reading(deleteRetentionPolicy),
		"DescribeLogGroups":     reading(describeLogGroups),
		"DescribeLogStreams":    reading(describeLogStreams),
		"FilterLogEvents":       reading(filterLogEvents),
		"GetLogEvents":          reading(getLogEvents),
		"ListTagsForResource":   reading(listLogGroupTags),
		"PutLogEvents":          reading(putLogEvents),
		"PutRetentionPolicy":    reading(putRetentionPolicy),
		"TagResource":           reading(tagLogGroup),
		"UntagResource":         reading(untagLogGroup),
	}}
}

// LimitLogScan makes FilterLogEvents look at only that many events for each
// page, so that pages come back empty with a token although more events match,
// as they do on AWS in a large log group. Zero takes the limit away.
func (l *Lab) LimitLogScan(events int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logs.scan = events
}

func (s *logsState) arn(l *Lab, region, group string) string {
	return "arn:aws:logs:" + region + ":" + l.options.AccountID + ":log-group:" + group
}

func (s *logsState) createGroup(l *Lab, region, name string) *logGroup {
	group := &logGroup{
		region: region, name: name, arn: s.arn(l, region, name), created: l.timeline.Now(),
		tags: map[string]string{}, streams: map[string]*logStream{},
	}
	s.groups[group.arn] = group
	return group
}

func (g *logGroup) createStream(name string, now time.Time) *logStream {
	stream := &logStream{name: name, arn: g.arn + ":log-stream:" + name, created: now}
	g.streams[name] = stream
	return stream
}

// write appends an event.
func (s *logsState) write(stream *logStream, now time.Time, timestamp int64, message string) {
	s.serial++
	stream.events = append(stream.events, logEvent{s.serial, timestamp, now.UnixMilli(), message})
}

var (
	logGroupPattern  = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	logStreamPattern = regexp.MustCompile(`^[^:*]{1,512}$`)
)

func logsInvalid(format string, args ...any) *apiError {
	return errorf("InvalidParameterException", format, args...)
}

func checkLogName(parameter, name string, pattern *regexp.Regexp) error {
	if pattern.MatchString(name) {
		return nil
	}
	return logsInvalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s",
		name, parameter, strings.Trim(pattern.String(), "^$"))
}

// logGroup finds the group of a call, by name or ARN, that its caller may do to
// the group. The resource of such a call is the group's streams, which is why
// policies end its ARN in :*.
func (c *call) logGroup(name, identifier string) (*logGroup, error) {
	if name == "" {
		name = identifier
		if _, after, ok := strings.Cut(identifier, ":log-group:"); ok {
			name = strings.TrimSuffix(after, ":*")
		}
	}
	if err := checkLogName("logGroupName", name, logGroupPattern); err != nil {
		return nil, err
	}
	s := c.lab.logs
	arn := s.arn(c.lab, c.region, name)
	group := s.groups[arn]
	var context map[string][]string
	if group != nil {
		context = map[string][]string{}
		for key, value := range group.tags {
			context["aws:ResourceTag/"+key] = []string{value}
		}
	}
	if err := c.may("logs:"+c.operation, arn+":log-stream:", context, nil); err != nil {
		return nil, err
	}
	if group == nil {
		return nil, errorf("ResourceNotFoundException", "The specified log group does not exist.")
	}
	return group, nil
}

// logStream finds the stream of a call that its caller may do to it.
func (c *call) logStream(groupName, identifier, name string) (*logStream, error) {
	if err := checkLogName("logStreamName", name, logStreamPattern); err != nil {
		return nil, err
	}
	group, err := c.logGroup(groupName, identifier)
	if err != nil {
		return nil, err
	}
	if group.streams[name] == nil {
		return nil, errorf("ResourceNotFoundException", "The specified log stream does not exist.")
	}
	return group.streams[name], nil
}

type createLogGroupInput struct {
	LogGroupName string
	Tags         map[string]string
}

func createLogGroup(c *call, in *createLogGroupInput) (any, error) {
	if err := checkLogName("logGroupName", in.LogGroupName, logGroupPattern); err != nil {
		return nil, err
	}
	arn := c.lab.logs.arn(c.lab, c.region, in.LogGroupName)
	if err := c.may("logs:CreateLogGroup", arn+":log-stream:", withRequestTags(in.Tags, nil), nil); err != nil {
		return nil, err
	}
	if c.lab.logs.groups[arn] != nil {
		return nil, errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	maps.Copy(c.lab.logs.createGroup(c.lab, c.region, in.LogGroupName).tags, in.Tags)
	return nil, nil
}

type logGroupInput struct {
	LogGroupName, LogStreamName string
	RetentionInDays             int
}

func createLogStream(c *call, in *logGroupInput) (any, error) {
	if err := checkLogName("logStreamName", in.LogStreamName, logStreamPattern); err != nil {
		return nil, err
	}
	group, err := c.logGroup(in.LogGroupName, "")
	if err != nil {
		return nil, err
	}
	if group.streams[in.LogStreamName] != nil {
		return nil, errorf("ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	group.createStream(in.LogStreamName, c.lab.timeline.Now())
	return nil, nil
}

func deleteLogGroup(c *call, in *logGroupInput) (any, error) {
	group, err := c.logGroup(in.LogGroupName, "")
	if err != nil {
		return nil, err
	}
	delete(c.lab.logs.groups, group.arn)
	return nil, nil
}

// logRetentions are the days that PutRetentionPolicy takes.
var logRetentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func putRetentionPolicy(c *call, in *logGroupInput) (any, error) {
	if !slices.Contains(logRetentions, in.RetentionInDays) {
		return nil, logsInvalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %v", in.RetentionInDays, logRetentions)
	}
	group, err := c.logGroup(in.LogGroupName, "")
	if err != nil {
		return nil, err
	}
	group.retention = in.RetentionInDays
	return nil, nil
}

func deleteRetentionPolicy(c *call, in *logGroupInput) (any, error) {
	group, err := c.logGroup(in.LogGroupName, "")
	if err != nil {
		return nil, err
	}
	group.retention = 0
	return nil, nil
}

type logTagsInput struct {
	ResourceArn string
	Tags        map[string]string
	TagKeys     []string
}

func listLogGroupTags(c *call, in *logTagsInput) (any, error) {
	group, err := c.logGroup("", in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return map[string]any{"tags": maps.Clone(group.tags)}, nil
}

func tagLogGroup(c *call, in *logTagsInput) (any, error) {
	group, err := c.logGroup("", in.ResourceArn)
	if err != nil {
		return nil, err
	}
	maps.Copy(group.tags, in.Tags)
	return nil, nil
}

func untagLogGroup(c *call, in *logTagsInput) (any, error) {
	group, err := c.logGroup("", in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(group.tags, key)
	}
	return nil, nil
}

type putLogEventsInput struct {
	LogGroupName, LogStreamName string
	LogEvents                   []struct {
		Timestamp int64
		Message   string
	}
}

func putLogEvents(c *call, in *putLogEventsInput) (any, error) {
	if len(in.LogEvents) == 0 || len(in.LogEvents) > 10000 {
		return nil, logsInvalid("1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and 10000")
	}
	for i, event := range in.LogEvents {
		if i > 0 && event.Timestamp < in.LogEvents[i-1].Timestamp {
			return nil, logsInvalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	stream, err := c.logStream(in.LogGroupName, "", in.LogStreamName)
	if err != nil {
		return nil, err
	}
	now := c.lab.timeline.Now()
	for _, event := range in.LogEvents {
		c.lab.logs.write(stream, now, event.Timestamp, event.Message)
	}
	return map[string]any{"nextSequenceToken": strconv.Itoa(c.lab.logs.serial)}, nil
}

// logsPage answers a list of CloudWatch Logs with its paging.
func logsPage[T any](list string, items []T, token string, limit, most int) (any, error) {
	if limit < 0 || limit > most {
		return nil, logsInvalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", limit, most)
	}
	if limit == 0 {
		limit = most
	}
	page, next := pageFrom(items, token, limit)
	answer := map[string]any{list: page}
	if next != "" {
		answer["nextToken"] = next
	}
	return answer, nil
}

type describeLogGroupsInput struct {
	LogGroupNamePrefix, LogGroupNamePattern, NextToken string
	Limit                                              int
}

func describeLogGroups(c *call, in *describeLogGroupsInput) (any, error) {
	if err := c.may("logs:DescribeLogGroups", c.lab.logs.arn(c.lab, c.region, "")+":log-stream:", nil, nil); err != nil {
		return nil, err
	}
	groups := []map[string]any{}
	for _, arn := range slices.Sorted(maps.Keys(c.lab.logs.groups)) {
		g := c.lab.logs.groups[arn]
		if g.region != c.region || !strings.HasPrefix(g.name, in.LogGroupNamePrefix) || !strings.Contains(g.name, in.LogGroupNamePattern) {
			continue
		}
		group := map[string]any{
			"logGroupName": g.name, "arn": g.arn + ":*", "logGroupArn": g.arn, "creationTime": g.created.UnixMilli(),
			"metricFilterCount": 0, "storedBytes": 0, "logGroupClass": "STANDARD",
		}
		if g.retention > 0 {
			group["retentionInDays"] = g.retention
		}
		groups = append(groups, group)
	}
	return logsPage("logGroups", groups, in.NextToken, in.Limit, 50)
}

type describeLogStreamsInput struct {
	LogGroupName, LogGroupIdentifier, LogStreamNamePrefix, OrderBy, NextToken string
	Descending                                                                bool
	Limit                                                                     int
}

func describeLogStreams(c *call, in *describeLogStreamsInput) (any, error) {
	group, err := c.logGroup(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if in.OrderBy == "LastEventTime" && in.LogStreamNamePrefix != "" {
		return nil, logsInvalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	streams := slices.SortedFunc(maps.Values(group.streams), func(a, b *logStream) int { return strings.Compare(a.name, b.name) })
	if in.OrderBy == "LastEventTime" {
		slices.SortStableFunc(streams, func(a, b *logStream) int { return cmp.Compare(a.last(), b.last()) })
	}
	if in.Descending {
		slices.Reverse(streams)
	}
	list := []map[string]any{}
	for _, s := range streams {
		if !strings.HasPrefix(s.name, in.LogStreamNamePrefix) {
			continue
		}
		stream := map[string]any{"logStreamName": s.name, "arn": s.arn, "creationTime": s.created.UnixMilli(), "storedBytes": 0}
		if n := len(s.events); n > 0 {
			stream["firstEventTimestamp"], stream["lastEventTimestamp"] = s.events[0].timestamp, s.last()
			stream["lastIngestionTime"] = s.events[n-1].ingested
		}
		list = append(list, stream)
	}
	return logsPage("logStreams", list, in.NextToken, in.Limit, 50)
}

// last is the time of the latest event.
func (s *logStream) last() int64 {
	var last int64
	for _, e := range s.events {
		last = max(last, e.timestamp)
	}
	return last
}

type getLogEventsInput struct {
	LogGroupName, LogGroupIdentifier, LogStreamName, NextToken string
	StartTime, EndTime                                         *int64
	Limit                                                      int
	StartFromHead                                              bool
}

// getLogEvents pages in both directions. Its tokens never end: at either end of
// the stream it returns the token that it was given.
func getLogEvents(c *call, in *getLogEventsInput) (any, error) {
	stream, err := c.logStream(in.LogGroupName, in.LogGroupIdentifier, in.LogStreamName)
	if err != nil {
		return nil, err
	}
	if in.Limit < 0 || in.Limit > 10000 {
		return nil, logsInvalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 10000", in.Limit)
	}
	limit := in.Limit
	if limit == 0 {
		limit = 10000
	}
	var events []logEvent
	for _, e := range stream.events {
		if within(e, in.StartTime, in.EndTime) {
			events = append(events, e)
		}
	}
	start, end := max(len(events)-limit, 0), len(events)
	var position int
	switch n, _ := fmt.Sscanf(in.NextToken, "f/%d", &position); {
	case n == 1:
		start, end = min(position, len(events)), min(position+limit, len(events))
	case in.NextToken != "":
		if n, _ := fmt.Sscanf(in.NextToken, "b/%d", &position); n != 1 {
			return nil, logsInvalid("The specified nextToken is invalid.")
		}
		end = min(position, len(events))
		start = max(end-limit, 0)
	case in.StartFromHead:
		start, end = 0, min(limit, len(events))
	}
	list := []map[string]any{}
	for _, e := range events[start:end] {
		list = append(list, map[string]any{"timestamp": e.timestamp, "message": e.message, "ingestionTime": e.ingested})
	}
	return map[string]any{
		"events": list, "nextForwardToken": fmt.Sprintf("f/%d", end), "nextBackwardToken": fmt.Sprintf("b/%d", start),
	}, nil
}

// within tells whether an event lies in a range: the start is part of it and
// the end is not.
func within(e logEvent, start, end *int64) bool {
	return (start == nil || e.timestamp >= *start) && (end == nil || e.timestamp < *end)
}
