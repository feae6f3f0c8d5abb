package awslab

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitWords(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		`rotate`:                    {"rotate"},
		"  a\t b\nc  ":              {"a", "b", "c"},
		`'a b' "c d"`:               {"a b", "c d"},
		`a'b c'd"e"`:                {"ab cde"},
		`"" ''`:                     {"", ""},
		`a\ b \'c`:                  {"a b", "'c"},
		`"a\"b\\c\d" 'e\'`:          {`a"b\c\d`, `e\`},
		`$HOME * ; | ~ #x`:          {"$HOME", "*", ";", "|", "~", "#x"},
		`python3 "it's" 'say "hi"'`: {"python3", "it's", `say "hi"`},
		``:                          nil,
		`   `:                       nil,
		`a 'b`:                      nil,
		`a "b`:                      nil,
		`a \`:                       nil,
	} {
		got, err := splitWords(line)
		if diff := cmp.Diff(want, got); diff != "" || (err != nil) != (want == nil) {
			t.Errorf("%q: error %v (-want +got):\n%s", line, err, diff)
		}
	}
}
