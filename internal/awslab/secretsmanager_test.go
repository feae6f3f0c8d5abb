package awslab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go/middleware"
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
			_, err := l.CreateSecret(t.Context(), &test.in)
			refused(t, err, test.code, test.message)
			_, err = l.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: new("n")})
			refused(t, err, "ResourceNotFoundException", "")
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
		return l.DeleteSecret(t.Context(), &in)
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
		if err := call(); err == nil {
			t.Errorf("%s is not refused", name)
		} else {
			refused(t, err, "InvalidParameterException", message)
		}
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

func TestDescriptionOfPlainSecret(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	secret := l.create("app", planted)
	want := &secretsmanager.DescribeSecretOutput{
		ARN: &secret, Name: new("app"), CreatedDate: &start, LastChangedDate: &start,
		VersionIdsToStages: map[string][]string{token(1): {"AWSCURRENT"}},
	}
	if diff := cmp.Diff(want, l.describe("app"), cmpopts.IgnoreUnexported(secretsmanager.DescribeSecretOutput{}), cmpopts.IgnoreTypes(middleware.Metadata{}), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
