package iampolicy

import (
	"strings"
	"testing"
)

const (
	account   = "123456789012"
	roleARN   = "arn:aws:iam::123456789012:role/rotator"
	session   = "arn:aws:sts::123456789012:assumed-role/rotator/rotate"
	userARN   = "arn:aws:iam::123456789012:user/ann"
	secretARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/orders-AbCdEf"
	adminARN  = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:admin-GhIjKl"
	function  = "arn:aws:lambda:eu-central-1:123456789012:function:rotate"
	keyARN    = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	adminKey  = "arn:aws:kms:eu-central-1:123456789012:key/99999999-12ab-34cd-56ef-1234567890ab"
)

var (
	role    = Principal{ARN: roleARN, SessionARN: session, AccountID: account}
	user    = Principal{ARN: userARN, AccountID: account}
	service = Principal{Service: ServicePrincipal}
)

// parse reads a document, or one statement without its brackets.
func parse(t *testing.T, text string) Document {
	t.Helper()
	if !strings.Contains(text, `"Statement"`) {
		text = `{"Version":"2012-10-17","Statement":[{` + text + `}]}`
	}
	d, err := Parse(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return d
}

func parseAll(t *testing.T, texts ...string) []Document {
	t.Helper()
	documents := make([]Document, len(texts))
	for i, text := range texts {
		documents[i] = parse(t, text)
	}
	return documents
}

func optional(t *testing.T, text string) *Document {
	t.Helper()
	if text == "" {
		return nil
	}
	return new(parse(t, text))
}

// Statements of the truth tables.
const (
	allowAll  = `"Effect":"Allow","Action":"*","Resource":"*"`
	denyAll   = `"Effect":"Deny","Action":"*","Resource":"*"`
	allowRead = `"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"`
	allowPut  = `"Effect":"Allow","Action":"secretsmanager:PutSecretValue","Resource":"*"`
)

func to(effect, principal string) string {
	return `"Effect":"` + effect + `","Principal":` + principal + `,"Action":"secretsmanager:GetSecretValue","Resource":"*"`
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	const roleName = `{"AWS":"` + roleARN + `"}`
	const sessionName = `{"AWS":"` + session + `"}`
	tests := []struct {
		name      string
		principal Principal
		identity  []string
		boundary  string
		resource  string
		must      bool
		want      Decision
	}{
		{"nothing", role, nil, "", "", false, ImplicitDeny},
		{"identity allows", role, []string{allowRead}, "", "", false, Allow},
		{"second identity policy allows", role, []string{allowPut, allowRead}, "", "", false, Allow},
		{"identity allows another action", role, []string{allowPut}, "", "", false, ImplicitDeny},
		{"identity denies", role, []string{allowAll, denyAll}, "", "", false, ExplicitDeny},
		{"deny without allow", role, []string{denyAll}, "", "", false, ExplicitDeny},
		{"resource denies", role, []string{allowAll}, "", to("Deny", `"*"`), false, ExplicitDeny},
		{"resource denies another", role, []string{allowAll}, "", to("Deny", `{"AWS":"`+userARN+`"}`), false, Allow},

		{"boundary alone", role, nil, allowAll, "", false, ImplicitDeny},
		{"within boundary", role, []string{allowRead}, allowAll, "", false, Allow},
		{"outside of boundary", role, []string{allowRead}, allowPut, "", false, ImplicitDeny},
		{"boundary denies", role, []string{allowRead}, denyAll, "", false, ExplicitDeny},

		{"resource names role", role, nil, "", to("Allow", roleName), false, Allow},
		{"resource names session", role, nil, "", to("Allow", sessionName), false, Allow},
		{"resource names user", user, nil, "", to("Allow", `{"AWS":["x","`+userARN+`"]}`), false, Allow},
		{"resource names another role", role, nil, "", to("Allow", `{"AWS":"`+roleARN+`2"}`), false, ImplicitDeny},
		{"resource names everyone", role, nil, "", to("Allow", `"*"`), false, Allow},
		{"resource names every AWS principal", role, nil, "", to("Allow", `{"AWS":"*"}`), false, Allow},
		{"resource names a pattern, which is none", role, nil, "", to("Allow", `{"AWS":"arn:aws:iam::123456789012:role/*"}`), false, ImplicitDeny},
		{"account delegates only", role, nil, "", to("Allow", `{"AWS":"`+account+`"}`), false, ImplicitDeny},
		{"root delegates only", role, nil, "", to("Allow", `{"AWS":"arn:aws:iam::`+account+`:root"}`), false, ImplicitDeny},
		{"denied account", role, []string{allowAll}, "", to("Deny", `{"AWS":"`+account+`"}`), false, ExplicitDeny},
		{"denied root", user, []string{allowAll}, "", to("Deny", `{"AWS":"arn:aws:iam::`+account+`:root"}`), false, ExplicitDeny},
		{"denied root of another account", user, []string{allowAll}, "", to("Deny", `{"AWS":"arn:aws:iam::999999999999:root"}`), false, Allow},
		{"boundary limits the role's ARN", role, nil, allowPut, to("Allow", roleName), false, ImplicitDeny},
		{"boundary does not limit everyone, which means the session too", role, nil, allowPut, to("Allow", `"*"`), false, Allow},
		{"boundary does not limit the session's ARN", role, nil, allowPut, to("Allow", sessionName), false, Allow},
		{"boundary does not limit the user's ARN", user, nil, allowPut, to("Allow", `{"AWS":"`+userARN+`"}`), false, Allow},
		{"resource statement without principal", role, nil, "", allowRead, false, ImplicitDeny},
		{"identity statement with principal", role, []string{to("Allow", `"*"`)}, "", "", false, ImplicitDeny},

		{"service by its name", service, nil, "", to("Allow", `{"Service":"`+ServicePrincipal+`"}`), false, Allow},
		{"service by everyone", service, nil, "", to("Allow", `"*"`), false, Allow},
		{"other service", service, nil, "", to("Allow", `{"Service":"events.amazonaws.com"}`), false, ImplicitDeny},
		{"service has no identity policies", service, []string{allowAll}, "", "", false, ImplicitDeny},
		{"service is not of the account", service, nil, "", to("Allow", `{"AWS":"`+account+`"}`), false, ImplicitDeny},
		{"denied service", service, nil, "", `{"Statement":[{` + to("Allow", `{"Service":"`+ServicePrincipal+`"}`) + `},{` + to("Deny", `"*"`) + `}]}`, false, ExplicitDeny},

		{"key policy missing", role, []string{allowAll}, "", "", true, ImplicitDeny},
		{"key policy delegates", role, []string{allowAll}, "", to("Allow", `{"AWS":"`+account+`"}`), true, Allow},
		{"key policy delegates, identity does not allow", role, []string{allowPut}, "", to("Allow", `{"AWS":"`+account+`"}`), true, ImplicitDeny},
		{"key policy delegates to another account", role, []string{allowAll}, "", to("Allow", `{"AWS":"999999999999"}`), true, ImplicitDeny},
		{"key policy names role", role, nil, "", to("Allow", roleName), true, Allow},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := Request{Principal: test.principal, Action: "secretsmanager:GetSecretValue", Resource: secretARN}
			got := Evaluate(r, Policies{
				Identity: parseAll(t, test.identity...), Boundary: optional(t, test.boundary),
				Resource: optional(t, test.resource), ResourceMustAllow: test.must,
			})
			if got != test.want {
				t.Errorf("decision is %v, want %v", got, test.want)
			}
		})
	}
}

