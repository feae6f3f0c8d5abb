package iampolicy

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// generator makes policies and requests in which every element of the language occurs and about half of the statements match.
type generator struct{ *rand.Rand }

func (g generator) pick(choices ...string) string { return choices[g.IntN(len(choices))] }

func (g generator) statement(effect string, resource bool) Statement {
	s := Statement{Effect: effect}
	if resource {
		principals := map[string][]string{
			"AWS":     {g.pick("*", account, roleARN, session, userARN), g.pick(account, roleARN, session)},
			"Service": {g.pick(ServicePrincipal, "events.amazonaws.com")},
		}
		delete(principals, g.pick("AWS", "Service", "neither"))
		if g.IntN(4) == 0 {
			s.NotPrincipals = principals
		} else {
			s.Principals = principals
		}
	}
	actions := []string{g.pick("*", "secretsmanager:*", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "kms:*"), g.pick("kms:?ecrypt", "iam:*")}
	if g.IntN(4) == 0 {
		s.NotActions = actions
	} else {
		s.Actions = actions
	}
	resources := []string{g.pick("*", secretARN, adminARN, "arn:aws:secretsmanager:*:*:secret:*", "arn:aws:secretsmanager:*:*:secret:${name}*"), g.pick(adminARN, "arn:aws:kms:*")}
	if g.IntN(4) == 0 {
		s.NotResources = resources
	} else {
		s.Resources = resources
	}
	if g.IntN(3) == 0 {
		s.Conditions = append(s.Conditions, g.condition())
	}
	return s
}

func (g generator) condition() Condition {
	return Condition{
		g.pick("StringEquals", "StringNotEquals", "StringLikeIfExists", "Null", "ForAllValues:StringEquals", "ForAnyValue:StringNotLike", "Nonsense"),
		g.pick("stage", "Name", "absent"),
		[]string{g.pick("AWSCURRENT", "AWS*", "true", "${stage}", "${absent, 'admin'}"), g.pick("prod", "false")},
	}
}

func (g generator) document(resource bool) Document {
	d := Document{Version: g.pick(Version, Version, Version, "2008-10-17", "")}
	for range g.IntN(4) {
		d.Statements = append(d.Statements, g.statement(g.pick(EffectAllow, EffectAllow, EffectDeny), resource))
	}
	return d
}

func (g generator) request() Request {
	r := Request{
		Principal: []Principal{role, role, user, service}[g.IntN(4)],
		Action:    g.pick("secretsmanager:GetSecretValue", "kms:Decrypt"), Resource: g.pick(secretARN, adminARN),
		Context: map[string][]string{"Stage": {g.pick("AWSCURRENT", "AWSPENDING")}, "name": {"prod"}},
	}
	if g.IntN(4) == 0 {
		r.ResourceAccountID = "999999999999"
	}
	return r
}

func (g generator) policies() Policies {
	p := Policies{Identity: []Document{g.document(false), g.document(false)}, Resource: new(g.document(true)), ResourceMustAllow: g.IntN(3) == 0}
	if g.IntN(2) == 0 {
		p.Boundary = new(g.document(false))
	}
	if g.IntN(2) == 0 {
		p.Session = []Document{g.document(false), g.document(false)}
	}
	return p
}

