package findings

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

const (
	executionRole = "arn:aws:iam::123456789012:role/service-role/rotator"
	rotator       = "arn:aws:lambda:eu-central-1:123456789012:function:rotate"
	orders        = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-AbCdEf"
	keytab        = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keytab-KlMnOp"
	keytab2       = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keytab-QrStUv"
	ordersKey     = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	adminKey      = "arn:aws:kms:eu-central-1:123456789012:key/0987dcba-09fe-87dc-65ba-ab0987654321"
)

// elsewhere is an ARN in another account.
func elsewhere(arn string) string { return strings.Replace(arn, "123456789012", "210987654321", 1) }

// withPolicy is the execution role with one inline policy.
func withPolicy(d iampolicy.Document) Role {
	return Role{ARN: executionRole, Policies: []Policy{{Name: "rotation", Document: d}}}
}

// leastCase is a policy that is the least for its function, and the need that it is for.
type leastCase struct {
	name string
	need Need
}

// leastCases are all rotation types in all cases of the superuser secret, for one secret and for all of a function.
func leastCases() []leastCase {
	var all []leastCase
	for _, rotationType := range catalog.All() {
		add := func(name string, access catalog.Access, shared catalog.SharedAccess) {
			own := rotationType.Strategy == catalog.CustomStrategy
			all = append(all,
				leastCase{rotationType.Name + "/" + name, Need{Policy: rotationType.RolePolicy(access), FunctionARN: rotator, SecretARN: orders, Own: own, InVPC: access.VPC}},
				leastCase{rotationType.Name + "/" + name + " of a function", Need{Policy: catalog.SharedRolePolicy(shared), FunctionARN: rotator + ":live", Own: own, InVPC: shared.VPC}})
		}
		plain := catalog.Access{SecretARN: orders}
		shared := catalog.SharedAccess{FunctionARN: rotator + ":live", Types: []*catalog.RotationType{rotationType}}
		if rotationType.Superuser != nil || rotationType.Strategy == catalog.CustomStrategy {
			plain.SuperuserSecretARN, shared.SuperuserSecretARNs = admin, []string{admin, elsewhere(admin)}
		}
		if rotationType.HasKeytabs() {
			plain.KeytabSecretARNs = []string{keytab, keytab2}
			shared.KeytabSecretARNs = []string{keytab, elsewhere(keytab2)}
		}
		add("plain", plain, shared)
		keys, sharedKeys := plain, shared
		keys.KMSKeyARN, keys.SuperuserKMSKeyARN, keys.KeytabKMSKeyARN = ordersKey, adminKey, ordersKey
		sharedKeys.KMSKeyARNs, sharedKeys.SuperuserKMSKeyARNs = []string{ordersKey, elsewhere(ordersKey)}, []string{adminKey, elsewhere(adminKey)}
		add("keys", keys, sharedKeys)
		vpc, sharedVPC := plain, shared
		vpc.VPC, sharedVPC.VPC = true, true
		add("VPC", vpc, sharedVPC)
		for _, owner := range rotationType.SuperuserOwners() {
			managed, sharedManaged := plain, shared
			managed.SuperuserOwningService, sharedManaged.SuperuserOwners = owner, map[string]string{admin: owner}
			add("superuser of "+owner, managed, sharedManaged)
		}
		if rotationType.LooksUpReplicas() {
			replica, sharedReplica := plain, shared
			replica.ReadReplica, sharedReplica.ReadReplica = true, true
			add("read replica", replica, sharedReplica)
		}
	}
	return all
}

// taken is an action on a resource that a role lacks of the least policy.
type taken struct{ sid, action, resource string }

// code is what is found without it, with the severity. Guarded says that the resource policies of the secrets are known.
func (x taken) code(guarded bool) (Code, Severity) {
	unseen := Warning
	if guarded || strings.Contains(x.resource, ":210987654321:") {
		unseen = Error
	}
	service, _, _ := strings.Cut(x.action, ":")
	switch {
	case x.action == "secretsmanager:GetRandomPassword":
		return RoleRandomPassword, Error
	case strings.HasPrefix(x.sid, "Read") && x.action == "secretsmanager:DescribeSecret":
		return SuperuserRDSManagedAccess, unseen
	case strings.HasPrefix(x.sid, "Read"):
		return SuperuserNotReadable, unseen
	case x.sid == "RotateSecrets":
		return RoleSecretAccess, Warning
	case strings.HasPrefix(x.sid, "Rotate"):
		return RoleSecretAccess, unseen
	case service == "kms" && strings.Contains(x.resource, ":210987654321:"):
		return RoleKMS, Error
	case service == "kms":
		return RoleKMS, Warning
	case service == "rds":
		return RoleRDSDescribe, Error
	case service == "ec2":
		return RoleVPC, Warning
	}
	return RoleServiceAccess, Error
}

// kinds are the databases for which the actions are.
func kinds(actions []string) map[string]bool {
	found := map[string]bool{}
	for _, action := range actions {
		switch action {
		case "rds:DescribeDBInstances", "redshift:DescribeClusters":
			found["one"] = true
		case "rds:DescribeDBClusters", "redshift-serverless:ListNamespaces", "redshift-serverless:ListWorkgroups":
			found["other"] = true
		}
	}
	return found
}

// still reports whether statements of a function's policy may allow all the same what was taken: the secrets that rotate with the
// function may include a superuser or keytab secret, and the other way round.
func (x taken) still(d iampolicy.Document) bool {
	return strings.HasPrefix(x.resource, "arn:aws:secretsmanager:eu-central-1:123456789012:") && slices.ContainsFunc(d.Statements, func(s iampolicy.Statement) bool {
		pattern := slices.ContainsFunc(s.Resources, func(r string) bool { return strings.HasSuffix(r, ":secret:*") })
		return slices.Contains(s.Actions, x.action) && (pattern || strings.HasSuffix(x.resource, ":secret:*") && len(s.Resources) > 0)
	})
}