func TestEvaluateNotPrincipal(t *testing.T) {
	t.Parallel()
	const others = `"NotPrincipal":{"AWS":`
	tests := []struct {
		name, effect, not string
		principal         Principal
		want              Decision
	}{
		{"deny all but another", "Deny", others + `"` + userARN + `"}`, role, ExplicitDeny},
		{"spare account, role and session", "Deny", others + `["` + account + `","` + roleARN + `","` + session + `"]}`, role, Allow},
		{"the session is missing", "Deny", others + `["` + account + `","` + roleARN + `"]}`, role, ExplicitDeny},
		{"the account is missing", "Deny", others + `["` + roleARN + `","` + session + `"]}`, role, ExplicitDeny},
		{"spare account and user", "Deny", others + `["arn:aws:iam::` + account + `:root","` + userARN + `"]}`, user, Allow},
		{"deny nobody", "Deny", others + `"*"}`, role, Allow},
		{"spare a service", "Deny", `"NotPrincipal":{"Service":"` + ServicePrincipal + `"}`, service, ImplicitDeny},
		{"deny other services", "Deny", `"NotPrincipal":{"Service":"events.amazonaws.com"}`, service, ExplicitDeny},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := Request{Principal: test.principal, Action: "kms:Decrypt", Resource: keyARN}
			resource := parse(t, `"Effect":"`+test.effect+`",`+test.not+`,"Action":"*","Resource":"*"`)
			if got := Evaluate(r, Policies{Identity: parseAll(t, allowAll), Resource: &resource}); got != test.want {
				t.Errorf("decision is %v, want %v", got, test.want)
			}
		})
	}
	allowed := parse(t, `"Effect":"Allow",`+others+`"`+userARN+`"},"Action":"*","Resource":"*"`)
	for _, principal := range []Principal{user, role, service} {
		if got := Evaluate(Request{Principal: principal, Action: "kms:Decrypt", Resource: keyARN}, Policies{Resource: &allowed}); got != ImplicitDeny {
			t.Errorf("NotPrincipal with Allow, which IAM does not support, gives %v to %+v", got, principal)
		}
	}
	spared := parse(t, `"Effect":"Deny",`+others+`["`+account+`","`+userARN+`"]},"Action":"*","Resource":"*"`)
	bounded := Policies{Identity: parseAll(t, allowAll), Boundary: optional(t, allowAll), Resource: &spared}
	if got := Evaluate(Request{Principal: user, Action: "kms:Decrypt", Resource: keyARN}, bounded); got != ExplicitDeny {
		t.Errorf("NotPrincipal spares a user with a boundary: decision is %v", got)
	}
}