// TestEvaluateProperties checks what no policies may break.
func TestEvaluateProperties(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(1, 2))}
	seen := map[Decision]int{}
	for range 4000 {
		r, p := g.request(), g.policies()
		before := Evaluate(r, p)
		seen[before]++
		fail := func(what string, after Decision) {
			t.Helper()
			t.Fatalf("%s turns %v into %v: %+v %+v", what, before, after, r, p)
		}
		for _, effect := range []string{EffectAllow, EffectDeny} {
			for target := range 4 {
				after := Evaluate(r, with(p, target, g.statement(effect, target == 3)))
				switch {
				case effect == EffectDeny && after != before && after != ExplicitDeny:
					fail("one more Deny", after)
				case effect == EffectAllow && after != before && (before != ImplicitDeny || after != Allow):
					fail("one more Allow", after)
				}
			}
		}

		other := p
		other.Identity = []Document{p.Identity[1], p.Identity[0]}
		other.Resource = new(reverse(*p.Resource))
		if after := Evaluate(r, other); after != before {
			fail("another order", after)
		}
		if after := Evaluate(r, reread(t, p)); after != before {
			fail("writing and reading", after)
		}
		if after := Evaluate(r, conditioned(p, g.condition())); before != Allow && after == Allow {
			fail("one more condition of each Allow", after)
		}
		if p.Session == nil {
			other := p
			other.Session = []Document{g.document(false)}
			if after := Evaluate(r, other); before != Allow && after == Allow {
				fail("a session policy", after)
			}
		}
		if p.Boundary == nil {
			other := p
			other.Boundary = new(g.document(false))
			if after := Evaluate(r, other); before != Allow && after == Allow {
				fail("a boundary", after)
			}
		}
		must := p
		must.ResourceMustAllow = true
		if after := Evaluate(r, must); before != Allow && after == Allow {
			fail("a resource that must allow", after)
		}
		if after := oneByOne(r, p); after != before {
			fail("one statement at a time", after)
		}
	}
	for d := ImplicitDeny; d <= ExplicitDeny; d++ {
		if seen[d] < 300 {
			t.Errorf("the cases are one-sided: %v", seen)
		}
	}
}

// TestEquivalentIgnoresOrder checks that documents in another order and form are the same policy, and that with one statement more or
// less they are not.
func TestEquivalentIgnoresOrder(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(3, 4))}
	for range 300 {
		d := g.document(true)
		d.Statements = append(d.Statements, g.statement(EffectAllow, true))
		for i := range d.Statements {
			d.Statements[i].Sid = "S" + string(rune('a'+i))
		}
		if !Equivalent(d.JSON(), reverse(d).JSON()) {
			t.Fatalf("the reverse is another policy: %s", d.JSON())
		}
		less := d
		less.Statements = d.Statements[1:]
		if Equivalent(d.JSON(), less.JSON()) || Equivalent(less.JSON(), d.JSON()) {
			t.Fatalf("one statement less is the same policy: %s", d.JSON())
		}
	}
}

// oneByOne is the decision put together from what each statement alone matches, which is asked of a Deny in its place.
func oneByOne(r Request, p Policies) Decision {
	denied := false
	match := func(documents ...Document) bool {
		allowed := false
		for _, d := range documents {
			for _, s := range d.Statements {
				matches := denies(r, Policies{Identity: []Document{d.only(s)}})
				allowed = allowed || matches && s.Effect == EffectAllow
				denied = denied || matches && s.Effect == EffectDeny
			}
		}
		return allowed
	}
	identity, session := match(p.Identity...), match(p.Session...) || p.Session == nil
	boundary := p.Boundary == nil
	if !boundary {
		boundary = match(*p.Boundary)
	}
	var byAccount, byRole, directly bool
	for _, s := range p.Resource.Statements {
		matches := denies(r, Policies{Resource: new(p.Resource.only(s)), Boundary: p.Boundary})
		denied = denied || matches && s.Effect == EffectDeny
		if !matches || s.Effect == EffectDeny || s.Principals == nil {
			continue
		}
		names := s.Principals["AWS"]
		byAccount = true
		byRole = byRole || slices.Contains(names, r.Principal.ARN)
		directly = directly || slices.Contains(names, "*") || slices.Contains(names, r.Principal.SessionARN) ||
			r.Principal.ARN == userARN && slices.Contains(names, userARN) || r.Principal.Service != ""
	}
	allowed := identity && boundary && session && byAccount
	switch {
	case r.Principal.Service != "":
		allowed = directly
	case r.ResourceAccountID == "":
		allowed = allowed || directly || byRole && boundary && session || !p.ResourceMustAllow && identity && boundary && session
	}
	switch {
	case denied:
		return ExplicitDeny
	case allowed:
		return Allow
	}
	return ImplicitDeny
}

func denies(r Request, p Policies) bool { return Evaluate(r, p) == ExplicitDeny }

// only returns the document with a single statement, which denies.
func (d Document) only(s Statement) Document {
	s.Effect = EffectDeny
	d.Statements = []Statement{s}
	return d
}

