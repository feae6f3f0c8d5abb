package awslab

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type filterLogEventsInput struct {
	LogGroupName, LogGroupIdentifier, LogStreamNamePrefix, FilterPattern, NextToken string

	LogStreamNames     []string
	StartTime, EndTime *int64
	Limit              int
}

// filterLogEvents searches the streams of a group in order of time. FilterLogEvents
// takes both ends of the time range in.
func filterLogEvents(c *call, in *filterLogEventsInput) (any, error) {
	matches, err := parseFilter(in.FilterPattern)
	switch {
	case err != nil:
		return nil, err
	case in.Limit < 0 || in.Limit > 10000:
		return nil, logsInvalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 10000", in.Limit)
	case in.LogStreamNamePrefix != "" && len(in.LogStreamNames) > 0:
		return nil, logsInvalid("LogStreamNamePrefix and LogStreamNames cannot be given together.")
	case in.StartTime != nil && in.EndTime != nil && *in.StartTime > *in.EndTime:
		return nil, logsInvalid("End time must be after start time.")
	}
	position := 0
	if in.NextToken != "" {
		if position, err = strconv.Atoi(in.NextToken); err != nil || position < 0 {
			return nil, logsInvalid("The specified nextToken is invalid.")
		}
	}
	group, err := c.logGroup(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	type found struct {
		logEvent

		stream string
	}
	var all []found
	for name, stream := range group.streams {
		if !strings.HasPrefix(name, in.LogStreamNamePrefix) || len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, name) {
			continue
		}
		for _, e := range stream.events {
			if (in.StartTime == nil || e.timestamp >= *in.StartTime) && (in.EndTime == nil || e.timestamp <= *in.EndTime) {
				all = append(all, found{e, name})
			}
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.timestamp, b.timestamp), cmp.Compare(a.serial, b.serial))
	})
	limit, scan := cmp.Or(in.Limit, 10000), cmp.Or(c.lab.logs.scan, len(all))
	list := []map[string]any{}
	for ; position < len(all) && scan > 0 && len(list) < limit; position++ {
		scan--
		if e := all[position]; matches(e.message) {
			list = append(list, map[string]any{
				"logStreamName": e.stream, "timestamp": e.timestamp, "message": e.message, "ingestionTime": e.ingested,
				"eventId": strconv.Itoa(e.serial),
			})
		}
	}
	answer := map[string]any{"events": list, "searchedLogStreams": []any{}}
	if position < len(all) {
		answer["nextToken"] = strconv.Itoa(position)
	}
	return answer, nil
}

var (
	filterTerm = regexp.MustCompile(`^([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|([^\s"%]+))(?:\s+|$)`)
	plainTerm  = regexp.MustCompile(`^\w+$`)
)

// parseFilter reads a filter pattern for unstructured events: terms that must
// all occur, ?terms of which one must, -terms that must not, phrases in quotes
// and %regular expressions%. Where ?terms stand together with terms that must
// occur, the ?terms do not count. Terms match anywhere in the event, case
// included. Patterns for JSON and for columns are not supported.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html.
func parseFilter(pattern string) (func(message string) bool, error) {
	pattern = strings.TrimSpace(pattern)
	if strings.HasPrefix(pattern, "{") || strings.HasPrefix(pattern, "[") {
		return nil, errorf("UnsupportedOperationException", "awslab has filter patterns for text only, not for JSON or columns.")
	}
	type condition = func(string) bool
	var all, some, none []condition
	for pattern != "" {
		term := filterTerm.FindStringSubmatch(pattern)
		if term == nil {
			return nil, logsInvalid("Invalid filter pattern")
		}
		pattern = pattern[len(term[0]):]
		words := term[4]
		switch {
		case words != "" && !plainTerm.MatchString(words):
			return nil, logsInvalid("Invalid character(s) in term '%s'", words)
		case words == "":
			words = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(term[2])
		}
		matches := func(message string) bool { return strings.Contains(message, words) }
		if term[3] != "" {
			expression, err := regexp.Compile(term[3])
			if err != nil {
				return nil, logsInvalid("Invalid regular expression in filter pattern")
			}
			matches = expression.MatchString
		}
		switch term[1] {
		case "?":
			some = append(some, matches)
		case "-":
			none = append(none, matches)
		default:
			all = append(all, matches)
		}
	}
	if len(all) > 0 {
		some = nil
	}
	return func(message string) bool {
		holds := func(c condition) bool { return c(message) }
		return !slices.ContainsFunc(none, holds) &&
			!slices.ContainsFunc(all, func(c condition) bool { return !c(message) }) &&
			(len(some) == 0 || slices.ContainsFunc(some, holds))
	}, nil
}
