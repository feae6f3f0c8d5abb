package provider

import (
	"github.com/rotationsafe/terraform-provider-rotation/internal/awslab"
	"github.com/rotationsafe/terraform-provider-rotation/internal/findings"
)

// rotationWorlds are those in which nothing but the rotation itself shows what
// is wrong: the apply that waits for it tells.
func rotationWorlds() []brokenWorld {
	single, real := of(postgresSingle), overPostgres(postgresSingle)
	// logs is a world whose function logs a line and fails.
	logs := func(name string, code findings.Code, line string) brokenWorld {
		return brokenWorld{
			name: name, code: code, stage: byWait, shape: single,
			breaks: func(s *scene) {
				s.env(map[string]string{awslab.HandlerVariable: "-", awslab.ExecVariable: `/bin/sh -c 'echo "` + line + `" >&2; exit 1'`})
			},
			repair: func(s *scene) {
				s.env(map[string]string{awslab.HandlerVariable: callsOnly(postgresSingle), awslab.ExecVariable: "-"})
			},
		}
	}
	return []brokenWorld{
		{
			name: "no code", code: findings.FunctionImportError, stage: byWait, shape: single,
			breaks: func(s *scene) { s.env(map[string]string{awslab.HandlerVariable: "-"}) },
			repair: func(s *scene) { s.env(map[string]string{awslab.HandlerVariable: callsOnly(postgresSingle)}) },
		},
		logs("runtime changed", findings.FunctionImportError, "[ERROR] Runtime.ImportModuleError: Unable to import module lambda_function: No module named pgdb"),
		{
			name: "generic template", code: findings.FunctionNotImplemented, stage: byWait, shape: single,
			breaks: func(s *scene) {
				s.set(object{"rotation_type": nil})
				s.env(map[string]string{awslab.HandlerVariable: "Custom"})
			},
			repair: func(s *scene) {
				s.env(map[string]string{awslab.HandlerVariable: callsOnly(postgresSingle)})
				s.store(nil)
			},
		},
		{
			name: "password changed in the database", code: findings.LoginFailed, stage: byWait, shape: real,
			breaks: func(s *scene) { s.store(object{"password": otherPassword}) },
			repair: func(s *scene) { s.store(nil) },
		},
		{
			name: "superuser's password changed", code: findings.LoginFailed, stage: byWait, shape: overPostgres("PostgreSQLMultiUser"),
			breaks: func(s *scene) { s.storeSuperuser(object{"password": otherPassword}) },
			repair: func(s *scene) { s.storeSuperuser(nil) },
		},
		{
			name: "user of another name", code: findings.LoginFailed, stage: byWait, shape: real,
			breaks: func(s *scene) { s.store(object{"username": "nobody"}) },
			repair: func(s *scene) { s.store(nil) },
		},
		{
			name: "own function's user", code: findings.LoginFailed, stage: byWait, shape: ownFunction,
			breaks: func(s *scene) { s.Must(s.UserStore().SetPassword("app", otherPassword)) },
			repair: func(s *scene) { s.Must(s.UserStore().SetPassword("app", firstPassword)) },
		},
		logs("database not reached", findings.LoginTimeout, "[ERROR] OperationalError: could not connect to server: Connection timed out"),
		logs("certificate of another host", findings.TLSFailed, "[ERROR] Hostname verification failed when establishing SSL/TLS Handshake with host: db"),
		{
			name: "TLS where there is none", code: findings.TLSFailed, stage: byWait, shape: real,
			breaks: func(s *scene) { s.store(object{"ssl": true}) },
			repair: func(s *scene) { s.store(nil) },
		},
		logs("user not in the database", findings.SetPasswordFailed, "[ERROR] ValueError: Unable to create user app_clone"),
		logs("cache user busy", findings.ServiceNotReady, "[ERROR] ValueError: User app did not reached the active status"),
		logs("written by another role", findings.RotationTokenMissing, "[ERROR] Pending secret version was not created by Lambda"),
	}
}
