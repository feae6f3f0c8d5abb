package rotation_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
	"github.com/rotationsafe/terraform-provider-rotation/internal/rotation"
)

// checked is a setup of a rotation type that is checked.
func (w *world) checked(rotationType string, value map[string]any) rotation.Setup {
	w.t.Helper()
	want := w.want()
	want.Check = true
	want.RotationType, _ = catalog.Lookup(rotationType)
	want.SecretID = w.NewSecret("checked", value)
	return want
}

// inspect returns the codes of what a plan finds.
func (p process) inspect(want rotation.Setup) []findings.Code {
	p.w.t.Helper()
	in, err := p.Inspect(p.w.t.Context(), want)
	p.w.Must(err)
	p.w.hear(nil, in.Problems, nil)
	var codes []findings.Code
	for _, problem := range in.Problems {
		codes = append(codes, problem.Code)
	}
	return codes
}

// undecrypted is the wire of a caller who may not use the key of a function's
// environment: Lambda then describes the function without its variables.
func undecrypted(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
	resp, err := send()
	if err != nil || !strings.HasSuffix(r.URL.Path, "/configuration") {
		return resp, err
	}
	defer func() { _ = resp.Body.Close() }()
	var configuration map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&configuration); err != nil {
		return nil, err
	}
	configuration["Environment"] = map[string]any{"Error": map[string]any{"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt your environment variables"}}
	text, err := json.Marshal(configuration)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	resp.Header.Del("Content-Length")
	return resp, err
}

// TestEnvironmentNotDecrypted says nothing of an environment that can't be seen,
// and what depends on it is a warning.
func TestEnvironmentNotDecrypted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setVariables(w.FunctionARN, map[string]string{"EXCLUDE_CHARACTERS": "0123456789"})
	want := w.checked("MySQLMultiUser", map[string]any{"engine": "mysql", "host": "db", "username": "a-user-of-20-letters", "password": "x-planted-x", "masterarn": "admin"})
	if got := w.process().inspect(want); !slices.Equal(got, []findings.Code{findings.ExcludeCharactersTooFew, findings.ExcludeCharactersImpossible, findings.SecretUsernameTooLong}) {
		t.Errorf("with its environment: %v", got)
	}
	in, err := w.processOn(undecrypted).Inspect(t.Context(), want)
	w.Must(err)
	if len(in.Problems) != 1 || in.Problems[0].Code != findings.SecretUsernameTooLong || !in.Problems[0].Warning {
		t.Errorf("without: %+v", in.Problems)
	}
}

// TestCustomFunction only warns of the environment of a function that somebody
// has written: it need not read what the template does.
func TestCustomFunction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setVariables(w.FunctionARN, map[string]string{"EXCLUDE_CHARACTERS": "0123456789"})
	in, err := w.process().Inspect(t.Context(), w.checked("Custom", nil))
	w.Must(err)
	i := slices.IndexFunc(in.Problems, func(p rotation.Problem) bool { return p.Code == findings.ExcludeCharactersImpossible })
	if i < 0 || !in.Problems[i].Warning || !strings.Contains(in.Problems[i].Detail, "Ignore this if your function") {
		t.Errorf("%+v", in.Problems)
	}
}

// TestCustomBinary says nothing of a binary value to a function that somebody has
// written, and does to a published one.
func TestCustomBinary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for rotationType, codes := range map[string][]findings.Code{"Custom": nil, "MySQLSingleUser": {findings.SecretBinary}} {
		want := w.want()
		want.Check = true
		want.RotationType, _ = catalog.Lookup(rotationType)
		want.SecretID = w.NewSecret(rotationType, nil)
		_, err := w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &want.SecretID, SecretBinary: []byte("x-planted-x")})
		w.Must(err)
		if got := w.process().inspect(want); !slices.Equal(got, codes) {
			t.Errorf("%s: %v", rotationType, got)
		}
	}
}

// TestKeytabs compares the keytab secrets in the value with those that the role
// policy is for, at plan and before the first write.
func TestKeytabs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	named, unnamed := w.NewSecret("x-planted-named", nil), w.NewSecret("x-planted-unnamed", nil)
	want := w.checked("ActiveDirectoryAndKeytabSingleUser", map[string]any{
		"awsSeamlessDomainDirectoryId": "d-1234567890", "awsSeamlessDomainUsername": "app", "awsSeamlessDomainPassword": "planted-password",
		"schemaVersion": "1.0", "keytabArns": []string{"x-planted-named", unnamed},
	})
	want.Enabled = false
	for name, test := range map[string]struct {
		change func(*rotation.Setup)
		warned bool
	}{
		"not named":      {func(*rotation.Setup) {}, true},
		"named":          {func(want *rotation.Setup) { want.Access.KeytabSecretARNs = []string{named, unnamed} }, false},
		"external":       {func(want *rotation.Setup) { want.Managed = false }, false},
		"not to be read": {func(want *rotation.Setup) { want.ReadValue = false }, false},
		"to come":        {func(want *rotation.Setup) { want.Access.KeytabSecretARNs, want.AccessPending = nil, true }, false},
	} {
		want := want
		want.Access.KeytabSecretARNs = []string{named}
		test.change(&want)
		in, err := w.process().Inspect(t.Context(), want)
		w.Must(err)
		heard := map[string][]rotation.Problem{"plan": in.Problems}
		if test.warned || name == "named" {
			object, warnings, err := w.process().create(want)
			w.Must(err)
			heard["apply"] = warnings
			_, err = w.process().delete(want, *object)
			w.Must(err)
		}
		for when, problems := range heard {
			problems = slices.DeleteFunc(problems, func(p rotation.Problem) bool { return p.Code != findings.RoleSecretAccess })
			switch {
			case len(problems) > 0 != test.warned:
				t.Errorf("%s, at %s: %+v", name, when, problems)
			case test.warned:
				p := problems[0]
				w.tells(p.Detail, `item 2 of the field "keytabArns"`)
				if len(problems) > 1 || p.Attribute != "keytab_secret_arns" || !p.Warning || strings.Contains(p.Detail, "planted") {
					t.Errorf("%s, at %s: %+v", name, when, problems)
				}
			}
		}
	}
}

