package catalog

import (
	"strings"
	"unicode"
)

// Suggest returns the name of the rotation type that a wrong name stands for, and an empty string if that is not clear. It knows other
// spellings, small typing errors, the names of the applications and of the engines' managed services.
func Suggest(name string) string {
	const typos = 2
	wanted := []rune(essence(name))
	if len(wanted) > 100 {
		return ""
	}
	best, nearest := "", typos+1
	for _, t := range types {
		switch d := distance(wanted, []rune(essence(t.Name))); {
		case d < nearest:
			best, nearest = t.Name, d
		case d == nearest:
			best = ""
		}
	}
	return best
}

// fieldNames are other names that people have for fields.
var fieldNames = map[string]string{
	"hostname": "host", "address": "host", "endpoint": "host", "server": "host",
	"user": "username", "login": "username", "database": "dbname", "databasename": "dbname", "db": "dbname",
	"tls": "ssl", "sslmode": "ssl", "superuserarn": "masterarn", "mastersecretarn": "masterarn", "superusersecretarn": "masterarn",
}

// SuggestField returns the field of the type that a name stands for which is none, and an empty string if that is not clear.
func (t *RotationType) SuggestField(name string) string {
	plain := func(name string) string { return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name)) }
	wanted := plain(name)
	best, nearest := "", 2
	for _, f := range t.Fields {
		switch d := distance([]rune(wanted), []rune(plain(f.Name))); {
		case fieldNames[wanted] == f.Name:
			return f.Name
		case d < nearest && len(wanted) > 3:
			best, nearest = f.Name, d
		case d == nearest:
			best = ""
		}
	}
	return best
}

// essence is what names of the same type have in common: they differ in case, in punctuation, in words that all types share and in what
// they call the engine.
func essence(name string) string {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
	return strings.NewReplacer(
		"secretsmanager", "", "rotationtemplate", "custom", "rotation", "", "hosted", "", "lambda", "",
		"amazon", "", "aws", "", "and", "", "rds", "", "aurora", "", "timestream", "", "serverless", "",
		"postgresql", "postgres", "documentdb", "mongo", "docdb", "mongo", "mongodb", "mongo", "mssql", "sqlserver", "influxdb", "influx",
		"alternatingusers", "multiuser", "generic", "custom",
	).Replace(letters)
}

// distance is the number of letters to insert, delete or replace to make one text of the other.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
