package awslab

import (
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// service is one AWS API on the endpoint: how its requests name an operation,
// and what each operation does.
type service struct {
	// wire is the protocol that the service speaks.
	wire wire
	// operations by name. Each runs with Lab.mu held unless it is in unlocked.
	operations map[string]handler
	// routes, for REST services only: a net/http pattern for each operation.
	routes *http.ServeMux
	// unlocked names the operations that take Lab.mu themselves, because they
	// run a function, which calls back.
	unlocked []string
	// namespace of XML answers, for query services only.
	namespace string
}

// handler carries out one call and returns the body of the answer: a value for
// encoding/json, or, for query services, a slice of XML elements.
type handler func(*call) (any, error)

// call is one request, read and attributed to its caller.
type call struct {
	lab                                   *Lab
	service, operation, region, requestID string
	caller                                caller
	body                                  []byte
	form                                  url.Values    // query services
	http                                  *http.Request // REST services: path values and query
	status                                int           // of a good answer; 0 = 200
}

// apiError is an error of the AWS API: its code, message and HTTP status.
type apiError struct {
	Code, Message string
	Status        int
	// Fields are members of a modelled error besides the message.
	Fields map[string]any
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

func errorf(code, format string, args ...any) *apiError {
	return &apiError{Code: code, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

func (e *apiError) withStatus(status int) *apiError {
	e.Status = status
	return e
}

// decode reads the JSON body of a call. The error does not quote the body,
// which may hold a secret.
func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	if json.Unmarshal(c.body, into) != nil {
		return errorf("SerializationException", "The request body could not be read as %s.", c.operation)
	}
	return nil
}

var scope = regexp.MustCompile(`Credential=([^/,]+)/\d{8}/([^/,]+)/([^/,]+)/aws4_request`)

// A request without a signature can only be the one operation whose caller has
// no credentials yet.
const (
	unsignedService   = "sts"
	unsignedOperation = "AssumeRoleWithWebIdentity"
)

// ServeHTTP answers one AWS request. The service and the Region are those of
// the SigV4 credential scope, as an AWS endpoint would check them.
func (l *Lab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The time of the lab, so that clients can tell what a log event came after.
	w.Header().Set("Date", l.Now().UTC().Format(http.TimeFormat))
	c := &call{lab: l, requestID: newUUID(), http: r}
	match := scope.FindStringSubmatch(r.Header.Get("Authorization"))
	if match != nil {
		c.region, c.service = match[2], match[3]
	} else {
		c.region, c.service = l.options.Region, unsignedService
	}
	s, ok := l.protocol[c.service]
	if !ok {
		http.Error(w, fmt.Sprintf("awslab: there is no service %q here, only %s", c.service, strings.Join(slices.Sorted(maps.Keys(l.protocol)), ", ")), http.StatusNotImplemented)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<20))
	if err != nil {
		s.wire.fail(w, c, s, errorf("RequestEntityTooLargeException", "The request could not be read.").withStatus(http.StatusRequestEntityTooLarge))
		return
	}
	c.body = body
	c.operation = s.wire.operation(c, s)
	if match != nil {
		c.caller, err = c.identify(match[1], r.Header.Get("X-Amz-Security-Token"))
	} else if c.operation != unsignedOperation {
		err = c.refuse("MissingAuthenticationTokenException", "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	l.answer(w, c, s, err) //nolint:contextcheck // The call carries its request, and with it the context.
}

func (l *Lab) answer(w http.ResponseWriter, c *call, s *service, err error) {
	entry := l.record.begin(l.Now(), c)
	fault := l.faults.take(c, entry)
	defer func() { l.options.Log("%s", entry.line()) }()
	if !fault.before(l, entry) {
		return
	}
	var answer any
	if err == nil {
		answer, err = fault.run(c, func() (any, error) { return l.perform(c, s) })
	}
	l.record.end(entry, err)
	if !fault.after(entry) {
		return
	}
	if err != nil {
		s.wire.fail(w, c, s, asAPIError(err))
		return
	}
	s.wire.succeed(w, c, s, answer)
}

func (l *Lab) perform(c *call, s *service) (any, error) {
	handle, ok := s.operations[c.operation]
	if !ok {
		return nil, errorf("UnknownOperationException", "awslab does not have the operation %s of %s.", c.operation, c.service).withStatus(http.StatusNotImplemented)
	}
	if !slices.Contains(s.unlocked, c.operation) {
		l.mu.Lock()
		defer l.mu.Unlock()
	}
	return handle(c)
}

func asAPIError(err error) *apiError {
	if e, ok := err.(*apiError); ok { //nolint:errorlint // Handlers return it unwrapped.
		return e
	}
	return errorf("InternalServiceError", "awslab: %v", err).withStatus(http.StatusInternalServerError)
}

// wire is an AWS protocol.
type wire interface {
	operation(c *call, s *service) string
	succeed(w http.ResponseWriter, c *call, s *service, answer any)
	fail(w http.ResponseWriter, c *call, s *service, e *apiError)
}

// jsonWire is AWS JSON 1.1: the operation stands at the end of X-Amz-Target. What
// comes before it differs between clients, and has dots of its own in CloudTrail's.
type jsonWire struct{}

func (jsonWire) operation(c *call, _ *service) string {
	target := c.http.Header.Get("X-Amz-Target")
	return target[strings.LastIndex(target, ".")+1:]
}

func (jsonWire) succeed(w http.ResponseWriter, c *call, _ *service, answer any) {
	writeJSON(w, c, "application/x-amz-json-1.1", http.StatusOK, answer)
}

func (jsonWire) fail(w http.ResponseWriter, c *call, _ *service, e *apiError) {
	body := map[string]any{"__type": e.Code, "message": e.Message, "Message": e.Message}
	maps.Copy(body, e.Fields)
	writeJSON(w, c, "application/x-amz-json-1.1", e.Status, body)
}

// restWire is REST-JSON: method and path name the operation.
type restWire struct{}

// routeName makes an operation name a handler that [http.ServeMux] can match.
type routeName string

func (routeName) ServeHTTP(http.ResponseWriter, *http.Request) {}

func (restWire) operation(c *call, s *service) string {
	matched, _ := s.routes.Handler(c.http)
	name, _ := matched.(routeName)
	if name != "" {
		// ServeHTTP of the mux fills in the request's path values.
		s.routes.ServeHTTP(nil, c.http)
	}
	return string(name)
}

func (restWire) succeed(w http.ResponseWriter, c *call, _ *service, answer any) {
	status := c.status
	if status == 0 {
		status = http.StatusOK
	}
	switch answer := answer.(type) {
	case nil:
		w.Header().Set("X-Amzn-Requestid", c.requestID)
		w.WriteHeader(status)
	case payload:
		maps.Copy(w.Header(), answer.header)
		w.Header().Set("X-Amzn-Requestid", c.requestID)
		w.WriteHeader(status)
		_, _ = w.Write(answer.body)
	default:
		writeJSON(w, c, "application/json", status, answer)
	}
}

func (restWire) fail(w http.ResponseWriter, c *call, _ *service, e *apiError) {
	w.Header().Set("X-Amzn-Errortype", e.Code)
	body := map[string]any{"Type": "User", "Message": e.Message, "message": e.Message}
	maps.Copy(body, e.Fields)
	writeJSON(w, c, "application/json", e.Status, body)
}

// payload is an answer of a REST operation whose body is not ours to encode.
type payload struct {
	header http.Header
	body   []byte
}

func writeJSON(w http.ResponseWriter, c *call, contentType string, status int, body any) {
	if body == nil {
		body = struct{}{}
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", c.requestID)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // The client is gone.
}

// queryWire is the AWS query protocol: a form in, XML out.
type queryWire struct{}

func (queryWire) operation(c *call, _ *service) string {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return ""
	}
	c.form = form
	return form.Get("Action")
}

func (queryWire) succeed(w http.ResponseWriter, c *call, s *service, answer any) {
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-Requestid", c.requestID)
	writeXML(w, xmlElement{Name: c.operation + "Response", Namespace: s.namespace, Children: []xmlElement{
		{Name: c.operation + "Result", Children: asElements(answer)},
		{Name: "ResponseMetadata", Children: []xmlElement{text("RequestId", c.requestID)}},
	}})
}

func (queryWire) fail(w http.ResponseWriter, c *call, s *service, e *apiError) {
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-Requestid", c.requestID)
	w.WriteHeader(e.Status)
	writeXML(w, xmlElement{Name: "ErrorResponse", Namespace: s.namespace, Children: []xmlElement{
		{Name: "Error", Children: []xmlElement{text("Type", "Sender"), text("Code", e.Code), text("Message", e.Message)}},
		text("RequestId", c.requestID),
	}})
}

// xmlElement is an element of a query answer: text or children.
type xmlElement struct {
	Name, Namespace, Text string
	Children              []xmlElement
}

func text(name, value string) xmlElement { return xmlElement{Name: name, Text: value} }

// members is an XML list in the form of the query protocol.
func members(name string, items ...xmlElement) xmlElement {
	list := xmlElement{Name: name}
	for _, item := range items {
		item.Name = "member"
		list.Children = append(list.Children, item)
	}
	return list
}

func asElements(answer any) []xmlElement {
	elements, _ := answer.([]xmlElement)
	return elements
}

func writeXML(w io.Writer, e xmlElement) {
	encoder := xml.NewEncoder(w)
	var write func(xmlElement)
	write = func(e xmlElement) {
		start := xml.StartElement{Name: xml.Name{Local: e.Name}}
		if e.Namespace != "" {
			start.Attr = []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: e.Namespace}}
		}
		_ = encoder.EncodeToken(start)
		if e.Text != "" {
			_ = encoder.EncodeToken(xml.CharData(e.Text))
		}
		for _, child := range e.Children {
			write(child)
		}
		_ = encoder.EncodeToken(start.End())
	}
	write(e)
	_ = encoder.Flush()
}

// newUUID returns a random version 4 UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
