package iampolicy

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// isKnown has the keys of the tests that start with "no" as absent, and leaves all others open.
func isKnown(key string) bool { return strings.HasPrefix(key, "no") }

// TestDetermine has statements that depend on a key that is unknown, "vpce", and such that only look like it. Of the known keys "team"
// is "blue", and "none" is absent.
func TestDetermine(t *testing.T) {
	t.Parallel()
	const (
		secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
		open   = `,"Condition":{"StringEquals":{"vpce":"vpce-1"}}`
		denied = `"Effect":"Deny","Action":"*","Resource":"*"`
	)
	when := func(operator, key, values string) string {
		return `,"Condition":{"` + operator + `":{"` + key + `":[` + values + `]}}`
	}
	tests := []struct {
		name     string
		identity []string
		boundary string
		session  string
		resource string
		want     Decision
		certain  bool
	}{
		{"no policies", nil, "", "", "", ImplicitDeny, true},
		{"nothing unknown", []string{allowRead}, "", "", "", Allow, true},
		{"an Allow", []string{allowRead + open}, "", "", "", ImplicitDeny, false},
		{"a Deny", []string{allowRead, denied + open}, "", "", "", ExplicitDeny, false},
		{"an Allow that is not needed", []string{allowRead, allowAll + open}, "", "", "", Allow, true},
		{"an Allow of what is denied", []string{allowRead + open, denied}, "", "", "", ExplicitDeny, true},
		{"a Deny of what is denied", []string{allowRead, denied, denied + open}, "", "", "", ExplicitDeny, true},
		{"a Deny of what nothing allows", []string{denied + open}, "", "", "", ImplicitDeny, true},
		{"an Allow and a Deny", []string{allowRead + open, denied + open}, "", "", "", ExplicitDeny, false},
		{"the case of the key", []string{allowRead + when("StringEquals", "VPCE", `"x"`)}, "", "", "", ImplicitDeny, false},
		{"the key of the request", []string{allowRead + when("StringEquals", "TEAM", `"blue"`)}, "", "", "", Allow, true},
		{"a key known to be absent", []string{allowRead + when("StringEquals", "none", `"blue"`)}, "", "", "", ImplicitDeny, true},
		{"a key that follows from the principal", []string{allowRead + when("ArnEquals", "aws:PrincipalArn", `"`+roleARN+`"`)}, "", "", "", Allow, true},
		{"a key that the principal does not have", []string{allowRead + when("Null", "aws:PrincipalServiceName", `"true"`)}, "", "", "", Allow, true},
		{"the account of the resource", []string{allowRead + when("StringEquals", "aws:ResourceAccount", `"`+account+`"`)}, "", "", "", Allow, true},

		{"another action", []string{allowRead, `"Effect":"Deny","Action":"secretsmanager:Put*","Resource":"*"` + open}, "", "", "", Allow, true},
		{"an action left out", []string{allowRead, `"Effect":"Deny","NotAction":"secretsmanager:*","Resource":"*"` + open}, "", "", "", Allow, true},
		{"another resource", []string{allowRead, `"Effect":"Deny","Action":"*","Resource":"` + adminARN + `"` + open}, "", "", "", Allow, true},
		{"a resource left out", []string{allowRead, `"Effect":"Deny","Action":"*","NotResource":"` + secretARN + `"` + open}, "", "", "", Allow, true},
		{"another condition fails", []string{allowRead, denied + `,"Condition":{"StringEquals":{"vpce":"vpce-1","team":"red"}}`}, "", "", "", Allow, true},
		{"another condition holds", []string{allowRead, denied + `,"Condition":{"StringEquals":{"vpce":"vpce-1","team":"blue"}}`}, "", "", "", ExplicitDeny, false},
		{"an operator that does not exist", []string{allowRead, denied + when("StringMatches", "vpce", `"x"`)}, "", "", "", Allow, true},
		{"a quantifier that does not exist", []string{allowRead, denied + when("ForSomeValues:StringEquals", "vpce", `"x"`)}, "", "", "", Allow, true},

		{"boundary allows", []string{allowRead}, allowAll + open, "", "", ImplicitDeny, false},
		{"boundary denies", []string{allowRead}, `{"Statement":[{` + allowAll + `},{` + denied + open + `}]}`, "", "", ExplicitDeny, false},
		{"boundary that does not allow", []string{allowRead + open}, allowPut, "", "", ImplicitDeny, true},
		{"session policy allows", []string{allowRead}, "", allowAll + open, "", ImplicitDeny, false},
		{"session policy that does not allow", []string{allowRead}, allowAll + open, allowPut, "", ImplicitDeny, true},
		{"resource policy allows", nil, "", "", to("Allow", `"*"`) + open, ImplicitDeny, false},
		{"resource policy allows what is allowed", []string{allowRead}, "", "", to("Allow", `"*"`) + open, Allow, true},
		{"resource policy delegates only", nil, "", "", to("Allow", `{"AWS":"`+account+`"}`) + open, ImplicitDeny, true},
		{"resource policy names another", nil, "", "", to("Allow", `{"AWS":"`+userARN+`"}`) + open, ImplicitDeny, true},
		{"resource policy denies", []string{allowRead}, "", "", to("Deny", `"*"`) + open, ExplicitDeny, false},
		{"resource policy denies another", []string{allowRead}, "", "", to("Deny", `{"AWS":"`+userARN+`"}`) + open, Allow, true},
		{"resource policy denies all but another", []string{allowRead}, "", "", `"Effect":"Deny","NotPrincipal":{"AWS":"` + userARN + `"},"Action":"*","Resource":"*"` + open, ExplicitDeny, false},

		{"a variable", []string{`"Effect":"Allow","Action":"*","Resource":"` + secret + `${vpce}/*"`}, "", "", "", ImplicitDeny, false},
		{"a variable with a default", []string{`"Effect":"Allow","Action":"*","Resource":"` + secret + `${vpce, 'prod'}/*"`}, "", "", "", ImplicitDeny, false},
		{"a variable in a Deny", []string{allowRead, `"Effect":"Deny","Action":"*","Resource":"` + secret + `${vpce}/*"`}, "", "", "", ExplicitDeny, false},
		{"a variable beside which something differs", []string{`"Effect":"Allow","Action":"*","Resource":"` + secret + `test/${vpce}"`}, "", "", "", ImplicitDeny, true},
		{"a variable that may be empty", []string{`"Effect":"Allow","Action":"*","Resource":"` + secretARN + `${vpce}"`}, "", "", "", ImplicitDeny, false},
		{"a variable beside a resource that matches", []string{`"Effect":"Allow","Action":"*","Resource":["` + secret + `${vpce}/*","` + secretARN + `"]`}, "", "", "", Allow, true},
		{"a variable beside one known to be absent", []string{`"Effect":"Allow","Action":"*","Resource":"` + secret + `${vpce}/${none}*"`}, "", "", "", ImplicitDeny, true},
		{"a variable where there can be none", []string{`"Effect":"Allow","Action":"*","Resource":"arn:aws:secretsmanager:*:${vpce}:secret:*"`}, "", "", "", ImplicitDeny, true},
		{"a known variable", []string{`"Effect":"Allow","Action":"*","Resource":"` + secret + `${none, 'prod'}/*"`}, "", "", "", Allow, true},
		{"the older version has no variables", []string{`{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"` + secret + `${vpce}/*"}}`}, "", "", "", ImplicitDeny, true},
		{"all but a variable", []string{`"Effect":"Allow","Action":"*","NotResource":"` + secret + `${vpce}/*"`}, "", "", "", ImplicitDeny, false},
		{"all but a variable beside which something differs, as it may be absent", []string{`"Effect":"Allow","Action":"*","NotResource":"` + secret + `test/${vpce}"`}, "", "", "", ImplicitDeny, false},
		{"all but a variable, and but the resource", []string{`"Effect":"Allow","Action":"*","NotResource":["` + secret + `${vpce}/*","` + secretARN + `"]`}, "", "", "", ImplicitDeny, true},
		{"all but a variable beside one known to be absent", []string{`"Effect":"Allow","Action":"*","NotResource":["` + secret + `${vpce}","` + secret + `${none}"]`}, "", "", "", ImplicitDeny, true},
		{"a Deny of all but a variable", []string{allowRead, `"Effect":"Deny","Action":"*","NotResource":"` + secret + `${vpce}/*"`}, "", "", "", ExplicitDeny, false},

		{"a variable in a condition", []string{allowRead + when("StringEquals", "team", `"${vpce}"`)}, "", "", "", ImplicitDeny, false},
		{"a variable in an ARN of a condition", []string{allowRead + when("ArnLike", "aws:PrincipalArn", `"${vpce}"`)}, "", "", "", ImplicitDeny, false},
		{"a variable in a negated condition", []string{allowRead + when("StringNotEquals", "team", `"${vpce}"`)}, "", "", "", ImplicitDeny, false},
		{"a variable in a condition of a Deny", []string{allowRead, denied + when("StringNotEquals", "team", `"${vpce}"`)}, "", "", "", ExplicitDeny, false},
		{"a variable beside a value that matches", []string{allowRead + when("StringEquals", "team", `"${vpce}","blue"`)}, "", "", "", Allow, true},
		{"a variable beside a value that excludes", []string{allowRead + when("StringNotEquals", "team", `"${vpce}","blue"`)}, "", "", "", ImplicitDeny, true},
		{"a variable beside one that excludes", []string{allowRead + when("StringNotEquals", "team", `"${vpce}","${none}"`)}, "", "", "", ImplicitDeny, true},
		{"a variable for an absent key", []string{allowRead + when("StringNotEquals", "none", `"${vpce}"`)}, "", "", "", Allow, true},
		{"a variable where the operator takes none", []string{allowRead + when("NumericEquals", "team", `"${vpce}"`)}, "", "", "", ImplicitDeny, true},
		{"a variable for some of the values", []string{allowRead + when("ForAnyValue:StringEquals", "team", `"${vpce}"`)}, "", "", "", ImplicitDeny, false},
		{"a variable for all of the values", []string{allowRead + when("ForAllValues:StringEquals", "team", `"${vpce}"`)}, "", "", "", ImplicitDeny, false},
		{"a variable for all values of an absent key", []string{allowRead + when("ForAllValues:StringEquals", "none", `"${vpce}"`)}, "", "", "", Allow, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := Request{Principal: role, Action: "secretsmanager:GetSecretValue", Resource: secretARN, Context: map[string][]string{"team": {"blue"}}}
			p := Policies{Identity: parseAll(t, test.identity...), Boundary: optional(t, test.boundary), Resource: optional(t, test.resource)}
			if test.session != "" {
				p.Session = parseAll(t, test.session)
			}
			if got, certain := Determine(r, p, isKnown); got != test.want || certain != test.certain {
				t.Errorf("decision is %v, certain %v, want %v, %v", got, certain, test.want, test.certain)
			}
		})
	}
}

