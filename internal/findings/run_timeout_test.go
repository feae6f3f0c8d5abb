package findings

import "testing"

func TestRunOutOfTime(t *testing.T) {
	t.Parallel()
	const (
		start     = "START RequestId: 8c Version: $LATEST"
		found     = "[INFO]\t2026-05-01T00:00:00.000Z\t8c\tFound credentials in environment variables."
		made      = "[INFO]\tSuccessfully established SSL/TLS connection as user 'planted' with host: 'planted'"
		other     = "[WARNING]\tplanted"
		stopped   = "2026-05-01T00:00:30.000Z 8c Task timed out after 30.00 seconds"
		report    = "REPORT RequestId: 8c\tDuration: 30000.00 ms\tStatus: timeout"
		soon      = "REPORT RequestId: 8c\tDuration: 29999.00 ms\tStatus: timeout"
		inJSON    = `{"type":"platform.report","record":{"metrics":{"durationMs":30000},"status":"timeout"}}`
		secrets   = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
		superuser = secrets + "admin-AbCdEf"
		ofRDS     = secrets + "rds!db-planted-AbCdEf"
		redshift  = secrets + "redshift!planted-AbCdEf"
	)
	tests := map[string]struct {
		known Known
		lines []string
		want  Code
	}{
		"silence":                                {Known{}, []string{start, found, stopped, report}, NetworkNoPathSecretsManager},
		"silence, superuser of RDS":              {Known{SuperuserSecretARN: ofRDS}, []string{start, found, stopped, report}, NetworkNoPathSecretsManager},
		"silence after the first step":           {Known{Done: "createSecret"}, []string{start, found, stopped, report}, FunctionTimeoutShort},
		"the same, superuser":                    {Known{Done: "createSecret", SuperuserSecretARN: superuser}, []string{found, stopped, report}, FunctionTimeoutShort},
		"the same, superuser of RDS":             {Known{Done: "createSecret", SuperuserSecretARN: ofRDS}, []string{found, stopped, report}, NetworkNoPathRDS},
		"the same, of Redshift":                  {Known{Done: "createSecret", SuperuserSecretARN: redshift}, []string{found, stopped, report}, NetworkNoPathService},
		"the same, JSON":                         {Known{Done: "createSecret", SuperuserSecretARN: ofRDS}, []string{inJSON}, NetworkNoPathRDS},
		"the same after the user's login":        {Known{Done: "createSecret", SuperuserSecretARN: ofRDS}, []string{found, made, stopped, report}, NetworkNoPathRDS},
		"the same, stopped early":                {Known{Done: "createSecret", SuperuserSecretARN: ofRDS}, []string{found, stopped, soon}, FunctionTimeoutShort},
		"the same, time not known":               {Known{Done: "createSecret", SuperuserSecretARN: ofRDS}, []string{found, stopped}, FunctionTimeoutShort},
		"the same after more":                    {Known{Done: "createSecret", SuperuserSecretARN: ofRDS}, []string{found, other, stopped, report}, FunctionTimeoutShort},
		"silence in testSecret":                  {Known{Done: "setSecret", SuperuserSecretARN: ofRDS}, []string{found, stopped, report}, FunctionTimeoutShort},
		"after a login":                          {Known{}, []string{found, made, stopped, report}, FunctionTimeoutShort},
		"not even credentials":                   {Known{}, []string{start, stopped, report}, FunctionTimeoutShort},
		"not even credentials, in JSON":          {Known{}, []string{inJSON}, FunctionTimeoutShort},
		"something else":                         {Known{}, []string{found, other, stopped, report}, FunctionTimeoutShort},
		"something else, without INFO":           {Known{}, []string{other, stopped, report}, FunctionTimeoutShort},
		"something else, where it was reached":   {Known{Done: "createSecret"}, []string{other, stopped, report}, FunctionTimeoutShort},
		"error before it is the cause as always": {Known{Done: "createSecret", SuperuserSecretARN: ofRDS}, []string{"[ERROR] KeyError: 'masterarn'", stopped, report}, SecretKeyMissing},
	}
	texts := map[string]bool{}
	for name, test := range tests {
		e, ok := test.known.Explain(test.lines)
		if !ok || e.Finding.Code != test.want || e.Permanent != (test.want == SecretKeyMissing) {
			t.Errorf("%s: explained as %+v, %v, want %s", name, e, ok, test.want)
		}
		checkWording(t, []Finding{e.Finding}, "planted")
		texts[e.Finding.Detail] = true
	}
	for _, text := range []string{nothingLogged, timedOut, silence, lookUpSilence} {
		if !texts[text] {
			t.Errorf("nothing is told with %q", text)
		}
	}
}
