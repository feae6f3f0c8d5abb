package awslab_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rotationsafe/terraform-provider-rotation/internal/arn"
)

func TestSecretIDForms(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("team/app", planted)
	l.create("team/app-again", planted)
	parsed, err := arn.ParseSecret(secret)
	if err != nil || parsed.Name != "team/app" || parsed.AccountID != l.AccountID() {
		t.Fatalf("%s is not an ARN of the secret: %v", secret, err)
	}
	for _, id := range []string{secret, "team/app", strings.TrimSuffix(secret, "-"+parsed.Suffix)} {
		if got := *l.describe(id).ARN; got != secret {
			t.Errorf("%s found %s, want %s", id, got, secret)
		}
	}
	for _, id := range []string{"team", "team/app-", secret + "x", strings.Replace(secret, "eu-west-1", "eu-west-2", 1)} {
		_, err := l.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &id})
		refused(t, err, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	_, err = l.in("us-east-1").DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: new("team/app")})
	refused(t, err, "ResourceNotFoundException", "")
}

func TestCreateSecret(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	first := l.create("app", planted)
	if again := l.create("app", planted); again != first {
		t.Errorf("the repeated request made %s besides %s", again, first)
	}
	doomed := l.create("doomed", planted)
	try[*secretsmanager.DeleteSecretOutput](t)(l.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &doomed}))
	for name, test := range map[string]struct {
		in            secretsmanager.CreateSecretInput
		code, message string
	}{
		"exists":      {secretsmanager.CreateSecretInput{Name: new("app")}, "ResourceExistsException", "The operation failed because the secret app already exists."},
		"other value": {secretsmanager.CreateSecretInput{Name: new("app"), ClientRequestToken: new(token(1)), SecretString: new("other")}, "ResourceExistsException", "already exists"},
		"deleted":     {secretsmanager.CreateSecretInput{Name: new("doomed")}, "InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion."},
		"name":        {secretsmanager.CreateSecretInput{Name: new("a b")}, "ValidationException", "Invalid name."},
		"both":        {secretsmanager.CreateSecretInput{Name: new("n"), SecretString: new(planted), SecretBinary: []byte(planted)}, "InvalidParameterException", "You can't specify both"},
		"empty":       {secretsmanager.CreateSecretInput{Name: new("n"), SecretString: new("")}, "ValidationException", "secretString"},
		"too long":    {secretsmanager.CreateSecretInput{Name: new("n"), SecretString: new(strings.Repeat(planted, 5000))}, "ValidationException", "secretString"},
		"reserved":    {secretsmanager.CreateSecretInput{Name: new("n"), Tags: []types.Tag{{Key: new("aws:x"), Value: new("y")}}}, "InvalidParameterException", "aws:"},
		"same Region": {secretsmanager.CreateSecretInput{Name: new("n"), AddReplicaRegions: []types.ReplicaRegionType{{Region: new("eu-west-1")}}}, "InvalidParameterException", "replica"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := l.Client.CreateSecret(t.Context(), &test.in)
			refused(t, err, test.code, test.message)
			_, err = l.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: new("n")})
			refused(t, err, "ResourceNotFoundException", "")
		})
	}
}

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

func TestUpdateSecret(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", planted)
	out := try[*secretsmanager.UpdateSecretOutput](t)(l.UpdateSecret(t.Context(), &secretsmanager.UpdateSecretInput{SecretId: &secret, Description: new("of the app")}))
	if out.VersionId != nil || *l.describe(secret).Description != "of the app" {
		t.Errorf("a description alone is no version: %+v", out)
	}
	try[*secretsmanager.UpdateSecretOutput](t)(l.UpdateSecret(t.Context(), &secretsmanager.UpdateSecretInput{SecretId: &secret, SecretString: new("two"), ClientRequestToken: new(token(2))}))
	if got, want := l.stages(secret), "1:AWSPREVIOUS 2:AWSCURRENT"; got != want {
		t.Errorf("the labels are %q, want %q", got, want)
	}
}

