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
		password, want string
	}{
		{postgreSQLSingleUser, `x"/@`, ""},
		{elastiCacheUser, "short", "it has 16 to 128 characters"},
		{elastiCacheUser, "long-enough,for-it", `it has none of the characters , " / @`},
		{elastiCacheUser, "long-enough-for-it", ""},
		{redshiftSingleUser, "Long-3nough for it", `it has none of the characters ' " \ / @ and no space`},
		{redshiftSingleUser, "only-small-letters", "it has upper-case letters, lower-case letters and digits"},
		{influxDBMultiUser, "a token", ""},
		{custom, "x", ""},
	} {
		equal(t, test.want, test.rotationType.Refuses(test.password))
	}
}