func TestEvaluateTrustPolicy(t *testing.T) {
	t.Parallel()
	trust := parse(t, `"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"`)
	for name, want := range map[string]Decision{"lambda.amazonaws.com": Allow, "ec2.amazonaws.com": ImplicitDeny} {
		r := Request{Principal: Principal{Service: name}, Action: "sts:AssumeRole", Resource: roleARN}
		if got := Evaluate(r, Policies{Resource: &trust, ResourceMustAllow: true}); got != want {
			t.Errorf("%s: decision is %v, want %v", name, got, want)
		}
	}
	r := Request{Principal: user, Action: "sts:AssumeRole", Resource: roleARN}
	if got := Evaluate(r, Policies{Identity: parseAll(t, allowAll), Resource: &trust, ResourceMustAllow: true}); got != ImplicitDeny {
		t.Errorf("a user whom the trust policy does not name: decision is %v", got)
	}
}

func TestEvaluateActionAndResource(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, statement, action, resource string
		want                              Decision
	}{
		{"case of actions", `"Action":"SecretsManager:getsecretvalue","Resource":"*"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"action wildcard", `"Action":"secretsmanager:Get*","Resource":"*"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"action one character", `"Action":"secretsmanager:?etSecretValue","Resource":"*"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"action wildcard ends early", `"Action":"secretsmanager:Get*","Resource":"*"`, "secretsmanager:PutSecretValue", secretARN, ImplicitDeny},
		{"no prefix match", `"Action":"secretsmanager:GetSecret","Resource":"*"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"not action", `"NotAction":"iam:*","Resource":"*"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"not action excludes", `"NotAction":["iam:*","secretsmanager:*"],"Resource":"*"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"empty actions", `"Action":[],"Resource":"*"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"exact resource", `"Action":"*","Resource":"` + secretARN + `"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"resource in a list", `"Action":"*","Resource":["x","` + secretARN + `"]`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"other resource", `"Action":"*","Resource":"` + adminARN + `"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"case of resources", `"Action":"*","Resource":"` + strings.ToLower(secretARN) + `"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"six question marks", `"Action":"*","Resource":"arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/orders-??????"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"five question marks", `"Action":"*","Resource":"arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/orders-?????"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"wildcard reaches within the resource part", `"Action":"*","Resource":"arn:aws:secretsmanager:*:*:sec*-AbCdEf"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"wildcard does not cross a part", `"Action":"*","Resource":"arn:aws:*:123456789012:secret:prod/orders-AbCdEf"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"last wildcard covers the rest", `"Action":"*","Resource":"arn:aws:secretsmanager:*"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"last wildcard of another service", `"Action":"*","Resource":"arn:aws:kms:*"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"short ARN without wildcard", `"Action":"*","Resource":"arn:aws:secretsmanager:eu-central-1"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"no resource needs *", `"Action":"*","Resource":"` + secretARN + `"`, "secretsmanager:GetRandomPassword", "*", ImplicitDeny},
		{"no resource has *", `"Action":"*","Resource":"*"`, "secretsmanager:GetRandomPassword", "*", Allow},
		{"not resource", `"Action":"*","NotResource":"` + adminARN + `"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"not resource excludes", `"Action":"*","NotResource":"arn:aws:secretsmanager:*"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"variable", `"Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:${app}/*"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"variable before the resource part", `"Action":"*","Resource":"arn:aws:secretsmanager:*:${aws:PrincipalAccount}:secret:${app}/*"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"not a resource with an unknown variable", `"Action":"*","NotResource":"arn:aws:secretsmanager:*:*:secret:${aws:username}*"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"no resource is left out", `"Action":"*","NotResource":[]`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"no resource is meant", `"Action":"*","Resource":[]`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"no action is left out", `"NotAction":[],"Resource":"*"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"unknown variable", `"Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:${aws:username}*"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"unknown variable with default", `"Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:${aws:username, 'prod'}/*"`, "secretsmanager:GetSecretValue", secretARN, Allow},
		{"variable of several values", `"Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:${several}/*"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"escaped star", `"Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:${*}"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"escaped star is a star", `"Action":"*","Resource":"arn:aws:s3:::${*}${?}${$}"`, "s3:GetObject", "arn:aws:s3:::*?$", Allow},
		{"a star from a variable is text", `"Action":"*","Resource":"arn:aws:secretsmanager:*:*:secret:${star}"`, "secretsmanager:GetSecretValue", secretARN, ImplicitDeny},
		{"unclosed variable is text", `"Action":"*","Resource":"arn:aws:s3:::${app"`, "s3:GetObject", "arn:aws:s3:::${app", Allow},
	}
	context := map[string][]string{"app": {"prod"}, "several": {"prod", "test"}, "star": {"*"}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := Request{Principal: role, Action: test.action, Resource: test.resource, Context: context}
			if got := Evaluate(r, Policies{Identity: parseAll(t, `"Effect":"Allow",`+test.statement)}); got != test.want {
				t.Errorf("decision is %v, want %v", got, test.want)
			}
		})
	}
	old := parse(t, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":["arn:aws:s3:::${app}","${app}"]}}`)
	for resource, want := range map[string]Decision{"arn:aws:s3:::${app}": Allow, "${app}": Allow, "arn:aws:s3:::prod": ImplicitDeny} {
		r := Request{Principal: role, Action: "s3:GetObject", Resource: resource, Context: context}
		if got := Evaluate(r, Policies{Identity: []Document{old}}); got != want {
			t.Errorf("the older version has no variables: decision on %s is %v, want %v", resource, got, want)
		}
	}
}

func TestDecisionString(t *testing.T) {
	t.Parallel()
	for d, want := range map[Decision]string{ImplicitDeny: "implicitDeny", Allow: "allowed", ExplicitDeny: "explicitDeny"} {
		if d.String() != want {
			t.Errorf("%d is %q, want %q", d, d, want)
		}
	}
}
