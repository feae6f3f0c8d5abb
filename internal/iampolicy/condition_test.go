package iampolicy

import (
	"slices"
	"testing"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	context := map[string][]string{
		"One": {"blue"}, "many": {"red", "green"}, "empty": {}, "blank": {""},
		"Arn": {secretARN}, "flag": {"true"}, "number": {"10"}, "date": {"2026-05-01T12:00:00Z"}, "ip": {"203.0.113.7"}, "ip6": {"2001:db8::1"},
		"bytes": {"QmFzZTY0"}, "star": {"*"},
	}
	tests := []struct {
		operator, key string
		values        []string
		want          bool
	}{
		{"StringEquals", "one", []string{"blue"}, true},
		{"StringEquals", "ONE", []string{"green", "blue"}, true},
		{"StringEquals", "one", []string{"Blue"}, false},
		{"StringEquals", "one", []string{"bl*"}, false},
		{"StringEquals", "one", nil, false},
		{"StringNotEquals", "one", []string{}, true},
		{"ForAllValues:StringEquals", "one", []string{}, false},
		{"StringEquals", "absent", []string{"blue"}, false},
		{"StringEquals", "star", []string{"${*}"}, true},
		{"StringEquals", "one", []string{"${One}"}, true},
		{"StringEquals", "one", []string{"${absent}"}, false},
		{"StringNotEquals", "one", []string{"${absent}"}, false},
		{"StringNotEquals", "one", []string{"blue", "${absent}"}, false},
		{"StringLike", "one", []string{"${absent}", "blue"}, true},
		{"StringEquals", "one", []string{"${absent, 'blue'}"}, true},
		{"StringEquals", "one", []string{"${ABSENT, 'green'}"}, false},
		{"StringEquals", "one", []string{"${absent, blue}"}, false},
		{"StringNotEquals", "one", []string{"green"}, true},
		{"StringNotEquals", "one", []string{"green", "blue"}, false},
		{"StringNotEquals", "absent", []string{"blue"}, true},
		{"StringNotEquals", "empty", []string{"blue"}, true},
		{"StringEqualsIgnoreCase", "one", []string{"BLUE"}, true},
		{"StringNotEqualsIgnoreCase", "one", []string{"BLUE"}, false},
		{"StringLike", "one", []string{"b?u*"}, true},
		{"StringLike", "one", []string{"B*"}, false},
		{"StringLike", "one", []string{"${*}"}, false},
		{"StringNotLike", "one", []string{"r*"}, true},
		{"StringNotLike", "one", []string{"*"}, false},
		{"StringNotLike", "absent", []string{"*"}, true},

		{"StringEqualsIfExists", "absent", []string{"blue"}, true},
		{"StringEqualsIfExists", "one", []string{"green"}, false},
		{"StringNotEqualsIfExists", "one", []string{"blue"}, false},
		{"StringNotEqualsIfExists", "absent", []string{"blue"}, true},

		{"ArnEquals", "arn", []string{secretARN}, true},
		{"ArnEquals", "arn", []string{"arn:aws:secretsmanager:*:123456789012:secret:prod/*"}, true},
		{"ArnLike", "arn", []string{"arn:aws:secretsmanager:*:123456789012:secret:prod/*"}, true},
		{"ArnLike", "arn", []string{"arn:*:secret:prod/orders-AbCdEf"}, false},
		{"ArnLike", "arn", []string{"arn:aws:secretsmanager:*"}, false},
		{"ArnLike", "arn", []string{"arn:aws:secretsmanager:*:*:*"}, true},
		{"ArnLike", "one", []string{"*"}, false},
		{"ArnNotLike", "arn", []string{"arn:aws:kms:*:*:*"}, true},
		{"ArnNotEquals", "arn", []string{secretARN}, false},
		{"ArnNotEquals", "absent", []string{secretARN}, true},
		{"ArnLikeIfExists", "absent", []string{secretARN}, true},

		{"Bool", "flag", []string{"true"}, true},
		{"Bool", "flag", []string{"True"}, true},
		{"Bool", "flag", []string{"false"}, false},
		{"Bool", "absent", []string{"false"}, false},
		{"BoolIfExists", "absent", []string{"false"}, true},
		{"Null", "absent", []string{"true"}, true},
		{"Null", "absent", []string{"false"}, false},
		{"Null", "empty", []string{"true"}, true},
		{"Null", "one", []string{"false"}, true},
		{"Null", "one", []string{"true"}, false},
		{"Null", "blank", []string{"true"}, true},
		{"Null", "blank", []string{"false"}, false},
		{"Null", "one", []string{"False"}, true},
		{"Null", "one", []string{}, false},
		{"Bool", "one", []string{"blue"}, false},
		{"BinaryEquals", "bytes", []string{"QmFzZTY0"}, false},
		{"BinaryEqualsIfExists", "absent", []string{"QmFzZTY0"}, false},

		{"NumericEquals", "number", []string{"10.0"}, true},
		{"NumericEquals", "number", []string{"ten"}, false},
		{"NumericNotEquals", "number", []string{"11"}, true},
		{"NumericNotEquals", "number", []string{"10"}, false},
		{"NumericLessThan", "number", []string{"10"}, false},
		{"NumericLessThan", "number", []string{"11"}, true},
		{"NumericLessThanEquals", "number", []string{"10"}, true},
		{"NumericGreaterThan", "number", []string{"9"}, true},
		{"NumericGreaterThan", "number", []string{"10"}, false},
		{"NumericGreaterThanEquals", "number", []string{"10"}, true},
		{"NumericEquals", "number", []string{"1e1"}, false},
		{"NumericEquals", "number", []string{"010.00"}, true},
		{"NumericGreaterThan", "number", []string{"-0.5"}, true},
		{"NumericEquals", "number", []string{"${number}"}, false},

		{"DateEquals", "date", []string{"2026-05-01T14:00:00+02:00"}, true},
		{"DateNotEquals", "date", []string{"2026-05-01T12:00:00Z"}, false},
		{"DateLessThan", "date", []string{"2026-05-02"}, true},
		{"DateLessThan", "date", []string{"2026"}, false},
		{"DateLessThanEquals", "date", []string{"2026-05-01T12:00:00Z"}, true},
		{"DateGreaterThan", "date", []string{"1777636799"}, true},
		{"DateGreaterThan", "date", []string{"1777636800"}, false},
		{"DateGreaterThanEquals", "date", []string{"1777636800"}, true},
		{"DateGreaterThan", "date", []string{"yesterday"}, false},
		{"DateEquals", "date", []string{"2026-05-01T12:00Z"}, true},
		{"DateEquals", "date", []string{"2026-05-01T12:00:00.000Z"}, true},
		{"DateEquals", "date", []string{"2026-05-01T12:00:00+0000"}, true},
		{"DateEquals", "date", []string{"2026-05-01T12:00:00"}, false},
		{"DateGreaterThan", "date", []string{"2026-05"}, true},
		{"DateEquals", "date", []string{"${date}"}, false},

		{"IpAddress", "ip", []string{"203.0.113.0/24"}, true},
		{"IpAddress", "ip", []string{"203.0.113.7"}, true},
		{"IpAddress", "ip", []string{"198.51.100.0/24", "10.0.0.0/8"}, false},
		{"IpAddress", "ip6", []string{"2001:db8::/32"}, true},
		{"IpAddress", "one", []string{"0.0.0.0/0"}, false},
		{"IpAddress", "ip", []string{"203.0.113.99/24"}, true},
		{"IpAddress", "ip", []string{"${ip}"}, false},
		{"IpAddress", "ip", []string{"203.0.113.*"}, false},
		{"IpAddress", "ip", []string{"::/0"}, false},
		{"NotIpAddress", "ip", []string{"198.51.100.0/24"}, true},
		{"NotIpAddress", "ip", []string{"203.0.113.0/24"}, false},
		{"NotIpAddress", "absent", []string{"203.0.113.0/24"}, true},

		{"ForAnyValue:StringEquals", "many", []string{"green"}, true},
		{"ForAnyValue:StringEquals", "many", []string{"blue"}, false},
		{"ForAnyValue:StringEquals", "absent", []string{"blue"}, false},
		{"ForAnyValue:StringEqualsIfExists", "absent", []string{"blue"}, true},
		{"ForAnyValue:StringNotEquals", "many", []string{"green"}, true},
		{"ForAnyValue:StringNotEquals", "many", []string{"green", "red"}, false},
		{"ForAnyValue:StringNotEquals", "absent", []string{"green"}, false},
		{"ForAllValues:StringEquals", "many", []string{"green", "red", "blue"}, true},
		{"ForAllValues:StringEquals", "many", []string{"green"}, false},
		{"ForAllValues:StringEquals", "absent", []string{"green"}, true},
		{"ForAllValues:StringEquals", "empty", []string{"green"}, true},
		{"ForAllValues:StringEquals", "blank", []string{"green"}, true},
		{"ForAnyValue:StringEquals", "blank", []string{""}, false},
		{"ForAllValues:StringNotEquals", "many", []string{"green"}, false},
		{"ForAllValues:StringNotEquals", "many", []string{"blue"}, true},
		{"ForAllValues:ArnLike", "arn", []string{"arn:aws:secretsmanager:*:*:*"}, true},
		{"StringEquals", "many", []string{"green"}, true},
		{"StringNotEquals", "many", []string{"green"}, false},
		{"StringNotEquals", "many", []string{"blue"}, true},

		{"stringequals", "one", []string{"blue"}, false},
		{"StringMatches", "one", []string{"blue"}, false},
		{"ForSomeValues:StringEquals", "one", []string{"blue"}, false},
		{"NullIfExists", "absent", []string{"true"}, false},
	}
	for _, test := range tests {
		for _, effect := range []string{EffectAllow, EffectDeny} {
			d := Document{Version: Version, Statements: []Statement{{
				Effect: effect, Actions: []string{"*"}, Resources: []string{"*"},
				Conditions: []Condition{{test.operator, test.key, test.values}},
			}}}
			want := ImplicitDeny
			if test.want {
				want = map[string]Decision{EffectAllow: Allow, EffectDeny: ExplicitDeny}[effect]
			}
			r := Request{Principal: user, Action: "x:Y", Resource: "*", Context: context}
			if got := Evaluate(r, Policies{Identity: []Document{d}}); got != want {
				t.Errorf("%s %s %q in %s: decision is %v, want %v", test.operator, test.key, test.values, effect, got, want)
			}
		}
	}
}

