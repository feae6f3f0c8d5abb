package provider

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// passwordSpy stands between the provider and the lab, whose call log has no bodies, and
// notes what they tell each other.
type passwordSpy struct {
	url string
	// edit changes an answer of AWS on its way to the provider; nil changes none.
	edit func(operation, answer string) string

	mu        sync.Mutex
	requests  []object // for GetRandomPassword
	passwords []string // that it answered
	secrets   []form   // in all that was told
	heard     bytes.Buffer
}

func newPasswordSpy(t *testing.T, w world) *passwordSpy {
	t.Helper()
	lab, err := url.Parse(w.URL())
	w.Must(err)
	s := &passwordSpy{}
	proxy := httputil.NewSingleHostReverseProxy(lab)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if parameters, err := url.ParseQuery(string(body)); operation == "" && err == nil {
			operation = parameters.Get("Action")
		}
		s.note(r.Header.Get("X-Amz-Security-Token"), string(body))
		recorder := httptest.NewRecorder()
		proxy.ServeHTTP(recorder, r)
		answer := recorder.Body.String()
		if s.edit != nil {
			answer = s.edit(operation, answer)
			recorder.Header().Del("Content-Length")
		}
		s.note(answer)
		s.learn(operation, string(body), answer)
		maps.Copy(rw.Header(), recorder.Header())
		rw.WriteHeader(recorder.Code)
		_, _ = io.WriteString(rw, answer)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// credentialElements are the secret members of temporary credentials.
var credentialElements = regexp.MustCompile(`<(SecretAccessKey|SessionToken)>([^<]+)<`)

// note keeps what was told.
func (s *passwordSpy) note(texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range texts {
		s.heard.WriteString(text + "\n")
	}
}

// learn keeps what is secret of a request and the answer to it.
func (s *passwordSpy) learn(operation, request, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var asked object
	var told struct{ RandomPassword, SecretString string }
	_, _ = json.Unmarshal([]byte(request), &asked), json.Unmarshal([]byte(answer), &told)
	switch operation {
	case "GetRandomPassword":
		s.requests = append(s.requests, asked)
		s.passwords = append(s.passwords, told.RandomPassword)
		s.secrets = append(s.secrets, formsOfValue("a generated password", told.RandomPassword)...)
	case "GetSecretValue":
		s.secrets = append(s.secrets, formsOfValue("a value that was read", told.SecretString)...)
	case "PutSecretValue":
		written, _ := asked["SecretString"].(string)
		s.secrets = append(s.secrets, formsOfValue("a value that was written", written)...)
	case "AssumeRole", "AssumeRoleWithWebIdentity":
		for _, m := range credentialElements.FindAllStringSubmatch(answer, -1) {
			s.secrets = append(s.secrets, planted{m[1] + " of a role", m[2]}.formsOfParts()...)
		}
	}
}

// secretMembers are the members of a secret's value that are secret, for all
// rotation types.
var secretMembers = []string{"password", "token", "awsSeamlessDomainPassword"}

// formsOfValue are those of the secrets in a secret's value. What else is in a JSON
// object is shown in many places; its hash is not.
func formsOfValue(what, value string) []form {
	var members object
	if value == "" {
		return nil
	}
	if json.Unmarshal([]byte(value), &members) != nil {
		return planted{what, value}.formsOfParts()
	}
	forms := hashForms(what, "as its SHA-256", value)
	for name, member := range members {
		if text, ok := member.(string); ok && slices.Contains(secretMembers, name) {
			forms = append(forms, planted{what, text}.formsOfParts()...)
		}
	}
	return forms
}

// knows reports whether the provider has been told a text by AWS or has told it.
func (s *passwordSpy) knows(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.heard.String(), text)
}

// told are the forms of all secrets that the provider was told, or has told.
func (s *passwordSpy) told() []form {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.secrets)
}

// formsOfLab are those of the secrets in all versions of all secrets of a lab.
func (h hand) formsOfLab() []form {
	h.t.Helper()
	secrets, err := h.Secrets.ListSecrets(h.t.Context(), nil)
	h.Must(err)
	var forms []form
	for _, secret := range secrets.SecretList {
		for _, value := range h.values(*secret.ARN) {
			forms = append(forms, formsOfValue("a version of "+*secret.Name, value)...)
		}
	}
	return forms
}
