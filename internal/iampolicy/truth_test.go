package iampolicy

import (
	"maps"
	"strings"
	"testing"
)

const guide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"

// Pages of the IAM documentation that the truth tables follow.
const (
	sameAccountPage  = guide + "reference_policies_evaluation-logic_policy-eval-basics.html"
	crossAccountPage = guide + "reference_policies_evaluation-logic-cross-account.html"
	decisionPage     = guide + "reference_policies_evaluation-logic_policy-eval-denyallow.html"
	principalPage    = guide + "reference_policies_elements_principal.html"
	operatorPage     = guide + "reference_policies_elements_condition_operators.html"
	valuesPage       = guide + "reference_policies_condition-single-vs-multi-valued-context-keys.html"
	variablePage     = guide + "reference_policies_variables.html"
	notActionPage    = guide + "reference_policies_elements_notaction.html"
	notResourcePage  = guide + "reference_policies_elements_notresource.html"
	globalKeysPage   = guide + "reference_policies_condition-keys.html"
	secretKeysPage   = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html"
	kmsKeysPage      = "https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html"
)

// TestTruthTableOfPolicyTypes takes every way in which a resource policy can name a principal, with every choice of identity policy,
// boundary and session policy that allow or say nothing. The columns are those choices: I, B and S stand for the policies that allow.
func TestTruthTableOfPolicyTypes(t *testing.T) {
	t.Parallel()
	columns := []string{"IBS", "IB-", "I-S", "I--", "-BS", "-B-", "--S", "---"}
	everyone := to("Allow", `"*"`)
	tests := []struct {
		page, name, resource string
		same, foreign, must  string // x where the request is allowed: in one account, across accounts, and where ResourceMustAllow
	}{
		{decisionPage, "nothing", "", "x.......", "........", "........"},
		{decisionPage, "another", to("Allow", `{"AWS":"`+userARN+`"}`), "x.......", "........", "........"},
		{principalPage, "the account", to("Allow", `{"AWS":"`+account+`"}`), "x.......", "x.......", "x......."},
		{principalPage, "the root of the account", to("Allow", `{"AWS":"arn:aws:iam::`+account+`:root"}`), "x.......", "x.......", "x......."},
		{sameAccountPage, "the role", to("Allow", `{"AWS":"`+roleARN+`"}`), "x...x...", "x.......", "x...x..."},
		{sameAccountPage, "the session", to("Allow", `{"AWS":"`+session+`"}`), "xxxxxxxx", "x.......", "xxxxxxxx"},
		{principalPage, "everyone", everyone, "xxxxxxxx", "x.......", "xxxxxxxx"},
		{principalPage, "everyone who is the role", everyone + `,"Condition":{"ArnEquals":{"aws:PrincipalArn":"` + roleARN + `"}}`, "xxxxxxxx", "x.......", "xxxxxxxx"},
		{principalPage, "everyone who is another", everyone + `,"Condition":{"ArnEquals":{"aws:PrincipalArn":"` + userARN + `"}}`, "x.......", "........", "........"},
		{crossAccountPage, "another account", to("Allow", `{"AWS":"111122223333"}`), "x.......", "........", "........"},
	}
	for _, test := range tests {
		for i, column := range columns {
			choose := func(letter string) Document {
				if strings.Contains(column, letter) {
					return parse(t, allowRead)
				}
				return parse(t, allowPut)
			}
			p := Policies{Identity: []Document{choose("I")}, Boundary: new(choose("B")), Session: []Document{choose("S")}, Resource: optional(t, test.resource)}
			check := func(where string, r Request, p Policies, row string) {
				if got := Evaluate(r, p) == Allow; got != (row[i] == 'x') {
					t.Errorf("%s, resource policy names %s, %s: allowed is %v (%s)", where, test.name, column, got, test.page)
				}
				// A Deny in any of the policies denies, whatever the others say.
				for _, denied := range []Policies{
					{Identity: append(parseAll(t, denyAll), p.Identity...), Boundary: p.Boundary, Session: p.Session, Resource: p.Resource},
					{Identity: p.Identity, Boundary: optional(t, denyAll), Session: p.Session, Resource: p.Resource},
					{Identity: p.Identity, Boundary: p.Boundary, Session: append(parseAll(t, denyAll), p.Session...), Resource: p.Resource},
					{Identity: p.Identity, Boundary: p.Boundary, Session: p.Session, Resource: optional(t, to("Deny", `"*"`))},
				} {
					if got := Evaluate(r, denied); got != ExplicitDeny {
						t.Errorf("%s, resource policy names %s, %s and a Deny: decision is %v (%s)", where, test.name, column, got, decisionPage)
					}
				}
			}
			r := Request{Principal: role, Action: "secretsmanager:GetSecretValue", Resource: secretARN}
			check("one account", r, p, test.same)
			p.ResourceMustAllow = true
			check("resource must allow", r, p, test.must)
			p.ResourceMustAllow = false
			r.ResourceAccountID = "999999999999"
			check("across accounts", r, p, test.foreign)
		}
	}
}

