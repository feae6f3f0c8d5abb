package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/tfcli"
)

// passwordSpy stands between the provider and the lab, whose call log has no
// bodies, and notes what GetRandomPassword was asked for and what it answered.
type passwordSpy struct {
	url string

	mu        sync.Mutex
	requests  []object
	passwords []string
}

func newPasswordSpy(t *testing.T, w world) *passwordSpy {
	t.Helper()
	lab, err := url.Parse(w.URL())
	w.Must(err)
	spy := &passwordSpy{}
	proxy := httputil.NewSingleHostReverseProxy(lab)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "secretsmanager.GetRandomPassword" {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			recorder := httptest.NewRecorder()
			proxy.ServeHTTP(recorder, r)
			spy.note(body, recorder.Body.Bytes())
			maps.Copy(rw.Header(), recorder.Header())
			rw.WriteHeader(recorder.Code)
			_, _ = rw.Write(recorder.Body.Bytes())
			return
		}
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	spy.url = server.URL
	return spy
}

func (s *passwordSpy) note(request, response []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var asked object
	var answered struct{ RandomPassword string }
	_, _ = json.Unmarshal(request, &asked), json.Unmarshal(response, &answered)
	s.requests = append(s.requests, asked)
	s.passwords = append(s.passwords, answered.RandomPassword)
}

// passwordServer is a configured provider on the lab, and the spy between them.
func passwordServer(t *testing.T, block object) (server, *passwordSpy, world) {
	t.Helper()
	w := newWorld(t)
	spy := newPasswordSpy(t, w)
	s := newServer(t, w.Lab)
	endpoints := object{"secretsmanager": spy.url, "lambda": spy.url, "iam": spy.url, "sts": spy.url, "cloudwatchlogs": spy.url}
	expect(t, s.configure(with(with(w.block(), object{"endpoints": []any{endpoints}}), block)))
	return s, spy, w
}

// open validates and opens a rotation_random_password and returns the password.
func (s server) open(config object) (string, []string) {
	s.t.Helper()
	schemas, err := s.GetProviderSchema(s.t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		s.t.Fatal(err)
	}
	ty := schemas.EphemeralResourceSchemas["rotation_random_password"].ValueType()
	given := s.dynamic(ty, config)
	valid, err := s.ValidateEphemeralResourceConfig(s.t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: "rotation_random_password", Config: given})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(valid.Diagnostics) > 0 || !s.value(ty, config).IsFullyKnown() {
		return "", lines(valid.Diagnostics)
	}
	opened, err := s.OpenEphemeralResource(s.t.Context(), &tfprotov6.OpenEphemeralResourceRequest{TypeName: "rotation_random_password", Config: given})
	if err != nil {
		s.t.Fatal(err)
	}
	if opened.Result == nil || len(opened.Diagnostics) > 0 {
		return "", lines(opened.Diagnostics)
	}
	result, err := opened.Result.Unmarshal(ty)
	if err != nil {
		s.t.Fatal(err)
	}
	password, _ := member(s.t, goValue(s.t, result), "random_password").(string)
	return password, nil
}

