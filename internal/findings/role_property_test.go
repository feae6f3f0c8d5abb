package findings

import (
	"math/rand/v2"
	"testing"

	"github.com/rotationsafe/terraform-provider-rotation/internal/iampolicy"
)

// roles makes roles of which about half of the statements match something that a function needs.
type roles struct{ *rand.Rand }

func (g roles) pick(choices ...string) string { return choices[g.IntN(len(choices))] }

func (g roles) statement(effect string) iampolicy.Statement {
	s := iampolicy.Statement{Effect: effect}
	actions := []string{
		g.pick("*", "secretsmanager:*", "kms:*", "rds:*", "ec2:*", "ds:*"),
		g.pick("secretsmanager:Get*", "secretsmanager:PutSecretValue", "rds:DescribeDBClusters", "kms:Decrypt", "redshift:*"),
	}
	resources := []string{
		g.pick("*", "*", orders, admin, ordersKey, "arn:aws:secretsmanager:*:*:secret:*", "arn:aws:rds:*:*:db:*", "arn:aws:ec2:*:*:*/*"),
		g.pick(elsewhere(admin), adminKey, keytab, "arn:aws:secretsmanager:*:*:secret:${aws:PrincipalTag/team}*"),
	}
	if g.IntN(6) == 0 {
		s.NotActions = actions
	} else {
		s.Actions = actions
	}
	if g.IntN(6) == 0 {
		s.NotResources = resources
	} else {
		s.Resources = resources
	}
	if g.IntN(3) == 0 {
		s.Conditions = []iampolicy.Condition{{
			Operator: g.pick("StringEquals", "StringNotEquals", "StringLike", "Null", "ForAnyValue:StringLike", "ArnNotLike", "Nonsense"),
			Key: g.pick("aws:SourceVpce", "aws:PrincipalTag/Team", "aws:ResourceTag/Stage", "kms:EncryptionContext:SecretARN", "kms:ViaService",
				"lambda:SourceFunctionArn", "aws:ResourceAccount", "aws:SourceArn", iampolicy.RotatesWithKey),
			Values: []string{g.pick("blue", "prod", orders, rotator, "true", "123456789012", "*", "${aws:PrincipalAccount}"), g.pick(admin, "false", "secretsmanager.*")},
		}}
	}
	return s
}

func (g roles) document() iampolicy.Document {
	d := iampolicy.Document{Version: g.pick(iampolicy.Version, iampolicy.Version, "")}
	for range g.IntN(4) {
		d.Statements = append(d.Statements, g.statement(g.pick(iampolicy.EffectAllow, iampolicy.EffectAllow, iampolicy.EffectDeny)))
	}
	return d
}

// onSecret makes a statement one of a secret's resource policy.
func (g roles) onSecret(s iampolicy.Statement) iampolicy.Statement {
	who := map[string][]string{"AWS": {g.pick("*", "123456789012", executionRole, "arn:aws:sts::123456789012:assumed-role/rotator/rotate", "999999999999")}}
	if s.Effect == iampolicy.EffectDeny && g.IntN(4) == 0 {
		s.NotPrincipals = who
	} else {
		s.Principals = who
	}
	return s
}

func (g roles) role(n Need) Role {
	r := Role{ARN: executionRole, Tags: map[string]string{"Team": "blue"}}
	if g.IntN(2) == 0 {
		r.Policies = append(r.Policies, Policy{Name: "rotation", Document: n.Policy})
	}
	for range g.IntN(3) {
		r = r.With(Policy{Name: g.pick("a", "b", "c"), Document: g.document(), Unreadable: g.IntN(12) == 0})
	}
	if g.IntN(3) == 0 {
		boundary := g.document()
		if g.IntN(2) == 0 {
			boundary.Statements = append(boundary.Statements, iampolicy.Statement{Effect: iampolicy.EffectAllow, Actions: []string{"*"}, Resources: []string{"*"}})
		}
		r.Boundary = &Policy{Name: "limit", Document: boundary, Unreadable: g.IntN(12) == 0}
	}
	return r
}

func (g roles) guards() map[string]*iampolicy.Document {
	guards := map[string]*iampolicy.Document{}
	for _, secretARN := range []string{orders, admin, keytab, elsewhere(admin)} {
		switch g.IntN(3) {
		case 0:
			guards[secretARN] = nil
		case 1:
			d := g.document()
			for i, s := range d.Statements {
				d.Statements[i] = g.onSecret(s)
			}
			guards[secretARN] = &d
		}
	}
	return guards
}

// and returns a document with one more statement.
func and(d iampolicy.Document, s iampolicy.Statement) iampolicy.Document {
	d.Statements = append([]iampolicy.Statement{s}, d.Statements...)
	return d
}