// with returns the policies with one more statement at the front of an identity policy, of a boundary or session policy if there is
// one, or of the resource policy.
func with(p Policies, target int, s Statement) Policies {
	extend := func(d Document) Document {
		d.Statements = append([]Statement{s}, d.Statements...)
		return d
	}
	switch {
	case target == 0:
		p.Identity = []Document{extend(p.Identity[0]), p.Identity[1]}
	case target == 1 && p.Boundary != nil:
		p.Boundary = new(extend(*p.Boundary))
	case target == 2 && p.Session != nil:
		p.Session = []Document{extend(p.Session[0]), p.Session[1]}
	case target == 3:
		p.Resource = new(extend(*p.Resource))
	}
	return p
}

// each returns the policies with every document changed.
func each(p Policies, change func(Document) Document) Policies {
	all := func(documents []Document) []Document {
		changed := slices.Clone(documents)
		for i, d := range changed {
			changed[i] = change(d)
		}
		return changed
	}
	p.Identity, p.Session = all(p.Identity), all(p.Session)
	if p.Boundary != nil {
		p.Boundary = new(change(*p.Boundary))
	}
	p.Resource = new(change(*p.Resource))
	return p
}

func reverse(d Document) Document {
	d.Statements = slices.Clone(d.Statements)
	slices.Reverse(d.Statements)
	return d
}

func reread(t *testing.T, p Policies) Policies {
	t.Helper()
	return each(p, func(d Document) Document {
		return parse(t, d.JSON())
	})
}

func conditioned(p Policies, c Condition) Policies {
	return each(p, func(d Document) Document {
		d.Statements = slices.Clone(d.Statements)
		for i, s := range d.Statements {
			if s.Effect == EffectAllow {
				d.Statements[i].Conditions = append(slices.Clone(s.Conditions), c)
			}
		}
		return d
	})
}

// FuzzEvaluate judges any policy and request in each place that a policy can have.
func FuzzEvaluate(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":{`+allowAll+`,"Condition":{"StringLike":{"k":["a?*","${k}","${x, 'y'}"]}}}}`, "secretsmanager:GetSecretValue", secretARN, "k", "ab")
	f.Add(`{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["`+account+`","`+roleARN+`"]},"NotAction":"x:*","NotResource":"arn:aws:*:${y}*"}]}`, "kms:Decrypt", keyARN, "", "")
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+session+`"},"Action":"*","Condition":{"NumericLessThan":{"n":1},"DateLessThan":{"n":"2026"},"NotIpAddress":{"n":"::/0"},"ForAnyValue:ArnLike":{"n":"*:*"}}}]}`, "x:Y", "*", "N", "0.5")
	f.Fuzz(func(t *testing.T, text, action, resource, key, value string) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		r := Request{Action: action, Resource: resource, Context: map[string][]string{key: {value}}}
		derived := slices.Contains(derivedKeys, strings.ToLower(key)) // what the context says goes before what follows from the principal
		for _, principal := range []Principal{role, user, service, {}} {
			r.Principal = principal
			for _, p := range []Policies{
				{Identity: []Document{d}},
				{Identity: []Document{d}, Boundary: &d, Session: []Document{d}},
				{Resource: &d},
				{Identity: []Document{d}, Resource: &d, ResourceMustAllow: true},
			} {
				got := Evaluate(r, p)
				without := r
				without.Context = nil
				decision, certain := Determine(without, p, func(string) bool { return false })
				if certain && !derived && (decision == Allow) != (got == Allow) {
					t.Errorf("certainly %v without the key, and %v with it: %s %+v", decision, got, text, r)
				}
				allow, deny := p, p
				allow.Identity = append(parseAll(t, allowAll), p.Identity...)
				deny.Identity = append(parseAll(t, denyAll), p.Identity...)
				if after := Evaluate(r, allow); got == ExplicitDeny && after != ExplicitDeny || got == Allow && after != Allow {
					t.Errorf("one more Allow turns %v into %v: %s %+v", got, after, text, r)
				}
				if after := Evaluate(r, deny); after == Allow || got == ExplicitDeny && after != ExplicitDeny || resource == "*" && after != ExplicitDeny {
					t.Errorf("a Deny of everything turns %v into %v: %s %+v", got, after, text, r)
				}
			}
		}
	})
}
