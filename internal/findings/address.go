package findings

import (
	"strconv"

	"github.com/rotationsafe/terraform-provider-rotation/internal/catalog"
)

// Address returns the host and port of the database that the function of a type connects to with a secret's value; port 0 is not known. Ok
// is false if the type has no host, or the value none that the function can use.
func Address(t *catalog.RotationType, value string) (host string, port int, ok bool) {
	field, has := t.Field("host")
	if !has || field.Ignored {
		return "", 0, false
	}
	object, problem := readObject(value)
	at := object.members["host"]
	if problem != "" || at.kind != jsonText || at.text == "" {
		return "", 0, false
	}
	field, has = t.Field("port")
	if !has || field.Ignored {
		return at.text, 0, true
	}
	given, present := object.members["port"]
	if !present {
		port, _ = strconv.Atoi(field.Default)
		return at.text, port, true
	}
	if number, _, whole := pythonInt(given); whole && number > 0 && number < 1<<16 {
		port = number
	}
	return at.text, port, true
}