// TestRandomPassword has every rotation type generate a password, and looks at
// what was asked for.
func TestRandomPassword(t *testing.T) {
	t.Parallel()
	s, spy, _ := passwordServer(t, nil)
	for _, rotationType := range catalog.All() {
		for _, contexts := range [][]any{nil, {"url", "shell", "master_user"}} {
			exclusion, err := rotationType.ExcludeCharacters(wordsOf(contexts)...)
			if err != nil {
				continue
			}
			password, diagnostics := s.open(object{"rotation_type": rotationType.Name, "contexts": orNil(contexts)})
			expect(t, diagnostics)
			if want := spy.passwords[len(spy.passwords)-1]; password != want || len(password) != rotationType.Password.Length {
				t.Errorf("%s: the password is not what AWS has generated.", rotationType.Name)
			}
			if strings.ContainsAny(password, exclusion.String()) {
				t.Errorf("%s: the password has an excluded character.", rotationType.Name)
			}
			same(t, spy.requests[len(spy.requests)-1], object{
				"PasswordLength": float64(rotationType.Password.Length), "ExcludeCharacters": exclusion.String(),
				"ExcludePunctuation": exclusion.ExcludePunctuation, "RequireEachIncludedType": true,
			})
		}
	}
	_, diagnostics := s.open(object{
		"rotation_type": "MySQLSingleUser", "password_length": 12, "exclude_characters": "@aé#", "exclude_lowercase": false, "exclude_numbers": true,
		"exclude_punctuation": true, "exclude_uppercase": false, "include_space": true, "require_each_included_type": false,
	})
	expect(t, diagnostics)
	same(t, spy.requests[len(spy.requests)-1], object{
		"PasswordLength": float64(12), "ExcludeCharacters": "/@\"'\\aé#", "ExcludeLowercase": false, "ExcludeNumbers": true,
		"ExcludePunctuation": true, "ExcludeUppercase": false, "IncludeSpace": true, "RequireEachIncludedType": false,
	})
}

func wordsOf(list []any) []string {
	var texts []string
	for _, v := range list {
		texts = append(texts, fmt.Sprint(v))
	}
	return texts
}