func TestConditionsAllHold(t *testing.T) {
	t.Parallel()
	d := parse(t, `"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a":"1","b":"2"},"StringLike":{"c":"3*"}}`)
	all := map[string][]string{"A": {"1"}, "B": {"2"}, "C": {"33"}}
	r := Request{Principal: user, Action: "x:Y", Resource: "*", Context: all}
	if got := Evaluate(r, Policies{Identity: []Document{d}}); got != Allow {
		t.Errorf("all hold: decision is %v", got)
	}
	for missing := range all {
		r.Context = map[string][]string{}
		for key, values := range all {
			if key != missing {
				r.Context[key] = values
			}
		}
		if got := Evaluate(r, Policies{Identity: []Document{d}}); got != ImplicitDeny {
			t.Errorf("without %s: decision is %v", missing, got)
		}
	}
}

func TestPrincipalKeys(t *testing.T) {
	t.Parallel()
	tests := []struct {
		principal  Principal
		key, value string
		want       bool
	}{
		{role, "aws:PrincipalArn", roleARN, true},
		{role, "aws:PrincipalAccount", account, true},
		{role, "aws:PrincipalIsAWSService", "false", true},
		{service, "aws:PrincipalIsAWSService", "true", true},
		{service, "aws:PrincipalServiceName", ServicePrincipal, true},
		{service, "aws:PrincipalArn", "", false},
	}
	for _, test := range tests {
		d := Document{Version: Version, Statements: []Statement{{
			Effect: EffectAllow, Principals: map[string][]string{"*": {"*"}}, Actions: []string{"*"}, Resources: []string{"*"},
			Conditions: []Condition{{"StringEquals", test.key, []string{test.value}}},
		}}}
		r := Request{Principal: test.principal, Action: "x:Y", Resource: "*"}
		if got := Evaluate(r, Policies{Resource: &d}) == Allow; got != test.want {
			t.Errorf("%s is %q: %v, want %v", test.key, test.value, got, test.want)
		}
		r.Context = map[string][]string{"AWS:" + test.key[len("aws:"):]: {"given"}}
		if Evaluate(r, Policies{Resource: &d}) == Allow {
			t.Errorf("%s does not follow the context", test.key)
		}
	}
}

func TestPatternMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern string
		yes, no []string
	}{
		{"", []string{""}, []string{"a"}},
		{"*", []string{"", "a", "a:b"}, nil},
		{"a*c", []string{"ac", "abc", "abbc", "acc"}, []string{"a", "ab", "acb"}},
		{"*a*b*", []string{"ab", "xaxbx", "aab"}, []string{"ba", "a", "b"}},
		{"a?c", []string{"abc", "aöc"}, []string{"ac", "abbc"}},
		{"**?", []string{"a", "ab"}, []string{""}},
	}
	for _, test := range tests {
		for _, s := range slices.Concat(test.yes, test.no) {
			if got, want := wildcards(test.pattern).match([]rune(s)), slices.Contains(test.yes, s); got != want {
				t.Errorf("%q matches %q: %v, want %v", test.pattern, s, got, want)
			}
		}
	}
}