// TestRolePermissionsProperties: one more Deny takes no finding away and makes none milder, and one more Allow does the reverse.
func TestRolePermissionsProperties(t *testing.T) {
	t.Parallel()
	g := roles{rand.New(rand.NewPCG(7, 8))}
	cases := leastCases()
	seen := map[Severity]int{}
	for range 800 {
		need := cases[g.IntN(len(cases))].need
		need.Own, need.InVPC, need.Guards, need.SecretTags = g.IntN(5) == 0, g.IntN(2) == 0, g.guards(), map[string]string{"Stage": "prod"}
		r := g.role(need)
		found := RolePermissions(r, need)
		checkRoleFindings(t, found)
		before := severities(t, found)
		for _, severity := range before {
			seen[severity]++
		}
		// compare has the findings with less allowed and those with more.
		compare := func(what string, strict, loose map[Code]Severity) {
			t.Helper()
			for code, severity := range loose {
				if rank(strict[code]) < rank(severity) {
					t.Fatalf("%s: %s is %q where less is allowed, and %q where more is: %+v %+v", what, code, strict[code], severity, r, need)
				}
			}
		}
		for _, effect := range []string{iampolicy.EffectAllow, iampolicy.EffectDeny} {
			judge := func(what string, r Role, n Need) {
				t.Helper()
				after := severities(t, RolePermissions(r, n))
				if effect == iampolicy.EffectDeny {
					compare("one more Deny "+what, after, before)
				} else {
					compare("one more Allow "+what, before, after)
				}
			}
			judge("in a policy of its own", r.With(Policy{Name: "more", Document: and(iampolicy.Document{Version: iampolicy.Version}, g.statement(effect))}), need)
			if r.Boundary != nil {
				bounded := r
				bounded.Boundary = &Policy{Name: r.Boundary.Name, Document: and(r.Boundary.Document, g.statement(effect)), Unreadable: r.Boundary.Unreadable}
				judge("in the boundary", bounded, need)
			}
			guarded := need
			guarded.Guards = map[string]*iampolicy.Document{}
			for secretARN, guard := range need.Guards {
				if guard == nil {
					guard = &iampolicy.Document{Version: iampolicy.Version}
				}
				guarded.Guards[secretARN] = new(and(*guard, g.onSecret(g.statement(effect))))
			}
			after := severities(t, RolePermissions(r, guarded))
			if effect == iampolicy.EffectAllow {
				compare("one more Allow in the resource policies", before, after)
			} else if len(before) > 0 && worst(after) < worst(before) {
				// The code may become another: what denies is then the resource policy.
				t.Fatalf("one more Deny in the resource policies turns %v into %v: %+v %+v", before, after, r, need)
			}
		}
		if r.Boundary != nil {
			unbounded := r
			unbounded.Boundary = nil
			compare("without the boundary", before, severities(t, RolePermissions(unbounded, need)))
		}
	}
	t.Log(seen)
	for _, severity := range []Severity{Error, Warning, Info} {
		if seen[severity] < 80 {
			t.Errorf("the cases are one-sided: %v", seen)
		}
	}
}

func worst(found map[Code]Severity) int {
	most := 0
	for _, severity := range found {
		most = max(most, rank(severity))
	}
	return most
}

// FuzzRolePermissions judges any policy, as the role's own, as its boundary and as that of a secret, for any function and secret.
func FuzzRolePermissions(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"x"}}}]}`, rotator, orders, executionRole)
	f.Add(`{"Statement":{"Effect":"Deny","Principal":"*","NotAction":"kms:*","NotResource":"arn:aws:secretsmanager:*:*:secret:${aws:PrincipalTag/team}"}}`, "", "", "arn:aws:iam::123456789012:role/x")
	f.Add(`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":"123456789012"},"Action":"*","Resource":"*"}}`, rotator+":live", elsewhere(orders), "")
	cases := leastCases()
	f.Fuzz(func(t *testing.T, text, functionARN, secretARN, roleARN string) {
		d, err := iampolicy.Parse(text)
		if err != nil {
			return
		}
		Invocable(functionARN, secretARN, d, d)
		SuperuserElsewhere(secretARN, functionARN, roleARN)
		for _, c := range cases[len(text)%7:][:7] {
			need := c.need
			need.FunctionARN, need.SecretARN, need.InVPC = functionARN, secretARN, true
			need.Guards = map[string]*iampolicy.Document{secretARN: &d, orders: &d, admin: nil}
			for _, r := range []Role{
				{ARN: roleARN, Policies: []Policy{{Name: "p", Document: d}}},
				{ARN: roleARN, Policies: []Policy{{Name: "p", Document: d}, {Name: "q", Unreadable: true}}, Boundary: &Policy{Name: "b", Document: d}},
				{ARN: roleARN, Boundary: &Policy{Name: "b", Unreadable: true}, Tags: map[string]string{functionARN: secretARN}},
			} {
				for _, found := range RolePermissions(r, need) {
					if found.Detail == "" || found.Remedy == "" {
						t.Errorf("the finding %+v is incomplete", found)
					}
				}
			}
		}
	})
}
