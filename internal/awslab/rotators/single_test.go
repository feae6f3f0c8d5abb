package rotators

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func labSecret(host, username, password string) string {
	return fmt.Sprintf(`{"engine": "labstore", "host": %q, "username": %q, "password": %q}`, host, username, password)
}

// TestSetSecretSingleUser runs the single-user strategy over the user store, where app has the password "valid-one".
func TestSetSecretSingleUser(t *testing.T) {
	t.Parallel()
	const changed = "INFO setSecret: Successfully set password for user app in the lab's user store for secret arn " + secretARN + "."
	for name, test := range map[string]struct {
		current, pending, previous string
		want                       string
		wantLog                    string
		// wantPassword is the password that works afterwards.
		wantPassword string
	}{
		"by the current password": {
			current: labSecret("lab", "app", "valid-one"), pending: labSecret("lab", "app", "pending-one"),
			wantLog: changed, wantPassword: "pending-one",
		},
		"already set": {
			current: labSecret("lab", "app", "stale-one"), pending: labSecret("lab", "app", "valid-one"),
			wantLog:      "INFO setSecret: AWSPENDING secret is already set as password in the lab's user store for secret arn " + secretARN + ".",
			wantPassword: "valid-one",
		},
		"by the previous password": {
			current: labSecret("lab", "app", "stale-one"), pending: labSecret("lab", "app", "pending-one"), previous: labSecret("lab", "app", "valid-one"),
			wantLog: changed, wantPassword: "pending-one",
		},
		"previous is no use, and not needed": {
			current: labSecret("lab", "app", "valid-one"), pending: labSecret("lab", "app", "pending-one"), previous: `{"engine":"other"}`,
			wantLog: changed, wantPassword: "pending-one",
		},
		"previous is not JSON": {
			current: labSecret("lab", "app", "valid-one"), pending: labSecret("lab", "app", "pending-one"), previous: "CHANGEME",
			want:         "JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
			wantPassword: "valid-one",
		},
		"other user than current": {
			current: labSecret("lab", "app", "valid-one"), pending: labSecret("lab", "eve", "pending-one"),
			want:         "ValueError: Attempting to modify user eve other than current user app",
			wantLog:      "ERROR setSecret: Attempting to modify user eve other than current user app",
			wantPassword: "valid-one",
		},
		"other host than current": {
			current: labSecret("lab", "app", "valid-one"), pending: labSecret("moon", "app", "pending-one"),
			want:         "ValueError: Attempting to modify user for host moon other than current host lab",
			wantLog:      "ERROR setSecret: Attempting to modify user for host moon other than current host lab",
			wantPassword: "valid-one",
		},
		"other user than previous": {
			current: labSecret("lab", "eve", "stale-one"), pending: labSecret("lab", "eve", "pending-one"), previous: labSecret("lab", "app", "valid-one"),
			want:         "ValueError: Attempting to modify user eve other than previous valid user app",
			wantLog:      "ERROR setSecret: Attempting to modify user eve other than previous valid user app",
			wantPassword: "valid-one",
		},
		"other host than previous": {
			current: labSecret("lab", "app", "stale-one"), pending: labSecret("lab", "app", "pending-one"), previous: labSecret("moon", "app", "valid-one"),
			want:         "ValueError: Attempting to modify user for host lab other than current previous valid moon",
			wantLog:      "ERROR setSecret: Attempting to modify user for host lab other than previous valid host moon",
			wantPassword: "valid-one",
		},
		"no password works": {
			current: labSecret("lab", "app", "stale-one"), pending: labSecret("lab", "app", "pending-one"), previous: labSecret("lab", "app", "older-one"),
			want:         "ValueError: Unable to log into database with previous, current, or pending secret of secret arn " + secretARN,
			wantLog:      "ERROR setSecret: Unable to log into database with previous, current, or pending secret of secret arn " + secretARN,
			wantPassword: "valid-one",
		},
		"password is null": {
			current: `{"engine":"labstore","host":"lab","username":"app","password":null}`, pending: labSecret("lab", "app", "pending-one"),
			want:         "ValueError: Unable to log into database with previous, current, or pending secret of secret arn " + secretARN,
			wantLog:      "ERROR setSecret: Unable to log into database with previous, current, or pending secret of secret arn " + secretARN,
			wantPassword: "valid-one",
		},
		"pending without password": {
			current: labSecret("lab", "app", "valid-one"), pending: `{"engine":"labstore","host":"lab","username":"app"}`,
			want:         "KeyError: 'password key is missing from secret JSON'",
			wantPassword: "valid-one",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users := new(UserStore)
			if err := users.CreateUser("app", "valid-one"); err != nil {
				t.Fatal(err)
			}
			secrets := rotating(test.current).withStage(stagePending, test.pending)
			if test.previous != "" {
				secrets.withStage(stagePrevious, test.previous)
			}
			log, err := call{
				rotationType: "UserStore", step: "setSecret", secrets: secrets, users: users,
				hidden: []string{"valid-one", "stale-one", "pending-one", "older-one"},
			}.run(t)
			if got := errorText(err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			var wantLog []string
			if test.wantLog != "" {
				wantLog = []string{test.wantLog}
			}
			if diff := cmp.Diff(wantLog, log); diff != "" {
				t.Error(diff)
			}
			if !users.Login("app", test.wantPassword) {
				t.Errorf("%s does not work", test.wantPassword)
			}
		})
	}
}

