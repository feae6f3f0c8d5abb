package findings

import (
	"strings"
	"testing"
)

func TestRunTLS(t *testing.T) {
	t.Parallel()
	const (
		notEnabled = "[ERROR]\tUnable to establish SSL/TLS handshake, SSL/TLS is not enabled on the host: planted"
		enforced   = "[ERROR]\tUnable to establish SSL/TLS handshake, SSL/TLS is enforced on the host: planted"
		otherHost  = "[ERROR]\tHostname verification failed when estlablishing SSL/TLS Handshake with host: planted"
		made       = "[INFO]\tSuccessfully established SSL/TLS connection as user 'planted' with host: 'planted'"
		refused    = "[ERROR]\tsetSecret: Unable to log into database with previous, current, or pending secret of secret arn planted"
		superuser  = "[ERROR]\tsetSecret: Unable to log into database using credentials in master secret planted"
		quick      = "REPORT RequestId: 8c\tDuration: 120.00 ms"
		slow       = "REPORT RequestId: 8c\tDuration: 20000.00 ms"

		yes, no, unset, neither = `{"ssl":true}`, `{"ssl":"False"}`, `{"password":"planted"}`, `{"ssl":1}`
	)
	tests := map[string]struct {
		known Known
		lines []string
		want  Code
	}{
		"TLS only, none there":                 {Known{Value: yes}, []string{notEnabled, notEnabled, refused, quick}, TLSFailed},
		"TLS only, other name":                 {Known{Value: yes}, []string{otherHost, refused, quick}, TLSFailed},
		"TLS only, and the network was slow":   {Known{Value: yes}, []string{notEnabled, refused, slow}, TLSFailed},
		"TLS only, login works, next does not": {Known{Value: yes}, []string{notEnabled, made, refused, quick}, LoginFailed},
		"no TLS, enforced":                     {Known{Value: no}, []string{enforced, refused, quick}, TLSFailed},
		"both tried, refused without TLS":      {Known{Value: unset}, []string{notEnabled, refused, quick}, LoginFailed},
		"both tried, refused with TLS":         {Known{Value: unset}, []string{enforced, enforced, refused, quick}, LoginFailed},
		"both tried for other values of ssl":   {Known{Value: neither}, []string{notEnabled, refused, quick}, LoginFailed},
		"both tried, neither taken":            {Known{Value: unset}, []string{otherHost, enforced, refused, quick}, TLSFailed},
		"both tried, other name":               {Known{Value: unset}, []string{otherHost, refused, quick}, TLSFailed},
		"not known, none there":                {Known{}, []string{notEnabled, refused, quick}, LoginFailed},
		"not known, other name":                {Known{Value: "planted"}, []string{otherHost, refused, quick}, TLSFailed},
		"not known, enforced":                  {Known{}, []string{enforced, refused, quick}, LoginFailed},
		"not known, neither taken":             {Known{}, []string{otherHost, enforced, refused, quick}, TLSFailed},
		"superuser's, not the user's":          {Known{Value: yes, SuperuserValue: unset}, []string{notEnabled, superuser, quick}, LoginFailed},
		"superuser's alone":                    {Known{Value: unset, SuperuserValue: yes}, []string{notEnabled, superuser, quick}, TLSFailed},
		"no TLS line":                          {Known{Value: yes}, []string{refused, quick}, LoginFailed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, ok := test.known.Explain(test.lines)
			if !ok || e.Finding.Code != test.want || e.Finding.Severity != Error || !e.Permanent {
				t.Errorf("explained as %+v, %v, want %s", e, ok, test.want)
			}
			if asks := strings.HasPrefix(name, "not known"); e.AsksValues != asks {
				t.Errorf("asks for values: %v", e.AsksValues)
			}
			checkWording(t, []Finding{e.Finding}, "planted")
		})
	}
}