// TestDetermineOperators: whatever the operator, a statement depends on an unknown key, and on nothing once the key is known.
func TestDetermineOperators(t *testing.T) {
	t.Parallel()
	operators := []string{"Null"}
	for operator := range comparisons {
		for _, quantifier := range []string{"", "ForAllValues:", "ForAnyValue:"} {
			operators = append(operators, quantifier+operator, quantifier+operator+"IfExists")
		}
	}
	for _, operator := range operators {
		for effect, want := range map[string]Decision{EffectAllow: ImplicitDeny, EffectDeny: ExplicitDeny} {
			d := parse(t, `{"Version":"2012-10-17","Statement":[{"Effect":"`+effect+`","Action":"*","Resource":"*","Condition":{"`+operator+`":{"vpce":["true"]}}},{"Effect":"Allow","Action":"x:Deny","Resource":"*"}]}`)
			r, p := Request{Principal: role, Action: "x:" + effect, Resource: "*"}, Policies{Identity: []Document{d}}
			if got, certain := Determine(r, p, isKnown); got != want || certain {
				t.Errorf("%s, %s: decision is %v, certain %v", effect, operator, got, certain)
			}
			if got, certain := Determine(r, p, func(string) bool { return true }); got != Evaluate(r, p) || !certain {
				t.Errorf("%s, %s: with every key known decision is %v, certain %v", effect, operator, got, certain)
			}
		}
	}
}

