package provider

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
)

// leakEnv names the file for the secrets of a run that is looked through.
const leakEnv = "ROTATION_TEST_SECRETS"

// TestNoSecretLeaks looks through everything that a CLI and the provider leave
// behind, with the most talkative log, for the passwords of all versions. Logs
// and files are those of a whole process, so the run is one of its own.
func TestNoSecretLeaks(t *testing.T) {
	t.Parallel()
	if file := os.Getenv(leakEnv); file != "" {
		talkativeRun(t, file)
		return
	}
	dir, secretsFile := t.TempDir(), filepath.Join(t.TempDir(), "secrets")
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoSecretLeaks$", "-test.v")
	command.Env = append(os.Environ(),
		leakEnv+"="+secretsFile, "TF_LOG=TRACE", "TF_ACC_LOG=TRACE", "TF_LOG_SDK=TRACE",
		"TF_LOG_PATH_MASK="+filepath.Join(dir, "core-%s.log"), "TF_ACC_LOG_PATH="+filepath.Join(dir, "provider.log"),
		"TF_ACC_TEMP_DIR="+dir, "TF_ACC_PERSIST_WORKING_DIR=1",
	)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(secretsFile)
	if err != nil {
		t.Fatal(err)
	}
	var secrets []string
	if err := json.Unmarshal(text, &secrets); err != nil {
		t.Fatal(err)
	}
	secrets = slices.Compact(slices.Sorted(slices.Values(secrets)))
	if len(secrets) < 4 || slices.Contains(secrets, "") {
		t.Fatalf("The run has made %d passwords only.", len(secrets))
	}
	artefacts := map[string]string{"output": string(out)}
	collect(t, dir, artefacts)
	var kinds, control []string
	planned := false
	for name, content := range artefacts {
		if found := shown(content, secrets...); len(found) > 0 {
			t.Errorf("%s shows %d of the passwords.", name, len(found))
		}
		kinds = append(kinds, filepath.Ext(strings.TrimSuffix(name, "!tfplan")))
		// What is not secret is found, so that a secret would be.
		if len(shown(content, needle)) > 0 {
			control = append(control, filepath.Ext(name))
			planned = planned || strings.HasSuffix(name, "!tfplan")
		}
	}
	if !planned {
		t.Errorf("The trigger %q is in no saved plan: the search does not reach them.", needle)
	}
	for _, kind := range []string{".log", ".tfstate", ".tf"} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("The run left no %s file: this test has lost its subject.", kind)
		}
		if !slices.Contains(control, kind) {
			t.Errorf("The trigger %q is in no %s file: the search does not work.", needle, kind)
		}
	}
}

// needle is a value that is not secret and passes through all artefacts.
const needle = "needle-that-is-no-secret"