func TestDeleteAndRestoreSecret(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", planted)
	remove := func(in secretsmanager.DeleteSecretInput) (*secretsmanager.DeleteSecretOutput, error) {
		in.SecretId = &secret
		return l.Client.DeleteSecret(t.Context(), &in)
	}
	_, err := remove(secretsmanager.DeleteSecretInput{RecoveryWindowInDays: new(int64(6))})
	refused(t, err, "InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	_, err = remove(secretsmanager.DeleteSecretInput{RecoveryWindowInDays: new(int64(7)), ForceDeleteWithoutRecovery: new(true)})
	refused(t, err, "InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")

	out := try[*secretsmanager.DeleteSecretOutput](t)(remove(secretsmanager.DeleteSecretInput{RecoveryWindowInDays: new(int64(7))}))
	if want := start.AddDate(0, 0, 7); !out.DeletionDate.Equal(want) || !l.describe(secret).DeletedDate.Equal(want) {
		t.Errorf("deletion at %v, want %v", out.DeletionDate, want)
	}
	_, err = l.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret})
	refused(t, err, "InvalidRequestException", "currently marked deleted")
	_, err = remove(secretsmanager.DeleteSecretInput{})
	refused(t, err, "InvalidRequestException", "currently marked deleted")
	refused(t, l.put(secret, 2, planted), "InvalidRequestException", "currently marked deleted")

	try[*secretsmanager.RestoreSecretOutput](t)(l.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: &secret}))
	l.Advance(30 * 24 * time.Hour)
	if l.value(secret, "AWSCURRENT") != planted {
		t.Error("a restored secret keeps its value")
	}
	try[*secretsmanager.DeleteSecretOutput](t)(remove(secretsmanager.DeleteSecretInput{}))
	l.Advance(30 * 24 * time.Hour)
	_, err = l.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &secret})
	refused(t, err, "ResourceNotFoundException", "")
	try[*secretsmanager.DeleteSecretOutput](t)(remove(secretsmanager.DeleteSecretInput{ForceDeleteWithoutRecovery: new(true)}))

	secret = l.create("app", planted)
	try[*secretsmanager.DeleteSecretOutput](t)(remove(secretsmanager.DeleteSecretInput{ForceDeleteWithoutRecovery: new(true)}))
	if again := l.create("app", planted); again == secret {
		t.Error("a new secret of the same name has another ARN")
	}
}

func TestDeletedSecretDoesNotRotate(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, function := l.rotatable()
	in := l.rotateInput(secret, function, 2)
	in.RotationRules = &types.RotationRulesType{AutomaticallyAfterDays: new(int64(1))}
	try[*secretsmanager.RotateSecretOutput](t)(l.RotateSecret(t.Context(), in))
	l.Advance(time.Second)
	try[*secretsmanager.DeleteSecretOutput](t)(l.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &secret}))
	l.Advance(5 * 24 * time.Hour)
	if !l.loggedIn(planted) {
		t.Error("a deleted secret was rotated")
	}
	try[*secretsmanager.RestoreSecretOutput](t)(l.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: &secret}))
	l.Advance(24 * time.Hour)
	if l.loggedIn(planted) {
		t.Error("a restored secret rotates in its window again")
	}
}

func TestReplicas(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	primary := try[*secretsmanager.CreateSecretOutput](t)(l.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: new("app"), SecretString: new("one"), AddReplicaRegions: []types.ReplicaRegionType{{Region: new("us-east-1")}},
	}))
	if len(primary.ReplicationStatus) != 1 || primary.ReplicationStatus[0].Status != types.StatusTypeInSync {
		t.Errorf("the replica is %+v", primary.ReplicationStatus)
	}
	replica := strings.Replace(*primary.ARN, "eu-west-1", "us-east-1", 1)
	away := l.in("us-east-1")
	if err := l.put("app", 2, "two"); err != nil {
		t.Fatal(err)
	}
	got := try[*secretsmanager.GetSecretValueOutput](t)(away.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &replica}))
	if *got.SecretString != "two" || *got.ARN != replica {
		t.Error("a replica has the primary's value and its own ARN")
	}
	for id, client := range map[string]*secretsmanager.Client{*primary.ARN: l.Client, replica: away} {
		d := try[*secretsmanager.DescribeSecretOutput](t)(client.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &id}))
		if *d.PrimaryRegion != "eu-west-1" {
			t.Errorf("%s: PrimaryRegion = %s", id, *d.PrimaryRegion)
		}
	}
	const message = "Operation not permitted on a replica secret. Call must be made in primary secret's region."
	for name, call := range map[string]func() error{
		"RotateSecret": func() error {
			_, err := away.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: &replica})
			return err
		},
		"PutSecretValue": func() error {
			_, err := away.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &replica, SecretString: new(planted)})
			return err
		},
		"DeleteSecret": func() error {
			_, err := away.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &replica})
			return err
		},
		"TagResource": func() error {
			_, err := away.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: &replica, Tags: []types.Tag{{Key: new("a"), Value: new("b")}}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // The replica is removed below.
			refused(t, call(), "InvalidParameterException", message)
		})
	}
	_, err := l.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: primary.ARN})
	refused(t, err, "InvalidParameterException", "replica regions")
	try[*secretsmanager.StopReplicationToReplicaOutput](t)(away.StopReplicationToReplica(t.Context(), &secretsmanager.StopReplicationToReplicaInput{SecretId: &replica}))
	if err := l.put("app", 3, "three"); err != nil {
		t.Fatal(err)
	}
	got = try[*secretsmanager.GetSecretValueOutput](t)(away.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &replica}))
	if *got.SecretString != "two" {
		t.Error("a promoted replica goes its own way")
	}
	_, err = l.ReplicateSecretToRegions(t.Context(), &secretsmanager.ReplicateSecretToRegionsInput{SecretId: primary.ARN, AddReplicaRegions: []types.ReplicaRegionType{{Region: new("us-east-1")}}})
	refused(t, err, "ResourceExistsException", "us-east-1")
	try[*secretsmanager.ReplicateSecretToRegionsOutput](t)(l.ReplicateSecretToRegions(t.Context(), &secretsmanager.ReplicateSecretToRegionsInput{
		SecretId: primary.ARN, AddReplicaRegions: []types.ReplicaRegionType{{Region: new("us-east-1")}}, ForceOverwriteReplicaSecret: true,
	}))
	try[*secretsmanager.RemoveRegionsFromReplicationOutput](t)(l.RemoveRegionsFromReplication(t.Context(), &secretsmanager.RemoveRegionsFromReplicationInput{SecretId: primary.ARN, RemoveReplicaRegions: []string{"us-east-1"}}))
	_, err = away.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &replica})
	refused(t, err, "ResourceNotFoundException", "")
}