// TestRandomPasswordArguments has what validate says, before AWS is asked.
func TestRandomPasswordArguments(t *testing.T) {
	t.Parallel()
	s, spy, _ := passwordServer(t, nil)
	const upper, digits, punctuation = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "!#$%&()*+,-.:;<=>?[]^_`{|}~"
	for _, test := range []struct {
		name   string
		config object
		want   []string
	}{
		{"a wrong type", object{"rotation_type": "mysqlsingleuser"}, []string{"ERROR rotation_type: Invalid rotation type: …MySQLSingleUser"}},
		{"no password", object{"rotation_type": "InfluxDBMultiUser"}, []string{"ERROR rotation_type: Invalid rotation type: The rotation function of InfluxDBMultiUser generates no password"}},
		{"punctuation that is not taken", object{"rotation_type": "InfluxDBSingleUser", "contexts": []any{"master_user"}, "exclude_punctuation": false}, []string{"ERROR exclude_punctuation: …letters and digits only"}},
		{"a wrong context", object{"rotation_type": "MySQLSingleUser", "contexts": []any{"uri"}}, []string{"ERROR contexts…Invalid context"}},
		{"a wrong Region", object{"rotation_type": "MySQLSingleUser", "region": "Ireland"}, []string{"ERROR region: Invalid Region"}},
		{"too short", object{"rotation_type": "ElastiCacheUser", "password_length": 15}, []string{"ERROR password_length: Invalid password length: A password for ElastiCacheUser has 16 to 128 characters, not 15."}},
		{"too long", object{"rotation_type": "RedshiftSingleUser", "password_length": 65}, []string{"ERROR password_length: …8 to 64 characters, not 65."}},
		{"too long for the master user", object{"rotation_type": "OracleSingleUser", "contexts": []any{"master_user"}, "password_length": 31}, []string{"ERROR password_length: …The master user's password for OracleSingleUser has 8 to 30 characters, not 31."}},
		{"longer than AWS generates", object{"rotation_type": "Custom", "password_length": 4097}, []string{"ERROR password_length: …1 to 4096 characters, not 4097."}},
		{"nothing", object{"rotation_type": "Custom", "password_length": 0}, []string{"ERROR password_length: …1 to 4096 characters, not 0."}},
		{"no room for each class", object{"rotation_type": "Custom", "password_length": 3}, []string{"ERROR password_length: …no room for one of each of 4 classes"}},
		{"room for three", object{"rotation_type": "Custom", "password_length": 3, "exclude_punctuation": true}, nil},
		{"room without classes", object{"rotation_type": "Custom", "password_length": 3, "require_each_included_type": false}, nil},
		{"a class is emptied", object{"rotation_type": "Custom", "exclude_characters": digits}, []string{"ERROR exclude_characters: …leaves no digits. Leave some, or set `exclude_numbers = true`"}},
		{"a class is done without", object{"rotation_type": "Custom", "exclude_characters": digits, "exclude_numbers": true}, nil},
		{"a class need not be", object{"rotation_type": "Custom", "exclude_characters": digits, "require_each_included_type": false}, nil},
		{"punctuation is emptied", object{"rotation_type": "MySQLSingleUser", "exclude_characters": punctuation}, []string{"ERROR exclude_characters: …leaves no punctuation."}},
		{"a class that the engine needs", object{"rotation_type": "RedshiftSingleUser", "exclude_uppercase": true}, []string{"ERROR exclude_uppercase: …A password for RedshiftSingleUser needs upper-case letters."}},
		{"a class that the engine needs is emptied", object{"rotation_type": "RedshiftSingleUser", "exclude_characters": upper}, []string{"ERROR exclude_characters: …leaves no upper-case letters. A password for RedshiftSingleUser needs some."}},
		{"classes that the engine needs", object{"rotation_type": "RedshiftSingleUser", "require_each_included_type": false}, []string{"ERROR require_each_included_type: "}},
		{
			"nothing is left",
			object{"rotation_type": "Custom", "exclude_lowercase": true, "exclude_uppercase": true, "exclude_numbers": true, "exclude_punctuation": true},
			[]string{"ERROR rotation_type: …No character is left"},
		},
		{
			"spaces are left",
			object{"rotation_type": "Custom", "exclude_lowercase": true, "exclude_uppercase": true, "exclude_numbers": true, "exclude_punctuation": true, "include_space": true},
			nil,
		},
		{"too many to exclude", object{"rotation_type": "Custom", "exclude_characters": manyRunes(4097)}, []string{"ERROR exclude_characters: …at most 4096"}},
	} {
		before := len(spy.requests)
		_, diagnostics := s.open(test.config)
		t.Log(test.name)
		expect(t, diagnostics, test.want...)
		if asked := len(spy.requests) > before; asked == (test.want != nil) {
			t.Errorf("%s: AWS was asked: %v", test.name, asked)
		}
	}
	for _, name := range []string{"rotation_type", "contexts", "password_length", "exclude_characters", "region"} {
		_, diagnostics := s.open(with(object{"rotation_type": "RedshiftSingleUser", "exclude_uppercase": true}, object{name: unknown{}}))
		expect(t, diagnostics)
	}
}

// manyRunes are so many characters, each once.
func manyRunes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune(0x4e00 + i))
	}
	return b.String()
}

