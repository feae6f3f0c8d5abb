package rotation

import (
	"slices"
	"testing"
)

func TestLeaves(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		content string
		secret  []string
		open    []string
	}{
		"object":      {`{"username":"app","port":54321,"password":"pw","nested":{"keys":["k1",98765]},"ssl":true,"n":7}`, []string{"pw", "k1", "98765"}, []string{"app", "54321", "7"}},
		"other types": {`{"keytabArns":["arn:1"],"user_arn":"arn:2","adminSecretArn":"arn:3","token":"pw"}`, []string{"pw"}, []string{"arn:1", "arn:2", "arn:3"}},
		"list":        {`["one","two"]`, []string{"one", "two"}, nil},
		"text":        {"just a password", []string{"just a password"}, nil},
		"number":      {"12345678", []string{"12345678"}, nil},
		"lines":       {"{\"key\":\"-----BEGIN-----\\nMIIB\\n-----END-----\"}", []string{"MIIB"}, nil},
		"almost JSON": {`{"password":`, []string{`{"password":`}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := leaves(test.content)
			for _, secret := range test.secret {
				if !slices.Contains(got, secret) {
					t.Errorf("%q is not masked", secret)
				}
			}
			for _, open := range test.open {
				if slices.Contains(got, open) {
					t.Errorf("%q is masked", open)
				}
			}
		})
	}
}