func TestGetRandomPassword(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	const invalid, punctuation = "InvalidParameterException", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	for name, test := range map[string]struct {
		in            secretsmanager.GetRandomPasswordInput
		length        int
		alphabet      string
		code, message string
	}{
		"default":         {secretsmanager.GetRandomPasswordInput{}, 32, "", "", ""},
		"longest":         {secretsmanager.GetRandomPasswordInput{PasswordLength: new(int64(4096))}, 4096, "", "", ""},
		"punctuation":     {secretsmanager.GetRandomPasswordInput{PasswordLength: new(int64(4096)), ExcludeLowercase: new(true), ExcludeUppercase: new(true), ExcludeNumbers: new(true)}, 4096, punctuation, "", ""},
		"with space":      {secretsmanager.GetRandomPasswordInput{PasswordLength: new(int64(4096)), ExcludePunctuation: new(true), ExcludeLowercase: new(true), ExcludeUppercase: new(true), IncludeSpace: new(true)}, 4096, "0123456789 ", "", ""},
		"all off":         {secretsmanager.GetRandomPasswordInput{ExcludePunctuation: new(true), ExcludeLowercase: new(true), ExcludeUppercase: new(true), ExcludeNumbers: new(true)}, 0, "", invalid, "All characters have been excluded from selection."},
		"digits gone":     {secretsmanager.GetRandomPasswordInput{ExcludeCharacters: new("0123456789")}, 0, "", invalid, "All characters of the desired type have been excluded."},
		"digits optional": {secretsmanager.GetRandomPasswordInput{ExcludeCharacters: new("0123456789"), RequireEachIncludedType: new(false)}, 32, "", "", ""},
		"digits off":      {secretsmanager.GetRandomPasswordInput{ExcludeCharacters: new("0123456789"), ExcludeNumbers: new(true)}, 32, "", "", ""},
		"too short":       {secretsmanager.GetRandomPasswordInput{PasswordLength: new(int64(3))}, 0, "", invalid, "Password length is too short based on the required types."},
		"short enough":    {secretsmanager.GetRandomPasswordInput{PasswordLength: new(int64(3)), RequireEachIncludedType: new(false)}, 3, "", "", ""},
		"length 0":        {secretsmanager.GetRandomPasswordInput{PasswordLength: new(int64(0))}, 0, "", "ValidationException", "passwordLength"},
		"exclude 4097":    {secretsmanager.GetRandomPasswordInput{ExcludeCharacters: new(strings.Repeat("a", 4097))}, 0, "", "ValidationException", "excludeCharacters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := l.GetRandomPassword(t.Context(), &test.in)
			if test.code != "" {
				refused(t, err, test.code, test.message)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := *out.RandomPassword
			if len(got) != test.length {
				t.Errorf("length %d, want %d", len(got), test.length)
			}
			if test.in.ExcludeCharacters != nil && strings.ContainsAny(got, *test.in.ExcludeCharacters) {
				t.Error("an excluded character is in the password")
			}
			if test.alphabet != "" {
				if strings.Trim(got, test.alphabet) != "" {
					t.Error("a character from outside of the alphabet is in the password")
				}
				for _, r := range test.alphabet { // Missing one in 4096 has a chance of 1 in 10^54.
					if !strings.ContainsRune(got, r) {
						t.Errorf("%q never comes", r)
					}
				}
			}
		})
	}
}

