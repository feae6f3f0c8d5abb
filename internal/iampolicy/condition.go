package iampolicy

import (
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// comparison compares one value of the request with one value of the policy.
type comparison struct {
	compare func(policy pattern, value string) bool
	wild    bool // "*" and "?" in the policy are wildcards
	negated bool // the condition holds when no value of the policy compares
	literal bool // the policy has no variables here
}

// comparisons are the operators of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html,
// except Null, which asks for the key only, and BinaryEquals, which no key of the services here needs.
var comparisons = map[string]comparison{
	"StringEquals":              {compare: equal},
	"StringNotEquals":           {compare: equal, negated: true},
	"StringEqualsIgnoreCase":    {compare: equalFold},
	"StringNotEqualsIgnoreCase": {compare: equalFold, negated: true},
	"StringLike":                {compare: like, wild: true},
	"StringNotLike":             {compare: like, wild: true, negated: true},
	"ArnEquals":                 {compare: matchARN, wild: true},
	"ArnLike":                   {compare: matchARN, wild: true},
	"ArnNotEquals":              {compare: matchARN, wild: true, negated: true},
	"ArnNotLike":                {compare: matchARN, wild: true, negated: true},
	"Bool":                      {compare: truth},
	"NumericEquals":             {compare: numeric(func(c int) bool { return c == 0 }), literal: true},
	"NumericNotEquals":          {compare: numeric(func(c int) bool { return c == 0 }), literal: true, negated: true},
	"NumericLessThan":           {compare: numeric(func(c int) bool { return c < 0 }), literal: true},
	"NumericLessThanEquals":     {compare: numeric(func(c int) bool { return c <= 0 }), literal: true},
	"NumericGreaterThan":        {compare: numeric(func(c int) bool { return c > 0 }), literal: true},
	"NumericGreaterThanEquals":  {compare: numeric(func(c int) bool { return c >= 0 }), literal: true},
	"DateEquals":                {compare: date(func(c int) bool { return c == 0 }), literal: true},
	"DateNotEquals":             {compare: date(func(c int) bool { return c == 0 }), literal: true, negated: true},
	"DateLessThan":              {compare: date(func(c int) bool { return c < 0 }), literal: true},
	"DateLessThanEquals":        {compare: date(func(c int) bool { return c <= 0 }), literal: true},
	"DateGreaterThan":           {compare: date(func(c int) bool { return c > 0 }), literal: true},
	"DateGreaterThanEquals":     {compare: date(func(c int) bool { return c >= 0 }), literal: true},
	"IpAddress":                 {compare: address, literal: true},
	"NotIpAddress":              {compare: address, literal: true, negated: true},
}

// holds evaluates one condition. An absent key fails every operator but the negated ones, those with IfExists, ForAllValues and Null.
func (e *evaluation) holds(c Condition, v variables) bool {
	key := strings.ToLower(c.Key)
	values := e.context[key]
	quantifier, operator, found := strings.Cut(c.Operator, ":")
	if !found {
		quantifier, operator = "", c.Operator
	}
	operator, ifExists := strings.CutSuffix(operator, "IfExists")
	comparison, exists := comparisons[operator]
	exists = exists && slices.Contains([]string{"", "ForAllValues", "ForAnyValue"}, quantifier)
	switch {
	case !exists && c.Operator != "Null":
		return false
	case v.unknown(key):
		return v.assume
	case !exists:
		// A key whose values are empty texts counts as null, as it does for ForAllValues.
		absent := strconv.FormatBool(!slices.ContainsFunc(values, func(value string) bool { return value != "" }))
		return slices.ContainsFunc(c.Values, func(p string) bool { return strings.EqualFold(p, absent) })
	}
	one := func(value string) bool { return comparison.holds(c.Values, value, v) }
	if quantifier == "" {
		switch {
		case len(values) == 0:
			return ifExists || comparison.negated
		case comparison.negated:
			return !slices.ContainsFunc(values, func(value string) bool { return !one(value) })
		default:
			return slices.ContainsFunc(values, one)
		}
	}
	// IAM takes a key whose values are empty texts for a key without values.
	some := slices.DeleteFunc(slices.Clone(values), func(value string) bool { return value == "" })
	switch {
	case quantifier == "ForAllValues":
		return !slices.ContainsFunc(some, func(value string) bool { return !one(value) })
	case len(some) == 0:
		return ifExists && len(values) == 0
	default:
		return slices.ContainsFunc(some, one)
	}
}

// holds compares one value of the request. A variable that the request has no value for matches nothing, and makes a negated
// comparison fail too: IAM takes the statement for invalid then.
func (c comparison) holds(policy []string, value string, v variables) bool {
	v.enabled = v.enabled && !c.literal
	resolved, open := true, false
	for _, text := range policy {
		p, ok := v.expand(text, c.wild)
		switch {
		case p.open():
			open = true
		case ok && c.compare(p, value):
			return !c.negated
		}
		resolved = resolved && ok
	}
	if c.negated {
		return resolved && (v.assume || !open)
	}
	return v.assume && open
}

func equal(p pattern, value string) bool     { return string(p) == value }
func equalFold(p pattern, value string) bool { return strings.EqualFold(string(p), value) }
func like(p pattern, value string) bool      { return p.match([]rune(value)) }

// truth compares truth values; other text is none.
func truth(p pattern, value string) bool {
	return equalFold(p, value) && (strings.EqualFold(value, "true") || strings.EqualFold(value, "false"))
}

// numeric returns a comparison of numbers. What is not a number compares with nothing.
func numeric(ok func(int) bool) func(pattern, string) bool {
	return func(p pattern, value string) bool {
		a, valid := number(value)
		b, valid2 := number(string(p))
		return valid && valid2 && ok(a.Cmp(b))
	}
}

// number reads a decimal number. Its length is limited, so that an exponent cannot ask for a number of any size.
func number(s string) (*big.Rat, bool) {
	if len(s) > 64 || strings.ContainsAny(s, "eExXpP/_") {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// date returns a comparison of moments, each in one of the ISO 8601 forms that IAM documents or in seconds since 1970.
func date(ok func(int) bool) func(pattern, string) bool {
	return func(p pattern, value string) bool {
		a, valid := moment(value)
		b, valid2 := moment(string(p))
		return valid && valid2 && ok(a.Compare(b))
	}
}

func moment(s string) (time.Time, bool) {
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) != 4 {
		return time.Unix(seconds, 0), true
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// address compares an IP address with an address or a range such as "203.0.113.0/24".
func address(p pattern, value string) bool {
	ip, err := netip.ParseAddr(value)
	if err != nil {
		return false
	}
	if single, err := netip.ParseAddr(string(p)); err == nil {
		return single == ip
	}
	prefix, err := netip.ParsePrefix(string(p))
	return err == nil && prefix.Contains(ip)
}