// talkativeRun creates, fails, rotates and destroys with a function that prints
// what it should not, and writes down what must not be found.
func talkativeRun(t *testing.T, file string) {
	w := newWorld(t)
	h := w.hand(t)
	var secrets []string
	remember := func() { secrets = append(secrets, h.passwords(w.SecretARN)...) }
	// A function that prints the password into its log.
	chatty := w.NewFunction("chatty", w.Role, map[string]string{
		"AWSLAB_EXEC": fmt.Sprintf(`sh -c 'echo "[ERROR] ValueError: cannot log in as app with %s to lab" >&2; exit 1'`, firstPassword),
	})
	// What the checks of rotation types read: a superuser secret in a wrong format,
	// and a value from before that is no JSON.
	const superuserPassword, previous = "planted-superuser-password", "planted-previous-value"
	secrets = append(secrets, superuserPassword, previous)
	superuser := w.NewSecret("superuser", map[string]any{"username": "admin", "password": superuserPassword, "port": superuserPassword})
	multi := w.NewSecret("multi", database("mysql", object{"masterarn": superuser}))
	single := w.NewSecret("single", nil)
	for _, text := range []string{previous, `{"engine":"oracle-ee","password":"` + firstPassword + `"}`} {
		_, err := w.Secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &single, SecretString: &text})
		w.Must(err)
	}
	// read fails the test unless the provider has read so many values of a secret.
	read := func(secretARN string, want int) {
		got := 0
		for _, c := range w.AdministratorCalls() {
			if c.Operation == "GetSecretValue" && c.Target == secretARN && c.ErrorCode == "" {
				got++
			}
		}
		if got != want {
			t.Errorf("%d values of %s were read, not %d: this test has lost its subject.", got, secretARN, want)
		}
	}
	var heal func()
	steps := []resource.TestStep{
		{
			Config:      w.setup(fmt.Sprintf("rotation_lambda_arn = %q", chatty), `timeouts { create = "30s" }`, `rotate_triggers = { a = "`+needle+`" }`),
			ExpectError: regexp.MustCompile(`cannot log in as app`),
		},
		{
			// A diagnosis of that, which looks into the function's log.
			PreConfig: w.ForgetCalls,
			Config:    w.providerConfig() + fmt.Sprintf("data \"rotation_diagnosis\" \"test\" {\n  secret_id = %q\n}\noutput \"findings\" {\n  value = data.rotation_diagnosis.test.findings\n}\n", w.SecretARN),
			PostApplyFunc: func() {
				if !slices.ContainsFunc(w.AdministratorCalls(), func(c awslab.Call) bool { return c.Operation == "FilterLogEvents" }) {
					t.Error("The diagnosis has read no log: this test has lost its subject.")
				}
			},
		},
		{
			// A value in the wrong format.
			Config:      w.setup(`rotation_type = "PostgreSQLSingleUser"`),
			ExpectError: regexp.MustCompile(`secret-engine-mismatch`),
		},
		{
			PreConfig:   w.ForgetCalls,
			Config:      w.setup(fmt.Sprintf("secret_id = %q", multi), fmt.Sprintf("superuser_secret_arn = %q", superuser), `rotation_type = "MySQLMultiUser"`),
			ExpectError: regexp.MustCompile(`superuser-format`),
		},
		{
			PreConfig:   func() { read(superuser, 1); w.ForgetCalls() },
			Config:      w.setup(fmt.Sprintf("secret_id = %q", single), `rotation_type = "MySQLSingleUser"`),
			ExpectError: regexp.MustCompile(`secret-engine-mismatch`),
		},
		{
			PreConfig: func() { read(single, 2) },
			Config: w.setup(`rotate_triggers = { a = "`+needle+`" }`) +
				w.functionAccess(`rotation_types = ["MySQLMultiUser"]`, fmt.Sprintf("superuser_secret_arns = [%q]", superuser)),
			PostApplyFunc: remember,
		},
		{Config: w.setup(`rotate_triggers = { a = "2" }`), PostApplyFunc: remember},
		{
			PreConfig: func() {
				heal = w.Inject(awslab.Fault{Service: "secretsmanager", Operation: "UpdateSecretVersionStage", Code: "AccessDeniedException", Message: "no"})
			},
			Config:      w.setup(`rotate_triggers = { a = "3" }`, `timeouts { update = "30s" }`),
			ExpectError: regexp.MustCompile(`The rotation`),
		},
		{
			PreConfig: func() { remember(); heal() },
			Config:    w.setup(`rotate_triggers = { a = "3" }`, fmt.Sprintf("rotation_lambda_arn = %q", w.FunctionARN)), PostApplyFunc: remember,
		},
	}
	resource.Test(t, resource.TestCase{IsUnitTest: true, ProtoV6ProviderFactories: w.factories(), Steps: steps})
	text, err := json.Marshal(append(secrets, firstPassword))
	w.Must(err)
	w.Must(os.WriteFile(file, text, 0o600))
}

// collect reads all files below a directory, and what is packed in them.
func collect(t *testing.T, dir string, into map[string]string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		into[name] = string(content)
		packed, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if errors.Is(err, zip.ErrFormat) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, member := range packed.File {
			r, err := member.Open()
			if err != nil {
				return err
			}
			content, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			into[name+"!"+member.Name] = string(content)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