func TestListSecrets(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	for _, name := range []string{"prod/a", "prod/b", "dev/a"} {
		l.create(name, planted)
		l.Advance(time.Minute)
	}
	try[*secretsmanager.TagResourceOutput](t)(l.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: new("dev/a"), Tags: []types.Tag{{Key: new("team"), Value: new("x")}, {Key: new("gone"), Value: new("x")}}}))
	try[*secretsmanager.UntagResourceOutput](t)(l.UntagResource(t.Context(), &secretsmanager.UntagResourceInput{SecretId: new("dev/a"), TagKeys: []string{"gone"}}))
	try[*secretsmanager.DeleteSecretOutput](t)(l.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: new("prod/b")}))
	for name, test := range map[string]struct {
		in   secretsmanager.ListSecretsInput
		want []string
	}{
		"newest first": {secretsmanager.ListSecretsInput{}, []string{"dev/a", "prod/a"}},
		"oldest first": {secretsmanager.ListSecretsInput{SortOrder: types.SortOrderTypeAsc}, []string{"prod/a", "dev/a"}},
		"deleted too":  {secretsmanager.ListSecretsInput{IncludePlannedDeletion: new(true)}, []string{"dev/a", "prod/b", "prod/a"}},
		"by name":      {secretsmanager.ListSecretsInput{Filters: []types.Filter{{Key: "name", Values: []string{"prod/"}}}}, []string{"prod/a"}},
		"by negation":  {secretsmanager.ListSecretsInput{Filters: []types.Filter{{Key: "name", Values: []string{"!prod/"}}}}, []string{"dev/a"}},
		"by tag":       {secretsmanager.ListSecretsInput{Filters: []types.Filter{{Key: "tag-key", Values: []string{"team", "gone"}}}}, []string{"dev/a"}},
		"by old tag":   {secretsmanager.ListSecretsInput{Filters: []types.Filter{{Key: "tag-key", Values: []string{"gone"}}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.in.MaxResults = new(int32(1))
			var names []string
			pages := secretsmanager.NewListSecretsPaginator(l.Client, &test.in)
			for pages.HasMorePages() {
				for _, s := range try[*secretsmanager.ListSecretsOutput](t)(pages.NextPage(t.Context())).SecretList {
					names = append(names, *s.Name)
					if len(s.SecretVersionsToStages) != 1 {
						t.Errorf("%s has the versions %v", *s.Name, s.SecretVersionsToStages)
					}
				}
			}
			if diff := cmp.Diff(test.want, names, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestResourcePolicy(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", planted)
	reader := l.NewUser("reader", "")
	document := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + l.AccountID() + `:user/reader"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}}`
	get := func() error {
		_, err := l.as(reader).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret})
		return err
	}
	refused(t, get(), "AccessDeniedException", "is not authorized to perform: secretsmanager:GetSecretValue on resource: "+secret)
	try[*secretsmanager.PutResourcePolicyOutput](t)(l.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &secret, ResourcePolicy: &document, BlockPublicPolicy: new(true)}))
	if err := get(); err != nil {
		t.Errorf("the policy allows it: %v", err)
	}
	got := try[*secretsmanager.GetResourcePolicyOutput](t)(l.GetResourcePolicy(t.Context(), &secretsmanager.GetResourcePolicyInput{SecretId: &secret}))
	if *got.ResourcePolicy != document {
		t.Errorf("the policy is %s", *got.ResourcePolicy)
	}
	public := strings.Replace(document, `{"AWS":"arn:aws:iam::`+l.AccountID()+`:user/reader"}`, `"*"`, 1)
	_, err := l.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &secret, ResourcePolicy: &public, BlockPublicPolicy: new(true)})
	refused(t, err, "PublicPolicyException", "BlockPublicPolicy")
	_, err = l.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &secret, ResourcePolicy: new(`{"Statement"`)})
	refused(t, err, "MalformedPolicyDocumentException", "This resource policy contains a syntax error")
	checked := try[*secretsmanager.ValidateResourcePolicyOutput](t)(l.ValidateResourcePolicy(t.Context(), &secretsmanager.ValidateResourcePolicyInput{ResourcePolicy: &public}))
	if checked.PolicyValidationPassed || len(checked.ValidationErrors) != 1 {
		t.Errorf("validation of a public policy: %+v", checked)
	}
	try[*secretsmanager.DeleteResourcePolicyOutput](t)(l.DeleteResourcePolicy(t.Context(), &secretsmanager.DeleteResourcePolicyInput{SecretId: &secret}))
	refused(t, get(), "AccessDeniedException", "GetSecretValue")
}