// expected is what is found when something is taken from the policy of a need, so that this is left.
func expected(n Need, left iampolicy.Document, guarded bool, all []taken) map[Code]Severity {
	want := map[Code]Severity{}
	var needed, actions []string
	for _, s := range n.Policy.Statements {
		needed = append(needed, s.Actions...)
	}
	for _, x := range all {
		actions = append(actions, x.action)
	}
	for _, x := range all {
		switch x.action {
		case "kms:DescribeKey", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses", "ec2:DescribeSubnets":
			continue
		}
		code, severity := x.code(guarded)
		switch {
		case x.still(left):
			severity = Info
		case len(kinds([]string{x.action})) > 0 && len(kinds(actions)) < len(kinds(needed)) || n.Own:
			severity = Warning
		}
		if rank(severity) > rank(want[code]) {
			want[code] = severity
		}
	}
	return want
}

func rank(s Severity) int { return slices.Index([]Severity{"", Info, Warning, Error}, s) }

func severities(t *testing.T, found []Finding) map[Code]Severity {
	t.Helper()
	all := map[Code]Severity{}
	for _, f := range found {
		if _, twice := all[f.Code]; twice {
			t.Errorf("%s is found twice", f.Code)
		}
		all[f.Code] = f.Severity
	}
	return all
}

// TestLeastPolicy: under the least policy nothing is found, and without any one action, resource or secret of a condition exactly what
// is lacking.
func TestLeastPolicy(t *testing.T) {
	t.Parallel()
	for _, c := range leastCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, guarded := range []bool{false, true} {
				need := c.need
				if guarded {
					need.Guards = map[string]*iampolicy.Document{orders: nil, admin: nil, keytab: nil, keytab2: nil}
				}
				check := func(what string, d iampolicy.Document, without ...taken) {
					t.Helper()
					found := RolePermissions(withPolicy(d), need)
					checkRoleFindings(t, found)
					if diff := cmp.Diff(expected(need, d, guarded, without), severities(t, found)); diff != "" {
						t.Errorf("guarded %t, without %s: %s", guarded, what, diff)
					}
				}
				policy := need.Policy
				check("nothing", policy)
				for i, s := range policy.Statements {
					changed := func(change func(*iampolicy.Statement)) iampolicy.Document {
						d := policy
						d.Statements = slices.Clone(policy.Statements)
						change(&d.Statements[i])
						return d
					}
					on := func(resource string) []taken {
						var all []taken
						for _, action := range s.Actions {
							all = append(all, taken{s.Sid, action, resource})
						}
						return all
					}
					for _, action := range s.Actions {
						var all []taken
						for _, resource := range s.Resources {
							all = append(all, taken{s.Sid, action, resource})
						}
						check(action, changed(func(s *iampolicy.Statement) {
							s.Actions = slices.DeleteFunc(slices.Clone(s.Actions), func(a string) bool { return a == action })
						}), all...)
					}
					for _, resource := range s.Resources {
						check(resource, changed(func(s *iampolicy.Statement) {
							s.Resources = slices.DeleteFunc(slices.Clone(s.Resources), func(r string) bool { return r == resource })
						}), on(resource)...)
					}
					for k, condition := range s.Conditions {
						// Which key of a function is for which of its secrets nobody knows, so that there nothing is lacking for certain.
						if need.SecretARN == "" || condition.Key != "kms:EncryptionContext:SecretARN" {
							continue
						}
						for _, secretARN := range condition.Values {
							check(secretARN+" for a key", changed(func(s *iampolicy.Statement) {
								s.Conditions = slices.Clone(s.Conditions)
								s.Conditions[k].Values = slices.DeleteFunc(slices.Clone(condition.Values), func(v string) bool { return v == secretARN })
							}), on(s.Resources[0])...)
						}
					}
				}
			}
		})
	}
}

// TestLeastPolicyCodes: every code is found somewhere, so that the cases above are not all of one kind.
func TestLeastPolicyCodes(t *testing.T) {
	t.Parallel()
	seen := map[Code]bool{}
	for _, c := range leastCases() {
		for _, f := range RolePermissions(Role{ARN: executionRole}, c.need) {
			seen[f.Code] = true
		}
	}
	want := []Code{RoleKMS, RoleRandomPassword, RoleRDSDescribe, RoleSecretAccess, RoleServiceAccess, RoleVPC, SuperuserNotReadable, SuperuserRDSManagedAccess}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Error(diff)
	}
}

// checkRoleFindings checks what all messages on roles have in common.
func checkRoleFindings(t *testing.T, found []Finding) {
	t.Helper()
	for _, f := range found {
		text := f.Detail + " " + f.Remedy
		for _, bad := range []string{"  ", "%!", "..", " .", " ,", "ReadSuperuser", "RotateSecret ", "``"} {
			if strings.Contains(text, bad) {
				t.Errorf("%q is in: %s", bad, text)
			}
		}
		if _, known := codes[f.Code]; !known || f.Summary != New(f.Code, f.Severity, "", "").Summary || f.Reference == "" ||
			!strings.Contains(f.Detail, executionRole) || !strings.HasSuffix(f.Detail, ".") || !strings.HasSuffix(f.Remedy, ".") || !strings.Contains(f.Detail, "`") {
			t.Errorf("the finding %+v is incomplete", f)
		}
		if f.Code == RoleVPC && strings.Contains(f.Remedy, "your function") {
			t.Errorf("no function does without what Lambda does: %s", text)
		}
	}
}
