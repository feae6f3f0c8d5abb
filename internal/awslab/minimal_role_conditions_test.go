package awslab_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// probe is a request that a condition is meant to stop, and nothing else does.
type probe struct {
	name    string
	send    func(aws.Credentials) error
	refusal string // a part of the message
	// also are statements that allow what the condition is not about.
	also []iampolicy.Statement
	// instead are other conditions that would stop it as well.
	instead []string
}

// TestConditionsStopRequests shows for each condition of the role policies what
// it is there for: a request that is refused with it and passes without it.
func TestConditionsStopRequests(t *testing.T) {
	t.Parallel()
	l := newSecretsLab(t)
	// The secret, the superuser secret and the keytab secrets have a key each, and so has another secret with each of the keys.
	secrets, keys, others := map[string][]string{}, map[string]string{}, map[string]string{}
	for name, names := range map[string][]string{"secret": {"secret"}, "superuser": {"superuser"}, "keytabs": {"keytab-1", "keytab-2"}} {
		keys[name] = l.newKey(nil)
		for _, one := range names {
			secrets[name] = append(secrets[name], l.encrypted(one, keys[name], planted))
		}
		others[keys[name]] = l.encrypted("other-"+name, keys[name], planted)
	}
	role := l.role("rotator", allowAll)
	function, similar := l.function("rotator", role), l.function("rotator-2", role)
	l.permit(similar)
	elsewhere := l.create("elsewhere", planted)
	l.rotate(elsewhere, similar, 2)
	stays := l.create("stays", planted)

	read := func(secretARN string) func(aws.Credentials) error {
		return func(as aws.Credentials) error {
			_, err := l.as(as).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &secretARN})
			return err
		}
	}
	// decrypt uses a key directly, in the way in which Secrets Manager uses it for a secret.
	decrypt := func(key, secretARN string) func(aws.Credentials) error {
		in := members{"KeyId": key, "EncryptionContext": members{"SecretARN": secretARN, "SecretVersionId": token(1)}}
		sealed := l.must("GenerateDataKey", members{"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": in["EncryptionContext"]})
		in["CiphertextBlob"] = sealed["CiphertextBlob"]
		return func(as aws.Credentials) error {
			_, err := l.kms(as, "Decrypt", in)
			return err
		}
	}
	const directly, elsewhereOrNot = "because no identity-based policy allows the kms:Decrypt action", "because no identity-based policy allows the secretsmanager:GetSecretValue action"
	probes := func(statement iampolicy.Statement, condition iampolicy.Condition) (all []probe) {
		switch {
		case condition.Key == iampolicy.RotatesWithKey:
			all = append(all, probe{name: "secret of another function", send: read(elsewhere), refusal: elsewhereOrNot}, probe{name: "secret that does not rotate", send: read(stays), refusal: elsewhereOrNot})
		case condition.Key == "kms:ViaService":
			for name, key := range keys {
				if slices.Contains(statement.Resources, key) {
					all = append(all, probe{name: "key by itself", send: decrypt(key, secrets[name][0]), refusal: directly})
				}
			}
		case statement.Sid == "UseKeys":
			// All secrets of the account are meant. The lab has no other account, whose secret could be protected with the key: its part
			// is played by a direct use.
			for _, key := range statement.Resources {
				all = append(all, probe{name: "key for another account", send: decrypt(key, "arn:aws:secretsmanager:eu-west-1:210987654321:secret:theirs-AbCdEf"), refusal: directly, instead: []string{"kms:ViaService"}})
			}
		case condition.Key == "kms:EncryptionContext:SecretARN":
			other := others[statement.Resources[0]]
			all = append(all, probe{name: "key for another secret", send: read(other), refusal: noKMS, also: []iampolicy.Statement{
				{Effect: iampolicy.EffectAllow, Actions: []string{"secretsmanager:GetSecretValue"}, Resources: []string{other}},
			}})
		}
		return all
	}

	for _, name := range []string{"MySQLMultiUser", "ActiveDirectoryAndKeytabSingleUser"} {
		rotationType, ok := catalog.Lookup(name)
		if !ok {
			t.Fatalf("there is no rotation type %s", name)
		}
		one := rotationType.RolePolicy(catalog.Access{
			SecretARN: secrets["secret"][0], KMSKeyARN: keys["secret"], SuperuserSecretARN: secrets["superuser"][0], SuperuserKMSKeyARN: keys["superuser"],
			KeytabSecretARNs: secrets["keytabs"], KeytabKMSKeyARN: keys["keytabs"],
		})
		shared := catalog.SharedRolePolicy(catalog.SharedAccess{
			FunctionARN: function, Types: []*catalog.RotationType{rotationType}, SuperuserSecretARNs: secrets["superuser"],
			KeytabSecretARNs: secrets["keytabs"], KMSKeyARNs: []string{keys["secret"], keys["keytabs"]}, SuperuserKMSKeyARNs: []string{keys["superuser"]},
		})
		for of, policy := range map[string]iampolicy.Document{"secret": one, "function": shared} {
			for i, statement := range policy.Statements {
				for _, condition := range statement.Conditions {
					found := probes(statement, condition)
					if len(found) == 0 {
						t.Errorf("%s, policy of the %s: nothing shows what %s is for in %s", name, of, condition.Key, statement.Sid)
					}
					for n, p := range found {
						t.Run(name+"/"+of+"/"+statement.Sid+"/"+p.name, func(t *testing.T) {
							t.Parallel()
							user := func(what string, without ...string) aws.Credentials {
								changed := policy
								changed.Statements = append(slices.Clone(policy.Statements), p.also...)
								changed.Statements[i].Conditions = slices.DeleteFunc(slices.Clone(statement.Conditions), func(c iampolicy.Condition) bool { return slices.Contains(without, c.Key) })
								return l.NewUser(name+of+statement.Sid+condition.Key+string(rune('0'+n))+what, changed.JSON())
							}
							refused(t, p.send(user("with", p.instead...)), "AccessDeniedException", p.refusal)
							if err := p.send(user("without", append(p.instead, condition.Key)...)); err != nil {
								t.Errorf("without the condition: %v", err)
							}
						})
					}
				}
			}
		}
	}
}