// TestValueAtApply fails before the first write, where a plan's advice to apply
// the value first is no help any more.
func TestValueAtApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.checked("MySQLSingleUser", map[string]any{"engine": "mariadb", "host": "db", "username": "app", "password": "x-planted-x"})
	_, _, err := w.process().create(want)
	if p := w.problem(err); p.Code != findings.SecretEngineMismatch || !p.OfValue || strings.Contains(p.Detail, "apply the value first") {
		t.Errorf("%+v", p)
	}
}

// TestSuperuserToCome leaves open who manages a superuser secret that does not
// exist yet, and with that the role policy.
func TestSuperuserToCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := w.checked("MySQLMultiUser", nil)
	for superuser, known := range map[string]bool{
		w.NewSecret("superuser", nil):                                         true,
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:to-come-AbCdEf": false,
	} {
		want.SuperuserSecretARN = superuser
		in, err := w.process().Inspect(t.Context(), want)
		w.Must(err)
		if in.SuperuserKnown != known || (in.RolePolicy != "") != known {
			t.Errorf("%s: %+v", superuser, in)
		}
	}
}

// TestSuperuserReadOnce plans several setups of one superuser in one run.
func TestSuperuserReadOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	superuser := w.NewSecret("superuser", map[string]any{"engine": "redshift", "host": "db", "username": "admin", "password": "x-planted-x"})
	want := w.checked("RedshiftMultiUser", map[string]any{"engine": "redshift", "host": "db", "username": "app", "password": "x-planted-x", "masterarn": superuser})
	want.SuperuserSecretARN = superuser
	asked := func() (operations []string) {
		for _, c := range w.AdministratorCalls() {
			if c.Target == superuser {
				operations = append(operations, c.Operation)
			}
		}
		return operations
	}
	w.ForgetCalls()
	p := w.process()
	for range 3 {
		if got := p.inspect(want); len(got) > 0 {
			t.Error(got)
		}
	}
	if got := asked(); !slices.Equal(got, []string{"DescribeSecret", "GetSecretValue", "GetResourcePolicy"}) {
		t.Errorf("The superuser secret was asked for: %v", got)
	}
	// A value that is not there yet may be by the next setup.
	want.SuperuserSecretARN = w.NewSecret("empty", nil)
	want.SecretID = w.NewSecret("second", map[string]any{"engine": "redshift", "host": "db", "username": "app", "password": "x-planted-x", "masterarn": want.SuperuserSecretARN})
	superuser = want.SuperuserSecretARN
	w.ForgetCalls()
	for range 2 {
		if got := p.inspect(want); !slices.Equal(got, []findings.Code{findings.SuperuserNotReadable}) {
			t.Error(got)
		}
	}
	if got := asked(); !slices.Equal(got, []string{"DescribeSecret", "GetSecretValue", "GetResourcePolicy", "GetSecretValue"}) {
		t.Errorf("The superuser secret was asked for: %v", got)
	}
}

// TestSuperuserUnreachable fails a create that can't find out what the role needs,
// and goes on where it may not.
func TestSuperuserUnreachable(t *testing.T) {
	t.Parallel()
	for code, times := range map[string]int{"InternalServiceError": 3, "AccessDeniedException": 1} { // The SDK tries again what may be over soon.
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := w.want()
			want.RotationType, _ = catalog.Lookup("MySQLMultiUser")
			managed, err := w.CreateServiceManagedSecret(w.Region(), "rds!db-1", "rds", "{}", 7)
			w.Must(err)
			want.SuperuserSecretARN = managed
			w.Inject(awslab.Fault{Operation: "DescribeSecret", Code: code, After: 1, Times: times, Caller: ":user/administrator"})
			w.ForgetCalls()
			_, _, err = w.process().create(want)
			if times == 1 {
				w.Must(err)
				return
			}
			if p := w.problem(err); p.Attribute != "superuser_secret_arn" || len(w.Writes()) > 0 {
				t.Errorf("%v, wrote %v", p, w.Writes())
			}
		})
	}
}
