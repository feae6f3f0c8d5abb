package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

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
