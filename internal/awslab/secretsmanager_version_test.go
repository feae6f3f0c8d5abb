package awslab_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"
)

func TestStagingLabels(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	empty := *try[*secretsmanager.CreateSecretOutput](t)(l.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: new("empty")})).ARN
	if err := l.put(empty, 1, planted, "MINE"); err != nil {
		t.Fatal(err)
	}
	if got, want := l.stages(empty), "1:AWSCURRENT+MINE"; got != want {
		t.Errorf("the first version has %q, want %q", got, want)
	}
	for _, step := range []struct {
		version int
		stages  []string
		want    string
	}{
		{2, nil, "1:AWSPREVIOUS+MINE 2:AWSCURRENT"},
		{3, []string{"AWSPENDING"}, "1:AWSPREVIOUS+MINE 2:AWSCURRENT 3:AWSPENDING"},
		{4, []string{"AWSPENDING", "AWSCURRENT"}, "1:MINE 2:AWSPREVIOUS 4:AWSCURRENT+AWSPENDING"},
		{5, []string{"MINE"}, "2:AWSPREVIOUS 4:AWSCURRENT+AWSPENDING 5:MINE"},
	} {
		if err := l.put(empty, step.version, planted, step.stages...); err != nil {
			t.Fatal(err)
		}
		if got := l.stages(empty); got != step.want {
			t.Errorf("version %d with %v: %q, want %q", step.version, step.stages, got, step.want)
		}
	}
	list := func(deprecated bool) []string {
		var ids []string
		pages := secretsmanager.NewListSecretVersionIdsPaginator(l.Client, &secretsmanager.ListSecretVersionIdsInput{SecretId: &empty, IncludeDeprecated: &deprecated, MaxResults: new(int32(2))})
		for pages.HasMorePages() {
			for _, v := range try[*secretsmanager.ListSecretVersionIdsOutput](t)(pages.NextPage(t.Context())).Versions {
				if v.CreatedDate == nil || !slices.Equal(v.KmsKeyIds, []string{"DefaultEncryptionKey"}) {
					t.Errorf("version listed as %+v", v)
				}
				ids = append(ids, *v.VersionId)
			}
		}
		slices.Sort(ids)
		return ids
	}
	if diff := cmp.Diff([]string{token(2), token(4), token(5)}, list(false)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{token(1), token(2), token(3), token(4), token(5)}, list(true)); diff != "" {
		t.Error(diff)
	}

	// AWSCURRENT, AWSPREVIOUS, AWSPENDING and MINE exist: 16 more fit.
	var many []string
	for n := range 16 {
		many = append(many, "LABEL"+string(rune('A'+n)))
	}
	if err := l.put(empty, 6, planted, many...); err != nil {
		t.Error(err)
	}
	refused(t, l.put(empty, 7, planted, "ONE-TOO-MANY"), "LimitExceededException", "20")
}

func TestOldVersionsGo(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", planted)
	count := func() int {
		pages, n := secretsmanager.NewListSecretVersionIdsPaginator(l.Client, &secretsmanager.ListSecretVersionIdsInput{SecretId: &secret, IncludeDeprecated: new(true)}), 0
		for pages.HasMorePages() {
			n += len(try[*secretsmanager.ListSecretVersionIdsOutput](t)(pages.NextPage(t.Context())).Versions)
		}
		return n
	}
	if err := l.put(secret, 2, planted, "KEPT"); err != nil {
		t.Fatal(err)
	}
	for n := range 108 {
		if err := l.put(secret, 10+n, planted); err != nil {
			t.Fatal(err)
		}
	}
	if got := count(); got != 110 {
		t.Errorf("%d versions, want all 110: none is a day old", got)
	}
	l.Advance(25 * time.Hour)
	if err := l.put(secret, 3, planted); err != nil {
		t.Fatal(err)
	}
	// 111 less the 11 oldest, of which one has a label.
	if got := count(); got != 101 {
		t.Errorf("%d versions, want 101", got)
	}
	if got := l.value(secret, "KEPT"); got != planted {
		t.Error("a version with a label never goes")
	}
}

func TestPutSecretValueIdempotency(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", planted)
	if err := l.put(secret, 1, planted, "AWSPENDING"); err != nil {
		t.Errorf("the same value under the same token is fine: %v", err)
	}
	if got, want := l.stages(secret), "1:AWSCURRENT"; got != want {
		t.Errorf("the repeated request changed the labels to %q", got)
	}
	refused(t, l.put(secret, 1, planted+"2"), "ResourceExistsException", token(1))
	_, err := l.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secret, ClientRequestToken: new(token(1)), SecretBinary: []byte(planted)})
	refused(t, err, "ResourceExistsException", token(1))
	_, err = l.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secret})
	refused(t, err, "InvalidParameterException", "You must provide either SecretString or SecretBinary.")
	_, err = l.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secret, SecretString: new(planted), RotationToken: new("short")})
	refused(t, err, "ValidationException", "rotationToken")
	if got := l.value(secret, "AWSCURRENT"); got != planted {
		t.Error("a refused call changed the value")
	}
	binary := try[*secretsmanager.PutSecretValueOutput](t)(l.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secret, SecretBinary: []byte{0, 255}}))
	got := try[*secretsmanager.GetSecretValueOutput](t)(l.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret}))
	if *got.VersionId != *binary.VersionId || got.SecretString != nil || !slices.Equal(got.SecretBinary, []byte{0, 255}) {
		t.Error("bytes must come back as bytes")
	}
}

