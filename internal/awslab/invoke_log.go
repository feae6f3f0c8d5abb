package awslab

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// maxTail is how much of its log an invocation returns on request, in bytes.
const maxTail = 4096

const logTime = "2006-01-02T15:04:05.000Z"

// openLog finds the stream that the invocation logs to, and makes group and
// stream if the role may. Lab.mu is held.
func (r *running) openLog() {
	l, name := r.lab, r.configuration.LoggingConfig.LogGroup
	may := func(action, resource string) bool {
		return l.iam.allows(r.role, r.arn.Region, "logs:"+action, resource)
	}
	groupARN := l.logs.arn(l, r.arn.Region, name)
	version := r.configuration.Version
	streamName := fmt.Sprintf("%s/[%s]%032x", r.began.Format("2006/01/02"), version, r.function.streams[version]+1)
	if !may("PutLogEvents", groupARN+":log-stream:"+streamName) {
		return
	}
	group := l.logs.groups[groupARN]
	if group == nil {
		if !may("CreateLogGroup", groupARN+":log-stream:") {
			return
		}
		group = l.logs.createGroup(l, r.arn.Region, name)
	}
	r.stream = group.streams[streamName]
	if r.stream == nil && may("CreateLogStream", groupARN+":log-stream:"+streamName) {
		r.stream = group.createStream(streamName, r.began)
	}
}

// logsJSON tells the two formats of a function's log apart:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html.
func (r *running) logsJSON() bool { return r.configuration.LoggingConfig.LogFormat == "JSON" }

// logLevels of JSON logs, the most detailed first. What is more detailed than
// the function's level is left out:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html.
var logLevels = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

func logged(level, least string) bool {
	return slices.Index(logLevels, level) >= slices.Index(logLevels, least)
}

// logStart logs what Lambda itself logs before the code runs.
func (r *running) logStart() {
	if r.logsJSON() {
		r.platform("INFO", "start", map[string]any{"requestId": r.requestID, "functionArn": r.configuration.FunctionArn, "version": r.configuration.Version})
		return
	}
	r.write("START RequestId: " + r.requestID + " Version: " + r.configuration.Version)
}

// logEnd logs the exception of code that failed, and what Lambda itself logs
// after it. In JSON nothing but the report tells a timeout. As text, there is a
// line for it as well, which functions have been seen to lack in 2026.
func (r *running) logEnd(err error, timedOut bool) {
	took := r.lab.timeline.Now().Sub(r.began)
	if timedOut {
		took = r.timeout()
	}
	milliseconds := float64(took) / float64(time.Millisecond)
	billed := int(math.Ceil(milliseconds))
	if r.logsJSON() {
		status, level := "success", "INFO"
		switch {
		case timedOut:
			status, level = "timeout", "WARN"
		case err != nil:
			status, level = "error", "WARN"
			kind, message := describeError(err)
			r.application("ERROR", map[string]any{"errorType": kind, "errorMessage": message, "stackTrace": []string{}})
		}
		if level == "WARN" { // It has the level DEBUG if all is well.
			r.platform(level, "runtimeDone", map[string]any{"requestId": r.requestID, "status": status, "metrics": map[string]any{"durationMs": milliseconds, "producedBytes": 0}})
		}
		r.platform(level, "report", map[string]any{"requestId": r.requestID, "status": status, "metrics": map[string]any{
			"durationMs": milliseconds, "billedDurationMs": billed, "memorySizeMB": r.configuration.MemorySize, "maxMemoryUsedMB": 64,
		}})
		return
	}
	status := ""
	switch {
	case timedOut:
		status = "\tStatus: timeout"
		r.write(fmt.Sprintf("%s %s Task timed out after %.2f seconds\n", r.now(), r.requestID, took.Seconds()))
	case err != nil:
		r.write("[ERROR] " + err.Error() + "\nTraceback (most recent call last):")
	}
	r.write("END RequestId: " + r.requestID)
	r.write(fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: 64 MB%s",
		r.requestID, milliseconds, billed, r.configuration.MemorySize, status))
}

// message logs what code writes through its logger, in the form of the Python
// runtime, or as a JSON object if the function wants that.
func (r *running) message(level, message string) {
	if r.logsJSON() {
		r.application(level, map[string]any{"message": message, "logger": "root"})
		return
	}
	r.write("[" + level + "]\t" + r.now() + "\t" + r.requestID + "\t" + message)
}

// application logs an object of the code. Python's WARNING is Lambda's WARN.
func (r *running) application(level string, object map[string]any) {
	if !logged(strings.TrimSuffix(level, "ING"), r.configuration.LoggingConfig.ApplicationLogLevel) {
		return
	}
	object["timestamp"], object["level"], object["requestId"] = r.now(), level, r.requestID
	r.object(object)
}

// platform logs an event of Lambda itself:
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html.
func (r *running) platform(level, event string, record map[string]any) {
	if logged(level, r.configuration.LoggingConfig.SystemLogLevel) {
		r.object(map[string]any{"time": r.now(), "type": "platform." + event, "record": record})
	}
}

func (r *running) object(object map[string]any) {
	line, err := json.Marshal(object)
	if err != nil {
		panic(err) // Strings and numbers only.
	}
	r.write(string(line))
}

func (r *running) now() string { return r.lab.timeline.Now().Format(logTime) }

// write adds an event to the log. Lab.mu is not held.
func (r *running) write(line string) {
	line += "\n"
	r.lab.mu.Lock()
	defer r.lab.mu.Unlock()
	r.tail = append(r.tail, line...)
	r.tail = r.tail[max(len(r.tail)-maxTail, 0):]
	if r.stream == nil {
		return
	}
	now := r.lab.timeline.Now()
	r.lab.logs.write(r.stream, now, now.UnixMilli(), line)
}