func TestTruthTableOfStatements(t *testing.T) {
	t.Parallel()
	type keys = map[string][]string
	const bucket = "arn:aws:s3:::reports"
	tests := []struct {
		page, name, statement, action, resource string
		context                                 keys
		want                                    bool // the statement matches
	}{
		{operatorPage, "a string reaches across colons", `"Action":"*","Resource":"*","Condition":{"StringLike":{"k":"arn:aws:x:*:111122223333:finance/*"}}`, "x:Y", "*", keys{"k": {"arn:aws:x:us-east-2:999999999999:store/abc:111122223333:finance/a.txt"}}, true},
		{operatorPage, "an ARN does not", `"Action":"*","Resource":"*","Condition":{"ArnLike":{"k":"arn:aws:x:*:111122223333:finance/*"}}`, "x:Y", "*", keys{"k": {"arn:aws:x:us-east-2:999999999999:store/abc:111122223333:finance/a.txt"}}, false},
		{operatorPage, "a type that only instances have, on an image", `"Action":"ec2:RunInstances","Resource":"*","Condition":{"StringLike":{"ec2:InstanceType":["t1.*","m3.*"]}}`, "ec2:RunInstances", "arn:aws:ec2:us-east-2::image/ami-1", nil, false},
		{operatorPage, "the same if it exists", `"Action":"ec2:RunInstances","Resource":"*","Condition":{"StringLikeIfExists":{"ec2:InstanceType":["t1.*","m3.*"]}}`, "ec2:RunInstances", "arn:aws:ec2:us-east-2::image/ami-1", nil, true},
		{operatorPage, "and on an instance of another type", `"Action":"ec2:RunInstances","Resource":"*","Condition":{"StringLikeIfExists":{"ec2:InstanceType":["t1.*","m3.*"]}}`, "ec2:RunInstances", "*", keys{"ec2:InstanceType": {"m5.large"}}, false},
		{operatorPage, "only without temporary credentials, with a user's", `"Action":"ec2:*","Resource":"*","Condition":{"Null":{"aws:TokenIssueTime":"true"}}`, "ec2:StopInstances", "*", nil, true},
		{operatorPage, "and with a session's", `"Action":"ec2:*","Resource":"*","Condition":{"Null":{"aws:TokenIssueTime":"true"}}`, "ec2:StopInstances", "*", keys{"aws:TokenIssueTime": {"2026-05-01T12:00:00Z"}}, false},
		{operatorPage, "at most ten keys", `"Action":"s3:ListBucket","Resource":"` + bucket + `","Condition":{"NumericLessThanEquals":{"s3:max-keys":"10"}}`, "s3:ListBucket", bucket, keys{"s3:max-keys": {"11"}}, false},
		{operatorPage, "addresses of both kinds", `"Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:DB8:1234:5678::/64"]}}`, "x:Y", "*", keys{"aws:SourceIp": {"2001:db8:1234:5678::9"}}, true},

		{valuesPage, "all tag keys are of the list", `"Action":"iam:Tag*","Resource":"*","Condition":{"Null":{"aws:TagKeys":"false"},"ForAllValues:StringLike":{"aws:TagKeys":["key1*","key2*"]}}`, "iam:TagRole", "*", keys{"aws:TagKeys": {"key1", "key2-x"}}, true},
		{valuesPage, "one tag key is not", `"Action":"iam:Tag*","Resource":"*","Condition":{"Null":{"aws:TagKeys":"false"},"ForAllValues:StringLike":{"aws:TagKeys":["key1*","key2*"]}}`, "iam:TagRole", "*", keys{"aws:TagKeys": {"key1", "other"}}, false},
		{valuesPage, "no tag keys, which Null excludes", `"Action":"iam:Tag*","Resource":"*","Condition":{"Null":{"aws:TagKeys":"false"},"ForAllValues:StringLike":{"aws:TagKeys":["key1*","key2*"]}}`, "iam:TagRole", "*", nil, false},
		{valuesPage, "no tag keys, without Null", `"Action":"iam:Tag*","Resource":"*","Condition":{"ForAllValues:StringLike":{"aws:TagKeys":["key1*","key2*"]}}`, "iam:TagRole", "*", nil, true},
		{valuesPage, "some tag key is of the list", `"Action":"*","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":["environment","webserver"]}}`, "ec2:CreateSnapshots", "*", keys{"aws:TagKeys": {"owner", "webserver"}}, true},

		{variablePage, "a home", `"Action":"s3:GetObject","Resource":"` + bucket + `/${aws:username}/*"`, "s3:GetObject", bucket + "/ann/a", keys{"AWS:UserName": {"ann"}}, true},
		{variablePage, "the home of another", `"Action":"s3:GetObject","Resource":"` + bucket + `/${aws:username}/*"`, "s3:GetObject", bucket + "/bob/a", keys{"aws:username": {"ann"}}, false},
		{variablePage, "who has no user name", `"Action":"s3:GetObject","Resource":"` + bucket + `/${aws:username}/*"`, "s3:GetObject", bucket + "//a", nil, false},
		{variablePage, "a tag of the principal", `"Action":"s3:*","Resource":"` + bucket + `/${aws:PrincipalTag/department}"`, "s3:GetObject", bucket + "/Human Resources", keys{"aws:PrincipalTag/department": {"Human Resources"}}, true},
		{variablePage, "the default of a variable", `"Action":"*","Resource":"*","Condition":{"StringEquals":{"k":"/bucket/${aws:userid, 'anonymous'}"}}`, "x:Y", "*", keys{"k": {"/bucket/anonymous"}}, true},
		{variablePage, "a default for one value, and there are two", `"Action":"*","Resource":"*","Condition":{"StringEquals":{"k":"${several, 'anonymous'}"}}`, "x:Y", "*", keys{"k": {"anonymous"}, "several": {"a", "b"}}, false},
		{variablePage, "the value before the default", `"Action":"*","Resource":"*","Condition":{"StringEquals":{"k":"/bucket/${aws:userid, 'anonymous'}"}}`, "x:Y", "*", keys{"k": {"/bucket/anonymous"}, "aws:userid": {"AIDA1"}}, false},

		{notActionPage, "all but IAM", `"NotAction":"iam:*","Resource":"*"`, "s3:GetObject", bucket + "/a", nil, true},
		{notActionPage, "which is IAM", `"NotAction":"iam:*","Resource":"*"`, "iam:CreateUser", "*", nil, false},
		{notActionPage, "without MFA", `"NotAction":"iam:*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`, "s3:GetObject", bucket + "/a", nil, true},
		{notActionPage, "with MFA", `"NotAction":"iam:*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`, "s3:GetObject", bucket + "/a", keys{"aws:MultiFactorAuthPresent": {"true"}}, false},
		{notResourcePage, "all but a bucket", `"Action":"s3:*","NotResource":["` + bucket + `","` + bucket + `/*"]`, "s3:GetObject", "arn:aws:s3:::other/a", nil, true},
		{notResourcePage, "which is the bucket", `"Action":"s3:*","NotResource":["` + bucket + `","` + bucket + `/*"]`, "s3:GetObject", bucket + "/a", nil, false},

		{globalKeysPage, "the role behind a session", `"Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/rotat*"}}`, "x:Y", "*", nil, true},
		{globalKeysPage, "the session is not the role", `"Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"` + session + `"}}`, "x:Y", "*", nil, false},
		{globalKeysPage, "the account of the resource", `"Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}`, "secretsmanager:GetSecretValue", secretARN, nil, true},
		{globalKeysPage, "a caller that is no service has no source", `"Action":"*","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"*:*:*:*:*:*"}}`, "x:Y", "*", nil, false},
		{globalKeysPage, "the account behind a service", `"Action":"lambda:InvokeFunction","Resource":"` + function + `","Condition":{"StringEquals":{"aws:SourceAccount":"` + account + `"}}`, "lambda:InvokeFunction", function, keys{"aws:SourceAccount": {account}}, true},
		{globalKeysPage, "another account behind a service", `"Action":"lambda:InvokeFunction","Resource":"` + function + `","Condition":{"StringEquals":{"aws:SourceAccount":"` + account + `"}}`, "lambda:InvokeFunction", function, keys{"aws:SourceAccount": {"999999999999"}}, false},
		{globalKeysPage, "no account behind the call", `"Action":"lambda:InvokeFunction","Resource":"` + function + `","Condition":{"StringEquals":{"aws:SourceAccount":"` + account + `"}}`, "lambda:InvokeFunction", function, nil, false},
		{globalKeysPage, "account and secret behind a service", `"Action":"lambda:InvokeFunction","Resource":"` + function + `","Condition":{"StringEquals":{"AWS:SourceAccount":"` + account + `"},"ArnLike":{"AWS:SourceArn":"` + secretARN + `"}}`, "lambda:InvokeFunction", function, keys{"aws:SourceAccount": {account}, "aws:SourceArn": {secretARN}}, true},
		{globalKeysPage, "the account, and another secret", `"Action":"lambda:InvokeFunction","Resource":"` + function + `","Condition":{"StringEquals":{"AWS:SourceAccount":"` + account + `"},"ArnLike":{"AWS:SourceArn":"` + secretARN + `"}}`, "lambda:InvokeFunction", function, keys{"aws:SourceAccount": {account}, "aws:SourceArn": {adminARN}}, false},
		{globalKeysPage, "the secret, and no account", `"Action":"lambda:InvokeFunction","Resource":"` + function + `","Condition":{"StringEquals":{"AWS:SourceAccount":"` + account + `"},"ArnLike":{"AWS:SourceArn":"` + secretARN + `"}}`, "lambda:InvokeFunction", function, keys{"aws:SourceArn": {secretARN}}, false},
		{globalKeysPage, "any secret behind a service", `"Action":"lambda:InvokeFunction","Resource":"` + function + `","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:secretsmanager:*:` + account + `:secret:*"}}`, "lambda:InvokeFunction", function, keys{"aws:SourceArn": {secretARN}}, true},
		{globalKeysPage, "a rule is no secret", `"Action":"lambda:InvokeFunction","Resource":"` + function + `","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:secretsmanager:*:` + account + `:secret:*"}}`, "lambda:InvokeFunction", function, keys{"aws:SourceArn": {"arn:aws:events:eu-central-1:123456789012:rule/secret"}}, false},
		{globalKeysPage, "another account, if there is one", `"Action":"lambda:InvokeFunction","Resource":"` + function + `","Condition":{"StringNotEqualsIfExists":{"aws:SourceAccount":"` + account + `"}}`, "lambda:InvokeFunction", function, nil, true},

		{secretKeysPage, "secrets of the function", `"Action":"secretsmanager:*","Resource":"*","Condition":{"StringEquals":{"secretsmanager:resource/AllowRotationLambdaArn":"` + function + `"}}`, "secretsmanager:PutSecretValue", secretARN, keys{"secretsmanager:Resource/AllowRotationLambdaARN": {function}}, true},
		{secretKeysPage, "a secret of another function", `"Action":"secretsmanager:*","Resource":"*","Condition":{"StringEquals":{"secretsmanager:resource/AllowRotationLambdaArn":"` + function + `"}}`, "secretsmanager:PutSecretValue", secretARN, keys{"secretsmanager:resource/AllowRotationLambdaArn": {function + ":live"}}, false},
		{secretKeysPage, "a secret without rotation", `"Action":"secretsmanager:*","Resource":"*","Condition":{"StringEquals":{"secretsmanager:resource/AllowRotationLambdaArn":"` + function + `"}}`, "secretsmanager:PutSecretValue", adminARN, nil, false},
		{secretKeysPage, "the function, with or without qualifier", `"Action":"secretsmanager:*","Resource":"*","Condition":{"ArnLike":{"secretsmanager:resource/AllowRotationLambdaArn":["` + function + `","` + function + `:*"]}}`, "secretsmanager:PutSecretValue", secretARN, keys{"secretsmanager:resource/AllowRotationLambdaArn": {function}}, true},
		{secretKeysPage, "its alias", `"Action":"secretsmanager:*","Resource":"*","Condition":{"ArnLike":{"secretsmanager:resource/AllowRotationLambdaArn":["` + function + `","` + function + `:*"]}}`, "secretsmanager:PutSecretValue", secretARN, keys{"secretsmanager:resource/AllowRotationLambdaArn": {function + ":live"}}, true},
		{secretKeysPage, "its version", `"Action":"secretsmanager:*","Resource":"*","Condition":{"ArnLike":{"secretsmanager:resource/AllowRotationLambdaArn":["` + function + `","` + function + `:*"]}}`, "secretsmanager:PutSecretValue", secretARN, keys{"secretsmanager:resource/AllowRotationLambdaArn": {function + ":7"}}, true},
		{secretKeysPage, "a function with a longer name", `"Action":"secretsmanager:*","Resource":"*","Condition":{"ArnLike":{"secretsmanager:resource/AllowRotationLambdaArn":["` + function + `","` + function + `:*"]}}`, "secretsmanager:PutSecretValue", secretARN, keys{"secretsmanager:resource/AllowRotationLambdaArn": {function + "-2"}}, false},
		{secretKeysPage, "the function in another Region", `"Action":"secretsmanager:*","Resource":"*","Condition":{"ArnLike":{"secretsmanager:resource/AllowRotationLambdaArn":["` + function + `","` + function + `:*"]}}`, "secretsmanager:PutSecretValue", secretARN, keys{"secretsmanager:resource/AllowRotationLambdaArn": {strings.Replace(function, "eu-central-1", "eu-west-1", 1)}}, false},
		{secretKeysPage, "the function in another account", `"Action":"secretsmanager:*","Resource":"*","Condition":{"ArnLike":{"secretsmanager:resource/AllowRotationLambdaArn":["` + function + `","` + function + `:*"]}}`, "secretsmanager:PutSecretValue", secretARN, keys{"secretsmanager:resource/AllowRotationLambdaArn": {strings.Replace(function, account, "999999999999", 1)}}, false},
		{secretKeysPage, "no function, with or without qualifier", `"Action":"secretsmanager:*","Resource":"*","Condition":{"ArnLike":{"secretsmanager:resource/AllowRotationLambdaArn":["` + function + `","` + function + `:*"]}}`, "secretsmanager:PutSecretValue", secretARN, nil, false},
		{secretKeysPage, "the secret of the request", `"Action":"secretsmanager:*","Resource":"*","Condition":{"StringLike":{"secretsmanager:SecretId":"` + secretARN[:len(secretARN)-6] + `??????"}}`, "secretsmanager:GetSecretValue", secretARN, keys{"secretsmanager:SecretId": {secretARN}}, true},
		{secretKeysPage, "a label", `"Action":"secretsmanager:GetSecretValue","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"secretsmanager:VersionStage":"AWSCURRENT"}}`, "secretsmanager:GetSecretValue", secretARN, keys{"secretsmanager:VersionStage": {"AWSPENDING"}}, false},
		{secretKeysPage, "a tag of the secret", `"Action":"*","Resource":"*","Condition":{"StringEquals":{"secretsmanager:ResourceTag/team":"${aws:PrincipalTag/team}"}}`, "secretsmanager:GetSecretValue", secretARN, keys{"secretsmanager:ResourceTag/team": {"a"}, "aws:PrincipalTag/team": {"a"}}, true},
		{secretKeysPage, "a tag that neither has", `"Action":"*","Resource":"*","Condition":{"StringEquals":{"secretsmanager:ResourceTag/team":"${aws:PrincipalTag/team}"}}`, "secretsmanager:GetSecretValue", secretARN, nil, false},

		{kmsKeysPage, "through the service and for the secret", `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.eu-central-1.amazonaws.com","kms:EncryptionContext:SecretARN":"` + secretARN + `"}}`, "kms:Decrypt", keyARN, keys{"kms:ViaService": {"secretsmanager.eu-central-1.amazonaws.com"}, "kms:EncryptionContext:SecretARN": {secretARN}}, true},
		{kmsKeysPage, "directly", `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.eu-central-1.amazonaws.com"}}`, "kms:Decrypt", keyARN, keys{"kms:EncryptionContext:SecretARN": {secretARN}}, false},
		{kmsKeysPage, "through the service in one of two Regions", `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":["secretsmanager.eu-central-1.amazonaws.com","secretsmanager.eu-west-1.amazonaws.com"]}}`, "kms:Decrypt", keyARN, keys{"kms:ViaService": {"secretsmanager.eu-west-1.amazonaws.com"}}, true},
		{kmsKeysPage, "through the service in a third", `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":["secretsmanager.eu-central-1.amazonaws.com","secretsmanager.eu-west-1.amazonaws.com"]}}`, "kms:Decrypt", keyARN, keys{"kms:ViaService": {"secretsmanager.us-east-1.amazonaws.com"}}, false},
		{kmsKeysPage, "through another service", `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":["secretsmanager.eu-central-1.amazonaws.com","secretsmanager.eu-west-1.amazonaws.com"]}}`, "kms:Decrypt", keyARN, keys{"kms:ViaService": {"ssm.eu-central-1.amazonaws.com"}}, false},
		{kmsKeysPage, "not through a service, if there is one", `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringNotEqualsIfExists":{"kms:ViaService":"secretsmanager.eu-central-1.amazonaws.com"}}`, "kms:Decrypt", keyARN, nil, true},
		{kmsKeysPage, "for any secret of the account", `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:SecretARN":"arn:aws:secretsmanager:eu-central-1:` + account + `:secret:*"}}`, "kms:Decrypt", keyARN, keys{"kms:EncryptionContext:SecretARN": {secretARN}}, true},
		{kmsKeysPage, "for a secret of another account", `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:SecretARN":"arn:aws:secretsmanager:eu-central-1:` + account + `:secret:*"}}`, "kms:Decrypt", keyARN, keys{"kms:EncryptionContext:SecretARN": {strings.Replace(secretARN, account, "999999999999", 1)}}, false},
		{kmsKeysPage, "for no secret", `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:SecretARN":"arn:aws:secretsmanager:eu-central-1:` + account + `:secret:*"}}`, "kms:Decrypt", keyARN, nil, false},
		{kmsKeysPage, "the keys of the encryption context", `"Action":"kms:Decrypt","Resource":"*","Condition":{"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["SecretARN","SecretVersionId"]}}`, "kms:Decrypt", keyARN, keys{"kms:EncryptionContextKeys": {"SecretARN", "other"}}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := Request{Principal: role, Action: test.action, Resource: test.resource, Context: maps.Clone(test.context)}
			for effect, decision := range map[string]Decision{EffectAllow: Allow, EffectDeny: ExplicitDeny} {
				want := ImplicitDeny
				if test.want {
					want = decision
				}
				if got := Evaluate(r, Policies{Identity: parseAll(t, `"Effect":"`+effect+`",`+test.statement)}); got != want {
					t.Errorf("%s: decision is %v, want %v (%s)", effect, got, want, test.page)
				}
			}
		})
	}
}

