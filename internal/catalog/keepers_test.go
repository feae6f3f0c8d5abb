package catalog

import (
	"strings"
	"testing"
)

// TestKeepers has, for each type, the fields of the first value, then the one that
// each rotation replaces, then what it writes along.
func TestKeepers(t *testing.T) {
	t.Parallel()
	const database = "engine username | password |"
	const directory = "awsSeamlessDomainUsername | awsSeamlessDomainPassword |"
	rows := map[string]string{
		"InfluxDBSingleUser": database, "InfluxDBMultiUser": "engine | token |",
		"ElastiCacheUser":           "username user_arn | password |",
		"ActiveDirectorySingleUser": directory, "ActiveDirectoryAndKeytabSingleUser": directory + " lastModifiedDateTime",
		"Custom": "| |",
	}
	for _, rotationType := range types {
		if rotationType.Hosted {
			rows[rotationType.Name] = database
		}
	}
	byName(t, rows, func(t *testing.T, rotationType *RotationType, want string) {
		var kept [3][]string
		for _, f := range rotationType.Fields {
			if f.Keeper != Configuration {
				kept[f.Keeper-FirstValue] = append(kept[f.Keeper-FirstValue], f.Name)
			}
		}
		got := strings.TrimSpace(strings.Join(kept[0], " ") + " | " + strings.Join(kept[1], " ") + " | " + strings.Join(kept[2], " "))
		equal(t, strings.Join(strings.Fields(want), " "), strings.Join(strings.Fields(got), " "))
		if f, ok := rotationType.Credential(); ok != (len(rotationType.Fields) > 0) || ok && f.Name != kept[1][0] {
			t.Errorf("The credential is %q.", f.Name)
		}
	})
}

func TestSuggestField(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"hostname": "host", "Host": "host", "user": "username", "user_name": "username", "databse": "", "dbnam": "dbname", "database": "dbname",
		"superuser_arn": "masterarn", "master_arn": "masterarn", "ports": "port", "sslmode": "ssl",
		"application": "", "note": "", "": "", "pos": "", "schema": "", "url": "",
	} {
		if got := postgreSQLMultiUser.SuggestField(name); got != want {
			t.Errorf("%q stands for %q, not %q.", name, got, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rotationType   *RotationType
		password, rule string
		refused        bool
	}{
		{postgreSQLSingleUser, `x"/@`, "", false},
		{elastiCacheUser, "short", `A password for ElastiCacheUser has 16 to 128 characters. It has none of , " / @.`, true},
		{elastiCacheUser, "long-enough,for-it", `A password for ElastiCacheUser has 16 to 128 characters. It has none of , " / @.`, true},
		{elastiCacheUser, "long-enough-for-it", `A password for ElastiCacheUser has 16 to 128 characters. It has none of , " / @.`, false},
		{
			redshiftSingleUser, "only-small-letters",
			`A password for RedshiftSingleUser has 8 to 64 characters. It has none of ' " \ / @ and no space. It has upper-case letters, lower-case letters and digits.`, true,
		},
		{influxDBMultiUser, "a token", "", false},
		{custom, "x", "", false},
	} {
		equal(t, test.rule, test.rotationType.PasswordRule())
		equal(t, test.refused, test.rotationType.Refuses(test.password))
	}
}