// TestRandomPasswordFailures has what AWS and the provider block refuse.
func TestRandomPasswordFailures(t *testing.T) {
	t.Parallel()
	config := object{"rotation_type": "MySQLSingleUser"}
	t.Run("denied", func(t *testing.T) {
		t.Parallel()
		s, _, w := passwordServer(t, nil)
		w.Inject(awslab.Fault{Operation: "GetRandomPassword", Code: "AccessDeniedException", Message: "not you"})
		_, diagnostics := s.open(config)
		expect(t, diagnostics, "ERROR -: Unable to generate a password: …AWS error: …AccessDeniedException")
	})
	t.Run("another account", func(t *testing.T) {
		t.Parallel()
		s, spy, _ := passwordServer(t, object{"allowed_account_ids": []any{"999999999999"}})
		_, diagnostics := s.open(config)
		expect(t, diagnostics, "ERROR -: …allowed_account_ids")
		if len(spy.requests) > 0 {
			t.Error("A password was generated in an account that is not allowed.")
		}
	})
	t.Run("this account", func(t *testing.T) {
		t.Parallel()
		s, spy, w := passwordServer(t, nil)
		s2 := newServer(t, w.Lab)
		endpoint := object{"secretsmanager": spy.url, "sts": spy.url}
		expect(t, s2.configure(with(w.block(), object{"endpoints": []any{endpoint}, "allowed_account_ids": []any{w.AccountID()}})))
		_, diagnostics := s2.open(config)
		expect(t, diagnostics)
		_, diagnostics = s.open(with(config, object{"region": "us-east-1"}))
		expect(t, diagnostics)
		var regions []string
		for _, c := range w.AdministratorCalls() {
			if c.Operation == "GetRandomPassword" {
				regions = append(regions, c.Region)
			}
		}
		if diff := cmp.Diff([]string{w.Region(), "us-east-1"}, regions); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("not configured", func(t *testing.T) {
		t.Parallel()
		s := newServer(t, nil)
		expect(t, s.configure(object{"region": unknown{}}))
		_, diagnostics := s.open(config)
		expect(t, diagnostics, "ERROR -: Provider is not configured")
	})
}

// TestGeneratedPasswordsLeakNothing generates passwords in a real CLI with the
// most talkative log, and looks through all that it leaves behind.
func TestGeneratedPasswordsLeakNothing(t *testing.T) {
	t.Parallel()
	if name, have := cliVersion(t); have.LessThan(ephemeralSince[name]) {
		t.Skip("This CLI has no ephemeral values.")
	}
	w := newWorld(t)
	spy := newPasswordSpy(t, w)
	c := newTerminal(t, w)
	c.write(strings.ReplaceAll(w.providerConfig(), w.URL(), spy.url) + `
ephemeral "rotation_random_password" "test" {
  rotation_type      = "PostgreSQLSingleUser"
  contexts           = ["url"]
  exclude_characters = "~"
}

locals {
  value = provider::rotation::assert_secret_string("PostgreSQLSingleUser", jsonencode({
    engine = "postgres", host = "db", username = "app", password = ephemeral.rotation_random_password.test.random_password
  }))
}

resource "terraform_data" "control" {
  input = "` + needle + `"

  lifecycle {
    precondition {
      condition     = length(jsondecode(local.value).password) == 32
      error_message = "There is no password."
    }
  }
}

output "control" {
  value = terraform_data.control.output
}
`)
	binary, err := built()
	c.Must(err)
	path, err := tfcli.Find()
	c.Must(err)
	cli, err := tfcli.New(path, c.dir, binary, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(c.dir, "trace.log"))
	c.Must(err)
	artefacts := map[string]string{}
	for _, args := range [][]string{{"validate"}, {"plan", "-out=tfplan"}, {"apply", "tfplan"}, {"plan"}, {"destroy", "-auto-approve"}} {
		out, code, err := cli.Run(t.Context(), append(args, "-no-color")...)
		c.Must(err)
		if code != 0 {
			t.Fatal(out)
		}
		artefacts["output of "+args[0]] += out
		collect(t, c.dir, artefacts)
		if args[0] == "apply" {
			artefacts["state after apply"] = artefacts["terraform.tfstate"]
		}
	}
	if len(spy.passwords) < 3 {
		t.Fatalf("%d passwords were generated only.", len(spy.passwords))
	}
	for _, password := range spy.passwords {
		if len(password) != 32 {
			t.Fatal("No password was generated.")
		}
	}
	for name, content := range artefacts {
		if len(shown(content, spy.passwords...)) > 0 {
			t.Errorf("%s shows a password.", name)
		}
	}
	// What is not secret is found, so that a secret would be.
	for _, name := range []string{"output of plan", "tfplan!tfplan", "state after apply"} {
		if len(shown(artefacts[name], needle)) == 0 {
			t.Errorf("The control is not in %s: the search does not reach it.", name)
		}
	}
	if !strings.Contains(artefacts["trace.log"], "Calling provider defined EphemeralResource Open") {
		t.Error("The log is not as talkative as it can be.")
	}
}