func TestGetSecretValue(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", "one")
	if err := l.put(secret, 2, "two"); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		version, stage *string
		want           string
		code, message  string
	}{
		"default":      {nil, nil, "two", "", ""},
		"stage":        {nil, new("AWSPREVIOUS"), "one", "", ""},
		"version":      {new(token(1)), nil, "one", "", ""},
		"both":         {new(token(2)), new("AWSCURRENT"), "two", "", ""},
		"mismatch":     {new(token(1)), new("AWSCURRENT"), "", "InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId."},
		"no version":   {new(token(3)), nil, "", "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: " + token(3)},
		"no such both": {new(token(3)), new("AWSCURRENT"), "", "ResourceNotFoundException", "VersionId"},
		"no stage":     {nil, new("AWSPENDING"), "", "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSPENDING"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := l.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret, VersionId: test.version, VersionStage: test.stage})
			if test.code != "" {
				refused(t, err, test.code, test.message)
				return
			}
			if err != nil || *out.SecretString != test.want || *out.ARN != secret || !out.CreatedDate.Equal(start) {
				t.Errorf("got %+v, %v, want the value %s", out, err, test.want)
			}
		})
	}
	batch := try[*secretsmanager.BatchGetSecretValueOutput](t)(l.BatchGetSecretValue(t.Context(), &secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"app", "nobody"}}))
	if len(batch.SecretValues) != 1 || *batch.SecretValues[0].SecretString != "two" || len(batch.Errors) != 1 || *batch.Errors[0].ErrorCode != "ResourceNotFoundException" {
		t.Errorf("batch: %+v", batch)
	}
	if got := l.describe(secret).LastAccessedDate; !got.Equal(start.Truncate(24 * time.Hour)) {
		t.Errorf("LastAccessedDate = %v, want the day", got)
	}
}

func TestUpdateSecretVersionStage(t *testing.T) {
	t.Parallel()
	const invalid = "InvalidParameterException"
	for name, test := range map[string]struct {
		stage         string
		to, from      int // versions; 0 is not given
		want          string
		code, message string
	}{
		"forward":         {"AWSCURRENT", 3, 2, "2:AWSPREVIOUS 3:AWSCURRENT+AWSPENDING", "", ""},
		"back":            {"AWSCURRENT", 1, 2, "1:AWSCURRENT 2:AWSPREVIOUS 3:AWSPENDING", "", ""},
		"in place":        {"AWSCURRENT", 2, 0, "1:AWSPREVIOUS 2:AWSCURRENT 3:AWSPENDING", "", ""},
		"drop":            {"AWSPENDING", 0, 3, "1:AWSPREVIOUS 2:AWSCURRENT", "", ""},
		"new":             {"MINE", 3, 0, "1:AWSPREVIOUS 2:AWSCURRENT 3:AWSPENDING+MINE", "", ""},
		"drop current":    {"AWSCURRENT", 0, 2, "", invalid, "You can only move staging label AWSCURRENT to a different secret version."},
		"unnamed holder":  {"AWSCURRENT", 3, 0, "", invalid, "Staging label AWSCURRENT is currently attached to version " + token(2) + ", so you must explicitly reference that version in RemoveFromVersionId."},
		"wrong holder":    {"AWSCURRENT", 3, 1, "", invalid, "Version stage AWSCURRENT not found in version " + token(1)},
		"unknown from":    {"AWSPENDING", 0, 9, "", invalid, "Not a valid version: " + token(9)},
		"unknown to":      {"AWSCURRENT", 9, 2, "", invalid, "Not a valid version: " + token(9)},
		"neither version": {"AWSPENDING", 0, 0, "", invalid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newSecretsLab(t)
			secret := l.create("app", planted)
			for n, stages := range [][]string{2: nil, 3: {"AWSPENDING"}} {
				if n >= 2 {
					if err := l.put(secret, n, planted, stages...); err != nil {
						t.Fatal(err)
					}
				}
			}
			before := l.stages(secret)
			in := &secretsmanager.UpdateSecretVersionStageInput{SecretId: &secret, VersionStage: &test.stage}
			if test.to > 0 {
				in.MoveToVersionId = new(token(test.to))
			}
			if test.from > 0 {
				in.RemoveFromVersionId = new(token(test.from))
			}
			_, err := l.UpdateSecretVersionStage(t.Context(), in)
			if test.code != "" {
				refused(t, err, test.code, test.message)
				test.want = before
			} else if err != nil {
				t.Error(err)
			}
			if got := l.stages(secret); got != test.want {
				t.Errorf("the labels are %q, want %q", got, test.want)
			}
		})
	}
}
