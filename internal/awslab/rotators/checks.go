package rotators

import (
	"slices"
	"strings"
)

// iterable is the exception of Python's "in" on a value that holds nothing, which the first check of a member raises.
func (d document) iterable() error {
	switch d.class {
	case "dict", "list", "str":
		return nil
	}
	return newError("TypeError", "argument of type '%s' is not iterable", d.class)
}

// require tells which of the members is missing first.
func (d document) require(keys ...string) error {
	for _, key := range keys {
		if !d.has(key) {
			return keyError(key + " key is missing from secret JSON")
		}
	}
	return nil
}

func (d document) checkEngine(engines []string) error {
	if engine, ok := d.string("engine"); !ok || !slices.Contains(engines, engine) {
		return keyError("Database engine must be set to '" + engines[0] + "' in order to use this rotation lambda")
	}
	return nil
}

// requireConnection is the check of the multi-user functions.
func (d document) requireConnection() error {
	if err := d.iterable(); err != nil {
		return err
	}
	if err := d.require("host", "username", "password", "engine"); err != nil {
		return err
	}
	return d.checkEngine(postgresEngines)
}

// tlsMode reads the secret's ssl member: whether to try TLS, and whether to try without when that fails. Everything that is neither a
// boolean nor the word for one counts as absent.
func (d document) tlsMode() (use, fallBack bool) {
	switch value := decode(d.get("ssl")).(type) {
	case bool:
		return value, false
	case string:
		switch strings.ToLower(value) {
		case "true":
			return true, false
		case "false":
			return false, false
		}
	}
	return true, true
}

// port reads the secret's port as Python's int() does, or is that of PostgreSQL.
func (d document) port() (int64, error) {
	if !d.has("port") {
		return 5432, nil
	}
	switch value := decode(d.get("port")).(type) {
	case string:
		return pyInt(value)
	case float64:
		return int64(value), nil
	case bool:
		if value {
			return 1, nil
		}
		return 0, nil
	}
	return 0, newError("TypeError", "int() argument must be a string, a bytes-like object or a real number, not '%s'", pyType(d.get("port")))
}