// TestTruthTableOfMissingKeys has each operator with a key that the request lacks: a negated one holds, the others do not, unless
// IfExists or ForAllValues lets a missing key pass. Of the operators of the page only BinaryEquals is not evaluated, and never holds.
func TestTruthTableOfMissingKeys(t *testing.T) {
	t.Parallel()
	operators := map[string]bool{ // whether the operator is negated
		"StringEquals": false, "StringNotEquals": true, "StringEqualsIgnoreCase": false, "StringNotEqualsIgnoreCase": true,
		"StringLike": false, "StringNotLike": true,
		"NumericEquals": false, "NumericNotEquals": true, "NumericLessThan": false, "NumericLessThanEquals": false,
		"NumericGreaterThan": false, "NumericGreaterThanEquals": false,
		"DateEquals": false, "DateNotEquals": true, "DateLessThan": false, "DateLessThanEquals": false,
		"DateGreaterThan": false, "DateGreaterThanEquals": false,
		"Bool": false, "IpAddress": false, "NotIpAddress": true,
		"ArnEquals": false, "ArnLike": false, "ArnNotEquals": true, "ArnNotLike": true,
	}
	if len(operators) != len(comparisons) {
		t.Errorf("%d operators are evaluated, and %d are in the table", len(comparisons), len(operators))
	}
	r := Request{Principal: role, Action: "x:Y", Resource: "*"}
	check := func(operator string, want bool) {
		d := Document{Version: Version, Statements: []Statement{{
			Effect: EffectAllow, Actions: []string{"*"}, Resources: []string{"*"}, Conditions: []Condition{{operator, "missing", []string{"1"}}},
		}}}
		if got := Evaluate(r, Policies{Identity: []Document{d}}) == Allow; got != want {
			t.Errorf("%s holds for a missing key: %v, want %v (%s)", operator, got, want, operatorPage)
		}
	}
	for operator, negated := range operators {
		check(operator, negated)
		check(operator+"IfExists", true)
		check("ForAllValues:"+operator, true)
		check("ForAllValues:"+operator+"IfExists", true)
		check("ForAnyValue:"+operator, false)
		check("ForAnyValue:"+operator+"IfExists", true)
	}
	for _, operator := range []string{"BinaryEquals", "BinaryEqualsIfExists", "ForAllValues:BinaryEquals"} {
		check(operator, false)
	}
}

// TestResourceAccount has the account of a resource as a condition key, which is the principal's own unless the request tells.
func TestResourceAccount(t *testing.T) {
	t.Parallel()
	own := parse(t, `"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}`)
	for owner, want := range map[string]Decision{"": ExplicitDeny, account: ExplicitDeny, "999999999999": ImplicitDeny} {
		r := Request{Principal: role, Action: "s3:GetObject", Resource: "arn:aws:s3:::reports/a", ResourceAccountID: owner}
		if got := Evaluate(r, Policies{Identity: []Document{own}}); got != want {
			t.Errorf("owner %q: decision is %v, want %v (%s)", owner, got, want, globalKeysPage)
		}
	}
}

func TestSessionPolicyThatSaysNothing(t *testing.T) {
	t.Parallel()
	r := Request{Principal: role, Action: "x:Y", Resource: "*"}
	if got := Evaluate(r, Policies{Identity: parseAll(t, allowAll), Session: []Document{}}); got != ImplicitDeny {
		t.Errorf("decision is %v, want %v (%s)", got, ImplicitDeny, decisionPage)
	}
}