// TestConditionKeys checks the condition keys that policies limit secrets by.
func TestConditionKeys(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret, untagged := l.create("app", planted), l.create("other", planted)
	if err := l.put(secret, 2, planted); err != nil {
		t.Fatal(err)
	}
	try[*secretsmanager.TagResourceOutput](t)(l.TagResource(t.Context(), &secretsmanager.TagResourceInput{SecretId: &secret, Tags: []types.Tag{{Key: new("team"), Value: new("x")}}}))
	for name, test := range map[string]struct {
		condition    string
		allowed, not secretsmanager.GetSecretValueInput
	}{
		"VersionStage": {
			`"secretsmanager:VersionStage":"AWSCURRENT"`,
			secretsmanager.GetSecretValueInput{SecretId: &secret}, secretsmanager.GetSecretValueInput{SecretId: &secret, VersionStage: new("AWSPREVIOUS")},
		},
		"VersionId": {
			`"secretsmanager:VersionId":"` + token(1) + `"`,
			secretsmanager.GetSecretValueInput{SecretId: &secret, VersionId: new(token(1))}, secretsmanager.GetSecretValueInput{SecretId: &secret},
		},
		"SecretId": {
			`"secretsmanager:SecretId":"app"`,
			secretsmanager.GetSecretValueInput{SecretId: new("app")}, secretsmanager.GetSecretValueInput{SecretId: &secret},
		},
		"tag": {
			`"aws:ResourceTag/team":"x","secretsmanager:SecretPrimaryRegion":"eu-west-1"`,
			secretsmanager.GetSecretValueInput{SecretId: &secret}, secretsmanager.GetSecretValueInput{SecretId: &untagged},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := l.as(l.NewUser("reader-"+name, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*",
				"Condition":{"StringEquals":{`+test.condition+`}}}}`))
			if _, err := client.GetSecretValue(t.Context(), &test.allowed); err != nil {
				t.Error(err)
			}
			_, err := client.GetSecretValue(t.Context(), &test.not)
			refused(t, err, "AccessDeniedException", "is not authorized to perform: secretsmanager:GetSecretValue")
		})
	}
}

// TestCustomerKey checks the use of a customer managed key with the caller's
// own permissions and the documented encryption context.
func TestCustomerKey(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	key := "arn:aws:kms:eu-west-1:" + l.AccountID() + ":key/11111111-2222-3333-4444-555555555555"
	secret := *try[*secretsmanager.CreateSecretOutput](t)(l.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: new("app"), SecretString: new(planted), KmsKeyId: &key, ClientRequestToken: new(token(1)),
	})).ARN
	const use = `{"Effect":"Allow","Action":["secretsmanager:GetSecretValue","secretsmanager:PutSecretValue"],"Resource":"*"}`
	keyStatement := func(context, service, actions string) string {
		return `{"Effect":"Allow","Action":[` + actions + `],"Resource":"` + key + `","Condition":{"StringEquals":{"kms:ViaService":"` + service + `","kms:EncryptionContext:SecretARN":"` + context + `"}}}`
	}
	const service = "secretsmanager.eu-west-1.amazonaws.com"
	for name, test := range map[string]struct {
		statements  []string
		read, write bool
	}{
		"none":          {nil, false, false},
		"both":          {[]string{keyStatement(secret, service, `"kms:Decrypt","kms:GenerateDataKey"`)}, true, true},
		"read":          {[]string{keyStatement(secret, service, `"kms:Decrypt"`)}, true, false},
		"other-secret":  {[]string{keyStatement(secret+"x", service, `"kms:*"`)}, false, false},
		"other-service": {[]string{keyStatement(secret, "s3.eu-west-1.amazonaws.com", `"kms:*"`)}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := l.as(l.NewUser(name, `{"Version":"2012-10-17","Statement":[`+strings.Join(append(test.statements, use), ",")+`]}`))
			_, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secret, VersionId: new(token(1))})
			if test.read {
				if err != nil {
					t.Errorf("reading: %v", err)
				}
			} else {
				refused(t, err, "AccessDeniedException", "Access to KMS is not allowed")
			}
			_, err = client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: &secret, SecretString: new(planted), VersionStages: []string{"MINE"}})
			if test.write {
				if err != nil {
					t.Errorf("writing: %v", err)
				}
			} else {
				refused(t, err, "AccessDeniedException", "Access to KMS is not allowed")
			}
		})
	}
}