// TestDetermineService has the source of a call of Secrets Manager to a function, which is known, beside a key that is not.
func TestDetermineService(t *testing.T) {
	t.Parallel()
	policy := Document{Version: Version, Statements: []Statement{InvokePermission(InvokePermissionInput{"s", function, secretARN})}}
	source := map[string][]string{"aws:SourceAccount": {account}, "aws:SourceArn": {secretARN}}
	r := Request{Principal: service, Action: "lambda:InvokeFunction", Resource: function, Context: source}
	if got, certain := Determine(r, Policies{Resource: &policy}, isKnown); got != Allow || !certain {
		t.Errorf("decision is %v, certain %v", got, certain)
	}
	policy.Statements[0].Conditions = append(policy.Statements[0].Conditions, Condition{"StringEquals", "aws:SourceOrgID", []string{"o-1"}})
	if got, certain := Determine(r, Policies{Resource: &policy}, isKnown); got != ImplicitDeny || certain {
		t.Errorf("with an organization: decision is %v, certain %v", got, certain)
	}
}

// TestDetermineProperties leaves keys of a request out and says that they are unknown: a certain outcome is that of every value they
// can have, and of none.
func TestDetermineProperties(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(5, 6))}
	nothing, everything := func(string) bool { return false }, func(string) bool { return true }
	seen := map[bool]int{}
	for range 4000 {
		r := g.request()
		p := conditioned(g.policies(), g.condition())
		if got, certain := Determine(r, p, everything); got != Evaluate(r, p) || !certain {
			t.Fatalf("with everything known the decision is %v, certain %v: %+v %+v", got, certain, r, p)
		}
		full := r.Context
		r.Context = maps.Clone(full)
		for _, key := range []string{"Stage", "name"} {
			if g.IntN(4) > 0 {
				delete(r.Context, key)
			}
		}
		got, certain := Determine(r, p, nothing)
		seen[certain]++
		if !certain && got == Allow {
			t.Fatalf("uncertain, and the worse decision allows: %+v %+v", r, p)
		}
		for range 8 {
			filled := r
			filled.Context = maps.Clone(r.Context)
			for _, key := range []string{"Stage", "name", "absent"} {
				value := g.pick("AWSCURRENT", "AWSPENDING", "prod", "true", "admin", "")
				if _, given := r.Context[key]; !given && g.IntN(4) > 0 {
					filled.Context[key] = []string{value, "other"}[:1+g.IntN(2)]
				}
			}
			after := Evaluate(filled, p)
			if certain && ((after == Allow) != (got == Allow) || got == ExplicitDeny && after != got) {
				t.Fatalf("certainly %v, but %v with %v: %+v %+v", got, after, filled.Context, r, p)
			}
			// More that is known decides more.
			if some, stillCertain := Determine(filled, p, nothing); certain && (!stillCertain || (some == Allow) != (got == Allow)) {
				t.Fatalf("certainly %v, but %v, certain %v, with %v: %+v %+v", got, some, stillCertain, filled.Context, r, p)
			}
		}
		for target := range 4 {
			after, still := Determine(r, with(p, target, g.statement(EffectDeny, target == 3)), nothing)
			if still && after == Allow && (!certain || got != Allow) || certain && got != Allow && !still {
				t.Fatalf("one more Deny turns %v, certain %v, into %v, certain %v: %+v %+v", got, certain, after, still, r, p)
			}
			after, still = Determine(r, with(p, target, g.statement(EffectAllow, target == 3)), nothing)
			if still && after != Allow && (!certain || got == Allow) || certain && got == Allow && !still {
				t.Fatalf("one more Allow turns %v, certain %v, into %v, certain %v: %+v %+v", got, certain, after, still, r, p)
			}
		}
		other := p
		other.Identity, other.Resource = []Document{p.Identity[1], p.Identity[0]}, new(reverse(*p.Resource))
		if after, still := Determine(r, other, nothing); after != got || still != certain {
			t.Fatalf("another order turns %v, certain %v, into %v, certain %v: %+v %+v", got, certain, after, still, r, p)
		}
	}
	if min(seen[false], seen[true]) < 200 {
		t.Errorf("the cases are one-sided: %v", seen)
	}
}

// TestDetermineAsksInLowerCase: known is asked only of keys that matter, in lower case, and never of those that Evaluate derives.
func TestDetermineAsksInLowerCase(t *testing.T) {
	t.Parallel()
	var asked []string
	known := func(key string) bool {
		asked = append(asked, key)
		return true
	}
	p := Policies{Identity: parseAll(t, `"Effect":"Allow","Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:${aws:UserName}*","Condition":{"Null":{"aws:SourceVpce":"true","aws:PrincipalArn":"false"}}`)}
	Determine(Request{Principal: role, Action: "secretsmanager:GetSecretValue", Resource: secretARN}, p, known)
	p.Identity[0].Statements[0].Resources = []string{"*"}
	Determine(Request{Principal: role, Action: "secretsmanager:GetSecretValue", Resource: secretARN}, p, known)
	slices.Sort(asked)
	if got := strings.Join(slices.Compact(asked), " "); got != "aws:sourcevpce aws:username" {
		t.Errorf("asked for %s", got)
	}
}