func TestSetSecretWithoutPendingValue(t *testing.T) {
	t.Parallel()
	for rotationType, current := range map[string]string{
		"UserStore": labSecret("lab", "app", "valid-one"), "PostgreSQLSingleUser": postgresSecret, "PostgreSQLMultiUser": postgresSecret,
	} {
		for _, step := range []string{"setSecret", "testSecret"} {
			_, err := call{rotationType: rotationType, step: step, secrets: rotating(current)}.run(t)
			const want = "ResourceNotFoundException: An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: " +
				"Secrets Manager can't find the specified secret value for staging label: AWSPENDING"
			if got := errorText(err); got != want {
				t.Errorf("%s, %s: got %q, want %q", rotationType, step, got, want)
			}
		}
	}
}

func TestTestSecretUserStore(t *testing.T) {
	t.Parallel()
	users := new(UserStore)
	if err := users.CreateUser("app", "valid-one"); err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]struct{ log, err string }{
		"valid-one": {log: "INFO testSecret: Successfully signed into the lab's user store with AWSPENDING secret in " + secretARN + "."},
		"wrong-one": {
			log: "ERROR testSecret: Unable to log into database with pending secret of secret ARN " + secretARN,
			err: "ValueError: Unable to log into database with pending secret of secret ARN " + secretARN,
		},
	} {
		secrets := rotating(labSecret("lab", "app", "valid-one")).withStage(stagePending, labSecret("lab", "app", password))
		log, err := call{rotationType: "UserStore", step: "testSecret", secrets: secrets, users: users, hidden: []string{"valid-one", "wrong-one"}}.run(t)
		if got := errorText(err); got != want.err {
			t.Errorf("got %q, want %q", got, want.err)
		}
		if diff := cmp.Diff([]string{want.log}, log); diff != "" {
			t.Error(diff)
		}
	}
	// A lab without users refuses everybody.
	secrets := rotating(labSecret("lab", "app", "valid-one")).withStage(stagePending, labSecret("lab", "app", "valid-one"))
	if _, err := (call{rotationType: "UserStore", step: "testSecret", secrets: secrets}).run(t); !isType(err, "ValueError") {
		t.Errorf("got %v, want a ValueError", err)
	}
}

func TestUserStore(t *testing.T) {
	t.Parallel()
	users := new(UserStore)
	if users.Login("app", "") {
		t.Error("a user who does not exist was let in")
	}
	if err := users.SetPassword("app", "first"); !errors.Is(err, ErrNoUser) {
		t.Errorf("got %v, want %v", err, ErrNoUser)
	}
	if err := users.CreateUser("app", "first"); err != nil {
		t.Fatal(err)
	}
	if err := users.CreateUser("app", "second"); !errors.Is(err, ErrUserExists) {
		t.Errorf("got %v, want %v", err, ErrUserExists)
	}
	if !users.Login("app", "first") || users.Login("app", "second") {
		t.Error("a second creation changed the password")
	}
	if err := users.SetPassword("app", "second"); err != nil || users.Login("app", "first") || !users.Login("app", "second") {
		t.Errorf("the password did not change: %v", err)
	}
}

func TestStoreSession(t *testing.T) {
	t.Parallel()
	users := new(UserStore)
	if err := users.CreateUser("app", "first"); err != nil {
		t.Fatal(err)
	}
	in := &invocation{env: Environment{Users: users}}
	doc, err := parseDocument(labSecret("lab", "app", "first"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := openUserStore(in).login(t.Context(), doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := users.SetPassword("app", "second"); err != nil {
		t.Fatal(err)
	}
	if err := conn.test(t.Context()); !isType(err, "OperationalError") {
		t.Errorf("got %v, want an OperationalError", err)
	}
	if err := conn.setPassword(t.Context(), "eve", "third"); !isType(err, "OperationalError") {
		t.Errorf("got %v, want an OperationalError", err)
	}
}
