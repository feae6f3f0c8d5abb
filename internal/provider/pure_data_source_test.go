package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readPure reads a data source that calls nothing, and returns what it is and
// the diagnostics.
func (s server) readPure(name string, config object) (any, []string) {
	s.t.Helper()
	value, diagnostics := s.dataSource(name, config)
	return goValue(s.t, value), diagnostics
}

// member is a member of a result.
func member(t *testing.T, result any, name string) any {
	t.Helper()
	o, ok := result.(object)
	if !ok {
		t.Fatalf("%v is no object", result)
	}
	return o[name]
}

// same compares a result.
func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
